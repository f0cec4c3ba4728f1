//! The requests of each operation, made from the world.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use super::browser::{FORM, USER_AGENT, login_form, send};
use super::{MACHINE, WEB, World, authorize_target, basic, encoded, exchange_form};
use crate::driver::line::{Line, request};
use crate::driver::work::{Plain, Work};
use crate::floor::plan::{PASSKEY_OPTIONS, Shape};
use crate::operation::Operation;

/// Codes are asked for on as many connections.
const LINES: usize = 16;

impl World {
    /// What to ask a server for. Codes and access tokens are fetched from it first, `codes` of them.
    ///
    /// # Errors
    /// When it does not answer as expected.
    pub async fn work(
        &self,
        operation: Operation,
        address: SocketAddr,
        codes: usize,
    ) -> anyhow::Result<Arc<Work>> {
        let repeated = |status, requests| Work::Repeated(Plain { requests, status });
        Ok(Arc::new(match operation {
            Operation::Discovery => repeated(200, vec![self.get("/.well-known/openid-configuration", &[])]),
            Operation::Jwks => repeated(200, vec![self.get("/oidc/jwks", &[])]),
            Operation::ClientCredentials => {
                let form = encoded(&[("grant_type", "client_credentials")]);
                repeated(200, vec![self.client_request(MACHINE, "/oidc/token", &form)])
            }
            Operation::Authorize => repeated(303, self.authorizations()),
            Operation::CodeExchange => {
                let codes = self.codes(address, codes).await?;
                let exchange = |code: &String| self.client_request(WEB, "/oidc/token", &exchange_form(code));
                Work::Once(Plain { requests: codes.iter().map(exchange).collect(), status: 200 })
            }
            Operation::Refresh => repeated(200, self.refreshes()),
            Operation::Userinfo => {
                let tokens = self.access_tokens(address).await?;
                let userinfo = |token: &String| {
                    self.get("/oidc/userinfo", &[("authorization", &format!("Bearer {token}"))])
                };
                repeated(200, tokens.iter().map(userinfo).collect())
            }
            Operation::IntrospectRefresh => repeated(200, self.introspections(&self.refresh_tokens)),
            Operation::IntrospectAccess => {
                repeated(200, self.introspections(&self.access_tokens(address).await?))
            }
            Operation::Passkey => Work::Ceremonies(self.passkeys.clone()),
            Operation::Password => repeated(303, self.log_ins()),
        }))
    }

    /// How a provider answers each operation, for the floor to do as much.
    ///
    /// # Errors
    /// When it does not answer as expected.
    pub async fn sample(&self, address: SocketAddr) -> anyhow::Result<Vec<(String, Shape)>> {
        let mut samples = Vec::new();
        let mut line = Line::to(address);
        for operation in Operation::ALL {
            match &*self.work(operation, address, 1).await? {
                Work::Repeated(plain) | Work::Once(plain) => {
                    let answer =
                        send(&mut line, plain.requests.first().context("nothing to ask for")?).await?;
                    ensure!(
                        answer.status == plain.status,
                        "{}: {} {}",
                        operation.name(),
                        answer.status,
                        answer.body
                    );
                    ensure!(!answer.body.contains("\"active\":false"), "{}: inactive", operation.name());
                    samples.push((operation.name().to_owned(), answer));
                }
                Work::Ceremonies(passkeys) => {
                    let passkey = passkeys.first().context("no passkey")?;
                    let options = send(&mut line, &passkey.asking).await?;
                    let answer = send(&mut line, &passkey.answer(options.body.as_bytes())?).await?;
                    ensure!(answer.status == 200, "passkey: {} {}", answer.status, answer.body);
                    samples.push((PASSKEY_OPTIONS.to_owned(), options));
                    samples.push((operation.name().to_owned(), answer));
                }
            }
        }
        Ok(samples)
    }

    fn get(&self, target: &str, more: &[(&str, &str)]) -> Vec<u8> {
        let mut headers = vec![("host", self.host.as_str())];
        headers.extend_from_slice(more);
        request("GET", target, &headers, "")
    }

    fn client_request(&self, client: &str, target: &str, form: &str) -> Vec<u8> {
        let basic = basic(client);
        let headers =
            [("host", self.host.as_str()), ("authorization", basic.as_str()), ("content-type", FORM)];
        request("POST", target, &headers, form)
    }

    fn authorizations(&self) -> Vec<Vec<u8>> {
        let target = authorize_target();
        let authorize = |cookie: &String| {
            let headers =
                [("user-agent", USER_AGENT), ("sec-fetch-site", "cross-site"), ("cookie", cookie.as_str())];
            self.get(&target, &headers)
        };
        self.sessions.iter().map(authorize).collect()
    }

    fn refreshes(&self) -> Vec<Vec<u8>> {
        let refresh = |token: &String| {
            let form = encoded(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
            self.client_request(WEB, "/oidc/token", &form)
        };
        self.refresh_tokens.iter().map(refresh).collect()
    }

    fn introspections(&self, tokens: &[String]) -> Vec<Vec<u8>> {
        let introspect =
            |token: &String| self.client_request(WEB, "/oidc/introspect", &encoded(&[("token", token)]));
        tokens.iter().map(introspect).collect()
    }

    fn log_ins(&self) -> Vec<Vec<u8>> {
        let log_in = |typist: &super::Typist| {
            let headers = [
                ("host", self.host.as_str()),
                ("user-agent", USER_AGENT),
                ("cookie", &typist.cookie),
                ("content-type", FORM),
                ("sec-fetch-site", "same-origin"),
            ];
            request("POST", "/login", &headers, &login_form(&typist.csrf, &typist.email))
        };
        self.typing.iter().map(log_in).collect()
    }

    /// A token of each person, good for five minutes.
    async fn access_tokens(&self, address: SocketAddr) -> anyhow::Result<Vec<String>> {
        let mut line = Line::to(address);
        let mut tokens = Vec::new();
        for request in self.refreshes() {
            let answer = send(&mut line, &request).await?;
            let json: Value = serde_json::from_str(&answer.body)?;
            let token = json.get("access_token").and_then(Value::as_str);
            tokens.push(token.context("no access token")?.to_owned());
        }
        Ok(tokens)
    }

    /// Codes that nobody has used, good for a minute.
    async fn codes(&self, address: SocketAddr, count: usize) -> anyhow::Result<Vec<String>> {
        let requests = Arc::new(self.authorizations());
        let mut lines = JoinSet::new();
        for first in 0..LINES {
            let requests = Arc::clone(&requests);
            lines.spawn(async move {
                let mut line = Line::to(address);
                let mut codes = Vec::new();
                for request in requests.iter().cycle().skip(first).take(count.div_ceil(LINES)) {
                    let answer = send(&mut line, request).await?;
                    let Some(code) = answer.code() else {
                        bail!("no code: {} {}", answer.status, answer.body);
                    };
                    codes.push(code);
                }
                Ok(codes)
            });
        }
        let mut codes = Vec::new();
        while let Some(more) = lines.join_next().await {
            codes.extend(more??);
        }
        Ok(codes)
    }
}
