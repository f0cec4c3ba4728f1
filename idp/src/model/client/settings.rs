//! What a client registered, and the rules between its parts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Backchannel, ClientAuthMethod, ClientName, ClientType, ConsentRule, GrantType, LegacyFlow, Logo,
    LogoutChannel, Requirement, Subject, Voucher, WebUri,
};
use crate::model::Invalid;
use crate::model::authorization::TypeNames;
use crate::model::certificate::CertificateName;
use crate::model::jwks::Jwks;
use crate::model::key::{Encryption, SigningAlg};
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resources;
use crate::model::scope::Scopes;
use crate::model::user::Policy;

/// What a client registered: everything but its identity and its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    pub name: ClientName,
    pub client_type: ClientType,
    pub auth_method: ClientAuthMethod,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// How it asks people who are somewhere else.
    #[serde(default)]
    pub backchannel: Backchannel,
    /// Where it is told that somebody has logged out.
    #[serde(default)]
    pub backchannel_logout_uri: Option<WebUri>,
    /// A page that the browser loads when somebody has logged out, so that it forgets them too.
    #[serde(default)]
    pub frontchannel_logout_uri: Option<WebUri>,
    /// Where signing in to it begins, for whoever starts here.
    #[serde(default)]
    pub initiate_login_uri: Option<WebUri>,
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
    /// What it may ask for in detail (RFC 9396).
    #[serde(default)]
    pub authorization_details_types: TypeNames,
    pub refresh_tokens: bool,
    /// Response types from before PKCE, for applications that can not be changed.
    #[serde(default)]
    pub legacy_flows: BTreeSet<LegacyFlow>,
    /// RFC 7636. Only for applications that can not be changed it is not required (security: A6).
    #[serde(default = "always")]
    pub require_pkce: bool,
    /// Its public keys: for assertions, request objects and encryption.
    #[serde(default)]
    pub jwks: Option<Jwks>,
    /// Where it publishes them, instead.
    #[serde(default)]
    pub jwks_uri: Option<WebUri>,
    /// Where it keeps signed requests, byte by byte.
    #[serde(default)]
    pub request_uris: Vec<WebUri>,
    /// What its request objects have to be signed with; otherwise anything that we know.
    #[serde(default)]
    pub request_object_alg: Option<SigningAlg>,
    /// The same for its assertions.
    #[serde(default)]
    pub assertion_alg: Option<SigningAlg>,
    /// Its name in the certificate that it authenticates with.
    #[serde(default)]
    pub certificate_name: Option<CertificateName>,
    /// Who may vouch for people at it.
    #[serde(default)]
    pub assertion_issuers: Vec<Voucher>,
    /// Under which names it knows people.
    #[serde(default)]
    pub subject: Subject,
    /// What says that its redirect URIs are of one sector (OIDC Core §8.1).
    #[serde(default)]
    pub sector_identifier_uri: Option<WebUri>,
    /// How old a sign-in may be where a request does not say.
    #[serde(default)]
    pub default_max_age: Option<u32>,
    /// How people have to sign in for it at least, whatever holds for them elsewhere.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// By which ways it wants to be told which session has ended; it is, by both.
    #[serde(default)]
    pub logout_needs_session: BTreeSet<LogoutChannel>,
    /// What it may not do without.
    #[serde(default)]
    pub require: BTreeSet<Requirement>,
    pub consent: ConsentRule,
    pub id_token_alg: SigningAlg,
    #[serde(default)]
    pub id_token_encryption: Option<Encryption>,
    /// Userinfo comes signed with it; otherwise as plain JSON.
    #[serde(default)]
    pub userinfo_alg: Option<SigningAlg>,
    #[serde(default)]
    pub userinfo_encryption: Option<Encryption>,
    /// People at the application, for whoever runs this service.
    #[serde(default)]
    pub contacts: Vec<String>,
    #[serde(default)]
    pub client_uri: Option<WebUri>,
    pub logo: Option<Logo>,
    /// Where the picture was found.
    #[serde(default)]
    pub logo_uri: Option<WebUri>,
    pub policy_uri: Option<WebUri>,
    pub tos_uri: Option<WebUri>,
}

const fn always() -> bool {
    true
}

