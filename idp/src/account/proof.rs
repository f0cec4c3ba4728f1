//! Who may change how a person gets in: somebody who has proven themselves just now, by as much as the
//! account had to offer (security: I11, class 2.9).

use time::OffsetDateTime;

use crate::model::credential::{CodeApp, Factors, Passkey};
use crate::model::session::{Enrolment, FRESH, Method, Session};
use crate::model::user::{Policy, User};
use crate::store::{Read, organizations, passkeys, passwords, recovery, totp};

/// What a person can sign in with, where `policy` is asked of everybody.
///
/// # Errors
/// When the database does not answer.
pub async fn factors(db: &impl Read, user: &User, policy: Policy) -> anyhow::Result<Factors> {
    let code_app = match totp::of_user(db, user.id).await?.and_then(|app| app.confirmed_at) {
        None => CodeApp::Off,
        Some(since) if totp::is_usable(db, user.id).await? => CodeApp::On(since),
        Some(since) => CodeApp::Stopped(since),
    };
    Ok(Factors {
        passkeys: passkeys::of_user(db, user.id).await?,
        code_app,
        recovery_codes_left: recovery::left(db, user.id).await?,
        password_usable: passwords::is_usable(db, user.id).await?,
        policy: organizations::policy_of(db, user, policy).await?.policy,
    })
}

/// Whether a session may add a passkey. A limited session is there for just one.
#[must_use]
pub fn may_add_passkey(session: &Session, factors: &Factors, now: OffsetDateTime) -> bool {
    let enrols = session.is_limited() && !has_added_passkey(session, &factors.passkeys);
    enrols || may_change(session, factors, now) || recovered(session, now)
}

/// Whether a session may set up a code app.
#[must_use]
pub fn may_add_code_app(session: &Session, factors: &Factors, now: OffsetDateTime) -> bool {
    let enrols = session.limited == Some(Enrolment::PasskeyOrCodeApp)
        && !has_added_passkey(session, &factors.passkeys);
    enrols || may_change(session, factors, now)
}

/// Whether a passkey has come since the session began. A limited one has then done what it is for.
#[must_use]
pub fn has_added_passkey(session: &Session, passkeys: &[Passkey]) -> bool {
    passkeys.iter().any(|passkey| passkey.created_at > session.created_at)
}

/// Whether a session may name a passkey: a limited one only what was not there before it.
#[must_use]
pub fn may_name(session: &Session, passkey: &Passkey) -> bool {
    !session.is_limited() || passkey.created_at >= session.created_at
}

/// Whether a session may change how its person gets in. A weak proof is enough only where there was
/// nothing stronger when it was given.
#[must_use]
pub fn may_change(session: &Session, factors: &Factors, now: OffsetDateTime) -> bool {
    let proven_at = session.authenticated_at;
    let older = |at: OffsetDateTime| at < proven_at;
    let had_stronger = factors.code_app.since().is_some_and(older)
        || factors.passkeys.iter().any(|passkey| older(passkey.created_at));
    !session.is_limited() && session.is_fresh(now, FRESH) && (session.method.is_strong() || !had_stronger)
}

/// Whoever had to use a recovery code is led to a new passkey, and may take what is lost away.
#[must_use]
pub fn recovered(session: &Session, now: OffsetDateTime) -> bool {
    !session.is_limited() && session.method == Method::PasswordAndRecoveryCode && session.is_fresh(now, FRESH)
}

/// Whether the person could still sign in with what the account has now, under its policy (I12).
///
/// # Errors
/// When the database does not answer.
pub async fn way_in_is_left(db: &impl Read, user: &User, policy: Policy) -> anyhow::Result<bool> {
    let factors = factors(db, user, policy).await?;
    if factors.passkeys.iter().any(|passkey| factors.opens(passkey)) {
        return Ok(true);
    }
    if !factors.passkeys.is_empty() || factors.policy >= Policy::RequirePasskey || !factors.password_usable {
        return Ok(false);
    }
    // With the code app gone too, the password alone would do, or lead to enrolment.
    Ok(factors.code_app == CodeApp::Off || factors.code_app.works() || factors.recovery_codes_left > 0)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::model::ids::{SessionId, UserId};

    fn session(method: Method, limited: Option<Enrolment>) -> Session {
        let start = OffsetDateTime::UNIX_EPOCH;
        Session {
            id: SessionId::new(start, [1; 10]),
            user_id: UserId::new(start, [2; 10]),
            passkey_id: None,
            method,
            authenticated_at: start,
            created_at: start,
            last_seen_at: start,
            expires_at: start + Duration::DAY,
            browser: String::new(),
            network: String::new(),
            limited,
        }
    }

    /// I11
    #[test]
    fn a_weak_proof_changes_nothing_that_was_there_before_it() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let nothing = Factors::default();
        let before = Factors { code_app: CodeApp::On(start - Duration::SECOND), ..Factors::default() };
        let since = Factors { code_app: CodeApp::On(start + Duration::SECOND), ..Factors::default() };
        let weak = session(Method::Password, None);
        assert!(may_change(&weak, &nothing, start));
        assert!(may_change(&weak, &since, start), "added in this very session");
        assert!(!may_change(&weak, &before, start));
        for method in Method::ALL.into_iter().filter(|method| method.is_strong()) {
            assert!(may_change(&session(method, None), &before, start), "{method:?}");
            let late = start + FRESH + Duration::SECOND;
            assert!(!may_change(&session(method, None), &before, late), "{method:?}");
            assert!(!may_change(&session(method, Some(Enrolment::Passkey)), &before, start), "{method:?}");
        }
        let recovery = session(Method::PasswordAndRecoveryCode, None);
        assert!(!may_change(&recovery, &before, start) && may_add_passkey(&recovery, &before, start));
        assert!(may_add_passkey(&session(Method::Password, Some(Enrolment::Passkey)), &before, start));
        assert!(!may_add_passkey(&weak, &before, start));
        for (enrolment, code_app) in [(Enrolment::Passkey, false), (Enrolment::PasskeyOrCodeApp, true)] {
            let limited = session(Method::Password, Some(enrolment));
            let late = start + FRESH * 2;
            assert!(may_add_passkey(&limited, &nothing, late), "for as long as it lives");
            assert_eq!(may_add_code_app(&limited, &nothing, late), code_app);
        }
    }
}
