//! A database that has grown (T30): very much that has expired, one person with very many sessions, very many applications.
//! What has expired goes in small steps while people are served, and no list is longer than a page.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idp::clock::{Clock, SystemClock};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::is_full;
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::postgres::PostgresServer;
use crate::support::process::{Installation, Process};
use crate::support::{Browser, PASSWORD, SoftAuthenticator, TempDir};

const ADA: &str = "ada@example.org";
const BEN: &str = "ben@example.org";
const OLIVE: &str = "olive@example.org";
/// A program that is not optimised takes a few times as long.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_500 } else { 500 });
/// What is kept of the write-ahead log is cut to 64 MiB, some more may be under way.
const MAX_WAL: u64 = 96 * 1024 * 1024;
/// A page with a list on it.
const MAX_PAGE: usize = 400 * 1024;
const MAX_ROWS: usize = 100;

/// How many of each.
#[derive(Clone, Copy)]
struct Size {
    expired: u32,
    living: u32,
    sessions_of_one: u32,
    applications: u32,
}

fn size() -> Size {
    if is_full() {
        Size { expired: 1_000_000, living: 100_000, sessions_of_one: 10_000, applications: 100_000 }
    } else {
        Size { expired: 20_000, living: 2_000, sessions_of_one: 500, applications: 2_000 }
    }
}

/// The tables of what expires, and what is left of each when it has been purged.
const EXPIRING: [(&str, &str); 6] = [
    ("session", "expires_at < 1000"),
    ("\"grant\"", "created_at < 1000"),
    ("guess", "last_at < 1000"),
    ("link", "expires_at < 1000"),
    ("revoked_token", "expires_at < 1000"),
    ("known_browser", "last_seen_at < 1000"),
];

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row =
        db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn still_there(db: &DatabaseConnection) -> i64 {
    let mut all = 0;
    for (table, which) in EXPIRING {
        all += number(db, &format!("SELECT count(*) FROM {table} WHERE {which}")).await;
    }
    all
}

/// In a few statements, while nobody works on it.
async fn grow(db: &DatabaseConnection, size: Size) {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    let id = |letter: char, n: &str| {
        if postgres {
            format!("lpad(to_hex({}::bigint * 1000000000 + {n}), 32, '0')::uuid", u32::from(letter))
        } else {
            format!("CAST(printf('{letter}%015d', {n}) AS BLOB)")
        }
    };
    let bytes = |letter: char| {
        if postgres {
            format!("decode(lpad(to_hex({}::bigint * 1000000000 + i), 64, '0'), 'hex')", u32::from(letter))
        } else {
            format!("CAST(printf('{letter}%031d', i) AS BLOB)")
        }
    };
    let numbers = |most: u32| {
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})")
    };
    let of = |email: &str| format!("(SELECT id FROM \"user\" WHERE email = '{email}')");
    let now = SystemClock.now().unix_timestamp() * 1000;
    let sixth = numbers(size.expired / 6);
    let session = "session (id, token_hash, account_token_hash, user_id, method, authenticated_at, created_at, \
                   last_seen_at, expires_at, browser, network)";
    let grant = "\"grant\" (id, client_id, user_id, session_id, code_hash, scopes, method, authenticated_at, created_at)";
    let refresh = "refresh_token (id, grant_id, token_hash, created_at, last_used_at, expires_at)";
    let ben = of(BEN);
    for statement in [
        // What has expired.
        format!(
            "INSERT INTO {session} {sixth} SELECT {}, {}, {}, {ben}, 'password', 1, 1, 1, 2, '', '' FROM n",
            id('s', "i"),
            bytes('s'),
            bytes('a')
        ),
        format!(
            "INSERT INTO {grant} {sixth} SELECT {}, 'clinic-example', {ben}, {}, {}, 'openid', 'password', 1, 1 FROM n",
            id('g', "i"),
            id('z', "i"),
            bytes('g')
        ),
        format!(
            "INSERT INTO {refresh} {sixth} SELECT {}, {}, {}, 1, 1, 2 FROM n",
            id('r', "i"),
            id('g', "i"),
            bytes('r')
        ),
        format!(
            "INSERT INTO guess (key, failures, retry_at, last_at) {sixth} SELECT {}, 1, 0, 1 FROM n",
            bytes('q')
        ),
        format!(
            "INSERT INTO link (id, token_hash, user_id, purpose, address, created_at, expires_at) {sixth} SELECT {}, \
             {}, {ben}, 'reset-password', 'x', 1, 2 FROM n",
            id('l', "i"),
            bytes('l')
        ),
        format!("INSERT INTO revoked_token (id_hash, expires_at) {sixth} SELECT {}, 1 FROM n", bytes('v')),
        format!(
            "INSERT INTO known_browser (user_id, browser, first_seen_at, last_seen_at) {sixth} SELECT {}, {}, 1, 1 FROM n",
            of(OLIVE),
            bytes('b')
        ),
        // What has not.
        format!(
            "INSERT INTO {grant} {} SELECT {}, 'clinic-example', {ben}, {}, {}, 'openid offline_access', 'password', 1, \
             2000 FROM n",
            numbers(size.living),
            id('h', "i"),
            id('y', "i"),
            bytes('h')
        ),
        format!(
            "INSERT INTO {refresh} {} SELECT {}, {}, {}, {now}, {now}, {now} + 86400000 FROM n",
            numbers(size.living),
            id('t', "i"),
            id('h', "i"),
            bytes('t')
        ),
        format!(
            "INSERT INTO {session} {} SELECT {}, {}, {}, {}, 'password', {now}, {now}, {now} - i, {now} + 86400000, \
             'Firefox', '192.0.2.1' FROM n",
            numbers(size.sessions_of_one),
            id('w', "i"),
            bytes('w'),
            bytes('x'),
            of(ADA)
        ),
        format!(
            "INSERT INTO client (id, settings, source, created_at, name) {} SELECT 'app-' || i, client.settings, \
             'admin', 0, 'Application ' || i FROM n, client WHERE client.id = 'clinic-example'",
            numbers(size.applications)
        ),
    ] {
        db.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    if postgres {
        // As it does by itself after a while.
        db.execute_unprepared("ANALYZE").await.unwrap();
    }
}

