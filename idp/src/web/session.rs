//! Sessions as requests carry them: two cookies, one that comes along when an application sends a
//! person here, and a stricter one that alone opens the account pages.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method};
use time::Duration;

use super::error::PageError;
use super::page;
use super::visit::{self, SameSite, Visit, append_cookie, cookie, name, set_cookie, set_readable_cookie};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::crypto::base64url;
use crate::crypto::token::{Token, TokenKind};
use crate::model::attempt::LocalPath;
use crate::model::session::Session;
use crate::model::user::User;
use crate::store::{held, sessions};
use crate::theme::PersonCard;

/// "Seen" is written at most this often.
const SEEN_EVERY: Duration = Duration::minutes(1);

pub use crate::model::session::FRESH;

/// A live session and its enabled person.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub session: Session,
    pub user: User,
}

impl SignedIn {
    #[must_use]
    pub fn card(&self) -> PersonCard {
        PersonCard { name: self.user.display_name(), email: self.user.email.as_str().to_owned() }
    }
}

/// What the Lax cookie says about who is here.
#[derive(Debug)]
pub enum Presence {
    Nobody,
    SignedIn(Box<SignedIn>),
    /// Somebody who may add a way in: to everything but the pages for that, nobody.
    Limited(Box<SignedIn>),
    /// There was a session, and it has ended by itself.
    Ended,
}

/// Who is here, by the cookie that also comes along from other sites.
///
/// # Errors
/// When the database does not answer.
pub async fn presence(app: &App, headers: &HeaderMap) -> anyhow::Result<Presence> {
    let Some(text) = cookie(headers, &name(app, visit::SESSION)) else {
        return Ok(Presence::Nobody);
    };
    let Some(token) = Token::parse(TokenKind::Session, &text) else {
        return Ok(Presence::Ended);
    };
    let found = held::by_session_token(&app.store, token.hash()).await?;
    Ok(match live(app, found).await? {
        None => Presence::Ended,
        Some(limited) if limited.session.is_limited() => Presence::Limited(Box::new(limited)),
        Some(signed_in) => Presence::SignedIn(Box::new(signed_in)),
    })
}

async fn live(app: &App, found: Option<(Session, User)>) -> anyhow::Result<Option<SignedIn>> {
    let now = app.clock.now();
    let Some((session, user)) = found else { return Ok(None) };
    if session.is_of_a_wrong_clock(now) {
        // Or it would come back when the clock gets there.
        end_now(app, &session).await?;
        tracing::warn!(session = %session.id, "a session was used later than now, by a clock that was wrong: it has ended");
    }
    if !session.is_live(now, app.config.sessions.limits()) || !user.is_enabled() {
        return Ok(None);
    }
    if now - session.last_seen_at >= SEEN_EVERY {
        let tx = app.store.begin().await?;
        sessions::touch(&tx, session.id, now);
        tx.commit().await?;
    }
    Ok(Some(SignedIn { session, user }))
}

async fn end_now(app: &App, session: &Session) -> anyhow::Result<()> {
    let tx = app.store.begin().await?;
    sessions::end(&tx, session.user_id, session.id).await?;
    Ok(tx.commit().await?)
}

/// The person whose account page this is. Refuses what did not come from our own pages: a visitor
/// who followed a link is bounced through one, anyone else is sent to sign in.
#[derive(Debug, Clone)]
pub struct AccountOwner(pub SignedIn);

impl<S> FromRequestParts<S> for AccountOwner
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let app = App::from_ref(state);
        let visit = Visit::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let owner = account_session(&app, &parts.headers).await.map_err(IntoResponse::into_response)?;
        if let Some(owner) = owner.filter(|owner| !owner.session.is_limited()) {
            return Ok(Self(owner));
        }
        let here = parts.uri.path_and_query().map_or("/account", |path| path.as_str());
        if parts.method != Method::GET {
            return Err(PageError::SignInAgain.into_response());
        }
        if visit.signed_in.is_some() && is_cross_site(&app, &parts.headers) {
            let mut bounce = page::bounce(&app, &visit, here);
            append_cookie(&mut bounce, &set_cookie(&app, visit::HOP, "1", SameSite::Strict, Some(30)));
            return Err(bounce);
        }
        Err(page::see_other(&sign_in_at(here)))
    }
}

/// The session that the Strict cookie names, limited or not.
async fn account_session(app: &App, headers: &HeaderMap) -> Result<Option<SignedIn>, PageError> {
    let text = cookie(headers, &name(app, visit::ACCOUNT));
    let Some(token) = text.and_then(|text| Token::parse(TokenKind::AccountSession, &text)) else {
        return Ok(None);
    };
    Ok(live(app, held::by_account_token(&app.store, token.hash()).await?).await?)
}

/// Somebody who may add a way in: an account owner, or whoever holds a session that is good for
/// nothing else.
#[derive(Debug, Clone)]
pub struct Enroller(pub SignedIn);

