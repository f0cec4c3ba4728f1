//! Applications that register themselves (RFC 7591) and look after their registration (RFC 7592). Nobody vouches
//! for them, so people are asked before they are told anything, and no API is open to them.

mod metadata;

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use time::Duration;

use super::Desk;
use super::error::{EndpointError, OAuthError, Scheme};
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenKind};
use crate::crypto::{base64url, sha256};
use crate::ephemeral::{Key, Kind};
use crate::model::client::{
    Client, ClientId, ClientSecret, ClientSettings, ClientSource, GrantType, Logo, WebUri,
};
use crate::model::ids::ClientSecretId;
use crate::model::network;
use crate::store::{Tx, client_secrets, clients, grants, registration_tokens};
use metadata::{Metadata, Offered};

pub const PATH: &str = "/oidc/register";
/// Of one network where anybody may register, of one token, and so many changes of one registration.
const REGISTRATIONS: u64 = 30;
const WINDOW: Duration = Duration::HOUR;

/// Takes an application in and hands out what it proves itself with.
///
/// # Errors
/// `invalid_token` without a token that is good for it; what is wrong with the metadata; our own faults.
pub async fn register(
    desk: &Desk<'_>,
    (token, address): (Option<&str>, Option<IpAddr>),
    body: &[u8],
) -> Result<Map<String, Value>, EndpointError> {
    if token.is_none() && !desk.registration.open {
        return Err(EndpointError::Resource(Scheme::Bearer, None));
    }
    // Before anybody is made to call an address: whether the token is good is decided by spending it.
    let token =
        token.map(|text| Token::parse(TokenKind::InitialAccess, text).ok_or_else(refused)).transpose()?;
    if let Some(token) = &token
        && !registration_tokens::is_usable(desk.store, token.hash(), desk.now).await?
    {
        return Err(refused());
    }
    let settings = Metadata::parse(body)?.settings(offered(desk, token.is_some()))?;
    // Each may make us call addresses, and a token is not spent by what is refused.
    let whose = match &token {
        Some(token) => token.hash().0,
        None => sha256(&address.map(network::of).unwrap_or_default()),
    };
    admit(desk, whose).await?;
    let settings = looked_up(desk, settings, None).await?;
    let client = Client {
        id: new_id(desk)?,
        settings,
        source: ClientSource::Registered,
        disabled_at: None,
        created_at: desk.now,
    };
    let management = Token::generate(TokenKind::Registration, desk.entropy)?;
    let secret = new_secret(desk, &client)?;
    let tx = desk.store.begin().await?;
    if let Some(token) = &token
        && !registration_tokens::spend(&tx, token.hash(), desk.now).await?
    {
        return Err(refused());
    }
    if !clients::insert(&tx, &client).await? {
        return Err(anyhow::anyhow!("a new client id is taken").into());
    }
    keep(desk, &tx, &client, secret.as_ref()).await?;
    clients::set_management(&tx, &client.id, None, management.hash()).await?;
    record(desk, &tx, Event::ClientRegistered { client: client.id.clone() }).await?;
    tx.commit().await?;
    Ok(answer(desk, &client, secret.as_ref(), &management))
}

/// The registration as it stands.
///
/// # Errors
/// `invalid_token` for a token that is not this client's.
pub async fn show(desk: &Desk<'_>, id: &str, token: &str) -> Result<Map<String, Value>, EndpointError> {
    let (client, token) = managed(desk, id, token).await?;
    Ok(answer(desk, &client, None, &token))
}

