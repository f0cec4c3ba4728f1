//! Applications that register themselves: checklist 12, 22 and 23, C21, C22, RFC 7591, RFC 7592.

use idp::crypto::token::{Token, TokenKind};
use idp::model::ids::RegistrationTokenId;
use idp::model::key::SigningAlg;
use idp::store::registration_tokens::{self, RegistrationToken};
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use super::{Office, decide, is_consent_page, text};
use crate::support::shelf::Shelf;
use crate::support::{Answer, Application, Signer};

pub(super) const OPEN: &str = "[registration]\nopen = true";
pub(super) const CALLBACK: &str = "https://new.example.org/cb";

pub(super) async fn send(
    office: &Office,
    (method, path): (Method, &str),
    token: Option<&str>,
    body: &Value,
) -> Answer {
    let client = office.practice();
    let mut request = client.http.request(method, format!("{}{path}", client.issuer)).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Answer::of(request.send().await.unwrap()).await
}

pub(super) async fn register(office: &Office, body: &Value) -> Answer {
    send(office, (Method::POST, "/oidc/register"), None, body).await
}

pub(super) async fn registered(office: &Office, body: &Value) -> Value {
    let answer = register(office, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

pub(super) fn application(office: &Office, registration: &Value) -> Application {
    let secret = registration.get("client_secret").map(|secret| secret.as_str().unwrap());
    let redirect_uri = registration["redirect_uris"][0].as_str().unwrap_or_default();
    office.client(text(registration, "client_id"), secret, redirect_uri)
}

pub(super) fn own_path(registration: &Value) -> String {
    format!("/oidc/register/{}", text(registration, "client_id"))
}

/// A token for so many registrations.
pub(super) async fn token(office: &Office, uses_left: i32) -> String {
    let app = &office.app.app;
    let now = app.clock.now();
    let token = Token::generate(TokenKind::InitialAccess, app.entropy).unwrap();
    let row = RegistrationToken {
        id: app.entropy.id(now, RegistrationTokenId::new).unwrap(),
        note: "the lab".to_owned(),
        uses_left,
        created_at: now,
        expires_at: now + Duration::days(7),
    };
    let tx = app.store.begin().await.unwrap();
    registration_tokens::insert(&tx, &row, token.hash()).await.unwrap();
    tx.commit().await.unwrap();
    token.expose().to_owned()
}

/// C21: nobody registers who was not asked to, and with a token as often as it says.
#[tokio::test]
async fn registering_needs_a_token() {
    let office = Office::open().await;
    let body = json!({ "redirect_uris": [CALLBACK] });
    let path = (Method::POST, "/oidc/register");
    let nobody = register(&office, &body).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, "Bearer"));
    let token = token(&office, 2).await;
    let other = format!("{}x", &token[..token.len() - 1]);
    for wrong in ["x", &other, &"idp_ia_".repeat(3)] {
        let refused = send(&office, path.clone(), Some(wrong), &body).await;
        assert_eq!(refused.status, 401, "{wrong}");
        assert!(refused.header("www-authenticate").contains("invalid_token"), "{refused:?}");
    }
    let bad = send(&office, path.clone(), Some(&token), &json!({ "redirect_uris": ["x"] })).await;
    assert_eq!(bad.status, 400, "what is refused does not count");
    for _ in 0..2 {
        assert_eq!(send(&office, path.clone(), Some(&token), &body).await.status, 201);
    }
    assert_eq!(send(&office, path.clone(), Some(&token), &body).await.status, 401, "used up");
    let late = self::token(&office, 1).await;
    office.app.advance(Duration::days(7));
    assert_eq!(send(&office, path, Some(&late), &body).await.status, 401, "expired");
}

/// C21: of two requests with the last use of a token, one is answered.
#[tokio::test]
async fn the_last_use_of_a_token_is_used_once() {
    let office = Office::open().await;
    let token = token(&office, 1).await;
    let body = json!({ "redirect_uris": [CALLBACK] });
    let tries = (0..8).map(|_| send(&office, (Method::POST, "/oidc/register"), Some(&token), &body));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
}

