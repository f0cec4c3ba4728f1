//! Keys and signatures of others: assertions and request objects of applications, and proofs of possession.
//! The algorithm is one of ours, whatever a header asks for (RFC 8725 §3.1), and no member comes twice.

use josekit::jwk::Jwk;
use josekit::jws::JwsVerifier;
use josekit::jws::alg::hmac::HmacJwsAlgorithm::Hs256;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::base64url;
use super::keyring::{thumbprint, verifier};
use crate::model::jwks::{self, Jwks};
use crate::model::key::{SigningAlg, Thumbprint};

/// A longer one is none of the protocol's.
const MAX_LENGTH: usize = 16 * 1024;

/// A JWS in its parts, of which nothing is certain yet.
pub struct Unverified<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    message: &'a str,
    signature: Vec<u8>,
}

impl std::fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unverified(…)")
    }
}

impl<'a> Unverified<'a> {
    /// Reads a token in the compact form. Extensions that must be understood (`crit`) are not.
    #[must_use]
    pub fn parse(token: &'a str) -> Option<Self> {
        if token.len() > MAX_LENGTH || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header = object(&base64url::decode(header)?)?;
        if header.contains_key("crit") {
            return None;
        }
        let claims = object(&base64url::decode(claims)?)?;
        Some(Self { header, claims, message, signature: base64url::decode(signature)? })
    }

    /// What the header calls it.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// The algorithm that the header names, which nothing has checked.
    #[must_use]
    pub fn alg(&self) -> Option<&str> {
        self.header.get("alg").and_then(Value::as_str)
    }

    /// Whether the header names the algorithm that was agreed on, if one was.
    #[must_use]
    pub fn is_by(&self, agreed: Option<SigningAlg>) -> bool {
        agreed.is_none_or(|agreed| self.alg().and_then(known) == Some(agreed))
    }

    /// A claim that may be used to find the key, and for nothing else.
    #[must_use]
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// The claims, if one of these keys signed them.
    #[must_use]
    pub fn signed_by(&self, keys: &Jwks) -> Option<Map<String, Value>> {
        let alg = known(self.alg()?)?;
        let kid = self.header.get("kid").map(|kid| kid.as_str().unwrap_or_default());
        let named = |key: &&Map<String, Value>| {
            kid.is_none_or(|kid| key.get("kid").is_none_or(|known| known.as_str() == Some(kid)))
        };
        let signed = keys.iter().filter(named).any(|key| self.verifies(alg, key));
        signed.then(|| self.claims.clone())
    }

    /// The claims and the key that the header carries, if that key signed them: a proof of possession
    /// (RFC 9449 §4.3) and nothing more.
    #[must_use]
    pub fn signed_by_its_own_key(self) -> Option<(Map<String, Value>, Thumbprint)> {
        let alg = known(self.alg()?)?;
        let key = self.header.get("jwk")?.as_object()?;
        if jwks::check_key(key).is_err() || !self.verifies(alg, key) {
            return None;
        }
        let name = thumbprint(&Jwk::from_map(key.clone()).ok()?);
        Some((self.claims, Thumbprint::parse(&name).ok()?))
    }

    /// The claims, if somebody who knows this secret signed them.
    #[must_use]
    pub fn signed_with(self, secret: &[u8]) -> Option<Map<String, Value>> {
        if self.alg() != Some("HS256") {
            return None;
        }
        let verifier = Hs256.verifier_from_bytes(secret).ok()?;
        verifier.verify(self.message.as_bytes(), &self.signature).ok()?;
        Some(self.claims)
    }

    fn verifies(&self, alg: SigningAlg, key: &Map<String, Value>) -> bool {
        // For encryption, or for another algorithm: not for this.
        let text = |name: &str| key.get(name).map(|value| value.as_str().unwrap_or_default());
        if text("use").is_some_and(|meant| meant != "sig")
            || text("alg").is_some_and(|meant| known(meant) != Some(alg))
        {
            return false;
        }
        let mut key = key.clone();
        for judged in ["use", "alg", "key_ops"] {
            key.remove(judged);
        }
        let verifier = Jwk::from_map(key).ok().and_then(|key| verifier(alg, &key).ok());
        verifier.is_some_and(|verifier| verifier.verify(self.message.as_bytes(), &self.signature).is_ok())
    }
}

/// RFC 9864 gives the one curve that we know of `EdDSA` a name of its own, which newer libraries use.
pub const ED25519: &str = "Ed25519";

fn known(alg: &str) -> Option<SigningAlg> {
    if alg == ED25519 { Some(SigningAlg::EdDsa) } else { SigningAlg::from_stored(alg) }
}

/// A JSON object in which no member comes twice: two readers could take different ones (RFC 8725 §2.4).
fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    struct Once;

    impl<'de> Visitor<'de> for Once {
        type Value = Map<String, Value>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object without repeated members")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut object = Map::new();
            while let Some((name, value)) = members.next_entry::<String, Value>()? {
                if object.insert(name, value).is_some() {
                    return Err(serde::de::Error::custom("a member comes twice"));
                }
            }
            Ok(object)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let object = reader.deserialize_map(Once).ok()?;
    reader.end().ok().map(|()| object)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Class 2.15
    #[test]
    fn what_is_no_plain_object_in_three_parts_is_not_read() {
        let encode = |text: &str| base64url::encode(text);
        let good = format!("{}.{}.{}", encode(r#"{"alg":"ES256"}"#), encode(r#"{"iss":"a"}"#), encode("x"));
        assert_eq!(Unverified::parse(&good).unwrap().hint("iss"), Some("a"));
        for (header, claims) in [
            (r#"{"alg":"ES256","alg":"none"}"#, r#"{"iss":"a"}"#),
            (r#"{"alg":"ES256"}"#, r#"{"iss":"a","iss":"b"}"#),
            (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, r#"{"iss":"a"}"#),
            (r#"["ES256"]"#, r#"{"iss":"a"}"#),
            (r#"{"alg":"ES256"}"#, r#"{"iss":"a"} "x""#),
            (r#"{"alg":"ES256"}"#, "x"),
        ] {
            let token = format!("{}.{}.{}", encode(header), encode(claims), encode("x"));
            assert!(Unverified::parse(&token).is_none(), "{header} {claims}");
        }
        assert!(Unverified::parse("a.b").is_none() && Unverified::parse("a.b.c.d.e").is_none());
        assert!(Unverified::parse(&format!("{good}{}", "A".repeat(MAX_LENGTH))).is_none());
    }
}
