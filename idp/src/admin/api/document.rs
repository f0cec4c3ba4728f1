//! The OpenAPI document (3.1) of the API, made from the code that serves it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{applications, members, organizations, people, person, records};
use crate::app::App;
use crate::model::api::AdminScope;

#[derive(OpenApi)]
#[openapi(
    paths(
        super::me,
        people::list,
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
        members::add,
        members::set_roles,
        members::remove,
        applications::list,
        applications::show,
        records::list,
    ),
    tags(
        (name = "Me", description = "Who calls"),
        (name = "People", description = "Finding people, and bringing them back in"),
        (name = "Organizations", description = "Clinics and practice groups"),
        (name = "Members", description = "Who belongs to an organization"),
        (name = "Applications", description = "What people sign in to"),
        (name = "Audit", description = "What happened"),
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
    let problem = |description: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
    };
    let common = [
        ("401", "No access token, one that does not hold, or a log-in that is not enough"),
        ("403", "The token or its person may not do this"),
        ("429", "Too many calls within a minute"),
        ("default", "What else was refused"),
    ];
    for (method, operation) in operations(&mut document) {
        if method == "post" {
            let list = operation.entry("parameters").or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.push(idempotency_key()));
        }
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            for (status, description) in common {
                responses.insert(status.to_owned(), problem(description));
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
        if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
            schemas.insert("Problem".to_owned(), problem_schema());
        }
    }
    document
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

/// Every operation of the document, with its method.
fn operations(document: &mut Value) -> impl Iterator<Item = (&str, &mut Map<String, Value>)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    let methods = ["get", "post", "put", "delete"];
    items
        .flat_map(move |item| item.iter_mut().filter(move |(name, _)| methods.contains(&name.as_str())))
        .filter_map(|(method, operation)| Some((method.as_str(), operation.as_object_mut()?)))
}

/// GET /api/v1/openapi.json
pub(super) async fn serve(State(app): State<App>) -> Response {
    let document = Json(document(&app.config.public_url.issuer()));
    ([(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))], document).into_response()
}
