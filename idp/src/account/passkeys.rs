//! The life of a passkey on our side: creation, name, deletion. A passkey is made by its person,
//! freshly authenticated, and nothing is stored unless the whole ceremony holds.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::audit::{self, Actor, Event};
use crate::crypto::passkey::{CeremonyError, CreationRequest, NewCredential, RelyingParty};
use crate::crypto::random::Entropy;
use crate::crypto::{aaguid, sha256};
use crate::ephemeral::{Ephemeral, Kind};
use crate::model::attempt::{BrowserId, Ceremony, CeremonyPurpose, Handle};
use crate::model::credential::{MAX_PASSKEYS, Passkey, PasskeyName};
use crate::model::ids::{PasskeyId, SessionId, UserId};
use crate::model::user::User;
use crate::store::{Store, Tx, grants, passkeys, passwords, sessions, users};

const CHALLENGE_LIFETIME: Duration = Duration::seconds(330);

/// What creation works with, and the circumstances of one request.
#[derive(Debug)]
pub struct Workbench<'a> {
    pub store: &'a Store,
    pub ephemeral: &'a Ephemeral,
    pub relying_party: &'a RelyingParty,
    pub entropy: Entropy,
    pub now: OffsetDateTime,
    pub browser: BrowserId,
}

/// Begins the creation of a passkey: the handle to answer with and the options for the browser.
/// `None` when the person has as many as they may have.
///
/// # Errors
/// When storage does not answer.
pub async fn begin(bench: &Workbench<'_>, user: &User) -> anyhow::Result<Option<(Handle, Value)>> {
    let existing = passkeys::of_user(bench.store, user.id).await?;
    if existing.len() >= MAX_PASSKEYS {
        return Ok(None);
    }
    let challenge = bench.entropy.bytes::<32>()?;
    let handle = bench.entropy.handle()?;
    let ceremony = Ceremony {
        purpose: CeremonyPurpose::Registration(user.id),
        browser: bench.browser,
        challenge,
        credentials: existing.iter().map(|passkey| passkey.credential_id.clone()).collect(),
    };
    let key = sha256(handle.as_str().as_bytes());
    bench.ephemeral.put(Kind::Ceremony, key, &ceremony, CHALLENGE_LIFETIME).await?;
    let request = CreationRequest { user, existing: &existing };
    Ok(Some((handle, bench.relying_party.creation_options(&challenge, &request))))
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    NotFound,
    /// The session ended while the request was on its way.
    SignedOut,
    /// Without this passkey the person could not sign in any more.
    LastWayIn,
}

/// Holds the account and makes sure that the session is still there: it was judged when the request
/// began to arrive, and a request can take its time.
async fn hold(tx: &Tx, owner: &SignedIn, now: OffsetDateTime) -> anyhow::Result<bool> {
    let (user, session) = (owner.user, owner.session);
    users::lock(tx, user).await?;
    let enabled = users::by_id(tx, user).await?.is_some_and(|user| user.is_enabled());
    let session = sessions::of_user_by_id(tx, user, session).await?;
    Ok(enabled && session.is_some_and(|session| now < session.expires_at))
}

/// Who changes something, and in which session.
#[derive(Debug, Clone, Copy)]
pub struct SignedIn {
    pub user: UserId,
    pub session: SessionId,
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
    SignedOut,
}

/// Verifies and stores a new passkey under the name its provider suggests.
///
/// # Errors
/// Only our own faults.
pub async fn finish(
    bench: &Workbench<'_>,
    (user, session): (&User, SessionId),
    handle: &Handle,
    response: &Value,
) -> anyhow::Result<Created> {
    let key = sha256(handle.as_str().as_bytes());
    let ceremony: Option<Ceremony> = bench.ephemeral.take(Kind::Ceremony, key).await?;
    let purpose = CeremonyPurpose::Registration(user.id);
    let Some(ceremony) = ceremony.filter(|c| c.browser == bench.browser && c.purpose == purpose) else {
        return Ok(Created::Expired);
    };
    let verified =
        bench.relying_party.verify_registration(&ceremony.challenge, &ceremony.credentials, response);
    let credential = match verified {
        Ok(credential) => credential,
        Err(error @ CeremonyError::BadRecord(_)) => return Err(error.into()),
        Err(error) => return Ok(Created::Refused(error)),
    };
    let passkey = record(bench, user.id, credential)?;
    let tx = bench.store.begin().await?;
    // One creation at a time, so that the limit holds for creations side by side.
    if !hold(&tx, &SignedIn { user: user.id, session }, bench.now).await? {
        return Ok(Created::SignedOut);
    }
    if passkeys::count_of_user(&tx, user.id).await? >= MAX_PASSKEYS as u64 {
        return Ok(Created::Limit);
    }
    if !passkeys::insert(&tx, &passkey).await? {
        return Ok(Created::Exists);
    }
    let event =
        Event::PasskeyAdded { passkey: passkey.id, aaguid: passkey.aaguid, synced: passkey.backup_eligible };
    audit::record(&tx, bench.now, Actor::Person(user.id), Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Created::Stored(Box::new(passkey)))
}

fn record(bench: &Workbench<'_>, user: UserId, new: NewCredential) -> anyhow::Result<Passkey> {
    let suggested = aaguid::provider(new.aaguid).map_or("Passkey", |(name, _)| name);
    Ok(Passkey {
        id: bench.entropy.id(bench.now, PasskeyId::new)?,
        user_id: user,
        credential_id: new.credential_id,
        record: new.record,
        rp_id: new.rp_id,
        name: PasskeyName::parse(suggested)?,
        aaguid: new.aaguid,
        transports: new.transports,
        sign_count: new.sign_count,
        uv_initialized: new.user_verified,
        backup_eligible: new.backup_eligible,
        backup_state: new.backup_state,
        created_at: bench.now,
        last_used_at: None,
        last_used_with: None,
    })
}

/// Gives a passkey another name.
///
/// # Errors
/// When the database does not answer.
pub async fn rename(
    store: &Store,
    owner: SignedIn,
    id: PasskeyId,
    name: &PasskeyName,
    now: OffsetDateTime,
) -> anyhow::Result<Changed> {
    let tx = store.begin().await?;
    if !hold(&tx, &owner, now).await? {
        return Ok(Changed::SignedOut);
    }
    if !passkeys::rename(&tx, owner.user, id, name).await? {
        return Ok(Changed::NotFound);
    }
    let event = Event::PasskeyRenamed { passkey: id };
    audit::record(&tx, now, Actor::Person(owner.user), Some(owner.user), event).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Deletes a passkey and ends the sessions it began and what applications were given in them.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(
    store: &Store,
    owner: SignedIn,
    id: PasskeyId,
    now: OffsetDateTime,
) -> anyhow::Result<Changed> {
    let user = owner.user;
    let tx = store.begin().await?;
    if !hold(&tx, &owner, now).await? {
        return Ok(Changed::SignedOut);
    }
    if !passkeys::delete(&tx, user, id).await? {
        return Ok(Changed::NotFound);
    }
    if passkeys::count_of_user(&tx, user).await? == 0 && !passwords::is_usable(&tx, user).await? {
        return Ok(Changed::LastWayIn);
    }
    // The sessions first: a code that is being redeemed holds its session until its grant is there.
    let sessions_ended = sessions::end_of_passkey(&tx, user, id).await?;
    grants::revoke_of_passkey(&tx, user, id, now).await?;
    let event = Event::PasskeyDeleted { passkey: id, sessions_ended };
    audit::record(&tx, now, Actor::Person(user), Some(user), event).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
