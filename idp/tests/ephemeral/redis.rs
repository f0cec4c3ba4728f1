//! The same contract on real servers: one, one behind sentinels, a cluster, and over TLS; and what holds when they
//! forget, hang or end.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use idp::clock::{Clock, SharedClock, TestClock};
use idp::config::{Config, Redis as Settings};
use idp::ephemeral::{Backend, Ephemeral, EphemeralError, Kind, Redis};
use time::Duration;

use super::{KEY, Subject, clock, contract};
use crate::support::TempDir;
use crate::support::certificates::Authority;
use crate::support::redis::RedisServer;

/// The section `[redis]`, as somebody writes it.
fn settings(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let dir = TempDir::new("redis-settings");
    let named = |&(name, value): &(&str, &str)| (format!("IDP_REDIS__{name}"), value.to_owned());
    let mut environment: Vec<_> = variables.iter().map(named).collect();
    environment.push(("IDP_DATA_DIR".to_owned(), dir.0.display().to_string()));
    let config = Config::from_sources(None, environment).map_err(|problems| problems.to_string())?;
    config.redis.ok_or_else(|| "there is no Redis in it".to_owned())
}

fn backend(variables: &[(&str, &str)], clock: &Arc<TestClock>) -> Arc<dyn Backend> {
    let settings = settings(variables).unwrap();
    Arc::new(Redis::new(&settings, Arc::clone(clock) as SharedClock).unwrap())
}

fn subject(variables: &[(&str, &str)], servers: Vec<RedisServer>) -> Subject {
    let clock = clock();
    Subject { backend: backend(variables, &clock), clock, servers }
}

fn single() -> Option<Subject> {
    let server = RedisServer::single()?;
    let url = server.url();
    Some(subject(&[("URL", &url)], vec![server]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_keeps_the_contract() {
    if let Some(subject) = single() {
        contract(&subject).await;
    }
}

/// Where others use the same server, with a password, a name and a database of our own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_a_password_and_a_prefix_are_used() {
    let Some(server) =
        RedisServer::start(&["--user", "portico", "on", ">a%b", "~clinic:*", "+@all", "-@dangerous"])
    else {
        return;
    };
    server.wait();
    let url = format!("redis://portico:a%25b@127.0.0.1:{}/3", server.port);
    let subject = subject(&[("URL", &url), ("PREFIX", "clinic:")], Vec::new());
    subject.backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await.unwrap();
    assert_eq!(subject.backend.take(Kind::Code, KEY).await.unwrap().as_deref(), Some(b"code".as_slice()));
    let elsewhere = settings(&[("URL", &url), ("PREFIX", "other:")]).unwrap();
    let elsewhere = Redis::new(&elsewhere, clock() as SharedClock).unwrap();
    let refused = elsewhere.get(Kind::Code, KEY).await.unwrap_err();
    assert!(refused.to_string().contains("NoPerm"), "{refused}");
    assert!(!refused.to_string().contains("a%b"), "a password in an error");
}

/// Over TLS, and only with the authority that was named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_keeps_the_contract() {
    let files = TempDir::new("redis-tls");
    let authority = Authority::new("Redis of the clinic");
    let (certificate, key) = authority.server().write(&files.0);
    let ca = files.0.join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let path = |path: &Path| path.display().to_string();
    let (certificate, key, ca) = (path(&certificate), path(&key), path(&ca));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let Some(server) = RedisServer::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ]) else {
        return;
    };
    server.wait();
    let url = format!("rediss://localhost:{port}");
    let unknown = settings(&[("URL", &url)]).unwrap();
    let unknown = Redis::new(&unknown, clock() as SharedClock).unwrap();
    assert!(unknown.ping().await.is_err(), "a certificate that nobody vouches for was taken");
    contract(&subject(&[("URL", &url), ("CA_FILE", &ca)], vec![server])).await;
}

