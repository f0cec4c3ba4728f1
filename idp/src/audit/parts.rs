//! An event as it is kept: what stays readable for as long as the record, and what is sealed under the key of whom it
//! is about.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::event::Event;
use crate::model::client::ClientId;

/// The members of an event that identify nobody, but by an identifier of ours, and so stay readable for as long as
/// the record. Every other one is sealed: a new member is, until somebody decides otherwise here.
const OPEN: [&str; 53] = [
    "kind",
    "role",
    "method",
    "session",
    "passkey",
    "why",
    "synced",
    "sessions_ended",
    "stored",
    "presented",
    "eligible",
    "passkeys",
    "code_app",
    "recovery_codes",
    "factor",
    "left",
    "by_link",
    "policy",
    "sessions",
    "client",
    "minutes",
    "scopes",
    "resources",
    "claims",
    "details",
    "organization",
    "invitation",
    "roles",
    "kid",
    "kids",
    "grant",
    "audience",
    "issuer",
    "token",
    "uses",
    "enabled",
    "how",
    "filter",
    "through",
    "secret_id",
    "at",
    "delivery",
    "mail",
    "changed",
    "previous",
    "whole",
    "grants_ended",
    "links_ended",
    "invitations_ended",
    "tokens_ended",
    "deliveries_dropped",
    "from",
    "to",
];

/// The application that did it, for itself or for the person who is named as the actor.
pub const BY: &str = "by";

/// An event as it is kept.
pub(super) struct Parts {
    pub(super) client: Option<String>,
    pub(super) organization: Option<Uuid>,
    /// Open JSON.
    pub(super) open: String,
    /// JSON to be sealed, if there is any.
    pub(super) closed: Option<String>,
}

impl Event {
    /// Takes it apart into what stays and what goes with whom it is about.
    pub(super) fn parts(&self, application: Option<&ClientId>) -> Parts {
        let all = match serde_json::to_value(self) {
            Ok(Value::Object(all)) => all,
            _ => Map::new(),
        };
        let (mut open, closed): (Map<_, _>, Map<_, _>) =
            all.into_iter().partition(|(name, _)| OPEN.contains(&name.as_str()));
        if let Some(application) = application {
            open.insert(BY.to_owned(), Value::String(application.to_string()));
        }
        // What it is about is found by it before what did it.
        let about = open.get("client").and_then(Value::as_str);
        let client = about.or(application.map(ClientId::as_str)).map(ToOwned::to_owned);
        let organization = open.get("organization").and_then(Value::as_str);
        let organization = organization.and_then(|id| id.parse().ok());
        let closed = (!closed.is_empty()).then(|| Value::Object(closed).to_string());
        Parts { client, organization, open: Value::Object(open).to_string(), closed }
    }
}
