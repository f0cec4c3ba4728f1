//! Organizations: making them, changing them, disabling them.

use time::OffsetDateTime;

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::crypto::{base64url, sha256};
use crate::model::ids::OrganizationId;
use crate::model::organization::{Organization, Slug};
use crate::model::user::Policy;
use crate::store::organizations::{self, Settings};
use crate::store::{Tx, grants, memberships};

/// At most `limit` organizations in the order of their slugs, of those that the actor may see.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    office: &Office<'_>,
    actor: &AdminActor,
    after: Option<&Slug>,
    limit: u64,
) -> anyhow::Result<Vec<Organization>> {
    if actor.may(Act::SeeOrganization) {
        return Ok(organizations::page(office.store, after, limit).await?);
    }
    let Some(person) = actor.person() else {
        return Ok(Vec::new());
    };
    let mut own = organizations::of_user(office.store, person).await?;
    own.retain(|organization| actor.may_in(Act::SeeOrganization, organization.id));
    own.retain(|organization| after.is_none_or(|after| organization.slug > *after));
    own.sort_by(|one, other| one.slug.cmp(&other.slug));
    own.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(own)
}

/// As [`list`], of those whose name or slug begins so; with how many belong to each.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    office: &Office<'_>,
    actor: &AdminActor,
    (text, after): (&str, Option<&Slug>),
    limit: u64,
) -> anyhow::Result<Vec<(Organization, u64)>> {
    let found = if actor.may(Act::SeeOrganization) {
        organizations::search(office.store, text, after, limit).await?
    } else {
        let mut own = list(office, actor, after, u64::MAX).await?;
        let text = text.trim().to_lowercase();
        own.retain(|one| begins(one, &text));
        own.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        own
    };
    let mut counted = Vec::new();
    for organization in found {
        let members = memberships::count(office.store, organization.id).await?;
        counted.push((organization, members));
    }
    Ok(counted)
}

/// As [`list`], of those that the actor runs and that are not disabled, whose name or slug begins so.
///
/// # Errors
/// When the database does not answer.
pub async fn run_by(
    office: &Office<'_>,
    actor: &AdminActor,
    (text, after): (&str, Option<&Slug>),
    limit: u64,
) -> anyhow::Result<Vec<Organization>> {
    let found = if actor.may(Act::RunOrganization) {
        organizations::search(office.store, text, after, limit).await?
    } else if let Some(person) = actor.person() {
        let text = text.trim().to_lowercase();
        let mut own = organizations::of_user(office.store, person).await?;
        own.retain(|one| actor.may_in(Act::RunOrganization, one.id) && begins(one, &text));
        own.retain(|one| after.is_none_or(|after| one.slug > *after));
        own.sort_by(|one, other| one.slug.cmp(&other.slug));
        own.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        own
    } else {
        Vec::new()
    };
    Ok(found)
}

/// Whether its name or slug begins with this, in small letters.
fn begins(organization: &Organization, text: &str) -> bool {
    organization.name.as_str().to_lowercase().starts_with(text)
        || organization.slug.as_str().starts_with(text)
}

/// A slug that is free, as near to this one as there is.
///
/// # Errors
/// When the database does not answer.
pub async fn free_slug(
    office: &Office<'_>,
    actor: &AdminActor,
    taken: &Slug,
) -> anyhow::Result<Option<Slug>> {
    if !actor.may(Act::CreateOrganization) {
        return Ok(None);
    }
    let beginning: String = taken.as_str().chars().take(56).collect();
    for number in 2..100_u8 {
        let Ok(slug) = Slug::parse(&format!("{}-{number}", beginning.trim_end_matches('-'))) else {
            continue;
        };
        if organizations::by_slug(office.store, &slug).await?.is_none() {
            return Ok(Some(slug));
        }
    }
    Ok(None)
}

/// An organization, and what whoever sees it may do with it.
#[derive(Debug)]
pub struct Seen {
    pub organization: Organization,
    pub members: u64,
    pub may_run: bool,
    pub may_disable: bool,
}

