//! What tokens and userinfo say about a person and their sign-in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::scope::Scopes;
use crate::model::user::User;

/// OIDC Core §2. The profile of the person is not in it: claims by scope come from userinfo
/// (§5.4).
#[derive(Debug, Serialize)]
pub struct IdToken<'a> {
    pub iss: &'a str,
    pub sub: String,
    pub aud: &'a str,
    pub exp: i64,
    pub iat: i64,
    pub auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    pub acr: &'a str,
    pub amr: &'a [&'a str],
    pub sid: String,
    pub at_hash: String,
}

/// RFC 9068 §2.2, with the grant it belongs to, so that ending the grant ends the token.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccessToken {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub client_id: String,
    pub scope: String,
    pub auth_time: i64,
    pub acr: String,
    pub amr: Vec<String>,
    pub grant_id: String,
}

/// What an ID token that comes back as a hint is read for.
#[derive(Debug, Deserialize)]
pub struct Hint {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    #[serde(default)]
    pub sid: Option<String>,
}

/// The claims of userinfo (OIDC Core §5.4): only what the scopes ask for, and only what we know.
#[must_use]
pub fn of_person(user: &User, scopes: &Scopes) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut add = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    add("sub", json!(user.id));
    if scopes.contains(Scopes::PROFILE) {
        add("name", json!(user.display_name()));
        add("given_name", json!(user.given_name));
        add("family_name", json!(user.family_name));
        if let Some(language) = &user.language {
            add("locale", json!(language));
        }
        if let Some(time_zone) = &user.time_zone {
            add("zoneinfo", json!(time_zone));
        }
        add("updated_at", json!(user.updated_at.unix_timestamp()));
    }
    if scopes.contains(Scopes::EMAIL) {
        add("email", json!(user.email));
        add("email_verified", json!(user.email_verified));
    }
    claims
}
