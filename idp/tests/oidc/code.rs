//! Authorization codes: security §2.4, A8, A9, checklist 16.

use futures_util::future::join_all;
use time::Duration;

use super::{Office, assert_token_error, redemption_with, text, token_by_post};

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    assert_eq!(practice.redeem(&code).await.status, 200);
    assert_token_error(&practice.redeem(&code).await, 400, "invalid_grant");
}

/// T20: a barrier of 32 tasks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_redemptions_at_once_exactly_one_succeeds() {
    let office = Office::open().await;
    for client in [office.practice(), office.calendar()] {
        let code = client.code(&office.browser, &[]).await;
        let answers = join_all((0..32).map(|_| client.redeem(&code))).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            assert_token_error(lost, 400, "invalid_grant");
        }
    }
}

/// A9: the case that revocation is for: a thief and the client at the same moment. Whoever of them won,
/// a second use was seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_redemptions_at_once_neither_keeps_its_tokens() {
    let office = Office::open().await;
    let practice = office.practice();
    let mut kept = 0;
    for _ in 0..20 {
        let code = practice.code(&office.browser, &[]).await;
        let answers = join_all([practice.redeem(&code), practice.redeem(&code)]).await;
        let won = answers.iter().find(|answer| answer.status == 200).unwrap().json();
        kept += usize::from(practice.refresh(text(&won, "refresh_token")).await.status == 200);
    }
    assert_eq!(kept, 0, "of 20 times");
}

/// A9, checklist 16: at once, after half a minute, and when the code is long gone.
#[tokio::test]
async fn using_a_code_again_revokes_what_it_gave() {
    let office = Office::open().await;
    for later in [Duration::ZERO, Duration::seconds(30), Duration::minutes(3)] {
        let practice = office.practice();
        let code = practice.code(&office.browser, &[]).await;
        let tokens = practice.redeem(&code).await.json();
        let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
        assert_eq!(practice.userinfo(access).await.status, 200);
        office.app.advance(later);
        assert_token_error(&practice.redeem(&code).await, 400, "invalid_grant");
        assert_token_error(&practice.refresh(refresh).await, 400, "invalid_grant");
        assert_eq!(practice.userinfo(access).await.status, 401);
    }
}

/// A9: what a rotation made of the refresh token ends, too.
#[tokio::test]
async fn using_a_code_again_revokes_rotated_tokens_too() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let code = calendar.code(&office.browser, &[]).await;
    let first = calendar.redeem(&code).await.json();
    let second = calendar.refresh(text(&first, "refresh_token")).await.json();
    assert_token_error(&calendar.redeem(&code).await, 400, "invalid_grant");
    assert_token_error(&calendar.refresh(text(&second, "refresh_token")).await, 400, "invalid_grant");
    assert_eq!(calendar.userinfo(text(&second, "access_token")).await.status, 401);
}

/// A9: somebody's other grants are not touched.
#[tokio::test]
async fn using_a_code_again_revokes_nothing_else() {
    let office = Office::open().await;
    let practice = office.practice();
    let other = practice.tokens(&office.browser, &[]).await;
    let code = practice.code(&office.browser, &[]).await;
    practice.redeem(&code).await;
    practice.redeem(&code).await;
    assert_eq!(practice.refresh(text(&other, "refresh_token")).await.status, 200);
    assert!(office.browser.is_signed_in().await);
}

/// M8
#[tokio::test]
async fn a_code_used_again_is_on_record() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    for _ in 0..3 {
        practice.redeem(&code).await;
    }
    let records = idp::store::audit::after(&office.app.app.store, 0, 100).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.kind == "code-replayed").count(), 1);
}

/// §2.4: wrong client alone.
#[tokio::test]
async fn a_code_is_nothing_to_another_client() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let fields = practice.redemption(&code);
    assert_token_error(&token_by_post(&office.pharmacy(), &fields).await, 400, "invalid_grant");
    let code = practice.code(&office.browser, &[]).await;
    assert_token_error(&office.calendar().token(&practice.redemption(&code)).await, 400, "invalid_grant");
    let code = office.calendar().code(&office.browser, &[]).await;
    let calendar = office.calendar();
    assert_token_error(&practice.token(&calendar.redemption(&code)).await, 400, "invalid_grant");
}

/// §2.4: expired alone; A8: at most 60 seconds.
#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    office.app.advance(Duration::seconds(59));
    assert_eq!(practice.redeem(&code).await.status, 200);
    let code = practice.code(&office.browser, &[]).await;
    office.app.advance(Duration::seconds(61));
    assert_token_error(&practice.redeem(&code).await, 400, "invalid_grant");
}

/// §2.4: both.
#[tokio::test]
async fn an_expired_code_of_another_client_is_nothing() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    office.app.advance(Duration::seconds(61));
    let answer = token_by_post(&office.pharmacy(), &practice.redemption(&code)).await;
    assert_token_error(&answer, 400, "invalid_grant");
}

/// §2.4: an id from one store never works in another.
#[tokio::test]
async fn other_secrets_of_ours_are_no_codes() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let led_here = practice.authorize(&office.app.browser(), &[]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let code = practice.code(&office.browser, &[]).await;
    let (shorter, longer) = (&code[..code.len() - 1], format!("{code}x"));
    let renamed = text(&tokens, "refresh_token").replace("idp_rt_", "idp_co_");
    for other in [
        text(&tokens, "refresh_token"),
        text(&tokens, "access_token"),
        text(&tokens, "id_token"),
        &attempt,
        &renamed,
        shorter,
        &longer,
        &code.to_uppercase(),
        &format!(" {code}"),
        &format!("{code} "),
        "idp_co_",
        "x",
    ] {
        let fields = redemption_with(&practice, other, ("", ""));
        assert_token_error(&practice.token(&fields).await, 400, "invalid_grant");
    }
    assert_eq!(practice.redeem(&code).await.status, 200, "none of this touched the code itself");
}

/// A code is no refresh token, and no access token either.
#[tokio::test]
async fn a_code_is_nothing_but_a_code() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    assert_token_error(&practice.refresh(&code).await, 400, "invalid_grant");
    assert_eq!(practice.userinfo(&code).await.status, 401);
    assert_eq!(practice.redeem(&code).await.status, 200);
}

/// A8: bound to the session in which it was made.
#[tokio::test]
async fn a_code_dies_with_its_session() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[("scope", "openid offline_access")]).await;
    office.log_out().await;
    assert_token_error(&practice.redeem(&code).await, 400, "invalid_grant");
}
