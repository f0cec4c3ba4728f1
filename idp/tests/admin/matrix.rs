//! Who may do what in the console: every address there is, for everybody, over what belongs to either of two organizations
//! or to the service. The table below is the document; what the program answers is compared with it (security: M1, M2,
//! L3, §2.18; product §5).

mod house;

use std::collections::BTreeSet;

use reqwest::Method;
use time::Duration;

use super::branding::png;
use crate::support::{Answer, Browser};
use house::House;

/// One line for each address, for those who may and may not:
///
/// * `op` `sup` `aud`: operator, support and auditor, who belong to no organization;
/// * `A` `B`: who administers organization A, and who administers B;
/// * `pers`: somebody without rights, `none`: nobody who is logged in.
///
/// What they get: `yes` it is shown or done; a number is the status of a refusal; `log` they are asked to log in;
/// `old` they are told that their page is out of date. `!` after an address: with a proof of who asks that
/// is not fresh, whoever may is asked for one before anything happens.
///
/// What stands in braces is made by `house.rs`: `{ann}` belongs to A and `{bob}` to B, `{both}` to either; `{gus}` has
/// the role of support and belongs to none. `{al}` was disabled by A. `{off}` is a disabled organization, `{nobody}` an
/// identifier that nothing has. `x|y` stands for two addresses.
const TABLE: &str = "
                                                                         op  sup aud A   B   pers none
GET  /admin                                                              yes yes yes yes yes 404 log
GET  /admin/find                                                         yes yes yes yes yes 404 log

GET  /admin/people                                                       yes yes yes yes yes 404 log
GET  /admin/people/invite                                                yes 404 404 yes yes 404 log
GET  /admin/people/new                                                 ! yes 404 404 404 404 404 log
POST /admin/people/new                                                 ! yes 404 404 404 404 404 old
GET  /admin/people/{ann}/passkeys|sessions|applications|organizations    yes yes yes yes 404 404 log
GET  /admin/people/{ann}/activity|json                                   yes yes yes yes 404 404 log
GET  /admin/people/{bob}/passkeys|sessions|applications|organizations    yes yes yes 404 yes 404 log
GET  /admin/people/{bob}/activity|json                                   yes yes yes 404 yes 404 log
GET  /admin/people/{gus}/activity|json                                   yes yes yes 404 404 404 log
GET  /admin/people/{ann}/sessions/{nobody}                               404 404 404 404 404 404 log
POST /admin/people/{ann}/sessions/{nobody}                               404 404 404 404 404 404 old
GET  /admin/people/{ann}/applications/{app}                              404 404 404 404 404 404 log
POST /admin/people/{ann}/applications/{app}                              404 404 404 404 404 404 old
GET  /admin/people/{ann}                                                 yes yes yes yes 404 404 log
GET  /admin/people/{bob}                                                 yes yes yes 404 yes 404 log
GET  /admin/people/{both}                                                yes yes yes yes yes 404 log
GET  /admin/people/{gus}                                                 yes yes yes 404 404 404 log
GET  /admin/people/{nobody}                                              404 404 404 404 404 404 log
GET  /admin/people/{ann}/passkeys/{ann-key}                            ! yes yes 404 yes 404 404 log
GET  /admin/people/{bob}/passkeys/{bob-key}                            ! yes yes 404 404 yes 404 log
GET  /admin/people/{ann}/passkeys/{bob-key}                              404 404 404 404 404 404 log
GET  /admin/people/{gus}/passkeys/{gus-key}                            ! yes 404 404 404 404 404 log
GET  /admin/people/{ann}/reset-passkeys|reset-two-factor|unlock        ! yes yes 404 yes 404 404 log
GET  /admin/people/{ann}/log-out|link                                  ! yes yes 404 yes 404 404 log
GET  /admin/people/{bob}/reset-passkeys|reset-two-factor|unlock        ! yes yes 404 404 yes 404 log
GET  /admin/people/{bob}/log-out|link                                  ! yes yes 404 404 yes 404 log
GET  /admin/people/{both}/reset-passkeys|reset-two-factor|unlock       ! yes yes 404 404 404 404 log
GET  /admin/people/{both}/log-out|link                                 ! yes yes 404 404 404 404 log
GET  /admin/people/{gus}/reset-passkeys|reset-two-factor|unlock        ! yes 404 404 404 404 404 log
GET  /admin/people/{gus}/log-out|link                                  ! yes 404 404 404 404 404 log
GET  /admin/people/{ann}/disable                                       ! yes 404 404 yes 404 404 log
GET  /admin/people/{bob}/disable                                       ! yes 404 404 404 yes 404 log
GET  /admin/people/{both}/disable                                      ! yes 404 404 404 404 404 log
GET  /admin/people/{gus}/disable                                       ! yes 404 404 404 404 404 log
GET  /admin/people/{al}/enable                                         ! yes 404 404 yes 404 404 log
GET  /admin/people/{ann}/role|policy                                   ! yes 404 404 404 404 404 log
GET  /admin/people/{gus}/role|policy                                   ! yes 404 404 404 404 404 log
GET  /admin/people/{ann}/anything                                        404 404 404 404 404 404 log

