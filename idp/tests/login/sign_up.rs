//! Accounts that people make themselves: off unless an operator wants it, told to nobody who else has one, and
//! nothing exists before its first way in does. (Initiating User Registration via OpenID Connect 1.0.)

use futures_util::future::join_all;
use idp::model::user::{Email, User};
use idp::store::users;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, Application, Browser, Options, PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";
const NEW: &str = "newcomer@example.org";
const CREATE: (&str, &str) = ("prompt", "create");

const PAGES: [(&str, &str); 8] = [
    ("GET", "/login/create"),
    ("POST", "/login/create"),
    ("GET", "/login/create/name"),
    ("POST", "/login/create/name"),
    ("GET", "/login/create/passkey"),
    ("POST", "/login/create/passkey/options"),
    ("POST", "/login/create/passkey/finish"),
    ("POST", "/login/create/password"),
];

/// A provider at which people may make accounts.
async fn open() -> TestApp {
    open_with(&[]).await
}

async fn open_with(more: &[(&'static str, &str)]) -> TestApp {
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let environment = [("IDP_SIGN_UP__OPEN", "true".to_owned())].into_iter().chain(more).collect();
    TestApp::with(Options { environment, ..Options::default() }).await
}

/// Asks for a link for [`NEW`] and returns where it leads: path and query.
async fn link(app: &TestApp, browser: &Browser, attempt: &str) -> String {
    let answer = browser.post("/login/create", &[("email", NEW), ("attempt", attempt)]).await;
    assert!(answer.body.contains("We have sent you a message"), "{}", answer.body);
    app.mails().await;
    app.mail_about(NEW, "Your new account").await.link()
}

fn parameter(link: &str, name: &str) -> String {
    let url = reqwest::Url::parse("http://relative").unwrap().join(link).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Says a name; the answer leads to the first way in.
async fn introduce(browser: &Browser, link: &str) -> Answer {
    let (token, attempt) = (parameter(link, "token"), parameter(link, "attempt"));
    let fields =
        [("token", &*token), ("attempt", &attempt), ("given_name", "Nia"), ("family_name", "Newcomer")];
    browser.post("/login/create/name", &fields).await
}

/// Follows a link as far as the page for the first way in; returns what that page's calls carry.
async fn arrive(browser: &Browser, link: &str) -> Value {
    assert_eq!(browser.get(link).await.status, 200);
    let led_here = introduce(browser, link).await;
    let page = browser.get(&led_here.location()).await;
    assert!(page.status == 200 && page.body.contains("Create a passkey"), "{page:?}");
    json!({ "flow": led_here.parameter("flow").unwrap(), "attempt": led_here.parameter("attempt") })
}

async fn options(browser: &Browser, way: &Value) -> (Value, Value) {
    let answer = browser.call("/login/create/passkey/options", way).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.json()["ceremony"].clone(), answer.json()["publicKey"].clone())
}

async fn finish(browser: &Browser, way: &Value, (ceremony, credential): (&Value, &Value)) -> Answer {
    let mut body = way.clone();
    body["ceremony"] = ceremony.clone();
    body["credential"] = credential.clone();
    browser.call("/login/create/passkey/finish", &body).await
}

async fn create_passkey(app: &TestApp, browser: &Browser, way: &Value) -> (Answer, SoftAuthenticator) {
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let (ceremony, options) = options(browser, way).await;
    let credential = authenticator.create(&options).unwrap();
    (finish(browser, way, (&ceremony, &credential)).await, authenticator)
}

async fn use_password(browser: &Browser, way: &Value, password: &str) -> Answer {
    let text = |name: &str| way[name].as_str().unwrap_or_default();
    let fields = [("flow", text("flow")), ("attempt", text("attempt")), ("password", password)];
    browser.post("/login/create/password", &fields).await
}

async fn person(app: &TestApp, email: &str) -> Option<User> {
    users::by_email(&app.app.store, &Email::parse(email).unwrap()).await.unwrap()
}

fn leads_to_creation(answer: &Answer) -> String {
    assert!(answer.location().starts_with("/login/create?attempt="), "{answer:?}");
    answer.parameter("attempt").unwrap()
}

async fn claims(clinic: &Application, answer: &Answer) -> Value {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = clinic.redeem(&code).await.json();
    let payload = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&idp::crypto::base64url::decode(&payload).unwrap()).unwrap()
}

/// §4.1: a value that is not among `prompt_values_supported` is refused, and named in the description.
#[tokio::test]
async fn switched_off_nothing_of_it_is_there() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let (clinic, browser) = (app.clinic(), app.browser());
    let metadata = clinic.get("/.well-known/openid-configuration", &[]).await.json();
    assert!(!metadata["prompt_values_supported"].as_array().unwrap().contains(&json!("create")));
    let answer = clinic.authorize(&browser, &[CREATE]).await;
    assert_eq!(answer.parameter("error").as_deref(), Some("invalid_request"), "{answer:?}");
    assert!(answer.parameter("error_description").unwrap().contains("prompt=create"), "{answer:?}");
    for (method, path) in PAGES {
        let answer = match (method, path.ends_with("options") || path.ends_with("finish")) {
            ("GET", _) => browser.get(path).await,
            (_, true) => browser.call(path, &json!({})).await,
            (_, false) => browser.post(path, &[("email", NEW)]).await,
        };
        assert_eq!(answer.status, 404, "{method} {path}");
        answer.assert_error_page("<h1");
    }
    assert!(!browser.get("/login").await.body.contains("/login/create"));
    assert!(app.mails().await.is_empty());
}

