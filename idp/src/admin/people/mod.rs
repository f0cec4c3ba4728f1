//! People, as those see them who look after them: finding them, and what is done to them by `help` and `standing`.
//! `create` makes an account. Never for one's own account, which has pages of its own.

mod activity;
mod apps;
mod create;
mod help;
mod standing;

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::admin::actor::Target;
use crate::model::credential::Passkey;
use crate::model::ids::UserId;
use crate::model::organization::{EffectivePolicy, Membership, Organization, PolicySource};
use crate::model::session::Session;
use crate::model::user::User;
use crate::store::grants::{self, Which};
use crate::store::users::Filter;
use crate::store::{
    Read, Tx, links, memberships, organizations, passkeys, passwords, recovery, sessions, totp, users,
};

pub use activity::activity;
pub use apps::{Connected, apps, disconnect};
pub use create::{New, create};
pub use help::{end_session, log_out_everywhere, remove_passkey, reset_passkeys, reset_two_factor, unlock};
pub use standing::{set_enabled, set_policy, set_role};

/// Everything about a person that helps to help them, and no secret.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else about the person")]
pub struct Person {
    pub user: User,
    pub policy: EffectivePolicy,
    pub organizations: Vec<(Organization, Membership)>,
    pub passkeys: Vec<Passkey>,
    pub has_password: bool,
    pub password_works: bool,
    pub has_code_app: bool,
    pub recovery_codes_left: u64,
    pub sessions: Vec<Session>,
    pub may_help: bool,
    pub may_disable: bool,
    pub may_set_role: bool,
    pub may_set_policy: bool,
}

/// At most `limit` people in the order of their names, of those whom the actor may see.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    office: &Office<'_>,
    actor: &AdminActor,
    filter: &Filter,
    limit: u64,
) -> anyhow::Result<Vec<User>> {
    Ok(users::page(office.store, filter, actor.sees_only(), limit).await?)
}

/// Where a list goes on after somebody. `None` when whoever asks may not see them: then it begins anew.
///
/// # Errors
/// When the database does not answer.
pub async fn place(
    office: &Office<'_>,
    actor: &AdminActor,
    id: UserId,
) -> anyhow::Result<Option<(String, String, UserId)>> {
    let found = with_memberships(office.store, id)
        .await?
        .filter(|(user, memberships)| actor.may_to(Act::SeePerson, &Target { user, memberships }));
    Ok(found.map(|(user, _)| (user.family_name.to_string(), user.given_name.to_string(), user.id)))
}

/// # Errors
/// When the database does not answer.
pub async fn view(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<Person> {
    let db = office.store;
    let Some((user, memberships)) = with_memberships(db, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let target = Target { user: &user, memberships: &memberships };
    if !actor.may_to(Act::SeePerson, &target) {
        return Ok(Err(Refused::NotFound));
    }
    let (may_help, may_disable) =
        (actor.may_to(Act::HelpPerson, &target), actor.may_to(Act::DisablePerson, &target));
    let all = organizations::of_user(db, id).await?;
    let mut policy = EffectivePolicy::of(office.policy, &all, user.policy);
    // Where else somebody works is not for one clinic to know.
    if let PolicySource::Organization { id, .. } = policy.source
        && !actor.may_in(Act::SeeOrganization, id)
    {
        policy.source = PolicySource::Elsewhere;
    }
    let seen = all.into_iter().filter(|organization| actor.may_in(Act::SeeOrganization, organization.id));
    let organizations = seen
        .filter_map(|organization| {
            let membership = memberships.iter().find(|known| known.organization_id == organization.id)?;
            Some((organization, membership.clone()))
        })
        .collect();
    Ok(Ok(Person {
        policy,
        organizations,
        passkeys: passkeys::of_user(db, id).await?,
        has_password: passwords::exists(db, id).await?,
        password_works: passwords::is_usable(db, id).await?,
        has_code_app: totp::of_user(db, id).await?.is_some_and(|app| app.confirmed_at.is_some()),
        recovery_codes_left: recovery::left(db, id).await?,
        sessions: sessions::of_user(db, id).await?,
        may_help: may_help && !actor.is(id),
        may_disable: may_disable && !actor.is(id),
        may_set_role: actor.may_to(Act::GrantServiceRole, &target) && !actor.is(id),
        may_set_policy: actor.may_to(Act::SetPersonPolicy, &target) && !actor.is(id),
        user,
    }))
}

async fn with_memberships(db: &impl Read, id: UserId) -> anyhow::Result<Option<(User, Vec<Membership>)>> {
    let Some(user) = users::by_id(db, id).await? else {
        return Ok(None);
    };
    Ok(Some((user, memberships::of_user(db, id).await?)))
}

/// Begins a change to a person: holds their account and makes sure that the actor may make it.
pub(super) async fn begin(
    office: &Office<'_>,
    actor: &AdminActor,
    (act, id): (Act, UserId),
) -> Outcome<(Tx, User, Vec<Membership>)> {
    if actor.is(id) {
        return Ok(Err(Refused::Yourself));
    }
    let tx = office.store.begin().await?;
    // In one order, so that two who change each other do not wait for each other.
    let mut held = [Some(id), actor.person()];
    held.sort_unstable();
    for person in held.into_iter().flatten() {
        users::lock(&tx, person).await?;
    }
    // Somebody else may have taken their rights away since they showed them, or while this waited.
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let Some((user, memberships)) = with_memberships(&tx, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let target = Target { user: &user, memberships: &memberships };
    if actor.may_to(act, &target) {
        return Ok(Ok((tx, user, memberships)));
    }
    let seen = actor.may_to(Act::SeePerson, &target);
    Ok(Err(if seen { Refused::Forbidden } else { Refused::NotFound }))
}

/// Ends every session of a person and all that applications were given, also what would have outlived them.
async fn end_everything(office: &Office<'_>, tx: &Tx, user: UserId) -> anyhow::Result<u64> {
    let ended = sessions::end_of_user(tx, user, None).await?;
    grants::revoke_of_user(tx, user, Which::All, office.now).await?;
    links::end_of_user(tx, user).await?;
    Ok(ended)
}