POST /admin/people/{ann}/passkeys/{ann-key}                            ! yes yes 403 yes 404 404 old
POST /admin/people/{bob}/passkeys/{bob-key}                            ! yes yes 403 404 yes 404 old
POST /admin/people/{ann}/passkeys/{bob-key}                              404 404 404 404 404 404 old
POST /admin/people/{gus}/passkeys/{gus-key}                            ! yes 403 403 404 404 404 old
POST /admin/people/{ann}/reset-passkeys|reset-two-factor|unlock        ! yes yes 403 yes 404 404 old
POST /admin/people/{ann}/log-out|link                                  ! yes yes 403 yes 404 404 old
POST /admin/people/{bob}/reset-passkeys|reset-two-factor|unlock        ! yes yes 403 404 yes 404 old
POST /admin/people/{bob}/log-out|link                                  ! yes yes 403 404 yes 404 old
POST /admin/people/{both}/reset-passkeys|reset-two-factor|unlock       ! yes yes 403 403 403 404 old
POST /admin/people/{both}/log-out|link                                 ! yes yes 403 403 403 404 old
POST /admin/people/{gus}/reset-passkeys|reset-two-factor|unlock        ! yes 403 403 404 404 404 old
POST /admin/people/{gus}/log-out|link                                  ! yes 403 403 404 404 404 old
POST /admin/people/{ann}/disable                                       ! yes 403 403 yes 404 404 old
POST /admin/people/{bob}/disable                                       ! yes 403 403 404 yes 404 old
POST /admin/people/{both}/disable                                      ! yes 403 403 403 403 404 old
POST /admin/people/{gus}/disable                                       ! yes 403 403 404 404 404 old
POST /admin/people/{al}/enable                                         ! yes 403 403 yes 404 404 old
POST /admin/people/{ann}/role|policy                                   ! yes 403 403 403 404 404 old
POST /admin/people/{gus}/role|policy                                   ! yes 403 403 404 404 404 old
POST /admin/people/{nobody}/disable                                      404 404 404 404 404 404 old

GET  /admin/organizations                                                yes yes yes yes yes 404 log
GET  /admin/organizations/new                                          ! yes 404 404 404 404 404 log
POST /admin/organizations/new                                          ! yes 404 404 404 404 404 old
GET  /admin/organizations/{a}/branding                                   yes yes yes yes 404 404 log
GET  /admin/organizations/{b}/branding                                   yes yes yes 404 yes 404 log
POST /admin/organizations/{a}/branding                                 ! yes 403 403 yes 404 404 old
POST /admin/organizations/{b}/branding                                 ! yes 403 403 404 yes 404 old
POST /admin/organizations/{a}/branding/logo/light                      ! yes 403 403 yes 404 404 old
GET  /admin/organizations/{a}                                            yes yes yes yes 404 404 log
GET  /admin/organizations/{b}                                            yes yes yes 404 yes 404 log
GET  /admin/organizations/{a}/invite                                     yes 404 404 yes 404 404 log
GET  /admin/organizations/{b}/invite                                     yes 404 404 404 yes 404 log
GET  /admin/organizations/{a}/change                                   ! yes 404 404 yes 404 404 log
GET  /admin/organizations/{b}/change                                   ! yes 404 404 404 yes 404 log
GET  /admin/organizations/{a}/disable                                  ! yes 404 404 404 404 404 log
GET  /admin/organizations/{off}/enable                                 ! yes 404 404 404 404 404 log
GET  /admin/organizations/{a}/members/{ann}/roles|remove               ! yes 404 404 yes 404 404 log
GET  /admin/organizations/{b}/members/{bob}/roles|remove               ! yes 404 404 404 yes 404 log
GET  /admin/organizations/{a}/members/{bob}/roles|remove                 404 404 404 404 404 404 log
GET  /admin/organizations/{a}/invitations/{a-inv}/resend               ! yes 404 404 yes 404 404 log
GET  /admin/organizations/{b}/invitations/{b-inv}/resend               ! yes 404 404 404 yes 404 log
GET  /admin/organizations/{a}/invitations/{a-inv}/withdraw               yes 404 404 yes 404 404 log
GET  /admin/organizations/{b}/invitations/{b-inv}/withdraw               yes 404 404 404 yes 404 log
GET  /admin/organizations/{a}/invitations/{b-inv}/resend|withdraw        404 404 404 404 404 404 log

