//! The chain that the records form: what is hashed, and whether all of it is there and unchanged.

use crate::crypto::sha256;
use crate::store::audit::{self, Record};
use crate::store::{Read, Result};

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
pub(super) fn hash(record: &Record) -> [u8; 32] {
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
