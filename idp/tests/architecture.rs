//! The house rules, held by reading the source: who may import whom, what every module begins with,
//! and what there is only one of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FLOOR: &[&str] = &[
    "model",
    "clock",
    "meter",
    "config",
    "store",
    "ephemeral",
    "crypto",
    "i18n",
    "http_client",
    "audit",
    "theme",
    "mail",
];

/// What each room may use besides itself. Edges (`pages`, `api`, `endpoints`, `cors`, `respond` and
/// what stands with them) of a feature may also use `web` and `app`.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let with = |more: &[&'static str]| FLOOR.iter().chain(more).copied().collect::<Vec<_>>();
    BTreeMap::from([
        ("model", vec![]),
        ("clock", vec![]),
        ("meter", vec![]),
        ("config", vec!["model"]),
        ("crypto", vec!["model", "config", "clock", "meter"]),
        ("ephemeral", vec!["model", "config", "clock", "meter"]),
        ("http_client", vec!["model", "config", "clock"]),
        ("i18n", vec!["model", "config", "clock"]),
        ("store", vec!["model", "config", "clock", "crypto", "meter"]),
        ("theme", vec!["model", "config", "clock", "i18n", "crypto"]),
        ("audit", vec!["model", "config", "clock", "crypto", "store", "http_client"]),
        ("mail", vec!["model", "config", "clock", "crypto", "store", "i18n", "theme"]),
        ("login", FLOOR.to_vec()),
        ("account", FLOOR.to_vec()),
        ("admin", FLOOR.to_vec()),
        ("oidc", FLOOR.to_vec()),
        ("app", FLOOR.to_vec()),
        ("telemetry", vec!["config", "clock", "model", "crypto", "http_client", "meter"]),
        ("web", with(&["app"])),
        ("jobs", with(&["app", "login", "oidc"])),
        ("server", with(&["app", "web", "login", "account", "admin", "oidc"])),
        ("cli", with(&["app", "server", "jobs", "telemetry", "login", "admin"])),
        ("main", vec!["cli"]),
    ])
}

/// The edges of a feature, where HTTP is spoken.
fn is_edge(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap();
    ["/pages/", "/endpoints/", "/api/"].iter().any(|folder| path.contains(folder))
        || ["pages.rs", "api.rs", "cors.rs", "respond.rs", "routes.rs"].contains(&name)
        // A feature's own mod.rs collects its routes; `error` is what its endpoints answer.
        || ["login/mod.rs", "oidc/mod.rs", "oidc/error.rs"].contains(&path)
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The part of a file that is not its tests.
fn production(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap()
}

/// The rooms a file names, by `use crate::…` or by path.
fn rooms_used(source: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for rest in production(source).split("crate::").skip(1) {
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let room: String = name
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_' || c.is_ascii_digit())
                .collect();
            rooms.insert(room);
        }
    }
    rooms
}