POST /admin/organizations/{a}/invite                                     yes 403 403 yes 404 404 old
POST /admin/organizations/{b}/invite                                     yes 403 403 404 yes 404 old
POST /admin/organizations/{a}/change                                   ! yes 403 403 yes 404 404 old
POST /admin/organizations/{b}/change                                   ! yes 403 403 404 yes 404 old
POST /admin/organizations/{a}/disable                                  ! yes 403 403 403 404 404 old
POST /admin/organizations/{off}/enable                                 ! yes 403 403 404 404 404 old
POST /admin/organizations/{a}/members/{ann}/roles|remove               ! yes 403 403 yes 404 404 old
POST /admin/organizations/{b}/members/{bob}/roles|remove               ! yes 403 403 404 yes 404 old
POST /admin/organizations/{a}/members/{bob}/roles|remove                 404 404 404 404 404 404 old
POST /admin/organizations/{a}/invitations/{a-inv}/resend               ! yes 403 403 yes 404 404 old
POST /admin/organizations/{b}/invitations/{b-inv}/resend               ! yes 403 403 404 yes 404 old
POST /admin/organizations/{a}/invitations/{a-inv}/withdraw               yes 403 403 yes 404 404 old
POST /admin/organizations/{b}/invitations/{b-inv}/withdraw               yes 403 403 404 yes 404 old
POST /admin/organizations/{a}/invitations/{b-inv}/resend|withdraw        404 404 404 404 404 404 old

GET  /admin/applications                                                 yes 404 yes 404 404 404 log
GET  /admin/applications/new                                             yes 404 404 404 404 404 log
GET  /admin/applications/{app}                                           yes 404 yes 404 404 404 log
GET  /admin/applications/{app}/settings                                ! yes 404 404 404 404 404 log
GET  /admin/applications/{app}/preview                                   yes 404 yes 404 404 404 log
GET  /admin/applications/{app}/trial                                     yes 404 yes 404 404 404 log
POST /admin/applications/{app}/trial                                     yes 404 yes 404 404 404 old
GET  /admin/applications/{app}/disable|remove                          ! yes 404 404 404 404 404 log
GET  /admin/applications/{app-off}/secret|enable                       ! yes 404 404 404 404 404 log
GET  /admin/applications/{app}/secrets/{secret}/expire|remove-secret   ! yes 404 404 404 404 404 log
POST /admin/applications/new                                           ! yes 404 404 404 404 404 old
POST /admin/applications/{app}/settings                                ! yes 404 403 404 404 404 old
POST /admin/applications/{app}/disable|remove                          ! yes 404 403 404 404 404 old
POST /admin/applications/{app-off}/secret|enable                       ! yes 404 403 404 404 404 old
POST /admin/applications/{app}/secrets/{secret}/expire|remove-secret   ! yes 404 403 404 404 404 old

GET  /admin/audit                                                        yes 404 yes 404 404 404 log
GET  /admin/audit/1                                                      yes 404 yes 404 404 404 log
GET  /admin/audit/verify                                                 yes 404 yes 404 404 404 log
POST /admin/audit/verify                                                 yes 404 yes 404 404 404 old
POST /admin/audit/export                                               ! yes 404 yes 404 404 404 old
POST /admin/audit/searches                                               yes 404 yes 404 404 404 old
POST /admin/audit/searches/{search}                                      yes 404 404 404 404 404 old

