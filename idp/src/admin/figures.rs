//! What the first page of the console shows of the service in numbers, and whom one loss would lock out.

use time::Duration;

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::model::ids::UserId;
use crate::model::key::PublicKey;
use crate::model::user::User;
use crate::store::figures::{self, Figure};
use crate::store::keys;

/// How far back the numbers go, today included.
pub const DAYS: i64 = 30;

/// The numbers of the last days. `None` for somebody who looks after an organization: these are everybody's.
///
/// # Errors
/// When the database does not answer.
pub async fn of_late(office: &Office<'_>, actor: &AdminActor) -> anyhow::Result<Option<Vec<Figure>>> {
    if !actor.may(Act::SeePerson) {
        return Ok(None);
    }
    let first = office.now.date() - Duration::days(DAYS - 1);
    Ok(Some(figures::since(office.store, first).await?))
}

/// The keys, for those to whom they say something.
///
/// # Errors
/// When the database does not answer.
pub async fn signing_keys(office: &Office<'_>, actor: &AdminActor) -> anyhow::Result<Vec<PublicKey>> {
    if !actor.may(Act::SeeService) {
        return Ok(Vec::new());
    }
    Ok(keys::public_keys(office.store).await?)
}

/// At most `limit` of those whom one loss would lock out, after somebody.
///
/// # Errors
/// When the database does not answer.
pub async fn at_risk(
    office: &Office<'_>,
    actor: &AdminActor,
    (after, limit): (Option<UserId>, u64),
) -> Outcome<Vec<User>> {
    if !actor.may(Act::SeePerson) {
        return Ok(Err(Refused::NotFound));
    }
    Ok(Ok(figures::at_risk(office.store, after, limit).await?))
}
