//! The page about a look: of the service, or of an organization. It shows the log-in as it would be, says how well the
//! colours can be read, and takes logos. What is set shows to everybody who logs in, so it wants a fresh proof of who is
//! asking (security: M2).

mod form;
mod page;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::{Administrator, SECTION, office, proof_first, seen};
use crate::admin::Refused;
use crate::admin::branding::{self as logic, Seen, Whose};
use crate::app::App;
use crate::app::standing::BRAND_NAME;
use crate::model::attempt::LocalPath;
use crate::model::brand::Scheme;
use crate::model::ids::OrganizationId;
use crate::model::picture::{NoPicture, Picture};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id, Posted};
use crate::web::page::{self as pages, see_other};
use crate::web::upload::Uploaded;
use crate::web::visit::Visit;

use form::Fields;
pub use page::BrandingPage;

/// What comes with the address of the page.
#[derive(Debug, Deserialize)]
pub struct BrandingQuery {
    #[serde(default)]
    notice: String,
    /// Somebody comes back from showing who they are, with what they have typed.
    #[serde(flatten)]
    typed: Fields,
}

/// GET /admin/branding
pub async fn branding(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(query): Asked<BrandingQuery>,
) -> Result<Response, PageError> {
    show(&app, &visit, &administrator, (None, query)).await
}

/// POST /admin/branding
pub async fn change_branding(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(fields): Posted<Fields>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (None, fields)).await
}

/// POST /admin/branding/logo/{scheme}
pub async fn upload_logo(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(scheme): Path<String>,
    uploaded: Result<Uploaded, PageError>,
) -> Result<Response, PageError> {
    upload(&app, &visit, &administrator, (None, &scheme, uploaded)).await
}

/// GET /admin/organizations/{id}/branding
pub async fn organization_branding(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<OrganizationId>,
    Asked(query): Asked<BrandingQuery>,
) -> Result<Response, PageError> {
    show(&app, &visit, &administrator, (Some(id), query)).await
}

/// POST /admin/organizations/{id}/branding
pub async fn change_organization_branding(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<OrganizationId>,
    Posted(fields): Posted<Fields>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (Some(id), fields)).await
}

/// POST /admin/organizations/{id}/branding/logo/{scheme}
pub async fn upload_organization_logo(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path((id, scheme)): Path<(String, String)>,
    uploaded: Result<Uploaded, PageError>,
) -> Result<Response, PageError> {
    let id = id.parse().map_err(|_| PageError::NotFound)?;
    upload(&app, &visit, &administrator, (Some(id), &scheme, uploaded)).await
}

fn address(whose: Whose) -> String {
    whose.map_or_else(|| "/admin/branding".to_owned(), |id| format!("/admin/organizations/{id}/branding"))
}

async fn see(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    whose: Whose,
) -> Result<Seen, PageError> {
    seen(logic::see(&office(app, visit), &administrator.actor, whose).await?)
}

async fn show(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (whose, query): (Whose, BrandingQuery),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, whose).await?;
    let typed = !query.typed.version.is_empty() && seen.may_change;
    let fields = if typed { query.typed } else { Fields::of(&seen) };
    let page = BrandingPage::of(app, (&seen, address(whose)), &fields).noticed(&query.notice);
    pages::render(app, visit, SECTION, &page)
}

