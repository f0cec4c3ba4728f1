//! Registered applications.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, OnConflict, Query};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use time::OffsetDateTime;

use super::entity::{client, client_origin, grant};
use super::users::escaped;
use super::{Read, Result, Store, StoreError, Tx, from_millis, insert_new, stored, to_millis, unique};
use crate::crypto::token::TokenHash;
use crate::model::client::{Client, ClientId, ClientSource};
use crate::model::ids::SessionId;

pub async fn by_id(db: &impl Read, id: &ClientId) -> Result<Option<Client>> {
    let before = match db.recent().map(|recent| recent.clients.find(id)) {
        Some(Ok(client)) => return Ok(Some(Client::clone(&client))),
        Some(Err(before)) => Some(before),
        None => None,
    };
    let found = unique(db, client::Entity::find_by_id(id.as_str())).await?.map(from_row).transpose()?;
    if let (Some(recent), Some(before), Some(client)) = (db.recent(), before, &found) {
        recent.clients.keep(id, before, Arc::new(client.clone()));
    }
    Ok(found)
}

/// Whether what is taken for this one is from a moment ago.
#[must_use]
pub fn is_known(store: &Store, id: &ClientId) -> bool {
    store.recent.knows(id)
}

/// From here on this one is read anew.
pub fn doubt(store: &Store, id: &ClientId) {
    store.recent.forget_one(id);
}

/// Those that the operator keeps, and not those that registered themselves; by their ids, the first 500.
pub async fn kept_by_us(db: &impl Read) -> Result<Vec<Client>> {
    let kept = client::Entity::find()
        .filter(client::Column::Source.ne(ClientSource::Registered.as_str()))
        .order_by_asc(client::Column::Id)
        .limit(500);
    kept.all(db.connection()).await?.into_iter().map(from_row).collect()
}

/// Adds a client. `false` when the id is taken.
pub async fn insert(tx: &Tx, new: &Client) -> Result<bool> {
    tx.forget_clients();
    let inserted = insert_new(tx, to_row(new)?, client::Column::Id).await?;
    if inserted {
        set_origins(tx, new).await?;
    }
    Ok(inserted)
}

/// Changes what a client registered. `false` when it is gone.
pub async fn update(tx: &Tx, changed: &Client) -> Result<bool> {
    tx.forget_clients();
    let settings = stored("client", serde_json::to_value(&changed.settings))?;
    let updated = client::Entity::update_many()
        .col_expr(client::Column::Settings, Expr::value(settings))
        .col_expr(client::Column::Name, Expr::value(changed.settings.name.as_str()))
        .filter(client::Column::Id.eq(changed.id.as_str()))
        .exec(tx.connection())
        .await?;
    set_origins(tx, changed).await?;
    Ok(updated.rows_affected == 1)
}

