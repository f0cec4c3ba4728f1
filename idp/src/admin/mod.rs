//! Administration: what is done for or to somebody else. Every function wants an [`AdminActor`], the proof that
//! whoever acts may do it, and nothing here lets anybody become somebody else.

pub mod access;
pub mod actor;
pub mod api;
pub mod applications;
pub mod branding;
pub mod figures;
pub mod health;
pub mod import;
pub mod invitations;
pub mod members;
pub mod organizations;
pub mod pages;
pub mod people;
mod routes;
pub mod service_policy;
pub mod trail;
pub mod workings;

use time::OffsetDateTime;

use crate::audit::{self, Doer, Event};
use crate::crypto::random::Entropy;
use crate::mail::{Circumstances, Mailer};
use crate::model::ids::UserId;
use crate::model::user::Policy;
use crate::store::{self, Store, Tx};

pub use actor::{Act, AdminActor};
pub use routes::routes;

/// What is worked with, and the circumstances of one request.
#[derive(Debug)]
pub struct Office<'a> {
    pub store: &'a Store,
    pub mail: &'a Mailer,
    pub entropy: Entropy,
    /// The rule for signing in that holds for everybody.
    pub policy: Policy,
    pub now: OffsetDateTime,
    pub network: Option<&'a str>,
    pub browser: Option<&'a str>,
}

/// Why something was not done. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such thing, as far as whoever asks may know.
    #[error("there is no such person or organization")]
    NotFound,
    #[error("this is beyond your rights")]
    Forbidden,
    /// For one's own account there are the account pages, which ask for a proof.
    #[error("your own account is changed on your account pages")]
    Yourself,
    #[error("they are the last operator, and without one nobody could look after the service")]
    LastOperator,
    #[error("they are the last administrator of an organization; name another one first")]
    LastAdministrator,
    #[error("the address belongs to an account already")]
    AddressTaken,
    #[error("their account is disabled")]
    Disabled,
    #[error("the short name is taken")]
    SlugTaken,
    #[error("they belong to the organization already")]
    MemberAlready,
    #[error("the organization does not have such a role")]
    UnknownRole,
    #[error("a role that members still have can not be taken from the organization")]
    RoleInUse,
    #[error("the organization is disabled")]
    OrganizationDisabled,
    #[error("an invitation is good for 1 to 30 days")]
    Lifetime,
    #[error("there is no application of that name that log-ins can begin at")]
    UnknownApplication,
    #[error("too many invitations were made within a day, or wait at the same time")]
    TooManyInvitations,
    #[error("there is nothing to change: it is so already")]
    Unchanged,
    #[error("it is declared in the configuration file and changed there")]
    Declared,
    #[error("it registered itself and changes its registration itself")]
    Registered,
    #[error("the application {0}")]
    Settings(&'static str),
    #[error("an application of this kind has no secrets")]
    NoSecrets,
    #[error("it has two secrets that are good; remove the one that is not used any more")]
    SecretsAtOnce,
    #[error("it has no other secret that stays good; make a new one first")]
    LastSecret,
    #[error("somebody else has changed it meanwhile")]
    ChangedMeanwhile,
    #[error("the configuration of the service says so, and is changed there")]
    Fixed,
}

/// What came of something: done, refused, or (outside) our own fault.
pub type Outcome<T> = anyhow::Result<Result<T, Refused>>;

impl Office<'_> {
    async fn record(
        &self,
        tx: &Tx,
        actor: &AdminActor,
        subject: Option<UserId>,
        event: Event,
    ) -> store::Result<()> {
        audit::record_through(tx, self.now, (self.doer(actor), actor.application()), subject, event).await
    }

    /// Who does it, and from where.
    #[must_use]
    pub fn doer(&self, actor: &AdminActor) -> Doer<'_> {
        Doer { actor: actor.recorded_as(), network: self.network, browser: self.browser }
    }

    fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            at: self.now,
            browser: self.browser.unwrap_or_default(),
            network: self.network.unwrap_or_default(),
        }
    }
}
