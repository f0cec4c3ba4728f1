//! Disabled at once, on every road: a person, and each application (C9, class 2.18; product §5). Each road is tried in
//! the same way when nothing is disabled for it, so that a road that leads nowhere by itself is no proof.

use idp::admin::access::{self, Made};
use idp::admin::{AdminActor, people};
use idp::model::client::ClientId;
use idp::model::user::{ServiceRole, User};
use idp::store::{clients, users};
use serde_json::{Value, json};
use time::Duration;

use super::token_exchange::exchange;
use super::{ADA, CLIENTS, EVE, SECRET, ciba, device, hidden, text};
use crate::support::{Answer, Application, Browser, CodeApp, Options, PASSWORD, SoftAuthenticator, TestApp};

const MORE: &str = r#"
[[clients]]
id = "everything"
name = "Everything"
type = "web"
secret = "a secret that the practice keeps to itself"
scopes = ["openid", "profile", "offline_access", "slots:read", "letters:send", "admin:people.read"]
resources = ["https://slots.example.org", "https://booking.example.org", "http://localhost:{port}/api/v1"]
redirect_uris = ["https://everything.example.org/cb"]

[[clients]]
id = "booking"
name = "Booking API"
type = "machine"
secret = "a secret that the practice keeps to itself"
grants = ["client_credentials", "token_exchange"]
scopes = ["letters:send"]
serves = ["https://booking.example.org"]
resources = ["https://post.example.org"]

[[clients]]
id = "post"
name = "Post API"
type = "machine"
secret = "a secret that the practice keeps to itself"
serves = ["https://post.example.org"]
"#;

