//! What one access token is for: the APIs it is sent to (RFC 8707), and what may be done there in detail (RFC 9396).

use super::Desk;
use crate::model::Invalid;
use crate::model::authorization::{AuthorizationDetails, AuthorizationTypes};
use crate::model::client::Client;
use crate::model::grant::Permission;
use crate::model::resource::{Resource, Resources};
use crate::oidc::claims::Audience;
use crate::oidc::details;
use crate::oidc::error::OAuthError;
use crate::web::params::Params;

pub(super) struct Target {
    pub(super) audience: Audience,
    pub(super) details: AuthorizationDetails,
}

impl Target {
    /// These APIs, and nothing in detail.
    pub(super) fn plain(apis: &Resources) -> Self {
        let audience = Audience::of(apis.iter().map(ToString::to_string).collect());
        Self { audience, details: AuthorizationDetails::default() }
    }
}

/// Which of all that was granted a client wants this time.
pub(super) struct Wants<'a> {
    resources: Resources,
    details: Option<&'a str>,
}

impl<'a> Wants<'a> {
    pub(super) fn parse(params: &'a Params) -> Result<Self, OAuthError> {
        Ok(Self { resources: resources(params)?, details: params.get(details::NAME) })
    }

    pub(super) fn details(
        &self,
        client: &Client,
        types: &AuthorizationTypes,
    ) -> Result<AuthorizationDetails, OAuthError> {
        self.details
            .map_or_else(|| Ok(AuthorizationDetails::default()), |text| details::parse(text, client, types))
    }
}

/// RFC 8707 §2.2: the APIs that one access token is to be for.
fn resources(params: &Params) -> Result<Resources, OAuthError> {
    let read: Result<Resources, Invalid> =
        params.all("resource").iter().map(|text| Resource::parse(text)).collect();
    read.map_err(|_| OAuthError::InvalidTarget)
}

/// The same where nothing can be asked for in detail: passing over it would drop what the client wanted.
pub(super) fn without_details(params: &Params) -> Result<Resources, OAuthError> {
    if params.get(details::NAME).is_some() {
        return Err(OAuthError::InvalidAuthorizationDetails("they are not for this grant_type".to_owned()));
    }
    resources(params)
}

/// Whom an access token is for: the APIs asked for now; or else all that were granted, and our own
/// userinfo. Of the details it has those that are for one of them, and all that are asked for now must be
/// (RFC 9396 §6.1).
pub(super) fn of(
    (desk, client): (&Desk<'_>, &Client),
    wants: &Wants<'_>,
    held: &Permission,
) -> Result<Target, OAuthError> {
    let invalid = |why: &str| Err(OAuthError::InvalidAuthorizationDetails(why.to_owned()));
    let granted = held.details.current(desk.types);
    let details = if wants.details.is_some() { wants.details(client, desk.types)? } else { granted.clone() };
    if !granted.covers(&details) {
        return invalid("they go beyond what was granted");
    }
    let apis = held.resources.union(&details.apis(desk.types));
    if !wants.resources.is_subset(&apis) {
        return Err(OAuthError::InvalidTarget);
    }
    let audience = if wants.resources.is_empty() {
        let ours = std::iter::once(desk.issuer.to_owned());
        Audience::of(ours.chain(apis.iter().map(ToString::to_string)).collect())
    } else {
        Audience::of(wants.resources.iter().map(ToString::to_string).collect())
    };
    let meant = details.meant_for(desk.types, |api| audience.contains(api));
    if wants.details.is_some() && meant != details {
        return invalid("some are not for the resource that is asked for");
    }
    Ok(Target { audience, details: meant })
}
