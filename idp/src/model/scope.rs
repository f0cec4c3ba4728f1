//! OAuth scopes (RFC 6749 §3.3) and sets of them.

use super::{Invalid, text_set, text_type};

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

text_set!(
    /// Scopes of a request, a grant or a client.
    Scopes of Scope
);

impl Scopes {
    pub const OPENID: &'static str = "openid";
    pub const PROFILE: &'static str = "profile";
    pub const EMAIL: &'static str = "email";
    pub const PHONE: &'static str = "phone";
    pub const ADDRESS: &'static str = "address";
    pub const OFFLINE_ACCESS: &'static str = "offline_access";
    /// Our own: the organization that somebody signs in for, and what they are there.
    pub const ORGANIZATIONS: &'static str = "organizations";

    /// Those that are about a person, most of them as OpenID Connect names them; all others are an API's.
    pub const OF_PERSON: [&'static str; 7] = [
        Self::OPENID,
        Self::PROFILE,
        Self::EMAIL,
        Self::PHONE,
        Self::ADDRESS,
        Self::OFFLINE_ACCESS,
        Self::ORGANIZATIONS,
    ];

    #[must_use]
    pub fn without(&self, scope: &str) -> Self {
        self.iter().filter(|known| known.as_str() != scope).cloned().collect()
    }

    /// Without those that are about a person.
    #[must_use]
    pub fn without_person(&self) -> Self {
        self.iter().filter(|scope| !Self::OF_PERSON.contains(&scope.as_str())).cloned().collect()
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
