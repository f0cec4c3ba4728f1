//! The authorization endpoint.

use reqwest::Method;

use super::{ADA, Office, assert_redirected_error, assert_stays_here, form, hidden, sign_in};
use crate::support::{Answer, Application, Browser, PASSWORD, TestApp};

#[tokio::test]
async fn a_signed_in_person_is_answered_at_once() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let answer = app.clinic().authorize(&browser, &[]).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("http://localhost:8090/callback?code="), "{}", answer.location());
    assert_eq!(answer.parameter("state").unwrap(), "the state");
    assert_eq!(answer.parameter("iss").unwrap(), app.issuer());
}

/// The whole way of somebody who comes without a session.
#[tokio::test]
async fn somebody_new_signs_in_and_is_answered() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.practice().authorize(&browser, &[]).await;
    let answer = sign_in(&browser, &led_here, ADA).await;
    assert!(answer.location().starts_with("https://practice.example.org/cb?code="), "{}", answer.location());
}

/// A request as a form of the application posts it: from another site, without our cookies.
async fn post(browser: &Browser, request: &[(String, String)]) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    browser
        .send(Method::POST, "/oidc/authorize", &headers, Some(serde_urlencoded::to_string(request).unwrap()))
        .await
}

/// Checklist 5, S19: the answer to the POST itself needs no cookie, and sets none.
#[tokio::test]
async fn a_posted_request_is_continued_by_a_get() {
    let office = Office::open().await;
    let without_cookies = office.app.browser();
    let answer = post(&without_cookies, &office.practice().request()).await;
    assert_eq!(answer.status, 303);
    assert!(answer.headers.get("set-cookie").is_none(), "{answer:?}");
    assert!(answer.location().starts_with("/oidc/authorize/resume?attempt="), "{}", answer.location());
    let resumed = office.browser.get_with(&answer.location(), &[("sec-fetch-site", "cross-site")]).await;
    assert!(resumed.parameter("code").is_some(), "{resumed:?}");
}

/// Checklist 5
#[tokio::test]
async fn a_posted_request_is_judged_like_any_other() {
    let office = Office::open().await;
    let practice = office.practice();
    let browser = office.app.browser();
    let bad = post(&browser, &practice.request_with(&[("response_type", "token")])).await;
    assert_redirected_error(&bad, &practice, "unsupported_response_type");
    let hostile = [("redirect_uri", "https://evil.example/cb")];
    assert_stays_here(&post(&browser, &practice.request_with(&hostile)).await);
}

