//! Opening a database: what is refused, and how politely.

use std::sync::Arc;

use idp::clock::{SharedClock, SystemClock};
use idp::config::Config;
use idp::crypto::seal::MasterKey;
use idp::model::client::ClientId;
use idp::store::client_secrets;
use migrations::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;

use super::{Backend, ENTROPY, config, open};
use crate::support::MASTER_KEY;

async fn refusal(backend: Backend, spoil: impl AsyncFnOnce(&Config)) -> Option<String> {
    let test = open(backend).await?;
    let (settings, _dir) = (test.config.clone(), test.dir);
    drop(test.store);
    spoil(&settings).await;
    let clock: SharedClock = Arc::new(SystemClock);
    Some(format!("{:#}", idp::app::open_store(&settings, &clock).await.unwrap_err()))
}

async fn run_sql(config: &Config, sql: &str) {
    let url = match &config.database.url {
        Some(url) => url.expose().to_owned(),
        None => format!("sqlite://{}", config.sqlite_path().display()),
    };
    sea_orm::Database::connect(url).await.unwrap().execute_unprepared(sql).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_on_either_database() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 1)";
        if let Some(text) = refusal(backend, async |config| run_sql(config, sql).await).await {
            assert!(text.contains("was made by a newer version of this program"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let (settings, _dir) = config(Backend::Sqlite).await.unwrap();
    std::fs::create_dir_all(&settings.data_dir).unwrap();
    let key = MasterKey::generate(ENTROPY).unwrap();
    write_private(&settings.master_key_path(), &key.expose());
    write_private(&settings.sqlite_path(), &"this is not a database, whatever its name says".repeat(50));
    let clock: SharedClock = Arc::new(SystemClock);
    let text = format!("{:#}", idp::app::open_store(&settings, &clock).await.unwrap_err());
    assert!(text.contains("idp.db can not be opened"), "{text}");
}

fn write_private(path: &std::path::Path, text: &str) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// S6
#[tokio::test]
async fn another_master_key_is_refused() {
    let text = refusal(Backend::Sqlite, async |config| {
        std::fs::write(config.master_key_path(), "A".repeat(43)).unwrap();
    })
    .await
    .unwrap();
    assert!(text.contains("The master key does not open this database"), "{text}");
}

#[tokio::test]
async fn a_missing_damaged_or_open_master_key_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let text = refusal(Backend::Sqlite, async |config| {
        std::fs::remove_file(config.master_key_path()).unwrap();
    });
    assert!(text.await.unwrap().contains("is missing, but there is a database"));
    let text = refusal(Backend::Sqlite, async |config| {
        std::fs::write(config.master_key_path(), "half a k").unwrap();
    });
    assert!(text.await.unwrap().contains("is not a master key"));
    let text = refusal(Backend::Sqlite, async |config| {
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(config.master_key_path(), open).unwrap();
    });
    assert!(text.await.unwrap().contains("can be read by others"));
}

/// S8
#[tokio::test]
async fn the_data_directory_and_master_key_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (settings, _dir) = config(Backend::Sqlite).await.unwrap();
    let clock: SharedClock = Arc::new(SystemClock);
    idp::app::open_store(&settings, &clock).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&settings.data_dir), 0o700);
    assert_eq!(mode(&settings.master_key_path()), 0o600);
}

#[tokio::test]
async fn the_bundled_sqlite_is_recent_and_durable() {
    let test = open(Backend::Sqlite).await.unwrap();
    let db = sea_orm::Database::connect(format!("sqlite://{}", test.config.sqlite_path().display()))
        .await
        .unwrap();
    let one = async |sql: &str| {
        let row = db.query_one_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql));
        row.await.unwrap().unwrap().try_get_by_index::<String>(0).unwrap()
    };
    let version = one("SELECT sqlite_version()").await;
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts >= vec![3, 51, 3], "{version}");
    assert_eq!(one("PRAGMA journal_mode").await, "wal");
}

