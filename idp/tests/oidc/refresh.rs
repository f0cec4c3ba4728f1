//! The grant `refresh_token`: C4 to C8, checklist 18, security §5.

use futures_util::future::join_all;
use serde_json::Value;
use time::Duration;

use super::{Office, assert_token_error, part, text, tokens_with_consent, verified};
use crate::support::Application;

const OFFLINE: &[(&str, &str)] = &[("scope", "openid profile email offline_access"), ("prompt", "consent")];

/// Refreshes, which must work, and returns the answer.
async fn refreshed(client: &Application, tokens: &Value) -> Value {
    let answer = client.refresh(text(tokens, "refresh_token")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn assert_spent(client: &Application, tokens: &Value) {
    assert_token_error(&client.refresh(text(tokens, "refresh_token")).await, 400, "invalid_grant");
}

/// C4
#[tokio::test]
async fn the_token_of_a_public_client_is_rotated() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let first = calendar.tokens(&office.browser, &[]).await;
    let second = refreshed(&calendar, &first).await;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let third = refreshed(&calendar, &second).await;
    assert_ne!(second["refresh_token"], third["refresh_token"]);
}

/// C5: a lost response must not log anybody out.
#[tokio::test]
async fn the_token_of_a_confidential_client_stays() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    for _ in 0..3 {
        let again = refreshed(&practice, &tokens).await;
        assert_eq!(tokens["refresh_token"], again["refresh_token"]);
        office.app.advance(Duration::minutes(5));
    }
}

/// Security §5: idempotent for ten seconds.
#[tokio::test]
async fn a_lost_answer_is_given_again_for_ten_seconds() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let first = calendar.tokens(&office.browser, &[]).await;
    let second = refreshed(&calendar, &first).await;
    for _ in 0..2 {
        office.app.advance(Duration::seconds(5));
        let again = refreshed(&calendar, &first).await;
        assert_eq!(second["refresh_token"], again["refresh_token"], "the same successor, not a second one");
    }
    refreshed(&calendar, &second).await;
}

/// T8: how long ago something was that a clock wrote down which was ahead, nobody knows.
#[tokio::test]
async fn a_token_of_a_moment_that_is_to_come_is_spent() {
    for column in ["created_at", "last_used_at"] {
        let office = Office::open().await;
        let practice = office.practice();
        let tokens = tokens_with_consent(&practice, &office.browser, OFFLINE).await;
        refreshed(&practice, &tokens).await;
        office.app.sql(&format!("UPDATE refresh_token SET {column} = {column} + 3600000")).await;
        assert_spent(&practice, &tokens).await;
        let token = [("token", text(&tokens, "refresh_token"))];
        assert_eq!(practice.call("/oidc/introspect", &token).await.json()["active"], false, "{column}");
    }
}

/// T8: to a node whose clock is behind, a retry of a moment ago is no sign of theft.
#[tokio::test]
async fn a_token_that_was_rotated_by_a_clock_that_is_ahead_is_refused_and_nothing_more() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let first = calendar.tokens(&office.browser, &[]).await;
    let second = refreshed(&calendar, &first).await;
    office.app.sql("UPDATE refresh_token SET rotated_at = rotated_at + 120000").await;
    assert_spent(&calendar, &first).await;
    refreshed(&calendar, &second).await;
}

/// C4: reuse after the grace revokes the family: the thief's token and the owner's.
#[tokio::test]
async fn a_rotated_token_used_later_revokes_its_family() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let first = calendar.tokens(&office.browser, &[]).await;
    let second = refreshed(&calendar, &first).await;
    let third = refreshed(&calendar, &second).await;
    office.app.advance(Duration::seconds(11));
    assert_spent(&calendar, &first).await;
    assert_spent(&calendar, &third).await;
    assert_spent(&calendar, &second).await;
    assert_eq!(calendar.userinfo(text(&third, "access_token")).await.status, 401);
    let records = idp::store::audit::after(&office.app.app.store, 0, 100).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.kind == "refresh-token-replayed").count(), 1);
}

