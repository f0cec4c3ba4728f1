//! What an application can be told about a person, claim by claim (OIDC Core §5.1, §5.5; those of
//! organizations are our own).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::organization::Member;
use super::scope::Scopes;
use super::user::User;

/// A claim that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    Name,
    GivenName,
    FamilyName,
    MiddleName,
    Nickname,
    PreferredUsername,
    Profile,
    Picture,
    Website,
    Gender,
    Birthdate,
    Locale,
    Zoneinfo,
    UpdatedAt,
    Email,
    EmailVerified,
    PhoneNumber,
    PhoneNumberVerified,
    Address,
    OrgId,
    OrgName,
    Roles,
}

impl Claim {
    pub const ALL: [Self; 22] = [
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::MiddleName,
        Self::Nickname,
        Self::PreferredUsername,
        Self::Profile,
        Self::Picture,
        Self::Website,
        Self::Gender,
        Self::Birthdate,
        Self::Locale,
        Self::Zoneinfo,
        Self::UpdatedAt,
        Self::Email,
        Self::EmailVerified,
        Self::PhoneNumber,
        Self::PhoneNumberVerified,
        Self::Address,
        Self::OrgId,
        Self::OrgName,
        Self::Roles,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::MiddleName => "middle_name",
            Self::Nickname => "nickname",
            Self::PreferredUsername => "preferred_username",
            Self::Profile => "profile",
            Self::Picture => "picture",
            Self::Website => "website",
            Self::Gender => "gender",
            Self::Birthdate => "birthdate",
            Self::Locale => "locale",
            Self::Zoneinfo => "zoneinfo",
            Self::UpdatedAt => "updated_at",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::PhoneNumber => "phone_number",
            Self::PhoneNumberVerified => "phone_number_verified",
            Self::Address => "address",
            Self::OrgId => "org_id",
            Self::OrgName => "org_name",
            Self::Roles => "roles",
        }
    }

    /// The scope that brings it along (§5.4).
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Email | Self::EmailVerified => Scopes::EMAIL,
            Self::PhoneNumber | Self::PhoneNumberVerified => Scopes::PHONE,
            Self::Address => Scopes::ADDRESS,
            Self::OrgId | Self::OrgName | Self::Roles => Scopes::ORGANIZATIONS,
            _ => Scopes::PROFILE,
        }
    }

    #[must_use]
    pub fn of_scopes(scopes: &Scopes) -> BTreeSet<Self> {
        Self::ALL.into_iter().filter(|claim| scopes.contains(claim.scope())).collect()
    }
}

/// What these claims are for a person and the organization that they act for, as far as they have them. `sub` is not
/// among them.
#[must_use]
pub fn of_person((user, member): (&User, Option<&Member>), claims: &BTreeSet<Claim>) -> Map<String, Value> {
    let details = &user.details;
    let value = |claim: Claim| match claim {
        Claim::Name => json!(user.display_name()),
        Claim::GivenName => json!(user.given_name),
        Claim::FamilyName => json!(user.family_name),
        Claim::MiddleName => json!(details.middle_name),
        Claim::Nickname => json!(details.nickname),
        Claim::PreferredUsername => json!(details.preferred_username),
        Claim::Profile => json!(details.profile),
        Claim::Picture => json!(details.picture),
        Claim::Website => json!(details.website),
        Claim::Gender => json!(details.gender),
        Claim::Birthdate => json!(details.birthdate),
        Claim::PhoneNumber => json!(details.phone_number),
        Claim::PhoneNumberVerified => {
            json!(details.phone_number.as_ref().map(|_| details.phone_number_verified))
        }
        Claim::Address => json!(details.address),
        Claim::Locale => json!(user.language),
        Claim::Zoneinfo => json!(user.time_zone),
        Claim::UpdatedAt => json!(user.updated_at.unix_timestamp()),
        Claim::Email => json!(user.email),
        Claim::EmailVerified => json!(user.email_verified),
        Claim::OrgId => json!(member.map(|member| member.organization.id)),
        Claim::OrgName => json!(member.map(|member| &member.organization.name)),
        Claim::Roles => json!(member.map(|member| &member.roles)),
    };
    let known = claims.iter().map(|claim| (claim.as_str().to_owned(), value(*claim)));
    known.filter(|(_, value)| !value.is_null()).collect()
}

/// Claims asked for by name, beside those of the scopes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NamedClaims {
    #[serde(default)]
    pub userinfo: BTreeSet<Claim>,
    #[serde(default)]
    pub id_token: BTreeSet<Claim>,
}

impl NamedClaims {
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.userinfo.is_subset(&other.userinfo) && self.id_token.is_subset(&other.id_token)
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            userinfo: self.userinfo.union(&other.userinfo).copied().collect(),
            id_token: self.id_token.union(&other.id_token).copied().collect(),
        }
    }

    /// Those that these scopes would bring along.
    #[must_use]
    pub fn within(&self, scopes: &Scopes) -> Self {
        let allowed = |claims: &BTreeSet<Claim>| {
            claims.iter().copied().filter(|claim| scopes.contains(claim.scope())).collect()
        };
        Self { userinfo: allowed(&self.userinfo), id_token: allowed(&self.id_token) }
    }

    /// The scopes that tell a person what these claims are about.
    #[must_use]
    pub fn scopes(&self) -> BTreeSet<&'static str> {
        self.userinfo.iter().chain(&self.id_token).map(|claim| claim.scope()).collect()
    }
}
