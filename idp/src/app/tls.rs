//! The certificate that we show, and the rules of TLS around it. Follows its files; never reads what is said
//! inside a connection.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::Context;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use time::OffsetDateTime;

use crate::config::{Problems, TlsFiles};
use crate::crypto::certificate::Certificate;
use crate::crypto::sha256;

/// Our end of every encrypted connection.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    shown: Arc<Shown>,
    /// Of what was last found in the files, good or not, so that a broken file is complained about once.
    seen: Mutex<Option<[u8; 32]>>,
    server: Arc<ServerConfig>,
    asking: Arc<ServerConfig>,
}

impl Tls {
    /// # Errors
    /// Names the file, what is wrong with it and what to do.
    pub fn open(files: TlsFiles) -> anyhow::Result<Self> {
        let seen = fingerprint(&files);
        let shown = Arc::new(Shown(RwLock::new(Arc::new(files.read().map_err(Problems::from)?))));
        let server = rules()?.with_no_client_auth().with_cert_resolver(Arc::clone(&shown) as _);
        let anybody = Arc::new(Anybody(aws_lc_rs::default_provider().signature_verification_algorithms));
        let asking = rules()?.with_client_cert_verifier(anybody).with_cert_resolver(Arc::clone(&shown) as _);
        let (server, asking) = (Arc::new(spoken(server)), Arc::new(spoken(asking)));
        Ok(Self { files, shown, seen: Mutex::new(seen), server, asking })
    }

    /// When the certificate ends that we show now.
    #[must_use]
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        let shown = Arc::clone(&self.shown.0.read().unwrap_or_else(PoisonError::into_inner));
        Certificate::of(&shown.cert)?.ends_at()
    }

    /// For people and everybody else: nobody is asked for a certificate.
    #[must_use]
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// For programs, which may show a certificate.
    #[must_use]
    pub fn asking(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.asking)
    }

    /// Takes up what is in the files if it changed. With a broken file the certificate stays that we have.
    pub fn refresh(&self) {
        let found = fingerprint(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return;
        }
        *seen = found;
        match self.files.read() {
            Ok(key) => {
                *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!("the certificate was renewed");
            }
            Err(problem) => tracing::error!(%problem, "the new certificate is not used, the old one stays"),
        }
    }
}

fn fingerprint(files: &TlsFiles) -> Option<[u8; 32]> {
    files.contents().ok().map(|contents| sha256(&contents))
}

fn rules() -> anyhow::Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>> {
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .context("TLS can not be set up")
}

fn spoken(mut server: ServerConfig) -> ServerConfig {
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    server
}

/// The certificate of this moment: connections that are open keep theirs.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Takes every certificate whose key the other end has, and none as well. Whose it is, who vouches for it and for
/// how long is judged with each request (`oidc/certificate.rs`), by our clock and by what the client registered.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
