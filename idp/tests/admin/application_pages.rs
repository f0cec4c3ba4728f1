//! The pages about applications.

use idp::model::user::{ServiceRole, User};
use time::Duration;

use super::pages::strong;
use crate::support::{Application, Browser, TestApp};

const CALLBACK: &str = "https://practice.example.org/cb";

async fn operator(app: &TestApp) -> (Browser, User) {
    strong(app, "olive@example.org", Some(ServiceRole::Operator)).await
}

fn web<'a>(name: &'a str, redirect_uris: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("type", "web"),
        ("name", name),
        ("redirect_uris", redirect_uris),
        ("scopes", "openid profile"),
        ("id_token_alg", "ES256"),
    ]
}

/// What stands in the page after `label` in its facts.
fn fact(body: &str, label: &str) -> String {
    let (_, rest) =
        body.split_once(&format!("<dt>{label}</dt>")).unwrap_or_else(|| panic!("{label}: {body}"));
    rest.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned()
}

/// security M1, §2.18: rows are addresses, columns are a plain person, support, auditor and operator.
#[tokio::test]
async fn the_pages_are_open_to_exactly_those_whom_the_matrix_names() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    let made = olive.post("/admin/applications/new", &web("Practice", CALLBACK)).await;
    let id = fact(&made.body, "client_id");
    let alone = olive.get(&format!("/admin/applications/{id}")).await.body;
    assert!(!alone.contains("remove-secret"), "the only one is not offered");
    olive.post(&format!("/admin/applications/{id}/secret"), &[]).await;
    let shown = olive.get(&format!("/admin/applications/{id}")).await.body;
    let path = shown.split('"').find(|part| part.ends_with("remove-secret")).unwrap();
    let secret = path.rsplit('/').nth(1).unwrap();
    let others = [
        strong(&app, "plain@example.org", None).await.0,
        strong(&app, "support@example.org", Some(ServiceRole::Support)).await.0,
        strong(&app, "auditor@example.org", Some(ServiceRole::Auditor)).await.0,
    ];
    let all = [&others[0], &others[1], &others[2], &olive];
    for (path, row) in [
        (String::new(), [404, 404, 200, 200]),
        ("/new".to_owned(), [404, 404, 404, 200]),
        ("/new?type=web".to_owned(), [404, 404, 404, 200]),
        (format!("/{id}"), [404, 404, 200, 200]),
        (format!("/{id}/settings"), [404, 404, 404, 200]),
        (format!("/{id}/preview"), [404, 404, 200, 200]),
        (format!("/{id}/secret"), [404, 404, 404, 200]),
        (format!("/{id}/disable"), [404, 404, 404, 200]),
        (format!("/{id}/remove"), [404, 404, 404, 200]),
        (format!("/{id}/secrets/{secret}/expire"), [404, 404, 404, 200]),
        (format!("/{id}/secrets/{secret}/remove-secret"), [404, 404, 404, 200]),
        (format!("/{id}/enable"), [404; 4]),
        (format!("/{id}/anything"), [404; 4]),
        ("/clinic-example/settings".to_owned(), [404; 4]),
        ("/clinic-example/secret".to_owned(), [404; 4]),
        ("/nothing".to_owned(), [404; 4]),
    ] {
        let path = format!("/admin/applications{path}");
        for (browser, expected) in all.into_iter().zip(row) {
            assert_eq!(browser.get(&path).await.status, expected, "{path}");
        }
        assert!(app.browser().get(&path).await.location().starts_with("/login?"), "{path}");
    }
    // Called directly, what is not shown is refused, and nothing of it is done.
    for (path, row) in [
        ("/new".to_owned(), [404, 404, 404]),
        (format!("/{id}/settings"), [404, 404, 403]),
        (format!("/{id}/secret"), [404, 404, 403]),
        (format!("/{id}/disable"), [404, 404, 403]),
        (format!("/{id}/remove"), [404, 404, 403]),
        (format!("/{id}/secrets/{secret}/remove-secret"), [404, 404, 403]),
    ] {
        let path = format!("/admin/applications{path}");
        for (browser, expected) in others.iter().zip(row) {
            let answer = browser.post(&path, &web("Taken over", "https://evil.example/cb")).await;
            assert_eq!(answer.status, expected, "{path}");
        }
    }
    let after = olive.get(&format!("/admin/applications/{id}")).await.body;
    assert!(after.contains("Practice") && !after.contains("evil.example"), "{after}");
}

