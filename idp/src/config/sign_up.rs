//! The section `[sign_up]`: whether people may make accounts themselves, and who.

use serde::{Deserialize, Deserializer};

use crate::model::user::Email;

/// People who make their own accounts.
#[derive(Debug, Clone, Deserialize)]
pub struct SignUp {
    /// Anybody who reads a mailbox may.
    pub open: bool,
    /// Of which the address has to be; empty: any.
    #[serde(deserialize_with = "domains")]
    allowed_domains: Vec<String>,
}

impl SignUp {
    /// Whether somebody with this address may have an account. The domain counts as a whole: what stands
    /// below it is another one.
    #[must_use]
    pub fn admits(&self, email: &Email) -> bool {
        let domain = email.as_str().rsplit('@').next().unwrap_or_default();
        self.allowed_domains.is_empty() || self.allowed_domains.iter().any(|allowed| allowed == domain)
    }
}

fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let read = |text: String| match Email::parse(&format!("somebody@{text}")) {
        Ok(email) if !text.contains('@') => Ok(email.as_str().trim_start_matches("somebody@").to_owned()),
        _ => Err(serde::de::Error::custom(format!("{text:?} is no domain such as clinic.example"))),
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}
