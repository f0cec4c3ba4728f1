//! Certificates that applications show (RFC 8705): reads them and compares them with what is known. That
//! whoever shows one has its key is for the handshake, here or at a proxy, to find out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::{base64url, sha256};
use crate::model::certificate::{CertificateName, Step};
use crate::model::jwks::Jwks;
use crate::model::key::Thumbprint;

/// What somebody showed: their certificate, and those that lead from it to an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
    thumbprint: Thumbprint,
}

impl Certificate {
    /// The first one and what leads on from it; `None` when that is no certificate.
    #[must_use]
    pub fn of(shown: &[CertificateDer<'_>]) -> Option<Self> {
        let (der, chain) = shown.split_first()?;
        let (rest, _) = X509Certificate::from_der(der).ok()?;
        // RFC 8705 §3.1
        let thumbprint = Thumbprint::parse(&base64url::encode(sha256(der))).ok()?;
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        rest.is_empty().then(|| Self { der: der.clone().into_owned(), chain, thumbprint })
    }

    /// RFC 9440 §2.1
    #[must_use]
    pub fn from_bytes_field(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text.strip_prefix(':')?.strip_suffix(':')?).ok()?;
        Self::of(&[der.into()])
    }

    /// One in PEM, with nothing beside it.
    #[must_use]
    pub fn from_pem(text: &str) -> Option<Self> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        read.ok().filter(|read| read.len() == 1).and_then(|read| Self::of(&read))
    }

    /// The SHA-256 of all of it: `x5t#S256`.
    #[must_use]
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// When it is not good any more.
    #[must_use]
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        let until = self.read()?.validity().not_after.timestamp();
        OffsetDateTime::from_unix_timestamp(until).ok()
    }

    #[must_use]
    pub fn is_in_time(&self, now: OffsetDateTime) -> bool {
        self.read().is_some_and(|certificate| {
            let validity = certificate.validity();
            let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
            (from..=until).contains(&now.unix_timestamp())
        })
    }

    /// Whether one of these authorities vouches for it, for the use by a client (RFC 5280 §6).
    #[must_use]
    pub fn is_vouched_for(&self, by: &Arc<RootCertStore>, now: OffsetDateTime) -> bool {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let Ok(verifier) = WebPkiClientVerifier::builder_with_provider(Arc::clone(by), provider).build()
        else {
            return false;
        };
        let Ok(seconds) = u64::try_from(now.unix_timestamp()) else {
            return false;
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verifier.verify_client_cert(&self.der, &self.chain, now).is_ok()
    }

    /// Whether it is somebody's of this name.
    #[must_use]
    pub fn is_named(&self, name: &CertificateName) -> bool {
        let Some(certificate) = self.read() else {
            return false;
        };
        if let CertificateName::SubjectDn(dn) = name {
            return subject(&certificate).is_some_and(|steps| dn.is(steps.into_iter()));
        }
        let others = certificate.subject_alternative_name().ok().flatten();
        others.is_some_and(|others| others.value.general_names.iter().any(|other| is_name(other, name)))
    }

    /// Whether it has one of these keys. A key that stands for one certificate is good with that one only.
    #[must_use]
    pub fn has_key_among(&self, keys: &Jwks) -> bool {
        let Some(certificate) = self.read() else {
            return false;
        };
        keys.iter().any(|key| is_key(&certificate, key) && self.is_meant(key))
    }

    fn is_meant(&self, key: &Map<String, Value>) -> bool {
        let thumbprint =
            key.get("x5t#S256").is_none_or(|hash| hash.as_str() == Some(self.thumbprint.as_str()));
        let whole = key.get("x5c").is_none_or(|chain| {
            let first = chain.get(0).and_then(Value::as_str);
            first.and_then(|first| STANDARD.decode(first).ok()).is_some_and(|der| der == self.der.as_ref())
        });
        thumbprint && whole
    }

    fn read(&self) -> Option<X509Certificate<'_>> {
        X509Certificate::from_der(&self.der).ok().map(|(_, certificate)| certificate)
    }
}

/// The steps of the subject's name; `None` when one of them is no text.
fn subject(certificate: &X509Certificate<'_>) -> Option<Vec<Step>> {
    let steps = certificate.subject().iter_rdn();
    let step = |attributes: &x509_parser::x509::RelativeDistinguishedName<'_>| {
        let attributes = attributes.iter();
        attributes.map(|one| Some((one.attr_type().to_id_string(), one.as_str().ok()?.to_owned()))).collect()
    };
    steps.map(step).collect()
}

/// Hosts are the same in any case (RFC 4343); of all else every byte counts.
fn is_name(shown: &GeneralName<'_>, known: &CertificateName) -> bool {
    match (shown, known) {
        (GeneralName::DNSName(shown), CertificateName::SanDns(known)) => shown.eq_ignore_ascii_case(known),
        (GeneralName::URI(shown), CertificateName::SanUri(known))
        | (GeneralName::RFC822Name(shown), CertificateName::SanEmail(known)) => shown == known,
        (GeneralName::IPAddress(shown), CertificateName::SanIp(known)) => match known {
            IpAddr::V4(known) => *shown == known.octets(),
            IpAddr::V6(known) => *shown == known.octets(),
        },
        _ => false,
    }
}

/// Whether the certificate's key is this one (RFC 7518 §6, RFC 8037 §2).
fn is_key(certificate: &X509Certificate<'_>, key: &Map<String, Value>) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| base64url::decode(text(name)).unwrap_or_default();
    let public = certificate.public_key();
    match (public.parsed(), text("kty")) {
        (Ok(PublicKey::RSA(rsa)), "RSA") => {
            plain(rsa.modulus) == plain(&number("n")) && plain(rsa.exponent) == plain(&number("e"))
        }
        (Ok(PublicKey::EC(point)), "EC") => {
            let curve = public.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            let curve = curve.map(|curve| curve.to_id_string());
            let known = match text("crv") {
                "P-256" => "1.2.840.10045.3.1.7",
                "P-384" => "1.3.132.0.34",
                "P-521" => "1.3.132.0.35",
                _ => return false,
            };
            let whole = [vec![4], number("x"), number("y")].concat();
            curve.as_deref() == Some(known) && point.data() == whole
        }
        (_, "OKP") => {
            let is_ed25519 = public.algorithm.algorithm.to_id_string() == "1.3.101.112";
            is_ed25519 && text("crv") == "Ed25519" && *public.subject_public_key.data == number("x")
        }
        _ => false,
    }
}

/// A number without zeros in front.
fn plain(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
