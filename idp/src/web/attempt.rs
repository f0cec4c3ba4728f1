//! The authorization request that a page belongs to: read from ephemeral storage and kept to the
//! browser that first showed it.

use super::brand;
use super::error::PageError;
use super::visit::Visit;
use crate::app::App;
use crate::crypto::sha256;
use crate::ephemeral::{Key, Kind};
use crate::model::attempt::{ATTEMPT_LIFETIME, Attempt, Destination, Handle, LocalPath};
use crate::model::network;

/// The key under which something ephemeral is kept: handles themselves are kept by their holders.
#[must_use]
pub fn key(handle: &Handle) -> Key {
    sha256(handle.as_str().as_bytes())
}

/// Reads an attempt for this browser. The first browser to show one keeps it.
///
/// # Errors
/// When it has expired, was answered already, or belongs to another browser.
pub async fn load(app: &App, visit: &Visit, handle: &Handle) -> Result<Attempt, PageError> {
    let found: Option<Attempt> = app.ephemeral.get(Kind::Attempt, key(handle)).await?;
    let mut attempt = found.ok_or(PageError::AttemptExpired)?;
    match attempt.browser {
        Some(browser) if browser == visit.browser => {}
        Some(_) => return Err(PageError::OtherBrowser),
        None => {
            // Taken and put back, so that of two browsers that come at once one has it.
            attempt = take(app, handle).await?;
            attempt.browser = Some(visit.browser);
            save(app, handle, &attempt).await?;
        }
    }
    brand::dress(app, visit, &attempt).await?;
    Ok(attempt)
}

/// Removes an attempt: whoever gets it answers it or puts it back.
///
/// # Errors
/// When somebody else was first.
pub async fn take(app: &App, handle: &Handle) -> Result<Attempt, PageError> {
    let taken: Option<Attempt> = app.ephemeral.take(Kind::Attempt, key(handle)).await?;
    taken.ok_or(PageError::AttemptExpired)
}

/// Where the forms of a page on this way may end: at the application (see `headers`).
///
/// # Errors
/// When the attempt has expired or belongs to another browser.
pub async fn form_action(
    app: &App,
    visit: &Visit,
    destination: &Destination,
) -> Result<Option<String>, PageError> {
    match destination {
        Destination::Attempt(handle) => Ok(load(app, visit, handle).await?.redirect_uri.form_action_source()),
        Destination::Page(_) | Destination::Account => Ok(None),
    }
}

/// Requests from one network that may wait for somebody at the same time: a large clinic behind one address…
const FROM_NETWORK: u64 = 1_000;
/// …of this size, which is far above what applications send. Longer ones count as many.
const USUAL_BYTES: usize = 4 * 1024;

/// Keeps a request that has just come. Strangers can make up any number of them, so they are counted by network:
/// one that sends too many holds up nobody elsewhere.
///
/// # Errors
/// When too many wait, or it was not kept.
pub async fn begin(app: &App, visit: &Visit, attempt: &Attempt) -> Result<Handle, PageError> {
    let encoded = serde_json::to_vec(attempt).map_err(|error| PageError::internal(error.into()))?;
    let network = sha256(&visit.address.map(network::of).unwrap_or_default());
    let most = FROM_NETWORK * if app.config.conformance.enabled { 100 } else { 1 };
    for _ in 0..encoded.len().div_ceil(USUAL_BYTES) {
        if app.ephemeral.count(Kind::AttemptFrom, network, ATTEMPT_LIFETIME).await? > most {
            return Err(PageError::Busy);
        }
    }
    let handle = app.entropy.handle()?;
    save(app, &handle, attempt).await?;
    Ok(handle)
}

/// Keeps an attempt for what is left of its life.
///
/// # Errors
/// When it was not kept.
pub async fn save(app: &App, handle: &Handle, attempt: &Attempt) -> Result<(), PageError> {
    let left = ATTEMPT_LIFETIME - (app.clock.now() - attempt.begun_at);
    Ok(app.ephemeral.put(Kind::Attempt, key(handle), attempt, left).await?)
}

/// Where to go from here, by the fields that pages carry along. An unreadable one is refused rather
/// than replaced by another place.
///
/// # Errors
/// When the handle or path is malformed.
pub fn destination(attempt: Option<&str>, page: Option<&str>) -> Result<Destination, PageError> {
    let bad = |error: crate::model::Invalid| PageError::BadRequest(error.to_string());
    match (attempt.filter(|text| !text.is_empty()), page.filter(|text| !text.is_empty())) {
        (Some(handle), _) => Handle::parse(handle).map(Destination::Attempt).map_err(bad),
        (None, Some(path)) => LocalPath::parse(path).map(Destination::Page).map_err(bad),
        (None, None) => Ok(Destination::Account),
    }
}

/// The address of a destination.
#[must_use]
pub fn location(destination: &Destination) -> String {
    match destination {
        Destination::Attempt(handle) => format!("/oidc/authorize/resume?attempt={handle}"),
        Destination::Page(path) => path.as_str().to_owned(),
        Destination::Account => "/account".to_owned(),
    }
}

/// The query that carries a destination through our pages.
#[must_use]
pub fn carry(destination: &Destination, first: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(&str, &str)> = first.to_vec();
    match destination {
        Destination::Attempt(handle) => pairs.push(("attempt", handle.as_str())),
        Destination::Page(path) => pairs.push(("destination", path.as_str())),
        Destination::Account => {}
    }
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    if query.is_empty() { query } else { format!("?{query}") }
}
