//! Proofs of possession (RFC 9449) as the token endpoint judges them. A header, a line feed and claims, which are then
//! well signed; or a whole proof after an empty line. `{now}` in the claims is the moment.
//! What is accepted is for this request and of this moment, and is accepted once.

use http::{HeaderMap, HeaderValue};
use idp::oidc::dpop::{self, Target};
use idp::oidc::endpoints::desk;
use serde_json::Value;
use url::Url;

use super::house::{ISSUER, visit};
use super::{keys, lines};

const HEADER: &str = r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}"#;

pub fn run(data: &[u8]) {
    let Some([header, claims]) = lines(data) else {
        return;
    };
    visit(async |house| {
        let now = house.now();
        let claims = claims.replace("{now}", &now.to_string());
        let proof = match header {
            "" => claims.clone(),
            // A whole header would have to be found again and again.
            "-" => keys::sign_es256(HEADER.as_bytes(), claims.as_bytes()),
            header => keys::sign_es256(header.as_bytes(), claims.as_bytes()),
        };
        let Ok(value) = HeaderValue::from_str(&proof) else {
            return;
        };
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("dpop"), value)]);
        let desk = desk(&house.app, ISSUER);
        let target = Target { method: "POST", path: "/oidc/token", token: None };
        let Ok(key) = dpop::key(&desk, &headers, target).await else {
            return;
        };
        assert!(key.is_some(), "a proof was taken for none");
        if !header.is_empty() {
            judge(&claims, now);
        }
        assert!(dpop::key(&desk, &headers, target).await.is_err(), "a proof is good twice");
        let elsewhere = Target { path: "/oidc/par", ..target };
        assert!(dpop::key(&desk, &headers, elsewhere).await.is_err(), "a proof is good elsewhere");
    });
}

fn judge(claims: &str, now: i64) {
    let claims: Value = serde_json::from_str(claims).expect("JSON, or it can not have been read");
    assert_eq!(claims["htm"], "POST");
    let named = Url::parse(claims["htu"].as_str().expect("an address")).expect("an address");
    // The second address is where clients show certificates.
    let origin = named.origin().ascii_serialization();
    assert!([ISSUER, "https://mtls.id.example"].contains(&origin.as_str()), "made for {origin}");
    assert_eq!(named.path(), "/oidc/token");
    let made_at = claims["iat"].as_i64().expect("a time");
    assert!((now - 60..=now + 15).contains(&made_at), "a proof of another time");
    assert!(claims["jti"].as_str().is_some_and(|id| (1..=256).contains(&id.len())), "a proof without a name");
}
