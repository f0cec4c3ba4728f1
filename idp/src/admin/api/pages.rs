//! The page on which developers read the OpenAPI document: made from the document itself, with nothing from anywhere
//! else on it.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};

use super::document::document;
use crate::app::App;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::page::{self, Frame};
use crate::web::problem::Kind;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct ApiPage {
    about: String,
    scopes: Vec<Named>,
    tags: Vec<Tag>,
    schemas: Vec<Schema>,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: String,
    description: String,
}

#[derive(Debug, Serialize)]
struct Tag {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

#[derive(Debug, Serialize)]
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    scope: String,
    parameters: Vec<Member>,
    /// The names of the schemas of what is sent and of what is answered.
    body: String,
    answer: String,
    status: String,
}

#[derive(Debug, Serialize)]
struct Schema {
    name: String,
    description: String,
    members: Vec<Member>,
}

#[derive(Debug, Serialize)]
struct Member {
    name: String,
    kind: String,
    required: bool,
    description: String,
}

#[derive(Debug, Serialize)]
struct Problem {
    name: &'static str,
    status: u16,
    title: &'static str,
}

impl Page for ApiPage {
    const TEMPLATE: &'static str = "admin/api.html";
    fn samples() -> Vec<Self> {
        vec![Self::of(&document("https://login.example.org"))]
    }
}

/// GET /api/v1/docs
pub async fn docs(State(app): State<App>, visit: Visit) -> Result<Response, PageError> {
    let page = ApiPage::of(&document(&app.config.public_url.issuer()));
    page::render(&app, &visit, Frame::of("help"), &page)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

impl ApiPage {
    fn of(document: &Value) -> Self {
        let flow = document.pointer("/components/securitySchemes/token/flows/clientCredentials");
        let scopes = flow.into_iter().flat_map(|flow| members(flow, "scopes"));
        let components = document.get("components").cloned().unwrap_or_default();
        Self {
            about: document
                .pointer("/info/description")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            scopes: scopes
                .map(|(name, description)| Named {
                    name: name.clone(),
                    description: description.as_str().unwrap_or_default().to_owned(),
                })
                .collect(),
            tags: items(document, "tags").map(|tag| Tag::of(document, tag)).collect(),
            schemas: members(&components, "schemas").map(|(name, schema)| Schema::of(name, schema)).collect(),
            problems: Kind::ALL
                .iter()
                .map(|kind| Problem {
                    name: kind.name(),
                    status: kind.status().as_u16(),
                    title: kind.title(),
                })
                .collect(),
        }
    }
}

impl Tag {
    fn of(document: &Value, tag: &Value) -> Self {
        let name = text(tag, "name");
        let all = members(document, "paths").flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
        });
        let own =
            all.filter(|(_, _, operation)| items(operation, "tags").any(|known| *known == name.as_str()));
        let operations =
            own.map(|(path, method, operation)| Operation::of(path, method, operation)).collect();
        Self { description: text(tag, "description"), name, operations }
    }
}

impl Operation {
    fn of(path: &str, method: &str, operation: &Value) -> Self {
        let good = members(operation, "responses").find(|(status, _)| status.starts_with('2'));
        let schema = |value: Option<&Value>| {
            let found = value.and_then(|value| value.pointer("/content/application~1json/schema"));
            found.map(name_of).unwrap_or_default()
        };
        Self {
            id: text(operation, "operationId"),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(operation, "summary"),
            description: text(operation, "description"),
            scope: operation
                .pointer("/security/0/token")
                .and_then(Value::as_array)
                .map(|scopes| scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
                .unwrap_or_default(),
            parameters: items(operation, "parameters").map(Member::of_parameter).collect(),
            body: schema(operation.get("requestBody")),
            answer: schema(good.map(|(_, answer)| answer)),
            status: good.map(|(status, _)| status.clone()).unwrap_or_default(),
        }
    }
}

impl Schema {
    /// One that is put together from others has the members of all of them.
    fn of(name: &str, schema: &Value) -> Self {
        let parts: Vec<&Value> = std::iter::once(schema).chain(items(schema, "allOf")).collect();
        let own = parts.iter().flat_map(|part| {
            let required: Vec<&str> = items(part, "required").filter_map(Value::as_str).collect();
            members(part, "properties").map(move |(name, member)| Member {
                name: name.clone(),
                kind: name_of(member),
                required: required.contains(&name.as_str()),
                description: text(member, "description"),
            })
        });
        let based = parts.iter().filter(|part| part.get("$ref").is_some()).map(|part| Member {
            name: "…".to_owned(),
            kind: name_of(part),
            required: true,
            description: String::new(),
        });
        Self {
            name: name.to_owned(),
            description: text(schema, "description"),
            members: based.chain(own).collect(),
        }
    }
}

impl Member {
    fn of_parameter(parameter: &Value) -> Self {
        Self {
            name: text(parameter, "name"),
            kind: parameter.get("schema").map(name_of).unwrap_or_default(),
            required: parameter.get("required").and_then(Value::as_bool).unwrap_or_default(),
            description: text(parameter, "description"),
        }
    }
}

/// What a schema is called: its own name, or those of the types and values that it allows.
fn name_of(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let words: Vec<String> = items(schema, "enum").map(ToString::to_string).collect();
    if !words.is_empty() {
        return words.join(" | ");
    }
    let any: Vec<String> = items(schema, "oneOf").chain(items(schema, "anyOf")).map(name_of).collect();
    if !any.is_empty() {
        return any.join(" | ");
    }
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        Some(Value::String(one)) => one.clone(),
        _ => "any".to_owned(),
    };
    match (schema.get("items"), schema.get("format").and_then(Value::as_str)) {
        (Some(inner), _) => format!("{types} of {}", name_of(inner)),
        (None, Some(format)) => format!("{types}, {format}"),
        (None, None) => types,
    }
}
