//! What the matrix of rights says, row by row.

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
    let runs = runs.iter().map(|n| clinic(*n)).collect();
    AdminActor { who: Who::Person(person, role), runs, through: None, reach: None }
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
const MATRIX: [(Act, [bool; 4]); 14] = [
    (Act::SeePerson, [true, true, true, true]),
    (Act::HelpPerson, [true, true, false, true]),
    (Act::DisablePerson, [true, false, false, true]),
    (Act::CreatePerson, [true, false, false, false]),
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

fn program(scopes: &str) -> AdminActor {
    let scopes = Scopes::parse(scopes).unwrap();
    let actor = AdminActor { who: Who::Client, runs: BTreeSet::new(), through: None, reach: None };
    actor.through(&ClientId::parse("robot").unwrap(), &scopes)
}

/// Rows: scopes. What an application that acts for itself may do with each, to somebody without rights of their own.
const SCOPES: [(AdminScope, &[Act]); 12] = [
    (AdminScope::PeopleRead, &[Act::SeePerson]),
    (AdminScope::PeopleHelp, &[Act::HelpPerson]),
    (AdminScope::PeopleWrite, &[Act::DisablePerson, Act::SetPersonPolicy]),
    (AdminScope::PeopleCreate, &[Act::CreatePerson]),
    (AdminScope::RolesWrite, &[Act::GrantServiceRole]),
    (AdminScope::OrganizationsRead, &[Act::SeeOrganization]),
    (AdminScope::OrganizationsWrite, &[Act::SeeOrganization, Act::RunOrganization, Act::CreateOrganization]),
    (AdminScope::AuditRead, &[Act::ReadAudit]),
    (AdminScope::ApplicationsRead, &[Act::SeeApplications]),
    (AdminScope::ApplicationsWrite, &[Act::SeeApplications, Act::ChangeApplications]),
    (AdminScope::ServiceRead, &[Act::SeeService]),
    (AdminScope::ServiceWrite, &[Act::SeeService, Act::RunService]),
];

/// security §2.18: the scopes are all the rights that an application has.
#[test]
fn an_application_may_what_its_scopes_say_and_nothing_else() {
    assert_eq!(SCOPES.map(|(scope, _)| scope), AdminScope::ALL);
    for (scope, acts) in SCOPES {
        let program = program(scope.as_str());
        for act in Act::ALL {
            assert_eq!(allowed(&program, act, &[1], None), acts.contains(&act), "{scope:?} {act:?}");
        }
    }
    for act in Act::ALL {
        assert!(!allowed(&program("openid people.read"), act, &[1], None), "{act:?}");
    }
}

/// A token never gives a right, and takes away those that it is not for.
#[test]
fn through_an_application_a_person_may_what_both_may() {
    let robot = ClientId::parse("app").unwrap();
    for (scope, acts) in SCOPES {
        let scopes = Scopes::parse(scope.as_str()).unwrap();
        for actor in everybody() {
            let through = actor.clone().through(&robot, &scopes);
            for act in Act::ALL {
                let both = allowed(&actor, act, &[1], None) && acts.contains(&act);
                assert_eq!(allowed(&through, act, &[1], None), both, "{scope:?} {act:?} {actor:?}");
            }
        }
    }
    let [.., administrator] = everybody();
    let blind = administrator.through(&robot, &Scopes::parse("admin:people.help").unwrap());
    assert_eq!(blind.sees_only(), Some(&BTreeSet::new()), "whom it may help it does not see");
}

/// product §5: nothing above one's own rights holds for applications too.
#[test]
fn an_application_that_gives_no_roles_touches_nobody_who_has_one() {
    for act in [Act::HelpPerson, Act::DisablePerson, Act::SetPersonPolicy] {
        let some = program("admin:people.read admin:people.help admin:people.write");
        assert!(!allowed(&some, act, &[1], Some(ServiceRole::Auditor)), "{act:?}");
        assert!(allowed(&some, Act::SeePerson, &[1], Some(ServiceRole::Auditor)));
        let all = program("admin:people.help admin:people.write admin:roles.write");
        assert!(allowed(&all, act, &[1], Some(ServiceRole::Auditor)), "{act:?}");
    }
}

/// product §5: a token for applications gives no other part of administration away.
#[test]
fn only_scopes_that_one_could_use_oneself_are_passed_on() {
    let wanted = Scopes::parse("openid profile admin:people.read").unwrap();
    let [operator, ..] = everybody();
    assert!(operator.may_pass_on(&wanted));
    let robot = ClientId::parse("desk").unwrap();
    let through = |scopes: &str| operator.clone().through(&robot, &Scopes::parse(scopes).unwrap());
    for actor in [program("admin:applications.write"), through("admin:applications.write")] {
        assert!(!actor.may_pass_on(&wanted), "{actor:?}");
        assert!(actor.may_pass_on(&Scopes::parse("openid profile").unwrap()));
    }
    let both = "admin:applications.write admin:people.read";
    assert!(program(both).may_pass_on(&wanted) && through(both).may_pass_on(&wanted));
}
