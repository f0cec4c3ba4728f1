//! The people, applications and passkeys that load is made with: real ones, made at the provider as anybody would make
//! them. Everything here is done before anything is measured.

pub mod authenticator;
mod browser;
pub mod crowd;
pub mod passkey;
mod people;
mod requests;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::floor::plan::{Place, Plan, PublicPasskey, Shape};
use authenticator::Authenticator;
use browser::Browser;
use passkey::Passkey;

pub use people::{import_file, password};

/// What every application here is registered with.
pub const SECRET: &str = "a secret for measurements and nothing else";
pub const WEB: &str = "bench-web";
pub const MACHINE: &str = "bench-machine";
pub const REDIRECT_URI: &str = "http://localhost:9/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// How many of each.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Logged in, with a refresh token.
    pub people: usize,
    /// Who log in with a password.
    pub typing: usize,
    /// Who log in with a passkey.
    pub passkeys: usize,
}

/// What requests are made from.
#[derive(Debug, Default)]
pub struct World {
    pub host: String,
    /// `Cookie` headers of browsers in which somebody is logged in.
    sessions: Vec<String>,
    /// In the same order.
    refresh_tokens: Vec<String>,
    typing: Vec<Typist>,
    pub passkeys: Vec<Arc<Passkey>>,
    subjects: Vec<String>,
}

/// Somebody's browser before they log in with a password.
#[derive(Debug)]
struct Typist {
    email: String,
    cookie: String,
    csrf: String,
}

impl World {
    /// Makes it at a provider that was just started on an empty database with the people of [`import_file`].
    ///
    /// # Errors
    /// When the provider does not answer as expected.
    pub async fn make(address: SocketAddr, size: Size) -> anyhow::Result<Self> {
        let host = format!("localhost:{}", address.port());
        let mut world = Self {
            host,
            sessions: Vec::new(),
            refresh_tokens: Vec::new(),
            typing: Vec::new(),
            passkeys: Vec::new(),
            subjects: Vec::new(),
        };
        for number in 0..size.people {
            let email = people::email("person", number);
            world.log_in(address, &email).await.with_context(|| email)?;
        }
        for number in 0..size.typing {
            let email = people::email("typing", number);
            let mut browser = Browser::new(address, &world.host);
            // Once before, so that the password has a hash of the provider's own and the browser is known.
            browser.log_in(&email).await?;
            browser.forget_session();
            let csrf = browser.csrf().await?;
            world.typing.push(Typist { email, cookie: browser.cookies(), csrf });
        }
        for number in 0..size.passkeys {
            let email = people::email("passkey", number);
            let passkey = passkey_of(address, &world.host, &email).await.with_context(|| email)?;
            world.passkeys.push(Arc::new(passkey));
        }
        Ok(world)
    }

    async fn log_in(&mut self, address: SocketAddr, email: &str) -> anyhow::Result<()> {
        let mut browser = Browser::new(address, &self.host);
        browser.log_in(email).await?;
        let answer = browser.get(&authorize_target()).await?;
        let code = answer.code().context("no code")?;
        let cookies = browser.cookies();
        let tokens = browser.token(&exchange_form(&code)).await?;
        let text = |name: &str| tokens.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        self.refresh_tokens.push(text("refresh_token").context("no refresh token")?);
        self.subjects.push(subject(&text("access_token").context("no access token")?)?);
        self.sessions.push(cookies);
        Ok(())
    }

    /// What the floor has to know, with the answers that the provider gave.
    pub fn plan(&self, answers: impl IntoIterator<Item = (String, Shape)>, database: Place) -> Plan {
        let sessions = self.sessions.iter().filter_map(|cookies| {
            cookies.split("; ").find_map(|cookie| cookie.strip_prefix("idp_session=")).map(ToOwned::to_owned)
        });
        let kept = sessions.chain(self.refresh_tokens.iter().cloned()).chain(self.subjects.iter().cloned());
        let public =
            |passkey: &Arc<Passkey>| PublicPasskey { id: passkey.id().to_owned(), point: passkey.point() };
        Plan {
            answers: answers.into_iter().collect(),
            kept: kept.collect(),
            passkeys: self.passkeys.iter().map(public).collect(),
            database,
        }
    }
}

/// A passkey, made after a log-in with the password, and the browser that it is used in.
async fn passkey_of(address: SocketAddr, host: &str, email: &str) -> anyhow::Result<Passkey> {
    let mut browser = Browser::new(address, host);
    browser.log_in(email).await?;
    let options = browser.call("/account/passkeys/options", &serde_json::json!({})).await?;
    let (made, credential) = Authenticator::at(&format!("http://{host}")).create(&options)?;
    let finish = serde_json::json!({
        "ceremony": options.get("ceremony"), "credential": credential, "attempt": null, "destination": null,
    });
    browser.call("/account/passkeys/finish", &finish).await?;
    browser.forget_session();
    let csrf = browser.csrf().await?;
    Ok(Passkey::new(made, host, &browser.cookies(), &csrf))
}

fn authorize_target() -> String {
    let query = [
        ("client_id", WEB),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid profile email offline_access"),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    format!("/oidc/authorize?{}", encoded(&query))
}

fn exchange_form(code: &str) -> String {
    encoded(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

/// A form; texts and nothing else can always be encoded.
fn encoded(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap_or_default()
}

fn basic(client: &str) -> String {
    let form = |text: &str| text.replace(' ', "+");
    format!("Basic {}", STANDARD.encode(format!("{client}:{}", form(SECRET))))
}

fn subject(token: &str) -> anyhow::Result<String> {
    let payload = token.split('.').nth(1).context("no token")?;
    let claims: Value = serde_json::from_slice(&authenticator::decode(payload)?)?;
    let subject = claims.get("sub").and_then(Value::as_str).map(ToOwned::to_owned);
    ensure!(subject.is_some(), "a token without a subject");
    subject.context("no subject")
}

/// The part of the configuration that registers the applications.
#[must_use]
pub fn clients() -> String {
    format!(
        "[[clients]]\nid = \"{WEB}\"\nname = \"Bench\"\ntype = \"web\"\nsecret = \"{SECRET}\"\n\
         redirect_uris = [\"{REDIRECT_URI}\"]\nid_token_alg = \"ES256\"\n\n\
         [[clients]]\nid = \"{MACHINE}\"\nname = \"Bench machine\"\ntype = \"machine\"\nsecret = \"{SECRET}\"\n\
         grants = [\"client_credentials\"]\n"
    )
}
