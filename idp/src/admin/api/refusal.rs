//! What was refused, as the problem that it is to the caller.

use crate::admin::{Outcome, Refused};
use crate::web::problem::{Kind, Problem};

/// What was done, or why it was not.
pub(super) fn done<T>(outcome: Result<T, Refused>) -> Result<T, Problem> {
    outcome.map_err(|refused| Problem::of(kind_of(refused)).detail(refused.to_string()))
}

/// The same where it is as good when it was so before.
pub(super) fn is_so(outcome: Result<(), Refused>) -> Result<(), Problem> {
    match outcome {
        Err(Refused::Unchanged) => Ok(()),
        other => done(other),
    }
}

/// Waits for what was done.
pub(super) async fn awaited<T>(outcome: impl Future<Output = Outcome<T>>) -> Result<T, Problem> {
    done(outcome.await?)
}

const fn kind_of(refused: Refused) -> Kind {
    match refused {
        Refused::NotFound => Kind::NotFound,
        Refused::Forbidden => Kind::Forbidden,
        Refused::Yourself => Kind::Yourself,
        Refused::LastOperator => Kind::LastOperator,
        Refused::LastAdministrator => Kind::LastAdministrator,
        Refused::AddressTaken => Kind::AddressTaken,
        Refused::Disabled => Kind::AccountDisabled,
        Refused::SlugTaken => Kind::SlugTaken,
        Refused::MemberAlready => Kind::MemberAlready,
        Refused::UnknownRole => Kind::UnknownRole,
        Refused::RoleInUse => Kind::RoleInUse,
        Refused::Unchanged => Kind::Unchanged,
        Refused::Lifetime | Refused::UnknownApplication | Refused::Settings(_) => Kind::InvalidBody,
        Refused::TooManyInvitations => Kind::RateLimited,
        Refused::OrganizationDisabled
        | Refused::Declared
        | Refused::Registered
        | Refused::NoSecrets
        | Refused::SecretsAtOnce
        | Refused::LastSecret
        | Refused::ChangedMeanwhile
        | Refused::Fixed => Kind::Conflict,
    }
}
