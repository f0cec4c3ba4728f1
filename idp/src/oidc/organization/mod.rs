//! For which organization of theirs a person uses an application. Only the person's own memberships are looked at, so
//! that no answer tells anybody which organizations there are.

pub mod pages;

use super::authorize::checks;
use super::error::OAuthError;
use crate::model::grant::Permission;
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::Organization;
use crate::store::{Read, organizations};
use crate::web::params::Params;

/// An identifier or a slug is shorter.
const MAX_NAME: usize = 100;

/// The organization that a request names, as it was sent. Where nothing is asked that could be answered about it, the
/// application would take a member for granted, so that is refused.
///
/// # Errors
/// `invalid_request`.
pub(super) fn named(params: &Params, permission: &Permission) -> Result<Option<String>, OAuthError> {
    let named = checks::bounded(params, "organization", MAX_NAME)?;
    if named.is_some() && !permission.asks_for_organization() {
        let why = "organization needs the scope organizations, and a client that is registered for it";
        return Err(OAuthError::InvalidRequest(why.to_owned()));
    }
    Ok(named)
}

/// What a request for an organization comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// None is asked for, or the person belongs to none.
    Nothing,
    One(Box<Organization>),
    /// The person has to say which.
    Several(Vec<Organization>),
    /// They do not belong to the one that is named, or there is none of that name, or it is disabled.
    NoMember,
}

/// The organization that somebody acts for: the one that the application `named`, the one that they have `chosen`, or
/// the only one they have.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl Read,
    user: UserId,
    permission: &Permission,
    (named, chosen): (Option<&str>, Option<OrganizationId>),
) -> anyhow::Result<Found> {
    if !permission.asks_for_organization() {
        return Ok(Found::Nothing);
    }
    let mut own = organizations::of_user(db, user).await?;
    own.retain(Organization::is_enabled);
    if let Some(name) = named {
        // An identifier comes first: a slug may look like one.
        let found = own.iter().find(|known| known.id.to_string().eq_ignore_ascii_case(name));
        let found = found.or_else(|| own.iter().find(|known| known.slug.as_str() == name));
        return Ok(found.map_or(Found::NoMember, |found| Found::One(Box::new(found.clone()))));
    }
    if let Some(found) = own.iter().find(|known| Some(known.id) == chosen) {
        return Ok(Found::One(Box::new(found.clone())));
    }
    // What they chose is gone meanwhile: they choose again, and are not moved elsewhere.
    if chosen.is_some() && !own.is_empty() {
        return Ok(Found::Several(own));
    }
    Ok(match <[Organization; 1]>::try_from(own) {
        Ok([only]) => Found::One(Box::new(only)),
        Err(own) if own.is_empty() => Found::Nothing,
        Err(own) => Found::Several(own),
    })
}
