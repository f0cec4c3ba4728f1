//! Whatever is done to the trail by hand is found (S25).

use super::*;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

on_both! {
    every_column_of_a_record_is_held_by_its_hash(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        for _ in 0..3 {
            sign_in_of(&test.store, &ada).await;
        }
        let db = raw(test).await;
        let (before, stranger) = (records::stored_after(&test.store, 1, 1).await.unwrap(), id(&db, Uuid::max()));
        let bytes = blob(&db, b"other");
        for change in [
            "at = at + 1".to_owned(),
            "kind = 'signed-out'".to_owned(),
            format!("actor = {stranger}"),
            "subject = NULL".to_owned(),
            "client = ''".to_owned(),
            "network = ''".to_owned(),
            "browser = 'x'".to_owned(),
            "detail = '{}'".to_owned(),
            format!("sealed_origin = {bytes}"),
            "sealed_origin = NULL".to_owned(),
            format!("sealed_detail = {}", blob(&db, b"")),
            format!("previous_hash = {bytes}"),
            format!("hash = {bytes}"),
            "format = 1".to_owned(),
            "format = 3".to_owned(),
        ] {
            run(&db, "CREATE TABLE kept AS SELECT * FROM audit_event").await;
            run(&db, &format!("UPDATE audit_event SET {change} WHERE sequence = 2")).await;
            assert_eq!(verified(&test.store).await, Err(Broken::Changed(2)), "{change}");
            run(&db, "DELETE FROM audit_event WHERE sequence = 2").await;
            run(&db, "INSERT INTO audit_event SELECT * FROM kept WHERE sequence = 2").await;
            run(&db, "DROP TABLE kept").await;
        }
        assert_eq!(records::stored_after(&test.store, 1, 1).await.unwrap(), before);
        assert_eq!(verified(&test.store).await, Ok(3));
    }

    a_chain_that_was_rewritten_with_fresh_hashes_is_found_by_its_checkpoints(test) {
        failures(&test.store, now(), 6).await;
        let kept = checkpoint(test).await;
        failures(&test.store, now(), 2).await;
        assert_eq!(against(&test.store, &kept).await.unwrap().compared, 1);
        let db = raw(test).await;
        run(&db, "UPDATE audit_event SET kind = 'signed-out' WHERE sequence = 4").await;
        assert_eq!(verified(&test.store).await, Err(Broken::Changed(4)));
        rewrite(test).await;
        assert_eq!(verified(&test.store).await, Ok(8), "the hashes alone show nothing");
        assert_eq!(against(&test.store, &kept).await.unwrap_err(), Broken::Rewritten(6));
    }

    a_record_that_was_taken_out_of_a_rewritten_chain_is_missed(test) {
        failures(&test.store, now(), 6).await;
        let kept = checkpoint(test).await;
        run(&raw(test).await, "DELETE FROM audit_event WHERE sequence = 3").await;
        rewrite(test).await;
        assert_eq!(verified(&test.store).await, Ok(5));
        assert_eq!(against(&test.store, &kept).await.unwrap_err(), Broken::Cut { last: 5, signed: 6 });
        failures(&test.store, now(), 3).await;
        assert_eq!(against(&test.store, &kept).await.unwrap_err(), Broken::Rewritten(6), "refilled");
    }

    a_database_that_was_put_back_is_found_by_a_later_checkpoint(test) {
        failures(&test.store, now(), 3).await;
        let db = raw(test).await;
        run(&db, "CREATE TABLE backup AS SELECT * FROM audit_head").await;
        failures(&test.store, now(), 2).await;
        let kept = checkpoint(test).await;
        run(&db, "DELETE FROM audit_event WHERE sequence > 3").await;
        run(&db, "DELETE FROM audit_head").await;
        run(&db, "INSERT INTO audit_head SELECT * FROM backup").await;
        assert_eq!(verified(&test.store).await, Ok(3));
        assert_eq!(against(&test.store, &kept).await.unwrap_err(), Broken::Cut { last: 3, signed: 5 });
    }

    a_checkpoint_that_somebody_else_signed_is_not_believed(test) {
        failures(&test.store, now(), 2).await;
        let ours = checkpoint(test).await;
        let other = open(Backend::Sqlite).await.unwrap();
        failures(&other.store, now(), 2).await;
        let foreign = checkpoint(&other).await;
        let signer = Signer::existing(&test.store).await.unwrap();
        let read = |lines: String| Checkpoints::read(signer.as_ref(), Cursor::new(lines));
        assert!(matches!(read(format!("{ours}\n{foreign}\n")), Err(NotOurs::Line(2))));
        assert!(matches!(read(ours.replace("eyJ", "eyI")), Err(NotOurs::Line(1))));
        assert!(matches!(read(String::new()), Err(NotOurs::Empty)));
        assert!(read(format!("{{\"sequence\":1}}\n<109>1 - - - - - - {ours}\n")).is_ok());
    }

    the_key_of_checkpoints_can_not_be_put_in_by_somebody_else(test) {
        failures(&test.store, now(), 1).await;
        checkpoint(test).await;
        let other = open(Backend::Sqlite).await.unwrap();
        checkpoint(&other).await;
        let jwk = Signer::existing(&other.store).await.unwrap().unwrap().jwks()["keys"][0].to_string();
        run(&raw(test).await, &format!("UPDATE audit_signer SET jwk = '{jwk}'")).await;
        let read = Signer::existing(&test.store).await;
        assert!(matches!(read, Err(StoreError::Sealed(_))), "{read:?}");
    }

    records_from_before_sealing_still_verify(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        let tx = test.store.begin().await.unwrap();
        let place = records::next_place(&tx, [Some(ada.id.uuid()); 2]).await.unwrap();
        let mut old = Stored {
            sequence: place.sequence,
            at: now(),
            kind: "signed-in".to_owned(),
            actor: Some(ada.id.uuid()),
            subject: Some(ada.id.uuid()),
            client: None,
            organization: None,
            network: Some(NETWORK.to_owned()),
            browser: None,
            detail: r#"{"kind":"signed-in"}"#.to_owned(),
            previous_hash: place.previous_hash,
            hash: Vec::new(),
            format: 1,
            sealed_origin: None,
            sealed_detail: None,
        };
        old.hash = hash_of(&old).to_vec();
        records::append(&tx, old);
        tx.commit().await.unwrap();
        sign_in_of(&test.store, &ada).await;
        assert_eq!(verified(&test.store).await, Ok(2));
        let read = records::after(&test.store, 0, 10).await.unwrap();
        assert_eq!(read[0].network.as_deref(), Some(NETWORK));
        assert!(read[0].by_request);
        // What was not hashed then can not say anything now.
        run(&raw(test).await, "UPDATE audit_event SET client = 'practice' WHERE sequence = 1").await;
        assert_eq!(verified(&test.store).await, Err(Broken::Changed(1)));
    }

    /// S23
    writers_side_by_side_make_one_chain_and_one_key_each(test) {
        let people = [
            stored_user(&test.store, "ada@example.org").await,
            stored_user(&test.store, "eve@example.org").await,
        ];
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(32));
        let writers = (0..32).map(|index| {
            let (store, barrier) = (test.store.clone(), std::sync::Arc::clone(&barrier));
            let (first, second) = (people[index % 2].id, people[(index + 1) % 2].id);
            tokio::spawn(async move {
                barrier.wait().await;
                // Two records about two people in one transaction, in either order.
                let tx = store.begin().await.unwrap();
                for person in [first, second] {
                    let doer = at_browser(Actor::Person(person));
                    audit::record(&tx, now(), doer, Some(person), signed_in()).await.unwrap();
                }
                tx.commit().await.unwrap();
            })
        });
        for writer in futures_util::future::join_all(writers).await {
            writer.unwrap();
        }
        assert_eq!(verified(&test.store).await, Ok(64));
        let read = records::after(&test.store, 0, 100).await.unwrap();
        assert!(read.iter().all(|record| record.network.as_deref() == Some(NETWORK)));
    }

    any_appends_verify_and_any_change_to_one_of_them_does_not(test) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let mut people = Vec::new();
        for index in 0..4 {
            people.push(stored_user(&test.store, &format!("p{index}@example.org")).await);
        }
        let mut written = 0_i64;
        for round in 0..8 {
            for _ in 0..dice.roll(12) {
                let person = people.get(dice.roll(people.len() + 1)).map(|person| person.id);
                let actor = match (dice.roll(3), person) {
                    (0, _) => Actor::Host,
                    (1, Some(person)) => Actor::Person(person),
                    _ => Actor::Anonymous,
                };
                let doer = if dice.roll(2) == 0 { Doer::from(actor) } else { at_browser(actor) };
                let event = if dice.roll(2) == 0 { signed_in() } else { failed() };
                let at = now() + Duration::seconds(i64::try_from(dice.roll(5000)).unwrap());
                note(&test.store, at, doer, person, event).await;
                written += 1;
            }
            if round == 4 {
                delete_account(test, &people[1]).await;
            }
            assert_eq!(verified(&test.store).await, Ok(written), "round {round}");
        }
        let db = raw(test).await;
        for _ in 0..10 {
            let victim = 1 + i64::try_from(dice.roll(usize::try_from(written).unwrap())).unwrap();
            let change = |by: i32| format!("UPDATE audit_event SET at = at + {by} WHERE sequence = {victim}");
            run(&db, &change(1)).await;
            assert_eq!(verified(&test.store).await, Err(Broken::Changed(victim)));
            run(&db, &change(-1)).await;
        }
        assert_eq!(verified(&test.store).await, Ok(written));
    }
}
