//! Whole requests, through everything that a request passes: a line with method and address, headers, an empty line and
//! a body. Cookies, tokens, forms, proofs and certificates come in by it as they do on a network. `{session}`, `{account}`,
//! `{browser}` and `{csrf}` are the cookies of somebody who is signed in, and the proof in their forms.
//! Nothing is our own fault, nobody is sent to where nobody registered, nothing that came is code in what goes out,
//! and no cookie that was not given opens an account.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use idp::server::router;
use idp::web::network::Peer;
use tower::ServiceExt;

use super::house::{ISSUER, REDIRECT_URIS, Signed, visit};

/// None of our pages has it.
const MARK: &str = "<x-fuzz";

pub fn run(data: &[u8]) {
    let inside = ["{session}", "{account}"].iter().any(|cookie| find(data, cookie.as_bytes()).is_some());
    let answered = visit(async |house| {
        let signed = if inside { house.sign_in().await } else { house.nobody() };
        let request = read(&filled(data, &signed))?;
        let asked = (request.uri().path().to_owned(), request.method().clone());
        let answer = router(&house.app).oneshot(request).await;
        let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
        Some((asked, parts, to_bytes(body, 8 << 20).await.unwrap_or_default()))
    });
    let Some(((path, method), parts, body)) = answered else {
        return;
    };
    let said = String::from_utf8_lossy(&body);
    let status = parts.status;
    assert!(
        !status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE,
        "{method} {path}: {status} {said}"
    );
    assert!(!said.contains(MARK) || !is_page(&parts.headers), "{method} {path}: what came is code in a page");
    assert!(parts.headers.get("x-content-type-options").is_some(), "{method} {path}: without our headers");
    if let Some(location) = parts.headers.get("location") {
        let location = location.to_str().unwrap_or_default();
        assert!(is_known(location), "{method} {path}: sent to {location}");
    }
    let is_ours = |room: &str| path.starts_with(room) && status == StatusCode::OK;
    assert!(!is_ours("/account") || inside, "{method} {path} is open to everybody");
    assert!(
        !is_ours("/admin") && !is_ours("/api/v1/people"),
        "{method} {path} is open to people without rights"
    );
}

fn find(data: &[u8], text: &[u8]) -> Option<usize> {
    data.windows(text.len()).position(|window| window == text)
}

/// With the secrets of this browser in the places that are kept for them.
fn filled(data: &[u8], signed: &Signed) -> Vec<u8> {
    let mut data = data.to_vec();
    for (place, secret) in [
        ("{browser}", &signed.browser),
        ("{session}", &signed.session),
        ("{account}", &signed.account),
        ("{csrf}", &signed.csrf),
    ] {
        if let Some(at) = find(&data, place.as_bytes()) {
            data.splice(at..at + place.len(), secret.bytes());
        }
    }
    data
}

fn read(data: &[u8]) -> Option<Request<Body>> {
    let end = find(data, b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, address) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).ok()?).uri(address);
    for line in lines.take(64) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request = request.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    let mut request = request.body(Body::from(body.to_vec())).ok()?;
    request.extensions_mut().insert(Peer(SocketAddr::new([127, 0, 0, 1].into(), 1)));
    Some(request)
}

fn is_page(headers: &http::HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// A page of ours, or what an application registered.
fn is_known(location: &str) -> bool {
    let ours = location.strip_prefix(ISSUER).unwrap_or(location);
    let local = ours.starts_with('/') && !ours.starts_with("//") && !ours.starts_with("/\\");
    let continues = |base: &str| {
        location.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#']))
    };
    let native = || {
        let rest = location.strip_prefix("http://127.0.0.1:").unwrap_or_default();
        rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with("/cb")
    };
    local || REDIRECT_URIS.into_iter().chain(["https://app.example/bye"]).any(continues) || native()
}
