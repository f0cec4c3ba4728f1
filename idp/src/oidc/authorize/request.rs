//! Who asks, and where an answer may go. Until both are certain nobody is redirected anywhere
//! (RFC 6749 §4.1.2.1).

use super::checks::{self, MAX_STATE};
use super::object::{self, Opened};
use crate::ephemeral::Key;
use crate::model::attempt::ResponseMode;
use crate::model::client::{Client, ClientId, LegacyFlow, Requirement};
use crate::model::redirect_uri::RedirectUri;
use crate::oidc::error::OAuthError;
use crate::oidc::{Desk, par};
use crate::store::{Store, clients};
use crate::web::params::Params;

/// A request whose answer, good or bad, may go to the client.
#[derive(Debug)]
pub struct Addressed {
    pub client: Client,
    pub redirect_uri: RedirectUri,
    pub response_mode: ResponseMode,
    pub state: Option<String>,
    pub pushed: Option<Key>,
}

/// Why there is nobody to answer: for a page of ours.
#[derive(Debug, PartialEq, Eq)]
pub enum Unaddressed {
    Client(String),
    RedirectUri(String),
}

/// What a request turned out to be.
#[derive(Debug)]
pub enum Gathered {
    /// The parameters that count, and what they were pushed under, if they were.
    Params(Params, Option<Key>),
    /// Something is wrong with it that can be said only where the plain parameters allow.
    Refused(OAuthError),
    /// The name of a pushed request means nothing (any more).
    Expired,
}

/// Finds out who asks. The name always stands in the plain parameters.
///
/// # Errors
/// The inner error is for our own error page; the outer one our own fault.
pub async fn client(store: &Store, params: &Params) -> anyhow::Result<Result<Client, Unaddressed>> {
    let no_client = |why: String| Ok(Err(Unaddressed::Client(why)));
    let Some(client_id) = params.get("client_id").filter(|_| !params.is_repeated("client_id")) else {
        return no_client("client_id is missing or given twice".to_owned());
    };
    let Ok(client_id) = ClientId::parse(client_id) else {
        return no_client("client_id is malformed".to_owned());
    };
    match clients::by_id(store, &client_id).await?.filter(Client::is_enabled) {
        Some(client) => Ok(Ok(client)),
        None => no_client(format!("there is no client {client_id}")),
    }
}

/// Opens what stands for a request: the name of a pushed one (RFC 9126), or a signed object or its address
/// (RFC 9101).
/// Nothing beside either counts but the name of the client.
///
/// # Errors
/// Our own faults.
pub async fn gather(desk: &Desk<'_>, client: &Client, params: &Params) -> anyhow::Result<Gathered> {
    let stands_in = [params.get("request"), params.get("request_uri")];
    if stands_in.iter().any(Option::is_some) {
        // RFC 9101 §5: one of them. What stands beside it does not count, but is not doubled either.
        if stands_in.iter().all(Option::is_some) {
            let why = "request and request_uri exclude each other".to_owned();
            return Ok(Gathered::Refused(OAuthError::InvalidRequest(why)));
        }
        if let Err(error) = checks::nothing_repeated(params) {
            return Ok(Gathered::Refused(error));
        }
    }
    if let Some(handle) = params.get("request_uri").and_then(par::handle) {
        return Ok(match par::find(desk, client, &handle).await? {
            Some((pushed, key)) => Gathered::Params(pushed, Some(key)),
            None => Gathered::Expired,
        });
    }
    if client.must(Requirement::PushedRequests) {
        let why = "this client must push its requests (RFC 9126)".to_owned();
        return Ok(Gathered::Refused(OAuthError::InvalidRequest(why)));
    }
    Ok(match inside(desk, client, params).await? {
        Ok(params) => Gathered::Params(params, None),
        Err(error) => Gathered::Refused(error),
    })
}

/// The parameters of a request that may be signed, and of some clients has to be.
///
/// # Errors
/// The inner error when it has to be signed and is not, or the object is not good; the outer one is our own
/// fault.
pub async fn inside(desk: &Desk<'_>, client: &Client, params: &Params) -> anyhow::Result<Opened> {
    if let Some(object) = params.get("request") {
        return object::open(desk, client, object).await;
    }
    if let Some(address) = params.get("request_uri") {
        return object::fetch(desk, client, address).await;
    }
    if client.must(Requirement::SignedRequests) {
        return Ok(Err(OAuthError::InvalidRequestObject("this client must sign its requests")));
    }
    Ok(Ok(params.clone()))
}

/// Checks the redirect URI against the client's registration.
///
/// # Errors
/// For our own error page: nobody is sent anywhere.
pub fn address(client: Client, params: &Params, pushed: Option<Key>) -> Result<Addressed, Unaddressed> {
    let Some(presented) = params.get("redirect_uri").filter(|_| !params.is_repeated("redirect_uri")) else {
        return Err(Unaddressed::RedirectUri("redirect_uri is missing or given twice".to_owned()));
    };
    let Some(redirect_uri) = client.redirect_uri(presented) else {
        let why = format!("this redirect_uri is not registered, byte by byte, for client {}", client.id);
        return Err(Unaddressed::RedirectUri(why));
    };
    // A mode we do not know is reported in the default one.
    let response_mode = match (flow(&client, params), params.get("response_mode")) {
        (_, Some("form_post")) => ResponseMode::FormPost,
        (_, Some("form_post.jwt")) => ResponseMode::FormPostJwt,
        (Some(_), Some("jwt" | "fragment.jwt")) => ResponseMode::FragmentJwt,
        (Some(_), _) => ResponseMode::Fragment,
        (None, Some("jwt" | "query.jwt")) => ResponseMode::QueryJwt,
        (None, _) => ResponseMode::Query,
    };
    let state = params.get("state").filter(|state| !params.is_repeated("state") && state.len() <= MAX_STATE);
    let state = state.map(ToOwned::to_owned);
    Ok(Addressed { client, redirect_uri, response_mode, state, pushed })
}

/// The response type from before PKCE that is asked for, if this client may. The order of its words does not
/// matter (OAuth 2.0 Multiple Response Types §5).
pub(super) fn flow(client: &Client, params: &Params) -> Option<LegacyFlow> {
    let mut words: Vec<&str> = params.get("response_type")?.split(' ').collect();
    words.sort_unstable();
    let asked = words.join(" ");
    client.settings.legacy_flows.iter().copied().find(|flow| flow.as_str() == asked)
}

impl Addressed {
    /// The mode must be one we offer (OAuth 2.0 Multiple Response Types §2.1), and tokens are never in a query
    /// (§5), where servers write them down.
    pub(super) fn check_response_mode(&self, params: &Params) -> Result<(), OAuthError> {
        let why = match (flow(&self.client, params), params.get("response_mode")) {
            (_, None | Some("form_post" | "form_post.jwt" | "jwt"))
            | (Some(_), Some("fragment" | "fragment.jwt"))
            | (None, Some("query" | "query.jwt")) => return Ok(()),
            (Some(_), _) => "response_mode must be fragment, form_post, jwt, fragment.jwt or form_post.jwt",
            (None, _) => "response_mode must be query, form_post, jwt, query.jwt or form_post.jwt",
        };
        Err(OAuthError::InvalidRequest(why.to_owned()))
    }
}