/// The master is found by its sentinels, and found again when another has taken its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_lead_to_the_master() {
    let Some(mut master) = RedisServer::single() else {
        return;
    };
    let second = RedisServer::start(&["--replicaof", "127.0.0.1", &master.port.to_string()]).unwrap();
    second.wait();
    let watch = sentinel_file(second.dir(), master.port);
    let sentinel = RedisServer::start(&[&watch, "--sentinel"]).unwrap();
    sentinel.wait();
    eventually("the replica is known", || {
        let replicas: Vec<redis::Value> = sentinel.ask(&["SENTINEL", "REPLICAS", "clinic"]).unwrap();
        let linked: String = second.ask(&["INFO", "replication"]).unwrap();
        replicas.len() == 1 && linked.contains("master_link_status:up")
    });
    let clock = clock();
    let url = sentinel.url();
    let backend = backend(&[("URL", &url), ("KIND", "sentinel"), ("SENTINEL_MASTER", "clinic")], &clock);
    backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await.unwrap();
    assert!(master.ask::<Vec<Vec<u8>>>(&["KEYS", "*"]).unwrap().len() == 1, "it lies on the master");
    master.stop();
    let mut found = false;
    for _ in 0..100 {
        if backend.put(Kind::Code, KEY, b"new".to_vec(), Duration::MINUTE).await.is_ok() {
            found = true;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert!(found, "the new master was not found");
    assert_eq!(backend.take(Kind::Code, KEY).await.unwrap().as_deref(), Some(b"new".as_slice()));
}

fn sentinel_file(dir: &Path, master: u16) -> String {
    let path = dir.join("sentinel.conf");
    let text = format!(
        "sentinel monitor clinic 127.0.0.1 {master} 1\n\
         sentinel down-after-milliseconds clinic 500\n\
         sentinel failover-timeout clinic 4000\n"
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_the_contract() {
    let nodes: Vec<_> = (0..3)
        .map_while(|_| RedisServer::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]))
        .collect();
    let [first, second, third] = nodes.as_slice() else { return };
    for (node, from, to, epoch) in
        [(first, "0", "5460", "1"), (second, "5461", "10922", "2"), (third, "10923", "16383", "3")]
    {
        node.wait();
        let _: () = node.ask(&["CLUSTER", "ADDSLOTSRANGE", from, to]).unwrap();
        let _: () = node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", epoch]).unwrap();
    }
    for node in [second, third] {
        let _: () = first.ask(&["CLUSTER", "MEET", "127.0.0.1", &node.port.to_string()]).unwrap();
    }
    eventually("the cluster is whole", || {
        nodes.iter().all(|node| {
            let info: String = node.ask(&["CLUSTER", "INFO"]).unwrap();
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
    });
    let url = format!("{},{}", first.url(), second.url());
    contract(&subject(&[("URL", &url), ("KIND", "cluster")], nodes)).await;
}

/// T5: a server that has forgotten everything makes no limit wider for the node that saw it, and nothing that was
/// used can be used again, by way of another node either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_server_loosens_nothing() {
    let Some(subject) = single() else { return };
    let server = &subject.servers[0];
    let url = server.url();
    let one =
        Ephemeral::new(Redis::new(&settings(&[("URL", &url)]).unwrap(), subject.clock.clone()).unwrap());
    let other =
        Ephemeral::new(Redis::new(&settings(&[("URL", &url)]).unwrap(), subject.clock.clone()).unwrap());
    let begun = (Some(subject.clock.now().unix_timestamp()), Duration::MINUTE);
    assert!(!one.first_use(Kind::ProofUsed, [8; 32], begun).await.unwrap(), "nobody knows what was before");
    subject.clock.advance(Duration::SECOND);
    let made_at = subject.clock.now().unix_timestamp();
    let used = |store| {
        let store: &Ephemeral = store;
        store.first_use(Kind::ProofUsed, KEY, (Some(made_at), Duration::MINUTE))
    };
    assert!(used(&one).await.unwrap());
    assert!(!used(&other).await.unwrap(), "they share what was used");
    for expected in 1..=5 {
        assert_eq!(one.count(Kind::NetworkFailure, KEY, Duration::MINUTE).await.unwrap(), expected);
    }
    server.flush();
    assert_eq!(one.count(Kind::NetworkFailure, KEY, Duration::MINUTE).await.unwrap(), 6, "it counts on");
    assert!(!used(&one).await.unwrap(), "the node that saw it");
    assert!(!used(&other).await.unwrap(), "another node");
    subject.clock.advance(Duration::SECOND);
    let new = (Some(subject.clock.now().unix_timestamp()), Duration::MINUTE);
    assert!(other.first_use(Kind::ProofUsed, [9; 32], new).await.unwrap(), "what is made now is good");
}

/// T5: what does not answer is told of within the time that somebody waits, and used again as soon as it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_or_ended_server_is_told_of_and_found_again() {
    let Some(mut subject) = single() else { return };
    let put = |backend: Arc<dyn Backend>| async move {
        let begun = Instant::now();
        (backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await, begun.elapsed())
    };
    put(Arc::clone(&subject.backend)).await.0.unwrap();
    subject.servers[0].hang();
    for _ in 0..3 {
        let (answer, took) = put(Arc::clone(&subject.backend)).await;
        assert!(matches!(answer, Err(EphemeralError::Unavailable(_))), "{answer:?}");
        assert!(took < std::time::Duration::from_millis(2_500), "{took:?}");
    }
    subject.servers[0].wake();
    recovers(&subject.backend).await;
    subject.servers[0].stop();
    let (answer, took) = put(Arc::clone(&subject.backend)).await;
    assert!(matches!(answer, Err(EphemeralError::Unavailable(_))), "{answer:?}");
    assert!(took < std::time::Duration::from_millis(1_500), "{took:?}");
    subject.servers[0].start_again();
    recovers(&subject.backend).await;
    assert_eq!(subject.backend.get(Kind::Code, [7; 32]).await.unwrap(), None, "what it forgot is not there");
}

/// A server that ends and starts between two questions is not noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_no_answer() {
    let Some(mut subject) = single() else { return };
    subject.backend.ping().await.unwrap();
    subject.servers[0].stop();
    subject.servers[0].start_again();
    subject.backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await.unwrap();
}

