//! Grants and their refresh tokens. A grant is found through its client, by a code or token that the
//! client holds.

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use time::OffsetDateTime;

use super::entity::{grant, refresh_token, session};
use super::{Read, Result, StoreError, Tx, from_millis, stored, to_millis, unique};
use crate::crypto::seal::Place;
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::model::client::ClientId;
use crate::model::grant::{Grant, Permission, RefreshToken};
use crate::model::ids::{GrantId, OrganizationId, PasskeyId, RefreshTokenId, SessionId, UserId};
use crate::model::key::Confirmation;
use crate::model::resource::Resources;
use crate::model::scope::Scopes;
use crate::model::session::Method;

/// Adds the grant of a redeemed code, and holds its session until the transaction ends, so that whoever ends it from here
/// on finds the grant. `false` when the session has ended, or when this code has been redeemed before, whatever the ephemeral
/// storage believes: the database decides.
pub async fn insert(tx: &Tx, new: &Grant, code: TokenHash) -> Result<bool> {
    let row = grant::ActiveModel {
        id: Set(new.id.uuid()),
        client_id: Set(new.client_id.as_str().to_owned()),
        user_id: Set(new.user_id.uuid()),
        session_id: Set(new.session_id.uuid()),
        passkey_id: Set(new.passkey_id.map(PasskeyId::uuid)),
        code_hash: Set(code.0.to_vec()),
        scopes: Set(new.permission.scopes.to_string()),
        resources: Set(new.permission.resources.to_string()),
        claims: Set(stored("grant", serde_json::to_string(&new.permission.claims))?),
        authorization_details: Set(stored("grant", serde_json::to_string(&new.permission.details))?),
        organization_id: Set(new.organization.map(OrganizationId::uuid)),
        key_thumbprint: Set(new.key.as_ref().map(Confirmation::stored)),
        method: Set(new.method.as_str().to_owned()),
        authenticated_at: Set(to_millis(new.authenticated_at)),
        created_at: Set(to_millis(new.created_at)),
        revoked_at: Set(new.revoked_at.map(to_millis)),
    };
    let mut values = Query::select();
    for column in grant::Column::iter() {
        if let Set(value) = row.get(column) {
            values.expr(Expr::value(value));
        }
    }
    values
        .from(session::Entity)
        .and_where(session::Column::Id.eq(new.session_id.uuid()))
        .and_where(session::Column::UserId.eq(new.user_id.uuid()))
        // SQLite has one writer, which is us.
        .lock_exclusive();
    let once = OnConflict::column(grant::Column::CodeHash).do_nothing().to_owned();
    let insert = Query::insert()
        .into_table(grant::Entity)
        .columns(grant::Column::iter())
        .select_from(values)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .on_conflict(once)
        .to_owned();
    Ok(tx.connection().execute(&insert).await?.rows_affected() == 1)
}

pub async fn by_id(db: &impl Read, id: GrantId) -> Result<Option<Grant>> {
    unique(db, grant::Entity::find_by_id(id.uuid())).await?.as_ref().map(grant_from_row).transpose()
}

/// The grant that this code became.
pub async fn by_code(db: &impl Read, code: TokenHash) -> Result<Option<Grant>> {
    let query = grant::Entity::find().filter(grant::Column::CodeHash.eq(code.0.to_vec()));
    unique(db, query).await?.as_ref().map(grant_from_row).transpose()
}

/// Ends a grant and with it all of its tokens. `false` when it had ended before.
pub async fn revoke(tx: &Tx, id: GrantId, now: OffsetDateTime) -> Result<bool> {
    let revoked = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(to_millis(now)))
        .filter(grant::Column::Id.eq(id.uuid()))
        .filter(grant::Column::RevokedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(revoked.rows_affected == 1)
}

/// Ends what applications were given in sessions that a passkey began, whether those go on or not.
pub async fn revoke_of_passkey(
    tx: &Tx,
    user: UserId,
    passkey: PasskeyId,
    now: OffsetDateTime,
) -> Result<u64> {
    let revoked = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(to_millis(now)))
        .filter(grant::Column::UserId.eq(user.uuid()))
        .filter(grant::Column::PasskeyId.eq(passkey.uuid()))
        .filter(grant::Column::RevokedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(revoked.rows_affected)
}

