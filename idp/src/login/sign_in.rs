//! The sign-in itself: takes what a person presents, keeps what they have proven, asks `flow` for
//! the next step and carries it out.

use serde_json::Value;
use time::Duration;

use super::Desk;
use super::flow::{Account, Step, next_step};
use super::passkey::{self, Proof, Verdict};
use super::{password, session};
use crate::audit::{self, Actor, Event};
use crate::crypto::password::Password;
use crate::crypto::sha256;
use crate::ephemeral::{Key, Kind};
use crate::model::attempt::{Handle, PasskeyProof, SIGN_IN_LIFETIME, SignIn};
use crate::model::ids::UserId;
use crate::model::session::Method;
use crate::model::user::{Email, User};
use crate::store::{passkeys, users};

/// "Not now" is heard for this long.
pub const OFFER_SNOOZE: Duration = Duration::days(30);

/// Where a sign-in stands after a step.
#[derive(Debug)]
pub enum Outcome {
    SignedIn(Box<SignedIn>),
    /// More is needed; the flow continues under this handle.
    AskPasskey(Handle),
    AskPassword(Handle),
    Failed(Failure),
}

#[derive(Debug)]
pub struct SignedIn {
    pub begun: session::Begun,
    /// Offer a passkey before going on.
    pub offer_passkey: bool,
}

/// Why a step failed, as far as the person is told.
#[derive(Debug)]
pub enum Failure {
    /// Email or password is not right; which one is nobody's business.
    WrongCredentials,
    UnknownPasskey {
        credential_id: String,
    },
    PasskeyRefused,
    Expired,
}

/// A flow between its steps, for the pages that show it.
///
/// # Errors
/// When ephemeral storage does not answer.
pub async fn resume(desk: &Desk<'_>, handle: &Handle) -> anyhow::Result<Option<(SignIn, User)>> {
    let found: Option<SignIn> = desk.ephemeral.get(Kind::SignIn, key(handle)).await?;
    let Some(sign_in) = found.filter(|sign_in| sign_in.browser == desk.browser) else {
        return Ok(None);
    };
    Ok(users::by_id(desk.store, sign_in.user_id).await?.map(|user| (sign_in, user)))
}

/// Presents a password, at the beginning or within a flow.
///
/// # Errors
/// Our own faults, and the password workers being busy.
pub async fn with_password(
    desk: &Desk<'_>,
    flow: Option<&Handle>,
    email: &Email,
    password: Password,
) -> anyhow::Result<Outcome> {
    let Some(user) = password::check(desk, email, password).await? else {
        return Ok(Outcome::Failed(Failure::WrongCredentials));
    };
    let earlier = match flow {
        None => None,
        Some(handle) => match take(desk, handle).await? {
            // A passkey proves nothing about somebody else's password.
            Some(earlier) if earlier.user_id == user.id => Some(earlier),
            _ => return Ok(Outcome::Failed(Failure::Expired)),
        },
    };
    let proven = SignIn { password: true, ..earlier.unwrap_or_else(|| nothing_proven(desk, user.id)) };
    proceed(desk, proven, None).await
}

/// Presents the answer of a passkey, at the beginning or within a flow.
///
/// # Errors
/// Our own faults.
pub async fn with_passkey(
    desk: &Desk<'_>,
    flow: Option<&Handle>,
    ceremony: &Handle,
    response: &Value,
) -> anyhow::Result<Outcome> {
    let earlier = match flow {
        None => None,
        Some(handle) => match resume(desk, handle).await? {
            Some((earlier, _)) => Some(earlier),
            None => return Ok(Outcome::Failed(Failure::Expired)),
        },
    };
    let proof = match passkey::judge(desk, ceremony, earlier.as_ref(), response).await? {
        Verdict::Proven(proof) => proof,
        Verdict::Expired => return Ok(Outcome::Failed(Failure::Expired)),
        Verdict::Unknown { credential_id } => {
            record_failure(desk, "unknown passkey").await?;
            return Ok(Outcome::Failed(Failure::UnknownPasskey { credential_id }));
        }
        Verdict::Refused(error) => {
            tracing::info!(%error, "a passkey was refused");
            record_failure(desk, "passkey refused").await?;
            return Ok(Outcome::Failed(Failure::PasskeyRefused));
        }
    };
    if let Some(handle) = flow
        && take(desk, handle).await?.is_none()
    {
        return Ok(Outcome::Failed(Failure::Expired));
    }
    let presented = PasskeyProof { id: proof.passkey.id, user_verified: proof.assertion.user_verified };
    let proven =
        SignIn { passkey: Some(presented), ..earlier.unwrap_or_else(|| nothing_proven(desk, proof.user.id)) };
    proceed(desk, proven, Some(&proof)).await
}

