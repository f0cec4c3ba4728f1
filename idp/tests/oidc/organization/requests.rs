//! The parameter `organization`, wherever a request comes from.

use idp::model::key::SigningAlg;
use serde_json::json;

use super::super::assert_redirected_error;
use super::{SCOPE, choose, code_of, is_chooser, is_refusal, text, worlds_with_two};
use crate::support::{Application, Signer};

/// Nobody is taken for a member because a parameter was passed over.
#[tokio::test]
async fn naming_an_organization_without_asking_about_it_is_refused() {
    for world in worlds_with_two().await {
        let named = ("organization", "seeblick");
        for (client, scope) in [("rounds", ("scope", "openid")), ("plain", SCOPE)] {
            let client = world.client(client);
            let answer = client.authorize(world.browser(), &[scope, named]).await;
            assert_redirected_error(&answer, &client, "invalid_request");
        }
    }
}

/// A12, A16
#[tokio::test]
async fn it_is_given_once_and_is_no_longer_than_it_can_be() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let long = rounds.authorize(world.browser(), &[SCOPE, ("organization", &"x".repeat(101))]).await;
        assert_redirected_error(&long, &rounds, "invalid_request");
        let path = Application::authorize_path(&rounds.request_with(&[SCOPE, ("organization", "seeblick")]));
        let twice = world.browser().get(&format!("{path}&organization=lindenhof")).await;
        assert_redirected_error(&twice, &rounds, "invalid_request");
        let empty = world.browser().get(&path.replace("organization=seeblick", "organization=")).await;
        assert!(is_chooser(&empty), "as if it were not there: {empty:?}");
    }
}

/// RFC 9126: it is pushed with the rest, and nothing beside the name counts.
#[tokio::test]
async fn it_can_be_pushed() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let request = rounds.request_with(&[SCOPE, ("organization", "seeblick")]);
        let fields: Vec<_> = request.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let pushed = rounds.call("/oidc/par", &fields).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let pushed = pushed.json();
        let query = [
            ("client_id", "rounds"),
            ("request_uri", text(&pushed, "request_uri")),
            ("organization", "lindenhof"),
        ];
        let query = serde_urlencoded::to_string(query).unwrap();
        let answer = world.browser().get(&format!("/oidc/authorize?{query}")).await;
        let tokens = rounds.redeem(&code_of(&answer)).await.json();
        assert_eq!(world.told(&rounds, &tokens).await["org_id"], json!(world.seeblick));
        let bad: Vec<_> = fields.into_iter().filter(|(name, _)| *name != "scope").collect();
        let refused = rounds.call("/oidc/par", &[bad.as_slice(), &[("scope", "openid")]].concat()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_request")));
    }
}

/// B5: in a signed request only what is signed counts.
#[tokio::test]
async fn in_a_signed_request_only_the_signed_name_counts() {
    let key = Signer::new(SigningAlg::Es256);
    let settings = "type = \"spa\"\nscopes = [\"openid\", \"organizations\"]\nredirect_uris = [\"https://lab.example.org/cb\"]";
    let (office, lab) = super::Office::with_lab(&key, settings).await;
    let seeblick = super::organization(&office.app, "seeblick").await;
    let lindenhof = super::organization(&office.app, "lindenhof").await;
    let elsewhere = super::organization(&office.app, "elsewhere").await;
    let world = super::World { office, lindenhof, seeblick, elsewhere };
    world.join(world.office.ada.id, seeblick, "").await;
    world.join(world.office.ada.id, lindenhof, "").await;
    let now = world.app().app.clock.now().unix_timestamp();
    let mut claims = json!({ "iss": "lab", "aud": world.app().issuer(), "exp": now + 300 });
    for (name, value) in lab.request_with(&[SCOPE]) {
        claims[name] = value.into();
    }
    let send = async |claims: &serde_json::Value| {
        let object = key.sign(&json!({}), claims);
        let query = [("client_id", "lab"), ("request", object.as_str()), ("organization", "lindenhof")];
        let query = serde_urlencoded::to_string(query).unwrap();
        world.browser().get(&format!("/oidc/authorize?{query}")).await
    };
    let without = send(&claims).await;
    assert!(is_chooser(&without), "{without:?}");
    let answer = choose(world.browser(), &without, seeblick).await;
    code_of(&answer);
    claims["organization"] = "seeblick".into();
    let tokens = lab.redeem(&code_of(&send(&claims).await)).await.json();
    assert_eq!(world.told(&lab, &tokens).await["org_id"], json!(seeblick));
    claims["organization"] = "elsewhere".into();
    let refused = send(&claims).await;
    assert!(is_refusal(&refused), "{refused:?}");
}

/// OIDC Core §5.5: by name, for where they were asked for.
#[tokio::test]
async fn single_claims_can_be_asked_for_by_name() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let claims =
            r#"{"id_token":{"org_id":null,"roles":{"essential":true}},"userinfo":{"org_name":null}}"#;
        let asked = [("scope", "openid"), ("claims", claims)];
        let page = rounds.authorize(world.browser(), &asked).await;
        assert!(is_chooser(&page), "they are about an organization: {page:?}");
        let answer = choose(world.browser(), &page, world.lindenhof).await;
        let tokens = rounds.redeem(&code_of(&answer)).await.json();
        let id = super::super::part(text(&tokens, "id_token"), 1);
        assert_eq!((&id["org_id"], &id["roles"]), (&json!(world.lindenhof), &json!(["practitioner"])));
        assert!(id.get("org_name").is_none(), "{id}");
        let told = world.told(&rounds, &tokens).await;
        assert_eq!(told["org_name"], "Klinik lindenhof");
        assert!(told.get("org_id").is_none() && told.get("roles").is_none(), "{told}");
        // Of a client that may not have the scope they are not heard.
        code_of(&world.client("plain").authorize(world.browser(), &asked).await);
    }
}

/// OIDC Core §5.4: where there is nothing that userinfo could be read with, the ID token has them.
#[tokio::test]
async fn what_comes_in_the_browser_is_for_the_organization_too() {
    for world in worlds_with_two().await {
        let old = world.client("old");
        let named =
            [SCOPE, ("organization", "seeblick"), ("code_challenge", ""), ("code_challenge_method", "")];
        for (kind, in_id_token) in [("id_token", true), ("id_token token", false)] {
            let asked = [named.as_slice(), &[("response_type", kind)]].concat();
            let location = old.authorize(world.browser(), &asked).await.location();
            let (_, fragment) = location.split_once('#').unwrap();
            let fields: std::collections::BTreeMap<String, String> =
                serde_urlencoded::from_str(fragment).unwrap();
            let id = super::super::part(&fields["id_token"], 1);
            assert_eq!(id.get("org_id").is_some(), in_id_token, "{kind}: {id}");
            if let Some(access) = fields.get("access_token") {
                assert_eq!(super::super::part(access, 1)["org_id"], json!(world.seeblick));
                assert_eq!(old.userinfo(access).await.json()["org_name"], "Klinik seeblick");
            }
        }
    }
}

/// product §5: both are in the metadata.
#[tokio::test]
async fn the_metadata_names_the_scope_and_its_claims() {
    for world in worlds_with_two().await.into_iter().take(1) {
        let document = world.rounds().get("/.well-known/openid-configuration", &[]).await.json();
        let has = |member: &str, name: &str| document[member].as_array().unwrap().contains(&json!(name));
        assert!(has("scopes_supported", "organizations"));
        for name in ["org_id", "org_name", "roles"] {
            assert!(has("claims_supported", name), "{name}");
        }
    }
}
