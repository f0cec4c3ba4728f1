//! Counts requests, around everything that answers them: by the route of the table that they met, never by the path
//! that was sent.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use http::{Method, StatusCode};

use crate::app::App;
use crate::meter::Held;

/// Of all addresses that are nobody's.
const NO_ROUTE: &str = "none";

/// Counts a request from here on.
pub(super) fn begin(app: &App, request: &Request) -> UnderWay {
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str);
    UnderWay {
        route: route.into(),
        method: named(request.method()),
        ended: "gone",
        begun: Instant::now(),
        _held: app.meters.requests.under_way.hold(),
        app: app.clone(),
    }
}

/// A request that is being answered. Dropped before its end, whoever asked has hung up.
pub(super) struct UnderWay {
    app: App,
    route: Arc<str>,
    method: &'static str,
    ended: &'static str,
    begun: Instant,
    _held: Held,
}

impl UnderWay {
    pub(super) fn end(mut self, status: StatusCode) {
        self.ended = class(status);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let requests = &self.app.meters.requests;
        requests.took.of(Arc::clone(&self.route)).note(self.begun.elapsed());
        requests.answered.of((Arc::clone(&self.route), self.method, self.ended)).add_one();
    }
}

const fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// Anybody can make up a method.
fn named(method: &Method) -> &'static str {
    let known = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::HEAD, "HEAD"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    known.into_iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}
