//! When a person is asked, and when they have to prove themselves again: A13, A14, checklist 8.

use idp::admin::AdminActor;
use idp::admin::access::{self, Made};
use reqwest::Method;
use serde_json::json;
use time::Duration;

use super::{
    ADA, EVE, Office, assert_redirected_error, assert_stays_here, decide, is_consent_page, part, sign_in,
    text,
};
use crate::support::{Answer, Application};

async fn id_token(client: &Application, answer: &Answer) -> serde_json::Value {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    part(text(&client.redeem(&code).await.json(), "id_token"), 1)
}

fn asks_to_sign_in(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().starts_with("/login?attempt=")
}

/// A13: somebody who is signed in is answered without a page.
#[tokio::test]
async fn prompt_none_answers_somebody_who_is_signed_in() {
    let office = Office::open().await;
    for extra in [&[][..], &[("max_age", "3600")], &[("login_hint", EVE)]] {
        let mut changes = vec![("prompt", "none")];
        changes.extend_from_slice(extra);
        let answer = office.practice().authorize(&office.browser, &changes).await;
        assert!(answer.parameter("code").is_some(), "{changes:?}: {answer:?}");
    }
}

/// A13
#[tokio::test]
async fn prompt_none_never_shows_anything() {
    let office = Office::open().await;
    let practice = office.practice();
    let nobody = office.app.browser();
    assert_redirected_error(
        &practice.authorize(&nobody, &[("prompt", "none")]).await,
        &practice,
        "login_required",
    );
    for client in [office.phone(), office.careful()] {
        let answer = client.authorize(&office.browser, &[("prompt", "none")]).await;
        assert_redirected_error(&answer, &client, "consent_required");
    }
    office.app.advance(Duration::minutes(10));
    for max_age in ["0", "1", "599"] {
        let answer = practice.authorize(&office.browser, &[("prompt", "none"), ("max_age", max_age)]).await;
        assert_redirected_error(&answer, &practice, "login_required");
    }
    office.app.advance(Duration::minutes(61));
    let idle = practice.authorize(&office.browser, &[("prompt", "none")]).await;
    assert_redirected_error(&idle, &practice, "login_required");
}

/// A13: by POST the cookies arrive only with the GET that follows.
#[tokio::test]
async fn prompt_none_works_by_post() {
    let office = Office::open().await;
    let practice = office.practice();
    let body = serde_urlencoded::to_string(practice.request_with(&[("prompt", "none")])).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let nobody = office.app.browser();
    let posted = nobody.send(Method::POST, "/oidc/authorize", &headers, Some(body.clone())).await;
    assert_redirected_error(&nobody.get(&posted.location()).await, &practice, "login_required");
    assert_stays_here(&nobody.get(&posted.location()).await);
    let posted = office.app.browser().send(Method::POST, "/oidc/authorize", &headers, Some(body)).await;
    assert!(office.browser.get(&posted.location()).await.parameter("code").is_some());
}

/// Checklist 8: right after it was issued, and when it has long expired.
#[tokio::test]
async fn a_hint_about_the_person_who_is_here_is_accepted() {
    let office = Office::open().await;
    let practice = office.practice();
    let hint = practice.tokens(&office.browser, &[]).await;
    for later in [Duration::ZERO, Duration::minutes(40)] {
        office.app.advance(later);
        for prompt in ["", "none"] {
            let changes = [("id_token_hint", text(&hint, "id_token")), ("prompt", prompt)];
            assert!(practice.authorize(&office.browser, &changes).await.parameter("code").is_some());
        }
    }
}

/// Checklist 8, OIDC Core §3.1.2.1: "If the End-User identified by the ID Token is not logged in".
#[tokio::test]
async fn a_hint_about_somebody_else_is_not_answered_for_the_person_who_is_here() {
    let office = Office::open().await;
    let eve = office.app.person(EVE).await;
    let practice = office.practice();
    let eves = practice.tokens(&office.browser_of(EVE).await, &[]).await;
    let hint = ("id_token_hint", text(&eves, "id_token"));
    let silent = practice.authorize(&office.browser, &[hint, ("prompt", "none")]).await;
    assert_redirected_error(&silent, &practice, "account_selection_required");
    let nobody = office.app.browser();
    let silent = practice.authorize(&nobody, &[hint, ("prompt", "none")]).await;
    assert_redirected_error(&silent, &practice, "login_required");

    let led_here = practice.authorize(&office.browser, &[hint]).await;
    let still_ada = sign_in(&office.browser, &led_here, ADA).await;
    assert!(asks_to_sign_in(&still_ada), "{still_ada:?}");
    let answer = sign_in(&office.browser, &still_ada, EVE).await;
    assert_eq!(id_token(&practice, &answer).await["sub"], eve.id.to_string());
}

