//! The headers and cookies of every response (security: §1.12, §4.3).

use reqwest::Method;

use crate::support::{Answer, Options, PASSWORD, TestApp};

/// Every address there is, with a method that it knows.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/login/cancel"),
    ("GET", "/login/choose"),
    ("POST", "/login/choose"),
    ("GET", "/login/create"),
    ("POST", "/login/create"),
    ("GET", "/login/create/name"),
    ("POST", "/login/create/name"),
    ("GET", "/login/create/passkey"),
    ("POST", "/login/create/passkey/options"),
    ("POST", "/login/create/passkey/finish"),
    ("POST", "/login/create/password"),
    ("GET", "/login/invitation"),
    ("POST", "/login/invitation"),
    ("GET", "/login/invitation/done"),
    ("POST", "/login/invitation/name"),
    ("POST", "/login/invitation/refuse"),
    ("POST", "/login/invitation/switch"),
    ("GET", "/login/passkey"),
    ("POST", "/login/passkey"),
    ("POST", "/login/passkey/options"),
    ("GET", "/login/password"),
    ("GET", "/login/offer"),
    ("POST", "/login/not-now"),
    ("GET", "/login/signed-out"),
    ("POST", "/login/shared"),
    ("GET", "/login/code"),
    ("POST", "/login/code"),
    ("GET", "/login/recovery"),
    ("POST", "/login/recovery"),
    ("GET", "/login/enrol"),
    ("GET", "/login/forgot"),
    ("POST", "/login/forgot"),
    ("GET", "/login/reset"),
    ("POST", "/login/reset"),
    ("GET", "/login/access"),
    ("POST", "/login/access"),
    ("POST", "/logout"),
    ("GET", "/setup"),
    ("POST", "/setup"),
    ("GET", "/account"),
    ("GET", "/account/profile"),
    ("POST", "/account/profile"),
    ("GET", "/account/email"),
    ("POST", "/account/email"),
    ("POST", "/account/email/verify"),
    ("GET", "/account/email/confirm"),
    ("POST", "/account/email/confirm"),
    ("GET", "/account/password"),
    ("POST", "/account/password"),
    ("GET", "/account/two-factor"),
    ("POST", "/account/two-factor/begin"),
    ("GET", "/account/two-factor/setup"),
    ("POST", "/account/two-factor/setup"),
    ("GET", "/account/two-factor/off"),
    ("POST", "/account/two-factor/off"),
    ("POST", "/account/two-factor/recovery-codes"),
    ("POST", "/account/two-factor/recovery-codes/download"),
    ("GET", "/account/sessions"),
    ("POST", "/account/sessions/0197f3a0-0000-7000-8000-000000000000/end"),
    ("POST", "/account/sessions/end-others"),
    ("GET", "/account/apps"),
    ("POST", "/account/apps/clinic-example/disconnect"),
    ("GET", "/account/activity"),
    ("GET", "/account/passkeys"),
    ("GET", "/account/passkeys/lost"),
    ("POST", "/account/passkeys/lost"),
    ("GET", "/account/passkeys/create"),
    ("POST", "/account/passkeys/options"),
    ("POST", "/account/passkeys/finish"),
    ("GET", "/account/passkeys/0197f3a0-0000-7000-8000-000000000000/name"),
    ("POST", "/account/passkeys/0197f3a0-0000-7000-8000-000000000000/name"),
    ("GET", "/account/passkeys/0197f3a0-0000-7000-8000-000000000000/delete"),
    ("POST", "/account/passkeys/0197f3a0-0000-7000-8000-000000000000/delete"),
    ("GET", "/admin"),
    ("GET", "/admin/applications"),
    ("GET", "/admin/applications/new"),
    ("POST", "/admin/applications/new"),
    ("GET", "/admin/applications/x"),
    ("GET", "/admin/applications/x/settings"),
    ("GET", "/admin/applications/x/preview"),
    ("GET", "/admin/applications/x/trial"),
    ("POST", "/admin/applications/x/trial"),
    ("POST", "/admin/applications/x/settings"),
    ("GET", "/admin/applications/x/disable"),
    ("POST", "/admin/applications/x/disable"),
    ("GET", "/admin/applications/x/secrets/0197f3a0-0000-7000-8000-000000000000/expire"),
    ("POST", "/admin/applications/x/secrets/0197f3a0-0000-7000-8000-000000000000/expire"),
    ("GET", "/admin/organizations"),
    ("GET", "/admin/organizations/0197f3a0-0000-7000-8000-000000000000"),
    ("GET", "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/invite"),
    ("POST", "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/invite"),
    (
        "GET",
        "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/members/0197f3a0-0000-7000-8000-000000000000/roles",
    ),
    (
        "POST",
        "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/members/0197f3a0-0000-7000-8000-000000000000/roles",
    ),
    ("GET", "/brand/0f4c55-8ccfca.css"),
    ("GET", "/brand/logo/x"),
    ("GET", "/admin/branding"),
    ("POST", "/admin/branding"),
    ("POST", "/admin/branding/logo/light"),
    ("GET", "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/branding"),
    ("POST", "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/branding"),
    ("POST", "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/branding/logo/light"),
    ("GET", "/admin/policy"),
    ("POST", "/admin/policy"),
    ("GET", "/admin/find"),
    ("GET", "/admin/people"),
    ("GET", "/admin/organizations/new"),
    ("POST", "/admin/organizations/new"),
    ("GET", "/admin/people/invite"),
    ("GET", "/admin/people/new"),
    ("POST", "/admin/people/new"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/passkeys"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/sessions"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/applications"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/organizations"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/activity"),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/json"),
    (
        "GET",
        "/admin/people/0197f3a0-0000-7000-8000-000000000000/passkeys/0197f3a0-0000-7000-8000-000000000000",
    ),
    (
        "POST",
        "/admin/people/0197f3a0-0000-7000-8000-000000000000/passkeys/0197f3a0-0000-7000-8000-000000000000",
    ),
    ("GET", "/admin/people/0197f3a0-0000-7000-8000-000000000000/disable"),
    ("POST", "/admin/people/0197f3a0-0000-7000-8000-000000000000/disable"),
    ("GET", "/admin/audit"),
    ("POST", "/admin/audit/export"),
    ("GET", "/admin/audit/verify"),
    ("POST", "/admin/audit/verify"),
    ("GET", "/admin/audit/1"),
    ("POST", "/admin/audit/searches"),
    ("POST", "/admin/audit/searches/0197f3a0-0000-7000-8000-000000000000"),
    ("GET", "/admin/keys"),
    ("GET", "/admin/keys/rotate"),
    ("POST", "/admin/keys/rotate"),
    ("GET", "/admin/jobs"),
    ("GET", "/admin/jobs/0197f3a0-0000-7000-8000-000000000000/retry"),
    ("POST", "/admin/jobs/0197f3a0-0000-7000-8000-000000000000/retry"),
    ("GET", "/admin/health"),
    ("GET", "/admin/risk"),
    ("GET", "/admin/mails"),
    ("GET", "/admin/mails/new-device"),
    ("POST", "/admin/mails/new-device"),
    ("GET", "/admin/mails/new-device/html"),
    ("GET", "/help/passkeys"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/docs"),
    ("GET", "/api/v1/me"),
    ("GET", "/api/v1/people"),
    ("POST", "/api/v1/people"),
    ("GET", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/disable"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/enable"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/log-out"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/unlock"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/reset-passkeys"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/reset-two-factor"),
    ("POST", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/access-link"),
    (
        "DELETE",
        "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/passkeys/0197f3a0-0000-7000-8000-000000000000",
    ),
    ("PUT", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/role"),
    ("PUT", "/api/v1/people/0197f3a0-0000-7000-8000-000000000000/policy"),
    ("GET", "/api/v1/organizations"),
    ("POST", "/api/v1/organizations"),
    ("GET", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000"),
    ("PUT", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000"),
    ("POST", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/disable"),
    ("POST", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/enable"),
    ("GET", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/members"),
    ("POST", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/members"),
    (
        "GET",
        "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/members/0197f3a0-0000-7000-8000-000000000000",
    ),
    ("GET", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/invitations"),
    ("POST", "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/invitations"),
    (
        "POST",
        "/api/v1/organizations/0197f3a0-0000-7000-8000-000000000000/invitations/0197f3a0-0000-7000-8000-000000000000/resend",
    ),
    ("GET", "/api/v1/applications"),
    ("POST", "/api/v1/applications"),
    ("GET", "/api/v1/applications/clinic-example"),
    ("POST", "/api/v1/applications/clinic-example/disable"),
    ("POST", "/api/v1/applications/clinic-example/enable"),
    ("GET", "/api/v1/applications/clinic-example/preview"),
    ("GET", "/api/v1/applications/clinic-example/secrets"),
    ("POST", "/api/v1/applications/clinic-example/secrets"),
    ("POST", "/api/v1/applications/clinic-example/secrets/0197f3a0-0000-7000-8000-000000000000/expire"),
    ("GET", "/api/v1/audit"),
    ("POST", "/api/v1/audit/verify"),
    ("GET", "/api/v1/keys"),
    ("POST", "/api/v1/keys/rotate"),
    ("GET", "/api/v1/deliveries"),
    ("POST", "/api/v1/deliveries/0197f3a0-0000-7000-8000-000000000000/retry"),
    ("POST", "/api/v1/deliveries/0197f3a0-0000-7000-8000-000000000000/give-up"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/figures"),
    ("GET", "/api/v1/nowhere"),
    ("GET", "/oidc/authorize"),
    ("POST", "/oidc/authorize"),
    ("GET", "/oidc/authorize/resume"),
    ("GET", "/oidc/trial"),
    ("POST", "/oidc/consent"),
    ("POST", "/oidc/organization"),
    ("GET", "/oidc/logout"),
    ("POST", "/oidc/logout"),
    ("GET", "/oidc/logout/resume"),
    ("POST", "/oidc/logout/confirm"),
    ("GET", "/oidc/jwks"),
    ("POST", "/oidc/token"),
    ("POST", "/oidc/revoke"),
    ("POST", "/oidc/par"),
    ("POST", "/oidc/device_authorization"),
    ("GET", "/device"),
    ("POST", "/device"),
    ("POST", "/device/decide"),
    ("POST", "/oidc/backchannel_authentication"),
    ("GET", "/requests"),
    ("GET", "/requests/0197f3a0-0000-7000-8000-000000000000"),
    ("POST", "/requests/0197f3a0-0000-7000-8000-000000000000"),
    ("POST", "/oidc/introspect"),
    ("POST", "/oidc/register"),
    ("GET", "/oidc/session"),
    ("GET", "/oidc/register/clinic-example"),
    ("PUT", "/oidc/register/clinic-example"),
    ("DELETE", "/oidc/register/clinic-example"),
    ("GET", "/oidc/logout/farewell"),
    ("GET", "/oidc/userinfo"),
    ("POST", "/oidc/userinfo"),
    ("GET", "/oidc/logo/clinic-example"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/passkey-endpoints"),
    ("GET", "/.well-known/change-password"),
    ("POST", "/csp-report"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/static/x/app.css"),
    ("GET", "/static/x/nothing.css"),
    ("GET", "/nowhere"),
    ("DELETE", "/login"),
];

/// A route that nobody looks at would be one without rules.
#[test]
fn every_route_of_the_program_is_looked_at() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut routes = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for rest in source.split(".route(\"").skip(1) {
                let (route, handlers) = rest.split_once('"').unwrap();
                let handlers = handlers.split(".route(").next().unwrap().split(';').next().unwrap();
                let pattern: Vec<&str> = route.split('/').collect();
                for (method, call) in [("GET", "get("), ("POST", "post(")] {
                    let handled =
                        handlers.contains(&format!(" {call}")) || handlers.contains(&format!(").{call}"));
                    let fits = |(m, known): &(&str, &str)| {
                        let known: Vec<&str> = known.split('/').collect();
                        let same = |(part, known): (&&str, &&str)| part.starts_with('{') || part == known;
                        *m == method && known.len() == pattern.len() && pattern.iter().zip(&known).all(same)
                    };
                    assert!(!handled || ROUTES.iter().any(fits), "{method} {route} is in no list");
                    routes += usize::from(handled);
                }
            }
        }
    }
    assert!(routes > 80, "only {routes} were found");
}

async fn on_every_route(app: &TestApp, check: impl Fn(&str, &Answer)) {
    let signed_in = app.browser();
    signed_in.log_in_with_password("ada@example.org", PASSWORD).await;
    for browser in [app.browser(), signed_in] {
        for (method, path) in ROUTES {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = browser.send(method.clone(), path, &[("sec-fetch-site", "none")], None).await;
            assert!(answer.status.as_u16() < 500, "{method} {path}: {answer:?}");
            check(&format!("{method} {path}"), &answer);
        }
    }
}

/// L2, L4, L7, S15, S17, S18
#[tokio::test]
async fn every_response_has_the_security_headers() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    on_every_route(&app, |route, answer| {
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part) || route.contains("/logo/"), "{route}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{route}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{route}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{route}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{route}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{route}");
        assert!(!answer.header("cross-origin-resource-policy").is_empty(), "{route}");
        assert!(answer.header("permissions-policy").contains("publickey-credentials-get=(self)"), "{route}");
        assert!(!answer.header("x-request-id").is_empty(), "{route}");
        assert!(answer.headers.get("server").is_none(), "{route}");
        if answer.header("content-type").starts_with("text/html") {
            assert_eq!(answer.header("cache-control"), "no-store", "{route}");
            assert!(policy.contains("script-src 'nonce-") && policy.contains("'strict-dynamic'"), "{route}");
            assert!(policy.contains("require-trusted-types-for 'script'"), "{route}");
            assert!(policy.contains("report-to csp"), "{route}");
            assert!(policy.contains("object-src 'none'") && policy.contains("form-action 'self'"), "{route}");
        }
    })
    .await;
}

/// J1, L1, S19: the session's cookies, and what they are called over https.
#[tokio::test]
async fn cookies_are_bound_to_this_host() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let answer = app.browser().submit_password("ada@example.org", PASSWORD).await;
    let cookies = set_cookies(&answer);
    let find =
        |name: &str| cookies.iter().find(|c| c.starts_with(name)).unwrap_or_else(|| panic!("{cookies:?}"));
    assert!(find("idp_session=").ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    assert!(find("idp_account=").ends_with("; Path=/; HttpOnly; SameSite=Strict"));
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn over_https_cookies_are_secure_and_the_transport_is_strict() {
    let environment = vec![("IDP_PUBLIC_URL", "https://login.example".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let http = reqwest::Client::new();
    let response = http.get(format!("http://{}/login", app.address)).send().await.unwrap();
    let answer = Answer::of(response).await;
    let cookie = set_cookies(&answer).remove(0);
    assert!(cookie.starts_with("__Host-idp_browser="), "{cookie}");
    assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
}

/// C23: the issuer is configured; whoever lies about the host changes nothing.
#[tokio::test]
async fn forged_hosts_and_proxies_change_nothing() {
    let app = TestApp::init().await;
    let http = reqwest::Client::new();
    let forged = http
        .get(format!("http://{}/.well-known/openid-configuration", app.address))
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "host=evil.example")
        .send()
        .await
        .unwrap();
    let body = forged.text().await.unwrap();
    assert!(body.contains(&app.issuer()) && !body.contains("evil"), "{body}");
}

/// S16: the page of a request for an application lets its forms end there.
#[tokio::test]
async fn the_form_of_a_sign_in_may_lead_to_its_application_only() {
    let app = TestApp::init().await;
    let browser = app.browser();
    let login = app.clinic().authorize(&browser, &[]).await;
    let page = browser.get(&login.location()).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://localhost:8090;"), "{policy}");
    let plain = browser.get("/login").await;
    assert!(plain.header("content-security-policy").contains("form-action 'self';"));
}

#[tokio::test]
async fn reports_of_a_broken_policy_are_taken_in_whatever_form() {
    let app = TestApp::init().await;
    let browser = app.browser();
    assert_eq!(browser.get("/login").await.header("reporting-endpoints"), "csp=\"/csp-report\"");
    let good =
        r#"[{"type":"csp-violation","body":{"effectiveDirective":"script-src","blockedURL":"inline"}}]"#;
    for body in [good, "", "{", "[]", "[1,null,{\"body\":[]}]"] {
        let headers = [("content-type", "application/reports+json")];
        let answer = browser.send(Method::POST, "/csp-report", &headers, Some(body.to_owned())).await;
        assert_eq!(answer.status, 204, "{body}");
    }
}

#[tokio::test]
async fn static_files_are_kept_for_ever_under_their_version_and_not_under_another() {
    let app = TestApp::init().await;
    let browser = app.browser();
    let page = browser.get("/login").await.body;
    let path = page.split("href=\"").find_map(|rest| rest.split_once("app.css\"")).unwrap().0;
    let current = browser.get(&format!("{path}app.css")).await;
    assert_eq!(current.header("content-type"), "text/css; charset=utf-8");
    assert!(current.header("cache-control").contains("immutable"));
    assert_eq!(browser.get("/static/old/app.css").await.header("cache-control"), "no-cache");
    for path in ["/static/x/..%2f..%2fCargo.toml", "/static/x/%2e%2e", "/static/x/locales/en.ftl"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}
