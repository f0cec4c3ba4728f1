//! The public keys of an application: those it registered, or those at the address where it publishes them.
//! What was fetched is kept for a while; a key that is not among it is a reason to look again, but not often.

use serde_json::{Map, Value};
use time::Duration;

use super::Desk;
use super::error::{EndpointError, OAuthError};
use crate::crypto::foreign::Unverified;
use crate::crypto::{jwe, sha256};
use crate::ephemeral::Kind;
use crate::model::client::{Client, WebUri};
use crate::model::jwks::Jwks;
use crate::model::key::Encryption;

const KEPT: Duration = Duration::minutes(10);
/// So often somebody's address is asked, whoever wants it.
const FETCHES: u64 = 3;
const FETCHES_WINDOW: Duration = Duration::seconds(30);

/// The claims of a token, if a key of this application signed them (OIDC Core §10.1.1).
///
/// # Errors
/// Our own faults; an address that does not answer is none of them.
pub(super) async fn signed_claims(
    desk: &Desk<'_>,
    client: &Client,
    token: &Unverified<'_>,
) -> anyhow::Result<Option<Map<String, Value>>> {
    if let Some(keys) = &client.settings.jwks {
        return Ok(token.signed_by(keys));
    }
    let Some(address) = &client.settings.jwks_uri else {
        return Ok(None);
    };
    if let Some(claims) = kept(desk, address).await?.and_then(|keys| token.signed_by(&keys)) {
        return Ok(Some(claims));
    }
    Ok(fetch(desk, client, address).await?.and_then(|keys| token.signed_by(&keys)))
}

/// Whether the keys of this application are good for something; if those that were kept are not, it may have new
/// ones.
///
/// # Errors
/// Our own faults; an address that does not answer is none of them.
pub(super) async fn any(
    desk: &Desk<'_>,
    client: &Client,
    good: impl Fn(&Jwks) -> bool,
) -> anyhow::Result<bool> {
    if let Some(keys) = &client.settings.jwks {
        return Ok(good(keys));
    }
    let Some(address) = &client.settings.jwks_uri else {
        return Ok(false);
    };
    if kept(desk, address).await?.is_some_and(|keys| good(&keys)) {
        return Ok(true);
    }
    Ok(fetch(desk, client, address).await?.is_some_and(|keys| good(&keys)))
}

/// The keys of an application, as far as they can be had.
///
/// # Errors
/// Our own faults.
async fn all(desk: &Desk<'_>, client: &Client) -> anyhow::Result<Option<Jwks>> {
    if let Some(keys) = &client.settings.jwks {
        return Ok(Some(keys.clone()));
    }
    let Some(address) = &client.settings.jwks_uri else {
        return Ok(None);
    };
    match kept(desk, address).await? {
        Some(keys) => Ok(Some(keys)),
        None => fetch(desk, client, address).await,
    }
}

/// Encrypts something so that only this application reads it.
///
/// # Errors
/// `invalid_client_metadata` when it has no key for that; our own faults.
pub(super) async fn encrypt(
    desk: &Desk<'_>,
    client: &Client,
    (how, kind): (Encryption, Option<&str>),
    content: &[u8],
) -> Result<String, EndpointError> {
    let no_key = |why: String| OAuthError::InvalidClientMetadata(why);
    let keys =
        all(desk, client).await?.ok_or_else(|| no_key("the client's keys can not be had".to_owned()))?;
    Ok(jwe::encrypt(&keys, how, kind, content).map_err(|error| no_key(error.to_string()))?)
}

async fn kept(desk: &Desk<'_>, address: &WebUri) -> anyhow::Result<Option<Jwks>> {
    Ok(desk.ephemeral.get(Kind::ClientKeys, sha256(address.as_str().as_bytes())).await?)
}

async fn fetch(desk: &Desk<'_>, client: &Client, address: &WebUri) -> anyhow::Result<Option<Jwks>> {
    let key = sha256(address.as_str().as_bytes());
    if desk.ephemeral.count(Kind::ClientKeysFetched, key, FETCHES_WINDOW).await? > FETCHES {
        return Ok(None);
    }
    match read(desk, address).await {
        Ok(keys) => {
            desk.ephemeral.put(Kind::ClientKeys, key, &keys, KEPT).await?;
            Ok(Some(keys))
        }
        Err(error) => {
            tracing::warn!(client = %client.id, error = format!("{error:#}"), "its keys can not be fetched");
            Ok(None)
        }
    }
}

async fn read(desk: &Desk<'_>, address: &WebUri) -> anyhow::Result<Jwks> {
    let fetched = desk.http.get(address.as_str(), "application/jwk-set+json, application/json").await?;
    Ok(Jwks::known_of(&serde_json::from_slice(&fetched.bytes)?)?)
}
