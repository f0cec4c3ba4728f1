//! What a client registered, and the rules between its parts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{ClientAuthMethod, ClientName, ClientType, ConsentRule, GrantType, Logo, Requirement, WebUri};
use crate::model::Invalid;
use crate::model::jwks::Jwks;
use crate::model::key::SigningAlg;
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resources;
use crate::model::scope::Scopes;

/// What a client registered: everything but its identity and its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    pub name: ClientName,
    pub client_type: ClientType,
    pub auth_method: ClientAuthMethod,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that somebody has logged out.
    #[serde(default)]
    pub backchannel_logout_uri: Option<WebUri>,
    /// Pages of the application that account pages may lead back to.
    #[serde(default)]
    pub return_uris: Vec<WebUri>,
    pub scopes: Scopes,
    #[serde(default)]
    pub grants: BTreeSet<GrantType>,
    /// The APIs it may ask access tokens for (RFC 8707).
    #[serde(default)]
    pub resources: Resources,
    /// The APIs it is itself: it may introspect tokens for them.
    #[serde(default)]
    pub serves: Resources,
    pub refresh_tokens: bool,
    /// Its public keys: for assertions and request objects.
    #[serde(default)]
    pub jwks: Option<Jwks>,
    /// What it may not do without.
    #[serde(default)]
    pub require: BTreeSet<Requirement>,
    pub consent: ConsentRule,
    pub id_token_alg: SigningAlg,
    pub logo: Option<Logo>,
    pub policy_uri: Option<WebUri>,
    pub tos_uri: Option<WebUri>,
}

impl ClientSettings {
    /// The web origins a client in a browser runs on, and may therefore call us from.
    #[must_use]
    pub fn web_origins(&self) -> BTreeSet<String> {
        let in_browser = self.client_type == ClientType::Spa;
        self.redirect_uris
            .iter()
            .filter(|_| in_browser)
            .filter_map(|uri| Url::parse(uri.as_str()).ok())
            .map(|url| url.origin().ascii_serialization())
            .collect()
    }

    /// The rules between fields that no field knows alone.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn validate(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid::new("client", why));
        let by_code = !matches!(self.client_type, ClientType::Machine | ClientType::Device);
        if by_code && self.redirect_uris.is_empty() {
            return invalid("needs at least one redirect_uri");
        }
        if !by_code && !self.redirect_uris.is_empty() {
            return invalid("of type machine or device has no redirect_uris");
        }
        let lists = [
            self.redirect_uris.len(),
            self.post_logout_redirect_uris.len(),
            self.return_uris.len(),
            self.resources.len(),
            self.serves.len(),
        ];
        if lists.into_iter().any(|length| length > 50) {
            return invalid("may have at most 50 entries in each list");
        }
        let public = self.auth_method == ClientAuthMethod::None;
        match self.client_type {
            ClientType::Web | ClientType::Machine if public => {
                return invalid("of type web or machine must authenticate");
            }
            ClientType::Spa | ClientType::Native if !public => {
                return invalid("of type spa or native can not keep a secret: auth_method must be none");
            }
            _ => {}
        }
        let needs_keys = self.auth_method == ClientAuthMethod::PrivateKeyJwt
            || self.require.contains(&Requirement::SignedRequests);
        if needs_keys && self.jwks.is_none() {
            return invalid("needs its public keys (jwks_file)");
        }
        if public && self.grants.contains(&GrantType::ClientCredentials) {
            return invalid("must authenticate to use client_credentials");
        }
        if public && !self.serves.is_empty() {
            return invalid("must authenticate to serve an API");
        }
        let mut uris = self.redirect_uris.iter().chain(&self.post_logout_redirect_uris);
        if self.client_type != ClientType::Native && uris.any(RedirectUri::has_private_scheme) {
            return invalid("of type web or spa needs https redirect_uris (http only on loopback)");
        }
        // RFC 8252 §8.6: any program on the device can claim to be this client.
        let anybody = matches!(self.client_type, ClientType::Native | ClientType::Device);
        if anybody && self.consent != ConsentRule::Always {
            return invalid(
                "of type native or device must ask for consent every time: consent must be always",
            );
        }
        if self.client_type == ClientType::Machine && self.grants.contains(&GrantType::DeviceCode) {
            return invalid("of type machine acts for nobody: device_code is not for it");
        }
        if self.client_type == ClientType::Machine && self.scopes != self.scopes.without_person() {
            return invalid("of type machine has no scopes about people");
        }
        if self.client_type != ClientType::Machine && !self.scopes.contains(Scopes::OPENID) {
            return invalid("needs the scope openid");
        }
        Ok(())
    }
}
