//! Forms and scripts of our own pages: accepted from our own origin with the browser's token, and
//! from nowhere else (L3).

use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Every address that changes something for a person.
const FORMS: &[&str] = &[
    "/login",
    "/login/cancel",
    "/login/not-now",
    "/logout",
    "/setup",
    "/account/passkeys/0197f3a0-0000-7000-8000-000000000000/name",
    "/account/passkeys/0197f3a0-0000-7000-8000-000000000000/delete",
    "/oidc/consent",
    "/oidc/logout/confirm",
];

const SCRIPTED: &[&str] =
    &["/login/passkey", "/login/passkey/options", "/account/passkeys/options", "/account/passkeys/finish"];

#[tokio::test]
async fn a_form_from_another_site_or_without_its_token_is_refused() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let token = browser.csrf().await;
    let foreign = app.browser().csrf().await;
    let own = ("sec-fetch-site", "same-origin");
    let issuer = app.issuer();
    for path in FORMS {
        for (why, headers, csrf) in [
            ("cross-site", vec![("sec-fetch-site", "cross-site")], token.as_str()),
            ("same-site", vec![("sec-fetch-site", "same-site")], &token),
            ("typed in", vec![("sec-fetch-site", "none")], &token),
            ("foreign origin", vec![("origin", "https://evil.example")], &token),
            ("null origin", vec![("origin", "null")], &token),
            ("origin with a suffix", vec![("origin", &format!("{issuer}.evil.example"))], &token),
            ("no origin at all", vec![], &token),
            ("no token", vec![own], ""),
            ("another browser's token", vec![own], &foreign),
        ] {
            let headers: Vec<_> = [FORM].into_iter().chain(headers).collect();
            let body = format!("csrf={csrf}&attempt={h}&request={h}&decision=allow", h = "a".repeat(43));
            let answer = browser.send(Method::POST, path, &headers, Some(body)).await;
            assert_eq!(answer.status, 403, "{path}, {why}: {}", answer.body);
        }
        let text = [("content-type", "text/plain"), own];
        let body = Some(format!("csrf={token}"));
        assert_eq!(browser.send(Method::POST, path, &text, body).await.status, 400, "{path}, as text");
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_script_of_another_site_is_refused() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let token = browser.csrf().await;
    let json = ("content-type", "application/json");
    for path in SCRIPTED {
        for (why, headers, status) in [
            ("cross-site", vec![json, ("sec-fetch-site", "cross-site"), ("x-csrf-token", &token)], 403),
            ("no token", vec![json, ("sec-fetch-site", "same-origin")], 403),
            ("as a form", vec![FORM, ("sec-fetch-site", "same-origin"), ("x-csrf-token", &token)], 415),
        ] {
            let answer = browser.send(Method::POST, path, &headers, Some("{}".to_owned())).await;
            assert_eq!(answer.status, status, "{path}, {why}: {}", answer.body);
        }
        for body in ["", "{", "[]", "null", "{\"ceremony\":1}", "\u{feff}{}"] {
            let headers = [json, ("sec-fetch-site", "same-origin"), ("x-csrf-token", token.as_str())];
            let answer = browser.send(Method::POST, path, &headers, Some(body.to_owned())).await;
            assert!(answer.status.is_client_error() || answer.status == 200, "{path} {body:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_older_browser_may_say_its_origin_instead() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    let body = serde_urlencoded::to_string([
        ("csrf", browser.csrf().await.as_str()),
        ("email", "ada@example.org"),
        ("password", PASSWORD),
    ]);
    let issuer = app.issuer();
    let answer =
        browser.send(Method::POST, "/login", &[FORM, ("origin", &issuer)], Some(body.unwrap())).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

/// T17: deep, huge and odd bodies are refused quickly and nothing of ours breaks.
#[tokio::test]
async fn odd_bodies_are_refused() {
    let app = TestApp::init().await;
    let browser = app.browser();
    let token = browser.csrf().await;
    let own = [
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
        ("x-csrf-token", token.as_str()),
    ];
    let deep = format!("{{\"credential\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let big = json!({ "credential": "x".repeat(70_000) }).to_string();
    for (body, status) in [(deep, 400), (big, 413)] {
        let answer = browser.send(Method::POST, "/login/passkey", &own, Some(body)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let big_form = format!("csrf={token}&email={}", "x".repeat(70_000));
    let answer = browser.send(Method::POST, "/login", &[FORM, own[1]], Some(big_form)).await;
    assert_eq!(answer.status, 413);
    answer.assert_error_page("<h1");
    let long_password = "\u{1f511}".repeat(2000);
    let answer = browser.submit_password("ada@example.org", &long_password).await;
    assert!(answer.status == 200 && answer.body.contains("role=\"alert\""));
}

/// S19: a link from an application comes without the Strict cookie and is bounced through our page.
#[tokio::test]
async fn a_link_from_elsewhere_reaches_the_account_through_our_own_page() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    // A cookie jar of the test knows no SameSite: what a browser would withhold is taken away here.
    let session = browser.cookie("idp_session");
    let stranger = app.browser();
    let headers = [("sec-fetch-site", "cross-site"), ("cookie", session.as_str())];
    let page = stranger.get_with("/account/passkeys", &headers).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("http-equiv=\"refresh\"") && page.body.contains("account&#x2f;passkeys"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("ada@example.org"), "nothing of the account is shown yet");
    // A browser too old to say where a request comes from is not bounced twice.
    let after_the_bounce = format!("{session}; idp_hop=1");
    let again = stranger.get_with("/account/passkeys", &[("cookie", &after_the_bounce)]).await;
    assert!(again.location().starts_with("/login?destination="), "{again:?}");
    let direct =
        stranger.get_with("/account/passkeys", &[("sec-fetch-site", "same-origin"), headers[1]]).await;
    assert_eq!(direct.location(), "/login?destination=%2Faccount%2Fpasskeys");
}
