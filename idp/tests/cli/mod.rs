//! The command line: what it prints, what it refuses, and its exit codes.

mod json;
mod ready;

use serde_json::Value;

use crate::support::process::Installation;
use crate::support::{Application, PASSWORD, SoftAuthenticator, TempDir};

fn installation(dir: &TempDir) -> Installation {
    Installation::new(&dir.0.join("data"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const CREATE: [&str; 9] = [
    "user",
    "create",
    "--email",
    "ada@example.org",
    "--given-name",
    "Ada",
    "--family-name",
    "Lovelace",
    "--password-stdin",
];

#[tokio::test]
async fn a_person_made_on_the_command_line_can_sign_in_while_the_service_runs() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let process = installation.start();
    let made = installation.run(&CREATE, &format!("{PASSWORD}\n"));
    assert!(made.status.success(), "{}", text(&made.stderr));
    process.browser().log_in_with_password("ada@example.org", PASSWORD).await;
    let twice = installation.run(&CREATE, PASSWORD);
    assert_eq!(twice.status.code(), Some(1));
    assert!(text(&twice.stderr).contains("There is an account with the address ada@example.org already"));
}

/// product §3: the operator who is locked out uses the command line on the host.
#[tokio::test]
async fn the_host_lets_somebody_back_in() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let process = installation.start();
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let mut lost = SoftAuthenticator::new(&process.issuer);
    let browser = process.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    browser.create_passkey(&mut lost).await;
    let answer = process.browser().submit_password("ada@example.org", PASSWORD).await;
    assert!(answer.location().starts_with("/login/passkey?"), "locked out");

    let link = installation.run(&["user", "access-link", "ada@example.org", "--minutes", "30"], "");
    let link = text(&link.stdout).trim().to_owned();
    let path = link.strip_prefix(&process.issuer).unwrap();
    let phone = process.browser();
    assert!(phone.get(path).await.body.contains("Welcome back, Ada"));
    let token = path.split_once("token=").unwrap().1;
    phone.post("/login/access", &[("token", token)]).await;
    assert!(!browser.is_signed_in().await);
    let mut new = SoftAuthenticator::new(&process.issuer);
    phone.create_passkey(&mut new).await;
    process.browser().log_in_with_passkey(&mut new).await;

    let reset = installation.run(&["user", "reset-passkeys", "ada@example.org", "--json"], "");
    assert_eq!(text(&reset.stdout).trim(), r#"{"removed":2}"#);
    process.browser().log_in_with_password("ada@example.org", PASSWORD).await;
    let nobody = installation.run(&["user", "reset-passkeys", "who@example.org"], "");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("There is no account with the address who@example.org"));
    let hours = installation.run(&["user", "access-link", "ada@example.org", "--minutes", "9999"], "");
    assert_eq!(hours.status.code(), Some(2));
}

#[tokio::test]
async fn policy_two_factor_and_lock_are_set_from_the_host() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let process = installation.start();
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let browser = process.browser();
    let policy = installation.run(&["user", "policy", "ada@example.org", "require_passkey"], "");
    assert!(policy.status.success(), "{}", text(&policy.stderr));
    let answer = browser.submit_password("ada@example.org", PASSWORD).await;
    assert_eq!(answer.location(), "/account/passkeys/create?from=policy");
    assert!(installation.run(&["user", "policy", "ada@example.org", "free"], "").status.success());
    for _ in 0..5 {
        browser.submit_password("ada@example.org", "wrong").await;
    }
    assert!(browser.submit_password("ada@example.org", PASSWORD).await.body.contains("Please wait"));
    assert!(installation.run(&["user", "unlock", "ada@example.org"], "").status.success());
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    assert!(installation.run(&["user", "reset-two-factor", "ada@example.org"], "").status.success());
    assert_eq!(installation.run(&["user", "policy", "ada@example.org", "strict"], "").status.code(), Some(2));
}

