//! Which passwords may be chosen: long enough, and not among those that are guessed first. Nothing
//! is asked of their composition (NIST SP 800-63B-4 §3.1.1.2).

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// NIST SP 800-63B-4 §3.1.1.2: the least length where a password alone can sign in.
pub const MIN_CHARS: usize = 15;
/// Longer ones are refused, never cut short.
pub const MAX_BYTES: usize = 1024;

/// The estimate looks at no more than this: what is good so far stays good.
const ESTIMATED_CHARS: usize = 72;
/// A password that falls within this many guesses (as a power of ten) is on somebody's list.
const LEAST_GUESSES: f64 = 9.0;

/// A password in clear: NFKC-normalised, so that the same keys on another keyboard give the same
/// bytes. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct Password {
    normal: Zeroizing<String>,
    /// As it was typed, where that is something else. Other programs may have hashed it so.
    typed: Option<Zeroizing<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    #[error("the password is empty")]
    Empty,
    #[error("the password is shorter than {MIN_CHARS} characters")]
    TooShort,
    #[error("the password is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("the password contains the name or address it protects")]
    Context,
    #[error("the password is guessed first: many people use it, or it follows a pattern")]
    Guessable,
}

impl PasswordRefused {
    /// What the texts for people are called by.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Empty => "password-missing",
            Self::TooShort => "password-short",
            Self::TooLong => "password-long",
            Self::Context => "password-context",
            Self::Guessable => "password-guessable",
        }
    }
}

impl Password {
    /// A password that somebody signs in with.
    ///
    /// # Errors
    /// Only when it is empty or too long to be anybody's.
    pub fn presented(text: &str) -> Result<Self, PasswordRefused> {
        if text.is_empty() {
            return Err(PasswordRefused::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(PasswordRefused::TooLong);
        }
        let normal: Zeroizing<String> = Zeroizing::new(text.nfkc().collect());
        let typed = (*normal != text).then(|| Zeroizing::new(text.to_owned()));
        Ok(Self { normal, typed })
    }

    /// A password that somebody chooses. `context` are words an attacker would try first: the
    /// service's name, the person's address and names.
    ///
    /// # Errors
    /// Says which rule it breaks.
    pub fn chosen(text: &str, context: &[&str]) -> Result<Self, PasswordRefused> {
        let password = Self::presented(text)?;
        if password.normal.chars().count() < MIN_CHARS {
            return Err(PasswordRefused::TooShort);
        }
        let lower = password.normal.to_lowercase();
        let mut rest = lower.clone();
        for word in context.iter().map(|word| word.to_lowercase()).filter(|word| word.chars().count() >= 4) {
            rest = rest.replace(&word, "");
        }
        // A context word may be part of a long password; it just does not count.
        if rest != lower && rest.chars().count() < MIN_CHARS / 2 {
            return Err(PasswordRefused::Context);
        }
        refuse_guessable(&password.normal, context)?;
        Ok(password)
    }

    pub(super) fn expose(&self) -> &str {
        &self.normal
    }

    /// What another program may have hashed: as it was typed first.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        self.typed.iter().map(|typed| typed.as_str()).chain([self.normal.as_str()])
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// F4: compares with the lists of common passwords, words and names that the estimator carries, whole
/// and in parts, and finds repetitions, rows of keys and dates. Which of these it was is not always
/// one thing, so people are told of all.
fn refuse_guessable(password: &str, context: &[&str]) -> Result<(), PasswordRefused> {
    let start: String = password.chars().take(ESTIMATED_CHARS).collect();
    if zxcvbn::zxcvbn(&start, context).guesses_log10() < LEAST_GUESSES {
        return Err(PasswordRefused::Guessable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F1, F2, F3
    #[test]
    fn length_is_counted_in_characters_and_nothing_else_is_asked() {
        assert_eq!(Password::chosen("fvq sok pd wmz", &[]).unwrap_err(), PasswordRefused::TooShort);
        assert!(Password::chosen("fvq sok pd wmz x", &[]).is_ok());
        assert!(Password::chosen("schlüsselbrett!", &[]).is_ok(), "15 characters, 16 bytes");
        assert!(Password::chosen(&format!("fvq sok pd wmz x{}", "a".repeat(1008)), &[]).is_ok());
        assert_eq!(Password::chosen(&"a".repeat(1025), &[]).unwrap_err(), PasswordRefused::TooLong);
    }

    /// F4
    #[test]
    fn a_password_made_of_the_persons_own_data_is_refused() {
        let context = ["ada@example.org", "Lovelace"];
        assert_eq!(Password::chosen("ada@example.org1", &context).unwrap_err(), PasswordRefused::Context);
        assert!(Password::chosen("lovelace likes long walks", &context).is_ok());
    }

    /// F4
    #[test]
    fn a_password_that_is_guessed_early_is_refused_with_the_reason() {
        for text in [
            "passwordpassword",
            "aaaaaaaaaaaaaaaa",
            "123456789012345",
            "qwertyuiopasdfghjkl",
            "abcabcabcabcabcabc",
        ] {
            assert_eq!(Password::chosen(text, &[]).err(), Some(PasswordRefused::Guessable), "{text}");
        }
        for text in ["a long walk by the river", "quiet lemon harbour", "Zürich am Abend im Regen"] {
            assert!(Password::chosen(text, &[]).is_ok(), "{text}");
        }
    }
}
