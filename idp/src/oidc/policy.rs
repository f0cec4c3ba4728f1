//! Whether a sign-in is enough for where it is to be used: a session may have been begun for less than an application asks
//! for, or be older than the rule of the organization that its person chooses. The rule for signing in itself is `login`'s
//! to apply.

use crate::model::client::Client;
use crate::model::ids::UserId;
use crate::model::organization::Organization;
use crate::model::session::Method;
use crate::model::user::Policy;
use crate::store::{Read, passkeys, totp};

/// The rule of a place: of an application, and of an organization that somebody acts for there.
#[must_use]
pub fn rule(client: &Client, organization: Option<&Organization>) -> Policy {
    let organization = organization.and_then(|organization| organization.policy);
    client.settings.policy.max(organization).unwrap_or_default()
}

/// What a sign-in falls short of a rule by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// The person has what it takes and has not shown it.
    OfProof,
    /// They have to add something first.
    OfFactor,
}

/// What is missing, where anything is.
///
/// # Errors
/// When the database does not answer.
pub async fn short(
    db: &impl Read,
    (user, method): (UserId, Method),
    policy: Policy,
) -> anyhow::Result<Option<Short>> {
    // Most often no rule: nothing is looked up for it.
    if policy == Policy::Free {
        return Ok(None);
    }
    let has_passkeys = passkeys::count_of_user(db, user).await? > 0;
    if policy.is_met_by(method, has_passkeys) {
        return Ok(None);
    }
    if has_passkeys {
        return Ok(Some(Short::OfProof));
    }
    let app = totp::of_user(db, user).await?;
    let code_app = app.is_some_and(|app| app.confirmed_at.is_some());
    let enough = code_app && policy == Policy::RequireSecondFactor;
    Ok(Some(if enough { Short::OfProof } else { Short::OfFactor }))
}
