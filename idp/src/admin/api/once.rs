//! Calls with an `Idempotency-Key`: sent again because their answer was lost, they are answered as the first time, and
//! nothing is done twice.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

use super::authority::Authority;
use crate::app::App;
use crate::crypto::sha256;
use crate::store::StoreError;
use crate::store::api_calls::{self, Turn};
use crate::web::caller::Caller;
use crate::web::problem::{Kind, Problem};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;
/// Nobody waits longer for a call, which is well before its key is said to have broken off.
const LONGEST: Duration = Duration::from_mins(1);
/// Whoever has an answer does not wait longer until it is noted.
const NOTED_WITHIN: Duration = Duration::from_secs(2);
/// What could not be noted is tried again so often.
const NOTED_EVERY: Duration = Duration::from_secs(1);
const NOTED_AT_MOST: usize = 60;
/// The headers of an answer that are part of it.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

pub(super) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    match (key(request.headers()), caller) {
        (Ok(None), _) | (_, None) => next.run(request).await,
        (Err(problem), _) => problem.into_response(),
        (Ok(Some(_)), _) if request.method() != Method::POST => next.run(request).await,
        (Ok(Some(key)), Some(caller)) => {
            once(&app, (&caller, &key), request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = || {
        Problem::of(Kind::InvalidRequest)
            .detail("Idempotency-Key must be one text of 1 to 255 characters without spaces")
    };
    let mut values = headers.get_all(KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(wrong()),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| wrong())?;
            let good = text.bytes().all(|byte| byte.is_ascii_graphic());
            if good && (1..=LONGEST_KEY).contains(&text.len()) {
                Ok(Some(text.to_owned()))
            } else {
                Err(wrong())
            }
        }
    }
}

async fn once(
    app: &App,
    (caller, key): (&Caller, &str),
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    // Whoever has lost their rights is not told again what they once did with them.
    Authority::from_request_parts(&mut parts, app).await?;
    let body = to_bytes(body, app.config.http.max_body_bytes).await;
    let body = body.map_err(|_| Problem::of(Kind::TooLarge))?;
    // A key is its caller's own, and nobody learns from it what others called theirs.
    let person = caller.user.as_ref().map(|user| user.id.to_string()).unwrap_or_default();
    let name = format!("{}\n{person}\n{}\n{key}", caller.client.id, caller.scopes);
    let name = app.store.sealer().lookup("idempotency key", name.as_bytes());
    let target = format!("{} {}\n", parts.method, parts.uri);
    let call = Call { name, request: sha256(&[target.as_bytes(), &body].concat()), begun: app.clock.now() };
    let request = Request::from_parts(parts, Body::from(body));
    // Not broken off with the caller's connection: what is done has to be kept with its answer.
    let work = tokio::spawn(in_turn(app.clone(), call, request, next).in_current_span());
    work.await.map_err(anyhow::Error::from)?
}

/// One call, as it is known by its key.
#[derive(Debug, Clone, Copy)]
struct Call {
    name: [u8; 32],
    request: [u8; 32],
    begun: OffsetDateTime,
}

async fn in_turn(app: App, call: Call, request: Request, next: Next) -> Result<Response, Problem> {
    let until = Instant::now() + LONGEST;
    match timeout_at(until, begin(&app, call)).await {
        Ok(Ok(Turn::First)) => {}
        Ok(Ok(Turn::UnderWay)) => return Err(Problem::of(Kind::UnderWay)),
        Ok(Ok(Turn::BrokenOff)) => return Err(Problem::of(Kind::BrokenOff)),
        Ok(Ok(Turn::Other)) => return Err(Problem::of(Kind::KeyReused)),
        Ok(Ok(Turn::Answered(answer))) => return again(&answer),
        // Its key may be taken, and nothing was done.
        Ok(Err(StoreError::Unclear(_))) | Err(_) => {
            settle(&app, call, None).await;
            return Err(Problem::of(Kind::Unavailable));
        }
        Ok(Err(error)) => return Err(error.into()),
    }
    let Ok(response) = timeout_at(until, next.run(request)).await else {
        return Err(Problem::of(Kind::Unclear));
    };
    keep(&app, call, response).await
}

async fn begin(app: &App, call: Call) -> Result<Turn, StoreError> {
    let tx = app.store.begin().await?;
    let turn = api_calls::begin(&tx, (call.name, call.request), call.begun).await?;
    match (tx.commit().await, turn) {
        // Nothing was written that could be unclear.
        (Err(StoreError::Unclear(error)), turn) if turn != Turn::First => Err(StoreError::Unavailable(error)),
        (ended, turn) => ended.map(|()| turn),
    }
}

/// Keeps what was done; what was refused may be tried again, and what may have been done under another name only.
async fn keep(app: &App, call: Call, response: Response) -> Result<Response, Problem> {
    let refused = response.extensions().get().map(Problem::kind);
    if matches!(refused, Some(Kind::Unclear | Kind::Internal)) {
        return Ok(response);
    }
    if !response.status().is_success() {
        settle(app, call, None).await;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(anyhow::Error::from)?;
    let header = |name: &HeaderName| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    };
    let answer = Answer {
        status: parts.status.as_u16(),
        headers: KEPT.iter().filter_map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = serde_json::to_vec(&answer).map_err(anyhow::Error::from)?;
    settle(app, call, Some(answer)).await;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Notes how a call ended: with an answer, or refused. It has ended so whether that succeeds or not; it is tried again meanwhile.
async fn settle(app: &App, call: Call, answer: Option<Vec<u8>>) {
    if let Ok(Ok(())) = timeout(NOTED_WITHIN, note(app, call, answer.as_deref())).await {
        return;
    }
    tracing::warn!("how a call with an idempotency key ended could not be noted yet");
    let app = app.clone();
    tokio::spawn(async move {
        for _ in 0..NOTED_AT_MOST {
            tokio::time::sleep(NOTED_EVERY).await;
            if let Ok(Ok(())) = timeout(LONGEST, note(&app, call, answer.as_deref())).await {
                return;
            }
        }
        tracing::error!("how a call with an idempotency key ended could not be noted; its key is used up");
    });
}

async fn note(app: &App, call: Call, answer: Option<&[u8]>) -> Result<(), StoreError> {
    let tx = app.store.begin().await?;
    match answer {
        Some(answer) => api_calls::answer(&tx, call.name, answer).await?,
        None => api_calls::forget(&tx, (call.name, call.request), call.begun).await?,
    }
    tx.commit().await
}

fn again(kept: &[u8]) -> Result<Response, Problem> {
    let answer: Answer = serde_json::from_slice(kept).map_err(anyhow::Error::from)?;
    let status = StatusCode::from_u16(answer.status).map_err(anyhow::Error::from)?;
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(anyhow::Error::from)?;
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(anyhow::Error::from)?);
    }
    Ok(response)
}
