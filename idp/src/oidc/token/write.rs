//! The one transaction that writes what a request for tokens changes.

use time::{Duration, OffsetDateTime};

use super::refresh_token::refused;
use super::{Authorized, Desk, Holder, Write, revoke};
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::ephemeral::Kind;
use crate::model::client::Client;
use crate::model::grant::{Grant, RefreshToken};
use crate::model::ids::{GrantId, RefreshTokenId};
use crate::model::session::Session;
use crate::oidc::claims::{AccessToken, Audience};
use crate::oidc::error::{EndpointError, OAuthError};
use crate::store::{Store, Tx, grants, sessions};

/// That a kept refresh token was used is written at most this often: a refresh is mostly read.
const NOTE_USE_EVERY: Duration = Duration::hours(1);
/// An application that refreshes keeps its person's session from idling, noted this often.
const NOTE_SEEN_EVERY: Duration = Duration::minutes(1);

pub(super) async fn note_issued(
    desk: &Desk<'_>,
    tx: &Tx,
    client: &Client,
    grant: &Grant,
) -> Result<(), EndpointError> {
    let event = Event::TokensIssued {
        client: client.id.clone(),
        grant: grant.id,
        scopes: grant.permission.scopes.to_string(),
        organization: grant.organization,
    };
    Ok(audit::record(tx, desk.now, Actor::Person(grant.user_id), Some(grant.user_id), event).await?)
}

/// Writes what the request changes and returns the refresh token to hand out.
pub(super) async fn write(
    desk: &Desk<'_>,
    client: &Client,
    authorized: Authorized,
) -> Result<Option<Token>, EndpointError> {
    let Authorized { holder, target, scopes, write, .. } = authorized;
    let audience = target.audience;
    let (grant, standing) = match holder {
        Holder::Person(grant, standing) => (grant, standing),
        Holder::Client => return Ok(None),
        Holder::Delegate(shown) => return note_exchange(desk, client, &shown, &audience).await,
        Holder::Vouched(user, issuer) => {
            let audience = audience.iter().collect::<Vec<_>>().join(" ");
            let (client, issuer, scopes) = (client.id.clone(), issuer.to_string(), scopes.to_string());
            let event = Event::PersonVouchedFor { client, issuer, scopes, audience };
            let tx = desk.store.begin().await?;
            audit::record(&tx, desk.now, Actor::Anonymous, Some(user.id), event).await?;
            tx.commit().await?;
            return Ok(None);
        }
    };
    match write {
        Write::Nothing => Ok(None),
        Write::Redeem(code) => redeem(desk, client, &grant, code).await,
        Write::Keep(refresh, token) => {
            note_use(desk, &refresh, standing.session.as_ref()).await?;
            Ok(Some(token))
        }
        Write::Rotate(refresh) => rotate(desk, &grant, &refresh, standing.session.as_ref()).await.map(Some),
        Write::Repeat(successor) => Ok(Some(successor)),
    }
}

/// Who has acted for somebody is on record.
async fn note_exchange(
    desk: &Desk<'_>,
    client: &Client,
    shown: &AccessToken,
    audience: &Audience,
) -> Result<Option<Token>, EndpointError> {
    let id = shown.grant_id.as_ref().and_then(|id| id.parse::<GrantId>().ok());
    let tx = desk.store.begin().await?;
    let grant = match id {
        Some(id) => grants::by_id(&tx, id).await?.filter(|grant| grant.revoked_at.is_none()),
        None => None,
    };
    let grant = grant.ok_or(OAuthError::InvalidGrant("what the token came from has ended"))?;
    let audience = audience.iter().collect::<Vec<_>>().join(" ");
    let event = Event::TokenExchanged { client: client.id.clone(), grant: grant.id, audience };
    audit::record(&tx, desk.now, Actor::Anonymous, Some(grant.user_id), event).await?;
    tx.commit().await?;
    Ok(None)
}

