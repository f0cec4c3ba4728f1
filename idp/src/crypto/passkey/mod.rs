//! WebAuthn ceremonies (Level 3): the options a browser gets, and the verification of what it sends
//! back. webauthn-rs verifies; this room makes the options itself, performs the checks of Level 3
//! that the crate leaves out before handing over, and reads what the crate does not report.
//! Nobody else names a type of webauthn-rs. Knows no storage and no HTTP.

mod options;
mod parse;
#[cfg(test)]
mod vectors;

use serde_json::{Value, json};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Webauthn,
    WebauthnBuilder, WebauthnError,
};

use self::parse::{AuthenticatorData, ClientData};
use super::{aaguid, base64url};
use crate::model::Invalid;
use crate::model::attempt::BrowserId;
use crate::model::credential::{Passkey, PasskeyName};
use crate::model::ids::{PasskeyId, UserId};

pub use self::options::{CREATION_ALGORITHMS, CreationRequest};

/// How long the browser may take; the challenge lives longer than this (Level 3 §13.4.3).
pub const TIMEOUT_MILLISECONDS: u32 = 300_000;

/// The relying party: one id, and the exact origins its pages are served from.
#[derive(Debug)]
pub struct RelyingParty {
    id: String,
    name: String,
    origins: Vec<String>,
    webauthn: Webauthn,
}

/// What the library is to make of the flag UV.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum UserVerification {
    Required,
    Preferred,
}

