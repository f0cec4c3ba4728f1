//! Where an answer may go: security §2.1 (A1, A3), checklist 12.

use reqwest::Method;

use super::{Office, assert_stays_here};
use crate::support::Application;

/// Hostile variations of `https://practice.example.org/cb` and of its sibling with a query, both
/// registered; by the trick they try.
const HOSTILE: [&str; 102] = [
    // Nothing, or no URI.
    " ",
    "cb",
    "/cb",
    "//practice.example.org/cb",
    "practice.example.org/cb",
    "?",
    "#",
    "https:",
    "https://",
    ":",
    // Another host.
    "https://evil.example/cb",
    "https://evil.example/https://practice.example.org/cb",
    "https://evil.example/?https://practice.example.org/cb",
    "https://evil.example#https://practice.example.org/cb",
    "https://practice.example.org.evil.example/cb",
    "https://practice.example.orgevil.example/cb",
    "https://evilpractice.example.org/cb",
    "https://sub.practice.example.org/cb",
    "https://example.org/cb",
    "https://practice-example.org/cb",
    "https://practice.example.org:evil@evil.example/cb",
    // User information, and several @.
    "https://practice.example.org@evil.example/cb",
    "https://user@practice.example.org/cb",
    "https://user:password@practice.example.org/cb",
    "https://@practice.example.org/cb",
    "https://:@practice.example.org/cb",
    "https://practice.example.org@practice.example.org/cb",
    "https://evil.example@evil.example@practice.example.org/cb",
    "https://practice.example.org%40evil.example/cb",
    "https://practice.example.org/cb@evil.example",
    "https://evil.example%2f@practice.example.org/cb",
    // Backslashes and slashes.
    "https://practice.example.org\\@evil.example/cb",
    "https://evil.example\\@practice.example.org/cb",
    "https://evil.example\\practice.example.org/cb",
    "https:\\\\practice.example.org\\cb",
    "https:/practice.example.org/cb",
    "https:practice.example.org/cb",
    "https:///practice.example.org/cb",
    "https://practice.example.org//cb",
    "https://practice.example.org/cb/",
    "https://practice.example.org/cb//",
    "https://practice.example.org\\cb",
    // Paths that a server may walk.
    "https://practice.example.org/",
    "https://practice.example.org",
    "https://practice.example.org/cb/..",
    "https://practice.example.org/cb/../cb",
    "https://practice.example.org/./cb",
    "https://practice.example.org/x/../cb",
    "https://practice.example.org/cb/../../evil",
    "https://practice.example.org/cb/..;/evil",
    "https://practice.example.org/cb;x",
    "https://practice.example.org/cb/%2e%2e/evil",
    "https://practice.example.org/cb/%2e%2e%2fevil",
    "https://practice.example.org/cb/%252e%252e/evil",
    "https://practice.example.org/cb%2f..%2fevil",
    "https://practice.example.org/cb%252f..%252fevil",
    "https://practice.example.org%2fcb",
    "https://practice.example.org%252fcb",
    "https://practice.example.org/%63b",
    "https://practice.example.org/cb%00",
    "https://practice.example.org/cb%00.evil",
    "https://practice.example.org/cb%20",
    "https://practice.example.org/cb%0d%0aLocation:%20https://evil.example",
    "https://practice.example.org/cbx",
    "https://practice.example.org/c",
    // Case.
    "HTTPS://practice.example.org/cb",
    "https://PRACTICE.example.org/cb",
    "https://practice.example.org/CB",
    // White space and control characters.
    "https://practice.example.org/cb ",
    " https://practice.example.org/cb",
    "https://practice.example.org/cb\t",
    "https://practice.example.org/\tcb",
    "ht\ttps://practice.example.org/cb",
    "https://practice.example.org/cb\n",
    "https://practice.example.org/cb\r\nLocation: https://evil.example",
    "https://practice.example.org/cb\u{b}",
    "https://practice.example.org/cb\u{7f}",
    // Dots, addresses and letters that look alike.
    "https://practice.example.org./cb",
    "https://practice.example.org../cb",
    "https://practice.example\u{3002}org/cb",
    "https://practice.example\u{ff0e}org/cb",
    "https://pr\u{430}ctice.example.org/cb",
    "https://xn--prctice-7fg.example.org/cb",
    "https://\u{ff50}ractice.example.org/cb",
    "https://practice.example.org\u{2044}cb",
    "https://practice.ex\u{ad}ample.org/cb",
    "https://[::1]/cb",
    "https://[::ffff:127.0.0.1]/cb",
    "https://127.0.0.1/cb",
    "https://2130706433/cb",
    // Schemes and ports.
    "http://practice.example.org/cb",
    "javascript:alert(1)//https://practice.example.org/cb",
    "data:text/html,<script>alert(1)</script>",
    "https://practice.example.org:443/cb",
    "https://practice.example.org:8443/cb",
    "https://practice.example.org:/cb",
    // Fragments and queries.
    "https://practice.example.org/cb#",
    "https://practice.example.org/cb#x",
    "https://practice.example.org/cb?",
    "https://practice.example.org/cb?tenant=a",
    "https://practice.example.org/cb?tenant=a&x=A",
    "https://practice.example.org/cb?tenant=a&x=%41&y=1",
];

