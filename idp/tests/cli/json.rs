//! `--json` on every command, so that programs need not read sentences.

use serde_json::{Value, json};

use super::{CREATE, installation};
use crate::support::{PASSWORD, TempDir};

/// Every command that does something and ends. `audit export` and `audit key` print data as they are.
#[test]
fn every_command_that_ends_can_answer_in_json() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let ask = |arguments: &[&str], input: &str| -> Value {
        let done = installation.run(&[arguments, &["--json"]].concat(), input);
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text}"))
    };
    assert_eq!(ask(&["migrate"], ""), json!({ "up_to_date": true }));
    let checked = ask(&["config", "check"], "");
    assert_eq!((&checked["database"], &checked["tls"]), (&"SQLite".into(), &false.into()));
    assert_eq!(ask(&CREATE, PASSWORD)["email"], "ada@example.org");
    assert_eq!(ask(&["keys", "list"], ""), json!([]), "the service makes them");
    let findings = ask(&["doctor"], "");
    assert!(findings.as_array().unwrap().iter().any(|found| found["is"] == "ok"), "{findings}");
    let token = ask(&["client", "registration-token", "create", "--note", "x"], "");
    let id = token["id"].as_str().unwrap();
    assert_eq!(ask(&["client", "registration-token", "list"], "")[0]["id"], id);
    assert_eq!(ask(&["client", "registration-token", "remove", id], ""), json!({ "removed": id }));
    let whole = ask(&["audit", "verify"], "");
    assert_eq!((&whole["whole"], &whole["unreadable"]), (&true.into(), &0.into()));
    let file = dir.0.join("trail.jsonl").display().to_string();
    assert_eq!(ask(&["audit", "export", "--output", &file], "")["records"], 4);
    let told = installation.run(&["audit", "export", "--json"], "");
    assert_eq!(told.status.code(), Some(2), "what is written out is the answer then");
    for command in [&["list"][..], &["show", "ada@example.org"], &["log-out", "ada@example.org"]] {
        ask(&[&["user"], command].concat(), "");
    }
    assert_eq!(ask(&["org", "list"], ""), json!([]));
}

#[tokio::test]
async fn keys_are_rotated_with_an_answer_in_json() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    drop(installation.start());
    let rotate = |more: &[&str]| installation.run(&[&["keys", "rotate", "--json"], more].concat(), "");
    let early = rotate(&[]);
    assert_eq!(early.status.code(), Some(1), "the next keys are not known to anybody yet");
    assert!(early.stdout.is_empty() && !early.stderr.is_empty());
    let said: Value = serde_json::from_slice(&rotate(&["--emergency"]).stdout).unwrap();
    assert_eq!(said, json!({ "rotated": true, "emergency": true }));
}
