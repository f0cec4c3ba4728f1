//! What somebody can sign in with and belongs to, with who they are, in one question: every sign-in asks it, and asks
//! again where it counts.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, FromQueryResult};

use super::entity::{membership, passkey, totp, user};
use super::question::{Question, columns};
use super::{Read, Result, users};
use crate::model::ids::UserId;
use crate::model::user::User;

/// Somebody, and what there is of theirs.
#[derive(Debug)]
pub struct Factors {
    pub user: User,
    pub has_passkeys: bool,
    /// Confirmed, whether it still works or not.
    pub has_code_app: bool,
    pub has_organizations: bool,
}

pub async fn of(db: &impl Read, id: UserId) -> Result<Option<Factors>> {
    static QUESTION: Question<1> = Question::new(|[id]| {
        let mut query = Query::select();
        columns::<user::Entity>(&mut query, "u_");
        let theirs = |column: Expr| column.eq(user::Column::Id.into_expr());
        let passkeys = Query::select()
            .expr(Expr::cust("1"))
            .from(passkey::Entity)
            .and_where(theirs(passkey::Column::UserId.into_expr()))
            .to_owned();
        let app = Query::select()
            .expr(Expr::cust("1"))
            .from(totp::Entity)
            .and_where(theirs(totp::Column::UserId.into_expr()))
            .and_where(totp::Column::ConfirmedAt.is_not_null())
            .to_owned();
        let organizations = Query::select()
            .expr(Expr::cust("1"))
            .from(membership::Entity)
            .and_where(theirs(membership::Column::UserId.into_expr()))
            .to_owned();
        query
            .expr_as(Expr::exists(passkeys), "passkeys")
            .expr_as(Expr::exists(app), "app")
            .expr_as(Expr::exists(organizations), "organizations")
            .from(user::Entity)
            .and_where(user::Column::Id.eq(id));
        query
    });
    let Some(row) = QUESTION.ask(db, [id.uuid().into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Factors {
        user: users::from_row(user::Model::from_query_result(&row, "u_")?)?,
        has_passkeys: row.try_get("", "passkeys")?,
        has_code_app: row.try_get("", "app")?,
        has_organizations: row.try_get("", "organizations")?,
    }))
}