/// Ends what applications were given in one session, or in all sessions of a person, also what would
/// have outlived them.
pub async fn revoke_of_user(tx: &Tx, user: UserId, which: Which<'_>, now: OffsetDateTime) -> Result<u64> {
    let mut grants = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(to_millis(now)))
        .filter(grant::Column::UserId.eq(user.uuid()))
        .filter(grant::Column::RevokedAt.is_null());
    grants = match which {
        Which::All => grants,
        Which::AllBut(session) => grants.filter(grant::Column::SessionId.ne(session.uuid())),
        Which::Session(session) => grants.filter(grant::Column::SessionId.eq(session.uuid())),
        Which::Client(client) => grants.filter(grant::Column::ClientId.eq(client.as_str())),
    };
    Ok(grants.exec(tx.connection()).await?.rows_affected)
}

/// Ends everything that a client was given by anybody.
pub async fn revoke_of_client(tx: &Tx, client: &ClientId, now: OffsetDateTime) -> Result<u64> {
    let revoked = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(to_millis(now)))
        .filter(grant::Column::ClientId.eq(client.as_str()))
        .filter(grant::Column::RevokedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(revoked.rows_affected)
}

/// Whether somebody has given a client access for an organization, and it still holds.
pub async fn is_given_for(
    db: &impl Read,
    (user, organization): (UserId, OrganizationId),
    client: &ClientId,
) -> Result<bool> {
    let given = grant::Entity::find()
        .filter(grant::Column::UserId.eq(user.uuid()))
        .filter(grant::Column::ClientId.eq(client.as_str()))
        .filter(grant::Column::OrganizationId.eq(organization.uuid()))
        .filter(grant::Column::RevokedAt.is_null());
    Ok(given.count(db.connection()).await? > 0)
}

/// Ends what people were given for an organization: all of them, or one who leaves it. It does not come back with
/// them.
pub async fn revoke_of_organization(
    tx: &Tx,
    (organization, user): (OrganizationId, Option<UserId>),
    now: OffsetDateTime,
) -> Result<u64> {
    let mut grants = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(to_millis(now)))
        .filter(grant::Column::OrganizationId.eq(organization.uuid()))
        .filter(grant::Column::RevokedAt.is_null());
    if let Some(user) = user {
        grants = grants.filter(grant::Column::UserId.eq(user.uuid()));
    }
    Ok(grants.exec(tx.connection()).await?.rows_affected)
}

/// Which of a person's grants.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    All,
    /// All that did not come from this session.
    AllBut(SessionId),
    Session(SessionId),
    Client(&'a ClientId),
}

/// A person's grants that still hold, the newest first.
pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<Grant>> {
    let rows = grant::Entity::find()
        .filter(grant::Column::UserId.eq(user.uuid()))
        .filter(grant::Column::RevokedAt.is_null())
        .order_by_desc(grant::Column::Id)
        .limit(500)
        .all(db.connection())
        .await?;
    rows.iter().map(grant_from_row).collect()
}

/// The applications that were given something in a session, whether they still have it or not.
pub async fn clients_of_session(db: &impl Read, session: SessionId) -> Result<Vec<ClientId>> {
    let ids: Vec<String> = grant::Entity::find()
        .select_only()
        .column(grant::Column::ClientId)
        .distinct()
        .filter(grant::Column::SessionId.eq(session.uuid()))
        .into_tuple()
        .all(db.connection())
        .await?;
    ids.iter().map(|id| stored("grant", ClientId::parse(id))).collect()
}

