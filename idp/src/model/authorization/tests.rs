//! RFC 9396 §2, §5, §6.1: what objects may be, and which allow which.

use super::*;
use crate::model::resource::Resource;

fn words(text: &str) -> Words {
    Words::from([("en".to_owned(), text.to_owned())])
}

fn member(name: &str, kind: MemberKind, required: bool, values: &[&str]) -> Member {
    Member {
        name: name.to_owned(),
        kind,
        required,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        max_length: if values.is_empty() { 20 } else { 100 },
        label: words(name),
    }
}

fn types() -> AuthorizationTypes {
    let apis = ["https://a.example.org", "https://b.example.org"];
    std::iter::once(AuthorizationType {
        name: TypeName::parse("payment").unwrap(),
        title: words("Pay"),
        description: Words::new(),
        apis: apis.iter().map(|api| Resource::parse(api).unwrap()).collect(),
        members: vec![
            member("amount", MemberKind::Money, true, &["EUR", "CHF"]),
            member("to", MemberKind::Text, false, &[]),
            member("speed", MemberKind::Text, false, &["slow", "fast"]),
            member("parts", MemberKind::Number, false, &[]),
            member("urgent", MemberKind::Boolean, false, &[]),
            member("notes", MemberKind::List, false, &[]),
            member("actions", MemberKind::List, false, &["read", "write"]),
            member("locations", MemberKind::List, false, &apis),
        ],
        words: std::collections::BTreeMap::new(),
        registration: false,
    })
    .collect()
}

fn parse(text: &str) -> Result<AuthorizationDetails, BadDetails> {
    AuthorizationDetails::parse(text, &types())
}

/// A payment of one euro with more members.
fn payment(more: &str) -> String {
    format!(r#"{{"type": "payment", "amount": {{"currency": "EUR", "amount": "1"}}{more}}}"#)
}

fn details(objects: &[String]) -> AuthorizationDetails {
    parse(&format!("[{}]", objects.join(","))).unwrap()
}

#[test]
fn an_object_has_what_its_type_allows() {
    for more in [
        "",
        r#", "to": "Grüße & <b>""#,
        r#", "speed": "fast", "parts": -1.5, "urgent": false"#,
        r#", "notes": ["a", "b"], "actions": ["write"]"#,
        r#", "locations": ["https://b.example.org"]"#,
    ] {
        let read = parse(&format!("[{}]", payment(more))).unwrap();
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<AuthorizationDetails>(&written).unwrap(), read);
        assert_eq!(parse(&written).unwrap(), read, "{written}");
    }
}

