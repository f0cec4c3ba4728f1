//! Password hashes that another program made: read from the forms in which programs write them, computed within limits
//! on what they may cost, and never made here. Which password they fit is found out; whether it is a good one is not.

mod keycloak;
mod read;
#[cfg(test)]
mod vectors;

use std::fmt;
use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{digest, pbkdf2};
use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::crypto::constant_time_eq;

/// What a hash may need of memory, in KiB: 128 MiB, as the dearest settings that OWASP and Django recommend.
const MAX_MEMORY_KIB: u64 = 131_072;
/// Argon2: memory in KiB times passes, ten times that of our own.
const MAX_ARGON2_WORK: u64 = 393_216;
const MAX_ARGON2_LANES: u32 = 16;
/// Each step doubles the time: at 14 it is about a second.
const MAX_BCRYPT_COST: u32 = 14;
/// scrypt: N times r times p, as 2¹⁷ × 8 × 1.
const MAX_SCRYPT_WORK: u64 = 1 << 20;
const MAX_PBKDF2_ROUNDS: u64 = 2_000_000;
/// A shorter result would fit other passwords by chance.
const MIN_OUTPUT: usize = 16;
const MAX_OUTPUT: usize = 128;
const MAX_SALT: u64 = 256;
/// What bcrypt looks at, with the zero byte it puts at the end.
const BCRYPT_BYTES: usize = 72;

