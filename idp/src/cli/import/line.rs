//! One line of a file of people: a JSON object, of which every member is known. What is said of a line that is wrong names the
//! member and never its value, which may be a hash.

use std::collections::BTreeMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::admin::import::Newcomer;
use crate::crypto::password::{Imported, NotImportable};
use crate::model::details::Details;
use crate::model::organization::{RoleName, Roles, Slug};
use crate::model::user::{Email, Language, PersonName, TimeZoneName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    email: Email,
    #[serde(default)]
    email_verified: bool,
    given_name: PersonName,
    family_name: PersonName,
    locale: Option<Language>,
    zoneinfo: Option<TimeZoneName>,
    #[serde(default)]
    details: Details,
    #[serde(default)]
    disabled: bool,
    password_hash: Option<Hash>,
    #[serde(default)]
    organizations: Vec<Member>,
}

/// A text, or what Keycloak exports.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a hash as a text, or an object with secretData and credentialData")]
enum Hash {
    Text(Zeroizing<String>),
    Keycloak(Keycloak),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Keycloak {
    secret_data: Zeroizing<String>,
    credential_data: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    slug: Slug,
    #[serde(default)]
    roles: Vec<RoleName>,
}

/// What is wrong with a line, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("is no JSON object on a line of its own ({0})")]
    Json(String),
    #[error("{member}: {why}. Correct it, or leave it out")]
    Member { member: String, why: String },
    #[error("password_hash {0}. Leave it out: whoever it is then sets a password by \"Forgot password?\"")]
    Hash(#[from] NotImportable),
    #[error("organizations names {0} more than once. Put all roles into one")]
    Twice(Slug),
}

/// Somebody as a line says.
///
/// # Errors
/// Says what is wrong with it, and never what a member has for a value.
pub fn read(text: &str) -> Result<Newcomer, Malformed> {
    let line = parse(text)?;
    let password = line
        .password_hash
        .map(|hash| match hash {
            Hash::Text(text) => Imported::read(&text),
            Hash::Keycloak(hash) => Imported::of_keycloak(&hash.secret_data, &hash.credential_data),
        })
        .transpose()?;
    let mut memberships = BTreeMap::new();
    for Member { slug, roles } in line.organizations {
        let roles: Roles = roles.into_iter().collect();
        if memberships.insert(slug.clone(), roles).is_some() {
            return Err(Malformed::Twice(slug));
        }
    }
    Ok(Newcomer {
        email: line.email,
        email_verified: line.email_verified,
        given_name: line.given_name,
        family_name: line.family_name,
        language: line.locale,
        time_zone: line.zoneinfo,
        details: line.details,
        disabled: line.disabled,
        password,
        memberships,
    })
}

fn parse(text: &str) -> Result<Line, Malformed> {
    let mut json = serde_json::Deserializer::from_str(text);
    let line: Line = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let member = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() {
            Malformed::Member {
                member: if member == "." { "the line".to_owned() } else { member },
                why: why(&error),
            }
        } else {
            Malformed::Json(why(&error))
        }
    })?;
    json.end().map_err(|error| Malformed::Json(why(&error)))?;
    Ok(line)
}

/// Without the place, which is the line's, and without the value that was there instead.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match text.split_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => format!("must be {expected}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2b$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe";

    fn with(members: &str) -> Result<Newcomer, Malformed> {
        read(&format!(
            r#"{{"email": "ada@example.org", "given_name": "Ada", "family_name": "Lovelace"{members}}}"#
        ))
    }

    #[test]
    fn a_line_needs_an_address_and_names_and_may_say_more() {
        let least = with("").unwrap();
        assert!(least.password.is_none() && !least.disabled && !least.email_verified);
        let all = with(&format!(
            r#", "email_verified": true, "locale": "de-CH", "zoneinfo": "Europe/Zurich", "disabled": true,
                "details": {{"phone_number": "+41441234567"}}, "password_hash": "{HASH}",
                "organizations": [{{"slug": "lindenhof", "roles": ["nurse"]}}, {{"slug": "seeblick"}}]"#
        ))
        .unwrap();
        assert!(all.password.is_some() && all.disabled && all.email_verified);
        assert_eq!(all.memberships.len(), 2);
        assert_eq!(all.details.phone_number.unwrap().as_str(), "+41441234567");
    }

    #[test]
    fn what_is_wrong_is_named_with_a_remedy() {
        for (members, said) in [
            (r#", "salary": 1"#, "unknown field `salary`"),
            (r#", "details": {"salary": 1}"#, "details.salary: unknown field"),
            (r#", "email": "x@example.org""#, "duplicate field `email`"),
            (r#", "disabled": "no""#, "disabled: must be a boolean"),
            (r#", "locale": "de CH""#, "locale: language must be a BCP 47 tag"),
            (r#", "password_hash": "hunter2""#, "password_hash is in no form that is known here"),
            (
                r#", "password_hash": "$2b$31$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe""#,
                "costs more",
            ),
            (r#", "password_hash": 1"#, "password_hash: a hash as a text"),
            (r#", "organizations": [{"slug": "a b"}]"#, "organizations[0].slug"),
            (r#", "organizations": [{"slug": "ab"}, {"slug": "ab"}]"#, "names ab more than once"),
            ("} {", "is no JSON object on a line of its own"),
            (", ", "is no JSON object on a line of its own"),
        ] {
            let error = with(members).unwrap_err().to_string();
            assert!(error.contains(said), "{members}: {error}");
        }
        assert!(read("{}").unwrap_err().to_string().contains("missing field `email`"));
        assert!(read("[]").is_err());
    }

    /// E2: not even when it stands in the wrong place.
    #[test]
    fn no_hash_is_repeated_in_what_is_said() {
        for place in ["disabled", "email", "locale", "details", "organizations", "email_verified"] {
            let error = with(&format!(r#", "{place}": "{HASH}""#)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("GK...C"), "{error}");
        }
    }
}