/// Checklist 5
#[tokio::test]
async fn unknown_parameters_and_scopes_and_any_order_do_not_matter() {
    let office = Office::open().await;
    let practice = office.practice();
    let mut request =
        practice.request_with(&[("scope", "email made:up openid"), ("x-unknown", "1"), ("foo[]", "2")]);
    request.reverse();
    let answer = office.browser.get(&Application::authorize_path(&request)).await;
    let tokens = practice.redeem(&answer.parameter("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "email openid");
}

/// Checklist 9: voluntary parameters never stop anybody.
#[tokio::test]
async fn voluntary_parameters_never_err() {
    let office = Office::open().await;
    let long = "x".repeat(5000);
    for change in [
        ("login_hint", "ada@example.org"),
        ("login_hint", "\"><script>"),
        ("login_hint", long.as_str()),
        ("ui_locales", "se"),
        ("ui_locales", "fr-CA fr en"),
        ("ui_locales", "!! ** --"),
        ("ui_locales", &long),
        ("claims_locales", "se"),
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("display", "nonsense"),
        ("acr_values", "urn:mace:incommon:iap:silver pwd"),
        ("acr_values", &long),
        ("claims", r#"{"id_token":{"auth_time":{"essential":true}}}"#),
        ("id_token_hint", ""),
    ] {
        let answer = office.practice().authorize(&office.browser, &[change]).await;
        assert!(answer.status == 303 && answer.parameter("code").is_some(), "{change:?}: {answer:?}");
    }
}

/// A12, checklist 5
#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let office = Office::open().await;
    let practice = office.practice();
    for name in [
        "response_type",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "response_mode",
        "id_token_hint",
        "x-unknown",
    ] {
        let mut request = practice.request_with(&[(name, "")]);
        let good = practice.request().into_iter().find(|(known, _)| known == name);
        let value = good.map_or_else(|| "1".to_owned(), |(_, value)| value);
        request.extend([(name.to_owned(), value.clone()), (name.to_owned(), value)]);
        let answer = office.browser.get(&Application::authorize_path(&request)).await;
        assert_redirected_error(&answer, &practice, "invalid_request");
        assert_eq!(answer.parameter("state").is_none(), name == "state", "an unclear state is not echoed");
    }
}

/// A12, A3: when it is not clear who asks, nobody is answered.
#[tokio::test]
async fn a_client_or_address_given_twice_gets_our_own_page() {
    let office = Office::open().await;
    for name in ["client_id", "redirect_uri"] {
        let mut request = office.practice().request();
        let value = request.iter().find(|(known, _)| known == name).unwrap().1.clone();
        request.push((name.to_owned(), value));
        assert_stays_here(&office.browser.get(&Application::authorize_path(&request)).await);
    }
}

/// A3, checklist 12
#[tokio::test]
async fn an_unknown_client_gets_our_own_page() {
    let office = Office::open().await;
    let long = "x".repeat(5000);
    for id in [
        "",
        "nobody",
        "Practice",
        "practice ",
        " practice",
        "practice\u{0}",
        "practice%00",
        "../practice",
        "<b>",
        "00000000-0000-7000-8000-000000000000",
        &long,
    ] {
        for mode in [
            &[][..],
            &[("prompt", "none")],
            &[("response_mode", "form_post")],
            &[("prompt", "none"), ("response_mode", "form_post")],
        ] {
            let mut changes = vec![("client_id", id)];
            changes.extend_from_slice(mode);
            let answer = office.practice().authorize(&office.browser, &changes).await;
            assert_stays_here(&answer);
            assert!(!answer.body.contains("<b>"), "{id}");
        }
    }
}

/// A3
#[tokio::test]
async fn a_disabled_client_gets_our_own_page() {
    let office = Office::open().await;
    super::disable_client(&office.app, "practice").await;
    for prompt in ["", "none"] {
        assert_stays_here(&office.practice().authorize(&office.browser, &[("prompt", prompt)]).await);
    }
}

/// A5, A6, checklist 11 and 13: what is wrong, and how the application hears of it.
#[tokio::test]
async fn a_bad_request_is_answered_with_its_error() {
    let office = Office::open().await;
    let practice = office.practice();
    let hash_of_31_bytes = idp::crypto::base64url::encode([7; 31]);
    let long = "x".repeat(3000);
    for (change, error) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "id_token"), "unsupported_response_type"),
        (("response_type", "id_token token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_type", "code token"), "unsupported_response_type"),
        (("response_type", "none"), "unsupported_response_type"),
        (("response_type", "CODE"), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("response_mode", "web_message"), "invalid_request"),
        (("response_mode", "fragment.jwt"), "invalid_request"),
        (("scope", ""), "invalid_scope"),
        (("scope", "profile"), "invalid_scope"),
        (("scope", "OPENID"), "invalid_scope"),
        (("scope", "openid \"x\""), "invalid_scope"),
        (("scope", "openid\u{e9}"), "invalid_scope"),
        (("scope", &long), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge", &hash_of_31_bytes), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", "s256"), "invalid_request"),
        (("code_challenge_method", "S512"), "invalid_request"),
        (("prompt", "none login"), "invalid_request"),
        (("prompt", "none none"), "invalid_request"),
        (("prompt", "NONE"), "invalid_request"),
        (("prompt", "made-up"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("max_age", "1.5"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
        (("max_age", "+5"), "invalid_request"),
        (("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
        (("request_uri", "https://practice.example.org/request"), "request_uri_not_supported"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:abc"), "request_uri_not_supported"),
        (("registration", "{}"), "registration_not_supported"),
        (("id_token_hint", "garbage"), "invalid_request"),
    ] {
        let answer = practice.authorize(&office.browser, &[change]).await;
        assert_redirected_error(&answer, &practice, error);
        assert_eq!(answer.parameter("state").unwrap(), "the state", "{change:?}");
    }
}

/// A4, checklist 7
#[tokio::test]
async fn every_answer_carries_the_issuer_and_nothing_unexpected() {
    let office = Office::open().await;
    for changes in [&[][..], &[("scope", "email")], &[("request", "x")]] {
        let answer = office.practice().authorize(&office.browser, changes).await;
        assert_eq!(answer.parameter("iss").unwrap(), office.app.issuer());
        let url = reqwest::Url::parse(&answer.location()).unwrap();
        assert!(url.fragment().is_none(), "the code flow never answers in the fragment");
        for (name, value) in url.query_pairs() {
            assert!(["code", "error", "error_description", "state", "iss"].contains(&&*name), "{name}");
            assert!(!value.contains(['\r', '\n', '\t']), "{name}={value}");
        }
    }
}

/// Checklist 7, RFC 6749 §4.1.2.1: what a client sent does not get into the description unfiltered.
#[tokio::test]
async fn a_description_has_only_the_characters_that_are_allowed() {
    let office = Office::open().await;
    let practice = office.practice();
    for name in ["a\r\nSet-Cookie: x=1", "\"\\<script>", "\u{202e}\u{1f600}\u{7}"] {
        let mut request = practice.request();
        request.extend([(name.to_owned(), "1".to_owned()), (name.to_owned(), "1".to_owned())]);
        let answer = office.browser.get(&Application::authorize_path(&request)).await;
        assert_redirected_error(&answer, &practice, "invalid_request");
        let text = answer.parameter("error_description").unwrap();
        assert!(text.bytes().all(|b| (0x20..=0x7e).contains(&b) && b != b'"' && b != b'\\'), "{text:?}");
    }
}

/// A16, checklist 6
#[tokio::test]
async fn state_comes_back_byte_by_byte() {
    let office = Office::open().await;
    let (s128, s2048) = ("s".repeat(128), "s".repeat(2048));
    for state in [
        "x",
        " ",
        "+",
        "%41",
        "a=b&code=c",
        "\u{e4}\u{1f600}",
        "\"><script>alert(1)</script>",
        "a\r\nb",
        "#x",
        &s128,
        &s2048,
    ] {
        for changes in [&[("state", state)][..], &[("state", state), ("response_type", "token")]] {
            let answer = office.practice().authorize(&office.browser, changes).await;
            assert_eq!(answer.parameter("state").unwrap(), state);
        }
    }
}

/// A16: past the documented bounds of 2048 and 1024 bytes.
#[tokio::test]
async fn a_state_or_nonce_that_is_too_long_is_refused() {
    let office = Office::open().await;
    let practice = office.practice();
    for (name, length) in [("state", 2049), ("nonce", 1025)] {
        let answer = practice.authorize(&office.browser, &[(name, &"n".repeat(length))]).await;
        assert_redirected_error(&answer, &practice, "invalid_request");
        assert!(answer.location().len() < 1000, "{}", answer.location());
    }
}

#[tokio::test]
async fn without_a_state_none_is_made_up() {
    let office = Office::open().await;
    let answer = office.practice().authorize(&office.browser, &[("state", "")]).await;
    assert!(answer.parameter("code").is_some() && answer.parameter("state").is_none());
}

/// A8, checklist 14
#[tokio::test]
async fn codes_are_long_and_never_the_same() {
    let office = Office::open().await;
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(office.practice().code(&office.browser, &[]).await);
    }
    let shortest = codes.iter().map(|code| code.trim_start_matches("idp_co_").len()).min().unwrap();
    assert!(shortest >= 43, "{shortest}");
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 20);
}

/// A1: the query of the registered address is left as it is.
#[tokio::test]
async fn an_answer_keeps_the_registered_query() {
    let office = Office::open().await;
    let uri = "https://practice.example.org/cb?tenant=a&x=%41";
    let answer = office.practice().authorize(&office.browser, &[("redirect_uri", uri)]).await;
    assert!(answer.location().starts_with(&format!("{uri}&code=")), "{}", answer.location());
}

/// Checklist 13, L5
#[tokio::test]
async fn form_post_answers_with_a_page_that_sends_itself() {
    let office = Office::open().await;
    let state = "\"><script>alert(1)</script>'&amp;";
    let changes = [("response_mode", "form_post"), ("state", state)];
    let answer = office.practice().authorize(&office.browser, &changes).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.get("location").is_none());
    assert!(
        answer.body.contains("method=\"post\" action=\"https:&#x2f;&#x2f;practice.example.org&#x2f;cb\"")
            || answer.body.contains("method=\"post\" action=\"https://practice.example.org/cb\""),
        "{}",
        answer.body
    );
    assert!(hidden(&answer, "code").unwrap().starts_with("idp_co_"));
    assert_eq!(hidden(&answer, "iss").unwrap().replace("&#x2f;", "/"), office.app.issuer());
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    assert!(hidden(&answer, "state").unwrap().contains("&lt;script&gt;"), "{}", answer.body);
    assert!(answer.body.contains("type=\"submit\""), "a button for those without scripts");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://practice.example.org;"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// Checklist 13
#[tokio::test]
async fn form_post_carries_errors_too() {
    let office = Office::open().await;
    for (changes, error) in [
        (&[("response_mode", "form_post"), ("response_type", "token")][..], "unsupported_response_type"),
        (&[("response_mode", "form_post"), ("scope", "email")], "invalid_scope"),
    ] {
        let answer = office.practice().authorize(&office.browser, changes).await;
        assert_eq!((answer.status.as_u16(), hidden(&answer, "error").as_deref()), (200, Some(error)));
        assert_eq!(hidden(&answer, "state").unwrap(), "the state");
        assert!(hidden(&answer, "iss").is_some() && hidden(&answer, "code").is_none());
    }
    let browser = office.app.browser();
    let changes = [("response_mode", "form_post"), ("prompt", "none")];
    let answer = office.practice().authorize(&browser, &changes).await;
    assert_eq!(hidden(&answer, "error").as_deref(), Some("login_required"));
}

/// A10: never 307 or 308, which would repeat a form with its secrets.
#[tokio::test]
async fn redirects_are_see_other_and_not_stored() {
    let office = Office::open().await;
    let practice = office.practice();
    let browser = office.app.browser();
    let led_here = practice.authorize(&browser, &[]).await;
    for answer in [
        practice.authorize(&office.browser, &[]).await,
        post(&browser, &practice.request()).await,
        sign_in(&browser, &led_here, ADA).await,
    ] {
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

/// K5: an attempt belongs to the browser that began it.
#[tokio::test]
async fn an_attempt_is_nothing_in_another_browser() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.practice().authorize(&browser, &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let elsewhere = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert_stays_here(&elsewhere);
}

/// K5: an attempt is answered once.
#[tokio::test]
async fn an_attempt_gives_one_code() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.practice().authorize(&browser, &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    assert!(sign_in(&browser, &led_here, ADA).await.parameter("code").is_some());
    assert_stays_here(&browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await);
}

/// K5, T20: of several tabs that come this far with one attempt, one is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_tabs_with_one_attempt_exactly_one_gets_a_code() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.practice().authorize(&browser, &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    browser.post("/login", &[("attempt", &attempt), ("email", ADA), ("password", PASSWORD)]).await;
    let path = format!("/oidc/authorize/resume?attempt={attempt}");
    let answers = futures_util::future::join_all((0..16).map(|_| browser.get(&path))).await;
    let codes = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(codes, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    answers.iter().filter(|answer| answer.status != 303).for_each(assert_stays_here);
}

/// S16: Chromium applies `form-action` to the redirect that follows the sign-in form.
#[tokio::test]
async fn the_sign_in_page_may_lead_to_the_application_and_nowhere_else() {
    let office = Office::open().await;
    for (client, source) in [
        (office.practice(), "https://practice.example.org"),
        (office.phone(), "http://127.0.0.1:49152"),
        (
            Application { redirect_uri: "org.example.phone:/cb".to_owned(), ..office.phone() },
            "org.example.phone:",
        ),
    ] {
        let browser = office.app.browser();
        let page = browser.get(&client.authorize(&browser, &[]).await.location()).await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains(&format!("form-action 'self' {source};")), "{policy}");
    }
}

/// K5: later steps do not open without the earlier ones.
#[tokio::test]
async fn resuming_without_having_signed_in_leads_to_signing_in() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.practice().authorize(&browser, &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let answer = browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert_eq!(answer.location(), format!("/login?attempt={attempt}"));
}

#[tokio::test]
async fn an_attempt_left_alone_for_half_an_hour_has_to_be_begun_again() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.practice().authorize(&browser, &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    office.app.advance(time::Duration::minutes(31));
    assert_stays_here(&browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await);
}

/// Checklist 29, L8
#[tokio::test]
async fn cancelling_on_the_sign_in_page_tells_the_application() {
    let office = Office::open().await;
    let practice = office.practice();
    let browser = office.app.browser();
    let led_here = practice.authorize(&browser, &[]).await;
    let page = browser.get(&led_here.location()).await;
    assert!(
        page.body.contains("Practice Web") && page.body.contains("practice.example.org"),
        "{}",
        page.body
    );
    let attempt = led_here.parameter("attempt").unwrap();
    let cancelled = browser.post("/login/cancel", &[("attempt", &attempt)]).await;
    let answer = browser.get(&cancelled.location()).await;
    assert_redirected_error(&answer, &practice, "access_denied");
    assert_eq!(answer.parameter("state").unwrap(), "the state");
    assert_stays_here(&browser.get(&cancelled.location()).await);
}

/// J6: whoever is signed in when it is answered, and nobody else.
#[tokio::test]
async fn the_code_is_for_the_person_who_signed_in_last() {
    let office = Office::open().await;
    let eve = office.app.person(super::EVE).await;
    office.app.advance(time::Duration::seconds(1));
    let led_here = office.practice().authorize(&office.browser, &[("prompt", "login")]).await;
    let answer = sign_in(&office.browser, &led_here, super::EVE).await;
    let tokens = office.practice().redeem(&answer.parameter("code").unwrap()).await.json();
    assert_eq!(super::part(super::text(&tokens, "id_token"), 1)["sub"], eve.id.to_string());
}

/// E2, S11: neither credentials nor codes are accepted from a query at the token endpoint.
#[tokio::test]
async fn a_token_request_in_a_query_is_none() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let mut fields = practice.redemption(&code);
    fields.extend([("client_id", "practice"), ("client_secret", super::SECRET)]);
    let answer = practice.post(&format!("/oidc/token?{}", form(&fields)), &[], "").await;
    assert!(answer.status.is_client_error(), "{answer:?}");
}

/// S2, T13, G6: what strangers begin is counted by network, so that one who sends very much holds up nobody elsewhere.
#[tokio::test]
async fn a_network_that_begins_too_much_holds_up_nobody_elsewhere() {
    let office = Office::with("[http]\ntrusted_proxies = [\"127.0.0.1\"]").await;
    let practice = office.practice();
    let long = "\u{1}".repeat(1000);
    let path = Application::authorize_path(&practice.request_with(&[("state", &long), ("nonce", &long)]));
    let from = async |network: &str| {
        let stranger = office.app.browser();
        stranger.get_with(&path, &[("x-forwarded-for", network)]).await.status.as_u16()
    };
    let mut answered = 0;
    while from("192.0.2.1").await == 303 {
        answered += 1;
        assert!(answered <= 400, "it has no end");
    }
    assert!(answered > 100, "{answered}: a clinic behind one address needs some");
    assert_eq!(from("192.0.2.1").await, 503);
    assert_eq!(from("198.51.100.1").await, 303);
    office.app.advance(time::Duration::minutes(30));
    assert_eq!(from("192.0.2.1").await, 303);
}
