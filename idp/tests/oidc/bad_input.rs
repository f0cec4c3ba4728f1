//! Everything that is not what it should be, at every address of the protocol: the specified error,
//! never a fault of ours, never a redirect to a place that is not registered. A3, A12, T17, §2.2.

use reqwest::Method;

use super::{Office, SECRET, assert_token_error, form, hidden, text};
use crate::support::client::basic_auth;
use crate::support::{Answer, Application};

const FORM: &str = "application/x-www-form-urlencoded";

/// Who may be redirected to: registered for the client of these requests.
const REGISTERED: [&str; 2] = ["https://practice.example.org/cb?", "https://practice.example.org/bye"];

/// One address and a request to it that is good, or would be if its handles were not spent.
struct Target {
    method: &'static str,
    path: &'static str,
    /// In the query for GET, in the form for POST.
    fields: Vec<(&'static str, String)>,
    authorization: Option<String>,
    /// Whether people see the answer, in a browser.
    page: bool,
}

/// Every address of the protocol that takes parameters.
async fn targets(office: &Office) -> Vec<Target> {
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let token = |name: &str| text(&tokens, name).to_owned();
    let names = [
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ];
    let request = practice.request();
    let mut authorize: Vec<_> = names
        .into_iter()
        .map(|name| (name, request.iter().find(|(known, _)| known == name).unwrap().1.clone()))
        .collect();
    authorize.extend(
        [
            ("prompt", "none"),
            ("max_age", "3600"),
            ("response_mode", "query"),
            ("login_hint", super::ADA),
            ("ui_locales", "de en"),
            ("acr_values", "pwd"),
            ("display", "page"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    authorize.push(("id_token_hint", token("id_token")));
    let handle = "a".repeat(43);
    let csrf = office.browser.csrf().await;
    let page = office.phone().authorize(&office.browser, &[]).await;
    let attempt = hidden(&page, "attempt").unwrap();
    let logout = vec![
        ("id_token_hint", token("id_token")),
        ("post_logout_redirect_uri", "https://practice.example.org/bye".to_owned()),
        ("state", "s".to_owned()),
        ("client_id", "practice".to_owned()),
        ("ui_locales", "de".to_owned()),
    ];
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", "idp_co_x"),
        ("redirect_uri", practice.redirect_uri.as_str()),
        ("code_verifier", crate::support::client::VERIFIER),
        ("client_id", "practice"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let refresh = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", token("refresh_token")),
        ("scope", "openid".to_owned()),
        ("client_id", "practice".to_owned()),
    ];
    let basic = Some(basic_auth("practice", SECRET));
    let bearer = Some(format!("Bearer {}", token("access_token")));
    let target =
        |method, path, fields, authorization, page| Target { method, path, fields, authorization, page };
    vec![
        target("GET", "/oidc/authorize", authorize.clone(), None, true),
        target("POST", "/oidc/authorize", authorize, None, true),
        target(
            "GET",
            "/oidc/authorize/resume",
            vec![("attempt", attempt.clone()), ("cancelled", "0".to_owned())],
            None,
            true,
        ),
        target(
            "POST",
            "/oidc/consent",
            vec![("csrf", csrf.clone()), ("attempt", attempt), ("decision", "allow".to_owned())],
            None,
            true,
        ),
        target("POST", "/oidc/token", redemption.to_vec(), basic.clone(), false),
        target("POST", "/oidc/token", refresh, basic, false),
        target("GET", "/oidc/userinfo", vec![("schema", "openid".to_owned())], bearer, false),
        target("POST", "/oidc/userinfo", vec![("access_token", token("access_token"))], None, false),
        target("GET", "/oidc/logout", logout.clone(), None, true),
        target("POST", "/oidc/logout", logout, None, true),
        target("GET", "/oidc/logout/resume", vec![("request", handle.clone())], None, true),
        target("POST", "/oidc/logout/confirm", vec![("csrf", csrf), ("request", handle)], None, true),
        target("GET", "/oidc/jwks", vec![("x", "1".to_owned())], None, false),
        target("GET", "/.well-known/openid-configuration", vec![("x", "1".to_owned())], None, false),
        target("GET", "/oidc/logo/practice", vec![("x", "1".to_owned())], None, false),
    ]
}

impl Target {
    fn encoded(&self) -> Vec<String> {
        self.fields.iter().map(|(name, value)| form(&[(name, value)])).collect()
    }

    /// Sends the good request with its parameters replaced by this text.
    async fn send(&self, office: &Office, parameters: &str) -> Answer {
        let path =
            if self.method == "GET" { format!("{}?{parameters}", self.path) } else { self.path.to_owned() };
        let body = (self.method == "POST").then(|| parameters.to_owned());
        let mut headers = vec![("sec-fetch-site", "same-origin")];
        if body.is_some() {
            headers.push(("content-type", FORM));
        }
        if let Some(authorization) = &self.authorization {
            headers.push(("authorization", authorization));
        }
        office.browser.send(self.method.parse().unwrap(), &path, &headers, body).await
    }

    /// Where people see the answer, it is a page of ours, and not a line of the framework's.
    fn is_page(&self, answer: &Answer) -> bool {
        !self.page || answer.header("content-type").starts_with("text/html")
    }

    /// What holds whatever is sent.
    #[track_caller]
    fn assert_sane(&self, answer: &Answer, sent: &str) {
        let sent: String = sent.chars().take(300).collect();
        let what = format!("{} {} {sent:?}", self.method, self.path);
        assert!(!answer.status.is_server_error(), "{what}: {answer:?}");
        if let Some(location) = answer.headers.get("location") {
            let location = location.to_str().unwrap();
            let here = location.starts_with('/') && !location.starts_with("//");
            assert!(
                here || REGISTERED.iter().any(|known| location.starts_with(known)),
                "{what}: sent to {location}"
            );
        }
        assert!(!answer.body.contains("<canary"), "{what}: {}", answer.body);
        let refused = answer.status.is_client_error();
        if refused && self.page {
            assert!(
                answer.header("content-type").starts_with("text/html"),
                "{what}: not a page of ours: {answer:?}"
            );
        }
        if self.path == "/oidc/token" && answer.status != 200 {
            let error = answer.json()["error"].as_str().unwrap().to_owned();
            let known = [
                "invalid_request",
                "invalid_client",
                "invalid_grant",
                "invalid_scope",
                "unsupported_grant_type",
            ];
            assert!(known.contains(&error.as_str()), "{what}: {error}");
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        }
        if self.path == "/oidc/userinfo" && refused {
            let challenged = answer.header("www-authenticate").starts_with("Bearer");
            assert!(
                challenged || answer.status == 400 && answer.json()["error"] == "invalid_request",
                "{what}: {answer:?}"
            );
        }
    }
}

/// Every parameter of every address, in turn: missing, doubled, empty, huge, and in every wrong shape.
#[tokio::test]
async fn every_parameter_in_every_wrong_shape_is_answered_properly() {
    let office = Office::open().await;
    let huge = "A".repeat(10_000);
    let wrong = [
        "",
        &huge,
        "%ff%fe",
        "%c3%28",
        "%ed%a0%80",
        "%00",
        "a%00b",
        "%0d%0aLocation:%20https://evil.example",
        "%0a",
        "%09",
        "%1b%5b31m",
        "%f0%9f%98%80",
        "%e2%80%ae",
        "%",
        "%z",
        "%zz",
        "%%%",
        "+",
        "%20",
        "null",
        "undefined",
        "-1",
        "0",
        "1e999",
        "99999999999999999999",
        "[]",
        "{}",
        "%7B%7D",
        "..%2f..%2f",
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "%3Ccanary%3E",
        "%22%3E%3Ccanary%3E",
        "'%20OR%201=1--",
        "{{7*7}}",
        "%24%7B7*7%7D",
    ];
    for target in targets(&office).await {
        let good = target.encoded();
        for (index, (name, _)) in target.fields.iter().enumerate() {
            let with = |replacement: Vec<String>| {
                let mut parameters = good.clone();
                parameters.splice(index..=index, replacement);
                parameters.join("&")
            };
            let mut requests = vec![
                with(vec![]),
                with(vec![good[index].clone(), good[index].clone()]),
                with(vec![good[index].clone(), format!("{name}=other")]),
                with(vec![format!("{name}=other"), good[index].clone()]),
                with(vec![(*name).to_owned()]),
                with(vec![good[index].replacen('=', "[]=", 1)]),
                with(vec![good[index].replacen('=', "[0]=", 1)]),
                with(vec![good[index].replacen('=', "%00=", 1)]),
                with(vec![good[index].to_uppercase()]),
                with(vec![good[index].replacen('=', ";=", 1)]),
            ];
            requests.extend(wrong.iter().map(|value| with(vec![format!("{name}={value}")])));
            for parameters in requests {
                target.assert_sane(&target.send(&office, &parameters).await, &parameters);
            }
        }
        assert!(office.browser.csrf().await.len() > 10, "still there after {}", target.path);
    }
}

/// A12: a parameter that is given twice, with two values, is an error at every address that the
/// protocol owns.
#[tokio::test]
async fn a_doubled_parameter_is_refused_everywhere() {
    let office = Office::open().await;
    for target in targets(&office).await {
        let protocol = ["/oidc/authorize", "/oidc/token", "/oidc/userinfo"].contains(&target.path)
            && target.fields[0].0 != "schema";
        if !protocol {
            continue;
        }
        let good = target.encoded();
        for twice in &good {
            let answer = target.send(&office, &format!("{}&{twice}", good.join("&"))).await;
            let what = format!("{} {twice}: {answer:?}", target.path);
            match target.path {
                "/oidc/authorize" => assert!(
                    answer.status == 400 || answer.parameter("error").as_deref() == Some("invalid_request"),
                    "{what}"
                ),
                "/oidc/token" => assert_token_error(&answer, 400, "invalid_request"),
                _ => assert_eq!(answer.status, 400, "{what}"),
            }
        }
    }
}

/// T17
#[tokio::test]
async fn ten_thousand_parameters_are_too_many() {
    let office = Office::open().await;
    let many: String = (0..10_000).map(|n| format!("&{n}=")).collect();
    assert!(many.len() < 65_536);
    for target in targets(&office).await.into_iter().filter(|target| target.method == "POST") {
        let parameters = target.encoded().join("&") + &many;
        let mut answer = target.send(&office, &parameters).await;
        if answer.status == 303 && answer.location().starts_with("/oidc/logout/resume") {
            answer = office.browser.get(&answer.location()).await;
        }
        target.assert_sane(&answer, &parameters);
        if target.path != "/oidc/consent" {
            assert!(answer.status.is_client_error(), "{}: {answer:?}", target.path);
        }
    }
}

/// T17: more than a request may hold.
#[tokio::test]
async fn a_form_of_a_hundred_kilobytes_is_too_large() {
    let office = Office::open().await;
    let mut wrong = Vec::new();
    for target in targets(&office).await.into_iter().filter(|target| target.method == "POST") {
        let parameters = format!("{}&scope={}", target.encoded().join("&"), "s".repeat(100_000));
        let answer = target.send(&office, &parameters).await;
        if ![400, 413].contains(&answer.status.as_u16()) || !target.is_page(&answer) {
            wrong.push((
                target.path,
                answer.status,
                answer.header("content-type").to_owned(),
                answer.body.clone(),
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A16, T17: what anybody may send without cookies is kept only up to a bound.
#[tokio::test]
async fn a_posted_request_with_huge_values_is_not_kept() {
    let office = Office::open().await;
    let mut wrong = Vec::new();
    for target in targets(&office)
        .await
        .into_iter()
        .filter(|t| ["/oidc/authorize", "/oidc/logout"].contains(&t.path) && t.method == "POST")
    {
        for name in ["state", "id_token_hint", "post_logout_redirect_uri", "client_id"] {
            let mut fields: Vec<String> =
                target.encoded().into_iter().filter(|f| !f.starts_with(&format!("{name}="))).collect();
            fields.push(format!("{name}={}", "s".repeat(60_000)));
            let answer = target.send(&office, &fields.join("&")).await;
            let kept = answer.status == 303 && answer.location().starts_with("/oidc/logout/resume");
            if kept {
                wrong.push((target.path, name, answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "60 kB were kept for ten minutes: {wrong:?}");
}

/// T17: an address line that is too long.
#[tokio::test]
async fn an_address_of_sixty_kilobytes_is_too_long() {
    let office = Office::open().await;
    let http = reqwest::Client::new();
    for target in targets(&office).await.into_iter().filter(|target| target.method == "GET") {
        let url = format!("http://{}{}?scope={}", office.app.address, target.path, "s".repeat(60_000));
        // A server may also close the door while we are still talking.
        if let Ok(response) = http.get(url).send().await {
            assert!(
                [400, 414, 431].contains(&response.status().as_u16()),
                "{}: {}",
                target.path,
                response.status()
            );
        }
        assert_eq!(office.practice().get("/oidc/jwks", &[]).await.status, 200);
    }
}

/// T17: bytes that are no text at all.
#[tokio::test]
async fn a_form_that_is_no_text_is_refused() {
    let office = Office::open().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut wrong = Vec::new();
    for target in targets(&office).await.into_iter().filter(|target| target.method == "POST") {
        for bytes in [&b"\xff\xfe"[..], b"a=\xc3\x28", b"\x00\x01\x02", b"client_id=\xed\xa0\x80"] {
            let mut request = http
                .post(format!("http://{}{}", office.app.address, target.path))
                .header("content-type", FORM)
                .header("sec-fetch-site", "same-origin")
                .body(bytes.to_vec());
            if let Some(authorization) = &target.authorization {
                request = request.header("authorization", authorization);
            }
            let mut answer = Answer::of(request.send().await.unwrap()).await;
            if answer.status == 303 && answer.location().starts_with("/oidc/logout/resume") {
                answer = office.browser.get(&answer.location()).await;
            }
            if !answer.status.is_client_error() || !target.is_page(&answer) {
                wrong.push((target.path, bytes, answer.status, answer.header("content-type").to_owned()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Another content type is refused: nothing is guessed.
#[tokio::test]
async fn a_form_of_another_content_type_is_refused() {
    let office = Office::open().await;
    let mut wrong = Vec::new();
    for target in targets(&office).await.into_iter().filter(|target| target.method == "POST") {
        for content_type in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/xml",
            "",
            "x",
            "application/x-www-form-urlencoded2",
        ] {
            let mut headers = vec![("sec-fetch-site", "same-origin"), ("content-type", content_type)];
            if let Some(authorization) = &target.authorization {
                headers.push(("authorization", authorization));
            }
            let body = Some(target.encoded().join("&"));
            let answer = office.browser.send(Method::POST, target.path, &headers, body).await;
            let right = match target.path {
                "/oidc/token" => answer.status == 400 && answer.json()["error"] == "invalid_request",
                // RFC 6750 §2.2: such a body carries no token, so none was sent.
                "/oidc/userinfo" => [400, 401, 415].contains(&answer.status.as_u16()),
                _ => [400, 415].contains(&answer.status.as_u16()) && target.is_page(&answer),
            };
            if !right {
                wrong.push((target.path, content_type, answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// JSON in a form's clothes, and a form in JSON's.
#[tokio::test]
async fn json_is_no_form() {
    let office = Office::open().await;
    for target in targets(&office).await.into_iter().filter(|target| target.method == "POST") {
        let body = r#"{"grant_type":"authorization_code","client_id":"practice","attempt":"x"}"#;
        target.assert_sane(&target.send(&office, body).await, body);
    }
}

/// The methods each address answers to.
const METHODS: [(&str, &[&str]); 12] = [
    ("/oidc/authorize", &["GET", "POST"]),
    ("/oidc/authorize/resume", &["GET"]),
    ("/oidc/consent", &["POST"]),
    ("/oidc/token", &["POST"]),
    ("/oidc/userinfo", &["GET", "POST"]),
    ("/oidc/logout", &["GET", "POST"]),
    ("/oidc/logout/resume", &["GET"]),
    ("/oidc/logout/confirm", &["POST"]),
    ("/oidc/jwks", &["GET"]),
    ("/.well-known/openid-configuration", &["GET"]),
    ("/.well-known/oauth-authorization-server", &["GET"]),
    ("/oidc/logo/practice", &["GET"]),
];

#[tokio::test]
async fn a_method_that_does_not_exist_is_not_allowed() {
    let office = Office::open().await;
    for (path, methods) in METHODS {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY"] {
            if methods.contains(&method) {
                continue;
            }
            let answer = office
                .browser
                .send(method.parse().unwrap(), path, &[("sec-fetch-site", "same-origin")], None)
                .await;
            assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
        }
    }
}

/// RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response".
#[tokio::test]
async fn a_method_that_is_not_allowed_is_told_which_are() {
    let office = Office::open().await;
    for (path, methods) in METHODS {
        let answer =
            office.browser.send(Method::DELETE, path, &[("sec-fetch-site", "same-origin")], None).await;
        for method in methods {
            assert!(answer.header("allow").contains(method), "{path}: {:?}", answer.headers);
        }
    }
}

/// Addresses that do not exist yet are no way around the ones that do.
#[tokio::test]
async fn endpoints_that_do_not_exist_yet_are_not_found() {
    let office = Office::open().await;
    for path in [
        "/oidc/device",
        "/oidc/registration",
        "/oidc",
        "/oidc/",
        "/oidc/token/",
        "/oidc//token",
        "/OIDC/token",
        "/oidc/authorize/",
        "/.well-known/openid-configuration/",
        "/oidc/..%2faccount",
        "/oidc/token%00",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = office.browser.send(method, path, &[("sec-fetch-site", "same-origin")], None).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
        }
    }
}

/// L6
#[tokio::test]
async fn the_logo_of_nobody_is_not_found() {
    let office = Office::open().await;
    let long = "x".repeat(5000);
    for id in
        ["practice", "nobody", "%00", "%ff", "..%2f..%2fetc%2fpasswd", "<canary>", "%F0%9F%98%80", &long]
    {
        let answer = office.browser.get(&format!("/oidc/logo/{id}")).await;
        assert_eq!(answer.status, 404, "{id}: {answer:?}");
        assert!(answer.headers.get("set-cookie").is_none(), "a path without cookies");
    }
}

/// S15, L4: a hostile request gets the same protection as any other.
#[tokio::test]
async fn errors_carry_the_security_headers_too() {
    let office = Office::open().await;
    for target in targets(&office).await {
        let answer = target.send(&office, "client_id=%ff").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", target.path);
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{}", target.path);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{}", target.path);
        assert_eq!(answer.header("x-frame-options"), "DENY", "{}", target.path);
    }
}

/// L5, §2.2: nothing that was sent is shown unescaped on an error page, nor a link made of it.
#[tokio::test]
async fn an_error_page_shows_no_markup_that_was_sent() {
    let office = Office::open().await;
    let canary = "\"'><canary href=https://evil.example>{{7*7}}";
    for name in ["client_id", "redirect_uri", "state", "scope", "ui_locales", "login_hint", canary] {
        let mut request = office.practice().request_with(&[(name, "")]);
        request.extend([(name.to_owned(), canary.to_owned()), ("client_id".to_owned(), canary.to_owned())]);
        let answer = office.browser.get(&Application::authorize_path(&request)).await;
        assert_eq!(answer.status, 400);
        assert!(
            !answer.body.contains("<canary") && !answer.body.contains("href=https://evil"),
            "{}",
            answer.body
        );
    }
}

/// Cookies and languages that no browser of ours sends: a stranger, and no fault.
#[tokio::test]
async fn hostile_headers_make_a_stranger_and_nothing_worse() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let refresh = text(&tokens, "refresh_token");
    let (long, huge) = ("x".repeat(6000), "de;q=0.1,".repeat(600));
    for (name, value) in [
        ("cookie", "idp_session="),
        ("cookie", "idp_session"),
        ("cookie", "=; ;;; =x"),
        ("cookie", "idp_session=x; idp_browser=x; idp_account=x"),
        ("cookie", &format!("idp_session={refresh}; idp_browser={refresh}")),
        ("cookie", &format!("idp_session={long}")),
        ("cookie", "idp_session=\u{e9}\u{1f600}"),
        ("cookie", "idp_session=\"idp_se_x\""),
        ("accept-language", "\u{e9}"),
        ("accept-language", "de;q=x,,;;q,*;q=2"),
        ("accept-language", &huge),
        ("user-agent", "\u{1f600}"),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("sec-fetch-site", "\u{e9}"),
        ("origin", "\u{e9}"),
        ("referer", "javascript:alert(1)"),
        ("content-length", "0"),
    ] {
        let answer = practice.get(&Application::authorize_path(&practice.request()), &[(name, value)]).await;
        assert_eq!(answer.status, 303, "{name}: {value}: {answer:?}");
        assert!(answer.location().starts_with("/login?attempt="), "{name}: {value}: {answer:?}");
        for path in ["/oidc/logout", "/oidc/jwks", "/.well-known/openid-configuration", "/oidc/userinfo"] {
            let answer = practice.get(path, &[(name, value)]).await;
            assert!(
                !answer.status.is_server_error() && !answer.body.contains("evil.example"),
                "{name}: {value} {path}: {answer:?}"
            );
        }
    }
}