/// RFC 8725 §3.8: a hint has to be one of ours, for this client.
#[tokio::test]
async fn a_hint_of_another_client_or_a_forged_one_is_refused() {
    let (office, other) = (Office::open().await, Office::open().await);
    let (practice, calendar) = (office.practice(), office.calendar());
    let foreign = other.practice().tokens(&other.browser, &[]).await;
    let of_practice = practice.tokens(&office.browser, &[]).await;
    let answer =
        calendar.authorize(&office.browser, &[("id_token_hint", text(&of_practice, "id_token"))]).await;
    assert_redirected_error(&answer, &calendar, "invalid_request");
    let mut bad = super::forgeries(text(&of_practice, "id_token"));
    bad.push(text(&foreign, "id_token").to_owned());
    for hint in bad {
        for prompt in ["", "none"] {
            let answer =
                practice.authorize(&office.browser, &[("id_token_hint", &hint), ("prompt", prompt)]).await;
            assert_redirected_error(&answer, &practice, "invalid_request");
        }
    }
}

/// A14
#[tokio::test]
async fn prompt_login_demands_a_new_proof_and_moves_auth_time() {
    let office = Office::open().await;
    let practice = office.practice();
    let before = id_token(&practice, &practice.authorize(&office.browser, &[]).await).await;
    office.app.advance(Duration::minutes(3));
    let led_here = practice.authorize(&office.browser, &[("prompt", "login")]).await;
    assert!(asks_to_sign_in(&led_here), "{led_here:?}");
    let after = id_token(&practice, &sign_in(&office.browser, &led_here, ADA).await).await;
    let time = |claims: &serde_json::Value| claims["auth_time"].as_i64().unwrap();
    assert_eq!(time(&after) - time(&before), 180);
    assert_eq!(time(&after), office.app.app.clock.now().unix_timestamp());
}

