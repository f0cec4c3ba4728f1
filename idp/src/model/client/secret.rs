//! What a confidential client proves itself with. Two can be good at once, so that an application changes over
//! without a moment in which it is locked out.

use time::OffsetDateTime;

use crate::model::ids::ClientSecretId;

/// So many are good at once.
pub const LIVE_SECRETS: usize = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    pub id: ClientSecretId,
    /// SHA-256.
    pub hash: [u8; 32],
    pub created_at: OffsetDateTime,
    pub expires_at: Option<OffsetDateTime>,
    /// To the hour.
    pub last_used_at: Option<OffsetDateTime>,
}

impl ClientSecret {
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}
