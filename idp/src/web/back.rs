//! The way back to an application that sent somebody to their account pages: taken from its link, kept
//! in a cookie while the person looks around, and shown only if the application registered it.

use http::Uri;
use serde::Deserialize;

use crate::app::App;
use crate::model::client::{Client, ClientId};
use crate::store::{Result, clients};
use crate::theme::BackCard;

/// How long the way back is remembered.
pub(super) const LIFETIME: u32 = 30 * 60;

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    return_to: String,
}

/// What an account page leads back to, and the text of the cookie that remembers it when it is new.
#[derive(Debug, Default)]
pub(super) struct Back {
    pub(super) card: Option<BackCard>,
    pub(super) remember: Option<String>,
}

/// Finds the way back for a request to an account page.
pub(super) async fn find(app: &App, uri: &Uri, cookie: Option<&str>) -> Result<Back> {
    if !uri.path().starts_with("/account") {
        return Ok(Back::default());
    }
    if let Some(query) = uri.query().filter(|query| query.contains("return_to"))
        && let Some(card) = card(app, query).await?
    {
        let remember = serde_urlencoded::from_str::<Vec<(String, String)>>(query).ok().map(|pairs| {
            let kept =
                pairs.into_iter().filter(|(name, _)| ["client_id", "return_to"].contains(&name.as_str()));
            serde_urlencoded::to_string(kept.collect::<Vec<_>>()).unwrap_or_default()
        });
        return Ok(Back { card: Some(card), remember });
    }
    match cookie {
        Some(query) => Ok(Back { card: card(app, query).await?, remember: None }),
        None => Ok(Back::default()),
    }
}

async fn card(app: &App, query: &str) -> Result<Option<BackCard>> {
    let Ok(asked) = serde_urlencoded::from_str::<Asked>(query) else {
        return Ok(None);
    };
    let Ok(id) = ClientId::parse(&asked.client_id) else {
        return Ok(None);
    };
    let client = clients::by_id(&app.store, &id).await?.filter(Client::is_enabled);
    Ok(client
        .filter(|client| client.may_return_to(&asked.return_to))
        .map(|client| BackCard { name: client.settings.name.to_string(), url: asked.return_to }))
}
