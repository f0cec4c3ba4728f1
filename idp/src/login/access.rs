//! One-time access links, as those use them for whom an administrator made one: it opens a session that may only
//! add a passkey, and ends everything else first.

use super::{Desk, session};
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenKind};
use crate::model::link::LinkPurpose;
use crate::model::session::Enrolment;
use crate::model::user::User;
use crate::store::grants::{self, Which};
use crate::store::{links, sessions, users};

/// Whose link this is, if it can still be used.
pub(super) async fn owner(desk: &Desk<'_>, token: &str) -> anyhow::Result<Option<User>> {
    let Some(token) = Token::parse(TokenKind::Access, token) else {
        return Ok(None);
    };
    match links::unused(desk.store, LinkPurpose::Access, token.hash(), desk.now).await? {
        Some(link) => Ok(users::by_id(desk.store, link.user_id).await?.filter(User::is_enabled)),
        None => Ok(None),
    }
}

/// Spends a link: everything else of its person ends, and a limited session begins. `None` when it can
/// not be used any more.
pub(super) async fn spend(desk: &Desk<'_>, token: &str) -> anyhow::Result<Option<session::Begun>> {
    let Some(token) = Token::parse(TokenKind::Access, token) else {
        return Ok(None);
    };
    let tx = desk.store.begin().await?;
    let unused = links::unused(&tx, LinkPurpose::Access, token.hash(), desk.now).await?;
    let Some(owner) = unused.map(|link| link.user_id) else {
        return Ok(None);
    };
    users::lock(&tx, owner).await?;
    let Some(link) = links::spend(&tx, LinkPurpose::Access, token.hash(), desk.now).await? else {
        return Ok(None);
    };
    let Some(user) = users::by_id(&tx, link.user_id).await?.filter(User::is_enabled) else {
        return Ok(None);
    };
    let sessions_ended = sessions::end_of_user(&tx, user.id, None).await?;
    grants::revoke_of_user(&tx, user.id, Which::All, desk.now).await?;
    let begun = session::begin_limited(&tx, desk, &user, Enrolment::Passkey).await?;
    desk.mail.access_link_used(&tx, &user, &desk.circumstances()).await?;
    let doer = desk.doer(Actor::Person(user.id));
    audit::record(&tx, desk.now, doer, Some(user.id), Event::AccessLinkUsed { sessions_ended }).await?;
    tx.commit().await?;
    Ok(Some(begun))
}