/// Carries out the next step.
async fn proceed(desk: &Desk<'_>, proven: SignIn, proof: Option<&Proof>) -> anyhow::Result<Outcome> {
    let account = Account { has_passkeys: passkeys::count_of_user(desk.store, proven.user_id).await? > 0 };
    let step = next_step(&proven, account);
    tracing::debug!(?step, "next step of the sign-in");
    match step {
        Step::SignedIn(method) => finish(desk, &proven, method, proof).await,
        Step::AskPasskey => Ok(Outcome::AskPasskey(keep(desk, &proven).await?)),
        Step::AskPassword => {
            if let Some(proof) = proof {
                note_use(desk, proof).await?;
            }
            Ok(Outcome::AskPassword(keep(desk, &proven).await?))
        }
        Step::Begin => Ok(Outcome::Failed(Failure::Expired)),
    }
}

/// One transaction: the credential record, the session, the audit trail.
async fn finish(
    desk: &Desk<'_>,
    proven: &SignIn,
    method: Method,
    proof: Option<&Proof>,
) -> anyhow::Result<Outcome> {
    let tx = desk.store.begin().await?;
    // Read again where it counts: the account may have changed since the step began.
    let Some(user) = users::by_id(&tx, proven.user_id).await?.filter(User::is_enabled) else {
        return Ok(Outcome::Failed(Failure::Expired));
    };
    let account = Account { has_passkeys: passkeys::count_of_user(&tx, user.id).await? > 0 };
    let presented = match (proof, proven.passkey) {
        (Some(proof), _) => passkey::record_use(&tx, desk, proof).await?,
        (None, Some(passkey)) => passkeys::of_user_by_id(&tx, user.id, passkey.id).await?.is_some(),
        (None, None) => true,
    };
    if !presented || next_step(proven, account) != Step::SignedIn(method) {
        return Ok(Outcome::Failed(Failure::Expired));
    }
    let passkey_id = proven.passkey.map(|passkey| passkey.id);
    let begun = session::begin(&tx, desk, user.id, (method, passkey_id)).await?;
    tx.commit().await?;
    let snoozed = user.offer_snoozed_until.is_some_and(|until| desk.now < until);
    let offer_passkey = method == Method::Password && !snoozed;
    Ok(Outcome::SignedIn(Box::new(SignedIn { begun, offer_passkey })))
}

/// A passkey that was used on the way, before the sign-in is complete.
async fn note_use(desk: &Desk<'_>, proof: &Proof) -> anyhow::Result<()> {
    let tx = desk.store.begin().await?;
    passkey::record_use(&tx, desk, proof).await?;
    Ok(tx.commit().await?)
}

async fn record_failure(desk: &Desk<'_>, why: &'static str) -> anyhow::Result<()> {
    let tx = desk.store.begin().await?;
    audit::record(&tx, desk.now, Actor::Anonymous, None, Event::SignInFailed { why }).await?;
    Ok(tx.commit().await?)
}

/// Hears "Not now".
///
/// # Errors
/// When the database does not answer.
pub async fn snooze_offer(desk: &Desk<'_>, user: UserId) -> anyhow::Result<()> {
    let tx = desk.store.begin().await?;
    users::snooze_offer(&tx, user, desk.now + OFFER_SNOOZE).await?;
    Ok(tx.commit().await?)
}

fn nothing_proven(desk: &Desk<'_>, user_id: UserId) -> SignIn {
    SignIn { browser: desk.browser, user_id, password: false, passkey: None }
}

async fn keep(desk: &Desk<'_>, proven: &SignIn) -> anyhow::Result<Handle> {
    let handle = desk.entropy.handle()?;
    desk.ephemeral.put(Kind::SignIn, key(&handle), proven, SIGN_IN_LIFETIME).await?;
    Ok(handle)
}

async fn take(desk: &Desk<'_>, handle: &Handle) -> anyhow::Result<Option<SignIn>> {
    let taken: Option<SignIn> = desk.ephemeral.take(Kind::SignIn, key(handle)).await?;
    Ok(taken.filter(|sign_in| sign_in.browser == desk.browser))
}

fn key(handle: &Handle) -> Key {
    sha256(handle.as_str().as_bytes())
}
