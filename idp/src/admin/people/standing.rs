//! Whether an account is open, under which rule, and with which rights over the service. Never leaves nobody to look
//! after the service or an organization.

use super::{begin, end_everything};
use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::ids::UserId;
use crate::model::organization::Membership;
use crate::model::user::{Policy, ServiceRole, User};
use crate::store::users::Standing;
use crate::store::{Tx, memberships, organizations, users};

/// Disables an account, or enables it again. Disabled, its person is logged out at once and everywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn set_enabled(office: &Office<'_>, actor: &AdminActor, id: UserId, enabled: bool) -> Outcome<()> {
    let (tx, user, memberships) = match begin(office, actor, (Act::DisablePerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if user.is_enabled() == enabled {
        return Ok(Err(Refused::Unchanged));
    }
    if !enabled && let Some(refused) = is_indispensable(&tx, &user, &memberships).await? {
        return Ok(Err(refused));
    }
    let by_service = actor.may(Act::DisablePerson);
    let standing = match (enabled, by_service) {
        (true, _) => Standing::Enabled,
        (false, true) => Standing::DisabledByService,
        (false, false) => Standing::DisabledByOrganization,
    };
    users::set_standing(&tx, user.id, standing, office.now).await?;
    let event = if enabled {
        Event::UserEnabled
    } else {
        Event::UserDisabled { sessions_ended: end_everything(office, &tx, user.id).await? }
    };
    office.mail.account_enabled(&tx, &user, enabled, &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Whether nobody would be left to do what this person does. Holds everybody who could, so that of two who
/// leave at once one stays.
async fn is_indispensable(
    tx: &Tx,
    user: &User,
    memberships: &[Membership],
) -> anyhow::Result<Option<Refused>> {
    if user.role == Some(ServiceRole::Operator) {
        users::lock_operators(tx).await?;
        if users::operators(tx).await?.iter().all(|operator| operator.id == user.id) {
            return Ok(Some(Refused::LastOperator));
        }
    }
    for membership in memberships.iter().filter(|membership| membership.roles.is_administrator()) {
        organizations::lock(tx, membership.organization_id).await?;
        let organization = organizations::by_id(tx, membership.organization_id).await?;
        if organization.is_none_or(|organization| !organization.is_enabled()) {
            continue;
        }
        let left = memberships::administrators(tx, membership.organization_id).await?;
        if left.iter().all(|administrator| *administrator == user.id) {
            return Ok(Some(Refused::LastAdministrator));
        }
    }
    Ok(None)
}

/// Gives a person a right over the whole service, or takes it.
///
/// # Errors
/// When the database does not answer.
pub async fn set_role(
    office: &Office<'_>,
    actor: &AdminActor,
    id: UserId,
    role: Option<ServiceRole>,
) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::GrantServiceRole, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if user.role == role {
        return Ok(Err(Refused::Unchanged));
    }
    if let Some(refused) = is_indispensable(&tx, &user, &[]).await? {
        return Ok(Err(refused));
    }
    users::set_role(&tx, user.id, role, office.now).await?;
    office.mail.service_role_set(&tx, &user, role, &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), Event::ServiceRoleSet { role }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Says how a person may sign in, beside what holds for everybody and in their organizations.
///
/// # Errors
/// When the database does not answer.
pub async fn set_policy(office: &Office<'_>, actor: &AdminActor, id: UserId, policy: Policy) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::SetPersonPolicy, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    users::set_policy(&tx, user.id, policy).await?;
    office.record(&tx, actor, Some(user.id), Event::PolicySet { policy }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
