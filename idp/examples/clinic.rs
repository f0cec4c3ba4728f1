//! A small practice-management application that delegates all of sign-in to the provider, with the
//! `openidconnect` crate as it comes. Start the provider with `cargo run` and this with
//! `cargo run --example clinic`, then open <http://localhost:8090>.
//!
//! It keeps its sessions in memory and its pages in this file; everything else is how a real
//! application would do it: discovery, code with PKCE, state and nonce, an ID token verified against
//! the provider's keys, userinfo, refresh, and RP-initiated logout.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RefreshToken, Scope, TokenResponse,
};
use serde::Deserialize;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let clinic = Clinic::from_environment()?;
    let listener = tokio::net::TcpListener::bind(&clinic.listen).await?;
    println!("The clinic is open at {} (it sends people to {})", clinic.url, clinic.issuer);
    let router = Router::new()
        .route("/", get(welcome))
        .route("/login", get(log_in))
        .route("/callback", get(callback))
        .route("/appointments", get(appointments))
        .route("/refresh", post(refresh))
        .route("/who-am-i", post(who_am_i))
        .route("/logout", post(log_out))
        .with_state(Arc::new(clinic));
    Ok(axum::serve(listener, router).await?)
}

struct Clinic {
    listen: String,
    url: String,
    issuer: String,
    client_id: ClientId,
    client_secret: ClientSecret,
    http: Http,
    sessions: Mutex<HashMap<String, Session>>,
}

/// What the clinic knows about one browser.
#[derive(Clone)]
enum Session {
    /// On its way to the provider and back.
    Leaving {
        state: String,
        nonce: String,
        verifier: String,
    },
    SignedIn(Box<Visitor>),
}

#[derive(Clone)]
struct Visitor {
    name: String,
    access_token: AccessToken,
    refresh_token: Option<RefreshToken>,
    id_token: CoreIdToken,
    refreshes: u32,
    method: String,
}

/// `openidconnect` leaves the choice of an HTTP client to the application.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let response = self.0.execute(request.try_into()?).await?;
            let mut answer = HttpResponse::new(Vec::new());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = response.headers().clone();
            *answer.body_mut() = response.bytes().await?.to_vec();
            Ok(answer)
        })
    }
}

type Shared = State<Arc<Clinic>>;

impl Clinic {
    /// The defaults are those of the provider's development configuration.
    #[expect(clippy::disallowed_methods, reason = "an example is configured by its environment")]
    fn from_environment() -> anyhow::Result<Self> {
        let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let secret = match std::env::var("CLINIC_CLIENT_SECRET_FILE") {
            Ok(path) => std::fs::read_to_string(&path)
                .with_context(|| format!("CLINIC_CLIENT_SECRET_FILE {path} can not be read"))?
                .trim_end()
                .to_owned(),
            Err(_) => variable("CLINIC_CLIENT_SECRET", "development-only-clinic-example-secret"),
        };
        Ok(Self {
            listen: variable("CLINIC_LISTEN", "127.0.0.1:8090"),
            url: variable("CLINIC_URL", "http://localhost:8090"),
            issuer: variable("CLINIC_ISSUER", "http://localhost:8080"),
            client_id: ClientId::new(variable("CLINIC_CLIENT_ID", "clinic-example")),
            client_secret: ClientSecret::new(secret),
            // A redirect from the provider would be a mistake; following it, a danger.
            http: Http(
                reqwest::Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .build()
                    .unwrap_or_default(),
            ),
            sessions: Mutex::default(),
        })
    }

    async fn discover(&self) -> anyhow::Result<ProviderMetadataWithLogout> {
        let issuer = IssuerUrl::new(self.issuer.clone())?;
        ProviderMetadataWithLogout::discover_async(issuer, &self.http)
            .await
            .map_err(|error| anyhow!("the provider at {} does not answer: {error}", self.issuer))
    }

