//! One-time access links: an administrator or the command line makes one for somebody who is locked
//! out. It opens a session that may only add a passkey, and ends everything else first.

use time::{Duration, OffsetDateTime};

use super::{Desk, session};
use crate::audit::{self, Actor, Doer, Event};
use crate::crypto::random::Entropy;
use crate::crypto::token::{Token, TokenKind};
use crate::mail::{Circumstances, Mailer};
use crate::model::ids::LinkId;
use crate::model::link::{Link, LinkPurpose};
use crate::model::session::Enrolment;
use crate::model::user::User;
use crate::store::grants::{self, Which};
use crate::store::{Store, links, sessions, users};

/// No link is good for longer than this.
pub const LONGEST: Duration = Duration::hours(24);
/// Where a link leads.
pub const PATH: &str = "/login/access";

/// Makes a link for a person, in place of one that was made before, and tells everyone concerned.
///
/// # Errors
/// When it could not be kept.
pub async fn issue(
    (store, mailer, entropy): (&Store, &Mailer, Entropy),
    user: &User,
    minutes: u32,
    (doer, now): (Doer<'_>, OffsetDateTime),
) -> anyhow::Result<Token> {
    let token = Token::generate(TokenKind::Access, entropy)?;
    let link = Link {
        id: entropy.id(now, LinkId::new)?,
        user_id: user.id,
        purpose: LinkPurpose::Access,
        address: user.email.to_string(),
        created_at: now,
        expires_at: now + Duration::minutes(minutes.into()).min(LONGEST),
    };
    let tx = store.begin().await?;
    links::end_of_purpose(&tx, user.id, LinkPurpose::Access).await?;
    links::insert(&tx, &link, token.hash()).await?;
    let happened = Circumstances {
        at: now,
        browser: doer.browser.unwrap_or_default(),
        network: doer.network.unwrap_or_default(),
    };
    mailer.access_link_issued(&tx, user, minutes.into(), &happened).await?;
    let event = Event::AccessLinkIssued { minutes: minutes.into() };
    audit::record(&tx, now, doer, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(token)
}

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
