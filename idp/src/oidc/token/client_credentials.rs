//! The grant `client_credentials` (RFC 6749 §4.4): a client acts for itself. Nothing is read or written
//! for it beyond the client.

use super::{Authorized, Desk, Holder, Write, target};
use crate::model::client::{Client, GrantType};
use crate::model::grant::Permission;
use crate::model::key::Confirmation;
use crate::model::scope::Scopes;
use crate::oidc::error::OAuthError;
use crate::web::params::Params;
use target::Wants;

pub(super) struct Request<'a> {
    scope: Option<&'a str>,
    wants: Wants<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        Ok(Self { scope: params.get("scope"), wants: Wants::parse(params)? })
    }
}

pub(super) fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, OAuthError> {
    if !client.settings.grants.contains(&GrantType::ClientCredentials) {
        return Err(OAuthError::UnauthorizedClient("this client may not use client_credentials"));
    }
    let held = Permission {
        scopes: client.settings.scopes.without_person(),
        resources: client.settings.resources.clone(),
        // Nobody is there to be asked: what its registration allows.
        details: request.wants.details(client, desk.types)?,
        ..Permission::default()
    };
    let scopes = match request.scope.map(Scopes::parse) {
        None => held.scopes.clone(),
        Some(Ok(scopes)) if scopes.is_subset(&held.scopes) => scopes,
        Some(Ok(_)) => {
            return Err(OAuthError::InvalidScope("scope goes beyond what this client may have for itself"));
        }
        Some(Err(_)) => return Err(OAuthError::InvalidScope("scope is malformed")),
    };
    let target = target::of((desk, client), &request.wants, &held)?;
    Ok(Authorized {
        holder: Holder::Client,
        scopes,
        target,
        nonce: None,
        key: key.cloned(),
        write: Write::Nothing,
    })
}
