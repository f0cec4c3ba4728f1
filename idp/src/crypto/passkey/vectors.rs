//! The test vectors of WebAuthn Level 3 §16, where a copy of them is at hand. They are read and never
//! kept here.

use std::path::Path;

use serde_json::{Value, json};
use time::OffsetDateTime;
use url::Url;

use super::{RelyingParty, UserVerification};
use crate::crypto::base64url;
use crate::model::credential::{Passkey, PasskeyName};
use crate::model::ids::{PasskeyId, UserId};

/// What we refuse, and why. This list may only shrink.
const REFUSED: [(&str, &str); 8] = [
    ("ES256 Credential with \"crossOrigin\": true in clientDataJSON", "we never embed ourselves elsewhere"),
    ("ES256 Credential with \"topOrigin\" in clientDataJSON", "we never embed ourselves elsewhere"),
    (
        "Packed Attestation with ES512 Credential",
        "not offered: the library registers it and never verifies it",
    ),
    ("Packed Attestation with RS256 Credential", "the library takes RSA keys of 2048 bits only"),
    ("Packed Attestation with Ed25519 Credential", "not offered: the library can not verify it"),
    ("Packed Attestation with Ed448 Credential", "not offered"),
    ("TPM Attestation with ES256 Credential", "the library rejects the statement; we ask for none"),
    ("Android Key Attestation with ES256 Credential", "the library rejects the statement; we ask for none"),
];

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    let hex = value[name].as_str().unwrap_or_else(|| panic!("{name} is missing"));
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn challenge(value: &Value) -> Vec<u8> {
    bytes(value, "challenge")
}

fn b64(value: &Value, name: &str) -> String {
    base64url::encode(bytes(value, name))
}

/// Registers and signs in with one vector.
fn run(party: &RelyingParty, vector: &Value) -> Result<(), String> {
    let (reg, auth) = (&vector["reg"], &vector["auth"]);
    let id = b64(reg, "credential_id");
    let registration = json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": b64(reg, "clientDataJSON"),
            "attestationObject": b64(reg, "attestationObject"),
        },
    });
    let new = party
        // Most vectors were made without user verification, which our own registration demands.
        .registration(&challenge(reg), &[], &registration, UserVerification::Preferred)
        .map_err(|error| format!("registration: {error:?}"))?;
    let start = OffsetDateTime::UNIX_EPOCH;
    let passkey = Passkey {
        id: PasskeyId::new(start, [0; 10]),
        user_id: UserId::new(start, [0; 10]),
        credential_id: new.credential_id,
        record: new.record,
        rp_id: new.rp_id,
        name: PasskeyName::parse("vector").unwrap(),
        aaguid: new.aaguid,
        transports: new.transports,
        sign_count: new.sign_count,
        uv_initialized: new.user_verified,
        backup_eligible: new.backup_eligible,
        backup_state: new.backup_state,
        created_at: start,
        last_used_at: None,
        last_used_with: None,
        last_used_from: None,
        browser: None,
    };
    let assertion = json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": b64(auth, "clientDataJSON"),
            "authenticatorData": b64(auth, "authenticatorData"),
            "signature": b64(auth, "signature"),
        },
    });
    party
        .verify_assertion(&challenge(auth), &[bytes(reg, "credential_id")], (&passkey, b"handle"), &assertion)
        .map(|_| ())
        .map_err(|error| format!("sign-in: {error:?}"))
}

#[test]
fn the_vectors_of_the_specification_verify_but_for_the_listed_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/webauthn-l3-test-vectors.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let mut vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    // One entry is about extensions and has no credential.
    vectors.retain(|vector| vector["reg"]["clientDataJSON"].is_string());
    assert_eq!(vectors.len(), 15);
    let party =
        RelyingParty::new("example.org", "Example", &Url::parse("https://example.org").unwrap()).unwrap();
    let mut refused = Vec::new();
    for vector in &vectors {
        if let Err(why) = run(&party, vector) {
            println!("{}: {why}", vector["title"]);
            refused.push(vector["title"].as_str().unwrap().to_owned());
        }
    }
    let listed: Vec<&str> = REFUSED.iter().map(|(title, _)| *title).collect();
    assert_eq!(refused, listed);
}
