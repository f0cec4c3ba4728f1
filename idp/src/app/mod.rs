//! The long-lived parts, built once from the configuration and shared by every request. Holds them
//! and wires them; has no behaviour of its own.

mod conformance;
mod data_dir;
pub mod journal;
pub mod keys;
pub mod standing;
pub mod tls;

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, bail};
use bytes::Bytes;
use time::OffsetDateTime;

use self::data_dir::master_key;
use self::journal::Journal;
use self::standing::{Set, Standing};
use self::tls::Tls;
use crate::audit::{self, Actor, Event};
use crate::clock::SharedClock;
use crate::config::{Config, SecretText};
use crate::crypto::keyring::Keys;
use crate::crypto::passkey::RelyingParty;
use crate::crypto::password::PasswordWorkers;
use crate::crypto::random::Entropy;
use crate::crypto::sha256;
use crate::ephemeral::{Ephemeral, Memory, Redis};
use crate::http_client::HttpClient;
use crate::mail::{Mailer, Transport};
use crate::meter::Meters;
use crate::model::client::{Client, ClientId, ClientSecret, ClientSource};
use crate::model::ids::ClientSecretId;
use crate::model::user::Policy;
use crate::store::disk::Room;
use crate::store::{self, Store, Tx, client_secrets, clients};
use crate::theme::Theme;

pub use self::data_dir::{existing_master_key, prepare_data_dir};

#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub clock: SharedClock,
    pub entropy: Entropy,
    pub store: Store,
    pub ephemeral: Ephemeral,
    pub keys: Keys,
    pub secret_uses: client_secrets::Uses,
    pub passwords: PasswordWorkers,
    pub relying_party: RelyingParty,
    pub theme: Arc<Theme>,
    pub mail: Arc<Mailer>,
    pub transport: Transport,
    pub http: HttpClient,
    /// `None` where a proxy speaks TLS for us.
    pub tls: Option<Tls>,
    pub journal: Journal,
    pub meters: Meters,
    pub started_at: OffsetDateTime,
    pub standing: Standing,
    /// What we say about ourselves, once somebody has asked. It follows from the configuration alone.
    pub discovery: OnceLock<Bytes>,
    /// Cleared when shutting down, so that load balancers look elsewhere.
    ready: AtomicBool,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Reads the signing keys again if another node, or a command, changed them.
    ///
    /// # Errors
    /// When the database does not answer or a key is damaged.
    pub async fn refresh_keys(&self) -> anyhow::Result<()> {
        let stored = crate::store::keys::public_keys(&self.store).await?;
        if !self.keys.current().is_made_of(&stored) {
            self.keys.replace(keys::load(&self.store).await?);
        }
        Ok(())
    }

    /// As [`Self::refresh_keys`], after something that is done whatever becomes of this: it is tried again within a second.
    pub async fn take_up_keys(&self) {
        if let Err(error) = self.refresh_keys().await {
            tracing::warn!(error = format!("{error:#}"), "new signing keys could not be taken up yet");
        }
    }

    /// Learns which hashes of other programs there still are, so that wrong passwords all take as long.
    ///
    /// # Errors
    /// When the database does not answer, or the password workers are busy.
    pub async fn tend_passwords(&self) -> anyhow::Result<()> {
        let decoys = crate::store::passwords::imported_decoys(&self.store).await?;
        Ok(self.passwords.pad_for(decoys).await?)
    }

    /// Learns what was set in the console, here or on another node.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh_standing(&self) -> anyhow::Result<()> {
        let set = Set::read(&self.store).await?;
        self.mail.rename(&set.brand_name(&self.config));
        self.standing.replace(set);
        Ok(())
    }

    /// The rule for signing in that holds for everybody.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.standing.current().policy(&self.config)
    }

    /// What the service is called.
    #[must_use]
    pub fn brand_name(&self) -> String {
        self.standing.current().brand_name(&self.config)
    }

    /// Whether the embedded database can not grow.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        self.config.database.url.is_none() && Room::of(&self.config.data_dir).is_some_and(Room::is_none)
    }

    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }
}

impl App {
    /// Opens everything: data directory, master key, database, signing keys, declared clients.
    ///
    /// # Errors
    /// In one sentence for the person who starts the program.
    pub async fn build(config: Config, clock: SharedClock) -> anyhow::Result<Self> {
        Self::build_with(config, clock, |_| ()).await
    }

