//! PostgreSQL servers of a test's own, which may be ended and started again. Their writes reach the disk like those of
//! a real one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::TempDir;

pub struct PostgresServer {
    programs: PathBuf,
    pub port: u16,
    dir: TempDir,
}

impl PostgresServer {
    /// `None` where it is not installed: `scripts/test` sees to it that it is.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let dir = TempDir::new("postgres");
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&dir.0).status().unwrap().success());
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs, port, dir };
        server.run("initdb", &["-U", "portico", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        server.again();
        Some(server)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The database that is there from the start, through this port.
    pub fn url_at(port: u16) -> String {
        format!("postgres://portico@127.0.0.1:{port}/postgres")
    }

    pub fn url(&self) -> String {
        Self::url_at(self.port)
    }

    /// Ends it as a failing machine would: nobody is waited for.
    pub fn stop(&self) {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }

    /// Starts it on the data that it has, and waits until it answers.
    pub fn again(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections=300",
            self.port,
            self.dir.0.display()
        );
        let log = self.dir.0.join("log").display().to_string();
        self.run("pg_ctl", &["-o", &options, "-l", &log, "-w", "start"]);
    }

    /// PostgreSQL does not run as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").arg("-D").arg(self.dir.0.join("data")).args(arguments);
        let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(ended.success(), "{command:?}");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.dir.0.join("data/postmaster.pid").exists() {
            self.stop();
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The newest of those that Debian keeps out of the path.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|path: &PathBuf| Path::new(path).join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}
