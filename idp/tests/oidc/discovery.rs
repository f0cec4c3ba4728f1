//! Discovery and the JWKS: checklist 1 to 4.

use reqwest::header::HOST;
use serde_json::{Value, json};

use super::{Office, text};
use crate::support::{Options, TestApp};

const WELL_KNOWN: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

async fn metadata(office: &Office) -> Value {
    office.practice().get(WELL_KNOWN[0], &[]).await.json()
}

/// Checklist 1
#[tokio::test]
async fn metadata_is_json_and_names_the_issuer_it_was_found_at() {
    let office = Office::open().await;
    for path in WELL_KNOWN {
        let answer = office.practice().get(path, &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(format!("{}{path}", text(&answer.json(), "issuer")), office.app.url(path));
    }
}

/// Checklist 1: an OpenID provider is one document, under both of its names.
#[tokio::test]
async fn both_well_known_addresses_say_the_same() {
    let office = Office::open().await;
    let [openid, oauth] = WELL_KNOWN;
    let practice = office.practice();
    assert_eq!(practice.get(openid, &[]).await.json(), practice.get(oauth, &[]).await.json());
}

/// C23, checklist 1: behind a proxy that ends TLS, whatever `Host` and forwarding headers say.
#[tokio::test]
async fn the_issuer_is_configured_and_never_taken_from_the_request() {
    let environment = vec![("IDP_PUBLIC_URL", "https://login.example.org".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let http = reqwest::Client::new();
    for path in WELL_KNOWN {
        let request = http.get(format!("http://{}{path}", app.address)).header(HOST, "evil.example");
        let request = request.header("x-forwarded-host", "evil.example").header("x-forwarded-proto", "http");
        let metadata: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(metadata["issuer"], "https://login.example.org");
        for (name, value) in metadata.as_object().unwrap() {
            if name.ends_with("_endpoint") || name.ends_with("_uri") {
                let url = value.as_str().unwrap();
                assert!(url.starts_with("https://login.example.org/"), "{name}: {url}");
            }
        }
    }
}

/// Checklist 1: with everything that can be switched on, no address of ours is anything but https.
#[tokio::test]
async fn every_address_is_https_whatever_is_switched_on() {
    let config = "public_url = \"https://login.example.org\"\n[registration]\nopen = true\nlegacy_flows = true\n\
        [sessions]\ncheck_session_iframe = true\n[sign_up]\nopen = true\n\
        [http]\nclient_certificate_header = \"client-cert\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
        [http.mtls]\npublic_url = \"https://m.example.org\"\n";
    let environment = vec![("IDP_PUBLIC_URL", "https://login.example.org".to_owned())];
    let options = Options { environment, config_file: Some(config.to_owned()), ..Options::default() };
    let app = TestApp::with(options).await;
    let address = format!("http://{}{}", app.address, WELL_KNOWN[0]);
    let metadata: Value = reqwest::get(address).await.unwrap().json().await.unwrap();
    let mut seen = 0;
    let mut left = vec![&metadata];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => left.extend(members.values()),
            Value::Array(values) => left.extend(values),
            Value::String(text) if text.contains("://") => {
                assert!(text.starts_with("https://"), "{text}");
                seen += 1;
            }
            _ => {}
        }
    }
    assert!(seen > 15, "{metadata}");
    assert!(text(&metadata, "check_session_iframe").starts_with("https://login.example.org/"));
    assert!(text(&metadata["mtls_endpoint_aliases"], "token_endpoint").starts_with("https://m.example.org/"));
    for name in metadata.as_object().unwrap().keys() {
        assert!(KNOWN.contains(&name.as_str()), "{name}");
    }
}

/// What some specification defines.
const KNOWN: [&str; 61] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "device_authorization_endpoint",
    "authorization_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "request_object_signing_alg_values_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "registration_endpoint",
    "frontchannel_logout_supported",
    "frontchannel_logout_session_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_signing_alg_values_supported",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "claims_supported",
    "claim_types_supported",
    "acr_values_supported",
    "prompt_values_supported",
    "display_values_supported",
    "ui_locales_supported",
    "claims_locales_supported",
    "authorization_response_iss_parameter_supported",
    "claims_parameter_supported",
    "authorization_details_types_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "service_documentation",
    "op_policy_uri",
    "op_tos_uri",
    "mtls_endpoint_aliases",
    "tls_client_certificate_bound_access_tokens",
    "check_session_iframe",
    "backchannel_authentication_endpoint",
    "backchannel_token_delivery_modes_supported",
    "backchannel_authentication_request_signing_alg_values_supported",
    "backchannel_user_code_parameter_supported",
];