/// Only a password that a hundred wrong guesses had stopped is worth a mail; where there is none, nothing is
/// said to have been unlocked.
#[tokio::test]
async fn unlocking_tells_the_person_when_it_matters() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let unlock = || installation.run(&["user", "unlock", "ada@example.org"], "");
    let url = format!("sqlite://{}", installation.data_dir.join("idp.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    let change =
        async |statement| sea_orm::ConnectionTrait::execute_unprepared(&db, statement).await.unwrap();
    assert!(unlock().status.success());
    assert_eq!(change("DELETE FROM outbox").await.rows_affected(), 0);
    change("UPDATE password SET failures = 100").await;
    assert!(unlock().status.success());
    assert_eq!(change("DELETE FROM outbox").await.rows_affected(), 1);
    assert_eq!(change("UPDATE password SET failures = failures WHERE failures = 0").await.rows_affected(), 1);
    change("DELETE FROM password").await;
    let refused = unlock();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("has no password. Send an access link"), "{refused:?}");
}

/// S25
#[tokio::test]
async fn the_audit_trail_is_verified_from_the_host() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let whole = installation.run(&["audit", "verify", "--json"], "");
    let said: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(said["whole"], true);
    let path = installation.data_dir.join("idp.db");
    let db = sea_orm::Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    let change = "UPDATE audit_event SET kind = 'signed-out' WHERE sequence = 1";
    sea_orm::ConnectionTrait::execute_unprepared(&db, change).await.unwrap();
    let broken = installation.run(&["audit", "verify"], "");
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stdout).contains("record 1 was changed"), "{}", text(&broken.stdout));
}

#[tokio::test]
async fn a_weak_or_missing_password_is_refused_with_the_reason() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    for (password, why) in
        [("", "No password came"), ("short", "shorter than 15"), ("ada@example.org!!", "name or address")]
    {
        let refused = installation.run(&CREATE, password);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
}

#[tokio::test]
async fn an_operator_made_on_the_command_line_closes_set_up() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let mut arguments = CREATE.to_vec();
    arguments.push("--operator");
    assert!(installation.run(&arguments, PASSWORD).status.success());
    let process = installation.start();
    assert!(process.greeting.iter().any(|line| line.starts_with("Ready:")), "{:?}", process.greeting);
}

#[tokio::test]
async fn a_client_made_on_the_command_line_works_at_once_and_shows_its_secret_once() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let process = installation.start();
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let create = |kind: &str, uri: &str| {
        let name =
            ["client", "create", "--name", "Practice", "--type", kind, "--redirect-uri", uri, "--json"];
        installation.run(&name, "")
    };
    let web = create("web", "https://practice.example/cb");
    let made: Value = serde_json::from_slice(&web.stdout).unwrap();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert!(secret.starts_with("idp_cs_"));
    let at = (process.issuer.as_str(), process.address);
    let client = crate::support::Application::at(at, id, Some(secret), "https://practice.example/cb");
    let browser = process.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let tokens = client.tokens(&browser, &[]).await;
    assert!(tokens["id_token"].is_string());

    // Checklist 2: what nobody asked for otherwise is the modern one.
    assert_eq!(crate::oidc::part(tokens["id_token"].as_str().unwrap(), 0)["alg"], "ES256");

    let spa: Value = serde_json::from_slice(&create("spa", "https://spa.example/cb").stdout).unwrap();
    assert!(spa.get("client_secret").is_none());
    let bad = create("web", "https://practice.example/cb#fragment");
    assert_eq!(bad.status.code(), Some(2), "the arguments are wrong");
    assert!(text(&bad.stderr).contains("fragment"));
    assert_eq!(create("web", "com.example.app:/cb").status.code(), Some(1));
    let arguments =
        ["client", "create", "--name", "Shop", "--type", "machine", "--authorization-details-type", "pay"];
    let unknown = installation.run(&arguments, "");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        text(&unknown.stderr).contains("declares no authorization type pay"),
        "{}",
        text(&unknown.stderr)
    );
}

