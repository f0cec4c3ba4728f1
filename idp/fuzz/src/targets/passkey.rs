//! Answers of authenticators. A letter says which: the client data follows, empty for a good one, then a zero byte, then
//!  `r` an attestation object (`c`: of one made without a person), `k` a COSE key, `f` the name of a format, a zero byte
//!  and an attestation statement, `a` authenticator data to be signed with the passkey's key;
//! or `m` and, three bytes each, places in a good assertion and what they are changed by.
//! What is accepted answers this challenge at this site, and is what the authenticator signed.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use ciborium::Value as Cbor;
use idp::crypto::passkey::{NewCredential, RelyingParty};
use idp::crypto::{base64url, sha256};
use idp::model::credential::Passkey;
use idp::model::ids::{PasskeyId, UserId};
use serde_json::{Value, json};
use time::OffsetDateTime;
use url::Url;

use super::house::ISSUER;
use super::keys;

const RP_ID: &str = "id.example";
const CHALLENGE: [u8; 32] = [7; 32];
const CREDENTIAL: [u8; 16] = [9; 16];
const HANDLE: &[u8] = b"handle";
/// Somebody was there and was verified; that there is a credential.
const FLAGS: u8 = 0x05;
const ATTESTED: u8 = 0x40;

struct Known {
    party: RelyingParty,
    key: EcdsaKeyPair,
    passkey: Passkey,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let site = Url::parse(ISSUER).expect("our address");
    let party = RelyingParty::new(RP_ID, "Example", &site).expect("a relying party");
    let (point, number) = keys::p256();
    let key = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, &number, &point);
    let response =
        registration(&client_data_of("webauthn.create"), &attestation("none", None, &attested(&cose())));
    let new = party.verify_registration(&CHALLENGE, &[], &response).expect("a good registration");
    Known { party, key: key.expect("a key"), passkey: owned(new) }
});

pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    if *kind == b'm' {
        return changed(rest);
    }
    let (client_data, rest) = cut(rest);
    let create =
        if client_data.is_empty() { client_data_of("webauthn.create") } else { client_data.to_vec() };
    match kind {
        b'r' | b'c' => register(&create, rest, *kind == b'c'),
        b'k' => register(&create, &attestation("none", None, &attested(rest)), false),
        b'f' => {
            let (format, statement) = cut(rest);
            let statement = ciborium::de::from_reader_with_recursion_limit(statement, 16).ok();
            let format = String::from_utf8_lossy(format);
            register(&create, &attestation(&format, statement, &attested(&cose())), false);
        }
        b'a' => {
            let get =
                if client_data.is_empty() { client_data_of("webauthn.get") } else { client_data.to_vec() };
            let data = if rest.is_empty() { good_data() } else { rest.to_vec() };
            signed(&get, &data);
        }
        _ => {}
    }
}

