//! Client authentication at the token endpoint: C10, C13, checklist 15.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Office, SECRET, assert_token_error, form};
use crate::support::client::basic_auth;
use crate::support::{Answer, Application};

/// A redemption of this code, authenticated exactly as given and in no other way.
async fn redeem(
    client: &Application,
    code: &str,
    headers: &[(&str, &str)],
    fields: &[(&str, &str)],
) -> Answer {
    let fields: Vec<_> = client.redemption(code).into_iter().chain(fields.iter().copied()).collect();
    client.post("/oidc/token", headers, &form(&fields)).await
}

/// Authenticates in every way there is and says which are accepted: basic, post, none.
async fn accepted(office: &Office, client: &Application) -> [bool; 3] {
    let id = client.client_id.as_str();
    let basic = basic_auth(id, SECRET);
    let mut accepted = [false; 3];
    for (way, accepted) in accepted.iter_mut().enumerate() {
        let code = client.code(&office.browser, &[]).await;
        let answer = match way {
            0 => redeem(client, &code, &[("authorization", &basic)], &[]).await,
            1 => redeem(client, &code, &[], &[("client_id", id), ("client_secret", SECRET)]).await,
            _ => redeem(client, &code, &[], &[("client_id", id)]).await,
        };
        *accepted = answer.status == 200;
        if !*accepted {
            assert_token_error(&answer, 401, "invalid_client");
        }
    }
    accepted
}

/// C13
#[tokio::test]
async fn only_the_registered_method_is_accepted() {
    let office = Office::open().await;
    assert_eq!(accepted(&office, &office.practice()).await, [true, false, false]);
    assert_eq!(accepted(&office, &office.pharmacy()).await, [false, true, false]);
    assert_eq!(accepted(&office, &office.calendar()).await, [false, false, true]);
}

/// C13, RFC 6749 §2.3
#[tokio::test]
async fn two_methods_at_once_are_refused() {
    let office = Office::open().await;
    let basic = basic_auth("practice", SECRET);
    for client in [office.practice(), office.pharmacy()] {
        let basic_of = basic_auth(&client.client_id, SECRET);
        let code = client.code(&office.browser, &[]).await;
        let fields = [("client_id", client.client_id.as_str()), ("client_secret", SECRET)];
        let answer = redeem(&client, &code, &[("authorization", &basic_of)], &fields).await;
        assert_token_error(&answer, 400, "invalid_request");
    }
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let twice = [("authorization", basic.as_str()), ("authorization", basic.as_str())];
    assert_token_error(&redeem(&practice, &code, &twice, &[]).await, 400, "invalid_request");
    assert_eq!(practice.redeem(&code).await.status, 200, "and the code is not spent");
}

#[tokio::test]
async fn the_client_may_be_named_twice_if_it_is_the_same() {
    let office = Office::open().await;
    let practice = office.practice();
    let basic = basic_auth("practice", SECRET);
    let code = practice.code(&office.browser, &[]).await;
    let other = redeem(&practice, &code, &[("authorization", &basic)], &[("client_id", "pharmacy")]).await;
    assert_token_error(&other, 400, "invalid_request");
    let same = redeem(&practice, &code, &[("authorization", &basic)], &[("client_id", "practice")]).await;
    assert_eq!(same.status, 200);
}

/// C13, checklist 15, RFC 6749 §2.3.1: encoded, and decoded once.
#[tokio::test]
async fn basic_credentials_are_form_url_decoded_exactly_once() {
    let secret = "a+b c%20d:e=f&g%2Bh-and-32-chars";
    let office = Office::with(&format!(
        "[[clients]]\nid = \"odd.client_~-1\"\nname = \"Odd\"\ntype = \"web\"\nsecret = \"{secret}\"\n\
         redirect_uris = [\"https://odd.example.org/cb\"]\n"
    ))
    .await;
    let odd = Application::new(&office.app, "odd.client_~-1", Some(secret), "https://odd.example.org/cb");
    odd.tokens(&office.browser, &[]).await;
    let raw = format!("Basic {}", STANDARD.encode(format!("odd.client_~-1:{secret}")));
    let twice = basic_auth("odd.client_~-1", &serde_urlencoded::to_string([("", secret)]).unwrap()[1..]);
    for wrong in [raw, twice] {
        let code = odd.code(&office.browser, &[]).await;
        assert_token_error(
            &redeem(&odd, &code, &[("authorization", &wrong)], &[]).await,
            401,
            "invalid_client",
        );
    }
}

