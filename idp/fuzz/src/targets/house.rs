//! A whole provider on SQLite, made once for all inputs of a process, and the applications it knows.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use idp::app::App;
use idp::clock::{SharedClock, TestClock};
use idp::config::Config;
use idp::crypto::token::{Token, TokenKind};
use idp::model::client::{Client, ClientId};
use idp::model::ids::{SessionId, UserId};
use idp::model::session::{Method, Session};
use idp::model::user::{Email, PersonName, User};
use idp::store::milestones::{self, Milestone};
use idp::store::{clients, sessions, users};
use time::Duration;
use time::macros::datetime;
use tokio::runtime::{Builder, Runtime};

pub const ISSUER: &str = "https://id.example";
pub const SECRET: &str = "a secret of nobody: just as long as it has to be";
pub const REDIRECT_URIS: [&str; 2] = ["https://app.example/cb", "http://127.0.0.1/cb"];

const CONFIG: &str = r#"
public_url = "https://id.example"
[http]
trusted_proxies = ["127.0.0.1/32"]
client_certificate_header = "client-cert"
[http.mtls]
public_url = "https://mtls.id.example"
[sign_up]
open = true
[[clients]]
id = "basic"
name = "Basic"
type = "web"
secret = "a secret of nobody: just as long as it has to be"
redirect_uris = ["https://app.example/cb"]
post_logout_redirect_uris = ["https://app.example/bye"]
grants = ["client_credentials", "device_code", "token_exchange"]
[[clients]]
id = "post"
name = "Post"
type = "web"
auth_method = "client_secret_post"
secret = "a secret of nobody: just as long as it has to be"
redirect_uris = ["https://app.example/cb"]
[[clients]]
id = "native"
name = "Native"
type = "native"
redirect_uris = ["http://127.0.0.1/cb"]
"#;

/// Only one input at a time moves its clock.
pub struct House {
    pub app: App,
    runtime: Runtime,
    /// What knows the one browser that there is.
    browser: Token,
    clock: Arc<TestClock>,
    folder: PathBuf,
    busy: Mutex<()>,
}

static HOUSE: OnceLock<House> = OnceLock::new();

/// Builds it, unless it stands.
pub fn open() -> &'static House {
    HOUSE.get_or_init(House::build)
}

/// Does something in the house at a moment of its own: no input waits for what another one has used up.
pub fn visit<T>(what: impl AsyncFnOnce(&House) -> T) -> T {
    let house = open();
    let _alone = house.busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    house.clock.advance(Duration::hours(1));
    house.runtime.block_on(what(house))
}

/// Takes away what the house has written. What comes later finds no database.
pub fn clear_away() {
    if let Some(house) = HOUSE.get() {
        let _ = std::fs::remove_dir_all(&house.folder);
    }
}

impl House {
    fn build() -> Self {
        let folder = std::env::temp_dir().join(format!("idp-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the house");
        let file = folder.join("idp.toml");
        std::fs::write(&file, CONFIG).expect("a file for its configuration");
        let data_dir = ("IDP_DATA_DIR".to_owned(), folder.join("data").display().to_string());
        let config = Config::from_sources(Some(&file), [data_dir]).expect("a legal configuration");
        let clock = Arc::new(TestClock::starting_at(datetime!(2026-11-23 09:00 UTC)));
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let building = Box::pin(App::build(config, Arc::clone(&clock) as SharedClock));
        let app = runtime.block_on(building).expect("a provider");
        runtime.block_on(set_up(&app));
        let browser = Token::generate(TokenKind::Browser, app.entropy).expect("randomness");
        Self { app, runtime, browser, clock, folder, busy: Mutex::new(()) }
    }

    pub fn now(&self) -> i64 {
        self.app.clock.now().unix_timestamp()
    }

    pub async fn client(&self, id: &str) -> Client {
        let id = ClientId::parse(id).expect("a name");
        clients::by_id(&self.app.store, &id).await.expect("a database").expect("a client")
    }
}

/// What a browser of somebody who is signed in sends along.
pub struct Signed {
    pub browser: String,
    pub session: String,
    pub account: String,
    /// What is in the forms of its pages.
    pub csrf: String,
}

impl House {
    /// Somebody without rights over others signs in, for this input alone: an hour later the session has ended.
    pub async fn sign_in(&self) -> Signed {
        let (app, now) = (&self.app, self.app.clock.now());
        let tx = app.store.begin().await.expect("a database");
        let email = Email::parse("ada@id.example").expect("an address");
        let known = users::by_email(&tx, &email).await.expect("a database");
        let user = known.unwrap_or_else(|| {
            let name = |text| PersonName::parse(text).expect("a name");
            let id = app.entropy.id(now, UserId::new).expect("randomness");
            let subject = app.entropy.bytes().expect("randomness");
            User::new((id, subject), (email, name("Ada"), name("Lovelace")), now)
        });
        // It is there already, or it was deleted by an input before.
        users::insert(&tx, &user).await.expect("a database");
        let token = |kind| Token::generate(kind, app.entropy).expect("randomness");
        let (cookie, account) = (token(TokenKind::Session), token(TokenKind::AccountSession));
        let session = Session {
            id: app.entropy.id(now, SessionId::new).expect("randomness"),
            user_id: user.id,
            passkey_id: None,
            method: Method::Password,
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
            expires_at: now + Duration::hours(1),
            browser: String::new(),
            network: String::new(),
            limited: None,
        };
        let hashes = sessions::CookieHashes { session: cookie.hash(), account: account.hash() };
        sessions::insert(&tx, &session, hashes);
        tx.commit().await.expect("a database");
        Signed {
            browser: self.browser.expose().to_owned(),
            session: cookie.expose().to_owned(),
            account: account.expose().to_owned(),
            csrf: self.csrf(Some(&session)),
        }
    }

    /// The same browser with nobody in it.
    pub fn nobody(&self) -> Signed {
        let browser = self.browser.expose().to_owned();
        Signed { browser, session: String::new(), account: String::new(), csrf: self.csrf(None) }
    }

    fn csrf(&self, session: Option<&Session>) -> String {
        let session = session.map(|session| session.id.uuid());
        self.app.store.sealer().csrf_token(self.browser.hash().0, session)
    }
}

/// Somebody has set it up.
async fn set_up(app: &App) {
    let tx = app.store.begin().await.expect("a database");
    milestones::reach(&tx, Milestone::SetUp, app.clock.now()).await.expect("a database");
    tx.commit().await.expect("a database");
}
