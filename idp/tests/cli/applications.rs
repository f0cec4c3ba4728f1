//! `idp client list`, `show`, `disable` and `enable`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::installation;
use crate::support::TempDir;

/// product §6: what can be done in an emergency can be done from the host.
#[tokio::test]
async fn an_application_is_found_stopped_and_allowed_again_from_the_host() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let run = |arguments: &[&str]| {
        let done = installation.run(arguments, "");
        (done.status.code(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    let process = installation.start();
    let (_, made) = run(&["client", "create", "--name", "Lab", "--type", "machine", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());

    let listed: Value = serde_json::from_str(&run(&["client", "list", "--json"]).1).unwrap();
    let find = |id: &str| listed.as_array().unwrap().iter().find(|client| client["client_id"] == id).unwrap();
    assert_eq!((&find(id)["source"], &find(id)["enabled"]), (&"admin".into(), &true.into()));
    assert_eq!(find("clinic-example")["source"], "config");
    assert!(run(&["client", "list"]).1.contains("Lab"));

    let (code, shown) = run(&["client", "show", id]);
    let read: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (code, &read["settings"]["name"], &read["has_secret"]),
        (Some(0), &"Lab".into(), &true.into())
    );
    assert!(!shown.contains(secret));

    assert_eq!(run(&["client", "disable", id]).0, Some(0));
    let (code, said) = run(&["client", "disable", id]);
    assert!(code == Some(1) && said.contains("is disabled already"), "{said}");
    assert!(run(&["client", "list"]).1.contains("(disabled)"));
    let ask = || async {
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("authorization", basic.as_str())];
        let body = Some("grant_type=client_credentials".to_owned());
        let answer = process.browser().send(reqwest::Method::POST, "/oidc/token", &headers, body).await;
        serde_json::from_str::<Value>(&answer.body).unwrap()["error"].clone()
    };
    let refused = ask().await;
    assert_eq!(run(&["client", "enable", id, "--json"]).1.trim(), r#"{"enabled":true}"#);
    assert_eq!(refused, "invalid_client");
    assert_ne!(ask().await, refused, "it is known again");

    let (code, said) = run(&["client", "disable", "clinic-example"]);
    assert!(code == Some(1) && said.contains("declared in the configuration"), "{said}");
    assert!(run(&["client", "show", "nobody"]).1.contains("idp client list"));
    assert_eq!(run(&["audit", "verify"]).0, Some(0));
}
