//! Where a request stands among those that led to it (W3C Trace Context).

use std::fmt;

use super::Invalid;

/// The header `traceparent`, version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl TraceParent {
    /// # Errors
    /// When it is not as Trace Context §3.2 wants it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("traceparent", "must be like 00-<32 hex>-<16 hex>-01");
        let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, span, flags] = parts[..] else { return Err(invalid()) };
        let lengths = [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2];
        if !lengths || version != "00" || ![trace, span, flags].into_iter().all(hex) {
            return Err(invalid());
        }
        let trace = u128::from_str_radix(trace, 16).map_err(|_| invalid())?;
        let span = u64::from_str_radix(span, 16).map_err(|_| invalid())?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| invalid())?;
        if trace == 0 || span == 0 {
            return Err(invalid());
        }
        Ok(Self { trace, span, sampled: flags & 1 == 1 })
    }

    #[must_use]
    pub const fn trace(&self) -> u128 {
        self.trace
    }

    #[must_use]
    pub const fn span(&self) -> u64 {
        self.span
    }

    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_well_formed_is_a_place_in_a_trace() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parsed = TraceParent::parse(good).unwrap();
        assert_eq!(parsed.to_string(), good);
        assert!(parsed.is_sampled());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert!(TraceParent::parse(bad).is_err(), "{bad}");
        }
    }
}
