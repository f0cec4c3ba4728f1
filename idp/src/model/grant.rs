//! What a completed authorization gave to a client, and the refresh tokens that keep it alive.

use time::OffsetDateTime;

use super::client::ClientId;
use super::ids::{GrantId, PasskeyId, RefreshTokenId, SessionId, UserId};
use super::scope::Scopes;
use super::session::Method;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub client_id: ClientId,
    pub user_id: UserId,
    pub session_id: SessionId,
    /// The passkey behind the session, if there was one: deleting it ends this grant, even one that
    /// outlives the session.
    pub passkey_id: Option<PasskeyId>,
    pub scopes: Scopes,
    /// Of the sign-in that this grant came from; a refresh never changes them (OIDC Core §12.2).
    pub method: Method,
    pub authenticated_at: OffsetDateTime,
    pub created_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}

impl Grant {
    /// With `offline_access` a grant outlives the browser session it came from.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.scopes.contains(Scopes::OFFLINE_ACCESS)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub id: RefreshTokenId,
    pub grant_id: GrantId,
    pub created_at: OffsetDateTime,
    pub last_used_at: OffsetDateTime,
    /// The absolute end, inherited by every successor.
    pub expires_at: OffsetDateTime,
    /// When a successor took its place (rotation), and that successor, sealed: shown again to a
    /// client whose answer was lost.
    pub rotated_at: Option<OffsetDateTime>,
    pub successor: Option<Vec<u8>>,
}
