//! Where an answer or a person may be sent: a line with what an application registered, one with what was asked for,
//! one with a page of ours.
//! What matches is what was registered but for a native client's port, and a page of ours is nobody else's.

use idp::model::attempt::LocalPath;
use idp::model::client::WebUri;
use idp::model::redirect_uri::RedirectUri;
use url::Url;

use super::house::ISSUER;
use super::lines;

pub fn run(data: &[u8]) {
    let Some([registered, presented, path]) = lines(data) else {
        return;
    };
    local(path);
    web(presented);
    let Ok(registered) = RedirectUri::parse(registered) else {
        return;
    };
    assert_eq!(RedirectUri::parse(registered.as_str()).as_ref(), Ok(&registered));
    let url = Url::parse(registered.as_str()).expect("what is registered is an address");
    assert!(!["javascript", "data", "file", "blob", "vbscript"].contains(&url.scheme()), "{url}");
    assert!(
        url.scheme() != "http"
            || ["localhost", "[::1]"].contains(&url.host_str().unwrap_or_default())
            || url.host_str().is_some_and(|host| host.starts_with("127.")),
        "{url} is not on this machine"
    );
    in_a_policy(&registered.form_action_source().expect("something that a policy can name"));
    let _ = (registered.origin(), registered.host(), registered.display_host());

    assert_eq!(registered.matches(presented, false), registered.as_str() == presented);
    if registered.matches(presented, true) && registered.as_str() != presented {
        let mut presented = Url::parse(presented).expect("what matches is an address");
        let mut url = url;
        assert_eq!((url.scheme(), presented.scheme()), ("http", "http"));
        assert!(presented.fragment().is_none() && presented.username().is_empty());
        assert!(matches!(presented.host_str(), Some("127.0.0.1" | "[::1]")), "a port of somebody else");
        for one in [&mut url, &mut presented] {
            let _ = one.set_port(None);
        }
        assert_eq!(url, presented, "more than the port differs");
    }
}

fn local(path: &str) {
    if let Ok(local) = LocalPath::parse(path) {
        let ours = Url::parse(ISSUER).expect("our own address");
        let there = ours.join(local.as_str()).expect("an address");
        assert_eq!(there.origin(), ours.origin(), "{path} leads to somebody else");
        assert_eq!(there.path(), path.split('?').next().unwrap_or_default(), "{path} leads elsewhere");
    }
}

fn web(text: &str) {
    if let Ok(uri) = WebUri::parse(text) {
        assert!(uri.host().is_some(), "{uri} is nowhere");
        in_a_policy(&uri.origin().expect("a place"));
        let with = uri.with("iss", ISSUER).expect("one more parameter");
        assert!(WebUri::parse(&with).is_ok(), "{with}");
    }
}

/// What stands in a content security policy begins nothing else there.
fn in_a_policy(source: &str) {
    assert!(!source.contains([' ', ';', ',', '\'', '"']), "{source} says more in a policy");
}
