//! The audit trail on both databases: S23 to S27 of the security bar, M8 and M9.

mod checkpoints;
mod erasure;
mod exports;
mod queries;
mod retention;
mod tampering;

use std::io::Cursor;

use idp::audit::{self, Actor, Broken, Checkpoints, Doer, Event, NotOurs, Notary, Purpose, Signer, Whole};
use idp::config::Config;
use idp::crypto::sha256;
use idp::http_client::HttpClient;
use idp::model::ids::{SessionId, UserId};
use idp::model::session::Method;
use idp::model::user::User;
use idp::store::audit::{self as records, Stored};
use idp::store::{Store, StoreError};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::store::{Backend, ENTROPY, TestStore, now, on_both, open, stored_user};

pub(crate) const NETWORK: &str = "203.0.113.77";
pub(crate) const AGENT: &str = "Firefox on Linux";

/// Somebody at their browser.
pub(crate) fn at_browser(actor: Actor) -> Doer<'static> {
    Doer { actor, network: Some(NETWORK), browser: Some(AGENT) }
}

pub(crate) fn signed_in() -> Event {
    let session = ENTROPY.id(now(), SessionId::new).unwrap();
    Event::SignedIn { method: Method::Password, session, passkey: None, browser: AGENT.to_owned() }
}

pub(crate) fn failed() -> Event {
    Event::SignInFailed { why: "password" }
}

async fn note(store: &Store, at: OffsetDateTime, doer: Doer<'_>, about: Option<UserId>, event: Event) {
    let tx = store.begin().await.unwrap();
    audit::record(&tx, at, doer, about, event).await.unwrap();
    tx.commit().await.unwrap();
}

/// So many failures of nobody, a minute apart.
async fn failures(store: &Store, from: OffsetDateTime, count: i32) {
    for minute in 0..count {
        note(store, from + Duration::minutes(minute.into()), at_browser(Actor::Anonymous), None, failed())
            .await;
    }
}

async fn sign_in_of(store: &Store, person: &User) {
    note(store, now(), at_browser(Actor::Person(person.id)), Some(person.id), signed_in()).await;
}

/// How many records verify, or what is wrong.
async fn verified(store: &Store) -> Result<i64, Broken> {
    audit::verify(store).await.unwrap().map(|whole| whole.records)
}

async fn against(store: &Store, lines: &str) -> Result<Whole, Broken> {
    let signer = Signer::existing(store).await.unwrap();
    let checkpoints = Checkpoints::read(signer.as_ref(), Cursor::new(lines)).unwrap();
    audit::verify_against(store, &checkpoints).await.unwrap()
}

fn notary<'a>(store: &'a Store, config: &'a Config, http: &'a HttpClient) -> Notary<'a> {
    Notary { store, config, http, now: now() }
}

/// A line for the end of the trail, as it would be outside.
async fn checkpoint(test: &TestStore) -> String {
    let http = HttpClient::new(&test.config).unwrap();
    let (sequence, hash) = records::head(&test.store).await.unwrap();
    let notary = notary(&test.store, &test.config, &http);
    notary.sign(Purpose::Periodic, (sequence, &hash)).await.unwrap().line()
}

async fn raw(test: &TestStore) -> DatabaseConnection {
    let url = match &test.config.database.url {
        Some(url) => url.expose().to_owned(),
        None => format!("sqlite://{}", test.config.sqlite_path().display()),
    };
    sea_orm::Database::connect(url).await.unwrap()
}

async fn run(db: &DatabaseConnection, statement: &str) {
    db.execute_unprepared(statement).await.unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes, or an identifier, as this database writes them.
fn blob(db: &DatabaseConnection, bytes: &[u8]) -> String {
    match db.get_database_backend() {
        DbBackend::Sqlite => format!("x'{}'", hex(bytes)),
        _ => format!("decode('{}', 'hex')", hex(bytes)),
    }
}

fn id(db: &DatabaseConnection, id: Uuid) -> String {
    match db.get_database_backend() {
        DbBackend::Sqlite => format!("x'{}'", id.simple()),
        _ => format!("'{id}'"),
    }
}

async fn delete_account(test: &TestStore, person: &User) {
    let db = raw(test).await;
    run(&db, &format!("DELETE FROM \"user\" WHERE id = {}", id(&db, person.id.uuid()))).await;
}

/// ADR 0032, written down a second time: what a forger would compute.
fn hash_of(record: &Stored) -> [u8; 32] {
    let some = |bytes: Option<&[u8]>| bytes.map_or_else(Vec::new, |bytes| [b"+", bytes].concat());
    let person = |id: Option<Uuid>| some(id.as_ref().map(|id| &id.as_bytes()[..]));
    let sequence = record.sequence.to_be_bytes().to_vec();
    let at = record.at.unix_timestamp_nanos().to_be_bytes().to_vec();
    let fields = if record.format == 1 {
        let bare = |id: Option<Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
        vec![
            b"idp audit 1".to_vec(),
            sequence,
            at,
            record.kind.clone().into_bytes(),
            bare(record.actor),
            bare(record.subject),
            text(&record.network),
            text(&record.browser),
            record.detail.clone().into_bytes(),
            record.previous_hash.clone(),
        ]
    } else {
        vec![
            b"idp audit 2".to_vec(),
            sequence,
            at,
            record.kind.clone().into_bytes(),
            person(record.actor),
            person(record.subject),
            some(record.client.as_deref().map(str::as_bytes)),
            some(record.network.as_deref().map(str::as_bytes)),
            some(record.browser.as_deref().map(str::as_bytes)),
            record.detail.clone().into_bytes(),
            some(record.sealed_origin.as_deref()),
            some(record.sealed_detail.as_deref()),
            record.previous_hash.clone(),
        ]
    };
    let framed = |field: Vec<u8>| [(field.len() as u64).to_be_bytes().to_vec(), field].concat();
    sha256(&fields.into_iter().flat_map(framed).collect::<Vec<u8>>())
}

/// Makes every hash follow from the one before again, after whatever was done by hand.
async fn rewrite(test: &TestStore) {
    let db = raw(test).await;
    let (mut last, mut sequence) = (vec![0; 32], 0);
    for mut record in records::stored_after(&test.store, i64::MIN, 10_000).await.unwrap() {
        sequence += 1;
        let old = record.sequence;
        record.sequence = sequence;
        record.previous_hash = last;
        let hash = hash_of(&record);
        let (previous, own) = (blob(&db, &record.previous_hash), blob(&db, &hash));
        let set = format!("sequence = {sequence}, previous_hash = {previous}, hash = {own}");
        run(&db, &format!("UPDATE audit_event SET {set} WHERE sequence = {old}")).await;
        last = hash.to_vec();
    }
    run(&db, &format!("UPDATE audit_head SET sequence = {sequence}, hash = {}", blob(&db, &last))).await;
}
