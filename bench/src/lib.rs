//! Measures the provider against the *floor*: a server that does only the irreducible work of each operation, on the
//! same machine, in the same run. Starts both as processes and speaks to them over HTTP. Never a part of the
//! provider, and knows it only from outside.

pub mod cli;
pub mod contender;
pub mod driver;
pub mod floor;
pub mod footprint;
pub mod machine;
pub mod morning;
pub mod operation;
pub mod overload;
pub mod report;
pub mod run;
pub mod stage;
pub mod world;
