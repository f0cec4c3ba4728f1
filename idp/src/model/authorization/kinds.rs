//! The types of authorization details as an operator declares them, and whether an object is of one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{AuthorizationDetail, BadDetails, TypeName};
use crate::model::resource::{Resource, Resources};

/// The members that RFC 9396 §2.2 knows. Each but `identifier` is a list.
pub const COMMON: [&str; 5] = ["actions", "datatypes", "privileges", "identifier", "locations"];

/// More digits than this are no amount of money.
const MAX_DIGITS: usize = 15;
const MAX_ITEMS: usize = 50;

/// A text in several languages, by their names (`en`, `de`).
pub type Words = BTreeMap<String, String>;

/// What the value of a member looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    Text,
    Number,
    Boolean,
    /// Of texts.
    List,
    /// An object of a `currency` and an `amount`, both texts.
    Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub kind: MemberKind,
    pub required: bool,
    /// Of texts and lists the values there are, of money the currencies; empty: any.
    pub values: Vec<String>,
    /// Of a text, in characters.
    pub max_length: usize,
    /// What people read in front of it. Those of [`COMMON`] have words of ours.
    pub label: Words,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationType {
    pub name: TypeName,
    /// What people are asked to allow.
    pub title: Words,
    pub description: Words,
    /// The APIs it belongs to: at least one.
    pub apis: Resources,
    /// In the order in which people read them.
    pub members: Vec<Member>,
    /// What single values are called, such as an action.
    pub words: BTreeMap<String, Words>,
    /// Clients that register themselves may choose it.
    pub registration: bool,
}

/// All types there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizationTypes(Vec<AuthorizationType>);

impl FromIterator<AuthorizationType> for AuthorizationTypes {
    fn from_iter<I: IntoIterator<Item = AuthorizationType>>(types: I) -> Self {
        Self(types.into_iter().collect())
    }
}

impl AuthorizationTypes {
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&AuthorizationType> {
        self.0.iter().find(|known| known.name.as_str() == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &AuthorizationType> {
        self.0.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The APIs that an object is for: its `locations` (RFC 9396 §2.2), or else all of its type.
    #[must_use]
    pub fn apis_of(&self, detail: &AuthorizationDetail) -> Resources {
        let all = self.find(detail.kind.as_str()).map(|known| known.apis.clone()).unwrap_or_default();
        match detail.members.get("locations").and_then(Value::as_array) {
            None => all,
            Some(named) => {
                let named: Resources = named
                    .iter()
                    .filter_map(|name| Resource::parse(name.as_str().unwrap_or_default()).ok())
                    .collect();
                all.intersection(&named)
            }
        }
    }

    /// Whether an object is what its type allows (§5).
    pub(super) fn judge(&self, detail: &AuthorizationDetail) -> Result<(), BadDetails> {
        let name = &detail.kind;
        let known = self.find(name.as_str());
        let known = known.ok_or_else(|| BadDetails::new(format!("the type {name} is not known")))?;
        let wrong = |member: &str, why: &str| {
            let member: String = member.chars().filter(char::is_ascii_graphic).take(40).collect();
            Err(BadDetails::new(format!("{name}: {member} {why}")))
        };
        for member in detail.members.keys() {
            if !known.members.iter().any(|known| known.name == *member) {
                return wrong(member, "is no member of this type");
            }
        }
        for member in &known.members {
            match detail.members.get(&member.name) {
                None if member.required => return wrong(&member.name, "is missing"),
                None => {}
                Some(value) => {
                    if let Err(why) = member.judge(value) {
                        return wrong(&member.name, why);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Member {
    fn judge(&self, value: &Value) -> Result<(), &'static str> {
        match (self.kind, value) {
            (MemberKind::Text, Value::String(text)) => self.judge_text(text),
            (MemberKind::Number, Value::Number(_)) | (MemberKind::Boolean, Value::Bool(_)) => Ok(()),
            (MemberKind::List, Value::Array(list)) => self.judge_list(list),
            (MemberKind::Money, Value::Object(money)) => self.judge_money(money),
            (MemberKind::Text, _) => Err("must be a text"),
            (MemberKind::Number, _) => Err("must be a number"),
            (MemberKind::Boolean, _) => Err("must be true or false"),
            (MemberKind::List, _) => Err("must be a list of texts"),
            (MemberKind::Money, _) => Err("must be an object with currency and amount"),
        }
    }

    fn judge_text(&self, text: &str) -> Result<(), &'static str> {
        if text.trim().is_empty() || text.chars().count() > self.max_length {
            return Err("is empty or too long");
        }
        if text.chars().any(is_unreadable) {
            return Err("has characters that nobody can see");
        }
        if !self.values.is_empty() && !self.values.iter().any(|known| known == text) {
            return Err("has a value that is not allowed");
        }
        Ok(())
    }

    fn judge_list(&self, list: &[Value]) -> Result<(), &'static str> {
        if list.is_empty() || list.len() > MAX_ITEMS {
            return Err("is empty or too long");
        }
        for (index, item) in list.iter().enumerate() {
            let Value::String(text) = item else {
                return Err("must be a list of texts");
            };
            self.judge_text(text)?;
            if list.iter().skip(index + 1).any(|other| other == item) {
                return Err("has a value twice");
            }
        }
        Ok(())
    }

    /// An amount is a text, as in the examples of RFC 9396: programs do not agree on fractions.
    fn judge_money(&self, money: &Map<String, Value>) -> Result<(), &'static str> {
        let text = |name: &str| money.get(name).and_then(Value::as_str);
        let (Some(currency), Some(amount), 2) = (text("currency"), text("amount"), money.len()) else {
            return Err("must be an object with currency and amount, both texts");
        };
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err("must have a currency such as EUR");
        }
        if !self.values.is_empty() && !self.values.iter().any(|known| known == currency) {
            return Err("has a currency that is not allowed");
        }
        let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = whole == "0" || !whole.starts_with('0');
        if !digits(whole) || !digits(part) || !plain || whole.len() + part.len() > MAX_DIGITS {
            return Err("must have an amount such as 123.50");
        }
        Ok(())
    }
}

/// What changes how a text reads without being seen: control characters, and those that turn the direction of
/// writing or have no width.
fn is_unreadable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
