//! Token introspection (RFC 7662), also as a signed answer (RFC 9701): for the client that holds a token
//! and for the API it was made for. Everybody else is told that it is not active, and nothing more.

use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Map, Value, json};

use super::Desk;
use super::access::{self, Access};
use super::authorize::checks::nothing_repeated;
use super::error::{EndpointError, OAuthError};
use super::{client_auth, subject};
use crate::crypto::jwt;
use crate::crypto::keyring::KeyError;
use crate::crypto::token::{Token, TokenKind};
use crate::model::client::Client;
use crate::model::key::Confirmation;
use crate::store::held;
use crate::web::params::Params;

/// RFC 9701 §4
pub const JWT: &str = "application/token-introspection+jwt";
const TYP: &str = "token-introspection+jwt";

/// What the caller may know of a token, and who the caller is.
///
/// # Errors
/// The protocol's errors, and our own faults.
pub async fn respond(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    params: &Params,
) -> Result<(Client, Map<String, Value>), EndpointError> {
    nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    if client.is_public() {
        // Anybody can claim to be one (§4).
        return Err(OAuthError::UnauthorizedClient("this client can not prove who it is").into());
    }
    let token = params.get("token");
    let token = token.ok_or_else(|| OAuthError::InvalidRequest("token is missing".to_owned()))?;
    let known = match Token::parse(TokenKind::RefreshToken, token) {
        Some(token) => refresh_token(desk, &client, &token).await?,
        None => access::open(desk, token).await?.and_then(|access| access_token(desk, &client, access)),
    };
    let inactive = || Map::from_iter([("active".to_owned(), json!(false))]);
    Ok((client, known.unwrap_or_else(inactive)))
}

fn access_token(desk: &Desk<'_>, client: &Client, access: Access) -> Option<Map<String, Value>> {
    let mut token = access.token;
    let own = token.client_id == client.id.as_str();
    if !own && !token.aud.iter().any(|name| client.settings.serves.contains(name)) {
        return None;
    }
    if !own {
        // RFC 9396 §9.2: what is for other APIs is none of this one's business.
        let own = |api: &str| client.settings.serves.contains(api);
        token.authorization_details = token.authorization_details.meant_for(desk.types, own);
    }
    let token_type = Confirmation::token_type(token.cnf.as_ref());
    let Ok(Value::Object(mut claims)) = serde_json::to_value(&token) else {
        return None;
    };
    claims.remove("grant_id");
    claims.insert("active".to_owned(), json!(true));
    claims.insert("token_type".to_owned(), json!(token_type));
    Some(claims)
}

/// A refresh token is nobody's business but its client's.
async fn refresh_token(
    desk: &Desk<'_>,
    client: &Client,
    token: &Token,
) -> Result<Option<Map<String, Value>>, EndpointError> {
    let Some((refresh, held)) = held::by_refresh_token(desk.store, token.hash()).await? else {
        return Ok(None);
    };
    let spent = refresh.rotated_at.is_some() || held.grant.client_id != client.id;
    if spent || !refresh.is_in_time(desk.now, desk.tokens.refresh_idle()) {
        return Ok(None);
    }
    let Some((grant, _)) = access::holder(desk, held).await? else {
        return Ok(None);
    };
    let details = grant.permission.within(client).details.current(desk.types);
    let mut claims = json!({
        "active": true,
        "iss": desk.issuer,
        "sub": subject::of(desk.store.sealer(), client, grant.user_id),
        "client_id": grant.client_id,
        "scope": grant.permission.scopes.to_string(),
        "iat": refresh.created_at.unix_timestamp(),
        "exp": refresh.expires_at.unix_timestamp(),
    });
    if let Some(claims) = claims.as_object_mut().filter(|_| !details.is_empty()) {
        claims.insert("authorization_details".to_owned(), json!(details));
    }
    Ok(match claims {
        Value::Object(claims) => Some(claims),
        _ => None,
    })
}

/// Whether the caller asks for a signed answer (RFC 9701 §4).
#[must_use]
pub fn wants_jwt(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| {
        value.split(',').any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == JWT))
    })
}

/// The answer, signed for this caller alone (RFC 9701 §5).
///
/// # Errors
/// When signing fails.
pub async fn signed(
    desk: &Desk<'_>,
    client: &Client,
    answer: &Map<String, Value>,
) -> Result<String, KeyError> {
    let claims = json!({
        "iss": desk.issuer,
        "aud": client.id,
        "iat": desk.now.unix_timestamp(),
        "token_introspection": answer,
    });
    jwt::sign(&desk.keys, client.settings.id_token_alg, TYP, &claims).await
}
