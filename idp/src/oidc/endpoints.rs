//! The protocol's addresses: each reads its request, calls one function of the domain and turns the
//! result into a response.

use axum::body::Bytes;
use axum::extract::{FromRequest, OptionalFromRequest, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, PRAGMA};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;

use super::authorize::request::{Addressed, Gathered, Unaddressed, address, gather};
use super::authorize::{self, Because, Next, checks, respond};
use super::claims::Hint;
use super::error::{EndpointError, OAuthError};
use super::{Desk, consent, device, introspect, par, revoke, token, userinfo};
use crate::app::App;
use crate::crypto::jwt;
use crate::model::attempt::{Attempt, Destination, Handle};
use crate::model::client::{Client, ClientId};
use crate::model::ids::UserId;
use crate::store::clients;
use crate::web::attempt::{load, location, save, take};
use crate::web::error::PageError;
use crate::web::form::{Asked, FORM, Id, Sent, content_type};
use crate::web::network::{self, Peer};
use crate::web::page::see_other;
use crate::web::params::Params;
use crate::web::visit::Visit;

/// GET /oidc/authorize
pub async fn authorize(
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(&query.unwrap_or_default());
    let params = params.map_err(|error| PageError::BadRequest(error.to_string()))?;
    match begin(&app, &visit, &params).await? {
        Begun::Answered(response) => Ok(response),
        Begun::Checked(client, attempt) => proceed(&app, &visit, (*client, *attempt), None).await,
    }
}

/// POST /oidc/authorize. It may come from another site, and then without our cookies: the request is
/// kept and continued with a GET that has them.
pub async fn authorize_post(
    State(app): State<App>,
    visit: Visit,
    Sent(params): Sent,
) -> Result<Response, PageError> {
    match begin(&app, &visit, &params).await? {
        Begun::Answered(response) => Ok(response),
        Begun::Checked(_, attempt) => {
            let handle = keep(&app, &attempt).await?;
            Ok(see_other(&location(&Destination::Attempt(handle))))
        }
    }
}

enum Begun {
    Answered(Response),
    Checked(Box<Client>, Box<Attempt>),
}

async fn begin(app: &App, visit: &Visit, params: &Params) -> Result<Begun, PageError> {
    let issuer = app.config.public_url.issuer();
    let (params, pushed, refused) = match gather(&desk(app, &issuer), params).await? {
        Gathered::Params(params, pushed) => (params, pushed, None),
        Gathered::Refused(error) => (params.clone(), None, Some(error)),
        Gathered::Expired => return Err(PageError::AttemptExpired),
    };
    let addressed = match address(&app.store, &params).await? {
        Ok(addressed) => Addressed { pushed, ..addressed },
        Err(Unaddressed::Client(why)) => return Err(PageError::UnknownClient(why)),
        Err(Unaddressed::RedirectUri(why)) => return Err(PageError::RedirectMismatch(why)),
    };
    let checked = match refused {
        Some(error) => Err(error),
        None => hinted_user(app, &params, &addressed)
            .and_then(|hinted| checks::check(&params, &addressed, hinted, app.clock.now())),
    };
    match checked {
        Ok(attempt) => Ok(Begun::Checked(Box::new(addressed.client), Box::new(attempt))),
        Err(error) => respond::with_error(app, visit, (&addressed).into(), &error).await.map(Begun::Answered),
    }
}

/// OIDC Core §3.1.2.1 `id_token_hint`: expired ones will do, foreign ones will not.
fn hinted_user(app: &App, params: &Params, addressed: &Addressed) -> Result<Option<UserId>, OAuthError> {
    let Some(token) = params.get("id_token_hint") else {
        return Ok(None);
    };
    let issuer = app.config.public_url.issuer();
    jwt::read::<Hint>(&app.keys.current(), jwt::TYP_ID_TOKEN, token)
        .filter(|hint| hint.iss == issuer && hint.aud == addressed.client.id.as_str())
        .and_then(|hint| hint.sub.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            OAuthError::InvalidRequest("id_token_hint is not an ID token of this client".to_owned())
        })
}

