//! What an application says about itself (RFC 7591 §2, OIDC Registration §2): read into the settings of a client,
//! and written from them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::Invalid;
use crate::model::authorization::{AuthorizationTypes, TypeName, TypeNames};
use crate::model::client::{
    Backchannel, Client, ClientAuthMethod, ClientName, ClientSettings, ClientType, ConsentRule, DeliveryMode,
    GrantType, LegacyFlow, LogoutChannel, Requirement, Subject, WebUri,
};
use crate::model::jwks::Jwks;
use crate::model::key::{ContentEncryption, Encryption, KeyWrapping, SigningAlg};
use crate::model::redirect_uri::RedirectUri;
use crate::model::scope::{Scope, Scopes};
use crate::oidc::error::OAuthError;

/// As it is sent. What is not here is ignored (RFC 7591 §2), and so are its forms in other languages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of a specification")]
pub(super) struct Metadata {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    application_type: Option<String>,
    token_endpoint_auth_method: Option<ClientAuthMethod>,
    token_endpoint_auth_signing_alg: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
    client_name: Option<String>,
    contacts: Vec<String>,
    client_uri: Option<WebUri>,
    logo_uri: Option<WebUri>,
    policy_uri: Option<WebUri>,
    tos_uri: Option<WebUri>,
    jwks: Option<Value>,
    jwks_uri: Option<WebUri>,
    request_uris: Vec<WebUri>,
    request_object_signing_alg: Option<SigningAlg>,
    subject_type: Option<String>,
    sector_identifier_uri: Option<WebUri>,
    id_token_signed_response_alg: Option<SigningAlg>,
    id_token_encrypted_response_alg: Option<KeyWrapping>,
    id_token_encrypted_response_enc: Option<ContentEncryption>,
    userinfo_signed_response_alg: Option<SigningAlg>,
    userinfo_encrypted_response_alg: Option<KeyWrapping>,
    userinfo_encrypted_response_enc: Option<ContentEncryption>,
    authorization_signed_response_alg: Option<SigningAlg>,
    default_max_age: Option<u32>,
    initiate_login_uri: Option<WebUri>,
    backchannel_token_delivery_mode: DeliveryMode,
    backchannel_client_notification_endpoint: Option<WebUri>,
    backchannel_authentication_request_signing_alg: Option<SigningAlg>,
    backchannel_user_code_parameter: bool,
    backchannel_logout_uri: Option<WebUri>,
    frontchannel_logout_uri: Option<WebUri>,
    #[serde(default)]
    backchannel_logout_session_required: bool,
    #[serde(default)]
    frontchannel_logout_session_required: bool,
    require_pushed_authorization_requests: bool,
    require_signed_request_object: bool,
    dpop_bound_access_tokens: bool,
    authorization_details_types: TypeNames,
}

const CODE: &str = "code";
const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";
const IMPLICIT: &str = "implicit";
const CLIENT_CREDENTIALS: &str = "client_credentials";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// What an application may register for here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered<'a> {
    /// Flows from before PKCE.
    pub(super) legacy: bool,
    /// It may write to people by asking them: somebody has vouched for it.
    pub(super) ciba: bool,
    pub(super) types: &'a AuthorizationTypes,
}

fn invalid(why: impl Into<String>) -> OAuthError {
    OAuthError::InvalidClientMetadata(why.into())
}

impl From<Invalid> for OAuthError {
    fn from(error: Invalid) -> Self {
        if error.what == "redirect_uri" {
            Self::InvalidRedirectUri(error.to_string())
        } else {
            Self::InvalidClientMetadata(error.to_string())
        }
    }
}