/// A road, whoever it is closed for when they are disabled, and whether it was open.
type Road = (&'static str, &'static [&'static str], bool);

/// Ada, an operator who has a password, a passkey and a code app, and everything that she and applications of hers have
/// begun and were given.
struct House {
    app: TestApp,
    ada: User,
    browser: Browser,
    phone: SoftAuthenticator,
    code_app: CodeApp,
    eve: User,
    /// A log-in that waits for its second step, and the browser that it is in.
    flow: (Browser, String),
    access_link: String,
    reset_link: String,
    /// A page that asks whether an application may know who she is.
    asked: Answer,
    code: String,
    tokens: Value,
    for_slots: Value,
    for_booking: Value,
    for_the_api: Value,
    allowed_device: String,
    waiting_device: String,
    answered: String,
}

impl House {
    async fn build(environment: Vec<(&'static str, String)>) -> Self {
        let config_file = Some(format!("{CLIENTS}\n{}\n{MORE}", ciba::RECEPTION));
        let app = TestApp::with(Options { environment, config_file, ..Options::default() }).await;
        let ada = app.person_with_role(ADA, Some(ServiceRole::Operator)).await;
        app.person_with_role("olive@example.org", Some(ServiceRole::Operator)).await;
        let eve = app.person(EVE).await;
        let mut phone = SoftAuthenticator::new(&app.issuer());
        let first = app.browser();
        first.log_in_with_password(ADA, PASSWORD).await;
        first.create_passkey(&mut phone).await;
        let (code_app, _) = app.code_app(&first).await;
        app.advance(Duration::seconds(60));
        let browser = app.browser();
        browser.log_in_with_passkey(&mut phone).await;
        let host = AdminActor::of_the_host();
        let made = access::make_link(&app.office(), &host, (ada.id, 15)).await.unwrap().unwrap();
        let Made::OnTheHost(access_token) = made else { panic!("on the host") };
        app.browser().post("/login/forgot", &[("email", ADA)]).await;
        app.mails().await;
        let reset_link = app.mail_about(ADA, "Your new password").await.link();
        let (api, everything) = (app.url("/api/v1"), client(&app, "everything"));
        let scope = ("scope", "openid profile offline_access letters:send slots:read");
        let asked = [scope, ("resource", "https://slots.example.org")];
        let for_slots = everything.tokens(&browser, &asked).await;
        let asked = [scope, ("resource", "https://booking.example.org")];
        let for_booking = everything.tokens(&browser, &asked).await;
        let asked = [("scope", "openid admin:people.read"), ("resource", api.as_str())];
        let for_the_api = everything.tokens(&browser, &asked).await;
        let screen = client(&app, "screen");
        let (allowed, waiting) = (device::begin(&screen).await, device::begin(&screen).await);
        device::decide(&browser, text(&allowed, "user_code"), "allow").await;
        let answered = ciba::asked(&client(&app, "reception"), &[]).await;
        let path = ciba::waiting(&app, &browser).await;
        ciba::decide(&browser, &path, "allow").await;
        let there = app.browser();
        let flow = there.password_step(ADA, PASSWORD).await;
        Self {
            access_link: format!("/login/access?token={}", access_token.expose()),
            reset_link,
            asked: client(&app, "careful").authorize(&browser, &[]).await,
            tokens: everything.tokens(&browser, &[]).await,
            code: everything.code(&browser, &[]).await,
            allowed_device: text(&allowed, "device_code").to_owned(),
            waiting_device: text(&waiting, "user_code").to_owned(),
            flow: (there, flow),
            for_slots,
            for_booking,
            for_the_api,
            answered,
            app,
            ada,
            browser,
            phone,
            code_app,
            eve,
        }
    }

    /// All ways on which Ada herself comes further.
    async fn of_the_person(&mut self) -> Vec<Road> {
        let (app, browser) = (&self.app, &self.browser);
        let ada: &[&str] = &["ada"];
        let password = app.browser().submit_password(ADA, PASSWORD).await;
        let passkey = app.browser().use_passkey(&mut self.phone, &json!({})).await;
        let code = self.code_app.code(app.app.clock.now());
        let second = self.flow.0.post("/login/code", &[("flow", &self.flow.1), ("code", &code)]).await;
        let open = async |path: &str| browser.get(path).await.status == 200;
        let link = async |path: &str| app.browser().get(path).await.status == 200;
        let unlock = browser.post(&format!("/admin/people/{}/unlock", self.eve.id), &[]).await;
        vec![
            ("a password", ada, password.status == 303),
            ("a passkey", ada, passkey.status == 200 && passkey.json()["location"] == "/account"),
            ("the second step of a log-in", ada, second.status == 303 && self.flow.0.is_signed_in().await),
            ("a link of an administrator", ada, link(&self.access_link).await),
            ("a link for a new password", ada, link(&self.reset_link).await),
            ("the account pages", ada, open("/account").await),
            ("requests of applications", ada, open("/requests").await),
            ("the console", ada, open("/admin").await),
            ("a form of the console", ada, unlock.status == 303 && unlock.location().contains("notice=")),
        ]
    }

    /// All ways on which an application gets something.
    async fn of_applications(&self) -> Vec<Road> {
        let (app, browser) = (&self.app, &self.browser);
        let everything = client(app, "everything");
        let asked: &[&str] = &["ada", "everything"];
        let refreshed = everything.refresh(text(&self.for_slots, "refresh_token")).await;
        let yes = [
            ("attempt", hidden(&self.asked, "attempt").expect("a question")),
            ("decision", "allow".to_owned()),
        ];
        let yes = yes.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut said = browser.post("/oidc/consent", &yes).await;
        if let Some(path) = said.headers.get("location").and_then(|to| to.to_str().ok())
            && path.starts_with("/oidc/")
        {
            let path = path.to_owned();
            said = browser.get(&path).await;
        }
        let token = [("token", text(&self.for_slots, "access_token"))];
        let known = client(app, "slots").call("/oidc/introspect", &token).await;
        let api = format!("Bearer {}", text(&self.for_the_api, "access_token"));
        let api = everything.get("/api/v1/me", &[("authorization", &api)]).await;
        let connected = device::decide(browser, &self.waiting_device, "allow").await;
        let handed_on = exchange(&client(app, "booking"), text(&self.for_booking, "access_token"), &[]).await;
        let own = [("grant_type", "client_credentials"), ("resource", "https://post.example.org")];
        let pushed = everything.request();
        let pushed: Vec<_> = pushed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        vec![
            ("single sign-on", asked, has_code(&everything.authorize(browser, &[]).await)),
            ("a yes to an application", &["ada", "careful"], has_code(&said)),
            ("a code", asked, everything.redeem(&self.code).await.status == 200),
            ("a refresh token", asked, refreshed.status == 200),
            ("userinfo", asked, everything.userinfo(text(&self.tokens, "access_token")).await.status == 200),
            ("introspection", &["ada", "everything", "slots"], {
                known.status == 200 && known.json()["active"] == true
            }),
            ("token exchange", &["ada", "everything", "booking"], handed_on.status == 200),
            ("a device that was allowed", &["ada", "screen"], {
                device::poll(&client(app, "screen"), &self.allowed_device).await.status == 200
            }),
            ("allowing a device", &["ada", "screen"], connected.body.contains("The device is connected")),
            ("an answer from elsewhere", &["ada", "reception"], {
                ciba::poll(&client(app, "reception"), &self.answered).await.status == 200
            }),
            ("the API", asked, api.status == 200),
            ("a pushed request", &["everything"], everything.call("/oidc/par", &pushed).await.status == 201),
            (
                "an application for itself",
                &["booking"],
                client(app, "booking").token(&own).await.status == 200,
            ),
        ]
    }

    /// Every road is closed exactly for whom it says.
    async fn compare(mut self, disabled: &str) {
        let mut roads = self.of_the_person().await;
        roads.extend(self.of_applications().await);
        let wrong = roads.iter().filter(|(_, closed_for, open)| closed_for.contains(&disabled) == *open);
        let wrong: Vec<_> = wrong.map(|(name, _, open)| (name, open)).collect();
        assert!(wrong.is_empty(), "with {disabled:?} disabled, whether these are open: {wrong:?}");
    }
}

fn client(app: &TestApp, id: &str) -> Application {
    let secret = (id != "screen").then_some(SECRET);
    Application::new(app, id, secret, &format!("https://{id}.example.org/cb"))
}

fn has_code(answer: &Answer) -> bool {
    answer.headers.get("location").is_some_and(|to| to.to_str().unwrap().contains("code="))
}

async fn houses() -> Vec<House> {
    let mut houses = vec![House::build(Vec::new()).await];
    if let Some(url) = crate::store::fresh_postgres().await {
        houses.push(House::build(vec![("IDP_DATABASE__URL", url)]).await);
    }
    houses
}

#[tokio::test]
async fn every_road_leads_somewhere_while_nobody_is_disabled() {
    for house in houses().await {
        house.compare("nobody").await;
    }
}

/// As an administrator does it, with all that ends by it.
#[tokio::test]
async fn a_person_whom_somebody_disables_is_out_on_every_road() {
    for house in houses().await {
        let host = AdminActor::of_the_host();
        people::set_enabled(&house.app.office(), &host, house.ada.id, false).await.unwrap().unwrap();
        house.compare("ada").await;
    }
}

/// Each road asks for itself: it does not depend on that what was given has been ended.
#[tokio::test]
async fn a_person_who_is_disabled_is_out_on_every_road_though_nothing_of_theirs_was_ended() {
    for house in houses().await {
        let (store, now) = (&house.app.app.store, house.app.app.clock.now());
        let tx = store.begin().await.unwrap();
        users::set_standing(&tx, house.ada.id, users::Standing::DisabledByService, now).await.unwrap();
        tx.commit().await.unwrap();
        house.compare("ada").await;
    }
}

#[tokio::test]
async fn an_application_that_is_disabled_is_out_on_every_road_and_no_other_is() {
    for id in ["everything", "careful", "screen", "reception", "booking", "slots"] {
        for house in houses().await {
            let (store, now) = (&house.app.app.store, house.app.app.clock.now());
            let tx = store.begin().await.unwrap();
            clients::set_enabled(&tx, &ClientId::parse(id).unwrap(), false, now).await.unwrap();
            tx.commit().await.unwrap();
            house.compare(id).await;
        }
    }
}
