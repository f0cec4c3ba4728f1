//! PostgreSQL ends, hangs, vanishes, has no room for anybody, or takes a commit and loses the answer (T6, T7): every request
//! is done or refused politely, within a bound, and the connections heal by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};

use super::rounds;
use crate::support::fault_proxy::{FaultProxy, Weather};
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::postgres::PostgresServer;
use crate::support::process::{Installation, Process};
use crate::support::{Application, PASSWORD, TempDir};

const ADA: &str = "ada@example.org";
const GRANTS: &str = "SELECT count(*) AS n FROM \"grant\"";
const HEALS_WITHIN: Duration = Duration::from_secs(5);

struct World {
    server: PostgresServer,
    network: FaultProxy,
    installation: Installation,
    process: Process,
    visitor: Visitor,
    _dir: TempDir,
}

impl World {
    async fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let server = PostgresServer::start()?;
        let network = FaultProxy::before(server.address()).await;
        let dir = TempDir::new("postgres-faults");
        let mut installation = Installation::new(&dir.0.join("data"));
        let url = ("IDP_DATABASE__URL".to_owned(), PostgresServer::url_at(network.port));
        installation.environment.push(url);
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        installation.environment.extend(settings.iter().map(own));
        let process = tokio::task::block_in_place(|| installation.start());
        tokio::task::block_in_place(|| installation.person(ADA));
        let browser = Arc::new(process.browser());
        browser.log_in_with_password(ADA, PASSWORD).await;
        let visitor = Visitor { browser, clinic: process.clinic(), ledger: Arc::new(Ledger::default()) };
        assert_eq!(visitor.sign_in().await, Outcome::Done);
        Some(Self { server, network, installation, process, visitor, _dir: dir })
    }

    /// Past the network that fails.
    async fn directly(&self) -> DatabaseConnection {
        sea_orm::Database::connect(self.server.url()).await.unwrap()
    }

    /// From now on until a sign-in succeeds.
    async fn heals(&self, after: &str) {
        let begun = Instant::now();
        while self.visitor.sign_in().await != Outcome::Done {
            assert!(begun.elapsed() < HEALS_WITHIN, "{after}: not back after {:?}", begun.elapsed());
        }
        println!("{after}: back after {:?}", begun.elapsed());
    }

    async fn end(self) {
        let Self { installation, process, visitor, .. } = &self;
        assert!(visitor.browser.is_signed_in().await, "a session was lost");
        visitor.ledger.holds(&visitor.clinic, 200).await;
        visitor.ledger.doubtful_codes_open_little(&visitor.clinic, false).await;
        visitor.ledger.spent_codes_stay_spent(&visitor.clinic, 200).await;
        let _ = process;
        let (installation, secrets) = (installation.clone(), visitor.ledger.secrets());
        let Self { process, server, network, .. } = self;
        tokio::task::block_in_place(move || {
            assert!(process.terminate().success());
            installation.is_whole(&secrets);
        });
        drop((server, network));
    }
}

/// So many of them at once, without a pause, for as long as something else takes.
async fn under_load<T>(visitors: usize, visitor: &Visitor, happens: impl Future<Output = T>) -> T {
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let tasks: Vec<_> = (0..visitors)
        .map(|_| {
            let (visitor, stop) = (visitor.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    let outcome = visitor.sign_in().await;
                    assert_ne!(outcome, Outcome::Gone, "a request had no answer");
                    assert_ne!(outcome, Outcome::Forgotten);
                }
            })
        })
        .collect();
    let happened = happens.await;
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    happened
}

/// T6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_ends_is_found_again() {
    let Some(world) = World::start(&[]).await else {
        return;
    };
    for _ in 0..rounds(1, 10) {
        under_load(4, &world.visitor, async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::task::block_in_place(|| world.server.stop());
            tokio::time::sleep(Duration::from_millis(700)).await;
            for path in ["/oidc/jwks", "/.well-known/openid-configuration", "/livez"] {
                assert_eq!(world.visitor.browser.get(path).await.status, 200, "{path}");
            }
            let ready = world.visitor.browser.get("/readyz").await;
            assert_eq!(ready.status, 503);
            assert!(ready.json()["why"].as_str().unwrap().contains("database"), "{ready:?}");
            tokio::task::block_in_place(|| world.server.again());
            world.heals("started again").await;
        })
        .await;
        // Every connection is ended, again and again.
        under_load(4, &world.visitor, async {
            let db = world.directly().await;
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
                db.execute_unprepared(end).await.unwrap();
            }
            world.heals("every connection ended").await;
        })
        .await;
    }
    world.end().await;
}

/// T6: nothing comes from the database for a while, or for ever on the connections that there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_silent_holds_nobody_for_long() {
    let Some(world) = World::start(&[]).await else {
        return;
    };
    world.network.set(Weather::Silent);
    let begun = Instant::now();
    let (one, ready) = tokio::join!(world.visitor.sign_in(), world.visitor.browser.get("/readyz"));
    assert_eq!(one, Outcome::Busy);
    assert!(begun.elapsed() < Duration::from_secs(12), "held for {:?}", begun.elapsed());
    assert_eq!(ready.status, 503, "{ready:?}");
    world.network.set(Weather::Fair);
    world.heals("silent for a while").await;
    world.end().await;
}

