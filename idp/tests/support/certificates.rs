//! Authorities and the certificates that they give out.

use std::path::{Path, PathBuf};

use idp::crypto::{base64url, sha256};
use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::rsa::RsaKeyPair;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm};
use serde_json::{Value, json};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// A certificate and its key.
pub struct Identity {
    pub pem: String,
    pub der: Vec<u8>,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { pem: certificate.pem(), der: certificate.der().to_vec(), key: key.serialize_pem() }
    }

    /// For a server on this machine.
    pub fn server(&self) -> Identity {
        self.issue(&CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    /// For a client of this name.
    pub fn client(&self, name: &str) -> Identity {
        self.issue(&named(name))
    }

    /// A client of reqwest that trusts this authority and shows this.
    pub fn http(&self, shows: Option<&Identity>) -> reqwest::Client {
        self.connecting(shows).build().unwrap()
    }

    pub fn connecting(&self, shows: Option<&Identity>) -> reqwest::ClientBuilder {
        let authority = reqwest::Certificate::from_pem(self.pem.as_bytes()).unwrap();
        let http = reqwest::Client::builder()
            .tls_certs_only([authority])
            .pool_max_idle_per_host(0)
            .resolve("localhost", ([127, 0, 0, 1], 0).into());
        match shows {
            None => http,
            Some(shown) => {
                let both = format!("{}{}", shown.key, shown.pem);
                http.identity(reqwest::Identity::from_pem(both.as_bytes()).unwrap())
            }
        }
    }
}

/// `C=DE`, `O=Lab` and this common name.
pub fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "Lab");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Identity {
    /// One that vouches for itself, with its own key as a JWK.
    pub fn self_signed(name: &str) -> (Self, Value) {
        Self::self_signed_by(name, &PKCS_ECDSA_P256_SHA256)
    }

    /// As [`Self::self_signed`], with a key of this kind.
    pub fn self_signed_by(name: &str, kind: &'static SignatureAlgorithm) -> (Self, Value) {
        let key = KeyPair::generate_for(kind).unwrap();
        (Self::of(&named(name), &key), jwk(&key))
    }

    /// Another certificate with the same key.
    pub fn renewed(&self, params: &CertificateParams) -> Self {
        Self::of(params, &KeyPair::from_pem(&self.key).unwrap())
    }

    fn of(params: &CertificateParams, key: &KeyPair) -> Self {
        let certificate = params.self_signed(key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().to_vec(), key: key.serialize_pem() }
    }

    /// RFC 8705 §3.1
    pub fn thumbprint(&self) -> String {
        base64url::encode(sha256(&self.der))
    }

    /// Writes both files of a server.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
        std::fs::write(&certificate, &self.pem).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        (certificate, key)
    }
}

/// The public key as a JWK (RFC 7518 §6, RFC 8037 §2).
fn jwk(key: &KeyPair) -> Value {
    let (kind, raw) = (key.algorithm(), key.der_bytes());
    if kind == &PKCS_ED25519 {
        return json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(raw) });
    }
    let curve = [(&PKCS_ECDSA_P256_SHA256, "P-256"), (&PKCS_ECDSA_P384_SHA384, "P-384")];
    if let Some((_, curve)) = curve.into_iter().find(|(known, _)| *known == kind) {
        let (x, y) = raw[1..].split_at((raw.len() - 1) / 2);
        return json!({ "kty": "EC", "crv": curve, "x": base64url::encode(x), "y": base64url::encode(y) });
    }
    let public = RsaKeyPair::from_der(key.serialize_der()).unwrap().to_jwk_public_key();
    json!({ "kty": "RSA", "n": public.parameter("n").unwrap(), "e": public.parameter("e").unwrap() })
}
