//! The integration tests: a whole provider over real HTTP. The tree mirrors the addresses.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected should stop right there, and nobody imports one"
)]

mod account;
mod admin;
mod architecture;
mod audit;
mod cli;
mod conformance;
mod ephemeral;
mod faults;
mod fuzz;
mod import;
mod login;
mod mail;
mod oidc;
mod operate;
mod operations;
mod server;
mod setup;
mod store;
mod support;
mod theme;
