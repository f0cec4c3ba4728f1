//! Records as events of the Open Cybersecurity Schema Framework, version 1.3: what collectors of security events read.
//! What it has no place for is under `unmapped`.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::meaning::{Class, Meaning, UNSORTED, meaning};
use crate::audit::checkpoint::Signed;
use crate::crypto::base64url;
use crate::store::audit::Record;

const VERSION: &str = "1.3.0";

pub(super) fn event(record: &Record) -> Value {
    let said = meaning(&record.kind).unwrap_or(UNSORTED);
    let detail: Value = serde_json::from_str(&record.detail).unwrap_or_default();
    let mut event = frame((&record.kind, &said), record.at, &record.sequence.to_string());
    event.insert("actor".to_owned(), actor(record));
    if let Some(ip) = &record.network {
        event.insert("src_endpoint".to_owned(), json!({ "ip": ip }));
    }
    if let Some(browser) = &record.browser {
        event.insert("http_request".to_owned(), json!({ "user_agent": browser }));
    }
    match said.class {
        Class::EntityManagement => {
            event.insert("entity".to_owned(), entity(record, &detail));
        }
        Class::Authentication => {
            event.insert("user".to_owned(), user(record));
            event.insert("service".to_owned(), json!({ "name": "Portico" }));
        }
        Class::AuthorizeSession | Class::UserAccess => {
            event.insert("user".to_owned(), user(record));
            event.insert("privileges".to_owned(), privileges(&detail));
        }
        Class::AccountChange => {
            event.insert("user".to_owned(), user(record));
        }
    }
    let unmapped = json!({
        "client": record.client,
        "detail": detail,
        "personal": record.personal,
        "hash": base64url::encode(&record.hash),
    });
    event.insert("unmapped".to_owned(), unmapped);
    Value::Object(event)
}

/// The last line: what was signed, for whoever holds the file against the trail.
pub(super) fn checkpoint(signed: &Signed, now: OffsetDateTime) -> Value {
    let mut event =
        frame(("checkpoint", &UNSORTED), now, &format!("checkpoint-{}", signed.checkpoint.sequence));
    event.insert("entity".to_owned(), json!({ "name": "audit trail", "type": "Audit trail" }));
    event.insert("unmapped".to_owned(), json!({ "checkpoint": signed.statement }));
    Value::Object(event)
}

/// What every event has.
fn frame((kind, said): (&str, &Meaning), at: OffsetDateTime, uid: &str) -> Map<String, Value> {
    let class = said.class.uid();
    let members = [
        ("activity_id", json!(said.activity)),
        ("activity_name", json!(kind)),
        ("category_uid", json!(class / 1000)),
        ("class_uid", json!(class)),
        ("type_uid", json!(class * 100 + said.activity)),
        // High, or informational.
        ("severity_id", json!(if said.alarming { 4 } else { 1 })),
        ("status_id", json!(if said.failed { 2 } else { 1 })),
        ("time", json!(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))),
        (
            "metadata",
            json!({
                "version": VERSION,
                "uid": uid,
                "event_code": kind,
                "product": {
                    "name": "Portico", "vendor_name": "Portico", "version": env!("CARGO_PKG_VERSION"),
                },
            }),
        ),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn actor(record: &Record) -> Value {
    match (record.actor, &record.client) {
        (Some(id), _) => json!({ "user": { "uid": id, "type_id": 1 } }),
        (None, _) if record.by_request => json!({ "user": { "name": "unknown", "type_id": 0 } }),
        (None, Some(client)) => json!({ "user": { "uid": client, "type_id": 3 } }),
        (None, None) => json!({ "user": { "name": "host", "type_id": 3 } }),
    }
}

/// Whom it is about: a person, or an application for itself.
fn user(record: &Record) -> Value {
    match (record.subject.or(record.actor), &record.client) {
        (Some(id), _) => json!({ "uid": id, "type_id": 1 }),
        (None, Some(client)) => json!({ "uid": client, "type_id": 3 }),
        (None, None) => json!({ "name": "unknown", "type_id": 0 }),
    }
}

fn entity(record: &Record, detail: &Value) -> Value {
    let member = |name: &str| detail.get(name).and_then(Value::as_str);
    let (kind, uid) = match &record.client {
        Some(client) => ("Application", Some(client.as_str())),
        None if record.kind.starts_with("organization") => ("Organization", member("organization")),
        None if record.kind.starts_with("key") => ("Signing key", member("kid")),
        None if record.kind.starts_with("registration") => ("Registration token", member("token")),
        None => ("Audit trail", Some("audit")),
    };
    let uid = uid.unwrap_or(kind);
    json!({ "name": uid, "type": kind, "uid": uid })
}

/// Roles and scopes, however the record has them.
fn privileges(detail: &Value) -> Value {
    let texts = ["roles", "role", "scopes"].into_iter().filter_map(|name| detail.get(name));
    let words: Vec<&str> = texts
        .flat_map(|value| match value {
            Value::String(text) => text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<&str>>(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        })
        .collect();
    json!(if words.is_empty() { vec!["none"] } else { words })
}
