//! Languages: which one a person gets, and the texts of each. Texts come from whoever loads them;
//! this room only finds and fills them in.

use std::collections::HashMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use unic_langid::LanguageIdentifier;

/// A browser that sends more than this is not asking for a language.
const MAX_REQUESTED: usize = 20;

/// A language we have, by the order it was loaded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Locale(usize);

pub struct Catalogues {
    languages: Vec<LanguageIdentifier>,
    bundles: HashMap<Locale, FluentBundle<FluentResource>>,
}

impl std::fmt::Debug for Catalogues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.languages.iter().map(ToString::to_string)).finish()
    }
}

impl Catalogues {
    /// Loads pairs of a language and its Fluent texts. The first is the one to fall back on.
    ///
    /// # Errors
    /// Names the language whose texts do not parse.
    pub fn load<'a>(sources: impl IntoIterator<Item = (&'a str, String)>) -> anyhow::Result<Self> {
        let mut catalogues = Self { languages: Vec::new(), bundles: HashMap::new() };
        for (name, text) in sources {
            let language: LanguageIdentifier =
                name.parse().map_err(|error| anyhow::anyhow!("{name} is not a language: {error}"))?;
            let resource = FluentResource::try_new(text)
                .map_err(|(_, errors)| anyhow::anyhow!("the texts of {name} do not parse: {errors:?}"))?;
            let mut bundle = FluentBundle::new_concurrent(vec![language.clone()]);
            // The isolation marks confuse screen readers and tests more than they help two languages
            // of one direction.
            bundle.set_use_isolating(false);
            bundle
                .add_resource(resource)
                .map_err(|errors| anyhow::anyhow!("the texts of {name} are ambiguous: {errors:?}"))?;
            catalogues.bundles.insert(Locale(catalogues.languages.len()), bundle);
            catalogues.languages.push(language);
        }
        anyhow::ensure!(!catalogues.languages.is_empty(), "there are no texts in any language");
        Ok(catalogues)
    }

    /// The language to fall back on.
    #[must_use]
    pub const fn fallback(&self) -> Locale {
        Locale(0)
    }

    pub fn locales(&self) -> impl Iterator<Item = Locale> + '_ {
        (0..self.languages.len()).map(Locale)
    }

    /// The BCP 47 name, for `lang` attributes and discovery.
    #[must_use]
    pub fn name(&self, locale: Locale) -> String {
        self.languages.get(locale.0).map(ToString::to_string).unwrap_or_default()
    }

    /// The best language for a person: what the application asked for (`ui_locales`), then what the
    /// browser prefers.
    #[must_use]
    pub fn negotiate(&self, ui_locales: &[String], accept_language: Option<&str>) -> Locale {
        let asked = ui_locales.iter().filter_map(|tag| tag.parse().ok());
        let preferred = accept_language.map(by_quality).unwrap_or_default();
        let requested: Vec<LanguageIdentifier> = asked.chain(preferred).take(MAX_REQUESTED).collect();
        let best = negotiate_languages(&requested, &self.languages, None, NegotiationStrategy::Lookup);
        let index = best.first().and_then(|best| self.languages.iter().position(|known| known == *best));
        index.map_or(self.fallback(), Locale)
    }

    /// A text with its arguments filled in. `None` when this language lacks it.
    #[must_use]
    pub fn text(&self, locale: Locale, id: &str, arguments: &[(String, Argument)]) -> Option<String> {
        let bundle = self.bundles.get(&locale)?;
        let pattern = bundle.get_message(id)?.value()?;
        let mut filled = FluentArgs::new();
        for (name, value) in arguments {
            match value {
                Argument::Text(text) => filled.set(name.as_str(), text.as_str()),
                Argument::Number(number) => filled.set(name.as_str(), FluentValue::from(*number)),
            }
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&filled), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    Text(String),
    Number(f64),
}

/// RFC 9110 §12.5.4, best first; `q=0` means "not this one".
fn by_quality(header: &str) -> Vec<LanguageIdentifier> {
    let mut ranges: Vec<(f32, LanguageIdentifier)> = header
        .split(',')
        .take(MAX_REQUESTED)
        .filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok())?;
            (quality > 0.0).then_some(())?;
            Some((quality, tag.trim().parse().ok()?))
        })
        .collect();
    ranges.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranges.into_iter().map(|(_, language)| language).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogues() -> Catalogues {
        Catalogues::load([
            ("en", "hello = Hello { $name }".to_owned()),
            ("de", "hello = Hallo { $name }".to_owned()),
        ])
        .unwrap()
    }

    fn negotiated(ui_locales: &[&str], accept: Option<&str>) -> String {
        let ui_locales: Vec<String> = ui_locales.iter().map(|tag| (*tag).to_owned()).collect();
        let catalogues = catalogues();
        catalogues.name(catalogues.negotiate(&ui_locales, accept))
    }

    #[test]
    fn the_application_then_the_browser_choose_the_language() {
        assert_eq!(negotiated(&[], None), "en");
        assert_eq!(negotiated(&[], Some("de-CH,de;q=0.9,en;q=0.8")), "de");
        assert_eq!(negotiated(&[], Some("en;q=0.1, de;q=0.2")), "de");
        assert_eq!(negotiated(&[], Some("de;q=0, en")), "en");
        assert_eq!(negotiated(&["de"], Some("en")), "de");
        assert_eq!(negotiated(&["se"], Some("de")), "de");
        assert_eq!(negotiated(&["\u{e9}", "x".repeat(500).as_str()], Some("%%%;q=x,,")), "en");
    }

    #[test]
    fn a_missing_text_or_argument_is_noticed() {
        let catalogues = catalogues();
        let name = [("name".to_owned(), Argument::Text("Ada".to_owned()))];
        assert_eq!(catalogues.text(catalogues.fallback(), "hello", &name).unwrap(), "Hello Ada");
        assert!(catalogues.text(catalogues.fallback(), "hello", &[]).is_none());
        assert!(catalogues.text(catalogues.fallback(), "goodbye", &name).is_none());
    }
}
