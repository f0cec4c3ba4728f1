//! Accounts from another system: looked at as a whole, then made in batches, each of which happens wholly or not at
//! all. An address that has an account already keeps it as it is, so that what was broken off can be begun again.

use std::collections::BTreeMap;

use super::members::take_in;
use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::crypto::password::{Imported, marked};
use crate::model::details::Details;
use crate::model::ids::UserId;
use crate::model::organization::{Organization, Roles, Slug};
use crate::model::user::{Email, Language, PersonName, TimeZoneName, User};
use crate::store::{Read, Tx, organizations, passwords, users};

/// Somebody as another system knew them. They get no rights over the service.
#[derive(Debug)]
pub struct Newcomer {
    pub email: Email,
    pub email_verified: bool,
    pub given_name: PersonName,
    pub family_name: PersonName,
    pub language: Option<Language>,
    pub time_zone: Option<TimeZoneName>,
    pub details: Details,
    pub disabled: bool,
    /// Without one they get in by "Forgot password?" or an access link.
    pub password: Option<Imported>,
    pub memberships: BTreeMap<Slug, Roles>,
}

/// How somebody stands to what is here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Standing {
    #[error("can be made")]
    New,
    #[error("has an account here already")]
    Existing,
    #[error("there is no organization {0}; make it first, with idp org create")]
    NoOrganization(Slug),
    #[error("the organization {0} does not have such a role; give it one with idp org change --role")]
    UnknownRole(Slug),
}

type Organizations = BTreeMap<Slug, Option<Organization>>;

/// How each of them stands, in their order. Writes nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn examine(
    office: &Office<'_>,
    actor: &AdminActor,
    newcomers: &[Newcomer],
) -> Outcome<Vec<Standing>> {
    if !actor.may(Act::CreateOrganization) {
        return Ok(Err(Refused::Forbidden));
    }
    let known = organizations_of(office.store, newcomers).await?;
    let mut standings = Vec::with_capacity(newcomers.len());
    for newcomer in newcomers {
        standings.push(standing(office.store, newcomer, &known).await?);
    }
    Ok(Ok(standings))
}

/// Makes the accounts of those who are new, all or none of them, and says how each stood. When one of them can not be
/// made, nobody is.
///
/// # Errors
/// When the database does not answer.
pub async fn admit(
    office: &Office<'_>,
    actor: &AdminActor,
    newcomers: &[Newcomer],
) -> Outcome<Vec<Standing>> {
    if !actor.may(Act::CreateOrganization) {
        return Ok(Err(Refused::Forbidden));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    // Held in one order, so that their roles stay what they are, and two imports do not wait for each other.
    let known = organizations_of(&tx, newcomers).await?;
    for organization in known.values().flatten() {
        organizations::lock(&tx, organization.id).await?;
    }
    let mut standings = Vec::with_capacity(newcomers.len());
    for newcomer in newcomers {
        let standing = match standing(&tx, newcomer, &known).await? {
            Standing::New => make(office, (&tx, actor), newcomer, &known).await?,
            other => other,
        };
        standings.push(standing);
    }
    if standings.iter().all(|standing| matches!(standing, Standing::New | Standing::Existing)) {
        tx.commit().await?;
    }
    Ok(Ok(standings))
}

async fn organizations_of(db: &impl Read, newcomers: &[Newcomer]) -> anyhow::Result<Organizations> {
    let mut known = Organizations::new();
    for slug in newcomers.iter().flat_map(|newcomer| newcomer.memberships.keys()) {
        if !known.contains_key(slug) {
            known.insert(slug.clone(), organizations::by_slug(db, slug).await?);
        }
    }
    Ok(known)
}

async fn standing(db: &impl Read, newcomer: &Newcomer, known: &Organizations) -> anyhow::Result<Standing> {
    for (slug, roles) in &newcomer.memberships {
        match known.get(slug).and_then(Option::as_ref) {
            None => return Ok(Standing::NoOrganization(slug.clone())),
            Some(organization) if !organization.knows(roles) => {
                return Ok(Standing::UnknownRole(slug.clone()));
            }
            Some(_) => {}
        }
    }
    let exists = users::by_email(db, &newcomer.email).await?.is_some();
    Ok(if exists { Standing::Existing } else { Standing::New })
}

async fn make(
    office: &Office<'_>,
    (tx, actor): (&Tx, &AdminActor),
    newcomer: &Newcomer,
    known: &Organizations,
) -> anyhow::Result<Standing> {
    let (now, entropy) = (office.now, office.entropy);
    let names = (newcomer.email.clone(), newcomer.given_name.clone(), newcomer.family_name.clone());
    let user = User {
        email_verified: newcomer.email_verified,
        language: newcomer.language.clone(),
        time_zone: newcomer.time_zone.clone(),
        details: newcomer.details.clone(),
        disabled_at: newcomer.disabled.then_some(now),
        disabled_by_service: newcomer.disabled,
        ..User::new((entropy.id(now, UserId::new)?, entropy.bytes::<64>()?), names, now)
    };
    if !users::insert(tx, &user).await? {
        return Ok(Standing::Existing);
    }
    if let Some(hash) = &newcomer.password {
        passwords::set_imported(tx, user.id, (&marked(hash), hash.decoy()), now).await?;
    }
    office.record(tx, actor, Some(user.id), Event::UserImported).await?;
    for (slug, roles) in &newcomer.memberships {
        if let Some(Some(organization)) = known.get(slug) {
            take_in(office, (tx, actor), (organization, user.id, roles)).await?;
        }
    }
    Ok(Standing::New)
}
