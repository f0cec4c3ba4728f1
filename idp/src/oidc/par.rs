//! Pushed authorization requests (RFC 9126): a client hands its request over before the person comes, and
//! the person brings only a name for it.

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::authorize::request::{self, Unaddressed};
use super::authorize::{checks, object};
use super::error::{EndpointError, OAuthError};
use super::{Desk, client_auth, dpop};
use crate::crypto::sha256;
use crate::ephemeral::{Key, Kind};
use crate::model::attempt::{ATTEMPT_LIFETIME, Handle};
use crate::model::client::{ClientId, Requirement};
use crate::web::params::Params;

pub const PATH: &str = "/oidc/par";
/// RFC 9126 §2.2
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The person has to come within this time; then they have as long as with any request.
const LIFETIME: Duration = Duration::seconds(90);

/// What an authorization request is read for. Nothing else is kept, least of all a secret.
const KEPT: [&str; 19] = [
    "acr_values",
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];
const MAX_BYTES: usize = 16 * 1024;
/// So many requests of one client may wait at a time; a public one is only a name.
const MAX_WAITING: u64 = 3000;

/// A request as it waits for its person.
#[derive(Debug, Serialize, Deserialize)]
struct Pushed {
    client_id: ClientId,
    params: Params,
    at: OffsetDateTime,
}

#[derive(Debug, Serialize)]
pub struct Answer {
    request_uri: String,
    expires_in: i64,
}

/// Takes a request in, judged as if the person had brought it.
///
/// # Errors
/// The protocol's errors, and our own faults.
pub async fn respond(desk: &Desk<'_>, headers: &HeaderMap, params: &Params) -> Result<Answer, EndpointError> {
    checks::nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    let key = dpop::key(desk, headers, dpop::Target::post(PATH)).await?;
    let invalid = |why: &str| OAuthError::InvalidRequest(why.to_owned());
    if params.get("request_uri").is_some() {
        return Err(invalid("request_uri can not be pushed").into());
    }
    let mut request = match params.get("request") {
        Some(object) => object::open(desk, &client, object)?,
        None if client.must(Requirement::SignedRequests) => {
            return Err(OAuthError::InvalidRequestObject("this client must sign its requests").into());
        }
        None => params.clone(),
    };
    request.keep(&KEPT);
    if request.len() > MAX_BYTES {
        return Err(invalid("the request is longer than 16 KiB").into());
    }
    request.set("client_id", client.id.as_str());
    if let Some(key) = key {
        if request.get("dpop_jkt").is_some_and(|named| named != key.as_str()) {
            return Err(invalid("dpop_jkt is not the key of the DPoP proof").into());
        }
        request.set("dpop_jkt", key.as_str());
    }
    match request::address(desk.store, &request).await? {
        Err(Unaddressed::Client(why) | Unaddressed::RedirectUri(why)) => return Err(invalid(&why).into()),
        // Whom an ID token speaks of is looked at again when the person comes.
        Ok(addressed) => checks::check(&request, &addressed, None, desk.now)?,
    };
    let by_client = sha256(client.id.as_str().as_bytes());
    if desk.ephemeral.count(Kind::PushedBy, by_client, LIFETIME).await? > MAX_WAITING {
        return Err(OAuthError::TemporarilyUnavailable.into());
    }
    let handle = desk.entropy.handle()?;
    let request_uri = format!("{PREFIX}{handle}");
    let pushed = Pushed { client_id: client.id, params: request, at: desk.now };
    desk.ephemeral.put(Kind::Pushed, name(&handle), &pushed, LIFETIME + ATTEMPT_LIFETIME).await?;
    Ok(Answer { request_uri, expires_in: LIFETIME.whole_seconds() })
}

fn name(handle: &Handle) -> Key {
    sha256(handle.as_str().as_bytes())
}

/// The name of a pushed request, if that is what a `request_uri` is.
#[must_use]
pub fn handle(request_uri: &str) -> Option<Handle> {
    Handle::parse(request_uri.strip_prefix(PREFIX)?).ok()
}

/// The request of this client under this name, and the key to spend it by. It stays until it is answered: a
/// person may load a page twice.
///
/// # Errors
/// Our own faults.
pub async fn find(desk: &Desk<'_>, client: &str, handle: &Handle) -> anyhow::Result<Option<(Params, Key)>> {
    let key = name(handle);
    let pushed: Option<Pushed> = desk.ephemeral.get(Kind::Pushed, key).await?;
    let pushed =
        pushed.filter(|pushed| pushed.client_id.as_str() == client && desk.now - pushed.at < LIFETIME);
    Ok(pushed.map(|pushed| (pushed.params, key)))
}
