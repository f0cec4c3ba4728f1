//! A forgotten password: asking for a link by mail, and setting a new one with it. The link resets the
//! password and nothing else; afterwards the person signs in with all their factors (security: K1, K6).

use time::OffsetDateTime;

use super::{Desk, guess};
use crate::audit::{self, Actor, Doer, Event};
use crate::crypto::password::{Password, PasswordRefused};
use crate::crypto::random::Entropy;
use crate::crypto::token::{Token, TokenKind};
use crate::ephemeral::Kind;
use crate::mail::{self, Circumstances, Mailer, ResetRequest};
use crate::model::ids::{LinkId, OutboxId};
use crate::model::link::{Link, LinkPurpose};
use crate::model::user::{Email, User};
use crate::store::grants::{self, Which};
use crate::store::guesses::{self, Guessed};
use crate::store::{Store, links, passwords, sessions, users};

/// Somebody asks for a link. What is done is the same whether anybody has the address: it is written
/// down, and looked up later by [`answer`].
pub(super) async fn request(desk: &Desk<'_>, email: &Email) -> anyhow::Result<()> {
    if !guess::may_mail(desk, Kind::ResetAsked, email).await? {
        return Ok(());
    }
    let request = ResetRequest {
        email: email.clone(),
        browser: desk.agent.to_owned(),
        network: desk.network.to_owned(),
    };
    let tx = desk.store.begin().await?;
    mail::request_reset(&tx, desk.entropy.id(desk.now, OutboxId::new)?, &request, desk.now).await?;
    Ok(tx.commit().await?)
}

/// Answers a request that was written down: a mail to whoever has the address, if anybody has. The
/// request is done in the same transaction, so that it is answered once.
///
/// # Errors
/// When it could not be answered; it then still waits.
pub async fn answer(
    (store, mailer, entropy): (&Store, &Mailer, Entropy),
    (id, request): (OutboxId, &ResetRequest),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let tx = store.begin().await?;
    if let Some(user) = users::by_email(&tx, &request.email).await?.filter(User::is_enabled) {
        let token = Token::generate(TokenKind::ResetPassword, entropy)?;
        let link = Link {
            id: entropy.id(now, LinkId::new)?,
            user_id: user.id,
            purpose: LinkPurpose::ResetPassword,
            address: user.email.to_string(),
            created_at: now,
            expires_at: now + LinkPurpose::ResetPassword.lifetime(),
        };
        // Beside those that were mailed before: else whoever keeps asking would keep ending them.
        links::insert(&tx, &link, token.hash()).await?;
        let happened = Circumstances { at: now, browser: &request.browser, network: &request.network };
        mailer.reset_password(&tx, &user, &token, &happened).await?;
        let doer = Doer {
            actor: Actor::Anonymous,
            network: Some(&request.network),
            browser: Some(&request.browser),
        };
        audit::record(&tx, now, doer, Some(user.id), Event::PasswordResetRequested).await?;
    }
    crate::store::outbox::done(&tx, id).await?;
    Ok(tx.commit().await?)
}

/// Whether a link can still be used.
pub(super) async fn is_open(desk: &Desk<'_>, token: &str) -> anyhow::Result<bool> {
    Ok(open(desk, token).await?.is_some())
}

async fn open(desk: &Desk<'_>, token: &str) -> anyhow::Result<Option<(Token, User)>> {
    let Some(token) = Token::parse(TokenKind::ResetPassword, token) else {
        return Ok(None);
    };
    let link = links::unused(desk.store, LinkPurpose::ResetPassword, token.hash(), desk.now).await?;
    let user = match link {
        Some(link) => users::by_id(desk.store, link.user_id).await?.filter(User::is_enabled),
        None => None,
    };
    Ok(user.map(|user| (token, user)))
}

/// What came of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completed {
    Done,
    /// Used, too old, or dead because something changed.
    Expired,
    Refused(PasswordRefused),
}

/// Sets the new password and spends the link. Everybody who is signed in is signed out: who asks for
/// a new password may have lost the old one to somebody.
pub(super) async fn complete(
    desk: &Desk<'_>,
    token: &str,
    typed: &str,
    brand: &str,
) -> anyhow::Result<Completed> {
    let Some((token, user)) = open(desk, token).await? else {
        return Ok(Completed::Expired);
    };
    let context = [user.email.as_str(), user.given_name.as_str(), user.family_name.as_str(), brand];
    let password = match Password::chosen(typed, &context) {
        Ok(password) => password,
        Err(refused) => return Ok(Completed::Refused(refused)),
    };
    let hash = desk.passwords.hash(password, desk.entropy).await?;
    let tx = desk.store.begin().await?;
    users::lock(&tx, user.id).await?;
    let Some(link) = links::spend(&tx, LinkPurpose::ResetPassword, token.hash(), desk.now).await? else {
        return Ok(Completed::Expired);
    };
    guesses::forget(&tx, Guessed::Password(&user.email)).await?;
    passwords::set(&tx, user.id, &hash, desk.now).await?;
    // Whoever has the link reads the mailbox.
    let confirmed = users::verify_email(&tx, user.id, &link.address, desk.now).await? && !user.email_verified;
    links::end_of_user(&tx, user.id).await?;
    let sessions_ended = sessions::end_of_user(&tx, user.id, None).await?;
    grants::revoke_of_user(&tx, user.id, Which::All, desk.now).await?;
    desk.mail.password_changed(&tx, &user, &desk.circumstances()).await?;
    let doer = desk.doer(Actor::Person(user.id));
    if confirmed {
        audit::record(&tx, desk.now, doer, Some(user.id), Event::EmailConfirmed).await?;
    }
    let event = Event::PasswordChanged { by_link: true, sessions_ended };
    audit::record(&tx, desk.now, doer, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Completed::Done)
}
