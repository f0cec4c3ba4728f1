//! The public keys of an application (RFC 7517 §5).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Invalid;

/// More keys are none of an application's.
const MAX_KEYS: usize = 20;
const TOO_FEW_OR_MANY: Invalid = Invalid::new("jwks", "must have 1 to 20 keys");
/// RFC 7518 §6: members that only the owner of a key may have.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// At least one public key, none of them symmetric, no private member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Jwks(Vec<Map<String, Value>>);

impl Jwks {
    /// # Errors
    /// Names what is wrong with the set or one of its keys.
    pub fn parse(set: &Value) -> Result<Self, Invalid> {
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| Invalid::new("jwks", "must be an object with a list of keys"))?;
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(TOO_FEW_OR_MANY);
        }
        let read = |key: &Value| {
            let key = key.as_object().ok_or_else(|| Invalid::new("jwks", "has a key that is no object"))?;
            check_key(key)?;
            Ok(key.clone())
        };
        keys.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Of a published set the keys that are of use to us: others may be there for somebody else.
    ///
    /// # Errors
    /// When there is none, or too many.
    pub fn known_of(set: &Value) -> Result<Self, Invalid> {
        let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
        let known: Vec<_> =
            keys.filter_map(Value::as_object).filter(|key| check_key(key).is_ok()).cloned().collect();
        if known.is_empty() || known.len() > MAX_KEYS {
            return Err(TOO_FEW_OR_MANY);
        }
        Ok(Self(known))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.0.iter()
    }
}

/// Whether this is a public key.
///
/// # Errors
/// Says why not.
pub fn check_key(key: &Map<String, Value>) -> Result<(), Invalid> {
    if PRIVATE.iter().any(|name| key.contains_key(*name)) {
        return Err(Invalid::new("jwks", "must not have private members"));
    }
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("kty") {
        "EC" | "OKP" => Ok(()),
        // 2048 bits are 342 characters of base64url, and a leading zero is not written.
        // A large exponent, or 4096 bits and more, would make every check slow.
        "RSA" if (342..=683).contains(&text("n").len()) && text("e").len() <= 6 => Ok(()),
        "RSA" => Err(Invalid::new("jwks", "has an RSA key of fewer than 2048 or more than 4096 bits")),
        _ => Err(Invalid::new("jwks", "has a key that is neither RSA, EC nor OKP")),
    }
}

impl TryFrom<Value> for Jwks {
    type Error = Invalid;
    fn try_from(set: Value) -> Result<Self, Self::Error> {
        Self::parse(&set)
    }
}

impl From<Jwks> for Value {
    fn from(set: Jwks) -> Self {
        serde_json::json!({ "keys": set.0 })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// C21
    #[test]
    fn a_set_has_public_keys_only() {
        let ec = json!({ "kty": "EC", "crv": "P-256", "x": "a", "y": "b" });
        assert!(Jwks::parse(&json!({ "keys": [ec] })).is_ok());
        for bad in [
            json!({}),
            json!({ "keys": [] }),
            json!({ "keys": ["x"] }),
            json!({ "keys": [{ "kty": "oct", "k": "a" }] }),
            json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c" }] }),
            json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }] }),
            json!({ "keys": [{ "kty": "RSA", "n": "x".repeat(684), "e": "AQAB" }] }),
            json!({ "keys": [{ "kty": "RSA", "n": "x".repeat(342), "e": "AQABAQABAQAB" }] }),
            json!({ "keys": vec![json!({ "kty": "OKP" }); 21] }),
        ] {
            assert!(Jwks::parse(&bad).is_err(), "{bad}");
        }
    }
}