/// The slowest of the requests of each kind.
#[derive(Default)]
struct Slowest(std::collections::BTreeMap<String, Duration>);

impl Slowest {
    async fn time<T>(&mut self, what: &str, request: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let answer = request.await;
        let slowest = self.0.entry(what.to_owned()).or_default();
        *slowest = (*slowest).max(begun.elapsed());
        answer
    }
}

fn wal(data_dir: &Path) -> u64 {
    std::fs::metadata(data_dir.join("idp.db-wal")).map_or(0, |file| file.len())
}

/// Serves people until what has expired is gone, and says how long requests took and how large the log of writes was.
async fn purged(
    process: &Process,
    visitor: &Visitor,
    db: &DatabaseConnection,
    data_dir: &Path,
) -> (Slowest, u64) {
    let (mut slowest, mut largest, begun) = (Slowest::default(), 0, Instant::now());
    let all = still_there(db).await;
    let (mut left, mut looked) = (all, Instant::now());
    loop {
        assert!(begun.elapsed() < Duration::from_mins(15), "{left} of {all} were left");
        let outcome = slowest.time("signing in at an application", visitor.sign_in()).await;
        assert_eq!(outcome, Outcome::Done);
        for path in ["/account", "/oidc/jwks", "/readyz"] {
            assert_eq!(slowest.time(path, visitor.browser.get(path)).await.status, 200, "{path}");
        }
        let stranger = process.browser();
        assert_eq!(slowest.time("/login", stranger.get("/login")).await.status, 200);
        largest = largest.max(wal(data_dir));
        if looked.elapsed() > Duration::from_secs(2) {
            left = still_there(db).await;
            looked = Instant::now();
        }
        // Somebody is always served meanwhile, however fast it goes.
        if left == 0 {
            break;
        }
    }
    println!("{all} expired rows were gone after {:?}", begun.elapsed());
    let browser = process.browser();
    slowest.time("a password", browser.log_in_with_password(BEN, PASSWORD)).await;
    (slowest, largest)
}