#[test]
fn keys_are_listed_without_their_private_halves() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    drop(installation.start());
    let listed = installation.run(&["keys", "list", "--json"], "");
    let keys: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let algorithms: Vec<&str> =
        keys.as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, ["RS256", "PS256", "ES256", "EdDSA"]);
    assert!(!text(&listed.stdout).contains("\"d\""));
}

#[test]
fn a_configuration_that_is_wrong_stops_everything_with_exit_code_2() {
    let dir = TempDir::new("cli");
    let mut installation = installation(&dir);
    assert!(installation.run(&["config", "check"], "").status.success());
    let file = dir.0.join("bad.toml");
    std::fs::write(&file, "[http]\nlisen = \"127.0.0.1:1\"\n").unwrap();
    for command in [&["config", "check"][..], &["serve"], &["keys", "list"]] {
        let arguments = [&["--config", file.to_str().unwrap()], command].concat();
        let refused = installation.run(&arguments, "");
        assert_eq!(refused.status.code(), Some(2), "{command:?}");
        assert!(text(&refused.stderr).contains("bad.toml:2: there is no setting http.lisen"));
    }
    let missing = installation.run(&["--config", "/nowhere/idp.toml"], "");
    assert_eq!(missing.status.code(), Some(2));
    installation.environment.push(("IDP_HTTP__LISTEN".to_owned(), "nowhere".to_owned()));
    assert_eq!(installation.run(&[], "").status.code(), Some(2));
}

#[test]
fn what_can_not_be_opened_stops_the_start_with_one_sentence() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    drop(installation.start());
    std::fs::write(installation.data_dir.join("master.key"), "x").unwrap();
    let refused = installation.run(&["serve"], "");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stderr).trim().lines().count(), 1, "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("is not a master key"));
    let doctor = installation.run(&["doctor"], "");
    assert_eq!(doctor.status.code(), Some(1));
    assert!(text(&doctor.stdout).contains("WRONG"));
}

#[test]
fn the_doctor_finds_a_healthy_installation_healthy() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    drop(installation.start());
    let doctor = installation.run(&["doctor"], "");
    assert!(doctor.status.success(), "{}", text(&doctor.stdout));
    assert!(text(&doctor.stdout).contains("ok    4 signing keys"));
}

#[test]
fn migrate_prepares_a_database_and_stops() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let migrated = installation.run(&["migrate"], "");
    assert!(migrated.status.success());
    assert!(installation.data_dir.join("idp.db").exists());
}

/// S8: files are for their owner only.
#[test]
fn everything_in_the_data_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let _process = installation.start();
    for entry in std::fs::read_dir(&installation.data_dir).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

/// M8, K7: what the host changes about somebody is recorded, and a changed way in is told by mail.
#[tokio::test]
async fn what_the_host_changes_is_recorded_and_mailed() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let url = format!("sqlite://{}", installation.data_dir.join("idp.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    let ada = "ada@example.org";
    for (arguments, kind, mails) in [
        (&["user", "policy", ada, "require_passkey"][..], "policy-set", 0),
        (&["user", "unlock", ada], "password-unlocked", 0),
        (&["user", "reset-passkeys", ada], "passkeys-reset", 1),
        (&["user", "reset-two-factor", ada], "two-factor-reset", 1),
        (&["user", "access-link", ada, "--minutes", "30"], "access-link-issued", 1),
    ] {
        assert!(installation.run(arguments, "").status.success(), "{kind}");
        let newest = sea_orm::Statement::from_string(
            sea_orm::DbBackend::Sqlite,
            "SELECT kind FROM audit_event ORDER BY sequence DESC LIMIT 1",
        );
        let row = sea_orm::ConnectionTrait::query_one_raw(&db, newest).await.unwrap().unwrap();
        assert_eq!(row.try_get::<String>("", "kind").unwrap(), kind);
        let sent = sea_orm::ConnectionTrait::execute_unprepared(&db, "DELETE FROM outbox").await.unwrap();
        assert_eq!(sent.rows_affected(), mails, "{kind}");
    }
}

/// C21: what an operator hands out is shown once, listed without it, and can be taken back.
#[tokio::test]
async fn tokens_for_registrations_are_made_listed_and_taken_back() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&["migrate"], "").status.success());
    let token = ["client", "registration-token"];
    let made = installation
        .run(&[&token[..], &["create", "--note", "The lab", "--uses", "2", "--json"]].concat(), "");
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("idp_ia_"), "{secret}");
    let list = || text(&installation.run(&[&token[..], &["list", "--json"]].concat(), "").stdout);
    let listed: Value = serde_json::from_str(&list()).unwrap();
    assert_eq!((&listed[0]["id"], &listed[0]["note"]), (&made["id"], &Value::from("The lab")));
    assert_eq!(listed[0]["uses_left"], 2);
    assert!(!list().contains(secret));
    let remove = [&token[..], &["remove", made["id"].as_str().unwrap()]].concat();
    assert!(installation.run(&remove, "").status.success());
    assert_eq!(list().trim(), "[]");
    let again = installation.run(&remove, "");
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("there is no registration token"));
    let many = [&token[..], &["create", "--note", "x", "--uses", "0"]].concat();
    assert_eq!(installation.run(&many, "").status.code(), Some(2));
}

