//! The first way in of somebody who makes an account: with it, in one transaction, the account begins to
//! exist, its link is spent and its person is signed in.

use serde_json::Value;
use time::Duration;

use super::{key, newcomer, rule};
use crate::audit::{self, Actor, Event};
use crate::crypto::passkey::{CeremonyError, CreationRequest};
use crate::crypto::password::{Password, PasswordRefused};
use crate::crypto::sha256;
use crate::crypto::token::TokenHash;
use crate::ephemeral::Kind;
use crate::login::flow::{Account, Step, next_step};
use crate::login::session::{self, Begun};
use crate::login::{Desk, invitation};
use crate::model::attempt::{Ceremony, CeremonyPurpose, Handle, SignIn};
use crate::model::credential::Passkey;
use crate::model::ids::PasskeyId;
use crate::model::session::{Enrolment, Method};
use crate::model::sign_up::{Newcomer, Ticket};
use crate::model::user::{Policy, User};
use crate::store::{Tx, organizations, passkeys, passwords, sign_ups, users};

/// A challenge lives a little longer than the browser's dialog.
const CHALLENGE_LIFETIME: Duration = Duration::seconds(330);

/// What came of a first way in.
#[derive(Debug)]
pub(super) enum Completed {
    Done(Box<Begun>),
    /// The account is made, and more is asked of everybody than a password.
    Enrol(Box<Begun>, Enrolment),
    /// The link was used, is too old, or its address is somebody's by now.
    Expired,
    /// The challenge was used, has expired, or was made for something else.
    ChallengeExpired,
    PasskeyRefused(CeremonyError),
    /// Somebody has this very credential already.
    PasskeyExists,
    PasswordRefused(PasswordRefused),
}

/// Begins the creation of the first passkey: the handle to answer with and the options for the browser.
/// `None` when there is nobody to make one for (any more).
pub(super) async fn begin(desk: &Desk<'_>, flow: &Handle) -> anyhow::Result<Option<(Handle, Value)>> {
    let Some((newcomer, user)) = newcomer(desk, flow).await? else {
        return Ok(None);
    };
    if rule(desk, newcomer.ticket).await?.is_none() {
        return Ok(None);
    }
    let challenge = desk.entropy.bytes::<32>()?;
    let handle = desk.entropy.handle()?;
    let ceremony = Ceremony {
        purpose: CeremonyPurpose::SignUp(newcomer.id),
        browser: desk.browser,
        challenge,
        credentials: Vec::new(),
    };
    let kept = sha256(handle.as_str().as_bytes());
    desk.ephemeral.put(Kind::Ceremony, kept, &ceremony, CHALLENGE_LIFETIME).await?;
    let request = CreationRequest { user: &user, existing: &[], required: true };
    Ok(Some((handle, desk.relying_party.creation_options(&challenge, &request))))
}

/// Verifies the first passkey and makes the account with it.
pub(super) async fn with_passkey(
    desk: &Desk<'_>,
    flow: &Handle,
    ceremony: &Handle,
    response: &Value,
) -> anyhow::Result<Completed> {
    let Some((newcomer, user)) = newcomer(desk, flow).await? else {
        return Ok(Completed::Expired);
    };
    let kept = sha256(ceremony.as_str().as_bytes());
    let ceremony: Option<Ceremony> = desk.ephemeral.take(Kind::Ceremony, kept).await?;
    let purpose = CeremonyPurpose::SignUp(newcomer.id);
    let Some(ceremony) = ceremony.filter(|c| c.browser == desk.browser && c.purpose == purpose) else {
        return Ok(Completed::ChallengeExpired);
    };
    let credential = match desk.relying_party.verify_registration(&ceremony.challenge, &[], response) {
        Ok(credential) => credential,
        Err(error @ CeremonyError::BadRecord(_)) => return Err(error.into()),
        Err(error) => return Ok(Completed::PasskeyRefused(error)),
    };
    let elsewhere = response.get("authenticatorAttachment").and_then(Value::as_str) == Some("cross-platform");
    let id = desk.entropy.id(desk.now, PasskeyId::new)?;
    let passkey = credential.passkey((id, user.id), (!elsewhere).then_some(desk.browser), desk.now)?;
    let tx = desk.store.begin().await?;
    if !make_account(&tx, desk, (&newcomer, &user)).await? {
        return Ok(Completed::Expired);
    }
    if !passkeys::insert(&tx, &passkey).await? {
        return Ok(Completed::PasskeyExists);
    }
    let event = added(&passkey);
    audit::record(&tx, desk.now, desk.doer(Actor::Person(user.id)), Some(user.id), event).await?;
    // The ceremony verified its person a moment ago, which is what this method says; and there is nobody else
    // whose account it could be.
    finish(tx, desk, (flow, &user), (Method::Passkey, Some(id))).await
}

