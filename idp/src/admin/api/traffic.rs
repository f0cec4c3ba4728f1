//! How often one caller may call.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};
use time::Duration;

use crate::app::App;
use crate::crypto::sha256;
use crate::ephemeral::Kind as Entry;
use crate::web::caller::Caller;
use crate::web::problem::{Kind, Problem};

/// Counts the calls of a person, or of an application that acts for itself, by the minute, and says in every answer how
/// many are left (draft-ietf-httpapi-ratelimit-headers).
pub(super) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else {
        return next.run(request).await;
    };
    let allowed = app.config.api.calls_per_minute();
    let now = app.clock.now().unix_timestamp();
    let whose = match &caller.user {
        Some(user) => format!("person {}", user.id),
        None => format!("application {}", caller.client.id),
    };
    let key = sha256(format!("{} {whose}", now.div_euclid(60)).as_bytes());
    let count = match app.ephemeral.count(Entry::ApiCall, key, Duration::MINUTE).await {
        Ok(count) => count,
        Err(error) => return Problem::from(error).into_response(),
    };
    let (left, wait) = (allowed.saturating_sub(count), 60 - now.rem_euclid(60));
    let mut response = if count > allowed {
        Problem::of(Kind::RateLimited).header(RETRY_AFTER, &wait.to_string()).into_response()
    } else {
        next.run(request).await
    };
    let said = [
        ("ratelimit-policy", format!("\"caller\";q={allowed};w=60")),
        ("ratelimit", format!("\"caller\";r={left};t={wait}")),
    ];
    for (name, value) in said {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