/// product §6: by type, with secure defaults; the secret is shown once, and it works.
#[tokio::test]
async fn the_wizard_registers_an_application_that_works_at_once() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    let kinds = olive.get("/admin/applications/new").await.body;
    assert_eq!(kinds.matches("new?type=").count(), 5, "{kinds}");
    let made = olive.post("/admin/applications/new", &web("Practice", CALLBACK)).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.headers["cache-control"], "no-store");
    let (id, secret) = (fact(&made.body, "client_id"), fact(&made.body, "client_secret"));
    let shown = olive.get(&format!("/admin/applications/{id}")).await.body;
    assert!(!shown.contains(&secret), "never again");
    assert!(shown.contains(CALLBACK.replace('/', "&#x2f;").as_str()), "{shown}");
    let practice = Application::new(&app, &id, Some(&secret), CALLBACK);
    let tokens = practice.tokens(&olive, &[("scope", "openid profile")]).await;
    assert!(tokens["id_token"].is_string());
    let shown = olive.get(&format!("/admin/applications/{id}")).await.body;
    assert!(shown.contains("one person"), "{shown}");
    let spa = [
        ("type", "spa"),
        ("name", "Rota"),
        ("redirect_uris", "https://rota.example.org/"),
        ("scopes", "openid"),
        ("id_token_alg", "ES256"),
    ];
    let public = olive.post("/admin/applications/new", &spa).await;
    assert!(public.location().ends_with("?notice=registered"), "{public:?}");
}

/// Bad input: a clear answer beside its field, with nothing lost, and nothing registered.
#[tokio::test]
async fn what_can_not_be_taken_is_said_beside_its_field_and_nothing_is_lost() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    let wrong = format!("{CALLBACK}\nhttps://practice.example.org/cb#part");
    let answer = olive.post("/admin/applications/new", &web("", &wrong)).await;
    assert_eq!(answer.status, 422);
    for said in ["must be 1 to 80 characters", "must not contain a fragment", "cb#part"] {
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    assert!(answer.body.matches("aria-invalid").count() == 2, "{}", answer.body);
    let rule = olive.post("/admin/applications/new", &web("Practice", "")).await;
    assert_eq!(rule.status, 422);
    assert!(rule.body.contains("needs at least one redirect_uri") && rule.body.contains("Practice"));
    assert_eq!(app.texts("SELECT id FROM client WHERE source = 'admin'").await.len(), 0);
}

/// security M2
#[tokio::test]
async fn changing_an_application_wants_a_fresh_proof() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    let made = olive.post("/admin/applications/new", &web("Practice", CALLBACK)).await;
    let id = fact(&made.body, "client_id");
    app.advance(Duration::minutes(6));
    for path in ["new", &format!("{id}/settings"), &format!("{id}/secret"), &format!("{id}/disable")] {
        let answer = olive.post(&format!("/admin/applications/{path}"), &web("Other", CALLBACK)).await;
        assert!(answer.location().contains("confirm=1"), "{path}: {answer:?}");
    }
    assert_eq!(app.texts("SELECT name FROM client WHERE source = 'admin'").await, ["Practice"]);
    assert_eq!(app.texts("SELECT client_id FROM client_secret WHERE client_id LIKE 'app-%'").await.len(), 1);
}

