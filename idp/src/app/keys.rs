//! The life of signing keys: published as `next` well before they sign, `current` for a while, `retired`
//! until the last token they signed has expired (C24). Of every algorithm there is always one of the first two,
//! so that a rotation never waits. Any number of nodes may tend them at once; the database decides.

use time::{Duration, OffsetDateTime};

use crate::audit::{self, Actor, Doer, Event};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::keyring::{KeyRing, NewKey};
use crate::model::client::ClientId;
use crate::model::key::{KeyState, PublicKey, SigningAlg};
use crate::store::milestones::{self, Milestone};
use crate::store::{Store, Tx, keys};

/// Longer than anybody caches our keys: `max-age` of the JWKS and the minute in which every node looks for
/// new ones, twice.
pub const PUBLISHED_BEFORE_USE: Duration = Duration::minutes(12);

/// Who does it, and through which application.
type By<'a> = (Doer<'a>, Option<&'a ClientId>);

/// When a key becomes what it is next. A next key signs when the current one is old enough and everybody may know it; a
/// current one retires when there is such a next one; a retired one goes when no token that it signed is worth anything.
#[must_use]
pub fn changes_at(config: &Config, key: &PublicKey, known: &[PublicKey]) -> Option<OffsetDateTime> {
    match key.state {
        KeyState::Next => {
            let published = key.changed_at + PUBLISHED_BEFORE_USE;
            let current = of(known, key.alg, KeyState::Current);
            current.map(|current| published.max(current.changed_at + config.keys.rotate_after()))
        }
        KeyState::Current => Some(key.changed_at + config.keys.rotate_after()),
        KeyState::Retired => Some(key.changed_at + config.keep_retired_keys()),
    }
}

/// The keys of the database; on an empty one the first are made, by one node.
pub(super) async fn first(store: &Store, clock: &SharedClock) -> anyhow::Result<KeyRing> {
    if !milestones::is_reached(store, Milestone::FirstKeys).await? {
        let now = clock.now();
        let new = make(&SigningAlg::ALL).await?;
        let tx = store.begin().await?;
        if milestones::reach(&tx, Milestone::FirstKeys, now).await? {
            for key in &new {
                keys::insert(&tx, key, KeyState::Current, now).await?;
            }
        }
        tx.commit().await?;
    }
    load(store).await
}

/// All keys, ready to use.
///
/// # Errors
/// When the database does not answer or a key is damaged.
pub async fn load(store: &Store) -> anyhow::Result<KeyRing> {
    // Nothing is signed with a key that a database which fails at this moment would take back.
    let tx = store.begin().await?;
    let stored = keys::signing_keys(&tx).await?;
    tx.commit().await?;
    Ok(KeyRing::load(stored)?)
}

/// Does what is due: makes what is missing, lets a successor take over from a key that is old enough, and
/// forgets what nobody needs any more.
///
/// # Errors
/// When the database does not answer, or no key can be made.
pub async fn tend(store: &Store, config: &Config, now: OffsetDateTime) -> anyhow::Result<()> {
    let known = keys::public_keys(store).await?;
    let ours = (Actor::Host.into(), None);
    let mut missing = Vec::new();
    for alg in SigningAlg::ALL {
        match (of(&known, alg, KeyState::Current), of(&known, alg, KeyState::Next)) {
            // An algorithm that a new version brings: nobody can have cached its absence from a token.
            (None, None) => missing.push((alg, KeyState::Current)),
            (None, Some(next)) => promote(store, ours, (None, next), now).await?,
            (Some(_), None) => missing.push((alg, KeyState::Next)),
            (Some(current), Some(next)) => {
                let old = now - current.changed_at >= config.keys.rotate_after();
                if old && now - next.changed_at >= PUBLISHED_BEFORE_USE {
                    promote(store, ours, (Some(current), next), now).await?;
                }
            }
        }
    }
    add(store, &missing, now).await?;
    let tx = store.begin().await?;
    let forgotten = keys::forget_retired(&tx, now - config.keep_retired_keys()).await?;
    tx.commit().await?;
    if forgotten > 0 {
        tracing::info!(forgotten, "retired signing keys are no longer published");
    }
    Ok(())
}

/// Why a rotation does not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    #[error(
        "The next {alg} key has been published for {published} seconds only; caches may not know it for another \
         {left}. Wait, or use --emergency."
    )]
    TooYoung { alg: &'static str, published: i64, left: i64 },
    #[error("There is no next {0} key yet. The running service makes one within a minute.")]
    Missing(&'static str),
}

/// Lets the successors take over now, whatever the age of the current keys.
///
/// # Errors
/// The outer error is the database's; the inner one says what to wait for.
pub async fn rotate<'a>(
    store: &Store,
    by: impl Into<Doer<'a>>,
    now: OffsetDateTime,
) -> anyhow::Result<Result<(), NotYet>> {
    rotate_through(store, (by.into(), None), now).await
}

