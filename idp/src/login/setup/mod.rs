//! Set-up: the first operator of a new deployment, made by whoever holds the one-time token that the
//! program printed. Closed for good once there is one.

pub mod pages;

use time::Duration;

use super::{Desk, session};
use crate::audit::{self, Actor, Event};
use crate::crypto::password::Password;
use crate::crypto::random::Entropy;
use crate::crypto::token::{Token, TokenKind};
use crate::ephemeral::{Ephemeral, Kind};
use crate::model::ids::UserId;
use crate::model::session::Method;
use crate::model::user::{Email, PersonName, ServiceRole, User};
use crate::store::milestones::{self, Milestone};
use crate::store::{Store, passwords, users};

/// Long enough for an installation that is left over the weekend.
const TOKEN_LIFETIME: Duration = Duration::days(7);

/// A token to set up with, if nobody has yet. Each start of the program makes another.
///
/// # Errors
/// When storage does not answer.
pub async fn offer(store: &Store, ephemeral: &Ephemeral, entropy: Entropy) -> anyhow::Result<Option<Token>> {
    if milestones::is_reached(store, Milestone::SetUp).await? {
        return Ok(None);
    }
    let token = Token::generate(TokenKind::SetUp, entropy)?;
    ephemeral.put(Kind::SetUp, token.hash().0, &(), TOKEN_LIFETIME).await?;
    Ok(Some(token))
}

/// Whether set-up is open to the holder of this token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Open,
    WrongToken,
    Done,
}

pub(super) async fn door(desk: &Desk<'_>, token: &str) -> anyhow::Result<Door> {
    if milestones::is_reached(desk.store, Milestone::SetUp).await? {
        return Ok(Door::Done);
    }
    let Some(token) = Token::parse(TokenKind::SetUp, token) else {
        return Ok(Door::WrongToken);
    };
    let known: Option<()> = desk.ephemeral.get(Kind::SetUp, token.hash().0).await?;
    Ok(if known.is_some() { Door::Open } else { Door::WrongToken })
}

/// What came of set-up.
#[derive(Debug)]
pub(super) enum Completed {
    Done(Box<session::Begun>),
    /// Somebody else was first.
    TooLate,
    EmailTaken,
}

/// Makes the first operator and signs them in.
pub(super) async fn complete(
    desk: &Desk<'_>,
    (email, given_name, family_name): (Email, PersonName, PersonName),
    password: Password,
) -> anyhow::Result<Completed> {
    let hash = desk.passwords.hash(password, desk.entropy).await?;
    let tx = desk.store.begin().await?;
    if !milestones::reach(&tx, Milestone::SetUp, desk.now).await? {
        return Ok(Completed::TooLate);
    }
    let user = User {
        role: Some(ServiceRole::Operator),
        ..User::new(
            (desk.entropy.id(desk.now, UserId::new)?, desk.entropy.bytes::<64>()?),
            (email, given_name, family_name),
            desk.now,
        )
    };
    if !users::insert(&tx, &user).await? {
        return Ok(Completed::EmailTaken);
    }
    passwords::set(&tx, user.id, &hash, desk.now).await?;
    let begun = session::begin(&tx, desk, &user, (Method::Password, None)).await?;
    audit::record(&tx, desk.now, desk.doer(Actor::Person(user.id)), Some(user.id), Event::OperatorSetUp)
        .await?;
    tx.commit().await?;
    Ok(Completed::Done(Box::new(begun)))
}
