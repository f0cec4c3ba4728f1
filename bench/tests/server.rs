//! A server whose every answer is known beforehand: it serves one request at a time, each as told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// How long it takes to answer request number `n`, and what it says.
pub(crate) type Manner = fn(n: u64) -> (Duration, &'static str);

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
pub(crate) const LATER: &str =
    "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n";
pub(crate) const BROKEN: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

pub(crate) async fn start(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (counter, one) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(())));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, manner, Arc::clone(&counter), Arc::clone(&one)));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, manner: Manner, counter: Arc<AtomicU64>, one: Arc<Mutex<()>>) {
    let mut buffer = Vec::new();
    while stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
        if !buffer.ends_with(b"\r\n\r\n") {
            continue;
        }
        buffer.clear();
        let alone = one.lock().await;
        let (takes, says) = manner(counter.fetch_add(1, Ordering::Relaxed));
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        drop(alone);
        if stream.write_all(says.as_bytes()).await.is_err() {
            return;
        }
    }
}
