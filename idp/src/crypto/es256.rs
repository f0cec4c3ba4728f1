//! ES256 by AWS-LC, for josekit: the signature under nearly every token, at half of what it costs elsewhere.

use std::sync::Arc;

use anyhow::anyhow;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey,
};
use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::{JwsAlgorithm, JwsSigner, JwsVerifier};

use super::base64url;

/// A coordinate, and the private number.
const LENGTH: usize = 32;

#[derive(Debug, Clone)]
pub(super) struct Signer(Arc<EcdsaKeyPair>);

#[derive(Debug, Clone)]
pub(super) struct Verifier(Arc<ParsedPublicKey>);

impl Signer {
    pub(super) fn from_jwk(private: &Jwk) -> Result<Self, JoseError> {
        let (number, point) = (number(private, "d")?, point(private, "sign")?);
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &*number, &point)
            .map(|pair| Self(Arc::new(pair)))
            .map_err(|error| JoseError::InvalidKeyFormat(anyhow!("{error}")))
    }
}

impl Verifier {
    pub(super) fn from_jwk(public: &Jwk) -> Result<Self, JoseError> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(public, "verify")?)
            .map(|key| Self(Arc::new(key)))
            .map_err(|error| JoseError::InvalidKeyFormat(anyhow!("{error}")))
    }
}

/// The public point, uncompressed (SEC 1 §2.3.3), of a key on P-256 that this may be done with.
fn point(jwk: &Jwk, operation: &str) -> Result<Vec<u8>, JoseError> {
    let fits = jwk.key_type() == "EC" && jwk.curve() == Some("P-256");
    let meant = jwk.algorithm().is_none_or(|alg| alg == "ES256")
        && jwk.key_use().is_none_or(|meant| meant == "sig")
        && jwk.is_for_key_operation(operation);
    if !fits || !meant {
        return Err(JoseError::InvalidJwkFormat(anyhow!("it is not a key for ES256")));
    }
    let (x, y) = (number(jwk, "x")?, number(jwk, "y")?);
    Ok([&[4], x.as_slice(), y.as_slice()].concat())
}

fn number(jwk: &Jwk, name: &str) -> Result<zeroize::Zeroizing<[u8; LENGTH]>, JoseError> {
    let wrong = || JoseError::InvalidJwkFormat(anyhow!("{name} is not a number of P-256"));
    let text = jwk.parameter(name).and_then(|value| value.as_str()).ok_or_else(wrong)?;
    let bytes = zeroize::Zeroizing::new(base64url::decode(text).ok_or_else(wrong)?);
    // RFC 7518 §6.2.1.2: leading zeros are not left out.
    <[u8; LENGTH]>::try_from(bytes.as_slice()).map(Into::into).map_err(|_| wrong())
}

impl JwsSigner for Signer {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &EcdsaJwsAlgorithm::Es256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn signature_len(&self) -> usize {
        2 * LENGTH
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|error| JoseError::InvalidSignature(anyhow!("{error}")))?;
        Ok(signature.as_ref().to_vec())
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(self.clone())
    }
}

impl JwsVerifier for Verifier {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &EcdsaJwsAlgorithm::Es256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let right = self.0.verify_sig(message, signature);
        right.map_err(|_| JoseError::InvalidSignature(anyhow!("the signature does not match")))
    }

    fn box_clone(&self) -> Box<dyn JwsVerifier> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use josekit::jwk::alg::ec::EcCurve;
    use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm::Es256;

    use super::*;

    /// C1: what the one signs the other verifies, both ways.
    #[test]
    fn it_is_the_algorithm_of_everybody_else() {
        for _ in 0..300 {
            let key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
            let public = key.to_public_key().unwrap();
            let (ours, theirs) = (Signer::from_jwk(&key).unwrap(), Es256.signer_from_jwk(&key).unwrap());
            let (we, they) =
                (Verifier::from_jwk(&public).unwrap(), Es256.verifier_from_jwk(&public).unwrap());
            for signature in [ours.sign(b"words").unwrap(), theirs.sign(b"words").unwrap()] {
                assert_eq!(signature.len(), ours.signature_len());
                we.verify(b"words", &signature).unwrap();
                they.verify(b"words", &signature).unwrap();
                we.verify(b"other words", &signature).unwrap_err();
                we.verify(b"words", &signature[1..]).unwrap_err();
                we.verify(b"words", &[0; 64]).unwrap_err();
            }
        }
    }

    #[test]
    fn another_key_is_not_one_for_it() {
        let (right, other) =
            (Jwk::generate_ec_key(EcCurve::P256).unwrap(), Jwk::generate_ec_key(EcCurve::P384).unwrap());
        let with = |name: &str, value: &str| {
            let mut members = right.as_ref().clone();
            members.insert(name.to_owned(), value.into());
            Jwk::from_map(members).unwrap()
        };
        let short = base64url::encode([1; 40]);
        for wrong in [
            other.clone(),
            Jwk::generate_rsa_key(2048).unwrap(),
            with("alg", "ES384"),
            with("use", "enc"),
            with("x", &short),
            with("x", &base64url::encode([1; LENGTH - 1])),
            // Not on the curve.
            with("y", &base64url::encode([1; LENGTH])),
        ] {
            Verifier::from_jwk(&wrong).unwrap_err();
            Signer::from_jwk(&wrong).unwrap_err();
        }
        // Another's private half.
        let theirs = Jwk::generate_ec_key(EcCurve::P256).unwrap();
        let mixed = with("d", theirs.parameter("d").unwrap().as_str().unwrap());
        Signer::from_jwk(&mixed).unwrap_err();
    }
}
