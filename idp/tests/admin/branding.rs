//! Branding: who may set it, what is refused, and that pages look like it. Everything holds on both databases.

use idp::model::ids::OrganizationId;
use idp::model::user::ServiceRole;
use idp::store::organizations;
use time::Duration;

use super::pages::strong;
use super::people::organization;
use super::service::everybody;
use crate::support::{Answer, Application, Browser, Options, TestApp};

const CLIENTS: &str = r#"
[[clients]]
id = "rounds"
name = "Rounds"
type = "web"
secret = "a secret that the practice keeps to itself"
scopes = ["openid", "organizations"]
redirect_uris = ["https://rounds.example.org/cb"]
"#;

const SERVICE: &str = "/admin/branding";
const LIGHT: &str = "/admin/branding/logo/light";

async fn houses() -> Vec<TestApp> {
    let options =
        |environment| Options { environment, config_file: Some(CLIENTS.to_owned()), ..Options::default() };
    let mut houses = vec![TestApp::with(options(Vec::new())).await];
    if let Some(url) = crate::store::fresh_postgres().await {
        houses.push(TestApp::with(options(vec![("IDP_DATABASE__URL", url)])).await);
    }
    houses
}

fn of(id: OrganizationId) -> String {
    format!("/admin/organizations/{id}/branding")
}

/// A picture of 64 by 32 pixels that nothing hides in, told apart by `data`.
pub(super) fn png(data: &[u8]) -> Vec<u8> {
    let chunk = |kind: [u8; 4], data: &[u8]| {
        [&u32::try_from(data.len()).unwrap().to_be_bytes(), kind.as_slice(), data, &[0; 4]].concat()
    };
    let header = [&[0, 0, 0, 64, 0, 0, 0, 32], [8, 6, 0, 0, 0].as_slice()].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(*b"IHDR", &header), chunk(*b"IDAT", data), chunk(*b"IEND", b"")]
        .concat()
}

fn plain(answer: &Answer) -> String {
    answer.body.replace("&#x2f;", "/").replace("&amp;", "&")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before)
        .unwrap_or_else(|| panic!("{before} is not in {text}"))
        .1
        .split(after)
        .next()
        .unwrap()
}

/// Saves what is typed, on top of what the page says now.
async fn save(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.get(path).await;
    let version = between(&page.body, "name=\"version\" value=\"", "\"").to_owned();
    let fields: Vec<_> =
        [("do", "save"), ("version", version.as_str())].into_iter().chain(fields.iter().copied()).collect();
    browser.post(path, &fields).await
}

async fn operator(app: &TestApp) -> Browser {
    strong(app, "olive@example.org", Some(ServiceRole::Operator)).await.0
}

/// The log-in at the application, for an organization if one is named.
async fn log_in(app: &TestApp, browser: &Browser, organization: Option<&str>) -> (Answer, String) {
    let rounds = Application::new(
        app,
        "rounds",
        Some("a secret that the practice keeps to itself"),
        "https://rounds.example.org/cb",
    );
    let mut changes = vec![("scope", "openid organizations")];
    changes.extend(organization.map(|name| ("organization", name)));
    let sent = rounds.authorize(browser, &changes).await;
    let attempt = sent.parameter("attempt").unwrap_or_else(|| panic!("{sent:?}"));
    (browser.get(&sent.location()).await, attempt)
}

