//! Accounts that people make themselves, where the operator lets them: a link by mail, then a name, then the
//! first way in, with which the account begins to exist (`complete`). Nobody learns here who has an account.

pub mod api;
mod complete;
pub mod pages;

use time::OffsetDateTime;

use super::{Desk, guess, invitation};
use crate::audit::{self, Actor, Doer, Event};
use crate::crypto::random::Entropy;
use crate::crypto::sha256;
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::ephemeral::{Key, Kind};
use crate::mail::{self, Circumstances, Mailer, SignUpRequest};
use crate::model::attempt::Handle;
use crate::model::ids::{LinkId, OutboxId, UserId};
use crate::model::sign_up::{LINK_LIFETIME, NEWCOMER_LIFETIME, Newcomer, SignUpLink, Ticket};
use crate::model::user::{Email, Language, PersonName, Policy, User};
use crate::store::{Store, sign_ups, users};

/// Somebody asks for a link. What is done is the same whether anybody has the address: it is written down, and
/// looked up later by [`answer`] (security: G5).
async fn request(
    desk: &Desk<'_>,
    email: &Email,
    (language, attempt): (Option<Language>, Option<Handle>),
) -> anyhow::Result<()> {
    if !guess::may_mail(desk, Kind::SignUpAsked, email).await? {
        return Ok(());
    }
    let request = SignUpRequest {
        email: email.clone(),
        language,
        attempt,
        browser: desk.agent.to_owned(),
        network: desk.network.to_owned(),
    };
    let tx = desk.store.begin().await?;
    mail::request_sign_up(&tx, desk.entropy.id(desk.now, OutboxId::new)?, &request, desk.now).await?;
    Ok(tx.commit().await?)
}

/// Answers a request that was written down: with a link where nobody has the address, else with a word to whoever
/// has it. The request is done in the same transaction, so that it is answered once.
///
/// # Errors
/// When it could not be answered; it then still waits.
pub async fn answer(
    (store, mailer, entropy): (&Store, &Mailer, Entropy),
    (id, request): (OutboxId, &SignUpRequest),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let happened = Circumstances { at: now, browser: &request.browser, network: &request.network };
    let tx = store.begin().await?;
    match users::by_email(&tx, &request.email).await? {
        None => {
            let token = Token::generate(TokenKind::SignUp, entropy)?;
            let link = SignUpLink {
                id: entropy.id(now, LinkId::new)?,
                email: request.email.clone(),
                created_at: now,
                expires_at: now + LINK_LIFETIME,
            };
            // Beside those that were mailed before: else whoever keeps asking would keep ending them.
            sign_ups::insert(&tx, &link, token.hash()).await?;
            mailer.sign_up(&tx, request, &token, &happened).await?;
        }
        Some(user) if user.is_enabled() => {
            mailer.sign_up_again(&tx, &user, &happened).await?;
            let doer = Doer {
                actor: Actor::Anonymous,
                network: Some(&request.network),
                browser: Some(&request.browser),
            };
            audit::record(&tx, now, doer, Some(user.id), Event::SignUpRequested).await?;
        }
        Some(_disabled) => {}
    }
    crate::store::outbox::done(&tx, id).await?;
    Ok(tx.commit().await?)
}

/// The address that a link is for, if the link can still be used and the address is nobody's.
async fn address(desk: &Desk<'_>, token: &str) -> anyhow::Result<Option<(Ticket, Email)>> {
    let Some(token) = Token::parse(TokenKind::SignUp, token) else {
        return Ok(None);
    };
    let Some(link) = sign_ups::unused(desk.store, token.hash(), desk.now).await? else {
        return Ok(None);
    };
    let free = users::by_email(desk.store, &link.email).await?.is_none();
    Ok(free.then(|| (Ticket::Link(token.hash().0), link.email)))
}

/// Somebody with a good link or invitation says their name; a way in is what is missing now. Nothing is spent yet, so
/// that whoever is interrupted here can follow the link again.
pub(super) async fn introduce(
    desk: &Desk<'_>,
    (ticket, email): (Ticket, Email),
    (given_name, family_name): (PersonName, PersonName),
    language: Option<Language>,
) -> anyhow::Result<Handle> {
    let newcomer = Newcomer {
        browser: desk.browser,
        ticket,
        id: desk.entropy.id(desk.now, UserId::new)?,
        handle: desk.entropy.bytes::<64>()?.to_vec(),
        email,
        given_name,
        family_name,
        language,
    };
    let flow = desk.entropy.handle()?;
    desk.ephemeral.put(Kind::Newcomer, key(&flow), &newcomer, NEWCOMER_LIFETIME).await?;
    Ok(flow)
}

/// Who is about to have an account, in the browser in which they said their name.
async fn newcomer(desk: &Desk<'_>, flow: &Handle) -> anyhow::Result<Option<(Newcomer, User)>> {
    let found: Option<Newcomer> = desk.ephemeral.get(Kind::Newcomer, key(flow)).await?;
    let found = found.filter(|newcomer| newcomer.browser == desk.browser);
    Ok(found.map(|newcomer| {
        let user = newcomer.user(desk.now);
        (newcomer, user)
    }))
}

/// The rule that holds for an account from its first moment. `None` when what it would be made with does not count
/// (any more).
async fn rule(desk: &Desk<'_>, ticket: Ticket) -> anyhow::Result<Option<Policy>> {
    Ok(match ticket {
        Ticket::Link(hash) => {
            let link = sign_ups::unused(desk.store, TokenHash(hash), desk.now).await?;
            link.map(|_| desk.policy)
        }
        Ticket::Invitation(hash) => {
            let organization = invitation::beginning(desk, TokenHash(hash)).await?;
            organization.map(|there| there.policy.map_or(desk.policy, |policy| policy.max(desk.policy)))
        }
    })
}

fn key(flow: &Handle) -> Key {
    sha256(flow.as_str().as_bytes())
}
