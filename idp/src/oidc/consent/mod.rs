//! Consent: a person allows an application to know who they are. The page is shown by the
//! authorization endpoint; here the answer is heard and, where the client's rule says so, remembered.

pub mod pages;
pub mod words;

use time::OffsetDateTime;

use crate::audit::{self, Doer, Event};
use crate::model::client::{Client, ConsentRule};
use crate::model::grant::Permission;
use crate::model::ids::UserId;
use crate::store::{Store, Tx, consents, users};

/// Records that the person allowed the request.
///
/// # Errors
/// When the database does not answer.
pub async fn grant(
    store: &Store,
    (permission, client): (&Permission, &Client),
    (user, doer): (UserId, Doer<'_>),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let tx = store.begin().await?;
    allow(&tx, (permission, client), (user, doer), now).await?;
    Ok(tx.commit().await?)
}

/// The same within a transaction, as the last thing in it.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn allow(
    tx: &Tx,
    (permission, client): (&Permission, &Client),
    (user, doer): (UserId, Doer<'_>),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    // One answer at a time, so that what is remembered is all that was allowed.
    users::lock(tx, user).await?;
    if client.settings.consent == ConsentRule::Remember {
        let before = consents::permission(tx, user, &client.id).await?.unwrap_or_default();
        consents::remember(tx, user, &client.id, &before.together_with(permission), now).await?;
    }
    let event = Event::ConsentGranted {
        client: client.id.clone(),
        scopes: permission.scopes.to_string(),
        resources: permission.resources.to_string(),
        claims: permission.claims.clone(),
        details: permission.details.kinds(),
    };
    Ok(audit::record(tx, now, doer, Some(user), event).await?)
}
