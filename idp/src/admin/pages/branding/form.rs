//! What is typed on the page about a look, and what it comes to.

use serde::{Deserialize, Serialize};

use crate::admin::branding::{Look, Seen};
use crate::model::brand::{Accents, BrandName, Colour, READABLE, Scheme, least_contrast, ratio};

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Fields {
    #[serde(default, rename = "do", skip_serializing)]
    pub(super) deed: String,
    /// What somebody has read before they changed it.
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) light: String,
    #[serde(default)]
    pub(super) dark: String,
}

impl Fields {
    pub(super) fn of(seen: &Seen) -> Self {
        let digits = |scheme| seen.brand.accents.get(scheme).map(|accent| accent.to_string());
        Self {
            deed: String::new(),
            version: seen.version.clone(),
            name: seen.brand.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            light: digits(Scheme::Light).unwrap_or_default(),
            dark: digits(Scheme::Dark).unwrap_or_default(),
        }
    }

    fn typed(&self, scheme: Scheme) -> &str {
        match scheme {
            Scheme::Light => self.light.trim(),
            Scheme::Dark => self.dark.trim(),
        }
    }

    /// The colour that is typed, if it is one.
    pub(super) fn colour(&self, scheme: Scheme) -> Option<Colour> {
        Colour::parse(self.typed(scheme)).ok()
    }

    /// The same as a query, to come back with.
    pub(super) fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(&self) -> Result<Look, Wrong> {
        let name = match self.name.trim() {
            "" => None,
            name => Some(BrandName::parse(name).map_err(|_| Wrong::Name)?),
        };
        let read = |scheme| match self.typed(scheme) {
            "" => Ok(None),
            text => Colour::parse(text).map(Some).map_err(|_| Wrong::Colour(scheme)),
        };
        let (light, dark) = (read(Scheme::Light)?, read(Scheme::Dark)?);
        let accents = Accents::new(light, dark).map_err(|wrong| Wrong::Unreadable(wrong.scheme))?;
        Ok(Look { name, accents })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Name,
    Colour(Scheme),
    Unreadable(Scheme),
}

impl Wrong {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Colour(_) => "colour",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// One accent on the page: what is typed, and how well it can be read.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AccentField {
    pub(super) scheme: &'static str,
    pub(super) value: String,
    /// What holds where nothing is typed.
    pub(super) otherwise: String,
    pub(super) ratio: String,
    pub(super) enough: bool,
    pub(super) nearest: Option<String>,
    pub(super) malformed: bool,
    /// What it stands on there.
    pub(super) grounds: String,
    /// The address of the logo on such pages.
    pub(super) logo: Option<String>,
}

impl AccentField {
    pub(super) fn of(fields: &Fields, scheme: Scheme, otherwise: Colour, logo: Option<String>) -> Self {
        let (value, typed) = (fields.typed(scheme), fields.colour(scheme));
        let shown = typed.unwrap_or(otherwise);
        let contrast = least_contrast(scheme, shown);
        let judged = match scheme {
            Scheme::Light => Accents::new(Some(shown), None),
            Scheme::Dark => Accents::new(None, Some(shown)),
        };
        Self {
            scheme: scheme.as_str(),
            value: value.chars().take(20).collect(),
            otherwise: otherwise.to_string(),
            ratio: ratio(contrast),
            enough: contrast >= READABLE,
            nearest: judged.err().map(|wrong| wrong.nearest.to_string()),
            malformed: !value.is_empty() && typed.is_none(),
            grounds: scheme.grounds().map(Colour::digits).join(" "),
            logo,
        }
    }
}
