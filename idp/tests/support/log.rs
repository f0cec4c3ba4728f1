//! What a provider in this process logs, for tests that run on one thread.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::TestApp;

/// Listens until it is dropped.
pub struct Log {
    lines: Lines,
    _listening: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen() -> Self {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("info,idp=debug,sqlx=warn,sea_orm=warn"))
            .with_ansi(false)
            .with_writer(lines.clone())
            .finish();
        Self { lines, _listening: tracing::subscriber::set_default(subscriber) }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap()
    }

    /// The common end of tests with a fault in a provider of this process: the trail and the database are whole, nothing
    /// panicked, and no secret is in the log.
    pub async fn and_data_are_whole(&self, app: &TestApp, secrets: &[String]) {
        let verified = idp::audit::verify(&app.app.store).await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        if app.app.config.database.url.is_none() {
            assert_eq!(app.texts("PRAGMA integrity_check").await, ["ok"]);
        }
        let log = self.text();
        assert!(log.contains("/oidc/token"), "nothing was listened to: {log}");
        assert!(!log.contains("panicked"), "{log}");
        // What panics is answered with 500, and so is every fault of ours.
        assert!(!log.contains("status=500"), "{log}");
        for secret in secrets {
            assert!(!log.contains(secret.as_str()), "{secret} is in the log");
        }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
