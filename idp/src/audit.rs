//! The audit trail: who did what to whom, recorded in the transaction that did it, each record
//! chained to the one before. Never holds a secret, and never a name or address: people are their
//! identifiers.

use serde::Serialize;
use time::OffsetDateTime;

use crate::crypto::sha256;
use crate::model::client::ClientId;
use crate::model::credential::Factor;
use crate::model::ids::{GrantId, PasskeyId, SessionId, UserId};
use crate::model::session::Method;
use crate::model::user::Policy;
use crate::store::audit::{self, Record};
use crate::store::{Read, Result, Tx};

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The person themselves.
    Person(UserId),
    /// Somebody who has not proven to be anybody.
    Anonymous,
    /// The command line on the host, or the program itself.
    Host,
}

/// Who acted, and from where, if it was a person at a browser.
#[derive(Debug, Clone, Copy)]
pub struct Doer<'a> {
    pub actor: Actor,
    pub network: Option<&'a str>,
    pub browser: Option<&'a str>,
}

impl From<Actor> for Doer<'_> {
    fn from(actor: Actor) -> Self {
        Self { actor, network: None, browser: None }
    }
}

/// What happened. The serialised form is what is kept and hashed, so fields may be added and never
/// renamed.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    OperatorSetUp,
    UserCreated {
        role: Option<&'static str>,
    },
    SignedIn {
        method: Method,
        session: SessionId,
        passkey: Option<PasskeyId>,
        browser: String,
    },
    SignInFailed {
        why: &'static str,
    },
    SignedOut {
        session: SessionId,
    },
    PasskeyAdded {
        passkey: PasskeyId,
        aaguid: uuid::Uuid,
        synced: bool,
    },
    PasskeyRenamed {
        passkey: PasskeyId,
    },
    PasskeyDeleted {
        passkey: PasskeyId,
        sessions_ended: u64,
    },
    PasskeyCounterStoodStill {
        passkey: PasskeyId,
        stored: u32,
        presented: u32,
    },
    /// It said at registration whether it may be copied to other devices, and now says otherwise.
    PasskeyEligibilityChanged {
        passkey: PasskeyId,
        eligible: bool,
    },
    /// It did not check who touched it, although it was asked to.
    PasskeyDidNotVerify {
        passkey: PasskeyId,
    },
    PasskeysReset {
        passkeys: u64,
    },
    /// By an administrator: the code app and the recovery codes, as far as there were any.
    TwoFactorReset {
        code_app: bool,
        recovery_codes: bool,
    },
    /// So many wrong guesses in a row that it works no more.
    FactorStopped {
        factor: Factor,
    },
    CodeAppTurnedOn,
    CodeAppTurnedOff,
    RecoveryCodesMade,
    RecoveryCodeUsed {
        left: u64,
    },
    PasswordChanged {
        by_link: bool,
        sessions_ended: u64,
    },
    PasswordResetRequested,
    PasswordUnlocked,
    EmailChangeRequested,
    EmailChanged,
    EmailConfirmed,
    ProfileChanged,
    PolicySet {
        policy: Policy,
    },
    SessionsEnded {
        sessions: u64,
    },
    AppDisconnected {
        client: ClientId,
    },
    AccessLinkIssued {
        minutes: i64,
    },
    AccessLinkUsed {
        sessions_ended: u64,
    },
    /// A session that may only add a way in.
    EnrolmentBegun {
        session: SessionId,
    },
    ConsentGranted {
        client: ClientId,
        scopes: String,
    },
    TokensIssued {
        client: ClientId,
        grant: GrantId,
        scopes: String,
    },
    CodeReplayed {
        client: ClientId,
        grant: GrantId,
    },
    RefreshTokenReplayed {
        client: ClientId,
        grant: GrantId,
    },
    ClientCreated {
        client: ClientId,
    },
    /// The configuration file changed it, brought it back, or no longer declares it.
    ClientDeclared {
        client: ClientId,
        enabled: bool,
    },
}

/// What every kind is called.
pub const KINDS: [&str; 37] = [
    "operator-set-up",
    "user-created",
    "signed-in",
    "sign-in-failed",
    "signed-out",
    "passkey-added",
    "passkey-renamed",
    "passkey-deleted",
    "passkey-counter-stood-still",
    "passkey-eligibility-changed",
    "passkey-did-not-verify",
    "passkeys-reset",
    "two-factor-reset",
    "factor-stopped",
    "code-app-turned-on",
    "code-app-turned-off",
    "recovery-codes-made",
    "recovery-code-used",
    "password-changed",
    "password-reset-requested",
    "password-unlocked",
    "email-change-requested",
    "email-changed",
    "email-confirmed",
    "profile-changed",
    "policy-set",
    "sessions-ended",
    "app-disconnected",
    "access-link-issued",
    "access-link-used",
    "enrolment-begun",
    "consent-granted",
    "tokens-issued",
    "code-replayed",
    "refresh-token-replayed",
    "client-created",
    "client-declared",
];

