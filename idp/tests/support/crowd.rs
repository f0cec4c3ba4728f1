//! Very many people, organizations and records, put into a database behind the provider's back: in a few statements,
//! because one at a time it would take hours.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::TestApp;

/// How many: of everything else there is as much as belongs to so many people.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    pub people: u32,
    /// Records of the last year.
    pub events: u32,
}

/// The database of a provider, whichever it is.
pub async fn database(app: &TestApp) -> DatabaseConnection {
    let config = &app.app.config;
    let url = config.database.url.as_ref().map(|url| url.expose().to_owned());
    let url = url.unwrap_or_else(|| format!("sqlite://{}", config.sqlite_path().display()));
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

/// Two in three have a passkey, some of which no provider keeps; a few a code app, half of all recovery codes. A hundred
/// belong to each organization. Every third is logged in, every second has allowed an application. What one application
/// was given cannot be used: only lists read it.
pub async fn fill(app: &TestApp, crowd: Crowd) {
    let db = database(app).await;
    let now = app.app.clock.now().unix_timestamp() * 1000;
    for statement in statements(db.get_database_backend(), crowd, now) {
        db.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    if db.get_database_backend() == DbBackend::Postgres {
        // As it does by itself after a while.
        db.execute_unprepared("ANALYZE").await.unwrap();
    }
}

fn statements(backend: DbBackend, crowd: Crowd, now: i64) -> Vec<String> {
    let words = Words { postgres: backend == DbBackend::Postgres };
    let mut all = accounts(&words, crowd);
    all.extend(organizations(&words, crowd, now));
    all.extend(uses(&words, crowd, now));
    all.extend(records(&words, crowd, now));
    all
}

const YES: &str = "1 = 1";
const NO: &str = "1 = 0";

/// A letter, for the name of the row `i`.
const NAME: &str = "substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ', i % 26 + 1, 1)";

/// The same in the words of each database.
struct Words {
    postgres: bool,
}

impl Words {
    /// The identifier of the row `n` in a table that this letter stands for.
    fn id(&self, letter: char, n: &str) -> String {
        if self.postgres {
            format!("lpad(to_hex({}::bigint * 1000000000 + {n}), 32, '0')::uuid", u32::from(letter))
        } else {
            format!("CAST(printf('{letter}%015d', {n}) AS BLOB)")
        }
    }

    /// A value that nothing else of the row `i` has.
    fn bytes(&self, letter: char) -> String {
        if self.postgres {
            format!("decode(lpad(to_hex({}::bigint * 1000000000 + i), 64, '0'), 'hex')", u32::from(letter))
        } else {
            format!("CAST(printf('{letter}%031d', i) AS BLOB)")
        }
    }
}

fn numbers(most: u32) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})")
}

fn accounts(words: &Words, crowd: Crowd) -> Vec<String> {
    let (each, user) = (numbers(crowd.people), words.id('u', "i"));
    vec![
        format!(
            "INSERT INTO \"user\" (id, email, email_verified, given_name, family_name, handle, disabled_at, \
             disabled_by_service, policy, details, created_at, updated_at) {each} SELECT {user}, \
             'p' || i || '@crowd.example', {YES}, 'Ada', {NAME} || 'son' || i, {}, \
             CASE WHEN i % 500 = 0 THEN 1 END, {NO}, 'free', '{{}}', 0, 0 FROM n",
            words.bytes('h')
        ),
        format!(
            "INSERT INTO passkey (id, user_id, credential_id, record, rp_id, name, aaguid, transports, sign_count, \
             uv_initialized, backup_eligible, backup_state, created_at) {each} SELECT {}, {user}, {}, '{{}}', \
             'localhost', 'Key', {}, '[]', 0, {YES}, i % 5 <> 0, {NO}, 0 FROM n WHERE i % 3 <> 0",
            words.id('p', "i"),
            words.bytes('p'),
            words.id('z', "i")
        ),
        format!(
            "INSERT INTO totp (user_id, sealed_secret, failures, confirmed_at, created_at) {each} SELECT {user}, {}, \
             0, 1, 0 FROM n WHERE i % 30 = 0",
            words.bytes('t')
        ),
        format!(
            "INSERT INTO recovery_code (id, user_id, code_hash) {each} SELECT {}, {user}, {} FROM n WHERE i % 2 = 0",
            words.id('c', "i"),
            words.bytes('c')
        ),
    ]
}

