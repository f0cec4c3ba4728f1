//! What an application would be told about a person, and why it would not be told the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::admin::actor::Target;
use crate::admin::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::model::claims::{Claim, of_person};
use crate::model::client::{Client, ClientId, Subject};
use crate::model::scope::Scopes;
use crate::model::user::{Email, User};
use crate::store::{clients, memberships, users};

/// What comes of asking for these scopes for this person.
#[derive(Debug)]
pub struct Preview {
    pub client: Client,
    pub user: User,
    /// What is asked for and what the application may have.
    pub granted: Scopes,
    /// What is asked for and is left out: the application is not registered for it.
    pub left_out: Scopes,
    pub claims: Vec<(Claim, Told)>,
}

/// What becomes of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Value(Value),
    /// The scope that brings it was not asked for.
    NotAsked,
    /// The application is not registered for the scope that brings it.
    NotRegistered,
    /// Nothing is known about this person.
    NotKnown,
    /// The person belongs to no organization.
    NoOrganization,
    /// The person belongs to several, and chooses one when they log in.
    Chosen,
}

impl Preview {
    /// Whether the application knows people under names of their own.
    #[must_use]
    pub fn is_pairwise(&self) -> bool {
        self.client.settings.subject != Subject::Public
    }
}

/// Shows what an application would be told. Nothing is issued; that somebody looks is recorded before they see anything,
/// as with the audit trail (security: S27).
///
/// # Errors
/// When the database does not answer.
pub async fn preview(
    office: &Office<'_>,
    actor: &AdminActor,
    id: &ClientId,
    (email, asked): (&Email, &Scopes),
) -> Outcome<Preview> {
    if !actor.may(Act::SeeApplications) {
        return Ok(Err(Refused::Forbidden));
    }
    let (client, user) =
        (clients::by_id(office.store, id).await?, users::by_email(office.store, email).await?);
    let (Some(client), Some(user)) = (client, user) else {
        return Ok(Err(Refused::NotFound));
    };
    let belongs = memberships::of_user(office.store, user.id).await?;
    if !actor.may_to(Act::SeePerson, &Target { user: &user, memberships: &belongs }) {
        return Ok(Err(Refused::NotFound));
    }
    let mut members = Vec::new();
    // Seeing somebody is not seeing where they belong.
    for membership in belongs.iter().filter(|one| actor.may_in(Act::SeeOrganization, one.organization_id)) {
        members.extend(memberships::member(office.store, user.id, membership.organization_id).await?);
    }
    let member = match members.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let registered = |scope: &str| client.settings.scopes.contains(scope);
    let (granted, left_out): (BTreeSet<_>, BTreeSet<_>) =
        asked.iter().cloned().partition(|scope| registered(scope.as_str()));
    let granted: Scopes = granted.into_iter().collect();
    let known = of_person((&user, member), &Claim::ALL.into());
    let told = |claim: Claim| match known.get(claim.as_str()) {
        _ if !registered(claim.scope()) => Told::NotRegistered,
        _ if !asked.contains(claim.scope()) => Told::NotAsked,
        Some(value) => Told::Value(value.clone()),
        None if claim.scope() != Scopes::ORGANIZATIONS => Told::NotKnown,
        None if members.is_empty() => Told::NoOrganization,
        None => Told::Chosen,
    };
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let event = Event::ClaimsPreviewed { client: client.id.clone() };
    office.record(&tx, actor, Some(user.id), event).await?;
    tx.commit().await?;
    let claims = Claim::ALL.into_iter().map(|claim| (claim, told(claim))).collect();
    Ok(Ok(Preview { granted, left_out: left_out.into_iter().collect(), claims, client, user }))
}
