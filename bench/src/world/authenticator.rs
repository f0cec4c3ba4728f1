//! A software authenticator: makes passkeys on P-256 as a platform's would, without attestation.

use anyhow::Context;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::{Value, json};

/// Present, verified, may be backed up, is backed up (WebAuthn §6.1).
pub(super) const FLAGS: u8 = 0x01 | 0x04 | 0x08 | 0x10;
const FLAG_ATTESTED: u8 = 0x40;

#[derive(Debug)]
pub struct Authenticator {
    origin: String,
}

/// A passkey that was just made.
#[derive(Debug)]
pub struct Made {
    pub(super) origin: String,
    pub(super) id: String,
    pub(super) user_handle: String,
    pub(super) key: EcdsaKeyPair,
}

impl Authenticator {
    #[must_use]
    pub fn at(origin: &str) -> Self {
        Self { origin: origin.to_owned() }
    }

    /// `navigator.credentials.create()`, with what the provider answered.
    ///
    /// # Errors
    /// When these are no options.
    pub fn create(&self, answer: &Value) -> anyhow::Result<(Made, Value)> {
        let at = |pointer: &str| {
            answer.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer}"))
        };
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let point = key.public_key().as_ref().to_vec();
        let raw = sha256(&point);
        let client_data = client_data("webauthn.create", at("/publicKey/challenge")?, &self.origin);
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".to_owned()), Cbor::Text("none".to_owned())),
            (Cbor::Text("attStmt".to_owned()), Cbor::Map(Vec::new())),
            (
                Cbor::Text("authData".to_owned()),
                Cbor::Bytes(attested(at("/publicKey/rp/id")?, &raw, &point)?),
            ),
        ]);
        let mut attestation = Vec::new();
        ciborium::into_writer(&object, &mut attestation)?;
        let id = encode(&raw);
        let credential = json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "attestationObject": encode(&attestation),
                "transports": ["internal"],
            },
            "clientExtensionResults": { "credProps": { "rk": true } },
        });
        let user_handle = at("/publicKey/user/id")?.to_owned();
        Ok((Made { origin: self.origin.clone(), id, user_handle, key }, credential))
    }
}

/// WebAuthn §5.8.1.
pub(super) fn client_data(kind: &str, challenge: &str, origin: &str) -> String {
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#)
}

/// Authenticator data (§6.1): whose, flags, and a counter that does not count.
pub(super) fn authenticator_data(rp_id: &str, flags: u8) -> Vec<u8> {
    let mut data = sha256(rp_id.as_bytes());
    data.push(flags);
    data.extend_from_slice(&[0; 4]);
    data
}

/// The same with a new credential (§6.5.1): its key is an EC2 key on P-256 (RFC 9053 §7.1.1).
fn attested(rp_id: &str, id: &[u8], point: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut data = authenticator_data(rp_id, FLAGS | FLAG_ATTESTED);
    data.extend_from_slice(&[0; 16]);
    data.extend_from_slice(&u16::try_from(id.len())?.to_be_bytes());
    data.extend_from_slice(id);
    let int = |number: i64| Cbor::Integer(number.into());
    let coordinate = |from: usize| point.get(from..from + 32).map(<[u8]>::to_vec).map(Cbor::Bytes);
    let key = Cbor::Map(vec![
        (int(1), int(2)),
        (int(3), int(-7)),
        (int(-1), int(1)),
        (int(-2), coordinate(1).context("no point")?),
        (int(-3), coordinate(33).context("no point")?),
    ]);
    ciborium::into_writer(&key, &mut data)?;
    Ok(data)
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}