async fn redeem(
    desk: &Desk<'_>,
    client: &Client,
    grant: &Grant,
    code: TokenHash,
) -> Result<Option<Token>, EndpointError> {
    let tx = desk.store.begin().await?;
    if !grants::insert(&tx, grant, code).await? {
        return Err(OAuthError::InvalidGrant("the code is wrong, expired or used").into());
    }
    let mut token = None;
    if client.settings.refresh_tokens {
        let expires_at = desk.now + desk.tokens.refresh_absolute();
        token = Some(new_refresh_token(desk, &tx, grant, expires_at)?);
    }
    note_issued(desk, &tx, client, grant).await?;
    tx.commit().await?;
    // Whoever came second either found the grant, which is committed now, or left this note before.
    let replayed: Option<()> = desk.ephemeral.get(Kind::CodeReplayed, code.0).await?;
    if replayed.is_some() {
        let event = Event::CodeReplayed { client: client.id.clone(), grant: grant.id };
        // As if the second use had come a moment later: the answer stands and its tokens are dead.
        revoke(desk, grant.id, (client, grant.user_id), event).await?;
    }
    Ok(token)
}

fn new_refresh_token(
    desk: &Desk<'_>,
    tx: &Tx,
    grant: &Grant,
    expires_at: OffsetDateTime,
) -> Result<Token, EndpointError> {
    let token = Token::generate(TokenKind::RefreshToken, desk.entropy)?;
    insert_refresh_token(desk, tx, (grant, &token), expires_at)?;
    Ok(token)
}

fn insert_refresh_token(
    desk: &Desk<'_>,
    tx: &Tx,
    (grant, token): (&Grant, &Token),
    expires_at: OffsetDateTime,
) -> Result<(), EndpointError> {
    let row = RefreshToken {
        id: desk.entropy.id(desk.now, RefreshTokenId::new)?,
        grant_id: grant.id,
        created_at: desk.now,
        last_used_at: desk.now,
        expires_at,
        rotated_at: None,
        successor: None,
    };
    grants::insert_refresh_token(tx, &row, token);
    Ok(())
}

async fn rotate(
    desk: &Desk<'_>,
    grant: &Grant,
    refresh: &RefreshToken,
    session: Option<&Session>,
) -> Result<Token, EndpointError> {
    let token = Token::generate(TokenKind::RefreshToken, desk.entropy)?;
    let tx = desk.store.begin().await?;
    if grants::rotate(&tx, refresh.id, &token, desk.now).await? {
        insert_refresh_token(desk, &tx, (grant, &token), refresh.expires_at)?;
        note_seen(desk, &tx, session);
        tx.commit().await?;
        return Ok(token);
    }
    // Another request of the same client was faster by a moment: it and this one get the same token. What was seen of it here
    // is kept when this ends.
    tx.commit().await?;
    successor_of(desk.store, refresh.id).await?.ok_or_else(|| refused().into())
}

async fn successor_of(store: &Store, id: RefreshTokenId) -> Result<Option<Token>, EndpointError> {
    match grants::refresh_token_by_id(store, id).await? {
        Some(rotated) => Ok(grants::successor(store, &rotated)?),
        None => Ok(None),
    }
}

async fn note_use(
    desk: &Desk<'_>,
    refresh: &RefreshToken,
    session: Option<&Session>,
) -> Result<(), EndpointError> {
    let used = desk.now - refresh.last_used_at >= NOTE_USE_EVERY;
    let seen = session.is_some_and(|session| desk.now - session.last_seen_at >= NOTE_SEEN_EVERY);
    if !used && !seen {
        return Ok(());
    }
    let tx = desk.store.begin().await?;
    if used {
        grants::touch_refresh_token(&tx, refresh.id, desk.now);
    }
    note_seen(desk, &tx, session);
    Ok(tx.commit().await?)
}

fn note_seen(desk: &Desk<'_>, tx: &Tx, session: Option<&Session>) {
    if let Some(session) = session {
        sessions::touch(tx, session.id, desk.now);
    }
}