#[derive(Debug, Deserialize)]
pub struct Resume {
    attempt: Handle,
    #[serde(default)]
    cancelled: String,
}

/// GET /oidc/authorize/resume
pub async fn resume(
    State(app): State<App>,
    visit: Visit,
    Asked(resume): Asked<Resume>,
) -> Result<Response, PageError> {
    let attempt = load(&app, &visit, &resume.attempt).await?;
    if resume.cancelled == "1" {
        take(&app, &resume.attempt).await?;
        return respond::with_error(&app, &visit, (&attempt).into(), &OAuthError::AccessDenied).await;
    }
    let client = clients::by_id(&app.store, &attempt.client_id).await?.filter(Client::is_enabled);
    let client = client.ok_or_else(|| PageError::UnknownClient("the client was removed".to_owned()))?;
    proceed(&app, &visit, (client, attempt), Some(resume.attempt)).await
}

/// Does what has to happen next. An attempt is kept only once a page needs it.
async fn proceed(
    app: &App,
    visit: &Visit,
    (client, mut attempt): (Client, Attempt),
    kept: Option<Handle>,
) -> Result<Response, PageError> {
    let session = visit.signed_in.as_ref().map(|signed_in| &signed_in.session);
    let next = authorize::next(&app.store, &attempt, &client, session, app.clock.now()).await?;
    let next = match next {
        Ok(next) => next,
        Err(error) => {
            if let Some(handle) = &kept {
                take(app, handle).await?;
            }
            return respond::with_error(app, visit, (&attempt).into(), &error).await;
        }
    };
    match (next, &visit.signed_in) {
        (Next::Answer, Some(signed_in)) => {
            if let Some(handle) = &kept {
                // Of two tabs that come this far with one attempt, one is answered.
                attempt = take(app, handle).await?;
            }
            if !respond::spend(app, attempt.pushed).await? {
                // Answered in another tab, with everything that this one could have got.
                return Err(PageError::AttemptExpired);
            }
            attempt.permission.scopes = authorize::granted_scopes(&attempt, &client, &signed_in.session);
            let code =
                authorize::issue_code(&app.ephemeral, app.entropy, &attempt, &signed_in.session).await?;
            respond::with_code(app, visit, (&attempt).into(), code.expose()).await
        }
        (Next::Consent, Some(signed_in)) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            consent::pages::ask(app, visit, (&handle, &attempt), signed_in)
        }
        (next, _) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            let notice = match next {
                Next::Login(Because::OtherPerson) => "&notice=other-person",
                Next::Login(Because::TooWeak(_)) => "&notice=too-weak",
                _ => "",
            };
            Ok(see_other(&format!("/login?attempt={handle}{notice}")))
        }
    }
}

async fn keep_or(
    app: &App,
    visit: &Visit,
    attempt: &mut Attempt,
    kept: Option<Handle>,
) -> Result<Handle, PageError> {
    match kept {
        Some(handle) => Ok(handle),
        None => {
            attempt.browser = Some(visit.browser);
            keep(app, attempt).await
        }
    }
}

async fn keep(app: &App, attempt: &Attempt) -> Result<Handle, PageError> {
    let handle = app.entropy.handle()?;
    save(app, &handle, attempt).await?;
    Ok(handle)
}

/// GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server
pub async fn discovery(State(app): State<App>) -> Response {
    let catalogues = app.theme.catalogues();
    let locales: Vec<String> = catalogues.locales().map(|locale| catalogues.name(locale)).collect();
    cached(Json(super::discovery::document(&app.config.public_url, &locales)))
}

/// GET /oidc/jwks
pub async fn jwks(State(app): State<App>) -> Response {
    cached(Json(app.keys.current().jwks().clone()))
}

/// A new key is published this long before it signs anything, so caches may live as long.
fn cached(body: impl IntoResponse) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))], body).into_response()
}

/// POST /oidc/token
pub async fn token(
    State(app): State<App>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let answer = token::respond(&desk(&app, &issuer), &headers, &params).await?;
    let no_store = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    Ok((no_store, Json(answer)).into_response())
}

