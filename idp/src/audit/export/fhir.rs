//! Records as FHIR R4 `AuditEvent` resources, one a line: what the archives of hospitals read. People are their
//! identifiers here, as in the trail.

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::meaning::{Class, Meaning, UNSORTED, meaning};
use super::time;
use crate::audit::checkpoint::{CHECKPOINT, Signed};
use crate::store::audit::Record;

const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const KINDS: &str = "urn:portico:audit-kind";

pub(super) fn event(record: &Record, issuer: &str) -> Value {
    let said = meaning(&record.kind).unwrap_or(UNSORTED);
    let mut agent = json!({ "who": who(record, issuer), "requestor": true });
    if let (Some(address), Some(agent)) = (&record.network, agent.as_object_mut()) {
        agent.insert("network".to_owned(), json!({ "address": address, "type": "2" }));
    }
    let mut details = vec![detail("detail", &record.detail)];
    details.extend(record.browser.as_ref().map(|browser| detail("browser", browser)));
    if let Ok(Value::String(personal)) = serde_json::to_value(record.personal) {
        details.push(detail("personal", &personal));
    }
    let mut entity = json!({ "detail": details });
    if let Some(entity) = entity.as_object_mut() {
        let (code, display, what) = match (record.subject, &record.client) {
            (Some(person), _) => ("1", "Person", Some(identifier(issuer, &person.to_string()))),
            (None, Some(client)) => ("2", "System Object", Some(identifier(issuer, client))),
            (None, None) => ("2", "System Object", None),
        };
        entity.insert("type".to_owned(), coding(ENTITY_TYPE, (code, display)));
        entity.extend(what.map(|what| ("what".to_owned(), json!({ "identifier": what }))));
    }
    let at = (record.sequence.to_string(), record.at);
    resource((&record.kind, &said), at, issuer, (agent, entity))
}

/// The last line: what was signed, for whoever holds the file against the trail.
pub(super) fn checkpoint(signed: &Signed, now: OffsetDateTime, issuer: &str) -> Value {
    let agent = json!({ "who": { "display": "host" }, "requestor": true });
    let entity = json!({
        "type": coding(ENTITY_TYPE, ("2", "System Object")),
        "detail": [detail(CHECKPOINT, &signed.statement)],
    });
    let at = (format!("checkpoint-{}", signed.checkpoint.sequence), now);
    resource((CHECKPOINT, &UNSORTED), at, issuer, (agent, entity))
}

fn resource(
    (kind, said): (&str, &Meaning),
    (id, at): (String, OffsetDateTime),
    issuer: &str,
    (agent, entity): (Value, Value),
) -> Value {
    let (code, subtype) = codes(kind, said);
    let mut subtypes = vec![json!({ "system": KINDS, "code": kind })];
    subtypes.extend(subtype.map(|subtype| coding(DICOM, subtype)));
    json!({
        "resourceType": "AuditEvent",
        "id": id,
        "type": coding(DICOM, code),
        "subtype": subtypes,
        "action": said.action,
        "recorded": time(at),
        // Minor failure, or success.
        "outcome": if said.failed { "4" } else { "0" },
        "agent": [agent],
        "source": {
            "observer": { "identifier": { "system": "urn:ietf:rfc:3986", "value": issuer } },
            "type": [coding(SOURCE_TYPE, ("6", "Security Server"))],
        },
        "entity": [entity],
    })
}

type Code = (&'static str, &'static str);

fn codes(kind: &str, said: &Meaning) -> (Code, Option<Code>) {
    const AUTHENTICATION: Code = ("110114", "User Authentication");
    const SECURITY: Code = ("110113", "Security Alert");
    match said.class {
        Class::Authentication => match said.activity {
            1 => (AUTHENTICATION, Some(("110122", "Login"))),
            2 => (AUTHENTICATION, Some(("110123", "Logout"))),
            _ => (AUTHENTICATION, None),
        },
        Class::AuthorizeSession => (AUTHENTICATION, None),
        Class::AccountChange => (SECURITY, Some(("110137", "User Security Attributes Changed"))),
        Class::UserAccess => (SECURITY, Some(("110136", "Security Roles Changed"))),
        Class::EntityManagement if kind == "audit-read" => (("110101", "Audit Log Used"), None),
        Class::EntityManagement => (SECURITY, Some(("110129", "Security Configuration"))),
    }
}

fn who(record: &Record, issuer: &str) -> Value {
    let known = |id: &str| json!({ "identifier": identifier(issuer, id) });
    match (record.actor.as_ref().map(Uuid::to_string), &record.client) {
        (Some(id), _) => known(&id),
        (None, _) if record.by_request => json!({ "display": "unknown" }),
        (None, Some(client)) => known(client),
        (None, None) => json!({ "display": "host" }),
    }
}

fn identifier(issuer: &str, id: &str) -> Value {
    json!({ "system": issuer, "value": id })
}

fn coding(system: &str, (code, display): Code) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

fn detail(what: &str, text: &str) -> Value {
    json!({ "type": what, "valueString": text })
}
