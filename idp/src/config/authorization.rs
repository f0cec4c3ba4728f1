//! Types of authorization details (RFC 9396), declared in the configuration file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{DeclaredClient, Problem};
use crate::model::authorization::{
    AuthorizationType, AuthorizationTypes, COMMON, Member, MemberKind, TypeName, Words,
};
use crate::model::resource::Resources;

const MAX_TYPES: usize = 100;
const MAX_MEMBERS: usize = 50;
/// Of a title, a label or a name of a value, in characters.
const MAX_WORDS: usize = 200;
const USUAL_LENGTH: usize = 200;
const MAX_LENGTH: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawType {
    #[serde(rename = "type")]
    name: TypeName,
    title: Words,
    #[serde(default)]
    description: Words,
    resources: Resources,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    datatypes: Vec<String>,
    #[serde(default)]
    privileges: Vec<String>,
    #[serde(default)]
    identifier: bool,
    /// Of the members that RFC 9396 §2.2 knows.
    #[serde(default)]
    required: BTreeSet<String>,
    #[serde(default)]
    members: Vec<RawMember>,
    #[serde(default)]
    words: BTreeMap<String, Words>,
    #[serde(default)]
    registration: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMember {
    name: String,
    kind: Kind,
    label: Words,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    values: Vec<String>,
    max_length: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Number,
    Boolean,
    List,
    Money,
}

/// All types, or what is wrong with them.
pub(super) fn parse(
    raw: Vec<RawType>,
    place: impl Fn(usize) -> String,
) -> Result<AuthorizationTypes, Vec<Problem>> {
    let mut names = BTreeSet::new();
    let mut problems = Vec::new();
    let mut types = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let name = raw.name.clone();
        let parsed = if index >= MAX_TYPES {
            Err(format!("is one of more than {MAX_TYPES}."))
        } else if names.insert(name.clone()) {
            raw.parse()
        } else {
            Err("is declared twice.".to_owned())
        };
        match parsed {
            Ok(parsed) => types.push(parsed),
            Err(what) => problems.push(Problem {
                place: format!("{} (type {name})", place(index)),
                what,
                remedy: String::new(),
            }),
        }
    }
    if problems.is_empty() { Ok(types.into_iter().collect()) } else { Err(problems) }
}

/// Clients may use only what there is.
pub(super) fn check(types: &AuthorizationTypes, clients: &[DeclaredClient]) -> Vec<Problem> {
    let used = clients.iter().flat_map(|client| {
        client.settings.authorization_details_types.iter().map(move |name| (&client.id, name))
    });
    used.filter(|(_, name)| types.find(name.as_str()).is_none())
        .map(|(client, name)| Problem {
            place: format!("client {client}"),
            what: format!("has the authorization_details_types {name}, which is not declared."),
            remedy: "Declare it in [[authorization_types]].".to_owned(),
        })
        .collect()
}

impl RawType {
    fn parse(self) -> Result<AuthorizationType, String> {
        if self.resources.is_empty() {
            return Err("needs resources: the APIs it is for.".to_owned());
        }
        if self.members.len() > MAX_MEMBERS {
            return Err(format!("has more than {MAX_MEMBERS} members."));
        }
        readable("title", &self.title)?;
        if !self.description.is_empty() {
            readable("description", &self.description)?;
        }
        for (value, words) in &self.words {
            readable(&format!("words.{value}"), words)?;
        }
        let common = self.common()?;
        let mut members = Vec::new();
        for raw in self.members {
            let member = raw.parse()?;
            if members.iter().any(|known: &Member| known.name == member.name) {
                return Err(format!("has the member {} twice.", member.name));
            }
            members.push(member);
        }
        members.extend(common);
        Ok(AuthorizationType {
            name: self.name,
            title: self.title,
            description: self.description,
            apis: self.resources,
            members,
            words: self.words,
            registration: self.registration,
        })
    }

    /// The members of RFC 9396 §2.2 that this type has. Where an object is good can always be said.
    fn common(&self) -> Result<Vec<Member>, String> {
        let locations = self.resources.iter().map(ToString::to_string).collect();
        let lists = [
            ("actions", self.actions.clone()),
            ("datatypes", self.datatypes.clone()),
            ("privileges", self.privileges.clone()),
            ("locations", locations),
        ];
        let member = |name: &str, kind, values| Member {
            name: name.to_owned(),
            kind,
            required: self.required.contains(name),
            values,
            max_length: MAX_LENGTH,
            label: Words::new(),
        };
        let mut members: Vec<Member> = lists
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| member(name, MemberKind::List, values))
            .collect();
        if self.identifier {
            members.push(Member {
                max_length: USUAL_LENGTH,
                ..member("identifier", MemberKind::Text, Vec::new())
            });
        }
        let place = |member: &Member| COMMON.iter().position(|name| *name == member.name);
        members.sort_by_key(place);
        match self.required.iter().find(|name| !members.iter().any(|member| member.name == **name)) {
            None => Ok(members),
            Some(name) => Err(format!("has {name} in required, and does not have it.")),
        }
    }
}

impl RawMember {
    fn parse(self) -> Result<Member, String> {
        let name = self.name;
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 50 || !name.chars().all(legal) {
            return Err(format!("has a member {name:?}: names are 1 to 50 characters of A-Z a-z 0-9 _ -"));
        }
        if name == "type" || COMMON.contains(&name.as_str()) {
            return Err(format!("has a member {name}, which RFC 9396 has a meaning for."));
        }
        readable(&format!("label of {name}"), &self.label)?;
        if !self.values.is_empty() && matches!(self.kind, Kind::Number | Kind::Boolean) {
            return Err(format!("has values for {name}: they are for text, list and money."));
        }
        let max_length = self.max_length.unwrap_or(USUAL_LENGTH);
        if max_length == 0 || max_length > MAX_LENGTH {
            return Err(format!("has a max_length of {name} that is not 1 to {MAX_LENGTH}."));
        }
        if self.max_length.is_some() && !matches!(self.kind, Kind::Text | Kind::List) {
            return Err(format!("has a max_length for {name}: it is for text and list."));
        }
        let kind = match self.kind {
            Kind::Text => MemberKind::Text,
            Kind::Number => MemberKind::Number,
            Kind::Boolean => MemberKind::Boolean,
            Kind::List => MemberKind::List,
            Kind::Money => MemberKind::Money,
        };
        Ok(Member { name, kind, required: self.required, values: self.values, max_length, label: self.label })
    }
}

/// A person can read it, in at least one language.
fn readable(what: &str, words: &Words) -> Result<(), String> {
    let good = |text: &String| !text.trim().is_empty() && text.chars().count() <= MAX_WORDS;
    if words.is_empty() || !words.values().all(good) {
        return Err(format!(
            "needs a {what} of 1 to {MAX_WORDS} characters, by language: {{ en = \"…\", de = \"…\" }}."
        ));
    }
    Ok(())
}