impl Event {
    const fn kind(&self) -> &'static str {
        match self {
            Self::OperatorSetUp => "operator-set-up",
            Self::UserCreated { .. } => "user-created",
            Self::SignedIn { .. } => "signed-in",
            Self::SignInFailed { .. } => "sign-in-failed",
            Self::SignedOut { .. } => "signed-out",
            Self::PasskeyAdded { .. } => "passkey-added",
            Self::PasskeyRenamed { .. } => "passkey-renamed",
            Self::PasskeyDeleted { .. } => "passkey-deleted",
            Self::PasskeyCounterStoodStill { .. } => "passkey-counter-stood-still",
            Self::PasskeyEligibilityChanged { .. } => "passkey-eligibility-changed",
            Self::PasskeyDidNotVerify { .. } => "passkey-did-not-verify",
            Self::PasskeysReset { .. } => "passkeys-reset",
            Self::TwoFactorReset { .. } => "two-factor-reset",
            Self::FactorStopped { .. } => "factor-stopped",
            Self::CodeAppTurnedOn => "code-app-turned-on",
            Self::CodeAppTurnedOff => "code-app-turned-off",
            Self::RecoveryCodesMade => "recovery-codes-made",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::PasswordChanged { .. } => "password-changed",
            Self::PasswordResetRequested => "password-reset-requested",
            Self::PasswordUnlocked => "password-unlocked",
            Self::EmailChangeRequested => "email-change-requested",
            Self::EmailChanged => "email-changed",
            Self::EmailConfirmed => "email-confirmed",
            Self::ProfileChanged => "profile-changed",
            Self::PolicySet { .. } => "policy-set",
            Self::SessionsEnded { .. } => "sessions-ended",
            Self::AppDisconnected { .. } => "app-disconnected",
            Self::AccessLinkIssued { .. } => "access-link-issued",
            Self::AccessLinkUsed { .. } => "access-link-used",
            Self::EnrolmentBegun { .. } => "enrolment-begun",
            Self::ConsentGranted { .. } => "consent-granted",
            Self::TokensIssued { .. } => "tokens-issued",
            Self::CodeReplayed { .. } => "code-replayed",
            Self::RefreshTokenReplayed { .. } => "refresh-token-replayed",
            Self::ClientCreated { .. } => "client-created",
            Self::ClientDeclared { .. } => "client-declared",
        }
    }
}

/// Records an event about `subject` (if it is about anybody). Call it last in the transaction.
///
/// # Errors
/// When it could not be written; the change it describes must then not happen either.
pub async fn record<'a>(
    tx: &Tx,
    at: OffsetDateTime,
    doer: impl Into<Doer<'a>>,
    subject: Option<UserId>,
    event: Event,
) -> Result<()> {
    let (sequence, previous_hash) = audit::next_place(tx).await?;
    let detail = serde_json::to_string(&event).unwrap_or_else(|_| "{}".to_owned());
    let doer = doer.into();
    let actor = match doer.actor {
        Actor::Person(id) => Some(id.uuid()),
        Actor::Anonymous | Actor::Host => None,
    };
    let mut record = Record {
        sequence,
        at,
        kind: event.kind().to_owned(),
        actor,
        subject: subject.map(UserId::uuid),
        network: doer.network.map(ToOwned::to_owned),
        browser: doer.browser.map(ToOwned::to_owned),
        detail,
        previous_hash,
        hash: Vec::new(),
    };
    record.hash = hash(&record).to_vec();
    audit::append(tx, record).await
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("record {0} is missing")]
    Missing(i64),
    #[error("record {0} was changed")]
    Changed(i64),
    #[error("record {0} does not follow the one before it")]
    OutOfOrder(i64),
    #[error("the chain was cut after record {0}")]
    Truncated(i64),
}

/// Reads the whole chain and reports the first thing wrong with it, or how many records it has.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(db: &impl Read) -> Result<std::result::Result<i64, Broken>> {
    const PAGE: u64 = 1000;
    let (mut sequence, mut last_hash) = (0_i64, vec![0; 32]);
    // The end before and after: records may be added while this reads.
    let head = audit::head(db).await?;
    let mut seen = i64::MIN;
    let mut ends_right = head == (0, vec![0; 32]);
    loop {
        let page = audit::after(db, seen, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            seen = record.sequence;
            sequence = sequence.saturating_add(1);
            if record.sequence != sequence {
                return Ok(Err(Broken::Missing(sequence)));
            }
            if record.hash != hash(&record) {
                return Ok(Err(Broken::Changed(sequence)));
            }
            if record.previous_hash != last_hash {
                return Ok(Err(Broken::OutOfOrder(sequence)));
            }
            last_hash = record.hash;
            ends_right |= (sequence, &last_hash) == (head.0, &head.1);
        }
    }
    let (newest, _) = audit::head(db).await?;
    Ok(if ends_right && sequence <= newest { Ok(sequence) } else { Err(Broken::Truncated(sequence)) })
}

/// SHA-256 over the fields in order, each with its length before it, so that no two different
/// records have the same bytes.
fn hash(record: &Record) -> [u8; 32] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(256);
    for field in [
        b"idp audit 1".as_slice(),
        &record.sequence.to_be_bytes(),
        &record.at.unix_timestamp_nanos().to_be_bytes(),
        record.kind.as_bytes(),
        &id(record.actor),
        &id(record.subject),
        record.network.as_deref().unwrap_or_default().as_bytes(),
        record.browser.as_deref().unwrap_or_default().as_bytes(),
        record.detail.as_bytes(),
        &record.previous_hash,
    ] {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    sha256(&bytes)
}
