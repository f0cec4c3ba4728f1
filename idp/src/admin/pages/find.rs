//! People for the command palette, which goes on by itself to whom somebody chooses. Without a script there is the list
//! of people.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};

use super::{Administrator, office};
use crate::admin::people as logic;
use crate::app::App;
use crate::model::user::User;
use crate::store::users::Filter;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::visit::Visit;

/// More than can be seen at once help nobody.
const SHOWN: u64 = 8;

#[derive(Debug, Serialize)]
struct Found {
    name: String,
    email: String,
    url: String,
}

#[derive(Debug, Deserialize)]
pub struct Words {
    #[serde(default)]
    q: String,
}

/// GET /admin/find
pub async fn find(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(words): Asked<Words>,
) -> Result<Response, PageError> {
    let filter = Filter { text: words.q, ..Filter::default() };
    let found = if filter.text.trim().is_empty() {
        Vec::new()
    } else {
        logic::list(&office(&app, &visit), &administrator.actor, &filter, SHOWN).await?
    };
    let card = |user: User| Found {
        name: user.display_name(),
        url: format!("/admin/people/{}", user.id),
        email: user.email.to_string(),
    };
    let found: Vec<Found> = found.into_iter().map(card).collect();
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(found)).into_response())
}
