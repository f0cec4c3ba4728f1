//! What is refused at both ends of a request to somebody elsewhere: who may ask, what may be asked, who may answer, and
//! what nobody learns. CIBA Core 1.0 §7.1, §13, security G5.

use idp::model::key::SigningAlg;
use idp::model::user::Policy;
use serde_json::{Value, json};
use time::Duration;

use super::ciba::{GRANT, PATH, RECEPTION, allow, ask, asked, decide, office, poll, waiting};
use super::{ADA, EVE, Office, SECRET, assert_token_error, text};
use crate::support::{Application, PASSWORD, Signer, TempDir};

/// CIBA §7.1, §13, A12
#[tokio::test]
async fn what_is_wrong_with_a_request_is_told() {
    let (office, reception) = office().await;
    let long = "x".repeat(65);
    for (changes, error) in [
        (vec![("scope", "")], "invalid_scope"),
        (vec![("scope", "profile")], "invalid_scope"),
        (vec![("login_hint", "")], "invalid_request"),
        (vec![("id_token_hint", "x")], "invalid_request"),
        (vec![("login_hint", ""), ("id_token_hint", "x")], "invalid_request"),
        (vec![("login_hint", ""), ("login_hint_token", "x")], "invalid_request"),
        (vec![("login_hint_token", "x")], "invalid_request"),
        (vec![("login_hint", "nobody")], "unknown_user_id"),
        (vec![("binding_message", &long)], "invalid_binding_message"),
        (vec![("binding_message", "<b>W4SCT</b>")], "invalid_binding_message"),
        (vec![("binding_message", "see https://evil.example")], "invalid_binding_message"),
        (vec![("requested_expiry", "0")], "invalid_request"),
        (vec![("requested_expiry", "-5")], "invalid_request"),
        (vec![("requested_expiry", "soon")], "invalid_request"),
        (vec![("user_code", "1234")], "invalid_request"),
        (vec![("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request"),
        (vec![("request", "x")], "invalid_request"),
        (vec![("resource", "https://api.example.org")], "invalid_target"),
        (vec![("authorization_details", "[{\"type\":\"x\"}]")], "invalid_authorization_details"),
    ] {
        assert_token_error(&ask(&reception, &changes).await, 400, error);
    }
    let twice = [("scope", "openid"), ("scope", "openid"), ("login_hint", ADA)];
    assert_token_error(&reception.call(PATH, &twice).await, 400, "invalid_request");
    assert!(office.app.mails().await.is_empty(), "nobody is bothered");
}

/// Off by default; never for a client that could be anybody.
#[tokio::test]
async fn who_may_not_asks_nobody() {
    let (office, reception) = office().await;
    assert_token_error(&ask(&office.practice(), &[]).await, 400, "unauthorized_client");
    assert_token_error(&ask(&office.screen(), &[]).await, 400, "unauthorized_client");
    let stranger = Application { secret: Some("wrong".to_owned()), ..reception };
    assert_token_error(&ask(&stranger, &[]).await, 401, "invalid_client");
    for (settings, why) in [
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/cb\"]\ngrants = [\"ciba\"]",
            "must authenticate",
        ),
        ("type = \"device\"\ngrants = [\"ciba\"]", "must authenticate"),
        (
            "type = \"machine\"\nsecret = \"a secret that the practice keeps to itself\"\ngrants = [\"ciba\"]",
            "acts for nobody",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/cb\"]\nbackchannel_token_delivery_mode = \"ping\"",
            "needs the grant ciba",
        ),
        (
            "type = \"web\"\nsecret = \"a secret that the practice keeps to itself\"\ngrants = [\"ciba\"]\n\
             redirect_uris = [\"https://a.example/cb\"]\nbackchannel_token_delivery_mode = \"ping\"",
            "needs both to be told by ping",
        ),
        (
            "type = \"web\"\nsecret = \"a secret that the practice keeps to itself\"\ngrants = [\"ciba\"]\n\
             redirect_uris = [\"https://a.example/cb\"]\nbackchannel_token_delivery_mode = \"push\"",
            "push",
        ),
        (
            "type = \"web\"\nsecret = \"a secret that the practice keeps to itself\"\ngrants = [\"ciba\"]\n\
             redirect_uris = [\"https://a.example/cb\"]\nbackchannel_client_notification_endpoint = \"http://a.example\"",
            "https",
        ),
    ] {
        let dir = TempDir::new("ciba");
        let file = dir.0.join("idp.toml");
        std::fs::write(&file, format!("[[clients]]\nid = \"a\"\nname = \"A\"\n{settings}")).unwrap();
        let problems = idp::config::Config::from_sources(Some(&file), Vec::new()).unwrap_err();
        let text = problems.to_string();
        assert!(text.contains(why), "{why}: {text}");
    }
}

/// G5: the answer about an address that nobody has, or somebody who is disabled, is that about Ada; so are the bounds.
#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let (office, reception) = office().await;
    let eve = office.app.person(EVE).await;
    office.app.disable_person(eve.id).await;
    let nobody = "nobody@example.org";
    let mut shapes = Vec::new();
    for address in [ADA, EVE, nobody] {
        let answer = ask(&reception, &[("login_hint", address)]).await;
        let json = answer.json();
        let id = text(&json, "auth_req_id");
        office.app.mails().await;
        assert_token_error(&poll(&reception, id).await, 400, "authorization_pending");
        let names: Vec<String> = json.as_object().unwrap().keys().cloned().collect();
        shapes.push((answer.status, names, json["expires_in"].clone(), json["interval"].clone(), id.len()));
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
    assert_eq!(office.app.mails().await.len(), 1, "only Ada is told");
    for address in [ADA, nobody] {
        for _ in 0..2 {
            assert_eq!(ask(&reception, &[("login_hint", address)]).await.status, 200);
        }
        let full = ask(&reception, &[("login_hint", address)]).await;
        assert_token_error(&full, 503, "temporarily_unavailable");
    }
}

/// Nobody is flooded: three at once, ten within the hour, of one client.
#[tokio::test]
async fn a_person_is_asked_so_often_and_not_more() {
    let (office, reception) = office().await;
    for _ in 0..3 {
        for _ in 0..3 {
            assert_eq!(ask(&reception, &[]).await.status, 200);
        }
        office.app.advance(Duration::minutes(5));
    }
    assert_eq!(ask(&reception, &[]).await.status, 200, "the tenth");
    assert_token_error(&ask(&reception, &[]).await, 503, "temporarily_unavailable");
    assert_eq!(office.app.mails().await.len(), 1, "what has expired is not written about");
    let lobby = office.client("lobby", Some(SECRET), "");
    assert_eq!(ask(&lobby, &[]).await.status, 200, "another client");
    office.app.advance(Duration::hours(1));
    assert_eq!(ask(&reception, &[]).await.status, 200);
}

/// Class 2.7: whoever tries many names is stopped, whatever they are.
#[tokio::test]
async fn a_client_tries_so_many_names_and_not_more() {
    let (office, reception) = office().await;
    for n in 0..300 {
        let answer = ask(&reception, &[("login_hint", &format!("n{n}@example.org"))]).await;
        assert_eq!(answer.status, 200, "{n}");
    }
    assert_token_error(&ask(&reception, &[]).await, 503, "temporarily_unavailable");
    office.app.advance(Duration::minutes(10));
    assert_eq!(ask(&reception, &[]).await.status, 200);
}

/// What the application writes is text and nothing else, and it is on the page that decides.
#[tokio::test]
async fn the_page_shows_the_binding_message_as_text() {
    let (office, reception) = office().await;
    asked(&reception, &[("binding_message", "Desk 3: (Müller) #7 +1")]).await;
    let path = waiting(&office.app, &office.browser).await;
    let page = office.browser.get(&path).await;
    assert!(page.body.contains("Desk 3: (Müller) #7 +1") && page.body.contains("the same words"), "{page:?}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    // A name of the operator's may have anything in it.
    office.app.sql("UPDATE client SET settings = json_set(settings, '$.name', '<b>Desk</b>')").await;
    let page = office.browser.get(&path).await.body;
    assert!(page.contains("&lt;b&gt;Desk") && !page.contains("<b>Desk"), "{page}");
}

/// K5, J6: only the person who was asked, in a whole session, by a form of ours.
#[tokio::test]
async fn nobody_answers_for_somebody_else() {
    let (office, reception) = office().await;
    let id = asked(&reception, &[]).await;
    let path = waiting(&office.app, &office.browser).await;
    office.app.person(EVE).await;
    let eve = office.browser_of(EVE).await;
    assert!(eve.get("/requests").await.body.contains("No application asks for you"));
    for page in [eve.get(&path).await, decide(&eve, &path, "allow").await] {
        assert!(page.body.contains("does not wait any more") && !page.body.contains("Reception"), "{page:?}");
    }
    let stranger = office.app.browser();
    assert!(stranger.get(&path).await.location().starts_with("/login?destination=%2Frequests%2F"));
    assert!(decide(&stranger, &path, "allow").await.location().starts_with("/login?"));
    let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let forged =
        office.browser.send(reqwest::Method::POST, &path, &form, Some("decision=allow".to_owned())).await;
    assert_eq!(forged.status, 403);
    assert!(office.browser.get(&format!("{path}?decision=allow")).await.body.contains("Log in there?"));
    office.app.set_policy(office.ada.id, Policy::RequirePasskey).await;
    let limited = office.app.browser();
    let enrol = limited.submit_password(ADA, PASSWORD).await;
    assert!(enrol.location().contains("from=policy"), "{enrol:?}");
    assert!(limited.get("/requests").await.location().starts_with("/login?"));
    assert!(decide(&limited, &path, "allow").await.location().starts_with("/login?"), "a limited session");
    assert_token_error(&poll(&reception, &id).await, 400, "authorization_pending");
}

/// RFC 9470, CIBA §7.1 `acr_values`: who has shown less than is asked for has to show more first.
#[tokio::test]
async fn a_stronger_sign_in_is_asked_for() {
    let (office, reception) = office().await;
    let id = asked(&reception, &[("acr_values", "phr other")]).await;
    let path = waiting(&office.app, &office.browser).await;
    let page = office.browser.get(&path).await.body;
    assert!(page.contains("asks for a passkey") && !page.contains("value=\"allow\""), "{page}");
    let led = decide(&office.browser, &path, "allow").await;
    assert!(led.location().starts_with("/login?") && led.location().contains("confirm=1"), "{led:?}");
    let mut authenticator = crate::support::SoftAuthenticator::new(&office.app.issuer());
    office.browser.create_passkey(&mut authenticator).await;
    office.browser.log_in_with_passkey(&mut authenticator).await;
    assert!(decide(&office.browser, &path, "allow").await.body.contains("You are logged in there"));
    let tokens = poll(&reception, &id).await.json();
    assert_eq!(super::part(text(&tokens, "id_token"), 1)["acr"], "phr");
    // No is no, however it was said.
    let id = asked(&reception, &[("acr_values", "phr")]).await;
    let weak = office.app.browser();
    office.app.advance(Duration::seconds(1));
    weak.password_step(ADA, PASSWORD).await;
    let path = waiting(&office.app, &office.browser).await;
    decide(&office.browser, &path, "deny").await;
    assert_token_error(&poll(&reception, &id).await, 400, "access_denied");
}

/// Registration §2 `default_max_age`, as of devices.
#[tokio::test]
async fn an_application_that_wants_a_young_proof_gets_one() {
    let more = RECEPTION.replace("grants = [\"ciba\"]", "grants = [\"ciba\"]\ndefault_max_age = 300");
    let office = Office::with_clients(&more).await;
    let reception = office.client("reception", Some(SECRET), "");
    office.app.advance(Duration::minutes(6));
    let id = asked(&reception, &[]).await;
    let path = waiting(&office.app, &office.browser).await;
    assert!(decide(&office.browser, &path, "allow").await.location().contains("confirm=1"));
    office.browser.log_in_with_password(ADA, PASSWORD).await;
    assert!(decide(&office.browser, &path, "allow").await.body.contains("You are logged in there"));
    assert_eq!(poll(&reception, &id).await.status, 200);
}

/// "Never" and "once" are for people who are there: somebody elsewhere is asked each time.
#[tokio::test]
async fn a_remembered_consent_allows_nothing() {
    let more = RECEPTION.replace("grants = [\"ciba\"]", "grants = [\"ciba\"]\nconsent = \"always\"");
    let more = more.replacen("consent = \"always\"", "consent = \"remember\"", 1);
    let office = Office::with_clients(&more).await;
    let reception = office.client("reception", Some(SECRET), "");
    for _ in 0..2 {
        let id = asked(&reception, &[]).await;
        office.app.mails().await;
        assert_token_error(&poll(&reception, &id).await, 400, "authorization_pending");
        allow(&office).await;
        office.app.advance(Duration::seconds(5));
        assert_eq!(poll(&reception, &id).await.status, 200);
    }
}

/// CIBA §7.1 `id_token_hint`: who was there before; another client's, or a changed one, names nobody.
#[tokio::test]
async fn an_id_token_says_who_is_asked() {
    let (office, reception) = office().await;
    let id_token = text(&reception.tokens(&office.browser, &[]).await, "id_token").to_owned();
    let foreign = text(&office.practice().tokens(&office.browser, &[]).await, "id_token").to_owned();
    office.app.advance(Duration::minutes(20));
    let hint = |token: &str| [("login_hint", String::new()), ("id_token_hint", token.to_owned())];
    let by = async |token: &str| {
        let fields = hint(token);
        ask(&reception, &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await
    };
    let answer = by(&id_token).await;
    assert_eq!(answer.status, 200, "an old one will do: {answer:?}");
    allow(&office).await;
    assert_eq!(poll(&reception, text(&answer.json(), "auth_req_id")).await.status, 200);
    for wrong in super::forgeries(&id_token).into_iter().chain([foreign]) {
        assert_token_error(&by(&wrong).await, 400, "invalid_request");
    }
    office.app.disable_person(office.ada.id).await;
    assert_token_error(&by(&id_token).await, 400, "unknown_user_id");
}

/// An office with a client that signs what it asks.
async fn signing(key: &Signer) -> (Office, Application) {
    let dir = TempDir::new("jwks");
    let file = dir.0.join("desk.json");
    std::fs::write(&file, json!({ "keys": [key.public()] }).to_string()).unwrap();
    let more = RECEPTION.replacen(
        "grants = [\"ciba\"]",
        &format!(
            "grants = [\"ciba\"]\njwks_file = \"{}\"\nbackchannel_authentication_request_signing_alg = \"ES256\"",
            file.display()
        ),
        1,
    );
    let office = Office::with_clients(&more).await;
    let reception = office.client("reception", Some(SECRET), "");
    (office, reception)
}

fn claims(office: &Office, id: &str) -> Value {
    let now = office.app.app.clock.now().unix_timestamp();
    json!({
        "iss": "reception", "aud": office.app.issuer(), "iat": now, "nbf": now, "exp": now + 300, "jti": id,
        "scope": "openid profile", "login_hint": ADA, "binding_message": "W4SCT",
    })
}

/// CIBA §7.1.1, FAPI-CIBA §5.2.2
#[tokio::test]
async fn a_signed_request_counts_and_nothing_beside_it() {
    let key = Signer::new(SigningAlg::Es256);
    let (office, reception) = signing(&key).await;
    assert_token_error(&ask(&reception, &[]).await, 400, "invalid_request");
    let good = key.sign(&json!({}), &claims(&office, "one"));
    let beside = [("request", good.as_str()), ("binding_message", "evil")];
    assert_token_error(&reception.call(PATH, &beside).await, 400, "invalid_request");
    let answer = reception.call(PATH, &[("request", &good)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = waiting(&office.app, &office.browser).await;
    assert!(office.browser.get(&path).await.body.contains("W4SCT"));
    assert_token_error(&reception.call(PATH, &[("request", &good)]).await, 400, "invalid_request");
    let now = office.app.app.clock.now().unix_timestamp();
    for (n, (name, value)) in [
        ("iss", json!("lobby")),
        ("iss", Value::Null),
        ("aud", json!("https://other.example")),
        ("exp", json!(now)),
        ("exp", Value::Null),
        ("exp", json!(now + 3601)),
        ("iat", Value::Null),
        ("nbf", Value::Null),
        ("nbf", json!(now + 61)),
        ("jti", Value::Null),
        ("sub", json!("reception")),
        ("client_id", json!("lobby")),
        ("request", json!("x")),
        ("request_uri", json!("https://a.example")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut changed = claims(&office, &format!("n{n}"));
        if value.is_null() {
            changed.as_object_mut().unwrap().remove(name);
        } else {
            changed[name] = value;
        }
        let object = key.sign(&json!({}), &changed);
        assert_token_error(&reception.call(PATH, &[("request", &object)]).await, 400, "invalid_request");
    }
    let other = Signer::new(SigningAlg::Es256).sign(&json!({}), &claims(&office, "two"));
    assert_token_error(&reception.call(PATH, &[("request", &other)]).await, 400, "invalid_request");
    for forged in super::forgeries(&good) {
        assert_token_error(&reception.call(PATH, &[("request", &forged)]).await, 400, "invalid_request");
    }
}

/// CIBA §4, ADR 0026: who registers itself may ask people only where the operator has let it in.
#[tokio::test]
async fn an_application_registers_to_ask_with_a_token_alone() {
    use super::registration::{OPEN, register, send, token};
    let office = Office::with(OPEN).await;
    let body = json!({
        "client_name": "Desk", "grant_types": [GRANT], "backchannel_token_delivery_mode": "ping",
        "backchannel_client_notification_endpoint": "https://desk.example.org/ping",
    });
    let refused = register(&office, &body).await;
    assert_token_error(&refused, 400, "invalid_client_metadata");
    let token = token(&office, 9).await;
    let by_token = async |body: &Value| {
        send(&office, (reqwest::Method::POST, "/oidc/register"), Some(&token), body).await
    };
    let answer = by_token(&body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let registered = answer.json();
    assert_eq!(registered["grant_types"], json!([GRANT]));
    assert_eq!(registered["backchannel_token_delivery_mode"], "ping");
    assert_eq!(
        registered["backchannel_client_notification_endpoint"],
        body["backchannel_client_notification_endpoint"]
    );
    for (name, value) in [
        ("backchannel_token_delivery_mode", json!("push")),
        ("backchannel_client_notification_endpoint", json!("http://desk.example.org/ping")),
        ("backchannel_user_code_parameter", json!(true)),
        ("token_endpoint_auth_method", json!("none")),
        ("subject_type", json!("pairwise")),
        ("backchannel_authentication_request_signing_alg", json!("none")),
        ("backchannel_authentication_request_signing_alg", json!("ES256")),
    ] {
        let mut changed = body.clone();
        changed[name] = value;
        assert_token_error(&by_token(&changed).await, 400, "invalid_client_metadata");
    }
    // What it was allowed it keeps when it changes something else.
    let path = super::registration::own_path(&registered);
    let mut changed = body.clone();
    changed["client_id"] = registered["client_id"].clone();
    changed["client_name"] = json!("Front desk");
    let own = text(&registered, "registration_access_token");
    let answer = send(&office, (reqwest::Method::PUT, &path), Some(own), &changed).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["client_name"]), (200, &json!("Front desk")));
}
