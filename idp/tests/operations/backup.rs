//! `idp backup`: what it writes, and what it leaves alone (T4, T23).

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::{installation_with, json, number, out, refused, sqlite, succeed};
use crate::support::PASSWORD;
use crate::support::process::Installation;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// T23, S8: a copy while the service runs, for this user alone, with what is needed to judge it and nothing that opens it.
#[tokio::test]
async fn a_backup_of_a_running_service_is_whole_private_described_and_recorded() {
    let (dir, installation) = installation_with("ada@example.org");
    let process = installation.start();
    process.browser().log_in_with_password("ada@example.org", PASSWORD).await;
    let folder = dir.0.join("backups");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("monday.db");
    let told = json(&installation.run(&["backup", &file.display().to_string(), "--json"], ""));
    assert_eq!(names(&folder), ["monday.db", "monday.db.json"]);
    assert_eq!((mode(&file), mode(&folder.join("monday.db.json"))), (0o600, 0o600));

    let text = std::fs::read_to_string(folder.join("monday.db.json")).unwrap();
    let described: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(described, told["description"]);
    let key = std::fs::read_to_string(installation.data_dir.join("master.key")).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    for secret in [key.trim(), PASSWORD] {
        assert!(!text.contains(secret));
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    assert_eq!(described["program"], env!("CARGO_PKG_VERSION"));
    assert_eq!(described["bytes"], bytes.len());
    let copy = sqlite(&file).await;
    let last = "SELECT count(*) FROM seaql_migrations WHERE version = '";
    let migration = described["last_migration"].as_str().unwrap();
    assert_eq!(number(&copy, &format!("{last}{migration}'")).await, 1);
    let head = number(&copy, "SELECT sequence FROM audit_head").await;
    assert_eq!(described["audit"]["sequence"], head);
    assert_eq!(number(&copy, "SELECT count(*) FROM audit_event WHERE kind = 'signed-in'").await, 1);
    assert!(described["made_at"].is_string() && described["data_keys"][0] == "data-1", "{described}");

    // The trail of the service has it, that of the copy can not.
    let live = sqlite(&installation.data_dir.join("idp.db")).await;
    let recorded =
        format!("SELECT count(*) FROM audit_event WHERE kind = 'backup-made' AND detail LIKE '%:{head}}}'");
    assert_eq!((number(&live, &recorded).await, number(&copy, &recorded).await), (1, 0));
    assert!(process.browser().get("/login").await.status == 200);
}

/// T23: in a folder it finds its own name; with words it says where the key belongs.
#[tokio::test]
async fn a_backup_into_a_folder_has_a_name_of_its_own_and_speaks_of_the_key() {
    let (dir, installation) = installation_with("ada@example.org");
    let folder = dir.0.join("backups");
    std::fs::create_dir(&folder).unwrap();
    let said = succeed(&installation.run(&["backup", &folder.display().to_string()], ""));
    assert!(said.contains("keep a copy of the key in another place than this file"), "{said}");
    let made = names(&folder);
    assert!(made.len() == 2 && made[0].starts_with("portico-20") && made[0].ends_with("Z.db"), "{made:?}");
}

/// T23: nothing is overwritten, whatever it is.
#[tokio::test]
async fn a_backup_never_takes_the_place_of_anything() {
    let (dir, installation) = installation_with("ada@example.org");
    let path = |name: &str| dir.0.join(name).display().to_string();
    for (there, target) in [("a.db", "a.db"), ("b.db.json", "b.db"), ("c.db.part", "c.db")] {
        std::fs::write(dir.0.join(there), "something").unwrap();
        let said = refused(&installation.run(&["backup", &path(target)], ""));
        assert!(said.contains(&format!("{} is there", path(there))), "{said}");
        assert_eq!(std::fs::read_to_string(dir.0.join(there)).unwrap(), "something");
    }
    std::os::unix::fs::symlink("nowhere", dir.0.join("d.db")).unwrap();
    refused(&installation.run(&["backup", &path("d.db")], ""));
    assert!(!dir.0.join("nowhere").exists());
    let elsewhere = refused(&installation.run(&["backup", "/nowhere/at/all.db"], ""));
    assert!(elsewhere.contains("can not be made"), "{elsewhere}");
}

/// T4: a disk without room leaves no half file, and a sentence.
#[tokio::test]
async fn a_full_disk_leaves_no_half_backup_and_is_named() {
    let (dir, installation) = installation_with("ada@example.org");
    let mount = dir.0.join("small");
    std::fs::create_dir(&mount).unwrap();
    // Makes the database larger than the disk.
    let live = sqlite(&installation.data_dir.join("idp.db")).await;
    live.execute_unprepared("CREATE TABLE weight (content BLOB)").await.unwrap();
    live.execute_unprepared("INSERT INTO weight VALUES (randomblob(4000000))").await.unwrap();
    live.close().await.unwrap();
    let target = mount.join("backup.db").display().to_string();
    let plan = format!(
        "mount -t tmpfs -o size=2m none '{0}' || exit 77; \"$@\"; code=$?; ls -A '{0}'; exit $code",
        mount.display()
    );
    let Some(ran) = in_a_room_of_its_own(&plan, &installation.command(&["backup", &target])) else { return };
    let said = refused(&ran);
    assert!(said.contains("is full") && said.contains("nothing was left of it"), "{said}");
    assert_eq!(out(&ran), "", "what is on the disk afterwards");
    // And the service goes on; with room there is a backup.
    let target = dir.0.join("backup.db").display().to_string();
    succeed(&installation.run(&["backup", &target], ""));
}

/// Runs a plan, in which `"$@"` is the command, where it may mount things. `None`, where this user may not.
pub fn in_a_room_of_its_own(plan: &str, command: &Command) -> Option<std::process::Output> {
    let mut shell = Command::new("unshare");
    shell.args(["-rm", "sh", "-c", plan, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let ran = shell.stdin(Stdio::null()).output();
    let ran = ran.ok().filter(|ran| ran.status.code() != Some(77));
    if ran.is_none() {
        eprintln!("skipped: nothing can be mounted here");
    }
    ran
}

/// What was tampered with is kept as it is, and said to be so.
#[tokio::test]
async fn a_backup_of_a_trail_that_was_tampered_with_is_kept_and_says_so() {
    let (dir, installation) = installation_with("ada@example.org");
    let live = sqlite(&installation.data_dir.join("idp.db")).await;
    live.execute_unprepared("UPDATE audit_event SET kind = 'signed-in' WHERE sequence = 1").await.unwrap();
    live.close().await.unwrap();
    let target = dir.0.join("backup.db");
    let ran = installation.run(&["backup", &target.display().to_string()], "");
    assert_eq!(ran.status.code(), Some(1));
    assert!(out(&ran).contains("AUDIT TRAIL IN IT IS BROKEN: record 1 was changed"), "{}", out(&ran));
    assert!(target.exists());
}

/// What PostgreSQL does better is left to it, in words that can be followed.
#[test]
fn a_service_on_postgresql_is_told_what_to_run() {
    let (dir, mut installation) = installation_with("ada@example.org");
    installation
        .environment
        .push(("IDP_DATABASE__URL".to_owned(), "postgres://x:secret@db.invalid/idp".to_owned()));
    let target = dir.0.join("backup.db");
    let said = refused(&installation.run(&["backup", &target.display().to_string()], ""));
    assert!(
        said.contains("pg_dump --format=custom") && !said.contains("cat ") && said.contains("master key"),
        "{said}"
    );
    assert!(!said.contains("secret") && !target.exists());
}

/// A wrong folder makes no service, and a backup of one.
#[test]
fn where_no_service_is_there_is_nothing_to_back_up() {
    let (dir, mut installation) = installation_with("ada@example.org");
    installation.data_dir = dir.0.join("elsewhere");
    let said = refused(&installation.run(&["backup", &dir.0.join("b.db").display().to_string()], ""));
    assert!(said.contains("There is no service here"), "{said}");
    assert!(!installation.data_dir.exists());
}

/// A database that takes a while to copy.
async fn a_heavy_one(installation: &Installation) {
    let live = sqlite(&installation.data_dir.join("idp.db")).await;
    live.execute_unprepared("CREATE TABLE weight (content BLOB)").await.unwrap();
    for _ in 0..8 {
        live.execute_unprepared("INSERT INTO weight VALUES (randomblob(12000000))").await.unwrap();
    }
    live.close().await.unwrap();
}

/// Starts a backup and waits until it is being written.
fn begun(installation: &Installation, target: &Path) -> std::process::Child {
    let mut command = installation.command(&["backup", &target.display().to_string()]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let database = if target.is_dir() { target.to_owned() } else { target.with_extension("db.part") };
    for _ in 0..2_000 {
        let written = if database.is_dir() {
            names(&database).iter().any(|name| name.ends_with(".db.part"))
        } else {
            std::fs::metadata(&database).is_ok_and(|file| file.len() > 0)
        };
        if written {
            return child;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    panic!("nothing is written: {:?}", child.wait_with_output());
}

/// Whoever ends it by hand finds nothing of it, and what one that was killed has left is gone with the next.
#[tokio::test]
async fn a_backup_that_is_broken_off_leaves_nothing_for_long() {
    let (dir, installation) = installation_with("ada@example.org");
    a_heavy_one(&installation).await;
    let folder = dir.0.join("backups");
    std::fs::create_dir(&folder).unwrap();
    let target = folder.join("monday.db");
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let child = begun(&installation, &target);
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let said = refused(&child.wait_with_output().unwrap());
        assert!(said.contains("broken off") && said.contains("Nothing was left"), "{said}");
        assert_eq!(names(&folder), [] as [&str; 0]);
    }
    for (target, whole) in [(&target, 2), (&folder, 4)] {
        let mut child = begun(&installation, target);
        // Nobody takes the place of one that is being written.
        if !target.is_dir() {
            let said = refused(&installation.run(&["backup", &target.display().to_string()], ""));
            assert!(said.contains("another backup is being written"), "{said}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(names(&folder).iter().any(|name| name.ends_with(".db.part")), "{:?}", names(&folder));
        // A name of the moment is another one a second later.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        succeed(&installation.run(&["backup", &target.display().to_string()], ""));
        let left = names(&folder);
        assert!(
            left.len() == whole && left.iter().all(|name| name.strip_suffix(".part").is_none()),
            "{left:?}"
        );
    }
}

/// The same at the two moments that are too short to be met: before there is a database, and between its names.
#[tokio::test]
async fn what_is_left_at_a_bad_moment_is_gone_with_the_next() {
    let (dir, installation) = installation_with("ada@example.org");
    let folder = dir.0.join("backups");
    std::fs::create_dir(&folder).unwrap();
    let target = folder.join("monday.db");
    let back_up = || succeed(&installation.run(&["backup", &target.display().to_string()], ""));
    std::fs::write(folder.join("monday.db.json.part"), "").unwrap();
    back_up();
    assert_eq!(names(&folder), ["monday.db", "monday.db.json"]);
    std::fs::rename(&target, folder.join("monday.db.part")).unwrap();
    back_up();
    assert_eq!(names(&folder), ["monday.db", "monday.db.json"]);
    // While it was removed, after its database.
    std::fs::rename(folder.join("monday.db.json"), folder.join("monday.db.json.part")).unwrap();
    std::fs::remove_file(&target).unwrap();
    back_up();
    assert_eq!(names(&folder), ["monday.db", "monday.db.json"]);
    // Of a backup into a folder, whose name never comes again.
    let at_once = folder.join("portico-20260101T000000Z.db.json.part");
    std::fs::write(&at_once, "").unwrap();
    succeed(&installation.run(&["backup", &folder.display().to_string()], ""));
    assert!(!at_once.exists());
    // What is somebody else's stays: an empty file, and a copy that has only begun.
    let tuesday = folder.join("tuesday.db");
    let into_tuesday = || refused(&installation.run(&["backup", &tuesday.display().to_string()], ""));
    std::fs::write(folder.join("tuesday.db.json"), "").unwrap();
    assert!(into_tuesday().contains("is there already"));
    std::fs::copy(folder.join("monday.db.json"), folder.join("tuesday.db.json")).unwrap();
    std::fs::write(folder.join("tuesday.db.part"), b"SQLite format 3\0").unwrap();
    assert!(into_tuesday().contains("is there already"));
    assert!(folder.join("tuesday.db.part").exists());
}

/// Whoever looks into the folder at any moment finds no backup without its description.
#[tokio::test]
async fn a_backup_never_is_without_its_description() {
    let (dir, installation) = installation_with("ada@example.org");
    for round in 0..20 {
        let target = dir.0.join(format!("{round}.db"));
        let described = dir.0.join(format!("{round}.db.json"));
        let mut command = installation.command(&["backup", &target.display().to_string()]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        while !target.exists() {
            assert!(child.try_wait().unwrap().is_none_or(|ended| ended.success()));
        }
        assert!(described.exists(), "round {round}");
        assert!(child.wait().unwrap().success());
    }
}
