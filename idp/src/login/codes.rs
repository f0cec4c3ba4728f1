//! Checking the codes that come after a password: those of a code app, and recovery codes. Each is
//! counted before it is checked, and spent by the database.

use time::OffsetDateTime;

use super::{Desk, sign_in};
use crate::audit::{self, Actor, Event};
use crate::crypto::totp as algorithm;
use crate::model::attempt::{Handle, SignIn};
use crate::model::credential::Factor;
use crate::model::user::User;
use crate::store::guesses::{self, Guessed, Turn};
use crate::store::{Tx, recovery, totp};

/// What came of a code.
#[derive(Debug)]
pub(super) enum Checked {
    /// It is spent, and so is the flow; what was proven before.
    Right(SignIn),
    Wrong,
    /// Too many wrong ones in a row; nothing was checked.
    Wait(OffsetDateTime),
    /// The flow has ended meanwhile, most likely by the same form sent twice. Nothing is spent or counted.
    Over,
}

/// Checks a code of the person's code app; a right one is spent (security: H2, H3).
pub(super) async fn check_app(
    desk: &Desk<'_>,
    (flow, user): (&Handle, &User),
    code: &str,
) -> anyhow::Result<Checked> {
    let tx = desk.store.begin().await?;
    let guessed = Guessed::Code(user.id);
    if let Turn::Wait(until) = guesses::take_turn(&tx, guessed, desk.now).await? {
        return Ok(Checked::Wait(until));
    }
    let secret = totp::begin_attempt(&tx, user.id).await?;
    let worked = secret.is_some();
    let step = secret.and_then(|secret| algorithm::matched_step(&secret, code, desk.now));
    let right = match step {
        Some(step) => totp::spend_step(&tx, user.id, step).await?,
        None => false,
    };
    let ended = if right { sign_in::take(desk, flow).await? } else { None };
    if ended.is_none() && (right || !sign_in::is_under_way(desk, flow).await?) {
        return Ok(Checked::Over);
    }
    if right {
        guesses::forget(&tx, guessed).await?;
    } else {
        let (doer, event) = (desk.doer(Actor::Anonymous), Event::SignInFailed { why: "code" });
        audit::record(&tx, desk.now, doer, Some(user.id), event).await?;
        if worked && !totp::is_usable(&tx, user.id).await? {
            stopped(&tx, desk, user, Factor::CodeApp).await?;
        }
    }
    tx.commit().await?;
    Ok(ended.map_or(Checked::Wrong, Checked::Right))
}

/// Checks a recovery code; a right one is spent, and everyone concerned is told (security: H5).
pub(super) async fn check_recovery(
    desk: &Desk<'_>,
    (flow, user): (&Handle, &User),
    typed: &str,
) -> anyhow::Result<Checked> {
    let code = crate::crypto::recovery::typed(typed);
    let tx = desk.store.begin().await?;
    let guessed = Guessed::RecoveryCode(user.id);
    if let Turn::Wait(until) = guesses::take_turn(&tx, guessed, desk.now).await? {
        return Ok(Checked::Wait(until));
    }
    let may_try = recovery::begin_attempt(&tx, user.id).await?;
    let right = match code.filter(|_| may_try) {
        Some(code) => recovery::spend(&tx, user.id, &code, desk.now).await?,
        None => false,
    };
    let ended = if right { sign_in::take(desk, flow).await? } else { None };
    if ended.is_none() && (right || !sign_in::is_under_way(desk, flow).await?) {
        return Ok(Checked::Over);
    }
    if right {
        guesses::forget(&tx, guessed).await?;
        let left = recovery::left(&tx, user.id).await?;
        desk.mail.recovery_code_used(&tx, user, left, &desk.circumstances()).await?;
        let event = Event::RecoveryCodeUsed { left };
        audit::record(&tx, desk.now, desk.doer(Actor::Person(user.id)), Some(user.id), event).await?;
    } else {
        let (doer, event) = (desk.doer(Actor::Anonymous), Event::SignInFailed { why: "recovery code" });
        audit::record(&tx, desk.now, doer, Some(user.id), event).await?;
        if may_try && !recovery::is_usable(&tx, user.id).await? {
            stopped(&tx, desk, user, Factor::RecoveryCodes).await?;
        }
    }
    tx.commit().await?;
    Ok(ended.map_or(Checked::Wrong, Checked::Right))
}

/// That was one wrong code too many. Whoever made them has the password, so its person has to know.
async fn stopped(tx: &Tx, desk: &Desk<'_>, user: &User, factor: Factor) -> anyhow::Result<()> {
    desk.mail.factor_stopped(tx, user, factor, &desk.circumstances()).await?;
    let event = Event::FactorStopped { factor };
    Ok(audit::record(tx, desk.now, desk.doer(Actor::Anonymous), Some(user.id), event).await?)
}
