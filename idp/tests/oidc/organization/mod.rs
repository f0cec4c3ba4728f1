//! Organizations at sign-in: product §5. Everything holds on both databases.

mod choice;
mod devices;
mod disabled;
mod elsewhere;
mod requests;
mod rules;
mod tokens;

use idp::model::ids::{OrganizationId, UserId};
use idp::model::organization::{Membership, Organization, OrganizationName, Roles, Slug};
use idp::model::user::Policy;
use idp::store::organizations::Settings;
use idp::store::{memberships, organizations};
use serde_json::Value;

use super::{ADA, Office, SECRET, hidden, text};
use crate::support::{Answer, Application, Browser, Options, PASSWORD, TestApp};

const CLIENTS: &str = r#"
[[clients]]
id = "rounds"
name = "Rounds"
type = "web"
secret = "a secret that the practice keeps to itself"
scopes = ["openid", "profile", "offline_access", "organizations", "charts:read"]
resources = ["https://charts.example.org"]
redirect_uris = ["https://rounds.example.org/cb"]

[[clients]]
id = "asking"
name = "Asking"
type = "web"
consent = "remember"
secret = "a secret that the practice keeps to itself"
scopes = ["openid", "offline_access", "organizations"]
redirect_uris = ["https://asking.example.org/cb"]

[[clients]]
id = "plain"
name = "Plain"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://plain.example.org/cb"]

[[clients]]
id = "old"
name = "Old"
type = "spa"
scopes = ["openid", "organizations"]
legacy_flows = ["id_token", "id_token token"]
redirect_uris = ["https://old.example.org/cb"]

[[clients]]
id = "charts"
name = "Charts API"
type = "machine"
secret = "a secret that the practice keeps to itself"
grants = ["token_exchange"]
scopes = ["charts:read"]
serves = ["https://charts.example.org"]
resources = ["https://archive.example.org"]

[[clients]]
id = "archive"
name = "Archive API"
type = "machine"
secret = "a secret that the practice keeps to itself"
serves = ["https://archive.example.org"]

[[clients]]
id = "desk"
name = "Desk"
type = "web"
secret = "a secret that the practice keeps to itself"
grants = ["ciba"]
scopes = ["openid", "organizations"]
redirect_uris = ["https://desk.example.org/cb"]

[[clients]]
id = "wall"
name = "Wall"
type = "device"
scopes = ["openid", "organizations"]
"#;

/// The scope, as most requests here ask for it.
const SCOPE: (&str, &str) = ("scope", "openid organizations");

/// Two clinics, one that Ada has nothing to do with, and Ada, who belongs to neither yet.
struct World {
    office: Office,
    lindenhof: OrganizationId,
    seeblick: OrganizationId,
    elsewhere: OrganizationId,
}

/// One on each database.
async fn worlds() -> Vec<World> {
    let mut worlds = vec![World::with(Vec::new()).await];
    if let Some(url) = crate::store::fresh_postgres().await {
        worlds.push(World::with(vec![("IDP_DATABASE__URL", url)]).await);
    }
    worlds
}

/// As [`worlds`], with Ada in both clinics: a practitioner in one, an administrator at the reception of the other.
async fn worlds_with_two() -> Vec<World> {
    let worlds = worlds().await;
    for world in &worlds {
        world.join(world.office.ada.id, world.lindenhof, "practitioner").await;
        world.join(world.office.ada.id, world.seeblick, "administrator reception").await;
    }
    worlds
}

impl World {
    async fn with(environment: Vec<(&'static str, String)>) -> Self {
        let app = TestApp::with(Options {
            environment,
            config_file: Some(CLIENTS.to_owned()),
            ..Options::default()
        });
        let app = app.await;
        let ada = app.person(ADA).await;
        let browser = app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        let made = |slug| organization(&app, slug);
        let (lindenhof, seeblick) = (made("lindenhof").await, made("seeblick").await);
        let elsewhere = made("elsewhere").await;
        Self { office: Office { app, ada, browser }, lindenhof, seeblick, elsewhere }
    }

    fn app(&self) -> &TestApp {
        &self.office.app
    }

    fn browser(&self) -> &Browser {
        &self.office.browser
    }

    fn client(&self, id: &str) -> Application {
        let secret = (!["old", "wall"].contains(&id)).then_some(SECRET);
        self.office.client(id, secret, &format!("https://{id}.example.org/cb"))
    }

    fn rounds(&self) -> Application {
        self.client("rounds")
    }

    async fn join(&self, user_id: UserId, organization_id: OrganizationId, roles: &str) {
        let roles = Roles::parse(roles).unwrap();
        let created_at = self.app().app.clock.now();
        let tx = self.app().app.store.begin().await.unwrap();
        let membership = Membership { user_id, organization_id, roles, created_at };
        assert!(memberships::insert(&tx, &membership).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Behind the back of whoever would end what was given for it.
    async fn leave(&self, user: UserId, organization: OrganizationId) {
        let tx = self.app().app.store.begin().await.unwrap();
        assert!(memberships::delete(&tx, user, organization).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn set_roles(&self, user: UserId, organization: OrganizationId, roles: &str) {
        let tx = self.app().app.store.begin().await.unwrap();
        let roles = Roles::parse(roles).unwrap();
        assert!(memberships::set_roles(&tx, user, organization, &roles).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn set_enabled(&self, organization: OrganizationId, enabled: bool) {
        let tx = self.app().app.store.begin().await.unwrap();
        let now = self.app().app.clock.now();
        assert!(organizations::set_enabled(&tx, organization, enabled, now).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn set(&self, organization: OrganizationId, name: &str, policy: Option<Policy>) {
        let (name, roles) = (OrganizationName::parse(name).unwrap(), Roles::default());
        let tx = self.app().app.store.begin().await.unwrap();
        let now = self.app().app.clock.now();
        organizations::set(&tx, organization, &Settings { name, policy, roles }, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What userinfo says with these tokens.
    async fn told(&self, client: &Application, tokens: &Value) -> Value {
        let answer = client.userinfo(text(tokens, "access_token")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Tokens for one of Ada's organizations.
    async fn tokens_for(&self, organization: OrganizationId) -> Value {
        self.rounds().tokens(self.browser(), &[SCOPE, ("organization", &organization.to_string())]).await
    }
}

async fn organization(app: &TestApp, slug: &str) -> OrganizationId {
    let now = app.app.clock.now();
    let organization = Organization {
        id: app.app.entropy.id(now, OrganizationId::new).unwrap(),
        slug: Slug::parse(slug).unwrap(),
        name: OrganizationName::parse(&format!("Klinik {slug}")).unwrap(),
        policy: None,
        roles: Roles::parse("practitioner reception").unwrap(),
        disabled_at: None,
        created_at: now,
        updated_at: now,
    };
    let tx = app.app.store.begin().await.unwrap();
    assert!(organizations::insert(&tx, &organization).await.unwrap());
    tx.commit().await.unwrap();
    organization.id
}

fn is_chooser(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("action=\"/oidc/organization\"")
}

fn is_refusal(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("You do not belong there")
}

/// Presses the button of an organization and follows where it leads, once.
async fn choose(browser: &Browser, page: &Answer, organization: OrganizationId) -> Answer {
    let attempt = hidden(page, "attempt").unwrap_or_else(|| panic!("{page:?}"));
    let organization = organization.to_string();
    let fields = [("attempt", attempt.as_str()), ("organization", &organization)];
    let answer = browser.post("/oidc/organization", &fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    browser.get(&answer.location()).await
}

#[track_caller]
fn code_of(answer: &Answer) -> String {
    answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
}
