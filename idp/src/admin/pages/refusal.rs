//! What was refused, as a page of the console says it.

use http::StatusCode;

use crate::admin::Refused;
use crate::web::error::PageError;

/// The status and the text. What is not there, as far as whoever asks may know, has no page to say it on.
pub(super) const fn said(refused: Refused) -> Result<(StatusCode, &'static str), PageError> {
    let status = match refused {
        Refused::NotFound => return Err(PageError::NotFound),
        Refused::Forbidden => StatusCode::FORBIDDEN,
        Refused::Settings(_) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    Ok((status, why(refused)))
}

/// All there are.
pub(super) const REFUSALS: [Refused; 24] = [
    Refused::NotFound,
    Refused::Forbidden,
    Refused::Yourself,
    Refused::LastOperator,
    Refused::LastAdministrator,
    Refused::AddressTaken,
    Refused::Disabled,
    Refused::SlugTaken,
    Refused::MemberAlready,
    Refused::UnknownRole,
    Refused::RoleInUse,
    Refused::OrganizationDisabled,
    Refused::Lifetime,
    Refused::UnknownApplication,
    Refused::TooManyInvitations,
    Refused::Unchanged,
    Refused::Declared,
    Refused::Registered,
    Refused::Settings(""),
    Refused::NoSecrets,
    Refused::SecretsAtOnce,
    Refused::LastSecret,
    Refused::ChangedMeanwhile,
    Refused::Fixed,
];

/// The text that says it.
pub(super) const fn why(refused: Refused) -> &'static str {
    match refused {
        Refused::NotFound => "not-found",
        Refused::Forbidden => "forbidden",
        Refused::Yourself => "yourself",
        Refused::LastOperator => "last-operator",
        Refused::LastAdministrator => "last-administrator",
        Refused::AddressTaken => "address-taken",
        Refused::Disabled => "disabled",
        Refused::SlugTaken => "slug-taken",
        Refused::MemberAlready => "member-already",
        Refused::UnknownRole => "unknown-role",
        Refused::RoleInUse => "role-in-use",
        Refused::OrganizationDisabled => "organization-disabled",
        Refused::Lifetime => "lifetime",
        Refused::UnknownApplication => "unknown-application",
        Refused::TooManyInvitations => "too-many-invitations",
        Refused::Unchanged => "unchanged",
        Refused::Declared => "declared",
        Refused::Registered => "registered",
        Refused::Settings(_) => "settings",
        Refused::NoSecrets => "no-secrets",
        Refused::SecretsAtOnce => "secrets-at-once",
        Refused::LastSecret => "last-secret",
        Refused::ChangedMeanwhile => "changed-meanwhile",
        Refused::Fixed => "fixed",
    }
}
