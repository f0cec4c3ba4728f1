//! One provider with two organizations, with somebody of every kind who looks at it and something of every kind to look at.

use idp::admin::{applications, invitations};
use idp::model::ids::{OrganizationId, OutboxId, SearchId, UserId};
use idp::model::organization::Roles;
use idp::model::user::{Email, ServiceRole, User};
use idp::store::{organizations, outbox, passkeys, searches, users};
use sea_orm::ConnectionTrait;
use time::Duration;

use super::super::pages::strong;
use super::super::people::{acting, organization};
use crate::support::{Browser, PASSWORD, TestApp};

/// How many columns the table has.
pub(super) const EVERYBODY: usize = 7;

pub(super) struct House {
    pub(super) app: TestApp,
    /// In the order of the columns.
    pub(super) browsers: Vec<Browser>,
    /// An operator who has proven to be it with a password alone.
    pub(super) weak: Browser,
    /// What stands in braces, and for what.
    names: Vec<(&'static str, String)>,
}

impl House {
    pub(super) async fn build() -> Self {
        let app = TestApp::init().await;
        // Keys that may be rotated: there are next ones, and everybody had the time to learn of them.
        idp::jobs::tend_keys(&app.app).await.unwrap();
        app.advance(Duration::minutes(13));
        let (mut browsers, mut people) = (Vec::new(), Vec::new());
        for (email, role) in [
            ("olive@example.org", Some(ServiceRole::Operator)),
            ("sue@example.org", Some(ServiceRole::Support)),
            ("aldo@example.org", Some(ServiceRole::Auditor)),
            ("carla@example.org", None),
            ("otto@example.org", None),
            ("pia@example.org", None),
        ] {
            let (browser, user) = strong(&app, email, role).await;
            browsers.push(browser);
            people.push(user);
        }
        browsers.push(app.browser());
        app.person_with_role("wilma@example.org", Some(ServiceRole::Operator)).await;
        let weak = app.browser();
        weak.log_in_with_password("wilma@example.org", PASSWORD).await;
        let mut house = Self { app, browsers, weak, names: Vec::new() };
        house.furnish(&people).await;
        house.keep().await;
        house
    }

    async fn furnish(&mut self, people: &[User]) {
        let [olive, _, _, carla, otto, _] = people else { panic!("six people") };
        let (ann, ann_key) = self.with_passkey("ann@example.org", None).await;
        let (bob, bob_key) = self.with_passkey("bob@example.org", None).await;
        let (gus, gus_key) = self.with_passkey("gus@example.org", Some(ServiceRole::Support)).await;
        let (al, both) = (self.app.person("al@example.org").await, self.app.person("both@example.org").await);
        let store = &self.app.app.store;
        let now = self.app.app.clock.now();
        let a = [(carla.id, "administrator"), (ann, "practitioner"), (al.id, ""), (both.id, "practitioner")];
        let a = organization(store, "lindenhof", &a).await;
        let b = [(otto.id, "administrator"), (bob, "practitioner"), (both.id, "practitioner")];
        let b = organization(store, "seeblick", &b).await;
        let off = organization(store, "waldrand", &[]).await;
        let (search, delivery) = (id(self, SearchId::new), id(self, OutboxId::new));
        let kept = searches::Search { id: search, name: "Mine".to_owned(), query: String::new() };
        let tx = store.begin().await.unwrap();
        users::set_standing(&tx, al.id, users::Standing::DisabledByOrganization, now).await.unwrap();
        organizations::set_enabled(&tx, off, false, now).await.unwrap();
        searches::insert(&tx, olive.id, &kept, now).await.unwrap();
        outbox::add(&tx, delivery, (outbox::Kind::Mail, None), b"{}", now).await.unwrap();
        outbox::postpone(&tx, delivery, now + Duration::hours(1), "550 no such mailbox").await.unwrap();
        tx.commit().await.unwrap();
        let (carla, otto) = (acting(&self.app, carla).await, acting(&self.app, otto).await);
        let invite = async |actor, organization, email| {
            let new = invitations::New {
                email: Email::parse(email).unwrap(),
                roles: Roles::default(),
                client: None,
                days: 7,
                language: None,
            };
            let made = invitations::invite(&self.app.office(), actor, (organization, new)).await;
            made.unwrap().unwrap().id.to_string()
        };
        let a_inv = invite(&carla, a, "to-a@example.org").await;
        let b_inv = invite(&otto, b, "to-b@example.org").await;
        let app = self.application("Office").await;
        let app_off = self.application("Archive").await;
        let (office, actor) = (self.app.office(), acting(&self.app, olive).await);
        let known = idp::model::client::ClientId::parse(&app_off).unwrap();
        applications::set_enabled(&office, &actor, &known, false).await.unwrap().unwrap();
        let known = idp::model::client::ClientId::parse(&app).unwrap();
        applications::add_secret(&office, &actor, &known).await.unwrap().unwrap();
        let page = self.browsers[0].get(&format!("/admin/applications/{app}")).await.body;
        let secret = page.replace("&#x2f;", "/");
        let secret = secret.split('"').find(|part| part.ends_with("/remove-secret")).unwrap();
        let secret = secret.rsplit('/').nth(1).unwrap().to_owned();
        self.names = vec![
            ("{ann}", ann.to_string()),
            ("{ann-key}", ann_key),
            ("{bob}", bob.to_string()),
            ("{bob-key}", bob_key),
            ("{gus}", gus.to_string()),
            ("{gus-key}", gus_key),
            ("{al}", al.id.to_string()),
            ("{both}", both.id.to_string()),
            ("{a}", a.to_string()),
            ("{b}", b.to_string()),
            ("{off}", off.to_string()),
            ("{a-inv}", a_inv),
            ("{b-inv}", b_inv),
            ("{app}", app),
            ("{app-off}", app_off),
            ("{secret}", secret),
            ("{search}", search.to_string()),
            ("{delivery}", delivery.to_string()),
            ("{nobody}", id(self, OrganizationId::new).to_string()),
        ];
    }

