//! Signed and encrypted ID tokens and userinfo: OIDC Core §5.3.2, §10.2, checklist 21.

use idp::crypto::jwe::{JweError, encrypt};
use idp::model::jwks::Jwks;
use idp::model::key::{ContentEncryption, Encryption, KeyWrapping, SigningAlg};
use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm::EcdhEs;
use josekit::jwe::deserialize_compact;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ecx::EcxCurve;
use serde_json::{Value, json};

use super::{Office, assert_token_error, part, text, verified};
use crate::support::shelf::Shelf;
use crate::support::{Application, Signer};

/// An office with a lab that has this key pair, published, and these settings.
async fn office(settings: &str) -> (Office, Application, Jwk, Shelf) {
    let key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let mut public = serde_json::to_value(key.to_public_key().unwrap().as_ref()).unwrap();
    public["use"] = json!("enc");
    public["kid"] = json!("e1");
    public.as_object_mut().unwrap().remove("key_ops");
    let shelf = Shelf::open().await;
    shelf.put(
        "/jwks",
        "application/json",
        json!({ "keys": [Signer::new(SigningAlg::Es256).public(), public] }).to_string(),
    );
    let lab = format!(
        "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"web\"\nsecret = \"{}\"\n\
         redirect_uris = [\"https://lab.example.org/cb\"]\njwks_uri = \"{}\"\n{settings}",
        super::SECRET,
        shelf.url("/jwks")
    );
    let office = Office::with_clients(&lab).await;
    let client = office.client("lab", Some(super::SECRET), "https://lab.example.org/cb");
    (office, client, key, shelf)
}

/// What is inside, and what the header says of it.
fn opened(key: &Jwk, token: &str, enc: &str) -> (String, Option<String>) {
    assert_eq!(token.split('.').count(), 5, "{token}");
    let (content, header) = deserialize_compact(token, &EcdhEs.decrypter_from_jwk(key).unwrap()).unwrap();
    assert_eq!((header.key_id(), header.content_encryption()), (Some("e1"), Some(enc)));
    (String::from_utf8(content).unwrap(), header.content_type().map(ToOwned::to_owned))
}

#[tokio::test]
async fn an_id_token_is_signed_and_then_encrypted() {
    let settings = "id_token_encryption = \"ECDH-ES A256GCM\"\nid_token_alg = \"ES256\"";
    let (office, lab, key, _shelf) = office(settings).await;
    let tokens = lab.tokens(&office.browser, &[]).await;
    let (signed, kind) = opened(&key, text(&tokens, "id_token"), "A256GCM");
    assert_eq!(kind.as_deref(), Some("JWT"));
    let claims = verified(&lab, &signed).await;
    assert_eq!((&claims["aud"], &claims["nonce"]), (&json!("lab"), &json!("the nonce")));
    let refreshed = lab.refresh(text(&tokens, "refresh_token")).await.json();
    let (signed, _) = opened(&key, text(&refreshed, "id_token"), "A256GCM");
    assert_eq!(verified(&lab, &signed).await["sub"], claims["sub"]);
    let access_token = part(text(&tokens, "access_token"), 0);
    assert_eq!(access_token["typ"], "at+jwt", "for APIs, not for the application");
}

/// Checklist 21
#[tokio::test]
async fn userinfo_comes_signed_where_it_was_registered_so() {
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let (office, lab, _, _shelf) = office(&format!("userinfo_alg = \"{alg}\"")).await;
        let tokens = lab.tokens(&office.browser, &[]).await;
        let answer = lab.userinfo(text(&tokens, "access_token")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jwt"));
        assert_eq!(part(&answer.body, 0)["alg"], alg);
        assert_eq!(part(&answer.body, 0)["typ"], "userinfo+jwt", "no ID token, whatever it says");
        let claims = verified(&lab, &answer.body).await;
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(office.app.issuer()), &json!("lab")));
        assert_eq!((&claims["sub"], &claims["email"]), (&json!(office.ada.id), &json!("ada@example.org")));
        // What is signed for one purpose is nothing for another (C2).
        let hint = [("prompt", "none"), ("id_token_hint", answer.body.as_str())];
        let refused = lab.authorize(&office.browser, &hint).await;
        assert_eq!(refused.parameter("error").as_deref(), Some("invalid_request"));
        assert_eq!(lab.userinfo(&answer.body).await.status, 401);
    }
}

#[tokio::test]
async fn userinfo_comes_encrypted_signed_or_not() {
    let (office, lab, key, _shelf) = office("userinfo_encryption = \"ECDH-ES\"").await;
    let tokens = lab.tokens(&office.browser, &[]).await;
    let answer = lab.userinfo(text(&tokens, "access_token")).await;
    assert_eq!(answer.header("content-type"), "application/jwt");
    let (plain, kind) = opened(&key, &answer.body, "A128CBC-HS256");
    let claims: Value = serde_json::from_str(&plain).unwrap();
    assert_eq!((kind, &claims["email"]), (None, &json!("ada@example.org")));

    let both = "userinfo_encryption = \"ECDH-ES A128GCM\"\nuserinfo_alg = \"ES256\"";
    let (office, lab, key, _shelf) = self::office(both).await;
    let tokens = lab.tokens(&office.browser, &[]).await;
    let answer = lab.userinfo(text(&tokens, "access_token")).await;
    let (signed, kind) = opened(&key, &answer.body, "A128GCM");
    assert_eq!(kind.as_deref(), Some("JWT"));
    assert_eq!(verified(&lab, &signed).await["sub"], json!(office.ada.id));
}

/// Rather nothing than something that others could read.
#[tokio::test]
async fn without_a_key_nothing_is_handed_out() {
    let (office, lab, _, shelf) = office("id_token_encryption = \"RSA-OAEP-256\"").await;
    let code = lab.code(&office.browser, &[]).await;
    assert_token_error(&lab.redeem(&code).await, 400, "invalid_client_metadata");
    shelf.take_away("/jwks");
    office.app.advance(time::Duration::minutes(11));
    let code = lab.code(&office.browser, &[]).await;
    let refused = lab.redeem(&code).await;
    assert_token_error(&refused, 400, "invalid_client_metadata");
    assert!(refused.json().get("access_token").is_none());
}

/// RFC 8037 §3: a key that signs on a curve of Edwards encrypts nothing, wherever it stands.
#[test]
fn a_curve_for_signatures_is_not_encrypted_to() {
    let key = Jwk::generate_ecx_key(EcxCurve::X25519).unwrap();
    let mut public = serde_json::to_value(key.to_public_key().unwrap().as_ref()).unwrap();
    public.as_object_mut().unwrap().retain(|name, _| name != "use" && name != "key_ops");
    let mut signing = Signer::new(SigningAlg::EdDsa).public();
    // Nothing but the curve says what it is for.
    signing.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x"].contains(&name.as_str()));
    let how = Encryption { alg: KeyWrapping::EcdhEs, enc: ContentEncryption::A256Gcm };
    let set = Jwks::parse(&json!({ "keys": [signing, public] })).unwrap();
    let sealed = encrypt(&set, how, None, b"hello").unwrap();
    let (content, _) = deserialize_compact(&sealed, &EcdhEs.decrypter_from_jwk(&key).unwrap()).unwrap();
    assert_eq!(content, b"hello");
    let alone = Jwks::parse(&json!({ "keys": [signing] })).unwrap();
    assert!(matches!(encrypt(&alone, how, None, b"hello"), Err(JweError::NoKey(_))));
}
