//! A key of somebody else, and what they sign with it.

use idp::crypto::{base64url, sha256};
use idp::model::key::SigningAlg;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ed::EdCurve;
use josekit::jws::JwsSigner;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm::Es256;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm::Eddsa;
use josekit::jws::alg::hmac::HmacJwsAlgorithm::Hs256;
use josekit::jws::alg::rsassa::RsassaJwsAlgorithm::Rs256;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm::Ps256;
use serde_json::{Value, json};

pub struct Signer {
    pub alg: SigningAlg,
    key: Jwk,
}

impl Signer {
    pub fn new(alg: SigningAlg) -> Self {
        let key = match alg {
            SigningAlg::Rs256 | SigningAlg::Ps256 => Jwk::generate_rsa_key(2048),
            SigningAlg::Es256 => Jwk::generate_ec_key(EcCurve::P256),
            SigningAlg::EdDsa => Jwk::generate_ed_key(EdCurve::Ed25519),
        };
        Self { alg, key: key.unwrap() }
    }

    pub fn public(&self) -> Value {
        let mut public = serde_json::to_value(self.key.to_public_key().unwrap().as_ref()).unwrap();
        public.as_object_mut().unwrap().remove("key_ops");
        public
    }

    pub fn private(&self) -> Value {
        serde_json::to_value(self.key.as_ref()).unwrap()
    }

    /// RFC 7638, worked out once more.
    pub fn thumbprint(&self) -> String {
        let public = self.public();
        let names: &[&str] = match public["kty"].as_str().unwrap() {
            "RSA" => &["e", "kty", "n"],
            "OKP" => &["crv", "kty", "x"],
            _ => &["crv", "kty", "x", "y"],
        };
        let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":{}", public[name])).collect();
        base64url::encode(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
    }

    /// A JWS with exactly this header, but for `alg` where it has none.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        if header.get("alg").is_none() {
            header["alg"] = self.alg.as_str().into();
        }
        let signer: Box<dyn JwsSigner> = match self.alg {
            SigningAlg::Rs256 => Box::new(Rs256.signer_from_jwk(&self.key).unwrap()),
            SigningAlg::Ps256 => Box::new(Ps256.signer_from_jwk(&self.key).unwrap()),
            SigningAlg::Es256 => Box::new(Es256.signer_from_jwk(&self.key).unwrap()),
            SigningAlg::EdDsa => Box::new(Eddsa.signer_from_jwk(&self.key).unwrap()),
        };
        compact(&*signer, &header, claims)
    }

    /// A proof of possession (RFC 9449 §4.2) with some claims replaced; `null` removes one.
    pub fn proof(&self, claims: &Value, changes: &Value) -> String {
        let mut claims = claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.sign(&json!({ "typ": "dpop+jwt", "jwk": self.public() }), &claims)
    }
}

/// A JWS with a shared secret.
pub fn sign_with_secret(secret: &str, claims: &Value) -> String {
    let signer = Hs256.signer_from_bytes(secret.as_bytes()).unwrap();
    compact(&signer, &json!({ "alg": "HS256" }), claims)
}

fn compact(signer: &dyn JwsSigner, header: &Value, claims: &Value) -> String {
    let message =
        format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    format!("{message}.{}", base64url::encode(signer.sign(message.as_bytes()).unwrap()))
}