fn cut(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// A registration with everything the person's browser and authenticator said.
fn register(client_data: &[u8], attestation: &[u8], conditional: bool) {
    let party = &KNOWN.party;
    let response = registration(client_data, attestation);
    let verified = if conditional {
        party.verify_conditional_registration(&CHALLENGE, &[], &response)
    } else {
        party.verify_registration(&CHALLENGE, &[], &response)
    };
    let Ok(new) = verified else {
        return;
    };
    answers(client_data, "webauthn.create");
    assert_eq!(response["id"], json!(base64url::encode(&new.credential_id)));
    assert!(conditional || new.user_verified, "nobody was verified");
    assert!(new.backup_eligible || !new.backup_state && new.transports.is_empty());
    // Whatever key it is, this is none of its signatures.
    let passkey = owned(new);
    let mut answer = assertion(&client_data_of("webauthn.get"), &good_data(), &[0x30, 6, 2, 1, 1, 2, 1, 1]);
    answer["id"] = response["id"].clone();
    answer["rawId"] = response["id"].clone();
    let verified = party.verify_assertion(&CHALLENGE, &[], (&passkey, HANDLE), &answer);
    assert!(verified.is_err(), "no signature, and it is accepted");
}

/// An assertion over these bytes that is well signed.
fn signed(client_data: &[u8], data: &[u8]) {
    let known = &*KNOWN;
    let answer = assertion(client_data, data, &sign(client_data, data));
    let verified = known.party.verify_assertion(&CHALLENGE, &[], (&known.passkey, HANDLE), &answer);
    if let Ok(verified) = verified {
        answers(client_data, "webauthn.get");
        assert_eq!(data.get(..32), Some(&sha256(RP_ID.as_bytes())[..]), "made for somebody else");
        assert_eq!(data[32] & 1, 1, "nobody was there");
        assert_eq!(verified.user_verified, data[32] & 4 != 0);
        assert_eq!(verified.sign_count.to_be_bytes(), data[33..37]);
    }
}

/// A good assertion with some of its bytes changed.
fn changed(changes: &[u8]) {
    let known = &*KNOWN;
    let (client_data, data) = (client_data_of("webauthn.get"), good_data());
    let signature = sign(&client_data, &data);
    let mut parts = [client_data.clone(), data.clone(), signature];
    for change in changes.chunks_exact(3).take(8) {
        let part = &mut parts[usize::from(change[0]) % 3];
        let place = usize::from(change[1]) % part.len();
        part[place] ^= change[2];
    }
    let answer = assertion(&parts[0], &parts[1], &parts[2]);
    let verified = known.party.verify_assertion(&CHALLENGE, &[], (&known.passkey, HANDLE), &answer);
    if verified.is_ok() {
        assert!(parts[0] == client_data && parts[1] == data, "nobody signed this");
    }
}

/// What the client data says, read once more.
fn answers(client_data: &[u8], kind: &str) {
    let said: Value = serde_json::from_slice(client_data).expect("JSON, or it can not have been read");
    assert_eq!(said["type"], kind);
    assert_eq!(said["challenge"], base64url::encode(CHALLENGE));
    assert_eq!(said["origin"], ISSUER);
    assert!(said["crossOrigin"] != true && said["topOrigin"].is_null(), "made inside of another site");
}

fn client_data_of(kind: &str) -> Vec<u8> {
    let challenge = base64url::encode(CHALLENGE);
    json!({ "type": kind, "challenge": challenge, "origin": ISSUER }).to_string().into_bytes()
}

fn sign(client_data: &[u8], data: &[u8]) -> Vec<u8> {
    let message = [data, &sha256(client_data)].concat();
    let signature = KNOWN.key.sign(&SystemRandom::new(), &message).expect("a signature");
    signature.as_ref().to_vec()
}

fn good_data() -> Vec<u8> {
    [&sha256(RP_ID.as_bytes())[..], &[FLAGS], &[0, 0, 0, 1]].concat()
}

/// Authenticator data with this key in it.
fn attested(cose: &[u8]) -> Vec<u8> {
    let length = u16::try_from(CREDENTIAL.len()).unwrap_or_default().to_be_bytes();
    let begin = [&sha256(RP_ID.as_bytes())[..], &[FLAGS | ATTESTED], &[0; 4], &[0; 16], &length];
    [&begin.concat()[..], &CREDENTIAL, cose].concat()
}

/// RFC 9053 §7.1.1: the key of RFC 7515 appendix A.3, for ES256.
fn cose() -> Vec<u8> {
    let (point, _) = keys::p256();
    let number = |value: i64| Cbor::Integer(value.into());
    let (x, y) = (Cbor::Bytes(point[1..33].to_vec()), Cbor::Bytes(point[33..].to_vec()));
    let members = [(1, number(2)), (3, number(-7)), (-1, number(1)), (-2, x), (-3, y)];
    encoded(&Cbor::Map(members.map(|(name, value)| (number(name), value)).to_vec()))
}

fn attestation(format: &str, statement: Option<Cbor>, data: &[u8]) -> Vec<u8> {
    let text = |text: &str| Cbor::Text(text.to_owned());
    encoded(&Cbor::Map(vec![
        (text("fmt"), text(format)),
        (text("attStmt"), statement.unwrap_or(Cbor::Map(Vec::new()))),
        (text("authData"), Cbor::Bytes(data.to_vec())),
    ]))
}

fn encoded(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::ser::into_writer(value, &mut bytes).expect("CBOR");
    bytes
}

/// The browser's answer. It names the credential that the authenticator named.
fn registration(client_data: &[u8], attestation: &[u8]) -> Value {
    let id = base64url::encode(named(attestation).unwrap_or_else(|| CREDENTIAL.to_vec()));
    json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": base64url::encode(client_data),
            "attestationObject": base64url::encode(attestation),
        },
    })
}

fn named(attestation: &[u8]) -> Option<Vec<u8>> {
    let object: Cbor = ciborium::de::from_reader_with_recursion_limit(attestation, 16).ok()?;
    let members = object.into_map().ok()?;
    let data =
        members.into_iter().find(|(name, _)| name.as_text() == Some("authData"))?.1.into_bytes().ok()?;
    let length = u16::from_be_bytes(data.get(53..55)?.try_into().ok()?);
    Some(data.get(55..55 + usize::from(length))?.to_vec())
}

fn assertion(client_data: &[u8], data: &[u8], signature: &[u8]) -> Value {
    let id = base64url::encode(CREDENTIAL);
    json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": base64url::encode(client_data),
            "authenticatorData": base64url::encode(data),
            "signature": base64url::encode(signature),
            "userHandle": base64url::encode(HANDLE),
        },
    })
}

fn owned(new: NewCredential) -> Passkey {
    let start = OffsetDateTime::UNIX_EPOCH;
    let ids = (PasskeyId::new(start, [0; 10]), UserId::new(start, [0; 10]));
    new.passkey(ids, None, start).expect("a name")
}
