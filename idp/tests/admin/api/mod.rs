//! The administration API, over HTTP and on both databases.

mod applications;
mod changes;
mod document;
mod invitations;
mod lists;
mod matrix;
mod newcomers;
mod once;
mod reach;
mod service;
mod tokens;

use idp::model::ids::{OrganizationId, UserId};
use idp::model::user::{ServiceRole, User};
use reqwest::Method;
use serde_json::Value;

use super::people::organization;
use crate::store::Backend;
use crate::support::{Answer, Application, Browser, Options, PASSWORD, SoftAuthenticator, TestApp};

pub(super) const SECRET: &str = "a secret that the practice keeps to itself";
pub(super) const EVERYTHING: &str = "openid admin:people.read admin:people.help admin:people.write \
    admin:people.create admin:roles.write admin:organizations.read admin:organizations.write admin:audit.read \
    admin:applications.read admin:applications.write admin:service.read admin:service.write";

/// `desk`: people administer through it. `robot`: administers for itself. `stranger`: has the scopes of the API and is
/// not named for it. `slots`: an API of somebody else's.
const CLIENTS: &str = r#"
[[clients]]
id = "desk"
name = "Front Desk"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://desk.example.org/cb"]
scopes = ["openid", "admin:people.read", "admin:people.help", "admin:people.write", "admin:people.create",
  "admin:roles.write", "admin:organizations.read", "admin:organizations.write", "admin:audit.read",
  "admin:applications.read", "admin:applications.write", "admin:service.read", "admin:service.write"]
resources = ["http://localhost:{port}/api/v1", "https://slots.example.org"]

[[clients]]
id = "robot"
name = "Robot"
type = "machine"
secret = "a secret that the practice keeps to itself"
administers = ["admin:people.read", "admin:people.help", "admin:people.create", "admin:organizations.read",
  "admin:organizations.write", "admin:audit.read", "admin:applications.read", "admin:applications.write",
  "admin:service.read", "admin:service.write"]

[[clients]]
id = "stranger"
name = "Stranger"
type = "machine"
secret = "a secret that the practice keeps to itself"
scopes = ["admin:people.read"]
resources = ["http://localhost:{port}/api/v1"]
"#;

pub(super) struct Clinic {
    pub(super) app: TestApp,
}

impl Clinic {
    pub(super) async fn open() -> Self {
        Self::on(Backend::Sqlite, Vec::new()).await.unwrap()
    }

    /// `None` where there is no such database.
    pub(super) async fn on(backend: Backend, settings: Vec<(&'static str, String)>) -> Option<Self> {
        let mut environment = settings;
        if backend == Backend::Postgres {
            let (config, _dir) = crate::store::config(backend).await?;
            environment.push(("IDP_DATABASE__URL", config.database.url.unwrap().expose().to_owned()));
        }
        Some(Self::at(environment).await)
    }

    pub(super) async fn at(environment: Vec<(&'static str, String)>) -> Self {
        let options = Options { environment, config_file: Some(CLIENTS.to_owned()), ..Options::default() };
        Self { app: TestApp::with(options).await }
    }

    pub(super) fn client(&self, id: &str) -> Application {
        Application::new(&self.app, id, Some(SECRET), "https://desk.example.org/cb")
    }

    pub(super) fn resource(&self) -> String {
        self.app.url("/api/v1")
    }

    /// Somebody, logged in with a passkey.
    pub(super) async fn somebody(&self, email: &str, role: Option<ServiceRole>) -> (Browser, User) {
        let user = self.app.person_with_role(email, role).await;
        let mut authenticator = SoftAuthenticator::new(&self.app.issuer());
        let first = self.app.browser();
        first.log_in_with_password(email, PASSWORD).await;
        first.create_passkey(&mut authenticator).await;
        let browser = self.app.browser();
        browser.log_in_with_passkey(&mut authenticator).await;
        (browser, user)
    }

    pub(super) async fn organization(&self, slug: &str, members: &[(UserId, &str)]) -> OrganizationId {
        organization(&self.app.app.store, slug, members).await
    }

    /// What they may do with these scopes.
    pub(super) async fn token(&self, browser: &Browser, scope: &str) -> String {
        let resource = self.resource();
        let changes = [("scope", scope), ("resource", resource.as_str())];
        let tokens = self.client("desk").tokens(browser, &changes).await;
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// An operator's, with every scope.
    pub(super) async fn operator(&self) -> String {
        let (browser, _) = self.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
        self.token(&browser, EVERYTHING).await
    }

    pub(super) async fn machine(&self, id: &str) -> String {
        let resource = self.resource();
        let fields = [("grant_type", "client_credentials"), ("resource", resource.as_str())];
        let answer = self.client(id).token(&fields).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn send(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let http = self.client("desk").http;
        let mut request = http.request(method, self.app.url(&format!("/api/v1{path}")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(("GET", path), &[("authorization", &format!("Bearer {token}"))], None).await
    }

    /// A call with a body of JSON and perhaps more headers.
    pub(super) async fn call(
        &self,
        token: &str,
        (method, path): (&str, &str),
        more: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let authorization = format!("Bearer {token}");
        let mut headers =
            vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend(more);
        self.send((method, path), &headers, Some(&body.to_string())).await
    }

    /// The document as it is served.
    pub(super) async fn document(&self) -> Value {
        self.send(("GET", "/openapi.json"), &[], None).await.json()
    }
}

/// The kind of a problem, after everything that every problem has was looked at.
pub(super) fn problem(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    let body = answer.json();
    assert_eq!(body["status"], answer.status.as_u16(), "{body}");
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{body}");
    let kind = body["type"].as_str().unwrap();
    let (page, name) = kind.split_once('#').unwrap();
    assert!(page.ends_with("/api/v1/docs"), "{kind}");
    name.to_owned()
}

/// Each operation of a document: method, path and the scopes that it needs.
pub(super) fn operations(document: &Value) -> Vec<(String, String, Vec<String>)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scopes = operation["security"][0]["token"].as_array().unwrap();
            let scopes = scopes.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect();
            found.push((method.to_uppercase(), path.strip_prefix("/api/v1").unwrap().to_owned(), scopes));
        }
    }
    found
}