/// Registers anew what the client says now, all of it (RFC 7592 §2.2). Its token is replaced: the answer has the
/// next one.
///
/// # Errors
/// As [`register`], and `invalid_request` when it speaks of another client.
pub async fn change(
    desk: &Desk<'_>,
    (id, token): (&str, &str),
    body: &[u8],
) -> Result<Map<String, Value>, EndpointError> {
    let (before, token) = managed(desk, id, token).await?;
    let own = sha256(format!("client {}", before.id).as_bytes());
    admit(desk, own).await?;
    let asked = Metadata::parse(body)?;
    let wrong = |why: &str| EndpointError::from(OAuthError::InvalidRequest(why.to_owned()));
    if asked.client_id.as_deref() != Some(before.id.as_str()) {
        return Err(wrong("client_id must be the one of this registration"));
    }
    if let Some(secret) = &asked.client_secret {
        let hash = sha256(secret.as_bytes());
        let known = client_secrets::of(desk.store, &before.id).await?;
        if !known.iter().any(|known| known.is_live(desk.now) && known.hash == hash) {
            return Err(wrong("client_secret is not the one of this registration"));
        }
    }
    // Who was vouched for is, whatever it says of itself now.
    let settings = asked.settings(offered(desk, before.settings.grants.contains(&GrantType::Ciba)))?;
    let settings = looked_up(desk, settings, Some(&before.settings)).await?;
    let same_method = settings.auth_method == before.settings.auth_method;
    let same_names = settings.subject == before.settings.subject;
    let changed = Client { settings, ..before };
    // A secret stays as long as it is used in the same way.
    let secret = if same_method { None } else { new_secret(desk, &changed)? };
    let management = Token::generate(TokenKind::Registration, desk.entropy)?;
    let tx = desk.store.begin().await?;
    if !clients::set_management(&tx, &changed.id, Some(token.hash()), management.hash()).await?
        || !clients::update(&tx, &changed).await?
    {
        return Err(refused());
    }
    if !same_method {
        client_secrets::remove_all(&tx, &changed.id).await?;
        keep(desk, &tx, &changed, secret.as_ref()).await?;
    }
    // Core §12.2: a refreshed token keeps its `sub`. What it was given under other names of people ends.
    if !same_names {
        grants::revoke_of_client(&tx, &changed.id, desk.now).await?;
    }
    record(desk, &tx, Event::ClientChanged { client: changed.id.clone() }).await?;
    tx.commit().await?;
    Ok(answer(desk, &changed, secret.as_ref(), &management))
}

/// Ends a registration, and with it everything that the client was given.
///
/// # Errors
/// `invalid_token` for a token that is not this client's.
pub async fn end(desk: &Desk<'_>, id: &str, token: &str) -> Result<(), EndpointError> {
    let (client, token) = managed(desk, id, token).await?;
    let tx = desk.store.begin().await?;
    clients::lock(&tx, &client.id).await?;
    // Another call may have changed the token meanwhile.
    if clients::managed(&tx, &client.id, token.hash()).await?.is_none() {
        return Err(refused());
    }
    clients::delete(&tx, &client.id).await?;
    record(desk, &tx, Event::ClientRemoved { client: client.id }).await?;
    Ok(tx.commit().await?)
}

/// Anybody can make us write to people where anybody may register for it, so that takes a token.
const fn offered<'a>(desk: &Desk<'a>, ciba: bool) -> Offered<'a> {
    Offered { legacy: desk.registration.legacy_flows, ciba, types: desk.types }
}

fn refused() -> EndpointError {
    EndpointError::Resource(Scheme::Bearer, Some(OAuthError::InvalidToken))
}

async fn admit(desk: &Desk<'_>, whose: Key) -> Result<(), EndpointError> {
    if desk.ephemeral.count(Kind::RegisteredFrom, whose, WINDOW).await? > REGISTRATIONS * desk.leniency {
        return Err(OAuthError::TemporarilyUnavailable.into());
    }
    Ok(())
}

/// The client that this token belongs to (security: C22).
async fn managed(desk: &Desk<'_>, id: &str, token: &str) -> Result<(Client, Token), EndpointError> {
    let token = Token::parse(TokenKind::Registration, token).ok_or_else(refused)?;
    let id = ClientId::parse(id).map_err(|_| refused())?;
    let client = clients::managed(desk.store, &id, token.hash()).await?.ok_or_else(refused)?;
    Ok((client, token))
}

fn new_id(desk: &Desk<'_>) -> anyhow::Result<ClientId> {
    Ok(ClientId::parse(&format!("app-{}", base64url::encode(desk.entropy.bytes::<12>()?)))?)
}

