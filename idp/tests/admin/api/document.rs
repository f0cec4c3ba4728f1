//! The document, the page on which it is read, and what is written about it elsewhere.

use idp::web::problem::Kind;

use super::{Clinic, operations};

/// Everything on the page is ours, and what a problem's `type` leads to is there.
#[tokio::test]
async fn the_page_shows_every_operation_and_every_problem_and_loads_nothing_from_elsewhere() {
    let clinic = Clinic::open().await;
    let page = clinic.app.browser().get("/api/v1/docs").await;
    assert_eq!(page.status, 200);
    for (method, path, _) in operations(&clinic.document().await) {
        let path = format!("/api/v1{path}").replace('/', "&#x2f;");
        assert!(page.body.contains(&format!("<code>{method} {path}</code>")), "{method} {path}");
    }
    for kind in Kind::ALL {
        assert!(page.body.contains(&format!("<tr id=\"{}\">", kind.name())), "{kind:?}");
    }
    for source in
        page.body.split("src=\"").skip(1).chain(page.body.split("<link rel=\"stylesheet\" href=\"").skip(1))
    {
        assert!(source.starts_with("/static/"), "{source}");
    }
}

/// What stands in the document as an example can be sent as it is.
#[tokio::test]
async fn every_body_has_an_example_that_can_be_sent() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    let document = clinic.document().await;
    let schemas = &document["components"]["schemas"];
    let mut sent = 0;
    for (method, path, _) in operations(&document) {
        let operation = &document["paths"][format!("/api/v1{path}")][method.to_lowercase()];
        let Some(body) = operation.get("requestBody") else { continue };
        let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
        let example = &schemas[schema.rsplit('/').next().unwrap()]["example"];
        assert!(example.is_object(), "{method} {path}: {schema}");
        let nothing = "0197f3a0-0000-7000-8000-000000000000";
        let names = ["{id}", "{person}", "{invitation}", "{secret}"];
        let path = names.iter().fold(path, |path, name| path.replace(name, nothing));
        // No identifier of an application has the form of one of a person.
        let path = path.replace(&format!("/applications/{nothing}"), "/applications/nothing");
        let answer = clinic.call(&token, (&method, &path), &[("if-match", "\"x\"")], example).await;
        assert!(matches!(answer.status.as_u16(), 201 | 404), "{method} {path}: {}", answer.body);
        sent += 1;
    }
    assert!(sent > 10, "{sent}");
}

/// RFC 9457: a response for each problem, and with every status the problems that have it.
#[tokio::test]
async fn every_operation_says_how_it_may_be_refused() {
    let clinic = Clinic::open().await;
    let document = clinic.document().await;
    let shared = document["components"]["responses"].as_object().unwrap();
    for (method, path, _) in operations(&document) {
        let operation = &document["paths"][format!("/api/v1{path}")][method.to_lowercase()];
        let responses = operation["responses"].as_object().unwrap();
        for status in ["401", "403", "429", "default"] {
            assert!(responses.contains_key(status), "{method} {path}");
        }
        assert_eq!(responses.contains_key("404"), path.contains('{'), "{method} {path}");
        for reference in responses.values().filter_map(|response| response["$ref"].as_str()) {
            assert!(shared.contains_key(reference.rsplit('/').next().unwrap()), "{reference}");
        }
    }
    for kind in Kind::ALL {
        let name = if kind.status().is_server_error() {
            "default".to_owned()
        } else {
            kind.status().as_str().to_owned()
        };
        let example = &shared.get(&name).unwrap_or_else(|| panic!("{kind:?}"))["content"]["application/problem+json"]
            ["examples"][kind.name()]["value"];
        assert_eq!(example["status"], kind.status().as_u16(), "{kind:?}");
    }
}

#[test]
fn every_problem_is_in_the_book() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate/api.md");
    let book = std::fs::read_to_string(path).unwrap();
    for kind in Kind::ALL {
        let row = format!("| `{}` | {} | {} |", kind.name(), kind.status().as_u16(), kind.title());
        assert!(book.contains(&row), "{row}");
    }
    for scope in idp::model::api::AdminScope::ALL {
        assert!(book.contains(&format!("| `{}` |", scope.as_str())), "{scope:?}");
    }
}