async fn recovers(backend: &Arc<dyn Backend>) {
    for _ in 0..50 {
        if backend.ping().await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it was not found again within 5 s");
}

/// A full server says so; it does not forget what others rely on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_refuses() {
    let Some(server) = RedisServer::start(&["--maxmemory", "3mb"]) else { return };
    server.wait();
    let url = server.url();
    let subject = subject(&[("URL", &url)], vec![server]);
    let key = |n: u32| idp::crypto::sha256(&n.to_be_bytes());
    let mut kept = 0;
    let full = loop {
        match subject.backend.put(Kind::Attempt, key(kept), vec![0; 16 * 1024], Duration::MINUTE).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10_000, "there is no bound");
    };
    assert!(matches!(full, EphemeralError::Unavailable(_)));
    assert!(
        subject.backend.get(Kind::Attempt, key(0)).await.unwrap().is_some(),
        "nothing live was forgotten"
    );
}

#[test]
fn what_can_not_be_followed_is_said_when_the_configuration_is_read() {
    let wrong = |variables: &[(&str, &str)]| settings(variables).unwrap_err();
    let one = "redis://127.0.0.1:1";
    let two = "redis://127.0.0.1:1,redis://127.0.0.1:2";
    for (variables, says) in [
        (vec![("URL", "127.0.0.1:6379")], "redis.url must look like"),
        (vec![("URL", "http://user:secret@127.0.0.1")], "redis.url must look like"),
        (vec![("URL", two)], "redis.kind"),
        (vec![("URL", "redis://a,rediss://b"), ("KIND", "cluster")], "either redis:// or rediss://"),
        (vec![("URL", one), ("KIND", "sentinel")], "redis.sentinel_master is missing"),
        (vec![("URL", one), ("SENTINEL_MASTER", "m")], "redis.kind must be"),
        (vec![("URL", one), ("KIND", "many")], "unknown variant"),
        (vec![("URL", one), ("PREFIX", "a{b")], "redis.prefix"),
        (vec![("URL", one), ("CA_FILE", "ca.pem")], "rediss://"),
    ] {
        let said = wrong(&variables);
        assert!(said.contains(says), "{variables:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("not within 20 s: {what}");
}
