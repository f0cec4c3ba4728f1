//! The kinds of number: what only grows, what there is now, how long things took, and one of these for each key.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// It only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add_one(&self) {
        self.add(1);
    }

    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How much there is of something now.
#[derive(Debug, Default, Clone)]
pub struct Level(Arc<AtomicI64>);

impl Level {
    /// One more, until this is dropped.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self.clone())
    }

    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub struct Held(Level);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// In seconds: from what memory answers to what nobody waits for.
pub const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// How long things took: how many were within each bound and beyond the last, and all of it together.
#[derive(Debug, Default)]
pub struct Timing {
    within: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Timing {
    pub fn note(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.within.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// For each bound and the end, how many were no slower.
    #[must_use]
    pub fn up_to(&self) -> Vec<u64> {
        let mut sum = 0;
        let grow = |bucket: &AtomicU64| {
            sum += bucket.load(Ordering::Relaxed);
            sum
        };
        self.within.iter().map(grow).collect()
    }

    #[must_use]
    pub fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// One number for each key that has occurred.
#[derive(Debug)]
pub struct Table<K, V>(RwLock<BTreeMap<K, Arc<V>>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Ord + Clone, V: Default> Table<K, V> {
    pub fn of(&self, key: K) -> Arc<V> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rows.entry(key).or_default())
        })
    }

    #[must_use]
    pub fn rows(&self) -> Vec<(K, Arc<V>)> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|(key, number)| (key.clone(), Arc::clone(number))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_within_every_bound_that_it_keeps() {
        let timing = Timing::default();
        for milliseconds in [1, 2, 700, 60_000] {
            timing.note(Duration::from_millis(milliseconds));
        }
        let up_to = timing.up_to();
        assert_eq!(up_to, [1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4]);
        assert!((timing.seconds() - 60.703).abs() < 0.001);
    }

    #[test]
    fn what_is_held_counts_until_it_is_let_go() {
        let level = Level::default();
        let (one, another) = (level.hold(), level.hold());
        assert_eq!(level.get(), 2);
        drop(one);
        drop(another);
        assert_eq!(level.get(), 0);
    }
}
