//! The APIs that access tokens are made for (RFC 8707).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Invalid, text_type};

text_type!(
    /// An API, named by an absolute URI without a fragment (RFC 8707 §2).
    Resource,
    |text| {
        let absolute = Url::parse(text).is_ok_and(|url| !url.scheme().is_empty());
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !absolute || !plain || text.contains('#') || text.len() > 500 {
            return Err(Invalid::new("resource", "must be an absolute URI without a fragment"));
        }
        Ok(text.to_owned())
    }
);

/// A set of APIs; order and repetition carry no meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resources(BTreeSet<Resource>);

impl Resources {
    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    /// When one of them is malformed.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.split(' ').filter(|part| !part.is_empty()).map(Resource::parse).collect()
    }

    #[must_use]
    pub fn contains(&self, resource: &str) -> bool {
        self.0.iter().any(|known| known.as_str() == resource)
    }

    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.0.intersection(&other.0).cloned().collect()
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.union(&other.0).cloned().collect()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter()
    }
}

impl FromIterator<Resource> for Resources {
    fn from_iter<I: IntoIterator<Item = Resource>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, resource) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(resource.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B6
    #[test]
    fn an_api_is_an_absolute_uri_without_a_fragment() {
        for text in ["https://api.example.org", "https://api.example.org/v1?x=1", "urn:example:lab"] {
            assert!(Resource::parse(text).is_ok(), "{text:?}");
        }
        for text in
            ["", "/relative", "api.example.org", "https://api.example.org#x", "https://a b", "https://é"]
        {
            assert!(Resource::parse(text).is_err(), "{text:?}");
        }
        let both = Resources::parse("urn:b urn:a urn:b").unwrap();
        assert_eq!(both.to_string(), "urn:a urn:b");
        assert_eq!(Resources::parse(&both.to_string()).unwrap(), both);
    }
}
