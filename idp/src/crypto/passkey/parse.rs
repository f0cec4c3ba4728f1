//! Reading a browser's answer: just enough to check what the library does not, and never more
//! trusting than the specification.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::CeremonyError;
use crate::crypto::{base64url, constant_time_eq, sha256};

const MAX_CREDENTIAL_ID: usize = 1023;
const MAX_TRANSPORTS: usize = 8;

const FLAG_USER_PRESENT: u8 = 0x01;
const FLAG_USER_VERIFIED: u8 = 0x04;
const FLAG_BACKUP_ELIGIBLE: u8 = 0x08;
const FLAG_BACKUP_STATE: u8 = 0x10;
const FLAG_ATTESTED: u8 = 0x40;

/// `id`, after checking that `rawId` and `type` agree with it.
pub(super) fn credential_id(response: &Value) -> Result<Vec<u8>, CeremonyError> {
    let text = |name: &str| response.get(name).and_then(Value::as_str);
    if text("type") != Some("public-key") {
        return Err(CeremonyError::Refused("its type is not public-key"));
    }
    let id = text("id").and_then(base64url::decode);
    match (id, text("rawId").and_then(base64url::decode)) {
        (Some(id), Some(raw)) if id == raw => {
            if id.is_empty() || id.len() > MAX_CREDENTIAL_ID {
                return Err(CeremonyError::Refused("the credential id is empty or too long"));
            }
            Ok(id)
        }
        _ => Err(CeremonyError::Refused("id and rawId differ or are malformed")),
    }
}

/// `response.userHandle`; absent and null are the same.
pub(super) fn user_handle(response: &Value) -> Result<Option<Vec<u8>>, CeremonyError> {
    match response.pointer("/response/userHandle") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            base64url::decode(text).map(Some).ok_or(CeremonyError::Refused("the user handle is malformed"))
        }
        Some(_) => Err(CeremonyError::Refused("the user handle is malformed")),
    }
}

/// `response.transports`, kept as sent (§7.1): hints for later, never trusted.
pub(super) fn transports(response: &Value) -> Vec<String> {
    let legal = |text: &&str| text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    response
        .pointer("/response/transports")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(legal)
        .take(MAX_TRANSPORTS)
        .map(ToOwned::to_owned)
        .collect()
}

fn bytes_at(response: &Value, pointer: &str) -> Result<Vec<u8>, CeremonyError> {
    response
        .pointer(pointer)
        .and_then(Value::as_str)
        .and_then(base64url::decode)
        .ok_or(CeremonyError::Refused("a part of it is missing or malformed"))
}

/// §5.8.1. Unknown members are ignored, as browsers add some on purpose.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    top_origin: Option<String>,
}

impl ClientData {
    pub(super) fn parse(response: &Value) -> Result<Self, CeremonyError> {
        serde_json::from_slice(&bytes_at(response, "/response/clientDataJSON")?)
            .map_err(|_| CeremonyError::Refused("its client data is malformed"))
    }

    /// §7.1 steps 7 to 11, §7.2 steps 10 to 14. We never embed ourselves in another site, so any
    /// cross-origin use is refused.
    pub(super) fn check(
        &self,
        kind: &str,
        challenge: &[u8],
        origins: &[String],
    ) -> Result<(), CeremonyError> {
        if self.kind != kind {
            return Err(CeremonyError::Refused("it was made for another ceremony"));
        }
        let answered = base64url::decode(&self.challenge).unwrap_or_default();
        if !constant_time_eq(&answered, challenge) {
            return Err(CeremonyError::Refused("it answers another challenge"));
        }
        if !origins.contains(&self.origin) {
            return Err(CeremonyError::Refused("it was made on another site"));
        }
        if self.cross_origin || self.top_origin.is_some() {
            return Err(CeremonyError::Refused("it was made inside another site"));
        }
        Ok(())
    }
}

/// §6.1, without extensions.
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of the specification")]
pub(super) struct AuthenticatorData {
    rp_id_hash: [u8; 32],
    user_present: bool,
    pub(super) user_verified: bool,
    pub(super) backup_eligible: bool,
    pub(super) backup_state: bool,
    pub(super) sign_count: u32,
    pub(super) attested: Option<Attested>,
}

