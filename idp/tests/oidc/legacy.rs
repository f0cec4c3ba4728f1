//! What is older than PKCE, for the clients that are marked: A5 to A7, A9, checklist 10, 13 and 20, OIDC Core §3.2
//! and §3.3.

use idp::crypto::{base64url, sha256};
use serde_json::{Value, json};

use super::{Office, assert_redirected_error, assert_token_error, hidden, part, text, verified};
use crate::support::{Answer, Application};

const CLIENTS: &str = r#"
[[clients]]
id = "old"
name = "Old practice"
type = "web"
secret = "a secret that the practice keeps to itself"
require_pkce = false
legacy_flows = ["id_token", "id_token token", "code id_token", "code token", "code id_token token"]
redirect_uris = ["https://old.example.org/cb?a=1"]

[[clients]]
id = "asking"
name = "Asking"
type = "web"
secret = "a secret that the practice keeps to itself"
consent = "remember"
legacy_flows = ["id_token token"]
redirect_uris = ["https://old.example.org/cb?a=1"]

[[clients]]
id = "page"
name = "Old page"
type = "spa"
legacy_flows = ["id_token"]
redirect_uris = ["https://page.example.org/cb"]
"#;

async fn office() -> (Office, Application) {
    let office = Office::with_clients(CLIENTS).await;
    let old = office.client("old", Some(super::SECRET), "https://old.example.org/cb?a=1");
    (office, old)
}

/// The parameters behind the `#`, and nothing in front of it that was not registered.
fn fragment(answer: &Answer) -> Value {
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.location();
    let (address, fragment) = location.split_once('#').unwrap_or_else(|| panic!("no fragment: {location}"));
    assert_eq!(address, "https://old.example.org/cb?a=1");
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(fragment).unwrap();
    Value::Object(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

fn half_hash(value: &str) -> String {
    base64url::encode(&sha256(value.as_bytes())[..16])
}

const PLAIN: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];

async fn ask(old: &Application, office: &Office, more: &[(&str, &str)]) -> Answer {
    old.authorize(&office.browser, &[&PLAIN, more].concat()).await
}

/// Checklist 20: every token vouches for what it comes with.
#[tokio::test]
async fn each_response_type_brings_what_it_says() {
    let (office, old) = office().await;
    for (asked, code, id_token, access_token) in [
        ("id_token", false, true, false),
        ("id_token token", false, true, true),
        ("token id_token", false, true, true),
        ("code id_token", true, true, false),
        ("token code", true, false, true),
        ("code id_token token", true, true, true),
    ] {
        let said = fragment(&ask(&old, &office, &[("response_type", asked)]).await);
        let has = |name: &str| said.get(name).is_some();
        assert_eq!(
            (has("code"), has("id_token"), has("access_token")),
            (code, id_token, access_token),
            "{asked}"
        );
        assert_eq!((&said["state"], &said["iss"]), (&json!("the state"), &json!(office.app.issuer())));
        assert!(!has("refresh_token"));
        if access_token {
            assert_eq!((&said["token_type"], &said["expires_in"]), (&json!("Bearer"), &json!("300")));
            assert_eq!(old.userinfo(text(&said, "access_token")).await.json()["email"], "ada@example.org");
        }
        if id_token {
            let claims = verified(&old, text(&said, "id_token")).await;
            assert_eq!((&claims["aud"], &claims["nonce"]), (&json!("old"), &json!("the nonce")));
            let hash = |name: &str| said.get(name).map(|value| json!(half_hash(value.as_str().unwrap())));
            assert_eq!(claims.get("at_hash").cloned(), hash("access_token"), "{asked}");
            assert_eq!(claims.get("c_hash").cloned(), hash("code"), "{asked}");
            // §5.4: claims by scope, where there is nothing to read userinfo with.
            assert_eq!(claims.get("email").is_some(), asked == "id_token", "{asked}");
        }
        if code {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", text(&said, "code")),
                ("redirect_uri", &old.redirect_uri),
            ];
            let tokens = old.token(&fields).await;
            assert_eq!(tokens.status, 200, "{tokens:?}");
            assert_eq!(part(text(&tokens.json(), "id_token"), 1)["nonce"], "the nonce");
        }
    }
}

/// Checklist 13, Core §3.2.2.11: a nonce is needed where an ID token comes by the browser, and nowhere else.
#[tokio::test]
async fn a_nonce_is_asked_for_where_an_id_token_comes_by_the_browser() {
    let (office, old) = office().await;
    for (asked, needed) in [
        ("id_token", true),
        ("id_token token", true),
        ("code id_token", true),
        ("code id_token token", true),
        ("code token", false),
    ] {
        let said = fragment(&ask(&old, &office, &[("response_type", asked), ("nonce", "")]).await);
        assert_eq!(said.get("error").is_some(), needed, "{asked}: {said}");
        assert_eq!(said.get("code").is_some(), !needed, "{asked}: {said}");
    }
}

