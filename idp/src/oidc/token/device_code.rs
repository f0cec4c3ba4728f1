//! The grant of the device flow (RFC 8628 §3.4).

use super::{Authorized, Desk, Holder, Write, new_grant, required, standing, target};
use crate::crypto::token::{Token, TokenKind};
use crate::model::client::{Client, GrantType};
use crate::model::key::Confirmation;
use crate::oidc::device;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::web::params::Params;
use target::Wants;

/// RFC 8628 §3.4
pub(super) const NAME: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) struct Request<'a> {
    device_code: &'a str,
    wants: Wants<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        Ok(Self { device_code: required(params, "device_code")?, wants: Wants::parse(params)? })
    }
}

pub(super) async fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, EndpointError> {
    if !client.settings.grants.contains(&GrantType::DeviceCode) {
        return Err(OAuthError::UnauthorizedClient("this client may not use device codes").into());
    }
    let refused = || OAuthError::InvalidGrant("the device code is wrong or used");
    let code = Token::parse(TokenKind::DeviceCode, request.device_code).ok_or_else(refused)?;
    let (waiting, approval) = device::poll(desk, client, code.hash()).await?;
    // The person may have gone since they allowed it.
    let whose = (approval.user_id, approval.session_id, approval.organization);
    let standing = standing(desk, whose, false).await?.ok_or_else(refused)?;
    let grant = new_grant(desk, client, (&waiting.permission, &approval), key)?;
    Ok(Authorized {
        scopes: grant.permission.scopes.clone(),
        target: target::of((desk, client), &request.wants, &grant.permission)?,
        holder: Holder::Person(Box::new(grant), Box::new(standing)),
        nonce: None,
        key: key.cloned(),
        write: Write::Redeem(code.hash()),
    })
}