/// What a native client of the loopback addresses may not get away with (RFC 8252 §7.3).
const HOSTILE_TO_NATIVE: [&str; 34] = [
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:x/cb",
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:-1/cb",
    "http://127.0.0.1:80:80/cb",
    "http://127.0.0.1:80@evil.example/cb",
    "http://127.0.0.1@evil.example/cb",
    "http://127.0.0.1:49152@evil.example/cb",
    "http://evil.example@127.0.0.1/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://127.0.0.1:49152.evil.example/cb",
    "http://127.0.0.1\\@evil.example/cb",
    "http://127.0.0.1:49152\\cb",
    "http://127.0.0.1:49152/cb/",
    "http://127.0.0.1:49152/CB",
    "http://127.0.0.1:49152/",
    "http://127.0.0.1:49152",
    "http://127.0.0.1:49152/cb?x=1",
    "http://127.0.0.1:49152/cb#x",
    "http://127.0.0.1:49152/../cb",
    "https://127.0.0.1:49152/cb",
    "http://127.0.0.2:49152/cb",
    "http://127.1:49152/cb",
    "http://2130706433:49152/cb",
    "http://0x7f000001:49152/cb",
    "http://0.0.0.0:49152/cb",
    "http://[::1]:x/cb",
    "http://[::1]evil.example/cb",
    "http://[::1]:49152@evil.example/cb",
    "http://[::]:49152/cb",
    "http://[0:0:0:0:0:0:0:1]:49152/cb",
    // The name is no address: its port is fixed.
    "http://localhost:49152/cb",
    "org.example.phone://cb",
    "org.example.phone:/cb/../x",
];

/// The ways in which a front end could be tempted to answer before it has looked.
const MODES: [&[(&str, &str)]; 6] = [
    &[],
    &[("prompt", "none")],
    &[("response_mode", "form_post")],
    &[("prompt", "none"), ("response_mode", "form_post")],
    &[("response_type", "token"), ("prompt", "none")],
    &[("code_challenge", ""), ("scope", "nonsense")],
];

async fn assert_refused(office: &Office, client: &Application, uri: &str) {
    for mode in MODES {
        let mut changes = vec![("redirect_uri", uri)];
        changes.extend_from_slice(mode);
        let answer = client.authorize(&office.browser, &changes).await;
        assert_stays_here(&answer);
        assert!(
            answer.status == 400 && answer.body.contains("The way back is not registered"),
            "{uri:?} {mode:?}"
        );
        if uri.contains("evil") || uri.contains("script") {
            assert!(!answer.body.contains(uri), "{uri:?} is shown to the person");
        }
    }
}

