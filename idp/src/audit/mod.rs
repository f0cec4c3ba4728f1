//! The audit trail: who did what to whom, recorded in the transaction that did it, each record
//! chained to the one before. What identifies somebody is sealed under a key of theirs. `chain` verifies,
//! `checkpoint` signs, `destination` takes that elsewhere, `retention` removes what is old, `export` writes out, `damage` looks
//! for what does not open.

mod chain;
mod checkpoint;
mod damage;
mod destination;
mod event;
mod export;
mod parts;
mod retention;

use serde_json::json;
use time::OffsetDateTime;

use crate::model::client::ClientId;
use crate::model::ids::UserId;
use crate::store::audit::{self, Filter, Part, Stored};
use crate::store::{Result, Tx, figures};

pub use chain::{Broken, Whole, verify, verify_against};
pub use checkpoint::{Checkpoint, Checkpoints, NotOurs, Notary, Purpose, Signer};
pub use damage::{Unreadable, unreadable};
pub use destination::Unwritten;
pub use event::{Event, KINDS};
pub use export::{Asked, Export, Format, export};
pub use parts::BY;
pub use retention::trim;

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The person themselves.
    Person(UserId),
    /// Somebody who has not proven to be anybody.
    Anonymous,
    /// The command line on the host, or the program itself.
    Host,
    /// An application that acts for itself; the record says which.
    Application,
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
/// When it could not be written, which the commit says at the latest; the change it describes must then not happen either.
pub async fn record<'a>(
    tx: &Tx,
    at: OffsetDateTime,
    doer: impl Into<Doer<'a>>,
    subject: Option<UserId>,
    event: Event,
) -> Result<()> {
    record_through(tx, at, (doer.into(), None), subject, event).await
}

/// As [`record`], where an application acted: for itself, or for the person who did it.
///
/// # Errors
/// As [`record`].
pub async fn record_through(
    tx: &Tx,
    at: OffsetDateTime,
    (doer, application): (Doer<'_>, Option<&ClientId>),
    subject: Option<UserId>,
    event: Event,
) -> Result<()> {
    let actor = match doer.actor {
        Actor::Person(id) => Some(id.uuid()),
        Actor::Anonymous | Actor::Host | Actor::Application => None,
    };
    let parts = event.parts(application);
    let mut record = Stored {
        sequence: 0,
        at,
        kind: event.kind().to_owned(),
        actor,
        subject: subject.map(UserId::uuid),
        client: parts.client,
        organization: parts.organization,
        network: None,
        browser: None,
        detail: parts.open,
        previous_hash: Vec::new(),
        hash: Vec::new(),
        format: chain::FORMAT,
        sealed_origin: None,
        sealed_detail: None,
    };
    let [of_origin, of_detail] = [Part::Origin, Part::Detail].map(|part| record.holder(part));
    let place = audit::next_place(tx, [of_origin, of_detail]).await?;
    (record.sequence, record.previous_hash) = (place.sequence, place.previous_hash.clone());
    let known = doer.network.is_some() || doer.browser.is_some();
    let origin = known.then(|| json!({ "network": doer.network, "browser": doer.browser }).to_string());
    let sealed = [(Part::Origin, of_origin, origin), (Part::Detail, of_detail, parts.closed)];
    [record.sealed_origin, record.sealed_detail] = audit::seal(tx, &place, sealed, at).await?;
    record.hash = chain::hash(&record).to_vec();
    audit::append(tx, record);
    tx.count_record(event.kind());
    if let Some(what) = event.counted() {
        figures::add(tx, at, what);
    }
    Ok(())
}

/// Records that somebody looks at the trail, and at what of it. Call it before anything is shown.
///
/// # Errors
/// When it could not be written, which the commit says at the latest; nothing must be shown before that.
pub async fn record_reading<'a>(
    tx: &Tx,
    at: OffsetDateTime,
    doer: impl Into<Doer<'a>>,
    reading: (&'static str, &Filter),
) -> Result<()> {
    record(tx, at, doer, None, self::reading(reading)).await
}

/// That somebody looks at this of the trail.
#[must_use]
pub fn reading((how, filter): (&'static str, &Filter)) -> Event {
    let moment = |at: Option<OffsetDateTime>| at.map(OffsetDateTime::unix_timestamp);
    let filter = json!({
        "kinds": filter.kinds,
        "person": filter.person,
        "actor": filter.actor,
        "client": filter.client,
        "organizations": filter.organizations,
        "from": moment(filter.from),
        "to": moment(filter.to),
    });
    Event::AuditRead { how, filter }
}
