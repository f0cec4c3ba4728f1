//! How long a wrong password takes at least. Hashes that other programs made may take longer than ours; as long as there
//! are any, an answer that comes sooner would say that an account is not one of theirs, or not there. Waiting costs no
//! work, unlike a dearer decoy, which would help whoever floods us.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Room for what a measurement does not show: hashes side by side slow each other down.
const ROOM: f64 = 1.5;
/// A machine that stood still while it was measured must not hold people up for long.
const LONGEST: Duration = Duration::from_secs(4);

#[derive(Debug, Default)]
pub(super) struct Padding(Mutex<(Vec<String>, Duration)>);

impl Padding {
    /// A wrong password is answered no sooner.
    pub(super) fn least(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Whether it was measured for these.
    pub(super) fn is_for(&self, decoys: &[String]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 == decoys
    }

    pub(super) fn set(&self, decoys: Vec<String>, dearest: Duration) {
        let least = dearest.mul_f64(ROOM).min(LONGEST);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (decoys, least);
    }
}
