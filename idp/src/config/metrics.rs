//! Where operators read what the service counts. Never where anybody else comes in.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer};

use super::Problem;
use super::sections::Http;

#[derive(Debug, Clone, Deserialize)]
pub struct Metrics {
    /// `None`: nowhere.
    #[serde(deserialize_with = "address")]
    pub listen: Option<SocketAddr>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let address = text.parse().map_err(|_| format!("{text:?} is not like 127.0.0.1:9090"));
    address.map(Some).map_err(serde::de::Error::custom)
}

impl Metrics {
    /// An address is for people and applications, or for this.
    pub(super) fn check(&self, http: &Http) -> Option<Problem> {
        let ours = self.listen?;
        let mtls = http.mtls.as_ref().and_then(|mtls| mtls.listen);
        let taken = [(Some(http.listen), "http.listen"), (mtls, "http.mtls.listen")];
        let (_, other) =
            taken.into_iter().find(|(theirs, _)| theirs.is_some_and(|theirs| meet(ours, theirs)))?;
        Some(Problem {
            place: "metrics.listen".to_owned(),
            what: format!("{ours} is the address of {other}, where everybody comes in."),
            remedy: "Give the metrics a port of their own.".to_owned(),
        })
    }
}

/// Whether both would hear the same connection.
fn meet(one: SocketAddr, another: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || another.ip().is_unspecified();
    one.port() != 0 && one.port() == another.port() && (everywhere || one.ip() == another.ip())
}