/// A14: neither going on without a proof nor the session that was there before will do.
#[tokio::test]
async fn prompt_login_is_not_satisfied_by_the_session_that_was_there() {
    let office = Office::open().await;
    office.app.advance(Duration::seconds(1));
    let led_here = office.practice().authorize(&office.browser, &[("prompt", "login")]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    for _ in 0..2 {
        let resumed = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
        assert!(asks_to_sign_in(&resumed), "{resumed:?}");
    }
    let page = office.browser.get(&led_here.location()).await;
    assert!(page.status == 200 && page.body.contains("name=\"password\""), "{page:?}");
    let fields = [("attempt", attempt.as_str()), ("email", ADA), ("password", "wrong")];
    assert_eq!(office.browser.post("/login", &fields).await.status, 200);
    let resumed = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(asks_to_sign_in(&resumed), "{resumed:?}");
}

/// A14: a proof is good for the request it was made for, and not for the next that asks again.
#[tokio::test]
async fn every_prompt_login_asks_anew() {
    let office = Office::open().await;
    for _ in 0..3 {
        office.app.advance(Duration::seconds(1));
        let led_here = office.practice().authorize(&office.browser, &[("prompt", "login")]).await;
        assert!(asks_to_sign_in(&led_here), "{led_here:?}");
        assert!(sign_in(&office.browser, &led_here, ADA).await.parameter("code").is_some());
    }
}

/// A14, B7: with a passkey the new proof is also a stronger one.
#[tokio::test]
async fn a_new_proof_with_a_passkey_moves_the_acr_too() {
    let office = Office::open().await;
    let practice = office.practice();
    let mut passkey = crate::support::SoftAuthenticator::new(&office.app.issuer());
    office.browser.create_passkey(&mut passkey).await;
    office.app.advance(Duration::seconds(5));
    let led_here = practice.authorize(&office.browser, &[("prompt", "login")]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let signed_in = office.browser.use_passkey(&mut passkey, &json!({ "attempt": attempt })).await.json();
    let answer = office.browser.get(signed_in["location"].as_str().unwrap()).await;
    assert_eq!(id_token(&practice, &answer).await["acr"], "phr");
}

#[tokio::test]
async fn prompts_can_be_combined() {
    let office = Office::open().await;
    for prompt in ["login consent", "consent login"] {
        office.app.advance(Duration::seconds(1));
        let led_here = office.practice().authorize(&office.browser, &[("prompt", prompt)]).await;
        let page = sign_in(&office.browser, &led_here, ADA).await;
        assert!(is_consent_page(&page), "{page:?}");
        assert!(decide(&office.browser, &page, "allow").await.parameter("code").is_some());
    }
}

/// A14
#[tokio::test]
async fn a_proof_older_than_max_age_has_to_be_renewed() {
    let office = Office::open().await;
    let practice = office.practice();
    let before = office.app.app.clock.now().unix_timestamp();
    office.app.advance(Duration::minutes(10));
    for enough in ["600", "601", "86400", "99999999999"] {
        let answer = practice.authorize(&office.browser, &[("max_age", enough)]).await;
        assert_eq!(id_token(&practice, &answer).await["auth_time"], before, "max_age={enough}");
    }
    for too_old in ["0", "1", "599"] {
        let led_here = practice.authorize(&office.browser, &[("max_age", too_old)]).await;
        assert!(asks_to_sign_in(&led_here), "max_age={too_old}: {led_here:?}");
    }
    let led_here = practice.authorize(&office.browser, &[("max_age", "599")]).await;
    let after = id_token(&practice, &sign_in(&office.browser, &led_here, ADA).await).await;
    assert_eq!(after["auth_time"].as_i64().unwrap() - before, 600);
}

/// A14: `max_age=0` is `prompt=login` by another name, and the sign-in it asked for satisfies it even
/// when the person takes a while afterwards.
#[tokio::test]
async fn max_age_zero_is_satisfied_by_the_sign_in_it_led_to() {
    let office = Office::open().await;
    office.app.advance(Duration::seconds(1));
    let practice = office.practice();
    let led_here = practice.authorize(&office.browser, &[("max_age", "0")]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let fields = [("attempt", attempt.as_str()), ("email", ADA), ("password", crate::support::PASSWORD)];
    office.browser.post("/login", &fields).await;
    office.app.advance(Duration::seconds(20));
    let answer = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
}

/// Checklist 8, Core §3.1.3.7: what is answered late is still as young as the application wanted it.
#[tokio::test]
async fn a_page_that_is_left_open_makes_no_old_proof_young() {
    let office = Office::open().await;
    office.app.advance(Duration::minutes(2));
    let practice = office.practice();
    for (more, minutes, enough) in [
        (("max_age", "60"), 4, true),
        (("max_age", "60"), 25, false),
        (("max_age", "0"), 25, false),
        (("max_age", "3600"), 25, true),
    ] {
        let led_here = practice.authorize(&office.browser, &[more, ("prompt", "login consent")]).await;
        let page = sign_in(&office.browser, &led_here, ADA).await;
        office.app.advance(Duration::minutes(minutes));
        let answer = decide(&office.browser, &page, "allow").await;
        let answer = if answer.status == 303 && answer.location().contains("/oidc/authorize/resume") {
            office.browser.get(&answer.location()).await
        } else {
            answer
        };
        assert_eq!(
            answer.parameter("code").is_some(),
            enough,
            "{more:?} after {minutes} minutes: {answer:?}"
        );
        assert_eq!(asks_to_sign_in(&answer), !enough, "{more:?} after {minutes} minutes");
    }
}

/// OIDC Core §3.1.2.1: a hint, for convenience.
#[tokio::test]
async fn login_hint_fills_in_the_address_and_decides_nothing() {
    let office = Office::open().await;
    let nobody = office.app.browser();
    let led_here = office.practice().authorize(&nobody, &[("login_hint", "\"><b>grace@example.org")]).await;
    let page = nobody.get(&led_here.location()).await;
    assert!(page.body.contains("grace@example.org") && !page.body.contains("<b>grace"), "{}", page.body);
    assert!(sign_in(&nobody, &led_here, ADA).await.parameter("code").is_some());
}

/// Checklist 8, A13: whoever may only add a way in is nobody yet, and is shown nothing either.
#[tokio::test]
async fn prompt_none_shows_nothing_in_a_limited_session() {
    let office = Office::open().await;
    let (desk, host) = (office.app.office(), AdminActor::of_the_host());
    let made = access::make_link(&desk, &host, (office.ada.id, 15)).await.unwrap().unwrap();
    let Made::OnTheHost(token) = made else { panic!("the host mails no link") };
    let browser = office.app.browser();
    browser.post("/login/access", &[("token", token.expose())]).await;
    let practice = office.practice();
    let answer = practice.authorize(&browser, &[("prompt", "none")]).await;
    super::assert_redirected_error(&answer, &practice, "login_required");
}
