//! Commits to a database server that let go of what they hold before they are on its disk, on a server of their own: its disk is
//! slow, and nobody brings anything there unasked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use idp::audit::{self, Actor, Event};
use idp::model::ids::SessionId;
use idp::model::user::User;
use idp::store::Store;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{config_at, now, open_with, stored_user};
use crate::support::postgres::PostgresServer;
use crate::support::{Options, PASSWORD, TempDir, TestApp};

/// So long each wait for the disk takes at least.
const DISK: Duration = Duration::from_millis(100);
const SLOW: &str = "100000";

struct World {
    server: PostgresServer,
    store: Store,
    /// Past the service.
    directly: DatabaseConnection,
    dir: TempDir,
}

impl World {
    async fn start() -> Option<Self> {
        let server = PostgresServer::start()?;
        let directly = sea_orm::Database::connect(server.url()).await.unwrap();
        let (config, dir) = config_at(Some(server.url()));
        let store = open_with(&config).await;
        for setting in ["wal_writer_delay = '10s'", "commit_siblings = 0", "autovacuum = off"] {
            directly.execute_unprepared(&format!("ALTER SYSTEM SET {setting}")).await.unwrap();
        }
        let world = Self { server, store, directly, dir };
        world.disk_takes(SLOW).await;
        Some(world)
    }

