//! Redis servers of a test's own, which may be stopped, started again and made to hang.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::TempDir;

const PROGRAM: &str = "redis-server";

pub struct RedisServer {
    child: Child,
    pub port: u16,
    arguments: Vec<String>,
    dir: TempDir,
}

impl RedisServer {
    /// `None` where Redis is not installed: `scripts/test` sees to it that it is.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        if Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: {PROGRAM} is not installed");
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let dir = TempDir::new("redis");
        let child = spawn(port, &arguments, &dir.0);
        Some(Self { child, port, arguments, dir })
    }

    pub fn single() -> Option<Self> {
        let server = Self::start(&[])?;
        server.wait();
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn dir(&self) -> &Path {
        &self.dir.0
    }

    /// What the server says to one command.
    pub fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_connection_with_timeout(Duration::from_secs(2))?;
        let (name, arguments) = command.split_first().unwrap();
        redis::cmd(name).arg(arguments).query(&mut connection)
    }

    /// Until it answers.
    pub fn wait(&self) {
        for _ in 0..200 {
            if self.ask::<String>(&["PING"]).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{PROGRAM} does not answer");
    }

    pub fn flush(&self) {
        self.ask::<()>(&["FLUSHALL"]).unwrap();
    }

    /// Moves its clock, as far as anybody can tell from what expires.
    pub fn age(&self, by: time::Duration) {
        let keys: Vec<Vec<u8>> = self.ask(&["KEYS", "*"]).unwrap();
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        for key in keys {
            let left: i64 = redis::cmd("PTTL").arg(&key).query(&mut connection).unwrap();
            if left >= 0 {
                // A few milliseconds have really gone by. PEXPIRE with nothing left deletes.
                let left = left + 900 - i64::try_from(by.whole_milliseconds()).unwrap();
                let left = left / 1000 * 1000;
                let _: () = redis::cmd("PEXPIRE").arg(&key).arg(left).query(&mut connection).unwrap();
            }
        }
    }

    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// At the address it had before.
    pub fn start_again(&mut self) {
        self.child = spawn(self.port, &self.arguments, &self.dir.0);
        self.wait();
    }

    /// It takes what it is sent and says nothing.
    pub fn hang(&self) {
        self.signal(Signal::STOP);
    }

    pub fn wake(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, arguments: &[String], dir: &Path) -> Child {
    Command::new(PROGRAM)
        // A file comes first.
        .args(arguments)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
        .args(["--maxmemory-policy", "noeviction", "--daemonize", "no"])
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
