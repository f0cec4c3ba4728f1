//! What a person says about themselves: names, language, time zone.

use super::{Changed, Owner, Workbench};
use crate::audit::Event;
use crate::store::users::{self, Profile};

/// Keeps a profile.
///
/// # Errors
/// When the database does not answer.
pub async fn save(bench: &Workbench<'_>, owner: Owner<'_>, profile: &Profile) -> anyhow::Result<Changed> {
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    users::set_profile(&tx, owner.user.id, profile, bench.now).await?;
    bench.record(&tx, owner.user.id, Event::ProfileChanged).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
