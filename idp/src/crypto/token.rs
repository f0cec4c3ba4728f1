//! Random secrets that are handed out once and kept only as a hash. Each kind has a prefix, so that
//! leak scanners know it and one kind can not be passed off as another, and a checksum, so that a
//! mistyped one is refused without a look-up.

use std::fmt;

use zeroize::Zeroizing;

use super::random::{Entropy, NoEntropy};
use super::{base64url, sha256};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    AuthorizationCode,
    DeviceCode,
    /// An `auth_req_id` (CIBA).
    SignInRequest,
    RefreshToken,
    ClientSecret,
    /// With it an application may register.
    InitialAccess,
    /// With it an application changes its registration.
    Registration,
    Session,
    AccountSession,
    Browser,
    SetUp,
    ResetPassword,
    ConfirmEmail,
    Access,
    /// With it somebody makes an account.
    SignUp,
    /// With it somebody joins an organization.
    Invitation,
}

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "idp_co_",
            Self::DeviceCode => "idp_dc_",
            Self::SignInRequest => "idp_ar_",
            Self::RefreshToken => "idp_rt_",
            Self::ClientSecret => "idp_cs_",
            Self::InitialAccess => "idp_ia_",
            Self::Registration => "idp_ra_",
            Self::Session => "idp_se_",
            Self::AccountSession => "idp_as_",
            Self::Browser => "idp_br_",
            Self::SetUp => "idp_su_",
            Self::ResetPassword => "idp_pr_",
            Self::ConfirmEmail => "idp_ce_",
            Self::Access => "idp_al_",
            Self::SignUp => "idp_na_",
            Self::Invitation => "idp_in_",
        }
    }
}

/// SHA-256 of a whole token: what is stored and looked up. 256 random bits need no slow hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// A token in clear. Shows itself only by [`Token::expose`] and is wiped when dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

const RANDOM_CHARS: usize = 43;

impl Token {
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate(kind: TokenKind, entropy: Entropy) -> Result<Self, NoEntropy> {
        let random = base64url::encode(entropy.bytes::<32>()?);
        let body = format!("{}{random}", kind.prefix());
        let sum = checksum(&body);
        Ok(Self(Zeroizing::new(body + &sum)))
    }

    /// A presented token, if it has the form of its kind.
    #[must_use]
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let length = kind.prefix().len() + RANDOM_CHARS;
        let (body, sum) = (text.get(..length)?, text.get(length..)?);
        (body.starts_with(kind.prefix()) && checksum(body) == sum)
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(self.0.as_bytes()))
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Four bytes against typing errors, not against forgery.
fn checksum(body: &str) -> String {
    let [a, b, c, d, ..] = sha256(body.as_bytes());
    base64url::encode([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_its_own_kind_only() {
        let token = Token::generate(TokenKind::RefreshToken, Entropy::of_the_system()).unwrap();
        assert_eq!(Token::parse(TokenKind::RefreshToken, token.expose()).unwrap().hash(), token.hash());
        assert!(Token::parse(TokenKind::AuthorizationCode, token.expose()).is_none());
    }

    /// Checklist 14: 32 random bytes in every kind, and no two alike.
    #[test]
    fn every_kind_has_thirty_two_random_bytes() {
        use TokenKind as Kind;
        for kind in [
            Kind::AuthorizationCode,
            Kind::DeviceCode,
            Kind::SignInRequest,
            Kind::RefreshToken,
            Kind::ClientSecret,
            Kind::InitialAccess,
            Kind::Registration,
            Kind::Session,
            Kind::AccountSession,
            Kind::Browser,
            Kind::SetUp,
            Kind::ResetPassword,
            Kind::ConfirmEmail,
            Kind::Access,
            Kind::SignUp,
        ] {
            let made = || Token::generate(kind, Entropy::of_the_system()).unwrap();
            let (one, other) = (made(), made());
            let (random, sum) = one.expose().strip_prefix(kind.prefix()).unwrap().split_at(43);
            assert_eq!(sum, checksum(&format!("{}{random}", kind.prefix())), "{kind:?}");
            assert!(base64url::decode(random).is_some_and(|bytes| bytes.len() == 32), "{kind:?}");
            assert_ne!(one.expose()[7..50], other.expose()[7..50], "{kind:?}");
        }
    }

    /// S5
    #[test]
    fn a_mistyped_token_is_refused_by_its_checksum() {
        let token = Token::generate(TokenKind::Session, Entropy::of_the_system()).unwrap();
        let mut typed = token.expose().to_owned();
        let last = if typed.ends_with('A') { "B" } else { "A" };
        typed.replace_range(typed.len() - 1.., last);
        assert!(Token::parse(TokenKind::Session, &typed).is_none());
        for text in ["", "idp_se_", "idp_se_\u{e9}", &"x".repeat(5000)] {
            assert!(Token::parse(TokenKind::Session, text).is_none());
        }
    }

    /// S9
    #[test]
    fn a_token_does_not_show_itself() {
        let token = Token::generate(TokenKind::Session, Entropy::of_the_system()).unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