#[tokio::test]
async fn what_is_known_of_somebody_is_set_from_a_file() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let file = dir.0.join("ada.json");
    let path = file.display().to_string();
    let set = ["user", "details", "ada@example.org", "--file", &path];
    std::fs::write(&file, r#"{"phone_number": "+41441234567", "address": {"locality": "Zurich"}}"#).unwrap();
    let done = installation.run(&set, "");
    assert!(done.status.success(), "{}", text(&done.stderr));
    for (wrong, why) in [
        (r#"{"phone_number": "044 123 45 67"}"#, "must be a number such as +41441234567"),
        (r#"{"telephone": "+41441234567"}"#, "unknown field `telephone`"),
        ("nonsense", "is not what it should be"),
    ] {
        std::fs::write(&file, wrong).unwrap();
        let refused = installation.run(&set, "");
        assert_eq!(refused.status.code(), Some(1), "{wrong}");
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(text(&installation.run(&set, "").stderr).contains("can not be read"));
}

/// product §5: organizations and roles from the host, with the service down.
#[test]
fn organizations_are_run_from_the_host() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&CREATE, PASSWORD).status.success());
    let (ada, other) = ("ada@example.org", "nobody@example.org");
    let run = |arguments: &[&str]| {
        let done = installation.run(arguments, "");
        (done.status.code(), format!("{}{}", text(&done.stdout), text(&done.stderr)))
    };
    let show = || -> Value { serde_json::from_str(&run(&["org", "show", "lindenhof", "--json"]).1).unwrap() };
    for (arguments, code, said) in [
        (&["org", "create", "Linden", "--name", "x"][..], 2, "small letters"),
        (
            &["org", "create", "lindenhof", "--name", "Clinic Lindenhof", "--role", "nurse"],
            0,
            "Made Clinic Lindenhof",
        ),
        (&["org", "create", "lindenhof", "--name", "Again"], 1, "the short name is taken"),
        (&["org", "add", "lindenhof", "--email", other], 1, "no account"),
        (&["org", "add", "lindenhof", "--email", ada, "--role", "surgeon"], 1, "does not have such a role"),
        (
            &["org", "add", "lindenhof", "--email", ada, "--role", "administrator"],
            0,
            "belongs to Clinic Lindenhof",
        ),
        (&["org", "remove", "lindenhof", "--email", ada], 1, "last administrator"),
        (&["org", "roles", "lindenhof", "--email", ada, "--role", "nurse"], 1, "last administrator"),
        (&["user", "disable", ada], 1, "last administrator"),
        (&["org", "change", "lindenhof", "--policy", "require_passkey"], 0, "Changed Clinic Lindenhof"),
        (&["org", "show", "elsewhere"], 1, "idp org list"),
        (&["org", "disable", "lindenhof"], 0, "disabled now"),
        (&["org", "list"], 0, "(disabled)"),
        (&["org", "enable", "lindenhof"], 0, "enabled now"),
    ] {
        let (status, output) = run(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {output}");
        assert!(output.contains(said), "{arguments:?}: {output}");
    }
    let shown = show();
    assert_eq!(
        (&shown["policy"], &shown["roles"]),
        (&"require_passkey".into(), &serde_json::json!(["nurse"]))
    );
    assert_eq!(
        (&shown["members"][0]["email"], &shown["members"][0]["roles"][0]),
        (&ada.into(), &"administrator".into())
    );
    let person: Value = serde_json::from_str(&run(&["user", "show", ada, "--json"]).1).unwrap();
    assert_eq!(
        (&person["policy"]["holds"], &person["policy"]["from"]["of"]),
        (&"require_passkey".into(), &"organization".into())
    );
    assert_eq!(
        (&person["password"], &person["organizations"][0]["slug"]),
        (&"works".into(), &"lindenhof".into())
    );
    assert_eq!(run(&["user", "role", ada, "operator"]).0, Some(0));
    let (status, output) = run(&["user", "role", ada, "none"]);
    assert!(status == Some(1) && output.contains("last operator"), "{output}");
    assert!(run(&["user", "list", "--search", "ADA"]).1.contains(ada));
    assert!(!run(&["user", "list", "--disabled"]).1.contains(ada));
}

/// A command that is run in another folder, or without the configuration, changes no service of its own.
#[test]
fn a_command_where_no_service_is_makes_none() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    for command in [
        &["client", "create", "--name", "Practice", "--type", "machine", "--scope", "x"][..],
        &["org", "list"],
        &["user", "show", "ada@example.org"],
        &["user", "access-link", "ada@example.org"],
        &["keys", "list"],
        &["audit", "verify"],
    ] {
        let run = installation.run(command, "");
        assert_eq!(run.status.code(), Some(1), "{command:?}");
        let said = text(&run.stderr);
        assert!(
            said.contains("There is no service here") && said.contains("--config"),
            "{command:?}: {said}"
        );
        assert!(!dir.0.join("data").join("idp.db").exists(), "{command:?}");
    }
    assert!(installation.run(&["migrate"], "").status.success());
    assert!(installation.run(&["org", "list"], "").status.success());
}

