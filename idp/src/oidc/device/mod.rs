//! The device flow (RFC 8628): something without a browser shows a code, and a person allows it in theirs.

pub mod pages;

use std::net::IpAddr;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::authorize::checks;
use super::bounds::Bounds;
use super::error::{EndpointError, OAuthError};
use super::pace::{self, INTERVAL};
use super::{Desk, client_auth, details, organization};
use crate::crypto::random::Entropy;
use crate::crypto::sha256;
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::ephemeral::{Ephemeral, Key, Kind};
use crate::model::attempt::Approval;
use crate::model::client::{Client, ClientId, GrantType};
use crate::model::grant::Permission;
use crate::model::ids::SessionId;
use crate::web::params::Params;

pub const PATH: &str = "/oidc/device_authorization";
/// Where people type the code.
pub const PAGE: &str = "/device";

const LIFETIME: Duration = Duration::minutes(10);
/// An expired one is known this much longer, so that the device learns why.
const REMEMBERED: Duration = Duration::minutes(10);

/// No vowels, so that no words come about, and nothing that looks like something else (§6.1). Eight of them are
/// 34 bits.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;

/// So many codes one session may try, and all of them together, within the window.
const TRIES: u64 = 10;
const ALL_TRIES: u64 = 1000;
const WINDOW: Duration = Duration::minutes(10);
const BOUNDS: Bounds = Bounds { kind: Kind::DeviceAsked, window: WINDOW, of_client: 2000, of_network: 200 };

/// What a device asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub client_id: ClientId,
    pub client_name: String,
    pub permission: Permission,
    /// The organization that it named, as it was sent.
    #[serde(default)]
    pub organization: Option<String>,
    pub begun_at: OffsetDateTime,
    /// Where the device asked from: a person at their own desk knows what to expect.
    pub network: String,
    user_code: String,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Decision {
    Allowed(Approval),
    Denied,
}

/// RFC 8628 §3.2
#[derive(Serialize)]
pub struct Answer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// Begins the flow for a device.
///
/// # Errors
/// The protocol's errors, and our own faults.
pub async fn begin(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    params: &Params,
    address: Option<IpAddr>,
) -> Result<Answer, EndpointError> {
    checks::nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    if !client.settings.grants.contains(&GrantType::DeviceCode) {
        return Err(OAuthError::UnauthorizedClient("this client may not use device codes").into());
    }
    let permission = Permission {
        scopes: checks::scopes(params, &client)?,
        resources: checks::resources(params, &client)?,
        details: details::read(params, &client, desk.types)?,
        ..Permission::default()
    };
    let organization = organization::named(params, &permission)?;
    BOUNDS.admit(desk, &client, address).await?;
    let device_code = Token::generate(TokenKind::DeviceCode, desk.entropy)?;
    let key = device_code.hash().0;
    let user_code = new_user_code(desk.entropy)?;
    let waiting = Waiting {
        client_id: client.id,
        client_name: client.settings.name.to_string(),
        permission,
        organization,
        begun_at: desk.now,
        network: address.map(|address| address.to_string()).unwrap_or_default(),
        user_code: user_code.clone(),
    };
    desk.ephemeral.put(Kind::Device, key, &waiting, LIFETIME + REMEMBERED).await?;
    desk.ephemeral.put(Kind::UserCode, name_of(&user_code), &key, LIFETIME).await?;
    let shown = shown(&user_code);
    let page = format!("{}{PAGE}", desk.issuer);
    Ok(Answer {
        device_code: device_code.expose().to_owned(),
        verification_uri_complete: format!("{page}?user_code={shown}"),
        verification_uri: page,
        user_code: shown,
        expires_in: LIFETIME.whole_seconds(),
        interval: INTERVAL,
    })
}

fn new_user_code(entropy: Entropy) -> anyhow::Result<String> {
    let mut code = String::with_capacity(LETTERS);
    while code.len() < LETTERS {
        for byte in entropy.bytes::<16>()? {
            // 240 is a multiple of 20: every letter is as likely as any other.
            let letter = ALPHABET.get(usize::from(byte) % ALPHABET.len()).filter(|_| byte < 240);
            if let Some(letter) = letter.filter(|_| code.len() < LETTERS) {
                code.push(char::from(*letter));
            }
        }
    }
    Ok(code)
}

