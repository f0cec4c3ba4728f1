//! The grant `refresh_token` (RFC 6749 §6, RFC 9700 §4.14). Tokens of public clients are rotated,
//! with a moment of grace for a client whose answer got lost; those of confidential clients stay,
//! because a lost answer must not log anybody out.

use time::Duration;

use super::{Authorized, Desk, Holder, Write, as_of_now, required, revoke, target};
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenKind};
use crate::model::client::{Client, ConsentRule};
use crate::model::grant::{Grant, RefreshToken};
use crate::model::key::Confirmation;
use crate::model::moment::is_to_come;
use crate::model::scope::Scopes;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::policy;
use crate::store::held::{self, Held};
use crate::store::{consents, grants, memberships};
use crate::web::params::Params;
use target::Wants;

/// How long a rotated token still gives the successor it was rotated into.
pub(super) const GRACE: Duration = Duration::seconds(10);

pub(super) struct Request<'a> {
    refresh_token: &'a str,
    scope: Option<&'a str>,
    wants: Wants<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        Ok(Self {
            refresh_token: required(params, "refresh_token")?,
            scope: params.get("scope"),
            wants: Wants::parse(params)?,
        })
    }
}

pub(super) fn refused() -> OAuthError {
    OAuthError::InvalidGrant("the refresh token is wrong, expired, revoked or used")
}

pub(super) async fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, EndpointError> {
    if !client.settings.refresh_tokens {
        return Err(OAuthError::UnauthorizedClient("this client may not refresh").into());
    }
    let token = Token::parse(TokenKind::RefreshToken, request.refresh_token).ok_or_else(refused)?;
    let found = held::by_refresh_token(desk.store, token.hash()).await?;
    let found = found.filter(|(_, held)| held.grant.client_id == client.id);
    let (refresh, Held { grant, user, session }) = found.ok_or_else(refused)?;
    if grant.revoked_at.is_some() {
        return Err(refused().into());
    }
    if grant.key.is_some() && grant.key.as_ref() != key {
        return Err(OAuthError::InvalidGrant("the refresh token is bound to another key").into());
    }
    // First of all whether it was rotated: a replay is a sign of theft however late it comes.
    let write = write_for(desk, client, (&refresh, &grant), token).await?;
    if !refresh.is_in_time(desk.now, desk.tokens.refresh_idle()) {
        return Err(refused().into());
    }
    let standing = match user {
        Some(user) => as_of_now(desk, (user, session), grant.organization, grant.is_offline()).await?,
        None => None,
    };
    let Some(standing) = standing else {
        end_if_left(desk, client, &grant).await?;
        return Err(refused().into());
    };
    let rule = policy::rule(client, standing.member.as_ref().map(|member| &member.organization));
    if policy::short(desk.store, (grant.user_id, grant.method), rule).await?.is_some() {
        return Err(OAuthError::InvalidGrant("the person has to log in anew: a rule asks for more").into());
    }
    if !consent_stands(desk, client, &grant).await? {
        return Err(refused().into());
    }
    let scopes = narrowed(request.scope, &grant, client)?;
    let target = target::of((desk, client), &request.wants, &grant.permission.within(client))?;
    Ok(Authorized {
        holder: Holder::Person(Box::new(grant), Box::new(standing)),
        scopes,
        target,
        nonce: None,
        key: key.cloned(),
        write,
    })
}

async fn write_for(
    desk: &Desk<'_>,
    client: &Client,
    (refresh, grant): (&RefreshToken, &Grant),
    token: Token,
) -> Result<Write, EndpointError> {
    match refresh.rotated_at {
        // Bound to a key it is worth nothing to whoever steals it.
        None if client.is_public() && grant.key.is_none() => Ok(Write::Rotate(refresh.clone())),
        None => Ok(Write::Keep(refresh.clone(), token)),
        // By a clock that is ahead of this one: it may have been a moment ago, which is no theft.
        Some(at) if is_to_come(at, desk.now) => Err(refused().into()),
        Some(at) if desk.now - at <= GRACE => {
            let successor = grants::successor(desk.store, refresh)?;
            Ok(Write::Repeat(successor.ok_or_else(refused)?))
        }
        Some(_) => {
            let event = Event::RefreshTokenReplayed { client: client.id.clone(), grant: grant.id };
            revoke(desk, grant.id, (client, grant.user_id), event).await?;
            Err(refused().into())
        }
    }
}

/// What was given for an organization ends when its person leaves it or it is disabled, and does not come back with
/// them. Whoever lets them go ends it already; this is for what came otherwise.
async fn end_if_left(desk: &Desk<'_>, client: &Client, grant: &Grant) -> Result<(), EndpointError> {
    let Some(organization) = grant.organization else {
        return Ok(());
    };
    if memberships::member(desk.store, grant.user_id, organization).await?.is_some() {
        return Ok(());
    }
    let tx = desk.store.begin().await?;
    if grants::revoke(&tx, grant.id, desk.now).await? {
        let event = Event::TokensRevoked { client: client.id.clone(), grant: Some(grant.id) };
        audit::record(&tx, desk.now, Actor::Anonymous, Some(grant.user_id), event).await?;
    }
    Ok(tx.commit().await?)
}

/// C6: a withdrawn consent ends what it allowed.
async fn consent_stands(desk: &Desk<'_>, client: &Client, grant: &Grant) -> Result<bool, EndpointError> {
    if client.settings.consent != ConsentRule::Remember {
        return Ok(true);
    }
    let given = consents::permission(desk.store, grant.user_id, &client.id).await?;
    Ok(given.is_some_and(|given| grant.permission.is_covered_by(&given)))
}

/// RFC 6749 §6: the same scopes or fewer.
fn narrowed(requested: Option<&str>, grant: &Grant, client: &Client) -> Result<Scopes, OAuthError> {
    let held = grant.permission.within(client).scopes;
    let Some(requested) = requested else {
        return Ok(held);
    };
    match Scopes::parse(requested) {
        Ok(scopes) if scopes.is_subset(&held) && scopes.contains(Scopes::OPENID) => Ok(scopes),
        Ok(scopes) if scopes.is_subset(&held) => Err(OAuthError::InvalidScope("scope must contain openid")),
        Ok(_) => Err(OAuthError::InvalidScope("scope goes beyond what was granted")),
        Err(_) => Err(OAuthError::InvalidScope("scope is malformed")),
    }
}
