//! Sends what waits to the collector, in batches, on a task of its own: a collector that is slow or gone holds up
//! nobody, and what it does not take is dropped and counted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

use super::otlp::{Item, envelope};
use crate::http_client::OperatorClient;
use crate::meter::Exports;

/// What has no room here is dropped: a few seconds of a busy service.
const QUEUE: usize = 8192;
const BATCH: usize = 512;
/// A batch that is not full is sent after this.
const GATHER: Duration = Duration::from_secs(1);
/// At the end, what waits has this long to get away.
const FLUSH: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Export {
    meter: Arc<Exports>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Export {
    pub(super) fn start(endpoint: &Url) -> anyhow::Result<(Self, mpsc::Sender<Item>)> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (stop, stopped) = watch::channel(false);
        let meter = Arc::<Exports>::default();
        let work = Work {
            client: OperatorClient::new()?,
            traces: signal_address(endpoint, "v1/traces"),
            logs: signal_address(endpoint, "v1/logs"),
            meter: Arc::clone(&meter),
            failing: Vec::new(),
        };
        let task = tokio::spawn(work.run(waiting, stopped));
        Ok((Self { meter, stop, task }, queue))
    }

    pub(super) fn meter(&self) -> Arc<Exports> {
        Arc::clone(&self.meter)
    }

    pub(super) async fn finish(self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(FLUSH, self.task).await.is_err() {
            tracing::warn!("the collector did not take what waited for it");
        }
    }
}

/// The endpoint is a base: each signal has its path beneath it (OTLP exporter specification).
fn signal_address(endpoint: &Url, path: &str) -> Url {
    let mut address = endpoint.clone();
    address.set_path(&format!("{}/{path}", endpoint.path().trim_end_matches('/')));
    address
}

struct Work {
    client: OperatorClient,
    traces: Url,
    logs: Url,
    meter: Arc<Exports>,
    failing: Vec<&'static str>,
}

impl Work {
    async fn run(mut self, mut waiting: mpsc::Receiver<Item>, mut stopped: watch::Receiver<bool>) {
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            tokio::select! {
                got = waiting.recv_many(&mut batch, BATCH) => if got == 0 { return },
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
            if batch.len() < BATCH {
                let _ = tokio::time::timeout(GATHER, stopped.wait_for(|stopped| *stopped)).await;
            }
            while batch.len() < BATCH
                && let Ok(item) = waiting.try_recv()
            {
                batch.push(item);
            }
            // Whoever could stop it is gone: that is the end, too.
            let stop = *stopped.borrow() || stopped.has_changed().is_err();
            let last = stop && batch.len() < BATCH;
            self.send(batch).await;
            if last {
                return;
            }
        }
    }

    async fn send(&mut self, batch: Vec<Item>) {
        let (spans, lines): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|item| matches!(item, Item::Span(_)));
        for (signal, items) in [("traces", spans), ("logs", lines)] {
            if items.is_empty() {
                continue;
            }
            let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
            let address = if signal == "traces" { &self.traces } else { &self.logs };
            let records: Vec<_> = items.into_iter().map(Item::json).collect();
            let body = envelope(signal, &records);
            match self.client.post_json(address, body).await {
                Ok(()) => {
                    self.meter.sent.of(signal).add(count);
                    self.failing.retain(|failing| *failing != signal);
                }
                Err(error) => {
                    self.meter.dropped.of((signal, "not_taken")).add(count);
                    // Once, and not with every batch.
                    if !self.failing.contains(&signal) {
                        self.failing.push(signal);
                        tracing::warn!(%error, signal, "the collector does not take what it is sent");
                    }
                }
            }
        }
    }
}
