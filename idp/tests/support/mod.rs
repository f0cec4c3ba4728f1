//! The harness: a whole provider on a free port with a clock that is moved by hand, and the actors
//! that use it over real HTTP.

pub mod authenticator;
pub mod balancer;
pub mod browser;
pub mod certificates;
pub mod client;
pub mod cluster;
pub mod code_app;
pub mod crowd;
pub mod fault_proxy;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod mail;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod shelf;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use idp::admin::Office;
use idp::app::App;
use idp::clock::{SharedClock, TestClock};
use idp::config::Config;
use idp::crypto::password::Password;
use idp::model::ids::UserId;
use idp::model::user::{Email, PersonName, Policy, ServiceRole, User};
use idp::store::milestones::{self, Milestone};
use idp::store::{passwords, users};
use sea_orm::ConnectionTrait;
use time::Duration;
use time::macros::datetime;

pub use authenticator::SoftAuthenticator;
pub use browser::{Answer, Browser};
pub use client::Application;
pub use code_app::{CodeApp, recovery_codes};
pub use keys::Signer;
pub use mail::Mail;

pub const PASSWORD: &str = "a long walk by the river";

/// A master key nothing else uses.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A running provider. Stops and removes its folder when dropped.
pub struct TestApp {
    pub app: App,
    pub clock: Arc<TestClock>,
    pub address: SocketAddr,
    pub mtls_address: Option<SocketAddr>,
    /// Where what it counts is read.
    pub metrics_address: SocketAddr,
    _data_dir: TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A folder of its own for one test.
pub struct TempDir(pub PathBuf);

impl TempDir {
    pub fn new(what: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("idp-{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What a test that failed has left is worth a look.
        if std::thread::panicking() {
            eprintln!("kept: {}", self.0.display());
            return;
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a test may set before the provider starts.
#[derive(Default)]
pub struct Options {
    pub environment: Vec<(&'static str, String)>,
    pub config_file: Option<String>,
    /// Listens a second time, for programs that show certificates.
    pub mtls: bool,
    /// Every statement that reaches the database is put here.
    pub statements: Option<Arc<Mutex<Vec<sea_orm::Statement>>>>,
}

impl TestApp {
    /// A fresh provider on SQLite, with the example client of the development configuration.
    pub async fn init() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let data_dir = TempDir::new("data");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut environment = vec![
            ("IDP_PUBLIC_URL".to_owned(), format!("http://localhost:{}", address.port())),
            ("IDP_DATA_DIR".to_owned(), data_dir.0.join("idp").display().to_string()),
            ("IDP_HTTP__LISTEN".to_owned(), address.to_string()),
        ];
        let mtls = if options.mtls {
            Some(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap())
        } else {
            None
        };
        let mtls_address = mtls.as_ref().map(|listener| listener.local_addr().unwrap());
        let metrics = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let metrics_address = metrics.local_addr().unwrap();
        // Ports are known only now.
        let filled = |text: String| {
            let mtls_port = mtls_address.map_or(0, |address| address.port()).to_string();
            text.replace("{port}", &address.port().to_string()).replace("{mtls_port}", &mtls_port)
        };
        environment
            .extend(options.environment.into_iter().map(|(name, value)| (name.to_owned(), filled(value))));
        let file = options.config_file.map(filled).map(|text| {
            let path = data_dir.0.join("idp.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let config = Config::from_sources(file.as_deref(), environment).unwrap();
        let clock = Arc::new(TestClock::starting_at(datetime!(2026-11-23 09:00 UTC)));
        let watch = |store: &mut idp::store::Store| {
            if let Some(statements) = options.statements {
                store.watch(move |statement| statements.lock().unwrap().push(statement.clone()));
            }
        };
        // Boxed, or every test would carry all of what happens at the start in its own future.
        let built = Box::pin(App::build_with(config, Arc::clone(&clock) as SharedClock, watch));
        let app = built.await.unwrap();
        let server = tokio::spawn({
            let app = app.clone();
            let listeners = idp::server::Listeners { main: listener, mtls, metrics: Some(metrics) };
            async move { idp::server::serve(app, listeners, std::future::pending()).await.unwrap() }
        });
        Self { app, clock, address, mtls_address, metrics_address, _data_dir: data_dir, server }
    }

    pub fn url(&self, path: &str) -> String {
        self.app.config.public_url.join(path)
    }

    pub fn issuer(&self) -> String {
        self.app.config.public_url.issuer()
    }

    /// Somebody's browser, with no cookies yet.
    pub fn browser(&self) -> Browser {
        Browser::new(self)
    }

    /// The clinic application that the development configuration registers.
    pub fn clinic(&self) -> Application {
        Application::clinic(self)
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// An account with [`PASSWORD`].
    pub async fn person(&self, email: &str) -> User {
        self.person_with_role(email, None).await
    }

    pub async fn person_with_role(&self, email: &str, role: Option<ServiceRole>) -> User {
        let app = &self.app;
        let now = app.clock.now();
        let names = (
            Email::parse(email).unwrap(),
            PersonName::parse("Ada").unwrap(),
            PersonName::parse("Lovelace").unwrap(),
        );
        let id = app.entropy.id(now, UserId::new).unwrap();
        let user = User { role, ..User::new((id, app.entropy.bytes().unwrap()), names, now) };
        let hash = app.passwords.hash(Password::presented(PASSWORD).unwrap(), app.entropy).await.unwrap();
        let tx = app.store.begin().await.unwrap();
        assert!(users::insert(&tx, &user).await.unwrap());
        passwords::set(&tx, user.id, &hash, now).await.unwrap();
        milestones::reach(&tx, Milestone::SetUp, now).await.unwrap();
        tx.commit().await.unwrap();
        user
    }

    /// Guesses a password so often, each time after the wait.
    pub async fn guess(&self, browser: &Browser, email: &str, times: usize) {
        for _ in 0..times {
            self.advance(Duration::minutes(15));
            let wrong = browser.submit_password(email, "wrong").await;
            assert!(wrong.body.contains("is not right"), "{}", wrong.body);
        }
    }

    /// The mails that have been sent so far, in order, after sending what waits.
    pub async fn mails(&self) -> Vec<Mail> {
        idp::jobs::deliver(&self.app).await.unwrap();
        mail::read(&self.app.config.mail_folder())
    }

    /// The newest mail to somebody.
    pub async fn mail_to(&self, email: &str) -> Mail {
        let mails = self.mails().await;
        let newest = mails.into_iter().rfind(|mail| mail.to == email);
        newest.unwrap_or_else(|| panic!("no mail to {email}"))
    }

    /// The newest mail to somebody with this subject.
    pub async fn mail_about(&self, email: &str, subject: &str) -> Mail {
        let mails = self.mails().await;
        let found = mails.iter().rfind(|mail| mail.to == email && mail.subject == subject);
        found.cloned().unwrap_or_else(|| panic!("no {subject:?} to {email} in {mails:?}"))
    }

    /// Turns a code app on in this browser, as a person would.
    pub async fn code_app(&self, browser: &Browser) -> (CodeApp, Vec<String>) {
        let begun = browser.post("/account/two-factor/begin", &[]).await;
        assert_eq!(begun.location(), "/account/two-factor/setup");
        let code_app = CodeApp::scan(&browser.get("/account/two-factor/setup").await.body);
        let code = code_app.code(self.app.clock.now());
        let shown = browser.post("/account/two-factor/setup", &[("code", &code)]).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        (code_app, recovery_codes(&shown.body))
    }

    /// The person as the database has them now.
    /// What those work with who administer.
    pub fn office(&self) -> Office<'_> {
        Office {
            store: &self.app.store,
            mail: &self.app.mail,
            entropy: self.app.entropy,
            policy: self.app.policy(),
            now: self.app.clock.now(),
            network: Some("192.0.2.1"),
            browser: Some("Firefox on Linux"),
        }
    }

    pub async fn user(&self, id: UserId) -> User {
        users::by_id(&self.app.store, id).await.unwrap().unwrap()
    }

    pub async fn set_policy(&self, id: UserId, policy: Policy) {
        let tx = self.app.store.begin().await.unwrap();
        users::set_policy(&tx, id, policy).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The embedded database, behind the provider's back.
    async fn database(&self) -> sea_orm::DatabaseConnection {
        let path = self.app.config.sqlite_path();
        sea_orm::Database::connect(format!("sqlite://{}", path.display())).await.unwrap()
    }

    pub async fn sql(&self, statement: &str) {
        self.database().await.execute_unprepared(statement).await.unwrap();
        if statement.contains("client") {
            // As a change at another node: the service may know them from a moment ago.
            tokio::time::sleep(idp::store::FRESH).await;
        }
    }

    /// The texts of one column, in the order they are found.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let query = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, query);
        let rows = self.database().await.query_all_raw(query).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    pub async fn disable_person(&self, id: UserId) {
        let id = id.uuid().simple();
        self.sql(&format!("UPDATE user SET disabled_at = 1 WHERE id = x'{id}'")).await;
    }

    /// What the audit trail says about somebody, the newest first.
    pub async fn trail(&self, id: UserId) -> Vec<String> {
        let records = idp::store::audit::of_subject(&self.app.store, id, i64::MAX, 500).await.unwrap();
        records.into_iter().map(|record| record.kind).collect()
    }

    /// An account with a passkey: made in a browser of its own, as a person would.
    pub async fn person_with_passkey(&self, email: &str) -> (User, SoftAuthenticator) {
        let user = self.person(email).await;
        let mut authenticator = SoftAuthenticator::new(&self.issuer());
        let browser = self.browser();
        browser.log_in_with_password(email, PASSWORD).await;
        browser.create_passkey(&mut authenticator).await;
        (user, authenticator)
    }
}
