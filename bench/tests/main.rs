//! Whether the driver measures what it says, and the floor does the work that it is there for.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected should stop right there")]

mod floor;
mod open_loop;
mod server;
