//! The rule for signing in that holds for everybody, and who goes beyond it. Seen by whoever sees the service, set by
//! operators, unless the configuration says it.

use super::{Act, AdminActor, Office, Outcome, Refused, workings};
use crate::audit::Event;
use crate::model::client::Client;
use crate::model::organization::Organization;
use crate::model::user::Policy;
use crate::store::figures::{self, Standing};
use crate::store::{clients, organizations, settings};

/// So many organizations with a rule of their own are listed.
pub const MOST: u64 = 100;

/// Who has a rule of their own, and how people get in at present.
#[derive(Debug)]
pub struct Seen {
    pub organizations: Vec<Organization>,
    pub applications: Vec<Client>,
    /// Counted only where somebody is about to change the rule: counting reads whole tables.
    pub people: Option<Standing>,
    pub may_change: bool,
}

/// # Errors
/// When the database does not answer.
pub async fn see(office: &Office<'_>, actor: &AdminActor, counted: bool) -> Outcome<Seen> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    let people = if counted { Some(figures::count(office.store).await?) } else { None };
    let mut applications = clients::kept_by_us(office.store).await?;
    applications.retain(|client| client.settings.policy.is_some());
    Ok(Ok(Seen {
        organizations: organizations::with_policy(office.store, MOST).await?,
        applications,
        people,
        may_change: actor.may(Act::RunService),
    }))
}

/// Sets it, from the next log-in of each on. `fixed`: the configuration says it.
///
/// # Errors
/// When the database does not answer.
pub async fn set(office: &Office<'_>, actor: &AdminActor, policy: Policy, fixed: bool) -> Outcome<()> {
    let tx = match workings::begin(office, actor).await? {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    if fixed {
        return Ok(Err(Refused::Fixed));
    }
    let previous = settings::policy(&tx).await?.unwrap_or(office.policy);
    if previous == policy {
        return Ok(Err(Refused::Unchanged));
    }
    settings::set_policy(&tx, policy, office.now).await?;
    office.record(&tx, actor, None, Event::ServicePolicySet { policy, previous }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
