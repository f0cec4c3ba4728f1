//! Who may vouch for people at a client (RFC 7523 §2.1): somebody whom the operator trusts to say who is meant.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::jwks::Jwks;
use crate::model::redirect_uri::is_https_or_loopback;
use crate::model::{Invalid, text_type};

text_type!(
    /// The `iss` of assertions, compared byte by byte: https, or http on loopback. Therefore never what a client
    /// could be called.
    VoucherName,
    |text| {
        let good = Url::parse(text).is_ok_and(|url| is_https_or_loopback(&url));
        if !good || text.len() > 500 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Invalid::new("issuer", "must be an https address (http only on loopback)"));
        }
        Ok(text.to_owned())
    }
);

/// An issuer of assertions and its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    pub issuer: VoucherName,
    pub jwks: Jwks,
    #[serde(default)]
    pub people: PeopleBy,
}

/// What the `sub` of an assertion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeopleBy {
    /// The identifier that a person has here.
    #[default]
    Sub,
    /// The address that they have confirmed here.
    Email,
}
