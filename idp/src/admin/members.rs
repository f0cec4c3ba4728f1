//! Who belongs to an organization: taking people in, giving them roles, letting them go.

use super::organizations::begin;
use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::{Membership, Organization, Roles};
use crate::model::user::User;
use crate::store::{Tx, grants, invitations, memberships, organizations, users};

/// At most `limit` members in the order of their identifiers.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, after): (OrganizationId, Option<UserId>),
    limit: u64,
) -> Outcome<Vec<(User, Membership)>> {
    if !actor.may_in(Act::SeePerson, id) || organizations::by_id(office.store, id).await?.is_none() {
        return Ok(Err(Refused::NotFound));
    }
    let mut members = Vec::new();
    for membership in memberships::of_organization(office.store, id, after, limit).await? {
        if let Some(user) = users::by_id(office.store, membership.user_id).await? {
            members.push((user, membership));
        }
    }
    Ok(Ok(members))
}

/// One member.
///
/// # Errors
/// When the database does not answer.
pub async fn view(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, person): (OrganizationId, UserId),
) -> Outcome<(User, Membership)> {
    if !actor.may_in(Act::SeePerson, id) {
        return Ok(Err(Refused::NotFound));
    }
    let Some(membership) = memberships::of(office.store, person, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let user = users::by_id(office.store, person).await?;
    Ok(user.map(|user| (user, membership)).ok_or(Refused::NotFound))
}

/// Makes somebody with an account a member without asking them: for whoever runs the service. Others invite.
///
/// # Errors
/// When the database does not answer.
pub async fn add(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, person, roles): (OrganizationId, UserId, &Roles),
) -> Outcome<()> {
    let (tx, organization) = match begin(office, actor, (Act::CreateOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !organization.knows(roles) {
        return Ok(Err(Refused::UnknownRole));
    }
    let Some(user) = users::by_id(&tx, person).await? else {
        return Ok(Err(Refused::NotFound));
    };
    if !actor.may_belong(&user) || roles.is_administrator() && !actor.may_name_administrators() {
        return Ok(Err(Refused::Forbidden));
    }
    if !take_in(office, (&tx, actor), (&organization, user.id, roles)).await? {
        return Ok(Err(Refused::MemberAlready));
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Makes somebody a member of an organization that is held and knows these roles. `false` when they are already.
pub(super) async fn take_in(
    office: &Office<'_>,
    (tx, actor): (&Tx, &AdminActor),
    (organization, person, roles): (&Organization, UserId, &Roles),
) -> anyhow::Result<bool> {
    let membership = Membership {
        user_id: person,
        organization_id: organization.id,
        roles: roles.clone(),
        created_at: office.now,
    };
    if !memberships::insert(tx, &membership).await? {
        return Ok(false);
    }
    let event = Event::MemberAdded { organization: organization.id, roles: roles.to_string() };
    office.record(tx, actor, Some(person), event).await?;
    Ok(true)
}

/// Gives a member other roles.
///
/// # Errors
/// When the database does not answer.
pub async fn set_roles(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, person, roles): (OrganizationId, UserId, &Roles),
) -> Outcome<()> {
    let (tx, organization) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !organization.knows(roles) {
        return Ok(Err(Refused::UnknownRole));
    }
    let Some(before) = memberships::of(&tx, person, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    if !is_theirs_to_say(&tx, actor, person).await? {
        return Ok(Err(Refused::Forbidden));
    }
    if before.roles == *roles {
        return Ok(Err(Refused::Unchanged));
    }
    if roles.is_administrator() && !before.roles.is_administrator() && !actor.may_name_administrators() {
        return Ok(Err(Refused::Forbidden));
    }
    if !roles.is_administrator() && is_last(&tx, &organization, &before).await? {
        return Ok(Err(Refused::LastAdministrator));
    }
    memberships::set_roles(&tx, person, id, roles).await?;
    let event = Event::MemberRolesSet { organization: id, roles: roles.to_string() };
    office.record(&tx, actor, Some(person), event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Lets a member go. Their account stays; what applications were given for them as a member ends.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, person): (OrganizationId, UserId),
) -> Outcome<()> {
    let (tx, organization) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(before) = memberships::of(&tx, person, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    if !is_theirs_to_say(&tx, actor, person).await? {
        return Ok(Err(Refused::Forbidden));
    }
    if is_last(&tx, &organization, &before).await? {
        return Ok(Err(Refused::LastAdministrator));
    }
    memberships::delete(&tx, person, id).await?;
    // An older invitation must not bring back whom somebody let go.
    if let Some(user) = users::by_id(&tx, person).await? {
        invitations::withdraw_of(&tx, (id, &user.email), office.now).await?;
    }
    grants::revoke_of_organization(&tx, (id, Some(person)), office.now).await?;
    office.record(&tx, actor, Some(person), Event::MemberRemoved { organization: id }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Whether this actor has a say over whether somebody belongs to an organization.
async fn is_theirs_to_say(tx: &Tx, actor: &AdminActor, person: UserId) -> anyhow::Result<bool> {
    Ok(users::by_id(tx, person).await?.is_some_and(|user| actor.may_belong(&user)))
}

/// Whether an organization that is held would be left without anybody who looks after it. One that is disabled is looked
/// after by nobody anyway.
async fn is_last(tx: &Tx, organization: &Organization, member: &Membership) -> anyhow::Result<bool> {
    if !organization.is_enabled() || !member.roles.is_administrator() {
        return Ok(false);
    }
    let administrators = memberships::administrators(tx, member.organization_id).await?;
    Ok(administrators.iter().all(|administrator| *administrator == member.user_id))
}
