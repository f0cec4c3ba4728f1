//! The life of a passkey on our side: creation, name, deletion. A passkey is made by its person,
//! freshly authenticated, and nothing is stored unless the whole ceremony holds.

use serde_json::Value;
use time::Duration;

use super::{Changed, Owner, Workbench, proof};
use crate::audit::Event;
use crate::crypto::passkey::{CeremonyError, CreationRequest};
use crate::crypto::sha256;
use crate::ephemeral::Kind;
use crate::model::attempt::{Ceremony, CeremonyPurpose, Handle};
use crate::model::credential::{MAX_PASSKEYS, Passkey, PasskeyName};
use crate::model::ids::{PasskeyId, UserId};
use crate::model::link::LinkPurpose;
use crate::model::user::User;
use crate::store::{grants, links, passkeys, sessions};

/// How long the answer to a creation is awaited.
pub(super) const CHALLENGE_LIFETIME: Duration = Duration::seconds(330);

/// A passkey that was never used is still being named for this long.
const NAMING: Duration = Duration::minutes(15);

/// Whether the person asks for a passkey, or the browser makes one by itself after a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mediation {
    Asked,
    Conditional,
}

impl Mediation {
    const fn purpose(self, user: UserId) -> CeremonyPurpose {
        match self {
            Self::Asked => CeremonyPurpose::Registration(user),
            Self::Conditional => CeremonyPurpose::ConditionalRegistration(user),
        }
    }
}

/// Begins the creation of a passkey: the handle to answer with and the options for the browser.
/// `None` when the person has as many as they may have.
///
/// # Errors
/// When storage does not answer.
pub async fn begin(
    bench: &Workbench<'_>,
    user: &User,
    mediation: Mediation,
) -> anyhow::Result<Option<(Handle, Value)>> {
    let existing = passkeys::of_user(bench.store, user.id).await?;
    if existing.len() >= MAX_PASSKEYS {
        return Ok(None);
    }
    let challenge = bench.entropy.bytes::<32>()?;
    let handle = bench.entropy.handle()?;
    let ceremony = Ceremony {
        purpose: mediation.purpose(user.id),
        browser: bench.browser,
        challenge,
        credentials: existing.iter().map(|passkey| passkey.credential_id.clone()).collect(),
    };
    let key = sha256(handle.as_str().as_bytes());
    bench.ephemeral.put(Kind::Ceremony, key, &ceremony, CHALLENGE_LIFETIME).await?;
    let request = CreationRequest { user, existing: &existing, required: mediation == Mediation::Asked };
    Ok(Some((handle, bench.relying_party.creation_options(&challenge, &request))))
}

/// What came of a creation.
#[derive(Debug)]
pub enum Created {
    Stored(Box<Passkey>),
    /// The challenge was used, has expired, or was made for something else.
    Expired,
    Refused(CeremonyError),
    /// Somebody has this very credential already.
    Exists,
    Limit,
    /// The session has ended, or, a limited one, has added what it was for.
    SignedOut,
}

