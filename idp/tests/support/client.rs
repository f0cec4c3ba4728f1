//! An application that signs people in: builds authorization requests and redeems what comes back.

use std::net::SocketAddr;

use idp::crypto::{base64url, sha256};
use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use super::{Answer, Browser, TestApp};

#[derive(Clone)]
pub struct Application {
    pub http: reqwest::Client,
    pub issuer: String,
    pub client_id: String,
    pub secret: Option<String>,
    pub redirect_uri: String,
}

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

impl Application {
    pub fn new(app: &TestApp, client_id: &str, secret: Option<&str>, redirect_uri: &str) -> Self {
        Self::at((&app.issuer(), app.address), client_id, secret, redirect_uri)
    }

    pub fn at(
        (issuer, address): (&str, SocketAddr),
        client_id: &str,
        secret: Option<&str>,
        redirect_uri: &str,
    ) -> Self {
        let http = reqwest::Client::builder()
            // A connection that is kept would belong to one node of several.
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .resolve("localhost", address)
            .build()
            .unwrap();
        Self {
            http,
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            secret: secret.map(ToOwned::to_owned),
            redirect_uri: redirect_uri.to_owned(),
        }
    }

    pub fn clinic(app: &TestApp) -> Self {
        Self::clinic_at(&app.issuer(), app.address)
    }

    /// The example client of the development configuration.
    pub fn clinic_at(issuer: &str, address: SocketAddr) -> Self {
        let secret = Some("development-only-clinic-example-secret");
        Self::at((issuer, address), "clinic-example", secret, "http://localhost:8090/callback")
    }

    pub fn challenge() -> String {
        base64url::encode(sha256(VERIFIER.as_bytes()))
    }

    /// The parameters of a good request.
    pub fn request(&self) -> Vec<(String, String)> {
        [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", &Self::challenge()),
            ("code_challenge_method", "S256"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The good request with some parameters replaced; an empty value removes one.
    pub fn request_with(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut request = self.request();
        for (name, value) in changes {
            request.retain(|(known, _)| known != name);
            if !value.is_empty() {
                request.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        request
    }

    pub fn authorize_path(request: &[(String, String)]) -> String {
        format!("/oidc/authorize?{}", serde_urlencoded::to_string(request).unwrap())
    }

    /// Sends a browser to the provider.
    pub async fn authorize(&self, browser: &Browser, changes: &[(&str, &str)]) -> Answer {
        browser
            .get_with(&Self::authorize_path(&self.request_with(changes)), &[("sec-fetch-site", "cross-site")])
            .await
    }

    /// A code for whoever is signed in in this browser.
    pub async fn code(&self, browser: &Browser, changes: &[(&str, &str)]) -> String {
        let answer = self.authorize(browser, changes).await;
        answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    pub fn redemption<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
        ]
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        self.token(&self.redemption(code)).await
    }

    /// As [`Self::redeem`], with `None` when the provider is gone.
    pub async fn try_redeem(&self, code: &str) -> Option<Answer> {
        let response = self
            .http
            .post(format!("{}/oidc/token", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, basic_auth(&self.client_id, self.secret.as_deref().unwrap_or_default()))
            .body(serde_urlencoded::to_string(self.redemption(code)).unwrap())
            .send()
            .await
            .ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        Some(Answer { status, headers, body: response.text().await.ok()? })
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// A token request, authenticated as the client is registered.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.call("/oidc/token", fields).await
    }

    /// A form to an endpoint, authenticated as the client is registered.
    pub async fn call(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut fields = fields.to_vec();
        let mut headers = Vec::new();
        let basic;
        match &self.secret {
            Some(secret) => {
                basic = basic_auth(&self.client_id, secret);
                headers.push((AUTHORIZATION.as_str(), basic.as_str()));
            }
            None if fields.iter().any(|(name, _)| *name == "client_id") => {}
            None => fields.push(("client_id", &self.client_id)),
        }
        self.post(path, &headers, &serde_urlencoded::to_string(&fields).unwrap()).await
    }

    /// A form sent as it is.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = self
            .http
            .post(format!("{}{path}", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.get(format!("{}{path}", self.issuer));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn userinfo(&self, access_token: &str) -> Answer {
        self.get("/oidc/userinfo", &[("authorization", &format!("Bearer {access_token}"))]).await
    }

    /// Tokens that go on when the person has logged out, with the consent that this needs.
    pub async fn offline_tokens(&self, browser: &Browser) -> Value {
        let offline = [("scope", "openid offline_access"), ("prompt", "consent")];
        let asked = self.authorize(browser, &offline).await;
        let attempt =
            asked.body.split("name=\"attempt\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let allowed = browser.post("/oidc/consent", &[("attempt", attempt), ("decision", "allow")]).await;
        let code = browser.get(&allowed.location()).await.parameter("code").unwrap();
        self.redeem(&code).await.json()
    }

    /// Whether a refresh token among these is still worth anything.
    pub async fn can_refresh(&self, tokens: &Value) -> bool {
        self.refresh(tokens["refresh_token"].as_str().unwrap()).await.status == 200
    }

    /// Signs in and out of nothing: code, exchange, tokens.
    pub async fn tokens(&self, browser: &Browser, changes: &[(&str, &str)]) -> Value {
        let code = self.code(browser, changes).await;
        let answer = self.redeem(&code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

pub fn basic_auth(id: &str, secret: &str) -> String {
    use base64::Engine;
    let encode = |text: &str| serde_urlencoded::to_string([("", text)]).unwrap()[1..].to_owned();
    let joined = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(joined))
}
