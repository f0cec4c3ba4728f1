//! What callers send: JSON bodies, parameters, identifiers and conditions. Nothing is passed over that is not
//! understood.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::response::IntoResponse;
use http::header::{ETAG, IF_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::app::App;
use crate::web::form::content_type;
use crate::web::problem::{Kind, Problem};

/// A body of JSON, without a member that is not known.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &App) -> Result<Self, Problem> {
        if content_type(request.headers()) != "application/json" {
            return Err(Problem::of(Kind::UnsupportedMediaType));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::of(Kind::TooLarge),
                _ => Problem::of(Kind::InvalidRequest).detail("the body did not arrive whole"),
            }
        })?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| wrong(&error))?;
        json.end().map_err(|error| Problem::of(Kind::MalformedJson).detail(error.to_string()))?;
        Ok(Self(value))
    }
}

fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (inner, detail) = (error.inner(), error.inner().to_string());
    if inner.classify() != Category::Data {
        return Problem::of(Kind::MalformedJson).detail(detail);
    }
    let place = pointer(error.path());
    let unknown = detail.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let Some((name, _)) = unknown else {
        return Problem::of(Kind::InvalidBody).detail(detail).at(place);
    };
    // The path may end at what is around it.
    let member = format!("/{}", escaped(name));
    let around = place.strip_suffix("/?").or(place.strip_suffix(&member)).unwrap_or(&place);
    Problem::of(Kind::UnknownMember).at(format!("{around}{member}")).detail(detail)
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// RFC 6901
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&escaped(key)),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// The parameters of an address, without one that is not known or comes twice.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(query)
            .map(Self)
            .map_err(|error| Problem::of(Kind::InvalidParameter).detail(error.to_string()))
    }
}

/// The identifiers of a path. What is no identifier names nothing.
#[derive(Debug)]
pub(super) struct Ids<T>(pub(super) T);

impl<T: FromStr + Send> FromRequestParts<App> for Ids<(T,)> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let text = path.map_err(|_| Problem::of(Kind::NotFound))?.0;
        Ok(Self((named(&text)?,)))
    }
}

impl<T: FromStr + Send, U: FromStr + Send> FromRequestParts<App> for Ids<(T, U)> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let (one, other) = path.map_err(|_| Problem::of(Kind::NotFound))?.0;
        Ok(Self((named(&one)?, named(&other)?)))
    }
}

fn named<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::of(Kind::NotFound))
}

/// A member that may be null but not missing: left out by mistake it would be taken away.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// RFC 9110 §8.8.3: the tag of a version, strong.
pub(super) fn etag(version: &str) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::try_from(format!("\"{version}\""));
    [(ETAG, tag.unwrap_or(HeaderValue::from_static("\"\"")))]
}

/// RFC 9110 §13.1.1: a change says which version it is made to. Weak tags never match, and neither does `*`: it would
/// be no condition.
pub(super) fn condition(headers: &HeaderMap, version: &str) -> Result<(), Problem> {
    let mut lines = headers.get_all(IF_MATCH).iter().peekable();
    if lines.peek().is_none() {
        return Err(Problem::of(Kind::PreconditionRequired));
    }
    let wanted = format!("\"{version}\"");
    let mut tags = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    if tags.any(|tag| tag.trim() == wanted) { Ok(()) } else { Err(Problem::of(Kind::Stale)) }
}

/// For an address that is not there.
pub(super) async fn nowhere() -> Problem {
    Problem::of(Kind::NotFound)
}

/// For a method that an address does not know. The framework adds those that it does.
pub(super) async fn no_such_method() -> Problem {
    Problem::of(Kind::MethodNotAllowed)
}
