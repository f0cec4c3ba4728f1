//! The look: templates, texts and static files, compiled into the program. A page is a typed
//! context, rendered here and nowhere else. Knows no HTTP and no database.

pub mod assets;
pub mod brand;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use self::assets::Assets;
pub use self::brand::{BrandCard, LogoCard};
use crate::i18n::{Argument, Catalogues, Locale};

/// The context of one template, with examples that a test renders in every language.
pub trait Page: Serialize {
    const TEMPLATE: &'static str;
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// What every page shows besides its own content.
#[derive(Debug, Clone, Serialize)]
pub struct Shell {
    pub lang: String,
    pub brand: BrandCard,
    /// What forms send back to prove that they are ours.
    pub csrf: String,
    /// Allows this page's scripts, and no others, to run.
    pub nonce: String,
    pub person: Option<PersonCard>,
    pub section: &'static str,
    /// Whether the console has something for them: for a link, never to decide by.
    pub administers: bool,
    /// Whether the console shows them the rooms about the service as a whole: for links, never to decide by.
    pub service: bool,
    pub development: bool,
    /// Where an account page leads back to.
    pub back: Option<BackCard>,
}

/// An application that sent somebody here and wants them back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackCard {
    pub name: String,
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonCard {
    pub name: String,
    pub email: String,
}

#[derive(Debug)]
pub struct Theme {
    environment: Environment<'static>,
    catalogues: Arc<Catalogues>,
    assets: Arc<Assets>,
}

#[derive(Debug, thiserror::Error)]
#[error("the page {template} can not be rendered")]
pub struct RenderError {
    template: &'static str,
    source: Error,
}

impl Theme {
    /// The theme that ships with the program.
    ///
    /// # Errors
    /// When one of its templates or texts does not parse.
    pub fn load() -> anyhow::Result<Self> {
        let assets = Arc::new(Assets::load());
        let catalogues = Arc::new(Catalogues::load(
            assets::LOCALES
                .map(|name| (name, assets::text(&format!("locales/{name}.ftl")).unwrap_or_default())),
        )?);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            let plain = Path::new(name).extension().is_some_and(|ending| ending == "txt");
            if plain { AutoEscape::None } else { AutoEscape::Html }
        });
        for (name, source) in assets::templates() {
            environment.add_template_owned(name, source)?;
        }
        let texts = Arc::clone(&catalogues);
        environment.add_function("t", move |state: &mut State<'_, '_>, id: &str, arguments: Kwargs| {
            translate(&texts, state, id, &arguments)
        });
        let urls = Arc::clone(&assets);
        environment.add_function("static_url", move |name: &str| {
            urls.url(name)
                .map(Value::from_safe_string)
                .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no static file {name}")))
        });
        environment.add_filter("datetime", datetime);
        Ok(Self { environment, catalogues, assets })
    }

    /// # Errors
    /// When the template misses something; a test renders every sample so that it does not.
    pub fn render<P: Page>(&self, shell: &Shell, page: &P) -> Result<String, RenderError> {
        let context: BTreeMap<&str, Value> =
            [("shell", Value::from(Serde(shell))), ("page", Value::from(Serde(page)))].into();
        self.environment
            .get_template(P::TEMPLATE)
            .and_then(|template| template.render(context))
            .map_err(|source| RenderError { template: P::TEMPLATE, source })
    }

    /// One part of a mail: plain text for a template that ends in `.txt`, else HTML.
    ///
    /// # Errors
    /// When the template misses something.
    pub fn render_mail<T: Serialize>(&self, template: &'static str, mail: &T) -> Result<String, RenderError> {
        let context: BTreeMap<&str, Value> = [("mail", Value::from(Serde(mail)))].into();
        self.environment
            .get_template(template)
            .and_then(|found| found.render(context))
            .map_err(|source| RenderError { template, source })
    }

    /// One text with its arguments. `None` when the language lacks it, or it lacks an argument.
    #[must_use]
    pub fn fill(&self, locale: Locale, id: &str, arguments: &[(String, Argument)]) -> Option<String> {
        self.catalogues.text(locale, id, arguments)
    }

    /// One text, for answers that are not pages.
    #[must_use]
    pub fn text(&self, locale: Locale, id: &str) -> String {
        self.catalogues.text(locale, id, &[]).unwrap_or_else(|| id.to_owned())
    }

    #[must_use]
    pub fn catalogues(&self) -> &Catalogues {
        &self.catalogues
    }

    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.assets
    }
}

fn translate(
    texts: &Catalogues,
    state: &mut State<'_, '_>,
    id: &str,
    arguments: &Kwargs,
) -> Result<String, Error> {
    let lang = state.lookup("shell").and_then(|shell| shell.get_attr("lang").ok());
    let lang = lang.and_then(|lang| lang.as_str().map(ToOwned::to_owned)).unwrap_or_default();
    let locale = texts.locales().find(|locale| texts.name(*locale) == lang).unwrap_or(texts.fallback());
    let mut filled = Vec::new();
    for name in arguments.args() {
        let value: Value = arguments.get(name)?;
        let argument = match f64::try_from(value.clone()) {
            Ok(number) if value.is_number() => Argument::Number(number),
            _ => Argument::Text(value.to_string()),
        };
        filled.push((name.to_owned(), argument));
    }
    texts.text(locale, id, &filled).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("{lang} has no text {id}, or lacks an argument for it"),
        )
    })
}

/// RFC 3339 text as people read it; a script turns it into local time.
fn datetime(text: &str) -> Result<String, Error> {
    let readable = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|moment| moment.format(&readable).ok())
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{text} is not a moment")))
}

/// The names of the time zones there are, such as `Europe/Zurich`.
#[must_use]
pub fn time_zones() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::TimeZoneDatabase::bundled()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| name == "UTC" || name.contains('/') && !name.starts_with("Etc/"))
        .collect();
    names.sort();
    names
}

/// A moment as mails give it: in the person's time zone, or in UTC.
#[must_use]
pub fn moment_in(at: OffsetDateTime, zone: Option<&str>) -> String {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    let zone = zone.and_then(|name| zones.get(name).ok()).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_second(at.unix_timestamp()).unwrap_or_default().to_zoned(zone);
    let name = moment.time_zone().iana_name().unwrap_or("UTC").replace('_', " ");
    format!("{} ({name})", moment.strftime("%Y-%m-%d %H:%M"))
}

/// A moment as templates expect it.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_moment_is_given_in_the_zone_of_its_reader() {
        let at = datetime!(2026-07-01 08:30 UTC);
        assert_eq!(moment_in(at, Some("Europe/Zurich")), "2026-07-01 10:30 (Europe/Zurich)");
        assert_eq!(moment_in(at, Some("Nowhere/Land")), "2026-07-01 08:30 (UTC)");
        assert_eq!(moment_in(at, None), "2026-07-01 08:30 (UTC)");
        assert!(time_zones().iter().any(|name| name == "America/New_York"));
    }
}
