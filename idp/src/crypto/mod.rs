//! The allowed primitives, each named once: randomness, tokens, sealing, passwords, signatures,
//! passkeys. Never does I/O beyond the operating system's random generator and never knows what
//! its results are used for.

pub mod aaguid;
pub mod certificate;
mod es256;
pub mod foreign;
pub mod jwe;
pub mod jwt;
pub mod keyring;
pub mod passkey;
pub mod password;
pub mod random;
pub mod recovery;
pub mod seal;
pub mod token;
pub mod totp;

use aws_lc_rs::digest;

/// SHA-256.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

/// SHA-256 of what may be too large to be held at once.
///
/// # Errors
/// When it can not be read.
pub fn sha256_of(mut data: impl std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = data.read(&mut piece)?;
        if length == 0 {
            break;
        }
        context.update(piece.get(..length).unwrap_or_default());
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Ok(out)
}

/// SHA-512.
#[must_use]
pub fn sha512(data: &[u8]) -> [u8; 64] {
    let mut out = [0; 64];
    out.copy_from_slice(digest::digest(&digest::SHA512, data).as_ref());
    out
}

/// Whether two byte strings are equal, in a time that does not depend on where they differ.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    a.ct_eq(b).into()
}

/// base64url without padding (RFC 7515 §2).
pub mod base64url {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[must_use]
    pub fn encode(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` for anything that is not the one canonical encoding.
    #[must_use]
    pub fn decode(text: &str) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }
}
