//! Trying out what signing in to an application is like, and what it would be told. Here is judged who may; the way
//! itself is the protocol's.

use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::client::{Client, ClientId};
use crate::store::clients;

/// Lets the actor try out an application by signing in to it themselves, and records that they do.
///
/// # Errors
/// When the database does not answer.
pub async fn begin_trial(office: &Office<'_>, actor: &AdminActor, id: &ClientId) -> Outcome<Client> {
    if !actor.may(Act::SeeApplications) {
        return Ok(Err(Refused::NotFound));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let Some(client) = clients::by_id(&tx, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    if !client.is_enabled() {
        return Ok(Err(Refused::Disabled));
    }
    office.record(&tx, actor, None, Event::SignInTried { client: client.id.clone() }).await?;
    tx.commit().await?;
    Ok(Ok(client))
}
