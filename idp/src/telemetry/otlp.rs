//! Spans and log lines as OTLP writes them in JSON (opentelemetry.io/docs/specs/otlp, version 1): identifiers in hex,
//! numbers of 64 bits as texts.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::fields::Fields;

/// A span, and the trace that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) trace: u128,
    pub(super) span: u64,
}

#[derive(Debug)]
pub(super) struct Span {
    pub(super) place: Place,
    pub(super) parent: Option<u64>,
    pub(super) name: &'static str,
    pub(super) begun: OffsetDateTime,
    pub(super) ended: OffsetDateTime,
    pub(super) fields: Fields,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) place: Option<Place>,
    pub(super) at: OffsetDateTime,
    pub(super) severity: (u8, &'static str),
    pub(super) fields: Fields,
}

/// What waits to be sent.
#[derive(Debug)]
pub(super) enum Item {
    Span(Span),
    Line(Line),
}

impl Item {
    pub(super) const fn signal(&self) -> &'static str {
        match self {
            Self::Span(_) => "traces",
            Self::Line(_) => "logs",
        }
    }

    pub(super) fn json(self) -> Value {
        match self {
            Self::Span(span) => span.json(),
            Self::Line(line) => line.json(),
        }
    }
}

/// What is posted for one signal.
pub(super) fn envelope(signal: &str, records: &[Value]) -> String {
    let text = |key, value| json!({ "key": key, "value": { "stringValue": value } });
    let version = env!("CARGO_PKG_VERSION");
    let resource =
        json!({ "attributes": [text("service.name", "portico"), text("service.version", version)] });
    let scope = json!({ "name": "idp", "version": version });
    let body = if signal == "traces" {
        json!({ "resourceSpans": [{
            "resource": resource, "scopeSpans": [{ "scope": scope, "spans": records }],
        }] })
    } else {
        json!({ "resourceLogs": [{
            "resource": resource, "scopeLogs": [{ "scope": scope, "logRecords": records }],
        }] })
    };
    body.to_string()
}

/// What kind of span it is: 1 internal, 2 server, 3 client.
fn kind(name: &str) -> u8 {
    match name {
        "request" => 2,
        "call" => 3,
        _ => 1,
    }
}

fn nanoseconds(at: OffsetDateTime) -> String {
    at.unix_timestamp_nanos().max(0).to_string()
}

fn trace_id(place: Place) -> String {
    format!("{:032x}", place.trace)
}

fn span_id(span: u64) -> String {
    format!("{span:016x}")
}

/// What is only there sometimes; nothing stands as `null`.
fn with(mut record: Value, more: impl IntoIterator<Item = (&'static str, String)>) -> Value {
    if let Some(record) = record.as_object_mut() {
        record.extend(more.into_iter().map(|(key, value)| (key.to_owned(), Value::String(value))));
    }
    record
}

impl Span {
    fn json(self) -> Value {
        let name = match (self.name, &self.fields.method, &self.fields.route) {
            ("request", Some(method), Some(route)) => format!("{method} {route}"),
            (name, ..) => name.to_owned(),
        };
        // Only a fault of ours is an error of the span (semantic conventions for HTTP servers).
        let failed = self.fields.status.is_some_and(|status| status >= 500);
        let span = json!({
            "traceId": trace_id(self.place),
            "spanId": span_id(self.place.span),
            "name": name,
            "kind": kind(self.name),
            "startTimeUnixNano": nanoseconds(self.begun),
            "endTimeUnixNano": nanoseconds(self.ended),
            "attributes": self.fields.attributes,
            "status": if failed { json!({ "code": 2 }) } else { json!({}) },
        });
        with(span, self.parent.map(|parent| ("parentSpanId", span_id(parent))))
    }
}

impl Line {
    fn json(self) -> Value {
        let (number, severity) = self.severity;
        let line = json!({
            "timeUnixNano": nanoseconds(self.at),
            "observedTimeUnixNano": nanoseconds(self.at),
            "severityNumber": number,
            "severityText": severity,
            "body": { "stringValue": self.fields.message },
            "attributes": self.fields.attributes,
        });
        let place = self.place.map(|place| [("traceId", trace_id(place)), ("spanId", span_id(place.span))]);
        with(line, place.into_iter().flatten())
    }
}
