//! The pages about the service as a whole: whom they are open to, and what is done there.

use idp::admin::health;
use idp::jobs;
use idp::model::ids::OutboxId;
use idp::model::key::KeyState;
use idp::model::user::ServiceRole;
use idp::store::{audit, outbox};
use time::Duration;

use super::pages::strong;
use super::people::organization;
use crate::support::{Browser, Options, TestApp};

/// A provider on SQLite, and one on PostgreSQL where there is a server for it.
pub(super) async fn houses() -> Vec<TestApp> {
    let mut houses = vec![TestApp::init().await];
    if let Some(url) = crate::store::fresh_postgres().await {
        let environment = vec![("IDP_DATABASE__URL", url)];
        houses.push(TestApp::with(Options { environment, ..Options::default() }).await);
    }
    houses
}

/// Nobody in particular, the administrator of an organization, support, auditor and operator.
pub(super) async fn everybody(app: &TestApp) -> [Browser; 5] {
    let (plain, _) = strong(app, "plain@example.org", None).await;
    let (carla, administrator) = strong(app, "carla@example.org", None).await;
    organization(&app.app.store, "lindenhof", &[(administrator.id, "administrator")]).await;
    let (support, _) = strong(app, "support@example.org", Some(ServiceRole::Support)).await;
    let (auditor, _) = strong(app, "auditor@example.org", Some(ServiceRole::Auditor)).await;
    let (operator, _) = strong(app, "olive@example.org", Some(ServiceRole::Operator)).await;
    [plain, carla, support, auditor, operator]
}

/// security M1, §2.18
#[tokio::test]
async fn every_page_about_the_service_is_open_to_exactly_those_whom_the_matrix_names() {
    for app in houses().await {
        let browsers = everybody(&app).await;
        let waiting = failed_delivery(&app).await;
        let (retry, give_up) =
            (format!("/admin/jobs/{waiting}/retry"), format!("/admin/jobs/{waiting}/give-up"));
        let (seen, run) = ([404, 404, 404, 200, 200], [404, 404, 404, 404, 200]);
        let pages = [
            ("/admin/find?q=x", [404, 200, 200, 200, 200]),
            ("/admin/audit", seen),
            ("/admin/audit/1", seen),
            ("/admin/audit/verify", seen),
            ("/admin/keys", seen),
            ("/admin/keys/rotate", run),
            ("/admin/keys/replace", run),
            ("/admin/keys/anything", [404; 5]),
            ("/admin/jobs", seen),
            (&retry, run),
            (&give_up, run),
            ("/admin/jobs/0197f3a0-0000-7000-8000-000000000000/retry", [404; 5]),
            ("/admin/health", seen),
            ("/admin/mails", seen),
            ("/admin/mails/new-device", seen),
            ("/admin/mails/new-device/html", seen),
            ("/admin/mails/anything", [404; 5]),
            ("/admin/risk", [404, 404, 200, 200, 200]),
        ];
        for (path, row) in pages {
            for (index, (browser, expected)) in browsers.iter().zip(row).enumerate() {
                assert_eq!(browser.get(path).await.status, expected, "{index} {path}");
            }
            assert!(app.browser().get(path).await.location().starts_with("/login?"), "{path}");
        }
        // Called directly, what is not shown is refused, and nothing of it is done.
        let run = [404, 404, 404, 403, 303];
        let deeds = [
            ("/admin/audit/verify", seen),
            ("/admin/audit/export", seen),
            ("/admin/keys/replace", run),
            ("/admin/mails/new-device", run),
            (&retry, run),
            (&give_up, run),
        ];
        for (path, row) in deeds {
            for (index, (browser, expected)) in browsers.iter().zip(row).enumerate() {
                assert_eq!(browser.post(path, &[]).await.status, expected, "{index} {path}");
            }
        }
    }
}