/// product §6: whoever runs the host invites, too; the link goes by mail and is never printed.
#[tokio::test]
async fn the_host_invites_to_an_organization_and_takes_it_back() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    assert!(installation.run(&["migrate"], "").status.success());
    let run = |args: &[&str]| {
        let done = installation.run(args, "");
        (done.status.code(), text(&done.stdout) + &text(&done.stderr))
    };
    let new = "nia@example.org";
    for (args, status, said) in [
        (&["org", "invite", "lindenhof", "--email", new][..], 1, "There is no organization lindenhof"),
        (&["org", "create", "lindenhof", "--name", "Lindenhof", "--role", "nurse"], 0, "Made Lindenhof"),
        (
            &["org", "invite", "lindenhof", "--email", new, "--role", "surgeon"],
            1,
            "does not have such a role",
        ),
        (&["org", "invite", "lindenhof", "--email", new, "--days", "31"], 1, "1 to 30 days"),
        (
            &["org", "invite", "lindenhof", "--email", new, "--client", "nobody"],
            1,
            "no application of that name",
        ),
        (&["org", "withdraw", "lindenhof", "--email", new], 1, "Lindenhof has not invited nia@example.org"),
        (&["org", "invite", "lindenhof", "--email", new, "--role", "nurse"], 0, "the mail is on its way"),
        (&["org", "invitations", "lindenhof"], 0, "nia@example.org  nurse"),
    ] {
        let (code, output) = run(args);
        assert_eq!(code, Some(status), "{args:?}: {output}");
        assert!(output.contains(said), "{args:?}: {output}");
    }
    let (_, output) = run(&["org", "invitations", "lindenhof", "--json"]);
    let listed: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(listed[0]["email"], new);
    assert_eq!((&listed[0]["roles"], &listed[0]["expired"]), (&serde_json::json!(["nurse"]), &false.into()));
    assert!(!output.contains("idp_in_"), "{output}");
    let (_, output) = run(&["org", "invite", "lindenhof", "--email", new, "--json"]);
    let again: Value = serde_json::from_str(&output).unwrap();
    assert_ne!(again["id"], listed[0]["id"], "in place of the one before");
    let (_, output) = run(&["org", "withdraw", "lindenhof", "--email", new, "--json"]);
    let withdrawn: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(withdrawn["withdrawn"], again["id"]);
    assert_eq!(run(&["org", "invitations", "lindenhof", "--json"]).1.trim(), "[]");
}

