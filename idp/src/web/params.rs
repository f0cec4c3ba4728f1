//! Parameters of protocol requests. A protocol forbids what frameworks forgive: a parameter given
//! twice (RFC 6749 §3.1) is reported, not dropped.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// The parameters of one request, each at most once but for those that may be repeated. Their values may
/// be secrets.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Params {
    values: BTreeMap<String, String>,
    /// Every value of a parameter that may come several times.
    lists: BTreeMap<String, Vec<String>>,
    repeated: Vec<String>,
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// RFC 8707 §2, RFC 8693 §2.1: one value each, as often as needed.
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// A request with more parameters than this is not one of the protocol's.
const MAX_PARAMETERS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a parameter is not valid percent-encoded UTF-8")]
    Encoding,
    #[error("there are too many parameters")]
    TooMany,
}

impl Params {
    /// Parses a query or an `application/x-www-form-urlencoded` body. A parameter without a value is
    /// treated as absent (RFC 6749 §3.1).
    ///
    /// # Errors
    /// When it can not be read at all.
    pub fn parse(encoded: &str) -> Result<Self, Malformed> {
        let mut params = Self::default();
        for (count, pair) in encoded.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if count >= MAX_PARAMETERS {
                return Err(Malformed::TooMany);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if REPEATABLE.contains(&name.as_str()) {
                if !value.is_empty() {
                    params.lists.entry(name).or_default().push(value);
                }
                continue;
            }
            if params.values.contains_key(&name) {
                params.repeated.push(name.clone());
            }
            params.values.entry(name).or_insert(value);
        }
        params.values.retain(|_, value| !value.is_empty());
        Ok(params)
    }

    /// Whether a parameter of this name may come several times.
    #[must_use]
    pub fn may_repeat(name: &str) -> bool {
        REPEATABLE.contains(&name)
    }

    /// Adds a parameter, as if it had been in the query.
    pub fn add(&mut self, name: &str, value: String) {
        if Self::may_repeat(name) {
            self.lists.entry(name.to_owned()).or_default().push(value);
        } else {
            self.values.insert(name.to_owned(), value);
        }
    }

    /// Puts a parameter in the place of what was sent under its name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Keeps the parameters of these names and forgets the rest.
    pub fn keep(&mut self, names: &[&str]) {
        self.values.retain(|name, _| names.contains(&name.as_str()));
        self.lists.retain(|name, _| names.contains(&name.as_str()));
    }

    /// How much text it is.
    #[must_use]
    pub fn len(&self) -> usize {
        let plain = self.values.iter().map(|(name, value)| name.len() + value.len());
        let lists = self.lists.values().flatten().map(String::len);
        plain.chain(lists).sum()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All values of a parameter that may come several times.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.lists.get(name).map_or(&[], Vec::as_slice)
    }

    #[must_use]
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.iter().any(|repeated| repeated == name)
    }

    /// The first parameter that was given more than once.
    #[must_use]
    pub fn repeated(&self) -> Option<&str> {
        self.repeated.first().map(String::as_str)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.lists.is_empty()
    }
}

/// `+` is a space, `%xx` a byte.
fn decode(text: &str) -> Result<String, Malformed> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| Malformed::Encoding)?;
    if decoded.contains('\0') {
        return Err(Malformed::Encoding);
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_once() {
        let params = Params::parse("a=1+2%203&b=%25&c&d=&=x").unwrap();
        assert_eq!(params.get("a"), Some("1 2 3"));
        assert_eq!(params.get("b"), Some("%"));
        assert_eq!((params.get("c"), params.get("d")), (None, None));
    }

    /// A12
    #[test]
    fn a_repeated_parameter_is_reported() {
        let params = Params::parse("a=1&b=2&a=1").unwrap();
        assert!(params.is_repeated("a") && !params.is_repeated("b"));
        assert_eq!(params.repeated(), Some("a"));
    }

    /// RFC 8707 §2
    #[test]
    fn a_resource_may_come_several_times() {
        let params = Params::parse("resource=a&resource=b&resource=").unwrap();
        assert_eq!(
            (params.all("resource"), params.repeated()),
            (["a", "b"].map(String::from).as_slice(), None)
        );
        assert!(params.get("resource").is_none() && params.all("audience").is_empty());
    }

    /// T17
    #[test]
    fn what_is_no_text_or_too_much_is_refused() {
        assert_eq!(Params::parse("a=%ff").unwrap_err(), Malformed::Encoding);
        assert_eq!(Params::parse("a=%00").unwrap_err(), Malformed::Encoding);
        let many: String = (0..101).map(|n| format!("p{n}=1&")).collect();
        assert_eq!(Params::parse(&many).unwrap_err(), Malformed::TooMany);
    }
}
