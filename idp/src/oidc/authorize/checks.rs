//! The checks of an authorization request, in order. Each is a function of its own that either reads
//! its part or says what is wrong with it; what they return together is the checked request.

use time::OffsetDateTime;

use super::claims;
use super::request::{Addressed, flow};
use crate::crypto::base64url;
use crate::model::attempt::{AppCard, Attempt, Prompt};
use crate::model::authorization::{AuthorizationDetails, AuthorizationTypes};
use crate::model::client::{Client, LegacyFlow};
use crate::model::grant::Permission;
use crate::model::key::Thumbprint;
use crate::model::resource::{Resource, Resources};
use crate::model::scope::Scopes;
use crate::model::session::Assurance;
use crate::oidc::error::OAuthError;
use crate::oidc::{details, organization};
use crate::web::params::Params;

/// Longer values are refused instead of stored (A16). All are far above what applications send.
pub(in crate::oidc) const MAX_STATE: usize = 2048;
const MAX_NONCE: usize = 1024;
const MAX_SCOPE: usize = 2048;
const MAX_HINT: usize = 254;
const MAX_LIST: usize = 20;

/// What of a request is known only where the operator wants it.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'a> {
    /// What clients may ask for in detail.
    pub types: &'a AuthorizationTypes,
    /// People may make accounts themselves.
    pub sign_up: bool,
}

/// Judges everything but the client and the redirect URI, which are certain by now. `sign_up`: people may make
/// accounts themselves.
///
/// # Errors
/// The first thing that is wrong, for the client.
pub fn check(
    params: &Params,
    addressed: &Addressed,
    hinted: Option<String>,
    offered: &Offered<'_>,
    now: OffsetDateTime,
) -> Result<Attempt, OAuthError> {
    nothing_repeated(params)?;
    addressed.check_response_mode(params)?;
    let flow = response_type(params, &addressed.client)?;
    no_registration(params)?;
    let state = bounded(params, "state", MAX_STATE)?;
    let nonce = bounded(params, "nonce", MAX_NONCE)?;
    // Core §3.2.2.11, §3.3.2.11: of answers with an ID token in them.
    if flow.is_some_and(LegacyFlow::has_id_token) && nonce.is_none() {
        return Err(OAuthError::InvalidRequest("nonce is missing: this response_type needs it".to_owned()));
    }
    let code_challenge = code_challenge(params, &addressed.client, flow)?;
    let asked = claims::read(params)?;
    if asked.person.is_some() && hinted.is_some() && asked.person != hinted {
        return Err(OAuthError::InvalidRequest("claims and id_token_hint name different people".to_owned()));
    }
    let permission = Permission {
        scopes: scopes(params, &addressed.client)?,
        resources: resources(params, &addressed.client)?,
        claims: asked.claims.within(&addressed.client.settings.scopes),
        details: in_detail(params, &addressed.client, offered.types, flow)?,
    };
    let organization = organization::named(params, &permission)?;
    let prompt = prompt(params, offered.sign_up)?;
    let max_age = max_age(params)?.or(addressed.client.settings.default_max_age);
    let attempt = Attempt {
        client_id: addressed.client.id.clone(),
        app: app_card(addressed),
        redirect_uri: addressed.redirect_uri.clone(),
        response_mode: addressed.response_mode,
        response_alg: addressed.client.settings.id_token_alg,
        state,
        nonce,
        code_challenge,
        flow,
        permission,
        key: key(params)?,
        pushed: addressed.pushed,
        prompt,
        max_age,
        assurance: assurance(params).max(asked.assurance),
        login_hint: hint(params),
        hinted: hinted.or(asked.person),
        ui_locales: list(params, "ui_locales"),
        begun_at: now,
        browser: None,
        consented_by: None,
        chosen: None,
        policy: addressed.client.settings.policy,
        organization,
        acts_for: None,
        trial: false,
    };
    Ok(attempt)
}

