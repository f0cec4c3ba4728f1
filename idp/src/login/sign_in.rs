//! The sign-in itself: takes what a person presents, keeps what they have proven, asks `flow` for
//! the next step and carries it out.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Desk;
use super::flow::{Account, Step, next_step};
use super::guess::{self, Worth};
use super::passkey::{self, Proof, Verdict};
use super::{codes, facts, password, session};
use crate::audit::{self, Actor, Event};
use crate::crypto::password::Password;
use crate::crypto::sha256;
use crate::ephemeral::{Key, Kind};
use crate::model::attempt::{Handle, SIGN_IN_LIFETIME, SignIn};
use crate::model::ids::UserId;
use crate::model::organization::PolicySource;
use crate::model::session::{Enrolment, Method};
use crate::model::user::{Email, User};
use crate::store::{Tx, browsers, passkeys, passwords, users};

/// "Not now" is heard for this long.
pub const OFFER_SNOOZE: Duration = Duration::days(30);

/// Where a sign-in stands after a step.
#[derive(Debug)]
pub enum Outcome {
    SignedIn(Box<SignedIn>),
    /// More is needed; the flow continues under this handle.
    AskPasskey(Handle),
    AskPassword(Handle),
    AskCode(Handle),
    /// A policy, of whom it says, wants something added first, in a session that is good for nothing else.
    Enrol(Box<session::Begun>, Enrolment, PolicySource),
    Failed(Failure),
}

#[derive(Debug)]
pub struct SignedIn {
    pub begun: session::Begun,
    pub user: User,
    /// Offer a passkey before going on.
    pub offer: Option<Offer>,
}

/// Why a passkey is offered after a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// There is none yet.
    First,
    /// The one that was used is on another device.
    ThisDevice,
    /// A recovery code was used: the usual ways are lost.
    AfterRecovery,
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
    WrongCode,
    WrongRecoveryCode,
    /// Too many guesses in a row: nothing is checked for this many seconds.
    Wait(i64),
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
pub(super) async fn with_password(
    desk: &Desk<'_>,
    flow: Option<&Handle>,
    email: &Email,
    password: Password,
) -> anyhow::Result<Outcome> {
    let (user, version) = match password::check(desk, email, password).await? {
        password::Checked::Right(user, version) => (user, version),
        password::Checked::Wrong => return Ok(Outcome::Failed(Failure::WrongCredentials)),
        password::Checked::Wait(until) => return Ok(Outcome::Failed(wait(desk, until))),
    };
    let earlier = match flow {
        None => None,
        Some(handle) => match take(desk, handle).await? {
            // A passkey proves nothing about somebody else's password.
            Some(earlier) if earlier.user_id == user.id => Some(earlier),
            _ => return Ok(Outcome::Failed(Failure::Expired)),
        },
    };
    let nothing = || SignIn::of(desk.browser, user.id);
    proceed(desk, SignIn { password: Some(version), ..earlier.unwrap_or_else(nothing) }, None).await
}

/// Which kind of code somebody presents after their password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    App,
    Recovery,
}

/// Presents a code, within a flow whose password is right.
///
/// # Errors
/// Our own faults.
pub(super) async fn with_code(
    desk: &Desk<'_>,
    flow: &Handle,
    (kind, typed): (Code, &str),
) -> anyhow::Result<Outcome> {
    let Some((_, user)) = resume(desk, flow).await?.filter(|(earlier, _)| earlier.password.is_some()) else {
        return Ok(Outcome::Failed(Failure::Expired));
    };
    let checked = match kind {
        Code::App => codes::check_app(desk, (flow, &user), typed).await?,
        Code::Recovery => codes::check_recovery(desk, (flow, &user), typed).await?,
    };
    let earlier = match (checked, kind) {
        (codes::Checked::Right(earlier), _) => earlier,
        (codes::Checked::Over, _) => return Ok(Outcome::Failed(Failure::Expired)),
        (codes::Checked::Wait(until), _) => return Ok(Outcome::Failed(wait(desk, until))),
        (codes::Checked::Wrong, Code::App) => return Ok(Outcome::Failed(Failure::WrongCode)),
        (codes::Checked::Wrong, Code::Recovery) => return Ok(Outcome::Failed(Failure::WrongRecoveryCode)),
    };
    let proven = match kind {
        Code::App => SignIn { code: true, ..earlier },
        Code::Recovery => SignIn { recovery_code: true, ..earlier },
    };
    proceed(desk, proven, None).await
}

