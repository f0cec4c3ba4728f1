//! The profile for a run of the conformance suite: what it widens, whom it makes, and where it refuses to run.

use idp::app::App;
use idp::clock::{SharedClock, SystemClock};
use idp::config::Config;
use idp::http_client::HttpClient;
use serde_json::Value;

use crate::support::{Application, Options, PASSWORD, TempDir, TestApp};

const PERSON: &str = r#"{
    "email": "suite@example.org",
    "password": "a long walk by the river",
    "given_name": "Sue",
    "family_name": "Ite",
    "locale": "en-GB",
    "zoneinfo": "Europe/London",
    "details": { "phone_number": "+41441234567", "address": { "country": "CH" }, "birthdate": "2000-01-01" }
}"#;

fn profile(dir: &TempDir) -> String {
    let file = dir.0.join("person.json");
    std::fs::write(&file, PERSON).unwrap();
    format!(
        "[conformance]\nenabled = true\nperson_file = \"{}\"\n[[clients]]\nid = \"suite\"\nname = \"Suite\"\ntype = \"spa\"\n\
         scopes = [\"openid\", \"email\", \"phone\", \"address\"]\nredirect_uris = [\"https://suite.example.org/cb\"]",
        file.display()
    )
}

#[tokio::test]
async fn somebody_is_made_of_whom_everything_is_known() {
    let dir = TempDir::new("profile");
    let app = TestApp::with(Options { config_file: Some(profile(&dir)), ..Options::default() }).await;
    let browser = app.browser();
    browser.log_in_with_password("suite@example.org", PASSWORD).await;
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200, "{page:?}");
    let suite = Application::new(&app, "suite", None, "https://suite.example.org/cb");
    let tokens = suite.tokens(&browser, &[("scope", "openid email phone address")]).await;
    let userinfo: Value = suite.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo["address"]["country"], "CH");
    assert_eq!(
        (&userinfo["email_verified"], &userinfo["phone_number"]),
        (&true.into(), &"+41441234567".into())
    );
    // A second start finds them there.
    let again = App::build(app.app.config.clone(), std::sync::Arc::new(SystemClock) as SharedClock).await;
    assert!(again.is_ok(), "{:#}", again.unwrap_err());
}

/// It softens a service that people use in no case.
#[tokio::test]
async fn it_does_not_start_where_other_people_have_accounts() {
    let dir = TempDir::new("profile");
    let app = TestApp::with(Options { config_file: Some(profile(&dir)), ..Options::default() }).await;
    app.person("ada@example.org").await;
    let refused = App::build(app.app.config.clone(), std::sync::Arc::new(SystemClock) as SharedClock).await;
    let why = format!("{:#}", refused.unwrap_err());
    assert!(why.contains("Give the suite a database of its own"), "{why}");
}

#[tokio::test]
async fn a_file_that_can_not_be_used_is_named() {
    let dir = TempDir::new("profile");
    let settings = profile(&dir);
    for (text, why) in [("{}", "missing field"), (&PERSON.replace("\"email\"", "\"mail\""), "unknown field")]
    {
        std::fs::write(dir.0.join("person.json"), text).unwrap();
        let file = dir.0.join("idp.toml");
        std::fs::write(&file, &settings).unwrap();
        let data = dir.0.join("data").display().to_string();
        let environment = [
            ("IDP_DATA_DIR".to_owned(), data),
            ("IDP_PUBLIC_URL".to_owned(), "http://localhost:9".to_owned()),
        ];
        let config = Config::from_sources(Some(&file), environment).unwrap();
        let refused = App::build(config, std::sync::Arc::new(SystemClock) as SharedClock).await;
        let said = format!("{:#}", refused.unwrap_err());
        assert!(said.contains("conformance.person_file") && said.contains(why), "{said}");
    }
}

/// S22: calls to this machine are for the profile, and for nothing else on a public address.
#[tokio::test]
async fn only_the_profile_may_call_this_machine() {
    let call = async |enabled: &str| {
        let environment = [
            ("IDP_PUBLIC_URL".to_owned(), "https://login.example.org".to_owned()),
            ("IDP_CONFORMANCE__ENABLED".to_owned(), enabled.to_owned()),
        ];
        let client = HttpClient::new(&Config::from_sources(None, environment).unwrap()).unwrap();
        client.get("https://127.0.0.1:9/x", "*/*").await.unwrap_err().to_string()
    };
    assert!(call("false").await.contains("must use https and name a host on the open internet"));
    assert!(call("true").await.contains("it did not answer"));
}

/// The person and the authority of the profile are nothing without it.
#[tokio::test]
async fn without_the_profile_its_files_are_not_looked_at() {
    let dir = TempDir::new("profile");
    let settings =
        profile(&dir).replace("enabled = true", "enabled = false\nca_file = \"/no/such/authority.pem\"");
    let app = TestApp::with(Options { config_file: Some(settings.clone()), ..Options::default() }).await;
    assert!(app.texts("SELECT email FROM user").await.is_empty());
    let file = dir.0.join("idp.toml");
    std::fs::write(&file, settings.replace("enabled = false", "enabled = true")).unwrap();
    let environment = [("IDP_PUBLIC_URL".to_owned(), "https://login.example.org".to_owned())];
    let config = Config::from_sources(Some(&file), environment).unwrap();
    let said = format!("{:#}", HttpClient::new(&config).unwrap_err());
    assert!(said.contains("conformance.ca_file /no/such/authority.pem can not be used"), "{said}");
}

/// The metadata are those of any other start: nothing is offered that a client could not have elsewhere.
#[tokio::test]
async fn it_offers_nothing_by_itself() {
    let dir = TempDir::new("profile");
    let app = TestApp::with(Options { config_file: Some(profile(&dir)), ..Options::default() }).await;
    let metadata = app.clinic().get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata["response_types_supported"], serde_json::json!(["code"]));
    let body = serde_json::json!({ "redirect_uris": ["https://suite.example.org/cb"] });
    let open = app.clinic().http.post(app.url("/oidc/register")).json(&body).send().await.unwrap();
    assert_eq!(open.status(), 401, "registration stays closed");
}
