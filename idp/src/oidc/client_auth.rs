//! Client authentication at the token endpoint (RFC 6749 §2.3, OIDC Core §9): exactly one method,
//! and the registered one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::Desk;
use super::error::{EndpointError, OAuthError};
use crate::crypto::{constant_time_eq, sha256};
use crate::model::client::{Client, ClientAuthMethod, ClientId};
use crate::store::clients;
use crate::web::params::Params;

/// What a client presents.
struct Presented {
    method: ClientAuthMethod,
    client_id: String,
    secret: Option<Zeroizing<String>>,
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
    let presented = presented(headers, params)?;
    let refused =
        OAuthError::InvalidClient { basic: presented.method == ClientAuthMethod::ClientSecretBasic };
    let found = match ClientId::parse(&presented.client_id) {
        Ok(id) => clients::by_id(desk.store, &id).await?,
        Err(_) => None,
    };
    // Compared even when there is no such client, so that the answer takes as long.
    let hash = presented.secret.as_ref().map(|secret| sha256(secret.as_bytes()));
    let expected = found.as_ref().and_then(|client| client.secret_hash);
    let secret_fits = constant_time_eq(&hash.unwrap_or([0; 32]), &expected.unwrap_or([1; 32]));
    let client = found.filter(Client::is_enabled).ok_or_else(|| refused.clone())?;
    let fits = match client.settings.auth_method {
        ClientAuthMethod::None => hash.is_none(),
        ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost => secret_fits,
    };
    if !fits || client.settings.auth_method != presented.method {
        return Err(refused.into());
    }
    Ok(client)
}

fn presented(headers: &HeaderMap, params: &Params) -> Result<Presented, OAuthError> {
    let invalid = |why: &str| Err(OAuthError::InvalidRequest(why.to_owned()));
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let authorization = authorizations.next();
    if authorizations.next().is_some() {
        return invalid("there are two Authorization headers");
    }
    let secret = params.get("client_secret").map(|secret| Zeroizing::new(secret.to_owned()));
    if params.get("client_assertion").is_some() {
        return Err(OAuthError::InvalidClient { basic: false });
    }
    let Some(authorization) = authorization else {
        let Some(client_id) = params.get("client_id") else {
            return invalid("client_id is missing");
        };
        let method =
            if secret.is_some() { ClientAuthMethod::ClientSecretPost } else { ClientAuthMethod::None };
        return Ok(Presented { method, client_id: client_id.to_owned(), secret });
    };
    if secret.is_some() {
        return invalid("the client authenticates in two ways at once");
    }
    let refused = OAuthError::InvalidClient { basic: true };
    let (client_id, secret) = authorization.to_str().ok().and_then(basic).ok_or_else(|| refused.clone())?;
    if params.get("client_id").is_some_and(|other| other != client_id) {
        return invalid("client_id differs from the Authorization header");
    }
    Ok(Presented { method: ClientAuthMethod::ClientSecretBasic, client_id, secret: Some(secret) })
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
