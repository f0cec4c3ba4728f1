//! `idp import`: what is brought over from another system, and what is not.

use idp::clock::{SharedClock, SystemClock};
use idp::config::Config;
use idp::model::user::{Email, User};
use idp::store::{Store, memberships, passwords, users};
use serde_json::{Value, json};

use crate::store::fresh_postgres;
use crate::support::TempDir;
use crate::support::process::Installation;

/// What all of these are hashes of.
const OLD: &str = "correct horse battery";
const BCRYPT: &str = "$2b$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe";
const DJANGO: &str = "pbkdf2_sha256$1000$saltsaltsalt$GacV8oEzUl3KM0Mwey9yrMcTPKpkL4jXrFpbKB8oOnI=";
const ARGON2: &str =
    "$argon2i$v=19$m=1024,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$FilVwBrPK0Hd21QfGjNKQx7fGhmWwtB702o/SWMJIjg";
const SCRYPT: &str =
    "$scrypt$ln=10,r=8,p=2$X0uJEQLAmLP2ntN6b22t9Q$yiDl38pl/T5d41yzuIK5eTBqECMYDih/EpdRDDdWqss";

struct Clinic {
    installation: Installation,
    dir: TempDir,
}

impl Clinic {
    fn new() -> Self {
        let dir = TempDir::new("import");
        let clinic = Self { installation: Installation::new(&dir.0.join("data")), dir };
        assert_eq!(clinic.run(&["migrate"]).0, 0);
        clinic
    }

    async fn on_postgres() -> Option<Self> {
        let mut clinic = Self::new();
        clinic.installation.environment.push(("IDP_DATABASE__URL".to_owned(), fresh_postgres().await?));
        Some(clinic)
    }

    /// Imports these lines; says how it ended and what was printed.
    fn import(&self, lines: &[Value], options: &[&str]) -> (i32, String) {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        self.import_text(&text.join("\n"), options)
    }

