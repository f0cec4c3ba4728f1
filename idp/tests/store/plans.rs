//! How the databases go about what the console and the API ask of them: behind every list there is an index, and nothing
//! large is sorted as a whole (product §6). The statements are those that the program really makes, seen on their way.

mod judge;
mod paths;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use idp::model::user::ServiceRole;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

use super::fresh_postgres;
use crate::support::crowd::{self, Crowd};
use crate::support::{Answer, Application, Browser, Options, PASSWORD, SoftAuthenticator, TestApp};

const CROWD: Crowd = Crowd { people: 20_000, events: 60_000 };

/// Applications that administer through the API.
const CLIENTS: &str = r#"
[[clients]]
id = "clinic-example"
name = "Clinic"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://clinic.example.org/cb"]
scopes = ["openid", "profile", "offline_access", "admin:people.read", "admin:organizations.read", "admin:audit.read",
  "admin:applications.read", "admin:service.read"]
resources = ["http://localhost:{port}/api/v1"]
"#;

struct House {
    app: TestApp,
    statements: Arc<Mutex<Vec<Statement>>>,
    db: DatabaseConnection,
}

async fn houses() -> Vec<House> {
    let mut environments = vec![Vec::new()];
    if let Some(url) = fresh_postgres().await {
        environments.push(vec![("IDP_DATABASE__URL", url)]);
    }
    let mut houses = Vec::new();
    for environment in environments {
        let statements = Arc::new(Mutex::new(Vec::new()));
        let options = Options {
            environment,
            config_file: Some(CLIENTS.to_owned()),
            statements: Some(Arc::clone(&statements)),
            ..Options::default()
        };
        let app = TestApp::with(options).await;
        let db = crowd::database(&app).await;
        if db.get_database_backend() == DbBackend::Postgres {
            // Where there is no other way it takes this one. What is small it would read as a whole, and rightly.
            db.execute_unprepared("SET enable_seqscan = off").await.unwrap();
        }
        houses.push(House { app, statements, db });
    }
    houses
}

async fn somebody(app: &TestApp, email: &str, role: Option<ServiceRole>) -> Browser {
    app.person_with_role(email, role).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let first = app.browser();
    first.log_in_with_password(email, PASSWORD).await;
    first.create_passkey(&mut authenticator).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    browser
}

impl House {
    /// Every statement by its text, with the last values it had and where it came from.
    async fn asked(&self, browser: &Browser, paths: &[String]) -> BTreeMap<String, (Statement, String)> {
        let mut all = BTreeMap::new();
        for path in paths {
            self.statements.lock().unwrap().clear();
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            self.collect(path, &mut all);
        }
        all
    }

    fn collect(&self, from: &str, all: &mut BTreeMap<String, (Statement, String)>) {
        for statement in self.statements.lock().unwrap().drain(..) {
            all.insert(statement.sql.clone(), (statement, from.to_owned()));
        }
    }

    /// What of the plan of a statement is too much, in the words of the database.
    async fn too_much(&self, statement: &Statement) -> Vec<String> {
        let backend = self.db.get_database_backend();
        let (words, column) = match backend {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            _ => ("EXPLAIN", "QUERY PLAN"),
        };
        let explained = Statement { sql: format!("{words} {}", statement.sql), ..statement.clone() };
        let rows =
            self.db.query_all_raw(explained).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        if judge::is_too_much(backend, &statement.sql, &lines) { lines } else { Vec::new() }
    }

    async fn compare(&self, asked: BTreeMap<String, (Statement, String)>) {
        let mut wrong = Vec::new();
        let mut looked_at = 0;
        for (sql, (statement, from)) in asked {
            if !["SELECT", "UPDATE", "DELETE", "WITH"].iter().any(|word| sql.starts_with(word)) {
                continue;
            }
            looked_at += 1;
            let plan = self.too_much(&statement).await;
            if !plan.is_empty() {
                wrong.push(format!("{from}: {statement}\n    {}", plan.join("\n    ")));
            }
        }
        let backend = self.db.get_database_backend();
        assert!(wrong.is_empty(), "{backend:?}\n{}", wrong.join("\n"));
        assert!(looked_at > 10, "only {looked_at} statements were seen");
    }
}