/// Checklist 22
#[tokio::test]
async fn whoever_registered_can_sign_people_in() {
    let office = Office::with(OPEN).await;
    let body = json!({ "redirect_uris": [CALLBACK], "client_name": "New <Lab>", "grant_types": ["authorization_code", "refresh_token"] });
    let made = registered(&office, &body).await;
    assert_eq!(made["client_secret_expires_at"], 0);
    assert_eq!(made["client_id_issued_at"], office.app.app.clock.now().unix_timestamp());
    assert_eq!(text(&made, "registration_client_uri"), office.app.url(&own_path(&made)));
    assert_eq!(made["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!((&made["response_types"], &made["application_type"]), (&json!(["code"]), &json!("web")));
    let lab = application(&office, &made);
    let page = lab.authorize(&office.browser, &[]).await;
    assert!(is_consent_page(&page) && page.body.contains("New &lt;Lab&gt;"), "nobody has vouched for it");
    let code = decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
    let tokens = lab.redeem(&code).await.json();
    assert_eq!(lab.userinfo(text(&tokens, "access_token")).await.json()["email"], "ada@example.org");
    assert!(lab.can_refresh(&tokens).await);
    let again = lab.authorize(&office.browser, &[]).await;
    assert!(again.parameter("code").is_some(), "remembered: {again:?}");
    let api = lab.authorize(&office.browser, &[("resource", "https://slots.example.org")]).await;
    assert_eq!(api.parameter("error").as_deref(), Some("invalid_target"), "no API is open to it");
}

/// Checklist 23: everything that was said comes back as it was understood.
#[tokio::test]
async fn what_was_registered_is_shown_as_it_stands() {
    let office = Office::with(OPEN).await;
    let key = Signer::new(SigningAlg::Es256);
    let said = json!({
        "redirect_uris": [CALLBACK, "https://new.example.org/cb?a=1"],
        "post_logout_redirect_uris": ["https://new.example.org/bye"],
        "client_name": "Lab",
        "client_uri": "https://new.example.org",
        "policy_uri": "https://new.example.org/policy",
        "tos_uri": "https://new.example.org/terms",
        "contacts": ["ops@new.example.org"],
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "grant_types": ["client_credentials", "authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "email openid",
        "jwks": { "keys": [key.public()] },
        "request_uris": ["https://new.example.org/request"],
        "request_object_signing_alg": "ES256",
        "subject_type": "pairwise",
        "id_token_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "ES256",
        "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "EdDSA",
        "userinfo_encrypted_response_alg": "ECDH-ES",
        "userinfo_encrypted_response_enc": "A128CBC-HS256",
        "default_max_age": 600,
        "initiate_login_uri": "https://new.example.org/start",
        "backchannel_logout_uri": "https://new.example.org/back",
        "frontchannel_logout_uri": "https://new.example.org/front",
        "require_pushed_authorization_requests": true,
        "require_signed_request_object": true,
        "dpop_bound_access_tokens": true,
    });
    let mut sent = said.clone();
    sent["software_statement_of_the_future"] = json!({ "a": 1 });
    sent["client_name#de"] = json!("Labor");
    sent["logo_uri"] = Value::Null;
    let made = registered(&office, &sent).await;
    for (name, value) in said.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    assert!(made.get("client_secret").is_none() && made.get("client_secret_expires_at").is_none());
    let token = text(&made, "registration_access_token");
    let shown = send(&office, (Method::GET, &own_path(&made)), Some(token), &json!(null)).await;
    assert_eq!((shown.status.as_u16(), shown.json()), (200, made.clone()));
}

/// C22: reading and writing back changes nothing but the token, which is of no more use then.
#[tokio::test]
async fn a_registration_is_changed_by_its_owner_alone() {
    let office = Office::with(OPEN).await;
    let made = registered(&office, &json!({ "redirect_uris": [CALLBACK], "client_name": "Lab" })).await;
    let other = registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
    let path = own_path(&made);
    let (own, foreign) =
        (text(&made, "registration_access_token"), text(&other, "registration_access_token"));
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        for wrong in [None, Some(foreign), Some("x"), made["client_secret"].as_str()] {
            assert_eq!(send(&office, (method.clone(), &path), wrong, &made).await.status, 401, "{method}");
        }
    }
    let written = send(&office, (Method::PUT, &path), Some(own), &made).await;
    assert_eq!(written.status, 200, "{written:?}");
    let mut next = written.json();
    let token = text(&next, "registration_access_token").to_owned();
    assert_ne!(token, own);
    assert_eq!(send(&office, (Method::GET, &path), Some(own), &made).await.status, 401, "replaced");
    let members = next.as_object_mut().unwrap();
    members.insert("registration_access_token".to_owned(), made["registration_access_token"].clone());
    members.insert("client_secret".to_owned(), made["client_secret"].clone());
    members.insert("client_secret_expires_at".to_owned(), json!(0));
    assert_eq!(next, made, "nothing else changed");
    let lab = application(&office, &made);
    let refused = lab.token(&[("grant_type", "authorization_code"), ("code", "x")]).await;
    assert_eq!(refused.json()["error"], "invalid_request", "the secret is still good");

    let mut changed = made.clone();
    changed["redirect_uris"] = json!(["https://new.example.org/elsewhere"]);
    changed.as_object_mut().unwrap().remove("client_name");
    let changed = send(&office, (Method::PUT, &path), Some(&token), &changed).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["client_name"], "new.example.org", "what is not said is forgotten");
    assert_eq!(lab.authorize(&office.browser, &[]).await.status, 400, "the old address is not registered");
}

/// C22
#[tokio::test]
async fn a_change_speaks_of_its_own_client() {
    let office = Office::with(OPEN).await;
    let made = registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
    let (path, token) = (own_path(&made), text(&made, "registration_access_token"));
    for (name, value) in [("client_id", "practice"), ("client_id", ""), ("client_secret", "x")] {
        let mut other = made.clone();
        other[name] = json!(value);
        let refused = send(&office, (Method::PUT, &path), Some(token), &other).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]),
            (400, &json!("invalid_request")),
            "{name}"
        );
    }
    let mut public = made.clone();
    public["token_endpoint_auth_method"] = json!("none");
    let public = send(&office, (Method::PUT, &path), Some(token), &public).await.json();
    assert!(public.get("client_secret").is_none());
    let mut signs = public.clone();
    signs["token_endpoint_auth_method"] = json!("client_secret_jwt");
    let token = text(&public, "registration_access_token");
    let signs = send(&office, (Method::PUT, &path), Some(token), &signs).await.json();
    let secret = text(&signs, "client_secret");
    assert_ne!(secret, text(&made, "client_secret"), "another use, another secret");
    let now = office.app.app.clock.now().unix_timestamp();
    let id = text(&made, "client_id");
    let claims = json!({ "iss": id, "sub": id, "aud": office.app.issuer(), "jti": "a", "exp": now + 60 });
    let assertion = crate::support::keys::sign_with_secret(secret, &claims);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let answer = office.practice().post("/oidc/token", &[], &super::form(&fields)).await;
    assert_eq!(answer.json()["error"], "invalid_request", "authenticated, and then without a code");
}

