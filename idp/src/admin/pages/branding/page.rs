//! What the page about a look shows.

use serde::Serialize;

use super::form::{AccentField, Fields};
use crate::admin::branding::Seen;
use crate::app::App;
use crate::app::standing::BRAND_NAME;
use crate::model::brand::{Brand, Colour, READABLE, Scheme, ratio};
use crate::model::picture::{MOST_BYTES, MOST_PIXELS, NoPicture};
use crate::theme::brand::{BrandCard, logo_url};
use crate::theme::{LogoCard, Page};

#[derive(Debug, Clone, Serialize)]
pub struct BrandingPage {
    here: String,
    back: String,
    /// `None` for the service.
    organization: Option<String>,
    version: String,
    name: String,
    /// What it is called where nothing is typed.
    name_otherwise: String,
    /// Where the configuration says the name.
    locked: Option<String>,
    accents: Vec<AccentField>,
    /// The stylesheet of what is to be seen beside the form.
    preview: String,
    preview_name: String,
    preview_logo: Option<LogoCard>,
    needed: String,
    most_kib: usize,
    most_pixels: u32,
    is_set: bool,
    may_change: bool,
    notice: Option<&'static str>,
    wrong: Option<&'static str>,
}

const NOTICES: [&str; 5] = ["saved", "logo-saved", "logo-removed", "reset", "again"];

pub(super) const fn no_picture(why: NoPicture) -> &'static str {
    match why {
        NoPicture::Nothing => "picture-nothing",
        NoPicture::TooLarge => "picture-too-large",
        NoPicture::Svg => "picture-svg",
        NoPicture::Kind => "picture-kind",
        NoPicture::Damaged => "picture-damaged",
        NoPicture::Size => "picture-size",
    }
}

impl BrandingPage {
    pub(super) fn of(app: &App, (seen, here): (&Seen, String), fields: &Fields) -> Self {
        let service = app.standing.current().brand.clone();
        let wider = if seen.organization.is_some() { service } else { Brand::default() };
        let effective = seen.brand.clone().over(&wider);
        let locked = app.config.place_of(BRAND_NAME).filter(|_| seen.organization.is_none());
        let organization = seen.organization.as_ref().map(|organization| organization.name.to_string());
        let fallback = if locked.is_some() { app.brand_name() } else { app.config.brand.name.clone() };
        let typed = fields.name.trim();
        let name = if locked.is_some() || typed.is_empty() { fallback.as_str() } else { typed };
        let name = organization.clone().unwrap_or_else(|| name.chars().take(60).collect());
        let otherwise = |scheme| wider.accents.get(scheme).unwrap_or_else(|| default_accent(scheme));
        let shown = |scheme| fields.colour(scheme).unwrap_or_else(|| otherwise(scheme)).digits();
        Self {
            back: seen.organization.as_ref().map_or_else(
                || "/admin".to_owned(),
                |organization| format!("/admin/organizations/{}", organization.id),
            ),
            version: fields.version.clone(),
            name: fields.name.clone(),
            name_otherwise: fallback,
            locked: locked.map(ToOwned::to_owned),
            accents: Scheme::ALL
                .map(|scheme| {
                    AccentField::of(fields, scheme, otherwise(scheme), seen.brand.logo(scheme).map(logo_url))
                })
                .into(),
            preview: format!("/brand/preview-{}-{}.css", shown(Scheme::Light), shown(Scheme::Dark)),
            preview_logo: BrandCard::of(&effective, String::new()).logo,
            preview_name: name,
            needed: ratio(READABLE),
            most_kib: MOST_BYTES / 1024,
            most_pixels: MOST_PIXELS,
            is_set: seen.is_set,
            may_change: seen.may_change,
            organization,
            notice: None,
            wrong: None,
            here,
        }
    }

    pub(super) fn noticed(self, notice: &str) -> Self {
        Self { notice: NOTICES.into_iter().find(|known| *known == notice), ..self }
    }

    pub(super) fn wrong(self, wrong: &'static str) -> Self {
        Self { wrong: Some(wrong), ..self }
    }
}

/// The theme's own.
fn default_accent(scheme: Scheme) -> Colour {
    let digits = match scheme {
        Scheme::Light => "0f4c55",
        Scheme::Dark => "8ccfca",
    };
    Colour::parse(digits).unwrap_or_else(|_| {
        let [ground, ..] = scheme.grounds();
        ground
    })
}

impl Page for BrandingPage {
    const TEMPLATE: &'static str = "admin/branding.html";
    fn samples() -> Vec<Self> {
        let accent = |scheme: &'static str, enough: bool| AccentField {
            scheme,
            value: "#ffcc00".to_owned(),
            otherwise: "#0f4c55".to_owned(),
            ratio: "1.40".to_owned(),
            enough,
            nearest: (!enough).then(|| "#7a6200".to_owned()),
            malformed: false,
            grounds: "ffffff".to_owned(),
            logo: enough.then(|| "/brand/logo/x".to_owned()),
        };
        let plain = Self {
            here: "/admin/branding".to_owned(),
            back: "/admin".to_owned(),
            organization: None,
            version: "v".to_owned(),
            name: "Lindenhof <Clinic>".to_owned(),
            name_otherwise: "Portico".to_owned(),
            locked: None,
            accents: vec![accent("light", true), accent("dark", false)],
            preview: "/brand/preview-0f4c55-8ccfca.css".to_owned(),
            preview_name: "Lindenhof <Clinic>".to_owned(),
            preview_logo: None,
            needed: "4.50".to_owned(),
            most_kib: 200,
            most_pixels: 2_000,
            is_set: true,
            may_change: true,
            notice: None,
            wrong: None,
        };
        let logo = LogoCard { light: "/brand/logo/x".to_owned(), dark: "/brand/logo/y".to_owned() };
        let malformed = AccentField { malformed: true, value: "<b>".to_owned(), ..accent("light", true) };
        let wrongs = [
            "name",
            "colour",
            "unreadable",
            "forbidden",
            "changed-meanwhile",
            "unchanged",
            "organization-disabled",
            "picture-nothing",
            "picture-too-large",
            "picture-svg",
            "picture-kind",
            "picture-damaged",
            "picture-size",
        ];
        let mut samples = vec![
            plain.clone(),
            Self { locked: Some("idp.toml:3".to_owned()), is_set: false, ..plain.clone() },
            Self { may_change: false, preview_logo: Some(logo), ..plain.clone() },
            Self {
                organization: Some("Seeblick <Clinic>".to_owned()),
                accents: vec![malformed, accent("dark", true)],
                ..plain.clone()
            },
        ];
        samples.extend(NOTICES.map(|notice| Self { notice: Some(notice), ..plain.clone() }));
        samples.extend(wrongs.map(|wrong| Self { wrong: Some(wrong), ..plain.clone() }));
        samples
    }
}
