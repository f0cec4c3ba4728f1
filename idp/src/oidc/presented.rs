//! An access token as it comes to an API of ours: how it is presented, and whether it is for this API and comes from
//! whom it is bound to. Userinfo and the administration API ask here, and nothing else judges it.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::access::Access;
use super::error::{EndpointError, OAuthError, Scheme};
use super::{Desk, access, dpop};
use crate::model::key::Confirmation;
use crate::web::params::Params;

/// An access token and how it was presented.
#[derive(Debug)]
pub struct Presented {
    pub scheme: Scheme,
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

/// The call that a token has to be good for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// The API that it has to be for (C7).
    pub audience: &'a str,
}

/// What the token stands for, if it holds, is for this API and comes with what it is bound to.
///
/// # Errors
/// `invalid_token`, or what is wrong with the proof; our own faults.
pub async fn open(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    presented: &Presented,
    target: Target<'_>,
) -> Result<Access, EndpointError> {
    let scheme = presented.scheme;
    let invalid = || EndpointError::Resource(scheme, Some(OAuthError::InvalidToken));
    let access = access::open(desk, &presented.token).await?.ok_or_else(invalid)?;
    if !access.token.aud.contains(target.audience) {
        return Err(invalid());
    }
    // A token that is bound to something is worth nothing without it (RFC 9449 §7.2, RFC 8705 §3), and a proof
    // nothing for one that is not.
    let proven = match scheme {
        Scheme::Bearer => desk.certificate.map(|shown| Confirmation::Certificate(shown.thumbprint().clone())),
        Scheme::Dpop => {
            let Target { method, path, .. } = target;
            let target = dpop::Target { method, path, token: Some(&presented.token) };
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
    if fits { Ok(access) } else { Err(invalid()) }
}