/// A form of the protocol. Whatever is wrong with it, the answer is the protocol's error and not the
/// framework's.
#[derive(Debug)]
pub struct ProtocolForm(Params);

/// Userinfo may come without a form.
impl<S: Send + Sync> OptionalFromRequest<S> for ProtocolForm {
    type Rejection = EndpointError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, EndpointError> {
        if content_type(request.headers()) != FORM {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<S: Send + Sync> FromRequest<S> for ProtocolForm {
    type Rejection = EndpointError;

    async fn from_request(request: Request, state: &S) -> Result<Self, EndpointError> {
        let invalid = |why: &str| EndpointError::from(OAuthError::InvalidRequest(why.to_owned()));
        if content_type(request.headers()) != FORM {
            return Err(invalid("the request must be application/x-www-form-urlencoded"));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|_| invalid("the request body is too large or did not arrive whole"))?;
        let text = std::str::from_utf8(&body).map_err(|_| invalid("the request is not UTF-8"))?;
        Params::parse(text).map(Self).map_err(|error| invalid(&error.to_string()))
    }
}

/// GET and POST /oidc/userinfo
pub async fn userinfo(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    form: Option<ProtocolForm>,
) -> Result<Response, EndpointError> {
    let params = form.map(|form| form.0).unwrap_or_default();
    let presented = userinfo::presented(&headers, &params)?;
    let issuer = app.config.public_url.issuer();
    let method = if method == Method::POST { "POST" } else { "GET" };
    let claims = userinfo::respond(&desk(&app, &issuer), (&headers, method), &presented).await?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(claims)).into_response())
}

#[must_use]
pub fn desk<'a>(app: &'a App, issuer: &'a str) -> Desk<'a> {
    Desk {
        store: &app.store,
        ephemeral: &app.ephemeral,
        keys: app.keys.current(),
        entropy: app.entropy,
        tokens: &app.config.tokens,
        limits: app.config.sessions.limits(),
        issuer,
        now: app.clock.now(),
    }
}

/// POST /oidc/par
pub async fn par(
    State(app): State<App>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let answer = par::respond(&desk(&app, &issuer), &headers, &params).await?;
    let no_store = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, no_store, Json(answer)).into_response())
}

/// POST `/oidc/device_authorization`
pub async fn device_authorization(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let address = network::address(&headers, peer.map(|peer| peer.0), &app.config.http.trusted_proxies);
    let network = address.map(|address| address.to_string()).unwrap_or_default();
    let answer = device::begin(&desk(&app, &issuer), &headers, &params, &network).await?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(answer)).into_response())
}

/// POST /oidc/revoke
pub async fn revoke(
    State(app): State<App>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    revoke::respond(&desk(&app, &issuer), &headers, &params).await?;
    Ok([(CACHE_CONTROL, HeaderValue::from_static("no-store"))].into_response())
}

/// POST /oidc/introspect
pub async fn introspect(
    State(app): State<App>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let desk = desk(&app, &issuer);
    let (client, answer) = introspect::respond(&desk, &headers, &params).await?;
    let no_store = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    if !introspect::wants_jwt(&headers) {
        return Ok((no_store, Json(answer)).into_response());
    }
    let jwt = introspect::signed(&desk, &client, &answer).await?;
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(introspect::JWT))];
    Ok((no_store, kind, jwt).into_response())
}

/// GET /oidc/logo/{id}
pub async fn logo(State(app): State<App>, Id(id): Id<ClientId>) -> Result<Response, EndpointError> {
    let client = clients::by_id(&app.store, &id).await?.filter(Client::is_enabled);
    let Some(logo) = client.and_then(|client| client.settings.logo) else {
        return Ok(http::StatusCode::NOT_FOUND.into_response());
    };
    let (kind, data) = logo.parts();
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(data) else {
        return Ok(http::StatusCode::NOT_FOUND.into_response());
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        // An SVG opened by itself must not run anything.
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    Ok((headers, bytes).into_response())
}
