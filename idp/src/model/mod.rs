//! The nouns of sign-in as pure types: what they are and which values are legal.
//! Never does I/O, never reads a clock, never knows HTTP or SQL.

pub mod attempt;
pub mod claims;
pub mod client;
pub mod credential;
pub mod grant;
pub mod ids;
pub mod jwks;
pub mod key;
pub mod link;
pub mod redirect_uri;
pub mod resource;
pub mod scope;
pub mod session;
pub mod user;

use std::fmt;

/// Why a piece of text is not the value it should be. `why` is a whole clause for a developer,
/// such as "must not contain a fragment".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub what: &'static str,
    pub why: &'static str,
}

impl Invalid {
    #[must_use]
    pub const fn new(what: &'static str, why: &'static str) -> Self {
        Self { what, why }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.why)
    }
}

impl std::error::Error for Invalid {}

/// A text newtype with private content: one `parse`, `as_str`, and the traits a value needs to be
/// stored, compared and shown.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The only way to make one.
            ///
            /// # Errors
            /// Says which rule of the type the text breaks.
            pub fn parse(text: &str) -> Result<Self, $crate::model::Invalid> {
                let parse: fn(&str) -> Result<String, $crate::model::Invalid> = $parse;
                parse(text).map(Self)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::model::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::model::Invalid;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}
pub(crate) use text_type;
