//! How a brand reaches a page: its addresses, and the stylesheet that an accent becomes. The address of such a
//! stylesheet says all that is in it, so that nothing is kept for it and it never changes.

use std::fmt::Write;

use serde::Serialize;

use crate::crypto::base64url;
use crate::model::brand::{Accents, Brand, Colour, LogoHash, Palette, Scheme};

/// What pages show of a brand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BrandCard {
    pub name: String,
    pub logo: Option<LogoCard>,
    /// The address of the stylesheet with its colours.
    pub stylesheet: Option<String>,
}

/// Addresses. With only one logo it is on all pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogoCard {
    pub light: String,
    pub dark: String,
}

impl BrandCard {
    #[must_use]
    pub fn of(brand: &Brand, name: String) -> Self {
        let (light, dark) = (brand.light_logo.or(brand.dark_logo), brand.dark_logo.or(brand.light_logo));
        Self {
            name,
            logo: light
                .zip(dark)
                .map(|(light, dark)| LogoCard { light: logo_url(light), dark: logo_url(dark) }),
            stylesheet: (brand.accents != Accents::default()).then(|| {
                let digits = |scheme| brand.accents.get(scheme).map_or_else(none, Colour::digits);
                format!("/brand/{}-{}.css", digits(Scheme::Light), digits(Scheme::Dark))
            }),
        }
    }
}

fn none() -> String {
    "none".to_owned()
}

#[must_use]
pub fn logo_url(hash: LogoHash) -> String {
    format!("/brand/logo/{}", base64url::encode(hash))
}

/// The logo that an address names.
#[must_use]
pub fn logo_named(text: &str) -> Option<LogoHash> {
    base64url::decode(text)?.try_into().ok()
}

/// The stylesheet that a name such as `0f4c55-8ccfca.css` stands for. `None` for a name that is none. With
/// `preview-` before it, only what is to be seen beside the form has these colours.
#[must_use]
pub fn stylesheet(name: &str) -> Option<String> {
    let colours = name.strip_suffix(".css")?;
    let (preview, colours) = match colours.strip_prefix("preview-") {
        Some(colours) => (true, colours),
        None => (false, colours),
    };
    let (light, dark) = colours.split_once('-')?;
    // One address for one stylesheet: no capitals, no `#`.
    let read = |digits: &str| match digits {
        "none" => Some(None),
        digits => Colour::parse(digits).ok().filter(|colour| colour.digits() == digits).map(Some),
    };
    let (light, dark) = (read(light)?, read(dark)?);
    let mut css = String::new();
    if let Some(accent) = light {
        rule(
            &mut css,
            if preview { ".as-light" } else { ":root, .as-light" },
            Palette::of(Scheme::Light, accent),
        );
    }
    if let Some(accent) = dark {
        let palette = Palette::of(Scheme::Dark, accent);
        if !preview {
            css.push_str("@media (prefers-color-scheme: dark) {\n");
            rule(&mut css, ":root", palette);
            css.push_str("}\n");
        }
        rule(&mut css, ".as-dark", palette);
    }
    Some(css)
}

fn rule(css: &mut String, selector: &str, palette: Palette) {
    let Palette { accent, strong, on, tint } = palette;
    // Writing to a text does not fail.
    let _ = writeln!(
        css,
        "{selector} {{ --brand: {accent}; --brand-strong: {strong}; --on-brand: {on}; --brand-tint: {tint}; --accent: {accent}; }}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_stylesheet_says_all_that_is_in_it() {
        let css = stylesheet("0f4c55-8ccfca.css").unwrap();
        assert!(
            css.contains(
                ":root, .as-light { --brand: #0f4c55; --brand-strong: #0b3940; --on-brand: #ffffff;"
            ),
            "{css}"
        );
        assert!(css.contains("prefers-color-scheme: dark"), "{css}");
        assert!(!stylesheet("preview-0f4c55-8ccfca.css").unwrap().contains(":root"));
        assert!(!stylesheet("0f4c55-none.css").unwrap().contains("dark"));
        for name in
            ["", "x.css", "0f4c55.css", "0F4C55-none.css", "0f4c55-none", "red-none.css", "#0f4c55-none.css"]
        {
            assert!(stylesheet(name).is_none(), "{name}");
        }
    }

    /// What an accent is judged against is what the theme puts it on.
    #[test]
    fn the_grounds_are_those_of_the_theme() {
        let css = crate::theme::assets::text("static/app.css").unwrap();
        let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
        for (part, scheme) in [(light, Scheme::Light), (dark, Scheme::Dark)] {
            let names = ["--surface", "--surface-soft", "--arch-0"];
            for (name, ground) in names.into_iter().zip(scheme.grounds()) {
                assert!(part.contains(&format!("{name}: {ground};")), "{name} {ground}");
            }
        }
    }
}
