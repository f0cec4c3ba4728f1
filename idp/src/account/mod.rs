//! A person's own account: who they are, how they get in, where they are logged in. Everything here
//! belongs to the person who is signed in, and nothing here can be done for somebody else.

pub mod activity;
pub mod api;
pub mod apps;
pub mod email;
pub mod pages;
pub mod passkeys;
pub mod password;
pub mod profile;
pub mod proof;
mod routes;
pub mod safety;
pub mod sessions;
pub mod two_factor;

use time::OffsetDateTime;

use crate::audit::{self, Actor, Doer, Event};
use crate::crypto::passkey::RelyingParty;
use crate::crypto::password::PasswordWorkers;
use crate::crypto::random::Entropy;
use crate::ephemeral::Ephemeral;
use crate::mail::{Circumstances, Mailer};
use crate::model::attempt::BrowserId;
use crate::model::ids::UserId;
use crate::model::session::{FRESH, Session};
use crate::model::user::{Policy, User};
use crate::store::grants::{self, Which};
use crate::store::{self, Store, Tx, sessions as stored, users};

pub use routes::{routes, well_known};

/// What changes are made with, and the circumstances of one request.
#[derive(Debug)]
pub struct Workbench<'a> {
    pub store: &'a Store,
    pub ephemeral: &'a Ephemeral,
    pub relying_party: &'a RelyingParty,
    pub passwords: &'a PasswordWorkers,
    pub mail: &'a Mailer,
    pub brand: String,
    /// What is asked of everybody who signs in.
    pub policy: Policy,
    pub entropy: Entropy,
    pub now: OffsetDateTime,
    pub browser: BrowserId,
    pub agent: &'a str,
    pub network: &'a str,
}

/// Who changes something, and in which session.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    pub user: &'a User,
    pub session: &'a Session,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    NotFound,
    /// The session ended while the request was on its way.
    SignedOut,
    /// Afterwards the person could not sign in any more.
    LastWayIn,
}

impl<'a> Workbench<'a> {
    /// Holds the account and makes sure that the session is still there: it was judged when the
    /// request began to arrive, and a request can take its time.
    async fn hold(&self, tx: &Tx, owner: Owner<'_>) -> anyhow::Result<bool> {
        let user = owner.user.id;
        users::lock(tx, user).await?;
        let enabled = users::by_id(tx, user).await?.is_some_and(|user| user.is_enabled());
        let session = stored::of_user_by_id(tx, user, owner.session.id).await?;
        Ok(enabled && session.is_some_and(|session| self.now < session.expires_at))
    }

    /// There is something stronger than a password now: whoever has just come in with a password alone
    /// elsewhere must not change it in turn (security: I11). Returns how many sessions ended.
    async fn end_weak_sessions(&self, tx: &Tx, owner: Owner<'_>) -> store::Result<u64> {
        let (user, kept) = (owner.user.id, owner.session.id);
        // A proof is good for FRESH, and what was begun with it for as long as its challenge.
        let since = self.now - FRESH - passkeys::CHALLENGE_LIFETIME;
        let weak = stored::end_weak(tx, user, kept, since).await?;
        for session in &weak {
            grants::revoke_of_user(tx, user, Which::Session(*session), self.now).await?;
        }
        Ok(stored::end_limited(tx, user, Some(kept)).await? + weak.len() as u64)
    }

    async fn record(&self, tx: &Tx, user: UserId, event: Event) -> store::Result<()> {
        audit::record(tx, self.now, self.doer(user), Some(user), event).await
    }

    const fn doer(&self, user: UserId) -> Doer<'a> {
        Doer { actor: Actor::Person(user), network: Some(self.network), browser: Some(self.agent) }
    }

    const fn circumstances(&self) -> Circumstances<'a> {
        Circumstances { at: self.now, browser: self.agent, network: self.network }
    }
}