pub(super) struct Attested {
    pub(super) aaguid: Uuid,
    pub(super) credential_id: Vec<u8>,
}

impl AuthenticatorData {
    pub(super) fn of_assertion(response: &Value) -> Result<Self, CeremonyError> {
        Self::parse(&bytes_at(response, "/response/authenticatorData")?)
            .ok_or(CeremonyError::Refused("its authenticator data is malformed"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (&[flags], rest) = rest.split_first_chunk::<1>()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let attested = if flags & FLAG_ATTESTED == 0 {
            None
        } else {
            let (aaguid, rest) = rest.split_first_chunk::<16>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let credential_id = rest.get(..usize::from(u16::from_be_bytes(*length)))?.to_vec();
            Some(Attested { aaguid: Uuid::from_bytes(*aaguid), credential_id })
        };
        Some(Self {
            rp_id_hash: *rp_id_hash,
            user_present: flags & FLAG_USER_PRESENT != 0,
            user_verified: flags & FLAG_USER_VERIFIED != 0,
            backup_eligible: flags & FLAG_BACKUP_ELIGIBLE != 0,
            backup_state: flags & FLAG_BACKUP_STATE != 0,
            sign_count: u32::from_be_bytes(*counter),
            attested,
        })
    }

    /// §7.1 steps 13 to 17, §7.2 steps 15 to 19, except user verification, which the caller judges.
    pub(super) fn check(&self, rp_id: &str) -> Result<(), CeremonyError> {
        if self.rp_id_hash != sha256(rp_id.as_bytes()) {
            return Err(CeremonyError::Refused("it was made for another relying party"));
        }
        if !self.user_present {
            return Err(CeremonyError::Refused("nobody was present"));
        }
        if self.backup_state && !self.backup_eligible {
            return Err(CeremonyError::Refused("it is backed up without being eligible"));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct AttestationObject {
    fmt: String,
    #[serde(rename = "authData")]
    auth_data: ciborium::Value,
}

/// The format and authenticator data of `response.attestationObject` (§6.5).
pub(super) fn attestation_object(response: &Value) -> Result<(String, AuthenticatorData), CeremonyError> {
    let refused = || CeremonyError::Refused("its attestation object is malformed");
    let bytes = bytes_at(response, "/response/attestationObject")?;
    let object: AttestationObject =
        ciborium::de::from_reader_with_recursion_limit(bytes.as_slice(), 16).map_err(|_| refused())?;
    let data = object.auth_data.as_bytes().and_then(|bytes| AuthenticatorData::parse(bytes));
    Ok((object.fmt, data.ok_or_else(refused)?))
}

/// The same answer as if somebody had touched the authenticator. Only for the format "none", under
/// which nothing signs the flags.
pub(super) fn with_user_present(response: &Value) -> Result<Value, CeremonyError> {
    let refused = || CeremonyError::Refused("its attestation object is malformed");
    let bytes = bytes_at(response, "/response/attestationObject")?;
    let object: AttestationObject =
        ciborium::de::from_reader_with_recursion_limit(bytes.as_slice(), 16).map_err(|_| refused())?;
    if object.fmt != "none" {
        return Err(CeremonyError::Refused("made without a person, it can carry no attestation"));
    }
    let mut data = object.auth_data.into_bytes().map_err(|_| refused())?;
    *data.get_mut(32).ok_or_else(refused)? |= FLAG_USER_PRESENT;
    let member = |name: &str| ciborium::Value::Text(name.to_owned());
    let present = ciborium::Value::Map(vec![
        (member("fmt"), member("none")),
        (member("attStmt"), ciborium::Value::Map(Vec::new())),
        (member("authData"), ciborium::Value::Bytes(data)),
    ]);
    let mut encoded = Vec::new();
    ciborium::ser::into_writer(&present, &mut encoded).map_err(|_| refused())?;
    let mut changed = response.clone();
    let slot = changed.pointer_mut("/response/attestationObject").ok_or_else(refused)?;
    *slot = Value::String(base64url::encode(encoded));
    Ok(changed)
}
