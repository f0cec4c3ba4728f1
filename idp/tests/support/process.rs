//! The program itself, as a process: started, spoken to, ended by its id.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::{Application, Browser, PASSWORD};

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
    /// Commands run where this process sees its disks.
    pub inside: Option<u32>,
    /// What is run; in a test of upgrades not always the one of this tree.
    pub program: PathBuf,
}

impl Installation {
    pub fn new(data_dir: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self {
            data_dir: data_dir.to_owned(),
            port,
            environment: Vec::new(),
            inside: None,
            program: PROGRAM.into(),
        }
    }

    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The program with the settings of this installation and nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.within(&self.program);
        command
            .env_clear()
            .env("IDP_DATA_DIR", &self.data_dir)
            .env("IDP_HTTP__LISTEN", format!("127.0.0.1:{}", self.port))
            .env("IDP_PUBLIC_URL", self.issuer())
            .envs(self.environment.iter().cloned())
            .args(arguments);
        command
    }

    /// What it says on standard error, over all starts.
    pub fn log(&self) -> PathBuf {
        self.data_dir.with_extension("log")
    }

    /// The common end of every test with a fault in it: the trail and the database are whole, nothing panicked, and no
    /// secret is in the log. The program has ended.
    pub fn is_whole(&self, secrets: &[String]) {
        let verified = self.run(&["audit", "verify"], "");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        let log = std::fs::read_to_string(self.log()).unwrap();
        assert!(!log.contains("panicked"), "{log}");
        for secret in secrets {
            assert!(!log.contains(secret.as_str()), "{secret} is in the log");
        }
        if !self.environment.iter().any(|(name, _)| name == "IDP_DATABASE__URL") {
            let checked = self
                .within("sqlite3")
                .arg(self.data_dir.join("idp.db"))
                .arg("PRAGMA integrity_check")
                .output();
            if let Ok(checked) = checked {
                assert_eq!(String::from_utf8_lossy(&checked.stdout).trim(), "ok");
            }
        }
    }

    /// Somebody with a password, made by command.
    pub fn person(&self, email: &str) {
        let arguments = [
            ["user", "create"].as_slice(),
            &["--email", email, "--given-name", "P", "--family-name", "W", "--password-stdin"],
        ]
        .concat();
        let made = self.run(&arguments, PASSWORD);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn within(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let Some(process) = self.inside else {
            return Command::new(program);
        };
        let mut command = Command::new("nsenter");
        command.args(["-m", "-t", &process.to_string(), "--"]).arg(program);
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
        self.start_as(self.command(&[]))
    }

    /// As [`Self::start`], by a command of one's own that ends in the program.
    pub fn start_as(&self, mut command: Command) -> Process {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
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

    pub fn pid(&self) -> u32 {
        self.child.id()
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
