//! The contract of the store, for every database. PostgreSQL takes part when
//! `IDP_TEST_POSTGRES_URL` names a server where databases may be made (`scripts/test` starts one).

mod contract;
mod early;
mod factors;
mod imported;
mod opening;
mod places;
mod plans;
mod sign_in_requests;

use std::sync::Arc;

use idp::clock::{SharedClock, SystemClock};
use idp::config::Config;
use idp::crypto::random::Entropy;
use idp::model::ids::UserId;
use idp::model::user::{Email, PersonName, User};
use idp::store::{Store, users};
use sea_orm::ConnectionTrait;
use time::OffsetDateTime;

use crate::support::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A store on a database of its own.
pub struct TestStore {
    pub store: Store,
    pub config: Config,
    pub dir: TempDir,
}

pub const ENTROPY: Entropy = Entropy::of_the_system();

/// What the configuration of a test store is, or `None` where the backend is not to be had.
pub async fn config(backend: Backend) -> Option<(Config, TempDir)> {
    let url = if backend == Backend::Postgres { Some(fresh_postgres().await?) } else { None };
    Some(config_at(url))
}

/// With the database there, or with an embedded one.
pub fn config_at(url: Option<String>) -> (Config, TempDir) {
    let dir = TempDir::new("store");
    let mut environment = vec![("IDP_DATA_DIR".to_owned(), dir.0.join("idp").display().to_string())];
    environment.extend(url.map(|url| ("IDP_DATABASE__URL".to_owned(), url)));
    (Config::from_sources(None, environment).unwrap(), dir)
}

pub async fn open_with(config: &Config) -> Store {
    let clock: SharedClock = Arc::new(SystemClock);
    idp::app::open_store(config, &clock).await.unwrap()
}

pub async fn open(backend: Backend) -> Option<TestStore> {
    let (config, dir) = config(backend).await?;
    let store = open_with(&config).await;
    Some(TestStore { store, config, dir })
}

/// A new database on the test server.
#[expect(clippy::disallowed_methods, reason = "the test runner says in the environment where its server is")]
pub async fn fresh_postgres() -> Option<String> {
    let Ok(server) = std::env::var("IDP_TEST_POSTGRES_URL") else {
        eprintln!("skipped: IDP_TEST_POSTGRES_URL is not set");
        return None;
    };
    let name = format!("t{}", uuid::Uuid::from_bytes(ENTROPY.bytes().unwrap()).simple());
    let db = sea_orm::Database::connect(&server).await.unwrap();
    db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    Some(format!("{base}/{name}"))
}

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

pub fn user(email: &str) -> User {
    let name = |text| PersonName::parse(text).unwrap();
    let names = (Email::parse(email).unwrap(), name("Ada"), name("Lovelace"));
    User::new((ENTROPY.id(now(), UserId::new).unwrap(), ENTROPY.bytes().unwrap()), names, now())
}

pub async fn stored_user(store: &Store, email: &str) -> User {
    let user = user(email);
    let tx = store.begin().await.unwrap();
    assert!(users::insert(&tx, &user).await.unwrap());
    tx.commit().await.unwrap();
    user
}

/// Runs a contract on both databases, as two tests.
macro_rules! on_both {
    ($($(#[$doc:meta])* $name:ident($store:ident) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn contract($store: &crate::store::TestStore) $body

            $(#[$doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                contract(&crate::store::open(crate::store::Backend::Sqlite).await.unwrap()).await;
            }

            $(#[$doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(store) = crate::store::open(crate::store::Backend::Postgres).await {
                    contract(&store).await;
                }
            }
        })*
    };
}
pub(crate) use on_both;
