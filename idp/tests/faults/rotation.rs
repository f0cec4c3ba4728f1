//! Signing keys that are rotated as often as can be while applications use them, on two nodes that learn of it one after the
//! other (T12). Minutes are moments here: applications keep the keys for as long as they were told, and refuse what they do
//! not know; nobody may meet a token that they refuse.

use futures_util::future::join_all;
use idp::app::keys::{self, PUBLISHED_BEFORE_USE};
use idp::audit::Actor;
use idp::jobs;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::rounds;
use crate::oidc::verified_by;
use crate::support::cluster::Cluster;
use crate::support::log::Log;
use crate::support::{Application, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";
/// Each of them reads the keys at another time.
const APPLICATIONS: usize = 5;
/// What an access token and an ID token are good for.
const GOOD_FOR: Duration = Duration::minutes(5);
/// Every node looks for what others did once in this time at least.
const MINUTE: Duration = Duration::minutes(1);

/// An application that keeps the keys, as its library does: never any longer, and never any shorter.
struct Keeper {
    application: Application,
    jwks: Value,
    read_at: OffsetDateTime,
    for_long: Duration,
}

impl Keeper {
    async fn read(application: Application, now: OffsetDateTime) -> Self {
        let answer = application.get("/oidc/jwks", &[]).await;
        assert_eq!(answer.status, 200);
        let (_, seconds) = answer.header("cache-control").split_once("max-age=").unwrap();
        let for_long = Duration::seconds(seconds.parse().unwrap());
        Self { application, jwks: answer.json(), read_at: now, for_long }
    }

    async fn tend(&mut self, now: OffsetDateTime) {
        if now - self.read_at >= self.for_long {
            *self = Self::read(self.application.clone(), now).await;
        }
    }
}

/// Tokens that somebody holds, and until when they are good.
struct Held {
    access: String,
    id_token: String,
    until: OffsetDateTime,
}

struct World<'a> {
    nodes: Vec<&'a TestApp>,
    keepers: Vec<Keeper>,
    held: Vec<Held>,
    rejected: usize,
    judged: usize,
}

impl World<'_> {
    fn now(&self) -> OffsetDateTime {
        self.nodes[0].app.clock.now()
    }

    /// A moment later. Every node looks once a minute, at its own time.
    async fn pass(&mut self, by: Duration) {
        for node in &self.nodes {
            node.advance(by);
        }
        let now = self.now();
        let second = now.unix_timestamp() % 60;
        for (number, node) in (0..).zip(&self.nodes) {
            if second / 15 == number * 3 {
                jobs::tend_keys(&node.app).await.unwrap();
            }
        }
        for keeper in &mut self.keepers {
            keeper.tend(now).await;
        }
    }

    /// Everybody gets tokens, and everybody judges all that are good, by the keys that they have.
    async fn use_them(&mut self, browser: &crate::support::Browser) {
        let now = self.now();
        let new = join_all(self.keepers.iter().map(|keeper| keeper.application.tokens(browser, &[]))).await;
        self.held.extend(new.iter().map(|tokens| Held {
            access: tokens["access_token"].as_str().unwrap().to_owned(),
            id_token: tokens["id_token"].as_str().unwrap().to_owned(),
            until: now + GOOD_FOR,
        }));
        self.held.retain(|held| now < held.until);
        for keeper in &self.keepers {
            for held in &self.held {
                self.judged += 2;
                for token in [&held.access, &held.id_token] {
                    self.rejected += usize::from(!knows(&keeper.jwks, token));
                }
                verified_by(&keeper.jwks, &held.id_token);
            }
        }
        let some = self.held.iter().step_by(self.held.len().div_ceil(6).max(1));
        let asked = some.map(|held| self.keepers[0].application.userinfo(&held.access));
        for answer in join_all(asked).await {
            assert_eq!(answer.status, 200, "a good token was refused: {answer:?}");
        }
    }
}

fn kid(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&idp::crypto::base64url::decode(header).unwrap()).unwrap();
    header["kid"].clone()
}

fn knows(jwks: &Value, token: &str) -> bool {
    jwks["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid(token))
}

async fn rotated_under_load(nodes: Vec<&TestApp>) {
    let log = Log::listen();
    nodes[0].person(ADA).await;
    let mut browser = nodes[0].browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    for node in &nodes {
        jobs::tend_keys(&node.app).await.unwrap();
    }
    let mut world = World { nodes, keepers: Vec::new(), held: Vec::new(), rejected: 0, judged: 0 };
    for _ in 0..APPLICATIONS {
        let application = world.nodes[0].clinic();
        world.keepers.push(Keeper::read(application, world.now()).await);
        world.pass(MINUTE + Duration::seconds(15)).await;
    }
    let all = rounds(3, 60);
    let (mut rotated, mut signers) = (0, std::collections::BTreeSet::new());
    while rotated < all {
        // As early as anybody may, at one node or the other.
        let (node, now) = (world.nodes[rotated as usize % world.nodes.len()], world.now());
        if keys::rotate(&node.app.store, Actor::Host, now).await.unwrap().is_ok() {
            rotated += 1;
            node.app.refresh_keys().await.unwrap();
        }
        world.pass(Duration::seconds(15)).await;
        if now.unix_timestamp() % 60 == 0 {
            world.use_them(&browser).await;
            signers.extend(world.held.last().map(|held| kid(&held.id_token).to_string()));
        }
        if rotated % 50 == 49 || !browser.is_signed_in().await {
            browser = world.nodes[0].browser();
            browser.log_in_with_password(ADA, PASSWORD).await;
        }
    }
    println!(
        "{rotated} rotations, {} judgements by {APPLICATIONS} applications, {} rejected, {} keys signed",
        world.judged,
        world.rejected,
        signers.len()
    );
    assert_eq!(world.rejected, 0, "of {}", world.judged);
    assert!(signers.len() >= rotated as usize, "{signers:?}");

    // In an emergency no key stays, anywhere, and nothing that one of them signed is worth anything.
    world.use_them(&browser).await;
    let before = world.keepers[0].application.get("/oidc/jwks", &[]).await.json();
    keys::replace_all(&world.nodes[0].app.store, Actor::Host, world.now()).await.unwrap();
    for node in &world.nodes {
        jobs::learn(&node.app).await.unwrap();
    }
    for _ in 0..4 {
        let now = world.keepers[0].application.get("/oidc/jwks", &[]).await.json();
        for old in before["keys"].as_array().unwrap() {
            assert!(!now["keys"].as_array().unwrap().contains(old), "a key was not dropped");
        }
        let held = world.held.last().unwrap();
        assert_eq!(world.keepers[0].application.userinfo(&held.access).await.status, 401);
    }
    let secrets: Vec<_> = world.held.iter().map(|held| held.access.clone()).collect();
    log.and_data_are_whole(world.nodes[0], &secrets).await;
}

#[tokio::test]
async fn no_token_is_refused_while_keys_are_rotated() {
    let app = TestApp::init().await;
    rotated_under_load(vec![&app]).await;
}

#[tokio::test]
async fn no_token_is_refused_while_two_nodes_rotate_keys() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    rotated_under_load(cluster.nodes.iter().collect()).await;
}

/// What this stands on: caches are over before a key that they do not know signs anything.
#[test]
fn caches_are_over_before_a_new_key_signs() {
    assert!(PUBLISHED_BEFORE_USE >= (GOOD_FOR + MINUTE) * 2);
}
