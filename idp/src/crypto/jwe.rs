//! Tokens that only one application can read (RFC 7516): encrypted to a public key of its own.

use josekit::JoseError;
use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
use josekit::jwe::{JweEncrypter, JweHeader, serialize_compact};
use josekit::jwk::Jwk;
use serde_json::{Map, Value};

use crate::model::jwks::Jwks;
use crate::model::key::{Encryption, KeyWrapping};

#[derive(Debug, thiserror::Error)]
pub enum JweError {
    #[error("the application has no key that {} could use", .0.as_str())]
    NoKey(KeyWrapping),
    #[error("its key can not be used")]
    Unusable(#[from] JoseError),
}

/// Encrypts to the key of the set that fits best. `kind` says what is inside, such as `JWT`.
///
/// # Errors
/// When no key fits, or it is not what it says it is.
pub fn encrypt(keys: &Jwks, how: Encryption, kind: Option<&str>, content: &[u8]) -> Result<String, JweError> {
    let mut fitting: Vec<_> = keys.iter().filter(|key| fits(key, how.alg)).collect();
    // One that is said to be for this goes before one of which nothing is said.
    fitting.sort_by_key(|key| !key.contains_key("use"));
    let key = fitting.first().ok_or(JweError::NoKey(how.alg))?;
    let mut header = JweHeader::new();
    header.set_content_encryption(how.enc.as_str());
    if let Some(kind) = kind {
        header.set_content_type(kind);
    }
    if let Some(kid) = key.get("kid").and_then(Value::as_str) {
        header.set_key_id(kid);
    }
    Ok(serialize_compact(content, &header, &*encrypter(key, how.alg)?)?)
}

/// RFC 7517 §4: of the right kind, and meant for this.
fn fits(key: &Map<String, Value>, alg: KeyWrapping) -> bool {
    let text = |name: &str| key.get(name).map(|value| value.as_str().unwrap_or_default());
    let kinds: &[&str] = match alg {
        KeyWrapping::RsaOaep | KeyWrapping::RsaOaep256 => &["RSA"],
        KeyWrapping::EcdhEs | KeyWrapping::EcdhEsA128kw | KeyWrapping::EcdhEsA256kw => &["EC", "OKP"],
    };
    // Of the curves of Edwards, those that sign can not encrypt.
    let curve = text("kty") != Some("OKP") || matches!(text("crv"), Some("X25519" | "X448"));
    text("kty").is_some_and(|kind| kinds.contains(&kind))
        && curve
        && text("use").is_none_or(|meant| meant == "enc")
        && text("alg").is_none_or(|meant| meant == alg.as_str())
}

fn encrypter(key: &Map<String, Value>, alg: KeyWrapping) -> Result<Box<dyn JweEncrypter>, JoseError> {
    let mut key = key.clone();
    for judged in ["use", "alg", "key_ops"] {
        key.remove(judged);
    }
    let key = Jwk::from_map(key)?;
    Ok(match alg {
        KeyWrapping::RsaOaep => Box::new(RsaesJweAlgorithm::RsaOaep.encrypter_from_jwk(&key)?),
        KeyWrapping::RsaOaep256 => Box::new(RsaesJweAlgorithm::RsaOaep256.encrypter_from_jwk(&key)?),
        KeyWrapping::EcdhEs => Box::new(EcdhEsJweAlgorithm::EcdhEs.encrypter_from_jwk(&key)?),
        KeyWrapping::EcdhEsA128kw => Box::new(EcdhEsJweAlgorithm::EcdhEsA128kw.encrypter_from_jwk(&key)?),
        KeyWrapping::EcdhEsA256kw => Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.encrypter_from_jwk(&key)?),
    })
}

#[cfg(test)]
mod tests {
    use josekit::jwe::{JweDecrypter, deserialize_compact};
    use josekit::jwk::alg::ec::EcCurve;
    use josekit::jwk::alg::ecx::EcxCurve;
    use serde_json::json;

    use super::*;
    use crate::model::key::ContentEncryption;

    fn decrypter(alg: KeyWrapping, key: &Jwk) -> Box<dyn JweDecrypter> {
        match alg {
            KeyWrapping::RsaOaep => Box::new(RsaesJweAlgorithm::RsaOaep.decrypter_from_jwk(key).unwrap()),
            KeyWrapping::RsaOaep256 => {
                Box::new(RsaesJweAlgorithm::RsaOaep256.decrypter_from_jwk(key).unwrap())
            }
            KeyWrapping::EcdhEs => Box::new(EcdhEsJweAlgorithm::EcdhEs.decrypter_from_jwk(key).unwrap()),
            KeyWrapping::EcdhEsA128kw => {
                Box::new(EcdhEsJweAlgorithm::EcdhEsA128kw.decrypter_from_jwk(key).unwrap())
            }
            KeyWrapping::EcdhEsA256kw => {
                Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.decrypter_from_jwk(key).unwrap())
            }
        }
    }

    fn set_of(key: &Jwk, more: &Value) -> Jwks {
        let mut public = serde_json::to_value(key.to_public_key().unwrap().as_ref()).unwrap();
        for (name, value) in more.as_object().unwrap() {
            public[name] = value.clone();
        }
        Jwks::parse(&json!({ "keys": [public] })).unwrap()
    }

    /// OIDC Core §10.2
    #[test]
    fn what_is_encrypted_only_the_owner_of_the_key_reads() {
        let rsa = Jwk::generate_rsa_key(2048).unwrap();
        let curves = [
            Jwk::generate_ec_key(EcCurve::P256).unwrap(),
            Jwk::generate_ec_key(EcCurve::P384).unwrap(),
            Jwk::generate_ecx_key(EcxCurve::X25519).unwrap(),
        ];
        for alg in KeyWrapping::ALL {
            let by_rsa = matches!(alg, KeyWrapping::RsaOaep | KeyWrapping::RsaOaep256);
            let keys = if by_rsa { std::slice::from_ref(&rsa) } else { &curves[..] };
            for (key, enc) in keys.iter().flat_map(|key| ContentEncryption::ALL.map(|enc| (key, enc))) {
                let set = set_of(key, &json!({ "kid": "a", "use": "enc", "alg": alg }));
                let sealed = encrypt(&set, Encryption { alg, enc }, Some("JWT"), b"hello").unwrap();
                let (content, header) = deserialize_compact(&sealed, &*decrypter(alg, key)).unwrap();
                assert_eq!((content.as_slice(), header.content_type()), (&b"hello"[..], Some("JWT")));
                assert_eq!((header.key_id(), header.content_encryption()), (Some("a"), Some(enc.as_str())));
            }
        }
    }

    #[test]
    fn a_key_that_is_for_something_else_is_not_used() {
        let key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
        let how = Encryption { alg: KeyWrapping::EcdhEs, enc: ContentEncryption::A256Gcm };
        assert!(encrypt(&set_of(&key, &json!({})), how, None, b"x").is_ok());
        for wrong in [json!({ "use": "sig" }), json!({ "alg": "ES256" }), json!({ "alg": "ECDH-ES+A128KW" })]
        {
            assert!(encrypt(&set_of(&key, &wrong), how, None, b"x").is_err(), "{wrong}");
        }
        let other = Encryption { alg: KeyWrapping::RsaOaep, ..how };
        assert!(encrypt(&set_of(&key, &json!({})), other, None, b"x").is_err());
    }
}
