//! The page for names, language and time zone.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{SECTION, bench, done, owner_of};
use crate::account::profile as logic;
use crate::app::App;
use crate::model::user::{Language, PersonName, TimeZoneName};
use crate::store::users::Profile;
use crate::theme::{Page, time_zones};
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, see_other};
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct ProfilePage {
    form: ProfileForm,
    languages: Vec<String>,
    time_zones: Vec<String>,
    errors: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProfileForm {
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    family_name: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    time_zone: String,
}

impl Page for ProfilePage {
    const TEMPLATE: &'static str = "account/profile.html";
    fn samples() -> Vec<Self> {
        let form = ProfileForm {
            given_name: "Ada".to_owned(),
            family_name: "<Lovelace>".to_owned(),
            language: "de".to_owned(),
            time_zone: "Europe/Zurich".to_owned(),
        };
        let page = |form: ProfileForm, errors: BTreeMap<_, _>| Self {
            form,
            languages: vec!["en".to_owned(), "de".to_owned()],
            time_zones: vec!["Europe/Zurich".to_owned(), "UTC".to_owned()],
            errors,
        };
        let errors = [("given_name", "name-empty"), ("family_name", "name-long")].into();
        vec![page(form, BTreeMap::new()), page(ProfileForm::default(), errors)]
    }
}

/// GET /account/profile
pub async fn profile(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
) -> Result<Response, PageError> {
    let user = owner.user;
    let form = ProfileForm {
        given_name: user.given_name.to_string(),
        family_name: user.family_name.to_string(),
        language: user.language.as_ref().map(Language::to_string).unwrap_or_default(),
        time_zone: user.time_zone.as_ref().map(TimeZoneName::to_string).unwrap_or_default(),
    };
    show(&app, &visit, form, BTreeMap::new())
}

fn show(
    app: &App,
    visit: &Visit,
    form: ProfileForm,
    errors: BTreeMap<&'static str, &'static str>,
) -> Result<Response, PageError> {
    let page = ProfilePage { form, languages: languages(app), time_zones: time_zones(), errors };
    page::render(app, visit, SECTION, &page)
}

pub(super) fn languages(app: &App) -> Vec<String> {
    let catalogues = app.theme.catalogues();
    catalogues.locales().map(|locale| catalogues.name(locale)).collect()
}

/// POST /account/profile
pub async fn save_profile(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(form): Posted<ProfileForm>,
) -> Result<Response, PageError> {
    let name = |text: &str| {
        PersonName::parse(text).map_err(|_| if text.trim().is_empty() { "name-empty" } else { "name-long" })
    };
    let (given_name, family_name) = match (name(&form.given_name), name(&form.family_name)) {
        (Ok(given_name), Ok(family_name)) => (given_name, family_name),
        (given_name, family_name) => {
            let errors = [("given_name", given_name.err()), ("family_name", family_name.err())];
            let errors = errors.into_iter().filter_map(|(field, error)| Some((field, error?))).collect();
            return show(&app, &visit, form, errors);
        }
    };
    // Chosen from lists: what is in neither was not chosen there.
    let profile = Profile {
        given_name,
        family_name,
        language: Language::parse(&form.language)
            .ok()
            .filter(|language| languages(&app).iter().any(|known| known == language.as_str())),
        time_zone: TimeZoneName::parse(&form.time_zone)
            .ok()
            .filter(|zone| time_zones().iter().any(|known| known == zone.as_str())),
    };
    done(logic::save(&bench(&app, &visit), owner_of(&owner), &profile).await?)?;
    Ok(see_other("/account?notice=profile-saved"))
}
