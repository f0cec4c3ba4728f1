//! Signing in with a passkey: beginning a ceremony, and judging its answer.

use serde_json::Value;
use time::Duration;

use super::Desk;
use crate::audit::{self, Actor, Event};
use crate::crypto::passkey::{Assertion, CeremonyError, TIMEOUT_MILLISECONDS};
use crate::crypto::{base64url, sha256};
use crate::ephemeral::Kind;
use crate::model::attempt::{Ceremony, CeremonyPurpose, Handle, PasskeyProof, SignIn};
use crate::model::credential::Passkey;
use crate::model::ids::UserId;
use crate::model::user::User;
use crate::store::{Tx, passkeys, users};

/// A challenge lives a little longer than the browser's dialog.
const CHALLENGE_LIFETIME: Duration = Duration::seconds(330);

/// A ceremony under way: the handle to answer with, and the options for the browser.
#[derive(Debug)]
pub struct Begun {
    pub handle: Handle,
    pub options: Value,
    pub expires_in: u32,
}

/// What an answer proved, or why it proved nothing.
#[derive(Debug)]
pub enum Verdict {
    Proven(Box<Proof>),
    /// The browser holds a passkey that we do not know (any more).
    Unknown {
        credential_id: String,
    },
    /// The challenge was used, has expired, or was made for something else.
    Expired,
    Refused {
        error: CeremonyError,
        /// Whose passkey it is, as far as that is known.
        owner: Option<UserId>,
    },
}

#[derive(Debug)]
pub struct Proof {
    pub user: User,
    pub passkey: Passkey,
    pub assertion: Assertion,
    /// The browser says that it answered from another device. Only offers go by it.
    pub cross_device: bool,
}

/// Begins a ceremony: for anybody, or after a password for the passkeys of that person.
///
/// # Errors
/// When it could not be kept.
pub async fn begin(desk: &Desk<'_>, after: Option<&SignIn>) -> anyhow::Result<Begun> {
    let challenge = desk.entropy.bytes::<32>()?;
    let (purpose, allowed) = match after {
        None => (CeremonyPurpose::SignIn, Vec::new()),
        Some(sign_in) => (
            CeremonyPurpose::SecondFactor(sign_in.user_id),
            passkeys::of_user(desk.store, sign_in.user_id).await?,
        ),
    };
    let ceremony = Ceremony {
        purpose,
        browser: desk.browser,
        challenge,
        credentials: allowed.iter().map(|passkey| passkey.credential_id.clone()).collect(),
    };
    let handle = desk.entropy.handle()?;
    let key = sha256(handle.as_str().as_bytes());
    desk.ephemeral.put(Kind::Ceremony, key, &ceremony, CHALLENGE_LIFETIME).await?;
    let options = desk.relying_party.request_options(&challenge, &allowed);
    Ok(Begun { handle, options, expires_in: TIMEOUT_MILLISECONDS / 1000 })
}

/// Judges an answer. The ceremony is spent whatever comes of it (WebAuthn §13.4.3).
///
/// # Errors
/// Only our own faults.
pub async fn judge(
    desk: &Desk<'_>,
    handle: &Handle,
    after: Option<&SignIn>,
    response: &Value,
) -> anyhow::Result<Verdict> {
    let key = sha256(handle.as_str().as_bytes());
    let ceremony: Option<Ceremony> = desk.ephemeral.take(Kind::Ceremony, key).await?;
    let purpose = after.map_or(CeremonyPurpose::SignIn, |flow| CeremonyPurpose::SecondFactor(flow.user_id));
    let Some(ceremony) = ceremony.filter(|c| c.browser == desk.browser && c.purpose == purpose) else {
        return Ok(Verdict::Expired);
    };
    let claimed = match desk.relying_party.claimed(response) {
        Ok(claimed) => claimed,
        Err(error) => return Ok(Verdict::Refused { error, owner: None }),
    };
    let Some(passkey) = passkeys::by_credential_id(desk.store, &claimed.credential_id).await? else {
        return Ok(Verdict::Unknown { credential_id: base64url::encode(&claimed.credential_id) });
    };
    let refused = |error| Verdict::Refused { error, owner: Some(passkey.user_id) };
    let Some(user) = users::by_id(desk.store, passkey.user_id).await?.filter(User::is_enabled) else {
        return Ok(refused(CeremonyError::Refused("the account is disabled")));
    };
    if after.is_some_and(|flow| flow.user_id != user.id) {
        return Ok(refused(CeremonyError::Refused("it is somebody else's passkey")));
    }
    let verified = desk.relying_party.verify_assertion(
        &ceremony.challenge,
        &ceremony.credentials,
        (&passkey, &user.handle),
        response,
    );
    Ok(match verified {
        Ok(assertion) => {
            // A security key roams as well, but it comes along; a phone may not be there next time.
            let attachment = response.get("authenticatorAttachment").and_then(Value::as_str);
            let comes_along = |transport: &String| ["usb", "nfc", "ble"].contains(&transport.as_str());
            let cross_device =
                attachment == Some("cross-platform") && !passkey.transports.iter().any(comes_along);
            Verdict::Proven(Box::new(Proof { user, passkey, assertion, cross_device }))
        }
        Err(error @ CeremonyError::BadRecord(_)) => return Err(error.into()),
        Err(error) => refused(error),
    })
}

impl Proof {
    /// What this says in a sign-in. A verification counts only from a passkey that has shown one
    /// before, and that says the same about itself as it always did.
    pub(super) fn presented(&self) -> PasskeyProof {
        let trusted = self.passkey.uv_initialized && !self.assertion.eligibility_changed;
        PasskeyProof {
            id: self.passkey.id,
            user_verified: self.assertion.user_verified && trusted,
            verification_unproven: self.assertion.user_verified && !self.passkey.uv_initialized,
            new_eligibility: self.assertion.eligibility_changed.then_some(self.assertion.backup_eligible),
            cross_device: self.cross_device,
        }
    }
}

/// Updates the credential record after all checks (§7.2 step 24). Whether it may be copied stays as it
/// was until the sign-in is complete: otherwise one that was broken off would make the next one easy.
/// `false` when the passkey has been deleted since.
pub(super) async fn record_use(tx: &Tx, desk: &Desk<'_>, proof: &Proof) -> anyhow::Result<bool> {
    let (passkey, assertion) = (&proof.passkey, proof.assertion);
    let used = passkeys::Use {
        at: desk.now,
        with: desk.agent,
        from: desk.network,
        sign_count: assertion.sign_count,
        backup_state: assertion.backup_state,
        on: (!proof.cross_device).then_some(desk.browser),
    };
    let exists = passkeys::record_use(tx, proof.user.id, passkey.id, &used).await?;
    if !exists {
        return Ok(false);
    }
    // Signs of a manager that answers wrongly or of a copied authenticator: recorded, and its person
    // is not locked out for it (security: I8).
    let id = passkey.id;
    let risks = [
        assertion.counter_stood_still.then_some(Event::PasskeyCounterStoodStill {
            passkey: id,
            stored: passkey.sign_count,
            presented: assertion.sign_count,
        }),
        assertion
            .eligibility_changed
            .then_some(Event::PasskeyEligibilityChanged { passkey: id, eligible: assertion.backup_eligible }),
        (!assertion.user_verified).then_some(Event::PasskeyDidNotVerify { passkey: id }),
    ];
    for risk in risks.into_iter().flatten() {
        let doer = desk.doer(Actor::Person(proof.user.id));
        audit::record(tx, desk.now, doer, Some(proof.user.id), risk).await?;
    }
    Ok(true)
}
