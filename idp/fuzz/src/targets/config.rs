//! The configuration: a file, and after a line of three hyphens variables, one a line.
//! What is wrong with it has a place; what is right reads as the same again and shows none of its secrets.

use std::path::PathBuf;
use std::sync::LazyLock;

use idp::config::Config;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("idp-fuzz-{}.toml", std::process::id())));

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Whoever writes the configuration may name any file; here only those that end.
    if ["/dev", "/proc", "/sys"].iter().any(|folder| text.contains(folder)) {
        return;
    }
    let (file, variables) = text.split_once("\n---\n").unwrap_or((text, ""));
    let variables: Vec<(String, String)> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !name.ends_with("_FILE"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    std::fs::write(&*FILE, file).expect("a file");
    let read = Config::from_sources(Some(&FILE), variables.clone());
    match read {
        Ok(config) => {
            let shown = format!("{config:?}");
            let again = Config::from_sources(Some(&FILE), variables).expect("read again it is wrong");
            assert_eq!(shown, format!("{again:?}"), "read again it is another");
            let secrets = config.clients.iter().filter_map(|client| client.secret.as_ref());
            for secret in secrets.chain(&config.master_key).map(idp::config::SecretText::expose) {
                assert!(secret.len() < 32 || !shown.contains(secret), "a secret is shown");
            }
            assert!(config.public_url.is_secure() || config.public_url.host() == "localhost");
            assert!(!config.development, "a file and the development layer");
        }
        Err(problems) => {
            assert!(!problems.0.is_empty(), "nothing is wrong with it");
            assert!(problems.0.iter().all(|one| !one.place.is_empty() && !one.what.is_empty()), "{problems}");
        }
    }
    let _ = std::fs::remove_file(&*FILE);
}
