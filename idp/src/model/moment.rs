//! Moments that were written down by a clock that is not the one that reads them: that of another node, or our own before
//! somebody set it back.

use time::{Duration, OffsetDateTime};

/// Clocks of nodes may differ by this.
const APART: Duration = Duration::minutes(1);

/// Whether this was written down by a clock that was wrong: nothing that has happened is yet to come. How long ago it was
/// nobody knows then.
#[must_use]
pub fn is_to_come(at: OffsetDateTime, now: OffsetDateTime) -> bool {
    at > latest(now)
}

/// What was written down as later than this is yet to come.
#[must_use]
pub fn latest(now: OffsetDateTime) -> OffsetDateTime {
    now + APART
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_may_differ_a_little() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert!(!is_to_come(now, now));
        assert!(!is_to_come(now + Duration::minutes(1), now));
        assert!(is_to_come(now + Duration::seconds(61), now));
        assert!(!is_to_come(now - Duration::days(1), now));
    }
}
