//! Asking somebody who is somewhere else (CIBA Core 1.0): an application names a person, the person is told by mail,
//! signs in here as ever and allows it or not, and the application fetches what came of it. Nothing is allowed by
//! itself, and no mail has a link in it that allows anything.

mod answer;
pub mod pages;
pub mod ping;
mod put;
mod request;

pub use put::put;

use http::HeaderMap;
use serde::Serialize;
use time::Duration;

use super::authorize::checks;
use super::bounds::Bounds;
use super::error::{EndpointError, OAuthError};
use super::pace::{self, INTERVAL};
use super::{Desk, client_auth};
use crate::crypto::sha256;
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::ephemeral::Kind;
use crate::model::attempt::Approval;
use crate::model::client::{Client, DeliveryMode, GrantType};
use crate::model::grant::Permission;
use crate::model::ids::SignInRequestId;
use crate::model::sign_in_request::{Asked, Decision, Ping, SignInRequest};
use crate::store::sign_in_requests;
use crate::web::params::Params;
use request::Wanted;

pub const PATH: &str = "/oidc/backchannel_authentication";
/// Where people see what waits for them.
pub const PAGE: &str = "/requests";

/// An expired one is known this much longer, so that the application learns why.
pub const REMEMBERED: Duration = Duration::minutes(10);

/// Who tries names to learn who has an account learns nothing, and does not try many.
const BOUNDS: Bounds =
    Bounds { kind: Kind::SignInAsked, window: Duration::minutes(10), of_client: 300, of_network: 300 };
/// So many of one client may wait for one person at a time.
const PLACES: i32 = 3;
/// So many mails one client may cause for one person within the hour.
const OF_ONE: u64 = 10;

/// CIBA §7.3
#[derive(Serialize)]
pub struct Answer {
    auth_req_id: String,
    expires_in: i64,
    interval: i64,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// Takes a request in. What is done is the same whether anybody has the address that it names: it is written down,
/// and put to its person later by [`put`].
///
/// # Errors
/// The protocol's errors, and our own faults.
pub async fn begin(desk: &Desk<'_>, headers: &HeaderMap, params: &Params) -> Result<Answer, EndpointError> {
    checks::nothing_repeated(params)?;
    let client = client_auth::authenticate(desk, headers, params).await?;
    if !client.settings.grants.contains(&GrantType::Ciba) || client.is_public() {
        return Err(OAuthError::UnauthorizedClient("this client may not ask people who are elsewhere").into());
    }
    BOUNDS.admit(desk, &client, None).await?;
    let params = request::inside(desk, &client, params).await?;
    let wanted = Wanted::read(desk, &client, &params)?;
    let whom = request::whom(desk, &client, &params).await?;
    let one = sha256(format!("{} {}", client.id, whom.address).as_bytes());
    if desk.ephemeral.count(Kind::SignInAskedOf, one, Duration::HOUR).await? > OF_ONE * desk.leniency {
        return Err(OAuthError::TemporarilyUnavailable.into());
    }
    let token = Token::generate(TokenKind::SignInRequest, desk.entropy)?;
    let auth_req_id = token.expose().to_owned();
    let ping = wanted.notification_token.map(|token| Ping { auth_req_id: auth_req_id.clone(), token });
    let new = SignInRequest {
        id: desk.entropy.id(desk.now, SignInRequestId::new)?,
        client_id: client.id.clone(),
        user_id: None,
        asked: Asked {
            permission: wanted.permission,
            organization: wanted.organization,
            assurance: wanted.assurance,
            binding_message: wanted.binding_message,
            ping: ping.filter(|_| client.settings.backchannel.delivery == DeliveryMode::Ping),
        },
        decision: None,
        created_at: desk.now,
        expires_at: desk.now + wanted.lifetime,
    };
    let places = PLACES.saturating_mul(i32::try_from(desk.leniency).unwrap_or(1));
    let tx = desk.store.begin().await?;
    if !sign_in_requests::insert(&tx, (&new, token.hash()), &whom.address, places, desk.now).await? {
        return Err(OAuthError::TemporarilyUnavailable.into());
    }
    put::later(&tx, desk.entropy, (new.id, &whom), desk.now).await?;
    tx.commit().await?;
    Ok(Answer { auth_req_id, expires_in: wanted.lifetime.whole_seconds(), interval: INTERVAL })
}

/// What an application that asks is told: the approval, once, or what to do meanwhile (§10.1, §11).
pub(super) async fn fetch(
    desk: &Desk<'_>,
    client: &Client,
    token: TokenHash,
) -> Result<(Permission, Approval), EndpointError> {
    let unknown = || OAuthError::InvalidGrant("the auth_req_id is wrong, another client's or used");
    let request = sign_in_requests::of_client(desk.store, &client.id, token).await?.ok_or_else(unknown)?;
    if desk.now >= request.expires_at {
        return Err(OAuthError::ExpiredToken.into());
    }
    pace::keep(desk, (Kind::SignInPolled, token), request.expires_at - desk.now).await?;
    let Some(decision) = request.decision else {
        return Err(OAuthError::AuthorizationPending.into());
    };
    let tx = desk.store.begin().await?;
    if !sign_in_requests::take(&tx, &client.id, token).await? {
        return Err(unknown().into());
    }
    tx.commit().await?;
    match decision {
        Decision::Allowed(approval) => Ok((request.asked.permission, approval)),
        Decision::Denied => Err(OAuthError::AccessDenied.into()),
    }
}
