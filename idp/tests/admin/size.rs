//! How long the console takes where there are very many people. Not for every run: it takes a while to make them.
//! `cargo test -p idp --test it -- --ignored admin::size --nocapture` prints what it measured.

use std::time::{Duration, Instant};

use idp::jobs;
use idp::model::user::ServiceRole;
use sea_orm::ConnectionTrait;

use super::pages::strong;
use super::service::houses;
use crate::support::{Browser, TestApp};

const PEOPLE: u32 = 100_000;

/// How long the first page of the console may take (product §6).
const PATIENCE: Duration = Duration::from_millis(200);

/// Everybody but the operator, behind the provider's back: two in three with a passkey, some of which no provider keeps,
/// a few with a code app, half of all with recovery codes, and thirty days of log-ins.
async fn fill(app: &TestApp) {
    let url = app.app.config.database.url.as_ref().map(|url| url.expose().to_owned());
    let postgres = url.is_some();
    let url = url.unwrap_or_else(|| format!("sqlite://{}", app.app.config.sqlite_path().display()));
    let db = sea_orm::Database::connect(url).await.unwrap();
    let id = |letter: char| {
        if postgres {
            format!("lpad(to_hex({} * 1000000 + i), 32, '0')::uuid", u32::from(letter))
        } else {
            format!("CAST(printf('{letter}%015d', i) AS BLOB)")
        }
    };
    let bytes = if postgres { "decode(lpad(to_hex(i), 8, '0'), 'hex')" } else { "CAST(i AS BLOB)" };
    let (user, passkey, code, zero) = (id('u'), id('p'), id('c'), id('z'));
    let name = "substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ', i % 26 + 1, 1)";
    let one = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE})");
    let (yes, no) = ("1 = 1", "1 = 0");
    for statement in [
        format!(
            "INSERT INTO \"user\" (id, email, email_verified, given_name, family_name, handle, disabled_by_service, \
             policy, details, created_at, updated_at) {one} SELECT {user}, 'p' || i || '@example.org', {yes}, 'Ada', \
             {name} || i, {bytes}, {no}, 'free', '{{}}', 0, 0 FROM n"
        ),
        format!(
            "INSERT INTO passkey (id, user_id, credential_id, record, rp_id, name, aaguid, transports, sign_count, \
             uv_initialized, backup_eligible, backup_state, created_at) {one} SELECT {passkey}, {user}, {bytes}, '{{}}', \
             'localhost', 'Key', {zero}, '[]', 0, {yes}, i % 5 <> 0, {no}, 0 FROM n WHERE i % 3 <> 0"
        ),
        format!(
            "INSERT INTO totp (user_id, sealed_secret, failures, confirmed_at, created_at) {one} SELECT {user}, {bytes}, \
             0, 1, 0 FROM n WHERE i % 30 = 0"
        ),
        format!(
            "INSERT INTO recovery_code (id, user_id, code_hash) {one} SELECT {code}, {user}, {bytes} FROM n \
             WHERE i % 2 = 0"
        ),
        "INSERT INTO day_count (day, name, count) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 31) SELECT 20780 - i, m.name, 900 + i * 7 FROM n, (SELECT 'signed-in:passkey' AS name UNION ALL \
         SELECT 'signed-in:password' UNION ALL SELECT 'sign-in-failed:password' UNION ALL SELECT 'people' UNION ALL \
         SELECT 'with-passkey') AS m ON CONFLICT DO NOTHING"
            .to_owned(),
    ] {
        db.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// The median of several, after one that does not count.
async fn takes(browser: &Browser, path: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..8 {
        let begun = Instant::now();
        assert_eq!(browser.get(path).await.status, 200, "{path}");
        times.push(begun.elapsed());
    }
    times.remove(0);
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
#[ignore = "makes 100,000 people"]
async fn the_first_page_takes_less_than_200_ms_with_100_000_people() {
    for app in houses().await {
        let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        fill(&app).await;
        let begun = Instant::now();
        jobs::count(&app.app).await.unwrap();
        println!("counting: {:?}", begun.elapsed());
        for path in ["/admin", "/admin/risk", "/admin/people", "/admin/audit", "/admin/jobs", "/admin/health"]
        {
            let time = takes(&olive, path).await;
            println!("{path}: {time:?}");
            assert!(path != "/admin" || time < PATIENCE, "{time:?}");
        }
    }
}
