//! JSON Web Tokens of our own making: signing, and reading back what we signed (RFC 7519, RFC 8725).

use josekit::jws::deserialize_compact_with_selector;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keyring::{KeyError, KeyRing};
use crate::model::key::SigningAlg;

/// `typ` of an ID token; RFC 9068 has one of its own for access tokens.
pub const TYP_ID_TOKEN: &str = "JWT";
/// Of userinfo: not that of an ID token, so that the one is never taken for the other.
pub const TYP_USERINFO: &str = "userinfo+jwt";
pub const TYP_ACCESS_TOKEN: &str = "at+jwt";
/// Of a place in the audit trail, which is no token for anybody.
pub const TYP_AUDIT_CHECKPOINT: &str = "audit-checkpoint+jwt";

/// A token longer than this is not one of ours.
/// More than anything we sign ourselves comes to, so that what we gave out is taken back.
pub const MAX_LENGTH: usize = 16 * 1024;

/// Signs claims as they serialise; numbers stay the integers they are.
///
/// # Errors
/// When the key is missing or signing fails.
pub async fn sign<T: Serialize + Sync>(
    keys: &KeyRing,
    alg: SigningAlg,
    typ: &str,
    claims: &T,
) -> Result<String, KeyError> {
    keys.sign(alg, typ, serde_json::to_vec(claims)?).await
}

/// The claims of a token that we signed as this `typ`. Says nothing about its time or audience.
#[must_use]
pub fn read<T: DeserializeOwned>(keys: &KeyRing, typ: &str, token: &str) -> Option<T> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let (payload, _) = deserialize_compact_with_selector(token, |header| {
        let right_type = header.token_type() == Some(typ);
        let verifier = match (header.key_id(), header.algorithm()) {
            (Some(kid), Some(alg)) if right_type => keys.verifier(kid, alg),
            _ => None,
        };
        Ok(verifier.map(|verifier| verifier as _))
    })
    .ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use super::*;
    use crate::crypto::base64url;
    use crate::crypto::keyring::NewKey;
    use crate::model::key::{KeyState, PublicKey};

    fn ring() -> KeyRing {
        KeyRing::load(SigningAlg::ALL.map(|alg| NewKey::generate(alg).unwrap()).into_iter().map(|key| {
            let public = PublicKey {
                kid: key.kid,
                alg: key.alg,
                state: KeyState::Current,
                jwk: key.public_jwk,
                created_at: OffsetDateTime::UNIX_EPOCH,
                changed_at: OffsetDateTime::UNIX_EPOCH,
            };
            (public, key.private_jwk)
        }))
        .unwrap()
    }

    fn header_of(token: &str) -> Value {
        serde_json::from_slice(&base64url::decode(token.split('.').next().unwrap()).unwrap()).unwrap()
    }

    /// C2
    #[tokio::test]
    async fn only_our_own_unchanged_tokens_are_read() {
        let (ring, other) = (ring(), ring());
        for alg in SigningAlg::ALL {
            let token = sign(&ring, alg, "at+jwt", &json!({"sub": "a", "iat": 1})).await.unwrap();
            assert_eq!(read::<Value>(&ring, "at+jwt", &token).unwrap()["iat"], 1);
            assert!(read::<Value>(&ring, "JWT", &token).is_none(), "another type");
            assert!(read::<Value>(&other, "at+jwt", &token).is_none(), "another ring");
            let parts: Vec<&str> = token.split('.').collect();
            let none = base64url::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
            let mut hs = header_of(&token);
            hs["alg"] = "HS256".into();
            let hs = base64url::encode(hs.to_string());
            for changed in [
                format!("{none}.{}.", parts[1]),
                format!("{none}.{}.{}", parts[1], parts[2]),
                format!("{hs}.{}.{}", parts[1], parts[2]),
                format!("{}.{}.{}", parts[0], base64url::encode(r#"{"sub":"b"}"#), parts[2]),
                format!("{}.{}.", parts[0], parts[1]),
                parts[1].to_owned(),
                String::new(),
            ] {
                assert!(read::<Value>(&ring, "at+jwt", &changed).is_none(), "{changed}");
            }
        }
    }

    /// C24
    #[test]
    fn published_keys_are_public_and_have_their_own_names() {
        let ring = ring();
        let keys = ring.jwks()["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 4);
        assert_ne!(keys[0]["kid"], keys[1]["kid"]);
        for key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{private}");
            }
        }
    }
}
