//! The files of the theme, compiled in, and the addresses of the static ones. An address contains a
//! hash over all of them, so that browsers may keep a file for ever and still get the new one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_embed::RustEmbed;

use crate::crypto::{base64url, sha256};

/// The languages that ship with the program; the first is the one to fall back on.
pub const LOCALES: [&str; 2] = ["en", "de"];

#[derive(RustEmbed)]
#[folder = "../themes/default/"]
struct Files;

#[derive(Debug)]
pub struct Assets {
    version: String,
    files: BTreeMap<String, Asset>,
}

#[derive(Debug)]
pub struct Asset {
    pub content_type: &'static str,
    pub bytes: Cow<'static, [u8]>,
}

impl Assets {
    pub(super) fn load() -> Self {
        let mut files = BTreeMap::new();
        let mut all = Vec::new();
        for path in Files::iter() {
            let Some((name, file)) = path.strip_prefix("static/").zip(Files::get(&path)) else {
                continue;
            };
            all.extend_from_slice(name.as_bytes());
            all.extend_from_slice(&sha256(&file.data));
            files.insert(name.to_owned(), Asset { content_type: content_type(name), bytes: file.data });
        }
        let version = base64url::encode(sha256(&all)).chars().take(12).collect();
        Self { version, files }
    }

    /// The address of a static file, if there is such a file.
    #[must_use]
    pub fn url(&self, name: &str) -> Option<String> {
        self.files.contains_key(name).then(|| format!("/static/{}/{name}", self.version))
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    #[must_use]
    pub fn is_current(&self, version: &str) -> bool {
        self.version == version
    }
}

pub(super) fn templates() -> impl Iterator<Item = (String, String)> {
    Files::iter()
        .filter(|path| path.ends_with(".html") || path.ends_with(".txt"))
        .filter_map(|path| Some((path.to_string(), text(&path)?)))
}

pub(super) fn text(path: &str) -> Option<String> {
    String::from_utf8(Files::get(path)?.data.into_owned()).ok()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
