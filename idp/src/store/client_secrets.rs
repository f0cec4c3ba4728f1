//! The secrets of clients: their hashes, and when each was last of use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::entity::client_secret;
use super::{Read, Result, Store, Tx, from_millis, stored, to_millis};
use crate::crypto::seal::Place;
use crate::model::client::{ClientId, ClientSecret};
use crate::model::ids::ClientSecretId;

/// Uses are noted to this.
const PRECISION: Duration = Duration::HOUR;

/// The same as [`of`], as it was a moment ago.
pub async fn known(store: &Store, client: &ClientId) -> Result<Arc<Vec<ClientSecret>>> {
    let before = match store.recent.secrets.find(client) {
        Ok(secrets) => return Ok(secrets),
        Err(before) => before,
    };
    let secrets = Arc::new(of(store, client).await?);
    // Nobody can fill the memory with names of applications that are none.
    if !secrets.is_empty() {
        store.recent.secrets.keep(client, before, Arc::clone(&secrets));
    }
    Ok(secrets)
}

/// All of a client, the oldest first, with those that have expired.
pub async fn of(db: &impl Read, client: &ClientId) -> Result<Vec<ClientSecret>> {
    let rows = client_secret::Entity::find()
        .filter(client_secret::Column::ClientId.eq(client.as_str()))
        .order_by_asc(client_secret::Column::CreatedAt)
        .order_by_asc(client_secret::Column::Id)
        .all(db.connection())
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// The secrets that a client signs with and that are good now.
pub async fn shared(
    db: &impl Read,
    client: &ClientId,
    now: OffsetDateTime,
) -> Result<Vec<(ClientSecret, Zeroizing<Vec<u8>>)>> {
    let rows = client_secret::Entity::find()
        .filter(client_secret::Column::ClientId.eq(client.as_str()))
        .filter(client_secret::Column::Sealed.is_not_null())
        .all(db.connection())
        .await?;
    let mut shared = Vec::new();
    for mut row in rows {
        if let Some(sealed) = row.sealed.take() {
            let secret = db.sealer().open(place(client), &sealed)?;
            shared.push((from_row(row)?, secret));
        }
    }
    shared.retain(|(secret, _)| secret.is_live(now));
    Ok(shared)
}

/// Adds a secret. Of one that signatures are checked with the text is kept as well, sealed; of all others the hash
/// is enough.
pub async fn insert(tx: &Tx, client: &ClientId, new: &ClientSecret, shared: Option<&str>) -> Result<()> {
    tx.forget_clients();
    let row = client_secret::ActiveModel {
        id: Set(new.id.uuid()),
        client_id: Set(client.as_str().to_owned()),
        hash: Set(new.hash.to_vec()),
        sealed: Set(shared.map(|secret| tx.seal(place(client), secret.as_bytes())).transpose()?),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(new.expires_at.map(to_millis)),
        last_used_at: Set(new.last_used_at.map(to_millis)),
    };
    client_secret::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// Says until when a secret is good. `false` when there is no such secret.
pub async fn expire(
    tx: &Tx,
    client: &ClientId,
    id: ClientSecretId,
    expires_at: OffsetDateTime,
) -> Result<bool> {
    tx.forget_clients();
    let changed = client_secret::Entity::update_many()
        .col_expr(client_secret::Column::ExpiresAt, Expr::value(to_millis(expires_at)))
        .filter(client_secret::Column::ClientId.eq(client.as_str()))
        .filter(client_secret::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Forgets a secret. `false` when there is no such secret.
pub async fn remove(tx: &Tx, client: &ClientId, id: ClientSecretId) -> Result<bool> {
    tx.forget_clients();
    let removed = client_secret::Entity::delete_many()
        .filter(client_secret::Column::ClientId.eq(client.as_str()))
        .filter(client_secret::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected == 1)
}

/// Forgets all secrets of a client.
pub async fn remove_all(tx: &Tx, client: &ClientId) -> Result<()> {
    tx.forget_clients();
    client_secret::Entity::delete_many()
        .filter(client_secret::Column::ClientId.eq(client.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Clients whose last secret ends between these moments, and when; the first to end first.
pub async fn ending(
    db: &impl Read,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<(ClientId, OffsetDateTime)>> {
    let lasting = Query::select()
        .column(client_secret::Column::ClientId)
        .from(client_secret::Entity)
        .cond_where(
            Condition::any()
                .add(client_secret::Column::ExpiresAt.is_null())
                .add(client_secret::Column::ExpiresAt.gt(to_millis(until))),
        )
        .to_owned();
    let rows: Vec<(String, i64)> = client_secret::Entity::find()
        .select_only()
        .column(client_secret::Column::ClientId)
        .column_as(client_secret::Column::ExpiresAt.max(), "ends_at")
        .filter(client_secret::Column::ExpiresAt.gt(to_millis(from)))
        .filter(client_secret::Column::ClientId.not_in_subquery(lasting))
        .group_by(client_secret::Column::ClientId)
        .into_tuple()
        .all(db.connection())
        .await?;
    let mut ending = Vec::with_capacity(rows.len());
    for (client, at) in rows {
        ending.push((stored("client_secret", ClientId::parse(&client))?, from_millis(at)));
    }
    ending.sort_by_key(|(_, at)| *at);
    Ok(ending)
}

/// Which secrets were used and not yet noted in the database: a log-in is not made to wait for a write.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<ClientSecretId, OffsetDateTime>>);

impl Uses {
    pub fn note(&self, secret: &ClientSecret, now: OffsetDateTime) {
        if secret.last_used_at.is_none_or(|last| last + PRECISION <= now) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.id, now);
        }
    }

    fn take(&self) -> HashMap<ClientSecretId, OffsetDateTime> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes down which secrets were used. What can not be written now is told again by the next use.
pub async fn note_uses(store: &Store, uses: &Uses) -> Result<()> {
    let uses = uses.take();
    if uses.is_empty() {
        return Ok(());
    }
    let tx = store.begin().await?;
    tx.forget_clients();
    for (id, at) in uses {
        let earlier = client_secret::Column::LastUsedAt
            .is_null()
            .or(client_secret::Column::LastUsedAt.lt(to_millis(at)));
        client_secret::Entity::update_many()
            .col_expr(client_secret::Column::LastUsedAt, Expr::value(to_millis(at)))
            .filter(client_secret::Column::Id.eq(id.uuid()))
            .filter(earlier)
            .exec(tx.connection())
            .await?;
    }
    tx.commit().await
}

/// By the client, not the secret: whoever moved one between two rows of a client would gain nothing.
fn place(client: &ClientId) -> Place<'_> {
    Place { table: "client", column: "sealed_secret", row: client.as_str() }
}

fn from_row(row: client_secret::Model) -> Result<ClientSecret> {
    Ok(ClientSecret {
        id: ClientSecretId::from_uuid(row.id),
        hash: stored("client_secret", row.hash.try_into())?,
        created_at: from_millis(row.created_at),
        expires_at: row.expires_at.map(from_millis),
        last_used_at: row.last_used_at.map(from_millis),
    })
}
