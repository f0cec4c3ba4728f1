//! The door of the administration API: whoever comes shows an access token of ours that is for it. What may be done
//! with it is for the API itself.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::Shown;
use crate::app::App;
use crate::model::api;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::presented::{self, Target};
use crate::web::caller::Caller;
use crate::web::params::Params;
use crate::web::problem::{Kind, Problem};

/// Lets a request with a good token pass, together with who calls.
pub async fn guard(State(app): State<App>, shown: Shown, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match caller(&app, &shown, &parts).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => refused(error),
    }
}

async fn caller(app: &App, shown: &Shown, parts: &Parts) -> Result<Caller, EndpointError> {
    // In the header and nowhere else: a body is the API's own.
    let presented = presented::presented(&parts.headers, &Params::default())?;
    let issuer = app.config.public_url.issuer();
    let audience = app.config.public_url.join(api::PATH);
    let target = Target { method: parts.method.as_str(), path: parts.uri.path(), audience: &audience };
    let desk = shown.at(app, &issuer);
    let access = presented::open(&desk, &parts.headers, &presented, target).await?;
    // One that another API is given as well could be used here by it.
    if access.token.aud.iter().any(|name| name != audience && name != issuer) {
        let scheme = presented.scheme;
        return Err(EndpointError::Resource(scheme, Some(OAuthError::InvalidToken)));
    }
    Ok(Caller {
        client: access.client,
        scopes: access.scopes,
        user: access.user,
        proof: access.proof,
        scheme: presented.scheme.as_str(),
    })
}

/// The same refusal as at userinfo, with the same challenges, as a problem.
fn refused(error: EndpointError) -> Response {
    let kind = match &error {
        EndpointError::Resource(_, None) => Kind::TokenRequired,
        EndpointError::Resource(_, Some(OAuthError::InvalidDpopProof(_) | OAuthError::UseDpopNonce(_))) => {
            Kind::InvalidProof
        }
        EndpointError::Resource(_, Some(OAuthError::InvalidRequest(_))) => Kind::InvalidRequest,
        EndpointError::Resource(..) => Kind::InvalidToken,
        EndpointError::Protocol(_) => Kind::Unavailable,
        EndpointError::Internal(_) => Kind::Internal,
    };
    let detail = match &error {
        EndpointError::Resource(_, Some(error)) => Some(error.description()),
        _ => None,
    };
    let challenged: HeaderMap = error.into_response().headers().clone();
    let problem = detail.into_iter().fold(Problem::of(kind), Problem::detail);
    let mut response = problem.into_response();
    for name in [WWW_AUTHENTICATE, RETRY_AFTER, HeaderName::from_static("dpop-nonce")] {
        for value in challenged.get_all(&name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}
