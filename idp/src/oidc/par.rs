//! Pushed authorization requests (RFC 9126): a client hands its request over before the person comes, and
//! the person brings only a name for it.

use std::net::IpAddr;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::authorize::checks::{self, Offered};
use super::authorize::request::{self, Unaddressed};
use super::bounds::Bounds;
use super::error::{EndpointError, OAuthError};
use super::{Desk, client_auth, dpop};
use crate::crypto::sha256;
use crate::ephemeral::{Ephemeral, Key, Kind};
use crate::model::attempt::{ATTEMPT_LIFETIME, Handle};
use crate::model::client::{Client, ClientId};
use crate::web::params::Params;

pub const PATH: &str = "/oidc/par";
/// RFC 9126 §2.2
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The person has to come within this time; then they have as long as with any request.
const LIFETIME: Duration = Duration::seconds(90);

/// What an authorization request is read for. Nothing else is kept, least of all a secret.
const KEPT: [&str; 21] = [
    "acr_values",
    "authorization_details",
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "organization",
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
const MAX_BYTES: usize = 8 * 1024;
/// Together well below what there is room for, so that no client takes up the room of others.
const BOUNDS: Bounds = Bounds { kind: Kind::PushedBy, window: LIFETIME, of_client: 1500, of_network: 300 };

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
pub async fn respond(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    params: &Params,
    address: Option<IpAddr>,
) -> Result<Answer, EndpointError> {
    checks::nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    let key = dpop::key(desk, headers, dpop::Target::post(PATH)).await?;
    let invalid = |why: &str| OAuthError::InvalidRequest(why.to_owned());
    if params.get("request_uri").is_some() {
        return Err(invalid("request_uri can not be pushed").into());
    }
    let mut request = request::inside(desk, &client, params).await??;
    if request.get("client_id") != Some(client.id.as_str()) {
        return Err(invalid("client_id is missing").into());
    }
    request.keep(&KEPT);
    if request.len() > MAX_BYTES {
        return Err(invalid("the request is longer than 8 KiB").into());
    }
    if let Some(key) = key {
        if request.get("dpop_jkt").is_some_and(|named| named != key.as_str()) {
            return Err(invalid("dpop_jkt is not the key of the DPoP proof").into());
        }
        request.set("dpop_jkt", key.as_str());
    }
    let addressed = request::address(client, &request, None).map_err(|why| match why {
        Unaddressed::Client(why) | Unaddressed::RedirectUri(why) => invalid(&why),
    })?;
    // Whom an ID token speaks of is looked at again when the person comes.
    let offered = Offered { types: desk.types, sign_up: desk.sign_up };
    checks::check(&request, &addressed, None, &offered, desk.now)?;
    BOUNDS.admit(desk, &addressed.client, address).await?;
    let handle = desk.entropy.handle()?;
    let request_uri = format!("{PREFIX}{handle}");
    let pushed = Pushed { client_id: addressed.client.id, params: request, at: desk.now };
    desk.ephemeral.put(Kind::Pushed, name(&handle), &pushed, LIFETIME).await?;
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

/// The request of this client under this name, and the key to spend it by. Looking at it spends nothing: a
/// person may load a page twice.
///
/// # Errors
/// Our own faults.
pub async fn find(
    desk: &Desk<'_>,
    client: &Client,
    handle: &Handle,
) -> anyhow::Result<Option<(Params, Key)>> {
    let key = name(handle);
    let pushed: Option<Pushed> = desk.ephemeral.get(Kind::Pushed, key).await?;
    let pushed = pushed.filter(|pushed| pushed.client_id == client.id && desk.now - pushed.at < LIFETIME);
    Ok(pushed.map(|pushed| (pushed.params, key)))
}

/// Marks a request as answered, so that it is answered once, however many pages it was loaded into. `false`
/// when it was before.
///
/// # Errors
/// Our own faults.
pub async fn spend(ephemeral: &Ephemeral, key: Key) -> anyhow::Result<bool> {
    ephemeral.take::<Pushed>(Kind::Pushed, key).await?;
    Ok(ephemeral.first_use(Kind::PushedAnswered, key, (None, LIFETIME + ATTEMPT_LIFETIME)).await?)
}
