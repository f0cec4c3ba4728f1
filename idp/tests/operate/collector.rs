//! A collector that keeps what it is sent.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

type Kept = Arc<Mutex<Vec<Value>>>;

pub struct Collector {
    pub url: String,
    traces: Kept,
    logs: Kept,
    /// What came, as it came.
    raw: Arc<Mutex<String>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Keep(Kept, Arc<Mutex<String>>);

async fn keep(State(Keep(kept, raw)): State<Keep>, body: String) -> &'static str {
    kept.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    raw.lock().unwrap().push_str(&body);
    "{}"
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (traces, logs, raw) = (Kept::default(), Kept::default(), Arc::default());
        let router = Router::new()
            .route("/v1/traces", post(keep).with_state(Keep(Arc::clone(&traces), Arc::clone(&raw))))
            .route("/v1/logs", post(keep).with_state(Keep(Arc::clone(&logs), Arc::clone(&raw))));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, traces, logs, raw, task }
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Value> {
        let all = self.traces.lock().unwrap();
        let spans =
            |body: &Value| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
        all.iter().flat_map(spans).collect()
    }

    /// Every log line so far.
    pub fn lines(&self) -> Vec<Value> {
        let all = self.logs.lock().unwrap();
        let lines =
            |body: &Value| body["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap().clone();
        all.iter().flat_map(lines).collect()
    }

    pub fn raw(&self) -> String {
        self.raw.lock().unwrap().clone()
    }
}

/// The value of an attribute, as a text.
pub fn attribute(record: &Value, key: &str) -> Option<String> {
    let found = record["attributes"].as_array().unwrap().iter().find(|attribute| attribute["key"] == key)?;
    let value = found["value"].as_object().unwrap().values().next().unwrap();
    Some(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
}
