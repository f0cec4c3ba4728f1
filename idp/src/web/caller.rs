//! Who calls an API of ours, as their access token says. Put into the request by the layer that has judged the token;
//! says nothing about rights.

use time::{Duration, OffsetDateTime};

use crate::model::client::Client;
use crate::model::moment::is_to_come;
use crate::model::scope::Scopes;
use crate::model::session::Method;
use crate::model::user::User;

#[derive(Debug, Clone)]
pub struct Caller {
    pub client: Client,
    pub scopes: Scopes,
    /// The person it speaks for; `None` when a client acts for itself.
    pub user: Option<User>,
    /// How and when that person proved to be themselves; `None` where somebody else vouched for them.
    pub proof: Option<(Method, OffsetDateTime)>,
    /// How the token was presented: `Bearer` or `DPoP`.
    pub scheme: &'static str,
}

impl Caller {
    /// Whether the person has shown two factors that they can show again.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.proof.is_some_and(|(method, _)| method.is_strong())
    }

    /// Whether the person has done so no longer ago than this.
    #[must_use]
    pub fn is_fresh(&self, now: OffsetDateTime, within: Duration) -> bool {
        self.is_strong() && self.proof.is_some_and(|(_, at)| now - at <= within && !is_to_come(at, now))
    }
}
