//! Userinfo (OIDC Core §5.3): a protected resource of our own.

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::error::{EndpointError, OAuthError};
use super::presented::{self, Presented, Target};
use super::{Desk, client_keys};
use crate::crypto::jwt;
use crate::model::claims::{Claim, of_person};
use crate::model::client::Client;
use crate::model::scope::Scopes;

/// What is known, in the form that the client registered.
#[derive(Debug)]
pub enum Answer {
    Json(Map<String, Value>),
    /// Signed, encrypted, or both (§5.3.2).
    Jwt(String),
}

/// The claims that this token may read.
///
/// # Errors
/// `invalid_token` or `insufficient_scope`; our own faults.
pub async fn respond(
    desk: &Desk<'_>,
    (headers, method): (&HeaderMap, &'static str),
    presented: &Presented,
) -> Result<Answer, EndpointError> {
    let scheme = presented.scheme;
    let invalid = || EndpointError::Resource(scheme, Some(OAuthError::InvalidToken));
    let target = Target { method, path: "/oidc/userinfo", audience: desk.issuer };
    let access = presented::open(desk, headers, presented, target).await?;
    let user = access.user.ok_or_else(invalid)?;
    if !access.scopes.contains(Scopes::OPENID) {
        return Err(EndpointError::Resource(scheme, Some(OAuthError::InsufficientScope)));
    }
    let mut claims = Claim::of_scopes(&access.scopes);
    claims.extend(access.named.userinfo);
    let mut answer = of_person((&user, access.member.as_ref()), &claims);
    answer.insert("sub".to_owned(), json!(access.token.sub));
    in_form(desk, &access.client, answer).await
}

async fn in_form(
    desk: &Desk<'_>,
    client: &Client,
    mut claims: Map<String, Value>,
) -> Result<Answer, EndpointError> {
    let (alg, encryption) = (client.settings.userinfo_alg, client.settings.userinfo_encryption);
    let signed = match alg {
        Some(alg) => {
            claims.insert("iss".to_owned(), json!(desk.issuer));
            claims.insert("aud".to_owned(), json!(client.id));
            Some(jwt::sign(&desk.keys, alg, jwt::TYP_USERINFO, &claims).await?)
        }
        None => None,
    };
    match (signed, encryption) {
        (None, None) => Ok(Answer::Json(claims)),
        (Some(signed), None) => Ok(Answer::Jwt(signed)),
        (Some(signed), Some(how)) => {
            Ok(Answer::Jwt(client_keys::encrypt(desk, client, (how, Some("JWT")), signed.as_bytes()).await?))
        }
        (None, Some(how)) => {
            let plain = Value::Object(claims).to_string();
            Ok(Answer::Jwt(client_keys::encrypt(desk, client, (how, None), plain.as_bytes()).await?))
        }
    }
}
