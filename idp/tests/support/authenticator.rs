//! A software authenticator with the browser around it: makes real registrations and assertions,
//! and can be told to get one thing wrong at a time, each a step of WebAuthn Level 3 §7.1 or §7.2.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use ciborium::Value as Cbor;
use idp::crypto::{base64url, sha256};
use serde_json::{Value, json};

/// The AAGUID of 1Password, so that a name is suggested.
pub const AAGUID: [u8; 16] =
    [0xba, 0xda, 0x55, 0x66, 0xa7, 0xaa, 0x40, 0x1f, 0xbd, 0x96, 0x45, 0x61, 0x9a, 0x55, 0x12, 0x0d];

/// One thing to get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    WrongType,
    WrongChallenge,
    ForeignOrigin,
    SuffixOrigin,
    OriginOtherPort,
    OriginOtherScheme,
    CrossOrigin,
    TopOrigin,
    WrongRpIdHash,
    NotPresent,
    NotVerified,
    BackedUpButNotEligible,
    EligibilityChanged,
    WrongCredentialType,
    IdDiffersFromRawId,
    OtherCredentialId,
    HugeCredentialId,
    UnofferedAlgorithm,
    UnknownFormat,
    BrokenAttestation,
    BadSignature,
    SignedOtherData,
    ForeignUserHandle,
    NoUserHandle,
    Truncated,
    ClientDataIsNoJson,
}

