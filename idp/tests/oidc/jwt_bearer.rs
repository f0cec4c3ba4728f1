//! Somebody vouches for a person who is not there: RFC 7523 §2.1, C11, C20.

use idp::model::key::SigningAlg;
use idp::model::user::Policy;
use serde_json::{Value, json};
use time::Duration;

use super::{ADA, EVE, Office, SECRET, assert_token_error, disable_client, form, text, verified};
use crate::support::client::basic_auth;
use crate::support::keys::sign_with_secret;
use crate::support::{Answer, Application, Signer, TempDir};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const HOSPITAL: &str = "https://hospital.example.org";
const REGISTRY: &str = "https://registry.example.org/";

struct World {
    office: Office,
    /// Knows people by their identifiers, and another by their addresses.
    hospital: Signer,
    registry: Signer,
    referrals: Application,
    post: Application,
}

impl World {
    async fn open() -> Self {
        let (hospital, registry) = (Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::EdDsa));
        let dir = TempDir::new("vouchers");
        let file = |name: &str, key: &Signer| {
            let file = dir.0.join(name);
            std::fs::write(&file, json!({ "keys": [key.public()] }).to_string()).unwrap();
            file.display().to_string()
        };
        let clients = format!(
            r#"
[[clients]]
id = "referrals"
name = "Referrals"
type = "machine"
secret = "{SECRET}"
grants = ["jwt_bearer"]
scopes = ["letters:send", "letters:read"]
resources = ["https://post.example.org", "https://archive.example.org"]
[[clients.assertion_issuers]]
issuer = "{HOSPITAL}"
jwks_file = "{}"
[[clients.assertion_issuers]]
issuer = "{REGISTRY}"
jwks_file = "{}"
people = "email"

[[clients]]
id = "post"
name = "Post API"
type = "machine"
secret = "{SECRET}"
grants = ["client_credentials", "token_exchange"]
scopes = ["letters:send"]
serves = ["https://post.example.org"]
resources = ["https://archive.example.org"]

[[clients]]
id = "portal"
name = "Portal"
type = "web"
secret = "{SECRET}"
grants = ["jwt_bearer"]
scopes = ["openid", "email", "offline_access", "letters:send"]
resources = ["https://post.example.org"]
redirect_uris = ["https://portal.example.org/cb"]
[[clients.assertion_issuers]]
issuer = "{HOSPITAL}"
jwks_file = "{}"
"#,
            file("hospital.json", &hospital),
            file("registry.json", &registry),
            file("hospital.json", &hospital),
        );
        let office = Office::with_clients(&clients).await;
        let referrals = office.client("referrals", Some(SECRET), "");
        let post = office.client("post", Some(SECRET), "");
        Self { office, hospital, registry, referrals, post }
    }

    /// That this is about Ada, with some claims replaced; `null` removes one.
    fn claims(&self, changes: &Value) -> Value {
        let now = self.office.app.app.clock.now().unix_timestamp();
        let mut claims = json!({
            "iss": HOSPITAL,
            "sub": self.office.ada.id.to_string(),
            "aud": self.office.app.issuer(),
            "exp": now + 60,
            "iat": now,
            "jti": jti(),
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
        }
        claims
    }

    fn about(&self, changes: &Value) -> String {
        self.hospital.sign(&json!({}), &self.claims(changes))
    }

    /// The access token for Ada.
    async fn token(&self) -> String {
        let answer = ask(&self.referrals, &self.about(&json!({})), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        text(&answer.json(), "access_token").to_owned()
    }

    async fn is_active(&self, token: &str) -> bool {
        self.post.call("/oidc/introspect", &[("token", token)]).await.json()["active"] == json!(true)
    }
}

fn jti() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("voucher-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn ask(client: &Application, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("grant_type", GRANT), ("assertion", assertion)];
    fields.extend(more.iter().copied());
    fields.retain(|(_, value)| !value.is_empty());
    client.token(&fields).await
}

#[tokio::test]
async fn a_client_acts_for_a_person_by_the_word_of_whom_it_trusts() {
    let world = World::open().await;
    let asked = [("scope", "letters:send"), ("resource", "https://post.example.org")];
    let answer = ask(&world.referrals, &world.about(&json!({})), &asked).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    let said = answer.json();
    assert_eq!((&said["token_type"], &said["scope"]), (&json!("Bearer"), &json!("letters:send")));
    for never in ["refresh_token", "id_token", "issued_token_type"] {
        assert!(said.get(never).is_none(), "{said}");
    }
    let claims = verified(&world.referrals, text(&said, "access_token")).await;
    assert_eq!(claims["sub"], json!(world.office.ada.id.to_string()));
    assert_eq!(claims["client_id"], "referrals");
    assert_eq!(claims["aud"], "https://post.example.org");
    assert_eq!(claims["vouched_by"], HOSPITAL);
    for never in ["acr", "amr", "auth_time", "grant_id"] {
        assert!(claims.get(never).is_none(), "nobody has signed in: {claims}");
    }
    let seen = [("token", text(&said, "access_token"))];
    let looked = world.post.call("/oidc/introspect", &seen).await.json();
    assert_eq!((&looked["active"], &looked["vouched_by"]), (&json!(true), &json!(HOSPITAL)));
    assert_eq!(world.referrals.userinfo(text(&said, "access_token")).await.status, 401);
    assert!(world.office.app.trail(world.office.ada.id).await.contains(&"person-vouched-for".to_owned()));
    let all = ask(&world.referrals, &world.about(&json!({})), &[]).await.json();
    let claims = verified(&world.referrals, text(&all, "access_token")).await;
    assert_eq!(claims["aud"], json!(["https://archive.example.org", "https://post.example.org"]));
    assert_eq!(claims["scope"], "letters:read letters:send");
}

/// C11: for us alone, of this moment.
#[tokio::test]
async fn the_word_is_for_us_and_of_this_moment() {
    let world = World::open().await;
    let (issuer, now) = (world.office.app.issuer(), world.office.app.app.clock.now().unix_timestamp());
    for good in
        [json!({ "aud": format!("{issuer}/oidc/token") }), json!({ "aud": [issuer] }), json!({ "iat": null })]
    {
        let answer = ask(&world.referrals, &world.about(&good), &[]).await;
        assert_eq!(answer.status, 200, "{good}: {}", answer.body);
    }
    for bad in [
        json!({ "aud": "https://post.example.org" }),
        json!({ "aud": "referrals" }),
        json!({ "aud": [issuer, "https://post.example.org"] }),
        json!({ "aud": null }),
        json!({ "iss": "https://other.example.org" }),
        json!({ "iss": REGISTRY, "sub": ADA }),
        json!({ "iss": null }),
        json!({ "exp": now }),
        json!({ "exp": now + 7200 }),
        json!({ "exp": null }),
        json!({ "nbf": now + 61 }),
        json!({ "iat": now + 61 }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
    ] {
        let refused = ask(&world.referrals, &world.about(&bad), &[]).await;
        assert_token_error(&refused, 400, "invalid_grant");
    }
}

/// C11: once, of any number at the same time, and by anybody who trusts the issuer.
#[tokio::test]
async fn a_word_is_taken_once() {
    let world = World::open().await;
    let assertion = world.about(&json!({}));
    let all = futures_util::future::join_all((0..6).map(|_| ask(&world.referrals, &assertion, &[]))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_token_error(&ask(&world.referrals, &assertion, &[]).await, 400, "invalid_grant");
    let portal = world.office.client("portal", Some(SECRET), "");
    assert_token_error(&ask(&portal, &assertion, &[]).await, 400, "invalid_grant");
    // As long as it would be good, and only of its own issuer.
    let named = world.about(&json!({ "jti": "one" }));
    assert_eq!(ask(&world.referrals, &named, &[]).await.status, 200);
    world.office.app.sql("UPDATE user SET email_verified = 1").await;
    let claims = world.claims(&json!({ "iss": REGISTRY, "sub": ADA, "jti": "one" }));
    assert_eq!(ask(&world.referrals, &world.registry.sign(&json!({}), &claims), &[]).await.status, 200);
    world.office.app.advance(Duration::seconds(59));
    assert_token_error(&ask(&world.referrals, &named, &[]).await, 400, "invalid_grant");
}

/// Class 2.15: by its issuer's own key, and as nothing else than it is.
#[tokio::test]
async fn a_word_that_its_issuer_did_not_give_is_refused() {
    let world = World::open().await;
    let claims = world.claims(&json!({}));
    let good = world.about(&json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let none = idp::crypto::base64url::encode(r#"{"alg":"none"}"#);
    let own = world.office.signed(SigningAlg::Es256, "JWT", &claims).await;
    for bad in [
        Signer::new(SigningAlg::Es256).sign(&json!({}), &claims),
        world.registry.sign(&json!({}), &claims),
        world.hospital.sign(&json!({ "typ": "at+jwt" }), &claims),
        world.hospital.sign(&json!({ "typ": "client-authentication+jwt" }), &claims),
        sign_with_secret(&world.hospital.public().to_string(), &claims),
        sign_with_secret(SECRET, &claims),
        own,
        format!("{none}.{}.", parts[1]),
        "x".to_owned(),
    ] {
        assert_token_error(&ask(&world.referrals, &bad, &[]).await, 400, "invalid_grant");
    }
    assert_token_error(&ask(&world.referrals, "", &[]).await, 400, "invalid_request");
    assert_eq!(ask(&world.referrals, &good, &[]).await.status, 200, "none of these has used it up");
}

/// Each issuer knows people in its own way; by address only those who have confirmed it.
#[tokio::test]
async fn a_word_is_about_somebody_who_is_known_and_may_be_vouched_for() {
    let world = World::open().await;
    let eve = world.office.app.person(EVE).await;
    let by_address =
        |sub: &str| world.registry.sign(&json!({}), &world.claims(&json!({ "iss": REGISTRY, "sub": sub })));
    let confirmed = |yes: u8| format!("UPDATE user SET email_verified = {yes}");
    let ada = world.office.ada.id.to_string();
    for unknown in [ADA, "referrals", "", "0197f3a0-0000-7000-8000-000000000000"] {
        let refused = ask(&world.referrals, &world.about(&json!({ "sub": unknown })), &[]).await;
        assert_token_error(&refused, 400, "invalid_grant");
    }
    let nobody = ask(&world.referrals, &world.about(&json!({ "sub": null })), &[]).await;
    assert_token_error(&nobody, 400, "invalid_grant");
    for unknown in [ada.as_str(), "nobody@example.org", "x"] {
        assert_token_error(&ask(&world.referrals, &by_address(unknown), &[]).await, 400, "invalid_grant");
    }
    world.office.app.sql(&confirmed(0)).await;
    assert_token_error(&ask(&world.referrals, &by_address(EVE), &[]).await, 400, "invalid_grant");
    world.office.app.sql(&confirmed(1)).await;
    let said = ask(&world.referrals, &by_address(EVE), &[]).await.json();
    let claims = verified(&world.referrals, text(&said, "access_token")).await;
    assert_eq!(claims["sub"], json!(eve.id.to_string()));
    world.office.app.set_policy(eve.id, Policy::PasskeyOnly).await;
    assert_token_error(&ask(&world.referrals, &by_address(EVE), &[]).await, 400, "invalid_grant");
    world.office.app.disable_person(world.office.ada.id).await;
    assert_token_error(&ask(&world.referrals, &world.about(&json!({})), &[]).await, 400, "invalid_grant");
}

/// C20: off unless it is registered, and no more than is registered.
#[tokio::test]
async fn nothing_is_had_that_the_client_did_not_register() {
    let world = World::open().await;
    for other in [&world.post, &world.office.practice(), &world.office.planner()] {
        let refused = ask(other, &world.about(&json!({})), &[]).await;
        assert_token_error(&refused, 400, "unauthorized_client");
    }
    let assertion = world.about(&json!({}));
    for scope in ["openid", "letters:send openid", "offline_access", "email", "slots:read", "a\"b"] {
        let refused = ask(&world.referrals, &assertion, &[("scope", scope)]).await;
        assert_token_error(&refused, 400, "invalid_scope");
    }
    let issuer = world.office.app.issuer();
    for target in [issuer.as_str(), "https://slots.example.org", "nonsense"] {
        let refused = ask(&world.referrals, &assertion, &[("resource", target)]).await;
        assert_token_error(&refused, 400, "invalid_target");
    }
    assert_eq!(ask(&world.referrals, &assertion, &[]).await.status, 200, "none of these has used it up");
    // What an application may ask people for, nobody can give it for them.
    let portal = world.office.client("portal", Some(SECRET), "");
    for scope in ["openid", "email letters:send", "offline_access"] {
        let refused = ask(&portal, &world.about(&json!({})), &[("scope", scope)]).await;
        assert_token_error(&refused, 400, "invalid_scope");
    }
    assert_eq!(ask(&portal, &world.about(&json!({})), &[]).await.json()["scope"], "letters:send");
}

/// C6, C17: there is no session and no grant, and still it ends.
#[tokio::test]
async fn what_was_had_by_a_word_ends_with_the_person_and_the_trust() {
    for case in ["time", "person", "policy", "client", "issuer", "revocation"] {
        let world = World::open().await;
        let token = world.token().await;
        assert!(world.is_active(&token).await);
        match case {
            "time" => world.office.app.advance(Duration::minutes(5)),
            "person" => world.office.app.disable_person(world.office.ada.id).await,
            "policy" => world.office.app.set_policy(world.office.ada.id, Policy::PasskeyOnly).await,
            "client" => disable_client(&world.office.app, "referrals").await,
            "issuer" => {
                let change =
                    "UPDATE client SET settings = replace(settings, 'https://hospital', 'https://h')";
                world.office.app.sql(change).await;
            }
            _ => {
                let given_back = world.referrals.call("/oidc/revoke", &[("token", &token)]).await;
                assert_eq!(given_back.status, 200);
                let trail = world.office.app.trail(world.office.ada.id).await;
                assert!(trail.contains(&"tokens-revoked".to_owned()), "{trail:?}");
            }
        }
        assert!(!world.is_active(&token).await, "{case}");
    }
}

/// What nobody granted is not passed on: it would end with nothing.
#[tokio::test]
async fn a_token_by_a_word_is_not_exchanged() {
    let world = World::open().await;
    let token = world.token().await;
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", token.as_str()),
        ("subject_token_type", kind),
        ("resource", "https://archive.example.org"),
    ];
    assert_token_error(&world.post.token(&fields).await, 400, "invalid_request");
}

/// RFC 9449 §5
#[tokio::test]
async fn a_token_by_a_word_is_bound_to_the_key_that_was_proven() {
    let world = World::open().await;
    let key = Signer::new(SigningAlg::Es256);
    let proof = json!({
        "htm": "POST",
        "htu": world.office.app.url("/oidc/token"),
        "iat": world.office.app.app.clock.now().unix_timestamp(),
        "jti": "1",
    });
    let (basic, proof) = (basic_auth("referrals", SECRET), key.proof(&proof, &json!({})));
    let headers = [("authorization", basic.as_str()), ("dpop", proof.as_str())];
    let assertion = world.about(&json!({}));
    let fields = form(&[("grant_type", GRANT), ("assertion", &assertion)]);
    let said = world.referrals.post("/oidc/token", &headers, &fields).await.json();
    let claims = verified(&world.referrals, text(&said, "access_token")).await;
    assert_eq!((&said["token_type"], &claims["cnf"]["jkt"]), (&json!("DPoP"), &json!(key.thumbprint())));
}

#[test]
fn a_client_that_can_not_be_vouched_at_is_refused() {
    let dir = TempDir::new("vouched");
    let keys = dir.0.join("keys.json");
    std::fs::write(&keys, json!({ "keys": [Signer::new(SigningAlg::Es256).public()] }).to_string()).unwrap();
    let voucher = format!("{{ issuer = \"https://h.example.org\", jwks_file = \"{}\" }}", keys.display());
    let secret = format!("type = \"web\"\nsecret = \"{SECRET}\"");
    let good = format!("{secret}\nresources = [\"urn:a\"]");
    let grant = "grants = [\"jwt_bearer\"]";
    let one = format!("{grant}\nassertion_issuers = [{voucher}]");
    let http = voucher.replace("https", "http");
    let strange = voucher.replace("issuer", "isuer");
    let complaint = |settings: &str| {
        let file = dir.0.join("idp.toml");
        let client = "[[clients]]\nid = \"x\"\nname = \"X\"\nredirect_uris = [\"https://x.example.org/cb\"]";
        let whole = format!("public_url = \"https://login.example.org\"\n{client}\n{settings}");
        std::fs::write(&file, whole).unwrap();
        idp::config::Config::from_sources(Some(&file), []).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(complaint(&format!("{good}\n{one}")), Ok(()));
    for (settings, expected) in [
        (format!("{good}\n{grant}"), "needs both"),
        (format!("{good}\nassertion_issuers = [{voucher}]"), "needs both"),
        (format!("{good}\n{grant}\nassertion_issuers = [{voucher}, {voucher}]"), "each of them once"),
        (format!("{good}\n{grant}\nassertion_issuers = [{http}]"), "must be an https address"),
        (format!("{good}\n{grant}\nassertion_issuers = [{strange}]"), "isuer"),
        (format!("{secret}\n{one}"), "needs resources"),
        (format!("{good}\nconsent = \"remember\"\n{one}"), "consent never"),
        (format!("{good}\nsubject_type = \"pairwise\"\n{one}"), "subject_type public"),
        (format!("type = \"spa\"\nresources = [\"urn:a\"]\n{one}"), "must authenticate to use jwt_bearer"),
    ] {
        let said = complaint(&settings).unwrap_err();
        assert!(said.contains(expected), "{settings}: {said}");
    }
}