    async fn with_passkey(&self, email: &str, role: Option<ServiceRole>) -> (UserId, String) {
        let (_, user) = strong(&self.app, email, role).await;
        let keys = passkeys::of_user(&self.app.app.store, user.id).await.unwrap();
        (user.id, keys[0].id.to_string())
    }

    /// Registered as the operator does it.
    async fn application(&self, name: &str) -> String {
        let form = [
            ("type", "web"),
            ("name", name),
            ("redirect_uris", "https://office.example.org/cb"),
            ("scopes", "openid"),
            ("id_token_alg", "ES256"),
        ];
        let made = self.browsers[0].post("/admin/applications/new", &form).await;
        let (_, rest) = made.body.split_once("<dt>client_id</dt>").unwrap_or_else(|| panic!("{made:?}"));
        rest.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned()
    }

    /// An address of the table with what stands for its braces.
    pub(super) fn filled(&self, path: &str) -> String {
        let filled = self.names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
        assert!(!filled.contains('{'), "{filled}");
        filled
    }

    /// Everything that a deed may change. The audit log and the signing keys only ever get longer.
    async fn tables(&self) -> Vec<String> {
        let named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'audit%' \
                     AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'kept_%' AND name NOT IN \
                     ('seaql_migrations', 'signing_key', 'data_key', 'day_count', 'milestone')";
        self.app.texts(named).await
    }

    /// Remembers how everything is now.
    async fn keep(&self) {
        for table in self.tables().await {
            self.app.sql(&format!("CREATE TABLE \"kept_{table}\" AS SELECT * FROM \"{table}\"")).await;
        }
    }

    /// Makes everything as it was.
    pub(super) async fn restore(&self) {
        let again = |table: &String| {
            format!("DELETE FROM \"{table}\"; INSERT INTO \"{table}\" SELECT * FROM \"kept_{table}\";")
        };
        let all = self.tables().await.iter().map(again).collect::<Vec<_>>().concat();
        let script =
            format!("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {all} COMMIT; PRAGMA foreign_keys = ON;");
        let path = self.app.app.config.sqlite_path();
        let mut options = sea_orm::ConnectOptions::new(format!("sqlite://{}", path.display()));
        options.max_connections(1);
        let db = sea_orm::Database::connect(options).await.unwrap();
        db.execute_unprepared(&script).await.unwrap();
    }

    /// The tables that are not as they were, but for those that change whenever somebody comes by.
    pub(super) async fn nothing_is_left_changed(&self) -> String {
        let mut changed = Vec::new();
        let tables = self.tables().await;
        for table in
            tables.iter().filter(|table| !["session", "known_browser", "outbox"].contains(&table.as_str()))
        {
            let differ = format!(
                "SELECT 'x' FROM (SELECT * FROM \"{table}\" EXCEPT SELECT * FROM \"kept_{table}\") UNION ALL \
                 SELECT 'x' FROM (SELECT * FROM \"kept_{table}\" EXCEPT SELECT * FROM \"{table}\")"
            );
            if !self.app.texts(&differ).await.is_empty() {
                changed.push(table.clone());
            }
        }
        changed.join(", ")
    }
}

fn id<T>(house: &House, new: impl FnOnce(time::OffsetDateTime, [u8; 10]) -> T) -> T {
    house.app.app.entropy.id(house.app.app.clock.now(), new).unwrap()
}
