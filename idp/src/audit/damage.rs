//! Whether what is sealed can still be read. Whoever deletes or exchanges somebody's key leaves the chain whole, as it
//! is when an account is deleted; but the account is still there.

use crate::store::audit::{self, MAX_PAGE, Personal};
use crate::store::{Read, Result};

/// Records whose person is here, and whose sealed parts do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{records} records, the first of them {first}, do not open although whom they are about is still here: somebody \
     deleted or changed their key, or what was sealed"
)]
pub struct Unreadable {
    pub first: i64,
    pub records: u64,
}

/// Opens everything that was sealed, and says what did not.
///
/// # Errors
/// When the database does not answer.
pub async fn unreadable(db: &impl Read) -> Result<Option<Unreadable>> {
    let (mut seen, mut found) = (i64::MIN, None::<Unreadable>);
    loop {
        let page = audit::after(db, seen, MAX_PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        seen = last.sequence;
        for record in page.iter().filter(|record| record.personal == Personal::Damaged) {
            found.get_or_insert(Unreadable { first: record.sequence, records: 0 }).records += 1;
        }
    }
}
