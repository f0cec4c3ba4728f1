//! The options handed to `navigator.credentials`, in the JSON form of Level 3 §5.1.8 and §5.1.9.

use serde_json::{Value, json};

use super::{RelyingParty, TIMEOUT_MILLISECONDS};
use crate::crypto::base64url;
use crate::model::credential::Passkey;
use crate::model::user::User;

/// What we can verify later, in order of preference: the library's name and the COSE number.
/// `EdDSA` (-8) is missing because the library can not verify it.
pub const CREATION_ALGORITHMS: [(&str, i32); 3] = [("ES256", -7), ("ES384", -35), ("RS256", -257)];

/// Whose passkey is to be made, and which they have already.
#[derive(Debug)]
pub struct CreationRequest<'a> {
    pub user: &'a User,
    pub existing: &'a [Passkey],
    /// Whether the authenticator has to verify the person. A browser that makes a passkey by itself
    /// has nobody to verify.
    pub required: bool,
}

impl RelyingParty {
    /// `PublicKeyCredentialCreationOptionsJSON`: a discoverable credential with user verification.
    #[must_use]
    pub fn creation_options(&self, challenge: &[u8], request: &CreationRequest<'_>) -> Value {
        json!({
            "rp": { "id": self.id, "name": self.name },
            "user": {
                "id": base64url::encode(&request.user.handle),
                "name": request.user.email.as_str(),
                "displayName": request.user.display_name(),
            },
            "challenge": base64url::encode(challenge),
            "pubKeyCredParams": CREATION_ALGORITHMS
                .map(|(_, alg)| json!({ "type": "public-key", "alg": alg })),
            "timeout": TIMEOUT_MILLISECONDS,
            "excludeCredentials": descriptors(request.existing),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": if request.required { "required" } else { "preferred" },
            },
            "attestation": "none",
            "extensions": { "credProps": true },
        })
    }

    /// `PublicKeyCredentialRequestOptionsJSON`. With no `allowed` passkeys the person is found by
    /// the passkey (a discoverable sign-in).
    #[must_use]
    pub fn request_options(&self, challenge: &[u8], allowed: &[Passkey]) -> Value {
        json!({
            "rpId": self.id,
            "challenge": base64url::encode(challenge),
            "timeout": TIMEOUT_MILLISECONDS,
            "allowCredentials": descriptors(allowed),
            "userVerification": "required",
        })
    }
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys
        .iter()
        .map(|passkey| {
            json!({
                "type": "public-key",
                "id": base64url::encode(&passkey.credential_id),
                "transports": passkey.transports,
            })
        })
        .collect()
}
