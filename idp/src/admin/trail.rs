//! Reading the audit trail, which is itself recorded.

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit;
use crate::store::audit::{Filter, Record, find};

/// At most `limit` records before one of them, the newest first.
///
/// # Errors
/// When the database does not answer, or the reading could not be recorded: nothing is shown then.
pub async fn read(
    office: &Office<'_>,
    actor: &AdminActor,
    (how, filter, before): (&'static str, &Filter, i64),
    limit: u64,
) -> Outcome<Vec<Record>> {
    if !actor.may(Act::ReadAudit) {
        return Ok(Err(Refused::Forbidden));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    office.record(&tx, actor, None, audit::reading((how, filter))).await?;
    tx.commit().await?;
    Ok(Ok(find(office.store, filter, before, limit).await?))
}
