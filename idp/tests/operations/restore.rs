//! `idp restore`: what it refuses, and what a database that was put back does not hand out again (T23, ADR 0039).

use std::path::{Path, PathBuf};

use sea_orm::ConnectionTrait;
use serde_json::Value;
use time::OffsetDateTime;

use super::{installation_with, json, number, out, person, private_folder, refused, sqlite, succeed, texts};
use crate::store::fresh_postgres;
use crate::support::process::{Installation, Process};
use crate::support::{Application, CodeApp, PASSWORD, SoftAuthenticator, TempDir, recovery_codes};

const ADA: &str = "ada@example.org";

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn backup(installation: &Installation, dir: &TempDir, name: &str) -> PathBuf {
    let file = dir.0.join(name);
    succeed(&installation.run(&["backup", &path(&file)], ""));
    file
}

/// A folder where nothing is, with the key of another installation.
fn elsewhere(dir: &TempDir, from: &Installation) -> Installation {
    let there = Installation::new(&dir.0.join("elsewhere"));
    private_folder(&there.data_dir);
    std::fs::copy(from.data_dir.join("master.key"), there.data_dir.join("master.key")).unwrap();
    there
}

fn code_now(app: &CodeApp) -> String {
    app.code(now())
}

#[expect(clippy::disallowed_methods, reason = "a process of its own goes by the time of the machine")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Turns a code app on; with it and what it shows.
async fn code_app(process: &Process) -> (CodeApp, Vec<String>) {
    let browser = process.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser.post("/account/two-factor/begin", &[]).await;
    let app = CodeApp::scan(&browser.get("/account/two-factor/setup").await.body);
    let shown = browser.post("/account/two-factor/setup", &[("code", &code_now(&app))]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    (app, recovery_codes(&shown.body))
}

/// T23: what was handed out before does not work any more; what people have and know does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_service_hands_out_nothing_again_and_locks_nobody_out() {
    let (dir, installation) = installation_with(ADA);
    person(&installation, "carla@example.org");
    let process = installation.start();
    let mut authenticator = SoftAuthenticator::new(&process.issuer);
    let carla = process.browser();
    carla.log_in_with_password("carla@example.org", PASSWORD).await;
    carla.create_passkey(&mut authenticator).await;
    let clinic = process.clinic();
    let tokens = clinic.tokens(&carla, &[]).await;
    let link =
        succeed(&installation.run(&["user", "access-link", "carla@example.org", "--minutes", "60"], ""));
    for command in [
        &["org", "create", "lindenhof", "--name", "Lindenhof"][..],
        &["org", "invite", "lindenhof", "--email", "nia@example.org"],
        &["client", "registration-token", "create", "--note", "x"],
    ] {
        succeed(&installation.run(command, ""));
    }
    let (app, codes) = code_app(&process).await;
    let ada = process.browser();
    let flow = ada.password_step(ADA, PASSWORD).await;
    assert!(process.terminate().success());
    // As if this mail had never left.
    let live = sqlite(&installation.data_dir.join("idp.db")).await;
    let mail = "INSERT INTO outbox (id, kind, sealed_content, attempts, created_at, next_try_at) VALUES \
                (randomblob(16), 'mail', x'00', 0, 1, 9999999999999)";
    live.execute_unprepared(mail).await.unwrap();
    live.close().await.unwrap();
    let file = backup(&installation, &dir, "backup.db");
    drop((ada, flow));

    let there = elsewhere(&dir, &installation);
    let told = json(&there.run(&["restore", &path(&file), "--json"], ""));
    let ended = &told["ended"];
    let ended: Vec<u64> =
        ["grants", "invitations", "registration_tokens"].map(|name| ended[name].as_u64().unwrap()).into();
    assert_eq!(ended, [1, 1, 1], "{told}");
    assert!(
        told["ended"]["sessions"].as_u64() >= Some(2) && told["ended"]["links"].as_u64() >= Some(1),
        "{told}"
    );
    assert!(told["ended"]["deliveries"].as_u64() >= Some(1) && told["aside"] == Value::Null, "{told}");

    // At the same address as before.
    let there = Installation { port: installation.port, ..there };
    let process = there.start();
    assert!(!carla.is_signed_in().await, "a session came back to life");
    assert!(!process.clinic().can_refresh(&tokens).await, "a refresh token came back to life");
    assert_eq!(process.clinic().userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
    let opened = process.browser().get(link.trim().strip_prefix(&process.issuer).unwrap()).await;
    assert!(!opened.body.contains("Welcome back"), "a link came back to life");
    let db = sqlite(&there.data_dir.join("idp.db")).await;
    assert_eq!(number(&db, "SELECT count(*) FROM invitation WHERE ended_at IS NULL").await, 0);
    assert_eq!(number(&db, "SELECT count(*) FROM registration_token").await, 0);
    assert_eq!(number(&db, "SELECT count(*) FROM outbox WHERE kind = 'mail'").await, 0);

    // Carla with her passkey, Ada with her password and a code.
    process.browser().log_in_with_passkey(&mut authenticator).await;
    let ada = process.browser();
    let flow = ada.password_step(ADA, PASSWORD).await;
    let last = number(&db, "SELECT last_step FROM totp").await;
    let step = now().unix_timestamp() / 30;
    assert!((step - 2..=step).contains(&last), "the step of the restore is spent: {last}, {step}");
    let recovered = ada.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    assert!(ada.is_signed_in().await, "a recovery code still opens: {recovered:?}");
    // The next step is good again.
    if last == now().unix_timestamp() / 30 {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
    let phone = process.browser();
    let flow = phone.password_step(ADA, PASSWORD).await;
    phone.post("/login/code", &[("flow", &flow), ("code", &code_now(&app))]).await;
    assert!(phone.is_signed_in().await);

    let kinds = texts(&db, "SELECT kind FROM audit_event WHERE kind = 'database-restored'").await;
    assert_eq!(kinds.len(), 1);
    let detail = texts(&db, "SELECT detail FROM audit_event WHERE kind = 'database-restored'").await;
    let detail: Value = serde_json::from_str(&detail[0]).unwrap();
    assert_eq!((&detail["through"], &detail["whole"]), (&told["through"], &Value::from(true)));
    assert!(detail["at"].is_i64() && detail["grants_ended"] == 1, "{detail}");
    assert!(process.terminate().success());
    succeed(&there.run(&["audit", "verify"], ""));
    let doctor = there.run(&["doctor"], "");
    assert!(doctor.status.success(), "{}", out(&doctor));
}

/// T23: a running service is known by what it holds, however it was started, and keeps its database.
#[tokio::test]
async fn a_restore_is_refused_while_anything_works_on_the_database() {
    let (dir, installation) = installation_with(ADA);
    let file = backup(&installation, &dir, "backup.db");
    let process = installation.start();
    let restore = ["restore", &path(&file), "--replace"];
    let said = refused(&installation.run(&restore, ""));
    assert!(said.contains("Something works on the database") && said.contains("Stop it"), "{said}");
    process.browser().log_in_with_password(ADA, PASSWORD).await;
    // A process that was killed holds nothing.
    process.kill();
    succeed(&installation.run(&restore, ""));
}

/// T23: the database that was there is asked for, moved aside with all that was acknowledged, and never deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_before_is_kept() {
    let (dir, installation) = installation_with(ADA);
    let file = backup(&installation, &dir, "backup.db");
    let process = installation.start();
    let browser = process.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let tokens = process.clinic().tokens(&browser, &[]).await;
    assert!(tokens["refresh_token"].is_string());
    // Its last writes are in the log of writes only.
    process.kill();
    assert!(installation.data_dir.join("idp.db-wal").metadata().unwrap().len() > 0);
    let said = refused(&installation.run(&["restore", &path(&file)], ""));
    assert!(said.contains("is there") && said.contains("--replace"), "{said}");
    let told = json(&installation.run(&["restore", &path(&file), "--replace", "--json"], ""));
    let aside = PathBuf::from(told["aside"].as_str().unwrap());
    let before = sqlite(&aside).await;
    assert_eq!(number(&before, "SELECT count(*) FROM \"grant\"").await, 1);
    let now = sqlite(&installation.data_dir.join("idp.db")).await;
    assert_eq!(number(&now, "SELECT count(*) FROM \"grant\"").await, 0);
    assert_eq!(number(&now, "SELECT count(*) FROM audit_event WHERE kind = 'database-restored'").await, 1);
    now.close().await.unwrap();
    before.close().await.unwrap();
    // And it can be put back in turn: it is a database like any other.
    succeed(&installation.run(&["restore", &path(&aside), "--replace"], ""));
}

/// What is left of the installation when a restore was refused.
async fn untouched(installation: &Installation) {
    let mut names: Vec<String> = std::fs::read_dir(&installation.data_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    assert_eq!(names, ["idp.db", "idp.lock", "master.key"]);
    let db = sqlite(&installation.data_dir.join("idp.db")).await;
    assert_eq!(number(&db, "SELECT count(*) FROM audit_event WHERE kind = 'database-restored'").await, 0);
}

/// T23: a wrong key fails clearly, with a description beside the backup and without one.
#[tokio::test]
async fn a_wrong_or_missing_master_key_is_named_and_nothing_changes() {
    let (dir, installation) = installation_with(ADA);
    let file = backup(&installation, &dir, "backup.db");
    let (_other_dir, other) = installation_with("bea@example.org");
    let restore = ["restore", &path(&file), "--replace"];
    let said = refused(&other.run(&restore, ""));
    assert!(said.contains("was made with another master key: it needs the key"), "{said}");
    untouched(&other).await;
    std::fs::remove_file(dir.0.join("backup.db.json")).unwrap();
    let said = refused(&other.run(&restore, ""));
    assert!(said.contains("The master key does not open this database"), "{said}");
    untouched(&other).await;

    let bare = Installation::new(&dir.0.join("bare"));
    let said = refused(&bare.run(&restore, ""));
    assert!(said.contains("There is no master key here") && said.contains("master.key"), "{said}");
    assert!(!bare.data_dir.join("master.key").exists() && !bare.data_dir.join("idp.db").exists());
}

/// T29: one flipped bit is found, and so is a file that was cut, is no database, or is of a newer program.
#[tokio::test]
async fn a_damaged_foreign_or_newer_backup_is_refused() {
    let (dir, installation) = installation_with(ADA);
    let file = backup(&installation, &dir, "backup.db");
    let good = std::fs::read(&file).unwrap();
    let restore =
        |name: &str| refused(&installation.run(&["restore", &path(&dir.0.join(name)), "--replace"], ""));

    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    let said = restore("backup.db");
    assert!(said.contains("is damaged: it is not the file that"), "{said}");

    std::fs::write(dir.0.join("cut.db"), &good[..good.len() / 2 / 4096 * 4096]).unwrap();
    assert!(restore("cut.db").contains("damaged"));
    std::fs::write(dir.0.join("text.db"), "this is not a database, whatever its name says".repeat(100))
        .unwrap();
    assert!(restore("text.db").contains("not a database"));
    std::fs::write(dir.0.join("empty.db"), "").unwrap();
    assert!(restore("empty.db").contains("is not a database of this program"));
    assert!(restore("nothing.db").contains("is no file"));

    std::fs::write(dir.0.join("newer.db"), &good).unwrap();
    let db = sqlite(&dir.0.join("newer.db")).await;
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 1)";
    db.execute_unprepared(newer).await.unwrap();
    db.close().await.unwrap();
    let said = restore("newer.db");
    assert!(said.contains("was made by a newer version of this program"), "{said}");
    untouched(&installation).await;
}

/// A copy that SQLite's own program made has no description, and is as good.
#[tokio::test]
async fn a_copy_by_other_means_can_be_put_back() {
    let (dir, installation) = installation_with(ADA);
    let process = installation.start();
    // Files that were copied together while they were in use: the last writes are in the log.
    process.kill();
    for ending in ["", "-wal"] {
        let from = installation.data_dir.join(format!("idp.db{ending}"));
        std::fs::copy(from, dir.0.join(format!("copy.db{ending}"))).unwrap();
    }
    let there = elsewhere(&dir, &installation);
    let told = json(&there.run(&["restore", &path(&dir.0.join("copy.db")), "--json"], ""));
    assert_eq!(told["made_at"], Value::Null);
    let process = there.start();
    process.browser().log_in_with_password(ADA, PASSWORD).await;
}

/// A restore that was broken off is no obstacle, and left nothing in the way of the service.
#[tokio::test]
async fn what_a_restore_that_was_broken_off_left_is_no_obstacle() {
    let (dir, installation) = installation_with(ADA);
    let file = backup(&installation, &dir, "backup.db");
    std::fs::write(installation.data_dir.join("idp.db.restoring"), "half").unwrap();
    std::fs::write(installation.data_dir.join("idp.db.restoring-wal"), "half").unwrap();
    drop(installation.start());
    succeed(&installation.run(&["restore", &path(&file), "--replace"], ""));
    assert!(!installation.data_dir.join("idp.db.restoring").exists());
    assert!(!installation.data_dir.join("idp.db.restoring-wal").exists());
}

/// T23: PostgreSQL is put back by its own tools; what it had handed out ends all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_postgresql_handed_out_is_ended_in_place() {
    let Some(url) = fresh_postgres().await else { return };
    let dir = TempDir::new("operations");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.push(("IDP_DATABASE__URL".to_owned(), url.clone()));
    private_folder(&installation.data_dir);
    std::fs::write(installation.data_dir.join("master.key"), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n")
        .unwrap();
    rustix::fs::chmod(installation.data_dir.join("master.key"), rustix::fs::Mode::from(0o600)).unwrap();
    let said = refused(&installation.run(&["restore", "--in-place"], ""));
    assert!(said.contains("There is no service in this database"), "{said}");
    person(&installation, ADA);
    let process = installation.start();
    let browser = process.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let clinic: Application = process.clinic();
    let tokens = clinic.tokens(&browser, &[]).await;
    let said = refused(&installation.run(&["restore", "some.dump"], ""));
    assert!(said.contains("some.dump is no file") || said.contains("pg_restore"), "{said}");
    let said = succeed(&installation.run(&["restore", "--in-place"], ""));
    assert!(said.contains("1 sessions, 1 grants"), "{said}");
    assert!(!browser.is_signed_in().await && !clinic.can_refresh(&tokens).await);
    browser.log_in_with_password(ADA, PASSWORD).await;
    succeed(&installation.run(&["audit", "verify"], ""));
}

/// What a database that is gone has left beside its name is no part of the one that comes (T23).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_writes_that_was_left_behind_brings_nothing_back() {
    let (dir, installation) = installation_with(ADA);
    let process = installation.start();
    let file = backup(&installation, &dir, "before.db");
    let browser = process.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    process.kill();
    assert!(std::fs::metadata(installation.data_dir.join("idp.db-wal")).unwrap().len() > 0);
    std::fs::remove_file(installation.data_dir.join("idp.db")).unwrap();
    succeed(&installation.run(&["restore", &path(&file)], ""));
    let process = installation.start();
    let there = process.browser();
    there.log_in_with_password(ADA, PASSWORD).await;
    assert!(!browser.is_signed_in().await, "a session came back");
    drop(process);
    installation.is_whole(&[]);
}

/// A description vouches for the file, and for nothing beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_writes_beside_a_described_backup_is_not_taken() {
    let (dir, installation) = installation_with(ADA);
    let file = backup(&installation, &dir, "before.db");
    // Somebody makes a person, in a log beside the backup.
    let db = sea_orm::Database::connect(format!("sqlite://{}?mode=rw", file.display())).await.unwrap();
    db.execute_unprepared("PRAGMA journal_mode = WAL").await.unwrap();
    db.execute_unprepared("UPDATE \"user\" SET given_name = 'Mallory'").await.unwrap();
    let log = PathBuf::from(format!("{}-wal", file.display()));
    let planted = std::fs::read(&log).unwrap();
    assert!(!planted.is_empty());
    db.close().await.unwrap();
    let file = backup(&installation, &dir, "again.db");
    std::fs::write(format!("{}-wal", file.display()), planted).unwrap();
    let there = elsewhere(&dir, &installation);
    succeed(&there.run(&["restore", &path(&file)], ""));
    let db = sqlite(&there.data_dir.join("idp.db")).await;
    assert_eq!(number(&db, "SELECT count(*) FROM \"user\" WHERE given_name = 'Mallory'").await, 0);
}
