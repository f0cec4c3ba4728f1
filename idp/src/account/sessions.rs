//! Where a person is logged in, and ending it.

use super::{Changed, Owner, Workbench};
use crate::audit::Event;
use crate::model::ids::SessionId;
use crate::store::grants::{self, Which};
use crate::store::sessions;

/// Ends one session, and what applications were given in it.
///
/// # Errors
/// When the database does not answer.
pub async fn end(bench: &Workbench<'_>, owner: Owner<'_>, id: SessionId) -> anyhow::Result<Changed> {
    let user = owner.user.id;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    if !sessions::end(&tx, user, id).await? {
        // What is gone is gone for good when this is told.
        tx.commit().await?;
        return Ok(Changed::NotFound);
    }
    grants::revoke_of_user(&tx, user, Which::Session(id), bench.now).await?;
    bench.record(&tx, user, Event::SignedOut { session: id }).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Ends all sessions but this one, and what applications were given in them.
///
/// # Errors
/// When the database does not answer.
pub async fn end_others(bench: &Workbench<'_>, owner: Owner<'_>) -> anyhow::Result<Changed> {
    let user = owner.user.id;
    let tx = bench.store.begin().await?;
    if !bench.hold(&tx, owner).await? {
        return Ok(Changed::SignedOut);
    }
    let ended = sessions::end_of_user(&tx, user, Some(owner.session.id)).await?;
    grants::revoke_of_user(&tx, user, Which::AllBut(owner.session.id), bench.now).await?;
    bench.record(&tx, user, Event::SessionsEnded { sessions: ended }).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
