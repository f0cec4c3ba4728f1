//! Consent: A13, A15, checklist 29, L3.

use reqwest::Method;

use super::{
    ADA, EVE, Office, assert_redirected_error, assert_stays_here, decide, form, hidden, is_consent_page,
    sign_in, text, tokens_with_consent,
};
use crate::support::PASSWORD;

#[tokio::test]
async fn an_application_the_operator_vouched_for_asks_nothing() {
    let office = Office::open().await;
    for client in [office.practice(), office.calendar()] {
        assert!(client.authorize(&office.browser, &[]).await.parameter("code").is_some());
    }
}

/// A15, RFC 8252 §8.6: any program on a device can claim to be this client.
#[tokio::test]
async fn a_native_application_asks_every_time() {
    let office = Office::open().await;
    let phone = office.phone();
    for _ in 0..3 {
        tokens_with_consent(&phone, &office.browser, &[]).await;
        let silent = phone.authorize(&office.browser, &[("prompt", "none")]).await;
        assert_redirected_error(&silent, &phone, "consent_required");
    }
}

/// A15
#[tokio::test]
async fn a_consent_is_remembered_where_the_rule_says_so() {
    let office = Office::open().await;
    let careful = office.careful();
    let silent = careful.authorize(&office.browser, &[("prompt", "none")]).await;
    assert_redirected_error(&silent, &careful, "consent_required");
    tokens_with_consent(&careful, &office.browser, &[]).await;
    for prompt in ["", "none"] {
        assert!(careful.authorize(&office.browser, &[("prompt", prompt)]).await.parameter("code").is_some());
    }
    let elsewhere = office.browser_of(ADA).await;
    assert!(careful.authorize(&elsewhere, &[]).await.parameter("code").is_some());
}

/// A15: for these scopes and no others.
#[tokio::test]
async fn a_remembered_consent_covers_what_was_allowed_and_no_more() {
    let office = Office::open().await;
    let careful = office.careful();
    tokens_with_consent(&careful, &office.browser, &[("scope", "openid email")]).await;
    for scope in ["openid", "openid email", "email openid"] {
        assert!(
            careful.authorize(&office.browser, &[("scope", scope)]).await.parameter("code").is_some(),
            "{scope}"
        );
    }
    for scope in ["openid profile", "openid email profile", "openid email offline_access"] {
        assert!(is_consent_page(&careful.authorize(&office.browser, &[("scope", scope)]).await), "{scope}");
        let silent = careful.authorize(&office.browser, &[("scope", scope), ("prompt", "none")]).await;
        assert_redirected_error(&silent, &careful, "consent_required");
    }
}

/// A15: what was allowed before is not forgotten by allowing something else.
#[tokio::test]
async fn consents_add_up() {
    let office = Office::open().await;
    let careful = office.careful();
    tokens_with_consent(&careful, &office.browser, &[("scope", "openid email")]).await;
    tokens_with_consent(&careful, &office.browser, &[("scope", "openid profile")]).await;
    let both = careful.authorize(&office.browser, &[("scope", "openid email profile")]).await;
    assert!(both.parameter("code").is_some());
}

/// A15, J6: for this person.
#[tokio::test]
async fn a_consent_is_that_of_one_person() {
    let office = Office::open().await;
    office.app.person(EVE).await;
    tokens_with_consent(&office.careful(), &office.browser, &[]).await;
    let eves = office.browser_of(EVE).await;
    assert!(is_consent_page(&office.careful().authorize(&eves, &[]).await));
}

/// J6: also within one attempt.
#[tokio::test]
async fn a_consent_is_not_taken_over_by_the_next_person_at_the_browser() {
    let office = Office::open().await;
    office.app.person(EVE).await;
    let page = office.phone().authorize(&office.browser, &[]).await;
    let attempt = hidden(&page, "attempt").unwrap();
    office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    office.log_out().await;
    let fields = [("attempt", attempt.as_str()), ("email", EVE), ("password", PASSWORD)];
    office.browser.post("/login", &fields).await;
    let answer = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(is_consent_page(&answer) && answer.body.contains(EVE), "{answer:?}");
}

/// A13, OIDC Core §3.1.2.1
#[tokio::test]
async fn prompt_consent_always_asks() {
    let office = Office::open().await;
    tokens_with_consent(&office.careful(), &office.browser, &[]).await;
    for client in [office.practice(), office.calendar(), office.careful(), office.phone()] {
        tokens_with_consent(&client, &office.browser, &[("prompt", "consent")]).await;
    }
}

#[tokio::test]
async fn the_page_says_who_wants_what_from_whom() {
    let office = Office::open().await;
    let changes = [("prompt", "consent"), ("scope", "openid profile email offline_access")];
    let page = office.practice().authorize(&office.browser, &changes).await;
    for expected in ["Practice Web", "practice.example.org", ADA, "value=\"allow\"", "value=\"deny\""] {
        assert!(page.body.contains(expected), "{expected:?} is not in: {}", page.body);
    }
    assert_eq!(page.body.matches("<li>").count(), 4, "{}", page.body);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://practice.example.org;"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
}

