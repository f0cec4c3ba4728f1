//! The audit log in the console: finding, paging, taking it along, and that whoever reads it is recorded (security:
//! S27, M8).

use idp::audit::{Actor, Doer, Event, record};
use idp::model::user::ServiceRole;
use idp::store::audit;
use serde_json::Value;
use time::Duration;

use super::pages::strong;
use super::service::houses;
use crate::support::{Browser, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

async fn auditor(app: &TestApp) -> Browser {
    strong(app, "auditor@example.org", Some(ServiceRole::Auditor)).await.0
}

/// The addresses of the records that a page lists.
fn records(body: &str) -> Vec<i64> {
    let links = body.split("href=\"/admin/audit/").skip(1);
    links.filter_map(|rest| rest.split(['?', '"']).next()?.parse().ok()).collect()
}

/// Where a page leads by a link whose address has this in it.
fn link(body: &str, part: &str) -> String {
    let body = body.replace("&#x2f;", "/").replace("&amp;", "&");
    let found = body.split('"').find(|text| text.starts_with("/admin/audit?") && text.contains(part));
    found.unwrap_or_else(|| panic!("no link with {part} in {body}")).to_owned()
}

async fn failures(app: &TestApp, count: usize, browser: &str) {
    let tx = app.app.store.begin().await.unwrap();
    for _ in 0..count {
        let doer = Doer { actor: Actor::Anonymous, network: Some("192.0.2.7"), browser: Some(browser) };
        record(&tx, app.app.clock.now(), doer, None, Event::SignInFailed { why: "password" }).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_log_is_found_by_what_happened_to_whom_when_and_with_what() {
    for app in houses().await {
        let ada = app.person(ADA).await;
        app.browser().log_in_with_password(ADA, PASSWORD).await;
        failures(&app, 3, "Firefox").await;
        app.advance(Duration::days(2));
        let auditor = auditor(&app).await;
        let found =
            async |query: &str| records(&auditor.get(&format!("/admin/audit?{query}")).await.body).len();
        assert_eq!(found("kind=sign-in-failed").await, 3);
        assert_eq!(found(&format!("person={ADA}&kind=signed-in")).await, 1);
        assert_eq!(found(&format!("person={}&kind=signed-in", ada.id)).await, 1);
        assert_eq!(found(&format!("person={ADA}&part=actor&kind=signed-in")).await, 1);
        assert_eq!(found("client=nobody").await, 0);
        assert_eq!(found("kind=sign-in-failed&to=2026-11-23").await, 3, "the whole of that day");
        assert_eq!(found("kind=sign-in-failed&from=2026-11-24").await, 0);
        for wrong in ["person=nobody@example.org", "from=yesterday", "from=2026-11-24&to=2026-11-23"] {
            let body = auditor.get(&format!("/admin/audit?{wrong}")).await.body;
            assert!(body.contains("class=\"field-error\"") && records(&body).is_empty(), "{wrong}");
        }
        assert_eq!(auditor.get("/admin/audit?before=';--").await.status, 200, "security §2.19");
    }
}

#[tokio::test]
async fn a_long_log_goes_on_where_it_ended_and_a_record_leads_back_to_its_page() {
    for app in houses().await {
        failures(&app, 120, "Firefox").await;
        let auditor = auditor(&app).await;
        let mut path = "/admin/audit?kind=sign-in-failed".to_owned();
        let mut seen = Vec::new();
        for expected in [50, 50, 20] {
            let body = auditor.get(&path).await.body;
            let page = records(&body);
            assert_eq!(page.len(), expected);
            let one =
                auditor.get(&format!("/admin/audit/{}?{}", page[0], path.split_once('?').unwrap().1)).await;
            assert_eq!(link(&one.body, "kind="), path, "back to where somebody was");
            seen.extend(page);
            if expected == 50 {
                path = link(&body, "before=");
            }
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.dedup();
        assert_eq!(seen, sorted, "without gaps, and nothing twice");
    }
}

/// S27: one record for each look, with what was asked for, and none for who may not look.
#[tokio::test]
async fn whoever_reads_the_log_leaves_a_record_of_what_they_asked_for() {
    for app in houses().await {
        let ada = app.person(ADA).await;
        let (support, _) = strong(&app, "support@example.org", Some(ServiceRole::Support)).await;
        let auditor = auditor(&app).await;
        let (before, _) = audit::head(&app.app.store).await.unwrap();
        assert_eq!(support.get("/admin/audit").await.status, 404);
        assert_eq!(auditor.get(&format!("/admin/audit?person={ADA}")).await.status, 200);
        assert_eq!(auditor.get("/admin/audit/1").await.status, 200);
        assert_eq!(auditor.post("/admin/audit/verify", &[]).await.status, 200);
        let export = [("format", "csv"), ("kind", "signed-in")];
        assert_eq!(auditor.post("/admin/audit/export", &export).await.status, 200);
        let left = audit::after(&app.app.store, before, 10).await.unwrap();
        let said: Vec<Value> =
            left.iter().map(|record| serde_json::from_str(&record.detail).unwrap()).collect();
        let how: Vec<_> = said.iter().map(|said| said["how"].as_str().unwrap()).collect();
        assert_eq!(how, ["view", "record", "verify", "export"]);
        assert_eq!(said[0]["filter"]["person"], ada.id.to_string());
        assert_eq!(said[1]["filter"]["sequence"], 1);
        assert_eq!(said[3]["filter"]["kinds"][0], "signed-in");
        assert!(left.iter().all(|record| record.actor.is_some() && record.by_request), "who, and from where");
    }
}

/// OWASP CSV Injection: what strangers send as the name of their browser does not run in a spreadsheet.
#[tokio::test]
async fn an_export_through_the_browser_is_whole_and_no_cell_of_it_is_a_formula() {
    for app in houses().await {
        failures(&app, 1100, "=HYPERLINK(\"http://evil.example\")").await;
        let auditor = auditor(&app).await;
        let form = [("format", "csv"), ("kind", "sign-in-failed")];
        let answer = auditor.post("/admin/audit/export", &form).await;
        let header = |name: &str| answer.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("content-disposition"), "attachment; filename=\"audit.csv\"");
        assert_eq!(header("cache-control"), "no-store");
        let lines: Vec<&str> = answer.body.lines().collect();
        assert_eq!(lines.len(), 1 + 1100 + 1, "a head, all pages and the checkpoint");
        assert!(lines[1].contains("\"'=HYPERLINK(") && !answer.body.contains("\"=HYPERLINK"), "{}", lines[1]);
        assert!(lines[1101].contains("\"checkpoint\""));
        let answer =
            auditor.post("/admin/audit/export", &[("format", "jsonl"), ("from", "2031-01-01")]).await;
        assert_eq!(answer.body.lines().count(), 1, "an empty one is signed as well: {}", answer.body);
        app.advance(Duration::minutes(6));
        let asked = auditor.post("/admin/audit/export", &form).await.location();
        assert!(
            asked.contains("confirm=1") && asked.contains("kind%3Dsign-in-failed"),
            "M2, and back: {asked}"
        );
    }
}

/// S25
#[tokio::test]
async fn the_check_says_whether_the_log_is_whole() {
    let app = TestApp::init().await;
    failures(&app, 3, "Firefox").await;
    let auditor = auditor(&app).await;
    let whole = auditor.post("/admin/audit/verify", &[]).await.body;
    assert!(whole.contains("The audit log is whole"), "{whole}");
    app.sql("UPDATE audit_event SET detail = '{}' WHERE sequence = 2").await;
    let broken = auditor.post("/admin/audit/verify", &[]).await.body;
    assert!(broken.contains("role=\"alert\"") && broken.contains("record 2 was changed"), "{broken}");
}

/// Each for themselves: nobody sees, uses or removes those of somebody else.
#[tokio::test]
async fn a_search_is_kept_for_whoever_kept_it_alone() {
    for app in houses().await {
        let auditor = auditor(&app).await;
        let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        let form = [("name", "Failures <b>"), ("kind", "sign-in-failed"), ("before", "7")];
        let kept = auditor.post("/admin/audit/searches", &form).await;
        assert_eq!(kept.location(), "/admin/audit?kind=sign-in-failed");
        let page = auditor.get("/admin/audit").await.body;
        assert!(page.contains("Failures &lt;b&gt;"), "{page}");
        assert!(!olive.get("/admin/audit").await.body.contains("Failures &lt;b&gt;"));
        let page = page.replace("&#x2f;", "/");
        let one = page.split('"').find(|text| text.starts_with("/admin/audit/searches/")).unwrap();
        assert_eq!(olive.post(one, &[]).await.status, 404);
        for name in ["", "  ", &"x".repeat(61)] {
            let refused = auditor.post("/admin/audit/searches", &[("name", name)]).await;
            assert!(refused.body.contains("at most 60 letters"), "{name:?}");
        }
        assert_eq!(auditor.post(one, &[]).await.location(), "/admin/audit");
        assert!(!auditor.get("/admin/audit").await.body.contains("Failures &lt;b&gt;"));
    }
}
