//! `idp doctor`: each of the usual mistakes is made, seen, and comes with its remedy.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use idp::admin::health::{self, Finding, Standing};
use sea_orm::ConnectionTrait;
use time::{Duration, OffsetDateTime};

use super::backup::in_a_room_of_its_own;
use super::{installation_with, out, sqlite, succeed};
use crate::store::fresh_postgres;
use crate::support::certificates::Authority;
use crate::support::process::Installation;
use crate::support::redis::RedisServer;
use crate::support::{Options, PASSWORD, TempDir, TestApp};

/// What the doctor says with these settings, a line each.
fn lines(installation: &Installation, settings: &[(&str, &str)]) -> Vec<String> {
    let mut installation = installation.clone();
    for (name, value) in settings {
        installation.environment.retain(|(known, _)| known != name);
        installation.environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let said = out(&installation.run(&["doctor"], ""));
    said.lines().map(ToOwned::to_owned).collect()
}

/// One line that begins like this has all of these words.
#[track_caller]
fn has(lines: &[String], begin: &str, words: &[&str]) {
    let found =
        lines.iter().any(|line| line.starts_with(begin) && words.iter().all(|word| line.contains(word)));
    assert!(found, "no {begin} with {words:?} in {lines:#?}");
}

#[test]
fn an_address_that_leads_elsewhere_is_named() {
    let (_dir, installation) = installation_with("ada@example.org");
    let fine = lines(&installation, &[]);
    has(&fine, "note", &["public_url is http://localhost", "Set it to your https address"]);
    assert!(!fine.iter().any(|line| line.contains("leads browsers")), "{fine:?}");
    let other = lines(&installation, &[("IDP_PUBLIC_URL", "http://localhost:1")]);
    has(&other, "WRONG", &["port 1", &format!("127.0.0.1:{}", installation.port), "Make the ports the same"]);
    let nowhere = lines(&installation, &[("IDP_PUBLIC_URL", "https://login.nowhere.invalid")]);
    has(&nowhere, "note", &["login.nowhere.invalid", "leads nowhere", "your DNS"]);
    let open = [("IDP_PUBLIC_URL", "https://login.nowhere.invalid"), ("IDP_HTTP__LISTEN", "0.0.0.0:8080")];
    has(&lines(&installation, &open), "note", &["reachable from outside without TLS", "127.0.0.1"]);
}

#[test]
fn a_proxy_that_is_not_believed_is_named() {
    let (_dir, installation) = installation_with("ada@example.org");
    let behind = ("IDP_PUBLIC_URL", "https://login.nowhere.invalid");
    has(&lines(&installation, &[behind]), "WRONG", &["http.trusted_proxies is empty", "X-Forwarded-For"]);
    let named = lines(&installation, &[behind, ("IDP_HTTP__TRUSTED_PROXIES", "127.0.0.1")]);
    assert!(!named.iter().any(|line| line.contains("trusted_proxies")), "{named:?}");
}

#[test]
fn a_certificate_that_ends_is_named() {
    let (dir, installation) = installation_with("ada@example.org");
    let authority = Authority::new("The town");
    for (days, begin, words) in [
        (-1, "WRONG", &["has expired on", "Renew it"][..]),
        (5, "note", &["expires on", "Renew it"]),
        (60, "ok", &["the certificate is good until"]),
    ] {
        let mut params = rcgen::CertificateParams::new(["login.nowhere.invalid".to_owned()]).unwrap();
        params.not_after = now() + Duration::days(days);
        let identity = authority.issue(&params);
        let (certificate_file, key_file) = (dir.0.join("tls.pem"), dir.0.join("tls.key"));
        std::fs::write(&certificate_file, identity.pem).unwrap();
        std::fs::write(&key_file, identity.key).unwrap();
        let found = lines(
            &installation,
            &[
                ("IDP_PUBLIC_URL", "https://login.nowhere.invalid"),
                ("IDP_HTTP__TLS__CERTIFICATE_FILE", certificate_file.to_str().unwrap()),
                ("IDP_HTTP__TLS__KEY_FILE", key_file.to_str().unwrap()),
            ],
        );
        has(&found, begin, words);
        has(&found, "note", &["public_url leads browsers to port 443"]);
    }
}

#[expect(clippy::disallowed_methods, reason = "a process of its own goes by the time of the machine")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// S8
#[test]
fn files_and_folders_that_others_can_read_are_named() {
    let (_dir, installation) = installation_with("ada@example.org");
    let folder = installation.data_dir.clone();
    let closed = |lines: &[String]| assert!(!lines.iter().any(|line| line.contains("chmod")), "{lines:?}");
    for (name, open, private) in [("", 0o755, 0o700), ("master.key", 0o640, 0o600)] {
        let path = folder.join(name);
        let path = path.to_str().unwrap().trim_end_matches('/');
        chmod(Path::new(path), open);
        has(&lines(&installation, &[]), "WRONG", &[&format!("chmod {private:o} {path}")]);
        chmod(Path::new(path), private);
        closed(&lines(&installation, &[]));
    }
    // In a folder that keeps others out a file may be open.
    let database = folder.join("idp.db");
    chmod(&database, 0o644);
    closed(&lines(&installation, &[]));
    chmod(&folder, 0o755);
    has(&lines(&installation, &[]), "WRONG", &[&format!("chmod 600 {}", database.display())]);
}

#[test]
fn a_disk_without_room_is_named() {
    let dir = TempDir::new("operations");
    let installation = Installation::new(&dir.0.join("data"));
    std::fs::create_dir(&installation.data_dir).unwrap();
    let plan = format!(
        "mount -t tmpfs -o size=8m,mode=700 none '{}' || exit 77; \"$@\"",
        installation.data_dir.display()
    );
    let Some(ran) = in_a_room_of_its_own(&plan, &installation.command(&["doctor"])) else { return };
    let found: Vec<String> = out(&ran).lines().map(ToOwned::to_owned).collect();
    has(&found, "WRONG", &["is nearly full", "nobody can log in", "Make room"]);
    has(&lines(&installation, &[]), "ok", &["MiB are left on the disk"]);
}

#[test]
fn too_few_files_for_the_connections_are_named() {
    let (_dir, installation) = installation_with("ada@example.org");
    let command = installation.command(&["doctor"]);
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "ulimit -n 500; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let found: Vec<String> = out(&shell.output().unwrap()).lines().map(ToOwned::to_owned).collect();
    has(&found, "WRONG", &["may have 500 files open", "http.max_connections needs", "LimitNOFILE="]);
    has(&lines(&installation, &[]), "ok", &["files can be open at once"]);
}

#[test]
fn no_mail_and_a_mail_server_that_is_not_there_are_named() {
    let (_dir, mut installation) = installation_with("ada@example.org");
    let none = lines(&installation, &[("IDP_PUBLIC_URL", "https://login.nowhere.invalid")]);
    has(&none, "WRONG", &["mail.url is empty", "smtp://user:password@host:587"]);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    installation.environment.push(("IDP_MAIL__URL".to_owned(), format!("smtp://{gone}")));
    has(&lines(&installation, &[]), "ok", &["mail goes to 127.0.0.1"]);
    let said = out(&installation.run(&["doctor", "--mail"], ""));
    let found: Vec<String> = said.lines().map(ToOwned::to_owned).collect();
    has(
        &found,
        "WRONG",
        &["127.0.0.1 does not let us in", "Look at host, port, user and password in mail.url"],
    );
    // One that sends everybody away.
    let rude = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = rude.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut visitor, _)) = rude.accept() {
            let _ = std::io::Write::write_all(&mut visitor, b"554 no service for you\r\n");
        }
    });
    installation.environment.pop();
    installation.environment.push(("IDP_MAIL__URL".to_owned(), format!("smtp://{address}")));
    let said = out(&installation.run(&["doctor", "--mail"], ""));
    assert!(said.contains("does not let us in: the mail server did not take it: it answered 554"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_out_of_reach_or_behind_is_named() {
    let (_dir, installation) = installation_with("ada@example.org");
    let url = "postgres://portico:secret@127.0.0.1:1/idp";
    let found = lines(&installation, &[("IDP_DATABASE__URL", url)]);
    has(&found, "WRONG", &["127.0.0.1/idp can not be opened", "Look at database.url"]);
    assert!(!found.iter().any(|line| line.contains("secret")));
    let db = sqlite(&installation.data_dir.join("idp.db")).await;
    let last = "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)";
    db.execute_unprepared(last).await.unwrap();
    has(&lines(&installation, &[]), "note", &["1 migrations behind", "`idp migrate`"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_the_server_has_and_too_few_are_named() {
    let Some(url) = fresh_postgres().await else { return };
    let dir = TempDir::new("operations");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.push(("IDP_DATABASE__URL".to_owned(), url));
    succeed(&installation.run(&["migrate"], ""));
    let many = lines(&installation, &[("IDP_DATABASE__MAX_CONNECTIONS", "9999")]);
    has(&many, "WRONG", &["database.max_connections is 9999", "raise max_connections there"]);
    let few = lines(&installation, &[("IDP_DATABASE__MAX_CONNECTIONS", "1")]);
    has(&few, "note", &["database.max_connections is 1", "Four times the cores"]);
}

#[test]
fn redis_that_is_silent_or_forgets_is_named() {
    let (_dir, installation) = installation_with("ada@example.org");
    let silent = lines(&installation, &[("IDP_REDIS__URL", "redis://127.0.0.1:1")]);
    has(&silent, "WRONG", &["nobody can log in", "Look at redis.url"]);
    let Some(redis) = RedisServer::start(&["--maxmemory", "10mb"]) else { return };
    redis.wait();
    let url = redis.url();
    has(&lines(&installation, &[("IDP_REDIS__URL", &url)]), "ok", &["Redis answers"]);
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    has(&lines(&installation, &[("IDP_REDIS__URL", &url)]), "WRONG", &["Set maxmemory-policy noeviction"]);
}

/// An installation that has been set up, with an operator.
fn set_up() -> (TempDir, Installation) {
    let dir = TempDir::new("operations");
    let installation = Installation::new(&dir.0.join("data"));
    let create = [
        "user",
        "create",
        "--email",
        "olive@example.org",
        "--given-name",
        "O",
        "--family-name",
        "L",
        "--operator",
    ];
    succeed(&installation.run(&[&create[..], &["--password-stdin"]].concat(), PASSWORD));
    drop(installation.start());
    (dir, installation)
}

#[tokio::test]
async fn no_operator_and_no_backup_for_long_are_named() {
    let (dir, installation) = set_up();
    let found = lines(&installation, &[]);
    has(&found, "ok", &["set-up is done"]);
    has(&found, "note", &["idp backup has never made a backup here", "Run it every day"]);
    succeed(&installation.run(&["backup", &dir.0.join("b.db").display().to_string()], ""));
    has(&lines(&installation, &[]), "ok", &["the last backup is of"]);
    let db = sqlite(&installation.data_dir.join("idp.db")).await;
    let old = (now() - Duration::days(8)).unix_timestamp() * 1000;
    let age = format!("UPDATE audit_event SET at = {old} WHERE kind = 'backup-made'");
    db.execute_unprepared(&age).await.unwrap();
    has(
        &lines(&installation, &[]),
        "WRONG",
        &["the last backup is of", "Look at what should run idp backup"],
    );
    db.execute_unprepared("UPDATE user SET disabled_at = 1").await.unwrap();
    has(&lines(&installation, &[]), "WRONG", &["no operator", "idp user role EMAIL operator"]);
}

#[tokio::test]
async fn keys_that_sign_too_long_and_secrets_about_to_end_are_named() {
    let (_dir, installation) = set_up();
    has(&lines(&installation, &[]), "ok", &["signing keys"]);
    let db = sqlite(&installation.data_dir.join("idp.db")).await;
    let made = ["client", "create", "--name", "The lab", "--type", "machine", "--scope", "x"];
    succeed(&installation.run(&made, ""));
    let soon = (now() + Duration::days(3)).unix_timestamp() * 1000;
    let ends = format!("UPDATE client_secret SET expires_at = {soon} WHERE client_id <> 'clinic-example'");
    assert_eq!(db.execute_unprepared(&ends).await.unwrap().rows_affected(), 1);
    has(&lines(&installation, &[]), "note", &["the last secret of the application", "idp client secret add"]);
    let old = (now() - Duration::days(98)).unix_timestamp() * 1000;
    let sql = format!("UPDATE signing_key SET changed_at = {old} WHERE alg = 'ES256' AND state = 'current'");
    assert_eq!(db.execute_unprepared(&sql).await.unwrap().rows_affected(), 1);
    has(&lines(&installation, &[]), "WRONG", &["the ES256 key signs since", "idp keys rotate"]);
    db.execute_unprepared("DELETE FROM signing_key WHERE alg = 'ES256' AND state = 'current'").await.unwrap();
    has(&lines(&installation, &[]), "WRONG", &["no current ES256 key", "Restore"]);
}

async fn database(app: &TestApp, now: OffsetDateTime) -> Vec<Finding> {
    health::of_the_database(&app.app.store, &app.app.config, now).await.unwrap()
}

fn named<'a>(found: &'a [Finding], name: &str) -> Option<&'a Finding> {
    found.iter().find(|finding| finding.name == name)
}

/// T8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_not_that_of_the_database_is_named() {
    if let Some(url) = fresh_postgres().await {
        let environment = vec![("IDP_DATABASE__URL", url)];
        let app = TestApp::with(Options { environment, ..Options::default() }).await;
        assert!(named(&database(&app, now()).await, "clock-skewed").is_none());
        for skew in [Duration::minutes(2), Duration::minutes(-2)] {
            let found = database(&app, now() + skew).await;
            let wrong = named(&found, "clock-skewed").unwrap();
            assert!(wrong.standing == Standing::Wrong && wrong.sentence.contains("NTP"), "{wrong:?}");
        }
    }
    let app = TestApp::init().await;
    app.browser().submit_password("nobody@example.org", "wrong").await;
    assert!(named(&database(&app, app.app.clock.now()).await, "clock-behind").is_none());
    let found = database(&app, app.app.clock.now() - Duration::hours(1)).await;
    let wrong = named(&found, "clock-behind").unwrap();
    assert!(wrong.standing == Standing::Wrong && wrong.sentence.contains("NTP"), "{wrong:?}");
}
