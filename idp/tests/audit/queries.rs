//! Asking the trail: each filter, newest first, in bounded pages, and never by reading everything.

use idp::model::client::ClientId;
use idp::model::ids::OrganizationId;
use idp::store::audit::{Filter, MAX_PAGE, explain, find};

use super::*;

fn client(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

/// One of everything, and what each filter is expected to find.
async fn cases(test: &TestStore) -> Vec<(&'static str, Filter, Vec<i64>)> {
    let ada = stored_user(&test.store, "ada@example.org").await;
    let eve = stored_user(&test.store, "eve@example.org").await;
    let hour = |hours| now() + Duration::hours(hours);
    let organization = ENTROPY.id(now(), OrganizationId::new).unwrap();
    let connected = |name| Event::AppDisconnected { client: client(name) };
    for (at, actor, about, event) in [
        (0, Actor::Person(ada.id), Some(ada.id), signed_in()),
        (1, Actor::Person(eve.id), Some(ada.id), connected("practice")),
        (2, Actor::Anonymous, Some(eve.id), failed()),
        (3, Actor::Host, None, Event::ClientCreated { client: client("practice") }),
        (4, Actor::Person(ada.id), Some(ada.id), connected("calendar")),
        (5, Actor::Anonymous, None, failed()),
        (6, Actor::Host, None, Event::OrganizationCreated { organization }),
    ] {
        note(&test.store, hour(at), actor.into(), about, event).await;
    }
    let all = Filter::default;
    let kinds =
        |kinds: &[&str]| Filter { kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(), ..all() };
    vec![
        ("audit_event", all(), vec![7, 6, 5, 4, 3, 2, 1]),
        ("audit_by_kind", kinds(&["sign-in-failed"]), vec![6, 3]),
        ("audit_by_kind", kinds(&["signed-in", "client-created"]), vec![4, 1]),
        ("audit_by_subject", Filter { person: Some(ada.id.uuid()), ..all() }, vec![5, 2, 1]),
        ("audit_by_actor", Filter { actor: Some(eve.id.uuid()), ..all() }, vec![2]),
        ("audit_by_client", Filter { client: Some("practice".to_owned()), ..all() }, vec![4, 2]),
        ("audit_by_organization", Filter { organizations: vec![organization.uuid()], ..all() }, vec![7]),
        ("audit_", Filter { from: Some(hour(2)), to: Some(hour(4)), ..all() }, vec![4, 3]),
        ("audit_", Filter { from: Some(hour(4)), ..all() }, vec![7, 6, 5]),
        ("audit_", Filter { to: Some(hour(1)), ..all() }, vec![1]),
    ]
}

on_both! {
    each_filter_finds_its_records_newest_first(test) {
        for (_, filter, expected) in cases(test).await {
            let found = find(&test.store, &filter, i64::MAX, 50).await.unwrap();
            let found: Vec<_> = found.iter().map(|record| record.sequence).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }

    a_page_is_bounded_and_followed_by_the_next_one(test) {
        failures(&test.store, now(), 7).await;
        let page = async |before, limit| {
            let found = find(&test.store, &Filter::default(), before, limit).await.unwrap();
            found.iter().map(|record| record.sequence).collect::<Vec<_>>()
        };
        assert_eq!(page(i64::MAX, 3).await, [7, 6, 5]);
        assert_eq!(page(5, 3).await, [4, 3, 2]);
        assert_eq!(page(2, 3).await, [1]);
        assert!(page(1, 3).await.is_empty());
        failures(&test.store, now(), i32::try_from(MAX_PAGE).unwrap()).await;
        assert_eq!(page(i64::MAX, u64::from(u32::MAX)).await.len(), usize::try_from(MAX_PAGE).unwrap());
    }

    /// T30: by an index, on a trail that is long enough for the planner to care.
    no_filter_reads_the_whole_trail(test) {
        let cases = cases(test).await;
        let db = raw(test).await;
        let numbers = match db.get_database_backend() {
            DbBackend::Sqlite => "WITH RECURSIVE n(i) AS (SELECT 8 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n",
            _ => "SELECT generate_series(8, 20000)::bigint AS i",
        };
        let text = |what: &str| match db.get_database_backend() {
            DbBackend::Sqlite => format!("{what} || (i % 40)"),
            _ => format!("{what} || (i % 40)::text"),
        };
        let person = match db.get_database_backend() {
            DbBackend::Sqlite => "randomblob(16)",
            _ => "gen_random_uuid()",
        };
        let fill = format!(
            "INSERT INTO audit_event (sequence, at, kind, client, actor, subject, organization, detail, previous_hash, hash) \
             SELECT i, 1800000000000 + i * 60000, {}, {}, {person}, {person}, {person}, '{{}}', {empty}, {empty} FROM ({numbers}) AS m",
            text("'kind-'"),
            text("'client-'"),
            empty = blob(&db, b""),
        );
        run(&db, &fill).await;
        if db.get_database_backend() == DbBackend::Postgres {
            run(&db, "ANALYZE audit_event").await;
        }
        for (index, filter, _) in cases {
            let plan = explain(&test.store, &filter).await.unwrap().join("\n");
            assert!(plan.contains(index), "{filter:?} by {index}:\n{plan}");
            assert!(!plan.contains("Seq Scan"), "{filter:?}:\n{plan}");
            let scanned = plan.lines().any(|line| line.contains("SCAN audit_event") && !line.contains("INDEX"));
            assert!(!scanned, "{filter:?}:\n{plan}");
        }
    }
}
