//! Who administers, and what they may: the one place where rights are judged.

use std::collections::BTreeSet;

use crate::audit::Actor;
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::Membership;
use crate::model::user::{ServiceRole, User};
use crate::store::{Read, Result, memberships, users};

/// What can be done, and is allowed or not as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Seeing who somebody is, how they get in and what happened with their account.
    SeePerson,
    /// Ending sessions, removing what was lost, unlocking, sending a link: whatever brings somebody back in.
    HelpPerson,
    /// Disabling an account, and enabling it again.
    DisablePerson,
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
    /// Keys, deliveries, health and figures of the service as a whole.
    SeeService,
    /// Rotating keys, sending again or dropping what waits, trying out a mail.
    RunService,
}

impl Act {
    pub const ALL: [Self; 13] = [
        Self::SeePerson,
        Self::HelpPerson,
        Self::DisablePerson,
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
}

/// Proof that somebody may administer something. Made from what the database says about them, or for whoever
/// works on the host itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminActor {
    who: Who,
    /// The organizations that they look after.
    runs: BTreeSet<OrganizationId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Host,
    Person(UserId, Option<ServiceRole>),
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
        Self { who: Who::Host, runs: BTreeSet::new() }
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
        let actor = Self { who: Who::Person(user.id, user.role), runs };
        Ok((user.role.is_some() || !actor.runs.is_empty()).then_some(actor))
    }

    /// Whether they still have all the rights that this proof was made from.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn still_holds(&self, db: &impl Read) -> Result<bool> {
        let Who::Person(id, _) = self.who else {
            return Ok(true);
        };
        let Some(user) = users::by_id(db, id).await? else {
            return Ok(false);
        };
        Ok(Self::of_person(db, &user).await?.as_ref() == Some(self))
    }

    /// Whether something may be done that is about nobody and no organization in particular.
    #[must_use]
    pub fn may(&self, act: Act) -> bool {
        match self.role() {
            Some(Role::Host | Role::Service(ServiceRole::Operator)) => true,
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
        let own = self.runs.contains(&organization)
            && matches!(act, Act::SeeOrganization | Act::RunOrganization | Act::SeePerson);
        own || self.may(act)
    }

    /// Whether something may be done to or seen of a person. Nobody touches who has rights that they lack.
    #[must_use]
    pub fn may_to(&self, act: Act, target: &Target<'_>) -> bool {
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

    /// Whether this is the person themselves.
    #[must_use]
    pub fn is(&self, user: UserId) -> bool {
        matches!(self.who, Who::Person(id, _) if id == user)
    }

    /// Whose people they see: `None` for everybody's.
    #[must_use]
    pub fn sees_only(&self) -> Option<&BTreeSet<OrganizationId>> {
        if self.may(Act::SeePerson) { None } else { Some(&self.runs) }
    }

    /// The person, unless it is the host.
    #[must_use]
    pub const fn person(&self) -> Option<UserId> {
        match self.who {
            Who::Host => None,
            Who::Person(id, _) => Some(id),
        }
    }

    pub(super) const fn recorded_as(&self) -> Actor {
        match self.who {
            Who::Host => Actor::Host,
            Who::Person(id, _) => Actor::Person(id),
        }
    }

    const fn role(&self) -> Option<Role> {
        match self.who {
            Who::Host => Some(Role::Host),
            Who::Person(_, Some(role)) => Some(Role::Service(role)),
            Who::Person(_, None) => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Host,
    Service(ServiceRole),
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::model::organization::Roles;
    use crate::model::user::{Email, PersonName};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn clinic(number: u8) -> OrganizationId {
        OrganizationId::new(NOW, [number; 10])
    }

    fn actor(role: Option<ServiceRole>, runs: &[u8]) -> AdminActor {
        let person = UserId::new(NOW, [99; 10]);
        AdminActor { who: Who::Person(person, role), runs: runs.iter().map(|n| clinic(*n)).collect() }
    }

    fn person(role: Option<ServiceRole>) -> User {
        let name = |text| PersonName::parse(text).unwrap();
        let names = (Email::parse("ada@example.org").unwrap(), name("Ada"), name("Byron"));
        User { role, ..User::new((UserId::new(NOW, [7; 10]), [0; 64]), names, NOW) }
    }

    fn member_of(user: &User, clinics: &[u8]) -> Vec<Membership> {
        let member = |number: &u8| Membership {
            user_id: user.id,
            organization_id: clinic(*number),
            roles: Roles::default(),
            created_at: NOW,
        };
        clinics.iter().map(member).collect()
    }

    /// Rows: acts. Columns: operator, support, auditor, administrator of clinic 1. Of a member of clinic 1 without
    /// rights of their own.
    const MATRIX: [(Act, [bool; 4]); 13] = [
        (Act::SeePerson, [true, true, true, true]),
        (Act::HelpPerson, [true, true, false, true]),
        (Act::DisablePerson, [true, false, false, true]),
        (Act::GrantServiceRole, [true, false, false, false]),
        (Act::SetPersonPolicy, [true, false, false, false]),
        (Act::SeeOrganization, [true, true, true, true]),
        (Act::RunOrganization, [true, false, false, true]),
        (Act::CreateOrganization, [true, false, false, false]),
        (Act::SeeApplications, [true, false, true, false]),
        (Act::ChangeApplications, [true, false, false, false]),
        (Act::ReadAudit, [true, false, true, false]),
        (Act::SeeService, [true, false, true, false]),
        (Act::RunService, [true, false, false, false]),
    ];

    fn everybody() -> [AdminActor; 4] {
        let roles = [ServiceRole::Operator, ServiceRole::Support, ServiceRole::Auditor];
        let [operator, support, auditor] = roles.map(|role| actor(Some(role), &[]));
        [operator, support, auditor, actor(None, &[1])]
    }

    fn allowed(actor: &AdminActor, act: Act, clinics: &[u8], role: Option<ServiceRole>) -> bool {
        let user = person(role);
        let memberships = member_of(&user, clinics);
        match act {
            Act::SeePerson
            | Act::HelpPerson
            | Act::DisablePerson
            | Act::GrantServiceRole
            | Act::SetPersonPolicy => actor.may_to(act, &Target { user: &user, memberships: &memberships }),
            Act::SeeOrganization | Act::RunOrganization => actor.may_in(act, clinic(clinics[0])),
            _ => actor.may(act),
        }
    }

    #[test]
    fn rights_are_what_the_matrix_says() {
        assert_eq!(MATRIX.map(|(act, _)| act), Act::ALL);
        for (act, row) in MATRIX {
            for (actor, expected) in everybody().iter().zip(row) {
                assert_eq!(allowed(actor, act, &[1], None), expected, "{act:?} {actor:?}");
            }
        }
    }

    /// product §5: nothing above one's own rights.
    #[test]
    fn nobody_but_an_operator_touches_who_has_a_role_over_the_service() {
        let [operator, support, _, administrator] = everybody();
        for role in [ServiceRole::Operator, ServiceRole::Support, ServiceRole::Auditor] {
            for act in [Act::HelpPerson, Act::DisablePerson] {
                assert!(allowed(&operator, act, &[1], Some(role)));
                assert!(!allowed(&support, act, &[1], Some(role)), "{act:?} {role:?}");
                assert!(!allowed(&administrator, act, &[1], Some(role)), "{act:?} {role:?}");
            }
        }
    }

    /// product §5: neither is what an operator decided undone below them.
    #[test]
    fn an_administrator_has_no_say_over_whom_the_service_disabled() {
        let user = User { disabled_by_service: true, ..person(None) };
        let memberships = member_of(&user, &[1]);
        let target = Target { user: &user, memberships: &memberships };
        assert!(!actor(None, &[1]).may_to(Act::DisablePerson, &target));
        assert!(actor(Some(ServiceRole::Operator), &[]).may_to(Act::DisablePerson, &target));
    }

    #[test]
    fn an_administrator_has_no_say_over_who_also_belongs_elsewhere_or_nowhere() {
        let administrator = actor(None, &[1]);
        assert!(allowed(&administrator, Act::SeePerson, &[1, 2], None));
        for act in [Act::HelpPerson, Act::DisablePerson] {
            assert!(!allowed(&administrator, act, &[1, 2], None), "{act:?}");
            assert!(!allowed(&administrator, act, &[2], None), "{act:?}");
            assert!(!allowed(&administrator, act, &[], None), "{act:?}");
            assert!(allowed(&actor(None, &[1, 2]), act, &[1, 2], None), "{act:?}");
        }
        assert!(!allowed(&administrator, Act::SeePerson, &[2], None));
        assert!(!allowed(&administrator, Act::RunOrganization, &[2], None));
    }
}
