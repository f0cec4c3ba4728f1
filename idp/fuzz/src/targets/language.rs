//! Which language a person gets: a line for `Accept-Language`, one for `ui_locales`.
//! It is one that was asked for, or the one to fall back on.

use std::sync::LazyLock;

use idp::i18n::Catalogues;

use super::lines;

static CATALOGUES: LazyLock<Catalogues> = LazyLock::new(|| {
    let texts = ["en", "de", "fr-CH", "zh-Hant", "pt-BR"].map(|name| (name, "hello = Hello".to_owned()));
    Catalogues::load(texts).expect("texts")
});

pub fn run(data: &[u8]) {
    let Some([header, ui_locales]) = lines(data) else {
        return;
    };
    let ui_locales: Vec<String> = ui_locales.split(' ').map(ToOwned::to_owned).collect();
    let chosen = CATALOGUES.negotiate(&ui_locales, Some(header));
    let name = CATALOGUES.name(chosen);
    if chosen != CATALOGUES.fallback() {
        let language = name.split('-').next().unwrap_or_default();
        let asked = |text: &str| text.to_ascii_lowercase().contains(language);
        assert!(asked(header) || ui_locales.iter().any(|tag| asked(tag)), "nobody asked for {name}");
    }
    assert_eq!(CATALOGUES.negotiate(&ui_locales, Some(header)), chosen, "asked again it is another");
    // What the application asks for goes first.
    let first = [String::from("de")];
    assert_eq!(CATALOGUES.name(CATALOGUES.negotiate(&first, Some(header))), "de");
}
