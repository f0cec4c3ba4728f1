//! An API that acts for somebody at another one: C20, RFC 8693.

use serde_json::{Value, json};
use time::Duration;

use super::{Office, assert_token_error, part, text, verified};
use crate::support::{Answer, Application, Signer};

const CLIENTS: &str = r#"
[[clients]]
id = "desk"
name = "Front desk"
type = "web"
secret = "a secret that the practice keeps to itself"
scopes = ["openid", "email", "offline_access", "slots:read", "letters:send"]
resources = ["https://booking.example.org"]
redirect_uris = ["https://desk.example.org/cb"]

[[clients]]
id = "booking"
name = "Booking API"
type = "machine"
secret = "a secret that the practice keeps to itself"
grants = ["client_credentials", "token_exchange"]
scopes = ["letters:send", "letters:read"]
serves = ["https://booking.example.org"]
resources = ["https://post.example.org", "https://archive.example.org"]

[[clients]]
id = "post"
name = "Post API"
type = "machine"
secret = "a secret that the practice keeps to itself"
grants = ["token_exchange"]
scopes = ["letters:send"]
serves = ["https://post.example.org"]
resources = ["https://archive.example.org", "https://post.example.org"]

[[clients]]
id = "archive"
name = "Archive API"
type = "machine"
secret = "a secret that the practice keeps to itself"
serves = ["https://archive.example.org"]

[[clients]]
id = "board"
name = "Board"
type = "web"
secret = "a secret that the practice keeps to itself"
grants = ["token_exchange"]
scopes = ["openid", "email", "offline_access", "letters:send"]
serves = ["https://booking.example.org"]
resources = ["https://post.example.org"]
redirect_uris = ["https://board.example.org/cb"]
"#;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

struct World {
    office: Office,
    desk: Application,
    booking: Application,
    post: Application,
}

impl World {
    async fn open() -> Self {
        let office = Office::with_clients(CLIENTS).await;
        let desk = office.client("desk", Some(super::SECRET), "https://desk.example.org/cb");
        let booking = office.client("booking", Some(super::SECRET), "");
        let post = office.client("post", Some(super::SECRET), "");
        Self { office, desk, booking, post }
    }

    /// What the front desk calls the booking API with, for Ada.
    async fn call(&self) -> Value {
        let asked =
            [("scope", "openid email slots:read letters:send"), ("resource", "https://booking.example.org")];
        self.desk.tokens(&self.office.browser, &asked).await
    }
}

pub(super) async fn exchange(client: &Application, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
        ("resource", "https://post.example.org"),
    ];
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    client.token(&fields).await
}

