//! Calls with an `Idempotency-Key`: sent again because their answer was lost, they are answered as the first time, and
//! nothing is done twice.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::authority::Authority;
use crate::app::App;
use crate::crypto::sha256;
use crate::store::api_calls::{self, Turn};
use crate::web::caller::Caller;
use crate::web::problem::{Kind, Problem};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;
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
    let request = sha256(&[target.as_bytes(), &body].concat());
    let tx = app.store.begin().await?;
    let turn = api_calls::begin(&tx, (name, request), app.clock.now()).await?;
    tx.commit().await?;
    match turn {
        Turn::First => {}
        Turn::UnderWay => return Err(Problem::of(Kind::UnderWay)),
        Turn::BrokenOff => return Err(Problem::of(Kind::BrokenOff)),
        Turn::Other => return Err(Problem::of(Kind::KeyReused)),
        Turn::Answered(answer) => return again(&answer),
    }
    // Not broken off with the caller's connection: what is done has to be kept with its answer.
    let app = app.clone();
    let work = tokio::spawn(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        keep(&app, name, response).await
    });
    work.await.map_err(anyhow::Error::from)?
}

/// Keeps what was done; what was refused may be tried again, and what may have been done under another name only.
async fn keep(app: &App, name: [u8; 32], response: Response) -> Result<Response, Problem> {
    let refused = response.extensions().get().map(Problem::kind);
    if matches!(refused, Some(Kind::Unclear | Kind::Internal)) {
        return Ok(response);
    }
    let tx = app.store.begin().await?;
    if !response.status().is_success() {
        api_calls::forget(&tx, name).await?;
        tx.commit().await?;
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
    api_calls::answer(&tx, name, &answer).await?;
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
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
