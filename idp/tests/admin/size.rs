//! How long the console takes where there are very many people. Not for every run: it takes a while to make them.
//! `cargo test -p idp --test it -- --ignored admin::size --nocapture` prints what it measured.

use std::time::{Duration, Instant};

use idp::jobs;
use idp::model::user::ServiceRole;
use sea_orm::{ConnectionTrait, Statement};

use super::pages::strong;
use super::service::houses;
use crate::support::crowd::{self, Crowd};
use crate::support::{Browser, TestApp};

/// A year of a clinic group: some records for each person.
const CROWD: Crowd = Crowd { people: 100_000, events: 1_000_000 };

/// How long the first page of the console may take (product §6), and any list.
const PATIENCE: Duration = Duration::from_millis(200);

/// The median of several, after one that does not count.
async fn takes(browser: &Browser, path: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..6 {
        let begun = Instant::now();
        assert_eq!(browser.get(path).await.status, 200, "{path}");
        times.push(begun.elapsed());
    }
    times.remove(0);
    times.sort_unstable();
    times[times.len() / 2]
}

/// Somebody in the middle, and the organization they belong to.
async fn in_the_middle(app: &TestApp) -> (uuid::Uuid, uuid::Uuid) {
    let db = crowd::database(app).await;
    let sql = "SELECT m.user_id, m.organization_id FROM membership m JOIN \"user\" u ON u.id = m.user_id WHERE u.email \
               = 'p50000@crowd.example'";
    let found = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(found).await.unwrap().unwrap();
    (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())
}

#[tokio::test]
#[ignore = "makes 100,000 people"]
async fn every_page_takes_less_than_200_ms_with_100_000_people_and_a_million_records() {
    let mut slow = Vec::new();
    for app in houses().await {
        let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        println!("{:?}", app.app.config.database.url.as_ref().map_or("SQLite", |_| "PostgreSQL"));
        let begun = Instant::now();
        crowd::fill(&app, CROWD).await;
        println!("making them: {:?}", begun.elapsed());
        let begun = Instant::now();
        jobs::count(&app.app).await.unwrap();
        println!("counting: {:?}", begun.elapsed());
        let (person, organization) = in_the_middle(&app).await;
        for path in [
            "/admin".to_owned(),
            "/admin/risk".to_owned(),
            format!("/admin/risk?after={person}"),
            "/admin/people".to_owned(),
            format!("/admin/people?after={person}"),
            "/admin/people?state=disabled".to_owned(),
            "/admin/people?q=son4".to_owned(),
            "/admin/people?q=p77777@".to_owned(),
            "/admin/people?q=nobody-is-called-so".to_owned(),
            "/admin/find?q=p77777@".to_owned(),
            "/admin/find?q=nobody-is-called-so".to_owned(),
            format!("/admin/people/{person}"),
            "/admin/organizations".to_owned(),
            "/admin/organizations?q=org-99".to_owned(),
            "/admin/organizations?q=nothing-is-called-so".to_owned(),
            format!("/admin/organizations/{organization}"),
            "/admin/applications".to_owned(),
            "/admin/applications/app-17".to_owned(),
            "/admin/audit".to_owned(),
            "/admin/audit?kind=sign-in-failed".to_owned(),
            "/admin/audit?kind=passkey-deleted".to_owned(),
            format!("/admin/audit?person={person}"),
            format!("/admin/audit?person={person}&part=actor&kind=passkey-deleted"),
            "/admin/audit?client=app-17".to_owned(),
            "/admin/audit?kind=signed-in&client=app-17".to_owned(),
            "/admin/audit?from=2026-03-01&to=2026-03-02".to_owned(),
            "/admin/audit?from=2026-01-01&to=2026-11-01".to_owned(),
            "/admin/audit?from=2026-01-01".to_owned(),
            "/admin/audit?to=2026-03-02".to_owned(),
            "/admin/audit?to=2026-03-02&kind=signed-in".to_owned(),
            "/admin/audit?from=2026-01-01&to=2026-11-01&kind=passkey-deleted".to_owned(),
            "/admin/people?q=a".to_owned(),
            "/admin/people?q=a&state=disabled".to_owned(),
            "/admin/people?q=zson".to_owned(),
            "/admin/audit?from=2026-03-01&to=2026-03-02&kind=sign-in-failed".to_owned(),
            "/admin/audit?to=2026-03-02&kind=passkey-deleted".to_owned(),
            "/admin/audit?before=1500000".to_owned(),
            "/admin/jobs".to_owned(),
            "/admin/jobs?state=failed".to_owned(),
            "/admin/health".to_owned(),
        ] {
            let time = takes(&olive, &path).await;
            println!("{time:>12.1?}  {path}");
            if time >= PATIENCE {
                slow.push(format!("{path}: {time:?}"));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
