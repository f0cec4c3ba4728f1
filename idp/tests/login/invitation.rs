//! Accepting an invitation to an organization: by who was invited and nobody else, once, with a new or an existing
//! account, and never beneath the organization's rule for logging in.

use futures_util::future::join_all;
use idp::admin::AdminActor;
use idp::admin::invitations::{self, New};
use idp::model::client::ClientId;
use idp::model::ids::OrganizationId;
use idp::model::organization::{Organization, OrganizationName, Roles, Slug, USUAL_INVITATION_DAYS};
use idp::model::user::{Email, Policy, User};
use idp::store::{memberships, organizations, users};
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Options, PASSWORD, SoftAuthenticator, TestApp};

pub(super) const ADA: &str = "ada@example.org";
pub(super) const NEW: &str = "newcomer@example.org";
const CARLA: &str = "carla@example.org";
const LAB: &str = r#"
    [[clients]]
    id = "lab"
    name = "Lab"
    type = "spa"
    redirect_uris = ["https://lab.example.org/cb"]
    initiate_login_uri = "https://lab.example.org/start?from=idp"
"#;

/// A clinic with an administrator, Carla.
pub(super) struct Clinic {
    pub(super) app: TestApp,
    pub(super) id: OrganizationId,
    pub(super) carla: User,
}

impl Clinic {
    pub(super) async fn with(policy: Option<Policy>) -> Self {
        let config_file = Some(LAB.to_owned());
        Self::at(TestApp::with(Options { config_file, ..Options::default() }).await, policy).await
    }

    /// One on each database that is to be had.
    async fn everywhere() -> Vec<Self> {
        let mut clinics = vec![Self::with(None).await];
        if let Some(url) = crate::store::fresh_postgres().await {
            let environment = vec![("IDP_DATABASE__URL", url)];
            let app = TestApp::with(Options { environment, ..Options::default() }).await;
            clinics.push(Self::at(app, None).await);
        }
        clinics
    }

