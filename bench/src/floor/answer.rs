//! Answers of the same size as the provider's: its own, with holes where something is different each time.

use anyhow::Context;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::plan::{PASSKEY_OPTIONS, Shape};
use crate::operation::Operation;

/// What hyper writes itself.
const BY_HYPER: [&str; 4] = ["date", "content-length", "connection", "transfer-encoding"];

#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    location: Option<Template>,
    body: Template,
}

impl Answer {
    /// `tokens` are the signed tokens in the body: holes, as are a code and a challenge.
    pub(super) fn new(name: &str, shape: &Shape, tokens: &[&str]) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        let mut location = None;
        for (header, value) in &shape.headers {
            if BY_HYPER.contains(&header.as_str()) {
                continue;
            }
            if header == "location" && name == Operation::Authorize.name() {
                location = Some(Template::new(value, &[parameter(value, "code").context("no code")?]));
                continue;
            }
            headers.append(HeaderName::try_from(header)?, HeaderValue::try_from(value)?);
        }
        let challenge = if name == PASSKEY_OPTIONS { challenge(&shape.body) } else { Vec::new() };
        let holes: Vec<&str> = tokens.iter().copied().chain(challenge.iter().map(String::as_str)).collect();
        let body = Template::new(&shape.body, &holes);
        Ok(Self { status: StatusCode::from_u16(shape.status)?, headers, location, body })
    }

    pub(super) fn respond(&self, filling: &[&str]) -> Response {
        let text = if self.location.is_some() { self.body.fill(&[]) } else { self.body.fill(filling) };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        if let Some(location) = &self.location
            && let Ok(value) = HeaderValue::try_from(location.fill(filling))
        {
            response.headers_mut().insert(header::LOCATION, value);
        }
        response
    }
}

/// The handle of a ceremony and its challenge.
fn challenge(body: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let at = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
    [at("/ceremony"), at("/publicKey/challenge")].into_iter().flatten().collect()
}

/// A parameter of an address, as it is written there.
pub(crate) fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A text with holes.
#[derive(Debug)]
struct Template {
    first: String,
    /// The number of a hole, and the text after it.
    rest: Vec<(usize, String)>,
    size: usize,
}

impl Template {
    /// A hole wherever one of these stands; what does not stand there leaves none.
    fn new(text: &str, holes: &[&str]) -> Self {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (number, hole) in holes.iter().enumerate() {
            places.extend(text.find(hole).map(|at| (at, number)));
        }
        places.sort_unstable();
        let mut template = Self { first: text.to_owned(), rest: Vec::new(), size: text.len() };
        for (at, number) in places.into_iter().rev() {
            let after = template.first.split_off(at);
            let hole = holes.get(number).copied().unwrap_or_default();
            template.rest.insert(0, (number, after.strip_prefix(hole).unwrap_or_default().to_owned()));
        }
        template
    }

    fn fill(&self, filling: &[&str]) -> String {
        let mut text = String::with_capacity(self.size);
        text.push_str(&self.first);
        for (number, after) in &self.rest {
            text.push_str(filling.get(*number).copied().unwrap_or_default());
            text.push_str(after);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_in_their_places_and_the_rest_stays() {
        let template = Template::new("one TWO three FOUR five", &["FOUR", "TWO", "SIX"]);
        assert_eq!(template.fill(&["4", "2"]), "one 2 three 4 five");
        assert_eq!(parameter("http://a/b?code=x&state=y", "state"), Some("y"));
    }
}