/// Something that could not be sent and would have to wait for its turn.
async fn failed_delivery(app: &TestApp) -> OutboxId {
    let (now, store) = (app.app.clock.now(), &app.app.store);
    let id = app.app.entropy.id(now, OutboxId::new).unwrap();
    let tx = store.begin().await.unwrap();
    outbox::add(&tx, id, (outbox::Kind::Mail, None), b"{\"secret\":\"in the mail\"}", now).await.unwrap();
    outbox::postpone(&tx, id, now + Duration::hours(1), "550 <b>no such mailbox</b>").await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn states(app: &TestApp) -> Vec<(String, KeyState)> {
    let known = idp::store::keys::public_keys(&app.app.store).await.unwrap();
    known.into_iter().map(|key| (key.kid, key.state)).collect()
}

async fn recorded(app: &TestApp, kind: &str) -> Vec<audit::Record> {
    let filter = audit::Filter { kinds: vec![kind.to_owned()], ..audit::Filter::default() };
    audit::find(&app.app.store, &filter, i64::MAX, 10).await.unwrap()
}

/// C24, S7, M2, M8
#[tokio::test]
async fn an_operator_rotates_the_keys_when_the_next_ones_are_known_and_it_is_recorded_who_did() {
    for app in houses().await {
        let (olive, operator) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        let missing = olive.post("/admin/keys/rotate", &[]).await;
        assert!(missing.status == 409 && missing.body.contains("no next keys yet"), "{}", missing.body);
        jobs::tend_keys(&app.app).await.unwrap();
        let young = olive.post("/admin/keys/rotate", &[]).await;
        assert!(young.status == 409 && young.body.contains("too young"), "{}", young.body);
        app.advance(Duration::minutes(13));
        let stale = olive.post("/admin/keys/rotate", &[]).await;
        assert!(stale.location().contains("confirm=1"), "M2: {stale:?}");
        let (again, _) = strong(&app, "otto@example.org", Some(ServiceRole::Operator)).await;
        let before = states(&app).await;
        assert_eq!(again.post("/admin/keys/rotate", &[]).await.location(), "/admin/keys?notice=rotate");
        let after = states(&app).await;
        for (kid, state) in before {
            let now = after.iter().find(|(known, _)| *known == kid).unwrap().1;
            let expected = if state == KeyState::Next { KeyState::Current } else { KeyState::Retired };
            assert_eq!(now, expected);
        }
        let said = recorded(&app, "key-rotated").await;
        assert_eq!(said.len(), 4);
        assert!(said.iter().all(|record| record.actor.is_some_and(|actor| actor != operator.id.uuid())));
        let page = again.get("/admin/keys?notice=rotate").await.body;
        assert!(page.contains("role=\"status\"") && !page.contains("\"d\""), "no private halves");
        assert_eq!(page.matches("tag retired").count(), 4);
    }
}

/// S7: in an emergency nothing that was signed before is worth anything.
#[tokio::test]
async fn an_operator_replaces_all_keys_in_an_emergency() {
    for app in houses().await {
        let (olive, operator) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        let before = states(&app).await;
        let warned = olive.get("/admin/keys/replace").await.body;
        assert!(warned.contains("No token that was signed before is worth anything"), "{warned}");
        assert_eq!(olive.post("/admin/keys/replace", &[]).await.location(), "/admin/keys?notice=replace");
        let after = states(&app).await;
        assert!(before.iter().all(|(kid, _)| after.iter().all(|(known, _)| known != kid)));
        let kids: Vec<_> = after.iter().map(|(kid, _)| kid.clone()).collect();
        let stored = idp::store::keys::public_keys(&app.app.store).await.unwrap();
        assert!(app.app.keys.current().is_made_of(&stored), "this node signs with them at once: {kids:?}");
        assert_eq!(recorded(&app, "keys-replaced").await[0].actor, Some(operator.id.uuid()));
    }
}

/// product §6, M8: no secret, no mail is shown.
#[tokio::test]
async fn what_could_not_be_sent_is_seen_tried_again_and_given_up() {
    for app in houses().await {
        let (olive, operator) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        let id = failed_delivery(&app).await;
        let page = olive.get("/admin/jobs?state=failed").await.body;
        assert!(page.contains("no such mailbox") && !page.contains("in the mail"), "{page}");
        let done = olive.post(&format!("/admin/jobs/{id}/retry"), &[]).await;
        assert_eq!(done.location(), "/admin/jobs?notice=retry-delivery");
        let entry = outbox::entry(&app.app.store, id).await.unwrap().unwrap();
        assert_eq!(entry.next_try_at, app.app.clock.now(), "it is due");
        assert_eq!(recorded(&app, "delivery-retried").await[0].actor, Some(operator.id.uuid()));
        // Whoever has it now would send it beside us.
        let again = olive.post(&format!("/admin/jobs/{id}/retry"), &[]).await;
        assert_eq!(again.status, 409, "{}", again.body);
        let done = olive.post(&format!("/admin/jobs/{id}/give-up"), &[]).await;
        assert_eq!(done.location(), "/admin/jobs?notice=give-up-delivery");
        assert_eq!(outbox::entry(&app.app.store, id).await.unwrap(), None);
        assert_eq!(recorded(&app, "delivery-given-up").await.len(), 1);
        assert!(olive.get("/admin/jobs?state=failed").await.body.contains("Nothing waits."));
        assert_eq!(olive.get("/admin/jobs?before=';--&state=x").await.status, 200, "security §2.19");
    }
}

/// The console and `idp doctor` look at the same.
#[tokio::test]
async fn the_health_page_says_what_is_wrong_and_what_to_do() {
    for app in houses().await {
        let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        let page = olive.get("/admin/health").await.body;
        assert!(page.contains("Set public_url"), "{page}");
        // A clock that is moved by hand is not that of a server.
        let server = app.app.config.database.url.is_some();
        assert_eq!(page.contains("It works."), !server, "{page}");
        assert_eq!(page.contains("The clock of the database server differs"), server, "{page}");
        let found = health::of_the_host(&app.app.config, app.app.clock.now());
        let names: Vec<_> = found.iter().map(|finding| finding.name).collect();
        assert_eq!(names, ["address-local", "folder-fine", "disk-fine", "files-enough", "mail-folder"]);
        failed_delivery(&app).await;
        assert!(olive.get("/admin/health").await.body.contains("could not be sent so far: 1"));
        app.advance(Duration::minutes(9));
        let (again, _) = strong(&app, "otto@example.org", Some(ServiceRole::Operator)).await;
        let late = again.get("/admin/health").await.body;
        assert!(late.contains("Something is wrong.") && late.contains("No checkpoint"), "S24: {late}");
    }
}

/// product §6: every mail there is, in every language, and a trial to one's own address alone.
#[tokio::test]
async fn every_mail_is_shown_in_every_language_and_sent_to_whoever_asks_alone() {
    let app = TestApp::init().await;
    let (olive, operator) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let texts =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../themes/default/locales/en.ftl"));
    let texts = texts.unwrap();
    let subject = |line: &str| Some(line.strip_prefix("mail-")?.split_once("-subject =")?.0.to_owned());
    let mails: Vec<String> = texts.lines().filter_map(subject).collect();
    assert!(mails.len() >= 30, "{mails:?}");
    for name in mails {
        for lang in ["en", "de"] {
            let page = olive.get(&format!("/admin/mails/{name}?lang={lang}")).await;
            assert_eq!(page.status, 200, "{name} has no sample");
            let mail = olive.get(&format!("/admin/mails/{name}/html?lang={lang}")).await;
            assert!(mail.body.contains(&format!("<html lang=\"{lang}\">")), "{}", mail.body);
            let policy = mail.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("sandbox;") && policy.contains("frame-ancestors 'self'"), "{policy}");
        }
    }
    let sent = olive.post("/admin/mails/reset-password", &[("lang", "de"), ("to", "ada@example.org")]).await;
    assert_eq!(sent.location(), "/admin/mails/reset-password?lang=de&sent=yes");
    let mail = app.mails().await.pop().unwrap();
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("olive@example.org", "Ihr neues Passwort"));
    let said = recorded(&app, "mail-tried").await;
    assert_eq!(said[0].actor, Some(operator.id.uuid()));
}