/// In two halves, as it is read aloud.
fn shown(code: &str) -> String {
    let (first, second) = code.split_at_checked(LETTERS / 2).unwrap_or((code, ""));
    format!("{first}-{second}")
}

/// What was typed, without what people put in between (§6.1). `None` when it can be no code.
fn typed(text: &str) -> Option<String> {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    (letters.len() == LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter))).then_some(letters)
}

fn name_of(user_code: &str) -> Key {
    sha256(user_code.as_bytes())
}

/// A device that a person has named.
#[derive(Debug)]
pub enum Named {
    Found(Box<Waiting>, Key),
    /// No such code, or not any more.
    Unknown,
    /// Too many were tried.
    Wait,
}

/// The device that waits under a code. Every try counts, because a code is short.
///
/// # Errors
/// When ephemeral storage does not answer.
pub async fn named(
    ephemeral: &Ephemeral,
    (code, session): (&str, SessionId),
    now: OffsetDateTime,
) -> anyhow::Result<Named> {
    let by_one = sha256(session.uuid().as_bytes());
    let tries = ephemeral.count(Kind::UserCodeTried, by_one, WINDOW).await?;
    if tries > TRIES || ephemeral.count(Kind::UserCodeTried, [0; 32], WINDOW).await? > ALL_TRIES {
        return Ok(Named::Wait);
    }
    let Some(code) = typed(code) else {
        return Ok(Named::Unknown);
    };
    let Some(key) = ephemeral.get::<Key>(Kind::UserCode, name_of(&code)).await? else {
        return Ok(Named::Unknown);
    };
    let waiting: Option<Waiting> = ephemeral.get(Kind::Device, key).await?;
    Ok(match waiting.filter(|waiting| now - waiting.begun_at < LIFETIME) {
        Some(waiting) => Named::Found(Box::new(waiting), key),
        None => Named::Unknown,
    })
}

/// Spends the code, so that one decision is made. `false` when it was spent already.
///
/// # Errors
/// When ephemeral storage does not answer.
pub async fn spend(ephemeral: &Ephemeral, waiting: &Waiting, key: Key) -> anyhow::Result<bool> {
    Ok(ephemeral.take::<Key>(Kind::UserCode, name_of(&waiting.user_code)).await? == Some(key))
}

/// Keeps what the person decided, for the device to fetch.
///
/// # Errors
/// When ephemeral storage does not answer.
pub async fn decide(ephemeral: &Ephemeral, key: Key, decision: &Decision) -> anyhow::Result<()> {
    Ok(ephemeral.put(Kind::DeviceDecision, key, decision, LIFETIME).await?)
}

/// What a device that asks again is told: the approval, once, or what to do meanwhile (§3.5).
pub(super) async fn poll(
    desk: &Desk<'_>,
    client: &Client,
    code: TokenHash,
) -> Result<(Waiting, Approval), EndpointError> {
    let unknown = || OAuthError::InvalidGrant("the device code is wrong or used");
    let waiting: Option<Waiting> = desk.ephemeral.get(Kind::Device, code.0).await?;
    let waiting = waiting.filter(|waiting| waiting.client_id == client.id).ok_or_else(unknown)?;
    if desk.now - waiting.begun_at >= LIFETIME {
        return Err(OAuthError::ExpiredToken.into());
    }
    pace::keep(desk, (Kind::DevicePolled, code), LIFETIME).await?;
    match desk.ephemeral.take::<Decision>(Kind::DeviceDecision, code.0).await? {
        None => Err(OAuthError::AuthorizationPending.into()),
        Some(decision) => {
            desk.ephemeral.take::<Waiting>(Kind::Device, code.0).await?.ok_or_else(unknown)?;
            match decision {
                Decision::Allowed(approval) => Ok((waiting, approval)),
                Decision::Denied => Err(OAuthError::AccessDenied.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C19
    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in ["BCDFGHJK", "bcdf-ghjk", " BCDF GHJK ", "b c d f g h j k"] {
            assert_eq!(typed(text).as_deref(), Some("BCDFGHJK"), "{text:?}");
        }
        for text in ["", "BCDFGHJ", "BCDFGHJKL", "ABCDFGHJ", "BCDFGHJ1", "BCDFGHJé"] {
            assert_eq!(typed(text), None, "{text:?}");
        }
        let code = new_user_code(Entropy::of_the_system()).unwrap();
        assert_eq!(typed(&shown(&code)), Some(code));
    }
}