/// Gives a client another token for its own registration (RFC 7592 §3), in place of `before`. `false` when
/// somebody was faster.
pub async fn set_management(
    tx: &Tx,
    id: &ClientId,
    before: Option<TokenHash>,
    token: TokenHash,
) -> Result<bool> {
    let same = match before {
        Some(before) => client::Column::ManagementHash.eq(before.0.to_vec()),
        None => client::Column::ManagementHash.is_null(),
    };
    let changed = client::Entity::update_many()
        .col_expr(client::Column::ManagementHash, Expr::value(token.0.to_vec()))
        .filter(client::Column::Id.eq(id.as_str()))
        .filter(same)
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// The client whose own token this is.
pub async fn managed(db: &impl Read, id: &ClientId, token: TokenHash) -> Result<Option<Client>> {
    let query = client::Entity::find_by_id(id.as_str())
        .filter(client::Column::ManagementHash.eq(token.0.to_vec()))
        .filter(client::Column::DisabledAt.is_null());
    unique(db, query).await?.map(from_row).transpose()
}

/// Holds a client until the transaction ends, so that changes to it happen one after the other. `false` when there
/// is no such client.
pub async fn lock(tx: &Tx, id: &ClientId) -> Result<bool> {
    let held = client::Entity::update_many()
        .col_expr(client::Column::CreatedAt, Expr::col(client::Column::CreatedAt))
        .filter(client::Column::Id.eq(id.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(held.rows_affected == 1)
}

/// Removes a client with everything that it was given.
pub async fn delete(tx: &Tx, id: &ClientId) -> Result<bool> {
    tx.forget_clients();
    let deleted = client::Entity::delete_many()
        .filter(client::Column::Id.eq(id.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Disables a client or enables it again.
pub async fn set_enabled(tx: &Tx, id: &ClientId, enabled: bool, now: OffsetDateTime) -> Result<()> {
    tx.forget_clients();
    client::Entity::update_many()
        .col_expr(client::Column::DisabledAt, Expr::value((!enabled).then(|| to_millis(now))))
        .filter(client::Column::Id.eq(id.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// At most `limit` clients whose name or id has this text in it, in the order of their ids.
pub async fn page(db: &impl Read, text: &str, after: Option<&ClientId>, limit: u64) -> Result<Vec<Client>> {
    let text = text.trim();
    let mut query = client::Entity::find();
    if !text.is_empty() {
        let having = |text: &str| LikeExpr::new(format!("%{}%", escaped(text))).escape('\\');
        let lowered = having(&text.to_lowercase());
        let has = |column: client::Column| Expr::expr(Func::lower(Expr::col(column))).like(lowered.clone());
        // As it was written, too: SQLite lowers only ASCII.
        let written = Expr::col(client::Column::Name).like(having(text));
        query = query.filter(has(client::Column::Name).or(has(client::Column::Id)).or(written));
    }
    if let Some(after) = after {
        query = query.filter(client::Column::Id.gt(after.as_str()));
    }
    let rows = query.order_by_asc(client::Column::Id).limit(limit).all(db.connection()).await?;
    rows.into_iter().map(from_row).collect()
}

/// How many people have allowed a client something that still holds.
pub async fn people_of(db: &impl Read, id: &ClientId) -> Result<u64> {
    let people = grant::Entity::find()
        .select_only()
        .column(grant::Column::UserId)
        .distinct()
        .filter(grant::Column::ClientId.eq(id.as_str()))
        .filter(grant::Column::RevokedAt.is_null());
    Ok(people.count(db.connection()).await?)
}

/// Keeps a client of the configuration file as the file has it now, whoever kept it before.
pub async fn declare(tx: &Tx, declared: &Client) -> Result<()> {
    tx.forget_clients();
    let replace = OnConflict::column(client::Column::Id)
        .update_columns([
            client::Column::Name,
            client::Column::Settings,
            client::Column::Source,
            client::Column::DisabledAt,
        ])
        .to_owned();
    client::Entity::insert(to_row(declared)?)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await?;
    set_origins(tx, declared).await
}

/// The clients that were used in a session and that a browser can tell of its end.
pub async fn in_front_of(db: &impl Read, session: SessionId) -> Result<Vec<Client>> {
    let used = Query::select()
        .column(grant::Column::ClientId)
        .from(grant::Entity)
        .and_where(Expr::col(grant::Column::SessionId).eq(session.uuid()))
        .to_owned();
    let rows = client::Entity::find()
        .filter(client::Column::Id.in_subquery(used))
        .filter(client::Column::DisabledAt.is_null())
        .all(db.connection())
        .await?;
    let mut clients = rows.into_iter().map(from_row).collect::<Result<Vec<_>>>()?;
    clients.retain(|client| client.settings.frontchannel_logout_uri.is_some());
    Ok(clients)
}

/// Whether an enabled client runs on this web origin.
pub async fn runs_on(db: &impl Read, origin: &str) -> Result<bool> {
    let rows = client_origin::Entity::find()
        .filter(client_origin::Column::Origin.eq(origin))
        .all(db.connection())
        .await?;
    let ids = rows.into_iter().map(|row| row.client_id);
    let enabled = client::Entity::find()
        .filter(client::Column::Id.is_in(ids))
        .filter(client::Column::DisabledAt.is_null());
    Ok(enabled.count(db.connection()).await? > 0)
}

async fn set_origins(tx: &Tx, client: &Client) -> Result<()> {
    client_origin::Entity::delete_many()
        .filter(client_origin::Column::ClientId.eq(client.id.as_str()))
        .exec(tx.connection())
        .await?;
    let rows: Vec<_> = client
        .settings
        .web_origins()
        .into_iter()
        .map(|origin| client_origin::ActiveModel {
            origin: Set(origin),
            client_id: Set(client.id.as_str().to_owned()),
        })
        .collect();
    if !rows.is_empty() {
        client_origin::Entity::insert_many(rows).exec_without_returning(tx.connection()).await?;
    }
    Ok(())
}

/// Disables the clients of the configuration file that are no longer in it and returns which they
/// were. Their grants stay, so that a line lost by mistake can be put back.
pub async fn disable_undeclared(
    tx: &Tx,
    declared: &[ClientId],
    now: OffsetDateTime,
) -> Result<Vec<ClientId>> {
    tx.forget_clients();
    let kept = declared.iter().map(ClientId::as_str);
    let disabled = client::Entity::update_many()
        .col_expr(client::Column::DisabledAt, Expr::value(to_millis(now)))
        .filter(client::Column::Source.eq(ClientSource::Config.as_str()))
        .filter(client::Column::DisabledAt.is_null())
        .filter(client::Column::Id.is_not_in(kept))
        .exec_with_returning(tx.connection())
        .await?;
    disabled.into_iter().map(|row| stored("client", ClientId::parse(&row.id))).collect()
}

fn to_row(client: &Client) -> Result<client::ActiveModel> {
    Ok(client::ActiveModel {
        id: Set(client.id.as_str().to_owned()),
        name: Set(client.settings.name.as_str().to_owned()),
        settings: Set(stored("client", serde_json::to_value(&client.settings))?),
        source: Set(client.source.as_str().to_owned()),
        management_hash: NotSet,
        disabled_at: Set(client.disabled_at.map(to_millis)),
        created_at: Set(to_millis(client.created_at)),
    })
}

fn from_row(row: client::Model) -> Result<Client> {
    const TABLE: &str = "client";
    let source = ClientSource::from_stored(&row.source).ok_or(StoreError::Damaged(TABLE))?;
    Ok(Client {
        id: stored(TABLE, ClientId::parse(&row.id))?,
        settings: stored(TABLE, serde_json::from_value(row.settings))?,
        source,
        disabled_at: row.disabled_at.map(from_millis),
        created_at: from_millis(row.created_at),
    })
}
