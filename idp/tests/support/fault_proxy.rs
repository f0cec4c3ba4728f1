//! A network that fails on request: stands in front of one server, passes everything on, and slows, holds, cuts or
//! refuses connections when told to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the network does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Every piece arrives this much later.
    Slow(Duration),
    /// Connections stay, and nothing comes through.
    Silent,
    /// Connections end, and new ones too.
    Down,
}

pub struct FaultProxy {
    pub port: u16,
    network: Arc<Network>,
    task: tokio::task::JoinHandle<()>,
}

struct Network {
    server: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Connections that are older than this one are silent for ever, as after a machine has vanished.
    vanished: AtomicU64,
    /// When clients have said this so often and say it again, it is passed on, and the answer is lost with the connection.
    cut_after: Mutex<Option<(usize, Vec<u8>)>>,
    cuts: AtomicUsize,
    connections: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl FaultProxy {
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Arc::new(Network {
            server,
            weather: watch::Sender::new(Weather::Fair),
            vanished: AtomicU64::new(0),
            cut_after: Mutex::new(None),
            cuts: AtomicUsize::new(0),
            connections: AtomicU64::new(1),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&network)));
        Self { port, network, task }
    }

    pub fn set(&self, weather: Weather) {
        self.network.weather.send_replace(weather);
    }

    /// Everybody who is connected now waits for ever; whoever connects from now on is served.
    pub fn vanish(&self) {
        self.network.vanished.store(self.network.connections.load(Ordering::SeqCst), Ordering::SeqCst);
        // Whoever waits for a piece looks again.
        self.network.weather.send_modify(|_| ());
    }

    pub fn cut_after(&self, said: &[u8]) {
        self.cut_after_others(0, said);
    }

    /// Not after the first ones.
    pub fn cut_after_others(&self, others: usize, said: &[u8]) {
        *self.network.cut_after.lock().unwrap() = Some((others, said.to_vec()));
    }

    /// How often a connection was cut after what it said.
    pub fn cuts(&self) -> usize {
        self.network.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.set(Weather::Down);
    }
}

async fn accept(listener: TcpListener, network: Arc<Network>) {
    while let Ok((client, _)) = listener.accept().await {
        if *network.weather.borrow() == Weather::Down {
            continue;
        }
        let number = network.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(converse(client, number, Arc::clone(&network)));
    }
}

async fn converse(client: TcpStream, number: u64, network: Arc<Network>) {
    #[expect(clippy::disallowed_methods, reason = "a test may connect to what it has started")]
    let Ok(server) = TcpStream::connect(network.server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // When one direction ends, so does the other.
    tokio::select! {
        () = pump(from_client, to_server, (number, Direction::ToServer), &network) => {}
        () = pump(from_server, to_client, (number, Direction::ToClient), &network) => {}
        () = down(&network) => {}
    }
}

async fn down(network: &Network) {
    let mut weather = network.weather.subscribe();
    let _ = weather.wait_for(|weather| *weather == Weather::Down).await;
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (number, direction): (u64, Direction),
    network: &Network,
) {
    let mut weather = network.weather.subscribe();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut piece).await else {
            // A server that closed a connection which has vanished is not heard of either.
            let _ = weather.wait_for(|_| number >= network.vanished.load(Ordering::SeqCst)).await;
            return;
        };
        let passes = |weather: &Weather| {
            *weather != Weather::Silent && number >= network.vanished.load(Ordering::SeqCst)
        };
        let Ok(now) = weather.wait_for(passes).await.map(|weather| *weather) else {
            return;
        };
        if let Weather::Slow(by) = now {
            tokio::time::sleep(by).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
        if direction == Direction::ToServer && network.is_to_be_cut(&piece[..length]) {
            return;
        }
    }
}

impl Network {
    fn is_to_be_cut(&self, said: &[u8]) -> bool {
        let mut cut_after = self.cut_after.lock().unwrap();
        let Some((others, what)) = cut_after.as_mut() else { return false };
        if !said.windows(what.len()).any(|part| part == what) {
            return false;
        }
        if *others > 0 {
            *others -= 1;
            return false;
        }
        *cut_after = None;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        true
    }
}
