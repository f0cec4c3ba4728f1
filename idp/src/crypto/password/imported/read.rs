//! The forms in which programs write password hashes down: PHC strings, crypt(3), and those of Django, passlib and
//! Werkzeug.

use argon2::{Algorithm, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{BCRYPT_BASE64, Digest, Imported, NotImportable, Scheme};

type Read = Result<Imported, NotImportable>;

/// No hash of the known forms is longer.
const MAX_TEXT: usize = 1024;

pub(super) fn any(text: &str) -> Read {
    if text.len() > MAX_TEXT {
        return Err(NotImportable::Unknown);
    }
    if let Some(rest) = text.strip_prefix("argon2$") {
        return argon2(rest);
    }
    if let Some(rest) = text.strip_prefix("bcrypt_sha256$") {
        return bcrypt(rest, true);
    }
    if let Some(rest) = text.strip_prefix("bcrypt$") {
        return bcrypt(rest, false);
    }
    if text.starts_with("$2") {
        return bcrypt(text, false);
    }
    if text.starts_with("scrypt:") {
        return scrypt_of_werkzeug(text).ok_or(NotImportable::Damaged("scrypt"));
    }
    if text.starts_with("scrypt$") {
        return scrypt_of_django(text).ok_or(NotImportable::Damaged("scrypt"));
    }
    if text.starts_with("pbkdf2:") {
        return pbkdf2_of_werkzeug(text).ok_or(NotImportable::Damaged("PBKDF2"));
    }
    if text.starts_with("pbkdf2_") {
        return pbkdf2_of_django(text).ok_or(NotImportable::Damaged("PBKDF2"));
    }
    let Some(rest) = text.strip_prefix('$') else {
        return Err(NotImportable::Unknown);
    };
    match rest.split('$').next().unwrap_or_default() {
        name if name.starts_with("argon2") => argon2(rest),
        "scrypt" => scrypt(rest).ok_or(NotImportable::Damaged("scrypt")),
        name if name.starts_with("pbkdf2") => pbkdf2(rest).ok_or(NotImportable::Damaged("PBKDF2")),
        _ => Err(NotImportable::Unknown),
    }
}

/// `argon2id$v=19$m=65536,t=3,p=4$salt$output`; without a version it is the first one, 16. Django writes another dollar
/// before it or not.
fn argon2(text: &str) -> Read {
    let read = || {
        let mut parts = text.trim_start_matches('$').split('$');
        let algorithm = match parts.next()? {
            "argon2d" => Algorithm::Argon2d,
            "argon2i" => Algorithm::Argon2i,
            "argon2id" => Algorithm::Argon2id,
            _ => return None,
        };
        let mut next = parts.next()?;
        let mut version = Version::V0x10;
        if let Some(number) = next.strip_prefix("v=") {
            version = Version::try_from(number.parse::<u32>().ok()?).ok()?;
            next = parts.next()?;
        }
        let [memory_kib, passes, lanes] = named(next, ["m", "t", "p"])?;
        let (salt, output) = (base64(parts.next()?)?, base64(parts.next()?)?);
        let scheme = Scheme::Argon2 { algorithm, version, memory_kib, passes, lanes };
        // What Argon2 itself asks for.
        let legal = passes > 0 && lanes > 0 && memory_kib / 8 >= lanes && salt.len() >= 8;
        (parts.next().is_none() && legal).then_some(Imported { scheme, salt, output })
    };
    read().ok_or(NotImportable::Damaged("Argon2"))
}

/// `$2b$12$` and 53 characters. `2a` and `2y` are the same for every program that is not older than 2011; `2x` is a
/// mistake that nobody should be let in by.
fn bcrypt(text: &str, of_sha256: bool) -> Read {
    let read = || {
        let rest = ["$2a$", "$2b$", "$2y$"].into_iter().find_map(|begin| text.strip_prefix(begin))?;
        let (cost, rest) = rest.split_once('$')?;
        let (salt, output) = (rest.get(..22)?, rest.get(22..)?);
        let cost =
            (cost.len() == 2).then(|| cost.parse().ok()).flatten().filter(|cost| (4..=31).contains(cost))?;
        let scheme = Scheme::Bcrypt { cost, of_sha256 };
        let (salt, output) = (BCRYPT_BASE64.decode(salt).ok()?, BCRYPT_BASE64.decode(output).ok()?);
        (salt.len() == 16 && output.len() == 23).then_some(Imported { scheme, salt, output })
    };
    read().ok_or(NotImportable::Damaged("bcrypt"))
}

/// `scrypt$ln=15,r=8,p=1$salt$output`
fn scrypt(text: &str) -> Option<Imported> {
    let mut parts = text.split('$').skip(1);
    let [log_n, r, p] = named(parts.next()?, ["ln", "r", "p"])?;
    let (salt, output) = (base64(parts.next()?)?, base64(parts.next()?)?);
    let scheme = scrypt_scheme(u8::try_from(log_n).ok()?, r, p)?;
    parts.next().is_none().then_some(Imported { scheme, salt, output })
}

/// `scrypt:32768:8:1$salt$output`, the salt as it is, the output in hexadecimal digits.
fn scrypt_of_werkzeug(text: &str) -> Option<Imported> {
    let [method, salt, output] = split(text, '$')?;
    let [_, n, r, p] = split(method, ':')?;
    let scheme = scrypt_scheme(log2(n)?, r.parse().ok()?, p.parse().ok()?)?;
    Some(Imported { scheme, salt: salt.into(), output: hexadecimal(output)? })
}

/// `scrypt$16384$salt$8$5$output`, the salt as it is.
fn scrypt_of_django(text: &str) -> Option<Imported> {
    let [_, n, salt, r, p, output] = split(text, '$')?;
    let scheme = scrypt_scheme(log2(n)?, r.parse().ok()?, p.parse().ok()?)?;
    Some(Imported { scheme, salt: salt.into(), output: base64(output)? })
}

fn scrypt_scheme(log_n: u8, r: u32, p: u32) -> Option<Scheme> {
    (log_n > 0 && log_n < 64 && r > 0 && p > 0).then_some(Scheme::Scrypt { log_n, r, p })
}

/// `pbkdf2-sha256$i=600000$salt$output`, perhaps with the length of the output; passlib has the number alone. Without the
/// name of a digest it is SHA-1.
fn pbkdf2(text: &str) -> Option<Imported> {
    let [name, cost, salt, output] = split(text, '$')?;
    let digest = match name.strip_prefix("pbkdf2")? {
        "" => Digest::Sha1,
        name => digest(name.strip_prefix('-')?)?,
    };
    let rounds = match cost.strip_prefix("i=") {
        None => cost,
        Some(rest) => rest.split(",l=").next()?,
    };
    pbkdf2_scheme(digest, rounds, (base64(salt)?, base64(output)?))
}

/// `pbkdf2:sha256:600000$salt$output`, the salt as it is, the output in hexadecimal digits.
fn pbkdf2_of_werkzeug(text: &str) -> Option<Imported> {
    let [method, salt, output] = split(text, '$')?;
    let [_, name, rounds] = split(method, ':')?;
    pbkdf2_scheme(digest(name)?, rounds, (salt.into(), hexadecimal(output)?))
}

/// `pbkdf2_sha256$600000$salt$output`, the salt as it is.
fn pbkdf2_of_django(text: &str) -> Option<Imported> {
    let [name, rounds, salt, output] = split(text, '$')?;
    pbkdf2_scheme(digest(name.strip_prefix("pbkdf2_")?)?, rounds, (salt.into(), base64(output)?))
}

/// Only the first block of the output is kept: the others are made apart from it, and would say no more about the password
/// for as much work again.
pub(super) fn pbkdf2_scheme(
    digest: Digest,
    rounds: &str,
    (salt, mut output): (Vec<u8>, Vec<u8>),
) -> Option<Imported> {
    let rounds = rounds.parse().ok().filter(|rounds| *rounds > 0)?;
    output.truncate(digest.bytes());
    Some(Imported { scheme: Scheme::Pbkdf2 { digest, rounds }, salt, output })
}

pub(super) fn digest(name: &str) -> Option<Digest> {
    Digest::ALL.into_iter().find(|digest| digest.as_str() == name)
}

/// Exactly so many parts.
fn split<const N: usize>(text: &str, between: char) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.split(between).collect();
    parts.try_into().ok()
}

/// `m=1,t=2,p=3`: these numbers, each once, in any order, and no other.
fn named<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut found = [None; N];
    for part in text.split(',') {
        let (name, value) = part.split_once('=')?;
        let place = names.iter().position(|known| *known == name)?;
        let place = found.get_mut(place)?;
        if place.replace(value.parse().ok()?).is_some() {
            return None;
        }
    }
    let mut numbers = [0; N];
    for (number, found) in numbers.iter_mut().zip(found) {
        *number = found?;
    }
    Some(numbers)
}

/// Of a power of two.
fn log2(text: &str) -> Option<u8> {
    let number: u64 = text.parse().ok()?;
    number.is_power_of_two().then(|| u8::try_from(number.trailing_zeros()).ok()).flatten()
}

/// With or without `=` at the end; passlib writes `.` for `+`.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=').replace('.', "+")).ok()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = |index: usize| text.get(index..index.checked_add(2)?);
    if !text.len().is_multiple_of(2) || text.len() > MAX_TEXT || text.contains('+') {
        return None;
    }
    (0..text.len()).step_by(2).map(|index| u8::from_str_radix(digits(index)?, 16).ok()).collect()
}