fn organizations(words: &Words, crowd: Crowd, now: i64) -> Vec<String> {
    let (each, user) = (numbers(crowd.people), words.id('u', "i"));
    let (organization, org) = (words.id('o', "i"), words.id('o', "i / 100 + 1"));
    let organizations = crowd.people / 100 + 1;
    vec![
        format!(
            "INSERT INTO organization (id, slug, name, roles, created_at, updated_at) {} SELECT {organization}, \
             'org-' || i, {NAME} || ' Clinic ' || i, 'practitioner reception', 0, 0 FROM n",
            numbers(organizations)
        ),
        format!(
            "INSERT INTO membership (user_id, organization_id, roles, administrator, created_at) {each} SELECT \
             {user}, {org}, CASE WHEN i % 100 = 1 THEN 'administrator' ELSE 'practitioner' END, i % 100 = 1, 0 FROM n"
        ),
        format!(
            "INSERT INTO invitation (id, token_hash, organization_id, email, roles, created_at, expires_at) {each} \
             SELECT {}, {}, {org}, 'i' || i || '@crowd.example', '', {now}, {now} + 86400000 FROM n WHERE i % 20 = 0",
            words.id('i', "i"),
            words.bytes('i')
        ),
        format!(
            "INSERT INTO session (id, token_hash, account_token_hash, user_id, method, authenticated_at, created_at, \
             last_seen_at, expires_at, browser, network) {each} SELECT {}, {}, {}, {user}, 'passkey', {now}, {now}, \
             {now}, {now} + 86400000, 'Firefox', '192.0.2.1' FROM n WHERE i % 3 = 0",
            words.id('s', "i"),
            words.bytes('s'),
            words.bytes('a')
        ),
    ]
}

fn uses(words: &Words, crowd: Crowd, now: i64) -> Vec<String> {
    let (each, user) = (numbers(crowd.people), words.id('u', "i"));
    vec![
        format!(
            "INSERT INTO client (id, settings, source, created_at, name) {} SELECT 'app-' || i, client.settings, \
             'admin', 0, 'Application ' || i FROM n, client WHERE client.id = 'clinic-example'",
            numbers(200)
        ),
        format!(
            "INSERT INTO \"grant\" (id, client_id, user_id, session_id, code_hash, scopes, method, authenticated_at, \
             created_at) {each} SELECT {}, 'app-' || (i % 200 + 1), {user}, {}, {}, 'openid', 'passkey', {now}, {now} \
             FROM n WHERE i % 2 = 0",
            words.id('g', "i"),
            words.id('s', "i"),
            words.bytes('g')
        ),
        format!(
            "INSERT INTO refresh_token (id, grant_id, token_hash, created_at, last_used_at, expires_at) {each} SELECT \
             {}, {}, {}, {now}, {now}, {now} + 86400000 FROM n WHERE i % 2 = 0",
            words.id('r', "i"),
            words.id('g', "i"),
            words.bytes('r')
        ),
        format!(
            "INSERT INTO consent (user_id, client_id, scopes, granted_at) {each} SELECT {user}, \
             'app-' || (i % 200 + 1), 'openid', {now} FROM n WHERE i % 2 = 0"
        ),
        format!(
            "INSERT INTO known_browser (user_id, browser, first_seen_at, last_seen_at) {each} SELECT {user}, {}, \
             {now}, {now} FROM n",
            words.bytes('b')
        ),
        format!(
            "INSERT INTO outbox (id, kind, user_id, sealed_content, attempts, created_at, next_try_at, last_error) \
             {each} SELECT {}, 'mail', {user}, {}, 1, {now}, {now} + 3600000, CASE WHEN i % 40 = 0 THEN 'busy' END \
             FROM n WHERE i % 20 = 0",
            words.id('x', "i"),
            words.bytes('x')
        ),
    ]
}

fn records(words: &Words, Crowd { people, events }: Crowd, now: i64) -> Vec<String> {
    let year = 365_u64 * 86_400_000;
    let kind = "CASE i % 10 WHEN 0 THEN 'sign-in-failed' WHEN 1 THEN 'signed-out' WHEN 2 THEN 'profile-changed' \
                WHEN 3 THEN 'tokens-issued' ELSE 'signed-in' END";
    let whose = words.id('u', &format!("i % {people} + 1"));
    let (subject, none) = (format!("CASE WHEN i % 10 = 0 THEN NULL ELSE {whose} END"), words.bytes('h'));
    vec![
        format!(
            "INSERT INTO audit_event (sequence, at, kind, actor, subject, detail, previous_hash, hash, client) {} \
             SELECT 1000000 + i, {now} - {year} + i * ({year} / {events}), {kind}, {subject}, {subject}, '{{}}', \
             {none}, {none}, CASE WHEN i % 10 = 3 THEN 'app-' || (i % 200 + 1) END FROM n",
            numbers(events)
        ),
        format!("UPDATE audit_head SET sequence = 1000000 + {events}"),
        "INSERT INTO day_count (day, name, count) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 400) SELECT 20780 - i, m.name, 900 + i * 7 FROM n, (SELECT 'signed-in:passkey' AS name UNION ALL \
         SELECT 'signed-in:password' UNION ALL SELECT 'sign-in-failed:password' UNION ALL SELECT 'people' UNION ALL \
         SELECT 'with-passkey') AS m WHERE 1 = 1 ON CONFLICT DO NOTHING"
            .to_owned(),
    ]
}