#[tokio::test]
async fn behind_every_list_of_the_console_is_an_index() {
    for house in houses().await {
        let olive = somebody(&house.app, "olive@example.org", Some(ServiceRole::Operator)).await;
        crowd::fill(&house.app, CROWD).await;
        let pages = paths::of_the_console(&house.db).await;
        house.compare(house.asked(&olive, &pages).await).await;
    }
}

/// The same for whoever sees the people of one organization alone: the first of many.
#[tokio::test]
async fn behind_every_list_of_an_organization_is_an_index() {
    for house in houses().await {
        let carla = somebody(&house.app, "carla@example.org", None).await;
        crowd::fill(&house.app, CROWD).await;
        let own = "INSERT INTO membership (user_id, organization_id, roles, administrator, created_at) SELECT u.id, o.id, \
                   'administrator', 1 = 1, 0 FROM \"user\" u, organization o WHERE u.email = 'carla@example.org' AND \
                   o.slug IN ('org-7', 'org-8')";
        house.db.execute_unprepared(own).await.unwrap();
        let page = carla.get("/admin/organizations").await.body.replace("&#x2f;", "/");
        let own = page.split('"').find(|part| part.starts_with("/admin/organizations/")).unwrap().to_owned();
        let page = carla.get("/admin/people").await.body.replace("&#x2f;", "/").replace("&amp;", "&");
        let person = page.split('"').find(|part| part.starts_with("/admin/people/")).unwrap().to_owned();
        let more = page.split('"').find(|part| part.contains("after=")).unwrap().to_owned();
        let mut paths = vec![own.clone(), format!("{own}/invite"), person, more];
        let lists =
            ["", "/people", "/people?q=mson4", "/people?state=disabled", "/organizations", "/find?q=p7"];
        paths.extend(lists.map(|path| format!("/admin{path}")));
        house.compare(house.asked(&carla, &paths).await).await;
    }
}

#[tokio::test]
async fn behind_every_list_of_the_api_is_an_index() {
    for house in houses().await {
        let app = &house.app;
        let olive = somebody(app, "olive@example.org", Some(ServiceRole::Operator)).await;
        crowd::fill(app, CROWD).await;
        let secret = Some("a secret that the practice keeps to itself");
        let clinic = Application::new(app, "clinic-example", secret, "https://clinic.example.org/cb");
        let resource = app.url("/api/v1");
        let scope = "openid admin:people.read admin:organizations.read admin:audit.read admin:applications.read admin:service.read";
        let asked = [("scope", scope), ("resource", resource.as_str())];
        let mut all = BTreeMap::new();
        house.statements.lock().unwrap().clear();
        let tokens = clinic.tokens(&olive, &asked).await;
        house.collect("a log-in at an application", &mut all);
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let get = async |path: &str| clinic.get(path, &[("authorization", &bearer)]).await;
        let first = |answer: &Answer| {
            let body = answer.json();
            let items = body.as_object().unwrap().values().find_map(Value::as_array).unwrap();
            items[0]["id"].as_str().unwrap_or_default().to_owned()
        };
        let person = first(&get("/api/v1/people").await);
        let organization = first(&get("/api/v1/organizations").await);
        let document = get("/api/v1/openapi.json").await.json();
        let mut lists = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            let Some(operation) = item.get("get") else { continue };
            let id = if path.starts_with("/api/v1/people") { &person } else { &organization };
            let path = path.replace("/applications/{id}", "/applications/app-17").replace("{id}", id);
            let path = path.replace("{person}", &person);
            let named = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named = named.iter().filter(|parameter| parameter["in"] == "query");
            let mut queries = vec![String::new()];
            for name in named.map(|parameter| parameter["name"].as_str().unwrap()) {
                let Some(value) = paths::value(name) else { continue };
                // Each alone, and each beside all before it.
                let together = format!("{}&{name}={value}", queries.last().unwrap());
                queries.extend([format!("{name}={value}"), together.trim_start_matches('&').to_owned()]);
            }
            for query in queries {
                let path = format!("{path}?{query}");
                let answer = get(&path).await;
                assert!([200, 400, 404].contains(&answer.status.as_u16()), "{path}: {answer:?}");
                house.collect(&path, &mut all);
                if answer.status != 200 {
                    continue;
                }
                let next = answer.json()["next_cursor"].as_str().map(ToOwned::to_owned);
                if let Some(cursor) = next {
                    lists += 1;
                    let path = format!("{path}&cursor={cursor}");
                    assert_eq!(get(&path).await.status, 200, "{path}");
                    house.collect(&path, &mut all);
                }
            }
        }
        assert!(lists > 5, "only {lists} lists went on");
        house.compare(all).await;
    }
}