impl Metadata {
    /// # Errors
    /// Names the member that can not be read.
    pub(super) fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        // An object and nothing else: a list would be read member by member.
        let body: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| invalid("the body is no JSON object"))?;
        // RFC 7591 §2: null is the same as absent.
        let body: Map<String, Value> = body.into_iter().filter(|(_, value)| !value.is_null()).collect();
        serde_path_to_error::deserialize(Value::Object(body))
            .map_err(|error| invalid(format!("{}: {}", error.path(), error.inner())))
    }

    /// The settings of a client, as far as they follow from what it says alone: pictures and sectors have to be
    /// looked up.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn settings(
        &self,
        Offered { legacy: may_be_legacy, ciba, types }: Offered<'_>,
    ) -> Result<ClientSettings, OAuthError> {
        let redirect_uris = uris(&self.redirect_uris)?;
        let legacy_flows = self.legacy_flows()?;
        if !legacy_flows.is_empty() && !may_be_legacy {
            return Err(invalid("response_types: only code may be registered here"));
        }
        if self.may(CIBA) && !ciba {
            return Err(invalid("grant_types: ciba needs a token for registrations"));
        }
        let client_type = self.client_type(&redirect_uris)?;
        let name = self.name(&redirect_uris)?;
        let defaults = ClientSettings::of_type(client_type, name, redirect_uris);
        let id_token_alg = self.id_token_signed_response_alg.unwrap_or(defaults.id_token_alg);
        if self.authorization_signed_response_alg.is_some_and(|alg| alg != id_token_alg) {
            return Err(invalid(
                "authorization_signed_response_alg must be the same as id_token_signed_response_alg",
            ));
        }
        let is_on_loopback = defaults.redirect_uris.iter().any(|uri| uri.as_str().starts_with("http:"));
        let settings = ClientSettings {
            auth_method: self.auth_method(client_type)?,
            post_logout_redirect_uris: uris(&self.post_logout_redirect_uris)?,
            backchannel: self.backchannel()?,
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
            frontchannel_logout_uri: self.frontchannel_logout_uri.clone(),
            initiate_login_uri: self.initiate_login_uri.clone(),
            scopes: self.scopes(client_type)?,
            grants: self.grants()?,
            authorization_details_types: self.details_types(types)?,
            legacy_flows,
            jwks: self.jwks.as_ref().map(Jwks::parse).transpose()?,
            jwks_uri: self.jwks_uri.clone(),
            // Where the operator allows what is older than PKCE, whoever can keep a secret need not know it.
            require_pkce: !may_be_legacy || matches!(client_type, ClientType::Spa | ClientType::Native),
            request_uris: self.request_uris.clone(),
            request_object_alg: self.request_object_signing_alg,
            assertion_alg: self.assertion_alg()?,
            subject: self.subject(&defaults.redirect_uris)?,
            default_max_age: self.default_max_age,
            logout_needs_session: self.logout_needs_session(),
            require: self.requirements(),
            refresh_tokens: self.may(REFRESH_TOKEN),
            // Nobody here has vouched for it.
            consent: match client_type {
                ClientType::Native | ClientType::Device => ConsentRule::Always,
                // RFC 8252 §8.6: any program on somebody's machine can listen there.
                ClientType::Spa if is_on_loopback => ConsentRule::Always,
                _ => ConsentRule::Remember,
            },
            id_token_alg,
            id_token_encryption: encryption(
                self.id_token_encrypted_response_alg,
                self.id_token_encrypted_response_enc,
            )?,
            userinfo_alg: self.userinfo_signed_response_alg,
            userinfo_encryption: encryption(
                self.userinfo_encrypted_response_alg,
                self.userinfo_encrypted_response_enc,
            )?,
            contacts: self.contacts()?,
            sector_identifier_uri: self.sector_identifier_uri.clone(),
            logo_uri: self.logo_uri.clone(),
            client_uri: self.client_uri.clone(),
            policy_uri: self.policy_uri.clone(),
            tos_uri: self.tos_uri.clone(),
            ..defaults
        };
        settings.validate()?;
        Ok(settings)
    }

    /// RFC 7591 §2: without a list, the code flow.
    fn may(&self, grant: &str) -> bool {
        match &self.grant_types {
            None => grant == AUTHORIZATION_CODE,
            Some(grants) => grants.iter().any(|known| known == grant),
        }
    }

    fn grants(&self) -> Result<BTreeSet<GrantType>, OAuthError> {
        let known = [AUTHORIZATION_CODE, REFRESH_TOKEN, IMPLICIT, CLIENT_CREDENTIALS, DEVICE_CODE, CIBA];
        if self.grant_types.iter().flatten().any(|grant| !known.contains(&grant.as_str())) {
            return Err(invalid("grant_types has one that can not be registered"));
        }
        let all = [
            (CLIENT_CREDENTIALS, GrantType::ClientCredentials),
            (DEVICE_CODE, GrantType::DeviceCode),
            (CIBA, GrantType::Ciba),
        ];
        Ok(all.into_iter().filter(|(name, _)| self.may(name)).map(|(_, grant)| grant).collect())
    }

    /// OIDC Registration §2: response types and grant types belong together.
    fn legacy_flows(&self) -> Result<BTreeSet<LegacyFlow>, OAuthError> {
        let mut flows = BTreeSet::new();
        for text in self.response_types.iter().flatten() {
            let mut parts: Vec<&str> = text.split(' ').collect();
            parts.sort_unstable();
            let text = parts.join(" ");
            if text == CODE {
                continue;
            }
            let flow = LegacyFlow::ALL.into_iter().find(|flow| flow.as_str() == text);
            let flow = flow.ok_or_else(|| invalid("response_types has one that is not known"))?;
            if !self.may(IMPLICIT) {
                return Err(invalid("grant_types must have implicit for these response_types"));
            }
            if flow.has_code() && !self.may(AUTHORIZATION_CODE) {
                return Err(invalid("grant_types must have authorization_code for these response_types"));
            }
            flows.insert(flow);
        }
        Ok(flows)
    }

    fn client_type(&self, redirect_uris: &[RedirectUri]) -> Result<ClientType, OAuthError> {
        let public = self.token_endpoint_auth_method == Some(ClientAuthMethod::None);
        match self.application_type.as_deref() {
            None | Some("web") if redirect_uris.is_empty() && (self.may(DEVICE_CODE) || self.may(CIBA)) => {
                Ok(ClientType::Device)
            }
            None | Some("web") if redirect_uris.is_empty() && self.may(CLIENT_CREDENTIALS) => {
                Ok(ClientType::Machine)
            }
            None | Some("web") if public => Ok(ClientType::Spa),
            None | Some("web") => Ok(ClientType::Web),
            Some("native") => Ok(ClientType::Native),
            Some(_) => Err(invalid("application_type must be web or native")),
        }
    }

    fn auth_method(&self, client_type: ClientType) -> Result<ClientAuthMethod, OAuthError> {
        let native = client_type == ClientType::Native;
        match self.token_endpoint_auth_method {
            None if native => Ok(ClientAuthMethod::None),
            None => Ok(ClientAuthMethod::ClientSecretBasic),
            Some(method) if native && method != ClientAuthMethod::None => Err(invalid(
                "a native application can not keep a secret: token_endpoint_auth_method must be none",
            )),
            // RFC 8705 §2: whose certificate it is only an operator can tell.
            Some(method) if method.shows_certificate() => {
                Err(invalid("token_endpoint_auth_method: certificates are arranged with the operator"))
            }
            Some(method) => Ok(method),
        }
    }

    fn assertion_alg(&self) -> Result<Option<SigningAlg>, OAuthError> {
        match self.token_endpoint_auth_signing_alg.as_deref() {
            None => Ok(None),
            // Of client_secret_jwt, where there is no other.
            Some("HS256") if self.token_endpoint_auth_method == Some(ClientAuthMethod::ClientSecretJwt) => {
                Ok(None)
            }
            Some(alg) => SigningAlg::from_stored(alg)
                .map(Some)
                .ok_or_else(|| invalid("token_endpoint_auth_signing_alg is none of those in the metadata")),
        }
    }

    /// What it may ask for: what it says, of what is about people. APIs are an operator's to open.
    fn scopes(&self, client_type: ClientType) -> Result<Scopes, OAuthError> {
        if client_type == ClientType::Machine {
            return Ok(Scopes::default());
        }
        let all = Scopes::OF_PERSON.into_iter().filter_map(|scope| Scope::parse(scope).ok()).collect();
        let asked = match &self.scope {
            None => return Ok(all),
            Some(text) => Scopes::parse(text)?,
        };
        let openid = Scope::parse(Scopes::OPENID)?;
        Ok(asked.intersection(&all).union(&std::iter::once(openid).collect()))
    }

    /// Without a name people are told the host that they are sent to.
    fn name(&self, redirect_uris: &[RedirectUri]) -> Result<ClientName, OAuthError> {
        let host = redirect_uris.first().map(RedirectUri::display_host);
        let name = self.client_name.clone().or(host).unwrap_or_else(|| "Application".to_owned());
        Ok(ClientName::parse(&name)?)
    }

    fn subject(&self, redirect_uris: &[RedirectUri]) -> Result<Subject, OAuthError> {
        match self.subject_type.as_deref() {
            None | Some("public") => Ok(Subject::Public),
            // A device gets its tokens at no redirect URI, and nothing else shows whose sector it is in.
            Some("pairwise") if self.may(DEVICE_CODE) || self.may(CIBA) => Err(invalid(
                "subject_type: an application that uses device codes or ciba can not be pairwise",
            )),
            Some("pairwise") => {
                let named = self.sector_identifier_uri.as_ref().and_then(WebUri::host);
                Ok(Subject::pairwise(redirect_uris, named.as_deref()))
            }
            Some(_) => Err(invalid("subject_type must be public or pairwise")),
        }
    }

    /// CIBA §4
    fn backchannel(&self) -> Result<Backchannel, OAuthError> {
        if self.backchannel_user_code_parameter {
            return Err(invalid("backchannel_user_code_parameter: user codes are not supported"));
        }
        Ok(Backchannel {
            delivery: self.backchannel_token_delivery_mode,
            notification_endpoint: self.backchannel_client_notification_endpoint.clone(),
            request_alg: self.backchannel_authentication_request_signing_alg,
        })
    }

    /// What it says of its logout addresses. A notice always names the session, so this is kept only to be shown.
    fn logout_needs_session(&self) -> BTreeSet<LogoutChannel> {
        let all = [
            (self.backchannel_logout_session_required, LogoutChannel::Back),
            (self.frontchannel_logout_session_required, LogoutChannel::Front),
        ];
        all.into_iter().filter(|(asked, _)| *asked).map(|(_, channel)| channel).collect()
    }

    fn requirements(&self) -> BTreeSet<Requirement> {
        let all = [
            (self.require_pushed_authorization_requests, Requirement::PushedRequests),
            (self.require_signed_request_object, Requirement::SignedRequests),
            (self.dpop_bound_access_tokens, Requirement::Dpop),
        ];
        all.into_iter().filter(|(asked, _)| *asked).map(|(_, requirement)| requirement).collect()
    }

    /// RFC 9396 §10. What the operator has not opened to applications that nobody vouches for does not exist for them.
    fn details_types(&self, types: &AuthorizationTypes) -> Result<TypeNames, OAuthError> {
        let open = |name: &TypeName| types.find(name.as_str()).is_some_and(|known| known.registration);
        if self.authorization_details_types.iter().all(open) {
            Ok(self.authorization_details_types.clone())
        } else {
            Err(invalid("authorization_details_types has one that can not be registered"))
        }
    }

    fn contacts(&self) -> Result<Vec<String>, OAuthError> {
        let good = |contact: &String| contact.len() <= 254 && !contact.chars().any(char::is_control);
        if self.contacts.iter().all(good) {
            Ok(self.contacts.clone())
        } else {
            Err(invalid("contacts: too long"))
        }
    }
}