    /// As [`App::build`], with a look at the database before anything is asked of it.
    ///
    /// # Errors
    /// As [`App::build`].
    pub async fn build_with(
        config: Config,
        clock: SharedClock,
        opened: impl FnOnce(&mut Store),
    ) -> anyhow::Result<Self> {
        let (entropy, started_at) = (Entropy::of_the_system(), clock.now());
        let theme = Arc::new(Theme::load()?);
        let mail = Arc::new(Mailer::new(&config, Arc::clone(&theme), entropy));
        let transport = Transport::new(&config)?;
        let http = HttpClient::new(&config)?;
        let tls = config.http.tls.clone().map(Tls::open).transpose()?;
        let mut store = open_store(&config, &clock).await?;
        opened(&mut store);
        let keys = Keys::new(keys::first(&store, &clock).await?);
        declare_clients(&store, &config, (clock.now(), entropy)).await?;
        let passwords = PasswordWorkers::start(config.passwords.workers(), config.passwords.queue, entropy)?;
        let host = config.public_url.host().to_owned();
        let set = Set::read(&store).await?;
        let name = set.brand_name(&config);
        mail.rename(&name);
        let relying_party = RelyingParty::new(&host, &name, config.public_url.url())
            .with_context(|| format!("passkeys can not be used on {host}"))?;
        let parts = Parts {
            ephemeral: ephemeral(&config, &clock)?,
            config,
            clock,
            entropy,
            store,
            keys,
            secret_uses: client_secrets::Uses::default(),
            passwords,
            relying_party,
            theme,
            mail,
            transport,
            http,
            tls,
            journal: Journal::default(),
            meters: Meters::default(),
            started_at,
            standing: Standing::new(set),
            discovery: OnceLock::new(),
            ready: AtomicBool::new(true),
        };
        conformance::prepare(&parts).await?;
        parts.tend_passwords().await?;
        Ok(Self(Arc::new(parts)))
    }
}

/// Where ephemeral things are kept, which is looked for at the first use.
///
/// # Errors
/// When the configuration names what can not be.
pub fn ephemeral(config: &Config, clock: &SharedClock) -> anyhow::Result<Ephemeral> {
    let clock = Arc::clone(clock);
    Ok(match &config.redis {
        Some(redis) => Ephemeral::new(Redis::new(redis, clock)?),
        None => Ephemeral::new(Memory::new(clock)),
    })
}

/// The database alone, for commands that need no more.
///
/// # Errors
/// As [`App::build`].
pub async fn open_store(config: &Config, clock: &SharedClock) -> anyhow::Result<Store> {
    prepare_data_dir(&config.data_dir)?;
    let entropy = Entropy::of_the_system();
    let master = master_key(config, entropy)?;
    Ok(store::open(config, &master, clock, entropy).await?)
}

/// Brings the clients of the configuration file into the database, where all clients are found.
async fn declare_clients(
    store: &Store,
    config: &Config,
    (now, entropy): (OffsetDateTime, Entropy),
) -> anyhow::Result<()> {
    let tx = store.begin().await?;
    for declared in &config.clients {
        let known = clients::by_id(&tx, &declared.id).await?;
        if known.as_ref().is_some_and(|known| known.source != ClientSource::Config) {
            bail!(
                "The client {} exists already and is not the configuration's. Choose another id.",
                declared.id
            );
        }
        let client = Client {
            id: declared.id.clone(),
            settings: declared.settings.clone(),
            source: ClientSource::Config,
            disabled_at: None,
            created_at: known.as_ref().map_or(now, |known| known.created_at),
        };
        let same = known.as_ref() == Some(&client);
        let same_method =
            known.is_some_and(|known| known.settings.auth_method == client.settings.auth_method);
        if !same {
            clients::declare(&tx, &client).await?;
        }
        let secret = declared.secret.as_ref();
        if declare_secret(&tx, (&client, same_method), secret, (now, entropy)).await? || !same {
            note_declared(&tx, declared.id.clone(), true, now).await?;
        }
    }
    let ids: Vec<_> = config.clients.iter().map(|client| client.id.clone()).collect();
    for client in clients::disable_undeclared(&tx, &ids, now).await? {
        tracing::warn!(%client, "no longer declared in the configuration, and so disabled");
        note_declared(&tx, client, false, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Keeps the secret that the configuration has now, and says whether it is another one than before.
async fn declare_secret(
    tx: &Tx,
    (client, same_method): (&Client, bool),
    declared: Option<&SecretText>,
    (now, entropy): (OffsetDateTime, Entropy),
) -> anyhow::Result<bool> {
    let hash = declared.map(|secret| sha256(secret.expose().as_bytes()));
    let known = client_secrets::of(tx, &client.id).await?;
    if same_method && known.iter().map(|secret| secret.hash).eq(hash) {
        return Ok(false);
    }
    client_secrets::remove_all(tx, &client.id).await?;
    if let (Some(declared), Some(hash)) = (declared, hash) {
        let id = entropy.id(now, ClientSecretId::new)?;
        let new = ClientSecret { id, hash, created_at: now, expires_at: None, last_used_at: None };
        let shared = client.settings.auth_method.is_shared().then(|| declared.expose());
        client_secrets::insert(tx, &client.id, &new, shared).await?;
    }
    Ok(true)
}

async fn note_declared(tx: &Tx, client: ClientId, enabled: bool, now: OffsetDateTime) -> anyhow::Result<()> {
    let event = Event::ClientDeclared { client, enabled };
    Ok(audit::record(tx, now, Actor::Host, None, event).await?)
}
