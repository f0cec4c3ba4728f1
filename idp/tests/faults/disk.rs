//! Disks that fail or are full (T3, T4): a request is done or it is not, what is said of it is true, and the trail agrees
//! with the data. Nobody has to restart anything.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{is_full, rounds};
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::process::{Installation, Process};
use crate::support::{Answer, Browser, PASSWORD, TempDir};

const ADA: &str = "ada@example.org";
const WRITES: &str = "pwrite64,pwritev,fdatasync,fsync,ftruncate";

/// Every write of the program, from the `nth` of each thread on to the one after it, fails while this lives.
struct Failing {
    strace: Child,
    log: PathBuf,
}

impl Failing {
    /// `None` where processes can not be looked into.
    fn nth_write_of(process: &Process, nth: u32, log: &Path) -> Option<Self> {
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-p", &process.pid().to_string(), "-o"])
            .arg(log)
            .args(["-e", &format!("trace={WRITES}"), "-e", &format!("inject={WRITES}:error=EIO:when={nth}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut failing = Self { strace, log: log.to_owned() };
        let tasks = format!("/proc/{}/task", process.pid());
        for _ in 0..200 {
            if failing.strace.try_wait().unwrap().is_some() {
                return None;
            }
            let held = std::fs::read_dir(&tasks).unwrap().flatten().all(|task| {
                let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
                status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
            });
            if held {
                return Some(failing);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("strace does not hold all threads");
    }

    /// Lets go, and says how many writes failed.
    fn end(mut self) -> usize {
        let pid = rustix::process::Pid::from_child(&self.strace);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.strace.wait().unwrap();
        std::fs::read_to_string(&self.log).unwrap().matches("(INJECTED)").count()
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

/// What somebody does while writes fail, and what came of it.
struct Person {
    visitor: Visitor,
    process: Process,
    installation: Installation,
    name: String,
    changes: i64,
}

impl Person {
    async fn start(dir: &Path) -> Self {
        let installation = Installation::new(&dir.join("data"));
        let process = installation.start();
        installation.person(ADA);
        let browser = Arc::new(process.browser());
        browser.log_in_with_password(ADA, PASSWORD).await;
        let visitor = Visitor { browser, clinic: process.clinic(), ledger: Arc::new(Ledger::default()) };
        assert_eq!(visitor.sign_in().await, Outcome::Done);
        Self { visitor, process, installation, name: "P".to_owned(), changes: 0 }
    }

    /// Changes the name and says whether that was acknowledged.
    async fn rename(&self, name: &str) -> bool {
        let fields = [("given_name", name), ("family_name", "W")];
        let answer = self.visitor.browser.post("/account/profile", &fields).await;
        let done = done_or_busy(&answer);
        assert!(!done || answer.location() == "/account?notice=profile-saved", "{answer:?}");
        done
    }

    async fn log_in(&self) -> Option<Browser> {
        let browser = self.process.browser();
        let answer = browser.submit_password(ADA, PASSWORD).await;
        done_or_busy(&answer).then_some(browser)
    }

    async fn current_name(&self) -> String {
        let page = self.visitor.browser.get("/account/profile").await.body;
        let (_, rest) = page.split_once("name=\"given_name\"").unwrap();
        rest.split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
    }

    async fn recorded_changes(&self) -> i64 {
        let file = self.installation.data_dir.join("idp.db");
        let db = sea_orm::Database::connect(format!("sqlite://{}?mode=ro", file.display())).await.unwrap();
        let count = "SELECT count(*) AS n FROM audit_event WHERE kind = 'profile-changed'";
        let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, count)).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    /// Data and trail agree, whatever was answered; what was acknowledged is so.
    async fn is_consistent(&mut self, asked_for: &str, acknowledged: bool) {
        let now = self.current_name().await;
        assert!(now == asked_for || (now == self.name && !acknowledged), "{now:?}, asked for {asked_for:?}");
        self.changes += i64::from(now != self.name);
        assert_eq!(self.recorded_changes().await, self.changes, "the trail and the data do not agree");
        self.name = now;
    }
}

/// Of a person's sessions the oldest goes when there are too many, and that is the visitor's.
async fn leave(browser: &Browser) {
    assert_eq!(browser.post("/logout", &[]).await.location(), "/login/signed-out");
}

fn done_or_busy(answer: &Answer) -> bool {
    if answer.status.is_redirection() {
        return true;
    }
    assert_eq!(answer.status, 503, "{} {}", answer.status, answer.body.replace("  ", "").replace('\n', " "));
    answer.assert_error_page("Back in a moment");
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    false
}

/// T3: each write of a log-in, an exchange and a change of a name fails in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_leaves_nothing_half_done() {
    let dir = TempDir::new("writes");
    let mut ada = Person::start(&dir.0).await;
    let (mut failed, mut refused, mut nth) = (0, 0, 0);
    let until = rounds(8, 200);
    while nth < until {
        nth += 1;
        let Some(failing) = Failing::nth_write_of(&ada.process, nth, &dir.0.join("strace.log")) else {
            eprintln!("skipped: strace can not be used here");
            return;
        };
        let there = ada.log_in().await;
        let outcome = ada.visitor.sign_in().await;
        assert!(matches!(outcome, Outcome::Done | Outcome::Busy), "{outcome:?}");
        let name = format!("Name {nth}");
        let acknowledged = ada.rename(&name).await;
        let injected = failing.end();
        refused +=
            usize::from(there.is_none()) + usize::from(outcome != Outcome::Done) + usize::from(!acknowledged);
        failed += injected;
        ada.is_consistent(&name, acknowledged).await;
        if let Some(there) = there {
            assert!(there.is_signed_in().await, "an acknowledged session is gone");
            leave(&there).await;
        }
        // A code that was refused for want of a disk may be redeemed now, once.
        ada.visitor.ledger.doubtful_codes_open_little(&ada.visitor.clinic, false).await;
        ada.visitor.ledger.holds(&ada.visitor.clinic, 50).await;
        leave(&ada.log_in().await.expect("it does not recover by itself")).await;
        if injected == 0 {
            break;
        }
    }
    println!("{failed} writes failed in {nth} rounds, {refused} requests were refused for it");
    assert!(failed > 0 && refused > 0, "{failed} writes failed and {refused} requests were refused");
    let Person { visitor, process, installation, .. } = ada;
    assert!(process.terminate().success());
    installation.is_whole(&visitor.ledger.secrets());
}

/// T4: no room on the disk, and room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_politely_and_is_forgotten_when_there_is_room() {
    let dir = TempDir::new("full");
    let data_dir = dir.0.join("data");
    std::fs::create_dir(&data_dir).unwrap();
    let outside = Installation::new(&data_dir);
    let Some(process) = on_a_small_disk(&outside) else {
        eprintln!("skipped: no disk of one's own can be made here");
        return;
    };
    // The disk is there in the world of the process only.
    let inside = Installation { inside: Some(process.pid()), ..outside.clone() };
    let data_dir = PathBuf::from(format!("/proc/{}/root{}", process.pid(), data_dir.display()));
    inside.person(ADA);
    let browser = Arc::new(process.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    let visitor = Visitor { browser, clinic: process.clinic(), ledger: Arc::new(Ledger::default()) };
    for _ in 0..5 {
        assert_eq!(visitor.sign_in().await, Outcome::Done);
    }
    for _ in 0..rounds(1, 5) {
        let filler = data_dir.join("filler");
        fill(&filler);
        let mut busy = 0;
        // What was set aside for the journal is used up first.
        for _ in 0..400 {
            busy += usize::from(visitor.sign_in().await == Outcome::Busy);
            if busy > 3 {
                break;
            }
        }
        assert!(busy > 0, "the disk is not full");
        for path in ["/oidc/jwks", "/.well-known/openid-configuration", "/livez", "/account"] {
            assert_eq!(visitor.browser.get(path).await.status, 200, "{path}");
        }
        let ready = visitor.browser.get("/readyz").await;
        assert!(ready.json()["degraded"].as_str().unwrap().contains("disk"), "{ready:?}");
        let there = process.browser();
        assert!(!done_or_busy(&there.submit_password(ADA, PASSWORD).await));
        std::fs::remove_file(&filler).unwrap();
        let begun = Instant::now();
        while visitor.sign_in().await != Outcome::Done {
            assert!(begun.elapsed() < Duration::from_secs(5), "it does not recover by itself");
        }
        there.log_in_with_password(ADA, PASSWORD).await;
        assert_eq!(visitor.browser.get("/readyz").await.json(), serde_json::json!({ "ready": true }));
        visitor.ledger.doubtful_codes_open_little(&visitor.clinic, false).await;
        visitor.ledger.holds(&visitor.clinic, 100).await;
    }
    inside.is_whole(&visitor.ledger.secrets());
    assert!(process.terminate().success());
    assert!(is_full() || visitor.ledger.signed_in() > 5);
}

fn on_a_small_disk(installation: &Installation) -> Option<Process> {
    let alone = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-m", "sh", "-c", command]).arg(&installation.data_dir);
        unshare
    };
    let mount = "mount -t tmpfs -o size=6m,mode=700 none \"$0\"";
    let tried = alone(mount).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        return None;
    }
    let program = installation.command(&[]);
    let mut command = alone(&format!("{mount} && exec \"$1\""));
    command.arg(program.get_program());
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    Some(installation.start_as(command))
}

fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [64 * 1024, 1024, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}
