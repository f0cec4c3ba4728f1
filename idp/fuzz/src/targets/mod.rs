//! One function for each kind of input that comes from somebody else. Every input is judged: besides not panicking,
//! each target holds what it calls to a rule, and stops where the rule is broken.
//!
//! Compiled twice: into the fuzzer, and into the tests of `idp`, which try every seed.

pub mod certificate;
pub mod client_auth;
pub mod config;
pub mod dpop;
pub mod form;
pub mod house;
pub mod import;
pub mod jwk;
pub mod jws;
pub mod keys;
pub mod language;
pub mod otpauth;
pub mod passkey;
pub mod password_hash;
pub mod picture;
pub mod proxy;
pub mod redirect_uri;
pub mod request;
pub mod request_object;

/// A target and its name, which is also that of its program and of its folder of seeds.
pub type Target = (&'static str, fn(&[u8]));

pub const ALL: [Target; 17] = [
    ("certificate", certificate::run),
    ("client_auth", client_auth::run),
    ("config", config::run),
    ("dpop", dpop::run),
    ("form", form::run),
    ("import", import::run),
    ("jwk", jwk::run),
    ("jws", jws::run),
    ("language", language::run),
    ("otpauth", otpauth::run),
    ("passkey", passkey::run),
    ("password_hash", password_hash::run),
    ("picture", picture::run),
    ("proxy", proxy::run),
    ("redirect_uri", redirect_uri::run),
    ("request", request::run),
    ("request_object", request_object::run),
];

/// The lines of an input that is text, and empty ones after the last.
fn lines<const COUNT: usize>(data: &[u8]) -> Option<[&str; COUNT]> {
    let mut lines = std::str::from_utf8(data).ok()?.splitn(COUNT, '\n');
    Some(std::array::from_fn(|_| lines.next().unwrap_or_default()))
}
