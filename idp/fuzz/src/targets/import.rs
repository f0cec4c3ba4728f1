//! A line of a file of people from another system.
//! What is wrong with it never repeats a hash, and who is taken over has what was in the line.

use idp::cli::import::line;
use serde_json::Value;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let json: Option<Value> = serde_json::from_str(text).ok();
    let hash = json.as_ref().and_then(|json| json["password_hash"].as_str());
    // Names of members are said, and somebody's hash may stand in one.
    let hash = hash.filter(|hash| hash.len() >= 16 && text.matches(hash).count() == 1);
    match line::read(text) {
        Err(error) => {
            let said = format!("{error} {error:?}");
            assert!(!hash.is_some_and(|hash| said.contains(hash)), "a hash is repeated");
        }
        Ok(newcomer) => {
            let json = json.as_ref().expect("what is read is JSON");
            let email = json["email"].as_str().expect("an address");
            assert!(
                newcomer.email.as_str().eq_ignore_ascii_case(email.trim()) || !email.is_ascii(),
                "{email}"
            );
            assert_eq!(newcomer.password.is_some(), !json["password_hash"].is_null());
            assert_eq!(newcomer.disabled, json["disabled"] == true);
            let members = json["organizations"].as_array().map_or(0, Vec::len);
            assert_eq!(newcomer.memberships.len(), members, "two of them became one");
            assert!(!hash.is_some_and(|hash| format!("{newcomer:?}").contains(hash)), "a hash is shown");
        }
    }
}
