//! Lists: their pages, and cursors that nobody can write.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Clinic, EVERYTHING, problem};
use crate::store::Backend;

async fn pages(clinic: &Clinic, token: &str, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = clinic.get(token, &format!("{path}{cursor}")).await;
        assert_eq!(answer.status, 200, "{path}{cursor}: {}", answer.body);
        let page = answer.json();
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn a_list_is_whole_page_by_page() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let token = clinic.operator().await;
        let mut members = Vec::new();
        for number in 0..7 {
            members.push(clinic.app.person(&format!("p{number}@example.org")).await.id);
        }
        let members: Vec<_> = members.iter().map(|id| (*id, "practitioner")).collect();
        let own = clinic.organization("clinic-a", &members).await;
        for slug in ["clinic-b", "clinic-c", "clinic-d"] {
            clinic.organization(slug, &[]).await;
        }
        let members = format!("/organizations/{own}/members");
        let lists = [
            ("/people?q=p&", 7, "email"),
            ("/organizations?", 4, "slug"),
            (&*format!("{members}?"), 7, "email"),
        ];
        for (path, count, name) in lists {
            let found = pages(&clinic, &token, &format!("{path}limit=2")).await;
            let names: BTreeSet<&str> = found.iter().map(|item| item[name].as_str().unwrap()).collect();
            assert_eq!((found.len(), names.len()), (count, count), "{backend:?} {path}: {found:?}");
        }
        let audit = pages(&clinic, &token, "/audit?limit=3").await;
        let places: Vec<i64> = audit.iter().map(|record| record["sequence"].as_i64().unwrap()).collect();
        assert!(places.windows(2).all(|pair| pair[0] > pair[1]) && places.last() == Some(&1), "{places:?}");
    }
}

/// Bound to the list, to what was asked for and to whoever asked.
#[tokio::test]
async fn a_cursor_is_good_for_the_list_that_gave_it_and_for_nothing_else() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    for number in 0..4 {
        clinic.app.person(&format!("p{number}@example.org")).await;
    }
    let page = clinic.get(&token, "/people?limit=1&q=p").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let mut bytes = idp::crypto::base64url::decode(cursor).unwrap();
    assert_eq!(clinic.get(&token, &format!("/people?q=p&limit=3&cursor={cursor}")).await.status, 200);
    *bytes.last_mut().unwrap() ^= 1;
    let forged = idp::crypto::base64url::encode(&bytes);
    let robot = clinic.machine("robot").await;
    let wrong = [
        (&token, format!("/people?q=p&cursor={forged}")),
        (&token, format!("/people?q=x&cursor={cursor}")),
        (&token, format!("/people?q=p&enabled=true&cursor={cursor}")),
        (&token, format!("/organizations?cursor={cursor}")),
        (&token, format!("/audit?cursor={cursor}")),
        (&token, "/people?q=p&cursor=".to_owned()),
        (&token, "/people?q=p&cursor=%00%ff".to_owned()),
        (&robot, format!("/people?q=p&cursor={cursor}")),
    ];
    for (token, path) in wrong {
        let answer = clinic.get(token, &path).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (400, "invalid-cursor".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_not_known_or_wrong_is_named() {
    let clinic = Clinic::open().await;
    let robot = clinic.machine("robot").await;
    for path in [
        "/people?limit=0",
        "/people?limit=201",
        "/people?limit=x",
        "/people?role=king",
        "/people?Q=x",
        "/people?q=a&q=b",
        "/people?q=%00",
        "/audit?kind=nothing",
        "/audit?from=yesterday",
        "/audit?person=ada",
    ] {
        let answer = clinic.get(&robot, path).await;
        assert_eq!(
            (answer.status.as_u16(), problem(&answer)),
            (400, "invalid-parameter".to_owned()),
            "{path}"
        );
        assert!(answer.json()["detail"].is_string(), "{path}");
    }
}

/// security S27: reading the trail is in the trail, with who did and what they asked for.
#[tokio::test]
async fn whoever_reads_the_trail_is_in_it() {
    let clinic = Clinic::open().await;
    let (browser, auditor) =
        clinic.somebody("auditor@example.org", Some(idp::model::user::ServiceRole::Auditor)).await;
    let token = clinic.token(&browser, EVERYTHING).await;
    let robot = clinic.machine("robot").await;
    clinic.get(&robot, "/audit?kind=signed-in").await;
    let read = clinic.get(&token, "/audit?kind=audit-read,signed-in&limit=2").await.json();
    let [own, before] = [&read["items"][0], &read["items"][1]];
    assert_eq!(own["actor"], auditor.id.to_string());
    assert_eq!((&own["detail"]["by"], &own["detail"]["how"]), (&json!("desk"), &json!("api")));
    assert_eq!((&before["actor"], &before["client"]), (&Value::Null, &json!("robot")));
    assert_eq!(before["detail"]["filter"]["kinds"][0], "signed-in");
    assert_eq!(
        clinic.get(&robot, "/audit?client=robot&kind=audit-read").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
