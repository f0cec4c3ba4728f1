//! Checkpoints: where the chain was at a moment, signed with a key that does nothing else and kept outside of the
//! database. Whoever rewrites the chain, with all its hashes, can not rewrite those.

use std::collections::BTreeSet;
use std::io::BufRead;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::destination;
use crate::config::Config;
use crate::crypto::base64url;
use crate::crypto::jwt;
use crate::crypto::keyring::{KeyRing, NewKey};
use crate::http_client::HttpClient;
use crate::model::key::SigningAlg;
use crate::store::audit::{self, Mark, MarkName};
use crate::store::{Read, Result, Store, StoreError};

/// Of more records than this a checkpoint is due, however young the last one.
const RECORDS: i64 = 1000;

/// Nothing else is signed with it.
const ALG: SigningAlg = SigningAlg::EdDsa;

/// A place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The issuer whose trail it is.
    pub iss: String,
    /// When it was signed.
    pub iat: i64,
    pub purpose: Purpose,
    /// The last record, and
    pub sequence: i64,
    /// its hash in base64url.
    pub hash: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    Periodic,
    Export,
    /// The records up to here may be gone.
    Anchor,
}

/// A checkpoint and the JWS that says so.
#[derive(Debug, Clone)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    pub statement: String,
}

impl Signed {
    /// As one line of JSON. Only `checkpoint` is ever read back; the rest is for people.
    #[must_use]
    pub fn line(&self) -> String {
        let Checkpoint { iss, iat, purpose, sequence, hash } = &self.checkpoint;
        json!({
            "checkpoint": self.statement,
            "issuer": iss,
            "time": time(*iat),
            "purpose": purpose,
            "sequence": sequence,
            "hash": hash,
        })
        .to_string()
    }
}

fn time(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}

impl Checkpoint {
    /// When it was signed, as people read it.
    #[must_use]
    pub fn time(&self) -> String {
        time(self.iat)
    }
}

/// The key of the trail.
#[derive(Debug)]
pub struct Signer(KeyRing);

impl Signer {
    /// The key, if there is one yet.
    ///
    /// # Errors
    /// When the database does not answer or the key is damaged.
    pub async fn existing(db: &impl Read) -> Result<Option<Self>> {
        let Some(key) = audit::signer(db).await? else { return Ok(None) };
        let ring = KeyRing::load([key]).map_err(|_| StoreError::Damaged("audit_signer"))?;
        Ok(Some(Self(ring)))
    }

    /// The key, which is made when it is needed for the first time.
    async fn open(store: &Store, now: OffsetDateTime) -> anyhow::Result<Self> {
        if let Some(signer) = Self::existing(store).await? {
            return Ok(signer);
        }
        let key = NewKey::generate(ALG)?;
        let tx = store.begin().await?;
        audit::insert_signer(&tx, &key, now).await?;
        tx.commit().await?;
        Self::existing(store).await?.context("the key that signs checkpoints is gone")
    }

    async fn sign(&self, checkpoint: Checkpoint) -> anyhow::Result<Signed> {
        let statement = jwt::sign(&self.0, ALG, jwt::TYP_AUDIT_CHECKPOINT, &checkpoint).await?;
        Ok(Signed { checkpoint, statement })
    }

    /// What was signed, if it was with this key.
    #[must_use]
    pub fn read(&self, statement: &str) -> Option<Checkpoint> {
        jwt::read(&self.0, jwt::TYP_AUDIT_CHECKPOINT, statement)
    }

    /// The public half, for whoever checks signatures elsewhere.
    #[must_use]
    pub const fn jwks(&self) -> &Value {
        self.0.jwks()
    }
}

/// What a checkpoint takes: the chain, a moment, and ways out.
#[derive(Debug, Clone, Copy)]
pub struct Notary<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    pub http: &'a HttpClient,
    pub now: OffsetDateTime,
}

