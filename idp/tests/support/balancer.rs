//! A proxy in front of several nodes that takes them in turn, connection by connection: no person meets the same one
//! twice in a row. On request it asks the nodes whether they are ready, and passes over those that are not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

pub struct Balancer {
    pub port: u16,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
    task: tokio::task::JoinHandle<()>,
    asking: Option<tokio::task::JoinHandle<()>>,
}

impl Balancer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let nodes = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(forward(listener, Arc::clone(&nodes)));
        Self { port, nodes, task, asking: None }
    }

    /// What people call the whole.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, self.port))
    }

    pub fn set(&self, nodes: &[SocketAddr]) {
        *self.nodes.lock().unwrap() = nodes.to_vec();
    }

    /// As [`Self::set`], and asks them from now on, again and again.
    pub fn set_and_ask(&mut self, nodes: &[SocketAddr]) {
        self.set(nodes);
        self.asking = Some(tokio::spawn(ask(nodes.to_vec(), Arc::clone(&self.nodes))));
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(asking) = &self.asking {
            asking.abort();
        }
    }
}

async fn ask(all: Vec<SocketAddr>, ready: Arc<Mutex<Vec<SocketAddr>>>) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
    loop {
        let mut answers = Vec::new();
        for node in &all {
            let answer = http.get(format!("http://{node}/readyz")).send().await;
            if answer.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK) {
                answers.push(*node);
            }
        }
        // When nobody is ready, any of them may say so.
        *ready.lock().unwrap() = if answers.is_empty() { all.clone() } else { answers };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn forward(listener: TcpListener, nodes: Arc<Mutex<Vec<SocketAddr>>>) {
    let mut turn = 0;
    while let Ok((mut person, _)) = listener.accept().await {
        let mut in_turn = nodes.lock().unwrap().clone();
        turn += 1;
        let first = turn % in_turn.len();
        in_turn.rotate_left(first);
        tokio::spawn(async move {
            // One that does not listen is passed over.
            for node in in_turn {
                #[expect(clippy::disallowed_methods, reason = "a test may connect to what it has started")]
                if let Ok(mut node) = TcpStream::connect(node).await {
                    let _ = tokio::io::copy_bidirectional(&mut person, &mut node).await;
                    return;
                }
            }
        });
    }
}
