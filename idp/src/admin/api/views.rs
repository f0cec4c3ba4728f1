//! What is shown, as JSON. Never a secret, and of a person nothing that does not help to help them.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use uuid::Uuid;

use crate::admin::people::Person;
use crate::model::key::SigningAlg;
use crate::model::organization::{Membership, Organization, PolicySource, RoleName, Roles};
use crate::model::user::{Policy, ServiceRole, User};

/// RFC 3339, in UTC.
pub(super) fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn one_of(words: impl IntoIterator<Item = &'static str>, or_null: bool) -> Object {
    let words: Vec<Option<&'static str>> =
        words.into_iter().map(Some).chain(or_null.then_some(None)).collect();
    let kind = if or_null {
        SchemaType::from_iter([Type::String, Type::Null])
    } else {
        SchemaType::Type(Type::String)
    };
    ObjectBuilder::new().schema_type(kind).enum_values(Some(words)).build()
}

pub(super) fn policy() -> Object {
    one_of(Policy::ALL.map(Policy::as_str), false)
}

pub(super) fn policy_or_null() -> Object {
    one_of(Policy::ALL.map(Policy::as_str), true)
}

pub(super) fn role_or_null() -> Object {
    let roles = [ServiceRole::Operator, ServiceRole::Support, ServiceRole::Auditor];
    one_of(roles.map(ServiceRole::as_str), true)
}

pub(super) fn client_type() -> Object {
    one_of(["web", "spa", "native", "machine", "device"], false)
}

pub(super) fn signing_alg() -> Object {
    one_of(SigningAlg::ALL.map(SigningAlg::as_str), false)
}

/// Somebody, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonSummary {
    id: Uuid,
    email: String,
    email_verified: bool,
    given_name: String,
    family_name: String,
    enabled: bool,
    /// A role over the service.
    #[schema(schema_with = role_or_null)]
    role: Option<&'static str>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&User> for PersonSummary {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.uuid(),
            email: user.email.to_string(),
            email_verified: user.email_verified,
            given_name: user.given_name.to_string(),
            family_name: user.family_name.to_string(),
            enabled: user.is_enabled(),
            role: user.role.map(ServiceRole::as_str),
            created_at: moment(user.created_at),
        }
    }
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PeoplePage {
    pub(super) items: Vec<PersonSummary>,
    /// The `cursor` with which the list goes on; null at its end.
    pub(super) next_cursor: Option<String>,
}

/// Somebody, and how they get in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct PersonView {
    #[serde(flatten)]
    summary: PersonSummary,
    policy: EffectivePolicy,
    /// `none`, `works`, or `locked` after too many wrong ones.
    #[schema(pattern = "^(none|works|locked)$")]
    password: &'static str,
    code_app: bool,
    recovery_codes_left: u64,
    passkeys: Vec<PasskeyView>,
    sessions: Vec<SessionView>,
    /// Those that the caller may see.
    organizations: Vec<PersonOrganization>,
}

/// How strictly they have to log in, and who says so.
#[derive(Debug, Serialize, ToSchema)]
struct EffectivePolicy {
    #[schema(schema_with = policy)]
    effective: &'static str,
    /// Their own rule, beside those of others.
    #[schema(schema_with = policy)]
    own: &'static str,
    #[schema(pattern = "^(service|organization|person)$")]
    from: &'static str,
    /// The organization, where the caller may see it.
    organization: Option<Uuid>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PasskeyView {
    id: Uuid,
    name: String,
    /// It may be copied to other devices.
    synced: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    id: Uuid,
    browser: String,
    method: &'static str,
    #[schema(format = DateTime)]
    last_seen_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonOrganization {
    id: Uuid,
    name: String,
    roles: Vec<String>,
}

impl PersonView {
    /// `is_live` tells sessions that still are from those that wait to be removed.
    pub(in crate::admin) fn of(
        seen: &Person,
        is_live: impl Fn(&crate::model::session::Session) -> bool,
    ) -> Self {
        let (from, organization) = match &seen.policy.source {
            PolicySource::Service => ("service", None),
            PolicySource::Organization { id, .. } => ("organization", Some(id.uuid())),
            PolicySource::Elsewhere => ("organization", None),
            PolicySource::Person => ("person", None),
            PolicySource::Application => ("application", None),
        };
        let passkeys = seen.passkeys.iter().map(|passkey| PasskeyView {
            id: passkey.id.uuid(),
            name: passkey.name.to_string(),
            synced: passkey.backup_state,
            created_at: moment(passkey.created_at),
            last_used_at: passkey.last_used_at.map(moment),
        });
        let live = seen.sessions.iter().filter(|session| !session.is_limited() && is_live(session));
        let sessions = live.map(|session| SessionView {
            id: session.id.uuid(),
            browser: session.browser.clone(),
            method: session.method.as_str(),
            last_seen_at: moment(session.last_seen_at),
        });
        let organizations = seen.organizations.iter().map(|(organization, membership)| PersonOrganization {
            id: organization.id.uuid(),
            name: organization.name.to_string(),
            roles: words(&membership.roles),
        });
        Self {
            summary: (&seen.user).into(),
            policy: EffectivePolicy {
                effective: seen.policy.policy.as_str(),
                own: seen.user.policy.as_str(),
                from,
                organization,
            },
            password: match (seen.has_password, seen.password_works) {
                (false, _) => "none",
                (true, true) => "works",
                (true, false) => "locked",
            },
            code_app: seen.has_code_app,
            recovery_codes_left: seen.recovery_codes_left,
            passkeys: passkeys.collect(),
            sessions: sessions.collect(),
            organizations: organizations.collect(),
        }
    }
}

pub(super) fn words(roles: &Roles) -> Vec<String> {
    roles.iter().map(RoleName::to_string).collect()
}

/// A clinic or practice group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganizationView {
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) name: String,
    /// At least this holds for its members; null: what holds for everybody.
    #[schema(schema_with = policy_or_null)]
    policy: Option<&'static str>,
    /// The roles it gives, beside `administrator`.
    roles: Vec<String>,
    pub(super) enabled: bool,
    #[schema(format = DateTime)]
    pub(super) created_at: String,
    #[schema(format = DateTime)]
    pub(super) updated_at: String,
}

impl From<&Organization> for OrganizationView {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id.uuid(),
            slug: organization.slug.to_string(),
            name: organization.name.to_string(),
            policy: organization.policy.map(Policy::as_str),
            roles: words(&organization.roles),
            enabled: organization.is_enabled(),
            created_at: moment(organization.created_at),
            updated_at: moment(organization.updated_at),
        }
    }
}

/// A page of organizations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganizationsPage {
    pub(super) items: Vec<OrganizationView>,
    /// The `cursor` with which the list goes on; null at its end.
    pub(super) next_cursor: Option<String>,
}

/// Somebody in an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberView {
    person: Uuid,
    email: String,
    given_name: String,
    family_name: String,
    enabled: bool,
    roles: Vec<String>,
    #[schema(format = DateTime)]
    since: String,
}

impl MemberView {
    pub(super) fn of((user, membership): &(User, Membership)) -> Self {
        Self {
            person: user.id.uuid(),
            email: user.email.to_string(),
            given_name: user.given_name.to_string(),
            family_name: user.family_name.to_string(),
            enabled: user.is_enabled(),
            roles: words(&membership.roles),
            since: moment(membership.created_at),
        }
    }
}

/// A page of members.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MembersPage {
    pub(super) items: Vec<MemberView>,
    /// The `cursor` with which the list goes on; null at its end.
    pub(super) next_cursor: Option<String>,
}
