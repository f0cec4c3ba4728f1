//! What operators have set in the console for the whole service, as this process knows it: read again at once after a
//! change here, and by `jobs` soon after one elsewhere. What the configuration says has the last word.

use std::sync::{Arc, PoisonError, RwLock};

use crate::config::Config;
use crate::model::brand::Brand;
use crate::model::user::Policy;
use crate::store::{Read, Result, StoreError, brands, settings};

/// The setting of the service's name, and of its rule for signing in.
pub const BRAND_NAME: &str = "brand.name";
pub const POLICY: &str = "sign_in.policy";

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Set {
    pub brand: Brand,
    pub policy: Option<Policy>,
}

impl Set {
    /// What can not be read, as after a change by hand, stops nobody: a look is ours then, and the rule the strictest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(db: &impl Read) -> Result<Self> {
        let brand = match brands::get(db, None).await {
            Err(StoreError::Damaged(what)) => {
                tracing::error!(what, "the look of the service can not be read; it is set to the default");
                Brand::default()
            }
            found => found?.unwrap_or_default(),
        };
        let policy = match settings::policy(db).await {
            Err(StoreError::Damaged(what)) => {
                tracing::error!(what, "the rule for logging in can not be read; the strictest holds");
                Policy::ALL.last().copied()
            }
            found => found?,
        };
        Ok(Self { brand, policy })
    }

    /// The rule for everybody.
    #[must_use]
    pub fn policy(&self, config: &Config) -> Policy {
        self.policy.filter(|_| config.place_of(POLICY).is_none()).unwrap_or(config.sign_in.policy)
    }

    #[must_use]
    pub fn brand_name(&self, config: &Config) -> String {
        match &self.brand.name {
            Some(name) if config.place_of(BRAND_NAME).is_none() => name.to_string(),
            _ => config.brand.name.clone(),
        }
    }
}

#[derive(Debug)]
pub struct Standing(RwLock<Arc<Set>>);

impl Standing {
    #[must_use]
    pub(super) fn new(set: Set) -> Self {
        Self(RwLock::new(Arc::new(set)))
    }

    #[must_use]
    pub fn current(&self) -> Arc<Set> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, set: Set) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }
}
