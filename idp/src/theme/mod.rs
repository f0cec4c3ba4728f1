//! The look: templates, texts and static files, compiled into the program. A page is a typed
//! context, rendered here and nowhere else. Knows no HTTP and no database.

pub mod assets;

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use self::assets::Assets;
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
    pub development: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct BrandCard {
    pub name: String,
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
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
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

/// A moment as templates expect it.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
