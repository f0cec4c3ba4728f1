//! The chain that the records form: what is hashed, and whether all of it is there and unchanged. What is sealed is
//! hashed as it is sealed, so that the chain stays whole when a key is destroyed.

use super::checkpoint::{Checkpoint, Checkpoints, Purpose, Signer};
use crate::crypto::{base64url, sha256};
use crate::store::audit::{self, MarkName, Stored};
use crate::store::{Read, Result};

/// Of records that are written now. The first one had network, browser and everything else in clear.
pub(super) const FORMAT: i16 = 2;
const FIRST_FORMAT: i16 = 1;

const PAGE: u64 = 1000;

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
    /// A checkpoint says otherwise, although every hash follows from the one before.
    #[error("the chain was rewritten: record {0} is not the one that a checkpoint was signed for")]
    Rewritten(i64),
    #[error("the chain was cut: it ends with record {last}, and a checkpoint was signed for record {signed}")]
    Cut { last: i64, signed: i64 },
    #[error("the anchor that stands for removed records was not signed by this service")]
    FalseAnchor,
}

/// What is right with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    pub records: i64,
    /// The last record that was removed for its age, and when: the rest is verified from there. `None`: from the
    /// very first record.
    pub anchor: Option<Checkpoint>,
    /// The last record.
    pub through: i64,
    /// Signed places that were compared.
    pub compared: usize,
}

/// Reads the whole chain and reports the first thing wrong with it.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(db: &impl Read) -> Result<std::result::Result<Whole, Broken>> {
    verify_against(db, &Checkpoints::default()).await
}

/// As [`verify`], and compares with what was signed and kept elsewhere.
///
/// # Errors
/// When the database does not answer.
pub async fn verify_against(
    db: &impl Read,
    checkpoints: &Checkpoints,
) -> Result<std::result::Result<Whole, Broken>> {
    loop {
        let before = audit::mark(db, MarkName::Anchor).await?;
        let anchor = match &before {
            None => None,
            Some(mark) => match anchor(db, &mark.statement).await? {
                Some(anchor) => Some(anchor),
                None => return Ok(Err(Broken::FalseAnchor)),
            },
        };
        let verdict = walk(db, anchor, checkpoints).await?;
        // Old records may have been removed under our hands.
        if verdict.is_ok() || audit::mark(db, MarkName::Anchor).await? == before {
            return Ok(verdict);
        }
    }
}

/// What an anchor says, if this service signed it as one: any other checkpoint would let the records before it be
/// removed unnoticed.
async fn anchor(db: &impl Read, statement: &str) -> Result<Option<Checkpoint>> {
    let signer = Signer::existing(db).await?;
    let said = signer.and_then(|signer| signer.read(statement));
    Ok(said.filter(|said| said.purpose == Purpose::Anchor))
}

async fn walk(
    db: &impl Read,
    anchor: Option<Checkpoint>,
    checkpoints: &Checkpoints,
) -> Result<std::result::Result<Whole, Broken>> {
    let start = anchor.as_ref().map_or(0, |anchor| anchor.sequence);
    let mut sequence = start;
    let mut last_hash = match &anchor {
        None => vec![0; 32],
        Some(anchor) => base64url::decode(&anchor.hash).unwrap_or_default(),
    };
    let mut compared = 0;
    // The end before and after: records may be added while this reads.
    let head = audit::head(db).await?;
    let mut seen = if anchor.is_some() { start } else { i64::MIN };
    let mut ends_right = head == (sequence, last_hash.clone());
    match checkpoints.agree(start, &last_hash) {
        Some(agreed) => compared += agreed,
        None => return Ok(Err(Broken::Rewritten(start))),
    }
    loop {
        let page = audit::stored_after(db, seen, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            seen = record.sequence;
            sequence = sequence.saturating_add(1);
            if let Some(broken) = wrong_with(&record, sequence, &last_hash) {
                return Ok(Err(broken));
            }
            last_hash = record.hash;
            ends_right |= (sequence, &last_hash) == (head.0, &head.1);
            match checkpoints.agree(sequence, &last_hash) {
                Some(agreed) => compared += agreed,
                None => return Ok(Err(Broken::Rewritten(sequence))),
            }
        }
    }
    let (newest, _) = audit::head(db).await?;
    if !ends_right || sequence > newest {
        return Ok(Err(Broken::Truncated(sequence)));
    }
    if let Some(signed) = checkpoints.last().filter(|signed| *signed > sequence) {
        return Ok(Err(Broken::Cut { last: sequence, signed }));
    }
    Ok(Ok(Whole { records: sequence - start, anchor, through: sequence, compared }))
}

fn wrong_with(record: &Stored, expected: i64, last_hash: &[u8]) -> Option<Broken> {
    if record.sequence != expected {
        return Some(Broken::Missing(expected));
    }
    if record.hash != hash(record) {
        return Some(Broken::Changed(expected));
    }
    (record.previous_hash != last_hash).then_some(Broken::OutOfOrder(expected))
}

/// SHA-256 over the fields in order, each with its length before it, so that no two different
/// records have the same bytes.
pub(super) fn hash(record: &Stored) -> [u8; 32] {
    match record.format {
        FORMAT => sealed_form(record),
        // Columns that came later were not hashed, and so must not say anything.
        FIRST_FORMAT if is_first_form(record) => first_form(record),
        _ => [0; 32],
    }
}

fn is_first_form(record: &Stored) -> bool {
    record.client.is_none() && record.sealed_origin.is_none() && record.sealed_detail.is_none()
}

fn first_form(record: &Stored) -> [u8; 32] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    over(&[
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
    ])
}

/// Absent and empty differ: a sealed part without bytes says that there was one.
fn sealed_form(record: &Stored) -> [u8; 32] {
    let optional = |bytes: Option<&[u8]>| bytes.map_or_else(Vec::new, |bytes| [b"+", bytes].concat());
    let id = |id: &Option<uuid::Uuid>| optional(id.as_ref().map(|id| &id.as_bytes()[..]));
    over(&[
        b"idp audit 2".as_slice(),
        &record.sequence.to_be_bytes(),
        &record.at.unix_timestamp_nanos().to_be_bytes(),
        record.kind.as_bytes(),
        &id(&record.actor),
        &id(&record.subject),
        &optional(record.client.as_deref().map(str::as_bytes)),
        &optional(record.network.as_deref().map(str::as_bytes)),
        &optional(record.browser.as_deref().map(str::as_bytes)),
        record.detail.as_bytes(),
        &optional(record.sealed_origin.as_deref()),
        &optional(record.sealed_detail.as_deref()),
        &record.previous_hash,
    ])
}

fn over(fields: &[&[u8]]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(512);
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    sha256(&bytes)
}