    async fn at(app: TestApp, policy: Option<Policy>) -> Self {
        let carla = app.person(CARLA).await;
        let now = app.app.clock.now();
        let organization = Organization {
            id: app.app.entropy.id(now, OrganizationId::new).unwrap(),
            slug: Slug::parse("lindenhof").unwrap(),
            name: OrganizationName::parse("Lindenhof Clinic").unwrap(),
            policy,
            roles: Roles::parse("practitioner reception").unwrap(),
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        let id = organization.id;
        let tx = app.app.store.begin().await.unwrap();
        assert!(organizations::insert(&tx, &organization).await.unwrap());
        let roles = Roles::parse("administrator").unwrap();
        let member = idp::model::organization::Membership {
            user_id: carla.id,
            organization_id: id,
            roles,
            created_at: now,
        };
        assert!(memberships::insert(&tx, &member).await.unwrap());
        tx.commit().await.unwrap();
        Self { app, id, carla }
    }

    /// Carla invites; returns where the link in the mail leads.
    pub(super) async fn invite(&self, email: &str, roles: &str, client: Option<&str>) -> String {
        let carla = self.app.user(self.carla.id).await;
        let actor = AdminActor::of_person(&self.app.app.store, &carla).await.unwrap().unwrap();
        let new = New {
            email: Email::parse(email).unwrap(),
            roles: Roles::parse(roles).unwrap(),
            client: client.map(|id| ClientId::parse(id).unwrap()),
            days: USUAL_INVITATION_DAYS,
            language: None,
        };
        invitations::invite(&self.app.office(), &actor, (self.id, new)).await.unwrap().unwrap();
        self.app.mail_about(email, "Ada Lovelace invites you to Lindenhof Clinic").await.link()
    }

    pub(super) async fn user(&self, email: &str) -> Option<User> {
        users::by_email(&self.app.app.store, &Email::parse(email).unwrap()).await.unwrap()
    }

    /// The roles of somebody who belongs to it.
    pub(super) async fn roles(&self, email: &str) -> Option<String> {
        let user = self.user(email).await?;
        let membership = memberships::of(&self.app.app.store, user.id, self.id).await.unwrap()?;
        Some(membership.roles.to_string())
    }
}

/// A page with its addresses as they are followed.
fn plain(answer: &Answer) -> String {
    answer.body.replace("&#x2f;", "/").replace("&amp;", "&")
}

pub(super) fn token(link: &str) -> &str {
    link.split_once("token=").unwrap().1
}

pub(super) async fn accept(browser: &Browser, link: &str) -> Answer {
    browser.post("/login/invitation", &[("token", token(link))]).await
}

fn arrival(link: &str) -> String {
    format!("/login/invitation/done?token={}", token(link))
}

/// Says a name; returns what the calls of the page for the first way in carry.
pub(super) async fn introduce(browser: &Browser, link: &str) -> Value {
    let fields = [("token", token(link)), ("given_name", "Nia"), ("family_name", "Newcomer")];
    let answer = browser.post("/login/invitation/name", &fields).await;
    assert!(answer.location().starts_with("/login/create/passkey?"), "{answer:?}");
    let page = browser.get(&answer.location()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    json!({ "flow": answer.parameter("flow").unwrap(), "destination": answer.parameter("destination") })
}

pub(super) async fn begin_passkey(browser: &Browser, way: &Value) -> Answer {
    browser.call("/login/create/passkey/options", &json!({ "flow": way["flow"] })).await
}

pub(super) async fn finish_passkey(
    browser: &Browser,
    way: &Value,
    (begun, made): (&Value, &Value),
) -> Answer {
    let mut body = way.clone();
    body["ceremony"] = begun["ceremony"].clone();
    body["credential"] = made.clone();
    browser.call("/login/create/passkey/finish", &body).await
}

async fn create_passkey(clinic: &Clinic, browser: &Browser, way: &Value) -> Answer {
    let mut authenticator = SoftAuthenticator::new(&clinic.app.issuer());
    let begun = begin_passkey(browser, way).await.json();
    let made = authenticator.create(&begun["publicKey"]).unwrap();
    finish_passkey(browser, way, (&begun, &made)).await
}

async fn use_password(browser: &Browser, way: &Value) -> Answer {
    let text = |name: &str| way[name].as_str().unwrap_or_default();
    let fields = [("flow", text("flow")), ("destination", text("destination")), ("password", PASSWORD)];
    browser.post("/login/create/password", &fields).await
}

/// K4: mail scanners follow links. The page says who invites to what, and opening it, however often, changes nothing.
#[tokio::test]
async fn opening_the_link_changes_nothing_and_says_who_invites_to_what() {
    let clinic = Clinic::with(None).await;
    let link = clinic.invite(NEW, "administrator reception", None).await;
    for _ in 0..3 {
        let page = clinic.app.browser().get_with(&link, &[]).await;
        assert_eq!(page.status, 200);
        for shown in
            ["Lindenhof Clinic", "Ada Lovelace invites you", "reception", "one of its administrators", NEW]
        {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
    assert!(clinic.user(NEW).await.is_none());
    let hashed = clinic.app.texts("SELECT lower(hex(token_hash)) FROM invitation").await;
    assert!(!hashed[0].contains(token(&link)), "S2: only a hash is kept");
    let unknown = clinic.app.browser().get("/login/invitation?token=idp_in_x").await;
    unknown.assert_error_page("This link does not work any more");
}

/// product §5, I11: straight to a passkey, although nobody else may make accounts; on to the application.
#[tokio::test]
async fn somebody_new_joins_with_a_passkey_and_arrives_at_the_application() {
    let clinic = Clinic::with(None).await;
    let link = clinic.invite(NEW, "reception", Some("lab")).await;
    let browser = clinic.app.browser();
    assert_eq!(browser.get("/login/create").await.status, 404, "[sign_up] is off");
    let way = introduce(&browser, &link).await;
    let answer = create_passkey(&clinic, &browser, &way).await;
    assert_eq!(answer.json()["location"], json!(arrival(&link)), "{answer:?}");
    let onward = browser.get(&arrival(&link)).await;
    assert!(plain(&onward).contains("https://lab.example.org/start?from=idp"), "{}", onward.body);
    assert!(onward.body.contains("iss="), "OIDC Core §4: {}", onward.body);
    let user = clinic.user(NEW).await.unwrap();
    assert!(user.email_verified && user.role.is_none());
    assert_eq!(clinic.roles(NEW).await.as_deref(), Some("reception"));
    let trail = clinic.app.trail(user.id).await;
    for kind in ["user-created", "invitation-accepted", "member-added", "passkey-added", "signed-in"] {
        assert_eq!(trail.iter().filter(|known| *known == kind).count(), 1, "{kind}: {trail:?}");
    }
    assert!(browser.is_signed_in().await);
    assert!(browser.get(&link).await.body.contains("You belong to Lindenhof Clinic now"));
}

/// A way in is asked for by name too, and what was typed stays.
#[tokio::test]
async fn a_name_is_wanted_first() {
    let clinic = Clinic::with(None).await;
    let link = clinic.invite(NEW, "", None).await;
    let browser = clinic.app.browser();
    let fields = [("token", token(&link)), ("given_name", "Nia"), ("family_name", " ")];
    let page = browser.post("/login/invitation/name", &fields).await;
    assert!(page.status == 200 && page.body.contains("value=\"Nia\""), "{}", page.body);
    assert!(page.body.contains("role=\"alert\""));
}

/// product §1: the rule of the organization holds from the first moment.
#[tokio::test]
async fn a_password_begins_an_account_as_far_as_the_organization_lets_it() {
    for (policy, leads) in [
        (None, "/login/invitation/done"),
        (Some(Policy::RequireSecondFactor), "/login/enrol"),
        (Some(Policy::RequirePasskey), "/account/passkeys/create"),
        (Some(Policy::PasskeyOnly), "/login/invitation/done"),
    ] {
        let clinic = Clinic::with(policy).await;
        let link = clinic.invite(NEW, "reception", None).await;
        let browser = clinic.app.browser();
        let way = introduce(&browser, &link).await;
        let offered =
            browser.get(&format!("/login/create/passkey?flow={}", way["flow"].as_str().unwrap())).await;
        assert_eq!(plain(&offered).contains("/login/create/password"), policy != Some(Policy::PasskeyOnly));
        let answer = use_password(&browser, &way).await;
        assert!(answer.location().starts_with(leads), "{policy:?} {answer:?}");
        let made = policy != Some(Policy::PasskeyOnly);
        assert_eq!(clinic.roles(NEW).await.is_some(), made, "{policy:?}");
        assert_eq!(browser.is_signed_in().await, policy.is_none(), "{policy:?}");
        if !made {
            assert!(clinic.user(NEW).await.is_none());
        }
    }
}

/// Enrolled, somebody arrives where the invitation leads.
#[tokio::test]
async fn whoever_has_to_enrol_first_arrives_afterwards() {
    let clinic = Clinic::with(Some(Policy::RequirePasskey)).await;
    let link = clinic.invite(NEW, "reception", None).await;
    let browser = clinic.app.browser();
    let way = introduce(&browser, &link).await;
    let led = use_password(&browser, &way).await;
    let destination = led.parameter("destination").unwrap();
    assert_eq!(destination, arrival(&link));
    let mut authenticator = SoftAuthenticator::new(&clinic.app.issuer());
    let id = browser.create_passkey(&mut authenticator).await;
    let fields = [("name", "Mine"), ("fresh", "1"), ("destination", &destination)];
    let named = browser.post(&format!("/account/passkeys/{id}/name"), &fields).await;
    assert_eq!(named.parameter("destination").as_deref(), Some(&*destination), "{named:?}");
    let answer = browser.use_passkey(&mut authenticator, &json!({ "destination": destination })).await;
    assert_eq!(answer.json()["location"], json!(destination));
    assert_eq!(browser.get(&destination).await.location(), "/account");
}

/// One confirmation, for who was invited and is signed in.
#[tokio::test]
async fn somebody_who_is_signed_in_joins_with_one_confirmation() {
    let clinic = Clinic::with(None).await;
    let ada = clinic.app.person(ADA).await;
    let browser = clinic.app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let link = clinic.invite(ADA, "practitioner", Some("lab")).await;
    let page = browser.get(&link).await;
    assert!(
        page.body.contains(">Join<") && page.body.contains("help you if you are locked out"),
        "{}",
        page.body
    );
    assert_eq!(clinic.roles(ADA).await, None, "not yet");
    let forged = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let body = Some(format!("token={}", token(&link)));
    let answer = browser.send(reqwest::Method::POST, "/login/invitation", &forged, body).await;
    assert_eq!(answer.status, 403, "L3");
    assert_eq!(accept(&browser, &link).await.location(), arrival(&link));
    assert!(plain(&browser.get(&arrival(&link)).await).contains("https://lab.example.org/start"));
    assert_eq!(clinic.roles(ADA).await.as_deref(), Some("practitioner"));
    assert!(clinic.app.user(ada.id).await.email_verified, "whoever has the link reads the mailbox");
    clinic.app.mail_about(ADA, "You belong to Lindenhof Clinic now").await;
    let stranger = clinic.app.browser().get(&arrival(&link)).await;
    assert!(stranger.location().starts_with("/login/invitation?"), "only who joined goes on: {stranger:?}");
}

/// Not signed in, somebody with an account signs in as ever and comes back.
#[tokio::test]
async fn somebody_with_an_account_signs_in_first_and_comes_back() {
    let clinic = Clinic::with(None).await;
    let (_, mut phone) = clinic.app.person_with_passkey(ADA).await;
    let link = clinic.invite(ADA, "practitioner", None).await;
    let browser = clinic.app.browser();
    let page = plain(&browser.get(&link).await);
    assert!(page.contains("There is an account with this address") && !page.contains(">Join<"), "{page}");
    assert!(accept(&browser, &link).await.location().starts_with("/login/invitation?"));
    assert_eq!(clinic.roles(ADA).await, None);
    let named = [("token", token(&link)), ("given_name", "Eve"), ("family_name", "Else")];
    let twice = browser.post("/login/invitation/name", &named).await;
    assert!(twice.location().starts_with("/login/invitation?"), "no second account for an address");
    assert!(page.contains("href=\"/login?destination="), "{page}");
    let answer = browser.use_passkey(&mut phone, &json!({ "destination": link })).await;
    assert_eq!(answer.json()["location"], json!(link));
    assert_eq!(accept(&browser, &link).await.location(), arrival(&link));
    assert_eq!(browser.get(&arrival(&link)).await.location(), "/account");
}

/// Never the wrong account: J6, CVE-2025-12390.
#[tokio::test]
async fn somebody_else_is_told_so_and_can_make_room() {
    let clinic = Clinic::with(None).await;
    clinic.app.person(ADA).await;
    let browser = clinic.app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let link = clinic.invite(NEW, "administrator", None).await;
    let page = plain(&browser.get(&link).await);
    assert!(page.contains("You are logged in as ada@example.org") && !page.contains(">Join<"), "{page}");
    assert!(accept(&browser, &link).await.location().starts_with("/login/invitation?"));
    assert_eq!(clinic.roles(ADA).await, None);
    let named = [("token", token(&link)), ("given_name", "Eve"), ("family_name", "Else")];
    let refused = browser.post("/login/invitation/name", &named).await;
    assert!(refused.location().starts_with("/login/invitation?"), "{refused:?}");
    let switched = browser.post("/login/invitation/switch", &[("token", token(&link))]).await;
    assert_eq!(switched.location(), link);
    assert!(!browser.is_signed_in().await);
    let way = introduce(&browser, &link).await;
    create_passkey(&clinic, &browser, &way).await;
    assert_eq!(clinic.roles(NEW).await.as_deref(), Some("administrator"));
}

/// product §1: nobody comes under a rule that their log-in does not meet. J8: a passkey made with a password alone is
/// shown first.
#[tokio::test]
async fn an_account_is_signed_in_as_the_organization_wants_before_it_joins() {
    for policy in [Policy::RequireSecondFactor, Policy::RequirePasskey, Policy::PasskeyOnly] {
        let clinic = Clinic::with(Some(policy)).await;
        clinic.app.person(ADA).await;
        let browser = clinic.app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        let link = clinic.invite(ADA, "practitioner", None).await;
        let page = plain(&browser.get(&link).await);
        assert!(
            page.contains("Create a passkey") && page.contains("/account/passkeys/create?destination="),
            "{page}"
        );
        assert!(accept(&browser, &link).await.location().starts_with("/login/invitation?"), "{policy:?}");
        assert_eq!(clinic.roles(ADA).await, None, "called directly: {policy:?}");
        let mut authenticator = SoftAuthenticator::new(&clinic.app.issuer());
        browser.create_passkey(&mut authenticator).await;
        let page = plain(&browser.get(&link).await);
        assert!(page.contains("Please log in once more") && page.contains("confirm=1"), "{page}");
        accept(&browser, &link).await;
        assert_eq!(clinic.roles(ADA).await, None, "{policy:?}");
        browser.use_passkey(&mut authenticator, &json!({ "destination": link })).await;
        assert!(browser.get(&link).await.body.contains(">Join<"), "{policy:?}");
        assert_eq!(accept(&browser, &link).await.location(), arrival(&link));
    }
}

/// A password and a code are not what an organization means that takes passkeys only.
#[tokio::test]
async fn a_code_does_where_a_second_factor_is_asked_for_and_not_where_a_passkey_is() {
    for (policy, joins) in [(Policy::RequireSecondFactor, true), (Policy::RequirePasskey, false)] {
        let clinic = Clinic::with(Some(policy)).await;
        clinic.app.person(ADA).await;
        let first = clinic.app.browser();
        first.log_in_with_password(ADA, PASSWORD).await;
        let (code_app, _) = clinic.app.code_app(&first).await;
        clinic.app.advance(time::Duration::minutes(1));
        let browser = clinic.app.browser();
        let flow = browser.password_step(ADA, PASSWORD).await;
        let code = code_app.code(clinic.app.app.clock.now());
        browser.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
        let link = clinic.invite(ADA, "practitioner", None).await;
        let page = plain(&browser.get(&link).await);
        assert_eq!(page.contains(">Join<"), joins, "{policy:?}: {page}");
        accept(&browser, &link).await;
        assert_eq!(clinic.roles(ADA).await.is_some(), joins, "{policy:?}");
    }
}

/// K3, class 2.5: of any number at the same time one counts; on each database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_accept_at_once_one_does() {
    for clinic in Clinic::everywhere().await {
        let ada = clinic.app.person(ADA).await;
        let browser = clinic.app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        let link = clinic.invite(ADA, "practitioner", None).await;
        let answers = join_all((0..8).map(|_| accept(&browser, &link))).await;
        let joined = answers.iter().filter(|answer| answer.location().contains("/done")).count();
        assert_eq!(joined, 1, "{answers:?}");
        let trail = clinic.app.trail(ada.id).await;
        assert_eq!(trail.iter().filter(|kind| *kind == "invitation-accepted").count(), 1, "{trail:?}");
        assert_eq!(trail.iter().filter(|kind| *kind == "member-added").count(), 1, "{trail:?}");
    }
}

/// The same for new accounts, each in a browser of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_make_an_account_with_it_at_once_one_does() {
    for clinic in Clinic::everywhere().await {
        let link = clinic.invite(NEW, "reception", None).await;
        let mut ready = Vec::new();
        for _ in 0..4 {
            let browser = clinic.app.browser();
            let way = introduce(&browser, &link).await;
            let begun = begin_passkey(&browser, &way).await.json();
            let made = SoftAuthenticator::new(&clinic.app.issuer()).create(&begun["publicKey"]).unwrap();
            ready.push((browser, way, begun, made));
        }
        let answers =
            ready.iter().map(|(browser, way, begun, made)| finish_passkey(browser, way, (begun, made)));
        let answers = join_all(answers).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
        let user = clinic.user(NEW).await.unwrap();
        let trail = clinic.app.trail(user.id).await;
        assert_eq!(trail.iter().filter(|kind| *kind == "invitation-accepted").count(), 1, "{trail:?}");
    }
}
