//! What may be known of a person beyond their name and email address (OIDC Core §5.1). All of it is optional,
//! and whoever may not know it is not told.

use serde::{Deserialize, Serialize};

use super::client::WebUri;
use super::user::PersonName;
use super::{Invalid, text_type};

text_type!(
    /// A telephone number in the form of E.164, such as `+41441234567`, perhaps with an extension as in
    /// RFC 3966 (`+41441234567;ext=12`).
    PhoneNumber,
    |text| {
        let (number, extension) = text.split_once(";ext=").map_or((text, None), |(n, e)| (n, Some(e)));
        let digits = |text: &str, most| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let good = number.strip_prefix('+').is_some_and(|rest| digits(rest, 15) && rest.len() >= 5);
        if !good || !extension.is_none_or(|extension| digits(extension, 7)) {
            return Err(Invalid::new("phone_number", "must be a number such as +41441234567"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// `2001-12-31`, `0000-12-31` where the year is withheld, or a year alone.
    Birthdate,
    |text| {
        let invalid = Err(Invalid::new("birthdate", "must be a date such as 2001-12-31, or a year"));
        let number = |part: &str, length: usize| {
            let digits = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let Some(year) = year.and_then(|part| number(part, 4)) else {
            return invalid;
        };
        match (month, day, parts.next()) {
            (None, None, None) if year > 0 => Ok(text.to_owned()),
            (Some(month), Some(day), None) => {
                let month = number(month, 2).and_then(|month| u8::try_from(month).ok());
                let month = month.and_then(|month| time::Month::try_from(month).ok());
                let day = number(day, 2).and_then(|day| u8::try_from(day).ok());
                // Without a year, the 29th of February is a day like others.
                let year = if year == 0 { 2000 } else { i32::from(year) };
                match (month, day) {
                    (Some(month), Some(day)) if time::Date::from_calendar_date(year, month, day).is_ok() => {
                        Ok(text.to_owned())
                    }
                    _ => invalid,
                }
            }
            _ => invalid,
        }
    }
);

text_type!(
    /// A part of a postal address: 1 to 300 characters, which may be several lines.
    AddressPart,
    |text| {
        let text = text.trim();
        let odd = |c: char| c.is_control() && c != '\n';
        if text.is_empty() || text.chars().count() > 300 || text.chars().any(odd) {
            return Err(Invalid::new("address", "must have parts of 1 to 300 characters"));
        }
        Ok(text.to_owned())
    }
);

/// OIDC Core §5.1.1
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<AddressPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<AddressPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<AddressPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<AddressPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<AddressPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<AddressPart>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<PersonName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<PersonName>,
    /// How the person likes to be called; neither unique nor a name to sign in with (§5.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<PersonName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<WebUri>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<WebUri>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<WebUri>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<PersonName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<Birthdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<PhoneNumber>,
    pub phone_number_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_that_can_be_called_from_everywhere() {
        for good in ["+41441234567", "+41441234567;ext=12"] {
            assert!(PhoneNumber::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "044 123 45 67", "+", "+1234", "+1234567890123456", "+4144x", "+41441234567;ext="] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_birthdate_is_a_day_that_exists() {
        for good in ["1984-02-29", "0000-02-29", "1984"] {
            assert!(Birthdate::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "1983-02-29", "1984-13-01", "1984-1-1", "0000", "84", "1984-02", "1984-02-29-1"] {
            assert!(Birthdate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_nobody_knows_is_not_written() {
        let nothing = serde_json::to_value(Details::default()).unwrap();
        assert_eq!(nothing, serde_json::json!({ "phone_number_verified": false }));
        assert_eq!(serde_json::from_str::<Details>("{}").unwrap(), Details::default());
        assert!(serde_json::from_str::<Details>(r#"{"salary": 1}"#).is_err());
    }
}
