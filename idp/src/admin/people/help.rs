//! Bringing people back in: whatever is done here is mailed to them, and none of it lets anybody else in.

use super::{begin, end_everything};
use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::ids::{PasskeyId, SessionId, UserId};
use crate::store::grants::{self, Which};
use crate::store::guesses::{self, Guessed};
use crate::store::{passkeys, passwords, recovery, sessions, totp};

/// Logs a person out everywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn log_out_everywhere(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<u64> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let sessions = end_everything(office, &tx, user.id).await?;
    office.record(&tx, actor, Some(user.id), Event::SessionsEnded { sessions }).await?;
    tx.commit().await?;
    Ok(Ok(sessions))
}

/// Ends one session of a person, and what applications were given in it.
///
/// # Errors
/// When the database does not answer.
pub async fn end_session(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, session): (UserId, SessionId),
) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !sessions::end(&tx, user.id, session).await? {
        return Ok(Err(Refused::NotFound));
    }
    grants::revoke_of_user(&tx, user.id, Which::Session(session), office.now).await?;
    office.record(&tx, actor, Some(user.id), Event::SignedOut { session }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Removes one passkey of a person, a lost one, with what it began.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_passkey(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, passkey): (UserId, PasskeyId),
) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(known) = passkeys::of_user_by_id(&tx, user.id, passkey).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let sessions_ended = sessions::end_of_passkey(&tx, user.id, passkey).await?;
    grants::revoke_of_passkey(&tx, user.id, passkey, office.now).await?;
    passkeys::delete(&tx, user.id, passkey).await?;
    office.mail.passkey_removed(&tx, &user, known.name.as_str(), &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), Event::PasskeyDeleted { passkey, sessions_ended }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Removes all passkeys of a person and logs them out everywhere: their password works again.
///
/// # Errors
/// When the database does not answer.
pub async fn reset_passkeys(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<u64> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let removed = passkeys::delete_all(&tx, user.id).await?;
    end_everything(office, &tx, user.id).await?;
    office.mail.passkeys_reset(&tx, &user, &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), Event::PasskeysReset { passkeys: removed }).await?;
    tx.commit().await?;
    Ok(Ok(removed))
}

/// Turns a person's code app off, voids their recovery codes and logs them out everywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn reset_two_factor(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let recovery_codes = recovery::made_at(&tx, user.id).await?.is_some();
    let code_app = totp::remove(&tx, user.id).await?;
    recovery::remove(&tx, user.id).await?;
    end_everything(office, &tx, user.id).await?;
    office.mail.two_factor_reset(&tx, &user, &office.circumstances()).await?;
    let event = Event::TwoFactorReset { code_app, recovery_codes };
    office.record(&tx, actor, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Lets a password work again that stopped after too many wrong ones. Refused as unchanged where there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn unlock(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !passwords::exists(&tx, user.id).await? {
        return Ok(Err(Refused::Unchanged));
    }
    guesses::forget(&tx, Guessed::Password(&user.email)).await?;
    // Whoever only had to wait had no reason to worry either.
    if !passwords::is_usable(&tx, user.id).await? {
        office.mail.password_unlocked(&tx, &user, &office.circumstances()).await?;
    }
    passwords::reset_failures(&tx, user.id).await?;
    office.record(&tx, actor, Some(user.id), Event::PasswordUnlocked).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
