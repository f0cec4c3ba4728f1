//! A proxy in front of several nodes that takes them in turn, connection by connection: no person meets the same one
//! twice in a row.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::net::{TcpListener, TcpStream};

pub struct Balancer {
    pub port: u16,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Balancer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let nodes = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(forward(listener, Arc::clone(&nodes)));
        Self { port, nodes, task }
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
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
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