#[tokio::test]
async fn an_api_acts_for_a_person_at_another_one() {
    let world = World::open().await;
    let shown = text(&world.call().await, "access_token").to_owned();
    let answer = exchange(&world.booking, &shown, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    let said = answer.json();
    assert_eq!((&said["issued_token_type"], &said["token_type"]), (&json!(ACCESS_TOKEN), &json!("Bearer")));
    assert!(said.get("refresh_token").is_none() && said.get("id_token").is_none(), "{said}");
    assert_eq!(said["scope"], "letters:send", "what both the token and the client have");
    let claims = verified(&world.booking, text(&said, "access_token")).await;
    let before = part(&shown, 1);
    assert_eq!(
        (&claims["aud"], &claims["client_id"]),
        (&json!("https://post.example.org"), &json!("booking"))
    );
    assert_eq!(claims["act"], json!({ "sub": "booking" }));
    for same in ["sub", "acr", "amr", "auth_time", "grant_id"] {
        assert_eq!(claims[same], before[same], "{same}");
    }
    assert_ne!(claims["jti"], before["jti"]);
    let looked = world.post.call("/oidc/introspect", &[("token", text(&said, "access_token"))]).await.json();
    assert_eq!((&looked["active"], &looked["act"]["sub"]), (&json!(true), &json!("booking")));
    assert_eq!(
        world.desk.userinfo(text(&said, "access_token")).await.status,
        401,
        "nothing about the person"
    );
    assert!(world.office.app.trail(world.office.ada.id).await.contains(&"token-exchanged".to_owned()));
}

/// RFC 8693 §4.1: who acts for whom is told, the last one first.
#[tokio::test]
async fn actors_stand_behind_each_other() {
    let world = World::open().await;
    let first = exchange(&world.booking, text(&world.call().await, "access_token"), &[]).await.json();
    let archive = [("resource", "https://archive.example.org")];
    let second = exchange(&world.post, text(&first, "access_token"), &archive).await.json();
    let claims = part(text(&second, "access_token"), 1);
    assert_eq!(claims["act"], json!({ "sub": "post", "act": { "sub": "booking" } }));
    let mut token = text(&first, "access_token").to_owned();
    for round in 1..=5 {
        let next = exchange(&world.post, &token, &[]).await;
        match round {
            5 => assert_token_error(&next, 400, "invalid_request"),
            _ => token = text(&next.json(), "access_token").to_owned(),
        }
    }
}

/// C20: no more and no longer than what was shown.
#[tokio::test]
async fn nothing_grows_by_an_exchange() {
    let world = World::open().await;
    let shown = text(&world.call().await, "access_token").to_owned();
    world.office.app.advance(Duration::minutes(3));
    let said = exchange(&world.booking, &shown, &[]).await.json();
    assert_eq!(said["expires_in"], 120);
    assert_eq!(part(text(&said, "access_token"), 1)["exp"], part(&shown, 1)["exp"]);
    for beyond in
        ["letters:read", "slots:read", "openid", "email", "offline_access", "letters:send letters:read"]
    {
        assert_token_error(
            &exchange(&world.booking, &shown, &[("scope", beyond)]).await,
            400,
            "invalid_scope",
        );
    }
    // Not even for who could ask the person for it.
    let board = world.office.client("board", Some(super::SECRET), "");
    for personal in ["openid", "email", "letters:send email"] {
        let refused = exchange(&board, &shown, &[("scope", personal)]).await;
        assert_token_error(&refused, 400, "invalid_scope");
    }
    assert_eq!(exchange(&board, &shown, &[]).await.json()["scope"], "letters:send");
    for target in [
        "",
        "https://booking.example.org",
        "https://slots.example.org",
        "nonsense",
        "https://post.example.org/x",
    ] {
        let refused = exchange(&world.booking, &shown, &[("resource", target)]).await;
        assert_token_error(&refused, 400, "invalid_target");
    }
    let both = [("resource", "https://archive.example.org"), ("audience", "https://post.example.org")];
    let both = exchange(&world.booking, &shown, &both).await.json();
    let aud = part(text(&both, "access_token"), 1)["aud"].clone();
    assert_eq!(aud, json!(["https://archive.example.org", "https://post.example.org"]));
    world.office.app.advance(Duration::minutes(2));
    assert_token_error(&exchange(&world.booking, &shown, &[]).await, 400, "invalid_request");
}

/// C20: off unless it is registered, and only for what was shown to this very API.
#[tokio::test]
async fn only_who_was_called_may_go_on() {
    let world = World::open().await;
    let tokens = world.call().await;
    let shown = text(&tokens, "access_token");
    assert_token_error(&exchange(&world.desk, shown, &[]).await, 400, "unauthorized_client");
    assert_token_error(&exchange(&world.office.slots(), shown, &[]).await, 400, "unauthorized_client");
    assert_token_error(&exchange(&world.post, shown, &[]).await, 400, "invalid_request");
    let own = world.booking.token(&[("grant_type", "client_credentials")]).await.json();
    for wrong in [
        text(&tokens, "id_token"),
        text(&tokens, "refresh_token"),
        text(&own, "access_token"),
        &super::forgeries(shown)[0],
        "x",
    ] {
        assert_token_error(&exchange(&world.booking, wrong, &[]).await, 400, "invalid_request");
    }
    for (name, value) in [
        ("subject_token", ""),
        ("subject_token_type", ""),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ("actor_token", shown),
        ("actor_token_type", ACCESS_TOKEN),
    ] {
        let refused = exchange(&world.booking, shown, &[(name, value)]).await;
        assert_token_error(&refused, 400, "invalid_request");
    }
    let public = "[[clients]]\nid = \"x\"\nname = \"X\"\ntype = \"spa\"\ngrants = [\"token_exchange\"]\n\
                  redirect_uris = [\"https://x.example.org/cb\"]";
    let dir = crate::support::TempDir::new("exchange");
    let file = dir.0.join("idp.toml");
    std::fs::write(&file, format!("public_url = \"https://login.example.org\"\n{public}")).unwrap();
    let problems = idp::config::Config::from_sources(Some(&file), []).unwrap_err().to_string();
    assert!(problems.contains("must authenticate to use token_exchange"), "{problems}");
}

/// C6, C17: what it came from ends it: the session, the grant, the person, either client.
#[tokio::test]
async fn an_exchanged_token_ends_with_what_it_came_from() {
    for case in ["log-out", "revocation", "person", "desk", "booking"] {
        let world = World::open().await;
        let tokens = world.call().await;
        let said = exchange(&world.booking, text(&tokens, "access_token"), &[]).await.json();
        let token = [("token", text(&said, "access_token"))];
        let active = async || world.post.call("/oidc/introspect", &token).await.json()["active"].clone();
        assert_eq!(active().await, json!(true));
        match case {
            "log-out" => world.office.log_out().await,
            "person" => world.office.app.disable_person(world.office.ada.id).await,
            "revocation" => {
                let refresh = [("token", text(&tokens, "refresh_token"))];
                assert_eq!(world.desk.call("/oidc/revoke", &refresh).await.status, 200);
            }
            client => super::disable_client(&world.office.app, client).await,
        }
        assert_eq!(active().await, json!(false), "{case}");
        if case != "booking" {
            let again = exchange(&world.booking, text(&tokens, "access_token"), &[]).await;
            assert_token_error(&again, 400, "invalid_request");
        }
    }
}

/// C6, 2.18: whoever handed a token on and may not act any more has handed on nothing.
#[tokio::test]
async fn an_actor_in_the_middle_that_is_disabled_ends_what_it_handed_on() {
    let world = World::open().await;
    let tokens = world.call().await;
    let first = exchange(&world.booking, text(&tokens, "access_token"), &[]).await.json();
    let archive = [("resource", "https://archive.example.org")];
    let second = exchange(&world.post, text(&first, "access_token"), &archive).await;
    assert_eq!(second.status, 200, "{second:?}");
    let archive = world.office.client("archive", Some(super::SECRET), "");
    let second = second.json();
    let token = [("token", text(&second, "access_token"))];
    let active = async || archive.call("/oidc/introspect", &token).await.json()["active"].clone();
    assert_eq!(active().await, json!(true));
    super::disable_client(&world.office.app, "booking").await;
    assert_eq!(active().await, json!(false));
}

/// A token that is bound to a key can not be passed on by who does not hold it; what comes of it may be bound to
/// the key of whom it is handed to.
#[tokio::test]
async fn a_bound_token_is_not_unbound() {
    let world = World::open().await;
    let (key, own) =
        (Signer::new(idp::model::key::SigningAlg::Es256), Signer::new(idp::model::key::SigningAlg::Es256));
    let code = world.desk.code(&world.office.browser, &[("resource", "https://booking.example.org")]).await;
    let basic = |client: &Application| {
        crate::support::client::basic_auth(&client.client_id, client.secret.as_deref().unwrap())
    };
    let proof = |key: &Signer, id: &str| {
        let claims = json!({
            "htm": "POST",
            "htu": world.office.app.url("/oidc/token"),
            "iat": world.office.app.app.clock.now().unix_timestamp(),
            "jti": id,
        });
        key.proof(&claims, &json!({}))
    };
    let headers = [("authorization", basic(&world.desk)), ("dpop", proof(&key, "1"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let bound =
        world.desk.post("/oidc/token", &headers, &super::form(&world.desk.redemption(&code))).await.json();
    assert_eq!(bound["token_type"], "DPoP", "{bound}");
    let bound = text(&bound, "access_token").to_owned();
    assert_token_error(&exchange(&world.booking, &bound, &[]).await, 400, "invalid_request");
    let fields = [
        ("grant_type", EXCHANGE),
        ("subject_token", bound.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("resource", "https://post.example.org"),
    ];
    let headers = [("authorization", basic(&world.booking)), ("dpop", proof(&own, "2"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let other = world.booking.post("/oidc/token", &headers, &super::form(&fields)).await;
    assert_token_error(&other, 400, "invalid_request");

    let plain = text(&world.call().await, "access_token").to_owned();
    let fields = [fields[0], ("subject_token", plain.as_str()), fields[2], fields[3]];
    let headers = [("authorization", basic(&world.booking)), ("dpop", proof(&own, "3"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let said = world.booking.post("/oidc/token", &headers, &super::form(&fields)).await.json();
    assert_eq!(part(text(&said, "access_token"), 1)["cnf"]["jkt"], own.thumbprint(), "{said}");
}