/// Why a ceremony failed. People are told one thing, the log says which.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// Level 3 §7.1 and §7.2: one of the checks before the signature.
    #[error("the passkey's answer is refused: {0}")]
    Refused(&'static str),
    #[error("the passkey's answer is refused: {0}")]
    Verification(#[from] WebauthnError),
    #[error("a stored passkey is damaged")]
    BadRecord(#[from] serde_json::Error),
}

/// A verified registration, ready to become a credential record.
#[derive(Debug)]
pub struct NewCredential {
    pub credential_id: Vec<u8>,
    pub record: Value,
    pub rp_id: String,
    pub aaguid: Uuid,
    pub transports: Vec<String>,
    pub sign_count: u32,
    pub user_verified: bool,
    pub backup_eligible: bool,
    pub backup_state: bool,
}

impl NewCredential {
    /// The passkey that it becomes, under the name that its provider suggests.
    ///
    /// # Errors
    /// When that is no name.
    pub fn passkey(
        self,
        (id, owner): (PasskeyId, UserId),
        browser: Option<BrowserId>,
        now: OffsetDateTime,
    ) -> Result<Passkey, Invalid> {
        let suggested = aaguid::provider(self.aaguid).map_or("Passkey", |(name, _)| name);
        Ok(Passkey {
            id,
            user_id: owner,
            credential_id: self.credential_id,
            record: self.record,
            rp_id: self.rp_id,
            name: PasskeyName::parse(suggested)?,
            aaguid: self.aaguid,
            transports: self.transports,
            sign_count: self.sign_count,
            uv_initialized: self.user_verified,
            backup_eligible: self.backup_eligible,
            backup_state: self.backup_state,
            created_at: now,
            last_used_at: None,
            last_used_with: None,
            last_used_from: None,
            browser,
        })
    }
}

/// A verified assertion, and what it changes in the credential record.
#[expect(clippy::struct_excessive_bools, reason = "flags of the specification, and what is odd about them")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion {
    pub user_verified: bool,
    pub sign_count: u32,
    pub backup_state: bool,
    pub backup_eligible: bool,
    /// It says otherwise than at registration whether it may be copied (§7.2 step 19): a sign of a
    /// manager that answers wrongly, or of another authenticator.
    pub eligibility_changed: bool,
    /// The counter did not grow (§7.2 step 22): a sign of a copied authenticator, not a proof.
    pub counter_stood_still: bool,
}

/// Which passkey an answer claims to come from, before anything is verified.
#[derive(Debug)]
pub struct Claimed {
    pub credential_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
}

impl RelyingParty {
    /// # Errors
    /// When the id is not a suffix of the origin's host, as WebAuthn demands.
    pub fn new(id: &str, name: &str, origin: &Url) -> Result<Self, WebauthnError> {
        let webauthn = WebauthnBuilder::new(id, origin)?.rp_name(name).build()?;
        let origins = vec![origin.origin().ascii_serialization()];
        Ok(Self { id: id.to_owned(), name: name.to_owned(), origins, webauthn })
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Verifies a new passkey (Level 3 §7.1). `excluded` are the ids the person already has.
    ///
    /// # Errors
    /// When any step of §7.1 fails.
    pub fn verify_registration(
        &self,
        challenge: &[u8],
        excluded: &[Vec<u8>],
        response: &Value,
    ) -> Result<NewCredential, CeremonyError> {
        self.registration(challenge, excluded, response, UserVerification::Required)
    }

    /// Verifies a passkey that the browser made by itself after a password (§5.1.3, conditional
    /// mediation): nobody had to be present or verified, everything else holds.
    ///
    /// # Errors
    /// When any other step of §7.1 fails.
    pub fn verify_conditional_registration(
        &self,
        challenge: &[u8],
        excluded: &[Vec<u8>],
        response: &Value,
    ) -> Result<NewCredential, CeremonyError> {
        let claimed = parse::attestation_object(response)?.1;
        // The library knows no ceremony without a person. Under the format "none" nothing signs the
        // flags, so that they may be set for it; `parse::with_user_present` takes no other format.
        let present = parse::with_user_present(response)?;
        let mut new = self.registration(challenge, excluded, &present, UserVerification::Preferred)?;
        if let Some(members) = new.record.get_mut("cred").and_then(Value::as_object_mut) {
            members.insert("registration_policy".to_owned(), json!(UserVerification::Required));
        }
        new.user_verified = claimed.user_verified;
        Ok(new)
    }

    fn registration(
        &self,
        challenge: &[u8],
        excluded: &[Vec<u8>],
        response: &Value,
        user_verification: UserVerification,
    ) -> Result<NewCredential, CeremonyError> {
        let credential_id = parse::credential_id(response)?;
        let client_data = ClientData::parse(response)?;
        client_data.check("webauthn.create", challenge, &self.origins)?;
        let (format, data) = parse::attestation_object(response)?;
        // Nothing but "none" was asked for; a browser that sends a statement all the same has it
        // verified by the library below, and one of an unknown format is refused there.
        let attested = data.attested.as_ref().ok_or(CeremonyError::Refused("no credential in it"))?;
        if attested.credential_id != credential_id {
            return Err(CeremonyError::Refused("the credential id is not the authenticator's"));
        }
        data.check(&self.id)?;

        let state: PasskeyRegistration = serde_json::from_value(json!({ "rs": {
            "policy": user_verification,
            "exclude_credentials": excluded.iter().map(base64url::encode).collect::<Vec<_>>(),
            "challenge": base64url::encode(challenge),
            "credential_algorithms": CREATION_ALGORITHMS.map(|(name, _)| name),
            "require_resident_key": true,
            "authenticator_attachment": null,
            "extensions": {},
            "allow_synchronised_authenticators": true,
        }}))?;
        let answer: RegisterPublicKeyCredential = from_browser(response)?;
        let passkey = self.webauthn.finish_passkey_registration(&answer, &state)?;
        tracing::debug!(format, aaguid = %attested.aaguid, "passkey verified");
        Ok(NewCredential {
            credential_id,
            record: serde_json::to_value(&passkey)?,
            rp_id: self.id.clone(),
            aaguid: attested.aaguid,
            transports: parse::transports(response),
            sign_count: data.sign_count,
            user_verified: data.user_verified,
            backup_eligible: data.backup_eligible,
            backup_state: data.backup_state,
        })
    }

    /// Reads which passkey answers, to look it up.
    ///
    /// # Errors
    /// When the answer has not the form of one.
    pub fn claimed(&self, response: &Value) -> Result<Claimed, CeremonyError> {
        Ok(Claimed {
            credential_id: parse::credential_id(response)?,
            user_handle: parse::user_handle(response)?,
        })
    }

    /// Verifies a sign-in (Level 3 §7.2) by a passkey of the person with `handle`. `allowed` is the
    /// list that was sent, empty for a discoverable sign-in, where the browser must name the person.
    ///
    /// # Errors
    /// When any step of §7.2 fails. A missing user verification is not an error here: the result
    /// says so, and the caller decides what else is needed.
    pub fn verify_assertion(
        &self,
        challenge: &[u8],
        allowed: &[Vec<u8>],
        (passkey, handle): (&Passkey, &[u8]),
        response: &Value,
    ) -> Result<Assertion, CeremonyError> {
        let claimed = self.claimed(response)?;
        if claimed.credential_id != passkey.credential_id {
            return Err(CeremonyError::Refused("another credential than the one looked up"));
        }
        if !allowed.is_empty() && !allowed.contains(&claimed.credential_id) {
            return Err(CeremonyError::Refused("the credential was not in the list sent"));
        }
        match claimed.user_handle {
            Some(presented) if presented != handle => {
                return Err(CeremonyError::Refused("the user handle belongs to somebody else"));
            }
            None if allowed.is_empty() => return Err(CeremonyError::Refused("the user handle is missing")),
            _ => {}
        }
        let client_data = ClientData::parse(response)?;
        client_data.check("webauthn.get", challenge, &self.origins)?;
        let data = AuthenticatorData::of_assertion(response)?;
        data.check(&self.id)?;

        // The library would refuse what we judge ourselves: a counter that stands still and an
        // eligibility that changed are signals to record, and a missing user verification asks for
        // another factor.
        let mut credential = passkey.record.get("cred").cloned().unwrap_or_default();
        for (member, value) in [
            ("counter", json!(0)),
            ("user_verified", json!(false)),
            ("backup_eligible", json!(data.backup_eligible)),
            ("registration_policy", json!(UserVerification::Preferred)),
        ] {
            credential.as_object_mut().and_then(|members| members.insert(member.to_owned(), value));
        }
        let state: PasskeyAuthentication = serde_json::from_value(json!({ "ast": {
            "credentials": [credential],
            "policy": UserVerification::Preferred,
            "challenge": base64url::encode(challenge),
            "appid": null,
            "allow_backup_eligible_upgrade": false,
        }}))?;
        let answer: PublicKeyCredential = from_browser(response)?;
        let result = self.webauthn.finish_passkey_authentication(&answer, &state)?;
        let (old, new) = (passkey.sign_count, result.counter());
        Ok(Assertion {
            user_verified: result.user_verified(),
            sign_count: new,
            backup_state: result.backup_state(),
            backup_eligible: data.backup_eligible,
            eligibility_changed: data.backup_eligible != passkey.backup_eligible,
            counter_stood_still: new <= old && (new, old) != (0, 0),
        })
    }
}

/// The library's own parsing of a browser's answer. What it can not read is the browser's fault,
/// not ours.
fn from_browser<T: serde::de::DeserializeOwned>(response: &Value) -> Result<T, CeremonyError> {
    serde_json::from_value(response.clone()).map_err(|_| CeremonyError::Refused("it is malformed"))
}
