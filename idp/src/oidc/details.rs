//! The parameter `authorization_details` (RFC 9396), wherever it comes.

use crate::model::authorization::{AuthorizationDetails, AuthorizationTypes};
use crate::model::client::Client;
use crate::oidc::error::OAuthError;
use crate::web::params::Params;

pub(super) const NAME: &str = "authorization_details";

/// What is asked for in detail; nothing without the parameter.
///
/// # Errors
/// `invalid_authorization_details`.
pub(super) fn read(
    params: &Params,
    client: &Client,
    types: &AuthorizationTypes,
) -> Result<AuthorizationDetails, OAuthError> {
    params.get(NAME).map_or_else(|| Ok(AuthorizationDetails::default()), |text| parse(text, client, types))
}

/// What a client may ask for in detail: objects of types that it is registered for (§5).
///
/// # Errors
/// `invalid_authorization_details`.
pub(super) fn parse(
    text: &str,
    client: &Client,
    types: &AuthorizationTypes,
) -> Result<AuthorizationDetails, OAuthError> {
    let invalid = OAuthError::InvalidAuthorizationDetails;
    let details = AuthorizationDetails::parse(text, types).map_err(|why| invalid(why.to_string()))?;
    let allowed = &client.settings.authorization_details_types;
    match details.kinds().iter().find(|name| !allowed.contains(name.as_str())) {
        None => Ok(details),
        Some(name) => Err(invalid(format!("this client may not use the type {name}"))),
    }
}
