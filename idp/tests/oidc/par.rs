//! Pushed authorization requests: B1 to B4, A12, checklist 14 and 26, RFC 9126.

use serde_json::Value;
use time::Duration;

use super::{Office, assert_redirected_error, assert_stays_here, assert_token_error, decide, sign_in, text};
use crate::support::{Answer, Application, Browser};

async fn push(client: &Application, changes: &[(&str, &str)]) -> Answer {
    let request = client.request_with(changes);
    let fields: Vec<(&str, &str)> =
        request.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.call("/oidc/par", &fields).await
}

async fn pushed(client: &Application, changes: &[(&str, &str)]) -> String {
    let answer = push(client, changes).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    text(&answer.json(), "request_uri").to_owned()
}

async fn visit(browser: &Browser, client: &str, request_uri: &str, more: &str) -> Answer {
    let query = serde_urlencoded::to_string([("client_id", client), ("request_uri", request_uri)]).unwrap();
    browser.get_with(&format!("/oidc/authorize?{query}{more}"), &[("sec-fetch-site", "cross-site")]).await
}

/// Checklist 26, 14, B2
#[tokio::test]
async fn a_pushed_request_is_answered_like_any_other() {
    let office = Office::open().await;
    let practice = office.practice();
    let answer = push(&practice, &[]).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let said: Value = answer.json();
    assert!((5..600).contains(&said["expires_in"].as_i64().unwrap()));
    let name = text(&said, "request_uri");
    assert_eq!(name.strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap().len(), 43);
    let back = visit(&office.browser, "practice", name, "").await;
    assert_eq!(back.parameter("state").as_deref(), Some("the state"));
    let code = back.parameter("code").unwrap();
    assert_eq!(practice.redeem(&code).await.status, 200);
}

/// B5: what stands beside the name does not count.
#[tokio::test]
async fn nothing_beside_the_name_counts() {
    let office = Office::open().await;
    let name = pushed(&office.practice(), &[]).await;
    let back =
        visit(&office.browser, "practice", &name, "&state=evil&redirect_uri=https://evil.example&scope=x")
            .await;
    assert!(back.location().starts_with("https://practice.example.org/cb?code="), "{}", back.location());
    assert_eq!(back.parameter("state").as_deref(), Some("the state"));
}

/// A12, RFC 9101 §5
#[tokio::test]
async fn a_name_is_given_once_and_without_an_object() {
    let office = Office::open().await;
    let name = pushed(&office.practice(), &[]).await;
    for more in ["&client_id=practice", "&request_uri=x", "&request=x", "&state=a&state=b"] {
        let answer = visit(&office.browser, "practice", &name, more).await;
        assert_stays_here(&answer);
    }
    assert!(visit(&office.browser, "practice", &name, "").await.parameter("code").is_some());
}

/// B2: whoever has come in time has as long as with any request.
#[tokio::test]
async fn a_person_who_came_in_time_may_take_their_time() {
    let office = Office::open().await;
    let stranger = office.app.browser();
    let name = pushed(&office.practice(), &[]).await;
    office.app.advance(Duration::seconds(80));
    let led = visit(&stranger, "practice", &name, "").await;
    office.app.advance(Duration::minutes(20));
    let answered = sign_in(&stranger, &led, super::ADA).await;
    let answered = if answered.location().starts_with('/') {
        stranger.get(&answered.location()).await
    } else {
        answered
    };
    assert!(answered.parameter("code").is_some(), "{answered:?}");
}

/// RFC 9126 §2.1
#[tokio::test]
async fn a_pushed_request_names_its_client() {
    let office = Office::open().await;
    assert_token_error(&push(&office.practice(), &[("client_id", "")]).await, 400, "invalid_request");
}

/// A stranger who names a public client uses up nothing of its people's.
#[tokio::test]
async fn one_network_can_not_use_up_what_others_push() {
    let office = Office::with("[http]\ntrusted_proxies = [\"127.0.0.1\"]").await;
    let calendar = office.calendar();
    let form = serde_urlencoded::to_string(calendar.request()).unwrap();
    let push_from = async |address: &str| {
        calendar.post("/oidc/par", &[("x-forwarded-for", address)], &form).await.status.as_u16()
    };
    for number in 0..300 {
        let address = format!("2001:db8:1:100::{number:x}");
        assert_eq!(push_from(&address).await, 201, "{number}");
    }
    assert_eq!(push_from("2001:db8:1:1ff::1").await, 503, "the same household");
    assert_eq!(push_from("192.0.2.1").await, 201);
    pushed(&office.practice(), &[]).await;
    office.app.advance(Duration::seconds(91));
    assert_eq!(push_from("2001:db8:1:100::1").await, 201);
}

