//! The applications that a person allowed something, or that hold something of theirs, and taking that back.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{begin, with_memberships};
use crate::admin::actor::Target;
use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::client::ClientId;
use crate::model::grant::Grant;
use crate::model::ids::UserId;
use crate::model::organization::OrganizationName;
use crate::model::scope::Scopes;
use crate::store::grants::{self, Which};
use crate::store::{Read, clients, consents, organizations, sign_in_requests};

/// One application, as far as whoever looks may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    pub client: ClientId,
    pub name: String,
    pub scopes: Scopes,
    /// Those that it was given something for.
    pub organizations: Vec<OrganizationName>,
    /// When it was last given something, or allowed to have it.
    pub since: OffsetDateTime,
    /// It may go on when the person has logged out.
    pub offline: bool,
}

/// Whoever looks after organizations sees what was given for those, and nothing that is between a person and an
/// application alone.
///
/// # Errors
/// When the database does not answer.
pub async fn apps(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<Vec<Connected>> {
    let seen = with_memberships(office.store, id)
        .await?
        .filter(|(user, memberships)| actor.may_to(Act::SeePerson, &Target { user, memberships }));
    match seen {
        Some(_) => Ok(Ok(connected(office.store, actor, id).await?)),
        None => Ok(Err(Refused::NotFound)),
    }
}

async fn connected(db: &impl Read, actor: &AdminActor, id: UserId) -> anyhow::Result<Vec<Connected>> {
    let theirs = actor.sees_only();
    let mut known: BTreeMap<ClientId, Connected> = BTreeMap::new();
    if theirs.is_none() {
        for (client, permission, since) in consents::of_user(db, id).await? {
            let entry = entry(db, &client, since).await?;
            known.insert(client, Connected { scopes: permission.told(), ..entry });
        }
    }
    let shown =
        |grant: &Grant| theirs.is_none_or(|own| grant.organization.is_some_and(|id| own.contains(&id)));
    for grant in grants::of_user(db, id).await?.into_iter().filter(shown) {
        if !known.contains_key(&grant.client_id) {
            let entry = entry(db, &grant.client_id, grant.created_at).await?;
            known.insert(grant.client_id.clone(), entry);
        }
        let organization = match grant.organization {
            Some(id) if actor.may_in(Act::SeeOrganization, id) => organizations::by_id(db, id).await?,
            _ => None,
        };
        let Some(entry) = known.get_mut(&grant.client_id) else { continue };
        entry.scopes = entry.scopes.union(&grant.permission.told());
        entry.since = entry.since.max(grant.created_at);
        entry.offline |= grant.is_offline();
        if let Some(organization) = organization
            && !entry.organizations.contains(&organization.name)
        {
            entry.organizations.push(organization.name);
        }
    }
    Ok(known.into_values().collect())
}

async fn entry(db: &impl Read, client: &ClientId, since: OffsetDateTime) -> anyhow::Result<Connected> {
    let found = clients::by_id(db, client).await?;
    Ok(Connected {
        client: client.clone(),
        name: found.map_or_else(|| client.to_string(), |found| found.settings.name.to_string()),
        scopes: Scopes::default(),
        organizations: Vec::new(),
        since,
        offline: false,
    })
}

/// Takes back what an application was allowed and given, for somebody who can not do it themselves. It asks again at the
/// next log-in.
///
/// # Errors
/// When the database does not answer.
pub async fn disconnect(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, client): (UserId, &ClientId),
) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !connected(&tx, actor, user.id).await?.iter().any(|known| known.client == *client) {
        return Ok(Err(Refused::NotFound));
    }
    consents::withdraw(&tx, user.id, client).await?;
    sign_in_requests::end_of(&tx, user.id, client).await?;
    grants::revoke_of_user(&tx, user.id, Which::Client(client), office.now).await?;
    let event = Event::AppDisconnected { client: client.clone() };
    office.record(&tx, actor, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