/// Checklist 22: 204, and nothing is left that could be used.
#[tokio::test]
async fn a_registration_that_has_ended_leaves_nothing() {
    let office = Office::with(OPEN).await;
    let grants = json!(["authorization_code", "refresh_token"]);
    let made = registered(&office, &json!({ "redirect_uris": [CALLBACK], "grant_types": grants })).await;
    let lab = application(&office, &made);
    let tokens = super::tokens_with_consent(&lab, &office.browser, &[]).await;
    let (path, token) = (own_path(&made), text(&made, "registration_access_token"));
    let ended = send(&office, (Method::DELETE, &path), Some(token), &json!(null)).await;
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (204, ""));
    assert_eq!(send(&office, (Method::GET, &path), Some(token), &json!(null)).await.status, 401);
    assert_eq!(lab.userinfo(text(&tokens, "access_token")).await.status, 401);
    assert_eq!(lab.refresh(text(&tokens, "refresh_token")).await.status, 401);
    assert_eq!(lab.authorize(&office.browser, &[]).await.status, 400);
}

/// Checklist 12, C21: what does not fit together is refused, with the name of what is wrong.
#[tokio::test]
async fn metadata_that_can_not_be_is_refused() {
    let office = Office::with(OPEN).await;
    let private = Signer::new(SigningAlg::Es256).private();
    let keys = json!({ "keys": [Signer::new(SigningAlg::Es256).public()] });
    let (metadata, redirect) = ("invalid_client_metadata", "invalid_redirect_uri");
    for (change, error) in [
        (json!({ "redirect_uris": ["https://new.example.org/cb#x"] }), redirect),
        (json!({ "redirect_uris": ["http://new.example.org/cb"] }), redirect),
        (json!({ "redirect_uris": ["https://*.example.org/cb"] }), redirect),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), redirect),
        (json!({ "redirect_uris": ["org.example.new:/cb"] }), metadata),
        (json!({ "redirect_uris": [] }), metadata),
        (json!({ "redirect_uris": "https://new.example.org/cb" }), metadata),
        (json!({ "grant_types": ["password"] }), metadata),
        (json!({ "grant_types": ["implicit"] , "response_types": ["id_token"] }), metadata),
        (json!({ "response_types": ["token"] }), metadata),
        (json!({ "response_types": ["code id_token"] }), metadata),
        (json!({ "application_type": "game" }), metadata),
        (
            json!({ "application_type": "native", "token_endpoint_auth_method": "client_secret_post" }),
            metadata,
        ),
        (json!({ "token_endpoint_auth_method": "magic" }), metadata),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), metadata),
        (json!({ "token_endpoint_auth_signing_alg": "none" }), metadata),
        (json!({ "jwks": { "keys": [private] } }), metadata),
        (json!({ "jwks": keys, "jwks_uri": "https://new.example.org/jwks" }), metadata),
        (json!({ "jwks_uri": "http://new.example.org/jwks" }), metadata),
        (json!({ "id_token_signed_response_alg": "none" }), metadata),
        (json!({ "id_token_signed_response_alg": "HS256" }), metadata),
        (json!({ "id_token_encrypted_response_alg": "RSA1_5", "jwks": keys }), metadata),
        (json!({ "id_token_encrypted_response_alg": "ECDH-ES" }), metadata),
        (json!({ "id_token_encrypted_response_enc": "A128GCM", "jwks": keys }), metadata),
        (json!({ "userinfo_signed_response_alg": "none" }), metadata),
        (json!({ "request_object_signing_alg": "none" }), metadata),
        (json!({ "authorization_signed_response_alg": "ES256" }), metadata),
        (json!({ "request_uris": ["https://new.example.org/request"] }), metadata),
        (json!({ "initiate_login_uri": "http://127.0.0.1/start" }), metadata),
        (json!({ "frontchannel_logout_uri": "https://other.example.org/bye" }), metadata),
        (json!({ "policy_uri": "javascript:alert(1)" }), metadata),
        (json!({ "subject_type": "secret" }), metadata),
        (json!({ "client_name": "x".repeat(81) }), metadata),
        (json!({ "contacts": ["x".repeat(255)] }), metadata),
        (json!({ "scope": "open\"id" }), metadata),
        (json!({ "default_max_age": -1 }), metadata),
    ] {
        let mut body = json!({ "redirect_uris": [CALLBACK] });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = register(&office, &body).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!(error)), "{change}");
        assert!(text(&refused.json(), "error_description").len() > 10, "{change}");
    }
    for body in [json!([]), json!("x"), json!(null)] {
        assert_eq!(register(&office, &body).await.json()["error"], metadata, "{body}");
    }
    let client = office.practice();
    let form = client.post("/oidc/register", &[], "redirect_uris=x").await;
    assert_eq!((form.status.as_u16(), &form.json()["error"]), (400, &json!(metadata)));
    let clients = office.app.texts("SELECT id FROM client WHERE source = 'registered'").await;
    assert!(clients.is_empty(), "{clients:?}");
}

