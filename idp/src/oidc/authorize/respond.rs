//! The answer to an authorization request, by the mode the client asked for. Every answer carries
//! `iss` (RFC 9207) and the client's `state`.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::Duration;

use crate::app::App;
use crate::crypto::{base64url, jwt, sha256};
use crate::ephemeral::Key;
use crate::model::attempt::{Attempt, ResponseMode};
use crate::model::client::ClientId;
use crate::model::key::SigningAlg;
use crate::model::redirect_uri::RedirectUri;
use crate::oidc::authorize::request::Addressed;
use crate::oidc::error::OAuthError;
use crate::oidc::{par, trial};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::page::{self, Frame, see_other};
use crate::web::session as cookies;
use crate::web::visit::Visit;

/// Where and how an answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    redirect_uri: &'a RedirectUri,
    mode: ResponseMode,
    state: Option<&'a str>,
    client_id: &'a ClientId,
    /// For answers that are signed.
    alg: SigningAlg,
    pushed: Option<Key>,
    /// Nobody is answered; the person is shown what would have been.
    trial: bool,
}

/// JARM §2.1: at most ten minutes.
const JARM_LIFETIME: Duration = Duration::minutes(5);

impl<'a> From<&'a Addressed> for Address<'a> {
    fn from(request: &'a Addressed) -> Self {
        Self {
            redirect_uri: &request.redirect_uri,
            mode: request.response_mode,
            state: request.state.as_deref(),
            client_id: &request.client.id,
            alg: request.client.settings.id_token_alg,
            pushed: request.pushed,
            trial: false,
        }
    }
}

impl<'a> From<&'a Attempt> for Address<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            redirect_uri: &attempt.redirect_uri,
            mode: attempt.response_mode,
            state: attempt.state.as_deref(),
            client_id: &attempt.client_id,
            alg: attempt.response_alg,
            pushed: attempt.pushed,
            trial: attempt.trial,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct FormPostPage {
    action: String,
    fields: Vec<(&'static str, String)>,
}

impl Page for FormPostPage {
    const TEMPLATE: &'static str = "oidc/form_post.html";
    fn samples() -> Vec<Self> {
        let fields = vec![("code", "abc".to_owned()), ("state", "\"><script>alert(1)</script>".to_owned())];
        vec![Self { action: "https://practice.example.org/cb?a=1&b=2".to_owned(), fields }]
    }
}

/// # Errors
/// When the answer can not be signed, or its page not rendered.
pub async fn with_fields(
    app: &App,
    visit: &Visit,
    to: Address<'_>,
    fields: Vec<(&'static str, String)>,
) -> Result<Response, PageError> {
    send(app, visit, to, fields).await
}

/// # Errors
/// When the answer can not be signed, or its page not rendered.
pub async fn with_error(
    app: &App,
    visit: &Visit,
    to: Address<'_>,
    error: &OAuthError,
) -> Result<Response, PageError> {
    tracing::info!(error = error.code(), description = error.description(), "authorization refused");
    // A pushed request is spent by whatever answers it (security: B2).
    spend(app, to.pushed).await?;
    if to.trial {
        return trial::pages::show_error(app, visit, to.client_id, error);
    }
    let fields = vec![("error", error.code().to_owned()), ("error_description", error.description())];
    send(app, visit, to, fields).await
}

/// Takes a pushed request away. `false` when it was answered before.
///
/// # Errors
/// When ephemeral storage does not answer.
pub async fn spend(app: &App, pushed: Option<Key>) -> Result<bool, PageError> {
    match pushed {
        None => Ok(true),
        Some(key) => Ok(par::spend(&app.ephemeral, key).await?),
    }
}

async fn send(
    app: &App,
    visit: &Visit,
    to: Address<'_>,
    mut fields: Vec<(&'static str, String)>,
) -> Result<Response, PageError> {
    // A trial answers nobody; it ends on a page of ours.
    if to.trial {
        return Err(PageError::internal(anyhow::anyhow!("a trial was about to be answered")));
    }
    let here = visit.signed_in.as_ref().filter(|_| app.config.sessions.check_session_iframe);
    let Some(signed_in) = here else {
        return deliver(app, visit, to, fields).await;
    };
    if let Some(origin) = to.redirect_uri.origin() {
        let salt =
            base64url::encode(app.entropy.bytes::<8>().map_err(|error| PageError::internal(error.into()))?);
        let state = cookies::state_of(app, &signed_in.session);
        fields.push(("session_state", session_state(to.client_id, &origin, &state, &salt)));
    }
    let mut response = deliver(app, visit, to, fields).await?;
    cookies::show_state(app, &mut response, &signed_in.session);
    Ok(response)
}

/// OIDC Session Management §3: what the page in the frame works out again.
fn session_state(client_id: &ClientId, origin: &str, state: &str, salt: &str) -> String {
    let hash = sha256(format!("{client_id} {origin} {state} {salt}").as_bytes());
    format!("{}.{salt}", base64url::encode(hash))
}

async fn deliver(
    app: &App,
    visit: &Visit,
    to: Address<'_>,
    mut fields: Vec<(&'static str, String)>,
) -> Result<Response, PageError> {
    if let Some(state) = to.state {
        fields.push(("state", state.to_owned()));
    }
    fields.push(("iss", app.config.public_url.issuer()));
    if matches!(to.mode, ResponseMode::QueryJwt | ResponseMode::FormPostJwt | ResponseMode::FragmentJwt) {
        fields = vec![("response", signed(app, to, fields).await?)];
    }
    match to.mode {
        ResponseMode::Query | ResponseMode::QueryJwt => {
            Ok(see_other(&with_query(to.redirect_uri.as_str(), &fields)))
        }
        ResponseMode::Fragment | ResponseMode::FragmentJwt => {
            let fields = serde_urlencoded::to_string(fields).unwrap_or_default();
            Ok(see_other(&format!("{}#{fields}", to.redirect_uri)))
        }
        ResponseMode::FormPost | ResponseMode::FormPostJwt => {
            let source = to.redirect_uri.form_action_source();
            let frame = Frame { form_action: source.as_deref(), ..Frame::of("oidc") };
            let page = FormPostPage { action: to.redirect_uri.as_str().to_owned(), fields };
            page::render(app, visit, frame, &page)
        }
    }
}

/// JARM §2.1: the whole answer as claims, for this client and for a short time.
async fn signed(
    app: &App,
    to: Address<'_>,
    fields: Vec<(&'static str, String)>,
) -> Result<String, PageError> {
    let mut claims: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
    claims.insert("aud".to_owned(), json!(to.client_id));
    claims.insert("exp".to_owned(), json!((app.clock.now() + JARM_LIFETIME).unix_timestamp()));
    let keys = app.keys.current();
    let signed = jwt::sign(&keys, to.alg, jwt::TYP_ID_TOKEN, &claims).await;
    signed.map_err(|error| PageError::internal(error.into()))
}

/// Adds parameters to a URI, leaving what is there as it is, byte by byte.
pub(crate) fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    let query = serde_urlencoded::to_string(fields).unwrap_or_default();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_leaves_the_registered_query_as_it_is() {
        let fields = [("code", "a b".to_owned())];
        assert_eq!(with_query("https://a.example/cb", &fields), "https://a.example/cb?code=a+b");
        assert_eq!(with_query("https://a.example/cb?x=%41", &fields), "https://a.example/cb?x=%41&code=a+b");
    }
}