/// §4.2, product §2: advertised, asked for by an application, and named on the sign-in page.
#[tokio::test]
async fn switched_on_an_application_can_ask_for_it() {
    let app = open().await;
    let (clinic, browser) = (app.clinic(), app.browser());
    let metadata = clinic.get("/.well-known/openid-configuration", &[]).await.json();
    assert!(metadata["prompt_values_supported"].as_array().unwrap().contains(&json!("create")));
    let asked = clinic.authorize(&browser, &[CREATE, ("login_hint", NEW)]).await;
    let page = browser.get(&asked.location()).await;
    for shown in
        ["Create an account", "Lindenhof Clinic", NEW, "Continue", "I have an account", "/login/cancel"]
    {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let attempt = leads_to_creation(&asked);
    let sign_in = browser.get(&format!("/login?attempt={attempt}")).await;
    assert!(sign_in.body.contains(&format!("/login/create?attempt={attempt}")), "{}", sign_in.body);
    assert!(browser.get("/login").await.body.contains("\"/login/create\""));
}

/// RFC 9126 §2.1: a pushed request is judged as one that comes by browser.
#[tokio::test]
async fn a_pushed_request_can_ask_for_it_where_it_is_switched_on() {
    for (app, status) in [(open().await, 201), (TestApp::init().await, 400)] {
        let (clinic, browser) = (app.clinic(), app.browser());
        let request = clinic.request_with(&[CREATE]);
        let fields: Vec<_> = request.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let pushed = clinic.call("/oidc/par", &fields).await;
        assert_eq!(pushed.status, status, "{pushed:?}");
        if status == 201 {
            let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
            let query = [("client_id", clinic.client_id.as_str()), ("request_uri", &uri)];
            let query = serde_urlencoded::to_string(query).unwrap();
            leads_to_creation(&browser.get(&format!("/oidc/authorize?{query}")).await);
        }
    }
}

/// §4: `create` stands alone; consent, which comes afterwards, is nothing it excludes.
#[tokio::test]
async fn create_excludes_what_contradicts_it() {
    let app = open().await;
    let (clinic, browser) = (app.clinic(), app.browser());
    for prompt in ["create none", "create login", "select_account create"] {
        let answer = clinic.authorize(&browser, &[("prompt", prompt)]).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("invalid_request"), "{prompt}: {answer:?}");
    }
    leads_to_creation(&clinic.authorize(&browser, &[("prompt", "create consent")]).await);
}

