//! What a completed authorization gave to a client, and the refresh tokens that keep it alive.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::authorization::AuthorizationDetails;
use super::claims::NamedClaims;
use super::client::{Client, ClientId};
use super::ids::{GrantId, OrganizationId, PasskeyId, RefreshTokenId, SessionId, UserId};
use super::key::Confirmation;
use super::moment::is_to_come;
use super::resource::Resources;
use super::scope::{Scope, Scopes};
use super::session::Method;

/// What somebody allowed an application: to know this about them, to act at these APIs, and this in detail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Permission {
    pub scopes: Scopes,
    pub resources: Resources,
    #[serde(default)]
    pub claims: NamedClaims,
    /// RFC 9396
    #[serde(default)]
    pub details: AuthorizationDetails,
}

impl Permission {
    /// Whether a consent that is remembered covers this, but for the details: those are never remembered, and whoever
    /// needs to know asks for them.
    #[must_use]
    pub fn is_covered_by(&self, other: &Self) -> bool {
        self.scopes.is_subset(&other.scopes)
            && self.resources.is_subset(&other.resources)
            && self.claims.is_subset(&other.claims)
    }

    /// Both together, as consents add up: without details.
    #[must_use]
    pub fn together_with(&self, other: &Self) -> Self {
        Self {
            scopes: self.scopes.union(&other.scopes),
            resources: self.resources.union(&other.resources),
            claims: self.claims.union(&other.claims),
            details: AuthorizationDetails::default(),
        }
    }

    /// What people are told about it: the scopes, and those that stand for claims asked for by name.
    #[must_use]
    pub fn told(&self) -> Scopes {
        let named = self.claims.scopes().into_iter().filter_map(|scope| Scope::parse(scope).ok());
        self.scopes.union(&named.collect())
    }

    /// Whether it is about the organization that somebody signs in for.
    #[must_use]
    pub fn asks_for_organization(&self) -> bool {
        self.told().contains(Scopes::ORGANIZATIONS)
    }

    /// What is left of it when the client may have no more than its registration says now.
    #[must_use]
    pub fn within(&self, client: &Client) -> Self {
        let settings = &client.settings;
        Self {
            scopes: self.scopes.intersection(&settings.scopes),
            resources: self.resources.intersection(&settings.resources),
            claims: self.claims.within(&settings.scopes),
            details: self.details.within(&settings.authorization_details_types),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub client_id: ClientId,
    pub user_id: UserId,
    pub session_id: SessionId,
    /// The passkey behind the session, if there was one: deleting it ends this grant, even one that
    /// outlives the session.
    pub passkey_id: Option<PasskeyId>,
    pub permission: Permission,
    /// The organization that its person chose, for as long as it lasts. It is worth something while they belong to it.
    pub organization: Option<OrganizationId>,
    /// What its holder has to prove: of a public client's refresh tokens.
    pub key: Option<Confirmation>,
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
        self.permission.scopes.contains(Scopes::OFFLINE_ACCESS)
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

impl RefreshToken {
    /// Whether its time is not over: neither its end has come, nor has it rested for too long. Of one that was made or used
    /// while a clock was ahead nobody knows.
    #[must_use]
    pub fn is_in_time(&self, now: OffsetDateTime, idle: Duration) -> bool {
        let known = !is_to_come(self.created_at, now) && !is_to_come(self.last_used_at, now);
        known && now < self.expires_at && now - self.last_used_at < idle
    }
}