/// C4: a rotated token never becomes harmless while its family lives, however old it is.
#[tokio::test]
async fn a_rotated_token_used_weeks_later_revokes_its_family() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let first = tokens_with_consent(&calendar, &office.browser, OFFLINE).await;
    let mut newest = refreshed(&calendar, &first).await;
    for _ in 0..2 {
        office.app.advance(Duration::days(8));
        newest = refreshed(&calendar, &newest).await;
    }
    assert_spent(&calendar, &first).await;
    assert_spent(&calendar, &newest).await;
}

/// C4: other grants of the same person and client go on.
#[tokio::test]
async fn only_the_family_is_revoked() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let other = calendar.tokens(&office.browser, &[]).await;
    let first = calendar.tokens(&office.browser, &[]).await;
    refreshed(&calendar, &first).await;
    office.app.advance(Duration::seconds(11));
    assert_spent(&calendar, &first).await;
    refreshed(&calendar, &other).await;
}

/// T20: whatever the interleaving, one family goes on, and nobody is logged out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_refreshes_at_once_give_one_successor() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let first = calendar.tokens(&office.browser, &[]).await;
    let answers = join_all((0..20).map(|_| calendar.refresh(text(&first, "refresh_token")))).await;
    let mut successors: Vec<String> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.body);
            text(&answer.json(), "refresh_token").to_owned()
        })
        .collect();
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_eq!(calendar.refresh(&successors[0]).await.status, 200);
}

/// T20: for a confidential client as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_refreshes_of_a_confidential_client_at_once_all_succeed() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let answers = join_all((0..20).map(|_| practice.refresh(text(&tokens, "refresh_token")))).await;
    assert!(answers.iter().all(|answer| answer.json()["refresh_token"] == tokens["refresh_token"]));
}

/// C8: 14 days by default.
#[tokio::test]
async fn a_token_that_is_not_used_for_two_weeks_is_spent() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = tokens_with_consent(&practice, &office.browser, OFFLINE).await;
    office.app.advance(Duration::days(13));
    refreshed(&practice, &tokens).await;
    office.app.advance(Duration::days(13));
    refreshed(&practice, &tokens).await;
    office.app.advance(Duration::days(14));
    assert_spent(&practice, &tokens).await;
}

/// C8: 90 days by default, however often it is used; rotation does not prolong it.
#[tokio::test]
async fn no_token_outlives_ninety_days() {
    let office = Office::open().await;
    let (practice, calendar) = (office.practice(), office.calendar());
    let kept = tokens_with_consent(&practice, &office.browser, OFFLINE).await;
    let mut rotated = tokens_with_consent(&calendar, &office.browser, OFFLINE).await;
    for _ in 0..8 {
        office.app.advance(Duration::days(11));
        refreshed(&practice, &kept).await;
        rotated = refreshed(&calendar, &rotated).await;
    }
    office.app.advance(Duration::days(2));
    assert_spent(&practice, &kept).await;
    assert_spent(&calendar, &rotated).await;
}

/// C8
#[tokio::test]
async fn without_offline_access_a_token_ends_with_its_session() {
    let office = Office::open().await;
    let (practice, calendar) = (office.practice(), office.calendar());
    let (kept, rotated) =
        (practice.tokens(&office.browser, &[]).await, calendar.tokens(&office.browser, &[]).await);
    office.log_out().await;
    assert_spent(&practice, &kept).await;
    assert_spent(&calendar, &rotated).await;
}

/// C8: also when the session ends by itself.
#[tokio::test]
async fn without_offline_access_a_token_ends_when_its_session_idles_out() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    office.app.advance(Duration::minutes(61));
    assert_spent(&practice, &tokens).await;
}

/// J2: an application that refreshes keeps the session from idling, and never past its absolute end.
#[tokio::test]
async fn refreshing_does_not_make_a_session_immortal() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    for _ in 0..29 {
        office.app.advance(Duration::minutes(49));
        refreshed(&practice, &tokens).await;
    }
    office.app.advance(Duration::minutes(49));
    assert_spent(&practice, &tokens).await;
    assert!(!office.browser.is_signed_in().await);
}

