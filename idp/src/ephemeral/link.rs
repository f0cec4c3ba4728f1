//! The connection to the servers of [`super::redis`]: made when it is needed, shared by everybody, dropped and made
//! anew when it breaks. Knows where the servers are and nothing of what is said.

use std::sync::Arc;

use anyhow::Context;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline,
    RedisError, RedisResult, ServerErrorKind, TlsCertificates,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::EphemeralError;
use crate::config::{self, RedisKind};

type Seconds = std::time::Duration;

/// Nobody in front of a page waits longer than this for one answer…
const ANSWER: Seconds = Seconds::from_millis(500);
/// …or than this for a connection.
const CONNECT: Seconds = Seconds::from_secs(1);
/// Looking for a master, and a cluster for its nodes, is several connections.
const FIND: Seconds = Seconds::from_secs(2);
/// After a vain attempt to connect the next one waits: whoever comes in between is told at once.
const PAUSE: Seconds = Seconds::from_millis(250);

#[derive(Debug)]
pub(super) struct Link {
    servers: Servers,
    state: Mutex<State>,
}

enum Servers {
    Single(Box<Client>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Single(_) => "Single",
            Self::Sentinel(_) => "Sentinel",
            Self::Cluster(_) => "Cluster",
        })
    }
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Connection>,
    /// Counts the connections, so that only the one that broke is dropped.
    made: u64,
    failed: Option<(Instant, String)>,
    life: Arc<str>,
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Many(ClusterConnection),
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection(…)")
    }
}

impl Link {
    pub(super) fn new(config: &config::Redis) -> anyhow::Result<Self> {
        let certificates = match &config.ca_file {
            None => None,
            Some(path) => {
                let pem = std::fs::read(path)
                    .with_context(|| format!("redis.ca_file {} can not be read", path.display()))?;
                Some(TlsCertificates { client_tls: None, root_cert: Some(pem) })
            }
        };
        let servers = Servers::new(config, certificates).context("redis.url can not be used")?;
        Ok(Self { servers, state: Mutex::default() })
    }

    /// Asks once, and once more if the connection turned out to be gone. What is counted or taken twice that way is
    /// one too many or nothing, and never too few.
    pub(super) async fn run<T: FromRedisValue>(&self, pipe: &Pipeline) -> Result<T, EphemeralError> {
        self.run_in(|_| pipe.clone()).await
    }

    /// The same with something that is for this life of the server only: what one remembers that was started anew, or
    /// took another's place, is not what the one before knew. A cluster has several lives, and none that is told.
    pub(super) async fn run_in<T: FromRedisValue>(
        &self,
        pipe: impl Fn(&str) -> Pipeline,
    ) -> Result<T, EphemeralError> {
        match self.attempt(&pipe).await {
            Err(Failure::Gone) => self.attempt(&pipe).await,
            other => other,
        }
        .map_err(|failure| {
            EphemeralError::Unavailable(match failure {
                Failure::Gone => "the connection to Redis was lost".to_owned(),
                Failure::Other(why) => why,
            })
        })
    }

    async fn attempt<T: FromRedisValue>(&self, pipe: &impl Fn(&str) -> Pipeline) -> Result<T, Failure> {
        let (mut connection, number, life) = self.connection().await.map_err(Failure::Other)?;
        let pipe = pipe(&life);
        let answer = match &mut connection {
            Connection::One(connection) => pipe.query_async(connection).await,
            Connection::Many(connection) => pipe.query_async(connection).await,
        };
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if is_broken(&connection, &error) {
            let mut state = self.state.lock().await;
            if state.made == number {
                state.connection = None;
            }
        }
        Err(if error.is_connection_dropped() { Failure::Gone } else { Failure::Other(said(&error)) })
    }

    /// The connection, its number, and the life of the server at its end. One caller connects, the others wait for that.
    async fn connection(&self) -> Result<(Connection, u64, Arc<str>), String> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok((connection.clone(), state.made, Arc::clone(&state.life)));
        }
        if let Some((at, why)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(why.clone());
        }
        match self.servers.connect().await {
            Ok((connection, life)) => {
                state.connection = Some(connection.clone());
                state.made += 1;
                state.life = life.into();
                state.failed = None;
                Ok((connection, state.made, Arc::clone(&state.life)))
            }
            Err(why) => {
                state.failed = Some((Instant::now(), why.clone()));
                Err(why)
            }
        }
    }
}

