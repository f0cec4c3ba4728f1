//! The profile for a run of the conformance suite: somebody of whom everything is known, in a database where
//! nobody else is.

use anyhow::{Context, bail};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Parts;
use crate::audit::{self, Actor, Event};
use crate::crypto::password::Password;
use crate::model::details::Details;
use crate::model::ids::UserId;
use crate::model::user::{Email, Language, PersonName, TimeZoneName, User};
use crate::store::milestones::{self, Milestone};
use crate::store::{passwords, users};

/// As it stands in `conformance.person_file`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    email: Email,
    password: Zeroizing<String>,
    given_name: PersonName,
    family_name: PersonName,
    locale: Option<Language>,
    zoneinfo: Option<TimeZoneName>,
    #[serde(default)]
    details: Details,
}

/// Makes the person, if the profile is on and they are not there.
///
/// # Errors
/// When somebody else has an account, or the file can not be read.
pub(super) async fn prepare(app: &Parts) -> anyhow::Result<()> {
    let profile = &app.config.conformance;
    if !profile.enabled {
        return Ok(());
    }
    tracing::warn!("the conformance profile is on: this is no place for real accounts");
    let person = profile.person_file.as_ref().map(|path| read(path)).transpose()?;
    if users::any_but(&app.store, person.as_ref().map(|person| &person.email)).await? {
        bail!(
            "The conformance profile is on, and somebody has an account here. Give the suite a database of its own, \
             or turn conformance.enabled off."
        );
    }
    match person {
        Some(person) if users::by_email(&app.store, &person.email).await?.is_none() => {
            make(app, person).await
        }
        _ => Ok(()),
    }
}

fn read(path: &std::path::Path) -> anyhow::Result<Person> {
    let what = || format!("conformance.person_file {} can not be used", path.display());
    serde_json::from_slice(&std::fs::read(path).with_context(what)?).with_context(what)
}

async fn make(app: &Parts, person: Person) -> anyhow::Result<()> {
    let (now, entropy) = (app.clock.now(), app.entropy);
    let password = Password::presented(&person.password)
        .context("The password in conformance.person_file is too long")?;
    let hash = app.passwords.hash(password, entropy).await?;
    let id = (entropy.id(now, UserId::new)?, entropy.bytes::<64>()?);
    let user = User {
        email_verified: true,
        language: person.locale,
        time_zone: person.zoneinfo,
        details: person.details,
        ..User::new(id, (person.email, person.given_name, person.family_name), now)
    };
    let tx = app.store.begin().await?;
    users::insert(&tx, &user).await?;
    passwords::set(&tx, user.id, &hash, now).await?;
    milestones::reach(&tx, Milestone::SetUp, now).await?;
    audit::record(&tx, now, Actor::Host, Some(user.id), Event::UserCreated { role: None }).await?;
    Ok(tx.commit().await?)
}
