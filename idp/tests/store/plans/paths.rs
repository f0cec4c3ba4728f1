//! What is asked for: the lists that there are, with each filter that they have.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

/// The pages of the console that show lists, in every order and with every filter they have.
pub(super) async fn of_the_console(db: &DatabaseConnection) -> Vec<String> {
    let of = async |table: &str, column: &str| {
        let backend = db.get_database_backend();
        let sql = format!("SELECT {column} FROM {table} ORDER BY id DESC LIMIT 1");
        let row = db.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
        let id: uuid::Uuid = row.try_get_by_index(0).unwrap();
        id.to_string()
    };
    let person = of("\"user\"", "id").await;
    let organization = of("organization", "id").await;
    let member = of("\"user\"", "id").await;
    let delivery = of("outbox", "id").await;
    let audit = |query: &str| format!("/admin/audit?{query}");
    let mut pages = vec![
        "/admin".to_owned(),
        format!("/admin/people/{person}"),
        format!("/admin/organizations/{organization}"),
        format!("/admin/organizations/{organization}?after={member}"),
        "/admin/audit/1030000".to_owned(),
        "/admin/keys".to_owned(),
        "/admin/health".to_owned(),
        "/admin/mails".to_owned(),
        "/admin/risk".to_owned(),
        format!("/admin/risk?after={person}"),
        "/admin/jobs".to_owned(),
        "/admin/jobs?state=failed".to_owned(),
        format!("/admin/jobs?before={delivery}"),
        format!("/admin/jobs?state=failed&before={delivery}"),
        "/admin/find?q=mson4".to_owned(),
        "/admin/applications".to_owned(),
        "/admin/applications?q=appl".to_owned(),
        "/admin/applications?after=app-17".to_owned(),
        "/admin/applications?q=appl&after=app-17".to_owned(),
        "/admin/applications/app-17".to_owned(),
        "/admin/organizations".to_owned(),
        "/admin/organizations?q=org-1".to_owned(),
        format!("/admin/organizations?after={organization}"),
        format!("/admin/organizations?q=org-1&after={organization}"),
    ];
    for q in ["", "q=mson4&", "q=p17@&"] {
        for state in ["", "state=disabled&"] {
            for after in ["", &format!("after={person}")] {
                pages.push(format!("/admin/people?{q}{state}{after}"));
            }
        }
    }
    let filters = [
        String::new(),
        "kind=signed-in&".to_owned(),
        format!("person={person}&"),
        format!("person={person}&part=actor&"),
        "client=app-17&".to_owned(),
        format!("kind=signed-in&person={person}&"),
        "kind=tokens-issued&client=app-17&".to_owned(),
    ];
    for filter in filters {
        for days in ["", "from=2026-03-01&", "to=2026-09-01&", "from=2026-03-01&to=2026-03-02&"] {
            pages
                .extend([audit(&format!("{filter}{days}")), audit(&format!("{filter}{days}before=1020000"))]);
        }
    }
    pages
}

/// What an operation is asked with, by the name of the parameter: one that is not here is a filter nobody looked at.
pub(super) fn value(name: &str) -> Option<&'static str> {
    Some(match name {
        "q" | "search" => "mson4",
        "enabled" | "failed" => "true",
        "role" => "operator",
        "limit" => "100",
        "email" => "nobody@example.org",
        "scope" => "openid profile",
        "kind" => "signed-in",
        "client" => "app-17",
        "from" => "2026-03-01T00:00:00Z",
        "to" => "2026-09-01T00:00:00Z",
        "person" | "actor" => "0197f3a0-0000-7000-8000-000000000000",
        // Where a page goes on is in the answer of the one before.
        "cursor" => return None,
        other => panic!("what is an operation asked with as {other}?"),
    })
}
