//! A request from a person's browser: its language, the cookie that tells browsers apart before
//! anyone has signed in, and a few words about which browser it is.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, header};

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use time::OffsetDateTime;

use super::back;
use super::error::{PageError, RequestId};
use super::network::{self, Peer};
use super::session::{self, Presence, SignedIn};
use crate::app::App;
use crate::audit::{Actor, Doer};
use crate::crypto::token::{Token, TokenKind};
use crate::i18n::Locale;
use crate::mail::Circumstances;
use crate::model::attempt::BrowserId;
use crate::store::memberships;
use crate::theme::{BackCard, BrandCard, PersonCard};

/// Put into every request to a page by [`layer`].
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else about the visitor")]
pub struct Visit {
    pub locale: Locale,
    pub browser: BrowserId,
    /// What this browser's forms carry.
    pub csrf: String,
    /// "Firefox on Linux": for people to recognise, never to decide by.
    pub agent: String,
    /// Where the request comes from, as far as the network tells.
    pub address: Option<IpAddr>,
    /// Its text, for records and people.
    pub network: String,
    /// Somebody said that this computer is shared.
    pub shared: bool,
    /// Who is signed in here, judged by the cookie that also comes along from other sites.
    pub signed_in: Option<SignedIn>,
    /// Whether the account pages show them the way to the console, which judges for itself.
    pub administers: bool,
    /// Who may add a way in here and nothing else.
    pub limited: Option<SignedIn>,
    /// The application that sent somebody to their account pages.
    pub back: Option<BackCard>,
    /// A passkey has worked in this browser before.
    pub passkey_hint: bool,
    /// There was a session here, and it has ended by itself.
    pub session_ended: bool,
    accept_language: Option<String>,
    /// The look of its pages, once it is known that it is not the service's. Shared by clones of the visit.
    worn: Arc<OnceLock<BrandCard>>,
}

impl Visit {
    /// The same visit in the language that an application asked for, if we have it.
    #[must_use]
    pub fn asked_to_speak(mut self, app: &App, ui_locales: &[String]) -> Self {
        if !ui_locales.is_empty() {
            let known = language_of(self.signed_in.as_ref());
            let wanted: Vec<String> = ui_locales.iter().cloned().chain(known).collect();
            self.locale = app.theme.catalogues().negotiate(&wanted, self.accept_language.as_deref());
        }
        self
    }

    /// Pages of this visit look like this.
    pub(super) fn wear(&self, look: BrandCard) {
        // The first word holds: a visit is for one request.
        let _ = self.worn.set(look);
    }

    pub(super) fn worn(&self) -> Option<&BrandCard> {
        self.worn.get()
    }

    /// Who acts, and from where, for the audit trail.
    #[must_use]
    pub fn doer(&self, actor: Actor) -> Doer<'_> {
        Doer { actor, network: Some(&self.network), browser: Some(&self.agent) }
    }

    /// The same for mails.
    #[must_use]
    pub fn circumstances(&self, at: OffsetDateTime) -> Circumstances<'_> {
        Circumstances { at, browser: &self.agent, network: &self.network }
    }

    #[must_use]
    pub fn person(&self) -> Option<PersonCard> {
        self.signed_in.as_ref().map(SignedIn::card)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| PageError::internal(anyhow::anyhow!("a page route lacks the visit layer")))
    }
}

