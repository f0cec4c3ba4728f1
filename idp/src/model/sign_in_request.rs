//! What an application asks a person who is somewhere else (CIBA Core 1.0): to sign in to it. It waits for their
//! answer, and is nothing without one.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::attempt::Approval;
use super::client::ClientId;
use super::grant::Permission;
use super::ids::{SignInRequestId, UserId};
use super::session::Assurance;
use super::{Invalid, text_type};

text_type!(
    /// CIBA §7.1: what the person sees at both places, to know that they belong together. Short and plain: letters and
    /// digits of any script, spaces and a few signs. No slash, so that it is no address that somebody would follow.
    BindingMessage,
    |text| {
        let legal = |c: char| c.is_alphanumeric() || " -_.,:#()+".contains(c);
        if text.trim().is_empty() || text.chars().count() > 64 || !text.chars().all(legal) {
            return Err(Invalid::new("binding_message", "must be 1 to 64 letters, digits, spaces and -_.,:#()+"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// CIBA §7.1 `client_notification_token`: what we show to the application when we call it, in the syntax of RFC
    /// 6750 §2.1.
    NotificationToken,
    |text| {
        let body = text.trim_end_matches('=');
        let legal = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        if body.is_empty() || text.len() > 1024 || !body.chars().all(legal) {
            return Err(Invalid::new("client_notification_token", "must be a bearer token of at most 1024 characters"));
        }
        Ok(text.to_owned())
    }
);

/// What the application wants to be told when the person has answered (CIBA §10.2). Both are secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    pub auth_req_id: String,
    pub token: NotificationToken,
}

impl fmt::Debug for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ping(…)")
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub permission: Permission,
    /// The organization that the application named, as it was sent.
    #[serde(default)]
    pub organization: Option<String>,
    /// How certain the application wants to be.
    pub assurance: Option<Assurance>,
    pub binding_message: Option<BindingMessage>,
    pub ping: Option<Ping>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    Allowed(Approval),
    Denied,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRequest {
    pub id: SignInRequestId,
    pub client_id: ClientId,
    /// Whom it is put to. Nobody at first, and for good where nobody has the address that was named.
    pub user_id: Option<UserId>,
    pub asked: Asked,
    pub decision: Option<Decision>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIBA §7.1: "a limited set of plain text characters"
    #[test]
    fn a_binding_message_is_short_and_plain() {
        for text in ["W4SCT", "Desk 3: 14:05 (Müller)", "薬局 #7"] {
            assert!(BindingMessage::parse(text).is_ok(), "{text:?}");
        }
        let long = "x".repeat(65);
        for text in ["", "   ", &long, "a\nb", "<b>", "https://evil.example", "a\u{202e}b", "a\u{0}"] {
            assert!(BindingMessage::parse(text).is_err(), "{text:?}");
        }
    }

    /// CIBA §7.1, RFC 6750 §2.1
    #[test]
    fn a_notification_token_is_a_bearer_token() {
        for text in ["8d67dc78-7faa-4d41-aabd-67707b374255", "abc+/~.==", &"a".repeat(1024)] {
            assert!(NotificationToken::parse(text).is_ok(), "{text:?}");
        }
        for text in ["", "==", "a b", "a\r\nx: y", "a=b", &"a".repeat(1025)] {
            assert!(NotificationToken::parse(text).is_err(), "{text:?}");
        }
    }
}
