//! An upgrade node by node (T10): the program before this one and this one on one database and one Redis, everything that
//! takes several steps taken half at the one and half at the other; and back again, where the schema is the same. The older
//! program is named by `IDP_TEST_OLDER`: there is no other way to know how it really was.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idp::clock::{Clock, SystemClock};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::support::balancer::Balancer;
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::postgres::PostgresServer;
use crate::support::process::{Installation, Process};
use crate::support::redis::RedisServer;
use crate::support::{Application, Browser, CodeApp, MASTER_KEY, PASSWORD, SoftAuthenticator, TempDir};

const ADA: &str = "ada@example.org";
const BEN: &str = "ben@example.org";
/// Whoever adds a way in is signed out elsewhere: these do nothing else.
const ADDING: [&str; 2] = ["eve@example.org", "fay@example.org"];
const OLD: usize = 0;
const NEW: usize = 1;

#[expect(
    clippy::disallowed_methods,
    reason = "which program is older is a matter of the run, not of the program"
)]
fn older() -> Option<PathBuf> {
    let older = std::env::var_os("IDP_TEST_OLDER").map(PathBuf::from);
    if older.is_none() {
        println!("skipped: IDP_TEST_OLDER does not name the program of an older version");
    }
    older
}

struct World {
    installations: Vec<Installation>,
    nodes: Vec<Option<Process>>,
    balancer: Balancer,
    servers: (PostgresServer, RedisServer),
    _dir: TempDir,
}