/// C10: who only guesses learns nothing about which clients exist or how they authenticate.
#[tokio::test]
async fn unknown_clients_wrong_secrets_and_wrong_methods_look_the_same() {
    let office = Office::open().await;
    super::disable_client(&office.app, "narrow").await;
    let practice = office.practice();
    let mut seen = Vec::new();
    for (id, secret) in [
        ("practice", "wrong"),
        ("nobody", SECRET),
        ("narrow", SECRET),
        ("pharmacy", SECRET),
        ("calendar", SECRET),
        ("not an id!", "x"),
    ] {
        let answer = redeem(&practice, "idp_co_x", &[("authorization", &basic_auth(id, secret))], &[]).await;
        assert_token_error(&answer, 401, "invalid_client");
        let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        seen.push((answer.header("www-authenticate").to_owned(), headers, answer.body.clone()));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(seen[0].0.starts_with("Basic "), "RFC 6749 §5.2: {}", seen[0].0);

    let mut seen = Vec::new();
    for (id, secret) in [
        ("pharmacy", "wrong"),
        ("nobody", SECRET),
        ("narrow", SECRET),
        ("practice", SECRET),
        ("calendar", SECRET),
        ("nobody", ""),
    ] {
        let fields: Vec<_> = [("client_id", id), ("client_secret", secret)]
            .into_iter()
            .filter(|(_, v)| !v.is_empty())
            .collect();
        let answer = redeem(&practice, "idp_co_x", &[], &fields).await;
        assert_token_error(&answer, 401, "invalid_client");
        seen.push(answer.body.clone());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

/// C10: an attacker can not spend somebody's code without being the client.
#[tokio::test]
async fn a_failed_authentication_spends_nothing() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    for wrong in ["wrong", "", &SECRET.to_uppercase(), &format!("{SECRET} "), &SECRET[1..]] {
        let answer =
            redeem(&practice, &code, &[("authorization", &basic_auth("practice", wrong))], &[]).await;
        assert_token_error(&answer, 401, "invalid_client");
    }
    assert_eq!(practice.redeem(&code).await.status, 200);
}

/// T17
#[tokio::test]
async fn a_header_that_can_not_be_read_authenticates_nobody() {
    let office = Office::open().await;
    let practice = office.practice();
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    let huge = encoded(&vec![b'a'; 6000]);
    for header in [
        "",
        "Basic",
        "Basic ",
        "Basic ???",
        "Basic YQ==",
        "Bearer abc",
        "Digest username=\"practice\"",
        "Negotiate x",
        "practice",
        "Basic  ",
        &encoded(b"practice"),
        &encoded(b":"),
        &encoded(b"practice:"),
        &encoded(b"\xff\xfe:\xff"),
        &encoded(b"%ff:%ff"),
        &encoded(b"%00:%00"),
        &encoded(b"practice:\0"),
        &encoded(b"%zz:%"),
        &huge,
    ] {
        let answer = redeem(&practice, "idp_co_x", &[("authorization", header)], &[]).await;
        assert_token_error(&answer, 401, "invalid_client");
    }
}

/// RFC 9110 §11.1
#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let office = Office::open().await;
    let practice = office.practice();
    for scheme in ["basic", "BASIC"] {
        let code = practice.code(&office.browser, &[]).await;
        let header = basic_auth("practice", SECRET).replacen("Basic", scheme, 1);
        assert_eq!(redeem(&practice, &code, &[("authorization", &header)], &[]).await.status, 200);
    }
}

/// C11, C14: methods that do not exist here yet are refused, not ignored.
#[tokio::test]
async fn a_client_assertion_authenticates_nobody() {
    let office = Office::open().await;
    let assertion = ("client_assertion", "e30.e30.");
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    for client in [office.practice(), office.pharmacy(), office.calendar()] {
        let code = client.code(&office.browser, &[]).await;
        let fields = [assertion, kind, ("client_id", client.client_id.as_str())];
        assert_token_error(&redeem(&client, &code, &[], &fields).await, 401, "invalid_client");
        let answer =
            redeem(&client, &code, &[("authorization", &basic_auth(&client.client_id, SECRET))], &fields)
                .await;
        assert!([400, 401].contains(&answer.status.as_u16()), "{answer:?}");
    }
}

/// RFC 6749 §5.2: either code is right for a request that names no client at all.
#[tokio::test]
async fn a_request_of_nobody_is_refused() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    for fields in [&[][..], &[("client_secret", SECRET)], &[("client_id", ""), ("client_secret", SECRET)]] {
        let answer = redeem(&practice, &code, &[], fields).await;
        match answer.status.as_u16() {
            401 => assert_token_error(&answer, 401, "invalid_client"),
            _ => assert_token_error(&answer, 400, "invalid_request"),
        }
    }
}

/// C13: an empty secret is no secret.
#[tokio::test]
async fn a_public_client_may_send_an_empty_secret() {
    let office = Office::open().await;
    let calendar = office.calendar();
    let code = calendar.code(&office.browser, &[]).await;
    let fields = [("client_id", "calendar"), ("client_secret", "")];
    assert_eq!(redeem(&calendar, &code, &[], &fields).await.status, 200);
    let pharmacy = office.pharmacy();
    let code = pharmacy.code(&office.browser, &[]).await;
    let fields = [("client_id", "pharmacy"), ("client_secret", "")];
    assert_token_error(&redeem(&pharmacy, &code, &[], &fields).await, 401, "invalid_client");
}
