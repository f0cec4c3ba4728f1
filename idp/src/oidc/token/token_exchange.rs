//! The grant `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): an API that was called for a person
//! calls another one for them. What it gets names it as the actor, says no more than what it was shown, lives no
//! longer, and ends with the same grant.

use super::{Authorized, Desk, Holder, Write, required, target};
use crate::model::client::{Client, GrantType};
use crate::model::key::Confirmation;
use crate::model::resource::{Resource, Resources};
use crate::model::scope::Scopes;
use crate::oidc::access;
use crate::oidc::claims::{AccessToken, Actor};
use crate::oidc::error::{EndpointError, OAuthError};
use crate::web::params::Params;
use target::Target;

pub(super) const NAME: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// RFC 8693 §3
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A longer row of actors is a circle.
const DEEPEST: usize = 5;

pub(super) struct Request<'a> {
    subject_token: &'a str,
    scope: Option<&'a str>,
    targets: Resources,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        let invalid = |why: &str| Err(OAuthError::InvalidRequest(why.to_owned()));
        let subject_token = required(params, "subject_token")?;
        if ![ACCESS_TOKEN, JWT].contains(&required(params, "subject_token_type")?) {
            return invalid("subject_token_type must be that of an access token");
        }
        if params.get("requested_token_type").is_some_and(|kind| ![ACCESS_TOKEN, JWT].contains(&kind)) {
            return invalid("requested_token_type must be that of an access token");
        }
        // §2.1: the client is the actor, and has proven who it is.
        if params.get("actor_token").is_some() || params.get("actor_token_type").is_some() {
            return invalid("actor_token is not supported: whoever asks is the actor");
        }
        let named = target::without_details(params)?;
        let more = params.all("audience").iter().map(|text| Resource::parse(text));
        let more = more.collect::<Result<Resources, _>>().map_err(|_| OAuthError::InvalidTarget)?;
        let targets = named.union(&more);
        Ok(Self { subject_token, scope: params.get("scope"), targets })
    }
}

pub(super) async fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, EndpointError> {
    if !client.settings.grants.contains(&GrantType::TokenExchange) {
        return Err(OAuthError::UnauthorizedClient("this client may not exchange tokens").into());
    }
    // §2.2.2: whatever is wrong with it, one answer.
    let refused = || {
        let why = "the subject token is wrong, expired, revoked, bound to a key, or not for this client";
        OAuthError::InvalidRequest(why.to_owned())
    };
    let access = access::open(desk, request.subject_token).await?.ok_or_else(refused)?;
    let subject = access.token;
    let shown_to_us = subject.aud.iter().any(|name| client.settings.serves.contains(name));
    // Without a grant there is nothing of the person's own that it could end with.
    if access.user.is_none() || subject.grant_id.is_none() || !shown_to_us {
        return Err(refused().into());
    }
    // Whoever called us with it holds its key, and we do not: nothing would bind what we hand out.
    if subject.cnf.is_some() && subject.cnf.as_ref() != key {
        return Err(refused().into());
    }
    if subject.act.as_ref().is_some_and(|act| act.depth() >= DEEPEST) {
        return Err(OAuthError::InvalidRequest("too many have acted for each other".to_owned()).into());
    }
    if request.targets.is_empty() || !request.targets.is_subset(&client.settings.resources) {
        return Err(OAuthError::InvalidTarget.into());
    }
    let scopes = narrowed(request.scope, &access.scopes, client)?;
    let act = Actor { sub: client.id.to_string(), act: subject.act.clone().map(Box::new) };
    Ok(Authorized {
        scopes,
        target: Target::plain(&request.targets),
        holder: Holder::Delegate(Box::new(AccessToken { act: Some(act), ..subject })),
        nonce: None,
        key: key.cloned(),
        write: Write::Nothing,
    })
}

/// What the subject token says and the client may have, and nothing about the person themselves: that is for
/// whom they allowed it.
fn narrowed(requested: Option<&str>, shown: &Scopes, client: &Client) -> Result<Scopes, OAuthError> {
    let held = shown.intersection(&client.settings.scopes).without_person();
    match requested.map(Scopes::parse) {
        None => Ok(held),
        Some(Ok(scopes)) if scopes.is_subset(&held) => Ok(scopes),
        Some(Ok(_)) => Err(OAuthError::InvalidScope("scope goes beyond that of the subject token")),
        Some(Err(_)) => Err(OAuthError::InvalidScope("scope is malformed")),
    }
}
