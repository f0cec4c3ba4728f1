//! Whose look a page has: the service's, or that of the organization that somebody signs in for. And the files it
//! takes: logos, and stylesheets of accents.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::visit::Visit;
use crate::app::App;
use crate::model::attempt::Attempt;
use crate::model::brand::Brand;
use crate::model::ids::OrganizationId;
use crate::model::organization::{Organization, Slug};
use crate::store::{self, brands, organizations};
use crate::theme::brand::{BrandCard, logo_named, stylesheet as written};

/// That of the service.
#[must_use]
pub fn of_service(app: &App) -> BrandCard {
    BrandCard::of(&app.standing.current().brand, app.brand_name())
}

/// From here on pages of this visit look like the organization that this request is for, if that one has a look of its
/// own. One without is not named: whoever only has its short name would learn that it exists.
///
/// # Errors
/// When the database does not answer.
pub async fn dress(app: &App, visit: &Visit, attempt: &Attempt) -> store::Result<()> {
    // What somebody else chose in this browser is nothing to whoever is here now.
    let here = visit.signed_in.as_ref().map(|signed_in| signed_in.user.id);
    let chosen = attempt.acts_for.filter(|(person, _)| Some(*person) == here);
    let found = match (chosen, &attempt.organization) {
        (Some((_, chosen)), _) => organizations::by_id(&app.store, chosen).await?,
        (None, Some(named)) => find(app, named).await?,
        (None, None) => None,
    };
    match found {
        Some(organization) => dress_for(app, visit, &organization).await,
        None => Ok(()),
    }
}

/// The same for an organization that is known.
///
/// # Errors
/// When the database does not answer.
pub async fn dress_for(app: &App, visit: &Visit, organization: &Organization) -> store::Result<()> {
    if organization.is_enabled()
        && let Some(own) = brands::get(&app.store, Some(organization.id)).await?
    {
        visit.wear(of_organization(app, own, organization));
    }
    Ok(())
}

/// An organization's, on top of the service's.
#[must_use]
pub fn of_organization(app: &App, own: Brand, organization: &Organization) -> BrandCard {
    let brand = own.over(&app.standing.current().brand);
    BrandCard::of(&brand, organization.name.to_string())
}

/// As `oidc/organization` does: an identifier comes first, because a short name may look like one.
async fn find(app: &App, named: &str) -> store::Result<Option<Organization>> {
    if let Ok(id) = named.parse::<OrganizationId>()
        && let Some(found) = organizations::by_id(&app.store, id).await?
    {
        return Ok(Some(found));
    }
    match Slug::parse(named) {
        Ok(slug) => organizations::by_slug(&app.store, &slug).await,
        Err(_) => Ok(None),
    }
}

/// What is at these addresses never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// GET /brand/{file}
pub async fn stylesheet(Path(file): Path<String>) -> Response {
    let Some(css) = written(&file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, FOR_EVER)], css).into_response()
}

/// GET /brand/logo/{hash}
pub async fn logo(State(app): State<App>, Path(hash): Path<String>) -> Response {
    let found = match logo_named(&hash) {
        Some(hash) => brands::logo(&app.store, hash).await,
        None => Ok(None),
    };
    match found {
        Ok(Some((kind, bytes))) => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
                (CACHE_CONTROL, FOR_EVER),
                (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a logo could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
