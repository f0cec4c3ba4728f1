//! A file that somebody sends with a form of ours (RFC 7578), with the same proofs as every form. The body is read whole,
//! within the limit of its route.

use axum::extract::{FromRef, FromRequest, Request};
use http::header;

use super::error::PageError;
use super::form::{body, check_csrf, check_origin, content_type, visit_of};
use crate::app::App;

/// No form of ours has more fields.
const MOST_PARTS: usize = 8;

/// The file of a form, and nothing else of it.
#[derive(Debug)]
pub struct Uploaded(pub Vec<u8>);

impl<S> FromRequest<S> for Uploaded
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let app = App::from_ref(state);
        check_origin(&app, request.headers())?;
        let bad = || PageError::BadRequest("the form has the wrong content type".to_owned());
        if content_type(request.headers()) != "multipart/form-data" {
            return Err(bad());
        }
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let boundary = kind.and_then(boundary).ok_or_else(bad)?;
        let visit = visit_of(&request)?;
        let body = body(request).await?;
        let parts = parts(&body, &boundary)
            .ok_or_else(|| PageError::BadRequest("the form did not arrive whole".to_owned()))?;
        let named = |name: &str| parts.iter().find(|part| part.name == name).map(|part| part.content);
        check_csrf(&visit, named("csrf").unwrap_or_default())?;
        Ok(Self(named("file").unwrap_or_default().to_vec()))
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').skip(1);
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let value = value.trim_matches('"');
    // RFC 2046 §5.1.1
    ((1..=70).contains(&value.len())).then(|| value.to_owned())
}

#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    name: String,
    content: &'a [u8],
}

/// RFC 2046 §5.1.1: parts between lines of two hyphens and the boundary, the last of which ends in two more.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(delimiter.get(2..)?.as_bytes())?;
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        if found.len() == MOST_PARTS {
            return None;
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let (part, after) = split(rest, delimiter.as_bytes())?;
        let (head, content) = split(part, b"\r\n\r\n")?;
        found.push(Part { name: name(std::str::from_utf8(head).ok()?)?, content });
        rest = after;
    }
    Some(found)
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    let (before, rest) = bytes.split_at_checked(place)?;
    Some((before, rest.get(at.len()..)?))
}

/// RFC 7578 §4.2. The names of our fields are plain words.
fn name(head: &str) -> Option<String> {
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let value = line.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(content: &[u8]) -> Vec<u8> {
        let csrf = "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n";
        let head = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
        [csrf.as_bytes(), head.as_bytes(), content, b"\r\n--x--\r\n"].concat()
    }

    #[test]
    fn a_form_is_taken_apart_into_its_fields_and_its_file() {
        let content = b"\x89PNG\r\n\r\n--y\r\n";
        let body = form(content);
        let found = parts(&body, "x").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].content), ("csrf", b"token".as_slice()));
        assert_eq!((found[1].name.as_str(), found[1].content), ("file", content.as_slice()));
        assert_eq!(boundary("multipart/form-data; boundary=\"x\"").as_deref(), Some("x"));
        assert_eq!(boundary("multipart/form-data; charset=x"), None);
    }

    #[test]
    fn a_form_that_was_cut_off_or_has_too_many_parts_is_none() {
        let body = form(b"data");
        for end in 0..body.len() - 4 {
            assert_eq!(parts(&body[..end], "x"), None, "{end}");
        }
        let part = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let many = [part.repeat(MOST_PARTS + 1), b"--x--\r\n".to_vec()].concat();
        assert_eq!(parts(&many, "x"), None);
    }
}
