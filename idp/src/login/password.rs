//! Checking a password: the same work and the same answer whether the account is unknown, disabled,
//! has no password, or the password is wrong.

use std::sync::Arc;

use time::OffsetDateTime;
use tracing::Instrument;

use super::Desk;
use super::guess;
use crate::audit::{self, Actor, Doer, Event};
use crate::crypto::password::{HashError, Password, PasswordWorkers, Permit};
use crate::mail::{Circumstances, Mailer};
use crate::model::attempt::PasswordVersion;
use crate::model::credential::Factor;
use crate::model::ids::UserId;
use crate::model::user::{Email, User};
use crate::store::guesses::{self, Guessed, Turn};
use crate::store::{Store, passwords, users};

/// What came of a guess.
#[derive(Debug)]
pub(super) enum Checked {
    Right(Box<User>, PasswordVersion),
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
        desk.meter.turned_away.of("network").add_one();
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
        failures: guess::NetworkFailures::of(desk),
        agent: desk.agent.to_owned(),
        mail: Arc::clone(desk.mail),
    };
    // On a task of its own: a guess that was counted is checked and recorded, even if whoever made
    // it has hung up.
    let check = guess.check(password, permit).in_current_span();
    tokio::spawn(check).await.map_err(|_| HashError::Stopped)?
}

struct Guess {
    store: Store,
    passwords: PasswordWorkers,
    now: OffsetDateTime,
    email: Email,
    network: String,
    failures: guess::NetworkFailures,
    agent: String,
    mail: Arc<Mailer>,
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
        let version = passwords::version(&tx, guessed_for).await?;
        tx.commit().await?;
        // Of a disabled account, not even the right one is answered sooner.
        let against = hash.as_deref().filter(|_| user.as_ref().is_some_and(User::is_enabled));
        let verdict = self.passwords.verify(password, against, permit).await?;
        let tx = self.store.begin().await?;
        let checked = match (user, version) {
            (Some(user), Some(version)) if verdict.fits && user.is_enabled() => {
                if let Some(hash) = &verdict.renewed {
                    passwords::renew(&tx, user.id, version, hash).await?;
                }
                guesses::forget(&tx, Guessed::Password(&self.email)).await?;
                passwords::reset_failures(&tx, user.id).await?;
                Checked::Right(Box::new(user), version)
            }
            (user, _) => {
                let subject = user.as_ref().map(|user| user.id);
                audit::record(&tx, self.now, self.doer(), subject, Event::SignInFailed { why: "password" })
                    .await?;
                // Looked up for everybody, so that it takes as long.
                let usable = passwords::is_usable(&tx, guessed_for).await?;
                if let Some(user) = user.filter(|_| hash.is_some() && !usable) {
                    let happened =
                        Circumstances { at: self.now, browser: &self.agent, network: &self.network };
                    self.mail.factor_stopped(&tx, &user, Factor::Password, &happened).await?;
                    let event = Event::FactorStopped { factor: Factor::Password };
                    audit::record(&tx, self.now, self.doer(), Some(user.id), event).await?;
                }
                Checked::Wrong
            }
        };
        tx.commit().await?;
        if matches!(checked, Checked::Wrong) {
            self.failures.count().await?;
        }
        Ok(checked)
    }

    fn doer(&self) -> Doer<'_> {
        Doer { actor: Actor::Anonymous, network: Some(&self.network), browser: Some(&self.agent) }
    }
}

/// An identifier that nobody has.
fn nobody() -> UserId {
    UserId::new(OffsetDateTime::UNIX_EPOCH, [0; 10])
}