impl<S> FromRequestParts<S> for Enroller
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let app = App::from_ref(state);
        let found = account_session(&app, &parts.headers).await.map_err(IntoResponse::into_response)?;
        if let Some(limited) = found.filter(|found| found.session.is_limited()) {
            return Ok(Self(limited));
        }
        AccountOwner::from_request_parts(parts, state).await.map(|owner| Self(owner.0))
    }
}

/// Whether this browser also has the cookie that opens the account pages.
///
/// # Errors
/// When the database does not answer.
pub async fn opens_account(app: &App, headers: &HeaderMap, signed_in: &SignedIn) -> Result<bool, PageError> {
    let session = account_session(app, headers).await?;
    Ok(session.is_some_and(|owner| owner.session.id == signed_in.session.id))
}

/// The sign-in page, and back to `path` afterwards.
#[must_use]
pub fn sign_in_at(path: &str) -> String {
    match LocalPath::parse(path) {
        Ok(path) => {
            let query = serde_urlencoded::to_string([("destination", path.as_str())]);
            format!("/login?{}", query.unwrap_or_default())
        }
        Err(_) => "/login".to_owned(),
    }
}

/// The sign-in page, for somebody who is signed in and has to prove themselves (again) before `path`.
#[must_use]
pub fn confirm_at(path: &str) -> String {
    let address = sign_in_at(path);
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}confirm=1")
}

/// Whether the browser says, or leaves open, that another site sent the person here. Whoever has just
/// been bounced comes from us, which a browser too old to say so shows by a cookie.
fn is_cross_site(app: &App, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    !matches!(site, Some("same-origin" | "none")) && cookie(headers, &name(app, visit::HOP)).is_none()
}

/// The cookies of a session that was just begun or renewed.
#[derive(Debug)]
pub struct NewCookies {
    pub session: Token,
    pub account: Token,
    /// Remember that a passkey worked here.
    pub passkey: bool,
}

/// Puts the cookies of a new session on a response.
pub fn give(app: &App, response: &mut Response, cookies: &NewCookies) {
    // Applications find out that something has changed, and ask.
    forget_state(app, response);
    append_cookie(response, &set_cookie(app, visit::SESSION, cookies.session.expose(), SameSite::Lax, None));
    append_cookie(
        response,
        &set_cookie(app, visit::ACCOUNT, cookies.account.expose(), SameSite::Strict, None),
    );
    if cookies.passkey {
        append_cookie(
            response,
            &set_cookie(app, visit::PASSKEY_HINT, "1", SameSite::Lax, Some(400 * 24 * 3600)),
        );
    }
}

/// What stands for a session where scripts can read it: another one for each, and a way to none.
#[must_use]
pub fn state_of(app: &App, session: &Session) -> String {
    base64url::encode(app.store.sealer().lookup("browser state", session.id.uuid().as_bytes()))
}

/// Lets the page for session management know who is here.
pub fn show_state(app: &App, response: &mut Response, session: &Session) {
    append_cookie(response, &set_readable_cookie(app, visit::STATE, &state_of(app, session), None));
}

fn forget_state(app: &App, response: &mut Response) {
    if app.config.sessions.check_session_iframe {
        append_cookie(response, &set_readable_cookie(app, visit::STATE, "", Some(0)));
    }
}

/// Takes the cookies of a session that has ended away.
pub fn forget(app: &App, response: &mut Response) {
    forget_state(app, response);
    append_cookie(response, &set_cookie(app, visit::SESSION, "", SameSite::Lax, Some(0)));
    append_cookie(response, &set_cookie(app, visit::ACCOUNT, "", SameSite::Strict, Some(0)));
}

/// Remembers that this computer is shared.
pub fn remember_shared(app: &App, response: &mut Response) {
    append_cookie(response, &set_cookie(app, visit::SHARED, "1", SameSite::Lax, Some(400 * 24 * 3600)));
    append_cookie(response, &set_cookie(app, visit::PASSKEY_HINT, "", SameSite::Lax, Some(0)));
}

/// Ends the session of this browser, takes its cookies away and asks the browser to forget what it
/// cached.
///
/// # Errors
/// When the database does not answer; the session then goes on.
pub async fn log_out(app: &App, visit: &Visit, response: &mut Response) -> Result<(), PageError> {
    if let Some(SignedIn { session, .. }) = visit.signed_in.as_ref().or(visit.limited.as_ref()) {
        let (person, now) = (session.user_id, app.clock.now());
        let tx = app.store.begin().await?;
        if sessions::end(&tx, person, session.id).await? {
            let event = Event::SignedOut { session: session.id };
            audit::record(&tx, now, visit.doer(Actor::Person(person)), Some(person), event).await?;
        }
        tx.commit().await?;
    } else if visit.session_ended {
        // Perhaps at this moment: they are told when that is kept.
        app.store.begin().await?.commit().await?;
    }
    forget(app, response);
    let forget = http::HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", forget);
    Ok(())
}
