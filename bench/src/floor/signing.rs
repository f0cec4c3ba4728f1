//! Tokens: signed with a kept key, and verified with one.

use anyhow::anyhow;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct Signer {
    key: EcdsaKeyPair,
    public: ParsedPublicKey,
    random: SystemRandom,
}

/// A token without its signature.
#[derive(Debug)]
pub(super) struct TokenForm {
    /// Encoded beforehand: it is the same for all that a key signs.
    header: String,
    payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Signer {
    pub(super) fn generate() -> anyhow::Result<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref())
            .map_err(|error| anyhow!("{error}"))?;
        Ok(Self { key, public, random: SystemRandom::new() })
    }

    pub(super) fn sign(&self, form: &TokenForm) -> anyhow::Result<String> {
        let mut token = String::with_capacity(form.header.len() + form.payload.len() * 4 / 3 + 96);
        token.push_str(&form.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&form.payload, &mut token);
        let signature = self.key.sign(&self.random, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }

    /// Whom a token of ours is about.
    pub(super) fn subject(&self, token: &str) -> Option<String> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.public.verify_sig(signed.as_bytes(), &signature).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        serde_json::from_slice::<Claims>(&payload).ok().map(|claims| claims.sub)
    }
}

/// The signed tokens in a body, each with its form.
pub(super) fn forms(body: &str) -> Vec<(String, TokenForm)> {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let texts = ["access_token", "id_token"].into_iter().filter_map(|name| json.get(name)?.as_str());
    texts.filter_map(|text| Some((text.to_owned(), form(text)?))).collect()
}

fn form(token: &str) -> Option<TokenForm> {
    let mut parts = token.split('.');
    let (header, payload) = (parts.next()?, parts.next()?);
    Some(TokenForm { header: header.to_owned(), payload: URL_SAFE_NO_PAD.decode(payload).ok()? })
}
