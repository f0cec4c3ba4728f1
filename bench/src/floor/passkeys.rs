//! Assertions of passkeys: the challenge is taken once, and the signature verified.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::plan::PublicPasskey;

pub(super) struct Passkeys {
    keys: HashMap<String, ParsedPublicKey>,
    /// By the handle of their ceremony.
    challenges: Mutex<HashMap<String, String>>,
}

#[derive(Deserialize)]
pub(super) struct Answered {
    ceremony: String,
    credential: Credential,
}

#[derive(Deserialize)]
struct Credential {
    id: String,
    response: Assertion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
}

#[derive(Deserialize)]
struct ClientData {
    challenge: String,
}

impl Passkeys {
    pub(super) fn new(known: &[PublicPasskey]) -> anyhow::Result<Self> {
        let mut keys = HashMap::new();
        for passkey in known {
            let point = URL_SAFE_NO_PAD.decode(&passkey.point)?;
            let key =
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).map_err(|error| anyhow!("{error}"))?;
            keys.insert(passkey.id.clone(), key);
        }
        Ok(Self { keys, challenges: Mutex::default() })
    }

    pub(super) fn begin(&self, handle: &str, challenge: &str) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(handle.to_owned(), challenge.to_owned());
    }

    /// Whether this is the answer of a passkey that is known, to a challenge of ours.
    pub(super) fn verify(&self, body: &[u8]) -> bool {
        self.judge(body).is_some()
    }

    fn judge(&self, body: &[u8]) -> Option<()> {
        let Answered { ceremony, credential } = serde_json::from_slice(body).ok()?;
        let challenge = self.challenges.lock().unwrap_or_else(PoisonError::into_inner).remove(&ceremony)?;
        let client_data = URL_SAFE_NO_PAD.decode(&credential.response.client_data).ok()?;
        let said: ClientData = serde_json::from_slice(&client_data).ok()?;
        let mut signed = URL_SAFE_NO_PAD.decode(&credential.response.authenticator_data).ok()?;
        signed.extend_from_slice(digest::digest(&digest::SHA256, &client_data).as_ref());
        let signature = URL_SAFE_NO_PAD.decode(&credential.response.signature).ok()?;
        let key = self.keys.get(&credential.id).filter(|_| said.challenge == challenge)?;
        key.verify_sig(&signed, &signature).ok()
    }
}
