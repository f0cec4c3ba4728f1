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
