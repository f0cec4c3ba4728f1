//! Request objects (RFC 9101, OIDC Core §6.1): an authorization request that the client has signed. Nothing
//! outside of it counts (B5).

use serde_json::{Map, Value};
use time::Duration;

use crate::crypto::foreign::Unverified;
use crate::crypto::sha256;
use crate::ephemeral::Kind;
use crate::model::client::{Client, Requirement};
use crate::model::key::SigningAlg;
use crate::oidc::error::OAuthError;
use crate::oidc::{AHEAD, Desk, client_keys};
use crate::web::params::Params;

/// What is about the object and not of the request.
const ABOUT: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/// As often as this in a minute an application's address is asked for requests.
const FETCHES: u64 = 600;

/// The parameters of an object that the application keeps at an address (§5.2), which is registered byte by
/// byte. Clients without such addresses can not make us call any.
///
/// # Errors
/// `request_uri_not_supported`, `invalid_request_uri`, and as [`open`].
pub async fn fetch(desk: &Desk<'_>, client: &Client, address: &str) -> anyhow::Result<Opened> {
    let known = &client.settings.request_uris;
    if known.is_empty() {
        return Ok(Err(OAuthError::RequestUriNotSupported));
    }
    if !known.iter().any(|known| known.as_str() == address) {
        return Ok(Err(OAuthError::InvalidRequestUri("this request_uri is not registered, byte by byte")));
    }
    let key = sha256(client.id.as_str().as_bytes());
    if desk.ephemeral.count(Kind::RequestFetched, key, Duration::MINUTE).await? > FETCHES {
        return Ok(Err(OAuthError::TemporarilyUnavailable));
    }
    let fetched = match desk.http.get(address, "application/oauth-authz-req+jwt, application/jwt").await {
        Ok(fetched) => fetched,
        Err(error) => {
            tracing::warn!(client = %client.id, %error, "a request object can not be fetched");
            return Ok(Err(OAuthError::InvalidRequestUri("nothing can be fetched from there")));
        }
    };
    match std::str::from_utf8(&fetched.bytes) {
        Ok(object) => open(desk, client, object.trim_end()).await,
        Err(_) => Ok(Err(OAuthError::InvalidRequestObject("it is no signed JWT"))),
    }
}

/// The parameters inside of an object, or what is wrong with it.
pub type Opened = Result<Params, OAuthError>;

/// The parameters inside the object.
///
/// # Errors
/// The inner error is `invalid_request_object`, or `request_not_supported` for one that nobody signed; the
/// outer one our own fault.
pub async fn open(desk: &Desk<'_>, client: &Client, object: &str) -> anyhow::Result<Opened> {
    let claims = match signed(desk, client, (object, client.settings.request_object_alg)).await? {
        Ok(claims) => claims,
        Err(error) => return Ok(Err(error)),
    };
    if claims.get("client_id").and_then(Value::as_str) != Some(client.id.as_str()) {
        return Ok(Err(OAuthError::InvalidRequestObject("iss and client_id must be this client")));
    }
    Ok(judge(desk, client, &claims).map(|()| parameters(claims)))
}

/// The claims of an object that this client has signed, with this algorithm if there is one.
///
/// # Errors
/// As [`open`].
pub(in crate::oidc) async fn signed(
    desk: &Desk<'_>,
    client: &Client,
    (object, alg): (&str, Option<SigningAlg>),
) -> anyhow::Result<Result<Map<String, Value>, OAuthError>> {
    let invalid = |why| Ok(Err(OAuthError::InvalidRequestObject(why)));
    let Some(parsed) = Unverified::parse(object) else {
        return invalid("it is no signed JWT");
    };
    if parsed.alg() == Some("none") {
        return Ok(Err(OAuthError::RequestNotSupported));
    }
    if !matches!(parsed.typ(), None | Some("JWT" | "oauth-authz-req+jwt")) {
        return invalid("its typ is that of something else");
    }
    if !parsed.is_by(alg) {
        return invalid("it is not signed with the algorithm that this client registered");
    }
    let Some(claims) = client_keys::signed_claims(desk, client, &parsed).await? else {
        return invalid("it is not signed with a key of this client");
    };
    Ok(Ok(claims))
}

/// Whether it is this client's, for us, of this moment and nothing else.
pub(in crate::oidc) fn judge(
    desk: &Desk<'_>,
    client: &Client,
    claims: &Map<String, Value>,
) -> Result<(), OAuthError> {
    let invalid = OAuthError::InvalidRequestObject;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(client.id.as_str()) {
        return Err(invalid("iss and client_id must be this client"));
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(only)) => only == desk.issuer,
        Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(desk.issuer)),
        _ => false,
    };
    if !for_us {
        return Err(invalid("aud must be our issuer"));
    }
    let now = desk.now.unix_timestamp();
    // Neither RFC 9101 §4 nor Core §6.1 ask for it; who has to sign has to say until when, too.
    let may_lack = !client.must(Requirement::SignedRequests);
    let in_time = |at: &Value| at.as_i64().is_some_and(|at| at > now);
    if !claims.get("exp").map_or(may_lack, in_time) {
        return Err(invalid("exp is missing or past"));
    }
    let begun = |name: &str| {
        claims.get(name).is_none_or(|at| at.as_i64().is_some_and(|at| at <= now + AHEAD.whole_seconds()))
    };
    if !begun("iat") || !begun("nbf") {
        return Err(invalid("it is of the future"));
    }
    // §10.8: with it, the object could pass as a client assertion.
    if claims.contains_key("sub") {
        return Err(invalid("it must not have sub in it"));
    }
    // As a parameter it would be the word "null".
    if claims.values().any(Value::is_null) {
        return Err(invalid("a parameter is null"));
    }
    // §4: no object inside an object.
    if claims.contains_key("request") || claims.contains_key("request_uri") {
        return Err(invalid("it must not have request or request_uri in it"));
    }
    Ok(())
}

pub(in crate::oidc) fn parameters(claims: Map<String, Value>) -> Params {
    let mut params = Params::default();
    for (name, value) in claims {
        if ABOUT.contains(&name.as_str()) {
            continue;
        }
        match value {
            // As in a query, without a value it is as if it were not there (RFC 6749 §3.1).
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => params.add(&name, text),
            // `resource` may be a list; anything else that is structured, such as `claims`, stays JSON.
            Value::Array(list) if Params::may_repeat(&name) => {
                for value in list.iter().filter_map(Value::as_str) {
                    params.add(&name, value.to_owned());
                }
            }
            other => params.add(&name, other.to_string()),
        }
    }
    params
}
