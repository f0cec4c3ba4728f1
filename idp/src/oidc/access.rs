//! What an access token of ours still stands for: its signature and its time, and everything behind it
//! that may have ended since it was made (C6, C17).

use time::OffsetDateTime;

use super::Desk;
use super::claims::{AccessToken, Actor};
use crate::crypto::jwt;
use crate::model::claims::NamedClaims;
use crate::model::client::{Client, ClientId};
use crate::model::grant::Grant;
use crate::model::ids::{GrantId, UserId};
use crate::model::moment::is_to_come;
use crate::model::organization::Member;
use crate::model::scope::Scopes;
use crate::model::session::Method;
use crate::model::user::User;
use crate::store::held::{self, Held};
use crate::store::{clients, memberships, organizations, revoked_tokens, users};

/// A token that holds.
#[derive(Debug)]
pub struct Access {
    pub token: AccessToken,
    pub client: Client,
    pub scopes: Scopes,
    /// The person it speaks for; `None` when a client acts for itself.
    pub user: Option<User>,
    /// What they are in the organization that it is for, as of now.
    pub member: Option<Member>,
    /// What its grant was asked for by name.
    pub named: NamedClaims,
    /// How and when the person of its grant proved to be themselves.
    pub proof: Option<(Method, OffsetDateTime)>,
}

/// Reads a token of ours, if it still holds. What it is for is the caller's to check.
///
/// # Errors
/// When the database does not answer.
pub async fn open(desk: &Desk<'_>, token: &str) -> anyhow::Result<Option<Access>> {
    let Some(mut token) = read(desk, token) else {
        return Ok(None);
    };
    let made_at = OffsetDateTime::from_unix_timestamp(token.iat).ok();
    if made_at.is_none_or(|at| is_to_come(at, desk.now)) {
        return Ok(None);
    }
    let (Ok(scopes), Ok(client_id)) = (Scopes::parse(&token.scope), ClientId::parse(&token.client_id)) else {
        return Ok(None);
    };
    let Some(client) = clients::by_id(desk.store, &client_id).await?.filter(Client::is_enabled) else {
        return Ok(None);
    };
    let Some(grant_id) = &token.grant_id else {
        if revoked_tokens::contains(desk.store, &token.jti).await? {
            return Ok(None);
        }
        let user = vouched(desk, &client, &token).await?;
        let holds = user.is_some() == token.vouched_by.is_some();
        let named = NamedClaims::default();
        return Ok(holds.then(|| Access { token, client, scopes, user, member: None, named, proof: None }));
    };
    let Ok(grant_id) = grant_id.parse::<GrantId>() else {
        return Ok(None);
    };
    let Some(held) = held::by_access_token(desk.store, grant_id, &token.jti).await? else {
        return Ok(None);
    };
    let allowed = &held.grant.client_id;
    // A token that was exchanged stands and falls also with whom the person allowed it.
    if *allowed != client.id
        && clients::by_id(desk.store, allowed).await?.is_none_or(|client| !client.is_enabled())
    {
        return Ok(None);
    }
    if !actors_stand(desk, token.act.as_ref()).await? {
        return Ok(None);
    }
    let Some((grant, Holder { user, member })) = holder(desk, held).await? else {
        return Ok(None);
    };
    if token.org_id.is_some() {
        token.roles = member.as_ref().map(|member| member.roles.clone());
    }
    let named = grant.permission.within(&client).claims;
    let proof = Some((grant.method, grant.authenticated_at));
    Ok(Some(Access { token, client, scopes, user: Some(user), member, named, proof }))
}

/// Whether everybody who handed a token on may still act. A chain is as short as exchange lets it be.
async fn actors_stand(desk: &Desk<'_>, last: Option<&Actor>) -> anyhow::Result<bool> {
    let mut next = last;
    while let Some(actor) = next {
        let Ok(id) = ClientId::parse(&actor.sub) else {
            return Ok(false);
        };
        if clients::by_id(desk.store, &id).await?.is_none_or(|client| !client.is_enabled()) {
            return Ok(false);
        }
        next = actor.act.as_deref();
    }
    Ok(true)
}

/// A token of ours that has not expired, whatever else became of it. One that was made by a clock that is ahead of this
/// one is not good here, and may be elsewhere: it can be revoked.
#[must_use]
pub fn read(desk: &Desk<'_>, token: &str) -> Option<AccessToken> {
    let claims: AccessToken = jwt::read(&desk.keys, jwt::TYP_ACCESS_TOKEN, token)?;
    (claims.iss == desk.issuer && desk.now.unix_timestamp() < claims.exp).then_some(claims)
}

/// The person that somebody vouched for, as long as the client may take the word of whoever did.
async fn vouched(desk: &Desk<'_>, client: &Client, token: &AccessToken) -> anyhow::Result<Option<User>> {
    let issuer = token.vouched_by.as_deref();
    let trusted = client.settings.assertion_issuers.iter().any(|known| Some(known.issuer.as_str()) == issuer);
    match token.sub.parse::<UserId>() {
        Ok(id) if trusted => may_be_vouched_for(desk, users::by_id(desk.store, id).await?).await,
        _ => Ok(None),
    }
}

/// Somebody for whom another's word can stand.
///
/// # Errors
/// When the database does not answer.
pub async fn may_be_vouched_for(desk: &Desk<'_>, found: Option<User>) -> anyhow::Result<Option<User>> {
    let Some(user) = found else {
        return Ok(None);
    };
    let policy = organizations::policy_of(desk.store, &user, desk.policy).await?.policy;
    Ok(Some(user).filter(|user| user.may_be_vouched_for(policy)))
}

/// The person behind a grant, and what they are in its organization if it is for one.
#[derive(Debug)]
pub struct Holder {
    pub user: User,
    pub member: Option<Member>,
}

/// A grant with whom it is from, if it still holds.
///
/// # Errors
/// When the database does not answer.
pub async fn holder(desk: &Desk<'_>, held: Held) -> anyhow::Result<Option<(Grant, Holder)>> {
    let Held { grant, user, session } = held;
    let session_stands = session.is_some_and(|session| session.is_live(desk.now, desk.limits));
    if grant.revoked_at.is_some() || !session_stands && !grant.is_offline() {
        return Ok(None);
    }
    let Some(user) = user.filter(User::is_enabled) else {
        return Ok(None);
    };
    let Some(organization) = grant.organization else {
        return Ok(Some((grant, Holder { user, member: None })));
    };
    let member = memberships::member(desk.store, user.id, organization).await?;
    Ok(member.map(|member| (grant, Holder { user, member: Some(member) })))
}
