//! Certificates from files: our own with its key, which may be renewed while we run, and those of the
//! authorities that vouch for applications. Reads and judges them; never speaks TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Deserializer};

use super::Problem;
use super::clients::DeclaredClient;
use super::sections::{Http, PublicUrl};
use crate::model::client::{ClientAuthMethod, Requirement};

/// Where our certificate and its key are, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// As it is written: two empty texts are no TLS.
#[derive(Deserialize)]
struct RawTls {
    certificate_file: PathBuf,
    key_file: PathBuf,
}

pub(super) fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TlsFiles>, D::Error> {
    let RawTls { certificate_file: certificate, key_file: key } = RawTls::deserialize(deserializer)?;
    match (certificate.as_os_str().is_empty(), key.as_os_str().is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(TlsFiles { certificate, key })),
        _ => Err(serde::de::Error::custom("needs both certificate_file and key_file, or neither")),
    }
}

/// Certificates of applications (RFC 8705).
#[derive(Debug, Clone)]
pub struct Mtls {
    /// Our own listener for them; `None` where a proxy asks for the certificates.
    pub listen: Option<SocketAddr>,
    /// Where applications reach it.
    pub public_url: PublicUrl,
    pub client_ca_file: Option<PathBuf>,
    /// What is in that file.
    pub authorities: Option<Arc<RootCertStore>>,
}

/// As it is written: without an address there is none of it.
#[derive(Deserialize)]
struct RawMtls {
    listen: String,
    public_url: String,
    client_ca_file: PathBuf,
}

pub(super) fn mutual<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mtls>, D::Error> {
    let RawMtls { listen, public_url, client_ca_file } = RawMtls::deserialize(deserializer)?;
    let wrong = |why: String| serde::de::Error::custom(why);
    if public_url.is_empty() {
        let unused = listen.is_empty() && client_ca_file.as_os_str().is_empty();
        let why = "needs a public_url such as https://mtls.example.org";
        return if unused { Ok(None) } else { Err(wrong(why.to_owned())) };
    }
    let listen = match listen.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| wrong(format!("listen {text:?} is not like 0.0.0.0:8443")))?),
    };
    let public_url = PublicUrl::try_from(public_url).map_err(wrong)?;
    if !public_url.is_secure() {
        return Err(wrong(format!("public_url {:?} must use https", public_url.issuer())));
    }
    let client_ca_file = Some(client_ca_file).filter(|path| !path.as_os_str().is_empty());
    Ok(Some(Mtls { listen, public_url, client_ca_file, authorities: None }))
}

/// Reads every file that is named, and holds the parts against each other.
pub(super) fn check(http: &mut Http, clients: &[DeclaredClient]) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(http.tls.as_ref().and_then(|files| files.read().err()));
    let mut lacking = |place: &str, what: &str, remedy: &str| {
        let (what, remedy) = (what.to_owned(), remedy.to_owned());
        problems.push(Problem { place: place.to_owned(), what, remedy });
    };
    let by_header = http.client_certificate_header.is_some();
    if by_header && http.trusted_proxies.is_empty() {
        let what = "is believed from nobody.";
        lacking("http.client_certificate_header", what, "Name the proxy in http.trusted_proxies.");
    }
    if by_header && http.mtls.is_none() {
        let remedy = "Set http.mtls.public_url to the address at which the proxy asks for certificates.";
        lacking("http.client_certificate_header", "has no address that applications use.", remedy);
    }
    let mut vouching = false;
    if let Some(mtls) = &mut http.mtls {
        match mtls.listen {
            Some(_) if http.tls.is_none() => {
                lacking("http.mtls.listen", "has no certificate of ours.", "Set http.tls.");
            }
            None if !by_header => {
                let remedy = "Set http.mtls.listen, or http.client_certificate_header behind a proxy.";
                lacking("http.mtls.public_url", "has nobody who asks for certificates.", remedy);
            }
            _ => {}
        }
        vouching = mtls.client_ca_file.is_some();
        match mtls.client_ca_file.as_deref().map(authorities).transpose() {
            Ok(authorities) => mtls.authorities = authorities,
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(clients.iter().filter_map(|client| unserved(client, http.mtls.is_some(), vouching)));
    problems
}

/// What a client needs and nobody here does.
fn unserved(client: &DeclaredClient, asked: bool, vouching: bool) -> Option<Problem> {
    let settings = &client.settings;
    let needs = settings.auth_method.shows_certificate()
        || settings.require.contains(&Requirement::CertificateBoundTokens);
    let (what, remedy) = match settings.auth_method {
        _ if needs && !asked => ("shows a certificate, and nobody asks for it.", "Set http.mtls."),
        ClientAuthMethod::TlsClientAuth if !vouching => {
            ("has a certificate from an authority that is not known.", "Set http.mtls.client_ca_file.")
        }
        _ => return None,
    };
    let place = format!("client {}", client.id);
    Some(Problem { place, what: what.to_owned(), remedy: remedy.to_owned() })
}

impl TlsFiles {
    /// The certificate and its key as they are in the files now.
    ///
    /// # Errors
    /// Names the file, what is wrong with it and what to do.
    pub fn read(&self) -> Result<CertifiedKey, Problem> {
        let chain = certificates(&self.certificate, "http.tls.certificate_file")?;
        let problem = |what: &str, remedy: &str| problem("http.tls.key_file", &self.key, what, remedy);
        let text = bytes(&self.key, "http.tls.key_file")?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                problem("has no private key", "It must have a block BEGIN PRIVATE KEY, without a passphrase.")
            }
            error => problem(&format!("is no PEM: {error}"), "Write the key again in PEM."),
        })?;
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => problem(
                "is not the key of the certificate",
                "Both files must come from one issuance, with the server's own certificate first.",
            ),
            error => {
                problem(&format!("can not be used: {error}"), "Use an RSA, P-256, P-384 or Ed25519 key.")
            }
        })
    }

    /// What the two files hold now, for noticing that it changed.
    ///
    /// # Errors
    /// When one of them can not be read.
    pub fn contents(&self) -> std::io::Result<Vec<u8>> {
        let mut contents = std::fs::read(&self.certificate)?;
        contents.extend(std::fs::read(&self.key)?);
        Ok(contents)
    }
}

/// The authorities in a file.
///
/// # Errors
/// As [`TlsFiles::read`].
fn authorities(path: &Path) -> Result<Arc<RootCertStore>, Problem> {
    let place = "http.mtls.client_ca_file";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, place)? {
        roots.add(certificate).map_err(|error| {
            problem(
                place,
                path,
                &format!("has a certificate that can not be used: {error}"),
                "Leave in it only certificates of authorities, X.509 version 3.",
            )
        })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(path: &Path, place: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let text = bytes(path, place)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let read = read.map_err(|error| {
        problem(place, path, &format!("is no PEM: {error}"), "Write the certificates again in PEM.")
    })?;
    if read.is_empty() {
        return Err(problem(place, path, "has no certificate", "It must have a block BEGIN CERTIFICATE."));
    }
    Ok(read)
}

fn bytes(path: &Path, place: &str) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| {
        problem(place, path, &format!("can not be read: {error}"), "Check the path and its permissions.")
    })
}

fn problem(place: &str, path: &Path, what: &str, remedy: &str) -> Problem {
    Problem {
        place: place.to_owned(),
        what: format!("{} {}.", path.display(), what.trim_end_matches('.')),
        remedy: remedy.to_owned(),
    }
}