/// The page again, with what is wrong.
fn again(
    app: &App,
    visit: &Visit,
    (seen, whose, fields): (&Seen, Whose, &Fields),
    (status, wrong): (StatusCode, &'static str),
) -> Result<Response, PageError> {
    let page = BrandingPage::of(app, (seen, address(whose)), fields).wrong(wrong);
    let mut response = pages::render(app, visit, SECTION, &page)?;
    *response.status_mut() = status;
    Ok(response)
}

async fn act(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (whose, mut fields): (Whose, Fields),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, whose).await?;
    let here = address(whose);
    if fields.deed == "preview" {
        let page = BrandingPage::of(app, (&seen, here), &fields);
        return pages::render(app, visit, SECTION, &page);
    }
    if !seen.may_change {
        return again(app, visit, (&seen, whose, &Fields::of(&seen)), (StatusCode::FORBIDDEN, "forbidden"));
    }
    // What the configuration says is not typed here.
    if whose.is_some() || app.config.place_of(BRAND_NAME).is_some() {
        fields.name = Fields::of(&seen).name;
    }
    let parsed = fields.parse();
    if let (true, Err(wrong)) = (fields.deed == "save", &parsed) {
        let wrong = (StatusCode::UNPROCESSABLE_ENTITY, wrong.as_str());
        return again(app, visit, (&seen, whose, &fields), wrong);
    }
    // What is too long for an address is typed once more.
    let back = Some(format!("{here}?{}", fields.query())).filter(|back| LocalPath::parse(back).is_ok());
    if let Some(elsewhere) = proof_first(app, administrator, back.as_deref().unwrap_or(&here)) {
        return Ok(elsewhere);
    }
    let (office, actor) = (&office(app, visit), &administrator.actor);
    let (outcome, notice) = match (fields.deed.as_str(), parsed) {
        ("save", Ok(look)) => (logic::set(office, actor, (whose, &fields.version), look).await?, "saved"),
        ("remove-light", _) => {
            (logic::remove_logo(office, actor, (whose, Scheme::Light)).await?, "logo-removed")
        }
        ("remove-dark", _) => {
            (logic::remove_logo(office, actor, (whose, Scheme::Dark)).await?, "logo-removed")
        }
        ("reset", _) => (logic::reset(office, actor, whose).await?, "reset"),
        _ => return Err(PageError::BadRequest("there is nothing like this to do".to_owned())),
    };
    answered(app, visit, (&seen, whose, &fields), (outcome, notice)).await
}

async fn upload(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (whose, scheme, uploaded): (Whose, &str, Result<Uploaded, PageError>),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, whose).await?;
    let scheme = Scheme::named(scheme).ok_or(PageError::NotFound)?;
    let fields = Fields::of(&seen);
    if !seen.may_change {
        return again(app, visit, (&seen, whose, &fields), (StatusCode::FORBIDDEN, "forbidden"));
    }
    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, page::no_picture(NoPicture::TooLarge));
    let file = match uploaded {
        Ok(Uploaded(file)) => file,
        Err(PageError::TooLarge) => return again(app, visit, (&seen, whose, &fields), too_large),
        Err(other) => return Err(other),
    };
    let picture = match Picture::parse(&file) {
        Ok(picture) => picture,
        Err(NoPicture::TooLarge) => {
            return again(app, visit, (&seen, whose, &fields), too_large);
        }
        Err(why) => {
            let wrong = (StatusCode::UNPROCESSABLE_ENTITY, page::no_picture(why));
            return again(app, visit, (&seen, whose, &fields), wrong);
        }
    };
    // A file does not come along to where somebody shows who they are.
    if let Some(elsewhere) = proof_first(app, administrator, &format!("{}?notice=again", address(whose))) {
        return Ok(elsewhere);
    }
    let (office, actor) = (&office(app, visit), &administrator.actor);
    let outcome = logic::set_logo(office, actor, (whose, scheme), &picture).await?;
    answered(app, visit, (&seen, whose, &fields), (outcome, "logo-saved")).await
}

async fn answered(
    app: &App,
    visit: &Visit,
    (seen, whose, fields): (&Seen, Whose, &Fields),
    (outcome, notice): (Result<(), Refused>, &'static str),
) -> Result<Response, PageError> {
    match outcome {
        Ok(()) => {
            if whose.is_none() {
                // Here at once, on other nodes within seconds.
                app.refresh_standing().await?;
            }
            Ok(see_other(&format!("{}?notice={notice}", address(whose))))
        }
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(refused) => {
            let status =
                if refused == Refused::Forbidden { StatusCode::FORBIDDEN } else { StatusCode::CONFLICT };
            again(app, visit, (seen, whose, fields), (status, super::refusal::why(refused)))
        }
    }
}
