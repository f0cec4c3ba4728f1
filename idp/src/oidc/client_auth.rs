//! Client authentication at the token endpoint (RFC 6749 §2.3, OIDC Core §9): exactly one method,
//! and the registered one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::error::{EndpointError, OAuthError};
use super::{Desk, assertion, certificate};
use crate::crypto::foreign::Unverified;
use crate::crypto::{constant_time_eq, sha256};
use crate::model::client::{Client, ClientAuthMethod, ClientId, ClientSecret, LIVE_SECRETS};
use crate::store::{client_secrets, clients};
use crate::web::params::Params;

/// What a client presents.
struct Presented {
    client_id: String,
    credential: Credential,
}

enum Credential {
    /// Only its name.
    Nothing,
    Basic(Zeroizing<String>),
    Post(Zeroizing<String>),
    Assertion(String),
}

/// The client that sent this request. An unknown one, a disabled one, a wrong secret and a method
/// that is not the registered one give the same answer.
///
/// # Errors
/// `invalid_request` for a request that can not be read, otherwise `invalid_client`.
pub async fn authenticate(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Client, EndpointError> {
    let Presented { client_id, credential } = presented(headers, params)?;
    let refused = OAuthError::InvalidClient { basic: matches!(credential, Credential::Basic(_)) };
    let id = ClientId::parse(&client_id).map_err(|_| refused.clone())?;
    // One that is not known is looked for in the database, and so is what would be refused: a secret may have been added a
    // moment ago, and elsewhere. Each costs as many questions.
    let known = clients::is_known(desk.store, &id);
    match judge(desk, &id, &credential).await {
        Err(EndpointError::Protocol(OAuthError::InvalidClient { .. }))
            if known && matches!(credential, Credential::Basic(_) | Credential::Post(_)) =>
        {
            clients::doubt(desk.store, &id);
            judge(desk, &id, &credential).await
        }
        judged => judged,
    }
}

async fn judge(desk: &Desk<'_>, id: &ClientId, credential: &Credential) -> Result<Client, EndpointError> {
    let refused = OAuthError::InvalidClient { basic: matches!(credential, Credential::Basic(_)) };
    let found = clients::by_id(desk.store, id).await?;
    // Looked for and compared even when there is no such client, so that the answer takes as long.
    let secret = match credential {
        Credential::Basic(secret) | Credential::Post(secret) => fitting(desk, id, secret).await?,
        Credential::Nothing | Credential::Assertion(_) => None,
    };
    let client = found.filter(Client::is_enabled).ok_or_else(|| refused.clone())?;
    let fits = match (credential, client.settings.auth_method) {
        (Credential::Nothing, ClientAuthMethod::None) => true,
        (Credential::Basic(_), ClientAuthMethod::ClientSecretBasic)
        | (Credential::Post(_), ClientAuthMethod::ClientSecretPost) => {
            let secret = secret.ok_or_else(|| refused.clone())?;
            desk.secret_uses.note(&secret, desk.now);
            true
        }
        (
            Credential::Assertion(assertion),
            ClientAuthMethod::PrivateKeyJwt | ClientAuthMethod::ClientSecretJwt,
        ) => assertion::holds(desk, &client, assertion).await?,
        (
            Credential::Nothing,
            ClientAuthMethod::TlsClientAuth | ClientAuthMethod::SelfSignedTlsClientAuth,
        ) => certificate::holds(desk, &client).await?,
        _ => false,
    };
    if fits { Ok(client) } else { Err(refused.into()) }
}

/// The secret of the client that was presented, if it is good now.
async fn fitting(
    desk: &Desk<'_>,
    id: &ClientId,
    presented: &str,
) -> Result<Option<ClientSecret>, EndpointError> {
    let hash = sha256(presented.as_bytes());
    let known = client_secrets::known(desk.store, id).await?;
    let live: Vec<_> = known.iter().filter(|secret| secret.is_live(desk.now)).collect();
    let mut fitting = None;
    for place in 0..LIVE_SECRETS.max(live.len()) {
        let secret = live.get(place);
        if constant_time_eq(&hash, &secret.map_or([0; 32], |secret| secret.hash)) {
            fitting = secret.copied();
        }
    }
    Ok(fitting.cloned())
}

fn presented(headers: &HeaderMap, params: &Params) -> Result<Presented, OAuthError> {
    let invalid = |why: &str| Err(OAuthError::InvalidRequest(why.to_owned()));
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let authorization = authorizations.next();
    if authorizations.next().is_some() {
        return invalid("there are two Authorization headers");
    }
    let secret = params.get("client_secret").map(|secret| Zeroizing::new(secret.to_owned()));
    let assertion = params.get("client_assertion");
    if usize::from(authorization.is_some()) + usize::from(secret.is_some()) + usize::from(assertion.is_some())
        > 1
    {
        return invalid("the client authenticates in two ways at once");
    }
    let named = params.get("client_id");
    if let Some(assertion) = assertion {
        return by_assertion(assertion, params);
    }
    let Some(authorization) = authorization else {
        let Some(client_id) = named else {
            return invalid("client_id is missing");
        };
        let credential = secret.map_or(Credential::Nothing, Credential::Post);
        return Ok(Presented { client_id: client_id.to_owned(), credential });
    };
    let refused = OAuthError::InvalidClient { basic: true };
    let (client_id, secret) = authorization.to_str().ok().and_then(basic).ok_or(refused)?;
    if named.is_some_and(|other| other != client_id) {
        return invalid("client_id differs from the Authorization header");
    }
    Ok(Presented { client_id, credential: Credential::Basic(secret) })
}

/// RFC 7523 §2.2: the assertion says whose it is; the form may say it too, and the same.
fn by_assertion(assertion: &str, params: &Params) -> Result<Presented, OAuthError> {
    if params.get("client_assertion_type") != Some(assertion::TYPE) {
        return Err(OAuthError::InvalidRequest(format!("client_assertion_type must be {}", assertion::TYPE)));
    }
    let refused = || OAuthError::InvalidClient { basic: false };
    let parsed = Unverified::parse(assertion).ok_or_else(refused)?;
    let client_id = parsed.hint("sub").ok_or_else(refused)?;
    if params.get("client_id").is_some_and(|named| named != client_id) {
        return Err(refused());
    }
    Ok(Presented { client_id: client_id.to_owned(), credential: Credential::Assertion(assertion.to_owned()) })
}

/// RFC 6749 §2.3.1: both parts are form-url-encoded before they are joined.
fn basic(header: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(value.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let form_decode = |text: &str| -> Option<String> {
        let spaced = text.replace('+', " ");
        Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
    };
    Some((form_decode(id)?, Zeroizing::new(form_decode(secret)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<(String, String)> {
        basic(&format!("Basic {}", STANDARD.encode(text))).map(|(id, secret)| (id, secret.to_string()))
    }

    /// C13
    #[test]
    fn basic_credentials_are_form_url_decoded() {
        assert_eq!(decoded("a:b"), Some(("a".to_owned(), "b".to_owned())));
        assert_eq!(decoded("a%2Bb:c+d%3Ae%25"), Some(("a+b".to_owned(), "c d:e%".to_owned())));
        assert_eq!(decoded("a:b:c"), Some(("a".to_owned(), "b:c".to_owned())));
        assert_eq!(decoded("a"), None);
        assert_eq!(decoded("%ff:b"), None);
        assert!(basic("Basic ???").is_none() && basic("Bearer abc").is_none() && basic("Basic").is_none());
    }
}