/// A1, A3: everywhere, for people with a session and applications in a hurry.
#[tokio::test]
async fn an_address_that_is_not_registered_gets_our_own_page() {
    let office = Office::open().await;
    for uri in HOSTILE {
        assert_refused(&office, &office.practice(), uri).await;
    }
}

/// A3: the same for somebody who has yet to sign in.
#[tokio::test]
async fn somebody_without_a_session_is_not_sent_away_either() {
    let office = Office::open().await;
    let browser = office.app.browser();
    for uri in HOSTILE {
        for prompt in ["", "none", "login"] {
            let answer =
                office.practice().authorize(&browser, &[("redirect_uri", uri), ("prompt", prompt)]).await;
            assert_stays_here(&answer);
        }
    }
}

/// A3, checklist 5
#[tokio::test]
async fn a_posted_request_is_not_sent_away_either() {
    let office = Office::open().await;
    for uri in HOSTILE {
        let request = office.practice().request_with(&[("redirect_uri", uri), ("prompt", "none")]);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let body = Some(serde_urlencoded::to_string(&request).unwrap());
        assert_stays_here(&office.browser.send(Method::POST, "/oidc/authorize", &[form], body).await);
    }
}

/// A1, RFC 8252 §7.3
#[tokio::test]
async fn a_native_client_may_choose_the_port_and_nothing_else() {
    let office = Office::open().await;
    let phone = office.phone();
    for uri in HOSTILE_TO_NATIVE {
        assert_refused(&office, &phone, uri).await;
    }
    for uri in HOSTILE {
        assert_refused(&office, &phone, uri).await;
    }
}

/// RFC 8252 §7.1, §7.3
#[tokio::test]
async fn a_native_client_is_answered_at_any_port_of_its_address() {
    let office = Office::open().await;
    for uri in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]:49152/cb",
        "org.example.phone:/cb",
        "http://localhost/cb",
    ] {
        let answer =
            office.phone().authorize(&office.browser, &[("redirect_uri", uri), ("prompt", "none")]).await;
        assert!(
            answer.location().starts_with(&format!("{uri}?error=consent_required&")),
            "{}",
            answer.location()
        );
    }
}

/// A1: the liberty of native clients is theirs alone.
#[tokio::test]
async fn the_port_of_a_web_client_is_fixed_even_on_loopback() {
    let office = Office::with(
        "[[clients]]\nid = \"local\"\nname = \"Local\"\ntype = \"spa\"\nredirect_uris = [\"http://127.0.0.1:8090/cb\"]\n",
    )
    .await;
    let local = Application::new(&office.app, "local", None, "http://127.0.0.1:8090/cb");
    assert!(local.authorize(&office.browser, &[]).await.parameter("code").is_some());
    for uri in [
        "http://127.0.0.1:8091/cb",
        "http://127.0.0.1/cb",
        "http://localhost:8090/cb",
        "http://[::1]:8090/cb",
    ] {
        assert_refused(&office, &local, uri).await;
    }
}

/// A1: one client's address is nothing to another.
#[tokio::test]
async fn the_address_of_another_client_is_not_registered() {
    let office = Office::open().await;
    let (practice, pharmacy) = (office.practice(), office.pharmacy());
    assert_refused(&office, &practice, &pharmacy.redirect_uri).await;
    assert_refused(&office, &pharmacy, &practice.redirect_uri).await;
    assert_refused(&office, &practice, "https://practice.example.org/bye").await;
}

/// RFC 6749 §3.1.2.3: even with a single registered address nothing is guessed.
#[tokio::test]
async fn a_missing_address_is_not_guessed() {
    let office = Office::open().await;
    for client in [office.practice(), office.calendar()] {
        for mode in MODES {
            let mut changes = vec![("redirect_uri", "")];
            changes.extend_from_slice(mode);
            assert_stays_here(&client.authorize(&office.browser, &changes).await);
        }
    }
}
