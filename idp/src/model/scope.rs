//! OAuth scopes (RFC 6749 §3.3) and sets of them.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Invalid, text_type};

text_type!(
    /// One scope token: 1 to 100 characters of RFC 6749 appendix A.4.
    Scope,
    |text| {
        let legal = |b: u8| b == 0x21 || (0x23..=0x5b).contains(&b) || (0x5d..=0x7e).contains(&b);
        if text.is_empty() || text.len() > 100 || !text.bytes().all(legal) {
            return Err(Invalid::new("scope", "must be 1 to 100 printable characters without spaces"));
        }
        Ok(text.to_owned())
    }
);

/// A set of scopes; order and repetition carry no meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    pub const OPENID: &'static str = "openid";
    pub const PROFILE: &'static str = "profile";
    pub const EMAIL: &'static str = "email";
    pub const OFFLINE_ACCESS: &'static str = "offline_access";

    /// Splits a `scope` parameter.
    ///
    /// # Errors
    /// When one of the tokens is malformed.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.split(' ').filter(|token| !token.is_empty()).map(Scope::parse).collect()
    }

    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|s| s.as_str() == scope)
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

    #[must_use]
    pub fn without(&self, scope: &str) -> Self {
        self.0.iter().filter(|s| s.as_str() != scope).cloned().collect()
    }

    /// Without those that are about a person.
    #[must_use]
    pub fn without_person(&self) -> Self {
        let about_a_person = [Self::OPENID, Self::PROFILE, Self::EMAIL, Self::OFFLINE_ACCESS];
        self.0.iter().filter(|scope| !about_a_person.contains(&scope.as_str())).cloned().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_do_not_matter() {
        assert_eq!(Scopes::parse("email  openid email").unwrap(), Scopes::parse("openid email").unwrap());
    }

    #[test]
    fn a_quote_or_a_backslash_is_no_scope() {
        for text in ["\"", "\\", "\u{e9}", "a\tb"] {
            assert!(Scopes::parse(text).is_err(), "{text:?}");
        }
    }
}