/// The settings, with what has to be looked up for them elsewhere.
async fn looked_up(
    desk: &Desk<'_>,
    mut settings: ClientSettings,
    before: Option<&ClientSettings>,
) -> Result<ClientSettings, EndpointError> {
    if let Some(address) = &settings.sector_identifier_uri {
        check_sector(desk, address, &settings).await?;
    }
    if let Some(address) = &settings.logo_uri {
        let kept = before.filter(|before| before.logo_uri.as_ref() == Some(address));
        settings.logo = match picture(desk, address).await {
            Ok(logo) => Some(logo),
            Err(error) => {
                tracing::info!(%address, error = format!("{error:#}"), "a picture can not be had");
                kept.and_then(|before| before.logo.clone())
            }
        };
    }
    Ok(settings)
}

/// OIDC Registration §5: what is at the address must name every redirect URI.
async fn check_sector(
    desk: &Desk<'_>,
    address: &WebUri,
    settings: &ClientSettings,
) -> Result<(), EndpointError> {
    let invalid = |why: &str| OAuthError::InvalidClientMetadata(format!("sector_identifier_uri: {why}"));
    let fetched = desk.http.get(address.as_str(), "application/json").await;
    let fetched = fetched.map_err(|error| {
        // Why not is for the operator: to anybody else it would tell about the network that we are in.
        tracing::info!(%address, %error, "a sector list can not be fetched");
        invalid("nothing can be fetched from there")
    })?;
    let listed: Vec<String> =
        serde_json::from_slice(&fetched.bytes).map_err(|_| invalid("there is no list of URIs there"))?;
    let all = settings.redirect_uris.iter().all(|uri| listed.iter().any(|known| known == uri.as_str()));
    if all && !settings.redirect_uris.is_empty() {
        Ok(())
    } else {
        Err(invalid("it does not list every redirect_uri").into())
    }
}

async fn picture(desk: &Desk<'_>, address: &WebUri) -> anyhow::Result<Logo> {
    let fetched = desk.http.get(address.as_str(), "image/png, image/jpeg, image/webp, image/svg+xml").await?;
    Ok(Logo::of(&fetched.content_type, &fetched.bytes)?)
}

/// A new secret, if the client is one that has one.
fn new_secret(desk: &Desk<'_>, client: &Client) -> Result<Option<Token>, EndpointError> {
    let has_one = client.settings.auth_method.has_secret();
    Ok(has_one.then(|| Token::generate(TokenKind::ClientSecret, desk.entropy)).transpose()?)
}

async fn keep(
    desk: &Desk<'_>,
    tx: &Tx,
    client: &Client,
    secret: Option<&Token>,
) -> Result<(), EndpointError> {
    let Some(secret) = secret else { return Ok(()) };
    let new = ClientSecret {
        id: desk.entropy.id(desk.now, ClientSecretId::new)?,
        hash: secret.hash().0,
        created_at: desk.now,
        expires_at: None,
        last_used_at: None,
    };
    let shared = client.settings.auth_method.is_shared().then(|| secret.expose());
    Ok(client_secrets::insert(tx, &client.id, &new, shared).await?)
}

async fn record(desk: &Desk<'_>, tx: &Tx, event: Event) -> Result<(), EndpointError> {
    Ok(audit::record(tx, desk.now, Actor::Anonymous, None, event).await?)
}

/// RFC 7591 §3.2.1, RFC 7592 §3.
fn answer(
    desk: &Desk<'_>,
    client: &Client,
    secret: Option<&Token>,
    management: &Token,
) -> Map<String, Value> {
    let mut members = metadata::of(client);
    if let Some(secret) = secret {
        members.insert("client_secret".to_owned(), json!(secret.expose()));
        members.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    let address = format!("{}{PATH}/{}", desk.issuer, client.id);
    members.insert("registration_client_uri".to_owned(), json!(address));
    members.insert("registration_access_token".to_owned(), json!(management.expose()));
    members
}
