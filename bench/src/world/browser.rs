//! As much of a browser as it takes to log in and to make a passkey: cookies, forms, calls of our pages' scripts.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::{WEB, basic, encoded, password};
use crate::driver::line::{Line, request};
use crate::floor::plan::Shape;

pub(super) struct Browser {
    line: Line,
    host: String,
    cookies: Vec<(String, String)>,
}

pub(super) const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

impl Shape {
    fn location(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str())
    }

    /// The code that a redirect carries.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let (_, query) = self.location()?.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix("code=")).map(ToOwned::to_owned)
    }
}

/// Sends a request and keeps the answer.
///
/// # Errors
/// When there is none.
pub(crate) async fn send(line: &mut Line, request: &[u8]) -> anyhow::Result<Shape> {
    let answer = line.exchange(request).await?;
    Ok(Shape { status: answer.status, headers: answer.headers(), body: answer.text() })
}

impl Browser {
    pub(super) fn new(address: SocketAddr, host: &str) -> Self {
        Self { line: Line::to(address), host: host.to_owned(), cookies: Vec::new() }
    }

    /// The value of the header `Cookie`.
    pub(super) fn cookies(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// Keeps what tells browsers apart and nothing that somebody is logged in by.
    pub(super) fn forget_session(&mut self) {
        self.cookies.retain(|(name, _)| !["idp_session", "idp_account"].contains(&name.as_str()));
    }

    async fn send(
        &mut self,
        method: &str,
        target: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<Shape> {
        let cookies = self.cookies();
        let mut headers = vec![
            ("host", self.host.as_str()),
            ("user-agent", USER_AGENT),
            ("sec-fetch-site", "same-origin"),
            ("cookie", cookies.as_str()),
        ];
        headers.extend_from_slice(more);
        let answer = send(&mut self.line, &request(method, target, &headers, body)).await?;
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = cookie.split_once('=').context("no cookie")?;
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(answer)
    }

    pub(super) async fn get(&mut self, target: &str) -> anyhow::Result<Shape> {
        self.send("GET", target, &[], "").await
    }

    /// The token that this browser's forms carry.
    pub(super) async fn csrf(&mut self) -> anyhow::Result<String> {
        let page = self.get("/help/passkeys").await?;
        let (_, rest) = page.body.split_once("name=\"csrf\" content=\"").context("a page without a token")?;
        Ok(rest.split('"').next().unwrap_or_default().to_owned())
    }

    /// Logs in with the password.
    pub(super) async fn log_in(&mut self, email: &str) -> anyhow::Result<()> {
        let csrf = self.csrf().await?;
        let form = login_form(&csrf, email);
        let answer = self.send("POST", "/login", &[("content-type", FORM)], &form).await?;
        ensure!(answer.location().is_some(), "{email} is not let in: {} {}", answer.status, answer.body);
        Ok(())
    }

    /// A call from a script of one of our pages.
    pub(super) async fn call(&mut self, target: &str, body: &Value) -> anyhow::Result<Value> {
        let csrf = self.csrf().await?;
        let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
        let answer = self.send("POST", target, &headers, &body.to_string()).await?;
        if answer.status != 200 {
            bail!("{target}: {} {}", answer.status, answer.body);
        }
        Ok(serde_json::from_str(&answer.body)?)
    }

    /// What the application does meanwhile.
    pub(super) async fn token(&mut self, form: &str) -> anyhow::Result<Value> {
        let basic = basic(WEB);
        let headers =
            [("host", self.host.as_str()), ("content-type", FORM), ("authorization", basic.as_str())];
        let answer = send(&mut self.line, &request("POST", "/oidc/token", &headers, form)).await?;
        ensure!(answer.status == 200, "no tokens: {} {}", answer.status, answer.body);
        Ok(serde_json::from_str(&answer.body)?)
    }
}

pub(super) fn login_form(csrf: &str, email: &str) -> String {
    encoded(&[("csrf", csrf), ("email", email), ("password", password())])
}
