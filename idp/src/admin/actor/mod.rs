//! Who administers, and what they may: the one place where rights are judged.

use std::collections::BTreeSet;

use crate::audit::Actor;
use crate::model::api::AdminScope;
use crate::model::client::{Client, ClientId};
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::Membership;
use crate::model::scope::Scopes;
use crate::model::user::{ServiceRole, User};
use crate::store::{Read, Result, clients, memberships, users};

/// What can be done, and is allowed or not as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Seeing who somebody is, how they get in and what happened with their account.
    SeePerson,
    /// Ending sessions, removing what was lost, unlocking, sending a link: whatever brings somebody back in.
    HelpPerson,
    /// Disabling an account, and enabling it again.
    DisablePerson,
    /// Making an account for somebody.
    CreatePerson,
    /// Giving and taking rights over the whole service.
    GrantServiceRole,
    /// Saying how one person may sign in.
    SetPersonPolicy,
    SeeOrganization,
    /// Its name, its roles, its rule for signing in, and who belongs to it.
    RunOrganization,
    /// Making organizations, disabling them, enabling them again.
    CreateOrganization,
    SeeApplications,
    ChangeApplications,
    ReadAudit,
    /// Keys, deliveries, health and figures of the service as a whole, its look and its rules.
    SeeService,
    /// Rotating keys, sending again or dropping what waits, trying out a mail, setting its look and its rules.
    RunService,
}

impl Act {
    pub const ALL: [Self; 14] = [
        Self::SeePerson,
        Self::HelpPerson,
        Self::DisablePerson,
        Self::CreatePerson,
        Self::GrantServiceRole,
        Self::SetPersonPolicy,
        Self::SeeOrganization,
        Self::RunOrganization,
        Self::CreateOrganization,
        Self::SeeApplications,
        Self::ChangeApplications,
        Self::ReadAudit,
        Self::SeeService,
        Self::RunService,
    ];

    /// What a token with this scope may be used for. What is in no scope can not be done through the API.
    const fn of_scope(scope: AdminScope) -> &'static [Self] {
        match scope {
            AdminScope::PeopleRead => &[Self::SeePerson],
            AdminScope::PeopleHelp => &[Self::HelpPerson],
            AdminScope::PeopleWrite => &[Self::DisablePerson, Self::SetPersonPolicy],
            AdminScope::PeopleCreate => &[Self::CreatePerson],
            AdminScope::RolesWrite => &[Self::GrantServiceRole],
            AdminScope::OrganizationsRead => &[Self::SeeOrganization],
            AdminScope::OrganizationsWrite => {
                &[Self::SeeOrganization, Self::RunOrganization, Self::CreateOrganization]
            }
            AdminScope::AuditRead => &[Self::ReadAudit],
            AdminScope::ApplicationsRead => &[Self::SeeApplications],
            AdminScope::ApplicationsWrite => &[Self::SeeApplications, Self::ChangeApplications],
            AdminScope::ServiceRead => &[Self::SeeService],
            AdminScope::ServiceWrite => &[Self::SeeService, Self::RunService],
        }
    }
}

/// Proof that somebody may administer something. Made from what the database says about them, for whoever works on
/// the host itself, or for a program that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminActor {
    who: Who,
    /// The organizations that they look after.
    runs: BTreeSet<OrganizationId>,
    /// The application that acts, for itself or for the person.
    through: Option<ClientId>,
    /// No more than this, whoever they are. `None`: no such bound.
    reach: Option<BTreeSet<Act>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Host,
    Person(UserId, Option<ServiceRole>),
    /// An application that acts for itself.
    Client,
}

/// Somebody to whom something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    pub user: &'a User,
    pub memberships: &'a [Membership],
}

impl AdminActor {
    /// Whoever can run commands on the host can read and write the database: rights would only pretend.
    #[must_use]
    pub const fn of_the_host() -> Self {
        Self { who: Who::Host, runs: BTreeSet::new(), through: None, reach: None }
    }