/// Checklist 29
#[tokio::test]
async fn declining_tells_the_application_and_remembers_nothing() {
    let office = Office::open().await;
    let careful = office.careful();
    let page = careful.authorize(&office.browser, &[]).await;
    let answer = decide(&office.browser, &page, "deny").await;
    assert_redirected_error(&answer, &careful, "access_denied");
    assert_eq!(answer.parameter("state").unwrap(), "the state");
    assert_eq!(answer.parameter("iss").unwrap(), office.app.issuer());
    assert!(is_consent_page(&careful.authorize(&office.browser, &[]).await));
}

/// K5: what was declined can not be allowed afterwards.
#[tokio::test]
async fn a_decision_is_made_once() {
    let office = Office::open().await;
    let page = office.phone().authorize(&office.browser, &[]).await;
    decide(&office.browser, &page, "deny").await;
    let attempt = hidden(&page, "attempt").unwrap();
    let again = office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    assert_stays_here(&again);
    let page = office.phone().authorize(&office.browser, &[]).await;
    decide(&office.browser, &page, "allow").await;
    let attempt = hidden(&page, "attempt").unwrap();
    let again = office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    assert_stays_here(&again);
}

#[tokio::test]
async fn the_answer_comes_by_the_mode_the_application_asked_for() {
    let office = Office::open().await;
    for (decision, field) in [("allow", "code"), ("deny", "error")] {
        let page = office.phone().authorize(&office.browser, &[("response_mode", "form_post")]).await;
        let attempt = hidden(&page, "attempt").unwrap();
        let mut answer =
            office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", decision)]).await;
        if answer.status == 303 {
            answer = office.browser.get(&answer.location()).await;
        }
        assert!(hidden(&answer, field).is_some() && hidden(&answer, "iss").is_some(), "{answer:?}");
    }
}

/// L3: nobody else can allow something for a person.
#[tokio::test]
async fn a_decision_comes_from_our_own_page() {
    let office = Office::open().await;
    let page = office.phone().authorize(&office.browser, &[]).await;
    let attempt = hidden(&page, "attempt").unwrap();
    let csrf = office.browser.csrf().await;
    let content = ("content-type", "application/x-www-form-urlencoded");
    for (site, csrf) in [
        ("cross-site", csrf.as_str()),
        ("same-site", &csrf),
        ("none", ""),
        ("same-origin", ""),
        ("same-origin", "wrong"),
    ] {
        let body = form(&[("csrf", csrf), ("attempt", &attempt), ("decision", "allow")]);
        let headers = [content, ("sec-fetch-site", site)];
        let answer = office.browser.send(Method::POST, "/oidc/consent", &headers, Some(body)).await;
        assert_eq!(answer.status, 403, "{site} {csrf:?}");
    }
    let resumed = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(is_consent_page(&resumed));
}

/// K5: in another browser the attempt is nothing, signed in as whoever.
#[tokio::test]
async fn a_decision_comes_from_the_browser_that_was_asked() {
    let office = Office::open().await;
    let page = office.phone().authorize(&office.browser, &[]).await;
    let attempt = hidden(&page, "attempt").unwrap();
    let elsewhere = office.browser_of(ADA).await;
    let answer = elsewhere.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    assert_stays_here(&answer);
}

/// K5: allowing first and signing in later is not allowing.
#[tokio::test]
async fn somebody_who_is_not_signed_in_allows_nothing() {
    let office = Office::open().await;
    let browser = office.app.browser();
    let led_here = office.phone().authorize(&browser, &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let early = browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    assert!(early.location().starts_with("/oidc/authorize/resume?"), "{early:?}");
    assert!(is_consent_page(&sign_in(&browser, &led_here, ADA).await));
}

/// K5: consent is no way around `prompt=login`.
#[tokio::test]
async fn allowing_does_not_replace_signing_in_again() {
    let office = Office::open().await;
    office.app.advance(time::Duration::seconds(1));
    let led_here = office.practice().authorize(&office.browser, &[("prompt", "login")]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    let resumed = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(resumed.location().starts_with("/login?attempt="), "{resumed:?}");
}

#[tokio::test]
async fn anything_but_a_decision_decides_nothing() {
    let office = Office::open().await;
    let page = office.careful().authorize(&office.browser, &[]).await;
    let attempt = hidden(&page, "attempt").unwrap();
    for decision in ["", "Allow", "yes", "allow ", "\u{1f600}"] {
        let answer =
            office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", decision)]).await;
        assert_stays_here(&answer);
    }
    assert!(is_consent_page(&office.careful().authorize(&office.browser, &[]).await));
}

/// M8
#[tokio::test]
async fn allowing_is_on_record() {
    let office = Office::open().await;
    let tokens = tokens_with_consent(&office.careful(), &office.browser, &[]).await;
    assert_eq!(text(&tokens, "scope"), "email openid profile");
    let records = idp::store::audit::after(&office.app.app.store, 0, 100).await.unwrap();
    let granted: Vec<_> = records.iter().filter(|record| record.kind == "consent-granted").collect();
    assert_eq!(granted.len(), 1);
    assert!(granted[0].detail.contains("careful") && granted[0].detail.contains("email openid profile"));
}