const BCRYPT_BASE64: GeneralPurpose =
    GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// Why a hash can not be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotImportable {
    #[error(
        "is in no form that is known here: Argon2, bcrypt, scrypt or PBKDF2 as the documentation lists them"
    )]
    Unknown,
    #[error("is damaged: it begins like {0} and does not go on like it")]
    Damaged(&'static str),
    #[error("costs more than is computed here: {what} may be at most {most}")]
    TooCostly { what: &'static str, most: u64 },
}

/// A password hash that another program made, within the limits. Not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Imported {
    scheme: Scheme,
    salt: Vec<u8>,
    output: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    Bcrypt {
        cost: u32,
        /// Of the SHA-256 of the password in hexadecimal digits, as Django does.
        of_sha256: bool,
    },
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
    },
    Pbkdf2 {
        digest: Digest,
        rounds: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

impl Imported {
    /// A hash as another program wrote it.
    ///
    /// # Errors
    /// Says what is wrong with it, and never what it is.
    pub fn read(text: &str) -> Result<Self, NotImportable> {
        read::any(text.trim())?.within_limits()
    }

    /// A hash as Keycloak exports it: two members of a credential, each JSON in a text.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_keycloak(secret_data: &str, credential_data: &str) -> Result<Self, NotImportable> {
        keycloak::read(secret_data, credential_data)?.within_limits()
    }

    /// What it was made with, in a word.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match self.scheme {
            Scheme::Argon2 { .. } => "argon2",
            Scheme::Bcrypt { .. } => "bcrypt",
            Scheme::Scrypt { .. } => "scrypt",
            Scheme::Pbkdf2 { .. } => "pbkdf2",
        }
    }

    /// The one form in which it is kept here.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.written())
    }

    /// A hash of nothing that costs the same to compute. No secret: all of this cost have the same.
    #[must_use]
    pub fn decoy(&self) -> String {
        let nothing = Self { scheme: self.scheme, salt: vec![0; 16], output: vec![0; self.output.len()] };
        nothing.written()
    }

    fn within_limits(self) -> Result<Self, NotImportable> {
        let at_most = |what, asked: u64, most: u64| {
            if asked > most { Err(NotImportable::TooCostly { what, most }) } else { Ok(()) }
        };
        match self.scheme {
            Scheme::Argon2 { memory_kib, passes, lanes, .. } => {
                at_most("the memory m in KiB", memory_kib.into(), MAX_MEMORY_KIB)?;
                let work = u64::from(memory_kib).saturating_mul(passes.into());
                at_most("the memory m in KiB times the passes t", work, MAX_ARGON2_WORK)?;
                at_most("the lanes p", lanes.into(), MAX_ARGON2_LANES.into())?;
            }
            Scheme::Bcrypt { cost, .. } => at_most("the cost", cost.into(), MAX_BCRYPT_COST.into())?,
            Scheme::Scrypt { log_n, r, p } => {
                let blocks = 1_u64.checked_shl(log_n.into()).unwrap_or(u64::MAX).saturating_mul(r.into());
                // 128 bytes each.
                at_most("the memory N × r / 8 in KiB", blocks / 8, MAX_MEMORY_KIB)?;
                at_most("N × r × p", blocks.saturating_mul(p.into()), MAX_SCRYPT_WORK)?;
            }
            Scheme::Pbkdf2 { rounds, .. } => at_most("the iterations", rounds.into(), MAX_PBKDF2_ROUNDS)?,
        }
        at_most("the salt in bytes", u64::try_from(self.salt.len()).unwrap_or(u64::MAX), MAX_SALT)?;
        if !(MIN_OUTPUT..=MAX_OUTPUT).contains(&self.output.len()) || self.salt.is_empty() {
            return Err(NotImportable::Damaged(self.scheme()));
        }
        Ok(self)
    }

    /// Whether it is a hash of this password. Takes as much time and memory as the hash asks for.
    pub(super) fn fits(&self, password: &[u8]) -> bool {
        let computed = match self.scheme {
            Scheme::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                let params = Params::new(memory_kib, passes, lanes, Some(self.output.len()));
                params.ok().and_then(|params| {
                    let mut output = vec![0; self.output.len()];
                    let hasher = Argon2::new(algorithm, version, params);
                    hasher.hash_password_into(password, &self.salt, &mut output).ok()?;
                    Some(output)
                })
            }
            Scheme::Bcrypt { cost, of_sha256 } => bcrypt(password, &self.salt, (cost, of_sha256)),
            Scheme::Scrypt { log_n, r, p } => scrypt::Params::new(log_n, r, p).ok().and_then(|params| {
                let mut output = vec![0; self.output.len()];
                scrypt::scrypt(password, &self.salt, &params, &mut output).ok()?;
                Some(output)
            }),
            Scheme::Pbkdf2 { digest, rounds } => NonZeroU32::new(rounds).map(|rounds| {
                let mut output = vec![0; self.output.len()];
                pbkdf2::derive(digest.algorithm(), rounds, &self.salt, password, &mut output);
                output
            }),
        };
        computed.is_some_and(|computed| constant_time_eq(&computed, &self.output))
    }

    fn written(&self) -> String {
        let (salt, output) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.output));
        match self.scheme {
            Scheme::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                let version = u32::from(version);
                format!("${algorithm}$v={version}$m={memory_kib},t={passes},p={lanes}${salt}${output}")
            }
            Scheme::Bcrypt { cost, of_sha256 } => {
                let before = if of_sha256 { "bcrypt_sha256$" } else { "" };
                let (salt, output) = (BCRYPT_BASE64.encode(&self.salt), BCRYPT_BASE64.encode(&self.output));
                format!("{before}$2b${cost:02}${salt}{output}")
            }
            Scheme::Scrypt { log_n, r, p } => format!("$scrypt$ln={log_n},r={r},p={p}${salt}${output}"),
            Scheme::Pbkdf2 { digest, rounds } => {
                format!("$pbkdf2-{}$i={rounds}${salt}${output}", digest.as_str())
            }
        }
    }
}

fn bcrypt(password: &[u8], salt: &[u8], (cost, of_sha256): (u32, bool)) -> Option<Vec<u8>> {
    let salt: [u8; 16] = salt.try_into().ok()?;
    let mut key = Zeroizing::new(Vec::with_capacity(BCRYPT_BYTES));
    if of_sha256 {
        let hashed = digest::digest(&digest::SHA256, password);
        key.extend(hashed.as_ref().iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
    } else {
        key.extend(password.iter().take(BCRYPT_BYTES));
    }
    key.push(0);
    key.truncate(BCRYPT_BYTES);
    // Above 31 it would not return.
    (4..=MAX_BCRYPT_COST).contains(&cost).then(|| {
        let mut output = bcrypt::bcrypt(cost, salt, &key).to_vec();
        // The last byte is computed and, by an old mistake, not part of the hash.
        output.pop();
        output
    })
}

impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imported({:?}, …)", self.scheme)
    }
}