/// # Errors
/// When the database does not answer.
pub async fn see(office: &Office<'_>, actor: &AdminActor, id: OrganizationId) -> Outcome<Seen> {
    let organization = match view(office, actor, id).await? {
        Ok(organization) => organization,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(Ok(Seen {
        organization,
        members: memberships::count(office.store, id).await?,
        may_run: actor.may_in(Act::RunOrganization, id),
        may_disable: actor.may_in(Act::CreateOrganization, id),
    }))
}

/// # Errors
/// When the database does not answer.
pub async fn view(office: &Office<'_>, actor: &AdminActor, id: OrganizationId) -> Outcome<Organization> {
    let found = organizations::by_id(office.store, id).await?;
    let seen = found.filter(|organization| actor.may_in(Act::SeeOrganization, organization.id));
    Ok(seen.ok_or(Refused::NotFound))
}

/// Makes an organization, without members.
///
/// # Errors
/// When the database does not answer.
pub async fn create(
    office: &Office<'_>,
    actor: &AdminActor,
    (slug, settings): (Slug, Settings),
) -> Outcome<Organization> {
    if !actor.may(Act::CreateOrganization) {
        return Ok(Err(Refused::Forbidden));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let organization = Organization {
        id: office.entropy.id(office.now, OrganizationId::new)?,
        slug,
        name: settings.name,
        policy: settings.policy,
        roles: settings.roles,
        disabled_at: None,
        created_at: office.now,
        updated_at: office.now,
    };
    if !organizations::insert(&tx, &organization).await? {
        return Ok(Err(Refused::SlugTaken));
    }
    let event = Event::OrganizationCreated { organization: organization.id };
    office.record(&tx, actor, None, event).await?;
    tx.commit().await?;
    Ok(Ok(organization))
}

/// Changes an organization.
///
/// # Errors
/// When the database does not answer.
pub async fn change(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, settings): (OrganizationId, &Settings),
) -> Outcome<()> {
    let (tx, before) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(refused) = write(office, actor, &tx, (&before, settings)).await? {
        return Ok(Err(refused));
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Writes a change to an organization that is held.
async fn write(
    office: &Office<'_>,
    actor: &AdminActor,
    tx: &Tx,
    (before, settings): (&Organization, &Settings),
) -> anyhow::Result<Option<Refused>> {
    let gone = before.roles.iter().filter(|role| !settings.roles.contains(role.as_str()));
    for role in gone {
        if memberships::any_with(tx, before.id, role).await? {
            return Ok(Some(Refused::RoleInUse));
        }
    }
    organizations::set(tx, before.id, settings, office.now).await?;
    let event = Event::OrganizationChanged { organization: before.id, policy: settings.policy };
    office.record(tx, actor, None, event).await?;
    Ok(None)
}

/// What an organization is at this moment, in one word: another one after every change.
#[must_use]
pub fn version(organization: &Organization) -> String {
    let moment = |at: OffsetDateTime| at.unix_timestamp_nanos().to_string();
    let parts = [
        organization.id.to_string(),
        organization.slug.to_string(),
        organization.name.to_string(),
        organization.policy.map_or("", Policy::as_str).to_owned(),
        organization.roles.to_string(),
        organization.disabled_at.map(moment).unwrap_or_default(),
        moment(organization.updated_at),
    ];
    base64url::encode(sha256(parts.join("\n").as_bytes()))
}

/// Puts these settings in place of what there is, if `judge` lets it: whether it is still what somebody has read.
/// What is so already is not changed, and nothing is recorded.
///
/// # Errors
/// When the database does not answer.
pub async fn replace<E>(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, settings): (OrganizationId, &Settings),
    judge: impl FnOnce(&Organization) -> Result<(), E>,
) -> Outcome<Result<Organization, E>> {
    let (tx, before) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(why) = judge(&before) {
        return Ok(Ok(Err(why)));
    }
    let same =
        (&before.name, before.policy, &before.roles) == (&settings.name, settings.policy, &settings.roles);
    if same {
        return Ok(Ok(Ok(before)));
    }
    if let Some(refused) = write(office, actor, &tx, (&before, settings)).await? {
        return Ok(Err(refused));
    }
    let after = organizations::by_id(&tx, id).await?;
    tx.commit().await?;
    Ok(after.map(Ok).ok_or(Refused::NotFound))
}

/// Disables an organization, or enables it again. Disabled, nobody administers it, it has no say about how its
/// members sign in, nobody signs in for it, and what applications were given for it ends; its people keep their accounts.
///
/// # Errors
/// When the database does not answer.
pub async fn set_enabled(
    office: &Office<'_>,
    actor: &AdminActor,
    id: OrganizationId,
    enabled: bool,
) -> Outcome<()> {
    let (tx, _) = match begin(office, actor, (Act::CreateOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !organizations::set_enabled(&tx, id, enabled, office.now).await? {
        return Ok(Err(Refused::Unchanged));
    }
    if !enabled {
        grants::revoke_of_organization(&tx, (id, None), office.now).await?;
    }
    let event = Event::OrganizationEnabled { organization: id, enabled };
    office.record(&tx, actor, None, event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Begins a change to an organization: holds it, and makes sure that the actor may make it.
pub(super) async fn begin(
    office: &Office<'_>,
    actor: &AdminActor,
    (act, id): (Act, OrganizationId),
) -> Outcome<(Tx, Organization)> {
    if !actor.may_in(act, id) {
        let seen = actor.may_in(Act::SeeOrganization, id);
        return Ok(Err(if seen { Refused::Forbidden } else { Refused::NotFound }));
    }
    let tx = office.store.begin().await?;
    organizations::lock(&tx, id).await?;
    // Somebody else may have taken their rights away since they showed them, or while this waited.
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let found = organizations::by_id(&tx, id).await?;
    Ok(found.map(|organization| (tx, organization)).ok_or(Refused::NotFound))
}