enum Failure {
    /// Nobody knows whether what was asked was done.
    Gone,
    Other(String),
}

impl Servers {
    fn new(config: &config::Redis, certificates: Option<TlsCertificates>) -> RedisResult<Self> {
        let infos = config.servers.iter().map(|url| info(url.expose())).collect::<RedisResult<Vec<_>>>()?;
        Ok(match &config.kind {
            RedisKind::Single => {
                let Some(info) = infos.into_iter().next() else {
                    return Err((ErrorKind::InvalidClientConfig, "no server is named").into());
                };
                Self::Single(Box::new(match certificates {
                    Some(certificates) => Client::build_with_tls(info, certificates)?,
                    None => Client::open(info)?,
                }))
            }
            RedisKind::Sentinel { master, password } => {
                let password = password.as_ref().map(config::SecretText::expose);
                Self::Sentinel(Box::new(Mutex::new(sentinels(&infos, (master, password), certificates)?)))
            }
            RedisKind::Cluster => {
                let mut builder = ClusterClient::builder(infos)
                    .connection_timeout(CONNECT)
                    .response_timeout(ANSWER)
                    .overall_response_timeout(Some(CONNECT))
                    .retries(2)
                    .tcp_settings(tcp());
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                Self::Cluster(Box::new(builder.build()?))
            }
        })
    }

    async fn connect(&self) -> Result<(Connection, String), String> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connecting = async {
            let mut made = match self {
                Self::Single(client) => client.get_multiplexed_async_connection_with_config(&config).await?,
                Self::Sentinel(client) => {
                    client.lock().await.get_async_connection_with_config(&config).await?
                }
                Self::Cluster(client) => {
                    return Ok((Connection::Many(client.get_async_connection().await?), String::new()));
                }
            };
            let life = life_of(&mut made).await?;
            Ok((Connection::One(made), life))
        };
        match timeout(FIND, connecting).await {
            Ok(made) => made.map_err(|error| said(&error)),
            Err(_) => Err("Redis does not answer".to_owned()),
        }
    }
}

/// What a server calls itself from its start to its end. Who may not ask has no name for it.
async fn life_of(connection: &mut MultiplexedConnection) -> RedisResult<String> {
    let said: RedisResult<String> = redis::cmd("INFO").arg("server").query_async(connection).await;
    match said {
        Ok(said) => {
            let named = said.lines().find_map(|line| line.strip_prefix("run_id:"));
            Ok(named.unwrap_or_default().trim().to_owned())
        }
        Err(error) if error.is_io_error() => Err(error),
        Err(_) => Ok(String::new()),
    }
}

/// The names, passwords and the database in the first address are those of the master itself.
fn sentinels(
    infos: &[ConnectionInfo],
    (master, password): (&str, Option<&str>),
    certificates: Option<TlsCertificates>,
) -> RedisResult<SentinelClient> {
    let addresses = infos.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
        .set_client_to_redis_tcp_settings(tcp())
        .set_client_to_sentinel_tcp_settings(tcp());
    if let Some(first) = infos.first() {
        let settings = first.redis_settings();
        builder = builder.set_client_to_redis_db(settings.db());
        if let Some(user) = settings.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if matches!(first.addr(), redis::ConnectionAddr::TcpTls { .. }) {
            builder = builder.set_client_to_redis_tls_mode(redis::TlsMode::Secure);
        }
    }
    if let Some(password) = password {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(certificates) = certificates {
        builder = builder
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    builder.build()
}

fn info(url: &str) -> RedisResult<ConnectionInfo> {
    Ok(url.into_connection_info()?.set_tcp_settings(tcp()))
}

fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// Whether the next one should have another connection: this one is gone, answers nothing, or leads to a server that
/// is no master any more, which inside a transaction is said beneath its end.
fn is_broken(connection: &Connection, error: &RedisError) -> bool {
    if matches!(connection, Connection::Many(_)) {
        // It looks after its nodes itself: one that is slow is no reason to look for all of them again.
        return matches!(error.kind(), ErrorKind::ClusterConnectionNotFound)
            || error.is_unrecoverable_error();
    }
    let no_master = |said: &redis::ServerError| {
        matches!(said.kind(), Some(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown))
    };
    let beneath = error.clone().into_server_errors();
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown))
        || beneath.is_some_and(|all| all.iter().any(|(_, said)| no_master(said)))
}

/// What it said; never what it was asked.
fn said(error: &RedisError) -> String {
    format!("Redis: {error}")
}
