//! The keys that sign our tokens: made here, parsed once, kept ready. The private halves leave this
//! room only sealed.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ed::EdCurve;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm::Eddsa;
use josekit::jws::alg::rsassa::RsassaJwsAlgorithm::Rs256;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm::Ps256;
use josekit::jws::{JwsHeader, JwsSigner, JwsVerifier, serialize_compact};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{base64url, es256, sha256};
use crate::model::key::{KeyState, PublicKey, SigningAlg};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a signing key is damaged: {0}")]
    Damaged(#[from] josekit::JoseError),
    #[error("a signing key is not valid JSON")]
    NotJson(#[from] serde_json::Error),
    #[error("there is no current {} key", .0.as_str())]
    Missing(SigningAlg),
}

/// A key that was just made, to be sealed and stored.
pub struct NewKey {
    pub kid: String,
    pub alg: SigningAlg,
    pub public_jwk: Value,
    pub private_jwk: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({})", self.kid)
    }
}

impl NewKey {
    /// # Errors
    /// When OpenSSL can not make one.
    pub fn generate(alg: SigningAlg) -> Result<Self, KeyError> {
        let mut private = match alg {
            SigningAlg::Rs256 | SigningAlg::Ps256 => Jwk::generate_rsa_key(2048)?,
            SigningAlg::Es256 => Jwk::generate_ec_key(EcCurve::P256)?,
            SigningAlg::EdDsa => Jwk::generate_ed_key(EdCurve::Ed25519)?,
        };
        let mut public = private.to_public_key()?;
        let kid = thumbprint(&public);
        for jwk in [&mut private, &mut public] {
            jwk.set_key_id(&kid);
            jwk.set_algorithm(alg.as_str());
            jwk.set_key_use("sig");
        }
        let public_jwk = serde_json::to_value(public.as_ref())?;
        let private_jwk = Zeroizing::new(serde_json::to_vec(private.as_ref())?);
        Ok(Self { kid, alg, public_jwk, private_jwk })
    }
}

/// RFC 7638 §3: a name that follows from the key alone, and so is unique without asking anyone.
pub(super) fn thumbprint(public: &Jwk) -> String {
    let member = |name: &str| public.parameter(name).cloned().unwrap_or(Value::Null);
    // The members in lexicographic order, as the RFC demands; serde_json writes them as given.
    let canonical = match public.key_type() {
        "RSA" => format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, member("e"), member("n")),
        "OKP" => format!(r#"{{"crv":{},"kty":"OKP","x":{}}}"#, member("crv"), member("x")),
        _ => format!(r#"{{"crv":{},"kty":"EC","x":{},"y":{}}}"#, member("crv"), member("x"), member("y")),
    };
    base64url::encode(sha256(canonical.as_bytes()))
}

struct LoadedKey {
    public: PublicKey,
    signer: Arc<dyn JwsSigner + Send + Sync>,
    verifier: Box<dyn JwsVerifier + Send + Sync>,
}

/// All keys that are published. Built once per change and shared.
pub struct KeyRing {
    keys: Vec<LoadedKey>,
    jwks: Value,
    /// The same, as it is sent.
    document: Bytes,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys.len())
    }
}

impl KeyRing {
    /// # Errors
    /// When one of the keys is not what it says it is.
    pub fn load(keys: impl IntoIterator<Item = (PublicKey, Zeroizing<Vec<u8>>)>) -> Result<Self, KeyError> {
        let keys = keys.into_iter().map(load_key).collect::<Result<Vec<_>, _>>()?;
        let jwks = json!({ "keys": keys.iter().map(|key| &key.public.jwk).collect::<Vec<_>>() });
        let document = serde_json::to_vec(&jwks)?.into();
        Ok(Self { keys, jwks, document })
    }

    /// Whether it has these keys in these states, and no others.
    #[must_use]
    pub fn is_made_of(&self, stored: &[PublicKey]) -> bool {
        let same = |key: &LoadedKey| {
            stored.iter().any(|stored| stored.kid == key.public.kid && stored.state == key.public.state)
        };
        self.keys.len() == stored.len() && self.keys.iter().all(same)
    }

    /// RFC 7517 §5, public members only.
    #[must_use]
    pub const fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// The same, ready to be sent.
    #[must_use]
    pub fn document(&self) -> Bytes {
        self.document.clone()
    }

    /// Signs with the current key of the algorithm. RSA takes a millisecond, so it goes to a thread
    /// where it holds nobody up.
    ///
    /// # Errors
    /// When there is no such key or signing fails.
    pub async fn sign(&self, alg: SigningAlg, typ: &str, payload: Vec<u8>) -> Result<String, KeyError> {
        let key = self
            .keys
            .iter()
            .find(|key| key.public.alg == alg && key.public.state == KeyState::Current)
            .ok_or(KeyError::Missing(alg))?;
        let mut header = JwsHeader::new();
        header.set_token_type(typ);
        header.set_key_id(&key.public.kid);
        let signer = Arc::clone(&key.signer);
        let sign = move || serialize_compact(&payload, &header, &*signer).map_err(KeyError::from);
        match alg {
            SigningAlg::Es256 | SigningAlg::EdDsa => sign(),
            SigningAlg::Rs256 | SigningAlg::Ps256 => {
                tokio::task::spawn_blocking(sign).await.unwrap_or(Err(KeyError::Missing(alg)))
            }
        }
    }

    /// The verifier for a `kid` and `alg` of ours. Both must fit: a header never chooses how it is
    /// checked (RFC 8725 §3.1).
    #[must_use]
    pub fn verifier(&self, kid: &str, alg: &str) -> Option<&(dyn JwsVerifier + Send + Sync)> {
        self.keys
            .iter()
            .find(|key| key.public.kid == kid && key.public.alg.as_str() == alg)
            .map(|key| &*key.verifier)
    }
}

fn load_key((public, private): (PublicKey, Zeroizing<Vec<u8>>)) -> Result<LoadedKey, KeyError> {
    let private = Jwk::from_bytes(&*private)?;
    let public_jwk = Jwk::from_bytes(serde_json::to_vec(&public.jwk)?)?;
    let signer: Arc<dyn JwsSigner + Send + Sync> = match public.alg {
        SigningAlg::Rs256 => Arc::new(Rs256.signer_from_jwk(&private)?),
        SigningAlg::Ps256 => Arc::new(Ps256.signer_from_jwk(&private)?),
        SigningAlg::Es256 => Arc::new(es256::Signer::from_jwk(&private)?),
        SigningAlg::EdDsa => Arc::new(Eddsa.signer_from_jwk(&private)?),
    };
    let verifier = verifier(public.alg, &public_jwk)?;
    Ok(LoadedKey { public, signer, verifier })
}

/// What checks signatures of one algorithm with one key.
pub(super) fn verifier(
    alg: SigningAlg,
    public: &Jwk,
) -> Result<Box<dyn JwsVerifier + Send + Sync>, josekit::JoseError> {
    Ok(match alg {
        SigningAlg::Rs256 => Box::new(Rs256.verifier_from_jwk(public)?),
        SigningAlg::Ps256 => Box::new(Ps256.verifier_from_jwk(public)?),
        SigningAlg::Es256 => Box::new(es256::Verifier::from_jwk(public)?),
        SigningAlg::EdDsa => Box::new(Eddsa.verifier_from_jwk(public)?),
    })
}

/// The ring in use. Whoever took it keeps it for their request, whatever comes after.
#[derive(Debug)]
pub struct Keys(RwLock<Arc<KeyRing>>);

impl Keys {
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self(RwLock::new(Arc::new(ring)))
    }

    #[must_use]
    pub fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}
