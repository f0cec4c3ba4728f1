//! Which fields of spans and log lines leave this machine. Only those that are named here, so that a new one stays
//! until somebody has thought about it: no path, no address, no error of somebody else's program, nobody's name (S11).

use std::fmt::Debug;

use serde_json::{Value, json};
use tracing::field::{Field, Visit};

use crate::model::trace::TraceParent;

/// What a field is called here, and in the conventions of OpenTelemetry.
const LEAVE: [(&str, &str); 14] = [
    ("id", "idp.id"),
    ("method", "http.request.method"),
    ("route", "http.route"),
    ("status", "http.response.status_code"),
    ("milliseconds", "idp.milliseconds"),
    ("operation", "idp.operation"),
    ("client", "idp.client"),
    ("grant", "idp.grant"),
    ("kid", "idp.kid"),
    ("alg", "idp.alg"),
    ("removed", "idp.removed"),
    ("forgotten", "idp.forgotten"),
    ("through", "idp.through"),
    ("what", "idp.what"),
];

/// HTTP lets anybody make up a method.
const METHODS: [&str; 7] = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// No value is longer.
const MAX_BYTES: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) method: Option<String>,
    pub(super) route: Option<String>,
    pub(super) status: Option<u64>,
    /// Of a request that somebody we trust has passed on.
    pub(super) parent: Option<TraceParent>,
    /// As OTLP writes them.
    pub(super) attributes: Vec<Value>,
}

impl Fields {
    fn keep(&mut self, field: &Field, value: &Value) {
        if let Some((_, name)) = LEAVE.iter().find(|(ours, _)| *ours == field.name()) {
            self.attributes.push(json!({ "key": name, "value": value }));
        }
    }

    fn text(&mut self, field: &Field, text: &str) {
        let text = match field.name() {
            "message" => {
                text.clone_into(&mut self.message);
                return;
            }
            "traceparent" => {
                self.parent = TraceParent::parse(text).ok();
                return;
            }
            "method" => {
                let known = METHODS.into_iter().find(|known| *known == text).unwrap_or("_OTHER");
                self.method = Some(known.to_owned());
                known
            }
            "route" => {
                self.route = Some(text.to_owned());
                text
            }
            _ => text,
        };
        let end = text.floor_char_boundary(MAX_BYTES);
        self.keep(field, &json!({ "stringValue": text.get(..end).unwrap_or_default() }));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = Some(value);
        }
        self.keep(field, &json!({ "intValue": value.to_string() }));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, &json!({ "intValue": value.to_string() }));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, &json!({ "doubleValue": value }));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, &json!({ "boolValue": value }));
    }
}
