//! The grant of whoever asked somebody elsewhere (CIBA §10.1, §11).

use super::{Authorized, Desk, Holder, Write, new_grant, required, standing, target};
use crate::crypto::token::{Token, TokenKind};
use crate::model::client::{Client, GrantType};
use crate::model::key::Confirmation;
use crate::oidc::ciba;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::web::params::Params;
use target::Wants;

/// CIBA §4
pub(super) const NAME: &str = "urn:openid:params:grant-type:ciba";

pub(super) struct Request<'a> {
    auth_req_id: &'a str,
    wants: Wants<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        Ok(Self { auth_req_id: required(params, "auth_req_id")?, wants: Wants::parse(params)? })
    }
}

pub(super) async fn authorize(
    desk: &Desk<'_>,
    (client, key): (&Client, Option<&Confirmation>),
    request: &Request<'_>,
) -> Result<Authorized, EndpointError> {
    if !client.settings.grants.contains(&GrantType::Ciba) {
        return Err(OAuthError::UnauthorizedClient("this client may not ask people who are elsewhere").into());
    }
    let refused = || OAuthError::InvalidGrant("the auth_req_id is wrong, another client's or used");
    let token = Token::parse(TokenKind::SignInRequest, request.auth_req_id).ok_or_else(refused)?;
    let (permission, approval) = ciba::fetch(desk, client, token.hash()).await?;
    // The person may have gone since they allowed it.
    let whose = (approval.user_id, approval.session_id, approval.organization);
    let standing = standing(desk, whose, false).await?.ok_or_else(refused)?;
    let grant = new_grant(desk, client, (&permission, &approval), key)?;
    Ok(Authorized {
        scopes: grant.permission.scopes.clone(),
        target: target::of((desk, client), &request.wants, &grant.permission)?,
        holder: Holder::Person(Box::new(grant), Box::new(standing)),
        nonce: None,
        key: key.cloned(),
        write: Write::Redeem(token.hash()),
    })
}