/// Checklist 1: unknown members are a warning of the certification suite.
#[tokio::test]
async fn metadata_has_only_members_that_a_specification_defines() {
    let office = Office::open().await;
    for name in metadata(&office).await.as_object().unwrap().keys() {
        assert!(KNOWN.contains(&name.as_str()), "{name}");
    }
}

/// Checklist 2 and 3
#[tokio::test]
async fn metadata_offers_what_every_provider_must() {
    let metadata = metadata(&Office::open().await).await;
    let lists = |name: &str, value: &str| metadata[name].as_array().unwrap().contains(&json!(value));
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        json!(["RS256", "PS256", "ES256", "EdDSA"])
    );
    assert!(lists("scopes_supported", "openid"));
    assert!(lists("subject_types_supported", "public"));
    assert!(lists("claims_supported", "sub") && lists("claims_supported", "email_verified"));
    assert_eq!(metadata["acr_values_supported"], json!(["phr", "mfa", "pwd"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], json!(true));
    for locale in metadata["ui_locales_supported"].as_array().unwrap() {
        locale.as_str().unwrap().parse::<unic_langid::LanguageIdentifier>().unwrap();
    }
}

/// A5
#[tokio::test]
async fn no_flow_but_the_code_flow_is_offered() {
    let metadata = metadata(&Office::open().await).await;
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    for grant in metadata["grant_types_supported"].as_array().unwrap() {
        assert!(!["password", "implicit"].contains(&grant.as_str().unwrap()));
    }
    assert!(!metadata["response_modes_supported"].as_array().unwrap().contains(&json!("fragment")));
}

/// C2: neither `none` nor a symmetric algorithm, anywhere.
#[tokio::test]
async fn no_weak_algorithm_is_offered() {
    let metadata = metadata(&Office::open().await).await;
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("signing_alg_values_supported") {
            for alg in value.as_array().unwrap() {
                // With a secret a client may sign for itself, and nothing else.
                let symmetric = alg == "HS256" && name.contains("_endpoint_auth_");
                let known = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"].contains(&alg.as_str().unwrap());
                assert!(known || symmetric, "{name}: {alg}");
            }
        }
    }
}

/// Every address in the metadata is one that answers.
#[tokio::test]
async fn metadata_leads_nowhere_that_does_not_exist() {
    let office = Office::open().await;
    let metadata = metadata(&office).await;
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix(&office.app.issuer()).unwrap();
            assert_ne!(office.practice().get(path, &[]).await.status, 404, "{name}");
        }
    }
}

/// C24, checklist 4
#[tokio::test]
async fn published_keys_are_public_named_and_strong() {
    let office = Office::open().await;
    let answer = office.practice().get("/oidc/jwks", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let jwks = answer.json();
    let keys = jwks["keys"].as_array().unwrap();
    let mut names: Vec<&str> = keys.iter().map(|key| text(key, "kid")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), keys.len(), "a kid is given twice");
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        assert_eq!(key["use"], "sig");
        if key["kty"] == "RSA" {
            let modulus = idp::crypto::base64url::decode(text(key, "n")).unwrap();
            assert!(modulus.len() >= 256 && modulus[0] >= 0x80, "{} bytes", modulus.len());
        }
    }
}

/// Applications keep the keys for a while, and never a copy of somebody's token.
#[tokio::test]
async fn metadata_and_keys_may_be_cached() {
    let office = Office::open().await;
    for path in [WELL_KNOWN[0], WELL_KNOWN[1], "/oidc/jwks"] {
        let caching = office.practice().get(path, &[]).await.header("cache-control").to_owned();
        assert!(caching.starts_with("public, max-age="), "{path}: {caching}");
    }
}
