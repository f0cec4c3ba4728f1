//! Keys that everybody has: those that RFC 7515 appendix A and RFC 8037 appendix A print. What is signed with them is
//! signed by nobody.

use idp::crypto::base64url;
use idp::model::jwks::Jwks;
use josekit::jwk::Jwk;
use josekit::jws::JwsSigner;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm::Es256;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm::Eddsa;
use serde_json::{Value, json};

const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ED_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-y\
    RT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg\
    665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

/// The public halves.
pub fn set() -> Value {
    json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "x": X, "y": Y },
        { "kty": "OKP", "crv": "Ed25519", "x": ED_X },
        { "kty": "RSA", "n": RSA_N, "e": "AQAB" },
    ]})
}

pub fn jwks() -> Jwks {
    Jwks::parse(&set()).expect("public keys")
}

/// The point and the secret number of the key for ES256.
pub fn p256() -> (Vec<u8>, Vec<u8>) {
    let number = |text| base64url::decode(text).expect("base64url");
    ([vec![4], number(X), number(Y)].concat(), number(D))
}

/// A JWS of exactly these bytes, signed with the key for ES256.
pub fn sign_es256(header: &[u8], claims: &[u8]) -> String {
    let key = json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": D });
    sign(&Es256.signer_from_jwk(&read(key)).expect("a key for ES256"), header, claims)
}

/// …and with the one for `EdDSA`, where the same bytes have the same signature.
pub fn sign_eddsa(header: &[u8], claims: &[u8]) -> String {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": ED_X, "d": ED_D });
    sign(&Eddsa.signer_from_jwk(&read(key)).expect("a key for EdDSA"), header, claims)
}

fn read(key: Value) -> Jwk {
    let Value::Object(members) = key else { unreachable!("a key is an object") };
    Jwk::from_map(members).expect("a key")
}

fn sign(signer: &dyn JwsSigner, header: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
    let signature = signer.sign(message.as_bytes()).expect("a signature");
    format!("{message}.{}", base64url::encode(signature))
}
