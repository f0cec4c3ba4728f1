//! What an export says, what it can not do to a spreadsheet, and that it is recorded (S27, M8).

use std::process::Output;

use idp::audit::{Asked, Format, export};
use idp::store::audit::Filter;
use serde_json::Value;

use super::*;
use crate::support::process::Installation;
use crate::support::{PASSWORD, TempDir};

async fn exported(test: &TestStore, filter: Filter, format: Format) -> String {
    let http = HttpClient::new(&test.config).unwrap();
    let mut out = Vec::new();
    let notary = notary(&test.store, &test.config, &http);
    export(notary, &Asked { filter, format }, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

on_both! {
    an_export_has_every_record_and_ends_with_a_checkpoint(test) {
        failures(&test.store, now(), 1203).await;
        let lines = exported(test, Filter::default(), Format::JsonLines).await;
        let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 1205, "all pages, the record of the export, and the checkpoint");
        assert!(read.iter().zip(1..).take(1204).all(|(record, sequence)| record["sequence"] == sequence));
        let first = &read[0];
        assert_eq!((&first["network"], &first["browser"]), (&NETWORK.into(), &AGENT.into()));
        assert_eq!((&first["kind"], &first["time"]), (&"sign-in-failed".into(), &"2027-01-15T08:00:00Z".into()));
        assert_eq!((&first["detail"]["why"], &first["personal"]), (&"password".into(), &"kept".into()));
        assert_eq!(read[1204]["purpose"], "export");
        assert_eq!(against(&test.store, &lines).await.unwrap().compared, 1, "it is held against the chain");
    }

    an_export_is_recorded_with_what_was_asked_for(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        failures(&test.store, now(), 2).await;
        let filter = Filter {
            person: Some(ada.id.uuid()),
            kinds: vec!["signed-in".to_owned()],
            from: Some(now()),
            ..Filter::default()
        };
        let lines = exported(test, filter, Format::JsonLines).await;
        assert_eq!(lines.lines().count(), 2, "{lines}");
        let newest = records::after(&test.store, 3, 10).await.unwrap().remove(0);
        assert_eq!(newest.kind, "audit-read");
        let detail: Value = serde_json::from_str(&newest.detail).unwrap();
        assert_eq!(detail["how"], "export");
        assert_eq!(detail["filter"]["person"], ada.id.uuid().to_string());
        assert_eq!(detail["filter"]["kinds"][0], "signed-in");
        assert_eq!(detail["filter"]["from"], now().unix_timestamp());
    }

    /// S27
    an_export_in_ocsf_has_the_members_that_collectors_ask_for(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        failures(&test.store, now(), 1).await;
        let lines = exported(test, Filter::default(), Format::Ocsf).await;
        let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 4, "two records, the export itself, and its checkpoint");
        for event in &read {
            for name in ["activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid", "metadata"] {
                assert!(!event[name].is_null(), "{name}: {event}");
            }
            let number = |name: &str| event[name].as_u64().unwrap();
            assert_eq!(number("type_uid"), number("class_uid") * 100 + number("activity_id"));
            assert_eq!(number("category_uid"), 3);
            let about = if event["class_uid"] == 3004 { "entity" } else { "user" };
            assert!(event[about].is_object(), "{event}");
        }
        let (signed_in, failed) = (&read[0], &read[1]);
        assert_eq!((&signed_in["type_uid"], &signed_in["status_id"]), (&300_201.into(), &1.into()));
        assert_eq!(signed_in["user"]["uid"], ada.id.uuid().to_string());
        assert_eq!(signed_in["time"], now().unix_timestamp() * 1000);
        assert_eq!((&failed["type_uid"], &failed["status_id"]), (&300_201.into(), &2.into()));
        assert_eq!((&failed["src_endpoint"]["ip"], &failed["http_request"]["user_agent"]), (&NETWORK.into(), &AGENT.into()));
        assert_eq!((&read[2]["class_uid"], &read[2]["activity_id"]), (&3004.into(), &2.into()));
        assert_eq!(against(&test.store, &lines).await.unwrap().compared, 1, "it is held against the chain");
    }

    /// S27
    an_export_in_fhir_is_audit_events(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        failures(&test.store, now(), 1).await;
        let lines = exported(test, Filter::default(), Format::Fhir).await;
        let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 4);
        for event in &read {
            assert_eq!(event["resourceType"], "AuditEvent");
            // What FHIR R4 does not let be left out.
            assert!(event["type"]["code"].is_string() && event["recorded"].is_string(), "{event}");
            assert!(event["agent"][0]["requestor"].is_boolean() && event["source"]["observer"].is_object(), "{event}");
        }
        let (signed_in, failed) = (&read[0], &read[1]);
        assert_eq!((&signed_in["type"]["code"], &signed_in["subtype"][1]["code"]), (&"110114".into(), &"110122".into()));
        assert_eq!(signed_in["entity"][0]["what"]["identifier"]["value"], ada.id.uuid().to_string());
        assert_eq!(signed_in["agent"][0]["network"], serde_json::json!({ "address": NETWORK, "type": "2" }));
        assert_eq!((&signed_in["outcome"], &failed["outcome"]), (&"0".into(), &"4".into()));
        assert_eq!(signed_in["recorded"], "2027-01-15T08:00:00Z");
        assert_eq!(read[2]["type"]["code"], "110101", "the export is itself a use of the log");
        assert_eq!(against(&test.store, &lines).await.unwrap().compared, 1, "it is held against the chain");
    }

    what_was_erased_is_so_in_an_export(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        sign_in_of(&test.store, &ada).await;
        delete_account(test, &ada).await;
        let lines = exported(test, Filter::default(), Format::JsonLines).await;
        let read: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        let members = ["network", "browser", "personal"].map(|name| read[name].as_str().unwrap());
        assert_eq!(members, ["erased"; 3]);
        assert_eq!(read["person"], ada.id.uuid().to_string());
        for format in [Format::Ocsf, Format::Fhir] {
            let lines = exported(test, Filter::default(), format).await;
            assert!(!lines.contains(AGENT) && !lines.contains(NETWORK) && lines.contains("erased"), "{lines}");
        }
        let rows = exported(test, Filter::default(), Format::Csv).await;
        assert!(rows.lines().nth(1).unwrap().contains(r#""erased","erased""#), "{rows}");
        assert!(!rows.contains(AGENT));
    }

    /// What strangers send as the name of their browser does not run in a spreadsheet.
    a_cell_is_never_a_formula(test) {
        let bad = ["=HYPERLINK(\"http://evil.example\",\"x\")", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u{ff1d}1", "a\r\n=1\",\"=2"];
        for browser in bad {
            let doer = Doer { actor: Actor::Anonymous, network: Some("=1"), browser: Some(browser) };
            note(&test.store, now(), doer, None, failed()).await;
        }
        let rows = exported(test, Filter::default(), Format::Csv).await;
        let rows = cells(&rows);
        assert_eq!(rows[0][..3], ["sequence", "time", "kind"]);
        assert_eq!(rows.len(), 1 + bad.len() + 2);
        for (row, browser) in rows[1..].iter().zip(bad) {
            assert_eq!(row[6], "'=1");
            let shield = if browser.starts_with('a') { "" } else { "'" };
            assert_eq!(row[7], format!("{shield}{browser}"));
        }
        for cell in rows.iter().flatten() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}']), "{cell:?}");
        }
        let last = rows.last().unwrap();
        assert_eq!((last.len(), last[2].as_str()), (11, "checkpoint"));
        let signer = Signer::existing(&test.store).await.unwrap().unwrap();
        assert_eq!(signer.read(&last[8]).unwrap().sequence.to_string(), last[0]);
    }
}