fn wait(desk: &Desk<'_>, until: OffsetDateTime) -> Failure {
    Failure::Wait((until - desk.now).whole_seconds().max(0).saturating_add(1))
}

/// Presents the answer of a passkey, at the beginning or within a flow.
///
/// # Errors
/// Our own faults.
pub(super) async fn with_passkey(
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
            record_failure(desk, None, "unknown passkey").await?;
            return Ok(Outcome::Failed(Failure::UnknownPasskey { credential_id }));
        }
        Verdict::Refused { error, owner } => {
            tracing::info!(%error, "a passkey was refused");
            record_failure(desk, owner, "passkey refused").await?;
            return Ok(Outcome::Failed(Failure::PasskeyRefused));
        }
    };
    if let Some(handle) = flow
        && take(desk, handle).await?.is_none()
    {
        return Ok(Outcome::Failed(Failure::Expired));
    }
    let nothing = || SignIn::of(desk.browser, proof.user.id);
    let proven = SignIn { passkey: Some(proof.presented()), ..earlier.unwrap_or_else(nothing) };
    proceed(desk, proven, Some(&proof)).await
}

/// Carries out the next step.
async fn proceed(desk: &Desk<'_>, proven: SignIn, proof: Option<&Proof>) -> anyhow::Result<Outcome> {
    let Some((_, account, source)) = facts::at(desk.store, desk, proven.user_id).await? else {
        return Ok(Outcome::Failed(Failure::Expired));
    };
    let step = next_step(&proven, account);
    tracing::debug!(?step, ?source, "next step of the sign-in");
    match step {
        Step::SignedIn(method) => finish(desk, &proven, method, proof).await,
        Step::AskPasskey => Ok(Outcome::AskPasskey(keep(desk, &proven).await?)),
        Step::AskCode => Ok(Outcome::AskCode(keep(desk, &proven).await?)),
        Step::AskPassword => {
            if let Some(proof) = proof {
                note_use(desk, proof).await?;
            }
            Ok(Outcome::AskPassword(keep(desk, &proven).await?))
        }
        Step::Enrol(enrolment) => {
            let tx = desk.store.begin().await?;
            let Some(user) = still_at(&tx, desk, &proven, step).await?.map(|(user, _)| user) else {
                return Ok(Outcome::Failed(Failure::Expired));
            };
            let begun = session::begin_limited(&tx, desk, &user, enrolment).await?;
            tx.commit().await?;
            Ok(Outcome::Enrol(Box::new(begun), enrolment, source))
        }
        Step::Begin => Ok(Outcome::Failed(Failure::Expired)),
    }
}

/// Reads again where it counts: the account, its factors and its password may have changed since they
/// were looked at. Holds the account, so that a change comes before or after, and not in between.
async fn still_at(
    tx: &Tx,
    desk: &Desk<'_>,
    proven: &SignIn,
    step: Step,
) -> anyhow::Result<Option<(User, Account)>> {
    users::lock(tx, proven.user_id).await?;
    let Some((user, account, _)) = facts::at(tx, desk, proven.user_id).await? else {
        return Ok(None);
    };
    if proven.password.is_some() && passwords::version(tx, user.id).await? != proven.password {
        return Ok(None);
    }
    Ok((next_step(proven, account) == step).then_some((user, account)))
}

