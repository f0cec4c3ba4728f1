//! The nouns of sign-in as pure types: what they are and which values are legal.
//! Never does I/O, never reads a clock, never knows HTTP or SQL.

pub mod api;
pub mod attempt;
pub mod authorization;
pub mod brand;
pub mod certificate;
pub mod claims;
pub mod client;
pub mod credential;
pub mod details;
pub mod grant;
pub mod ids;
pub mod jwks;
pub mod key;
pub mod link;
pub mod moment;
pub mod network;
pub mod organization;
pub mod picture;
pub mod redirect_uri;
pub mod resource;
pub mod scope;
pub mod session;
pub mod sign_in_request;
pub mod sign_up;
pub mod trace;
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

/// A set of such texts; order and repetition carry no meaning. Written and read with spaces between them.
macro_rules! text_set {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::collections::BTreeSet<$item>);

        impl $name {
            /// # Errors
            /// When one of them is malformed.
            pub fn parse(text: &str) -> Result<Self, $crate::model::Invalid> {
                text.split(' ').filter(|part| !part.is_empty()).map($item::parse).collect()
            }

            #[must_use]
            pub fn contains(&self, text: &str) -> bool {
                self.0.iter().any(|known| known.as_str() == text)
            }

            #[must_use]
            pub fn is_subset(&self, other: &Self) -> bool {
                self.0.is_subset(&other.0)
            }

            #[must_use]
            pub fn intersection(&self, other: &Self) -> Self {
                self.0.intersection(&other.0).cloned().collect()
            }

            #[must_use]
            pub fn union(&self, other: &Self) -> Self {
                self.0.union(&other.0).cloned().collect()
            }

            pub fn iter(&self) -> impl Iterator<Item = &$item> {
                self.0.iter()
            }

            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            #[must_use]
            pub fn len(&self) -> usize {
                self.0.len()
            }
        }

        impl FromIterator<$item> for $name {
            fn from_iter<I: IntoIterator<Item = $item>>(iter: I) -> Self {
                Self(iter.into_iter().collect())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                for (index, item) in self.0.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    f.write_str(item.as_str())?;
                }
                Ok(())
            }
        }
    };
}
pub(crate) use text_set;