/// Recognises the browser, gives it its cookie if it has none, and turns errors into pages.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let fetched = request.method().is_safe();
    let known =
        cookie(headers, &name(&app, BROWSER)).and_then(|text| Token::parse(TokenKind::Browser, &text));
    let is_new = known.is_none();
    let reference = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let token = match known.map_or_else(|| Token::generate(TokenKind::Browser, app.entropy), Ok) {
        Ok(token) => token,
        Err(error) => return PageError::internal(error.into()).plain(&reference),
    };
    let presence = match session::presence(&app, headers).await {
        Ok(presence) => presence,
        Err(error) => return PageError::internal(error).plain(&reference),
    };
    let session_ended = matches!(presence, Presence::Ended);
    let (signed_in, limited) = match presence {
        Presence::SignedIn(signed_in) => (Some(*signed_in), None),
        Presence::Limited(limited) => (None, Some(*limited)),
        Presence::Nobody | Presence::Ended => (None, None),
    };
    let accept_language = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let session = signed_in.as_ref().map(|signed_in| signed_in.session.id.uuid());
    let peer = request.extensions().get::<Peer>().copied();
    let address = network::address(headers, peer, &app.config.http.trusted_proxies);
    let back = match back::find(&app, request.uri(), cookie(headers, &name(&app, BACK)).as_deref()).await {
        Ok(back) => back,
        Err(error) => return PageError::internal(error.into()).plain(&reference),
    };
    let administers = match &signed_in {
        Some(SignedIn { user, .. }) if request.uri().path().starts_with("/account") => {
            match memberships::run_by(&app.store, user.id).await {
                Ok(organizations) => user.role.is_some() || !organizations.is_empty(),
                Err(error) => return PageError::internal(error.into()).plain(&reference),
            }
        }
        _ => false,
    };
    let visit = Visit {
        administers,
        back: back.card,
        session_ended,
        locale: app.theme.catalogues().negotiate(&language_of(signed_in.as_ref()), accept_language),
        browser: BrowserId(token.hash().0),
        csrf: app.store.sealer().csrf_token(token.hash().0, session),
        agent: describe_agent(headers),
        network: address.map(|address| address.to_string()).unwrap_or_default(),
        address,
        shared: cookie(headers, &name(&app, SHARED)).is_some(),
        signed_in,
        limited,
        passkey_hint: cookie(headers, &name(&app, PASSKEY_HINT)).is_some(),
        accept_language: accept_language.map(ToOwned::to_owned),
        worn: Arc::default(),
    };
    request.extensions_mut().insert(visit.clone());
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<PageError>() {
        response = error.page(&app, &visit, &reference).into_response();
    }
    if visit.session_ended && fetched && response.status() == http::StatusCode::OK {
        session::forget(&app, &mut response);
    }
    if let Some(remember) = &back.remember {
        append_cookie(&mut response, &set_cookie(&app, BACK, remember, SameSite::Lax, Some(back::LIFETIME)));
    }
    // Not after a POST: from another site it comes without the cookies that the browser does have.
    if is_new && fetched {
        let value = set_cookie(&app, BROWSER, token.expose(), SameSite::Lax, Some(400 * 24 * 3600));
        append_cookie(&mut response, &value);
    }
    response
}

/// The language that somebody chose for their account.
fn language_of(signed_in: Option<&SignedIn>) -> Vec<String> {
    signed_in
        .and_then(|signed_in| signed_in.user.language.as_ref())
        .map(ToString::to_string)
        .into_iter()
        .collect()
}

/// Cookie names without their prefix.
pub const BROWSER: &str = "idp_browser";
pub const SESSION: &str = "idp_session";
pub const ACCOUNT: &str = "idp_account";
pub const PASSKEY_HINT: &str = "idp_passkey";
pub const HOP: &str = "idp_hop";
pub const SHARED: &str = "idp_shared";
pub const BACK: &str = "idp_back";
pub const STATE: &str = "idp_state";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Comes along when another site sends a person here.
    Lax,
    /// Comes along from our own pages only.
    Strict,
}

/// `__Host-` binds a cookie to this host and to https. Plain http exists on localhost only, where
/// browsers refuse the prefix.
pub fn name(app: &App, bare: &str) -> String {
    if app.config.public_url.is_secure() { format!("__Host-{bare}") } else { bare.to_owned() }
}

/// A `Set-Cookie` value: never readable by scripts, never sent to another host.
pub(super) fn set_cookie(
    app: &App,
    bare: &str,
    value: &str,
    same_site: SameSite,
    max_age: Option<u32>,
) -> String {
    let secure = if app.config.public_url.is_secure() { "; Secure" } else { "" };
    let same_site = match same_site {
        SameSite::Lax => "Lax",
        SameSite::Strict => "Strict",
    };
    let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!("{}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}{max_age}", name(app, bare))
}

/// The one cookie that a script reads: a page of ours in a frame of an application (Session Management §3.2).
/// What it says opens nothing.
pub(super) fn set_readable_cookie(app: &App, bare: &str, value: &str, max_age: Option<u32>) -> String {
    let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!("{}={value}; Path=/; SameSite=None; Secure{max_age}", name(app, bare))
}

pub(super) fn append_cookie(response: &mut Response, value: &str) {
    // Our own tokens and numbers: always legal in a header.
    if let Ok(value) = value.parse() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The first cookie of that name.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn describe_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // The order matters: most browsers also claim to be the ones after them.
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}
