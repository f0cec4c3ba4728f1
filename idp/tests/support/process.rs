//! The program itself, as a process: started, spoken to, ended by its id.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::{Application, Browser};

const PROGRAM: &str = env!("CARGO_BIN_EXE_idp");

/// A running `idp serve`.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub issuer: String,
    /// What it printed until it was listening.
    pub greeting: Vec<String>,
}

/// Where a process keeps its data and is reached, over any number of starts.
#[derive(Clone)]
pub struct Installation {
    pub data_dir: PathBuf,
    pub port: u16,
    pub environment: Vec<(String, String)>,
}

impl Installation {
    pub fn new(data_dir: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { data_dir: data_dir.to_owned(), port, environment: Vec::new() }
    }

    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The program with the settings of this installation and nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("IDP_DATA_DIR", &self.data_dir)
            .env("IDP_HTTP__LISTEN", format!("127.0.0.1:{}", self.port))
            .env("IDP_PUBLIC_URL", self.issuer())
            .envs(self.environment.iter().cloned())
            .args(arguments);
        command
    }

    /// Runs a command to its end, with `input` on standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts the service and waits until it listens.
    pub fn start(&self) -> Process {
        let mut child = self.command(&[]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = Vec::new();
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "it stopped after saying {greeting:?}");
            let last = line.starts_with("Set-up:") || line.starts_with("Ready:");
            greeting.push(line.trim().to_owned());
            if last {
                break;
            }
        }
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _ = output.read_to_end(&mut rest);
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        Process { child, address, issuer: self.issuer(), greeting }
    }
}

impl Process {
    pub fn browser(&self) -> Browser {
        Browser::at(&self.issuer, self.address)
    }

    pub fn clinic(&self) -> Application {
        Application::clinic_at(&self.issuer, self.address)
    }

    /// The set-up address it printed, without the origin.
    pub fn set_up_path(&self) -> String {
        let line = self.greeting.iter().find_map(|line| line.strip_prefix("Set-up: ")).unwrap();
        line.strip_prefix(&self.issuer).unwrap().to_owned()
    }

    /// Pulls the plug.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and returns how it ended.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        self.ask_to_stop();
        self.child.wait().unwrap()
    }

    pub fn ask_to_stop(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