/// C8, OIDC Core §11
#[tokio::test]
async fn with_offline_access_a_token_outlives_its_session() {
    let office = Office::open().await;
    let (practice, calendar) = (office.practice(), office.calendar());
    let kept = tokens_with_consent(&practice, &office.browser, OFFLINE).await;
    let rotated = tokens_with_consent(&calendar, &office.browser, OFFLINE).await;
    office.log_out().await;
    assert_eq!(practice.userinfo(text(&refreshed(&practice, &kept).await, "access_token")).await.status, 200);
    refreshed(&calendar, &rotated).await;
}

/// Checklist 18, OIDC Core §11: without `prompt=consent` (or a consent that is remembered) the request
/// for offline access is ignored.
#[tokio::test]
async fn offline_access_needs_the_consent_of_the_person() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[("scope", "openid offline_access")]).await;
    assert_eq!(tokens["scope"], "openid", "nobody was asked");
    office.log_out().await;
    assert_spent(&practice, &tokens).await;
}

/// Checklist 18: where people are asked anyhow, `prompt` adds nothing; and what was remembered counts.
#[tokio::test]
async fn offline_access_is_given_where_the_person_was_asked() {
    let office = Office::open().await;
    let scope = ("scope", "openid offline_access");
    let phone = tokens_with_consent(&office.phone(), &office.browser, &[scope]).await;
    let careful = tokens_with_consent(&office.careful(), &office.browser, &[scope]).await;
    let remembered = office.careful().tokens(&office.browser, &[scope]).await;
    for tokens in [&phone, &careful, &remembered] {
        assert_eq!(tokens["scope"], "offline_access openid");
    }
    office.log_out().await;
    for (client, tokens) in
        [(office.phone(), phone), (office.careful(), careful), (office.careful(), remembered)]
    {
        refreshed(&client, &tokens).await;
    }
}

/// C7: fewer scopes for one access token; the grant keeps what it has.
#[tokio::test]
async fn a_refresh_may_ask_for_fewer_scopes() {
    let office = Office::open().await;
    for client in [office.practice(), office.calendar()] {
        let tokens = client.tokens(&office.browser, &[]).await;
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&tokens, "refresh_token")),
            ("scope", "openid email"),
        ];
        let narrow = client.token(&fields).await.json();
        assert_eq!(narrow["scope"], "email openid");
        let claims = client.userinfo(text(&narrow, "access_token")).await.json();
        assert!(claims.get("email").is_some() && claims.get("given_name").is_none(), "{claims}");
        assert_eq!(refreshed(&client, &narrow).await["scope"], "email openid profile");
    }
}

/// C7
#[tokio::test]
async fn a_refresh_never_widens_the_scopes() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[("scope", "openid profile")]).await;
    for scope in ["openid profile email", "openid offline_access", "openid admin", "openid \"", "email"] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&tokens, "refresh_token")),
            ("scope", scope),
        ];
        assert_token_error(&practice.token(&fields).await, 400, "invalid_scope");
    }
    assert_eq!(refreshed(&practice, &tokens).await["scope"], "openid profile");
}

/// C7, checklist 18: what a refused scope must not do is spend a public client's token.
#[tokio::test]
async fn a_refused_scope_spends_nothing() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let tokens = calendar.tokens(&office.browser, &[("scope", "openid")]).await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("scope", "openid email"),
    ];
    assert_token_error(&calendar.token(&fields).await, 400, "invalid_scope");
    office.app.advance(Duration::seconds(11));
    refreshed(&calendar, &tokens).await;
}

/// C7, checklist 18
#[tokio::test]
async fn a_refreshed_id_token_is_about_the_first_sign_in() {
    let office = Office::open().await;
    let (_, mut passkey) = office.app.person_with_passkey("grace@example.org").await;
    let browser = office.app.browser();
    browser.log_in_with_passkey(&mut passkey).await;
    for client in [office.practice(), office.calendar()] {
        let tokens = client.tokens(&browser, &[]).await;
        office.app.advance(Duration::minutes(10));
        let again = refreshed(&client, &tokens).await;
        let (first, second) =
            (part(text(&tokens, "id_token"), 1), verified(&client, text(&again, "id_token")).await);
        for claim in ["iss", "sub", "aud", "auth_time", "acr", "amr", "sid", "azp"] {
            assert_eq!(first[claim], second[claim], "{claim}");
        }
        assert_eq!(second["acr"], "phr");
        assert!(second["iat"].as_i64().unwrap() > first["iat"].as_i64().unwrap());
        assert!(second["exp"].as_i64().unwrap() > first["exp"].as_i64().unwrap());
        let access = part(text(&again, "access_token"), 1);
        assert_eq!((&access["auth_time"], &access["acr"]), (&first["auth_time"], &first["acr"]));
    }
}