/// What was there before a client could have two secrets is still good, and found by its name.
#[tokio::test]
async fn secrets_and_names_of_clients_survive_their_move() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some((settings, _dir)) = config(backend).await else { continue };
        let db = migrated_until(&settings, "m0018_client_secrets").await;
        let hash = "07".repeat(32);
        let hash = if backend == Backend::Sqlite { format!("x'{hash}'") } else { format!("'\\x{hash}'") };
        let row = format!(
            "INSERT INTO client (id, settings, source, secret_hash, created_at) \
             VALUES ('old', '{{\"name\": \"Old practice\"}}', 'admin', {hash}, 5000), \
                    ('public', '{{\"name\": \"An app\"}}', 'admin', NULL, 6000)"
        );
        db.execute_unprepared(&row).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let names = db.query_all_raw(statement(&db, "SELECT name FROM client ORDER BY id")).await.unwrap();
        let names: Vec<String> = names.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(names, ["Old practice", "An app"]);
        db.close().await.unwrap();
        write_private(&settings.master_key_path(), &MasterKey::generate(ENTROPY).unwrap().expose());
        let clock: SharedClock = Arc::new(SystemClock);
        let store = idp::app::open_store(&settings, &clock).await.unwrap();
        let of = async |id| client_secrets::of(&store, &ClientId::parse(id).unwrap()).await.unwrap();
        let kept = of("old").await;
        assert_eq!((kept.len(), kept[0].hash), (1, [7; 32]));
        assert_eq!(kept[0].created_at.unix_timestamp(), 5);
        assert!(of("public").await.is_empty());
    }
}

/// What was recorded before can be asked for by its organization. Reading about one is nothing that happened there.
#[tokio::test]
async fn older_records_are_found_by_their_organization() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some((settings, _dir)) = config(backend).await else { continue };
        let db = migrated_until(&settings, "m0021_audit_by_organization").await;
        let id = "0197f3a0-0000-7000-8000-000000000000";
        let empty = if backend == Backend::Sqlite { "x''" } else { "'\\x'::bytea" };
        for (sequence, detail) in [
            (1, format!(r#"{{"kind":"organization-created","organization":"{id}"}}"#)),
            (2, format!(r#"{{"filter":{{"organization":"{id}"}},"how":"view","kind":"audit-read"}}"#)),
            (3, r#"{"kind":"key-rotated"}"#.to_owned()),
        ] {
            let row = format!(
                "INSERT INTO audit_event (sequence, at, kind, detail, previous_hash, hash) \
                 VALUES ({sequence}, 5000, 'any', '{detail}', {empty}, {empty})"
            );
            db.execute_unprepared(&row).await.unwrap();
        }
        Migrator::up(&db, None).await.unwrap();
        let sql = "SELECT sequence, organization FROM audit_event WHERE organization IS NOT NULL";
        let found = db.query_all_raw(statement(&db, sql)).await.unwrap();
        let found: Vec<(i64, uuid::Uuid)> = found
            .iter()
            .map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap()))
            .collect();
        assert_eq!(found, [(1, id.parse().unwrap())], "{backend:?}");
        db.close().await.unwrap();
    }
}

/// A database as it was just before a migration.
async fn migrated_until(settings: &Config, migration: &str) -> sea_orm::DatabaseConnection {
    std::fs::create_dir_all(&settings.data_dir).unwrap();
    let url = match &settings.database.url {
        Some(url) => url.expose().to_owned(),
        None => format!("sqlite://{}?mode=rwc", settings.sqlite_path().display()),
    };
    let db = sea_orm::Database::connect(url).await.unwrap();
    let all = Migrator::migrations();
    let before = all.iter().position(|known| known.name() == migration).unwrap();
    Migrator::up(&db, Some(u32::try_from(before).unwrap())).await.unwrap();
    db
}

fn statement(db: &sea_orm::DatabaseConnection, sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(db.get_database_backend(), sql)
}

/// As after an upgrade, or on the first day: whoever comes second waits, and finds it done.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_the_same_moment_bring_the_schema_up_to_date_in_turn() {
    let Some((first, dir)) = config(Backend::Postgres).await else {
        return;
    };
    let url = first.database.url.as_ref().unwrap().expose().to_owned();
    let clock: SharedClock = Arc::new(SystemClock);
    let nodes: Vec<_> = (0..4)
        .map(|node| {
            let environment = [
                ("IDP_DATA_DIR", dir.0.join(node.to_string()).display().to_string()),
                ("IDP_DATABASE__URL", url.clone()),
                ("IDP_SECRETS__MASTER_KEY", MASTER_KEY.to_owned()),
            ];
            let environment = environment.map(|(name, value)| (name.to_owned(), value));
            let settings = Config::from_sources(None, environment).unwrap();
            let clock = Arc::clone(&clock);
            tokio::spawn(async move { idp::app::open_store(&settings, &clock).await.map(drop) })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().unwrap();
    }
}