GET  /admin/policy                                                       yes 404 yes 404 404 404 log
POST /admin/policy                                                     ! yes 404 403 404 404 404 old
GET  /admin/branding                                                     yes 404 yes 404 404 404 log
POST /admin/branding                                                   ! yes 404 403 404 404 404 old
POST /admin/branding/logo/light                                        ! yes 404 403 404 404 404 old
GET  /admin/keys                                                         yes 404 yes 404 404 404 log
GET  /admin/keys/rotate|replace                                        ! yes 404 404 404 404 404 log
POST /admin/keys/rotate|replace                                        ! yes 404 403 404 404 404 old
GET  /admin/jobs                                                         yes 404 yes 404 404 404 log
GET  /admin/jobs/{delivery}/retry|give-up                              ! yes 404 404 404 404 404 log
POST /admin/jobs/{delivery}/retry|give-up                              ! yes 404 403 404 404 404 old
GET  /admin/health                                                       yes 404 yes 404 404 404 log
GET  /admin/risk                                                         yes yes yes 404 404 404 log
GET  /admin/mails                                                        yes 404 yes 404 404 404 log
GET  /admin/mails/new-device                                             yes 404 yes 404 404 404 log
GET  /admin/mails/new-device/html                                        yes 404 yes 404 404 404 log
POST /admin/mails/new-device                                           ! yes 404 old 404 404 404 old
";

/// What a form has in it, by the end of its address.
const FORMS: &[(&str, &[(&str, &str)])] = &[
    ("/invite", &[("email", "new@example.org"), ("days", "7")]),
    ("/change", &[("name", "Another name"), ("roles", "practitioner reception"), ("policy", "")]),
    ("/roles", &[("role", "reception")]),
    ("/link", &[("minutes", "30")]),
    ("/role", &[("role", "auditor")]),
    ("/policy", &[("policy", "require_passkey")]),
    ("/expire", &[("days", "7")]),
    ("/export", &[("format", "csv")]),
    ("/searches", &[("name", "Mine"), ("kind", "signed-in")]),
    ("/applications/new", APPLICATION),
    (
        "/people/new",
        &[("email", "nia@example.org"), ("given_name", "Nia"), ("family_name", "Winter"), ("minutes", "")],
    ),
    ("/organizations/new", &[("name", "Bergblick"), ("slug", ""), ("roles", ""), ("policy", "")]),
    ("/settings", APPLICATION),
];

const APPLICATION: &[(&str, &str)] = &[
    ("type", "web"),
    ("name", "Practice"),
    ("redirect_uris", "https://practice.example.org/cb"),
    ("scopes", "openid profile"),
    ("id_token_alg", "ES256"),
];

/// A line of the table.
struct Row {
    method: Method,
    path: String,
    wants_proof: bool,
    expected: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for line in TABLE.lines().skip(2).filter(|line| !line.trim().is_empty()) {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let expected = words.split_off(words.len() - house::EVERYBODY);
        let wants_proof = words.get(2) == Some(&"!");
        let method = Method::from_bytes(words[0].as_bytes()).unwrap();
        let (folder, ends) = words[1].rsplit_once('/').unwrap();
        for end in ends.split('|') {
            let (path, expected) = (format!("{folder}/{end}"), expected.clone());
            rows.push(Row { method: method.clone(), path, wants_proof, expected });
        }
    }
    rows
}

/// What somebody got, in the words of the table.
fn got(answer: &Answer) -> String {
    let leads_to = || answer.headers.get("location").map_or("", |to| to.to_str().unwrap());
    match answer.status.as_u16() {
        303 if leads_to().contains("confirm=1") => "prove".to_owned(),
        303 if leads_to().starts_with("/login") => "log".to_owned(),
        200 | 303 => "yes".to_owned(),
        403 if answer.body.contains("This page is out of date") => "old".to_owned(),
        status => status.to_string(),
    }
}

