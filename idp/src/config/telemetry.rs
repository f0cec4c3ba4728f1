//! Where traces and log lines are sent, besides standard error.

use serde::{Deserialize, Deserializer};
use url::Url;

use super::values::up_to;

#[derive(Debug, Clone, Deserialize)]
pub struct Telemetry {
    /// A collector that speaks OTLP over HTTP. `None`: nowhere.
    #[serde(deserialize_with = "endpoint")]
    pub otlp_endpoint: Option<Url>,
    /// So many of a hundred requests are traced.
    #[serde(deserialize_with = "up_to::<_, 100>")]
    pub sampled_percent: usize,
}

fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || serde::de::Error::custom(format!("{text:?} is not like http://127.0.0.1:4318"));
    let url = Url::parse(&text).map_err(|_| wrong())?;
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    let bare = url.query().is_none() && url.fragment().is_none();
    if web && bare && url.username().is_empty() && url.password().is_none() {
        Ok(Some(url))
    } else {
        Err(wrong())
    }
}
