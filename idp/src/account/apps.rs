//! The applications that know a person, and sending one away.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Changed, Owner, Workbench};
use crate::audit::Event;
use crate::model::client::{Client, ClientId, WebUri};
use crate::model::ids::{SessionId, UserId};
use crate::model::scope::Scopes;
use crate::store::grants::{self, Which};
use crate::store::{Read, clients, consents, sign_in_requests};

/// One application as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub client: ClientId,
    pub name: String,
    /// Where signing in to it begins (OIDC Core §4).
    pub begins_at: Option<WebUri>,
    pub scopes: Scopes,
    /// When it was last given something, or allowed to have it.
    pub since: OffsetDateTime,
    /// It may go on when the person has logged out.
    pub offline: bool,
}

/// The applications that a person allowed something, or that hold something of theirs.
///
/// # Errors
/// When the database does not answer.
pub async fn of_user(db: &impl Read, user: UserId) -> anyhow::Result<Vec<Known>> {
    let mut known: BTreeMap<ClientId, Known> = BTreeMap::new();
    for (client, permission, since) in consents::of_user(db, user).await? {
        let entry = look_up(db, client, (permission.told(), since)).await?;
        known.insert(entry.client.clone(), entry);
    }
    for grant in grants::of_user(db, user).await? {
        let offline = grant.is_offline();
        if let Some(entry) = known.get_mut(&grant.client_id) {
            entry.scopes = entry.scopes.union(&grant.permission.told());
            entry.since = entry.since.max(grant.created_at);
            entry.offline |= offline;
        } else {
            let told = (grant.permission.told(), grant.created_at);
            let entry = look_up(db, grant.client_id.clone(), told).await?;
            known.insert(grant.client_id, Known { offline, ..entry });
        }
    }
    Ok(known.into_values().collect())
}

async fn look_up(
    db: &impl Read,
    client: ClientId,
    (scopes, since): (Scopes, OffsetDateTime),
) -> anyhow::Result<Known> {
    let found = clients::by_id(db, &client).await?;
    let name = found.as_ref().map_or_else(|| client.to_string(), |client| client.settings.name.to_string());
    let begins_at = found.filter(Client::is_enabled).and_then(|client| client.settings.initiate_login_uri);
    Ok(Known { client, name, begins_at, scopes, since, offline: false })
}

async fn name_of(db: &impl Read, client: &ClientId) -> anyhow::Result<String> {
    let found = clients::by_id(db, client).await?;
    Ok(found.map_or_else(|| client.to_string(), |client| client.settings.name.to_string()))
}

/// The names of the applications that were used in each session.
///
/// # Errors
/// When the database does not answer.
pub async fn by_session(db: &impl Read, user: UserId) -> anyhow::Result<BTreeMap<SessionId, Vec<String>>> {
    let mut names: BTreeMap<ClientId, String> = BTreeMap::new();
    let mut sessions: BTreeMap<SessionId, Vec<String>> = BTreeMap::new();
    for grant in grants::of_user(db, user).await? {
        if !names.contains_key(&grant.client_id) {
            names.insert(grant.client_id.clone(), name_of(db, &grant.client_id).await?);
        }
        let name = names.get(&grant.client_id).cloned().unwrap_or_default();
        let used = sessions.entry(grant.session_id).or_default();
        if !used.contains(&name) {
            used.push(name);
        }
    }
    Ok(sessions)
}

/// Takes back what an application was allowed and given.
///
/// # Errors
/// When the database does not answer.
pub async fn disconnect(
    bench: &Workbench<'_>,
    owner: Owner<'_>,
    client: &ClientId,
) -> anyhow::Result<Changed> {
    let user = owner.user.id;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    let allowed = consents::withdraw(&tx, user, client).await?;
    sign_in_requests::end_of(&tx, user, client).await?;
    let given = grants::revoke_of_user(&tx, user, Which::Client(client), bench.now).await?;
    if !allowed && given == 0 {
        return Ok(Changed::NotFound);
    }
    bench.record(&tx, user, Event::AppDisconnected { client: client.clone() }).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