impl Notary<'_> {
    /// Signs a place in the chain.
    ///
    /// # Errors
    /// When there is no key to sign with.
    pub async fn sign(self, purpose: Purpose, (sequence, hash): (i64, &[u8])) -> anyhow::Result<Signed> {
        let signer = Signer::open(self.store, self.now).await?;
        let iss = self.config.public_url.issuer();
        let (iat, hash) = (self.now.unix_timestamp(), base64url::encode(hash));
        signer.sign(Checkpoint { iss, iat, purpose, sequence, hash }).await
    }

    /// Takes it to all places outside.
    ///
    /// # Errors
    /// When one of them could not be reached; the others then may have it.
    pub async fn publish(self, signed: &Signed) -> anyhow::Result<()> {
        destination::write(self, &signed.line()).await
    }

    /// Signs where the chain is and takes it outside, if there is something new and the last time is long enough
    /// ago. Says whether it did.
    ///
    /// # Errors
    /// When the database does not answer or a destination can not be reached. The next call tries again.
    pub async fn checkpoint_if_due(self) -> anyhow::Result<bool> {
        if self.config.audit.checkpoints.is_empty() {
            return Ok(false);
        }
        // What is vouched for is kept before it leaves here: whoever commits waits for whatever they have seen.
        let tx = self.store.begin().await?;
        let (sequence, hash) = audit::head(&tx).await?;
        tx.commit().await?;
        let last = audit::mark(self.store, MarkName::Checkpoint).await?;
        let due = last.is_none_or(|last| {
            let news = sequence - last.sequence;
            news != 0 && (news >= RECORDS || self.now - last.at >= self.config.audit.checkpoint_every())
        });
        if !due || sequence == 0 {
            return Ok(false);
        }
        let signed = self.sign(Purpose::Periodic, (sequence, &hash)).await?;
        self.publish(&signed).await?;
        let tx = self.store.begin().await?;
        let mark = Mark { sequence, at: self.now, statement: signed.statement };
        audit::set_mark(&tx, MarkName::Checkpoint, &mark).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// What a line or a detail with a checkpoint is called.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// Where a line has its checkpoint: its own, or that of an export in the words of OCSF or FHIR.
fn statement_in(line: &Value) -> Option<&str> {
    let in_fhir = || {
        line.pointer("/entity/0/detail/0")
            .filter(|detail| detail.get("type").is_some_and(|kind| kind == CHECKPOINT))
    };
    line.get(CHECKPOINT)
        .or_else(|| line.pointer("/unmapped/checkpoint"))
        .or_else(|| in_fhir()?.get("valueString"))
        .and_then(Value::as_str)
}

/// Checkpoints that were kept elsewhere and have come back.
#[derive(Debug, Default)]
pub struct Checkpoints(BTreeSet<(i64, Vec<u8>)>);

/// Why checkpoints are not believed.
#[derive(Debug, thiserror::Error)]
pub enum NotOurs {
    #[error("line {0} of the checkpoints was not signed by this service")]
    Line(usize),
    #[error("there is no checkpoint in it")]
    Empty,
    #[error("the checkpoints can not be read")]
    Unreadable(#[from] std::io::Error),
}

impl Checkpoints {
    /// Reads lines of JSON with a member `checkpoint`, whatever a log has put before them. Other lines, such as the
    /// records of an export, do not matter.
    ///
    /// # Errors
    /// When a checkpoint was not signed by us, or there is none.
    pub fn read(signer: Option<&Signer>, lines: impl BufRead) -> std::result::Result<Self, NotOurs> {
        let mut places = BTreeSet::new();
        for (index, line) in lines.lines().enumerate() {
            let line = line?;
            let Some(json) = line.find('{').and_then(|start| line.get(start..)) else { continue };
            let said: Value = serde_json::from_str(json).unwrap_or_default();
            let Some(statement) = statement_in(&said) else { continue };
            let place = signer
                .and_then(|signer| signer.read(statement))
                .and_then(|said| Some((said.sequence, base64url::decode(&said.hash)?)));
            places.insert(place.ok_or(NotOurs::Line(index + 1))?);
        }
        if places.is_empty() { Err(NotOurs::Empty) } else { Ok(Self(places)) }
    }

    /// How many were signed for this record, or `None` when one of them was signed for another one in its place.
    pub(super) fn agree(&self, sequence: i64, hash: &[u8]) -> Option<usize> {
        let mut signed = self.0.range((sequence, Vec::new())..(sequence.saturating_add(1), Vec::new()));
        let count = signed.clone().count();
        signed.all(|(_, signed)| signed == hash).then_some(count)
    }

    /// The last record that one was signed for.
    pub(super) fn last(&self) -> Option<i64> {
        self.0.last().map(|(sequence, _)| *sequence)
    }
}
