//! Request objects (RFC 9101, OIDC Core §6.1): an authorization request that the client has signed. Nothing
//! outside of it counts (B5).

use serde_json::{Map, Value};

use crate::crypto::foreign::Unverified;
use crate::model::client::Client;
use crate::oidc::error::OAuthError;
use crate::oidc::{AHEAD, Desk};
use crate::web::params::Params;

/// What is about the object and not of the request.
const ABOUT: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/// The parameters inside the object.
///
/// # Errors
/// `invalid_request_object`, or `request_not_supported` for one that nobody signed.
pub fn open(desk: &Desk<'_>, client: &Client, object: &str) -> Result<Params, OAuthError> {
    let invalid = OAuthError::InvalidRequestObject;
    let parsed = Unverified::parse(object).ok_or_else(|| invalid("it is no signed JWT"))?;
    if parsed.alg() == Some("none") {
        return Err(OAuthError::RequestNotSupported);
    }
    if !matches!(parsed.typ(), None | Some("JWT" | "oauth-authz-req+jwt")) {
        return Err(invalid("its typ is that of something else"));
    }
    let claims = client.settings.jwks.as_ref().and_then(|keys| parsed.signed_by(keys));
    let claims = claims.ok_or_else(|| invalid("it is not signed with a key of this client"))?;
    judge(desk, client, &claims)?;
    Ok(parameters(claims))
}

fn judge(desk: &Desk<'_>, client: &Client, claims: &Map<String, Value>) -> Result<(), OAuthError> {
    let invalid = OAuthError::InvalidRequestObject;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let own = Some(client.id.as_str());
    if text("iss") != own || text("client_id") != own {
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
    if claims.get("exp").and_then(Value::as_i64).is_none_or(|at| at <= now) {
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

fn parameters(claims: Map<String, Value>) -> Params {
    let mut params = Params::default();
    for (name, value) in claims {
        if ABOUT.contains(&name.as_str()) {
            continue;
        }
        match value {
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
