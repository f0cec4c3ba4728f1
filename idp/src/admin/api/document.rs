//! The OpenAPI document (3.1) of the API, made from the code that serves it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::applications::{self, change, preview, secrets};
use super::{invitations, members, organizations, people, person, records, workings};
use crate::app::App;
use crate::model::api::{self, AdminScope};
use crate::web::problem::Kind;

#[derive(OpenApi)]
#[openapi(
    paths(
        super::me,
        people::list,
        people::create,
        people::show,
        person::disable,
        person::enable,
        person::log_out,
        person::unlock,
        person::reset_passkeys,
        person::reset_two_factor,
        person::remove_passkey,
        person::access_link,
        person::set_role,
        person::set_policy,
        organizations::list,
        organizations::show,
        organizations::create,
        organizations::change,
        organizations::disable,
        organizations::enable,
        members::list,
        members::show,
        members::add,
        members::set_roles,
        members::remove,
        invitations::list,
        invitations::invite,
        invitations::resend,
        invitations::withdraw,
        applications::list,
        applications::show,
        change::create,
        change::change,
        change::disable,
        change::enable,
        change::remove,
        secrets::list,
        secrets::add,
        secrets::expire,
        secrets::remove,
        preview::show,
        records::list,
        records::verify,
        workings::keys,
        workings::rotate,
        workings::deliveries,
        workings::retry,
        workings::give_up,
        workings::health,
        workings::figures,
    ),
    tags(
        (name = "Me", description = "Who calls"),
        (name = "People", description = "Finding people, and bringing them back in"),
        (name = "Organizations", description = "Clinics and practice groups"),
        (name = "Members", description = "Who belongs to an organization"),
        (name = "Invitations", description = "Asking people to join an organization"),
        (name = "Applications", description = "What people sign in to"),
        (name = "Audit", description = "What happened"),
        (name = "Service", description = "Keys, deliveries and figures of the service as a whole"),
    )
)]
struct Code;

/// The document for a provider with this issuer.
#[must_use]
pub(super) fn document(issuer: &str) -> Value {
    let mut document = serde_json::to_value(Code::openapi()).unwrap_or_default();
    let brief = "The administration of this provider as JSON, for applications with access tokens. A token is \
        asked for with `resource` (RFC 8707) and the scopes below. A person's token may do what the person may, as far \
        as its scopes go; it needs a log-in by more than a password, and for changes one that is at most five minutes \
        old. An application that acts for itself may do what the configuration gives it.";
    let scopes: Map<String, Value> = AdminScope::ALL
        .into_iter()
        .map(|scope| (scope.as_str().to_owned(), json!(scope.description())))
        .collect();
    let token = format!("{issuer}/oidc/token");
    let flows = json!({
        "clientCredentials": { "tokenUrl": token, "scopes": scopes },
        "authorizationCode": {
            "authorizationUrl": format!("{issuer}/oidc/authorize"), "tokenUrl": token, "scopes": scopes,
        },
    });
    for (path, method, operation) in operations(&mut document) {
        let problems = problems_of(path, method, operation);
        if method == "post" {
            let list = operation.entry("parameters").or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.push(idempotency_key()));
        }
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            for name in problems {
                let shared = json!({ "$ref": format!("#/components/responses/{name}") });
                responses.insert(name.to_owned(), shared);
            }
        }
    }
    let top = [
        ("info", json!({ "title": "Administration", "version": "1", "description": brief })),
        ("servers", json!([{ "url": issuer }])),
    ];
    for (name, value) in top {
        if let Some(slot) = document.as_object_mut() {
            slot.insert(name.to_owned(), value);
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components
            .insert("securitySchemes".to_owned(), json!({ "token": { "type": "oauth2", "flows": flows } }));
        components.insert("responses".to_owned(), problem_responses(issuer));
        if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
            schemas.insert("Problem".to_owned(), problem_schema());
        }
    }
    document
}

/// The statuses with which an operation may be refused.
fn problems_of(path: &str, method: &str, operation: &Map<String, Value>) -> Vec<&'static str> {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let has = |member: &str, value: &str| {
        parameters.is_some_and(|list| list.iter().any(|one| one.get(member).is_some_and(|is| is == value)))
    };
    let (sends, changes) = (operation.contains_key("requestBody"), method != "get");
    let all = [
        ("400", sends || changes || has("in", "query")),
        ("401", true),
        ("403", true),
        ("404", path.contains('{')),
        ("409", changes),
        ("412", has("name", "If-Match")),
        ("413", sends),
        ("415", sends),
        ("422", sends || method == "post"),
        ("428", has("name", "If-Match")),
        ("429", true),
        ("default", true),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

/// A response for each status, with every problem that has it.
fn problem_responses(issuer: &str) -> Value {
    let mut all = Map::new();
    for kind in Kind::ALL {
        let status = kind.status().as_u16();
        let name = if kind.status().is_server_error() { "default".to_owned() } else { status.to_string() };
        let said = json!({
            "type": format!("{issuer}{}/docs#{}", api::PATH, kind.name()), "title": kind.title(), "status": status,
        });
        let response = all.entry(name).or_insert_with(|| {
            let schema = json!({ "$ref": "#/components/schemas/Problem" });
            let content = json!({ "application/problem+json": { "schema": schema, "examples": {} } });
            json!({ "description": "", "content": content })
        });
        if let Some(examples) = response.pointer_mut("/content/application~1problem+json/examples") {
            examples[kind.name()] = json!({ "value": said });
        }
        if let Some(description) = response.get_mut("description") {
            let before = description.as_str().filter(|text| !text.is_empty()).map(|text| format!("{text}, "));
            *description = json!(format!("{}`{}`", before.unwrap_or_default(), kind.name()));
        }
    }
    Value::Object(all)
}

/// RFC 9457
fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "Which kind of problem it is; never changes" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong this time" },
            "pointer": { "type": "string", "description": "The member of the body that it is about (RFC 6901)" },
            "reference": { "type": "string", "description": "Finds the request in the log of the provider" },
        },
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Sent again with the same key within a day, the call is answered as the first time",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
    })
}

/// Every operation of the document, with its path and method.
fn operations(document: &mut Value) -> impl Iterator<Item = (&str, &str, &mut Map<String, Value>)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let methods = ["get", "post", "put", "delete"];
    let items = paths.into_iter().flatten().filter_map(|(path, item)| Some((path, item.as_object_mut()?)));
    items
        .flat_map(move |(path, item)| {
            item.iter_mut().map(move |(method, operation)| (path, method, operation))
        })
        .filter(move |(_, method, _)| methods.contains(&method.as_str()))
        .filter_map(|(path, method, operation)| {
            Some((path.as_str(), method.as_str(), operation.as_object_mut()?))
        })
}

/// GET /api/v1/openapi.json
pub(super) async fn serve(State(app): State<App>) -> Response {
    let document = Json(document(&app.config.public_url.issuer()));
    ([(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))], document).into_response()
}
