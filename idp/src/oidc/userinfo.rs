//! Userinfo (OIDC Core §5.3): a protected resource of our own. The token is verified, and its grant
//! and person are looked up, so that whatever ended in between has ended here too.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::claims::{AccessToken, of_person};
use super::error::{EndpointError, OAuthError};
use crate::crypto::jwt;
use crate::crypto::keyring::KeyRing;
use crate::model::ids::GrantId;
use crate::model::scope::Scopes;
use crate::model::session::SessionLimits;
use crate::model::user::User;
use crate::store::{Store, clients, grants, sessions, users};
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

/// What userinfo works with, and the moment of one request.
#[derive(Debug)]
pub struct Desk<'a> {
    pub store: &'a Store,
    pub keys: &'a KeyRing,
    pub limits: SessionLimits,
    pub issuer: &'a str,
    pub now: OffsetDateTime,
}

/// The claims that this token may read.
///
/// # Errors
/// `invalid_token` or `insufficient_scope`; our own faults.
pub async fn respond(desk: &Desk<'_>, token: &str) -> Result<Map<String, Value>, EndpointError> {
    let invalid = || EndpointError::Resource(Some(OAuthError::InvalidToken));
    let claims: AccessToken = jwt::read(desk.keys, jwt::TYP_ACCESS_TOKEN, token).ok_or_else(invalid)?;
    let meant_for_us = claims.iss == desk.issuer && claims.aud == desk.issuer;
    if !meant_for_us || desk.now.unix_timestamp() >= claims.exp {
        return Err(invalid());
    }
    let scopes = Scopes::parse(&claims.scope).map_err(|_| invalid())?;
    if !scopes.contains(Scopes::OPENID) {
        return Err(EndpointError::Resource(Some(OAuthError::InsufficientScope)));
    }
    let grant_id: GrantId = claims.grant_id.parse().map_err(|_| invalid())?;
    let grant = grants::by_id(desk.store, grant_id).await?.filter(|grant| grant.revoked_at.is_none());
    let grant = grant.ok_or_else(invalid)?;
    let user = users::by_id(desk.store, grant.user_id).await?.filter(User::is_enabled).ok_or_else(invalid)?;
    let client = clients::by_id(desk.store, &grant.client_id).await?;
    let session = sessions::of_user_by_id(desk.store, user.id, grant.session_id).await?;
    let session_stands = session.is_some_and(|session| session.is_live(desk.now, desk.limits));
    if !client.is_some_and(|client| client.is_enabled()) || !(session_stands || grant.is_offline()) {
        return Err(invalid());
    }
    Ok(of_person(&user, &scopes))
}