/// One transaction: the credential record, the session, the audit trail.
async fn finish(
    desk: &Desk<'_>,
    proven: &SignIn,
    method: Method,
    proof: Option<&Proof>,
) -> anyhow::Result<Outcome> {
    let tx = desk.store.begin().await?;
    let Some((user, account)) = still_at(&tx, desk, proven, Step::SignedIn(method)).await? else {
        return Ok(Outcome::Failed(Failure::Expired));
    };
    let presented = match (proof, proven.passkey) {
        (Some(proof), _) => passkey::record_use(&tx, desk, proof).await?,
        (None, Some(passkey)) => passkeys::of_user_by_id(&tx, user.id, passkey.id).await?.is_some(),
        (None, None) => true,
    };
    if !presented {
        return Ok(Outcome::Failed(Failure::Expired));
    }
    if let Some(passkey) = proven.passkey {
        if passkey.verification_unproven {
            passkeys::initialize_verification(&tx, user.id, passkey.id).await?;
        }
        if let Some(eligible) = passkey.new_eligibility {
            passkeys::accept_eligibility(&tx, user.id, passkey.id, eligible).await?;
        }
    }
    let passkey_id = proven.passkey.map(|passkey| passkey.id);
    let begun = session::begin(&tx, desk, &user, (method, passkey_id)).await?;
    tx.commit().await?;
    let offer = offer(desk, proven, (method, account), begun.seen.offer_snoozed_until);
    Ok(Outcome::SignedIn(Box::new(SignedIn { begun, user, offer })))
}

/// Whether, and why, a passkey is offered before going on: never on a shared computer, and not while
/// "Not now" is heard. Whoever had to use a recovery code is always led to one.
fn offer(
    desk: &Desk<'_>,
    proven: &SignIn,
    (method, account): (Method, Account),
    snoozed_until: Option<OffsetDateTime>,
) -> Option<Offer> {
    if method == Method::PasswordAndRecoveryCode {
        return Some(Offer::AfterRecovery);
    }
    if desk.shared || snoozed_until.is_some_and(|until| desk.now < until) {
        return None;
    }
    if proven.passkey.is_some_and(|passkey| passkey.cross_device) {
        return Some(Offer::ThisDevice);
    }
    (!account.has_passkeys).then_some(Offer::First)
}

/// A passkey that was used on the way, before the sign-in is complete.
async fn note_use(desk: &Desk<'_>, proof: &Proof) -> anyhow::Result<()> {
    let tx = desk.store.begin().await?;
    passkey::record_use(&tx, desk, proof).await?;
    Ok(tx.commit().await?)
}

/// Passkeys that nobody here has cost nothing to make up, so a network that sends very many stops filling
/// the record. Those of somebody here are always recorded.
async fn record_failure(desk: &Desk<'_>, subject: Option<UserId>, why: &'static str) -> anyhow::Result<()> {
    if subject.is_none() && guess::count_refusal(desk).await? == Worth::Nothing {
        return Ok(());
    }
    let tx = desk.store.begin().await?;
    audit::record(&tx, desk.now, desk.doer(Actor::Anonymous), subject, Event::SignInFailed { why }).await?;
    Ok(tx.commit().await?)
}

/// Hears "Not now".
///
/// # Errors
/// When the database does not answer.
pub async fn snooze_offer(desk: &Desk<'_>, user: UserId) -> anyhow::Result<()> {
    let tx = desk.store.begin().await?;
    browsers::snooze(&tx, user, desk.browser, desk.now + OFFER_SNOOZE).await?;
    Ok(tx.commit().await?)
}

async fn keep(desk: &Desk<'_>, proven: &SignIn) -> anyhow::Result<Handle> {
    let handle = desk.entropy.handle()?;
    desk.ephemeral.put(Kind::SignIn, key(&handle), proven, SIGN_IN_LIFETIME).await?;
    Ok(handle)
}

/// Ends a flow; of any number of callers one gets it.
pub(super) async fn take(desk: &Desk<'_>, handle: &Handle) -> anyhow::Result<Option<SignIn>> {
    let taken: Option<SignIn> = desk.ephemeral.take(Kind::SignIn, key(handle)).await?;
    Ok(taken.filter(|sign_in| sign_in.browser == desk.browser))
}

/// Whether a flow has not ended yet.
pub(super) async fn is_under_way(desk: &Desk<'_>, handle: &Handle) -> anyhow::Result<bool> {
    let found: Option<SignIn> = desk.ephemeral.get(Kind::SignIn, key(handle)).await?;
    Ok(found.is_some())
}

fn key(handle: &Handle) -> Key {
    sha256(handle.as_str().as_bytes())
}
