//! Checking a password: the same work and the same answer whether the account is unknown, disabled,
//! has no password, or the password is wrong.

use time::OffsetDateTime;

use super::Desk;
use super::guess;
use crate::audit::{self, Actor, Doer, Event};
use crate::crypto::password::{HashError, Password, PasswordWorkers, Permit};
use crate::model::ids::UserId;
use crate::model::user::{Email, User};
use crate::store::guesses::{self, Guessed, Turn};
use crate::store::{Store, passwords, users};

/// What came of a guess.
#[derive(Debug)]
pub(super) enum Checked {
    Right(Box<User>),
    Wrong,
    /// Too many guesses in a row; nothing was checked.
    Wait(OffsetDateTime),
}

/// Checks the password of whoever has this address.
///
/// # Errors
/// [`HashError::Busy`] (in the error chain) when too many passwords are being checked, or too many
/// were wrong from this network.
pub(super) async fn check(desk: &Desk<'_>, email: &Email, password: Password) -> anyhow::Result<Checked> {
    if guess::stranger_waits(desk).await? {
        return Err(HashError::Busy.into());
    }
    // A place in the queue first: whoever is turned away costs the database nothing and counts as
    // no guess.
    let permit = desk.passwords.reserve()?;
    let guess = Guess {
        store: desk.store.clone(),
        passwords: desk.passwords.clone(),
        now: desk.now,
        email: email.clone(),
        network: desk.network.to_owned(),
        agent: desk.agent.to_owned(),
    };
    // On a task of its own: a guess that was counted is checked and recorded, even if whoever made
    // it has hung up.
    let checked = tokio::spawn(guess.check(password, permit)).await.map_err(|_| HashError::Stopped)??;
    if matches!(checked, Checked::Wrong) {
        guess::count_network_failure(desk).await?;
    }
    Ok(checked)
}

struct Guess {
    store: Store,
    passwords: PasswordWorkers,
    now: OffsetDateTime,
    email: Email,
    network: String,
    agent: String,
}

impl Guess {
    async fn check(self, password: Password, permit: Permit) -> anyhow::Result<Checked> {
        let user = users::by_email(&self.store, &self.email).await?;
        let guessed_for = user.as_ref().map_or(nobody(), |user| user.id);
        // The count is kept before the check, so that guesses side by side can not outrun it; and it
        // is kept for an unknown person as well, so that the answer is the same and takes as long.
        let tx = self.store.begin().await?;
        if let Turn::Wait(until) = guesses::take_turn(&tx, Guessed::Password(&self.email), self.now).await? {
            return Ok(Checked::Wait(until));
        }
        let hash = passwords::begin_attempt(&tx, guessed_for).await?;
        tx.commit().await?;
        let fits = self.passwords.verify(password, hash.as_deref(), permit).await?;
        let tx = self.store.begin().await?;
        let known = user.filter(|user| fits && user.is_enabled());
        match &known {
            Some(user) => {
                passwords::reset_failures(&tx, user.id).await?;
                guesses::forget(&tx, Guessed::Password(&self.email)).await?;
            }
            None => {
                let subject = (guessed_for != nobody()).then_some(guessed_for);
                let doer = Doer {
                    actor: Actor::Anonymous,
                    network: Some(&self.network),
                    browser: Some(&self.agent),
                };
                audit::record(&tx, self.now, doer, subject, Event::SignInFailed { why: "password" }).await?;
            }
        }
        tx.commit().await?;
        Ok(known.map_or(Checked::Wrong, |user| Checked::Right(Box::new(user))))
    }
}

/// An identifier that nobody has.
fn nobody() -> UserId {
    UserId::new(OffsetDateTime::UNIX_EPOCH, [0; 10])
}
