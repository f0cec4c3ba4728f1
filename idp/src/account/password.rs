//! Changing one's password.

use super::{Owner, Workbench};
use crate::audit::Event;
use crate::crypto::password::{Password, PasswordRefused};
use crate::store::grants::{self, Which};
use crate::store::guesses::{self, Guessed};
use crate::store::{links, passwords, sessions};

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    Refused(PasswordRefused),
    SignedOut,
}

/// Sets a new password for somebody who has just proven themselves, and ends their other sessions if
/// they wish (security: F9).
///
/// # Errors
/// When the workers are busy, or the database does not answer.
pub async fn change(
    bench: &Workbench<'_>,
    owner: Owner<'_>,
    typed: &str,
    end_others: bool,
) -> anyhow::Result<Changed> {
    let user = owner.user;
    let context = [user.email.as_str(), user.given_name.as_str(), user.family_name.as_str(), &bench.brand];
    let password = match Password::chosen(typed, &context) {
        Ok(password) => password,
        Err(refused) => return Ok(Changed::Refused(refused)),
    };
    let hash = bench.passwords.hash(password, bench.entropy).await?;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    guesses::forget(&tx, Guessed::Password(&user.email)).await?;
    passwords::set(&tx, user.id, &hash, bench.now).await?;
    links::end_of_user(&tx, user.id).await?;
    // What may only add a way in was let in by what is being replaced.
    let mut sessions_ended = sessions::end_limited(&tx, user.id, None).await?;
    if end_others {
        sessions_ended += sessions::end_of_user(&tx, user.id, Some(owner.session.id)).await?;
        grants::revoke_of_user(&tx, user.id, Which::AllBut(owner.session.id), bench.now).await?;
    }
    bench.mail.password_changed(&tx, user, &bench.circumstances()).await?;
    bench.record(&tx, user.id, Event::PasswordChanged { by_link: false, sessions_ended }).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
