//! Which step of signing in comes next. The one place that decides it, from what has been proven and
//! what the account has; no step knows about another.

use crate::model::attempt::SignIn;
use crate::model::session::{Enrolment, Method};
use crate::model::user::Policy;

/// What matters about the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub has_passkeys: bool,
    /// Two-factor is on. A code app that was disabled by wrong codes still counts: otherwise wrong
    /// codes would open the account to a password alone.
    pub code_app: bool,
    pub policy: Policy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing has been proven yet.
    Begin,
    AskPassword,
    AskPasskey,
    /// A code, or a passkey instead.
    AskCode,
    /// A policy wants more than the account has: it has to be added before anything else.
    Enrol(Enrolment),
    SignedIn(Method),
}

/// The sign-in table.
#[must_use]
pub fn next_step(proven: &SignIn, account: Account) -> Step {
    match (proven.passkey.map(|passkey| passkey.user_verified), proven.password.is_some()) {
        (Some(true), false) => Step::SignedIn(Method::Passkey),
        (Some(_), true) => Step::SignedIn(Method::PasswordAndPasskey),
        (Some(false), false) => Step::AskPassword,
        (None, true) => after_password(proven, account),
        (None, false) => Step::Begin,
    }
}

fn after_password(proven: &SignIn, account: Account) -> Step {
    if proven.recovery_code {
        // Somebody who has lost a passkey: where only passkeys are allowed, they may add a new one.
        let whole = account.policy < Policy::RequirePasskey
            || account.policy == Policy::RequirePasskey && account.has_passkeys;
        return if whole {
            Step::SignedIn(Method::PasswordAndRecoveryCode)
        } else {
            Step::Enrol(Enrolment::Passkey)
        };
    }
    if account.has_passkeys && (!account.code_app || account.policy == Policy::PasskeyOnly) {
        return Step::AskPasskey;
    }
    if account.code_app {
        return match proven.code {
            false => Step::AskCode,
            true if account.policy >= Policy::RequirePasskey && !account.has_passkeys => {
                Step::Enrol(Enrolment::Passkey)
            }
            true => Step::SignedIn(Method::PasswordAndCode),
        };
    }
    match account.policy {
        Policy::Free => Step::SignedIn(Method::Password),
        Policy::RequireSecondFactor => Step::Enrol(Enrolment::PasskeyOrCodeApp),
        Policy::RequirePasskey | Policy::PasskeyOnly => Step::Enrol(Enrolment::Passkey),
    }
}

/// What somebody who is signed in lacks under the rule that is to hold for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// They have what it takes and signed in without it.
    Proof,
    Passkey,
    /// A passkey or a code app.
    SecondFactor,
}

