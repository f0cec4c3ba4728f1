//! What fails in the world fails here: power, disks, networks, databases, clocks and colleagues of a node. Every test
//! ends with the same questions: does the provider keep to what it has acknowledged, is the audit trail whole, is the
//! database, did nothing panic, is no secret in a log.
//!
//! In an ordinary run each fault is tried a few times; `scripts/test-faults` sets `IDP_TEST_FAULTS=full`, which takes as many
//! rounds as the goals of the service name.

mod clocks;
mod crash;
mod disconnects;
mod disk;
mod growth;
mod idle;
mod nodes;
mod postgres;
mod rotation;
mod start;
mod upgrade;

/// As many rounds as there is time for.
fn rounds(ordinary: u32, full: u32) -> u32 {
    if is_full() { full } else { ordinary }
}

#[expect(clippy::disallowed_methods, reason = "how much is tried is a matter of the run, not of the program")]
fn is_full() -> bool {
    std::env::var("IDP_TEST_FAULTS").as_deref() == Ok("full")
}