    /// `None` for somebody without rights over anything.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_person(db: &impl Read, user: &User) -> Result<Option<Self>> {
        if !user.is_enabled() {
            return Ok(None);
        }
        let runs = memberships::run_by(db, user.id).await?;
        let actor = Self { who: Who::Person(user.id, user.role), runs, through: None, reach: None };
        Ok((user.role.is_some() || !actor.runs.is_empty()).then_some(actor))
    }

    /// An application that acts for itself: its rights are the scopes that the configuration gives it, as far as its
    /// token has them, and it has no others.
    #[must_use]
    pub fn of_client(client: &Client, given: &Scopes, token: &Scopes) -> Self {
        let actor = Self { who: Who::Client, runs: BTreeSet::new(), through: None, reach: None };
        actor.through(&client.id, &given.intersection(token))
    }

    /// The same through an application: no more than its token is for.
    #[must_use]
    pub fn through(self, client: &ClientId, scopes: &Scopes) -> Self {
        let acts = AdminScope::among(scopes).flat_map(Act::of_scope).copied();
        Self { through: Some(client.clone()), reach: Some(acts.collect()), ..self }
    }

    /// Whether they still have all the rights that this proof was made from.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn still_holds(&self, db: &impl Read) -> Result<bool> {
        if let Some(id) = &self.through
            && clients::by_id(db, id).await?.is_none_or(|client| !client.is_enabled())
        {
            return Ok(false);
        }
        let Who::Person(id, _) = self.who else {
            return Ok(true);
        };
        let Some(user) = users::by_id(db, id).await? else {
            return Ok(false);
        };
        let now = Self::of_person(db, &user).await?;
        Ok(now.is_some_and(|now| now.who == self.who && now.runs == self.runs))
    }

    /// Whether something may be done that is about nobody and no organization in particular.
    #[must_use]
    pub fn may(&self, act: Act) -> bool {
        self.reaches(act) && self.is_entitled(act)
    }

    fn is_entitled(&self, act: Act) -> bool {
        match self.role() {
            Some(Role::Host | Role::Client | Role::Service(ServiceRole::Operator)) => true,
            Some(Role::Service(ServiceRole::Support)) => {
                matches!(act, Act::SeePerson | Act::SeeOrganization)
            }
            Some(Role::Service(ServiceRole::Auditor)) => {
                use Act::{ReadAudit, SeeApplications, SeeOrganization, SeePerson, SeeService};
                matches!(act, SeePerson | SeeOrganization | SeeApplications | ReadAudit | SeeService)
            }
            None => false,
        }
    }

    /// Whether something may be done to or with an organization.
    #[must_use]
    pub fn may_in(&self, act: Act, organization: OrganizationId) -> bool {
        let own = self.reaches(act)
            && self.runs.contains(&organization)
            && matches!(act, Act::SeeOrganization | Act::RunOrganization | Act::SeePerson);
        own || self.may(act)
    }

    /// Whether something may be done to or seen of a person. Nobody touches who has rights that they lack.
    #[must_use]
    pub fn may_to(&self, act: Act, target: &Target<'_>) -> bool {
        // An application that can not give a role has no say over whoever has one.
        let above = matches!(self.role(), Some(Role::Client))
            && target.user.role.is_some()
            && act != Act::SeePerson
            && !self.reaches(Act::GrantServiceRole);
        if !self.reaches(act) || above {
            return false;
        }
        if self.may(act) {
            return true;
        }
        let in_own = |membership: &Membership| self.runs.contains(&membership.organization_id);
        let helps = act == Act::HelpPerson && target.user.role.is_none();
        let supports = matches!(self.role(), Some(Role::Service(ServiceRole::Support)));
        // What happens to an account happens in all organizations of its person.
        let theirs_alone = !target.memberships.is_empty() && target.memberships.iter().all(in_own);
        match act {
            Act::SeePerson => target.memberships.iter().any(in_own),
            Act::HelpPerson => helps && (supports || theirs_alone),
            // What whoever runs the service decided is nothing for an organization to take back.
            Act::DisablePerson => {
                target.user.role.is_none() && theirs_alone && !target.user.disabled_by_service
            }
            _ => false,
        }
    }

    /// Whether this one has a say over whether somebody belongs to an organization. Whoever has a role over the service is
    /// bound by the rules of the organizations they belong to, so a program needs the right to give such roles.
    #[must_use]
    pub fn may_belong(&self, user: &User) -> bool {
        !matches!(self.role(), Some(Role::Client)) || user.role.is_none() || self.may(Act::GrantServiceRole)
    }

    /// Whether they could do themselves whatever these scopes are for. Who registers an application with more of them, or
    /// sends one that has more to an address of theirs, would get through it what their own token is not for.
    #[must_use]
    pub fn may_pass_on(&self, scopes: &Scopes) -> bool {
        AdminScope::among(scopes).flat_map(Act::of_scope).all(|act| self.may(*act))
    }

    /// Whether they could do themselves what an administrator of an organization can. A token that is only for
    /// organizations would make somebody into more than it is itself.
    #[must_use]
    pub fn may_name_administrators(&self) -> bool {
        [Act::RunOrganization, Act::SeePerson, Act::HelpPerson, Act::DisablePerson]
            .into_iter()
            .all(|act| self.reaches(act))
    }

    /// Whether there is an organization that they could ask somebody to join.
    #[must_use]
    pub fn may_invite(&self) -> bool {
        self.may(Act::RunOrganization) || (self.reaches(Act::RunOrganization) && !self.runs.is_empty())
    }

    /// Whether this is the person themselves.
    #[must_use]
    pub fn is(&self, user: UserId) -> bool {
        matches!(self.who, Who::Person(id, _) if id == user)
    }

    /// Whose people they see: `None` for everybody's.
    #[must_use]
    pub fn sees_only(&self) -> Option<&BTreeSet<OrganizationId>> {
        static NOBODYS: BTreeSet<OrganizationId> = BTreeSet::new();
        match (self.may(Act::SeePerson), self.reaches(Act::SeePerson)) {
            (true, _) => None,
            (false, true) => Some(&self.runs),
            (false, false) => Some(&NOBODYS),
        }
    }

    /// The person, unless it is the host or an application that acts for itself.
    #[must_use]
    pub const fn person(&self) -> Option<UserId> {
        match self.who {
            Who::Host | Who::Client => None,
            Who::Person(id, _) => Some(id),
        }
    }

    #[must_use]
    pub const fn is_the_host(&self) -> bool {
        matches!(self.who, Who::Host)
    }

    pub(super) const fn recorded_as(&self) -> Actor {
        match self.who {
            Who::Host => Actor::Host,
            Who::Person(id, _) => Actor::Person(id),
            Who::Client => Actor::Application,
        }
    }

    /// The application that acts, if one does.
    #[must_use]
    pub const fn application(&self) -> Option<&ClientId> {
        self.through.as_ref()
    }

    fn reaches(&self, act: Act) -> bool {
        self.reach.as_ref().is_none_or(|reach| reach.contains(&act))
    }

    const fn role(&self) -> Option<Role> {
        match self.who {
            Who::Host => Some(Role::Host),
            Who::Client => Some(Role::Client),
            Who::Person(_, Some(role)) => Some(Role::Service(role)),
            Who::Person(_, None) => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Host,
    Client,
    Service(ServiceRole),
}

#[cfg(test)]
mod tests;
