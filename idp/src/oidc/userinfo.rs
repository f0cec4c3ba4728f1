//! Userinfo (OIDC Core §5.3): a protected resource of our own.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use super::error::{EndpointError, OAuthError, Scheme};
use super::{Desk, access, client_keys, dpop};
use crate::crypto::jwt;
use crate::model::claims::{Claim, of_person};
use crate::model::client::Client;
use crate::model::key::Confirmation;
use crate::model::scope::Scopes;
use crate::web::params::Params;

/// An access token and how it was presented.
#[derive(Debug)]
pub struct Presented {
    scheme: Scheme,
    token: String,
}

/// The access token of a request: from the header or the form, and only one (RFC 6750 §2).
///
/// # Errors
/// `invalid_request` when there are two; a bare challenge when there is none.
pub fn presented(headers: &HeaderMap, form: &Params) -> Result<Presented, EndpointError> {
    let twice = || {
        let why = "the access token is given more than once".to_owned();
        EndpointError::Resource(Scheme::Bearer, Some(OAuthError::InvalidRequest(why)))
    };
    if headers.get_all(AUTHORIZATION).iter().count() > 1 || form.is_repeated("access_token") {
        return Err(twice());
    }
    let in_header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(in_header);
    match (in_header, form.get("access_token")) {
        (Some(presented), None) => Ok(presented),
        (None, Some(token)) => Ok(Presented { scheme: Scheme::Bearer, token: token.to_owned() }),
        (None, None) => Err(EndpointError::Resource(Scheme::Bearer, None)),
        (Some(_), Some(_)) => Err(twice()),
    }
}

fn in_header(value: &str) -> Option<Presented> {
    let (name, token) = value.split_once(' ')?;
    let schemes = [Scheme::Bearer, Scheme::Dpop];
    let scheme = schemes.into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))?;
    Some(Presented { scheme, token: token.trim().to_owned() })
}

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
    let access = access::open(desk, &presented.token).await?.ok_or_else(invalid)?;
    if !access.token.aud.contains(desk.issuer) {
        return Err(invalid());
    }
    // A token that is bound to something is worth nothing without it (RFC 9449 §7.2, RFC 8705 §3), and a proof
    // nothing for one that is not.
    let proven = match scheme {
        Scheme::Bearer => desk.certificate.map(|shown| Confirmation::Certificate(shown.thumbprint().clone())),
        Scheme::Dpop => {
            let target = dpop::Target { method, path: "/oidc/userinfo", token: Some(&presented.token) };
            let key = dpop::key(desk, headers, target).await.map_err(|error| match error {
                EndpointError::Protocol(error) => EndpointError::Resource(scheme, Some(error)),
                other => other,
            })?;
            Some(Confirmation::Key(key.ok_or_else(invalid)?))
        }
    };
    let fits = match &access.token.cnf {
        None => matches!(scheme, Scheme::Bearer),
        bound => *bound == proven,
    };
    if !fits {
        return Err(invalid());
    }
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
