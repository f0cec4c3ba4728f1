//! Accounts, in the form that `idp import users` reads.

use anyhow::Context;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::json;

use super::Size;

/// Everybody's.
#[must_use]
pub const fn password() -> &'static str {
    "correct horse battery staple 42"
}

pub(super) fn email(kind: &str, number: usize) -> String {
    format!("{kind}{number}@bench.example")
}

/// One account a line. The hash is the cheapest there is: the provider makes one of its own at the first log-in, which
/// comes before anything is measured.
///
/// # Errors
/// When there is no such hash.
pub fn import_file(size: Size) -> anyhow::Result<String> {
    let hash = cheap_hash()?;
    let kinds = [("person", size.people), ("typing", size.typing), ("passkey", size.passkeys)];
    let lines = kinds.into_iter().flat_map(|(kind, count)| (0..count).map(move |number| email(kind, number)));
    let line = |email: String| {
        json!({
            "email": email, "email_verified": true, "given_name": "Ada", "family_name": "Lovelace",
            "password_hash": hash,
        })
    };
    Ok(lines.map(|email| format!("{}\n", line(email))).collect())
}

fn cheap_hash() -> anyhow::Result<String> {
    let salt = b"sixteen bytes of";
    let params = Params::new(8, 1, 1, Some(32)).ok().context("parameters")?;
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password().as_bytes(), salt, &mut output)
        .ok()
        .context("no hash")?;
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    Ok(format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}"))
}
