//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): what a request asks for, and
//! whether it may be done without asking the person.

mod front;
pub mod notice;
pub mod pages;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::authorize::checks;
use super::claims::Hint;
use super::error::OAuthError;
use super::subject;
use crate::crypto::jwt;
use crate::crypto::keyring::KeyRing;
use crate::model::client::{Client, ClientId};
use crate::model::redirect_uri::RedirectUri;
use crate::model::session::Session;
use crate::store::{Store, clients};
use crate::web::params::Params;

/// What a request says (§2). Kept between a POST and the GET that continues it, so nothing in it is
/// unbounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
    client_id: Option<String>,
    ui_locales: Vec<String>,
}

impl Request {
    fn parse(params: &Params) -> Result<Self, OAuthError> {
        checks::nothing_repeated(params)?;
        Ok(Self {
            id_token_hint: checks::bounded(params, "id_token_hint", jwt::MAX_LENGTH)?,
            post_logout_redirect_uri: checks::bounded(params, "post_logout_redirect_uri", 2000)?,
            state: checks::bounded(params, "state", checks::MAX_STATE)?,
            client_id: checks::bounded(params, "client_id", 100)?,
            ui_locales: checks::list(params, "ui_locales"),
        })
    }
}

/// Where to go once logged out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    pub client_name: String,
    pub redirect_uri: Option<RedirectUri>,
    pub state: Option<String>,
}

/// A request, judged.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The application has proven that it speaks of this very session, or there is none.
    LogOut(Return),
    /// Anyone could have sent this: the person is asked.
    Ask(Option<Return>),
    /// The request contradicts itself or its registration; nothing happens.
    BadHint(&'static str),
    BadRedirect(String),
}

/// Judges a logout request against the session of this browser.
///
/// # Errors
/// When the database does not answer.
pub async fn judge(
    store: &Store,
    keys: &KeyRing,
    issuer: &str,
    request: &Request,
    (session, now): (Option<&Session>, OffsetDateTime),
) -> anyhow::Result<Verdict> {
    let Some(token) = &request.id_token_hint else {
        // Without proof of who asks, nobody is sent anywhere (§3).
        return Ok(Verdict::Ask(None));
    };
    let Some(hint) = jwt::read::<Hint>(keys, jwt::TYP_ID_TOKEN, token).filter(|hint| hint.iss == issuer)
    else {
        return Ok(Verdict::BadHint("id_token_hint is not an ID token of ours"));
    };
    if request.client_id.as_ref().is_some_and(|id| *id != hint.aud) {
        return Ok(Verdict::BadHint("client_id is not the audience of id_token_hint"));
    }
    let client = match ClientId::parse(&hint.aud) {
        Ok(id) => clients::by_id(store, &id).await?.filter(Client::is_enabled),
        Err(_) => None,
    };
    let Some(client) = client else {
        return Ok(Verdict::BadHint("the client of id_token_hint no longer exists"));
    };
    let redirect_uri = match &request.post_logout_redirect_uri {
        None => None,
        Some(uri) => match client.post_logout_redirect_uri(uri) {
            Some(uri) => Some(uri),
            None => {
                let why = "this post_logout_redirect_uri is not registered, byte by byte, for client";
                return Ok(Verdict::BadRedirect(format!("{why} {}", client.id)));
            }
        },
    };
    let back =
        Return { client_name: client.settings.name.to_string(), redirect_uri, state: request.state.clone() };
    let Some(session) = session else {
        return Ok(Verdict::LogOut(back));
    };
    let known_as = subject::of(store.sealer(), &client, session.user_id);
    let this_session = hint.sid == Some(subject::of_session(store.sealer(), &client, session.id));
    let this_person = hint.sub == known_as && now.unix_timestamp() < hint.exp;
    Ok(if this_session || this_person { Verdict::LogOut(back) } else { Verdict::Ask(Some(back)) })
}
