//! What a client asks for in detail (RFC 9396): objects of types that the operator has declared. An object says no
//! more than its type knows, so that all of it can be shown to a person in words.

mod json;
mod kinds;

pub use kinds::{AuthorizationType, AuthorizationTypes, COMMON, Member, MemberKind, Words};

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::resource::Resources;
use super::{Invalid, text_set, text_type};

/// What is asked for travels in access tokens, which go in a header.
const MAX_BYTES: usize = 4096;
const MAX_OBJECTS: usize = 10;

text_type!(
    /// The name of a type (RFC 9396 §2): 1 to 100 printable characters without spaces, quotes and backslashes.
    TypeName,
    |text| {
        let legal = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if text.is_empty() || text.len() > 100 || !text.bytes().all(legal) {
            return Err(Invalid::new(
                "authorization type",
                "must be 1 to 100 printable characters without spaces, quotes and backslashes",
            ));
        }
        Ok(text.to_owned())
    }
);

text_set!(
    /// The types that a client may use.
    TypeNames of TypeName
);

/// Why details can not be granted, for a developer: a whole clause, such as "payment: amount is missing".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDetails(String);

impl BadDetails {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for BadDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadDetails {}

/// One object: its type, and members that the type knew when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationDetail {
    #[serde(rename = "type")]
    kind: TypeName,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl AuthorizationDetail {
    #[must_use]
    pub const fn kind(&self) -> &TypeName {
        &self.kind
    }

    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Whether this object allows all that another one asks for. The lists that RFC 9396 §2.2 names may be shorter,
    /// because fewer actions are less; what any other member means only its API knows, so those must be the same.
    fn covers(&self, asked: &Self) -> bool {
        let shorter = |name: &str, value: &Value| match (self.members.get(name), value) {
            (Some(Value::Array(held)), Value::Array(asked)) if COMMON.contains(&name) => {
                !asked.is_empty() && asked.iter().all(|item| held.contains(item))
            }
            (held, asked) => held == Some(asked),
        };
        self.kind == asked.kind
            && self.members.len() == asked.members.len()
            && asked.members.iter().all(|(name, value)| shorter(name, value))
    }
}

/// The objects of a request, a grant or a token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<AuthorizationDetail>);

impl AuthorizationDetails {
    /// Reads a request (RFC 9396 §5): each object is of a declared type and has exactly what that allows.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &str, types: &AuthorizationTypes) -> Result<Self, BadDetails> {
        if text.len() > MAX_BYTES {
            return Err(BadDetails::new(format!("it is longer than {MAX_BYTES} bytes")));
        }
        let value =
            json::strict(text).map_err(|error| BadDetails::new(format!("it can not be read: {error}")))?;
        let Value::Array(list) = value else {
            return Err(BadDetails::new("it is no JSON array"));
        };
        if list.is_empty() || list.len() > MAX_OBJECTS {
            return Err(BadDetails::new(format!("it must have 1 to {MAX_OBJECTS} objects")));
        }
        let mut details = Self::default();
        for value in list {
            let detail = one(value)?;
            types.judge(&detail)?;
            // Twice the same could mean once or twice.
            if details.0.contains(&detail) {
                return Err(BadDetails::new(format!("{}: the same object twice", detail.kind)));
            }
            details.0.push(detail);
        }
        Ok(details)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &AuthorizationDetail> {
        self.0.iter()
    }

    /// The types of the objects, each once.
    #[must_use]
    pub fn kinds(&self) -> TypeNames {
        self.0.iter().map(|detail| detail.kind.clone()).collect()
    }

    /// Whether these allow all that others ask for (§6.1). Each object stands for one that is asked for, or else one
    /// payment could become two.
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        let mut held: Vec<&AuthorizationDetail> = self.0.iter().collect();
        asked.0.iter().all(|asked| match held.iter().position(|held| held.covers(asked)) {
            Some(index) => {
                held.swap_remove(index);
                true
            }
            None => false,
        })
    }

    /// What is left for a client that may use these types.
    #[must_use]
    pub fn within(&self, types: &TypeNames) -> Self {
        self.only(|detail| types.contains(detail.kind.as_str()))
    }

    /// What the declarations of today still allow.
    #[must_use]
    pub fn current(&self, types: &AuthorizationTypes) -> Self {
        self.only(|detail| types.judge(detail).is_ok())
    }

    /// What is meant for one of the APIs that this picks.
    #[must_use]
    pub fn meant_for(&self, types: &AuthorizationTypes, picks: impl Fn(&str) -> bool) -> Self {
        self.only(|detail| types.apis_of(detail).iter().any(|api| picks(api.as_str())))
    }

    /// The APIs that these are for, all together.
    #[must_use]
    pub fn apis(&self, types: &AuthorizationTypes) -> Resources {
        self.0.iter().fold(Resources::default(), |apis, detail| apis.union(&types.apis_of(detail)))
    }

    fn only(&self, keep: impl Fn(&AuthorizationDetail) -> bool) -> Self {
        Self(self.0.iter().filter(|detail| keep(detail)).cloned().collect())
    }
}

fn one(value: Value) -> Result<AuthorizationDetail, BadDetails> {
    let Value::Object(mut members) = value else {
        return Err(BadDetails::new("it has something in it that is no object"));
    };
    let Some(Value::String(kind)) = members.remove("type") else {
        return Err(BadDetails::new("an object has no type"));
    };
    let kind =
        TypeName::parse(&kind).map_err(|_| BadDetails::new("an object has a type that is not known"))?;
    Ok(AuthorizationDetail { kind, members })
}

#[cfg(test)]
mod tests;