fn uris(texts: &[String]) -> Result<Vec<RedirectUri>, OAuthError> {
    Ok(texts.iter().map(|text| RedirectUri::parse(text)).collect::<Result<_, Invalid>>()?)
}

fn encryption(
    alg: Option<KeyWrapping>,
    enc: Option<ContentEncryption>,
) -> Result<Option<Encryption>, OAuthError> {
    match (alg, enc) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(invalid("an encrypted_response_enc needs its encrypted_response_alg")),
        (Some(alg), enc) => Ok(Some(Encryption { alg, enc: enc.unwrap_or_default() })),
    }
}

/// The registration as it stands (RFC 7591 §3.2.1), without what only its owner knows.
pub(super) fn of(client: &Client) -> Map<String, Value> {
    let settings = &client.settings;
    let mut grant_types: Vec<Value> = settings.grants.iter().map(|grant| json!(grant)).collect();
    let mut response_types: Vec<Value> = settings.legacy_flows.iter().map(|flow| json!(flow)).collect();
    if !settings.redirect_uris.is_empty() {
        grant_types.push(json!(AUTHORIZATION_CODE));
        response_types.push(json!(CODE));
    }
    if settings.refresh_tokens {
        grant_types.push(json!(REFRESH_TOKEN));
    }
    if !settings.legacy_flows.is_empty() {
        grant_types.push(json!(IMPLICIT));
    }
    let encryption = |how: Option<Encryption>| (how.map(|how| how.alg), how.map(|how| how.enc));
    let (id_token_alg, id_token_enc) = encryption(settings.id_token_encryption);
    let (userinfo_alg, userinfo_enc) = encryption(settings.userinfo_encryption);
    let native = settings.client_type == ClientType::Native;
    let asks = settings.grants.contains(&GrantType::Ciba);
    let members = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_at.unix_timestamp(),
        "client_name": settings.name,
        "application_type": if native { "native" } else { "web" },
        "redirect_uris": settings.redirect_uris,
        "post_logout_redirect_uris": settings.post_logout_redirect_uris,
        "token_endpoint_auth_method": settings.auth_method,
        "token_endpoint_auth_signing_alg": settings.assertion_alg,
        "grant_types": grant_types,
        "response_types": response_types,
        "scope": settings.scopes.to_string(),
        "authorization_details_types": settings.authorization_details_types,
        "contacts": settings.contacts,
        "client_uri": settings.client_uri,
        "logo_uri": settings.logo_uri,
        "policy_uri": settings.policy_uri,
        "tos_uri": settings.tos_uri,
        "jwks": settings.jwks,
        "jwks_uri": settings.jwks_uri,
        "request_uris": settings.request_uris,
        "request_object_signing_alg": settings.request_object_alg,
        "subject_type": match settings.subject { Subject::Public => "public", Subject::Pairwise { .. } => "pairwise" },
        "sector_identifier_uri": settings.sector_identifier_uri,
        "id_token_signed_response_alg": settings.id_token_alg,
        "authorization_signed_response_alg": settings.id_token_alg,
        "id_token_encrypted_response_alg": id_token_alg,
        "id_token_encrypted_response_enc": id_token_enc,
        "userinfo_signed_response_alg": settings.userinfo_alg,
        "userinfo_encrypted_response_alg": userinfo_alg,
        "userinfo_encrypted_response_enc": userinfo_enc,
        "default_max_age": settings.default_max_age,
        "initiate_login_uri": settings.initiate_login_uri,
        "backchannel_logout_uri": settings.backchannel_logout_uri,
        "frontchannel_logout_uri": settings.frontchannel_logout_uri,
        "backchannel_logout_session_required": settings.logout_needs_session.contains(&LogoutChannel::Back),
        "frontchannel_logout_session_required": settings.logout_needs_session.contains(&LogoutChannel::Front),
        "require_pushed_authorization_requests": client.must(Requirement::PushedRequests),
        "require_signed_request_object": client.must(Requirement::SignedRequests),
        "dpop_bound_access_tokens": client.must(Requirement::Dpop),
    });
    let asking = json!({
        "backchannel_token_delivery_mode": asks.then_some(settings.backchannel.delivery),
        "backchannel_client_notification_endpoint": settings.backchannel.notification_endpoint,
        "backchannel_authentication_request_signing_alg": settings.backchannel.request_alg,
    });
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let parts = [members, asking].into_iter().filter_map(|part| match part {
        Value::Object(members) => Some(members),
        _ => None,
    });
    parts.flatten().filter(|(_, value)| !empty(value)).collect()
}
