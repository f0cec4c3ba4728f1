//! How much may be asked for that we keep before anybody is there: pushed requests, codes of devices. Anybody
//! can claim to be a public client, so those are bounded by network too, and one stranger does not use up what
//! belongs to its people. Never decides who a client is.

use std::net::IpAddr;

use time::Duration;

use super::Desk;
use super::error::{EndpointError, OAuthError};
use crate::crypto::sha256;
use crate::ephemeral::Kind;
use crate::model::client::Client;
use crate::model::network;

/// So many within the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// What is counted; by network and by client.
    pub(super) kind: Kind,
    pub(super) window: Duration,
    pub(super) of_client: u64,
    /// Of public clients together.
    pub(super) of_network: u64,
}

impl Bounds {
    /// Counts one more, or refuses it for now.
    pub(super) async fn admit(
        &self,
        desk: &Desk<'_>,
        client: &Client,
        address: Option<IpAddr>,
    ) -> Result<(), EndpointError> {
        // The network first: what it may not have does not count against the client.
        if let Some(address) = address.filter(|_| client.is_public()) {
            let key = sha256(&[b"network ".as_slice(), &network::of(address)].concat());
            self.count(desk, key, self.of_network).await?;
        }
        self.count(desk, sha256(format!("client {}", client.id).as_bytes()), self.of_client).await
    }

    async fn count(&self, desk: &Desk<'_>, key: [u8; 32], most: u64) -> Result<(), EndpointError> {
        if desk.ephemeral.count(self.kind, key, self.window).await? > most * desk.leniency {
            return Err(OAuthError::TemporarilyUnavailable.into());
        }
        Ok(())
    }
}