impl World {
    /// With a node of the older version alone.
    async fn start(older: PathBuf) -> Option<Self> {
        let (redis, postgres) = (RedisServer::single()?, PostgresServer::start()?);
        let (dir, balancer) = (TempDir::new("upgrade"), Balancer::start().await);
        let mut installations = Vec::new();
        for node in [OLD, NEW] {
            let mut installation = Installation::new(&dir.0.join(format!("node{node}")));
            installation.environment = [
                ("IDP_PUBLIC_URL", balancer.url()),
                ("IDP_DATABASE__URL", postgres.url()),
                ("IDP_REDIS__URL", redis.url()),
                ("IDP_SECRETS__MASTER_KEY", MASTER_KEY.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
            installations.push(installation);
        }
        installations[OLD].program = older;
        let nodes = vec![Some(installations[OLD].start()), None];
        let world = Self { installations, nodes, balancer, servers: (postgres, redis), _dir: dir };
        world.only(OLD);
        Some(world)
    }

    fn address(&self, node: usize) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.installations[node].port))
    }

    /// From now on everybody comes to this one.
    fn only(&self, node: usize) {
        self.balancer.set(&[self.address(node)]);
    }

    fn both(&self) {
        self.balancer.set(&[self.address(OLD), self.address(NEW)]);
    }

    /// How many changes the schema has been through.
    async fn schema(&self) -> i64 {
        let db = sea_orm::Database::connect(self.servers.0.url()).await.unwrap();
        let count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM seaql_migrations");
        db.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// The older program takes over again, and knows everybody.
    async fn is_rolled_back(&mut self, visitors: &[Visitor], ledger: &Ledger) {
        self.nodes[OLD] = nobody_notices(visitors, async {
            let installation = self.installations[OLD].clone();
            Some(tokio::task::spawn_blocking(move || installation.start()).await.unwrap())
        })
        .await;
        nobody_notices(visitors, async {
            self.only(OLD);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let new = self.nodes[NEW].take().unwrap();
            assert!(tokio::task::block_in_place(|| new.terminate()).success());
        })
        .await;
        println!("rolled back: {} sign-ins, none refused", ledger.signed_in());
        for visitor in visitors {
            assert!(visitor.browser.is_signed_in().await);
        }
        ledger.holds(&self.clinic(), 200).await;
    }

    fn browser(&self) -> Browser {
        Browser::at(&self.balancer.url(), self.balancer.address())
    }

    fn clinic(&self) -> Application {
        Application::clinic_at(&self.balancer.url(), self.balancer.address())
    }

    async fn visitor(&self, email: &str, ledger: &Arc<Ledger>) -> Visitor {
        let browser = self.browser();
        browser.log_in_with_password(email, PASSWORD).await;
        Visitor { browser: Arc::new(browser), clinic: self.clinic(), ledger: Arc::clone(ledger) }
    }

    /// An application sends somebody; they sign in; it gets tokens and uses them: each step at the other node.
    async fn a_sign_in_in_turns(&self, (here, there): (usize, usize)) {
        let (clinic, browser) = (self.clinic(), self.browser());
        self.only(here);
        let asked = clinic.authorize(&browser, &[("scope", "openid profile email")]).await;
        let attempt = asked.parameter("attempt").unwrap();
        self.only(there);
        let page = browser.get(&asked.location()).await;
        assert_eq!(page.status, 200);
        self.only(here);
        let fields = [("attempt", attempt.as_str()), ("email", BEN), ("password", PASSWORD)];
        assert_eq!(browser.post("/login", &fields).await.status, 303);
        self.only(there);
        let back = browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
        let code = back.parameter("code").unwrap_or_else(|| panic!("no code: {back:?}"));
        self.only(here);
        let tokens = clinic.redeem(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let tokens = tokens.json();
        let access = tokens["access_token"].as_str().unwrap();
        self.only(there);
        assert_eq!(clinic.userinfo(access).await.status, 200);
        assert_eq!(clinic.call("/oidc/introspect", &[("token", access)]).await.json()["active"], true);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let again = clinic.refresh(refresh).await;
        assert_eq!(again.status, 200, "{again:?}");
        self.only(here);
        assert!(clinic.can_refresh(&again.json()).await);
        let pushed = clinic.call("/oidc/par", &pairs(&clinic.request())).await;
        assert_eq!(pushed.status, 201, "{pushed:?}");
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        self.only(there);
        let short = [("client_id", "clinic-example"), ("request_uri", uri.as_str())];
        let path = format!("/oidc/authorize?{}", serde_urlencoded::to_string(short).unwrap());
        assert!(browser.get(&path).await.parameter("code").is_some());
        self.only(here);
        assert_eq!(browser.post("/logout", &[]).await.location(), "/login/signed-out");
        self.only(there);
        assert!(!browser.is_signed_in().await);
        assert_eq!(clinic.userinfo(access).await.status, 401);
        assert!(!clinic.can_refresh(&tokens).await);
    }

    /// A passkey and a code app, made at one and used at the other, with the step between at the first again.
    async fn factors_in_turns(&self, email: &str, (here, there): (usize, usize)) {
        let mut authenticator = SoftAuthenticator::new(&self.balancer.url());
        let browser = self.browser();
        self.only(here);
        browser.log_in_with_password(email, PASSWORD).await;
        let (ceremony, options) = browser.creation_options().await;
        let credential = authenticator.create(&options).unwrap();
        self.only(there);
        let made = browser.finish_creation(&ceremony, &credential).await;
        assert_eq!(made.status, 200, "{made:?}");
        let other = self.browser();
        let (ceremony, options) = other.passkey_options(&json!({})).await;
        let credential = authenticator.get(&options);
        self.only(here);
        let answer = other.answer_passkey(&ceremony, &credential, &json!({})).await;
        assert_eq!(answer.json()["location"], "/account", "{answer:?}");
        self.only(there);
        assert!(other.is_signed_in().await);

        let begun = other.post("/account/two-factor/begin", &[]).await;
        assert_eq!(begun.location(), "/account/two-factor/setup");
        self.only(here);
        let code_app = CodeApp::scan(&other.get("/account/two-factor/setup").await.body);
        let code = code_app.code(SystemClock.now());
        self.only(there);
        let shown = other.post("/account/two-factor/setup", &[("code", &code)]).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        // The same step does not count twice.
        tokio::time::sleep(Duration::from_secs(31)).await;
        let third = self.browser();
        let flow = third.password_step(email, PASSWORD).await;
        self.only(here);
        let code = code_app.code(SystemClock.now());
        third.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
        assert!(third.is_signed_in().await);
        self.only(there);
        let again = self.browser();
        let flow = again.password_step(email, PASSWORD).await;
        again.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
        assert!(!again.is_signed_in().await, "a code counted twice");
        assert!(third.is_signed_in().await && other.is_signed_in().await);
    }
}

fn pairs(request: &[(String, String)]) -> Vec<(&str, &str)> {
    request.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// They come again and again, and nobody is ever refused, while `happens`.
async fn nobody_notices<T>(visitors: &[Visitor], happens: impl Future<Output = T>) -> T {
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = visitors
        .iter()
        .map(|visitor| {
            let (visitor, stop) = (visitor.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    assert_eq!(visitor.sign_in().await, Outcome::Done);
                }
            })
        })
        .collect();
    let happened = happens.await;
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    happened
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_upgraded_node_by_node() {
    let Some(older) = older() else { return };
    let Some(mut world) = World::start(older).await else { return };
    for email in [ADA, BEN].into_iter().chain(ADDING) {
        world.installations[OLD].person(email);
    }
    let ledger = Arc::new(Ledger::default());
    let mut visitors = vec![world.visitor(ADA, &ledger).await];
    assert_eq!(visitors[0].sign_in().await, Outcome::Done);
    let before = world.schema().await;
    // The new one brings the schema up to date while the old one serves.
    world.nodes[NEW] = nobody_notices(&visitors, async {
        let installation = world.installations[NEW].clone();
        Some(tokio::task::spawn_blocking(move || installation.start()).await.unwrap())
    })
    .await;
    world.only(NEW);
    assert!(
        visitors[0].browser.is_signed_in().await,
        "a session of the old one does not hold at the new one"
    );
    ledger.holds(&world.clinic(), 50).await;
    visitors.push(world.visitor(BEN, &ledger).await);
    for (email, turns) in ADDING.into_iter().zip([(OLD, NEW), (NEW, OLD)]) {
        world.a_sign_in_in_turns(turns).await;
        world.factors_in_turns(email, turns).await;
    }
    world.both();
    nobody_notices(&visitors, tokio::time::sleep(Duration::from_secs(3))).await;
    // Those of the new one hold at the old one, while there is one.
    world.only(OLD);
    for visitor in &visitors {
        assert!(visitor.browser.is_signed_in().await);
    }
    ledger.holds(&world.clinic(), 100).await;
    nobody_notices(&visitors, async {
        world.only(NEW);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let old = world.nodes[OLD].take().unwrap();
        assert!(tokio::task::block_in_place(|| old.terminate()).success());
    })
    .await;
    println!("{} sign-ins at the older and the newer program, none refused", ledger.signed_in());
    for visitor in &visitors {
        assert!(visitor.browser.is_signed_in().await);
    }
    ledger.holds(&world.clinic(), 200).await;
    if world.schema().await == before {
        world.is_rolled_back(&visitors, &ledger).await;
    } else {
        // There is no way back, and it is said.
        let back = world.installations[OLD].run(&[], "");
        println!("the older program, started again: {}", String::from_utf8_lossy(&back.stderr).trim());
        assert_eq!(back.status.code(), Some(2), "{back:?}");
    }
    ledger.spent_codes_stay_spent(&world.clinic(), 200).await;
    for number in [OLD, NEW] {
        if let Some(node) = world.nodes[number].take() {
            assert!(node.terminate().success());
            world.installations[number].is_whole(&ledger.secrets());
        }
    }
    let log = std::fs::read_to_string(world.installations[OLD].log()).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}
