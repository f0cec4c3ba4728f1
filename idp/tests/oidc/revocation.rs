//! Revocation: C17, A12, RFC 7009.

use time::Duration;

use super::{Office, assert_token_error, forgeries, form, text};
use crate::support::{Answer, Application};

async fn revoke(client: &Application, token: &str) -> Answer {
    client.call("/oidc/revoke", &[("token", token)]).await
}

#[track_caller]
fn assert_done(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// C17: with everything that came from the same grant, whatever the hint says.
#[tokio::test]
async fn a_revoked_refresh_token_ends_its_access_tokens() {
    let office = Office::open().await;
    for client in [office.practice(), office.calendar()] {
        let tokens = client.tokens(&office.browser, &[]).await;
        let other = client.tokens(&office.browser, &[]).await;
        let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
        assert_eq!(client.userinfo(access).await.status, 200);
        let hinted = [("token", refresh), ("token_type_hint", "access_token")];
        assert_done(&client.call("/oidc/revoke", &hinted).await);
        assert_token_error(&client.refresh(refresh).await, 400, "invalid_grant");
        assert_eq!(client.userinfo(access).await.status, 401);
        assert_eq!(client.userinfo(text(&other, "access_token")).await.status, 200, "another grant goes on");
        assert_done(&revoke(&client, refresh).await);
    }
    assert!(office.browser.is_signed_in().await, "the log-in goes on");
    let trail = office.app.trail(office.ada.id).await;
    assert_eq!(trail.iter().filter(|kind| *kind == "tokens-revoked").count(), 2, "{trail:?}");
}

/// RFC 7009 §2: an access token ends alone.
#[tokio::test]
async fn a_revoked_access_token_ends_and_its_refresh_token_does_not() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let access = text(&tokens, "access_token");
    assert_done(&revoke(&practice, access).await);
    assert_eq!(practice.userinfo(access).await.status, 401);
    assert_done(&revoke(&practice, access).await);
    let refreshed = practice.refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(practice.userinfo(text(&refreshed, "access_token")).await.status, 200);
    let own = office.slots().token(&[("grant_type", "client_credentials")]).await.json();
    assert_done(&revoke(&office.slots(), text(&own, "access_token")).await);
    let asked =
        office.slots().call("/oidc/introspect", &[("token", text(&own, "access_token"))]).await.json();
    assert_eq!(asked["active"], false);
}

/// T8: where the clock is behind, a token is not good yet; revoked there, it is not good anywhere.
#[tokio::test]
async fn a_token_is_revoked_also_by_a_clock_that_is_behind() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let other = practice.tokens(&office.browser, &[]).await;
    let (access, goes_on) = (text(&tokens, "access_token"), text(&other, "access_token"));
    office.app.advance(-Duration::minutes(2));
    assert_eq!(practice.userinfo(access).await.status, 401);
    assert_done(&revoke(&practice, access).await);
    office.app.advance(Duration::minutes(2));
    assert_eq!(practice.userinfo(goes_on).await.status, 200);
    assert_eq!(practice.userinfo(access).await.status, 401);
}

/// C17, RFC 7009 §2.2: what nobody knows is as good as revoked.
#[tokio::test]
async fn an_unknown_token_is_as_good_as_revoked() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let mut unknown = forgeries(text(&tokens, "access_token"));
    unknown.push("x".to_owned());
    unknown.push(format!("idp_rt_{}000000", "a".repeat(43)));
    unknown.push(text(&tokens, "id_token").to_owned());
    for token in unknown {
        assert_done(&revoke(&practice, &token).await);
    }
    assert_eq!(practice.userinfo(text(&tokens, "access_token")).await.status, 200);
}

/// C17: another client's token stays.
#[tokio::test]
async fn another_clients_token_is_refused() {
    let office = Office::open().await;
    let tokens = office.practice().tokens(&office.browser, &[]).await;
    for name in ["access_token", "refresh_token"] {
        let answer = revoke(&office.calendar(), text(&tokens, name)).await;
        assert_token_error(&answer, 400, "invalid_grant");
    }
    assert_eq!(office.practice().userinfo(text(&tokens, "access_token")).await.status, 200);
    assert_eq!(office.practice().refresh(text(&tokens, "refresh_token")).await.status, 200);
}

/// A12, C10, C13: as at the token endpoint.
#[tokio::test]
async fn the_client_authenticates_as_at_the_token_endpoint() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let token = ("token", text(&tokens, "refresh_token"));
    let post = async |fields: &[(&str, &str)]| practice.post("/oidc/revoke", &[], &form(fields)).await;
    assert_token_error(&post(&[token]).await, 400, "invalid_request");
    assert_token_error(&post(&[token, ("client_id", "practice")]).await, 401, "invalid_client");
    let wrong = [token, ("client_id", "practice"), ("client_secret", "wrong")];
    assert_token_error(&post(&wrong).await, 401, "invalid_client");
    assert_token_error(&practice.call("/oidc/revoke", &[]).await, 400, "invalid_request");
    assert_token_error(&practice.call("/oidc/revoke", &[token, token]).await, 400, "invalid_request");
    assert_eq!(practice.refresh(token.1).await.status, 200);
}
