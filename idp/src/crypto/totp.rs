//! Time-based one-time passwords (RFC 6238) as all code apps make them: SHA-1, six digits, thirty
//! seconds. Says which step a code belongs to; that each step counts once is the store's business.

use time::OffsetDateTime;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::random::{Entropy, NoEntropy};

const STEP_SECONDS: u64 = 30;

/// H1: 160 random bits.
///
/// # Errors
/// When there is no randomness to be had.
pub fn new_secret(entropy: Entropy) -> Result<Zeroizing<[u8; 20]>, NoEntropy> {
    Ok(Zeroizing::new(entropy.bytes()?))
}

/// The step that a code belongs to: the current one, or the one before for a slow typist (H3).
#[must_use]
pub fn matched_step(secret: &[u8], code: &str, now: OffsetDateTime) -> Option<i64> {
    let now = u64::try_from(now.unix_timestamp()).ok()?;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let generator = builder(secret).with_skew(0).build().ok()?;
    let steps = [now, now.checked_sub(STEP_SECONDS)?];
    // Both are compared, so that the time taken does not say which one it was.
    let matches = steps.map(|moment| generator.check(&digits, moment));
    matches.into_iter().flatten().next().and_then(|step| i64::try_from(step).ok())
}

/// The step that it is in now.
#[must_use]
pub fn step_at(now: OffsetDateTime) -> i64 {
    now.unix_timestamp().div_euclid(STEP_SECONDS.cast_signed())
}

/// What a code app has to be told.
#[derive(Debug)]
pub struct Setup {
    /// The secret as it is typed by hand, in groups of four.
    pub typed: Zeroizing<String>,
    /// The `otpauth:` address, also for phones that read this page themselves.
    pub url: Zeroizing<String>,
    pub qr: QrCode,
}

/// A QR code as the path of an SVG in whole units, quiet zone included.
#[derive(Debug, Clone, serde::Serialize)]
pub struct QrCode {
    pub size: i32,
    pub path: String,
}

/// How to enter a secret into a code app. `None` when it is no secret of ours.
#[must_use]
pub fn setup(secret: &[u8], issuer: &str, account: &str) -> Option<Setup> {
    // A colon separates the two in the address.
    let plain = |text: &str| text.replace(':', " ");
    let totp: Totp =
        builder(secret).with_issuer(Some(plain(issuer))).with_account_name(plain(account)).build().ok()?;
    let base32 = Zeroizing::new(totp.secret().to_base32());
    let chars: Vec<char> = base32.chars().collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
    let url = Zeroizing::new(totp.to_url().ok()?);
    let qr = draw(&url)?;
    Some(Setup { typed: Zeroizing::new(groups.join(" ")), url, qr })
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new().with_step_duration(STEP_SECONDS).with_secret(secret.to_vec())
}

fn draw(text: &str) -> Option<QrCode> {
    use std::fmt::Write;
    const QUIET: i32 = 4;
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
    }
    Some(QrCode { size: code.size() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238 appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn the_vectors_of_the_specification_hold() {
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(matched_step(SECRET, code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    /// H3
    #[test]
    fn a_code_works_in_its_own_step_and_the_next_and_nowhere_else() {
        let step = 1_111_111_109 / 30;
        for (offset, known) in [(-1, false), (0, true), (1, true), (2, false)] {
            let moment = at((step + offset) * 30 + 15);
            assert_eq!(matched_step(SECRET, "081804", moment).is_some(), known, "{offset}");
        }
        for text in ["", "08180", "0818040", "08180a", "\u{661}81804"] {
            assert!(matched_step(SECRET, text, at(1_111_111_109)).is_none(), "{text}");
        }
        assert!(matched_step(SECRET, "081 804", at(1_111_111_109)).is_some());
    }

    #[test]
    fn a_setup_can_be_scanned_or_typed() {
        let setup = setup(SECRET, "Clinic: North", "ada@example.org").unwrap();
        assert!(
            setup.url.starts_with("otpauth://totp/Clinic%20%20North:ada%40example.org?"),
            "{}",
            *setup.url
        );
        assert_eq!(setup.typed.replace(' ', ""), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(setup.qr.size > 30 && setup.qr.path.starts_with('M'));
    }
}
