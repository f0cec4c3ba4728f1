//! What we say about ourselves (OIDC Discovery 1.0 §3, RFC 8414 §2). Made from the configured
//! issuer and never from the request.

use serde_json::{Value, json};

use crate::config::PublicUrl;
use crate::model::key::SigningAlg;

const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// The metadata document.
#[must_use]
pub fn document(public_url: &PublicUrl, ui_locales: &[String]) -> Value {
    json!({
        "issuer": public_url.issuer(),
        "authorization_endpoint": public_url.join("/oidc/authorize"),
        "token_endpoint": public_url.join("/oidc/token"),
        "userinfo_endpoint": public_url.join("/oidc/userinfo"),
        "jwks_uri": public_url.join("/oidc/jwks"),
        "revocation_endpoint": public_url.join("/oidc/revoke"),
        "introspection_endpoint": public_url.join("/oidc/introspect"),
        "end_session_endpoint": public_url.join("/oidc/logout"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SigningAlg::ALL.map(SigningAlg::as_str),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "introspection_signing_alg_values_supported": SigningAlg::ALL.map(SigningAlg::as_str),
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
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })
}
