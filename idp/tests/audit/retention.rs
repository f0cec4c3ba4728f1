//! Old records go from the beginning of the chain, and the rest hangs on a signed anchor (M9, S27).

use idp::audit::trim;
use idp::config::Destination;
use idp::store::audit::{Mark, MarkName};

use super::*;

const YEAR: Duration = Duration::days(366);

fn kept(test: &TestStore) -> String {
    std::fs::read_to_string(test.config.data_dir.join("audit-checkpoints.jsonl")).unwrap_or_default()
}

async fn trimmed(test: &TestStore, config: &Config) -> anyhow::Result<u64> {
    let http = HttpClient::new(config).unwrap();
    trim(notary(&test.store, config, &http)).await
}

on_both! {
    what_is_older_than_six_years_goes_and_the_rest_verifies_from_its_anchor(test) {
        failures(&test.store, now() - YEAR * 7, 700).await;
        failures(&test.store, now() - YEAR * 5, 3).await;
        let early = checkpoint(test).await;
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 700);
        let whole = audit::verify(&test.store).await.unwrap().unwrap();
        assert_eq!((whole.records, whole.through), (4, 704), "three, and the record of the removal");
        assert_eq!(whole.anchor.unwrap().sequence, 700);
        let read = records::after(&test.store, 0, 10).await.unwrap();
        assert_eq!(read[0].sequence, 701);
        assert!(read[3].kind == "audit-trimmed" && read[3].detail.contains("\"through\":700"), "{read:?}");
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 0, "once");
        // The anchor is outside, and checkpoints from before it are still of use.
        let outside = kept(test);
        assert!(outside.contains("\"purpose\":\"anchor\"") && outside.lines().count() == 1, "{outside}");
        assert_eq!(against(&test.store, &format!("{outside}{early}\n")).await.unwrap().compared, 2);
    }

    only_a_whole_beginning_goes(test) {
        let old = now() - YEAR * 7;
        for at in [old, old, now(), old, now()] {
            note(&test.store, at, at_browser(Actor::Anonymous), None, failed()).await;
        }
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 2);
        assert_eq!(verified(&test.store).await, Ok(4));
    }

    nothing_goes_before_the_anchor_is_outside(test) {
        failures(&test.store, now() - YEAR * 7, 3).await;
        let mut nowhere = test.config.clone();
        nowhere.audit.checkpoints = Vec::new();
        assert!(trimmed(test, &nowhere).await.unwrap_err().to_string().contains("audit.checkpoints is empty"));
        let mut down = test.config.clone();
        down.audit.checkpoints = vec![Destination::Webhook("http://127.0.0.1:9/".to_owned().into())];
        assert!(trimmed(test, &down).await.is_err());
        assert_eq!(verified(&test.store).await, Ok(3));
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 3);
    }

    nothing_goes_from_a_chain_that_is_broken(test) {
        failures(&test.store, now() - YEAR * 7, 3).await;
        run(&raw(test).await, "UPDATE audit_event SET kind = 'signed-out' WHERE sequence = 2").await;
        assert!(trimmed(test, &test.config).await.unwrap_err().to_string().contains("record 2 was changed"));
        assert_eq!(records::after(&test.store, 0, 10).await.unwrap().len(), 3);
    }

    a_removal_that_was_interrupted_verifies_and_is_finished_later(test) {
        failures(&test.store, now() - YEAR * 7, 5).await;
        let db = raw(test).await;
        run(&db, "CREATE TABLE kept AS SELECT * FROM audit_event").await;
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 5);
        run(&db, "INSERT INTO audit_event SELECT * FROM kept WHERE sequence IN (4, 5)").await;
        assert_eq!(verified(&test.store).await, Ok(1));
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 2);
        assert_eq!(verified(&test.store).await, Ok(1));
    }

    an_anchor_can_not_be_forged_or_taken_away(test) {
        failures(&test.store, now() - YEAR * 7, 3).await;
        failures(&test.store, now(), 3).await;
        let periodic = checkpoint(test).await;
        let periodic: serde_json::Value = serde_json::from_str(&periodic).unwrap();
        assert_eq!(trimmed(test, &test.config).await.unwrap(), 3);
        let anchor = records::mark(&test.store, MarkName::Anchor).await.unwrap().unwrap();
        let db = raw(test).await;
        // A checkpoint that is no anchor would let everything before it be removed.
        let statement = periodic["checkpoint"].as_str().unwrap().to_owned();
        let set = async |mark: Mark| {
            let tx = test.store.begin().await.unwrap();
            records::set_mark(&tx, MarkName::Anchor, &mark).await.unwrap();
            tx.commit().await.unwrap();
        };
        set(Mark { sequence: 6, statement, ..anchor.clone() }).await;
        assert_eq!(verified(&test.store).await, Err(Broken::FalseAnchor));
        run(&db, "DELETE FROM audit_mark").await;
        assert_eq!(verified(&test.store).await, Err(Broken::Missing(1)));
        set(anchor).await;
        assert_eq!(verified(&test.store).await, Ok(4));
        run(&db, "DELETE FROM audit_event WHERE sequence = 4").await;
        assert_eq!(verified(&test.store).await, Err(Broken::Missing(4)));
    }
}