    fn session(&self, headers: &HeaderMap) -> Option<(String, Session)> {
        let id = cookie(headers)?;
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&id)?.clone();
        Some((id, session))
    }

    fn visitor(&self, headers: &HeaderMap) -> Option<(String, Visitor)> {
        match self.session(headers)? {
            (id, Session::SignedIn(visitor)) => Some((id, *visitor)),
            (_, Session::Leaving { .. }) => None,
        }
    }

    fn keep(&self, id: String, session: Session) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).insert(id, session);
    }

    fn forget(&self, id: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// The client of one request. A macro, because its type records which endpoints are known.
macro_rules! client {
    ($clinic:expr, $metadata:expr) => {
        CoreClient::from_provider_metadata(
            $metadata.clone(),
            $clinic.client_id.clone(),
            Some($clinic.client_secret.clone()),
        )
        .set_redirect_uri(RedirectUrl::new(format!("{}/callback", $clinic.url))?)
    };
}

async fn welcome(State(clinic): Shared, headers: HeaderMap) -> Response {
    if clinic.visitor(&headers).is_some() {
        return Redirect::to("/appointments").into_response();
    }
    page(
        "Welcome",
        r#"<h1>Lindenhof Clinic</h1>
        <p>Appointments, records and messages of your practice.</p>
        <p><a class="button" href="/login">Sign in</a></p>"#,
    )
}

async fn log_in(State(clinic): Shared) -> Result<Response, Failure> {
    let metadata = clinic.discover().await?;
    let client = client!(clinic, metadata);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".to_owned()))
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let id = CsrfToken::new_random().secret().clone();
    let cookie = format!("clinic={id}; Path=/; HttpOnly; SameSite=Lax");
    let leaving = Session::Leaving {
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
    };
    clinic.keep(id, leaving);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response())
}

#[derive(Deserialize)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

async fn callback(
    State(clinic): Shared,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Failure> {
    let Some((id, Session::Leaving { state, nonce, verifier })) = clinic.session(&headers) else {
        return Err(anyhow!("this browser did not start to sign in here").into());
    };
    clinic.forget(&id);
    if answer.state.as_deref() != Some(&state) || answer.iss.as_deref() != Some(&clinic.issuer) {
        return Err(anyhow!("the answer belongs to another sign-in").into());
    }
    if let Some(error) = answer.error {
        let text = answer.error_description.unwrap_or_default();
        return Ok(page(
            "Not signed in",
            &format!(
                r#"<h1>You are not signed in</h1><p>The provider said <code>{}</code>: {}</p>
                <p><a class="button" href="/login">Sign in</a></p>"#,
                escape(&error),
                escape(&text)
            ),
        ));
    }
    let metadata = clinic.discover().await?;
    let client = client!(clinic, metadata);
    let tokens: CoreTokenResponse = client
        .exchange_code(AuthorizationCode::new(answer.code.context("the answer has no code")?))?
        .set_pkce_verifier(PkceCodeVerifier::new(verifier))
        .request_async(&clinic.http)
        .await
        .map_err(|error| anyhow!("the code was not accepted: {error:?}"))?;
    let id_token = tokens.id_token().context("there is no ID token")?.clone();
    // Verifies the signature against the provider's keys, and issuer, audience, expiry and nonce.
    let claims = id_token.claims(&client.id_token_verifier(), &Nonce::new(nonce))?;
    let method = claims.auth_context_ref().map(|acr| acr.as_str().to_owned()).unwrap_or_default();
    let userinfo: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?
        .request_async(&clinic.http)
        .await
        .map_err(|error| anyhow!("userinfo was refused: {error:?}"))?;
    let visitor = Visitor {
        name: name_of(&userinfo),
        access_token: tokens.access_token().clone(),
        refresh_token: tokens.refresh_token().cloned(),
        id_token: id_token.clone(),
        refreshes: 0,
        method,
    };
    let id = CsrfToken::new_random().secret().clone();
    let cookie = format!("clinic={id}; Path=/; HttpOnly; SameSite=Lax");
    clinic.keep(id, Session::SignedIn(Box::new(visitor)));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/appointments")).into_response())
}

fn name_of(claims: &CoreUserInfoClaims) -> String {
    let name = claims.name().and_then(|names| names.get(None));
    name.map_or_else(|| claims.subject().to_string(), |name| name.as_str().to_owned())
}

async fn appointments(State(clinic): Shared, headers: HeaderMap) -> Response {
    match clinic.visitor(&headers) {
        Some((_, visitor)) => day(&visitor, ""),
        None => Redirect::to("/").into_response(),
    }
}

async fn refresh(State(clinic): Shared, headers: HeaderMap) -> Result<Response, Failure> {
    let Some((id, mut visitor)) = clinic.visitor(&headers) else {
        return Ok(Redirect::to("/").into_response());
    };
    let metadata = clinic.discover().await?;
    let client = client!(clinic, metadata);
    let refresh_token = visitor.refresh_token.clone().context("there is no refresh token")?;
    let tokens: CoreTokenResponse = client
        .exchange_refresh_token(&refresh_token)?
        .request_async(&clinic.http)
        .await
        .map_err(|error| anyhow!("the tokens were not refreshed: {error:?}"))?;
    visitor.access_token = tokens.access_token().clone();
    visitor.refresh_token = tokens.refresh_token().cloned().or(visitor.refresh_token);
    visitor.id_token = tokens.id_token().cloned().unwrap_or(visitor.id_token);
    visitor.refreshes += 1;
    let note = format!("Tokens refreshed {} times.", visitor.refreshes);
    let response = day(&visitor, &note);
    clinic.keep(id, Session::SignedIn(Box::new(visitor)));
    Ok(response)
}

async fn who_am_i(State(clinic): Shared, headers: HeaderMap) -> Result<Response, Failure> {
    let Some((_, visitor)) = clinic.visitor(&headers) else {
        return Ok(Redirect::to("/").into_response());
    };
    let metadata = clinic.discover().await?;
    let client = client!(clinic, metadata);
    let userinfo: CoreUserInfoClaims = client
        .user_info(visitor.access_token.clone(), None)?
        .request_async(&clinic.http)
        .await
        .map_err(|error| anyhow!("userinfo was refused: {error:?}"))?;
    let email = userinfo.email().map(|email| email.as_str().to_owned()).unwrap_or_default();
    let note = format!("{} <{}>, subject {}", name_of(&userinfo), email, userinfo.subject().as_str());
    Ok(day(&visitor, &note))
}

async fn log_out(State(clinic): Shared, headers: HeaderMap) -> Result<Response, Failure> {
    let Some((id, visitor)) = clinic.visitor(&headers) else {
        return Ok(Redirect::to("/").into_response());
    };
    clinic.forget(&id);
    let metadata = clinic.discover().await?;
    let end = metadata.additional_metadata().end_session_endpoint.clone();
    let url = LogoutRequest::from(end.context("the provider has no end_session_endpoint")?)
        .set_id_token_hint(&visitor.id_token)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(format!("{}/", clinic.url))?)
        .http_get_url();
    Ok(Redirect::to(url.as_str()).into_response())
}