/// RFC 6749 §3.1.
pub(in crate::oidc) fn nothing_repeated(params: &Params) -> Result<(), OAuthError> {
    match params.repeated() {
        None => Ok(()),
        Some(name) => Err(OAuthError::InvalidRequest(format!("{} is given twice", short(name)))),
    }
}

/// RFC 6749 §3.1.1, RFC 9700 §2.1.2: the code flow, and what else this client was given. `None`: a code and
/// nothing else.
fn response_type(params: &Params, client: &Client) -> Result<Option<LegacyFlow>, OAuthError> {
    match params.get("response_type") {
        None => Err(OAuthError::InvalidRequest("response_type is missing".to_owned())),
        Some("code") => Ok(None),
        Some(_) => flow(client, params).map(Some).ok_or(OAuthError::UnsupportedResponseType),
    }
}

/// OIDC Core §7.2.1: what is not processed must be refused; ignoring it would drop what the client wanted.
/// Whatever stood for the request has been opened by now.
fn no_registration(params: &Params) -> Result<(), OAuthError> {
    match params.get("registration") {
        None => Ok(()),
        Some(_) => Err(OAuthError::RegistrationNotSupported),
    }
}

pub(in crate::oidc) fn bounded(
    params: &Params,
    name: &'static str,
    bytes: usize,
) -> Result<Option<String>, OAuthError> {
    match params.get(name) {
        Some(value) if value.len() > bytes => {
            Err(OAuthError::InvalidRequest(format!("{name} is longer than {bytes} bytes")))
        }
        value => Ok(value.map(ToOwned::to_owned)),
    }
}

/// RFC 7636 §4.3, RFC 9700 §2.1.1: S256, and always where there is a code, but for clients that are marked
/// (A6).
fn code_challenge(
    params: &Params,
    client: &Client,
    flow: Option<LegacyFlow>,
) -> Result<Option<String>, OAuthError> {
    let invalid = |why: &str| Err(OAuthError::InvalidRequest(why.to_owned()));
    let has_code = flow.is_none_or(LegacyFlow::has_code);
    let Some(challenge) = params.get("code_challenge") else {
        if has_code && client.settings.require_pkce {
            return invalid("code_challenge is missing: PKCE is required");
        }
        if params.get("code_challenge_method").is_some() {
            return invalid("code_challenge is missing");
        }
        return Ok(None);
    };
    if params.get("code_challenge_method") != Some("S256") {
        return invalid("code_challenge_method must be S256");
    }
    match base64url::decode(challenge) {
        Some(bytes) if bytes.len() == 32 => Ok(Some(challenge.to_owned())),
        _ => invalid("code_challenge is not the base64url form of a SHA-256 hash"),
    }
}

/// OIDC Core §3.1.2.1: `openid` is required, what we do not know or the client may not have is
/// ignored.
pub(in crate::oidc) fn scopes(params: &Params, client: &Client) -> Result<Scopes, OAuthError> {
    let text = params.get("scope").unwrap_or_default();
    if text.len() > MAX_SCOPE {
        return Err(OAuthError::InvalidScope("scope is too long"));
    }
    let requested = Scopes::parse(text).map_err(|_| OAuthError::InvalidScope("scope is malformed"))?;
    if !requested.contains(Scopes::OPENID) {
        return Err(OAuthError::InvalidScope("scope must contain openid"));
    }
    let granted = requested.intersection(&client.settings.scopes);
    Ok(if client.settings.refresh_tokens { granted } else { granted.without(Scopes::OFFLINE_ACCESS) })
}

/// RFC 8707 §2: the APIs that access tokens will be for, each one that the client is registered for.
pub(in crate::oidc) fn resources(params: &Params, client: &Client) -> Result<Resources, OAuthError> {
    let known = |text: &String| {
        let resource = Resource::parse(text).ok();
        resource.filter(|resource| client.settings.resources.contains(resource.as_str()))
    };
    let resources: Option<Resources> = params.all("resource").iter().map(known).collect();
    resources.ok_or(OAuthError::InvalidTarget)
}

