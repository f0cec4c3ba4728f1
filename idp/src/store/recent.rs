//! Applications and their secrets as they were a moment ago: nearly every request asks for one, and they seldom change.
//! What this node changes is forgotten with its commit; what another one changes, within [`FRESH`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::client::{Client, ClientId, ClientSecret};

/// So long something read is taken for what there is.
pub const FRESH: Duration = Duration::from_millis(500);
/// Not more than this many of each are kept.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub struct Recent {
    pub(super) clients: Kept<Client>,
    pub(super) secrets: Kept<Vec<ClientSecret>>,
}

impl Recent {
    fn forget(&self) {
        self.clients.forget();
        self.secrets.forget();
    }

    pub(super) fn knows(&self, client: &ClientId) -> bool {
        self.clients.find(client).is_ok() || self.secrets.find(client).is_ok()
    }

    /// Forgets this one, also what somebody is reading of it.
    pub(super) fn forget_one(&self, client: &ClientId) {
        self.clients.forget_one(client);
        self.secrets.forget_one(client);
    }
}

#[derive(Debug)]
pub(super) struct Kept<T>(Mutex<Shelf<T>>);

#[derive(Debug)]
struct Shelf<T> {
    by_client: HashMap<ClientId, (Instant, Arc<T>)>,
    /// How often everything was forgotten. Who began to read before that may have read what was there before.
    forgotten: u64,
}

/// From before something is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    at: Instant,
    forgotten: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(Shelf { by_client: HashMap::new(), forgotten: 0 }))
    }
}

impl<T> Kept<T> {
    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read a moment ago; otherwise what [`Kept::keep`] wants to know, to be asked for before reading.
    pub(super) fn find(&self, client: &ClientId) -> Result<Arc<T>, Before> {
        let shelf = self.shelf();
        let now = Instant::now();
        let found = shelf.by_client.get(client).filter(|(read, _)| now.duration_since(*read) < FRESH);
        found.map(|(_, kept)| Arc::clone(kept)).ok_or(Before { at: now, forgotten: shelf.forgotten })
    }

    pub(super) fn keep(&self, client: &ClientId, before: Before, read: Arc<T>) {
        let mut shelf = self.shelf();
        if shelf.forgotten != before.forgotten {
            return;
        }
        if shelf.by_client.len() >= MOST {
            shelf.by_client.retain(|_, (read, _)| read.elapsed() < FRESH);
        }
        if shelf.by_client.len() < MOST {
            shelf.by_client.insert(client.clone(), (before.at, read));
        }
    }

    fn forget_one(&self, client: &ClientId) {
        let mut shelf = self.shelf();
        shelf.forgotten += 1;
        shelf.by_client.remove(client);
    }

    fn forget(&self) {
        let mut shelf = self.shelf();
        shelf.forgotten += 1;
        shelf.by_client.clear();
    }
}

/// Of a transaction: when it changed an application or a secret, what was known is forgotten with its end, whatever that
/// was.
#[derive(Debug)]
pub(super) struct Forgetting {
    recent: Arc<Recent>,
    due: std::sync::atomic::AtomicBool,
}

impl Forgetting {
    pub(super) const fn of(recent: Arc<Recent>) -> Self {
        Self { recent, due: std::sync::atomic::AtomicBool::new(false) }
    }

    pub(super) fn is_due(&self) {
        self.due.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for Forgetting {
    fn drop(&mut self) {
        if *self.due.get_mut() {
            self.recent.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was read before a change is not kept after it: it would be taken for what there is.
    #[test]
    fn nothing_is_kept_that_was_read_before_a_change() {
        let recent = Arc::new(Recent::default());
        let id = ClientId::parse("app").unwrap();
        let before = recent.secrets.find(&id).unwrap_err();
        let change = Forgetting::of(Arc::clone(&recent));
        change.is_due();
        drop(change);
        recent.secrets.keep(&id, before, Arc::default());
        assert!(recent.secrets.find(&id).is_err(), "it was read before the change");
        let before = recent.secrets.find(&id).unwrap_err();
        recent.secrets.keep(&id, before, Arc::default());
        assert!(recent.secrets.find(&id).is_ok());
        drop(Forgetting::of(Arc::clone(&recent)));
        assert!(recent.secrets.find(&id).is_ok(), "nothing was changed");
    }

    /// T28: at another node a change is seen soon, though nobody tells us.
    #[test]
    fn what_was_read_is_good_for_a_moment() {
        let recent = Recent::default();
        let id = ClientId::parse("app").unwrap();
        let before = recent.secrets.find(&id).unwrap_err();
        let early = Before { at: Instant::now().checked_sub(FRESH).unwrap(), ..before };
        recent.secrets.keep(&id, early, Arc::default());
        assert!(recent.secrets.find(&id).is_err(), "it is as old as it may be");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let recent = Recent::default();
        for number in 0..MOST + 10 {
            let id = ClientId::parse(&format!("app{number}")).unwrap();
            let before = recent.secrets.find(&id).unwrap_err();
            recent.secrets.keep(&id, before, Arc::default());
        }
        assert_eq!(recent.secrets.shelf().by_client.len(), MOST);
    }
}