#[test]
fn whatever_else_there_is_in_an_object_is_refused() {
    let cases = [
        (r#", "to": """#, "empty"),
        (r#", "to": "   ""#, "empty"),
        (r#", "to": "123456789012345678901""#, "too long"),
        (r#", "to": "a\u202eb""#, "nobody can see"),
        (r#", "to": "a\nb""#, "nobody can see"),
        (r#", "to": "a\u200bb""#, "nobody can see"),
        (r#", "to": 1"#, "must be a text"),
        (r#", "to": null"#, "must be a text"),
        (r#", "speed": "warp""#, "not allowed"),
        (r#", "parts": "1""#, "must be a number"),
        (r#", "urgent": "true""#, "must be true or false"),
        (r#", "notes": "a""#, "must be a list"),
        (r#", "notes": []"#, "empty"),
        (r#", "notes": [1]"#, "must be a list"),
        (r#", "notes": ["a", "a"]"#, "twice"),
        (r#", "actions": ["delete"]"#, "not allowed"),
        (r#", "locations": ["https://c.example.org"]"#, "not allowed"),
        (r#", "privileges": ["all"]"#, "no member"),
        (r#", "extra": 1"#, "no member"),
        (r#", "to": "a", "to": "a""#, "can not be read"),
    ];
    for (more, why) in cases {
        let error = parse(&format!("[{}]", payment(more))).unwrap_err().to_string();
        assert!(error.contains(why), "{more}: {error}");
    }
}

#[test]
fn money_is_a_currency_and_an_amount() {
    let parse = |money: &str| parse(&format!(r#"[{{"type": "payment", "amount": {money}}}]"#));
    for good in ["0", "0.05", "1", "123.50", "99999999999.9999"] {
        assert!(parse(&format!(r#"{{"currency": "CHF", "amount": "{good}"}}"#)).is_ok(), "{good}");
    }
    for bad in ["", "-1", "1,5", "01", "1.", ".5", "1e3", "1 000", "9999999999999999", "١"] {
        assert!(parse(&format!(r#"{{"currency": "CHF", "amount": "{bad}"}}"#)).is_err(), "{bad}");
    }
    for bad in [
        r#"{"currency": "USD", "amount": "1"}"#,
        r#"{"currency": "eur", "amount": "1"}"#,
        r#"{"currency": "EUR", "amount": 1}"#,
        r#"{"currency": "EUR"}"#,
        r#"{"currency": "EUR", "amount": "1", "more": "1"}"#,
        "\"1 EUR\"",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_no_list_of_known_objects_is_refused() {
    let many = vec![payment(""); 11].join(",");
    for text in [
        "",
        "{}",
        "[]",
        "[1]",
        "[[]]",
        "null",
        "x",
        "[{}]",
        r#"[{"type": 1}]"#,
        r#"[{"type": ""}]"#,
        r#"[{"type": "other"}]"#,
        r#"[{"type": "payment"}]"#,
        &payment(""),
        &format!("[{many}]"),
        &format!("[{},{}]", payment(""), payment("")),
        &format!("[{}{}]", payment(""), " ".repeat(4096)),
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

/// §6.1
#[test]
fn less_is_covered_and_nothing_else() {
    let held = details(&[payment(r#", "actions": ["read", "write"], "notes": ["a", "b"]"#), payment("")]);
    assert!(held.covers(&held) && held.covers(&AuthorizationDetails::default()));
    assert!(held.covers(&details(&[payment("")])));
    assert!(held.covers(&details(&[payment(r#", "notes": ["a", "b"], "actions": ["write"]"#)])));
    for more in [
        r#", "actions": ["read"]"#,
        r#", "actions": ["read"], "notes": ["a"]"#,
        r#", "actions": ["read"], "notes": ["a", "b"], "to": "x""#,
        r#", "urgent": true"#,
    ] {
        assert!(!held.covers(&details(&[payment(more)])), "{more}");
    }
    let split =
        [r#", "actions": ["read"], "notes": ["a", "b"]"#, r#", "actions": ["write"], "notes": ["a", "b"]"#];
    assert!(!held.covers(&details(&split.map(payment))), "one can not become two");
    assert!(!AuthorizationDetails::default().covers(&details(&[payment("")])));
}

#[test]
fn an_object_is_for_its_locations_or_for_all_apis_of_its_type() {
    let (types, all) =
        (types(), details(&[payment(""), payment(r#", "locations": ["https://b.example.org"]"#)]));
    assert_eq!(all.apis(&types).len(), 2);
    let for_a = all.meant_for(&types, |api| api == "https://a.example.org");
    assert_eq!(for_a, details(&[payment("")]));
    assert_eq!(all.meant_for(&types, |api| api == "https://b.example.org"), all);
    assert!(all.meant_for(&types, |api| api == "https://c.example.org").is_empty());
}

/// What an operator takes away is gone.
#[test]
fn what_is_no_longer_declared_or_allowed_is_left_out() {
    let all = details(&[payment("")]);
    assert_eq!(all.current(&types()), all);
    assert!(all.current(&AuthorizationTypes::default()).is_empty());
    assert_eq!(all.within(&TypeNames::parse("payment").unwrap()), all);
    assert!(all.within(&TypeNames::default()).is_empty());
}
