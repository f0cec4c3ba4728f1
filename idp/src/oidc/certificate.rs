//! Certificates as client authentication (RFC 8705 §2): whoever completed the handshake has the key, and the
//! certificate says whose it is.

use super::error::EndpointError;
use super::{Desk, client_keys};
use crate::model::client::{Client, ClientAuthMethod};

/// Whether the certificate of this request is the client's.
///
/// # Errors
/// Our own faults.
pub async fn holds(desk: &Desk<'_>, client: &Client) -> Result<bool, EndpointError> {
    let Some(shown) = desk.certificate.filter(|shown| shown.is_in_time(desk.now)) else {
        return Ok(false);
    };
    match client.settings.auth_method {
        ClientAuthMethod::TlsClientAuth => {
            let authorities = desk.mtls.and_then(|mtls| mtls.authorities.as_ref());
            // Judged here even where a proxy did: one that lets everybody's own certificates pass judges none.
            let vouched = authorities.is_some_and(|known| shown.is_vouched_for(known, desk.now));
            let name = client.settings.certificate_name.as_ref();
            Ok(vouched && name.is_some_and(|name| shown.is_named(name)))
        }
        ClientAuthMethod::SelfSignedTlsClientAuth => {
            Ok(client_keys::any(desk, client, |keys| shown.has_key_among(keys)).await?)
        }
        _ => Ok(false),
    }
}
