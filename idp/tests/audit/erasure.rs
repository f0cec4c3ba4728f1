//! What identifies a person goes with their account, and the chain stays whole (S26).

use idp::audit::Unreadable;
use idp::store::audit::{MAX_PAGE, Personal};

use super::*;
use crate::support::{PASSWORD, TestApp};

on_both! {
    what_identifies_somebody_is_not_readable_in_the_database(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        let stored = records::stored_after(&test.store, 0, 1).await.unwrap().remove(0);
        assert_eq!((&stored.network, &stored.browser), (&None, &None));
        assert!(!stored.detail.contains("Firefox"), "{}", stored.detail);
        for sealed in [stored.sealed_origin.unwrap(), stored.sealed_detail.unwrap()] {
            assert!(!String::from_utf8_lossy(&sealed).contains("Firefox"));
        }
        let read = records::after(&test.store, 0, MAX_PAGE).await.unwrap().remove(0);
        assert_eq!((read.network.as_deref(), read.browser.as_deref()), (Some(NETWORK), Some(AGENT)));
        assert!(read.detail.contains("\"browser\":\"Firefox on Linux\""), "{}", read.detail);
        assert_eq!(read.personal, Personal::Kept);
    }

    deleting_an_account_destroys_its_key_and_keeps_the_chain_whole(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        let eve = stored_user(&test.store, "eve@example.org").await;
        sign_in_of(&test.store, &ada).await;
        sign_in_of(&test.store, &eve).await;
        // Eve, an administrator, did something to Ada.
        note(&test.store, now(), at_browser(Actor::Person(eve.id)), Some(ada.id), signed_in()).await;
        note(&test.store, now(), at_browser(Actor::Anonymous), None, failed()).await;
        let before: Vec<_> = records::stored_after(&test.store, 0, 10).await.unwrap();
        delete_account(test, &ada).await;
        assert_eq!(verified(&test.store).await, Ok(4));
        assert_eq!(audit::unreadable(&test.store).await.unwrap(), None, "what was erased is not damage");
        assert_eq!(records::stored_after(&test.store, 0, 10).await.unwrap(), before, "nothing else changed");
        let read = records::after(&test.store, 0, 10).await.unwrap();
        let seen = |index: usize| (read[index].personal, read[index].network.as_deref());
        assert_eq!(seen(0), (Personal::Erased, None));
        assert!(!read[0].detail.contains("Firefox") && read[0].by_request, "{}", read[0].detail);
        assert!(read[0].detail.contains("\"method\""), "what identifies nobody stays");
        assert_eq!(seen(1), (Personal::Kept, Some(NETWORK)));
        assert_eq!(seen(2), (Personal::Erased, Some(NETWORK)), "where Eve was is Eve's");
        assert!(!read[2].detail.contains("Firefox"));
        assert_eq!(seen(3), (Personal::Kept, Some(NETWORK)));
    }

    /// A key that somebody took away is no erasure: its person is still here.
    a_key_that_is_gone_before_its_person_is_damage(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        note(&test.store, now(), at_browser(Actor::Anonymous), None, failed()).await;
        assert_eq!(audit::unreadable(&test.store).await.unwrap(), None);
        run(&raw(test).await, "DELETE FROM audit_key").await;
        assert_eq!(verified(&test.store).await, Ok(2), "the chain does not show it");
        let lost = audit::unreadable(&test.store).await.unwrap();
        assert_eq!(lost, Some(Unreadable { first: 1, records: 2 }));
        for record in records::after(&test.store, 0, 10).await.unwrap() {
            assert_eq!((record.personal, record.network), (Personal::Damaged, None));
        }
    }

    nothing_is_kept_of_what_comes_late_about_somebody_who_is_gone(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        delete_account(test, &ada).await;
        sign_in_of(&test.store, &ada).await;
        let stored = records::stored_after(&test.store, 1, 1).await.unwrap().remove(0);
        assert_eq!((stored.sealed_origin, stored.sealed_detail), (Some(Vec::new()), Some(Vec::new())));
        assert_eq!(records::after(&test.store, 1, 1).await.unwrap()[0].personal, Personal::Erased);
        assert_eq!(verified(&test.store).await, Ok(2));
    }

    /// S2, T29: one record that was tampered with does not keep the others from being read.
    a_sealed_part_opens_in_its_own_record_only(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        for _ in 0..3 {
            sign_in_of(&test.store, &ada).await;
        }
        let moved = "UPDATE audit_event SET sealed_origin = \
            (SELECT sealed_origin FROM audit_event WHERE sequence = 1) WHERE sequence = 2";
        run(&raw(test).await, moved).await;
        let read = records::after(&test.store, 0, 10).await.unwrap();
        let personal: Vec<_> = read.iter().map(|record| record.personal).collect();
        assert_eq!(personal, [Personal::Kept, Personal::Damaged, Personal::Kept]);
    }

    a_key_opens_for_its_own_person_only(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        let eve = stored_user(&test.store, "eve@example.org").await;
        sign_in_of(&test.store, &ada).await;
        sign_in_of(&test.store, &eve).await;
        let db = raw(test).await;
        let (ada, eve) = (id(&db, ada.id.uuid()), id(&db, eve.id.uuid()));
        let copied = format!(
            "UPDATE audit_key SET sealed_key = (SELECT sealed_key FROM audit_key WHERE id = {ada}) WHERE id = {eve}"
        );
        run(&db, &copied).await;
        assert_eq!(records::after(&test.store, 1, 1).await.unwrap()[0].personal, Personal::Damaged);
    }
}

#[tokio::test]
async fn the_page_of_activity_says_what_was_erased() {
    let app = TestApp::init().await;
    let ada = app.person("ada@example.org").await;
    let eve = app.person("eve@example.org").await;
    note(&app.app.store, app.app.clock.now(), at_browser(Actor::Person(eve.id)), Some(ada.id), failed())
        .await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let page = browser.get("/account/activity").await.body;
    assert!(page.contains(NETWORK) && !page.contains("where from was erased"), "{page}");
    app.sql(&format!("DELETE FROM user WHERE id = x'{}'", eve.id.uuid().simple())).await;
    let page = browser.get("/account/activity").await.body;
    assert!(!page.contains(NETWORK) && page.contains("where from was erased"), "{page}");
}