/// Whether a log-in by `method` would do for this account by the sign-in table, asked afterwards: when a stricter rule
/// is about to hold.
#[must_use]
pub fn missing(method: Method, account: Account) -> Option<Missing> {
    let more_than_password = method != Method::Password;
    let with_passkey = matches!(method, Method::Passkey | Method::PasswordAndPasskey);
    let (enough, lacks) = match account.policy {
        Policy::Free => (true, None),
        Policy::RequireSecondFactor => {
            let has = account.has_passkeys || account.code_app;
            (more_than_password, (!has).then_some(Missing::SecondFactor))
        }
        Policy::RequirePasskey => {
            let lacks = (!account.has_passkeys).then_some(Missing::Passkey);
            (more_than_password && lacks.is_none(), lacks)
        }
        Policy::PasskeyOnly => {
            let lacks = (!account.has_passkeys).then_some(Missing::Passkey);
            (with_passkey && lacks.is_none(), lacks)
        }
    };
    if enough { None } else { Some(lacks.unwrap_or(Missing::Proof)) }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::model::attempt::{BrowserId, PasskeyProof, PasswordVersion};
    use crate::model::ids::{PasskeyId, UserId};

    const NOTHING: Account = Account { has_passkeys: false, code_app: false, policy: Policy::Free };

    const VERSION: PasswordVersion = PasswordVersion([1; 32]);

    fn proven() -> SignIn {
        SignIn::of(BrowserId([0; 32]), UserId::new(OffsetDateTime::UNIX_EPOCH, [0; 10]))
    }

    fn passkey(user_verified: bool) -> PasskeyProof {
        let id = PasskeyId::new(OffsetDateTime::UNIX_EPOCH, [0; 10]);
        PasskeyProof {
            id,
            user_verified,
            verification_unproven: false,
            new_eligibility: None,
            cross_device: false,
        }
    }

    fn accounts() -> Vec<Account> {
        let mut accounts = Vec::new();
        for policy in Policy::ALL {
            for (has_passkeys, code_app) in [(false, false), (false, true), (true, false), (true, true)] {
                accounts.push(Account { has_passkeys, code_app, policy });
            }
        }
        accounts
    }

    /// product §1, row 1: any account, any policy.
    #[test]
    fn a_verified_passkey_signs_in_at_once() {
        for account in accounts() {
            let proven = SignIn { passkey: Some(passkey(true)), ..proven() };
            assert_eq!(next_step(&proven, account), Step::SignedIn(Method::Passkey), "{account:?}");
        }
    }

    /// product §1, row 2
    #[test]
    fn a_passkey_without_verification_needs_the_password_too() {
        for account in accounts() {
            let alone = SignIn { passkey: Some(passkey(false)), ..proven() };
            assert_eq!(next_step(&alone, account), Step::AskPassword, "{account:?}");
            let both = SignIn { password: Some(VERSION), ..alone };
            assert_eq!(next_step(&both, account), Step::SignedIn(Method::PasswordAndPasskey), "{account:?}");
        }
    }

    /// product §1, rows 3 to 5
    #[test]
    fn after_a_password_the_account_decides() {
        let password = SignIn { password: Some(VERSION), ..proven() };
        for (has_passkeys, code_app, step) in [
            (false, true, Step::AskCode),
            (true, true, Step::AskCode),
            (true, false, Step::AskPasskey),
            (false, false, Step::SignedIn(Method::Password)),
        ] {
            let account = Account { has_passkeys, code_app, ..NOTHING };
            assert_eq!(next_step(&password, account), step, "{account:?}");
        }
        let code = SignIn { code: true, ..password };
        for has_passkeys in [false, true] {
            let account = Account { has_passkeys, code_app: true, ..NOTHING };
            assert_eq!(next_step(&code, account), Step::SignedIn(Method::PasswordAndCode));
        }
    }

    /// product §1, row 8
    #[test]
    fn a_recovery_code_after_the_password_signs_in() {
        let proven = SignIn { password: Some(VERSION), recovery_code: true, ..proven() };
        for account in accounts().into_iter().filter(|account| account.policy < Policy::RequirePasskey) {
            let step = next_step(&proven, account);
            assert_eq!(step, Step::SignedIn(Method::PasswordAndRecoveryCode), "{account:?}");
        }
    }

    /// product §1: with a passkey and no two-factor, a password alone never works, whatever the policy;
    /// and no code, right or wrong, changes anything before the password.
    #[test]
    fn nothing_weaker_than_the_account_ever_signs_in() {
        for account in accounts() {
            for (password, code, recovery_code) in (0..8).map(|n| (n & 1 > 0, n & 2 > 0, n & 4 > 0)) {
                let step = next_step(
                    &SignIn { password: password.then_some(VERSION), code, recovery_code, ..proven() },
                    account,
                );
                let Step::SignedIn(method) = step else { continue };
                assert!(password, "{account:?}");
                let enough = match method {
                    Method::PasswordAndRecoveryCode => recovery_code,
                    Method::PasswordAndCode => code && account.code_app,
                    Method::Password => {
                        !account.has_passkeys && !account.code_app && account.policy == Policy::Free
                    }
                    Method::Passkey | Method::PasswordAndPasskey => false,
                };
                assert!(enough, "{account:?} {method:?}");
                assert!(account.policy < Policy::PasskeyOnly, "{account:?}");
                assert!(account.policy < Policy::RequirePasskey || account.has_passkeys, "{account:?}");
                // What is asked of a session later on is what was asked of the sign-in.
                assert!(account.policy.is_met_by(method, account.has_passkeys), "{account:?} {method:?}");
            }
        }
    }

    #[test]
    fn a_policy_is_enforced_by_enrolment() {
        let password = SignIn { password: Some(VERSION), ..proven() };
        let code = SignIn { code: true, ..password.clone() };
        let recovery = SignIn { recovery_code: true, ..password.clone() };
        let account = |has_passkeys, code_app, policy| Account { has_passkeys, code_app, policy };
        let passkey = Step::Enrol(Enrolment::Passkey);
        for (proven, account, step) in [
            (
                &password,
                account(false, false, Policy::RequireSecondFactor),
                Step::Enrol(Enrolment::PasskeyOrCodeApp),
            ),
            (&password, account(false, false, Policy::RequirePasskey), passkey),
            (&password, account(false, false, Policy::PasskeyOnly), passkey),
            (&password, account(false, true, Policy::RequirePasskey), Step::AskCode),
            (&code, account(false, true, Policy::RequirePasskey), passkey),
            (&code, account(true, true, Policy::RequirePasskey), Step::SignedIn(Method::PasswordAndCode)),
            (&password, account(true, true, Policy::PasskeyOnly), Step::AskPasskey),
            (&code, account(true, true, Policy::PasskeyOnly), Step::AskPasskey),
            (&code, account(false, true, Policy::PasskeyOnly), passkey),
            (&recovery, account(true, false, Policy::PasskeyOnly), passkey),
            (&recovery, account(false, true, Policy::RequirePasskey), passkey),
        ] {
            assert_eq!(next_step(proven, account), step, "{account:?}");
        }
    }

    #[test]
    fn nothing_proven_signs_nobody_in() {
        for account in accounts() {
            let codes = SignIn { code: true, recovery_code: true, ..proven() };
            assert_eq!(next_step(&codes, account), Step::Begin, "{account:?}");
        }
    }
}
