//! How an application that asks people who are somewhere else (CIBA Core 1.0 §4) is answered, and signs.

use serde::{Deserialize, Serialize};

use super::{ClientSettings, ClientType, GrantType, WebUri};
use crate::model::Invalid;
use crate::model::key::SigningAlg;

/// CIBA §5. There is no push: tokens would go to whoever holds an address, and FAPI-CIBA §5.2.2 forbids it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryMode {
    /// The application asks until there is an answer.
    #[default]
    Poll,
    /// It is told that there is one, and fetches it.
    Ping,
}

impl DeliveryMode {
    pub const ALL: [Self; 2] = [Self::Poll, Self::Ping];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Ping => "ping",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Backchannel {
    pub delivery: DeliveryMode,
    /// Where it is told.
    pub notification_endpoint: Option<WebUri>,
    /// What its requests are signed with; then none may come unsigned.
    pub request_alg: Option<SigningAlg>,
}

impl ClientSettings {
    /// The grant stands for everything else: without it none of the rest means anything.
    pub(super) fn validate_backchannel(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid::new("client", why));
        let Backchannel { delivery, notification_endpoint, request_alg } = &self.backchannel;
        if !self.grants.contains(&GrantType::Ciba) {
            if self.backchannel != Backchannel::default() {
                return invalid("needs the grant ciba for its backchannel_… settings");
            }
            return Ok(());
        }
        // A public client could be anybody, and would make us write to anybody.
        if self.is_public() {
            return invalid("must authenticate to use ciba");
        }
        if self.client_type == ClientType::Machine {
            return invalid("of type machine acts for nobody: ciba is not for it");
        }
        if (*delivery == DeliveryMode::Ping) != notification_endpoint.is_some() {
            return invalid(
                "needs both to be told by ping, backchannel_token_delivery_mode and \
                 backchannel_client_notification_endpoint, or neither",
            );
        }
        if notification_endpoint.as_ref().is_some_and(|address| address.as_str().contains('#')) {
            return invalid("has a backchannel_client_notification_endpoint with a fragment");
        }
        if request_alg.is_some() && self.jwks.is_none() && self.jwks_uri.is_none() {
            return invalid("needs its public keys (jwks_file or jwks_uri) to sign its backchannel requests");
        }
        Ok(())
    }
}
