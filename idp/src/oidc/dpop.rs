//! Proof of possession (RFC 9449): a signature that shows, for this one request, that whoever uses a token
//! holds the key it was made for.

use http::HeaderMap;
use serde_json::{Map, Value};
use time::Duration;
use url::Url;

use super::error::{EndpointError, OAuthError};
use super::{AHEAD, Desk};
use crate::crypto::foreign::Unverified;
use crate::crypto::{base64url, constant_time_eq, sha256};
use crate::ephemeral::Kind;
use crate::model::key::Thumbprint;

/// A proof made this long ago will do.
const AGE: Duration = Duration::seconds(60);
/// A nonce of ours is of one minute and good for the next four.
const NONCE_MINUTES: i64 = 5;

/// The request that a proof has to be made for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// The access token that comes with it (§4.3).
    pub token: Option<&'a str>,
}

impl Target<'_> {
    #[must_use]
    pub const fn post(path: &'static str) -> Self {
        Self { method: "POST", path, token: None }
    }
}

/// The key that the sender of this request has shown to hold; `None` when there is no proof at all.
///
/// # Errors
/// `invalid_dpop_proof`, or `use_dpop_nonce` with the nonce to use.
pub async fn key(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    target: Target<'_>,
) -> Result<Option<Thumbprint>, EndpointError> {
    let mut proofs = headers.get_all("dpop").iter();
    let Some(proof) = proofs.next() else {
        return Ok(None);
    };
    if proofs.next().is_some() {
        return Err(invalid("there is more than one DPoP header").into());
    }
    let parsed =
        proof.to_str().ok().and_then(Unverified::parse).filter(|proof| proof.typ() == Some("dpop+jwt"));
    let parsed = parsed.ok_or_else(|| invalid("the DPoP header is not a JWT with typ dpop+jwt"))?;
    let (claims, key) = parsed
        .signed_by_its_own_key()
        .ok_or_else(|| invalid("the signature does not fit the public key in the header"))?;
    check_target(desk, &claims, target)?;
    let made_at = check_time(desk, &claims)?;
    check_nonce(desk, &claims)?;
    let id = claims.get("jti").and_then(Value::as_str).filter(|id| (1..=256).contains(&id.len()));
    let id = id.ok_or_else(|| invalid("jti is missing or longer than 256 bytes"))?;
    let mark = sha256(format!("{key} {id}").as_bytes());
    // A second longer than it is good, since its time is told in whole seconds.
    let lifetime = AGE + AHEAD + Duration::SECOND;
    if !desk.ephemeral.first_use(Kind::ProofUsed, mark, (Some(made_at), lifetime)).await? {
        return Err(invalid("this proof was used before, or made before we started: make a new one").into());
    }
    Ok(Some(key))
}

const fn invalid(why: &'static str) -> OAuthError {
    OAuthError::InvalidDpopProof(why)
}

fn check_target(desk: &Desk<'_>, claims: &Map<String, Value>, target: Target<'_>) -> Result<(), OAuthError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("htm") != Some(target.method) {
        return Err(invalid("htm is not the method of this request"));
    }
    // Parsed, so that case of the host and a default port make no difference.
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    let alias = desk.mtls.map(|mtls| mtls.public_url.join(target.path));
    let mut here = std::iter::once(format!("{}{}", desk.issuer, target.path)).chain(alias);
    let named = text("htu").and_then(plain);
    if named.is_none() || !here.any(|here| plain(&here) == named) {
        return Err(invalid("htu is not the address of this request"));
    }
    if let Some(token) = target.token {
        let hash = base64url::encode(sha256(token.as_bytes()));
        if !text("ath").is_some_and(|ath| constant_time_eq(ath.as_bytes(), hash.as_bytes())) {
            return Err(invalid("ath is not the hash of the access token"));
        }
    }
    Ok(())
}

/// When it was made.
fn check_time(desk: &Desk<'_>, claims: &Map<String, Value>) -> Result<i64, OAuthError> {
    let at = claims.get("iat").and_then(Value::as_i64);
    let now = desk.now.unix_timestamp();
    match at {
        Some(at) if at >= now - AGE.whole_seconds() && at <= now + AHEAD.whole_seconds() => Ok(at),
        _ => Err(invalid("iat is missing, or not of this moment")),
    }
}

/// §8: without one a proof is good where the operator asks for none; one that is not ours, or old, never.
fn check_nonce(desk: &Desk<'_>, claims: &Map<String, Value>) -> Result<(), OAuthError> {
    let good = match claims.get("nonce") {
        None => !desk.tokens.dpop_nonce,
        Some(nonce) => {
            let minute = desk.now.unix_timestamp() / 60;
            let nonce = nonce.as_str().unwrap_or_default();
            (0..NONCE_MINUTES)
                .any(|ago| constant_time_eq(nonce.as_bytes(), of_minute(desk, minute - ago).as_bytes()))
        }
    };
    if good { Ok(()) } else { Err(OAuthError::UseDpopNonce(nonce(desk))) }
}

/// The nonce of this minute. It follows from a key of ours, so that every node knows it and none keeps it.
#[must_use]
pub fn nonce(desk: &Desk<'_>) -> String {
    of_minute(desk, desk.now.unix_timestamp() / 60)
}

fn of_minute(desk: &Desk<'_>, minute: i64) -> String {
    base64url::encode(desk.store.sealer().lookup("dpop nonce", &minute.to_be_bytes()))
}
