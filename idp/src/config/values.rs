//! Reading single values: what is too large to be meant is a typing error, and an empty text is none.

use std::net::IpAddr;
use std::path::PathBuf;

use http::HeaderName;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use super::SecretText;

/// At least one; more than `MAX` is a typing error.
pub(super) fn up_to<'de, D: Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("must be at least 1")),
        number if number > MAX => Err(serde::de::Error::custom(format!("must be at most {MAX}"))),
        number => Ok(number),
    }
}

pub(super) fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        number if number > 1024 => Err(serde::de::Error::custom("must be at most 1024")),
        number => Ok(number),
    }
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<std::time::Duration, D::Error> {
    match u64::deserialize(deserializer)? {
        number if number > 86_400 => Err(serde::de::Error::custom("must be at most 86400 seconds")),
        number => Ok(std::time::Duration::from_secs(number)),
    }
}

/// Networks, and plain addresses as networks of one.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let read = |text: String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
            serde::de::Error::custom(format!("{text:?} is no address or network such as 10.0.0.0/8"))
        })
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}

pub(super) fn header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HeaderName>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| serde::de::Error::custom(format!("{text:?} is no name of a header such as Client-Cert")))
}

pub(super) fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom("must not be empty"));
    }
    Ok(text)
}

/// An empty text is none.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    Ok(Some(path).filter(|path| !path.as_os_str().is_empty()))
}

pub(super) fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretText>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then(|| text.into()))
}
