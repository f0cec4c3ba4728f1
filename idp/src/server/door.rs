//! Where connections come in: each has a slot, a task of its own, and an end to everything that could take for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::REQUEST_TIMEOUT;
use crate::config::Http;
use crate::crypto::certificate::Certificate;
use crate::meter::{Connections, Held};
use crate::web::network::Peer;

/// A connection whose peer takes nothing for this long is closed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// RFC 9112 §3: more head than this is refused with 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Where connections come in, and what each of them gets.
pub(super) struct Door<'a> {
    main: Entrance<'a>,
    mtls: Option<Entrance<'a>>,
    slots: Arc<Semaphore>,
    meter: Arc<Connections>,
    http: Http,
    pub(super) graceful: GracefulShutdown,
}

/// One address that is listened on, and what is served there.
pub(super) struct Entrance<'a> {
    pub(super) listener: &'a TcpListener,
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
}

/// A connection, whose it is and by which entrance they came, and its place among those that are served.
pub(super) type Accepted<'a> = (TcpStream, Peer, &'a Entrance<'a>, Slot);

/// A place among the connections that are open, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

impl<'a> Door<'a> {
    /// `slots` connections are served at once.
    pub(super) fn new(
        main: Entrance<'a>,
        mtls: Option<Entrance<'a>>,
        (http, slots): (&Http, usize),
        meter: Arc<Connections>,
    ) -> Self {
        let (slots, graceful) = (Arc::new(Semaphore::new(slots)), GracefulShutdown::new());
        Self { main, mtls, slots, meter, http: http.clone(), graceful }
    }

    /// With one entrance, without TLS, whose connections are nobody's business.
    pub(super) fn alone(listener: &'a TcpListener, router: Router, of: (&Http, usize)) -> Self {
        Self::new(Entrance { listener, router, tls: None }, None, of, Arc::default())
    }

    /// The next connection, once there is room for one.
    pub(super) async fn accept(&self) -> anyhow::Result<Accepted<'_>> {
        if self.slots.available_permits() == 0 {
            self.meter.full.add_one();
        }
        let slot = Arc::clone(&self.slots).acquire_owned().await.context("the listener was closed")?;
        loop {
            let (accepted, entrance) = tokio::select! {
                accepted = self.main.listener.accept() => (accepted, &self.main),
                (accepted, entrance) = by(self.mtls.as_ref()) => (accepted, entrance),
            };
            match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let slot = Slot { _permit: slot, _held: self.meter.open.hold() };
                    return Ok((stream, Peer(peer), entrance, slot));
                }
                // Out of file descriptors and the like: it passes, and dying would not help anyone.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Serves a connection on a task of its own, with an end to everything.
    pub(super) fn serve(&self, (stream, peer, entrance, slot): Accepted<'_>) {
        let mut conversation = Conversation {
            router: entrance.router.clone(),
            peer,
            certificate: None,
            head_timeout: self.http.head_timeout,
            body_timeout: self.http.body_timeout,
            watcher: self.graceful.watcher(),
        };
        let (tls, patience) = (entrance.tls.clone(), self.http.head_timeout);
        tokio::spawn(async move {
            let _slot = slot;
            // Whoever connects and says nothing is not served at all.
            if !matches!(tokio::time::timeout(patience, stream.peek(&mut [0])).await, Ok(Ok(1))) {
                return;
            }
            let Some(tls) = tls else {
                return conversation.hold(stream).await;
            };
            match tokio::time::timeout(patience, tls.accept(stream)).await {
                Ok(Ok(stream)) => {
                    conversation.certificate =
                        stream.get_ref().1.peer_certificates().and_then(Certificate::of);
                    conversation.hold(stream).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        });
    }
}

/// The next connection at an entrance, where there is one.
async fn by<'a>(
    entrance: Option<&'a Entrance<'a>>,
) -> (std::io::Result<(TcpStream, SocketAddr)>, &'a Entrance<'a>) {
    match entrance {
        Some(entrance) => (entrance.listener.accept().await, entrance),
        None => std::future::pending().await,
    }
}

/// What is said on one connection: its requests, and how long each part of them may take.
struct Conversation {
    router: Router,
    peer: Peer,
    /// What the other end has shown in the handshake.
    certificate: Option<Certificate>,
    head_timeout: Duration,
    body_timeout: Duration,
    watcher: Watcher,
}

impl Conversation {
    async fn hold<S: AsyncRead + AsyncWrite + Unpin + 'static>(self, stream: S) {
        let Self { router, peer, certificate, head_timeout, body_timeout, watcher } = self;
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            if let Some(certificate) = certificate.clone() {
                request.extensions_mut().insert(certificate);
            }
            router.clone().oneshot(request)
        });
        let mut stream = TimeoutStream::new(stream);
        // Longer than any request may take, so that the handler's own limit answers first.
        stream.set_read_timeout(Some(REQUEST_TIMEOUT + body_timeout));
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