/// A16: what nobody reads is not kept, and what is read is bounded.
#[tokio::test]
async fn a_pushed_request_takes_little_room() {
    let office = Office::open().await;
    let practice = office.practice();
    let long = "x".repeat(60_000);
    assert_eq!(push(&practice, &[("unknown", &long)]).await.status, 201);
    assert_token_error(&push(&practice, &[("acr_values", &long)]).await, 400, "invalid_request");
}

/// B2, checklist 26: spent by its answer, whatever that is, and not by looking at it.
#[tokio::test]
async fn a_name_is_spent_by_the_answer() {
    let office = Office::open().await;
    let practice = office.practice();
    let stranger = office.app.browser();
    let name = pushed(&practice, &[]).await;
    let first = visit(&stranger, "practice", &name, "").await;
    let again = visit(&stranger, "practice", &name, "").await;
    assert!(again.location().starts_with("/login?attempt="), "a page may be loaded twice");
    let answered = sign_in(&stranger, &again, super::ADA).await;
    let answered = if answered.location().starts_with('/') {
        stranger.get(&answered.location()).await
    } else {
        answered
    };
    assert!(answered.parameter("code").is_some(), "{answered:?}");
    let attempt = first.parameter("attempt").unwrap();
    let late = stranger.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert_stays_here(&late);
    assert_stays_here(&visit(&office.browser, "practice", &name, "").await);

    let silent = pushed(&practice, &[("prompt", "none")]).await;
    let answer = visit(&office.app.browser(), "practice", &silent, "").await;
    assert_redirected_error(&answer, &practice, "login_required");
    assert_stays_here(&visit(&office.browser, "practice", &silent, "").await);

    let careful = office.careful();
    let asked = pushed(&careful, &[]).await;
    let page = visit(&office.browser, "careful", &asked, "").await;
    let denied = decide(&office.browser, &page, "deny").await;
    assert_eq!(denied.parameter("error").as_deref(), Some("access_denied"));
    assert_stays_here(&visit(&office.browser, "careful", &asked, "").await);
}

/// B2: for its client, and for a short time.
#[tokio::test]
async fn a_name_is_for_its_client_and_not_for_long() {
    let office = Office::open().await;
    let practice = office.practice();
    let name = pushed(&practice, &[]).await;
    for (client, name) in
        [("calendar", name.as_str()), ("practice", "urn:ietf:params:oauth:request_uri:x"), ("", &name)]
    {
        assert_stays_here(&visit(&office.browser, client, name, "").await);
    }
    office.app.advance(Duration::seconds(91));
    assert_stays_here(&visit(&office.browser, "practice", &name, "").await);
}

/// B1, B3, A12, A2: judged when it is pushed.
#[tokio::test]
async fn a_bad_request_can_not_be_pushed() {
    let office = Office::open().await;
    let practice = office.practice();
    for (change, error) in [
        (("redirect_uri", "https://evil.example"), "invalid_request"),
        (("redirect_uri", ""), "invalid_request"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "email"), "invalid_scope"),
        (("resource", "https://api.example.org"), "invalid_target"),
    ] {
        assert_token_error(&push(&practice, &[change]).await, 400, error);
    }
    let other = practice.call("/oidc/par", &[("client_id", "calendar")]).await;
    assert_token_error(&other, 400, "invalid_request");
    let twice = practice.call("/oidc/par", &[("state", "a"), ("state", "a")]).await;
    assert_token_error(&twice, 400, "invalid_request");
    let mut thief = office.practice();
    thief.secret = Some("wrong".to_owned());
    assert_token_error(&push(&thief, &[]).await, 401, "invalid_client");
    let get = practice.get("/oidc/par", &[]).await;
    assert_eq!(get.status, 405);
    let public = pushed(&office.calendar(), &[]).await;
    assert!(visit(&office.browser, "calendar", &public, "").await.parameter("code").is_some());
}

/// B4
#[tokio::test]
async fn a_client_that_must_push_is_refused_without() {
    let more = "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"spa\"\nrequire = [\"pushed_requests\"]\n\
                redirect_uris = [\"https://lab.example.org/cb\"]";
    let office = Office::with_clients(more).await;
    let lab = office.client("lab", None, "https://lab.example.org/cb");
    assert_redirected_error(&lab.authorize(&office.browser, &[]).await, &lab, "invalid_request");
    let name = pushed(&lab, &[]).await;
    assert!(visit(&office.browser, "lab", &name, "").await.parameter("code").is_some());
}
