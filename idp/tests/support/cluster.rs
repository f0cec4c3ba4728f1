//! Two nodes on one PostgreSQL and one Redis, in this process, each with a clock of its own, behind a proxy that takes them
//! in turn.

use idp::model::ids::UserId;
use sea_orm::ConnectionTrait;
use time::Duration;

use super::balancer::Balancer;
use super::redis::RedisServer;
use super::{MASTER_KEY, Options, TestApp};
use crate::store::fresh_postgres;

/// Stops when dropped.
pub struct Cluster {
    pub nodes: Vec<TestApp>,
    balancer: Balancer,
    _redis: RedisServer,
}

impl Cluster {
    /// `None` where a database or Redis is missing.
    pub async fn start() -> Option<Self> {
        let redis = RedisServer::single()?;
        let database = fresh_postgres().await?;
        let balancer = Balancer::start().await;
        let mut nodes = Vec::new();
        for _ in 0..2 {
            nodes.push(
                TestApp::with(Options {
                    environment: vec![
                        ("IDP_PUBLIC_URL", balancer.url()),
                        ("IDP_DATABASE__URL", database.clone()),
                        ("IDP_REDIS__URL", redis.url()),
                        ("IDP_SECRETS__MASTER_KEY", MASTER_KEY.to_owned()),
                    ],
                    ..Options::default()
                })
                .await,
            );
        }
        balancer.set(&nodes.iter().map(|node| node.address).collect::<Vec<_>>());
        Some(Self { nodes, balancer, _redis: redis })
    }

    pub fn first(&self) -> &TestApp {
        &self.nodes[0]
    }

    pub async fn disable(&self, id: UserId) {
        let url = self.first().app.config.database.url.as_ref().unwrap().expose();
        let database = sea_orm::Database::connect(url).await.unwrap();
        let statement = format!("UPDATE \"user\" SET disabled_at = 1 WHERE id = '{}'", id.uuid());
        let done = database.execute_unprepared(&statement).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    pub fn advance(&self, by: Duration) {
        for node in &self.nodes {
            node.advance(by);
        }
    }

    /// From now on everybody comes to this one.
    pub fn only(&self, node: usize) -> &TestApp {
        let node = &self.nodes[node];
        self.balancer.set(&[node.address]);
        node
    }
}
