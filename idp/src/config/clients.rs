//! Applications declared in the configuration file.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::sections::SecretText;
use super::{Problem, api};
use crate::model::authorization::TypeNames;
use crate::model::certificate::{CertificateName, DistinguishedName};
use crate::model::client::{
    Backchannel, ClientAuthMethod, ClientId, ClientName, ClientSettings, ClientType, ConsentRule,
    DeliveryMode, GrantType, LegacyFlow, Logo, PeopleBy, Requirement, Subject, Voucher, VoucherName, WebUri,
};
use crate::model::jwks::Jwks;
use crate::model::key::{Encryption, SigningAlg};
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resources;
use crate::model::scope::{Scope, Scopes};
use crate::model::user::Policy;

/// Shorter ones could be guessed: a client secret is compared as a fast hash.
const MIN_SECRET: usize = 32;

/// Every key a `[[clients]]` table may have.
pub(super) const KEYS: [&str; 49] = [
    "id",
    "name",
    "type",
    "secret",
    "secret_file",
    "auth_method",
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "initiate_login_uri",
    "return_uris",
    "scopes",
    "grants",
    "legacy_flows",
    "require_pkce",
    "resources",
    "serves",
    "authorization_details_types",
    "jwks_file",
    "jwks_uri",
    "request_uris",
    "request_object_alg",
    "assertion_alg",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "assertion_issuers",
    "subject_type",
    "sector_identifier",
    "default_max_age",
    "backchannel_token_delivery_mode",
    "backchannel_client_notification_endpoint",
    "backchannel_authentication_request_signing_alg",
    "policy",
    "require",
    "refresh_tokens",
    "consent",
    "id_token_alg",
    "id_token_encryption",
    "userinfo_alg",
    "userinfo_encryption",
    "client_uri",
    "logo_file",
    "policy_uri",
    "tos_uri",
    "administers",
];

#[derive(Debug, Clone)]
pub struct DeclaredClient {
    pub id: ClientId,
    pub settings: ClientSettings,
    pub secret: Option<SecretText>,
    /// What it may do at the administration API for itself.
    pub administers: Scopes,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawClient {
    id: ClientId,
    name: ClientName,
    #[serde(rename = "type")]
    client_type: ClientType,
    #[serde(default)]
    secret: Option<SecretText>,
    #[serde(default)]
    secret_file: Option<PathBuf>,
    auth_method: Option<ClientAuthMethod>,
    #[serde(default)]
    redirect_uris: Vec<RedirectUri>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<RedirectUri>,
    #[serde(default)]
    return_uris: Vec<WebUri>,
    backchannel_logout_uri: Option<String>,
    frontchannel_logout_uri: Option<String>,
    initiate_login_uri: Option<String>,
    scopes: Option<Vec<Scope>>,
    grants: Option<BTreeSet<GrantType>>,
    #[serde(default)]
    legacy_flows: BTreeSet<LegacyFlow>,
    require_pkce: Option<bool>,
    #[serde(default)]
    resources: Resources,
    #[serde(default)]
    serves: Resources,
    #[serde(default)]
    authorization_details_types: TypeNames,
    jwks_file: Option<PathBuf>,
    jwks_uri: Option<String>,
    #[serde(default)]
    request_uris: Vec<WebUri>,
    request_object_alg: Option<SigningAlg>,
    assertion_alg: Option<SigningAlg>,
    #[serde(flatten)]
    certificate: RawCertificateName,
    #[serde(flatten)]
    backchannel: RawBackchannel,
    #[serde(default)]
    assertion_issuers: Vec<RawVoucher>,
    #[serde(default)]
    subject_type: SubjectType,
    /// A host.
    sector_identifier: Option<String>,
    default_max_age: Option<u32>,
    policy: Option<Policy>,
    #[serde(default)]
    require: BTreeSet<Requirement>,
    refresh_tokens: Option<bool>,
    consent: Option<ConsentRule>,
    id_token_alg: Option<SigningAlg>,
    id_token_encryption: Option<String>,
    userinfo_alg: Option<SigningAlg>,
    userinfo_encryption: Option<String>,
    client_uri: Option<String>,
    logo_file: Option<PathBuf>,
    policy_uri: Option<String>,
    tos_uri: Option<String>,
    #[serde(default)]
    administers: Vec<Scope>,
}

/// RFC 8705 §2.1.2: one of them.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are the names of the specification")]
struct RawCertificateName {
    tls_client_auth_subject_dn: Option<DistinguishedName>,
    tls_client_auth_san_dns: Option<String>,
    tls_client_auth_san_uri: Option<String>,
    tls_client_auth_san_ip: Option<IpAddr>,
    tls_client_auth_san_email: Option<String>,
}

impl RawCertificateName {
    fn parse(&self) -> Result<Option<CertificateName>, &'static str> {
        let names = [
            self.tls_client_auth_subject_dn.clone().map(CertificateName::SubjectDn),
            self.tls_client_auth_san_dns.clone().map(CertificateName::SanDns),
            self.tls_client_auth_san_uri.clone().map(CertificateName::SanUri),
            self.tls_client_auth_san_ip.map(CertificateName::SanIp),
            self.tls_client_auth_san_email.clone().map(CertificateName::SanEmail),
        ];
        let mut names = names.into_iter().flatten();
        match (names.next(), names.next()) {
            (name, None) => Ok(name),
            (_, Some(_)) => Err("has more than one of the tls_client_auth_… names."),
        }
    }
}

