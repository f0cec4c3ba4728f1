//! Front-channel logout: checklist 25, OpenID Connect Front-Channel Logout 1.0.

use serde_json::json;

use super::{Office, form, part, text};
use crate::support::{Answer, Application};

const CLIENTS: &str = r#"
[[clients]]
id = "lab"
name = "Lab"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://lab.example.org/cb"]
post_logout_redirect_uris = ["https://lab.example.org/bye"]
frontchannel_logout_uri = "https://lab.example.org/front?tenant=a"

[[clients]]
id = "x-ray"
name = "X-ray"
type = "spa"
redirect_uris = ["https://x-ray.example.org/cb"]
frontchannel_logout_uri = "https://x-ray.example.org/front"

[[clients]]
id = "study"
name = "Study"
type = "spa"
subject_type = "pairwise"
redirect_uris = ["https://study.example.org/cb"]
frontchannel_logout_uri = "https://study.example.org/front"
"#;

async fn office() -> (Office, Application, Application) {
    let office = Office::with_clients(CLIENTS).await;
    let lab = office.client("lab", Some(super::SECRET), "https://lab.example.org/cb");
    let x_ray = office.client("x-ray", None, "https://x-ray.example.org/cb");
    (office, lab, x_ray)
}

/// The addresses of the frames, as a browser reads them.
fn frames(page: &Answer) -> Vec<String> {
    let sources =
        page.body.split("<iframe").skip(1).filter_map(|rest| rest.split_once("src=\"")?.1.split('"').next());
    sources.map(|source| source.replace("&amp;", "&").replace("&#x2f;", "/")).collect()
}

/// The page and its policy.
fn assert_told(page: &Answer, expected: &[String]) {
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(frames(page), expected);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-src https://lab.example.org") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
}

fn address(office: &Office, start: &str, sid: &str) -> String {
    let joint = if start.contains('?') { '&' } else { '?' };
    format!("{start}{joint}{}", form(&[("iss", &office.app.issuer()), ("sid", sid)]))
}

/// Checklist 25: frames with `iss` and `sid`, then the redirect.
#[tokio::test]
async fn the_browser_tells_every_application_of_the_session_and_goes_on() {
    let (office, lab, x_ray) = office().await;
    let id_token = text(&lab.tokens(&office.browser, &[]).await, "id_token").to_owned();
    let sid = text(&part(&id_token, 1), "sid").to_owned();
    let bye = "https://lab.example.org/bye";
    let query = form(&[("id_token_hint", &id_token), ("post_logout_redirect_uri", bye), ("state", "a b")]);
    let page = office.browser.get(&format!("/oidc/logout?{query}")).await;
    assert_told(&page, &[address(&office, "https://lab.example.org/front?tenant=a", &sid)]);
    assert!(
        page.body.contains("href=\"https:&#x2f;&#x2f;lab.example.org&#x2f;bye?state=a+b\""),
        "{}",
        page.body
    );
    assert!(!office.browser.is_signed_in().await);
    assert!(page.header("clear-site-data").contains("storage"));
    let again = office.browser.get(&format!("/oidc/logout?{query}")).await;
    assert_eq!(again.location(), format!("{bye}?state=a+b"), "nobody is left to be told");
    let silent = x_ray.authorize(&office.browser, &[("prompt", "none")]).await;
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"));
}

/// Logging out at our own pages tells them as well.
#[tokio::test]
async fn logging_out_here_tells_them_too() {
    let (office, lab, x_ray) = office().await;
    let tokens = [lab.tokens(&office.browser, &[]).await, x_ray.tokens(&office.browser, &[]).await];
    let sid = part(text(&tokens[0], "id_token"), 1)["sid"].clone();
    assert_eq!(part(text(&tokens[1], "id_token"), 1)["sid"], sid);
    let sid = sid.as_str().unwrap();
    let out = office.browser.post("/logout", &[]).await;
    assert!(out.location().starts_with("/oidc/logout/farewell?request="), "{out:?}");
    assert!(!office.browser.is_signed_in().await);
    let page = office.browser.get(&out.location()).await;
    let told = [
        address(&office, "https://lab.example.org/front?tenant=a", sid),
        address(&office, "https://x-ray.example.org/front", sid),
    ];
    assert_told(&page, &told);
    assert!(page.body.contains("/login/signed-out") || page.body.contains("&#x2f;login&#x2f;signed-out"));
    let again = office.browser.get(&out.location()).await;
    assert_eq!(again.location(), "/login/signed-out", "once");
}

/// Who was not used in the session, is no client any more, or has no page, is not told.
#[tokio::test]
async fn nobody_else_is_told() {
    let (office, lab, _) = office().await;
    office.practice().tokens(&office.browser, &[]).await;
    office.log_out().await;
    office.browser.log_in_with_password(super::ADA, crate::support::PASSWORD).await;
    lab.tokens(&office.browser, &[]).await;
    super::disable_client(&office.app, "lab").await;
    office.log_out().await;
    let metadata = office.practice().get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata["frontchannel_logout_session_supported"], json!(true));
}

/// OIDC Core §8.1: a client with names of its own is told of its own name for the session.
#[tokio::test]
async fn a_client_hears_the_name_that_it_knows() {
    let (office, lab, _) = office().await;
    let study = office.client("study", None, "https://study.example.org/cb");
    let common = part(text(&lab.tokens(&office.browser, &[]).await, "id_token"), 1)["sid"].clone();
    let own = part(text(&study.tokens(&office.browser, &[]).await, "id_token"), 1)["sid"].clone();
    assert_ne!(own, common);
    let page = office.browser.get(&office.browser.post("/logout", &[]).await.location()).await;
    assert_told(
        &page,
        &[
            address(&office, "https://lab.example.org/front?tenant=a", common.as_str().unwrap()),
            address(&office, "https://study.example.org/front", own.as_str().unwrap()),
        ],
    );
}

/// Only of the session that ends: what somebody else uses, or the same person elsewhere, goes on.
#[tokio::test]
async fn clients_of_another_session_are_not_told() {
    let (office, lab, x_ray) = office().await;
    let elsewhere = office.browser_of(super::ADA).await;
    x_ray.tokens(&elsewhere, &[]).await;
    lab.tokens(&office.browser, &[]).await;
    let page = office.browser.get(&office.browser.post("/logout", &[]).await.location()).await;
    let told = frames(&page);
    assert!(told.len() == 1 && told[0].starts_with("https://lab.example.org/"), "{told:?}");
}

/// More frames than anybody waits for are not made.
#[tokio::test]
async fn a_page_has_twenty_frames_at_most() {
    let many = (0..22).map(|n| {
        format!(
            "[[clients]]\nid = \"app-{n}\"\nname = \"App\"\ntype = \"spa\"\nredirect_uris = [\"https://a{n}.example.org/cb\"]\n\
             frontchannel_logout_uri = \"https://a{n}.example.org/front\"\n"
        )
    });
    let office = Office::with_clients(&many.collect::<String>()).await;
    for n in 0..22 {
        let client = office.client(&format!("app-{n}"), None, &format!("https://a{n}.example.org/cb"));
        client.tokens(&office.browser, &[]).await;
    }
    let page = office.browser.get(&office.browser.post("/logout", &[]).await.location()).await;
    assert_eq!(frames(&page).len(), 20);
}
