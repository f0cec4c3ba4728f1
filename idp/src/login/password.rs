//! Checking a password: the same work and the same answer whether the account is unknown, disabled,
//! has no password, or the password is wrong.

use time::OffsetDateTime;

use super::Desk;
use crate::audit::{self, Actor, Event};
use crate::crypto::password::{HashError, Password, PasswordWorkers, Permit};
use crate::model::ids::UserId;
use crate::model::user::{Email, User};
use crate::store::{Store, passwords, users};

/// The person, if the password is theirs and they may sign in.
///
/// # Errors
/// [`HashError::Busy`] (in the error chain) when too many passwords are being checked.
pub(super) async fn check(
    desk: &Desk<'_>,
    email: &Email,
    password: Password,
) -> anyhow::Result<Option<User>> {
    // A place in the queue first: whoever is turned away costs the database nothing and counts as
    // no guess.
    let permit = desk.passwords.reserve()?;
    let guess = Guess {
        store: desk.store.clone(),
        passwords: desk.passwords.clone(),
        now: desk.now,
        email: email.clone(),
    };
    // On a task of its own: a guess that was counted is checked and recorded, even if whoever made
    // it has hung up.
    tokio::spawn(guess.check(password, permit)).await.map_err(|_| HashError::Stopped)?
}

struct Guess {
    store: Store,
    passwords: PasswordWorkers,
    now: OffsetDateTime,
    email: Email,
}

impl Guess {
    async fn check(self, password: Password, permit: Permit) -> anyhow::Result<Option<User>> {
        let user = users::by_email(&self.store, &self.email).await?;
        let guessed_for = user.as_ref().map_or(nobody(), |user| user.id);
        // The count is kept before the check, so that guesses side by side can not outrun it; and it
        // is tried for an unknown person as well, so that the answer takes as long.
        let tx = self.store.begin().await?;
        let hash = passwords::begin_attempt(&tx, guessed_for).await?;
        tx.commit().await?;
        let fits = self.passwords.verify(password, hash.as_deref(), permit).await?;
        let tx = self.store.begin().await?;
        let known = user.filter(|user| fits && user.is_enabled());
        match &known {
            Some(user) => passwords::reset_failures(&tx, user.id).await?,
            None => {
                let subject = (guessed_for != nobody()).then_some(guessed_for);
                let event = Event::SignInFailed { why: "password" };
                audit::record(&tx, self.now, Actor::Anonymous, subject, event).await?;
            }
        }
        tx.commit().await?;
        Ok(known)
    }
}

/// An identifier that nobody has.
fn nobody() -> UserId {
    UserId::new(OffsetDateTime::UNIX_EPOCH, [0; 10])
}
