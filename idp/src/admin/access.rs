//! One-time access links: for somebody who is locked out. Whoever holds one can add a passkey to the account, so an
//! administrator never sees it: it goes to its person by mail. Only on the host is it handed out, for when no
//! mail arrives.

use std::ops::RangeInclusive;

use time::Duration;

use super::people::begin;
use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::crypto::token::{Token, TokenKind};
use crate::model::ids::{LinkId, UserId};
use crate::model::link::{Link, LinkPurpose};
use crate::model::user::User;
use crate::store::{Tx, links};

/// For so long a link may be good.
pub const LINK_MINUTES: RangeInclusive<u32> = 5..=24 * 60;

/// No link is good for longer than this.
pub const LONGEST: Duration = Duration::hours(24);

/// Where a new link went.
#[derive(Debug)]
pub enum Made {
    OnTheHost(Token),
    Mailed,
}

/// Makes a link for a person, in place of one that was made before, and tells everyone concerned.
///
/// # Errors
/// When it could not be kept.
pub async fn make_link(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, minutes): (UserId, u32),
) -> Outcome<Made> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !user.is_enabled() {
        return Ok(Err(Refused::Disabled));
    }
    let made = issue(office, actor, (&tx, &user), minutes).await?;
    tx.commit().await?;
    Ok(Ok(made))
}

/// Makes a link for a person who is held.
pub(super) async fn issue(
    office: &Office<'_>,
    actor: &AdminActor,
    (tx, user): (&Tx, &User),
    minutes: u32,
) -> anyhow::Result<Made> {
    let token = Token::generate(TokenKind::Access, office.entropy)?;
    let life = Duration::minutes(minutes.into()).min(LONGEST);
    let link = Link {
        id: office.entropy.id(office.now, LinkId::new)?,
        user_id: user.id,
        purpose: LinkPurpose::Access,
        address: user.email.to_string(),
        created_at: office.now,
        expires_at: office.now + life,
    };
    links::end_of_purpose(tx, user.id, LinkPurpose::Access).await?;
    links::insert(tx, &link, token.hash()).await?;
    let minutes = u32::try_from(life.whole_minutes()).unwrap_or(u32::MAX);
    let mailed = (!actor.is_the_host()).then_some(&token);
    office.mail.access_link_issued(tx, user, (minutes, mailed), &office.circumstances()).await?;
    let event = Event::AccessLinkIssued { minutes: minutes.into() };
    office.record(tx, actor, Some(user.id), event).await?;
    Ok(if mailed.is_some() { Made::Mailed } else { Made::OnTheHost(token) })
}
