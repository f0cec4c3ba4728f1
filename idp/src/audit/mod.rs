//! The audit trail: who did what to whom, recorded in the transaction that did it, each record
//! chained to the one before.

mod chain;
mod event;

use time::OffsetDateTime;

use crate::model::ids::UserId;
use crate::store::audit::{self, Record};
use crate::store::{Result, Tx};

pub use chain::{Broken, verify};
pub use event::{Event, KINDS};

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The person themselves.
    Person(UserId),
    /// Somebody who has not proven to be anybody.
    Anonymous,
    /// The command line on the host, or the program itself.
    Host,
}

/// Who acted, and from where, if it was a person at a browser.
#[derive(Debug, Clone, Copy)]
pub struct Doer<'a> {
    pub actor: Actor,
    pub network: Option<&'a str>,
    pub browser: Option<&'a str>,
}

impl From<Actor> for Doer<'_> {
    fn from(actor: Actor) -> Self {
        Self { actor, network: None, browser: None }
    }
}

/// Records an event about `subject` (if it is about anybody). Call it last in the transaction.
///
/// # Errors
/// When it could not be written; the change it describes must then not happen either.
pub async fn record<'a>(
    tx: &Tx,
    at: OffsetDateTime,
    doer: impl Into<Doer<'a>>,
    subject: Option<UserId>,
    event: Event,
) -> Result<()> {
    let (sequence, previous_hash) = audit::next_place(tx).await?;
    let detail = serde_json::to_string(&event).unwrap_or_else(|_| "{}".to_owned());
    let doer = doer.into();
    let actor = match doer.actor {
        Actor::Person(id) => Some(id.uuid()),
        Actor::Anonymous | Actor::Host => None,
    };
    let mut record = Record {
        sequence,
        at,
        kind: event.kind().to_owned(),
        actor,
        subject: subject.map(UserId::uuid),
        network: doer.network.map(ToOwned::to_owned),
        browser: doer.browser.map(ToOwned::to_owned),
        detail,
        previous_hash,
        hash: Vec::new(),
    };
    record.hash = chain::hash(&record).to_vec();
    audit::append(tx, record).await
}
