//! The form with which an application is registered and changed.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::Invalid;
use crate::model::client::{ClientName, ClientSettings, ClientType, WebUri};
use crate::model::key::SigningAlg;
use crate::model::resource::Resource;
use crate::model::scope::Scope;

/// As somebody typed it: lists one entry a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationForm {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub redirect_uris: String,
    #[serde(default)]
    pub post_logout_redirect_uris: String,
    #[serde(default)]
    pub backchannel_logout_uri: String,
    #[serde(default)]
    pub initiate_login_uri: String,
    #[serde(default)]
    pub return_uris: String,
    #[serde(default)]
    pub scopes: String,
    #[serde(default)]
    pub resources: String,
    #[serde(default)]
    pub id_token_alg: String,
}

/// A field that can not be taken as it is, and the rule, for a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    pub field: &'static str,
    pub why: String,
}

/// The kinds that the wizard offers, the most usual first.
pub(super) const KINDS: [(&str, ClientType); 5] = [
    ("web", ClientType::Web),
    ("spa", ClientType::Spa),
    ("native", ClientType::Native),
    ("machine", ClientType::Machine),
    ("device", ClientType::Device),
];

pub(super) fn kind_of(name: &str) -> Option<ClientType> {
    KINDS.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
}

pub(super) fn name_of(kind: ClientType) -> &'static str {
    KINDS.into_iter().find(|(_, known)| *known == kind).map_or("web", |(name, _)| name)
}

impl ApplicationForm {
    /// What a new application of a kind begins with.
    pub fn new(kind: ClientType) -> Self {
        let scopes = match kind {
            ClientType::Machine => "",
            _ => "openid profile email offline_access",
        };
        Self {
            kind: name_of(kind).to_owned(),
            scopes: scopes.to_owned(),
            // The default of the standard is for old libraries; every current one reads this.
            id_token_alg: SigningAlg::Es256.as_str().to_owned(),
            ..Self::default()
        }
    }

    /// What is registered now.
    pub fn of(settings: &ClientSettings) -> Self {
        let text = |uri: &Option<WebUri>| uri.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            kind: name_of(settings.client_type).to_owned(),
            name: settings.name.to_string(),
            redirect_uris: lines(&settings.redirect_uris),
            post_logout_redirect_uris: lines(&settings.post_logout_redirect_uris),
            backchannel_logout_uri: text(&settings.backchannel_logout_uri),
            initiate_login_uri: text(&settings.initiate_login_uri),
            return_uris: lines(&settings.return_uris),
            scopes: settings.scopes.to_string(),
            resources: settings.resources.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            id_token_alg: settings.id_token_alg.as_str().to_owned(),
        }
    }

    /// What the form says, on top of what `base` makes for its name; or every field that is wrong.
    pub fn settings(
        &self,
        base: impl FnOnce(ClientName) -> ClientSettings,
    ) -> Result<ClientSettings, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let found = &mut wrong;
        let name = one(found, "name", &self.name);
        let redirect_uris = many(found, "redirect_uris", &self.redirect_uris);
        let post_logout_redirect_uris =
            many(found, "post_logout_redirect_uris", &self.post_logout_redirect_uris);
        let backchannel_logout_uri = maybe(found, "backchannel_logout_uri", &self.backchannel_logout_uri);
        let initiate_login_uri = maybe(found, "initiate_login_uri", &self.initiate_login_uri);
        let return_uris = many(found, "return_uris", &self.return_uris);
        let scopes: Vec<Scope> = many(found, "scopes", &self.scopes);
        let resources: Vec<Resource> = many(found, "resources", &self.resources);
        let alg = SigningAlg::from_stored(&self.id_token_alg);
        if alg.is_none() {
            let why = "must be one of RS256, PS256, ES256, EdDSA".to_owned();
            found.push(Wrong { field: "id_token_alg", why });
        }
        match (name, alg) {
            (Some(name), Some(id_token_alg)) if wrong.is_empty() => Ok(ClientSettings {
                redirect_uris,
                post_logout_redirect_uris,
                backchannel_logout_uri,
                initiate_login_uri,
                return_uris,
                scopes: scopes.into_iter().collect(),
                resources: resources.into_iter().collect(),
                id_token_alg,
                ..base(name)
            }),
            _ => Err(wrong),
        }
    }
}

fn lines<T: ToString>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn one<T: FromStr<Err = Invalid>>(wrong: &mut Vec<Wrong>, field: &'static str, text: &str) -> Option<T> {
    let parsed: Result<T, Invalid> = text.trim().parse();
    parsed.map_err(|error| wrong.push(Wrong { field, why: error.why.to_owned() })).ok()
}

fn maybe<T: FromStr<Err = Invalid>>(wrong: &mut Vec<Wrong>, field: &'static str, text: &str) -> Option<T> {
    if text.trim().is_empty() { None } else { one(wrong, field, text) }
}

fn many<T: FromStr<Err = Invalid>>(wrong: &mut Vec<Wrong>, field: &'static str, text: &str) -> Vec<T> {
    let mut found = Vec::new();
    for entry in text.split_whitespace() {
        match entry.parse::<T>() {
            Ok(value) => found.push(value),
            Err(error) => wrong.push(Wrong { field, why: format!("{entry}: {}", error.why) }),
        }
    }
    found
}