pub fn insert_refresh_token(tx: &Tx, new: &RefreshToken, token: &Token) {
    let row = refresh_token::ActiveModel {
        id: Set(new.id.uuid()),
        grant_id: Set(new.grant_id.uuid()),
        token_hash: Set(token.hash().0.to_vec()),
        created_at: Set(to_millis(new.created_at)),
        last_used_at: Set(to_millis(new.last_used_at)),
        expires_at: Set(to_millis(new.expires_at)),
        rotated_at: Set(None),
        successor: Set(None),
    };
    tx.later(refresh_token::Entity::insert(row).into_query());
}

pub async fn refresh_token_by_id(db: &impl Read, id: RefreshTokenId) -> Result<Option<RefreshToken>> {
    Ok(unique(db, refresh_token::Entity::find_by_id(id.uuid())).await?.map(refresh_from_row))
}

/// Notes that a token that is not rotated was used.
pub fn touch_refresh_token(tx: &Tx, id: RefreshTokenId, now: OffsetDateTime) {
    let used = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::LastUsedAt, Expr::value(to_millis(now)))
        .filter(refresh_token::Column::Id.eq(id.uuid()));
    tx.later(used.into_query());
}

/// Marks a token as rotated into `successor`, which is kept sealed for a client whose answer gets
/// lost. `false` when another request rotated it first.
pub async fn rotate(tx: &Tx, id: RefreshTokenId, successor: &Token, now: OffsetDateTime) -> Result<bool> {
    let sealed = tx.seal(successor_place(&id.to_string()), successor.expose().as_bytes())?;
    let rotated = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::RotatedAt, Expr::value(to_millis(now)))
        .col_expr(refresh_token::Column::Successor, Expr::value(sealed))
        .filter(refresh_token::Column::Id.eq(id.uuid()))
        .filter(refresh_token::Column::RotatedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(rotated.rows_affected == 1)
}

/// The token that a rotated one was rotated into.
pub fn successor(db: &impl Read, rotated: &RefreshToken) -> Result<Option<Token>> {
    let Some(sealed) = &rotated.successor else {
        return Ok(None);
    };
    let plain = db.sealer().open(successor_place(&rotated.id.to_string()), sealed)?;
    let text = std::str::from_utf8(&plain).map_err(|_| StoreError::Damaged("refresh_token"))?;
    Ok(Token::parse(TokenKind::RefreshToken, text))
}

fn successor_place(row: &str) -> Place<'_> {
    Place { table: "refresh_token", column: "successor", row }
}

pub(super) fn grant_from_row(row: &grant::Model) -> Result<Grant> {
    const TABLE: &str = "grant";
    Ok(Grant {
        id: GrantId::from_uuid(row.id),
        client_id: stored(TABLE, ClientId::parse(&row.client_id))?,
        user_id: UserId::from_uuid(row.user_id),
        session_id: SessionId::from_uuid(row.session_id),
        passkey_id: row.passkey_id.map(PasskeyId::from_uuid),
        permission: Permission {
            scopes: stored(TABLE, Scopes::parse(&row.scopes))?,
            resources: stored(TABLE, Resources::parse(&row.resources))?,
            claims: stored(TABLE, serde_json::from_str(&row.claims))?,
            details: stored(TABLE, serde_json::from_str(&row.authorization_details))?,
        },
        organization: row.organization_id.map(OrganizationId::from_uuid),
        key: row
            .key_thumbprint
            .as_deref()
            .map(|text| stored(TABLE, Confirmation::from_stored(text)))
            .transpose()?,
        method: Method::from_stored(&row.method).ok_or(StoreError::Damaged(TABLE))?,
        authenticated_at: from_millis(row.authenticated_at),
        created_at: from_millis(row.created_at),
        revoked_at: row.revoked_at.map(from_millis),
    })
}

pub(super) fn refresh_from_row(row: refresh_token::Model) -> RefreshToken {
    RefreshToken {
        id: RefreshTokenId::from_uuid(row.id),
        grant_id: GrantId::from_uuid(row.grant_id),
        created_at: from_millis(row.created_at),
        last_used_at: from_millis(row.last_used_at),
        expires_at: from_millis(row.expires_at),
        rotated_at: row.rotated_at.map(from_millis),
        successor: row.successor,
    }
}
