//! Session management: OpenID Connect Session Management 1.0, with what the page in the frame does worked out once
//! more. The page itself is seen in the browser tests.

use idp::crypto::{base64url, sha256};

use super::Office;
use crate::support::Answer;

const ON: &str = "[sessions]\ncheck_session_iframe = true";

/// The cookie as the page in the frame would read it after this answer.
fn state(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies.rev().find(|cookie| cookie.starts_with("idp_state="))?;
    assert!(cookie.ends_with("; Path=/; SameSite=None; Secure") || cookie.contains("Max-Age=0"), "{cookie}");
    Some(cookie["idp_state=".len()..].split(';').next().unwrap().to_owned())
}

/// Whether the page would say "unchanged".
fn is_unchanged(session_state: &str, (client, origin): (&str, &str), state: &str) -> bool {
    let (hash, salt) = session_state.split_once('.').unwrap();
    base64url::encode(sha256(format!("{client} {origin} {state} {salt}").as_bytes())) == hash
}

#[tokio::test]
async fn an_answer_says_what_the_frame_will_find_while_nothing_changes() {
    let office = Office::with(ON).await;
    let (practice, app) = (office.practice(), ("practice", "https://practice.example.org"));
    let answer = practice.authorize(&office.browser, &[]).await;
    let (first, here) = (answer.parameter("session_state").unwrap(), state(&answer).unwrap());
    assert!(is_unchanged(&first, app, &here));
    // A script may read it, so it is no name that means anything to us.
    let sessions = idp::store::sessions::of_user(&office.app.app.store, office.ada.id).await.unwrap();
    let id = sessions[0].id;
    for name in
        [id.to_string(), base64url::encode(id.uuid()), base64url::encode(sha256(id.uuid().as_bytes()))]
    {
        assert_ne!(here, name);
    }
    assert!(!is_unchanged(&first, app, ""), "after a log-out");
    assert!(!is_unchanged(&first, ("practice", "https://evil.example"), &here), "for that origin alone");
    assert!(!is_unchanged(&first, ("pharmacy", app.1), &here));
    let again = practice.authorize(&office.browser, &[("prompt", "none")]).await;
    assert_ne!(again.parameter("session_state").unwrap(), first, "salted");
    assert_eq!(state(&again).unwrap(), here, "the same session");
    assert!(is_unchanged(&again.parameter("session_state").unwrap(), app, &here));
    let refused = practice.authorize(&office.browser, &[("max_age", "x")]).await;
    assert!(refused.parameter("session_state").is_some(), "checklist 7: errors may carry it");
    let out = office.browser.post("/logout", &[]).await;
    assert_eq!(state(&out).as_deref(), Some(""));
    let nobody = practice.authorize(&office.browser, &[("prompt", "none")]).await;
    assert!(nobody.parameter("session_state").is_none() && state(&nobody).is_none());
    office.app.person(super::EVE).await;
    let eve = office.browser_of(super::EVE).await;
    assert_ne!(state(&practice.authorize(&eve, &[]).await).unwrap(), here);
}

/// The only page of ours that others may show inside theirs; it runs one script and nothing else.
#[tokio::test]
async fn the_page_may_be_framed_and_does_nothing_else() {
    let office = Office::with(ON).await;
    let practice = office.practice();
    let metadata = practice.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata["check_session_iframe"], office.app.url("/oidc/session"));
    let page = practice.get("/oidc/session", &[]).await;
    assert!(page.headers.get("x-frame-options").is_none() && page.headers.get("set-cookie").is_none());
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && policy.contains("form-action 'none'")
    );
    assert!(page.body.contains("data-cookie=\"idp_state\""), "{}", page.body);
    let login = office.browser.get("/login").await;
    assert_eq!(login.header("x-frame-options"), "DENY");
}

/// Off by default: nothing is said, kept or shown.
#[tokio::test]
async fn without_the_setting_there_is_nothing_of_it() {
    let office = Office::open().await;
    let practice = office.practice();
    let answer = practice.authorize(&office.browser, &[]).await;
    assert!(answer.parameter("session_state").is_none() && state(&answer).is_none());
    assert_eq!(practice.get("/oidc/session", &[]).await.status, 404);
    let metadata = practice.get("/.well-known/openid-configuration", &[]).await.json();
    assert!(metadata.get("check_session_iframe").is_none());
    assert!(state(&office.browser.post("/logout", &[]).await).is_none());
}