/// RFC 9396 §2. They are for APIs, and what comes in the address of the browser is for none.
fn in_detail(
    params: &Params,
    client: &Client,
    types: &AuthorizationTypes,
    flow: Option<LegacyFlow>,
) -> Result<AuthorizationDetails, OAuthError> {
    let details = details::read(params, client, types)?;
    if !details.is_empty() && !flow.is_none_or(LegacyFlow::has_code) {
        let why = "they need a response_type with code".to_owned();
        return Err(OAuthError::InvalidAuthorizationDetails(why));
    }
    Ok(details)
}

/// RFC 9449 §10.
fn key(params: &Params) -> Result<Option<Thumbprint>, OAuthError> {
    let named = params.get("dpop_jkt").map(Thumbprint::parse).transpose();
    named.map_err(|_| OAuthError::InvalidRequest("dpop_jkt is not the thumbprint of a key".to_owned()))
}

/// OIDC Core §3.1.2.1; Initiating User Registration 1.0 §4.1: what is not among `prompt_values_supported` is
/// refused by name, `create` included where people can not make accounts.
fn prompt(params: &Params, sign_up: bool) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    let values: Vec<&str> =
        params.get("prompt").unwrap_or_default().split(' ').filter(|v| !v.is_empty()).collect();
    for value in &values {
        match *value {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            "create" if sign_up => prompt.create = true,
            other => {
                let why = format!("prompt={} is not supported", short(other));
                return Err(OAuthError::InvalidRequest(why));
            }
        }
    }
    if prompt.none && values.len() > 1 {
        return Err(OAuthError::InvalidRequest("prompt=none excludes every other prompt".to_owned()));
    }
    if prompt.create && (prompt.login || prompt.select_account) {
        let why = "prompt=create excludes login and select_account".to_owned();
        return Err(OAuthError::InvalidRequest(why));
    }
    Ok(prompt)
}

/// OIDC Core §3.1.2.1.
fn max_age(params: &Params) -> Result<Option<u32>, OAuthError> {
    params
        .get("max_age")
        .map(|text| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            match text.parse::<u64>() {
                // Beyond 136 years one number is as good as another.
                Ok(seconds) if digits => Ok(u32::try_from(seconds).unwrap_or(u32::MAX)),
                _ => Err(OAuthError::InvalidRequest("max_age must be a number of seconds".to_owned())),
            }
        })
        .transpose()
}

/// RFC 9470 §4: the least of the levels that would do, of those that we know.
pub(in crate::oidc) fn assurance(params: &Params) -> Option<Assurance> {
    list(params, "acr_values").iter().filter_map(|acr| Assurance::parse(acr)).min()
}

/// Space-separated preferences. Never an error: they are voluntary.
pub(in crate::oidc) fn list(params: &Params, name: &str) -> Vec<String> {
    let values = params.get(name).unwrap_or_default().split(' ');
    values
        .filter(|value| !value.is_empty() && value.len() <= 100)
        .take(MAX_LIST)
        .map(ToOwned::to_owned)
        .collect()
}

fn hint(params: &Params) -> Option<String> {
    params.get("login_hint").filter(|hint| hint.len() <= MAX_HINT).map(ToOwned::to_owned)
}

fn app_card(addressed: &Addressed) -> AppCard {
    let settings = &addressed.client.settings;
    AppCard {
        name: settings.name.to_string(),
        host: addressed.redirect_uri.display_host(),
        logo_uri: settings.logo.as_ref().map(|_| format!("/oidc/logo/{}", addressed.client.id)),
        policy_uri: settings.policy_uri.as_ref().map(ToString::to_string),
        tos_uri: settings.tos_uri.as_ref().map(ToString::to_string),
    }
}

/// A name that somebody sent, for a message.
fn short(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(40).collect()
}