/// Verifies and stores a new passkey under the name its provider suggests, and tells its person.
///
/// # Errors
/// Only our own faults.
pub async fn finish(
    bench: &Workbench<'_>,
    (owner, mediation): (Owner<'_>, Mediation),
    handle: &Handle,
    response: &Value,
) -> anyhow::Result<Created> {
    let user = owner.user;
    let key = sha256(handle.as_str().as_bytes());
    let ceremony: Option<Ceremony> = bench.ephemeral.take(Kind::Ceremony, key).await?;
    let purpose = mediation.purpose(user.id);
    let Some(ceremony) = ceremony.filter(|c| c.browser == bench.browser && c.purpose == purpose) else {
        return Ok(Created::Expired);
    };
    let (party, challenge, excluded) = (bench.relying_party, &ceremony.challenge, &ceremony.credentials);
    let verified = match mediation {
        Mediation::Asked => party.verify_registration(challenge, excluded, response),
        Mediation::Conditional => party.verify_conditional_registration(challenge, excluded, response),
    };
    let credential = match verified {
        Ok(credential) => credential,
        Err(error @ CeremonyError::BadRecord(_)) => return Err(error.into()),
        Err(error) => return Ok(Created::Refused(error)),
    };
    let elsewhere = response.get("authenticatorAttachment").and_then(Value::as_str) == Some("cross-platform");
    let browser = (!elsewhere).then_some(bench.browser);
    let id = bench.entropy.id(bench.now, PasskeyId::new)?;
    let passkey = credential.passkey((id, user.id), browser, bench.now)?;
    let tx = bench.store.begin().await?;
    // One creation at a time, so that the limit holds for creations side by side.
    if !bench.hold(&tx, owner).await? {
        return Ok(Created::SignedOut);
    }
    let existing = passkeys::of_user(&tx, user.id).await?;
    if existing.len() >= MAX_PASSKEYS {
        return Ok(Created::Limit);
    }
    if owner.session.is_limited() && proof::has_added_passkey(owner.session, &existing) {
        return Ok(Created::SignedOut);
    }
    if !passkeys::insert(&tx, &passkey).await? {
        return Ok(Created::Exists);
    }
    links::end_of_purpose(&tx, user.id, LinkPurpose::ResetPassword).await?;
    links::end_of_purpose(&tx, user.id, LinkPurpose::Access).await?;
    let sessions_ended = bench.end_weak_sessions(&tx, owner).await?;
    let (name, happened) = (passkey.name.as_str(), bench.circumstances());
    match mediation {
        Mediation::Asked => bench.mail.passkey_added(&tx, user, name, &happened).await?,
        Mediation::Conditional => bench.mail.passkey_upgraded(&tx, user, name, &happened).await?,
    }
    let event = Event::PasskeyAdded {
        passkey: passkey.id,
        aaguid: passkey.aaguid,
        synced: passkey.backup_eligible,
        sessions_ended,
    };
    bench.record(&tx, user.id, event).await?;
    tx.commit().await?;
    Ok(Created::Stored(Box::new(passkey)))
}

/// Gives a passkey another name. The first name of a fresh one is part of its creation, which was
/// told already.
///
/// # Errors
/// When the database does not answer.
pub async fn rename(
    bench: &Workbench<'_>,
    owner: Owner<'_>,
    id: PasskeyId,
    name: &PasskeyName,
) -> anyhow::Result<Changed> {
    let user = owner.user;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    let Some(before) = passkeys::of_user_by_id(&tx, user.id, id).await? else {
        return Ok(Changed::NotFound);
    };
    if !proof::may_name(owner.session, &before) {
        return Ok(Changed::NotFound);
    }
    if before.name == *name {
        return Ok(Changed::Done);
    }
    passkeys::rename(&tx, user.id, id, name).await?;
    let fresh = before.last_used_at.is_none() && bench.now - before.created_at < NAMING;
    if !fresh {
        let names = (before.name.as_str(), name.as_str());
        bench.mail.passkey_renamed(&tx, user, names, &bench.circumstances()).await?;
    }
    bench.record(&tx, user.id, Event::PasskeyRenamed { passkey: id }).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Deletes a passkey and ends the sessions it began and what applications were given in them.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(bench: &Workbench<'_>, owner: Owner<'_>, id: PasskeyId) -> anyhow::Result<Changed> {
    let user = owner.user;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    let Some(passkey) = passkeys::of_user_by_id(&tx, user.id, id).await? else {
        return Ok(Changed::NotFound);
    };
    passkeys::delete(&tx, user.id, id).await?;
    if !proof::way_in_is_left(&tx, user, bench.policy).await? {
        return Ok(Changed::LastWayIn);
    }
    // The sessions first: a code that is being redeemed holds its session until its grant is there.
    let sessions_ended = sessions::end_of_passkey(&tx, user.id, id).await?;
    grants::revoke_of_passkey(&tx, user.id, id, bench.now).await?;
    links::end_of_purpose(&tx, user.id, LinkPurpose::ResetPassword).await?;
    bench.mail.passkey_removed(&tx, user, passkey.name.as_str(), &bench.circumstances()).await?;
    bench.record(&tx, user.id, Event::PasskeyDeleted { passkey: id, sessions_ended }).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
