//! Names for people that applications can not compare: OIDC Core §8, checklist 23.

use idp::crypto::{base64url, sha256};
use serde_json::json;

use super::{Office, assert_redirected_error, part, text, verified};
use crate::support::{Application, PASSWORD};

const CLIENTS: &str = r#"
[[clients]]
id = "lab"
name = "Lab"
type = "web"
secret = "a secret that the practice keeps to itself"
subject_type = "pairwise"
redirect_uris = ["https://lab.example.org/cb"]
post_logout_redirect_uris = ["https://lab.example.org/bye"]

[[clients]]
id = "lab-app"
name = "Lab app"
type = "spa"
subject_type = "pairwise"
redirect_uris = ["https://lab.example.org/app"]

[[clients]]
id = "x-ray"
name = "X-ray"
type = "spa"
subject_type = "pairwise"
sector_identifier = "group.example.org"
redirect_uris = ["https://x-ray.example.org/cb", "https://old.example.org/cb"]
"#;

struct Labs {
    office: Office,
    lab: Application,
    app: Application,
    x_ray: Application,
}

async fn labs() -> Labs {
    let office = Office::with_clients(CLIENTS).await;
    let lab = office.client("lab", Some(super::SECRET), "https://lab.example.org/cb");
    let app = office.client("lab-app", None, "https://lab.example.org/app");
    let x_ray = office.client("x-ray", None, "https://x-ray.example.org/cb");
    Labs { office, lab, app, x_ray }
}

/// The same within a sector, another one in each, and neither tells who it is.
#[tokio::test]
async fn a_person_has_one_name_in_each_sector() {
    let Labs { office, lab, app, x_ray } = labs().await;
    let mut names = Vec::new();
    for client in [&lab, &app, &x_ray, &office.practice()] {
        let tokens = client.tokens(&office.browser, &[]).await;
        let id_token = verified(client, text(&tokens, "id_token")).await;
        let access_token = text(&tokens, "access_token");
        assert_eq!(client.userinfo(access_token).await.json()["sub"], id_token["sub"], "checklist 21");
        assert_eq!(part(access_token, 1)["sub"], id_token["sub"]);
        let refreshed = client.refresh(text(&tokens, "refresh_token")).await.json();
        assert_eq!(part(text(&refreshed, "id_token"), 1)["sub"], id_token["sub"], "checklist 18");
        names.push((text(&id_token, "sub").to_owned(), text(&id_token, "sid").to_owned()));
    }
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0].0, names[2].0);
    assert_ne!(names[0].1, names[2].1, "the session has no common name either");
    let ada = office.ada.id.to_string();
    assert_eq!(names[3].0, ada);
    assert!(names[..3].iter().all(|(sub, sid)| *sub != ada && *sid != names[3].1), "{names:?}");
    // Nobody works them out who knows the sector and the person, but not our key.
    let (sector, id) = (b"lab.example.org\0".as_slice(), office.ada.id.uuid());
    for guess in [[sector, id.as_bytes()].concat(), [id.as_bytes().as_slice(), sector].concat()] {
        assert_ne!(base64url::encode(sha256(&guess)), names[0].0);
    }
    let eve = office.app.person(super::EVE).await;
    let browser = office.browser_of(super::EVE).await;
    let others = part(text(&lab.tokens(&browser, &[]).await, "id_token"), 1);
    assert!(others["sub"] != names[0].0.as_str() && others["sub"] != eve.id.to_string());
}

/// Checklist 8: its own ID token is a hint of who is meant; nobody else's name is.
#[tokio::test]
async fn a_hint_names_the_person_as_the_application_knows_them() {
    let Labs { office, lab, x_ray, .. } = labs().await;
    office.app.person(super::EVE).await;
    let hint = text(&lab.tokens(&office.browser, &[]).await, "id_token").to_owned();
    let silent = [("prompt", "none"), ("id_token_hint", hint.as_str())];
    assert!(lab.authorize(&office.browser, &silent).await.parameter("code").is_some());
    let eve = office.browser_of(super::EVE).await;
    assert_redirected_error(&lab.authorize(&eve, &silent).await, &lab, "account_selection_required");
    let sub = part(&hint, 1)["sub"].clone();
    let claims = json!({ "id_token": { "sub": { "value": sub } } }).to_string();
    let silent = [("prompt", "none"), ("claims", claims.as_str())];
    assert!(lab.authorize(&office.browser, &silent).await.parameter("code").is_some());
    assert_redirected_error(
        &x_ray.authorize(&office.browser, &silent).await,
        &x_ray,
        "account_selection_required",
    );
    for nobody in ["", "x", "lab", &"A".repeat(42)] {
        let claims = json!({ "id_token": { "sub": { "value": nobody } } }).to_string();
        let refused = lab.authorize(&office.browser, &[("claims", claims.as_str())]).await;
        assert_redirected_error(&refused, &lab, "invalid_request");
    }
    let public = json!({ "id_token": { "sub": { "value": office.ada.id } } }).to_string();
    let silent = [("prompt", "none"), ("claims", public.as_str())];
    assert_redirected_error(
        &lab.authorize(&office.browser, &silent).await,
        &lab,
        "account_selection_required",
    );
}

/// Checklist 24
#[tokio::test]
async fn its_id_token_logs_out() {
    let Labs { office, lab, .. } = labs().await;
    let hint = text(&lab.tokens(&office.browser, &[]).await, "id_token").to_owned();
    let query =
        [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://lab.example.org/bye")];
    let eve = office.app.person(super::EVE).await;
    let other = office.browser_of(super::EVE).await;
    let asked = other.get(&format!("/oidc/logout?{}", super::form(&query))).await;
    assert_eq!(asked.status, 200, "of somebody else's session, {} is asked: {asked:?}", eve.id);
    let out = office.browser.get(&format!("/oidc/logout?{}", super::form(&query))).await;
    assert_eq!(out.location(), "https://lab.example.org/bye");
    assert!(!office.browser.is_signed_in().await);
    office.browser.log_in_with_password(super::ADA, PASSWORD).await;
    let again = office.browser.get(&format!("/oidc/logout?{}", super::form(&query))).await;
    assert_eq!(again.location(), "https://lab.example.org/bye", "the person is the same");
}

/// A token of one is the introspecting application's business under its own name for the person.
#[tokio::test]
async fn introspection_says_the_same_name() {
    let Labs { office, lab, .. } = labs().await;
    let tokens = lab.tokens(&office.browser, &[]).await;
    let sub = part(text(&tokens, "id_token"), 1)["sub"].clone();
    for name in ["access_token", "refresh_token"] {
        let answer = lab.call("/oidc/introspect", &[("token", text(&tokens, name))]).await.json();
        assert_eq!((&answer["active"], &answer["sub"]), (&json!(true), &sub), "{name}");
    }
}
