//! Portico: an OpenID Connect provider, passkey-first.
//!
//! The map, in reading order: the nouns; what keeps them; what people and applications do; and what
//! puts it all on one port. ARCHITECTURE.md says who may import whom, and a test holds it to that.

// The nouns, the time, and what is counted.
pub mod clock;
pub mod meter;
pub mod model;

// The floor that every feature stands on.
pub mod audit;
pub mod config;
pub mod crypto;
pub mod ephemeral;
pub mod http_client;
pub mod i18n;
pub mod mail;
pub mod store;
pub mod theme;

// What people and applications do.
pub mod account;
pub mod admin;
pub mod login;
pub mod oidc;

// The house around it.
pub mod app;
pub mod cli;
pub mod jobs;
pub mod server;
pub mod telemetry;
pub mod web;