/// D4, B7: an account with a passkey from the beginning, signed in and back at the application.
#[tokio::test]
async fn somebody_makes_an_account_and_arrives_at_the_application() {
    let app = open().await;
    let (clinic, browser) = (app.clinic(), app.browser());
    let attempt = leads_to_creation(&clinic.authorize(&browser, &[CREATE]).await);
    let link = link(&app, &browser, &attempt).await;
    let way = arrive(&browser, &link).await;
    let (answer, mut authenticator) = create_passkey(&app, &browser, &way).await;
    let location = answer.json()["location"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/oidc/authorize/resume?attempt={attempt}"));
    let claims = claims(&clinic, &browser.get(&location).await).await;
    let user = person(&app, NEW).await.unwrap();
    assert_eq!((&claims["sub"], &claims["acr"]), (&json!(user.id.to_string()), &json!("phr")));
    assert!(user.email_verified && user.role.is_none());
    assert_eq!(user.display_name(), "Nia Newcomer");
    assert_eq!(user.language.unwrap().as_str(), "en");
    assert!(browser.is_signed_in().await);
    let mut trail = app.trail(user.id).await;
    trail.reverse();
    assert_eq!(trail[..3], ["user-created", "passkey-added", "signed-in"], "M8");
    app.mail_about(NEW, "Welcome to Portico").await;
    app.browser().log_in_with_passkey(&mut authenticator).await;
}

/// G5: existing, disabled and unknown addresses get the same status, headers and page, and the same is done
/// while they wait: one thing is written down.
#[tokio::test]
async fn asking_tells_nobody_who_has_an_account() {
    let app = open().await;
    let ada = app.person(ADA).await;
    let gone = app.person("gone@example.org").await;
    app.disable_person(gone.id).await;
    let mut seen = Vec::new();
    for email in [ADA, "gone@example.org", NEW, "ADA@Example.org"] {
        let browser = app.browser();
        browser.get("/login/create").await;
        let answer = browser.post("/login/create", &[("email", email)]).await;
        let waiting = app.texts("SELECT kind FROM outbox").await;
        assert_eq!(waiting, ["sign-up-request"], "{email}");
        idp::jobs::deliver(&app.app).await.unwrap();
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        let (csrf, email) = (answer.csrf(), email.to_lowercase());
        let nonce =
            answer.body.split("nonce=\"").nth(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        let mut body = answer.body.replace(&csrf, "").replace(&email, "");
        if let Some(nonce) = nonce {
            body = body.replace(&nonce, "");
        }
        seen.push((answer.status, names, body));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
    let mails = app.mails().await;
    let to = |email: &str| mails.iter().filter(|mail| mail.to == email).count();
    assert_eq!((to(ADA), to("gone@example.org"), to(NEW)), (2, 0, 1));
    let to_ada = app.mail_about(ADA, "You have an account already").await;
    assert!(to_ada.text.contains(&format!("{}/login\n", app.issuer())), "{}", to_ada.text);
    assert!(!to_ada.text.contains("token="), "{}", to_ada.text);
    assert_eq!(app.trail(ada.id).await[0], "sign-up-requested");
}

/// K4, product "nothing by GET": scanners of mail follow links. And a name alone makes no account.
#[tokio::test]
async fn a_link_acts_on_post_only_and_a_name_is_no_account() {
    let app = open().await;
    let browser = app.browser();
    let link = link(&app, &browser, "").await;
    for _ in 0..3 {
        let page = app.browser().get(&link).await;
        assert_eq!((page.status.as_u16(), page.header("referrer-policy")), (200, "no-referrer"));
    }
    assert!(person(&app, NEW).await.is_none());
    let way = arrive(&browser, &link).await;
    options(&browser, &way).await;
    assert!(person(&app, NEW).await.is_none() && !browser.is_signed_in().await);
    let answer = use_password(&browser, &way, "seven herons in the fog").await;
    assert_eq!(answer.location(), "/account");
    assert!(person(&app, NEW).await.is_some());
}

/// K3, T20: of any number at the same time one makes the account.
#[tokio::test]
async fn a_link_makes_one_account() {
    let app = open().await;
    let link = link(&app, &app.browser(), "").await;
    let browsers: Vec<_> = (0..6).map(|_| app.browser()).collect();
    let mut ways = Vec::new();
    for browser in &browsers {
        ways.push(arrive(browser, &link).await);
    }
    let answers = browsers.iter().zip(&ways).map(|(browser, way)| use_password(browser, way, PASSWORD));
    let answers = join_all(answers).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
    let used = app.browser().get(&link).await;
    assert_eq!(used.status, 400);
    used.assert_error_page("This link does not work any more");
    assert_eq!(introduce(&app.browser(), &link).await.status, 400);
    assert_eq!(app.texts("SELECT email FROM user").await, [NEW]);
}

/// K3: the newest link is not the only good one, and all end with the account.
#[tokio::test]
async fn asking_again_ends_no_link_and_an_account_ends_them_all() {
    let app = open().await;
    let browser = app.browser();
    let (first, second) = (link(&app, &browser, "").await, link(&app, &browser, "").await);
    assert_ne!(first, second);
    let way = arrive(&browser, &first).await;
    assert_eq!(use_password(&browser, &way, PASSWORD).await.status, 303);
    assert_eq!(app.browser().get(&second).await.status, 400);
    let taken = open().await;
    let early = link(&taken, &taken.browser(), "").await;
    taken.person(NEW).await;
    assert_eq!(taken.browser().get(&early).await.status, 400, "the address is somebody's by now");
}

/// K3: an hour, also for who has said their name already.
#[tokio::test]
async fn a_link_does_not_work_for_long() {
    let app = open().await;
    let browser = app.browser();
    let good = link(&app, &browser, "").await;
    app.advance(Duration::minutes(59));
    let way = arrive(&browser, &good).await;
    app.advance(Duration::minutes(1));
    assert_eq!(browser.get(&good).await.status, 400);
    let late = browser.call("/login/create/passkey/options", &way).await;
    assert_eq!((late.status.as_u16(), &late.json()["failure"]), (403, &json!("link-expired")));
    assert_eq!(use_password(&browser, &way, PASSWORD).await.status, 400);
    assert!(person(&app, NEW).await.is_none());
    for token in ["", "nothing", "idp_na_x"] {
        assert_eq!(browser.get(&format!("/login/create/name?token={token}")).await.status, 400);
    }
    idp::jobs::purge(&app.app).await.unwrap();
    assert!(app.texts("SELECT email FROM sign_up").await.is_empty());
}

/// In another browser than the one that asked, the account page is where it ends; what the first browser was on
/// the way to stays its own (A20, J6).
#[tokio::test]
async fn a_link_works_in_another_browser_and_takes_nothing_along() {
    let app = open().await;
    let (clinic, desk, phone) = (app.clinic(), app.browser(), app.browser());
    let attempt = leads_to_creation(&clinic.authorize(&desk, &[CREATE]).await);
    let link = link(&app, &desk, &attempt).await;
    assert_eq!(parameter(&link, "attempt"), attempt);
    assert!(!phone.get(&link).await.body.contains("Lindenhof"));
    let way = arrive(&phone, &link).await;
    let (answer, mut authenticator) = create_passkey(&app, &phone, &way).await;
    assert_eq!(answer.json()["location"], "/account", "{answer:?}");
    assert!(phone.is_signed_in().await && !desk.is_signed_in().await);
    let context = json!({ "attempt": attempt });
    let signed_in = desk.use_passkey(&mut authenticator, &context).await.json();
    let answer = desk.get(signed_in["location"].as_str().unwrap()).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
}

/// The request of an application lives for half an hour, the link for an hour.
#[tokio::test]
async fn a_link_outlives_the_request_it_came_from() {
    let app = open().await;
    let (clinic, browser) = (app.clinic(), app.browser());
    let attempt = leads_to_creation(&clinic.authorize(&browser, &[CREATE]).await);
    let link = link(&app, &browser, &attempt).await;
    app.advance(Duration::minutes(31));
    let way = arrive(&browser, &link).await;
    let (answer, _) = create_passkey(&app, &browser, &way).await;
    assert_eq!(answer.json()["location"], "/account", "{answer:?}");
}

/// K5, J6: what was begun in one browser is nothing in another.
#[tokio::test]
async fn a_beginning_belongs_to_its_browser() {
    let app = open().await;
    let (browser, thief) = (app.browser(), app.browser());
    let way = arrive(&browser, &link(&app, &browser, "").await).await;
    let (ceremony, creation) = options(&browser, &way).await;
    let flow = way["flow"].as_str().unwrap();
    assert_eq!(thief.get(&format!("/login/create/passkey?flow={flow}")).await.status, 400);
    assert_eq!(thief.call("/login/create/passkey/options", &way).await.status, 403);
    assert_eq!(use_password(&thief, &way, PASSWORD).await.status, 400);
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let credential = authenticator.create(&creation).unwrap();
    assert_eq!(finish(&thief, &way, (&ceremony, &credential)).await.status, 403);
    assert!(person(&app, NEW).await.is_none());
    assert_eq!(finish(&browser, &way, (&ceremony, &credential)).await.status, 200);
}

/// I1: a challenge for one purpose is worth nothing for another, and each works once.
#[tokio::test]
async fn a_challenge_is_for_this_and_for_once() {
    let app = open().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (foreign, creation) = browser.creation_options().await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let credential = authenticator.create(&creation).unwrap();
    let way = arrive(&browser, &link(&app, &browser, "").await).await;
    let answer = finish(&browser, &way, (&json!(foreign), &credential)).await;
    assert_eq!(answer.json()["failure"], "passkey-expired", "{answer:?}");
    let (ceremony, creation) = options(&browser, &way).await;
    let other = SoftAuthenticator::new("https://evil.example").create(&creation).unwrap();
    assert_eq!(finish(&browser, &way, (&ceremony, &other)).await.json()["failure"], "passkey-rejected");
    let credential = authenticator.create(&creation).unwrap();
    let again = finish(&browser, &way, (&ceremony, &credential)).await;
    assert_eq!(again.json()["failure"], "passkey-expired", "{again:?}");
    assert!(person(&app, NEW).await.is_none());
}

/// J6: whoever was signed in here before is no longer.
#[tokio::test]
async fn a_new_account_takes_nobodys_session_over() {
    let app = open().await;
    app.person(ADA).await;
    let (clinic, browser) = (app.clinic(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.advance(Duration::seconds(5));
    let attempt = leads_to_creation(&clinic.authorize(&browser, &[CREATE]).await);
    let way = arrive(&browser, &link(&app, &browser, &attempt).await).await;
    let (answer, _) = create_passkey(&app, &browser, &way).await;
    let resumed = browser.get(answer.json()["location"].as_str().unwrap()).await;
    let user = person(&app, NEW).await.unwrap();
    assert_eq!(claims(&clinic, &resumed).await["sub"], user.id.to_string());
    assert_eq!(app.texts("SELECT CAST(COUNT(*) AS TEXT) FROM session").await, ["1"]);
}

/// Whoever was sent to make an account and has one logs in, anew: the session there was is no answer.
#[tokio::test]
async fn somebody_with_an_account_logs_in_instead() {
    let app = open().await;
    app.person(ADA).await;
    let (clinic, browser) = (app.clinic(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.advance(Duration::seconds(5));
    let attempt = leads_to_creation(&clinic.authorize(&browser, &[CREATE]).await);
    let resume = format!("/oidc/authorize/resume?attempt={attempt}");
    leads_to_creation(&browser.get(&resume).await);
    browser.post("/login", &[("attempt", &*attempt), ("email", ADA), ("password", PASSWORD)]).await;
    assert!(browser.get(&resume).await.parameter("code").is_some());
}

/// An operator may name domains; each is meant exactly, and being refused says nothing about an account.
#[tokio::test]
async fn only_addresses_of_the_named_domains_are_admitted() {
    let app = open_with(&[("IDP_SIGN_UP__ALLOWED_DOMAINS", "Clinic.example, example.org")]).await;
    app.person("eve@elsewhere.example").await;
    for (email, admitted) in [
        ("nia@clinic.example", true),
        ("nia@CLINIC.example", true),
        (NEW, true),
        ("eve@elsewhere.example", false),
        ("nobody@elsewhere.example", false),
        ("nia@sub.clinic.example", false),
        ("nia@notclinic.example", false),
        ("nia@clinic.example.evil.example", false),
    ] {
        let answer = app.browser().post("/login/create", &[("email", email)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.contains("We have sent you a message"), admitted, "{email}");
        assert_eq!(answer.body.contains("addresses of certain organizations only"), !admitted, "{email}");
    }
    assert!(app.mails().await.iter().all(|mail| !mail.to.contains("elsewhere")));
    let answer = app.browser().post("/login/create", &[("email", "no address")]).await;
    assert!(answer.body.contains("Please enter an email address"), "{}", answer.body);
}

/// G6: as with forgotten passwords: three an hour for one address from one network, and nobody is told.
#[tokio::test]
async fn nobody_floods_a_mailbox() {
    let app = open().await;
    let browser = app.browser();
    for _ in 0..5 {
        let answer = browser.post("/login/create", &[("email", NEW)]).await;
        assert!(answer.body.contains("We have sent you a message"));
    }
    assert_eq!(app.mails().await.len(), 3);
    for number in 0..110 {
        browser.post("/login/create", &[("email", &format!("nobody{number}@example.org"))]).await;
    }
    assert_eq!(
        app.mails().await.len(),
        98,
        "a hundred a network, of which two were the fourth and fifth above"
    );
    app.advance(Duration::hours(1));
    browser.post("/login/create", &[("email", NEW)]).await;
    assert_eq!(app.mails().await.len(), 99);
}

/// F1, F4: the rules for passwords hold here, too; nothing is lost by a refusal; and it opens the account later.
#[tokio::test]
async fn a_password_is_judged_as_everywhere() {
    let app = open().await;
    let (clinic, browser) = (app.clinic(), app.browser());
    let attempt = leads_to_creation(&clinic.authorize(&browser, &[CREATE]).await);
    let way = arrive(&browser, &link(&app, &browser, &attempt).await).await;
    for (password, text) in [
        ("short", "too short"),
        ("passwordpassword", "This password is guessed first"),
        ("newcomer@example.org1", "contains your name"),
        ("", "Please enter"),
    ] {
        let answer = use_password(&browser, &way, password).await;
        assert!(answer.status == 200 && answer.body.contains(text), "{password}: {}", answer.body);
    }
    let answer = use_password(&browser, &way, "seven herons in the fog").await;
    assert_eq!(claims(&clinic, &browser.get(&answer.location()).await).await["acr"], "pwd");
    app.browser().log_in_with_password(NEW, "seven herons in the fog").await;
}

/// product §1, 2.9: what is asked of everybody is asked of who is new, too.
#[tokio::test]
async fn a_password_alone_opens_no_account_where_more_is_asked_of_everybody() {
    for (policy, leads) in [
        ("require_second_factor", "/login/enrol"),
        ("require_passkey", "/account/passkeys/create"),
        ("passkey_only", "/account/passkeys/create"),
    ] {
        let app = open_with(&[("IDP_SIGN_IN__POLICY", policy)]).await;
        let browser = app.browser();
        let way = arrive(&browser, &link(&app, &browser, "").await).await;
        let answer = use_password(&browser, &way, "seven herons in the fog").await;
        assert!(answer.location().starts_with(leads), "{policy}: {}", answer.location());
        assert!(!browser.is_signed_in().await, "{policy}");
        assert!(person(&app, NEW).await.is_some());
        browser.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
    }
}

#[tokio::test]
async fn a_missing_name_is_asked_for_again() {
    let app = open().await;
    let browser = app.browser();
    let token = parameter(&link(&app, &browser, "").await, "token");
    let fields = [("token", &*token), ("given_name", "Nia <b>"), ("family_name", " ")];
    let answer = browser.post("/login/create/name", &fields).await;
    assert!(answer.status == 200 && answer.body.contains("Please enter a name."), "{}", answer.body);
    assert!(answer.body.contains(&token) && answer.body.contains("Nia &lt;b&gt;"), "{}", answer.body);
}
