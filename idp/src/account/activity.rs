//! A person's own part of the audit trail, a page at a time.

use crate::model::ids::UserId;
use crate::store::audit::{self, Record};
use crate::store::{Read, Result};

/// Records on one page.
pub const PAGE: u64 = 30;

/// A page of records before `before`, the newest first, and where the next page begins.
///
/// # Errors
/// When the database does not answer.
pub async fn page(db: &impl Read, user: UserId, before: Option<i64>) -> Result<(Vec<Record>, Option<i64>)> {
    let mut records = audit::of_subject(db, user, before.unwrap_or(i64::MAX), PAGE + 1).await?;
    let more = records.len() as u64 > PAGE;
    if more {
        records.pop();
    }
    let next = records.last().filter(|_| more).map(|record| record.sequence);
    Ok((records, next))
}
