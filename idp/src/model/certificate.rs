//! The name by which an application is known in the certificate that it shows (RFC 8705 §2.1.2).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Invalid, text_type};

text_type!(
    /// A subject as RFC 4514 writes it, such as `CN=lab,O=Lab of the Town,C=DE`: the most special part first.
    DistinguishedName,
    |text| {
        parts(text)?;
        Ok(text.to_owned())
    }
);

/// One name, of one kind, that the certificate has to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateName {
    SubjectDn(DistinguishedName),
    SanDns(String),
    SanUri(String),
    SanIp(IpAddr),
    SanEmail(String),
}

/// Kind and value of the attributes of one step of a name, in a fixed order.
pub type Step = Vec<(String, String)>;

impl DistinguishedName {
    /// Whether this is the name with these steps, the most general first, as a certificate has them.
    #[must_use]
    pub fn is(&self, steps: impl DoubleEndedIterator<Item = Step>) -> bool {
        let shown: Vec<Step> = steps.rev().map(step).collect();
        parts(&self.0).is_ok_and(|known| known == shown)
    }
}

/// RFC 4517 §4.2.15: the order within a step, case and repeated spaces make no difference.
fn step(attributes: Step) -> Step {
    let plain = |value: String| value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut step: Step = attributes.into_iter().map(|(kind, value)| (kind, plain(value))).collect();
    step.sort_unstable();
    step
}

/// RFC 4514 §3
fn parts(text: &str) -> Result<Vec<Step>, Invalid> {
    let mut steps = Vec::new();
    let mut attributes = Vec::new();
    let mut rest = text;
    loop {
        let (kind, after) = rest.split_once('=').ok_or(NOT_A_NAME)?;
        let (value, end, after) = value(after)?;
        attributes.push((oid(kind.trim())?, value));
        if end != Some('+') {
            steps.push(step(std::mem::take(&mut attributes)));
        }
        if end.is_none() {
            return Ok(steps);
        }
        rest = after;
    }
}

const NOT_A_NAME: Invalid = Invalid::new("subject", "must be a name like CN=lab,O=Lab of the Town,C=DE");

/// The value that a text begins with, what ends it, and what comes after that.
fn value(text: &str) -> Result<(String, Option<char>, &str), Invalid> {
    let mut bytes = Vec::new();
    let mut chars = text.char_indices();
    let mut end = (None, "");
    while let Some((at, c)) = chars.next() {
        match c {
            ',' | '+' => {
                end = (Some(c), text.get(at + 1..).unwrap_or_default());
                break;
            }
            '\\' => {
                let (_, escaped) = chars.next().ok_or(NOT_A_NAME)?;
                bytes.extend(unescaped(escaped, &mut chars)?);
            }
            '"' | ';' | '<' | '>' | '\0' => return Err(NOT_A_NAME),
            c => bytes.extend(c.to_string().bytes()),
        }
    }
    let value = String::from_utf8(bytes).map_err(|_| NOT_A_NAME)?;
    // A value written as bytes (`#…`) is nothing that people write.
    if value.trim().is_empty() || text.trim_start().starts_with('#') {
        return Err(NOT_A_NAME);
    }
    Ok((value, end.0, end.1))
}

fn unescaped(c: char, chars: &mut std::str::CharIndices<'_>) -> Result<Vec<u8>, Invalid> {
    if let Some(high) = c.to_digit(16) {
        let low = chars.next().and_then(|(_, c)| c.to_digit(16)).ok_or(NOT_A_NAME)?;
        return Ok(vec![u8::try_from(high * 16 + low).map_err(|_| NOT_A_NAME)?]);
    }
    if " \"#+,;<=>\\".contains(c) { Ok(vec![u8::try_from(c).unwrap_or_default()]) } else { Err(NOT_A_NAME) }
}

/// RFC 4514 §3, and what else is common in certificates; any other kind by its number.
fn oid(kind: &str) -> Result<String, Invalid> {
    let kind = kind.to_ascii_uppercase();
    let known = match kind.as_str() {
        "CN" => "2.5.4.3",
        "SN" => "2.5.4.4",
        "SERIALNUMBER" => "2.5.4.5",
        "C" => "2.5.4.6",
        "L" => "2.5.4.7",
        "ST" => "2.5.4.8",
        "STREET" => "2.5.4.9",
        "O" => "2.5.4.10",
        "OU" => "2.5.4.11",
        "ORGANIZATIONIDENTIFIER" => "2.5.4.97",
        "DC" => "0.9.2342.19200300.100.1.25",
        "UID" => "0.9.2342.19200300.100.1.1",
        "EMAILADDRESS" => "1.2.840.113549.1.9.1",
        number if number.contains('.') && number.chars().all(|c| c.is_ascii_digit() || c == '.') => number,
        _ => {
            return Err(Invalid::new(
                "subject",
                "has a kind of attribute that is not known: write its number",
            ));
        }
    };
    Ok(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(name: &str, steps: &[(&str, &str)]) -> bool {
        let steps: Vec<Step> =
            steps.iter().map(|(kind, value)| vec![((*kind).to_owned(), (*value).to_owned())]).collect();
        DistinguishedName::parse(name).unwrap().is(steps.into_iter())
    }

    /// RFC 4514 §2.1: written backwards, compared whole.
    #[test]
    fn a_name_is_compared_step_by_step() {
        let lab = [("2.5.4.6", "DE"), ("2.5.4.10", "Lab, Town"), ("2.5.4.3", "lab")];
        assert!(is(r"CN=lab,O=Lab\, Town,C=DE", &lab));
        assert!(is(r"cn=LAB, o=lab\2C  town , 2.5.4.6=de", &lab));
        for other in
            [r"C=DE,O=Lab\, Town,CN=lab", r"CN=lab,O=Lab\, Town", r"CN=lab+O=Lab\, Town,C=DE", "CN=lab"]
        {
            assert!(!is(other, &lab), "{other}");
        }
    }

    #[test]
    fn the_order_within_a_step_does_not_matter() {
        let both = |a: (&str, &str), b: (&str, &str)| {
            let own = |(kind, value): (&str, &str)| (kind.to_owned(), value.to_owned());
            DistinguishedName::parse("CN=a+OU=b").unwrap().is(std::iter::once(vec![own(a), own(b)]))
        };
        assert!(both(("2.5.4.3", "a"), ("2.5.4.11", "b")) && both(("2.5.4.11", "b"), ("2.5.4.3", "a")));
        assert!(!both(("2.5.4.3", "b"), ("2.5.4.11", "a")));
    }

    #[test]
    fn what_is_no_name_is_not_read() {
        for text in ["", "lab", "CN=", "CN=a,", "CN=a;O=b", r"CN=a\", r"CN=a\x", "XX=a", "CN=#04024869"] {
            assert!(DistinguishedName::parse(text).is_err(), "{text:?}");
        }
    }
}
