//! Telling applications through the browser that somebody has logged out (OpenID Connect Front-Channel Logout 1.0):
//! pages of theirs in frames, which work only where the browser lets them have their cookies there.

use crate::model::client::WebUri;
use crate::model::ids::SessionId;
use crate::oidc::subject;
use crate::store::{Store, clients};

/// More frames than this make no page that anybody waits for.
const MOST: usize = 20;

/// The page of one application, and its name for the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) address: WebUri,
    pub(super) sid: String,
}

/// The pages that have to be loaded when this session ends.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn of_session(store: &Store, session: SessionId) -> anyhow::Result<Vec<Told>> {
    let clients = clients::in_front_of(store, session).await?;
    let told = clients.into_iter().filter_map(|client| {
        let sid = subject::of_session(store.sealer(), &client, session);
        Some(Told { address: client.settings.frontchannel_logout_uri?, sid })
    });
    Ok(told.take(MOST).collect())
}