/// C7: a stronger sign-in later does not raise what an older grant says.
#[tokio::test]
async fn signing_in_again_does_not_move_the_auth_time_of_an_older_grant() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    office.app.advance(Duration::minutes(10));
    let led_here = practice.authorize(&office.browser, &[("prompt", "login")]).await;
    super::sign_in(&office.browser, &led_here, super::ADA).await;
    let again = refreshed(&practice, &tokens).await;
    assert_eq!(
        part(text(&tokens, "id_token"), 1)["auth_time"],
        part(text(&again, "id_token"), 1)["auth_time"]
    );
}

/// C6
#[tokio::test]
async fn somebody_disabled_gets_nothing_more() {
    let office = Office::open().await;
    let (practice, calendar) = (office.practice(), office.calendar());
    let kept = tokens_with_consent(&practice, &office.browser, OFFLINE).await;
    let rotated = calendar.tokens(&office.browser, &[]).await;
    office.app.disable_person(office.ada.id).await;
    assert_spent(&practice, &kept).await;
    assert_spent(&calendar, &rotated).await;
}

/// C6
#[tokio::test]
async fn a_disabled_client_gets_nothing_more() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    super::disable_client(&office.app, "practice").await;
    assert_token_error(&practice.refresh(text(&tokens, "refresh_token")).await, 401, "invalid_client");
}

/// C6: consent that was taken back.
#[tokio::test]
async fn a_withdrawn_consent_ends_the_token() {
    let office = Office::open().await;
    let careful = office.careful();
    let tokens = tokens_with_consent(&careful, &office.browser, &[]).await;
    refreshed(&careful, &tokens).await;
    office.app.sql("DELETE FROM consent").await;
    assert_spent(&careful, &tokens).await;
}

/// Checklist 18: bound to the client.
#[tokio::test]
async fn a_token_is_nothing_to_another_client() {
    let office = Office::open().await;
    let (practice, calendar) = (office.practice(), office.calendar());
    let of_practice = practice.tokens(&office.browser, &[]).await;
    let of_calendar = calendar.tokens(&office.browser, &[]).await;
    assert_spent(&calendar, &of_practice).await;
    assert_spent(&practice, &of_calendar).await;
    refreshed(&practice, &of_practice).await;
    refreshed(&calendar, &of_calendar).await;
}

#[tokio::test]
async fn other_secrets_of_ours_are_no_refresh_tokens() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let refresh = text(&tokens, "refresh_token");
    let code = practice.code(&office.browser, &[]).await;
    for other in [
        text(&tokens, "access_token"),
        text(&tokens, "id_token"),
        &code,
        &code.replace("idp_co_", "idp_rt_"),
        &refresh[..refresh.len() - 1],
        &format!("{refresh}x"),
        &format!(" {refresh}"),
        "idp_rt_",
        "x",
    ] {
        assert_token_error(&practice.refresh(other).await, 400, "invalid_grant");
    }
}

/// Checklist 17: the answer to a refresh is a token response like any other.
#[tokio::test]
async fn a_refresh_is_answered_like_a_code() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let answer = practice.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(
        (answer.header("cache-control"), answer.header("content-type")),
        ("no-store", "application/json")
    );
    let json = answer.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &300.into()));
    assert_eq!(practice.userinfo(text(&json, "access_token")).await.status, 200);
}

/// OIDC Core §12.2: a nonce in the new ID token, if any, is the first one.
#[tokio::test]
async fn a_refreshed_id_token_has_no_other_nonce() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let claims = part(text(&refreshed(&practice, &tokens).await, "id_token"), 1);
    assert!(claims.get("nonce").is_none_or(|nonce| nonce == "the nonce"), "{claims}");
}