/// What is done to one of many takes no longer than to one of few: deeds of the console, log-ins and tokens.
#[tokio::test]
async fn nothing_that_is_done_to_one_reads_all() {
    for house in houses().await {
        let app = &house.app;
        let olive = somebody(app, "olive@example.org", Some(ServiceRole::Operator)).await;
        let ada = app.person("ada@example.org").await;
        crowd::fill(app, CROWD).await;
        let backend = house.db.get_database_backend();
        let own = "INSERT INTO membership (user_id, organization_id, roles, administrator, created_at) SELECT u.id, o.id, \
                   'administrator', 1 = 1, 0 FROM \"user\" u, organization o WHERE u.email = 'ada@example.org' AND \
                   o.slug = 'org-7'";
        house.db.execute_unprepared(own).await.unwrap();
        let found = Statement::from_string(backend, "SELECT id FROM organization WHERE slug = 'org-7'");
        let organization = house.db.query_one_raw(found).await.unwrap().unwrap();
        let organization: uuid::Uuid = organization.try_get_by_index(0).unwrap();
        let secret = Some("a secret that the practice keeps to itself");
        let clinic = Application::new(app, "clinic-example", secret, "https://clinic.example.org/cb");
        let mut all = BTreeMap::new();
        house.statements.lock().unwrap().clear();
        let mut phone = SoftAuthenticator::new(&app.issuer());
        let browser = app.browser();
        browser.log_in_with_password("ada@example.org", PASSWORD).await;
        browser.create_passkey(&mut phone).await;
        browser.submit_password("ada@example.org", "wrong").await;
        let there = app.browser();
        there.log_in_with_passkey(&mut phone).await;
        house.collect("a log-in", &mut all);
        let tokens = clinic.tokens(&there, &[("scope", "openid profile offline_access")]).await;
        let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str());
        clinic.userinfo(access).await;
        clinic.refresh(refresh.unwrap()).await;
        clinic.call("/oidc/introspect", &[("token", access)]).await;
        clinic.call("/oidc/revoke", &[("token", refresh.unwrap())]).await;
        house.collect("tokens", &mut all);
        for page in ["", "/passkeys", "/sessions", "/apps", "/activity", "/two-factor"] {
            assert_eq!(there.get(&format!("/account{page}")).await.status, 200, "{page}");
        }
        there.post("/account/sessions/end-others", &[]).await;
        app.browser().post("/login/forgot", &[("email", "ada@example.org")]).await;
        app.mails().await;
        there.post("/logout", &[]).await;
        house.collect("the account pages", &mut all);
        let (person, place) =
            (format!("/admin/people/{}", ada.id), format!("/admin/organizations/{organization}"));
        let member = format!("{place}/members/{}", ada.id);
        for (path, fields) in [
            (format!("{person}/unlock"), vec![]),
            (format!("{person}/link"), vec![("minutes", "30")]),
            (format!("{person}/log-out"), vec![]),
            (format!("{person}/reset-two-factor"), vec![]),
            (format!("{person}/reset-passkeys"), vec![]),
            (format!("{person}/policy"), vec![("policy", "require_passkey")]),
            (format!("{person}/role"), vec![("role", "operator")]),
            (format!("{person}/role"), vec![("role", "")]),
            (format!("{place}/invite"), vec![("email", "new@example.org"), ("days", "7")]),
            (format!("{member}/roles"), vec![("role", "reception")]),
            (format!("{person}/disable"), vec![]),
            (format!("{person}/enable"), vec![]),
            (format!("{member}/remove"), vec![]),
            (format!("{place}/change"), vec![("name", "Another"), ("roles", "practitioner reception")]),
            (format!("{place}/disable"), vec![]),
            ("/admin/applications/app-17/disable".to_owned(), vec![]),
            ("/admin/applications/app-17/remove".to_owned(), vec![]),
        ] {
            let done = olive.post(&path, &fields).await;
            assert_eq!(done.status, 303, "{path}: {}", done.body);
            house.collect(&path, &mut all);
        }
        house.compare(all).await;
    }
}