/// An error page that says what to do next.
struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{:#}", self.0);
        let text = format!(
            r#"<h1>That did not work</h1><p>{}</p><p><a class="button" href="/">Start again</a></p>"#,
            escape(&format!("{:#}", self.0))
        );
        (StatusCode::BAD_GATEWAY, page("That did not work", &text)).into_response()
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::COOKIE)?.to_str().ok()?;
    let pair = text.split(';').find_map(|pair| pair.trim().strip_prefix("clinic="))?;
    Some(pair.to_owned())
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

fn day(visitor: &Visitor, note: &str) -> Response {
    let rows: String = [
        ("08:30", "Mrs. Aebi", "Check-up", "Room 2"),
        ("09:10", "Mr. Okafor", "Blood test", "Room 1"),
        ("10:00", "Lena Moser (7)", "Vaccination", "Room 2"),
        ("11:20", "Mr. Rossi", "Follow-up", "Room 3"),
    ]
    .iter()
    .map(|(time, who, what, place)| {
        format!("<tr><td>{time}</td><td>{who}</td><td>{what}</td><td>{place}</td></tr>")
    })
    .collect();
    let strength = if visitor.method == "phr" { "with a passkey" } else { "with a password" };
    let note =
        if note.is_empty() { String::new() } else { format!("<p role=\"status\">{}</p>", escape(note)) };
    page(
        "Appointments",
        &format!(
            r#"<h1>Good day, {name}</h1>
            <p>You signed in {strength}. Four appointments this morning.</p>{note}
            <table><thead><tr><th>Time</th><th>Patient</th><th>Reason</th><th>Where</th></tr></thead>
            <tbody>{rows}</tbody></table>
            <form method="post" class="row">
              <button formaction="/refresh">Refresh tokens</button>
              <button formaction="/who-am-i">Who am I?</button>
              <button formaction="/logout">Log out</button>
            </form>"#,
            name = escape(&visitor.name),
        ),
    )
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · Lindenhof Clinic</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <style>
          body {{ font: 1.05rem/1.6 system-ui, sans-serif; margin: 0; background: light-dark(#f3f6f4, #12201b); color: light-dark(#17312a, #e4efe9); }}
          main {{ max-width: 44rem; margin: 8vh auto; padding: 2rem; background: light-dark(#fff, #1a2c26); border-radius: 1rem; }}
          h1 {{ margin-top: 0; font-weight: 600; }} table {{ width: 100%; border-collapse: collapse; margin: 1.5rem 0; }}
          th, td {{ text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid light-dark(#dbe5e0, #31483f); }}
          .button, button {{ display: inline-block; font: inherit; padding: .6rem 1.2rem; border: 0; border-radius: .6rem;
            background: light-dark(#1d6b52, #7fd0b1); color: light-dark(#fff, #0c1a15); text-decoration: none; cursor: pointer; }}
          .row {{ display: flex; gap: .75rem; flex-wrap: wrap; }} [role=status] {{ padding: .6rem 1rem; background: light-dark(#e6f2ec, #24413a); border-radius: .6rem; overflow-wrap: anywhere; }}
        </style></head><body><main>{body}</main></body></html>"#
    );
    Html(html).into_response()
}