fn room_of(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn rooms_import_only_what_stands_below_them() {
    let allowed = allowed();
    let mut violations = Vec::new();
    for (path, source) in sources() {
        let room = room_of(&path);
        if room == "lib" {
            continue;
        }
        let permitted = allowed.get(room).unwrap_or_else(|| panic!("src/{path} is in no known room"));
        for used in rooms_used(&source) {
            let edge = is_edge(&path) && ["web", "app"].contains(&used.as_str());
            let own = used == room;
            // Parameters are read the same way at every protocol edge; it is a plain type.
            let params =
                used == "web" && source.matches("web::").count() == source.matches("web::params").count();
            if !own && !edge && !params && !permitted.contains(&used.as_str()) {
                violations.push(format!("src/{path} uses crate::{used}"));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn http_is_spoken_at_the_edges_only() {
    let mut violations = Vec::new();
    for (path, source) in sources() {
        let speaks = ["web", "server", "main"].contains(&room_of(&path)) || is_edge(&path);
        if !speaks && production(&source).contains("axum::") {
            violations.push(format!("src/{path} uses axum"));
        }
        let stores = room_of(&path) == "store";
        if !stores && production(&source).contains("sea_orm::") {
            violations.push(format!("src/{path} uses sea_orm"));
        }
        let passkeys = path.starts_with("crypto/passkey");
        if !passkeys && production(&source).contains("webauthn_rs::") {
            violations.push(format!("src/{path} uses webauthn_rs"));
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_module_says_what_it_owns() {
    for (path, source) in sources() {
        assert!(source.starts_with("//! "), "src/{path} does not open with //!");
    }
}

#[test]
fn there_is_no_drawer_for_odds_and_ends() {
    for (path, _) in sources() {
        for part in path.split('/') {
            let name = part.trim_end_matches(".rs");
            let drawer = ["utils", "util", "helpers", "helper", "common", "misc", "service", "manager"];
            assert!(!drawer.contains(&name), "src/{path}");
        }
    }
}

/// Where a thing is done that must be done in one place.
fn callers(of: &str) -> BTreeSet<String> {
    let mut callers = BTreeSet::new();
    for (path, source) in sources() {
        // A file of tests is no road.
        if !path.ends_with("vectors.rs") && production(&source).contains(of) {
            callers.insert(path);
        }
    }
    callers
}

#[test]
fn there_is_one_road_to_each_decision() {
    for (what, call, roads) in [
        ("begins a session", "sessions::insert(", &["login/session.rs"][..]),
        ("renews a session", "sessions::renew(", &["login/session.rs"]),
        (
            "decides the next step",
            "next_step(",
            &["login/flow.rs", "login/sign_in.rs", "login/sign_up/complete.rs"],
        ),
        (
            "signs",
            "jwt::sign(",
            &[
                "audit/checkpoint.rs",
                "oidc/authorize/respond.rs",
                "oidc/introspect.rs",
                "oidc/logout/notice.rs",
                "oidc/token/issue.rs",
                "oidc/userinfo.rs",
            ],
        ),
        ("takes what is presented to sign in", "sign_in::with_", &["login/present.rs"]),
        ("spends a token for a registration", "registration_tokens::spend(", &["oidc/register/mod.rs"]),
        ("fetches keys of a client", "Kind::ClientKeys,", &["oidc/client_keys.rs"]),
        ("judges a client assertion", "assertion::holds(", &["oidc/client_auth.rs"]),
        ("judges a certificate", "certificate::holds(", &["oidc/client_auth.rs"]),
        ("verifies a chain", ".is_vouched_for(", &["oidc/certificate.rs"]),
        ("judges a proof of possession", ".signed_by_its_own_key(", &["oidc/dpop.rs"]),
        ("makes grants", "grants::insert(", &["oidc/token/issue.rs", "oidc/token/write.rs"]),
        ("counts a guess of a password", "passwords::begin_attempt(", &["login/password.rs"]),
        ("counts a guess of a code", "totp::begin_attempt(", &["login/codes.rs"]),
        ("counts a guess of a recovery code", "recovery::begin_attempt(", &["login/codes.rs"]),
        ("lets guess", "guesses::take_turn(", &["login/codes.rs", "login/password.rs"]),
        ("spends a step of a code app", "totp::spend_step(", &["login/codes.rs"]),
        ("spends a recovery code", "recovery::spend(", &["login/codes.rs"]),
        ("spends a link", "links::spend(", &["account/email.rs", "login/access.rs", "login/reset.rs"]),
        ("spends a link for a new account", "sign_ups::spend(", &["login/sign_up/complete.rs"]),
        (
            "makes accounts",
            "users::insert(",
            &[
                "admin/import.rs",
                "admin/people/create.rs",
                "app/conformance.rs",
                "cli/user/mod.rs",
                "login/setup/mod.rs",
                "login/sign_up/complete.rs",
            ],
        ),
        (
            "begins a limited session",
            "begin_limited(",
            &["login/access.rs", "login/session.rs", "login/sign_in.rs", "login/sign_up/complete.rs"],
        ),
        (
            "removes records of the audit trail",
            "remove_through(",
            &["audit/retention.rs", "store/audit/mod.rs"],
        ),
        (
            "administers with the rights of the host",
            "AdminActor::of_the_host(",
            &[
                "cli/client/known.rs",
                "cli/client/mod.rs",
                "cli/import/mod.rs",
                "cli/org/mod.rs",
                "cli/user/people.rs",
            ],
        ),
        (
            "administers with the rights of an application",
            "AdminActor::of_client(",
            &["admin/api/authority.rs"],
        ),
        ("gives a role over the service", "users::set_role(", &["admin/people/standing.rs"]),
        ("makes members", "memberships::insert(", &["admin/members.rs", "login/invitation/mod.rs"]),
        ("makes invitations", "invitations::insert(", &["admin/invitations.rs"]),
        ("spends an invitation", "invitations::take(", &["login/invitation/mod.rs"]),
        ("takes over hashes of other programs", "passwords::set_imported(", &["admin/import.rs"]),
        ("sends mail", "transport.send(", &["jobs/deliveries.rs"]),
        ("calls somebody", "reqwest::Client", &["http_client/mod.rs", "http_client/operator.rs"]),
        ("deletes sessions", "session::Entity::delete", &["store/sessions.rs"]),
        ("issues codes", "TokenKind::AuthorizationCode, entropy", &["oidc/authorize/mod.rs"]),
        ("verifies an assertion", ".verify_assertion(", &["login/passkey.rs"]),
        (
            "verifies a registration",
            ".verify_registration(",
            &["account/passkeys.rs", "login/sign_up/complete.rs"],
        ),
        ("verifies one made without a person", ".verify_conditional_registration(", &["account/passkeys.rs"]),
    ] {
        let roads: BTreeSet<String> = roads.iter().map(|road| (*road).to_owned()).collect();
        assert_eq!(callers(call), roads, "{what}");
    }
}
