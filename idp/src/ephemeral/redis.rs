//! Ephemeral storage that several nodes share, on servers that speak Redis' protocol. What is counted there is
//! counted here too, and the higher count holds: a server that has forgotten everything makes no limit wider for
//! the node that saw it. Nothing is kept for when it is out of reach: flows end then, with a friendly page.

use std::sync::Arc;

use async_trait::async_trait;
use redis::{ExistenceCheck, Expiry, Pipeline, SetExpiry, SetOptions, Value};
use time::{Duration, OffsetDateTime};

use super::link::Link;
use super::{Backend, EphemeralError, Key, Kind, Memory, Noted};
use crate::clock::SharedClock;
use crate::config;

/// Longer than anything is good that was used once; then nobody asks for the lives before any more.
const SINCE_SECONDS: u64 = 30 * 24 * 3600;

#[derive(Debug)]
pub struct Redis {
    link: Link,
    prefix: String,
    clock: SharedClock,
    /// What this node has counted itself.
    here: Memory,
}

impl Redis {
    /// Connects at the first use, and again whenever it has to.
    ///
    /// # Errors
    /// When the configuration can not be followed: a file that can not be read, an address that is none.
    pub fn new(config: &config::Redis, clock: SharedClock) -> anyhow::Result<Self> {
        let here = Memory::new(Arc::clone(&clock));
        Ok(Self { link: Link::new(config)?, prefix: config.prefix.clone(), clock, here })
    }

    /// A kind is called there what it is called here.
    fn key(&self, kind: Kind, key: Key) -> Vec<u8> {
        let mut name = format!("{}{kind:?}:", self.prefix).into_bytes();
        name.extend_from_slice(&key);
        name
    }

    /// What was used lies in one slot of a cluster, beside the moment since which it is remembered: they are lost
    /// together.
    fn used_key(&self, name: &str, key: &[u8]) -> Vec<u8> {
        let mut name = format!("{}{{used}}:{name}:", self.prefix).into_bytes();
        name.extend_from_slice(key);
        name
    }
}

fn for_a_while(ttl: Duration) -> SetExpiry {
    SetExpiry::PX(u64::try_from(ttl.whole_milliseconds()).unwrap_or(0).max(1))
}

/// Begins a count at nothing if there is none, and adds one.
fn count_in<'a>(pipe: &'a mut Pipeline, key: &[u8], window: Duration) -> &'a mut Pipeline {
    let begin =
        SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(for_a_while(window));
    pipe.set_options(key, 0, begin).ignore().incr(key, 1)
}

#[async_trait]
impl Backend for Redis {
    async fn put(&self, kind: Kind, key: Key, value: Vec<u8>, ttl: Duration) -> Result<(), EphemeralError> {
        let options = SetOptions::default().with_expiration(for_a_while(ttl));
        let mut pipe = redis::pipe();
        pipe.set_options(self.key(kind, key), value, options);
        let _: (Value,) = self.link.run(&pipe).await?;
        Ok(())
    }

    async fn get(&self, kind: Kind, key: Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        let mut pipe = redis::pipe();
        pipe.get(self.key(kind, key));
        let (found,) = self.link.run(&pipe).await?;
        Ok(found)
    }

    async fn take(&self, kind: Kind, key: Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        let mut pipe = redis::pipe();
        pipe.get_del(self.key(kind, key));
        let (found,) = self.link.run(&pipe).await?;
        Ok(found)
    }

    async fn count(&self, kind: Kind, key: Key, window: Duration) -> Result<u64, EphemeralError> {
        let here = self.here.count(kind, key, window).await?;
        let mut pipe = redis::pipe();
        count_in(pipe.atomic(), &self.key(kind, key), window);
        let (there,): (u64,) = self.link.run(&pipe).await?;
        Ok(here.max(there))
    }

    async fn note(&self, kind: Kind, key: Key, ttl: Duration) -> Result<Noted, EphemeralError> {
        // What was made within this very second may have been used just before all was forgotten.
        let next = self.clock.now().unix_timestamp() + 1;
        let used = self.used_key(&format!("{kind:?}"), &key);
        let pipe = |life: &str| {
            let since = self.used_key("since", life.as_bytes());
            let first = SetOptions::default()
                .conditional_set(ExistenceCheck::NX)
                .with_expiration(SetExpiry::EX(SINCE_SECONDS));
            let mut pipe = redis::pipe();
            count_in(pipe.atomic(), &used, ttl)
                .set_options(&since, next, first)
                .ignore()
                .get_ex(&since, Expiry::EX(SINCE_SECONDS));
            pipe
        };
        let (times, since): (u64, i64) = self.link.run_in(pipe).await?;
        let since = OffsetDateTime::from_unix_timestamp(since)
            .map_err(|_| EphemeralError::Unavailable("what it remembers since is no time".to_owned()))?;
        Ok(Noted { times, since })
    }

    async fn ping(&self) -> Result<(), EphemeralError> {
        // A server that only reads, or is full, answers other questions.
        let brief = SetOptions::default().with_expiration(SetExpiry::EX(1));
        let mut pipe = redis::pipe();
        pipe.set_options(format!("{}probe", self.prefix), 1, brief);
        let _: (Value,) = self.link.run(&pipe).await?;
        Ok(())
    }

    async fn evicts(&self) -> Result<bool, EphemeralError> {
        let mut pipe = redis::pipe();
        pipe.cmd("INFO").arg("memory");
        let (said,): (String,) = self.link.run(&pipe).await?;
        let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let bounded = value("maxmemory:").is_some_and(|bytes| bytes != "0");
        Ok(bounded && value("maxmemory_policy:").is_some_and(|policy| policy != "noeviction"))
    }
}
