//! Keys of applications: a set in JSON, read, kept, and encrypted to.
//! No private member is ever kept, what is kept reads as the same again, and what is encrypted is a whole JWE.

use idp::crypto::base64url;
use idp::crypto::certificate::Certificate;
use idp::crypto::foreign::Unverified;
use idp::crypto::jwe;
use idp::model::jwks::Jwks;
use idp::model::key::{ContentEncryption, Encryption, KeyWrapping};
use serde_json::{Value, json};

use super::{certificate, keys};

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

pub fn run(data: &[u8]) {
    let Ok(set) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let strict = Jwks::parse(&set);
    let known = Jwks::known_of(&set);
    if let Ok(strict) = &strict {
        assert_eq!(known.as_ref(), Ok(strict), "what is all good is all known");
        assert_eq!(
            Jwks::parse(&Value::from(strict.clone())).as_ref(),
            Ok(strict),
            "read again it is another"
        );
    }
    let Ok(keys) = known else {
        return;
    };
    for key in keys.iter() {
        assert!(PRIVATE.iter().all(|name| !key.contains_key(*name)), "a private member is kept");
        in_a_proof(&json!(key));
    }
    let token = keys::sign_eddsa(br#"{"alg":"EdDSA"}"#, b"{}");
    let _ = Unverified::parse(&token).and_then(|token| token.signed_by(&keys));
    if let Some(shown) = Certificate::of(&[certificate::sample().into()]) {
        let _ = shown.has_key_among(&keys);
    }
    // One is enough: an RSA key takes its time.
    let place = data.len() % KeyWrapping::ALL.len();
    encrypted(&keys, KeyWrapping::ALL[place]);
}

/// The key as a stranger would show it (RFC 9449 §4.2). Nobody signed with it, but for the one that everybody has.
fn in_a_proof(key: &Value) {
    for alg in ["ES256", "EdDSA", "RS256", "PS256"] {
        let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": key });
        let token = format!("{}.{}.AAAA", base64url::encode(header.to_string()), base64url::encode("{}"));
        let proven = Unverified::parse(&token).and_then(Unverified::signed_by_its_own_key);
        assert!(proven.is_none(), "three zero bytes are no signature");
    }
}

fn encrypted(keys: &Jwks, alg: KeyWrapping) {
    let how = Encryption { alg, enc: ContentEncryption::A128Gcm };
    if let Ok(sealed) = jwe::encrypt(keys, how, Some("JWT"), b"content") {
        let parts: Vec<&str> = sealed.split('.').collect();
        let header = parts.first().and_then(|header| base64url::decode(header)).unwrap_or_default();
        let header: Value = serde_json::from_slice(&header).expect("a header");
        assert_eq!((parts.len(), header["alg"].as_str()), (5, Some(alg.as_str())), "{sealed}");
        assert!(!sealed.contains(&base64url::encode("content")), "it can be read by everybody");
    }
}