/// RFC 4180, as a spreadsheet reads it.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            ('\r', false) => {}
            (letter, _) => cell.push(letter),
        }
    }
    assert!(!quoted && row.is_empty());
    rows
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The commands, their files and their exit codes.
#[tokio::test]
async fn an_export_and_its_checkpoint_are_made_and_verified_from_the_host() {
    let dir = TempDir::new("audit-cli");
    let installation = Installation::new(&dir.0.join("data"));
    let create =
        ["user", "create", "--email", "ada@example.org", "--given-name", "Ada", "--family-name", "Lovelace"];
    let made = installation.run(&[&create[..], &["--password-stdin"]].concat(), PASSWORD);
    assert!(made.status.success(), "{}", said(&made));
    let run = |arguments: &[&str]| installation.run(&[&["audit"], arguments].concat(), "");
    let early = run(&["key"]);
    assert_eq!(early.status.code(), Some(1), "{}", said(&early));
    let file = dir.0.join("export.jsonl");
    let file = file.to_str().unwrap();
    let wanted = [
        "export",
        "--person",
        "ada@example.org",
        "--from",
        "2026-01-01",
        "--kind",
        "user-created",
        "--output",
        file,
    ];
    let written = run(&wanted);
    assert!(written.status.success() && written.stdout.is_empty(), "{}", said(&written));
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 2);
    assert_eq!(run(&wanted).status.code(), Some(1), "never over something else");
    let kept = dir.0.join("data/audit-checkpoints.jsonl");
    let kept = kept.to_str().unwrap();
    for checkpoints in [file, kept] {
        let whole = run(&["verify", "--json", "--checkpoints", checkpoints]);
        let read: Value = serde_json::from_slice(&whole.stdout).unwrap();
        assert_eq!((&read["whole"], &read["removed_through"]), (&true.into(), &Value::Null), "{read}");
        assert!(read["checkpoints_compared"].as_u64() >= Some(1), "{read}");
    }
    let csv = run(&["export", "--format", "csv", "--to", "2026-01-01T00:00:00Z"]);
    assert_eq!(cells(&String::from_utf8(csv.stdout).unwrap()).len(), 2, "names and checkpoint");
    let key: Value = serde_json::from_slice(&run(&["key"]).stdout).unwrap();
    assert_eq!(key["keys"][0]["crv"], "Ed25519");
    for wrong in [["export", "--kind", "nonsense"], ["export", "--from", "yesterday"]] {
        assert_eq!(run(&wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["export", "--person", "nobody@example.org"]).status.code(), Some(1));
    std::fs::write(file, "{}\n").unwrap();
    let none = run(&["verify", "--checkpoints", file]);
    assert!(none.status.code() == Some(1) && said(&none).contains("no checkpoint in it"), "{}", said(&none));
    let url = format!("sqlite://{}", dir.0.join("data/idp.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    run_sql(&db).await;
    let cut = run(&["verify", "--json", "--checkpoints", kept]);
    let read: Value = serde_json::from_slice(&cut.stdout).unwrap();
    assert_eq!((cut.status.code(), &read["whole"]), (Some(1), &false.into()));
    assert!(read["why"].as_str().unwrap().contains("a checkpoint was signed for record"), "{read}");
    assert_eq!(run(&["verify"]).status.code(), Some(0), "only the checkpoints know");
}

/// Cuts the chain after its first record, cleanly.
async fn run_sql(db: &DatabaseConnection) {
    run(db, "DELETE FROM audit_event WHERE sequence > 1").await;
    run(db, "UPDATE audit_head SET sequence = 1, hash = (SELECT hash FROM audit_event WHERE sequence = 1)")
        .await;
}