/// Every list that there is more of now than anybody reads.
async fn lists(process: &Process, slowest: &mut Slowest) {
    let ada = process.browser();
    ada.log_in_with_password(ADA, PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&process.issuer);
    let first = process.browser();
    first.log_in_with_password(OLIVE, PASSWORD).await;
    first.create_passkey(&mut authenticator).await;
    let olive = process.browser();
    olive.log_in_with_passkey(&mut authenticator).await;
    let people = olive.get("/admin/people?q=ada@").await.body;
    let (_, rest) = people.split_once("<th scope=\"row\"><a href=\"/admin/people/").unwrap();
    let ada_there = format!("/admin/people/{}", &rest[..36]);
    page(&ada, "/account/sessions", slowest).await;
    page(&ada, "/account", slowest).await;
    for path in ["/admin/applications", "/admin/applications?q=app-1", "/admin/people", "/admin", &ada_there]
    {
        page(&olive, path, slowest).await;
    }
}

async fn page(browser: &Browser, path: &str, slowest: &mut Slowest) {
    let kind = if path.len() > 40 { "somebody with very many sessions" } else { path };
    // The first one is not measured: whatever is read for the first time comes from the disk.
    for measured in [false, true, true] {
        let answer =
            if measured { slowest.time(kind, browser.get(path)).await } else { browser.get(path).await };
        assert_eq!(answer.status, 200, "{path}");
        let rows = answer.body.matches("<li").count().max(answer.body.matches("<tr").count());
        assert!(
            answer.body.len() < MAX_PAGE && rows <= MAX_ROWS,
            "{path}: {} bytes, {rows} rows",
            answer.body.len()
        );
    }
}

async fn grown(database: Option<String>) {
    let dir = TempDir::new("growth");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.extend(database.iter().map(|url| ("IDP_DATABASE__URL".to_owned(), url.clone())));
    assert!(installation.start().terminate().success());
    for email in [ADA, BEN] {
        installation.person(email);
    }
    let operator = [
        "user",
        "create",
        "--email",
        OLIVE,
        "--given-name",
        "O",
        "--family-name",
        "W",
        "--operator",
        "--password-stdin",
    ];
    assert!(installation.run(&operator, PASSWORD).status.success());
    let file = format!("sqlite://{}", installation.data_dir.join("idp.db").display());
    let begun = Instant::now();
    {
        let db = connect(database.as_deref().unwrap_or(&file)).await;
        grow(&db, size()).await;
        db.close().await.unwrap();
    }
    println!("{}: grown in {:?}", if database.is_some() { "PostgreSQL" } else { "SQLite" }, begun.elapsed());
    let begun = Instant::now();
    let process = installation.start();
    let started = begun.elapsed();
    let browser = Arc::new(process.browser());
    browser.log_in_with_password(BEN, PASSWORD).await;
    let visitor = Visitor { browser, clinic: process.clinic(), ledger: Arc::new(Ledger::default()) };
    // Nobody else opens the file of an embedded database for writing.
    let db = connect(database.as_deref().unwrap_or(&format!("{file}?mode=ro"))).await;
    let (mut slowest, largest) = purged(&process, &visitor, &db, &installation.data_dir).await;
    db.close().await.unwrap();
    lists(&process, &mut slowest).await;
    println!("it started in {started:?}; the log of writes had {} MiB at most", largest >> 20);
    for (what, took) in &slowest.0 {
        println!("{took:>12.1?}  {what}");
    }
    assert!(largest < MAX_WAL, "the log of writes had {largest} bytes");
    let slow: Vec<_> = slowest.0.iter().filter(|(_, took)| **took > PATIENCE).collect();
    assert!(slow.is_empty(), "{slow:?}");
    assert!(visitor.browser.is_signed_in().await);
    visitor.ledger.holds(&visitor.clinic, 200).await;
    visitor.ledger.spent_codes_stay_spent(&visitor.clinic, 200).await;
    assert!(process.terminate().success());
    installation.is_whole(&visitor.ledger.secrets());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_expired_goes_while_people_are_served() {
    grown(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_expired_goes_from_postgresql_too() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    grown(Some(server.url())).await;
}
