//! A person's browser: cookies, pages, forms, and the scripts that pages run.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{HeaderMap, HeaderName, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{SoftAuthenticator, TestApp};

pub struct Browser {
    http: reqwest::Client,
    cookies: Arc<Jar>,
    pub base: String,
}

/// A response, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    /// Where a redirect leads.
    pub fn location(&self) -> String {
        let location = self.headers.get(LOCATION);
        let location = location.unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body));
        location.to_str().unwrap().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The token that this page's forms carry.
    pub fn csrf(&self) -> String {
        let (_, rest) = self.body.split_once("name=\"csrf\" content=\"").expect("a page with a token");
        rest.split('"').next().unwrap().to_owned()
    }

    /// A parameter of the redirect.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&self.location()).unwrap_or_else(|_| {
            reqwest::Url::parse("http://relative").unwrap().join(&self.location()).unwrap()
        });
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub fn assert_error_page(&self, kind_text: &str) {
        assert!(self.headers.get(LOCATION).is_none(), "redirected to {}", self.location());
        assert!(self.header("content-type").starts_with("text/html"), "{self:?}");
        assert!(self.body.contains(kind_text), "{kind_text:?} is not in: {}", self.body);
    }
}

impl Browser {
    pub fn new(app: &TestApp) -> Self {
        Self::at(&app.issuer(), app.address)
    }

    /// A browser that finds `localhost` at this address.
    pub fn at(issuer: &str, address: SocketAddr) -> Self {
        let cookies = Arc::new(Jar::default());
        let http = reqwest::Client::builder()
            .cookie_provider(Arc::clone(&cookies))
            // A provider that was restarted has closed what was kept.
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .resolve("localhost", address)
            .user_agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
            .build()
            .unwrap();
        Self { http, cookies, base: issuer.to_owned() }
    }

    /// One cookie as it is sent, `name=value`.
    pub fn cookie(&self, name: &str) -> String {
        let all = self.cookies.cookies(&self.base.parse().unwrap()).unwrap();
        let mut pairs = all.to_str().unwrap().split("; ");
        pairs.find(|pair| pair.starts_with(name)).unwrap().to_owned()
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() }
    }

    /// A request as the address bar or another page of ours makes it.
    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[("sec-fetch-site", "same-origin")]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, None).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let mut request = self.http.request(method, self.absolute(path));
        for (name, value) in headers {
            request = request.header(HeaderName::try_from(*name).unwrap(), *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// As [`Self::get`], with `None` when the provider is gone.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        let response = self.http.get(self.absolute(path)).send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        Some(Answer { status, headers, body: response.text().await.ok()? })
    }

    /// The token of this browser's pages.
    pub async fn csrf(&self) -> String {
        self.get("/help/passkeys").await.csrf()
    }

    /// Submits a form of one of our pages.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        let fields: Vec<(&str, &str)> =
            [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        let body = serde_urlencoded::to_string(fields).unwrap();
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.send(Method::POST, path, &[form, ("sec-fetch-site", "same-origin")], Some(body)).await
    }

    /// Submits a form of one of our pages with a file in it.
    pub async fn upload(&self, path: &str, file: &[u8]) -> Answer {
        let csrf = self.csrf().await;
        self.upload_with(path, &csrf, file).await
    }

    pub async fn upload_with(&self, path: &str, csrf: &str, file: &[u8]) -> Answer {
        let part = |name: &str| format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"");
        let head =
            format!("{}\r\n\r\n{csrf}\r\n{}; filename=\"logo.png\"\r\n\r\n", part("csrf"), part("file"));
        let body = [head.as_bytes(), file, b"\r\n--limit--\r\n"].concat();
        let request = self
            .http
            .post(self.absolute(path))
            .header("content-type", "multipart/form-data; boundary=limit")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        Answer::of(request.send().await.unwrap()).await
    }

    /// A call from a script of one of our pages.
    pub async fn call(&self, path: &str, body: &Value) -> Answer {
        let csrf = self.csrf().await;
        let headers = [
            ("content-type", "application/json"),
            ("sec-fetch-site", "same-origin"),
            ("x-csrf-token", csrf.as_str()),
        ];
        self.send(Method::POST, path, &headers, Some(body.to_string())).await
    }

    pub async fn submit_password(&self, email: &str, password: &str) -> Answer {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    /// Enters a right password where more is asked for; returns the sign-in that goes on.
    pub async fn password_step(&self, email: &str, password: &str) -> String {
        let answer = self.submit_password(email, password).await;
        answer.parameter("flow").unwrap_or_else(|| panic!("nothing more is asked for: {answer:?}"))
    }

    /// Signs in at the account pages and declines the offer of a passkey.
    pub async fn log_in_with_password(&self, email: &str, password: &str) {
        let answer = self.submit_password(email, password).await;
        assert!(
            answer.location().starts_with("/login/offer") || answer.location() == "/account",
            "{answer:?}"
        );
    }

    /// The options of a sign-in ceremony: `(handle, publicKey)`.
    pub async fn passkey_options(&self, context: &Value) -> (String, Value) {
        let mut body = json!({ "attempt": null, "flow": null, "mediation": "modal" });
        merge(&mut body, context);
        let answer = self.call("/login/passkey/options", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = answer.json();
        (json["ceremony"].as_str().unwrap().to_owned(), json["publicKey"].clone())
    }

    pub async fn answer_passkey(&self, ceremony: &str, credential: &Value, context: &Value) -> Answer {
        let mut body = json!({
            "ceremony": ceremony, "credential": credential, "attempt": null, "flow": null, "destination": null,
        });
        merge(&mut body, context);
        self.call("/login/passkey", &body).await
    }

    /// The whole ceremony of the sign-in page; the answer says where it leads.
    pub async fn use_passkey(&self, authenticator: &mut SoftAuthenticator, context: &Value) -> Answer {
        let (ceremony, options) = self.passkey_options(context).await;
        let credential = authenticator.get(&options);
        self.answer_passkey(&ceremony, &credential, context).await
    }

    pub async fn log_in_with_passkey(&self, authenticator: &mut SoftAuthenticator) {
        let answer = self.use_passkey(authenticator, &json!({})).await;
        assert_eq!(answer.json()["location"], "/account", "{answer:?}");
    }

    /// The options of a creation: `(handle, publicKey)`.
    pub async fn creation_options(&self) -> (String, Value) {
        let answer = self.call("/account/passkeys/options", &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = answer.json();
        (json["ceremony"].as_str().unwrap().to_owned(), json["publicKey"].clone())
    }

    pub async fn finish_creation(&self, ceremony: &str, credential: &Value) -> Answer {
        let body = json!({
            "ceremony": ceremony, "credential": credential, "attempt": null, "destination": null,
        });
        self.call("/account/passkeys/finish", &body).await
    }

    /// Creates a passkey and keeps the name that is suggested; returns its id.
    pub async fn create_passkey(&self, authenticator: &mut SoftAuthenticator) -> String {
        let (ceremony, options) = self.creation_options().await;
        let credential = authenticator.create(&options).expect("no passkey of this person here");
        let answer = self.finish_creation(&ceremony, &credential).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let location = answer.json()["location"].as_str().unwrap().to_owned();
        location.trim_start_matches("/account/passkeys/").split('/').next().unwrap().to_owned()
    }

    pub async fn is_signed_in(&self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }
}

fn merge(body: &mut Value, context: &Value) {
    for (name, value) in context.as_object().unwrap() {
        body[name] = value.clone();
    }
}
