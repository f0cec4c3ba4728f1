//! Authorities and the certificates that they give out.

use std::path::{Path, PathBuf};

use idp::crypto::{base64url, sha256};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

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
    pub fn self_signed(name: &str) -> (Self, serde_json::Value) {
        let key = KeyPair::generate().unwrap();
        let certificate = named(name).self_signed(&key).unwrap();
        let (x, y) = key.public_key_raw()[1..].split_at(32);
        let jwk = serde_json::json!({
            "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y),
        });
        (Self { pem: certificate.pem(), der: certificate.der().to_vec(), key: key.serialize_pem() }, jwk)
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
