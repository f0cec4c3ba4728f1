//! Limits on guessing that look at where guesses come from. How soon an account may be tried again is
//! decided by the database (`store::guesses`); this is about networks (security: G6).

use std::net::IpAddr;

use super::Desk;
use crate::crypto::sha256;
use crate::ephemeral::{EphemeralError, Kind};
use crate::store::browsers;

/// Failures from one network are counted this long.
const WINDOW: time::Duration = time::Duration::minutes(10);

/// Refused passkeys from one network that are recorded within the window.
const RECORDED: u64 = 100;

pub(super) fn network_key(desk: &Desk<'_>) -> Option<[u8; 32]> {
    desk.address.map(|address| sha256(&network_of(address)))
}

/// What counts as one network: an IPv4 address, or the /56 that a household or clinic gets of IPv6.
fn network_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().into_iter().take(7).collect(),
    }
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

pub(super) async fn count_network_failure(desk: &Desk<'_>) -> std::result::Result<(), EphemeralError> {
    let Some(key) = network_key(desk) else {
        return Ok(());
    };
    if desk.ephemeral.count(Kind::NetworkFailure, key, WINDOW).await? > desk.failures_per_network {
        desk.ephemeral.put(Kind::NetworkSlowed, key, &(), WINDOW).await?;
    }
    Ok(())
}

/// Whether so many refused passkeys came from one network that another one says nothing new.
pub(super) async fn is_noise(desk: &Desk<'_>) -> std::result::Result<bool, EphemeralError> {
    let Some(key) = network_key(desk) else {
        return Ok(false);
    };
    Ok(desk.ephemeral.count(Kind::PasskeyRefused, key, WINDOW).await? > RECORDED)
}
