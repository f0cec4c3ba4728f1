//! The APIs that access tokens are made for (RFC 8707).

use url::Url;

use super::{Invalid, text_set, text_type};

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

text_set!(
    /// The APIs of a request, a grant or a client.
    Resources of Resource
);

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
