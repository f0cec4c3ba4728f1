//! Seeing applications, for whoever looks after the service. Never a secret: there is none to be seen.

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::model::client::{Client, ClientId};
use crate::store::clients;

/// At most `limit` applications in the order of their identifiers.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    office: &Office<'_>,
    actor: &AdminActor,
    after: Option<&ClientId>,
    limit: u64,
) -> Outcome<Vec<Client>> {
    if !actor.may(Act::SeeApplications) {
        return Ok(Err(Refused::Forbidden));
    }
    Ok(Ok(clients::page(office.store, after, limit).await?))
}

/// # Errors
/// When the database does not answer.
pub async fn view(office: &Office<'_>, actor: &AdminActor, id: &ClientId) -> Outcome<Client> {
    if !actor.may(Act::SeeApplications) {
        return Ok(Err(Refused::Forbidden));
    }
    Ok(clients::by_id(office.store, id).await?.ok_or(Refused::NotFound))
}