/// security M1, §2.18: columns are a plain person, the administrator of the clinic, support, auditor and operator.
#[tokio::test]
async fn a_look_is_seen_and_set_by_exactly_those_whom_the_matrix_names() {
    for app in houses().await {
        let browsers = everybody(&app).await;
        let (otto, person) = strong(&app, "otto@example.org", None).await;
        let elsewhere = organization(&app.app.store, "seeblick", &[(person.id, "administrator")]).await;
        let slug = idp::model::organization::Slug::parse("lindenhof").unwrap();
        let own = organizations::by_slug(&app.app.store, &slug).await.unwrap().unwrap().id;
        let (own, foreign) = (of(own), of(elsewhere));
        let nothing = "/admin/organizations/0197f3a0-0000-7000-8000-000000000000/branding".to_owned();
        let seen = [
            (SERVICE, [404, 404, 404, 200, 200]),
            (&own, [404, 200, 200, 200, 200]),
            (&foreign, [404, 404, 200, 200, 200]),
            (&nothing, [404; 5]),
        ];
        for (path, row) in seen {
            for (index, (browser, expected)) in browsers.iter().zip(row).enumerate() {
                assert_eq!(browser.get(path).await.status, expected, "{index} {path}");
            }
            assert!(app.browser().get(path).await.location().starts_with("/login?"), "{path}");
        }
        // Called directly, what is not shown is refused, and nothing of it is done.
        let set = [
            (SERVICE, [404, 404, 404, 403, 409]),
            (&own, [404, 409, 403, 403, 409]),
            (&foreign, [404, 404, 403, 403, 409]),
        ];
        for (path, row) in set {
            for (index, (browser, expected)) in browsers.iter().zip(row).enumerate() {
                let answer = browser.post(path, &[("do", "reset")]).await;
                assert_eq!(answer.status, expected, "{index} {path}");
                let refused = if expected == 409 { 422 } else { expected };
                let logo = format!("{path}/logo/light");
                assert_eq!(browser.upload(&logo, b"no picture").await.status, refused, "{index} {logo}");
            }
        }
        assert_eq!(otto.get(&own).await.status, 404);
        assert_eq!(save(&browsers[1], &own, &[("light", "#0f4c55")]).await.status, 303);
        assert_eq!(otto.post(&own, &[("do", "reset")]).await.status, 404);
        let auditor = browsers[3].get(SERVICE).await;
        assert!(!auditor.body.contains("type=\"file\"") && !auditor.body.contains("value=\"save\""));
    }
}

/// WCAG 2.2, 1.4.3
#[tokio::test]
async fn a_colour_that_can_not_be_read_is_refused_with_the_ratio_and_the_nearest_that_can() {
    for app in houses().await {
        let olive = operator(&app).await;
        for (field, colour) in [("light", "#ffcc00"), ("dark", "#0f4c55")] {
            let refused = save(&olive, SERVICE, &[(field, colour)]).await;
            assert_eq!(refused.status, 422, "{colour}");
            let said = plain(&refused);
            assert!(said.contains("too hard to read"), "{said}");
            let nearest = format!("#{}", between(&said, "The nearest colour that does is #", "."));
            assert!(!app.browser().get("/login").await.body.contains("/brand/"), "{colour} is in use");
            assert_eq!(save(&olive, SERVICE, &[(field, &nearest)]).await.status, 303, "{nearest}");
            assert_eq!(olive.post(SERVICE, &[("do", "reset")]).await.status, 303);
        }
        for (field, text) in
            [("light", "red"), ("dark", "#fff"), ("light", "#0f4c55;}*{"), ("name", &"x".repeat(61))]
        {
            assert_eq!(save(&olive, SERVICE, &[(field, text)]).await.status, 422, "{text}");
        }
        let preview =
            olive.post(SERVICE, &[("do", "preview"), ("light", "#ffcc00"), ("name", "<b>New")]).await;
        assert_eq!(preview.status, 200);
        assert!(plain(&preview).contains("/brand/preview-ffcc00-8ccfca.css"), "{}", preview.body);
        assert!(
            preview.body.contains("&lt;b&gt;New") && preview.body.contains("Contrast 1."),
            "{}",
            preview.body
        );
        assert!(!app.browser().get("/login").await.body.contains("/brand/"), "a preview changes nothing");
    }
}

