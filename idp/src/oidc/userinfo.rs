//! Userinfo (OIDC Core §5.3): a protected resource of our own.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use super::Desk;
use super::access;
use super::claims::of_person;
use super::error::{EndpointError, OAuthError};
use crate::model::scope::Scopes;
use crate::web::params::Params;

/// The access token of a request: from the header or the form, and only one (RFC 6750 §2).
///
/// # Errors
/// `invalid_request` when there are two; a bare challenge when there is none.
pub fn bearer(headers: &HeaderMap, form: &Params) -> Result<String, EndpointError> {
    let twice = || {
        let why = "the access token is given more than once".to_owned();
        EndpointError::Resource(Some(OAuthError::InvalidRequest(why)))
    };
    if headers.get_all(AUTHORIZATION).iter().count() > 1 || form.is_repeated("access_token") {
        return Err(twice());
    }
    let in_header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    match (in_header, form.get("access_token")) {
        (Some(token), None) => Ok(token),
        (None, Some(token)) => Ok(token.to_owned()),
        (None, None) => Err(EndpointError::Resource(None)),
        (Some(_), Some(_)) => Err(twice()),
    }
}

/// The claims that this token may read.
///
/// # Errors
/// `invalid_token` or `insufficient_scope`; our own faults.
pub async fn respond(desk: &Desk<'_>, token: &str) -> Result<Map<String, Value>, EndpointError> {
    let invalid = || EndpointError::Resource(Some(OAuthError::InvalidToken));
    let access = access::open(desk, token).await?.ok_or_else(invalid)?;
    if !access.token.aud.contains(desk.issuer) {
        return Err(invalid());
    }
    let user = access.user.ok_or_else(invalid)?;
    if !access.scopes.contains(Scopes::OPENID) {
        return Err(EndpointError::Resource(Some(OAuthError::InsufficientScope)));
    }
    Ok(of_person(&user, &access.scopes))
}