fn added(passkey: &Passkey) -> Event {
    Event::PasskeyAdded {
        passkey: passkey.id,
        aaguid: passkey.aaguid,
        synced: passkey.backup_eligible,
        sessions_ended: 0,
    }
}

/// Makes the account with a password, for somebody whose browser knows no passkeys.
pub(super) async fn with_password(
    desk: &Desk<'_>,
    flow: &Handle,
    typed: &str,
    brand: &str,
) -> anyhow::Result<Completed> {
    let Some((newcomer, user)) = newcomer(desk, flow).await? else {
        return Ok(Completed::Expired);
    };
    let context = [user.email.as_str(), user.given_name.as_str(), user.family_name.as_str(), brand];
    let password = match Password::chosen(typed, &context) {
        Ok(password) => password,
        Err(refused) => return Ok(Completed::PasswordRefused(refused)),
    };
    // Who begins where nothing but a passkey counts has no use for a password.
    if newcomer.is_invited() && rule(desk, newcomer.ticket).await? == Some(Policy::PasskeyOnly) {
        return Ok(Completed::Expired);
    }
    let hash = desk.passwords.hash(password, desk.entropy).await?;
    let tx = desk.store.begin().await?;
    if !make_account(&tx, desk, (&newcomer, &user)).await? {
        return Ok(Completed::Expired);
    }
    passwords::set(&tx, user.id, &hash, desk.now).await?;
    let proven =
        SignIn { password: passwords::version(&tx, user.id).await?, ..SignIn::of(desk.browser, user.id) };
    let policy = organizations::policy_of(&tx, &user, desk.policy).await?.policy;
    let account = Account { has_passkeys: false, code_app: false, policy };
    match next_step(&proven, account) {
        Step::Enrol(enrolment) => {
            desk.mail.account_made(&tx, &user, &desk.circumstances()).await?;
            let begun = session::begin_limited(&tx, desk, &user, enrolment).await?;
            tx.commit().await?;
            let _over: Option<Newcomer> = desk.ephemeral.take(Kind::Newcomer, key(flow)).await?;
            Ok(Completed::Enrol(Box::new(begun), enrolment))
        }
        _ => finish(tx, desk, (flow, &user), (Method::Password, None)).await,
    }
}

/// Makes the account and spends what it is made with. `false` when somebody was first.
async fn make_account(
    tx: &Tx,
    desk: &Desk<'_>,
    (newcomer, user): (&Newcomer, &User),
) -> anyhow::Result<bool> {
    if let Ticket::Link(hash) = newcomer.ticket {
        let spent = sign_ups::spend(tx, TokenHash(hash), desk.now).await?;
        if spent.is_none_or(|link| link.email != user.email) {
            return Ok(false);
        }
    }
    if !users::insert(tx, user).await? {
        return Ok(false);
    }
    sign_ups::end_of_address(tx, &user.email).await?;
    let doer = desk.doer(Actor::Person(user.id));
    audit::record(tx, desk.now, doer, Some(user.id), Event::UserCreated { role: None }).await?;
    match newcomer.ticket {
        Ticket::Link(_) => Ok(true),
        Ticket::Invitation(hash) => invitation::join(tx, desk, (TokenHash(hash), user)).await,
    }
}

async fn finish(
    tx: Tx,
    desk: &Desk<'_>,
    (flow, user): (&Handle, &User),
    (method, passkey): (Method, Option<PasskeyId>),
) -> anyhow::Result<Completed> {
    desk.mail.account_made(&tx, user, &desk.circumstances()).await?;
    let begun = session::begin(&tx, desk, user, (method, passkey)).await?;
    tx.commit().await?;
    let _over: Option<Newcomer> = desk.ephemeral.take(Kind::Newcomer, key(flow)).await?;
    Ok(Completed::Done(Box::new(begun)))
}