async fn ask(house: &House, browser: &Browser, row: &Row) -> String {
    let path = house.filled(&row.path);
    if row.method == Method::GET {
        return got(&browser.get(&path).await);
    }
    if path.ends_with("/logo/light") {
        return got(&browser.upload(&path, &png(b"1")).await);
    }
    if path.ends_with("/branding") {
        // A look is changed from what it was when it was read.
        let page = house.browsers[0].get(&path).await.body;
        let version = page.split("name=\"version\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = [("do", "save"), ("version", version.unwrap_or_default()), ("light", "#0f4c55")];
        return got(&browser.post(&path, &form).await);
    }
    let form = FORMS.iter().find(|(end, _)| path.ends_with(end)).map_or(&[][..], |(_, form)| form);
    got(&browser.post(&path, form).await)
}

/// What differs is told all at once: it is read like the table.
fn compare(differences: &[String]) {
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let house = House::build().await;
    let mut differences = Vec::new();
    for row in rows() {
        let mut answers = Vec::new();
        for (browser, expected) in house.browsers.iter().zip(&row.expected) {
            let answer = ask(&house, browser, &row).await;
            if row.method == Method::POST && (answer == "yes" || answer != *expected) {
                house.restore().await;
            }
            answers.push(answer);
        }
        if answers != row.expected {
            differences.push(format!("{} {}\n    {}", row.method, row.path, answers.join(" ")));
        }
    }
    compare(&differences);
    assert_eq!(house.nothing_is_left_changed().await, "", "what was refused has changed something");
}

/// M2: what is dangerous wants a proof of this moment; L3: and no form is taken without its token.
#[tokio::test]
async fn what_is_dangerous_wants_a_fresh_proof_and_every_form_its_token() {
    let house = House::build().await;
    let mut differences = Vec::new();
    // Files come in another kind of form, whose token has a test of its own.
    for row in rows().into_iter().filter(|row| row.method == Method::POST && !row.path.contains("/logo/")) {
        let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        let path = house.filled(&row.path);
        let forged = house.browsers[0].send(Method::POST, &path, &form, Some("csrf=x".to_owned())).await;
        if forged.status != 403 {
            differences.push(format!("without its token: {} {} {}", row.method, row.path, got(&forged)));
        }
    }
    house.app.advance(Duration::minutes(6));
    for row in rows() {
        let wanted = if row.wants_proof { "prove" } else { "yes" };
        for (browser, _) in house.browsers.iter().zip(&row.expected).filter(|(_, may)| **may == "yes") {
            let answer = ask(&house, browser, &row).await;
            if row.method == Method::POST && answer == "yes" {
                house.restore().await;
            }
            if answer != wanted {
                differences.push(format!("later: {} {} {answer}", row.method, row.path));
            }
        }
    }
    for row in rows() {
        let wanted = if row.method == Method::GET { "prove" } else { "old" };
        let answer = ask(&house, &house.weak, &row).await;
        if answer != wanted {
            differences.push(format!("with a password alone: {} {} {answer}", row.method, row.path));
        }
    }
    compare(&differences);
    assert_eq!(house.nothing_is_left_changed().await, "", "what was refused has changed something");
}

/// A new address without a line would be one without rules. So would be a new deed.
#[test]
fn every_address_of_the_console_and_every_deed_has_a_line() {
    let rows = rows();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin");
    let (mut folders, mut routes) = (vec![source], 0);
    let mut deeds = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for rest in source.split(".route(").skip(1) {
                let Some((route, handlers)) =
                    rest.trim_start().strip_prefix('"').and_then(|r| r.split_once('"'))
                else {
                    continue;
                };
                if !route.starts_with("/admin") {
                    continue;
                }
                let handlers = handlers.split(';').next().unwrap();
                let pattern: Vec<&str> = route.split('/').collect();
                for (method, call) in [("GET", "get("), ("POST", "post(")] {
                    let handled =
                        handlers.contains(&format!(" {call}")) || handlers.contains(&format!(").{call}"));
                    let fits = |row: &Row| {
                        let known: Vec<&str> = row.path.split('/').collect();
                        let same = |(part, known): (&&str, &&str)| part.starts_with('{') || part == known;
                        row.method == method
                            && known.len() == pattern.len()
                            && pattern.iter().zip(&known).all(same)
                    };
                    assert!(!handled || rows.iter().any(fits), "{method} {route} has no line");
                    routes += usize::from(handled);
                }
            }
            if source.contains("enum Deed") {
                let names = source.split("fn as_str").nth(1).unwrap_or_default().split("\n    }\n").next();
                let quoted = names.unwrap_or_default().split("=> \"").skip(1);
                deeds.extend(quoted.map(|rest| rest.split('"').next().unwrap().to_owned()));
            }
        }
    }
    assert!(routes > 40 && deeds.len() > 15, "only {routes} and {deeds:?} were found");
    // They have the address of what they are done to.
    for deed in ["remove-passkey", "end-session", "disconnect"] {
        deeds.remove(deed);
    }
    for deed in deeds {
        for method in [Method::GET, Method::POST] {
            let named = |row: &Row| row.method == method && row.path.ends_with(&format!("/{deed}"));
            assert!(rows.iter().any(named), "{method} …/{deed} has no line");
        }
    }
}
