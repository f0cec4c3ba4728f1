//! What happened with an account. Whoever reads it leaves a record that says whose it was, and it is there before they
//! see anything (security: S27).

use super::with_memberships;
use crate::admin::actor::Target;
use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit;
use crate::model::ids::{OrganizationId, UserId};
use crate::store::audit::{self as records, Filter, Record};

/// At most `limit` records about a person before `before`, the newest first. Whoever looks after organizations sees what
/// happened there, and nothing else.
///
/// # Errors
/// When the database does not answer.
pub async fn activity(
    office: &Office<'_>,
    actor: &AdminActor,
    id: UserId,
    (before, limit): (i64, u64),
) -> Outcome<Vec<Record>> {
    let Some((user, memberships)) = with_memberships(office.store, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    if !actor.may_to(Act::SeePerson, &Target { user: &user, memberships: &memberships }) {
        return Ok(Err(Refused::NotFound));
    }
    let own = actor.sees_only();
    let organizations = own.map(|own| own.iter().copied().map(OrganizationId::uuid).collect());
    let filter = Filter {
        person: Some(id.uuid()),
        organizations: organizations.unwrap_or_default(),
        ..Filter::default()
    };
    if own.is_some() && filter.organizations.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    office.record(&tx, actor, None, audit::reading(("person", &filter))).await?;
    tx.commit().await?;
    Ok(Ok(records::find(office.store, &filter, before, limit).await?))
}
