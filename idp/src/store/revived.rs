//! What a database that was put back hands out anew although it may have been used, taken back or replaced since: ended
//! here, all at once. What people know and hold themselves stays.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::entity::{
    email_change, grant, invitation, link, outbox, registration_token, sign_in_request, sign_up, totp,
};
use super::{Read, Result, Tx, sessions, to_millis};
use crate::model::organization::Ending;

/// How much of each was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revived {
    pub sessions: u64,
    /// What applications were given, with their refresh tokens.
    pub grants: u64,
    /// Links in mails, changes of email that wait, and requests to people elsewhere.
    pub links: u64,
    pub invitations: u64,
    pub registration_tokens: u64,
    /// Mails and notices that waited to be sent.
    pub deliveries: u64,
}

/// Ends it. No code of a code app up to `step` is good any more.
pub async fn end(tx: &Tx, step: i64, now: OffsetDateTime) -> Result<Revived> {
    let db = tx.connection();
    let grants = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(to_millis(now)))
        .filter(grant::Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    let invitations = invitation::Entity::update_many()
        .col_expr(invitation::Column::EndedAt, Expr::value(to_millis(now)))
        .col_expr(invitation::Column::Ending, Expr::value(Ending::Withdrawn.as_str()))
        .filter(invitation::Column::EndedAt.is_null())
        .exec(db)
        .await?;
    let links = link::Entity::delete_many().exec(db).await?.rows_affected
        + sign_up::Entity::delete_many().exec(db).await?.rows_affected
        + email_change::Entity::delete_many().exec(db).await?.rows_affected
        + sign_in_request::Entity::delete_many().exec(db).await?.rows_affected;
    let registration_tokens = registration_token::Entity::delete_many().exec(db).await?.rows_affected;
    let deliveries = outbox::Entity::delete_many().exec(db).await?.rows_affected;
    let unspent = Condition::any().add(totp::Column::LastStep.is_null()).add(totp::Column::LastStep.lt(step));
    totp::Entity::update_many()
        .col_expr(totp::Column::LastStep, Expr::value(step))
        .filter(totp::Column::ConfirmedAt.is_not_null())
        .filter(unspent)
        .exec(db)
        .await?;
    Ok(Revived {
        sessions: sessions::end_everybodys(tx).await?,
        grants: grants.rows_affected,
        links,
        invitations: invitations.rows_affected,
        registration_tokens,
        deliveries,
    })
}
