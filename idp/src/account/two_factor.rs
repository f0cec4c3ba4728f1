//! The code app and the recovery codes of a person. A code app becomes a factor with its first right
//! code; recovery codes are shown once and replaced as a set.

use zeroize::Zeroizing;

use super::{Changed, Owner, Workbench, proof};
use crate::audit::Event;
use crate::crypto::{recovery as codes, totp as algorithm};
use crate::model::credential::RECOVERY_CODES;
use crate::model::ids::RecoveryCodeId;
use crate::model::link::LinkPurpose;
use crate::model::user::User;
use crate::store::{Tx, links, recovery, totp};

/// Makes a secret that waits for its first right code. `false` when a code app is on already.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(bench: &Workbench<'_>, owner: Owner<'_>) -> anyhow::Result<Changed> {
    let secret = algorithm::new_secret(bench.entropy)?;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    if !totp::propose(&tx, owner.user.id, &*secret, bench.now).await? {
        return Ok(Changed::NotFound);
    }
    tx.commit().await?;
    Ok(Changed::Done)
}

/// What to enter into the code app, while its secret waits (H4: never again afterwards).
///
/// # Errors
/// When the database does not answer.
pub async fn setup(bench: &Workbench<'_>, user: &User) -> anyhow::Result<Option<algorithm::Setup>> {
    let secret = totp::proposed(bench.store, user.id).await?;
    Ok(secret.and_then(|secret| algorithm::setup(&secret, &bench.brand, user.email.as_str())))
}

/// What came of the first code.
#[derive(Debug)]
pub enum Confirmed {
    /// It is a factor now, with a set of recovery codes if there was none.
    On(Option<Vec<Zeroizing<String>>>),
    WrongCode,
    /// Nothing waits for a code.
    NotWaiting,
    SignedOut,
}

/// Takes the first code.
///
/// # Errors
/// When the database does not answer.
pub async fn confirm(bench: &Workbench<'_>, owner: Owner<'_>, code: &str) -> anyhow::Result<Confirmed> {
    let user = owner.user;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Confirmed::SignedOut);
    }
    let Some(secret) = totp::proposed(&tx, user.id).await? else {
        return Ok(Confirmed::NotWaiting);
    };
    let Some(step) = algorithm::matched_step(&secret, code, bench.now) else {
        return Ok(Confirmed::WrongCode);
    };
    if !totp::confirm(&tx, user.id, step, bench.now).await? {
        return Ok(Confirmed::NotWaiting);
    }
    let sessions_ended = bench.end_weak_sessions(&tx, owner).await?;
    links::end_of_purpose(&tx, user.id, LinkPurpose::ResetPassword).await?;
    let fresh = match recovery::left(&tx, user.id).await? {
        0 => Some(replace_codes(bench, &tx, user).await?),
        _ => None,
    };
    bench.mail.code_app_turned_on(&tx, user, &bench.circumstances()).await?;
    bench.record(&tx, user.id, Event::CodeAppTurnedOn { sessions_ended }).await?;
    tx.commit().await?;
    Ok(Confirmed::On(fresh))
}

/// Turns the code app off.
///
/// # Errors
/// When the database does not answer.
pub async fn turn_off(bench: &Workbench<'_>, owner: Owner<'_>) -> anyhow::Result<Changed> {
    let user = owner.user;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    // One that was only begun is not on, so there is nothing to turn off.
    let on = totp::of_user(&tx, user.id).await?.is_some_and(|app| app.confirmed_at.is_some());
    if !on || !totp::remove(&tx, user.id).await? {
        return Ok(Changed::NotFound);
    }
    if !proof::way_in_is_left(&tx, user, bench.policy).await? {
        return Ok(Changed::LastWayIn);
    }
    links::end_of_purpose(&tx, user.id, LinkPurpose::ResetPassword).await?;
    bench.mail.code_app_turned_off(&tx, user, &bench.circumstances()).await?;
    bench.record(&tx, user.id, Event::CodeAppTurnedOff).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Makes a new set of recovery codes, in place of the old one. `None` when the session has ended.
///
/// # Errors
/// When the database does not answer.
pub async fn make_codes(
    bench: &Workbench<'_>,
    owner: Owner<'_>,
) -> anyhow::Result<Option<Vec<Zeroizing<String>>>> {
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(None);
    }
    links::end_of_purpose(&tx, owner.user.id, LinkPurpose::ResetPassword).await?;
    let codes = replace_codes(bench, &tx, owner.user).await?;
    tx.commit().await?;
    Ok(Some(codes))
}

async fn replace_codes(
    bench: &Workbench<'_>,
    tx: &Tx,
    user: &User,
) -> anyhow::Result<Vec<Zeroizing<String>>> {
    let mut set = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let id = bench.entropy.id(bench.now, RecoveryCodeId::new)?;
        set.push((id, codes::generate(bench.entropy)?.to_string()));
    }
    recovery::replace(tx, user.id, &set, bench.now).await?;
    bench.mail.recovery_codes_made(tx, user, &bench.circumstances()).await?;
    bench.record(tx, user.id, Event::RecoveryCodesMade).await?;
    Ok(set.into_iter().map(|(_, code)| Zeroizing::new(codes::shown(&code))).collect())
}
