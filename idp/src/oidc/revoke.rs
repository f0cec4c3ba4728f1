//! Token revocation (RFC 7009). A refresh token ends with everything that its grant gave; an access token
//! ends by itself.

use http::HeaderMap;
use time::OffsetDateTime;

use super::Desk;
use super::access;
use super::authorize::checks::nothing_repeated;
use super::client_auth;
use super::error::{EndpointError, OAuthError};
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenKind};
use crate::model::client::Client;
use crate::store::held::{self, Held};
use crate::store::{grants, revoked_tokens};
use crate::web::params::Params;

/// Ends a token of the client that asks. One that is unknown, or has ended, is as good as ended (§2.2).
///
/// # Errors
/// The protocol's errors, among them one for another client's token; our own faults.
pub async fn respond(desk: &Desk<'_>, headers: &HeaderMap, params: &Params) -> Result<(), EndpointError> {
    nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    let token = params.get("token");
    let token = token.ok_or_else(|| OAuthError::InvalidRequest("token is missing".to_owned()))?;
    // What it is shows in its form, so that the hint (§2.1) has nothing to say.
    match Token::parse(TokenKind::RefreshToken, token) {
        Some(token) => refresh_token(desk, &client, &token).await,
        None => access_token(desk, &client, token).await,
    }
}

fn of_another() -> EndpointError {
    OAuthError::InvalidGrant("the token was issued to another client").into()
}

async fn refresh_token(desk: &Desk<'_>, client: &Client, token: &Token) -> Result<(), EndpointError> {
    let Some((_, Held { grant, .. })) = held::by_refresh_token(desk.store, token.hash()).await? else {
        return Ok(());
    };
    if grant.client_id != client.id {
        return Err(of_another());
    }
    let tx = desk.store.begin().await?;
    if !grants::revoke(&tx, grant.id, desk.now).await? {
        // Whoever did it before may not be done.
        return Ok(tx.commit().await?);
    }
    let event = Event::TokensRevoked { client: client.id.clone(), grant: Some(grant.id) };
    audit::record(&tx, desk.now, Actor::Anonymous, Some(grant.user_id), event).await?;
    Ok(tx.commit().await?)
}

async fn access_token(desk: &Desk<'_>, client: &Client, token: &str) -> Result<(), EndpointError> {
    let Some(token) = access::read(desk, token) else {
        return Ok(());
    };
    if token.client_id != client.id.as_str() {
        return Err(of_another());
    }
    let expires_at = OffsetDateTime::from_unix_timestamp(token.exp).unwrap_or(desk.now);
    let tx = desk.store.begin().await?;
    if !revoked_tokens::insert(&tx, &token.jti, expires_at).await? {
        return Ok(tx.commit().await?);
    }
    let event = Event::TokensRevoked { client: client.id.clone(), grant: None };
    // By the grant: what the client calls them may be no name of ours.
    let person = match token.grant_id.as_deref().and_then(|id| id.parse().ok()) {
        Some(id) => grants::by_id(&tx, id).await?.map(|grant| grant.user_id),
        None => token.vouched_by.and_then(|_| token.sub.parse().ok()),
    };
    audit::record(&tx, desk.now, Actor::Anonymous, person, event).await?;
    Ok(tx.commit().await?)
}