/// product §6: applications are looked after from the host, with two live secrets.
#[tokio::test]
async fn applications_are_looked_after_from_the_host() {
    let dir = TempDir::new("cli");
    let installation = installation(&dir);
    let process = installation.start();
    let run = |args: &[&str]| {
        let done = installation.run(args, "");
        (done.status.code(), text(&done.stdout) + &text(&done.stderr))
    };
    let json = |args: &[&str]| -> Value {
        let (code, output) = run(args);
        assert_eq!(code, Some(0), "{args:?}: {output}");
        serde_json::from_str(&output).unwrap()
    };
    let create = ["client", "create", "--name", "The lab", "--type", "machine", "--scope", "x", "--json"];
    let made = json(&create);
    let (id, first) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let status = async |secret: &str| {
        let client = Application::at((&process.issuer, process.address), id, Some(secret), "");
        client.token(&[("grant_type", "client_credentials")]).await.status.as_u16()
    };
    let listed = json(&["client", "list", "--search", "LAB", "--json"]);
    assert_eq!((listed.as_array().unwrap().len(), listed[0]["client_id"].as_str()), (1, Some(id)));
    assert!(run(&["client", "list"]).1.contains("clinic-example"));
    let shown = json(&["client", "show", id, "--json"]);
    assert_eq!(shown["settings"]["auth_method"], "client_secret_basic");
    assert!(!shown.to_string().contains(first), "never again");
    let old = shown["secrets"][0]["id"].as_str().unwrap();
    for command in ["expire", "remove"] {
        let (code, said) = run(&["client", "secret", command, id, old]);
        assert_eq!(code, Some(1));
        assert!(said.contains("no other secret that stays good"), "{said}");
    }
    let second = json(&["client", "secret", "add", id, "--json"]);
    let second = second["client_secret"].as_str().unwrap();
    assert_eq!((status(first).await, status(second).await), (200, 200));
    assert!(
        json(&["client", "secret", "expire", id, old, "--days", "2", "--json"])["expires_at"].is_string()
    );
    assert_eq!(run(&["client", "secret", "remove", id, old]).0, Some(0));
    // The command is another program: the service may know what was there a moment ago.
    tokio::time::sleep(idp::store::FRESH).await;
    assert_eq!((status(first).await, status(second).await), (401, 200));
    assert_eq!(run(&["client", "disable", id]).0, Some(0));
    tokio::time::sleep(idp::store::FRESH).await;
    assert_eq!(status(second).await, 401);
    assert!(run(&["client", "disable", id]).1.contains("it is so already"));
    assert_eq!(run(&["client", "enable", id]).0, Some(0));
    assert_eq!(status(second).await, 200);
    assert!(run(&["client", "disable", "clinic-example"]).1.contains("declared in the configuration"));
    assert_eq!(json(&["client", "remove", id, "--json"])["people"], 0);
    let (code, said) = run(&["client", "show", id]);
    assert_eq!(code, Some(1));
    assert!(said.contains("There is no application"), "{said}");
}
