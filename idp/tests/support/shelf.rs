//! Somebody's server on this machine, with files that are what a test puts there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode, Uri};

#[derive(Clone, Default)]
pub struct Shelf {
    files: Arc<Mutex<BTreeMap<String, File>>>,
    port: u16,
}

#[derive(Clone)]
struct File {
    kind: &'static str,
    bytes: Vec<u8>,
    asked: usize,
    leads_to: Option<String>,
    status: StatusCode,
}

impl Shelf {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shelf = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let router = Router::new().fallback(read).with_state(shelf.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        shelf
    }

    pub fn put(&self, path: &str, kind: &'static str, bytes: impl Into<Vec<u8>>) {
        let file = File { kind, bytes: bytes.into(), asked: 0, leads_to: None, status: StatusCode::OK };
        self.files.lock().unwrap().insert(path.to_owned(), file);
    }

    /// Whoever asks for this path is sent to that address.
    pub fn redirect(&self, path: &str, to: &str) {
        let file = File {
            kind: "text/plain",
            bytes: Vec::new(),
            asked: 0,
            leads_to: Some(to.to_owned()),
            status: StatusCode::FOUND,
        };
        self.files.lock().unwrap().insert(path.to_owned(), file);
    }

    /// What is there comes with this status from now on.
    pub fn answer_with(&self, path: &str, status: StatusCode) {
        self.files.lock().unwrap().get_mut(path).unwrap().status = status;
    }

    pub fn take_away(&self, path: &str) {
        self.files.lock().unwrap().remove(path);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How often it was asked for a file since that was put there.
    pub fn asked(&self, path: &str) -> usize {
        self.files.lock().unwrap().get(path).map_or(0, |file| file.asked)
    }
}

async fn read(State(shelf): State<Shelf>, uri: Uri) -> Response {
    let mut files = shelf.files.lock().unwrap();
    let Some(file) = files.get_mut(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    file.asked += 1;
    if let Some(to) = &file.leads_to {
        return (file.status, [("location", to.clone())]).into_response();
    }
    (file.status, [(CONTENT_TYPE, HeaderValue::from_static(file.kind))], file.bytes.clone()).into_response()
}
