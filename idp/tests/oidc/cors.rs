//! Which web origins may read our answers: A11.

use reqwest::Method;

use super::{Office, text};
use crate::support::{Answer, Browser};

const REGISTERED: &str = "https://calendar.example.org";
const READABLE: [(&str, &str); 8] = [
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/oidc/jwks"),
    ("POST", "/oidc/token"),
    ("POST", "/oidc/revoke"),
    ("POST", "/oidc/par"),
    ("POST", "/oidc/device_authorization"),
    ("GET", "/oidc/userinfo"),
];
const PAGES: [&str; 8] = [
    "/oidc/authorize",
    "/oidc/authorize/resume",
    "/oidc/consent",
    "/oidc/logout",
    "/oidc/logout/confirm",
    "/oidc/introspect",
    "/login",
    "/account",
];

async fn send(browser: &Browser, method: &str, path: &str, origin: &str) -> Answer {
    browser.send(method.parse().unwrap(), path, &[("origin", origin)], None).await
}

async fn preflight(browser: &Browser, method: &str, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    browser.send(Method::OPTIONS, path, &headers, None).await
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    answer
        .headers
        .keys()
        .map(reqwest::header::HeaderName::as_str)
        .filter(|n| n.starts_with("access-control-"))
        .collect()
}

/// A11: errors as well, or an application could not tell what went wrong.
#[tokio::test]
async fn an_application_in_a_browser_may_read_our_answers() {
    let office = Office::open().await;
    for (method, path) in READABLE {
        let answer = send(&office.browser, method, path, REGISTERED).await;
        assert_eq!(answer.header("access-control-allow-origin"), REGISTERED, "{path}: {answer:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "{path}");
        assert!(
            answer.headers.get("access-control-allow-credentials").is_none(),
            "never with cookies: {path}"
        );
    }
}

#[tokio::test]
async fn an_application_in_a_browser_may_read_its_tokens_and_claims() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let code = calendar.code(&office.browser, &[]).await;
    let mut fields = calendar.redemption(&code);
    fields.push(("client_id", "calendar"));
    let origin = ("origin", REGISTERED);
    let answer = calendar.post("/oidc/token", &[origin], &super::form(&fields)).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, REGISTERED));
    let bearer = format!("Bearer {}", text(&answer.json(), "access_token"));
    let answer = calendar.get("/oidc/userinfo", &[origin, ("authorization", &bearer)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, REGISTERED));
}

/// Fetch standard: the request before the request.
#[tokio::test]
async fn a_preflight_of_a_registered_origin_is_granted() {
    let office = Office::open().await;
    for (method, path) in READABLE {
        let answer = preflight(&office.browser, method, path, REGISTERED).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), REGISTERED);
        assert!(answer.header("access-control-allow-methods").contains(method), "{path}");
        let headers = answer.header("access-control-allow-headers").to_lowercase();
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
    }
}

/// A11
#[tokio::test]
async fn no_other_origin_may_read_anything() {
    let office = Office::open().await;
    for origin in [
        "https://evil.example",
        "https://calendar.example.org.evil.example",
        "https://evilcalendar.example.org",
        "http://calendar.example.org",
        "https://calendar.example.org:8443",
        "https://calendar.example.org/",
        "HTTPS://CALENDAR.EXAMPLE.ORG",
        "https://practice.example.org",
        "null",
        "*",
        "",
        "https://calendar.example.org, https://evil.example",
        "http://127.0.0.1",
        "https://calendar.example.org%00",
        "file://",
        "%",
    ] {
        for (method, path) in READABLE {
            let answer = send(&office.browser, method, path, origin).await;
            assert!(
                answer.headers.get("access-control-allow-origin").is_none(),
                "{origin} {path}: {answer:?}"
            );
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{origin} {path}");
            let answer = preflight(&office.browser, method, path, origin).await;
            assert!(cors_headers(&answer).is_empty(), "{origin} {path}: {answer:?}");
        }
    }
}

/// A11
#[tokio::test]
async fn pages_are_for_nobody_to_read() {
    let office = Office::open().await;
    for path in PAGES {
        for method in ["GET", "POST"] {
            assert!(
                cors_headers(&send(&office.browser, method, path, REGISTERED).await).is_empty(),
                "{path}"
            );
            assert!(
                cors_headers(&preflight(&office.browser, method, path, REGISTERED).await).is_empty(),
                "{path}"
            );
        }
    }
}

/// A cache must not give one origin's answer to another.
#[tokio::test]
async fn answers_vary_by_origin() {
    let office = Office::open().await;
    for (method, path) in READABLE {
        for origin in [REGISTERED, "https://evil.example"] {
            let answer = send(&office.browser, method, path, origin).await;
            let varies = answer
                .headers
                .get_all("vary")
                .iter()
                .any(|v| v.to_str().unwrap().to_lowercase().contains("origin"));
            assert!(varies, "{path}: {answer:?}");
        }
        let without = office.browser.send(method.parse().unwrap(), path, &[], None).await;
        assert!(
            without.headers.get("vary").is_some_and(|v| v.to_str().unwrap().contains("origin")),
            "{path}"
        );
    }
}

/// An application that was disabled is a stranger again.
#[tokio::test]
async fn the_origin_of_a_disabled_client_may_read_nothing() {
    let office = Office::open().await;
    super::disable_client(&office.app, "calendar").await;
    for (method, path) in READABLE {
        let answer = send(&office.browser, method, path, REGISTERED).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
}
