//! Signed authorization requests (RFC 9101). A header, a line feed and claims, which are then well signed with the
//! client's key; or a whole object after an empty line. `{now}` in the claims is the moment.
//! What is opened is the client's, for us, and says what was signed.

use idp::oidc::authorize::object;
use idp::oidc::endpoints::desk;
use serde_json::{Map, Value};

use super::house::{ISSUER, visit};
use super::{keys, lines};

pub fn run(data: &[u8]) {
    let Some([header, claims]) = lines(data) else {
        return;
    };
    visit(async |house| {
        let claims = claims.replace("{now}", &house.now().to_string());
        let object = match header {
            "" => claims.clone(),
            "-" => keys::sign_es256(br#"{"alg":"ES256"}"#, claims.as_bytes()),
            header => keys::sign_es256(header.as_bytes(), claims.as_bytes()),
        };
        let mut client = house.client("basic").await;
        client.settings.jwks = Some(keys::jwks());
        let desk = desk(&house.app, ISSUER);
        let opened = object::open(&desk, &client, &object).await.expect("no fault of ours");
        let Ok(params) = opened else {
            return;
        };
        assert!(!header.is_empty(), "nobody signed this");
        let claims: Map<String, Value> =
            serde_json::from_str(&claims).expect("JSON, or it can not have been read");
        assert_eq!(claims["iss"], "basic");
        assert_eq!(claims["client_id"], "basic");
        assert!(
            claims["aud"] == ISSUER
                || claims["aud"].as_array().is_some_and(|all| all.contains(&ISSUER.into()))
        );
        for name in ["sub", "request", "request_uri"] {
            assert!(!claims.contains_key(name), "{name} has no place in it");
        }
        for name in ["iss", "aud", "exp", "iat", "nbf", "jti"] {
            assert_eq!(params.get(name), None, "{name} is no parameter");
        }
        for (name, value) in claims.iter().filter_map(|(name, value)| Some((name, value.as_str()?))) {
            let kept = params.get(name).or(params.all(name).first().map(String::as_str));
            let about = ["iss", "aud", "exp", "iat", "nbf", "jti"].contains(&name.as_str());
            assert!(about || kept == Some(value) || value.is_empty(), "{name} is not what was signed");
        }
    });
}