/// As [`rotate`], where an application did it: for itself, or for the person who is named.
///
/// # Errors
/// As [`rotate`].
pub async fn rotate_through(
    store: &Store,
    by: By<'_>,
    now: OffsetDateTime,
) -> anyhow::Result<Result<(), NotYet>> {
    let known = keys::public_keys(store).await?;
    for alg in SigningAlg::ALL {
        let Some(next) = of(&known, alg, KeyState::Next) else {
            return Ok(Err(NotYet::Missing(alg.as_str())));
        };
        let published = now - next.changed_at;
        if published < PUBLISHED_BEFORE_USE {
            let left = (PUBLISHED_BEFORE_USE - published).whole_seconds();
            let published = published.whole_seconds();
            return Ok(Err(NotYet::TooYoung { alg: alg.as_str(), published, left }));
        }
    }
    // All of them or none: half a rotation could be neither repeated nor finished.
    let new = make(&SigningAlg::ALL).await?;
    let tx = store.begin().await?;
    for alg in SigningAlg::ALL {
        let Some(next) = of(&known, alg, KeyState::Next) else { continue };
        if !succeed(&tx, by, (of(&known, alg, KeyState::Current), next), now).await? {
            // Somebody else does it at this moment.
            return Ok(Ok(()));
        }
    }
    for key in &new {
        keys::insert(&tx, key, KeyState::Next, now).await?;
    }
    tx.commit().await?;
    tracing::info!("new keys sign from now on");
    Ok(Ok(()))
}

/// All keys may be known to somebody else: new ones sign at once, and nothing that was signed before is
/// worth anything any more.
///
/// # Errors
/// When the database does not answer, or no key can be made.
pub async fn replace_all<'a>(
    store: &Store,
    by: impl Into<Doer<'a>>,
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let (current, next) = (make(&SigningAlg::ALL).await?, make(&SigningAlg::ALL).await?);
    let tx = store.begin().await?;
    keys::forget_all(&tx).await?;
    for (new, state) in [(&current, KeyState::Current), (&next, KeyState::Next)] {
        for key in new {
            keys::insert(&tx, key, state, now).await?;
        }
    }
    let kids = current.iter().map(|key| key.kid.clone()).collect();
    audit::record(&tx, now, by, None, Event::KeysReplaced { kids }).await?;
    Ok(tx.commit().await?)
}

fn of(known: &[PublicKey], alg: SigningAlg, state: KeyState) -> Option<&PublicKey> {
    known.iter().find(|key| key.alg == alg && key.state == state)
}

/// One key takes over from another. Of any number of nodes one does it.
async fn promote(
    store: &Store,
    by: By<'_>,
    (current, next): (Option<&PublicKey>, &PublicKey),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let tx = store.begin().await?;
    if succeed(&tx, by, (current, next), now).await? {
        tx.commit().await?;
        tracing::info!(kid = next.kid, alg = next.alg.as_str(), "a new key signs from now on");
    }
    Ok(())
}

/// `false` when somebody else was faster; then the transaction is not to be kept.
async fn succeed(
    tx: &Tx,
    by: By<'_>,
    (current, next): (Option<&PublicKey>, &PublicKey),
    now: OffsetDateTime,
) -> anyhow::Result<bool> {
    if let Some(current) = current
        && !keys::change_state(tx, &current.kid, (KeyState::Current, KeyState::Retired), now).await?
    {
        return Ok(false);
    }
    if !keys::change_state(tx, &next.kid, (KeyState::Next, KeyState::Current), now).await? {
        return Ok(false);
    }
    audit::record_through(tx, now, by, None, Event::KeyRotated { kid: next.kid.clone() }).await?;
    Ok(true)
}

async fn add(store: &Store, missing: &[(SigningAlg, KeyState)], now: OffsetDateTime) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let algs: Vec<_> = missing.iter().map(|(alg, _)| *alg).collect();
    let new = make(&algs).await?;
    let tx = store.begin().await?;
    for (key, (_, state)) in new.iter().zip(missing) {
        // Another node may have been faster.
        keys::insert(&tx, key, *state, now).await?;
    }
    Ok(tx.commit().await?)
}

/// RSA takes a moment, so it is done where it holds nobody up.
async fn make(algs: &[SigningAlg]) -> anyhow::Result<Vec<NewKey>> {
    let algs = algs.to_vec();
    let made = tokio::task::spawn_blocking(move || algs.into_iter().map(NewKey::generate).collect()).await?;
    let made: Result<Vec<NewKey>, _> = made;
    Ok(made?)
}
