//! What we say about ourselves (OIDC Discovery 1.0 §3, RFC 8414 §2). Made from the configured
//! issuer and never from the request.

use serde_json::{Map, Value, json};

use super::{ciba, device, par, register};
use crate::config::{Config, Mtls, PublicUrl};
use crate::crypto::foreign::ED25519;
use crate::model::claims::Claim;
use crate::model::client::{ClientAuthMethod, DeliveryMode, LegacyFlow};
use crate::model::key::{ContentEncryption, KeyWrapping, SigningAlg};
use crate::model::scope::Scopes;

/// The metadata document.
#[must_use]
pub fn document(config: &Config, ui_locales: &[String]) -> Value {
    let (public_url, registration) = (&config.public_url, config.registration);
    let mut document = Map::new();
    if config.sessions.check_session_iframe {
        document.insert("check_session_iframe".to_owned(), json!(public_url.join("/oidc/session")));
    }
    if !config.authorization_types.is_empty() {
        let types: Vec<_> = config.authorization_types.iter().map(|known| &known.name).collect();
        document.insert("authorization_details_types_supported".to_owned(), json!(types));
    }
    let mtls = config.http.mtls.as_ref();
    for part in [
        endpoints(public_url),
        requests(registration.legacy_flows, config.sign_up.open),
        clients(mtls),
        mtls.map_or(Value::Null, certificates),
        tokens(),
        people(ui_locales),
    ] {
        if let Value::Object(members) = part {
            document.extend(members);
        }
    }
    Value::Object(document)
}

fn endpoints(public_url: &PublicUrl) -> Value {
    json!({
        "issuer": public_url.issuer(),
        "authorization_endpoint": public_url.join("/oidc/authorize"),
        "token_endpoint": public_url.join("/oidc/token"),
        "userinfo_endpoint": public_url.join("/oidc/userinfo"),
        "jwks_uri": public_url.join("/oidc/jwks"),
        "revocation_endpoint": public_url.join("/oidc/revoke"),
        "introspection_endpoint": public_url.join("/oidc/introspect"),
        "pushed_authorization_request_endpoint": public_url.join(par::PATH),
        "device_authorization_endpoint": public_url.join(device::PATH),
        "backchannel_authentication_endpoint": public_url.join(ciba::PATH),
        "registration_endpoint": public_url.join(register::PATH),
        "end_session_endpoint": public_url.join("/oidc/logout"),
    })
}

/// What may be asked for, and how it is answered. Flows from before PKCE are among it only where whoever reads
/// this could register for them (A5).
fn requests(legacy: bool, sign_up: bool) -> Value {
    let mut types = vec!["code"];
    let mut modes = vec!["query", "form_post", "jwt", "query.jwt", "form_post.jwt"];
    let mut grants = vec![
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:openid:params:grant-type:ciba",
    ];
    if legacy {
        types.extend(LegacyFlow::ALL.map(LegacyFlow::as_str));
        modes.extend(["fragment", "fragment.jwt"]);
        grants.push("implicit");
    }
    let mut prompts = vec!["none", "login", "consent", "select_account"];
    if sign_up {
        prompts.push("create");
    }
    json!({
        "response_types_supported": types,
        "response_modes_supported": modes,
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": Scopes::OF_PERSON,
        "acr_values_supported": ["phr", "mfa", "pwd"],
        "prompt_values_supported": prompts,
        "display_values_supported": ["page"],
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "require_pushed_authorization_requests": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

/// RFC 8705 §5: the same endpoints where they ask for a certificate.
fn certificates(mtls: &Mtls) -> Value {
    let url = &mtls.public_url;
    json!({
        "tls_client_certificate_bound_access_tokens": true,
        "mtls_endpoint_aliases": {
            "token_endpoint": url.join("/oidc/token"),
            "userinfo_endpoint": url.join("/oidc/userinfo"),
            "revocation_endpoint": url.join("/oidc/revoke"),
            "introspection_endpoint": url.join("/oidc/introspect"),
            "pushed_authorization_request_endpoint": url.join(par::PATH),
            "device_authorization_endpoint": url.join(device::PATH),
            "backchannel_authentication_endpoint": url.join(ciba::PATH),
        },
    })
}

fn clients(mtls: Option<&Mtls>) -> Value {
    let works = |method: &ClientAuthMethod| match method {
        ClientAuthMethod::TlsClientAuth => mtls.is_some_and(|mtls| mtls.authorities.is_some()),
        ClientAuthMethod::SelfSignedTlsClientAuth => mtls.is_some(),
        _ => true,
    };
    let methods: Vec<_> =
        ClientAuthMethod::ALL.into_iter().filter(works).map(ClientAuthMethod::as_str).collect();
    let proven: Vec<_> = methods.iter().filter(|method| **method != "none").collect();
    // With the secret, or with a key.
    let assertions: Vec<_> = ["HS256"].into_iter().chain(theirs()).collect();
    json!({
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": proven,
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "request_object_signing_alg_values_supported": theirs(),
        "dpop_signing_alg_values_supported": theirs(),
        "backchannel_token_delivery_modes_supported": DeliveryMode::ALL.map(DeliveryMode::as_str),
        "backchannel_authentication_request_signing_alg_values_supported": theirs(),
        // People sign in here before they allow anything, so a code of theirs would protect nothing more.
        "backchannel_user_code_parameter_supported": false,
    })
}

/// What clients may sign with.
fn theirs() -> Vec<&'static str> {
    SigningAlg::ALL.map(SigningAlg::as_str).into_iter().chain([ED25519]).collect()
}

fn tokens() -> Value {
    let algs = SigningAlg::ALL.map(SigningAlg::as_str);
    let wrappings = KeyWrapping::ALL.map(KeyWrapping::as_str);
    let encryptions = ContentEncryption::ALL.map(ContentEncryption::as_str);
    json!({
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": algs,
        "id_token_encryption_alg_values_supported": wrappings,
        "id_token_encryption_enc_values_supported": encryptions,
        "userinfo_signing_alg_values_supported": algs,
        "userinfo_encryption_alg_values_supported": wrappings,
        "userinfo_encryption_enc_values_supported": encryptions,
        "introspection_signing_alg_values_supported": algs,
        "authorization_signing_alg_values_supported": algs,
    })
}

fn people(ui_locales: &[String]) -> Value {
    let own = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"];
    let claims: Vec<_> = own.into_iter().chain(Claim::ALL.map(Claim::as_str)).collect();
    json!({
        "claims_supported": claims,
        "claim_types_supported": ["normal"],
        "ui_locales_supported": ui_locales,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}
