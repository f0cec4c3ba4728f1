//! Limits that look at where something comes from: wrong passwords, refused passkeys, mails asked for. How soon an account
//! may be tried again is decided by the database (`store::guesses`); this is about networks (security: G6).

use super::Desk;
use crate::crypto::sha256;
use crate::ephemeral::{Ephemeral, EphemeralError, Kind};
use crate::model::network;
use crate::model::user::Email;
use crate::store::browsers;

/// Failures from one network are counted this long.
const WINDOW: time::Duration = time::Duration::minutes(10);

/// Refused passkeys of nobody, from one network, that are recorded within the window.
const RECORDED: u64 = 100;

/// What counts of one network are kept under.
pub(super) fn network_key(desk: &Desk<'_>) -> Option<[u8; 32]> {
    desk.address.map(|address| sha256(&network::of(address)))
}

/// G6: after very many failures from one network, browsers that nobody has signed in with wait. A
/// clinic behind one address goes on working, and passkeys are not asked here at all.
pub(super) async fn stranger_waits(desk: &Desk<'_>) -> anyhow::Result<bool> {
    let Some(key) = network_key(desk) else {
        return Ok(false);
    };
    let slowed: Option<()> = desk.ephemeral.get(Kind::NetworkSlowed, key).await?;
    Ok(slowed.is_some() && !browsers::is_known(desk.store, desk.browser).await?)
}

/// Counts the failures of one network. Kept by whoever checks a guess, who does not end when the visitor hangs up.
pub(super) struct NetworkFailures {
    ephemeral: Ephemeral,
    key: Option<[u8; 32]>,
    most: u64,
}

impl NetworkFailures {
    pub(super) fn of(desk: &Desk<'_>) -> Self {
        let (key, most) = (network_key(desk), desk.failures_per_network);
        Self { ephemeral: desk.ephemeral.clone(), key, most }
    }

    pub(super) async fn count(&self) -> std::result::Result<(), EphemeralError> {
        let Some(key) = self.key else {
            return Ok(());
        };
        if self.ephemeral.count(Kind::NetworkFailure, key, WINDOW).await? > self.most {
            self.ephemeral.put(Kind::NetworkSlowed, key, &(), WINDOW).await?;
        }
        Ok(())
    }
}

/// Whether another refused passkey is worth a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    Recording,
    /// So many came from that network that another one says nothing new.
    Nothing,
}

pub(super) async fn count_refusal(desk: &Desk<'_>) -> std::result::Result<Worth, EphemeralError> {
    let Some(key) = network_key(desk) else {
        return Ok(Worth::Recording);
    };
    let count = desk.ephemeral.count(Kind::PasskeyRefused, key, WINDOW).await?;
    if count == RECORDED + 1 {
        tracing::warn!(
            network = desk.network,
            "very many unknown passkeys; no more are recorded for a while"
        );
    }
    Ok(if count > RECORDED { Worth::Nothing } else { Worth::Recording })
}

/// So often within an hour a link is sent to one address, asked for from one network; asking more often
/// looks the same. Others asking for the same address do not use this up.
const PER_ADDRESS_AND_NETWORK: u64 = 3;
/// …from all networks together…
const PER_ADDRESS: u64 = 20;
/// …and from one network for all addresses together, so that nobody can fill the outbox.
const PER_NETWORK: u64 = 100;
const MAILS_WINDOW: time::Duration = time::Duration::hours(1);

/// Counts a wish for a mail, of those that `kind` counts; says whether it is sent.
pub(super) async fn may_mail(
    desk: &Desk<'_>,
    kind: Kind,
    email: &Email,
) -> std::result::Result<bool, EphemeralError> {
    let network = network_key(desk).unwrap_or_default();
    let address = sha256(email.as_str().as_bytes());
    let both = sha256(&[network, address].concat());
    for (key, most) in [(network, PER_NETWORK), (both, PER_ADDRESS_AND_NETWORK), (address, PER_ADDRESS)] {
        if desk.ephemeral.count(kind, key, MAILS_WINDOW).await? > most {
            return Ok(false);
        }
    }
    Ok(true)
}
