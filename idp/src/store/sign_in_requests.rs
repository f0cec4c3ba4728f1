//! Requests to people who are somewhere else: kept under a hash of what the application holds, sealed, put to one
//! person, answered once and fetched once.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    TryInsertResult,
};
use time::OffsetDateTime;

use super::entity::sign_in_request as row;
use super::entity::sign_in_request::{Column, Entity, Model};
use super::{Read, Result, StoreError, Tx, from_millis, stored, to_millis, unique};
use crate::crypto::seal::Place;
use crate::crypto::token::TokenHash;
use crate::model::client::ClientId;
use crate::model::ids::{SignInRequestId, UserId};
use crate::model::sign_in_request::{Decision, SignInRequest};
use crate::model::user::Email;

const TABLE: &str = "sign_in_request";

fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "sealed_asked", row }
}

/// Keeps a request to whoever has this address, if anybody has. `false` when `places` of this client wait for them;
/// each place is unique, so that the database decides.
pub async fn insert(
    tx: &Tx,
    (new, token): (&SignInRequest, TokenHash),
    address: &Email,
    places: i32,
    now: OffsetDateTime,
) -> Result<bool> {
    // No client has a space in its name.
    let both = format!("{} {address}", new.client_id);
    let asked_of = tx.sealer().lookup("sign-in request", both.as_bytes()).to_vec();
    Entity::update_many()
        .col_expr(Column::Place, Expr::value(None::<i32>))
        .filter(Column::AskedOf.eq(asked_of.clone()))
        .filter(Column::ExpiresAt.lte(to_millis(now)))
        .exec(tx.connection())
        .await?;
    let asked = stored(TABLE, serde_json::to_vec(&new.asked))?;
    let row = row::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token.0.to_vec()),
        client_id: Set(new.client_id.as_str().to_owned()),
        user_id: Set(new.user_id.map(UserId::uuid)),
        asked_of: Set(asked_of),
        place: Set(None),
        sealed_asked: Set(tx.seal(place(&new.id.to_string()), &asked)?),
        decision: Set(None),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(to_millis(new.expires_at)),
    };
    for place in 0..places {
        let row = row::ActiveModel { place: Set(Some(place)), ..row.clone() };
        let inserted = Entity::insert(row)
            .on_conflict_do_nothing_on([Column::AskedOf, Column::Place])
            .exec_without_returning(tx.connection())
            .await?;
        if matches!(inserted, TryInsertResult::Inserted(1)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts a request to a person.
pub async fn assign(tx: &Tx, id: SignInRequestId, user: UserId) -> Result<Option<SignInRequest>> {
    let rows = Entity::update_many()
        .col_expr(Column::UserId, Expr::value(user.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::UserId.is_null())
        .exec_with_returning(tx.connection())
        .await?;
    rows.into_iter().next().map(|row| from_row(tx, row)).transpose()
}

fn waiting(user: UserId, now: OffsetDateTime) -> Select<Entity> {
    Entity::find()
        .filter(Column::UserId.eq(user.uuid()))
        .filter(Column::Decision.is_null())
        .filter(Column::ExpiresAt.gt(to_millis(now)))
}

/// What waits for a person, oldest first.
pub async fn of_user(db: &impl Read, user: UserId, now: OffsetDateTime) -> Result<Vec<SignInRequest>> {
    let rows = waiting(user, now).order_by_asc(Column::CreatedAt).limit(50).all(db.connection()).await?;
    rows.into_iter().map(|row| from_row(db, row)).collect()
}

/// How many wait for a person.
pub async fn count_of_user(db: &impl Read, user: UserId, now: OffsetDateTime) -> Result<u64> {
    Ok(waiting(user, now).count(db.connection()).await?)
}

/// One that waits for this person.
pub async fn of_user_by_id(
    db: &impl Read,
    user: UserId,
    id: SignInRequestId,
    now: OffsetDateTime,
) -> Result<Option<SignInRequest>> {
    let row = unique(db, waiting(user, now).filter(Column::Id.eq(id.uuid()))).await?;
    row.map(|row| from_row(db, row)).transpose()
}

/// Keeps the answer of this person. Of any number of callers one gets the request; the others come too late.
pub async fn decide(
    tx: &Tx,
    (user, id): (UserId, SignInRequestId),
    decision: &Decision,
    now: OffsetDateTime,
) -> Result<Option<SignInRequest>> {
    let decision = stored(TABLE, serde_json::to_string(decision))?;
    let rows = Entity::update_many()
        .col_expr(Column::Decision, Expr::value(decision))
        .col_expr(Column::Place, Expr::value(None::<i32>))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::UserId.eq(user.uuid()))
        .filter(Column::Decision.is_null())
        .filter(Column::ExpiresAt.gt(to_millis(now)))
        .exec_with_returning(tx.connection())
        .await?;
    rows.into_iter().next().map(|row| from_row(tx, row)).transpose()
}

/// The request that this client knows by this token.
pub async fn of_client(db: &impl Read, client: &ClientId, token: TokenHash) -> Result<Option<SignInRequest>> {
    let query = Entity::find()
        .filter(Column::TokenHash.eq(token.0.to_vec()))
        .filter(Column::ClientId.eq(client.as_str()));
    unique(db, query).await?.map(|row| from_row(db, row)).transpose()
}

/// Takes an answered request away. Of any number of callers one gets `true`.
pub async fn take(tx: &Tx, client: &ClientId, token: TokenHash) -> Result<bool> {
    let taken = Entity::delete_many()
        .filter(Column::TokenHash.eq(token.0.to_vec()))
        .filter(Column::ClientId.eq(client.as_str()))
        .filter(Column::Decision.is_not_null())
        .exec(tx.connection())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Ends all that an application has asked somebody, also what they allowed and it has not fetched.
pub async fn end_of(tx: &Tx, user: UserId, client: &ClientId) -> Result<()> {
    Entity::delete_many()
        .filter(Column::UserId.eq(user.uuid()))
        .filter(Column::ClientId.eq(client.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Removes what expired before this moment, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, before: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ExpiresAt.lte(to_millis(before)))
        .order_by_asc(Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let purged = Entity::delete_many().filter(Column::Id.is_in(expired)).exec(tx.connection()).await?;
    Ok(purged.rows_affected)
}

fn from_row(db: &impl Read, row: Model) -> Result<SignInRequest> {
    let id = SignInRequestId::from_uuid(row.id);
    let asked = db.sealer().open(place(&id.to_string()), &row.sealed_asked)?;
    let decision = row.decision.map(|text| serde_json::from_str(&text)).transpose();
    Ok(SignInRequest {
        id,
        client_id: stored(TABLE, ClientId::parse(&row.client_id))?,
        user_id: row.user_id.map(UserId::from_uuid),
        asked: serde_json::from_slice(&asked).map_err(|_| StoreError::Damaged(TABLE))?,
        decision: stored(TABLE, decision)?,
        created_at: from_millis(row.created_at),
        expires_at: from_millis(row.expires_at),
    })
}