struct Credential {
    id: Vec<u8>,
    key: EcdsaKeyPair,
    user_handle: Vec<u8>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a flag that an authenticator reports")]
pub struct SoftAuthenticator {
    origin: String,
    credentials: Vec<Credential>,
    pub sign_count: u32,
    pub counts: bool,
    user_present: bool,
    pub user_verified: bool,
    pub backup_eligible: bool,
    pub backup_state: bool,
    next_id: u8,
}

impl SoftAuthenticator {
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            credentials: Vec::new(),
            sign_count: 0,
            counts: false,
            user_present: true,
            user_verified: true,
            backup_eligible: true,
            backup_state: true,
            next_id: 0,
        }
    }

    /// `navigator.credentials.create()`; `Err` is the browser's `InvalidStateError`.
    pub fn create(&mut self, options: &Value) -> Result<Value, ()> {
        let excluded = options["excludeCredentials"].as_array().unwrap();
        let known =
            |id: &Value| self.credentials.iter().any(|c| base64url::encode(&c.id) == id.as_str().unwrap());
        if excluded.iter().any(|descriptor| known(&descriptor["id"])) {
            return Err(());
        }
        Ok(self.create_with(options, None))
    }

    /// As [`Self::create`], with one thing wrong.
    pub fn create_with(&mut self, options: &Value, fault: Option<Fault>) -> Value {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        self.next_id += 1;
        let mut id = sha256(&[self.next_id, key.public_key().as_ref()[5]]).to_vec();
        id.extend_from_slice(&key.public_key().as_ref()[1..9]);
        if fault == Some(Fault::HugeCredentialId) {
            id = vec![7; 1024];
        }
        self.register(options, (id, key), fault)
    }

    /// What a password manager makes by itself, with nobody present (conditional create).
    pub fn create_absent(&mut self, options: &Value, fault: Option<Fault>) -> Value {
        (self.user_present, self.user_verified) = (false, false);
        let answer = self.create_with(options, fault);
        (self.user_present, self.user_verified) = (true, true);
        answer
    }

    fn register(
        &mut self,
        options: &Value,
        (id, key): (Vec<u8>, EcdsaKeyPair),
        fault: Option<Fault>,
    ) -> Value {
        let rp_id = options["rp"]["id"].as_str().unwrap();
        let mut data = self.authenticator_data(rp_id, 0x40, fault);
        data.extend_from_slice(&AAGUID);
        data.extend_from_slice(&u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&id);
        data.extend_from_slice(&cose_key(key.public_key().as_ref(), fault));
        if fault == Some(Fault::Truncated) {
            data.truncate(60);
        }
        let format = match fault {
            Some(Fault::UnknownFormat) => "made-up",
            Some(Fault::BrokenAttestation) => "packed",
            _ => "none",
        };
        let statement = match fault {
            Some(Fault::BrokenAttestation) => Cbor::Map(vec![
                (Cbor::Text("alg".to_owned()), Cbor::Integer((-7).into())),
                (Cbor::Text("sig".to_owned()), Cbor::Bytes(vec![1; 70])),
            ]),
            _ => Cbor::Map(Vec::new()),
        };
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".to_owned()), Cbor::Text(format.to_owned())),
            (Cbor::Text("attStmt".to_owned()), statement),
            (Cbor::Text("authData".to_owned()), Cbor::Bytes(data)),
        ]);
        let mut attestation = Vec::new();
        ciborium::into_writer(&object, &mut attestation).unwrap();
        let client_data = self.client_data("webauthn.create", options, fault);
        let mut answer = public_key_credential(&id, fault);
        answer["response"] = json!({
            "clientDataJSON": base64url::encode(client_data),
            "attestationObject": base64url::encode(attestation),
            "transports": ["internal", "hybrid"],
        });
        answer["clientExtensionResults"] = json!({ "credProps": { "rk": true } });
        let user_handle = base64url::decode(options["user"]["id"].as_str().unwrap()).unwrap();
        self.credentials.push(Credential { id, key, user_handle });
        answer
    }

    /// A registration with the id and key of the newest passkey again, as an attacker would make who
    /// knows somebody's credential id.
    pub fn clone_newest(&mut self, options: &Value) -> Value {
        let credential = self.credentials.pop().unwrap();
        let answer = self.register(options, (credential.id, credential.key), None);
        self.credentials.truncate(1);
        answer
    }

    /// `navigator.credentials.get()` with the newest passkey that is allowed.
    pub fn get(&mut self, options: &Value) -> Value {
        self.get_with(options, None)
    }

    /// As [`Self::get`], with one thing wrong.
    pub fn get_with(&mut self, options: &Value, fault: Option<Fault>) -> Value {
        if self.counts {
            self.sign_count += 1;
        }
        let allowed: Vec<&str> = options["allowCredentials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["id"].as_str().unwrap())
            .collect();
        let credential = self
            .credentials
            .iter()
            .rev()
            .find(|c| allowed.is_empty() || allowed.contains(&base64url::encode(&c.id).as_str()))
            .expect("a passkey that is allowed");
        let rp_id = options["rpId"].as_str().unwrap();
        let mut data = self.authenticator_data(rp_id, 0, fault);
        let client_data = self.client_data("webauthn.get", options, fault);
        let mut signed = [data.as_slice(), &sha256(client_data.as_bytes())].concat();
        if fault == Some(Fault::SignedOtherData) {
            signed[0] ^= 1;
        }
        let mut signature = credential.key.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec();
        if fault == Some(Fault::BadSignature) {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        if fault == Some(Fault::Truncated) {
            data.truncate(30);
        }
        let mut answer = public_key_credential(&credential.id, fault);
        let handle = match fault {
            Some(Fault::ForeignUserHandle) => json!(base64url::encode([9; 64])),
            Some(Fault::NoUserHandle) => Value::Null,
            _ => json!(base64url::encode(&credential.user_handle)),
        };
        answer["response"] = json!({
            "clientDataJSON": base64url::encode(client_data),
            "authenticatorData": base64url::encode(data),
            "signature": base64url::encode(signature),
            "userHandle": handle,
        });
        answer["clientExtensionResults"] = json!({});
        answer
    }

    fn client_data(&self, kind: &str, options: &Value, fault: Option<Fault>) -> String {
        if fault == Some(Fault::ClientDataIsNoJson) {
            return "{".to_owned();
        }
        let host_and_port = self.origin.trim_start_matches("http://");
        let mut data = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        });
        match fault {
            Some(Fault::WrongType) => data["type"] = json!("webauthn.other"),
            Some(Fault::WrongChallenge) => data["challenge"] = json!(base64url::encode([3; 32])),
            Some(Fault::ForeignOrigin) => data["origin"] = json!("https://evil.example"),
            Some(Fault::SuffixOrigin) => data["origin"] = json!(format!("http://evil{host_and_port}")),
            Some(Fault::OriginOtherPort) => data["origin"] = json!("http://localhost:1"),
            Some(Fault::OriginOtherScheme) => data["origin"] = json!(format!("https://{host_and_port}")),
            Some(Fault::CrossOrigin) => data["crossOrigin"] = json!(true),
            Some(Fault::TopOrigin) => data["topOrigin"] = json!("https://evil.example"),
            _ => {}
        }
        data.to_string()
    }

    /// rpIdHash, flags, counter.
    fn authenticator_data(&self, rp_id: &str, flags: u8, fault: Option<Fault>) -> Vec<u8> {
        let rp_id = if fault == Some(Fault::WrongRpIdHash) { "evil.example" } else { rp_id };
        let mut flags = if self.user_present { flags | 0x01 } else { flags };
        if self.user_verified && fault != Some(Fault::NotVerified) {
            flags |= 0x04;
        }
        let eligible = self.backup_eligible ^ (fault == Some(Fault::EligibilityChanged));
        if eligible {
            flags |= 0x08;
        }
        if self.backup_state && eligible {
            flags |= 0x10;
        }
        match fault {
            Some(Fault::NotPresent) => flags &= !0x01,
            Some(Fault::BackedUpButNotEligible) => flags = flags & !0x08 | 0x10,
            _ => {}
        }
        let mut data = sha256(rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend_from_slice(&self.sign_count.to_be_bytes());
        data
    }
}

fn public_key_credential(id: &[u8], fault: Option<Fault>) -> Value {
    let raw = base64url::encode(id);
    let other = base64url::encode([5; 16]);
    let (id, raw) = match fault {
        Some(Fault::IdDiffersFromRawId) => (other, raw),
        Some(Fault::OtherCredentialId) => (other.clone(), other),
        _ => (raw.clone(), raw),
    };
    let kind = if fault == Some(Fault::WrongCredentialType) { "password" } else { "public-key" };
    json!({ "id": id, "rawId": raw, "type": kind, "authenticatorAttachment": "platform" })
}

/// RFC 9053 §7.1.1: an EC2 key on P-256.
fn cose_key(point: &[u8], fault: Option<Fault>) -> Vec<u8> {
    let int = |number: i64| Cbor::Integer(number.into());
    let alg = if fault == Some(Fault::UnofferedAlgorithm) { -36 } else { -7 };
    let key = Cbor::Map(vec![
        (int(1), int(2)),
        (int(3), int(alg)),
        (int(-1), int(1)),
        (int(-2), Cbor::Bytes(point[1..33].to_vec())),
        (int(-3), Cbor::Bytes(point[33..65].to_vec())),
    ]);
    let mut bytes = Vec::new();
    ciborium::into_writer(&key, &mut bytes).unwrap();
    bytes
}