/// Checklist 23, OIDC Core §8.1: addresses of several hosts are of one sector where somebody says so.
#[tokio::test]
async fn a_sector_is_what_its_list_says() {
    let office = Office::with(OPEN).await;
    let shelf = Shelf::open().await;
    let two = json!([CALLBACK, "https://two.example.org/cb"]);
    let body = |path: &str| json!({ "redirect_uris": two, "subject_type": "pairwise", "sector_identifier_uri": shelf.url(path) });
    let alone = json!({ "redirect_uris": two, "subject_type": "pairwise" });
    shelf.put("/all", "application/json", json!([CALLBACK, "https://two.example.org/cb", "x"]).to_string());
    shelf.put("/one", "application/json", json!([CALLBACK]).to_string());
    shelf.put("/odd", "application/json", "{}");
    shelf.redirect("/moved", &shelf.url("/all"));
    shelf.put("/long", "application/json", format!("[\"{}\"]", "x".repeat(70_000)));
    for refused in [&alone, &body("/one"), &body("/odd"), &body("/missing"), &body("/moved"), &body("/long")]
    {
        assert_eq!(register(&office, refused).await.json()["error"], "invalid_client_metadata", "{refused}");
    }
    let made = registered(&office, &body("/all")).await;
    assert_eq!(made["sector_identifier_uri"], shelf.url("/all"));
    let token = text(&made, "registration_access_token");
    let again = send(&office, (Method::PUT, &own_path(&made)), Some(token), &made).await;
    assert_eq!(again.status, 200, "{again:?}");
}

