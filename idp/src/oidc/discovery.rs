//! What we say about ourselves (OIDC Discovery 1.0 §3, RFC 8414 §2). Made from the configured
//! issuer and never from the request.

use serde_json::{Value, json};

use super::{device, par};
use crate::config::PublicUrl;
use crate::crypto::foreign::ED25519;
use crate::model::client::ClientAuthMethod;
use crate::model::key::SigningAlg;

/// The metadata document.
#[must_use]
pub fn document(public_url: &PublicUrl, ui_locales: &[String]) -> Value {
    let algs = SigningAlg::ALL.map(SigningAlg::as_str);
    let methods = ClientAuthMethod::ALL.map(ClientAuthMethod::as_str);
    let proven: Vec<_> = methods.into_iter().filter(|method| *method != "none").collect();
    // With the secret, or with a key.
    let theirs: Vec<_> = algs.into_iter().chain([ED25519]).collect();
    let assertions: Vec<_> = ["HS256"].into_iter().chain(theirs.clone()).collect();
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
        "end_session_endpoint": public_url.join("/oidc/logout"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": proven,
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_signing_alg_values_supported": algs,
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
            "name", "given_name", "family_name", "locale", "zoneinfo", "updated_at", "email", "email_verified",
        ],
        "claim_types_supported": ["normal"],
        "acr_values_supported": ["phr", "mfa", "pwd"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page"],
        "ui_locales_supported": ui_locales,
        "authorization_response_iss_parameter_supported": true,
        "authorization_signing_alg_values_supported": algs,
        "dpop_signing_alg_values_supported": theirs,
        "request_object_signing_alg_values_supported": theirs,
        "require_pushed_authorization_requests": false,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
    })
}
