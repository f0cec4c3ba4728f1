//! The administration API: how often it may be called, and which programs may do what there for themselves.

use serde::Deserialize;

use super::DeclaredClient;
use super::values::up_to;
use crate::model::api::AdminScope;
use crate::model::client::ClientType;
use crate::model::resource::Resource;
use crate::model::scope::{Scope, Scopes};

#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Api {
    #[serde(deserialize_with = "up_to::<_, 1000000>")]
    calls_per_minute: usize,
}

impl Api {
    /// Of one person or one application.
    #[must_use]
    pub fn calls_per_minute(self) -> u64 {
        u64::try_from(self.calls_per_minute).unwrap_or(u64::MAX)
    }
}

impl DeclaredClient {
    /// One that administers may ask tokens for that: nobody has to say it twice.
    pub(super) fn for_the_api(mut self, api: &Resource) -> Self {
        if !self.administers.is_empty() {
            self.settings.scopes = self.settings.scopes.union(&self.administers);
            let resources = self.settings.resources.iter().cloned();
            self.settings.resources = resources.chain([api.clone()]).collect();
        }
        self
    }
}

/// What a program is given there, or what is wrong with it and what to do about that.
pub(super) fn given(scopes: &[Scope], client_type: ClientType) -> Result<Scopes, (String, &'static str)> {
    if !scopes.is_empty() && client_type != ClientType::Machine {
        let remedy = "Give it the scopes and the resource instead: through it people do what they may.";
        return Err(("administers is for type machine.".to_owned(), remedy));
    }
    match scopes.iter().find(|scope| AdminScope::named(scope.as_str()).is_none()) {
        Some(unknown) => Err((format!("administers has {unknown}, which is no scope of the API."), "")),
        None => Ok(scopes.iter().cloned().collect()),
    }
}