/// product §6: two live secrets.
#[tokio::test]
async fn an_operator_changes_a_secret_over_and_changes_and_removes_an_application() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    let made = olive.post("/admin/applications/new", &web("Practice", CALLBACK)).await;
    let (id, first) = (fact(&made.body, "client_id"), fact(&made.body, "client_secret"));
    let own = format!("/admin/applications/{id}");
    let redeem = async |secret: &str| {
        let practice = Application::new(&app, &id, Some(secret), CALLBACK);
        practice.redeem(&practice.code(&olive, &[("scope", "openid")]).await).await.status.as_u16()
    };
    let second = fact(&olive.post(&format!("{own}/secret"), &[]).await.body, "client_secret");
    assert_eq!((redeem(&first).await, redeem(&second).await), (200, 200));
    let third = olive.post(&format!("{own}/secret"), &[]).await;
    assert_eq!(third.status, 409);
    assert!(third.body.contains("Two of its secrets are good already"), "{}", third.body);
    let removal = |body: &str| {
        let all = body.split('"').filter(|part| part.ends_with("remove-secret"));
        all.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let removals = removal(&olive.get(&own).await.body);
    let wrong = olive.post(&removals[0].replace("remove-secret", "expire"), &[("days", "1000")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("value=\"1000\""), "nothing typed is lost");
    let done = olive.post(&removals[0], &[]).await;
    assert_eq!(done.location(), format!("{own}?notice=remove-secret"));
    let left = [redeem(&first).await, redeem(&second).await];
    assert!(left == [200, 401] || left == [401, 200], "{left:?}");
    let last = olive.post(&removals[1], &[]).await;
    assert_eq!(last.status, 409, "the only one stays");
    let changed = olive.post(&format!("{own}/settings"), &web("Practice & Co", CALLBACK)).await;
    assert_eq!(changed.location(), format!("{own}?notice=changed"));
    for deed in ["disable", "enable"] {
        let done = olive.post(&format!("{own}/{deed}"), &[]).await;
        assert_eq!(done.location(), format!("{own}?notice={deed}"));
        assert!(olive.get(&done.location()).await.body.contains("role=\"status\""));
    }
    assert_eq!(olive.post(&format!("{own}/remove"), &[]).await.location(), "/admin/applications");
    assert_eq!(olive.get(&own).await.status, 404);
}

/// A list that is longer than a page is gone through without gaps.
#[tokio::test]
async fn a_long_list_goes_on_where_it_ended() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    for number in 0..30 {
        let name = format!("Number {number}");
        olive.post("/admin/applications/new", &web(&name, CALLBACK)).await;
    }
    let rows = |body: &str| body.matches("<th scope=\"row\">").count();
    let first = olive.get("/admin/applications?q=number").await.body;
    let more = first.split('"').find(|part| part.contains("after=")).unwrap().replace("&amp;", "&");
    let second = olive.get(&more.replace("&#x2f;", "/")).await.body;
    assert_eq!((rows(&first), rows(&second)), (25, 5));
}

/// product §6: "why is this claim missing". What is shown is what userinfo answers.
#[tokio::test]
async fn the_preview_says_what_userinfo_says_and_why_the_rest_is_missing() {
    let app = TestApp::init().await;
    let (olive, _) = operator(&app).await;
    let mut form = web("Practice", CALLBACK);
    form.retain(|(name, _)| *name != "scopes");
    form.push(("scopes", "openid profile email organizations"));
    let made = olive.post("/admin/applications/new", &form).await;
    let (id, secret) = (fact(&made.body, "client_id"), fact(&made.body, "client_secret"));
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", crate::support::PASSWORD).await;
    let practice = Application::new(&app, &id, Some(&secret), CALLBACK);
    let tokens = practice.tokens(&browser, &[("scope", "openid profile")]).await;
    let told = practice.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    let path = format!("/admin/applications/{id}/preview");
    let page = olive.get(&format!("{path}?person=ada%40example.org&scope=openid+profile+phone")).await.body;
    let (shown, missing) = page.split_once("id=\"missing\"").unwrap();
    for (claim, value) in told.as_object().unwrap() {
        let value = value.as_str().map_or(value.to_string(), ToOwned::to_owned);
        let value = value.replace('/', "&#x2f;");
        assert!(
            shown.contains(&format!("<code>{claim}</code>")) && shown.contains(&value),
            "{claim}: {page}"
        );
    }
    let why = |claim: &str| {
        let rest = missing.split_once(&format!("<code>{claim}</code></dt><dd>")).unwrap().1;
        rest.split_once("</dd>").unwrap().0.to_owned()
    };
    assert_eq!(why("email"), "It does not ask for the scope email.");
    assert!(why("phone_number").starts_with("It is not registered for the scope phone."));
    assert_eq!(why("website"), "Nothing is known of this person.");
    assert_eq!(why("org_id"), "It does not ask for the scope organizations.");
    assert!(shown.contains("<code>phone</code>"), "left out");
    let page = olive.get(&format!("{path}?person=ada%40example.org&scope=organizations")).await.body;
    assert!(page.contains("This person belongs to no organization, as far as you may see."), "{page}");
    let nobody = olive.get(&format!("{path}?person=nobody%40example.org")).await.body;
    assert!(nobody.contains("Nobody was found."));
    let unreadable = olive.get(&format!("{path}?person=ada%40example.org&scope=%22")).await;
    assert_eq!(unreadable.status, 422);
    assert!(unreadable.body.contains("value=\"&quot;\""), "nothing typed is lost");
}