#[tokio::test]
async fn pages_and_mails_look_as_the_operator_has_set_it_until_it_is_reset() {
    for app in houses().await {
        let olive = operator(&app).await;
        let fields = [("name", "Seeland Praxen"), ("light", "#7a1f5c"), ("dark", "#e7a3d0")];
        assert_eq!(save(&olive, SERVICE, &fields).await.location(), "/admin/branding?notice=saved");
        for path in ["/login", "/help/passkeys", "/nowhere"] {
            let page = plain(&app.browser().get(path).await);
            assert!(page.contains("<span>Seeland Praxen</span>"), "{path}");
            assert!(page.contains("<link rel=\"stylesheet\" href=\"/brand/7a1f5c-e7a3d0.css\">"), "{path}");
        }
        assert!(olive.get("/account").await.body.contains("Seeland Praxen"));
        let css = app.browser().get("/brand/7a1f5c-e7a3d0.css").await;
        assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
        assert_eq!(css.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(css.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(
            css.body.contains("--brand: #7a1f5c; ") && css.body.contains("--on-brand: #ffffff"),
            "{}",
            css.body
        );
        for name in ["red-none.css", "7a1f5c.css", "7A1F5C-none.css", "x"] {
            assert_eq!(app.browser().get(&format!("/brand/{name}")).await.status, 404, "{name}");
        }
        app.person("ada@example.org").await;
        app.browser().post("/login/forgot", &[("email", "ada@example.org")]).await;
        assert!(app.mail_to("ada@example.org").await.raw.contains("Seeland Praxen"));
        assert_eq!(olive.post(SERVICE, &[("do", "reset")]).await.location(), "/admin/branding?notice=reset");
        let page = app.browser().get("/login").await.body;
        assert!(page.contains("<span>Portico</span>") && !page.contains("/brand/"), "{page}");
        let trail = plain(&olive.get("/admin/audit?kind=brand-changed").await);
        assert!(trail.matches("/admin/audit/").count() >= 2, "{trail}");
    }
}

/// security L6
#[tokio::test]
async fn a_logo_is_a_picture_and_nothing_else_and_is_served_as_one() {
    for app in houses().await {
        let olive = operator(&app).await;
        let script = b"<script>alert(1)</script>";
        let refused: [(&[u8], u16, &str); 7] = [
            (b"", 422, "choose a file first"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 422, "SVG is not taken"),
            (b"<!doctype html><script>alert(1)</script>", 422, "no PNG, JPEG or WebP"),
            (b"GIF89a", 422, "no PNG, JPEG or WebP"),
            (&[png(b"1").as_slice(), script].concat(), 422, "has something else behind the picture"),
            (&png(&vec![0; 200 * 1024]), 413, "larger than 200 KiB"),
            (&png(&vec![0; 600 * 1024]), 413, "larger than 200 KiB"),
        ];
        for (file, status, why) in refused {
            let answer = olive.upload(LIGHT, file).await;
            assert_eq!(answer.status, status, "{why}");
            assert!(answer.body.contains(why), "{why}: {}", answer.body);
        }
        assert_eq!(olive.upload_with(LIGHT, "of somebody else", &png(b"1")).await.status, 403);
        assert!(!app.browser().get("/login").await.body.contains("/brand/"));
        assert_eq!(olive.upload("/admin/branding/logo/pink", &png(b"1")).await.status, 404);
        assert_eq!(olive.upload(LIGHT, &png(b"first")).await.location(), "/admin/branding?notice=logo-saved");
        let page = plain(&app.browser().get("/login").await);
        let first = between(&page, "<img src=\"", "\"").to_owned();
        assert!(first.starts_with("/brand/logo/"), "{first}");
        let served = app.browser().get(&first).await;
        assert_eq!(served.status, 200);
        assert_eq!(served.header("content-type"), "image/png");
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        assert_eq!(served.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(served.header("content-security-policy"), "default-src 'none'; sandbox");
        assert!(served.headers.get("set-cookie").is_none());
        // Another one takes its place, and the first is gone.
        olive.upload(LIGHT, &png(b"second")).await;
        assert_eq!(app.browser().get(&first).await.status, 404);
        olive.upload("/admin/branding/logo/dark", &png(b"dark")).await;
        let page = plain(&app.browser().get("/login").await);
        assert_ne!(between(&page, "<img src=\"", "\""), between(&page, "srcset=\"", "\""));
        for deed in ["remove-light", "remove-dark"] {
            assert_eq!(olive.post(SERVICE, &[("do", deed)]).await.status, 303);
        }
        assert!(!app.browser().get("/login").await.body.contains("<picture"));
    }
}

/// product §2: the organization's brand applies.
#[tokio::test]
async fn the_log_in_for_an_organization_looks_as_that_one_does_and_no_other_does() {
    for app in houses().await {
        let (ada, carla) =
            (app.person("ada@example.org").await, strong(&app, "carla@example.org", None).await);
        let members = [(ada.id, "practitioner"), (carla.1.id, "administrator")];
        let id = organization(&app.app.store, "lindenhof", &members).await;
        let shy = organization(&app.app.store, "seeblick", &[(ada.id, "practitioner")]).await;
        assert_eq!(save(&carla.0, &of(id), &[("light", "#7a1f5c"), ("name", "Anything")]).await.status, 303);
        carla.0.upload(&format!("{}/logo/light", of(id)), &png(b"clinic")).await;
        for named in ["lindenhof".to_owned(), id.to_string()] {
            let browser = app.browser();
            let (page, attempt) = log_in(&app, &browser, Some(&named)).await;
            let wrong = [("email", "ada@example.org"), ("password", "wrong"), ("attempt", &attempt)];
            for page in [page, browser.post("/login", &wrong).await] {
                let page = plain(&page);
                assert!(
                    page.contains("<span>lindenhof</span>") && page.contains("/brand/7a1f5c-none.css"),
                    "{page}"
                );
                assert!(page.contains("<img src=\"/brand/logo/"), "{page}");
            }
            let own = browser.get("/login").await.body;
            assert!(own.contains("<span>Portico</span>") && !own.contains("/brand/"), "{own}");
        }
        // Who has set nothing is not named to strangers, nor is who does not exist told apart from them.
        for named in [None, Some(shy.to_string()), Some("seeblick".to_owned()), Some("nobody".to_owned())] {
            let page = log_in(&app, &app.browser(), named.as_deref()).await.0.body;
            assert!(page.contains("<span>Portico</span>") && !page.contains("/brand/"), "{named:?}");
        }
        let (operator, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        save(&operator, SERVICE, &[("dark", "#e7a3d0")]).await;
        let both = log_in(&app, &app.browser(), Some("lindenhof")).await.0;
        assert!(plain(&both).contains("/brand/7a1f5c-e7a3d0.css"), "what it does not say the service does");
        assert_eq!(operator.post(&format!("/admin/organizations/{id}/disable"), &[]).await.status, 303);
        let page = log_in(&app, &app.browser(), Some("lindenhof")).await.0;
        assert!(plain(&page).contains("/brand/none-e7a3d0.css"), "a disabled one is not shown");
    }
}

#[tokio::test]
async fn whoever_has_not_shown_lately_who_they_are_does_so_first_and_finds_what_they_typed() {
    let app = houses().await.remove(0);
    let olive = operator(&app).await;
    app.advance(Duration::minutes(6));
    let sent = save(&olive, SERVICE, &[("light", "#7a1f5c"), ("name", "Praxis & Co")]).await;
    assert!(sent.location().starts_with("/login?"), "{}", sent.location());
    let back = sent.parameter("destination").unwrap();
    let page = olive.get(&back).await;
    assert!(
        page.body.contains("value=\"#7a1f5c\"") && page.body.contains("value=\"Praxis &amp; Co\""),
        "{}",
        page.body
    );
    let sent = olive.upload(LIGHT, &png(b"1")).await;
    assert_eq!(sent.parameter("destination").unwrap(), "/admin/branding?notice=again");
    assert_eq!(olive.post(SERVICE, &[("do", "remove-light")]).await.status, 303);
    assert!(!app.browser().get("/login").await.body.contains("/brand/"));
}

#[tokio::test]
async fn of_two_who_change_a_look_at_once_the_second_is_told() {
    for app in houses().await {
        let olive = operator(&app).await;
        let page = olive.get(SERVICE).await;
        let version = between(&page.body, "name=\"version\" value=\"", "\"").to_owned();
        assert_eq!(save(&olive, SERVICE, &[("light", "#7a1f5c")]).await.status, 303);
        let late = olive.post(SERVICE, &[("do", "save"), ("version", &version), ("light", "#0f4c55")]).await;
        assert_eq!(late.status, 409);
        assert!(late.body.contains("Somebody else has changed it meanwhile"), "{}", late.body);
        assert!(
            app.browser().get("/login").await.body.replace("&#x2f;", "/").contains("/brand/7a1f5c-none.css")
        );
    }
}

/// product §6: settings that come from the configuration are shown locked.
#[tokio::test]
async fn a_name_that_the_configuration_says_is_locked() {
    let environment = vec![("IDP_BRAND__NAME", "Fixed Name".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let olive = operator(&app).await;
    let page = olive.get(SERVICE).await.body;
    assert!(
        page.contains("IDP_BRAND__NAME")
            && page.contains("value=\"Fixed Name\"")
            && page.contains("readonly")
    );
    assert_eq!(save(&olive, SERVICE, &[("name", "Another"), ("light", "#7a1f5c")]).await.status, 303);
    let page = app.browser().get("/login").await.body;
    assert!(page.contains("<span>Fixed Name</span>") && !page.contains("Another"), "{page}");
    // What was typed before it was locked comes back, and is not what was typed then.
    assert!(!olive.get(SERVICE).await.body.contains("Another"));
}
