//! How applications authenticate: a line for the header `Authorization`, and a form.
//! Only who shows the secret is let in, by the one way that was registered, and only a public client without one.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use idp::oidc::client_auth::authenticate;
use idp::oidc::endpoints::desk;
use idp::web::params::Params;
use percent_encoding::percent_decode_str;

use super::house::{ISSUER, SECRET, visit};
use super::lines;

pub fn run(data: &[u8]) {
    let Some([header, form]) = lines(data) else {
        return;
    };
    let mut headers = HeaderMap::new();
    if !header.is_empty() {
        let Ok(value) = HeaderValue::from_str(header) else {
            return;
        };
        headers.insert(AUTHORIZATION, value);
    }
    let Ok(params) = Params::parse(form) else {
        return;
    };
    let client = visit(async |house| authenticate(&desk(&house.app, ISSUER), &headers, &params).await.ok());
    let Some(client) = client else {
        return;
    };
    match client.id.as_str() {
        "basic" => assert!(shows_secret(header), "the secret was not in the header"),
        "post" => {
            assert_eq!(
                (params.get("client_secret"), header),
                (Some(SECRET), ""),
                "the secret was not in the form"
            );
        }
        "native" => assert_eq!((params.get("client_secret"), header), (None, ""), "it has no secret"),
        other => panic!("there is no client {other}"),
    }
}

/// Worked out once more, with less care (RFC 6749 §2.3.1, RFC 7617 §2).
fn shows_secret(header: &str) -> bool {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let encoded = header.split_once(' ').map(|(_, encoded)| encoded.trim()).unwrap_or_default();
    let decoded = STANDARD.decode(encoded).unwrap_or_default();
    let text = String::from_utf8(decoded).unwrap_or_default().replace('+', " ");
    text.split_once(':').is_some_and(|(_, secret)| percent_decode_str(secret).decode_utf8_lossy() == SECRET)
}
