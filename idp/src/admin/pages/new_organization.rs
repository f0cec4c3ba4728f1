//! Making an organization. Its first administrator is invited next.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::refusal::said;
use super::{Administrator, SECTION, office, proof_first};
use crate::admin::organizations as logic;
use crate::admin::{Act, Refused};
use crate::app::App;
use crate::model::organization::{OrganizationName, Roles, Slug};
use crate::model::user::Policy;
use crate::store::organizations::Settings;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

const HERE: &str = "/admin/organizations/new";

/// The longest slug.
const LETTERS: usize = 60;

#[derive(Debug, Serialize)]
pub struct NewOrganizationPage {
    form: OrganizationForm,
    /// The field that can not be taken as it is.
    wrong: Option<&'static str>,
    refused: Option<&'static str>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OrganizationForm {
    #[serde(default)]
    name: String,
    /// Empty: made from the name.
    #[serde(default)]
    slug: String,
    #[serde(default)]
    roles: String,
    #[serde(default)]
    policy: String,
}

impl Page for NewOrganizationPage {
    const TEMPLATE: &'static str = "admin/new_organization.html";
    fn samples() -> Vec<Self> {
        let form = OrganizationForm {
            name: "Lindenhof <Clinic>".to_owned(),
            slug: "lindenhof".to_owned(),
            roles: "practitioner <b>".to_owned(),
            policy: "require_passkey".to_owned(),
        };
        let page = |wrong, refused| Self { form: form.clone(), wrong, refused };
        let mut pages: Vec<Self> =
            ["name", "slug", "slug-taken", "roles"].map(|wrong| page(Some(wrong), None)).into();
        pages.push(page(None, Some("forbidden")));
        pages.push(Self { form: OrganizationForm::default(), wrong: None, refused: None });
        pages
    }
}

/// GET /admin/organizations/new
pub async fn new_organization(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    if !administrator.actor.may(Act::CreateOrganization) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(&app, &administrator, HERE) {
        return Ok(elsewhere);
    }
    let page = NewOrganizationPage { form: OrganizationForm::default(), wrong: None, refused: None };
    page::render(&app, &visit, SECTION, &page)
}

/// POST /admin/organizations/new
pub async fn create_organization(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(mut form): Posted<OrganizationForm>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    if !actor.may(Act::CreateOrganization) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(&app, &administrator, HERE) {
        return Ok(elsewhere);
    }
    if form.slug.trim().is_empty() {
        form.slug = suggested(&form.name);
    }
    let (status, wrong, refused) = match parse(&form) {
        Err(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, Some(wrong), None),
        Ok((slug, settings)) => match logic::create(&office, actor, (slug.clone(), settings)).await? {
            Ok(made) => return Ok(see_other(&format!("/admin/organizations/{}/invite", made.id))),
            Err(Refused::SlugTaken) => {
                let free = logic::free_slug(&office, actor, &slug).await?;
                form.slug = free.unwrap_or(slug).to_string();
                (StatusCode::CONFLICT, Some("slug-taken"), None)
            }
            Err(refused) => {
                let (status, why) = said(refused)?;
                (status, None, Some(why))
            }
        },
    };
    let mut response = page::render(&app, &visit, SECTION, &NewOrganizationPage { form, wrong, refused })?;
    *response.status_mut() = status;
    Ok(response)
}

/// What was typed, or the field that can not be taken.
fn parse(form: &OrganizationForm) -> Result<(Slug, Settings), &'static str> {
    let name = OrganizationName::parse(&form.name).map_err(|_| "name")?;
    let slug = Slug::parse(form.slug.trim()).map_err(|_| "slug")?;
    let roles = Roles::parse(&form.roles.replace(',', " ")).map_err(|_| "roles")?;
    let policy = match form.policy.as_str() {
        "" => None,
        policy => Some(Policy::from_stored(policy).ok_or("roles")?),
    };
    Ok((slug, Settings { name, policy, roles }))
}

/// A slug from a name, as people would write it.
fn suggested(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            'ä' => slug.push_str("ae"),
            'ö' => slug.push_str("oe"),
            'ü' => slug.push_str("ue"),
            'ß' => slug.push_str("ss"),
            'é' | 'è' | 'ê' => slug.push('e'),
            'á' | 'à' | 'â' => slug.push('a'),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let short: String = slug.chars().take(LETTERS).collect();
    short.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_from_the_name_as_people_would_write_it() {
        for (name, slug) in [
            ("Lindenhof Klinik", "lindenhof-klinik"),
            ("Praxis Dr. Müller & Söhne", "praxis-dr-mueller-soehne"),
            ("  Straße 7!  ", "strasse-7"),
            ("医院", ""),
        ] {
            assert_eq!(suggested(name), slug);
        }
        let long = suggested(&"ab ".repeat(40));
        assert!(Slug::parse(&long).is_ok(), "{long}");
    }
}
