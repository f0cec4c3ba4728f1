//! Three nodes behind a balancer, of which one is killed again and again under load (T9); Redis forgets everything and
//! PostgreSQL ends in the middle of it (T5, T6). People notice a request that has to be made again, and nothing else.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{is_full, rounds};
use crate::support::balancer::Balancer;
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::postgres::PostgresServer;
use crate::support::process::{Installation, Process};
use crate::support::redis::RedisServer;
use crate::support::{Application, Browser, MASTER_KEY, PASSWORD, TempDir};

const NODES: usize = 3;
const VISITORS: usize = 6;
/// When a request had no answer, it is made once more, a moment later.
const A_MOMENT: Duration = Duration::from_millis(250);
const RECOVERS_WITHIN: Duration = Duration::from_secs(5);

struct Cluster {
    installations: Vec<Installation>,
    nodes: Vec<Option<Process>>,
    balancer: Balancer,
    postgres: PostgresServer,
    redis: RedisServer,
    _dir: TempDir,
}

impl Cluster {
    async fn start() -> Option<Self> {
        let (redis, postgres) = (RedisServer::single()?, PostgresServer::start()?);
        let dir = TempDir::new("cluster");
        let mut balancer = Balancer::start().await;
        let installations: Vec<_> = (0..NODES)
            .map(|node| {
                let mut installation = Installation::new(&dir.0.join(format!("node{node}")));
                installation.environment = [
                    ("IDP_PUBLIC_URL", balancer.url()),
                    ("IDP_DATABASE__URL", postgres.url()),
                    ("IDP_DATABASE__MAX_CONNECTIONS", "8".to_owned()),
                    ("IDP_REDIS__URL", redis.url()),
                    ("IDP_SECRETS__MASTER_KEY", MASTER_KEY.to_owned()),
                ]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
                installation
            })
            .collect();
        let nodes: Vec<_> = installations.iter().map(|installation| Some(installation.start())).collect();
        let addresses: Vec<_> =
            installations.iter().map(|node| SocketAddr::from((Ipv4Addr::LOCALHOST, node.port))).collect();
        balancer.set_and_ask(&addresses);
        Some(Self { installations, nodes, balancer, postgres, redis, _dir: dir })
    }

    fn browser(&self) -> Browser {
        Browser::at(&self.balancer.url(), self.balancer.address())
    }

    fn clinic(&self) -> Application {
        Application::clinic_at(&self.balancer.url(), self.balancer.address())
    }

    async fn visitors(&self) -> Vec<Visitor> {
        let ledger = Arc::new(Ledger::default());
        let mut visitors = Vec::new();
        for number in 0..VISITORS {
            let email = format!("person{number}@example.org");
            self.installations[0].person(&email);
            let browser = Arc::new(self.browser());
            browser.log_in_with_password(&email, PASSWORD).await;
            visitors.push(Visitor { browser, clinic: self.clinic(), ledger: Arc::clone(&ledger) });
        }
        visitors
    }

    fn kill_and_start_again(&mut self, node: usize) {
        self.nodes[node].take().unwrap().kill();
        self.nodes[node] = Some(self.installations[node].start());
    }

    /// No code gave more than one grant, and none that was acknowledged is missing.
    async fn grants_are_as_many_as_acknowledged(&self, ledger: &Ledger) {
        let db = sea_orm::Database::connect(self.postgres.url()).await.unwrap();
        let count = "SELECT count(*) AS n FROM \"grant\"";
        let row =
            db.query_one_raw(Statement::from_string(DbBackend::Postgres, count)).await.unwrap().unwrap();
        let grants = usize::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap();
        let (at_least, doubtful) = (ledger.signed_in(), ledger.doubtful());
        assert!((at_least..=at_least + doubtful).contains(&grants), "{grants} of {at_least} and {doubtful}");
    }
}

/// Visitors who come again and again until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    failed: Arc<AtomicUsize>,
    again: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn of(visitors: &[Visitor]) -> Self {
        let (stop, failed, again) = <(Arc<AtomicBool>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let tasks = visitors
            .iter()
            .map(|visitor| {
                let (visitor, stop) = (visitor.clone(), Arc::clone(&stop));
                let (failed, again) = (Arc::clone(&failed), Arc::clone(&again));
                tokio::spawn(async move {
                    while !stop.load(Ordering::SeqCst) {
                        if visitor.sign_in().await == Outcome::Done {
                            continue;
                        }
                        again.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(A_MOMENT).await;
                        if visitor.sign_in().await != Outcome::Done {
                            failed.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                })
            })
            .collect();
        Self { stop, failed, again, tasks }
    }

    /// How often somebody came once more, and how often that was in vain.
    async fn end(self) -> (usize, usize) {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        (self.again.load(Ordering::SeqCst), self.failed.load(Ordering::SeqCst))
    }
}

async fn for_a_while(ordinary: u64, full: u64) {
    tokio::time::sleep(Duration::from_millis(if is_full() { full } else { ordinary })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_may_die_and_people_go_on() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let visitors = cluster.visitors().await;
    let ledger = Arc::clone(&visitors[0].ledger);
    let load = Load::of(&visitors);
    let kills = rounds(3, 15) as usize;
    for kill in 0..kills {
        for_a_while(1_500, 20_000).await;
        tokio::task::block_in_place(|| cluster.kill_and_start_again(kill % NODES));
    }
    for_a_while(1_000, 5_000).await;
    let (again, failed) = load.end().await;
    let all = ledger.signed_in();
    println!("{kills} kills, {all} sign-ins, {again} made once more, {failed} of these in vain");
    assert!(failed * 1_000 <= all, "{failed} of {all} failed");
    cluster.grants_are_as_many_as_acknowledged(&ledger).await;
    for visitor in &visitors {
        assert!(visitor.browser.is_signed_in().await, "a session was lost");
    }
    ledger.holds(&cluster.clinic(), 500).await;

    // Redis forgets everything: what was under way begins again.
    let load = Load::of(&visitors);
    for _ in 0..rounds(2, 10) {
        for_a_while(700, 5_000).await;
        cluster.redis.flush();
    }
    let (again, failed) = load.end().await;
    println!("Redis flushed: {again} made once more, {failed} of these in vain");
    assert_eq!(failed, 0, "of {again} that were forgotten");

    // PostgreSQL ends and comes back.
    let load = Load::of(&visitors);
    for_a_while(500, 5_000).await;
    let slowest = tokio::task::block_in_place(|| {
        cluster.postgres.stop();
        std::thread::sleep(Duration::from_secs(1));
        cluster.postgres.again();
        Instant::now()
    });
    for visitor in &visitors {
        while visitor.sign_in().await != Outcome::Done {
            assert!(slowest.elapsed() < RECOVERS_WITHIN, "not back after {:?}", slowest.elapsed());
        }
    }
    println!("PostgreSQL restarted: everybody is back after {:?}", slowest.elapsed());
    load.end().await;
    for visitor in &visitors {
        assert!(visitor.browser.is_signed_in().await, "a session was lost");
    }
    cluster.grants_are_as_many_as_acknowledged(&ledger).await;
    ledger.holds(&cluster.clinic(), 500).await;
    ledger.doubtful_codes_open_little(&cluster.clinic(), false).await;
    ledger.spent_codes_stay_spent(&cluster.clinic(), 500).await;
    for node in &mut cluster.nodes {
        assert!(node.take().unwrap().terminate().success());
    }
    for installation in &cluster.installations {
        installation.is_whole(&ledger.secrets());
    }
}
