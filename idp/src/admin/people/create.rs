//! Making an account for somebody. It begins without rights and without a way in: a link by mail, or an invitation, leads
//! its person to their first passkey.

use crate::admin::access;
use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::ids::UserId;
use crate::model::user::{Email, Language, PersonName, TimeZoneName, User};
use crate::store::users;

/// Somebody who is to have an account.
#[derive(Debug, Clone)]
pub struct New {
    pub email: Email,
    pub given_name: PersonName,
    pub family_name: PersonName,
    pub language: Option<Language>,
    pub time_zone: Option<TimeZoneName>,
    /// For so long the link works that is sent to them; without it none is.
    pub link_minutes: Option<u32>,
}

/// Makes the account, and sends the link in the same breath.
///
/// # Errors
/// When the database does not answer.
pub async fn create(office: &Office<'_>, actor: &AdminActor, new: New) -> Outcome<User> {
    if !actor.may(Act::CreatePerson) {
        return Ok(Err(Refused::Forbidden));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let (now, entropy) = (office.now, office.entropy);
    let names = (new.email, new.given_name, new.family_name);
    let user = User {
        language: new.language,
        time_zone: new.time_zone,
        ..User::new((entropy.id(now, UserId::new)?, entropy.bytes::<64>()?), names, now)
    };
    if !users::insert(&tx, &user).await? {
        return Ok(Err(Refused::AddressTaken));
    }
    office.record(&tx, actor, Some(user.id), Event::UserCreated { role: None }).await?;
    if let Some(minutes) = new.link_minutes {
        access::issue(office, actor, (&tx, &user), minutes).await?;
    }
    tx.commit().await?;
    Ok(Ok(user))
}