/// Tokens never stand where servers write them down; everything else may be asked for.
#[tokio::test]
async fn tokens_go_by_fragment_or_form_and_never_by_query() {
    let (office, old) = office().await;
    let kind = ("response_type", "code id_token");
    for mode in ["query", "query.jwt", "carrier-pigeon"] {
        let refused = fragment(&ask(&old, &office, &[kind, ("response_mode", mode)]).await);
        assert_eq!(refused["error"], "invalid_request", "{mode}");
    }
    let page = ask(&old, &office, &[kind, ("response_mode", "form_post")]).await;
    assert_eq!(page.status, 200);
    assert!(hidden(&page, "id_token").is_some() && hidden(&page, "code").is_some());
    for mode in ["jwt", "fragment.jwt"] {
        let said = fragment(&ask(&old, &office, &[kind, ("response_mode", mode)]).await);
        let claims = verified(&old, text(&said, "response")).await;
        assert!(claims["id_token"].is_string() && claims["code"].is_string(), "{claims}");
    }
    let plain = ask(&old, &office, &[("response_mode", "fragment")]).await;
    assert_eq!(
        plain.parameter("error").as_deref(),
        Some("invalid_request"),
        "a code goes by query: {plain:?}"
    );
}

/// Checklist 13: errors come the way the answer would have come.
#[tokio::test]
async fn errors_come_by_fragment_too() {
    let (office, old) = office().await;
    let kind = ("response_type", "id_token token");
    let without_nonce = fragment(&ask(&old, &office, &[kind, ("nonce", "")]).await);
    assert_eq!(without_nonce["error"], "invalid_request");
    let query = old.request_with(&[&PLAIN[..], &[kind, ("prompt", "none")]].concat());
    let stranger = office.app.browser().get(&Application::authorize_path(&query)).await;
    let said = fragment(&stranger);
    assert_eq!((&said["error"], &said["iss"]), (&json!("login_required"), &json!(office.app.issuer())));
}

/// A5, A18: a client has the flows that it was given and no others; by default none.
#[tokio::test]
async fn no_client_has_a_flow_that_it_was_not_given() {
    let (office, _) = office().await;
    let page = office.client("page", None, "https://page.example.org/cb");
    for client in [&office.practice(), &page] {
        for kind in ["id_token token", "code id_token", "token", "code token", "none", "code code"] {
            let refused = client.authorize(&office.browser, &[("response_type", kind)]).await;
            assert_redirected_error(&refused, client, "unsupported_response_type");
        }
    }
    let said = page.authorize(&office.browser, &[("response_type", "id_token")]).await;
    assert!(said.location().starts_with("https://page.example.org/cb#id_token="), "{said:?}");
    let metadata = page.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
}

/// A6, A7, class 2.3: a marked client may do without a challenge, and what it began with one ends with one.
#[tokio::test]
async fn a_verifier_belongs_to_its_challenge() {
    let (office, old) = office().await;
    let redeem = async |code: &str, verifier: Option<&str>| {
        let mut fields =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &old.redirect_uri)];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        old.token(&fields).await
    };
    let right = crate::support::client::VERIFIER;
    let wrong = "x".repeat(43);
    for (challenged, verifier, good) in [
        (false, None, true),
        (false, Some(right), false),
        (false, Some(wrong.as_str()), false),
        (true, None, false),
        (true, Some(right), true),
        (true, Some(wrong.as_str()), false),
    ] {
        let changes: &[(&str, &str)] = if challenged { &[] } else { &PLAIN };
        let code = old.code(&office.browser, changes).await;
        let answer = redeem(&code, verifier).await;
        if good {
            assert_eq!(answer.status, 200, "{challenged} {verifier:?}: {answer:?}");
        } else {
            assert_token_error(&answer, 400, "invalid_grant");
        }
    }
    let plain = old.authorize(&office.browser, &[("code_challenge_method", "plain")]).await;
    assert_eq!(plain.parameter("error").as_deref(), Some("invalid_request"));
    let half = old.authorize(&office.browser, &[("code_challenge", "")]).await;
    assert_eq!(half.parameter("error").as_deref(), Some("invalid_request"));
    let practice = office.practice();
    assert_redirected_error(&practice.authorize(&office.browser, &PLAIN).await, &practice, "invalid_request");
}

/// A9: a second use of the code ends what came beside it in the browser.
#[tokio::test]
async fn a_replayed_code_ends_the_tokens_beside_it() {
    let (office, old) = office().await;
    let said = fragment(&ask(&old, &office, &[("response_type", "code token")]).await);
    let code = text(&said, "code");
    let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &old.redirect_uri)];
    assert_eq!(old.token(&fields).await.status, 200);
    assert_eq!(old.userinfo(text(&said, "access_token")).await.status, 200);
    assert_token_error(&old.token(&fields).await, 400, "invalid_grant");
    assert_eq!(old.userinfo(text(&said, "access_token")).await.status, 401);
}

/// C6: what came in the browser ends with the session, `offline_access` or not.
#[tokio::test]
async fn tokens_from_the_browser_end_with_the_session() {
    let (office, old) = office().await;
    let asked = [("response_type", "id_token token"), ("scope", "openid offline_access")];
    let said = fragment(&ask(&old, &office, &asked).await);
    assert_eq!(old.userinfo(text(&said, "access_token")).await.status, 200);
    // Of who asks the person, and is allowed to stay, only what was redeemed stays.
    let asking = office.client("asking", Some(super::SECRET), "https://old.example.org/cb?a=1");
    let page = ask(&asking, &office, &[&asked[..], &[("prompt", "consent")]].concat()).await;
    let allowed = fragment(&super::decide(&office.browser, &page, "allow").await);
    assert_eq!(asking.userinfo(text(&allowed, "access_token")).await.status, 200);
    office.log_out().await;
    for (client, said) in [(&old, &said), (&asking, &allowed)] {
        assert_eq!(client.userinfo(text(said, "access_token")).await.status, 401);
    }
}
