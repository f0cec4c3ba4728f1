//! The beginning of sessions. `begin` is the one function that signs anybody in.

use super::Desk;
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenKind};
use crate::model::ids::{PasskeyId, UserId};
use crate::model::session::{Method, Session};
use crate::store::{Tx, sessions};

/// A session that was just begun, with the secrets its cookies carry.
#[derive(Debug)]
pub struct Begun {
    pub session: Session,
    pub cookie: Token,
    pub account_cookie: Token,
}

/// Signs a person in. If this browser has a session of theirs it is renewed: the same session to
/// applications, with new cookies and a new proof. A session of somebody else ends first (J6).
pub(super) async fn begin(
    tx: &Tx,
    desk: &Desk<'_>,
    user: UserId,
    (method, passkey_id): (Method, Option<PasskeyId>),
) -> anyhow::Result<Begun> {
    let now = desk.now;
    let cookie = Token::generate(TokenKind::Session, desk.entropy)?;
    let account_cookie = Token::generate(TokenKind::AccountSession, desk.entropy)?;
    let hashes = sessions::CookieHashes { session: cookie.hash(), account: account_cookie.hash() };
    let mut session = Session {
        id: desk.entropy.id(now, crate::model::ids::SessionId::new)?,
        user_id: user,
        passkey_id,
        method,
        authenticated_at: now,
        created_at: now,
        last_seen_at: now,
        expires_at: now + desk.limits.absolute,
        browser: desk.agent.to_owned(),
    };
    let mut renewed = false;
    if let Some(previous) = desk.previous {
        if previous.user_id == user {
            let successor = Session { id: previous.id, created_at: previous.created_at, ..session.clone() };
            renewed = sessions::renew(tx, &successor, hashes).await?;
            if renewed {
                session = successor;
            }
        } else {
            sessions::end(tx, previous.user_id, previous.id).await?;
            let (person, event) = (previous.user_id, Event::SignedOut { session: previous.id });
            audit::record(tx, now, Actor::Person(person), Some(person), event).await?;
        }
    }
    if !renewed {
        sessions::insert(tx, &session, hashes).await?;
        sessions::end_surplus(tx, user).await?;
    }
    let event =
        Event::SignedIn { method, session: session.id, passkey: passkey_id, browser: desk.agent.to_owned() };
    audit::record(tx, now, Actor::Person(user), Some(user), event).await?;
    Ok(Begun { session, cookie, account_cookie })
}