/// D2: whose sector an application is in has to show in where it gets its answers. A device gets them nowhere.
#[tokio::test]
async fn nobody_takes_the_sector_of_somebody_else() {
    let office = Office::with(OPEN).await;
    let shelf = Shelf::open().await;
    shelf.put("/clinic", "application/json", json!(["https://clinic.example.org/cb"]).to_string());
    shelf.put("/none", "application/json", "[]");
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    for list in ["/clinic", "/none"] {
        let body = json!({
            "grant_types": [device],
            "token_endpoint_auth_method": "none",
            "subject_type": "pairwise",
            "sector_identifier_uri": shelf.url(list),
        });
        assert_eq!(register(&office, &body).await.json()["error"], "invalid_client_metadata", "{list}");
    }
    let beside = json!({
        "redirect_uris": ["https://clinic.example.org/x"],
        "grant_types": ["authorization_code", device],
        "subject_type": "pairwise",
    });
    assert_eq!(register(&office, &beside).await.json()["error"], "invalid_client_metadata");
    let machine = json!({
        "grant_types": ["client_credentials"], "subject_type": "pairwise", "sector_identifier_uri": shelf.url("/none"),
    });
    assert_eq!(register(&office, &machine).await.json()["error"], "invalid_client_metadata");
}

/// Checklist 18, D1, Core §12.2: whoever becomes another sector keeps no tokens under the names of before.
#[tokio::test]
async fn a_registration_that_renames_people_ends_what_it_was_given() {
    let office = Office::with(OPEN).await;
    let body = json!({
        "redirect_uris": [CALLBACK],
        "subject_type": "pairwise",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    for (member, value, ends) in [
        ("redirect_uris", json!(["https://clinic.example.org/cb"]), true),
        ("subject_type", json!("public"), true),
        ("client_name", json!("Another name"), false),
    ] {
        let made = registered(&office, &body).await;
        let lab = application(&office, &made);
        let page = lab.authorize(&office.browser, &[]).await;
        let code = decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
        let tokens = lab.redeem(&code).await.json();
        let mut changed = made.clone();
        changed[member] = value;
        let token = text(&made, "registration_access_token");
        let answer = send(&office, (Method::PUT, &own_path(&made)), Some(token), &changed).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(lab.can_refresh(&tokens).await, !ends, "{member}");
        let told = lab.userinfo(text(&tokens, "access_token")).await;
        assert_eq!(told.status == 200, !ends, "{member}");
    }
}

/// 2.16: neither a registration nor a token for one makes us call others without end.
#[tokio::test]
async fn a_registration_calls_no_address_without_end() {
    let office = Office::with("").await;
    let shelf = Shelf::open().await;
    shelf.put("/sector", "application/json", json!([CALLBACK]).to_string());
    let body = json!({ "redirect_uris": [CALLBACK], "subject_type": "pairwise", "sector_identifier_uri": shelf.url("/sector") });
    let token = token(&office, 1).await;
    let path = (Method::POST, "/oidc/register");
    let mut made = send(&office, path.clone(), Some(&token), &body).await.json();
    let mut last = 0;
    for _ in 0..40 {
        let token = text(&made, "registration_access_token").to_owned();
        let answer = send(&office, (Method::PUT, &own_path(&made)), Some(&token), &made).await;
        last = answer.status.as_u16();
        if last == 200 {
            made = answer.json();
        }
    }
    assert_eq!((last, shelf.asked("/sector")), (503, 31));
    let token = self::token(&office, 1).await;
    shelf.put("/other", "application/json", "[]");
    let refused = json!({ "redirect_uris": [CALLBACK], "subject_type": "pairwise", "sector_identifier_uri": shelf.url("/other") });
    for _ in 0..40 {
        last = send(&office, path.clone(), Some(&token), &refused).await.status.as_u16();
    }
    assert_eq!((last, shelf.asked("/other")), (503, 30));
}

/// S14: what our network is like is nobody's to find out.
#[tokio::test]
async fn why_an_address_can_not_be_fetched_is_not_told() {
    let office = Office::with(OPEN).await;
    let shelf = Shelf::open().await;
    let mut told = std::collections::BTreeSet::new();
    for address in [
        shelf.url("/missing"),
        "https://10.0.0.1/sector".to_owned(),
        "https://no-such-host.invalid/sector".to_owned(),
        "http://127.0.0.1:1/sector".to_owned(),
    ] {
        let body = json!({ "redirect_uris": [CALLBACK], "subject_type": "pairwise", "sector_identifier_uri": address });
        told.insert(text(&register(&office, &body).await.json(), "error_description").to_owned());
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

/// A15, RFC 8252 §8.6: on loopback any program can listen, so nothing is remembered for who does.
#[tokio::test]
async fn a_public_application_on_loopback_is_asked_for_every_time() {
    let office = Office::with(OPEN).await;
    for (callback, remembered) in [("http://localhost:8080/cb", false), (CALLBACK, true)] {
        let body = json!({ "redirect_uris": [callback], "token_endpoint_auth_method": "none" });
        let lab = application(&office, &registered(&office, &body).await);
        let page = lab.authorize(&office.browser, &[]).await;
        assert!(decide(&office.browser, &page, "allow").await.parameter("code").is_some());
        let again = lab.authorize(&office.browser, &[]).await;
        assert_eq!(is_consent_page(&again), !remembered, "{callback}");
    }
}

/// Checklist 2: without a word of the application, what every library reads.
#[tokio::test]
async fn an_application_that_names_no_algorithm_gets_rs256() {
    let office = Office::with(OPEN).await;
    let made = registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
    assert_eq!(made["id_token_signed_response_alg"], "RS256");
    let lab = application(&office, &made);
    let page = lab.authorize(&office.browser, &[]).await;
    let code = decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
    let tokens = lab.redeem(&code).await.json();
    assert_eq!(super::part(text(&tokens, "id_token"), 0)["alg"], "RS256");
}

/// Checklist 23, RFC 7591 §2: keys at an address, also when they become others.
#[tokio::test]
async fn an_application_registers_where_its_keys_are() {
    let office = Office::with(OPEN).await;
    let shelf = Shelf::open().await;
    let publish = |key: &Signer| {
        let mut public = key.public();
        public["kid"] = json!("1");
        shelf.put("/jwks", "application/json", json!({ "keys": [public] }).to_string());
    };
    let (old, new) = (Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    publish(&old);
    let body = json!({
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": shelf.url("/jwks"),
    });
    let made = registered(&office, &body).await;
    let id = text(&made, "client_id").to_owned();
    let asks = async |key: &Signer, kid: &str| {
        let now = office.app.app.clock.now().unix_timestamp();
        let jti = office.app.app.entropy.handle().unwrap();
        let claims = json!({ "iss": id, "sub": id, "aud": office.app.issuer(), "jti": jti, "exp": now + 60 });
        let assertion = key.sign(&json!({ "kid": kid }), &claims);
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        let answer = office.practice().post("/oidc/token", &[], &super::form(&fields)).await;
        answer.json().get("error").is_none_or(|error| error != "invalid_client")
    };
    assert!(asks(&old, "1").await);
    assert!(!asks(&new, "1").await);
    office.app.advance(Duration::hours(2));
    let mut public = new.public();
    public["kid"] = json!("2");
    shelf.put("/jwks", "application/json", json!({ "keys": [public] }).to_string());
    assert!(asks(&new, "2").await);
    assert!(!asks(&old, "1").await);
}

/// Checklist 23: people see whom they sign in to, also of an application that registered itself.
#[tokio::test]
async fn the_sign_in_page_shows_what_was_registered() {
    let office = Office::with(OPEN).await;
    let shelf = Shelf::open().await;
    shelf.put("/logo.png", "image/png", b"a picture".to_vec());
    let body = json!({
        "redirect_uris": [CALLBACK],
        "client_name": "New <Lab>",
        "logo_uri": shelf.url("/logo.png"),
        "policy_uri": "https://new.example.org/policy",
        "tos_uri": "https://new.example.org/terms",
    });
    let made = registered(&office, &body).await;
    let stranger = office.app.browser();
    let led = application(&office, &made).authorize(&stranger, &[]).await;
    let page = stranger.get(&led.location()).await.body.replace("&#x2f;", "/");
    let logo = format!("src=\"/oidc/logo/{}\"", text(&made, "client_id"));
    for shown in ["New &lt;Lab&gt;", &logo, "https://new.example.org/policy", "https://new.example.org/terms"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains(&shelf.url("")), "nothing is loaded from elsewhere");
}

/// Checklist 22 and 23: a new secret says when it ends; what was said of log-outs comes back.
#[tokio::test]
async fn what_is_registered_of_secrets_and_log_outs_comes_back() {
    let office = Office::with(OPEN).await;
    let body = json!({
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "backchannel_logout_uri": "https://new.example.org/out",
        "backchannel_logout_session_required": true,
        "frontchannel_logout_uri": "https://new.example.org/bye",
        "frontchannel_logout_session_required": true,
    });
    let mut made = registered(&office, &body).await;
    assert_eq!(made["backchannel_logout_session_required"], true);
    assert_eq!(made["frontchannel_logout_session_required"], true);
    made["token_endpoint_auth_method"] = json!("client_secret_basic");
    made["frontchannel_logout_session_required"] = json!(false);
    let token = text(&made, "registration_access_token").to_owned();
    let changed = send(&office, (Method::PUT, &own_path(&made)), Some(&token), &made).await.json();
    assert!(text(&changed, "client_secret").len() > 43, "{changed}");
    assert_eq!(changed["client_secret_expires_at"], 0);
    assert_eq!(changed["frontchannel_logout_session_required"], false);
    for address in ["backchannel_logout_uri", "frontchannel_logout_uri", "initiate_login_uri"] {
        let mut bad = json!({ "redirect_uris": [CALLBACK] });
        bad[address] = json!("https://new.example.org/x#y");
        assert_eq!(register(&office, &bad).await.json()["error"], "invalid_client_metadata", "{address}");
    }
}

/// Checklist 23: the picture is fetched once and comes from us; one that can not be had is left out.
#[tokio::test]
async fn a_picture_is_fetched_when_it_is_registered() {
    let office = Office::with(OPEN).await;
    let shelf = Shelf::open().await;
    shelf.put("/logo.png", "image/png; charset=binary", b"a picture".to_vec());
    shelf.put("/logo.html", "text/html", b"<script>".to_vec());
    let body = |path: &str| json!({ "redirect_uris": [CALLBACK], "logo_uri": shelf.url(path) });
    let made = registered(&office, &body("/logo.png")).await;
    let logo = office.practice().get(&format!("/oidc/logo/{}", text(&made, "client_id")), &[]).await;
    assert_eq!((logo.header("content-type"), logo.body.as_str()), ("image/png", "a picture"));
    assert_eq!(shelf.asked("/logo.png"), 1);
    shelf.take_away("/logo.png");
    let token = text(&made, "registration_access_token");
    send(&office, (Method::PUT, &own_path(&made)), Some(token), &made).await;
    let logo = office.practice().get(&format!("/oidc/logo/{}", text(&made, "client_id")), &[]).await;
    assert_eq!(logo.status, 200, "kept, since it was not to change");
    let without = registered(&office, &body("/logo.html")).await;
    let logo = office.practice().get(&format!("/oidc/logo/{}", text(&without, "client_id")), &[]).await;
    assert_eq!(logo.status, 404);
}

/// Open registration is bounded by network.
#[tokio::test]
async fn one_network_does_not_register_without_end() {
    let office = Office::with(OPEN).await;
    for _ in 0..30 {
        registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
    }
    let body = json!({ "redirect_uris": [CALLBACK] });
    let refused = register(&office, &body).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "2"));
    let token = token(&office, 1).await;
    assert_eq!(send(&office, (Method::POST, "/oidc/register"), Some(&token), &body).await.status, 201);
    office.app.advance(Duration::hours(1));
    registered(&office, &body).await;
}

/// What kinds of applications there are follows from what they say.
#[tokio::test]
async fn every_kind_of_application_can_register() {
    let office = Office::with(OPEN).await;
    let native = json!({ "application_type": "native", "redirect_uris": ["org.example.new:/cb"] });
    let native = registered(&office, &native).await;
    assert_eq!(native["token_endpoint_auth_method"], "none");
    let spa = json!({ "token_endpoint_auth_method": "none", "redirect_uris": [CALLBACK] });
    let spa = registered(&office, &spa).await;
    let preflight = [("origin", "https://new.example.org")];
    let allowed = office.practice().get("/oidc/jwks", &preflight).await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://new.example.org", "{spa}");
    let machine = registered(&office, &json!({ "grant_types": ["client_credentials"] })).await;
    let machine = application(&office, &machine);
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    assert_eq!((answer.status.as_u16(), answer.json().get("scope")), (200, None));
    let device = json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "token_endpoint_auth_method": "none" });
    let device = registered(&office, &device).await;
    let device = office.client(text(&device, "client_id"), None, "");
    let begun = device.call("/oidc/device_authorization", &[("scope", "openid")]).await;
    assert_eq!(begun.status, 200, "{begun:?}");
}

/// Response types from before PKCE need the operator's word.
#[tokio::test]
async fn legacy_flows_are_registered_where_the_operator_allows_it() {
    let body = json!({
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "implicit"],
        "response_types": ["id_token token", "token id_token code", "code"],
    });
    let strict = Office::with(OPEN).await;
    assert_eq!(register(&strict, &body).await.json()["error"], "invalid_client_metadata");
    let lenient = Office::with(&format!("{OPEN}\nlegacy_flows = true")).await;
    let made = registered(&lenient, &body).await;
    assert_eq!(made["response_types"], json!(["id_token token", "code id_token token", "code"]));
}
