//! Retention: records that are old enough go, from the beginning of the chain, and leave a signed anchor that the
//! rest is verified from. The anchor is outside before the first record is removed.

use anyhow::{Context, bail};
use time::OffsetDateTime;

use super::checkpoint::{Notary, Purpose};
use super::{Actor, Event, record, verify};
use crate::store::audit::{self, Mark, MarkName};

/// Records that go in one transaction, so that nobody waits long for it.
const BATCH: u64 = 500;

/// Removes what is older than it is kept; returns how many records went.
///
/// # Errors
/// When the chain is not whole, which must be looked into before anything goes, or the anchor could not be written.
pub async fn trim(notary: Notary<'_>) -> anyhow::Result<u64> {
    let Notary { store, config, now, .. } = notary;
    let before = audit::mark(store, MarkName::Anchor).await?;
    // Each anchor is preceded by a look at the whole trail, so once a day is enough.
    let rested = before.as_ref().is_none_or(|anchor| now - anchor.at >= time::Duration::DAY);
    let anchored = before.map_or(0, |anchor| anchor.sequence);
    let mut through = anchored;
    if rested
        && let Some(years) = config.audit.keep_years()
        && let Some(last) = audit::last_before(store, years_ago(now, years)).await?
    {
        through = through.max(last);
    }
    if through > anchored {
        anchor(notary, through).await?;
    }
    if through == 0 {
        return Ok(0);
    }
    // Also what an interrupted run has left.
    let mut removed = 0;
    loop {
        let tx = store.begin().await?;
        let batch = audit::remove_through(&tx, through, BATCH).await?;
        tx.commit().await?;
        removed += batch;
        if batch < BATCH {
            return Ok(removed);
        }
    }
}

async fn anchor(notary: Notary<'_>, through: i64) -> anyhow::Result<()> {
    let Notary { store, now, .. } = notary;
    if let Err(broken) = verify(store).await? {
        bail!("no old record is removed, because the audit trail is broken: {broken}");
    }
    let last = audit::stored_after(store, through - 1, 1).await?.pop();
    let last = last.filter(|last| last.sequence == through).context("the last of the old records is gone")?;
    let signed = notary.sign(Purpose::Anchor, (through, &last.hash)).await?;
    notary.publish(&signed).await?;
    let tx = store.begin().await?;
    let mark = Mark { sequence: through, at: now, statement: signed.statement };
    audit::set_mark(&tx, MarkName::Anchor, &mark).await?;
    record(&tx, now, Actor::Host, None, Event::AuditTrimmed { through }).await?;
    tx.commit().await?;
    tracing::info!(through, "records of the audit trail that are older than they are kept are removed");
    Ok(())
}

/// The same day so many years before; of a leap day the one before.
fn years_ago(now: OffsetDateTime, years: i32) -> OffsetDateTime {
    let year = now.year() - years;
    now.replace_year(year)
        .or_else(|_| (now - time::Duration::days(1)).replace_year(year))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::years_ago;

    #[test]
    fn a_year_ends_on_its_own_day() {
        assert_eq!(years_ago(datetime!(2026-11-26 10:00 UTC), 6), datetime!(2020-11-26 10:00 UTC));
        assert_eq!(years_ago(datetime!(2028-02-29 10:00 UTC), 6), datetime!(2022-02-28 10:00 UTC));
    }
}
