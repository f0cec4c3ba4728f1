//! `idp ready`, and how a running service keeps to itself.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{installation, text};
use crate::support::TempDir;
use crate::support::certificates::Authority;

/// How a container and a script know that a node can be given requests.
#[test]
fn ready_says_what_the_service_says() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let nobody = installation.run(&["ready"], "");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("nothing that serves listens at 127.0.0.1:"), "{nobody:?}");
    let process = installation.start();
    let ready = installation.run(&["ready", "--json"], "");
    assert_eq!(ready.status.code(), Some(0));
    assert_eq!(serde_json::from_slice::<Value>(&ready.stdout).unwrap(), json!({ "ready": true }));
    assert_eq!(text(&installation.run(&["ready"], "").stdout), "Ready.\n");
    drop(process);
    assert_eq!(installation.run(&["ready"], "").status.code(), Some(1));
}

#[test]
fn a_service_that_is_told_to_stop_is_not_ready() {
    let dir = TempDir::new("cli");
    let mut installation = installation(&dir);
    installation.environment = vec![("IDP_HTTP__SHUTDOWN_DELAY_SECONDS".to_owned(), "5".to_owned())];
    let process = installation.start();
    process.ask_to_stop();
    let told = std::iter::repeat_with(|| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        installation.run(&["ready"], "")
    })
    .take(100)
    .find(|told| told.status.code() == Some(1))
    .expect("it went on being ready");
    assert_eq!(text(&told.stdout), "Not ready: shutting down.\n");
}

/// Nobody can be misled by a certificate there: nothing is told to the service, and it is on this machine.
#[test]
fn ready_asks_a_service_with_a_certificate_of_its_own_too() {
    let dir = TempDir::new("cli");
    let mut installation = installation(&dir);
    let (certificate, key) = (dir.0.join("cert.pem"), dir.0.join("key.pem"));
    let server = Authority::new("of nobody's").server();
    std::fs::write(&certificate, server.pem).unwrap();
    std::fs::write(&key, server.key).unwrap();
    installation.environment = vec![
        ("IDP_PUBLIC_URL".to_owned(), "https://login.example-clinic.org".to_owned()),
        ("IDP_HTTP__TLS__CERTIFICATE_FILE".to_owned(), certificate.display().to_string()),
        ("IDP_HTTP__TLS__KEY_FILE".to_owned(), key.display().to_string()),
    ];
    let _process = installation.start();
    let ready = installation.run(&["ready"], "");
    assert_eq!(ready.status.code(), Some(0), "{}", text(&ready.stderr));
}

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// S8
#[cfg(target_os = "linux")]
#[test]
fn a_running_service_leaves_no_core_and_shows_its_memory_to_nobody() {
    let dir = TempDir::new("cli");
    let place = dir.0.join("place");
    std::fs::create_dir(&place).unwrap();
    // Root could look into anything, so the service is somebody else, whom these folders let in.
    let command = installation(&dir).command(&[]);
    let mut allowed = Command::new(command.get_program());
    let root = rustix::process::getuid().is_root();
    if root {
        std::fs::set_permissions(&dir.0, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(&place, Some(65534), Some(65534)).unwrap();
        let copy = dir.0.join("idp");
        let program = std::path::Path::new(command.get_program());
        std::fs::hard_link(program, &copy).or_else(|_| std::fs::copy(program, &copy).map(drop)).unwrap();
        allowed = Command::new(copy);
        allowed.uid(65534).gid(65534);
    }
    let environment = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    allowed.env_clear().envs(environment);
    let mut command = allowed;
    command.env("IDP_DATA_DIR", place.join("data")).stdout(Stdio::null()).stderr(Stdio::null());
    // A copy can not be started as long as a process that another test begins right now has it open.
    let service = Stopped(
        (0..100)
            .find_map(|_| {
                let started = command.spawn();
                if started.is_err() {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                started.ok()
            })
            .expect("it does not start"),
    );
    let (data, proc) = (place.join("data/master.key"), format!("/proc/{}", service.0.id()));
    for _ in 0..500 {
        if data.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let about = |file: &str| std::fs::read_to_string(format!("{proc}/{file}")).unwrap();
    assert!(data.exists(), "it does not start");
    let limits = about("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    assert!(about("status").contains("Umask:\t0077"));
    // What may be dumped belongs to the process's own user, and else to root (proc(5)).
    assert_eq!(std::fs::metadata(format!("{proc}/mem")).unwrap().uid(), 0);
    assert_eq!(std::fs::metadata(&data).unwrap().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(place.join("data")).unwrap().mode() & 0o777, 0o700);
}
