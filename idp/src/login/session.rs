//! The beginning of sessions. `begin` is the one function that signs anybody in; `begin_limited` makes
//! a session that is good for adding a way in and for nothing else.

use time::Duration;

use super::Desk;
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenKind};
use crate::model::ids::{PasskeyId, SessionId, UserId};
use crate::model::session::{Enrolment, Method, Session};
use crate::model::user::User;
use crate::store::browsers::{self, Seen};
use crate::store::{Tx, sessions};

/// How long somebody may take to add a way in.
const LIMITED: Duration = Duration::minutes(15);

/// A session that was just begun, with the secrets its cookies carry.
#[derive(Debug)]
pub struct Begun {
    pub session: Session,
    pub cookie: Token,
    pub account_cookie: Token,
    pub seen: Seen,
}

/// Signs a person in. If this browser has a session of theirs it is renewed: the same session to
/// applications, with new cookies and a new proof. A session of somebody else ends first (J6).
pub(super) async fn begin(
    tx: &Tx,
    desk: &Desk<'_>,
    user: &User,
    (method, passkey_id): (Method, Option<PasskeyId>),
) -> anyhow::Result<Begun> {
    let now = desk.now;
    let (mut session, cookies) = new(desk, user.id, desk.limits.absolute)?;
    (session.method, session.passkey_id) = (method, passkey_id);
    let hashes = cookies.hashes();
    let mut renewed = false;
    if let Some(previous) = desk.previous {
        if previous.user_id == user.id {
            let successor = Session { id: previous.id, created_at: previous.created_at, ..session.clone() };
            renewed = sessions::renew(tx, &successor, hashes).await?;
            if renewed {
                session = successor;
            }
        } else {
            end_previous(tx, desk, previous).await?;
        }
    }
    if !renewed {
        sessions::insert(tx, &session, hashes);
        sessions::end_surplus(tx, user.id, now).await?;
    }
    let seen = browsers::note(tx, user.id, desk.browser, now).await?;
    if seen.new && seen.had_others {
        desk.mail.new_device(tx, user, &desk.circumstances()).await?;
    }
    let event =
        Event::SignedIn { method, session: session.id, passkey: passkey_id, browser: desk.agent.to_owned() };
    audit::record(tx, now, desk.doer(Actor::Person(user.id)), Some(user.id), event).await?;
    Ok(Begun { session, cookie: cookies.session, account_cookie: cookies.account, seen })
}

/// Lets somebody add a way in who may not be signed in yet. Whoever is signed in here is no longer.
pub(super) async fn begin_limited(
    tx: &Tx,
    desk: &Desk<'_>,
    user: &User,
    enrolment: Enrolment,
) -> anyhow::Result<Begun> {
    let (mut session, cookies) = new(desk, user.id, LIMITED)?;
    session.limited = Some(enrolment);
    if let Some(previous) = desk.previous {
        end_previous(tx, desk, previous).await?;
    }
    sessions::insert(tx, &session, cookies.hashes());
    let event = Event::EnrolmentBegun { session: session.id };
    audit::record(tx, desk.now, desk.doer(Actor::Person(user.id)), Some(user.id), event).await?;
    let seen = Seen { new: false, had_others: false, offer_snoozed_until: None };
    Ok(Begun { session, cookie: cookies.session, account_cookie: cookies.account, seen })
}

async fn end_previous(tx: &Tx, desk: &Desk<'_>, previous: &Session) -> anyhow::Result<()> {
    if !sessions::end(tx, previous.user_id, previous.id).await? {
        return Ok(());
    }
    let (person, event) = (previous.user_id, Event::SignedOut { session: previous.id });
    audit::record(tx, desk.now, desk.doer(Actor::Person(person)), Some(person), event).await?;
    Ok(())
}

struct Cookies {
    session: Token,
    account: Token,
}

impl Cookies {
    fn hashes(&self) -> sessions::CookieHashes {
        sessions::CookieHashes { session: self.session.hash(), account: self.account.hash() }
    }
}

fn new(desk: &Desk<'_>, user: UserId, life: Duration) -> anyhow::Result<(Session, Cookies)> {
    let now = desk.now;
    let cookies = Cookies {
        session: Token::generate(TokenKind::Session, desk.entropy)?,
        account: Token::generate(TokenKind::AccountSession, desk.entropy)?,
    };
    let session = Session {
        id: desk.entropy.id(now, SessionId::new)?,
        user_id: user,
        passkey_id: None,
        method: Method::Password,
        authenticated_at: now,
        created_at: now,
        last_seen_at: now,
        expires_at: now + life,
        browser: desk.agent.to_owned(),
        network: desk.network.to_owned(),
        limited: None,
    };
    Ok((session, cookies))
}
