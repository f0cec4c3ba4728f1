//! How the service and its organizations look. Operators set it for the service, and whoever looks after an
//! organization for that one.

use super::{Act, AdminActor, Office, Outcome, Refused, organizations, workings};
use crate::audit::Event;
use crate::crypto::{base64url, sha256};
use crate::model::brand::{Accents, Brand, BrandName, Scheme};
use crate::model::ids::OrganizationId;
use crate::model::organization::Organization;
use crate::model::picture::Picture;
use crate::store::{Tx, brands};

/// Whose look it is. `None`: the service's.
pub type Whose = Option<OrganizationId>;

/// What was set, and what whoever sees it may do.
#[derive(Debug)]
pub struct Seen {
    pub organization: Option<Organization>,
    pub brand: Brand,
    /// Whether anything was set at all: an organization without is not shown at log-in.
    pub is_set: bool,
    pub version: String,
    pub may_change: bool,
}

/// # Errors
/// When the database does not answer.
pub async fn see(office: &Office<'_>, actor: &AdminActor, whose: Whose) -> Outcome<Seen> {
    let (organization, may_change) = match whose {
        None if actor.may(Act::SeeService) => (None, actor.may(Act::RunService)),
        None => return Ok(Err(Refused::NotFound)),
        Some(id) => match organizations::view(office, actor, id).await? {
            Ok(organization) => (Some(organization), actor.may_in(Act::RunOrganization, id)),
            Err(refused) => return Ok(Err(refused)),
        },
    };
    let found = brands::get(office.store, whose).await?;
    let is_set = found.is_some();
    let brand = found.unwrap_or_default();
    let version = version(&brand, is_set);
    Ok(Ok(Seen { organization, brand, is_set, version, may_change }))
}

/// What a look is at this moment, in one word: another one after every change.
fn version(brand: &Brand, is_set: bool) -> String {
    base64url::encode(sha256(format!("{is_set} {brand:?}").as_bytes()))
}

/// A name for the service, and accents for either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub name: Option<BrandName>,
    pub accents: Accents,
}

/// Sets name and accents, if what somebody has read (its `version`) is still what there is.
///
/// # Errors
/// When the database does not answer.
pub async fn set(
    office: &Office<'_>,
    actor: &AdminActor,
    (whose, version): (Whose, &str),
    look: Look,
) -> Outcome<()> {
    let name = if whose.is_none() { look.name } else { None };
    let accents = look.accents;
    change(office, actor, (whose, Some(version), "look"), |before| Brand { name, accents, ..before }).await
}

/// # Errors
/// When the database does not answer.
pub async fn set_logo(
    office: &Office<'_>,
    actor: &AdminActor,
    (whose, scheme): (Whose, Scheme),
    picture: &Picture,
) -> Outcome<()> {
    let hash = sha256(picture.bytes());
    let (tx, before) = match begin(office, actor, whose).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    brands::keep_logo(&tx, hash, picture, office.now).await?;
    let after = before.unwrap_or_default().with_logo(scheme, Some(hash));
    brands::set(&tx, whose, &after, office.now).await?;
    record(office, actor, &tx, (whose, "logo")).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// # Errors
/// When the database does not answer.
pub async fn remove_logo(
    office: &Office<'_>,
    actor: &AdminActor,
    (whose, scheme): (Whose, Scheme),
) -> Outcome<()> {
    change(office, actor, (whose, None, "logo"), |before| before.with_logo(scheme, None)).await
}

/// Back to what it is where nobody sets anything.
///
/// # Errors
/// When the database does not answer.
pub async fn reset(office: &Office<'_>, actor: &AdminActor, whose: Whose) -> Outcome<()> {
    let (tx, _) = match begin(office, actor, whose).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !brands::remove(&tx, whose).await? {
        return Ok(Err(Refused::Unchanged));
    }
    record(office, actor, &tx, (whose, "reset")).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

async fn change(
    office: &Office<'_>,
    actor: &AdminActor,
    (whose, read, changed): (Whose, Option<&str>, &'static str),
    after: impl FnOnce(Brand) -> Brand,
) -> Outcome<()> {
    let (tx, before) = match begin(office, actor, whose).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let is_set = before.is_some();
    let before = before.unwrap_or_default();
    if read.is_some_and(|read| read != version(&before, is_set)) {
        return Ok(Err(Refused::ChangedMeanwhile));
    }
    let after = after(before.clone());
    // The first time even nothing is something: an organization that says so is shown by its name.
    if is_set && after == before {
        return Ok(Ok(()));
    }
    brands::set(&tx, whose, &after, office.now).await?;
    record(office, actor, &tx, (whose, changed)).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Holds what is set, for whoever may change it.
async fn begin(office: &Office<'_>, actor: &AdminActor, whose: Whose) -> Outcome<(Tx, Option<Brand>)> {
    let begun = match whose {
        None => workings::begin(office, actor).await?,
        Some(id) => organizations::begin(office, actor, (Act::RunOrganization, id)).await?.map(|(tx, _)| tx),
    };
    let tx = match begun {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    brands::lock(&tx, whose).await?;
    let before = brands::get(&tx, whose).await?;
    Ok(Ok((tx, before)))
}

async fn record(
    office: &Office<'_>,
    actor: &AdminActor,
    tx: &Tx,
    (organization, changed): (Whose, &'static str),
) -> anyhow::Result<()> {
    Ok(office.record(tx, actor, None, Event::BrandChanged { organization, changed }).await?)
}