    fn import_text(&self, text: &str, options: &[&str]) -> (i32, String) {
        let file = self.dir.0.join("users.jsonl");
        std::fs::write(&file, text).unwrap();
        let path = file.display().to_string();
        self.run(&[&["import", "users", &path], options].concat())
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let done = self.installation.run(arguments, "");
        let text = [done.stdout, done.stderr].concat();
        (done.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    async fn store(&self) -> Store {
        let mut environment = vec![
            ("IDP_DATA_DIR".to_owned(), self.installation.data_dir.display().to_string()),
            ("IDP_PUBLIC_URL".to_owned(), self.installation.issuer()),
        ];
        environment.extend(self.installation.environment.iter().cloned());
        let config = Config::from_sources(None, environment).unwrap();
        let clock: SharedClock = std::sync::Arc::new(SystemClock);
        idp::app::open_store(&config, &clock).await.unwrap()
    }
}

fn person(email: &str, more: &Value) -> Value {
    let mut line = json!({ "email": email, "given_name": "Ada", "family_name": "Lovelace" });
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line
}

async fn find(store: &Store, email: &str) -> Option<User> {
    users::by_email(store, &Email::parse(email).unwrap()).await.unwrap()
}

/// The hash that is kept, without counting a guess.
async fn kept(store: &Store, email: &str) -> String {
    let user = find(store, email).await.unwrap();
    let tx = store.begin().await.unwrap();
    passwords::begin_attempt(&tx, user.id).await.unwrap().unwrap()
}

/// F8
async fn old_passwords_work_and_become_ours(clinic: Clinic) {
    let everybody = [
        ("b@example.org", BCRYPT),
        ("d@example.org", DJANGO),
        ("a@example.org", ARGON2),
        ("s@example.org", SCRYPT),
    ];
    let lines: Vec<Value> =
        everybody.iter().map(|(email, hash)| person(email, &json!({ "password_hash": hash }))).collect();
    let (code, said) = clinic.import(&lines, &[]);
    assert_eq!((code, said.trim()), (0, "Made 4 accounts; 0 of 4 were there already and stay as they are."));
    let process = clinic.installation.start();
    let store = clinic.store().await;
    for (email, _) in everybody {
        assert!(kept(&store, email).await.starts_with("imported:"), "{email}");
        let wrong = process.browser().submit_password(email, "correct horse batterz").await;
        assert!(wrong.body.contains("is not right"), "{email}: {}", wrong.body);
        assert!(kept(&store, email).await.starts_with("imported:"), "{email}");
        process.browser().log_in_with_password(email, OLD).await;
        assert!(kept(&store, email).await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{email}");
        process.browser().log_in_with_password(email, OLD).await;
    }
    assert!(passwords::imported_decoys(&store).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_passwords_work_and_become_ours_at_the_first_sign_in() {
    old_passwords_work_and_become_ours(Clinic::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_passwords_work_and_become_ours_on_postgres() {
    if let Some(clinic) = Clinic::on_postgres().await {
        old_passwords_work_and_become_ours(clinic).await;
    }
}

/// F8: somebody who begins twice at the same moment is let in twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_first_sign_ins_at_once_both_succeed() {
    let clinic = Clinic::new();
    clinic.import(&[person("b@example.org", &json!({ "password_hash": BCRYPT }))], &[]);
    let process = clinic.installation.start();
    let (one, other) = (process.browser(), process.browser());
    tokio::join!(
        one.log_in_with_password("b@example.org", OLD),
        other.log_in_with_password("b@example.org", OLD)
    );
}

async fn everything_that_is_known_comes_along(clinic: Clinic) {
    let made = clinic.run(&["org", "create", "lindenhof", "--name", "Clinic Lindenhof", "--role", "nurse"]);
    assert_eq!(made.0, 0, "{}", made.1);
    let (code, said) = clinic.import(
        &[
            person(
                "Ada@Example.org",
                &json!({
                    "email_verified": true, "locale": "de-CH", "zoneinfo": "Europe/Zurich",
                    "details": { "phone_number": "+41441234567" }, "password_hash": BCRYPT,
                    "organizations": [{ "slug": "lindenhof", "roles": ["nurse", "administrator"] }],
                }),
            ),
            person("gone@example.org", &json!({ "disabled": true, "password_hash": BCRYPT })),
            person("bare@example.org", &json!({})),
        ],
        &["--json"],
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &said),
        (
            0,
            &json!({ "dry_run": false, "summary": { "lines": 3, "made": 3, "existing": 0, "without_password": 1,
            "hashes": { "bcrypt": 2 }, "problems": [] } })
        )
    );
    let store = clinic.store().await;
    let ada = find(&store, "ada@example.org").await.unwrap();
    assert!(ada.email_verified && ada.role.is_none() && ada.is_enabled());
    assert_eq!(ada.language.unwrap().as_str(), "de-CH");
    assert_eq!(ada.details.phone_number.unwrap().as_str(), "+41441234567");
    let belongs = memberships::of_user(&store, ada.id).await.unwrap();
    assert_eq!(belongs[0].roles.to_string(), "administrator nurse");
    let gone = find(&store, "gone@example.org").await.unwrap();
    assert!(!gone.is_enabled() && gone.disabled_by_service && !gone.email_verified);
    let trail = idp::store::audit::of_subject(&store, ada.id, i64::MAX, 10).await.unwrap();
    let kinds: Vec<&str> = trail.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["member-added", "user-imported"]);
    assert_eq!(clinic.run(&["audit", "verify"]).0, 0);
    let process = clinic.installation.start();
    let refused = process.browser().submit_password("gone@example.org", OLD).await;
    assert!(refused.body.contains("is not right"), "disabled there is disabled here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_people_comes_along() {
    everything_that_is_known_comes_along(Clinic::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_people_comes_along_on_postgres() {
    if let Some(clinic) = Clinic::on_postgres().await {
        everything_that_is_known_comes_along(clinic).await;
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_a_second_run_changes_nothing() {
    let clinic = Clinic::new();
    let lines = [
        person("ada@example.org", &json!({ "password_hash": BCRYPT })),
        person("ben@example.org", &json!({ "password_hash": DJANGO })),
    ];
    let (code, said) = clinic.import(&lines, &["--dry-run"]);
    assert!(code == 0 && said.contains("2 accounts would be made, 0 are there already"), "{said}");
    assert!(find(&clinic.store().await, "ada@example.org").await.is_none());

    assert_eq!(clinic.import(&lines[..1], &[]).0, 0);
    let before = kept(&clinic.store().await, "ada@example.org").await;
    let mut changed = lines.clone();
    changed[0]["family_name"] = "Byron".into();
    changed[0]["password_hash"] = ARGON2.into();
    let (code, said) = clinic.import(&changed, &["--refuse-existing"]);
    assert!(code == 1 && said.contains("line 1: has an account here already"), "{said}");
    assert!(find(&clinic.store().await, "ben@example.org").await.is_none(), "nothing was written");
    let (code, said) = clinic.import(&changed, &[]);
    assert!(code == 0 && said.contains("Made 1 accounts; 1 of 2 were there already"), "{said}");
    let store = clinic.store().await;
    assert_eq!(kept(&store, "ada@example.org").await, before);
    assert_eq!(find(&store, "ada@example.org").await.unwrap().family_name.as_str(), "Lovelace");
}

#[tokio::test]
async fn a_file_with_mistakes_is_refused_with_all_of_them() {
    let clinic = Clinic::new();
    clinic.run(&["org", "create", "lindenhof", "--name", "Clinic Lindenhof"]);
    let member = |slug: &str, role: &str| json!({ "organizations": [{ "slug": slug, "roles": [role] }] });
    let dear =
        "$argon2id$v=19$m=4194304,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$F97S9LyfF8y17QFGHCFUpGrkVqj7MW6bR8n2gLHKu5E";
    let lines = [
        person("good@example.org", &json!({ "password_hash": BCRYPT })),
        person("x1@example.org", &json!({ "salary": 1 })),
        person("x2@example.org", &json!({ "password_hash": dear })),
        person("x3@example.org", &json!({ "password_hash": "hunter2" })),
        person("good@example.org", &json!({})),
        person("x4@example.org", &member("elsewhere", "nurse")),
        person("x5@example.org", &member("lindenhof", "surgeon")),
        json!("nobody"),
    ];
    let (code, said) = clinic.import(&lines, &[]);
    assert_eq!(code, 1, "{said}");
    for why in [
        "line 2: salary: unknown field `salary`",
        "line 3: password_hash costs more than is computed here: the memory m in KiB may be at most 131072",
        "line 4: password_hash is in no form that is known here",
        "line 5: has the email of line 1",
        "line 6: there is no organization elsewhere",
        "line 7: the organization lindenhof does not have such a role",
        "line 8:",
        "7 lines are wrong. Nothing was written.",
    ] {
        assert!(said.contains(why), "{why}: {said}");
    }
    assert!(!said.contains("hunter2") && !said.contains("F97S9Lyf"), "no hash is shown: {said}");
    assert!(find(&clinic.store().await, "good@example.org").await.is_none());
    let (code, said) = clinic.import(&lines, &["--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &said["summary"]["problems"][0]["line"], &said["summary"]["made"]),
        (1, &2.into(), &0.into())
    );
    assert_eq!(clinic.run(&["import", "users", "/nowhere"]).0, 1);
    assert_eq!(clinic.run(&["import", "users"]).0, 2);
    let (code, said) = clinic.import_text(&"x".repeat(70_000), &[]);
    assert!(code == 1 && said.contains("line 1 is longer than"), "{said}");
}

/// What was broken off after some batches goes on where it stopped.
#[tokio::test]
async fn more_than_one_batch_is_made_and_begun_again() {
    let clinic = Clinic::new();
    let lines: Vec<Value> = (0..450)
        .map(|number| person(&format!("p{number}@example.org"), &json!({ "password_hash": BCRYPT })))
        .collect();
    assert_eq!(clinic.import(&lines[..230], &[]).0, 0);
    let (code, said) = clinic.import(&lines, &[]);
    assert!(code == 0 && said.contains("Made 220 accounts; 230 of 450 were there already"), "{said}");
    assert_eq!(clinic.run(&["audit", "verify"]).0, 0);
}