    /// The name of a standby that has to have what is committed.
    async fn waits_for(&self, standby: &str) {
        let names = format!("ALTER SYSTEM SET synchronous_standby_names = '{standby}'");
        for statement in ["SET synchronous_commit = 'local'", &names, "SELECT pg_reload_conf()"] {
            self.directly.execute_unprepared(statement).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    /// So many microseconds.
    async fn disk_takes(&self, time: &str) {
        self.directly.execute_unprepared(&format!("ALTER SYSTEM SET commit_delay = {time}")).await.unwrap();
        self.directly.execute_unprepared("SELECT pg_reload_conf()").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    async fn number(&self, question: &str) -> i64 {
        let question = Statement::from_string(DbBackend::Postgres, format!("SELECT ({question})::bigint"));
        self.directly.query_one_raw(question).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    async fn records_of(&self, person: &User) -> i64 {
        self.number(&format!("SELECT count(*) FROM audit_event WHERE subject = '{}'", person.id.uuid())).await
    }

    /// How far the log of writes goes, and how far it is on the disk.
    async fn written(&self) -> i64 {
        self.number("SELECT pg_current_wal_insert_lsn() - '0/0'").await
    }

    async fn kept(&self) -> i64 {
        self.number("SELECT pg_current_wal_flush_lsn() - '0/0'").await
    }
}

async fn note(store: &Store, person: &User) -> idp::store::Result<()> {
    let tx = store.begin().await?;
    audit::record(&tx, now(), Actor::Host, Some(person.id), Event::ProfileChanged).await?;
    tx.commit().await
}

/// One after the other they would take a second, and did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_the_disk_with_the_head_of_the_trail_in_hand() {
    let Some(world) = World::start().await else { return };
    let person = stored_user(&world.store, "ada@example.org").await;
    let begun = Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (store, person) = (world.store.clone(), person.clone());
        all.spawn(async move { note(&store, &person).await });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(world.records_of(&person).await, 10);
    assert!(begun.elapsed() >= DISK, "nobody waited for the disk: {:?}", begun.elapsed());
    assert!(begun.elapsed() < DISK * 6, "{:?}", begun.elapsed());
}

/// T2, T6: a server that fails and comes back, while people go on, keeps what was acknowledged, though nothing comes to its disk
/// unasked. It has lost what it had committed and nobody had flushed; a flush after that flushes nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_survives_a_server_that_fails() {
    let Some(world) = World::start().await else { return };
    world.disk_takes("20000").await;
    let person = stored_user(&world.store, "ada@example.org").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (store, person, stop) = (world.store.clone(), person.clone(), Arc::clone(&stop));
        all.spawn(async move {
            let mut acknowledged = 0;
            while !stop.load(Ordering::SeqCst) {
                match note(&store, &person).await {
                    Ok(()) => acknowledged += 1,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
            acknowledged
        });
    }
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::task::block_in_place(|| world.server.stop());
        tokio::task::block_in_place(|| world.server.again());
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = 0;
    while let Some(done) = all.join_next().await {
        acknowledged += done.unwrap();
    }
    let db = sea_orm::Database::connect(world.server.url()).await.unwrap();
    let world = World { directly: db, ..world };
    let kept = world.records_of(&person).await;
    println!("{acknowledged} acknowledged, {kept} kept");
    assert!(acknowledged > 50, "{acknowledged}");
    assert!(kept >= acknowledged, "{acknowledged} were acknowledged, {kept} are there");
    assert!(audit::verify(&world.store).await.unwrap().is_ok());
}

/// Whoever finds that something is so already, and commits, is answered when it is kept. It was done by somebody else, who may
/// still wait for the disk. Changing nothing is only looking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_looked_waits_for_what_they_saw() {
    let Some(world) = World::start().await else { return };
    let person = stored_user(&world.store, "ada@example.org").await;
    let gone = idp::crypto::random::Entropy::of_the_system().id(now(), SessionId::new).unwrap();
    for round in 1..=8 {
        let first = tokio::spawn({
            let (store, person) = (world.store.clone(), person.clone());
            async move { note(&store, &person).await }
        });
        while world.records_of(&person).await < round {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let seen = world.written().await;
        assert!(world.kept().await < seen, "round {round}: the disk was faster than who looked");
        let tx = world.store.begin().await.unwrap();
        if round % 2 == 0 {
            assert!(idp::store::audit::head(&tx).await.unwrap().0 >= round);
        } else {
            idp::store::sessions::touch(&tx, gone, now());
        }
        tx.commit().await.unwrap();
        assert!(world.kept().await >= seen, "round {round}: answered before it was kept");
        first.await.unwrap().unwrap();
    }
}

/// A standby that is away holds up commits for as long as it is. Those who wait, and those who have given up waiting, take no
/// more connections than those who write may have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_gave_up_waiting_for_the_disk_leave_connections_to_those_who_read() {
    let Some(world) = World::start().await else { return };
    let person = stored_user(&world.store, "ada@example.org").await;
    world.waits_for("nobody").await;
    for _ in 0..2 {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (store, person) = (world.store.clone(), person.clone());
            all.spawn(async move { note(&store, &person).await });
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        // As when their visitors hang up.
        all.shutdown().await;
        for _ in 0..20 {
            let reading = idp::store::users::by_email(&world.store, &person.email);
            let found = tokio::time::timeout(Duration::from_millis(500), reading).await;
            assert!(found.expect("nobody waits to read").unwrap().is_some());
        }
    }
    world.waits_for("").await;
    let done = tokio::time::timeout(Duration::from_secs(5), note(&world.store, &person)).await;
    done.expect("places are free again").unwrap();
}

/// Whoever is logged out by an application while they log out themselves is told so when it is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_that_they_are_logged_out_before_it_is_kept() {
    let Some(world) = World::start().await else { return };
    let data_dir = world.dir.0.join("idp").display().to_string();
    let environment = vec![("IDP_DATABASE__URL", world.server.url()), ("IDP_DATA_DIR", data_dir)];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    app.person("grace@example.org").await;
    let browser = app.browser();
    for round in 1..=3 {
        browser.log_in_with_password("grace@example.org", PASSWORD).await;
        let first = browser.post("/logout", &[]);
        let second = async {
            while world.number("SELECT count(*) FROM session").await > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let seen = world.written().await;
            assert!(world.kept().await < seen, "round {round}: the disk was faster than who looked");
            let answer = browser.get("/oidc/logout").await;
            assert!(world.kept().await >= seen, "round {round}: answered before it was kept: {answer:?}");
            answer
        };
        let (first, second) = tokio::join!(first, second);
        for answer in [first, second] {
            assert_eq!(answer.location(), "/login/signed-out");
        }
    }
}

/// Where a server does not let us wait for its disk apart, commits do, as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lets_nobody_flush_keeps_what_is_acknowledged() {
    let Some(world) = World::start().await else { return };
    let person = stored_user(&world.store, "ada@example.org").await;
    for statement in [
        "CREATE ROLE plain LOGIN",
        "GRANT ALL ON SCHEMA public TO plain",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO plain",
        "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) FROM PUBLIC",
    ] {
        world.directly.execute_unprepared(statement).await.unwrap();
    }
    let (mut config, _dir) = config_at(Some(world.server.url().replace("portico@", "plain@")));
    config.data_dir = world.dir.0.join("idp");
    let store = open_with(&config).await;
    for round in 1..=3 {
        let begun = Instant::now();
        note(&store, &person).await.unwrap();
        assert!(begun.elapsed() >= DISK, "{:?}", begun.elapsed());
        assert_eq!(world.records_of(&person).await, round);
    }

    // What was possible at the start may end. One is told to come again, and the next ones are done.
    let grant = "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) TO plain";
    world.directly.execute_unprepared(grant).await.unwrap();
    let store = open_with(&config).await;
    note(&store, &person).await.unwrap();
    world
        .directly
        .execute_unprepared(&grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
        .await
        .unwrap();
    assert!(note(&store, &person).await.is_err(), "nobody may be told that it is kept");
    for _ in 0..3 {
        let before = world.written().await;
        note(&store, &person).await.unwrap();
        assert!(world.kept().await > before);
    }
}
