//! A server under measurement: a process that is started, waited for, looked at and ended.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::driver::line::{Line, request};

/// A server that is not ready after this long will not be.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub struct Contender {
    child: Child,
    pub address: SocketAddr,
    /// From starting the process until it answered that it is ready.
    pub ready_after: Duration,
    /// More nodes of the same installation.
    pub others: Vec<Self>,
    /// Where they keep what is under way. Ends after them.
    pub redis: Option<Redis>,
}

/// A Redis of our own, which keeps nothing on the disk.
#[derive(Debug)]
pub struct Redis(Child);

impl Redis {
    /// Starts one, and says where it is.
    ///
    /// # Errors
    /// When there is no `redis-server`, or it does not come up.
    pub fn start() -> anyhow::Result<(Self, String)> {
        let port = free_port()?;
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let child = command.stdout(Stdio::null()).spawn().context("redis-server can not be started")?;
        let mut redis = Self(child);
        let begun = Instant::now();
        while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(ended) = redis.0.try_wait()? {
                anyhow::bail!("redis-server ended at once ({ended})");
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "redis-server is not there after {PATIENCE:?}");
            std::thread::sleep(LOOK_EVERY);
        }
        Ok((redis, format!("redis://127.0.0.1:{port}")))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Of the process, in megabytes (10⁶ bytes).
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Memory {
    pub resident: f64,
    /// Of these, what is not read from files: the rest is the program itself, shared by all who run it.
    pub own: f64,
    /// The most there ever was.
    pub peak: f64,
}

/// A port that nobody has.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

impl Contender {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it can not be started, ends, or is not ready in time.
    pub async fn start(mut command: Command, port: u16) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let child = command.spawn().with_context(|| format!("{} can not be started", program(&command)))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut contender =
            Self { child, address, ready_after: Duration::ZERO, others: Vec::new(), redis: None };
        let asking = request("GET", "/readyz", &[("host", "localhost")], "");
        let mut line = Line::to(address);
        while begun.elapsed() < PATIENCE {
            if line.exchange(&asking).await.is_ok_and(|answer| answer.status == 200) {
                contender.ready_after = begun.elapsed();
                return Ok(contender);
            }
            if let Some(status) = contender.child.try_wait()? {
                bail!("{} ended: {status}; its log says why", program(&command));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("{} is not ready after {PATIENCE:?}", program(&command))
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Of all nodes.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        std::iter::once(self.address).chain(self.others.iter().map(|other| other.address)).collect()
    }

    /// Of the first node.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        memory_of(self.id())
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// When it can not be asked.
    pub fn stop(mut self) -> anyhow::Result<()> {
        for other in std::mem::take(&mut self.others) {
            other.stop()?;
        }
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// # Errors
/// When there is no such process.
pub fn memory_of(id: u32) -> anyhow::Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("the process is gone")?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1024.0 / 1e6)
    };
    Ok(Memory {
        resident: megabytes("VmRSS:").context("no VmRSS")?,
        own: megabytes("RssAnon:").context("no RssAnon")?,
        peak: megabytes("VmHWM:").context("no VmHWM")?,
    })
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
