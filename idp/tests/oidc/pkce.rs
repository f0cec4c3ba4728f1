//! PKCE: security §2.3, A6, A7. The matrix of challenge {absent, plain, S256} and verifier {absent,
//! wrong, right}.

use super::{Office, assert_redirected_error, assert_token_error, redemption_with, token_by_post};
use crate::support::Application;
use crate::support::client::VERIFIER;

const WRONG: &str = "wrong-but-well-formed-verifier-of-43-letters";

/// The first two rows: without S256 there is no code, for any kind of client, so no verifier is ever
/// asked for.
#[tokio::test]
async fn a_request_without_s256_is_refused_for_every_client() {
    let office = Office::open().await;
    for client in [office.practice(), office.pharmacy(), office.calendar(), office.careful(), office.narrow()]
    {
        for changes in [
            &[("code_challenge", ""), ("code_challenge_method", "")][..],
            &[("code_challenge", "")],
            &[("code_challenge_method", "")],
            &[("code_challenge_method", "plain"), ("code_challenge", VERIFIER)],
            &[("code_challenge_method", "plain")],
        ] {
            let answer = client.authorize(&office.browser, changes).await;
            assert_redirected_error(&answer, &client, "invalid_request");
        }
    }
}

async fn redeem_with(office: &Office, client: &Application, verifier: &str) -> crate::support::Answer {
    let code = client.code(&office.browser, &[]).await;
    let fields = redemption_with(client, &code, ("code_verifier", verifier));
    if client.client_id == "pharmacy" {
        token_by_post(client, &fields).await
    } else {
        client.token(&fields).await
    }
}

#[tokio::test]
async fn without_a_verifier_no_code_is_redeemed() {
    let office = Office::open().await;
    for client in [office.practice(), office.pharmacy(), office.calendar()] {
        let answer = redeem_with(&office, &client, "").await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(["invalid_request", "invalid_grant"].contains(&answer.json()["error"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_wrong_verifier_redeems_no_code() {
    let office = Office::open().await;
    let challenge = Application::challenge();
    let (padded, upper) = (format!("{VERIFIER}="), VERIFIER.to_uppercase());
    let long = "a".repeat(129);
    for client in [office.practice(), office.pharmacy(), office.calendar()] {
        for wrong in [WRONG, &challenge, &padded, &upper, &VERIFIER[..42], " ", "\u{e4}", &long] {
            assert_token_error(&redeem_with(&office, &client, wrong).await, 400, "invalid_grant");
        }
    }
}

#[tokio::test]
async fn the_right_verifier_redeems_the_code() {
    let office = Office::open().await;
    for client in [office.practice(), office.pharmacy(), office.calendar()] {
        assert_eq!(redeem_with(&office, &client, VERIFIER).await.status, 200);
    }
}

/// A7: a verifier is never optional, also for a client with a secret.
#[tokio::test]
async fn a_wrong_guess_spends_the_code() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let guess = practice.token(&redemption_with(&practice, &code, ("code_verifier", WRONG))).await;
    assert_token_error(&guess, 400, "invalid_grant");
    assert_token_error(&practice.redeem(&code).await, 400, "invalid_grant");
}

/// A challenge and verifier of another request do not help.
#[tokio::test]
async fn a_code_is_bound_to_the_challenge_of_its_own_request() {
    let office = Office::open().await;
    let practice = office.practice();
    let others = idp::crypto::base64url::encode(idp::crypto::sha256(WRONG.as_bytes()));
    let mine = practice.code(&office.browser, &[]).await;
    let theirs = practice.code(&office.browser, &[("code_challenge", &others)]).await;
    assert_token_error(&practice.redeem(&theirs).await, 400, "invalid_grant");
    let swapped = practice.token(&redemption_with(&practice, &mine, ("code_verifier", WRONG))).await;
    assert_token_error(&swapped, 400, "invalid_grant");
}