/// CIBA Core 1.0 §4
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are the names of the specification")]
struct RawBackchannel {
    #[serde(default)]
    backchannel_token_delivery_mode: DeliveryMode,
    backchannel_client_notification_endpoint: Option<String>,
    backchannel_authentication_request_signing_alg: Option<SigningAlg>,
}

impl RawBackchannel {
    fn parse(&self) -> Result<Backchannel, String> {
        let address =
            self.backchannel_client_notification_endpoint.as_deref().filter(|text| !text.is_empty());
        let address = address.map(|text| WebUri::parse(text).map_err(|error| format!("{text:?}: {error}.")));
        Ok(Backchannel {
            delivery: self.backchannel_token_delivery_mode,
            notification_endpoint: address.transpose()?,
            request_alg: self.backchannel_authentication_request_signing_alg,
        })
    }
}

/// Who may vouch for people at a client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVoucher {
    issuer: VoucherName,
    jwks_file: PathBuf,
    #[serde(default)]
    people: PeopleBy,
}

impl RawVoucher {
    fn parse(&self) -> Result<Voucher, String> {
        let jwks = read_jwks(&self.jwks_file)?;
        Ok(Voucher { issuer: self.issuer.clone(), jwks, people: self.people })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SubjectType {
    #[default]
    Public,
    Pairwise,
}

impl ClientSettings {
    /// The safe defaults of a type, as the wizard, the CLI and the file use them.
    #[must_use]
    pub fn of_type(client_type: ClientType, name: ClientName, redirect_uris: Vec<RedirectUri>) -> Self {
        Self {
            name,
            client_type,
            auth_method: match client_type {
                ClientType::Web | ClientType::Machine => ClientAuthMethod::ClientSecretBasic,
                ClientType::Spa | ClientType::Native | ClientType::Device => ClientAuthMethod::None,
            },
            redirect_uris,
            post_logout_redirect_uris: Vec::new(),
            backchannel: Backchannel::default(),
            backchannel_logout_uri: None,
            frontchannel_logout_uri: None,
            initiate_login_uri: None,
            return_uris: Vec::new(),
            scopes: match client_type {
                ClientType::Machine => Scopes::default(),
                _ => [Scopes::OPENID, Scopes::PROFILE, Scopes::EMAIL, Scopes::OFFLINE_ACCESS]
                    .into_iter()
                    .filter_map(|scope| Scope::parse(scope).ok())
                    .collect(),
            },
            grants: match client_type {
                ClientType::Machine => [GrantType::ClientCredentials].into(),
                ClientType::Device => [GrantType::DeviceCode].into(),
                ClientType::Web | ClientType::Spa | ClientType::Native => BTreeSet::new(),
            },
            resources: Resources::default(),
            serves: Resources::default(),
            authorization_details_types: TypeNames::default(),
            legacy_flows: BTreeSet::new(),
            require_pkce: true,
            jwks: None,
            jwks_uri: None,
            request_uris: Vec::new(),
            request_object_alg: None,
            assertion_alg: None,
            certificate_name: None,
            assertion_issuers: Vec::new(),
            subject: Subject::Public,
            sector_identifier_uri: None,
            default_max_age: None,
            policy: None,
            logout_needs_session: BTreeSet::new(),
            require: BTreeSet::new(),
            refresh_tokens: client_type != ClientType::Machine,
            consent: match client_type {
                ClientType::Web | ClientType::Spa | ClientType::Machine => ConsentRule::Never,
                ClientType::Native | ClientType::Device => ConsentRule::Always,
            },
            id_token_alg: SigningAlg::Rs256,
            id_token_encryption: None,
            userinfo_alg: None,
            userinfo_encryption: None,
            contacts: Vec::new(),
            client_uri: None,
            logo: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        }
    }
}

impl RawClient {
    /// The one of the file wins.
    fn read_secret(&self) -> Result<Option<SecretText>, String> {
        let Some(path) = self.secret_file.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(self.secret.clone().filter(|secret| !secret.expose().is_empty()));
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("secret_file {} can not be read: {error}.", path.display()))?;
        Ok(Some(text.trim_end().to_owned().into()))
    }

    pub(super) fn parse(self, place: &str) -> Result<DeclaredClient, Problem> {
        let problem = |what: String, remedy: &str| Problem {
            place: format!("{place} (client {})", self.id),
            what,
            remedy: remedy.to_owned(),
        };
        let uri = |text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => {
                WebUri::parse(text).map(Some).map_err(|error| problem(format!("{text:?}: {error}."), ""))
            }
        };
        let encryption = |text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse::<Encryption>()
                .map(Some)
                .map_err(|error| problem(format!("{text:?}: {error}."), "Such as: RSA-OAEP-256 A256GCM")),
        };
        let id_token_encryption = encryption(&self.id_token_encryption)?;
        let userinfo_encryption = encryption(&self.userinfo_encryption)?;
        let logo_file = self.logo_file.as_deref().filter(|path| !path.as_os_str().is_empty());
        let logo = logo_file.map(read_logo).transpose().map_err(|error| problem(error, ""))?;
        let jwks_file = self.jwks_file.as_deref().filter(|path| !path.as_os_str().is_empty());
        let jwks = jwks_file.map(read_jwks).transpose().map_err(|error| problem(error, ""))?;
        let certificate_name = self.certificate.parse();
        let certificate_name = certificate_name
            .map_err(|error| problem(error.to_owned(), "Keep the one that its certificates have."))?;
        let assertion_issuers =
            self.assertion_issuers.iter().map(RawVoucher::parse).collect::<Result<_, _>>();
        let assertion_issuers = assertion_issuers.map_err(|error| problem(error, ""))?;
        let secret = self.read_secret().map_err(|error| problem(error, ""))?;
        let defaults =
            ClientSettings::of_type(self.client_type, self.name.clone(), self.redirect_uris.clone());
        let settings = ClientSettings {
            auth_method: self.auth_method.unwrap_or(defaults.auth_method),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            backchannel: self.backchannel.parse().map_err(|error| problem(error, ""))?,
            backchannel_logout_uri: uri(&self.backchannel_logout_uri)?,
            frontchannel_logout_uri: uri(&self.frontchannel_logout_uri)?,
            initiate_login_uri: uri(&self.initiate_login_uri)?,
            return_uris: self.return_uris.clone(),
            scopes: self
                .scopes
                .clone()
                .map_or(defaults.scopes.clone(), |scopes| scopes.into_iter().collect()),
            grants: self.grants.clone().unwrap_or(defaults.grants.clone()),
            resources: self.resources.clone(),
            serves: self.serves.clone(),
            authorization_details_types: self.authorization_details_types.clone(),
            legacy_flows: self.legacy_flows.clone(),
            require_pkce: self.require_pkce.unwrap_or(defaults.require_pkce),
            jwks,
            jwks_uri: uri(&self.jwks_uri)?,
            request_uris: self.request_uris.clone(),
            request_object_alg: self.request_object_alg,
            assertion_alg: self.assertion_alg,
            certificate_name,
            assertion_issuers,
            subject: match self.subject_type {
                SubjectType::Public => Subject::Public,
                SubjectType::Pairwise => {
                    Subject::pairwise(&self.redirect_uris, self.sector_identifier.as_deref())
                }
            },
            default_max_age: self.default_max_age,
            policy: self.policy,
            logout_needs_session: BTreeSet::new(),
            require: self.require.clone(),
            refresh_tokens: self.refresh_tokens.unwrap_or(defaults.refresh_tokens),
            consent: self.consent.unwrap_or(defaults.consent),
            id_token_alg: self.id_token_alg.unwrap_or(defaults.id_token_alg),
            id_token_encryption,
            userinfo_alg: self.userinfo_alg,
            userinfo_encryption,
            client_uri: uri(&self.client_uri)?,
            logo,
            policy_uri: uri(&self.policy_uri)?,
            tos_uri: uri(&self.tos_uri)?,
            ..defaults
        };
        settings.validate().map_err(|error| problem(format!("{error}."), ""))?;
        let administers = api::given(&self.administers, self.client_type)
            .map_err(|(what, remedy)| problem(what, remedy))?;
        let shares = settings.auth_method.has_secret();
        match &secret {
            None if shares => {
                Err(problem("needs a secret.".to_owned(), "Make one with: openssl rand -base64 36"))
            }
            Some(_) if !shares && settings.auth_method != ClientAuthMethod::None => {
                Err(problem("proves itself by its keys and has no secret.".to_owned(), "Remove it."))
            }
            Some(_) if !shares => Err(problem("can not keep a secret.".to_owned(), "Remove it.")),
            Some(secret) if secret.expose().len() < MIN_SECRET => Err(problem(
                format!("has a secret of fewer than {MIN_SECRET} characters."),
                "Make one with: openssl rand -base64 36",
            )),
            _ => Ok(DeclaredClient { id: self.id, settings, secret, administers }),
        }
    }
}

fn read_jwks(path: &Path) -> Result<Jwks, String> {
    let place = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("jwks_file {place} can not be read: {error}."))?;
    let set =
        serde_json::from_str(&text).map_err(|error| format!("jwks_file {place} is no JSON: {error}."))?;
    Jwks::parse(&set).map_err(|error| format!("jwks_file {place}: {error}."))
}

fn read_logo(path: &Path) -> Result<Logo, String> {
    let place = path.display();
    let bytes =
        std::fs::read(path).map_err(|error| format!("logo_file {place} can not be read: {error}."))?;
    let kind = match path.extension().and_then(|ending| ending.to_str()) {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    Logo::of(kind, &bytes).map_err(|error| format!("logo_file {place}: {error}."))
}
