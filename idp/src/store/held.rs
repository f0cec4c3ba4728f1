//! What stands behind a token, in one question: the grant that it came from, whose it is, and the session that it began
//! in.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, FromQueryResult, QueryResult};

use super::entity::{grant, refresh_token, revoked_token, session, user};
use super::question::{Question, columns};
use super::{Read, Result, grants, sessions, users};
use crate::crypto::sha256;
use crate::crypto::token::TokenHash;
use crate::model::grant::{Grant, RefreshToken};
use crate::model::ids::{GrantId, SessionId, UserId};
use crate::model::session::Session;
use crate::model::user::User;

/// A grant, and what has become of whom it speaks for.
#[derive(Debug)]
pub struct Held {
    pub grant: Grant,
    pub user: Option<User>,
    /// `None` when it has ended.
    pub session: Option<Session>,
}

/// A refresh token and what it belongs to, which may be another client's.
pub async fn by_refresh_token(db: &impl Read, token: TokenHash) -> Result<Option<(RefreshToken, Held)>> {
    static QUESTION: Question<1> = Question::new(|[token]| {
        let mut query = behind_grant();
        columns::<refresh_token::Entity>(&mut query, "t_");
        let its = refresh_token::Column::GrantId.into_expr().eq(grant::Column::Id.into_expr());
        query.inner_join(refresh_token::Entity, its).and_where(refresh_token::Column::TokenHash.eq(token));
        query
    });
    let Some(row) = QUESTION.ask(db, [token.0.to_vec().into()]).await? else {
        return Ok(None);
    };
    let token = refresh_token::Model::from_query_result(&row, "t_")?;
    Ok(Some((grants::refresh_from_row(token), from_row(&row)?)))
}

/// What an access token belongs to. `None` also when the token itself was revoked.
pub async fn by_access_token(db: &impl Read, grant: GrantId, jti: &str) -> Result<Option<Held>> {
    static QUESTION: Question<2> = Question::new(|[grant, jti]| {
        let revoked = Query::select()
            .column(revoked_token::Column::IdHash)
            .from(revoked_token::Entity)
            .and_where(revoked_token::Column::IdHash.eq(jti))
            .to_owned();
        let mut query = behind_grant();
        query.and_where(grant::Column::Id.eq(grant)).and_where(Expr::exists(revoked).not());
        query
    });
    let values = [grant.uuid().into(), sha256(jti.as_bytes()).to_vec().into()];
    QUESTION.ask(db, values).await?.as_ref().map(from_row).transpose()
}

/// Somebody and one of their sessions, if it is theirs and goes on.
pub async fn person(
    db: &impl Read,
    id: UserId,
    session: SessionId,
) -> Result<Option<(User, Option<Session>)>> {
    static QUESTION: Question<2> = Question::new(|[session, user]| {
        let mut query = Query::select();
        columns::<user::Entity>(&mut query, "u_");
        columns::<session::Entity>(&mut query, "s_");
        let theirs = session::Column::UserId.into_expr().eq(user::Column::Id.into_expr());
        query
            .from(user::Entity)
            .left_join(session::Entity, session::Column::Id.eq(session).and(theirs))
            .and_where(user::Column::Id.eq(user));
        query
    });
    let Some(row) = QUESTION.ask(db, [session.uuid().into(), id.uuid().into()]).await? else {
        return Ok(None);
    };
    let session = session_of(&row)?;
    Ok(user_of(&row)?.map(|user| (user, session)))
}

/// A session by its cookie, and whose it is.
pub async fn by_session_token(db: &impl Read, token: TokenHash) -> Result<Option<(Session, User)>> {
    static QUESTION: Question<1> = Question::new(|[token]| {
        let mut query = behind_session();
        query.and_where(session::Column::TokenHash.eq(token));
        query
    });
    session_and_user(QUESTION.ask(db, [token.0.to_vec().into()]).await?)
}

/// The same by the cookie of the account pages.
pub async fn by_account_token(db: &impl Read, token: TokenHash) -> Result<Option<(Session, User)>> {
    static QUESTION: Question<1> = Question::new(|[token]| {
        let mut query = behind_session();
        query.and_where(session::Column::AccountTokenHash.eq(token));
        query
    });
    session_and_user(QUESTION.ask(db, [token.0.to_vec().into()]).await?)
}

fn behind_grant() -> SelectStatement {
    let mut query = Query::select();
    columns::<grant::Entity>(&mut query, "g_");
    columns::<user::Entity>(&mut query, "u_");
    columns::<session::Entity>(&mut query, "s_");
    let its_user = user::Column::Id.into_expr().eq(grant::Column::UserId.into_expr());
    let its_session = session::Column::Id.into_expr().eq(grant::Column::SessionId.into_expr());
    let theirs = session::Column::UserId.into_expr().eq(grant::Column::UserId.into_expr());
    query
        .from(grant::Entity)
        .left_join(user::Entity, its_user)
        .left_join(session::Entity, its_session.and(theirs));
    query
}

fn behind_session() -> SelectStatement {
    let mut query = Query::select();
    columns::<session::Entity>(&mut query, "s_");
    columns::<user::Entity>(&mut query, "u_");
    let whose = user::Column::Id.into_expr().eq(session::Column::UserId.into_expr());
    query.from(session::Entity).inner_join(user::Entity, whose);
    query
}

fn from_row(row: &QueryResult) -> Result<Held> {
    let grant = grants::grant_from_row(&grant::Model::from_query_result(row, "g_")?)?;
    Ok(Held { grant, user: user_of(row)?, session: session_of(row)? })
}

fn user_of(row: &QueryResult) -> Result<Option<User>> {
    joined::<user::Model>(row, "u_")?.map(users::from_row).transpose()
}

fn session_of(row: &QueryResult) -> Result<Option<Session>> {
    joined::<session::Model>(row, "s_")?.map(sessions::from_row).transpose()
}

/// A row that may not be there. One that is there and can not be read is an error, and not nobody.
fn joined<M: FromQueryResult>(row: &QueryResult, before: &str) -> Result<Option<M>> {
    let id: Option<uuid::Uuid> = row.try_get(before, "id")?;
    Ok(id.map(|_| M::from_query_result(row, before)).transpose()?)
}

fn session_and_user(row: Option<QueryResult>) -> Result<Option<(Session, User)>> {
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(session_of(&row)?.zip(user_of(&row)?))
}
