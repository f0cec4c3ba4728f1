//! Calls to what the operator names in the configuration and nobody else can: it may be in our own network, where
//! nothing that an application names is called.

use std::time::Duration;

use url::Url;

use super::FetchError;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub struct OperatorClient(reqwest::Client);

impl OperatorClient {
    /// # Errors
    /// When this machine has no list of certificate authorities.
    pub fn new() -> anyhow::Result<Self> {
        let inner = reqwest::Client::builder()
            .user_agent(concat!("Portico/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self(inner))
    }

    /// Sends JSON. Anything but a success is an error.
    ///
    /// # Errors
    /// When nobody answers in time, or the answer is no success.
    pub async fn post_json(&self, address: &Url, json: String) -> Result<(), FetchError> {
        let request = self.0.post(address.clone()).header("content-type", "application/json").body(json);
        let response = request.send().await.map_err(FetchError::Unreachable)?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(FetchError::Refused(response.status().as_u16()))
        }
    }
}
