//! Client assertions (RFC 7523 §3, OIDC Core §9): a client proves who it is by a signature over a statement
//! that is for us, of this moment and used once. Statements about people are held to the same.

use serde_json::{Map, Value};
use time::Duration;

use super::error::{EndpointError, OAuthError};
use super::{AHEAD, AUTHENTICATED, Desk, client_keys};
use crate::crypto::foreign::Unverified;
use crate::crypto::sha256;
use crate::ephemeral::Kind;
use crate::model::client::{Client, ClientAuthMethod};
use crate::store::client_secrets;

/// RFC 7523 §2.2
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What common libraries use at most.
const LONGEST: Duration = Duration::hours(1);
/// What lives longer than this is remembered for long, so there may be only so many of one issuer in an hour: not
/// as many as there is room for.
const USUAL: Duration = Duration::minutes(5);
const LONG_ONES: u64 = 20_000;

/// Whether this assertion is the client's. One that is has been used up.
///
/// # Errors
/// Our own faults.
pub async fn holds(desk: &Desk<'_>, client: &Client, assertion: &str) -> Result<bool, EndpointError> {
    let Some(claims) = signed_claims(desk, client, assertion).await? else {
        return Ok(false);
    };
    let own = |name: &str| claims.get(name).and_then(Value::as_str) == Some(client.id.as_str());
    if !own("iss") || !own("sub") {
        return Ok(false);
    }
    is_good_once(desk, client.id.as_str(), &claims).await
}

/// Whether a statement of this issuer is for us and of this moment, and has not been used. One that is has been
/// used up.
///
/// # Errors
/// Our own faults.
pub(super) async fn is_good_once(
    desk: &Desk<'_>,
    issuer: &str,
    claims: &Map<String, Value>,
) -> Result<bool, EndpointError> {
    let Some((id, left)) = judged(desk, claims) else {
        return Ok(false);
    };
    if left > USUAL {
        let whose = sha256(issuer.as_bytes());
        if desk.ephemeral.count(Kind::LongAssertion, whose, LONGEST).await? > LONG_ONES * desk.leniency {
            return Err(OAuthError::TemporarilyUnavailable.into());
        }
    }
    // No issuer has a space in its name.
    let mark = sha256(format!("{issuer} {id}").as_bytes());
    let made_at = claims.get("iat").and_then(Value::as_i64);
    Ok(desk.ephemeral.first_use(Kind::AssertionUsed, mark, (made_at, left)).await?)
}

async fn signed_claims(
    desk: &Desk<'_>,
    client: &Client,
    assertion: &str,
) -> Result<Option<Map<String, Value>>, EndpointError> {
    let Some(parsed) = Unverified::parse(assertion) else {
        return Ok(None);
    };
    // Neither an ID token nor a proof for something else.
    if !matches!(parsed.typ(), None | Some("JWT" | "client-authentication+jwt")) {
        return Ok(None);
    }
    match client.settings.auth_method {
        ClientAuthMethod::PrivateKeyJwt => {
            if !parsed.is_by(client.settings.assertion_alg) {
                return Ok(None);
            }
            Ok(client_keys::signed_claims(desk, client, &parsed).await?)
        }
        ClientAuthMethod::ClientSecretJwt => {
            for (known, secret) in client_secrets::shared(desk.store, &client.id, desk.now).await? {
                let signed = Unverified::parse(assertion).and_then(|parsed| parsed.signed_with(&secret));
                if let Some(claims) = signed {
                    desk.secret_uses.note(&known, desk.now);
                    return Ok(Some(claims));
                }
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// The name of a good assertion, and how long it could be used again.
fn judged<'a>(desk: &Desk<'_>, claims: &'a Map<String, Value>) -> Option<(&'a str, Duration)> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let seconds = |name: &str| claims.get(name).map(|value| value.as_i64().unwrap_or(i64::MAX));
    let now = desk.now.unix_timestamp();
    let begun = |name: &str| seconds(name).is_none_or(|at| at <= now + AHEAD.whole_seconds());
    let expires_at = claims.get("exp").and_then(Value::as_i64)?;
    let in_time = now < expires_at && expires_at <= now + (LONGEST + AHEAD).whole_seconds();
    if !is_for_us(desk, claims.get("aud")?) || !in_time || !begun("iat") || !begun("nbf") {
        return None;
    }
    let id = text("jti").filter(|id| (1..=256).contains(&id.len()))?;
    Some((id, Duration::seconds(expires_at - now)))
}

/// Our issuer, or the address of the endpoint, and nobody else beside it: an assertion that is for
/// several can be carried from one to the other (CVE-2025-27370).
fn is_for_us(desk: &Desk<'_>, aud: &Value) -> bool {
    let only = match aud {
        Value::String(only) => Some(only.as_str()),
        Value::Array(list) if list.len() == 1 => list.first().and_then(Value::as_str),
        _ => None,
    };
    let rest = only.and_then(|only| only.strip_prefix(desk.issuer));
    rest.is_some_and(|rest| rest.is_empty() || AUTHENTICATED.contains(&rest))
}