impl ClientSettings {
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.auth_method == ClientAuthMethod::None
    }

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

    fn validate_flows(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid::new("client", why));
        let in_browser = matches!(self.client_type, ClientType::Web | ClientType::Spa);
        if !self.legacy_flows.is_empty() && !in_browser {
            return invalid("of type web or spa alone may use legacy_flows");
        }
        let bare = self.legacy_flows.iter().any(|flow| flow.has_access_token());
        let bound = [Requirement::Dpop, Requirement::CertificateBoundTokens];
        if bare && bound.iter().any(|bound| self.require.contains(bound)) {
            return invalid("can not have access tokens bound to a key where they come in the browser");
        }
        if !self.require_pkce && self.auth_method == ClientAuthMethod::None {
            return invalid("must authenticate to do without PKCE");
        }
        if self.initiate_login_uri.as_ref().is_some_and(|uri| !uri.as_str().starts_with("https:")) {
            return invalid("needs https for its initiate_login_uri");
        }
        // A front-channel page is for browsers that have been at one of the application's own addresses.
        if let Some(uri) = &self.frontchannel_logout_uri {
            let own = |registered: &RedirectUri| registered.origin() == uri.origin();
            if !self.redirect_uris.iter().any(own) {
                return invalid("needs a frontchannel_logout_uri of the same origin as a redirect_uri");
            }
        }
        if let Subject::Pairwise { sector } = &self.subject
            && sector.is_empty()
        {
            return invalid("needs one sector for all of its redirect_uris (sector_identifier)");
        }
        Ok(())
    }

    fn validate_certificates(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid::new("client", why));
        let by_name = self.auth_method == ClientAuthMethod::TlsClientAuth;
        if by_name && self.certificate_name.is_none() {
            return invalid(
                "with auth_method tls_client_auth needs its name in the certificate (tls_client_auth_…)",
            );
        }
        if !by_name && self.certificate_name.is_some() {
            return invalid("has a tls_client_auth_… name, which is for auth_method tls_client_auth");
        }
        let bound = [Requirement::Dpop, Requirement::CertificateBoundTokens];
        if bound.iter().all(|bound| self.require.contains(bound)) {
            return invalid("can have tokens bound to a key or to a certificate, not to both");
        }
        Ok(())
    }

    /// Nobody is there to be asked, and what is vouched for is known by the person's own identifier alone.
    fn validate_vouchers(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid::new("client", why));
        let vouched = self.grants.contains(&GrantType::JwtBearer);
        if vouched == self.assertion_issuers.is_empty() {
            return invalid(
                "needs both for assertions about people, jwt_bearer and assertion_issuers, or neither",
            );
        }
        if !vouched {
            return Ok(());
        }
        if self.auth_method == ClientAuthMethod::None {
            return invalid("must authenticate to use jwt_bearer");
        }
        if self.policy == Some(Policy::PasskeyOnly) {
            return invalid(
                "whose policy is passkey_only may not use jwt_bearer: nobody's word is a passkey",
            );
        }
        if self.consent != ConsentRule::Never {
            return invalid("must have the consent never to use jwt_bearer: nobody is there to be asked");
        }
        if self.subject != Subject::Public {
            return invalid("must have the subject_type public to use jwt_bearer");
        }
        if self.resources.is_empty() {
            return invalid("needs resources to use jwt_bearer");
        }
        let names: BTreeSet<_> =
            self.assertion_issuers.iter().map(|voucher| voucher.issuer.as_str()).collect();
        if names.len() != self.assertion_issuers.len() || names.len() > 50 {
            return invalid("may have at most 50 assertion_issuers, each of them once");
        }
        Ok(())
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
            self.authorization_details_types.len(),
            self.request_uris.len(),
            self.contacts.len(),
        ];
        if lists.into_iter().any(|length| length > 50) {
            return invalid("may have at most 50 entries in each list");
        }
        let public = self.is_public();
        match self.client_type {
            ClientType::Web | ClientType::Machine if public => {
                return invalid("of type web or machine must authenticate");
            }
            ClientType::Spa | ClientType::Native if !public => {
                return invalid("of type spa or native can not keep a secret: auth_method must be none");
            }
            _ => {}
        }
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return invalid("has its keys either here or at an address (jwks_uri), not both");
        }
        // What we add to it would stand behind the fragment (Back-Channel Logout §2.2, Front-Channel Logout §2).
        let added_to =
            [&self.backchannel_logout_uri, &self.frontchannel_logout_uri, &self.initiate_login_uri];
        if added_to.into_iter().flatten().any(|address| address.as_str().contains('#')) {
            return invalid("has a logout or log-in address with a fragment");
        }
        self.validate_certificates()?;
        let by_own_key = matches!(
            self.auth_method,
            ClientAuthMethod::PrivateKeyJwt | ClientAuthMethod::SelfSignedTlsClientAuth
        );
        let needs_keys = by_own_key
            || self.require.contains(&Requirement::SignedRequests)
            || !self.request_uris.is_empty()
            || self.id_token_encryption.is_some()
            || self.userinfo_encryption.is_some();
        if needs_keys && self.jwks.is_none() && self.jwks_uri.is_none() {
            return invalid("needs its public keys (jwks_file or jwks_uri)");
        }
        self.validate_flows()?;
        self.validate_vouchers()?;
        self.validate_backchannel()?;
        if public && self.grants.contains(&GrantType::ClientCredentials) {
            return invalid("must authenticate to use client_credentials");
        }
        if public && self.grants.contains(&GrantType::TokenExchange) {
            return invalid("must authenticate to use token_exchange");
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
        if self.client_type == ClientType::Machine && self.policy.is_some() {
            return invalid("of type machine acts for nobody: policy is not for it");
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
