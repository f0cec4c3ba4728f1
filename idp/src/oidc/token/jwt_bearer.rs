//! The grant `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1): somebody whom the operator trusts for
//! this client vouches for a person who is not there. Nobody signs in by that: the token says nothing about how
//! anybody was authenticated, there is no session, no grant, no ID token and nothing to refresh it with.

use super::{Authorized, Desk, Holder, Write, required, target};
use crate::crypto::foreign::Unverified;
use crate::model::client::{Client, GrantType, PeopleBy, Voucher};
use crate::model::ids::UserId;
use crate::model::key::Confirmation;
use crate::model::resource::Resources;
use crate::model::scope::Scopes;
use crate::model::user::{Email, User};
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::{access, assertion};
use crate::store::users;
use crate::web::params::Params;
use target::Target;

pub(super) const NAME: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) struct Request<'a> {
    assertion: &'a str,
    scope: Option<&'a str>,
    resources: Resources,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        Ok(Self {
            assertion: required(params, "assertion")?,
            scope: params.get("scope"),
            resources: target::without_details(params)?,
        })
    }
}

pub(super) async fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, EndpointError> {
    if !client.settings.grants.contains(&GrantType::JwtBearer) {
        return Err(OAuthError::UnauthorizedClient("this client may not use assertions about people").into());
    }
    let scopes = narrowed(request.scope, client)?;
    let targets = targets(&request.resources, client)?;
    // §3.1: whatever is wrong with it, one answer; nor does it tell who has an account.
    let refused =
        OAuthError::InvalidGrant("the assertion is wrong, expired, used, or about nobody it may be about");
    let (user, voucher) = vouched(desk, client, request.assertion).await?.ok_or(refused)?;
    Ok(Authorized {
        holder: Holder::Vouched(Box::new(user), voucher.issuer.clone()),
        scopes,
        target: Target::plain(&targets),
        nonce: None,
        key: key.cloned(),
        write: Write::Nothing,
    })
}

/// Whom a good assertion is about, and by whom it is. It is used up.
async fn vouched<'a>(
    desk: &Desk<'_>,
    client: &'a Client,
    assertion: &str,
) -> Result<Option<(User, &'a Voucher)>, EndpointError> {
    // Neither a proof for something else nor a client's own assertion.
    let parsed = Unverified::parse(assertion).filter(|parsed| matches!(parsed.typ(), None | Some("JWT")));
    let Some(parsed) = parsed else {
        return Ok(None);
    };
    let issuer = parsed.hint("iss");
    let mut vouchers = client.settings.assertion_issuers.iter();
    let Some(voucher) = vouchers.find(|known| Some(known.issuer.as_str()) == issuer) else {
        return Ok(None);
    };
    let Some(claims) = parsed.signed_by(&voucher.jwks) else {
        return Ok(None);
    };
    if !assertion::is_good_once(desk, voucher.issuer.as_str(), &claims).await? {
        return Ok(None);
    }
    let Some(name) = claims.get("sub").and_then(serde_json::Value::as_str) else {
        return Ok(None);
    };
    Ok(person(desk, voucher.people, name).await?.map(|user| (user, voucher)))
}

async fn person(desk: &Desk<'_>, by: PeopleBy, name: &str) -> Result<Option<User>, EndpointError> {
    let found = match by {
        PeopleBy::Sub => match name.parse::<UserId>() {
            Ok(id) => users::by_id(desk.store, id).await?,
            Err(_) => None,
        },
        PeopleBy::Email => match Email::parse(name) {
            Ok(email) => users::by_email(desk.store, &email).await?.filter(|user| user.email_verified),
            Err(_) => None,
        },
    };
    Ok(access::may_be_vouched_for(desk, found).await?)
}

/// What the client registered, and nothing about the person themselves.
fn narrowed(requested: Option<&str>, client: &Client) -> Result<Scopes, OAuthError> {
    let held = client.settings.scopes.without_person();
    match requested.map(Scopes::parse) {
        None => Ok(held),
        Some(Ok(scopes)) if scopes.is_subset(&held) => Ok(scopes),
        Some(Ok(_)) => Err(OAuthError::InvalidScope("scope goes beyond what this client may have")),
        Some(Err(_)) => Err(OAuthError::InvalidScope("scope is malformed")),
    }
}

/// Never ourselves: userinfo is for whom a person allowed it.
fn targets(asked: &Resources, client: &Client) -> Result<Resources, OAuthError> {
    let held = &client.settings.resources;
    match asked.is_empty() {
        true if !held.is_empty() => Ok(held.clone()),
        false if asked.is_subset(held) => Ok(asked.clone()),
        _ => Err(OAuthError::InvalidTarget),
    }
}
