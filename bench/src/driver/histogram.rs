//! Latencies in buckets that grow with what they hold (the idea of HDR histograms): each is known to within a fifth of a
//! percent, however long the longest was, and two histograms add up. Knows only microseconds.

/// Values below are kept exactly; above, as many of the leading bits as this has.
const EXACT: u64 = 1024;
const BITS: u32 = EXACT.ilog2();
const HALF: u64 = EXACT / 2;
/// Longer than a minute is as bad as a minute.
const LONGEST: u64 = 60_000_000;

#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub fn record(&mut self, micros: u64) {
        let index = index(micros.min(LONGEST));
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(index) {
            *count += 1;
            self.total += 1;
        }
    }

    pub fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    #[must_use]
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// How many took so long or longer; of those in the same bucket, all.
    #[must_use]
    pub fn count_from(&self, micros: u64) -> u64 {
        self.counts.iter().skip(index(micros.min(LONGEST))).sum()
    }

    /// So many of all, such as 0.99, took no longer than this, in milliseconds. Of nothing it is nothing.
    #[must_use]
    pub fn millis(&self, quantile: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between nothing and all"
        )]
        let wanted = ((super::pace::as_f64(self.total) * quantile).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return super::pace::as_f64(highest(index)) / 1000.0;
            }
        }
        0.0
    }
}

fn index(micros: u64) -> usize {
    let index = if micros < EXACT {
        micros
    } else {
        let shift = micros.ilog2() + 1 - BITS;
        EXACT + u64::from(shift - 1) * HALF + ((micros >> shift) - HALF)
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The highest value of a bucket.
fn highest(index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    if index < EXACT {
        return index;
    }
    let (shift, place) = ((index - EXACT) / HALF + 1, (index - EXACT) % HALF + HALF);
    ((place + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bucket_whose_highest_is_hardly_more() {
        let mut before = 0;
        for micros in (0..4096).chain([10_000, 123_456, 999_999, 1_000_000, LONGEST]) {
            let bucket = index(micros);
            assert!(bucket >= before, "{micros}");
            before = bucket;
            let most = highest(bucket);
            assert!(
                most >= micros && (most - micros) * 500 <= micros.max(1),
                "{micros} is counted as {most}"
            );
            assert_eq!(index(most), bucket);
            assert!(bucket == 0 || index(highest(bucket - 1)) == bucket - 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_all_that_was_added() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        for value in 1..=90 {
            one.record(value);
        }
        for _ in 0..10 {
            other.record(2_000_000);
        }
        one.add(&other);
        assert_eq!((one.count(), one.count_from(91), one.count_from(2_000_000)), (100, 10, 10));
        assert!((one.millis(0.5) - 0.05).abs() < 1e-9 && (one.millis(0.9) - 0.09).abs() < 1e-9);
        assert!((2000.0..2005.0).contains(&one.millis(0.91)));
        assert!(Histogram::default().millis(0.99).abs() < 1e-9);
    }
}