/// T6: as after a switch to another machine, when nobody says that the first one is gone. Transactions that were under
/// way go on there, so what they hold is free a little later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_vanished_is_found_elsewhere() {
    let Some(world) = World::start(&[]).await else {
        return;
    };
    for _ in 0..rounds(1, 10) {
        for visitors in [1, 4] {
            let begun = Instant::now();
            under_load(visitors, &world.visitor, async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                world.network.vanish();
                tokio::time::sleep(Duration::from_millis(1)).await;
            })
            .await;
            // Of several, one may have to wait there until the one before is given up.
            let held = begun.elapsed();
            assert!(visitors > 1 || held < HEALS_WITHIN, "somebody was held for {held:?}");
            world.heals("vanished").await;
            // What the vanished connections hold at the server is free again.
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
    }
    world.end().await;
}

/// T6: a node that vanished without a word holds connections at the server. Nobody waits for hours until it takes note.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_soon_asks_whether_a_node_is_still_there() {
    let Some(world) = World::start(&[]).await else {
        return;
    };
    let asked_after = keepalives(world.server.address().port());
    assert!(asked_after.len() > 1, "{asked_after:?}");
    assert!(asked_after.iter().all(|after| *after <= Duration::from_secs(15)), "{asked_after:?}");
    world.end().await;
}

/// Of the connections that a port of this machine has: when it next asks whether anybody is there.
fn keepalives(port: u16) -> Vec<Duration> {
    let (established, keepalive) = ("01", "02");
    let connections = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let of_one = |line: &str| {
        let [_, local, _, state, _, timer, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        let ours = local.ends_with(&format!(":{port:04X}")) && state == established;
        let (kind, hundredths) = timer.split_once(':').filter(|_| ours)?;
        let when = u64::from_str_radix(hundredths, 16).unwrap();
        (kind == keepalive).then(|| Duration::from_millis(when * 10))
    };
    connections.lines().filter_map(of_one).collect()
}

/// T6: the commit is done, and nobody hears of it. Then nothing is given twice, and data and trail agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_gives_nothing_twice() {
    let Some(world) = World::start(&[]).await else {
        return;
    };
    let db = world.directly().await;
    let count = async |sql: &str| -> i64 {
        let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    };
    // The one ends what was asked for, the other the wait for the disk.
    for words in
        ["COMMIT AND CHAIN", "COMMIT\0"].into_iter().cycle().take(usize::try_from(rounds(4, 50)).unwrap())
    {
        let before = count(GRANTS).await;
        let path = Application::authorize_path(&world.visitor.clinic.request());
        let code = world.visitor.browser.get(&path).await.parameter("code").unwrap();
        let cuts = world.network.cuts();
        world.network.cut_after(words.as_bytes());
        let answer = world.visitor.clinic.redeem(&code).await;
        assert_eq!(world.network.cuts(), cuts + 1, "nothing was committed: {answer:?}");
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
        let again = world.visitor.clinic.redeem(&code).await;
        assert_eq!((again.status.as_u16(), &again.json()["error"]), (400, &"invalid_grant".into()));
        assert_eq!(count(GRANTS).await, before + 1, "one grant was made");
    }
    world.heals("answers of commits lost").await;
    world.end().await;
}

/// What the server works on may take its time, for everybody who waits for it: slow is not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_busy_table_is_not_sent_away() {
    let Some(world) = World::start(&[]).await else {
        return;
    };
    let db = world.directly().await;
    let held = db.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE audit_event IN EXCLUSIVE MODE").await.unwrap();
    let crowd: Vec<_> = (0..5)
        .map(|_| {
            let visitor = world.visitor.clone();
            tokio::spawn(async move { visitor.sign_in().await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(crowd.iter().all(|one| !one.is_finished()), "somebody did not wait");
    held.rollback().await.unwrap();
    for one in crowd {
        assert_eq!(one.await.unwrap(), Outcome::Done);
    }
    world.end().await;
}

/// T7: all connections are taken. Whoever needs one waits for a moment and is told; the rest goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_free_connection_is_said_soon() {
    let Some(world) = World::start(&[("IDP_DATABASE__MAX_CONNECTIONS", "2")]).await else {
        return;
    };
    world.network.set(Weather::Slow(Duration::from_millis(400)));
    let crowd: Vec<_> = (0..24)
        .map(|_| {
            let visitor = world.visitor.clone();
            tokio::spawn(async move { visitor.sign_in().await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for path in ["/oidc/jwks", "/.well-known/openid-configuration", "/livez"] {
        let begun = Instant::now();
        assert_eq!(world.visitor.browser.get(path).await.status, 200, "{path}");
        assert!(begun.elapsed() < Duration::from_millis(500), "{path} took {:?}", begun.elapsed());
    }
    let mut busy = 0;
    for one in crowd {
        busy += usize::from(one.await.unwrap() == Outcome::Busy);
    }
    assert!(busy > 0, "there was room for everybody");
    world.network.set(Weather::Fair);
    world.heals("crowded").await;
    world.end().await;
}
