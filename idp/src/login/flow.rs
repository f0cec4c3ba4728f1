//! Which step of signing in comes next. The one place that decides it, from what has been proven and
//! what the account has; no step knows about another.

use crate::model::attempt::SignIn;
use crate::model::session::Method;

/// What matters about the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub has_passkeys: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing has been proven yet.
    Begin,
    AskPassword,
    AskPasskey,
    SignedIn(Method),
}

/// The sign-in table.
#[must_use]
pub fn next_step(proven: &SignIn, account: Account) -> Step {
    match (proven.passkey.map(|passkey| passkey.user_verified), proven.password) {
        (Some(true), false) => Step::SignedIn(Method::Passkey),
        (Some(_), true) => Step::SignedIn(Method::PasswordAndPasskey),
        (Some(false), false) => Step::AskPassword,
        (None, true) if account.has_passkeys => Step::AskPasskey,
        (None, true) => Step::SignedIn(Method::Password),
        (None, false) => Step::Begin,
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::model::attempt::{BrowserId, PasskeyProof};
    use crate::model::ids::{PasskeyId, UserId};

    fn step(password: bool, passkey: Option<bool>, has_passkeys: bool) -> Step {
        let start = OffsetDateTime::UNIX_EPOCH;
        let proven = SignIn {
            browser: BrowserId([0; 32]),
            user_id: UserId::new(start, [0; 10]),
            password,
            passkey: passkey
                .map(|user_verified| PasskeyProof { id: PasskeyId::new(start, [0; 10]), user_verified }),
        };
        next_step(&proven, Account { has_passkeys })
    }

    #[test]
    fn a_verified_passkey_signs_in_at_once() {
        assert_eq!(step(false, Some(true), true), Step::SignedIn(Method::Passkey));
    }

    #[test]
    fn a_passkey_without_verification_needs_the_password_too() {
        assert_eq!(step(false, Some(false), true), Step::AskPassword);
        assert_eq!(step(true, Some(false), true), Step::SignedIn(Method::PasswordAndPasskey));
    }

    #[test]
    fn a_password_with_passkeys_on_the_account_needs_one_of_them() {
        assert_eq!(step(true, None, true), Step::AskPasskey);
        assert_eq!(step(true, Some(true), true), Step::SignedIn(Method::PasswordAndPasskey));
    }

    #[test]
    fn a_password_without_passkeys_signs_in() {
        assert_eq!(step(true, None, false), Step::SignedIn(Method::Password));
    }

    #[test]
    fn nothing_proven_signs_nobody_in() {
        assert_eq!(step(false, None, true), Step::Begin);
        assert_eq!(step(false, None, false), Step::Begin);
    }
}
