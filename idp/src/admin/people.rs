//! People, as those see them who look after them: finding them, helping them back in, disabling them. Whatever is
//! done to an account is mailed to its person.

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::admin::actor::Target;
use crate::audit::Event;
use crate::model::credential::Passkey;
use crate::model::ids::{PasskeyId, UserId};
use crate::model::organization::{EffectivePolicy, Membership, Organization, PolicySource};
use crate::model::session::Session;
use crate::model::user::{Policy, ServiceRole, User};
use crate::store::grants::{self, Which};
use crate::store::guesses::{self, Guessed};
use crate::store::users::{Filter, Standing};
use crate::store::{
    Tx, links, memberships, organizations, passkeys, passwords, recovery, sessions, totp, users,
};

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

async fn with_memberships(
    db: &impl crate::store::Read,
    id: UserId,
) -> anyhow::Result<Option<(User, Vec<Membership>)>> {
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

/// Logs a person out everywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn log_out_everywhere(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<u64> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let sessions = end_everything(office, &tx, user.id).await?;
    office.record(&tx, actor, Some(user.id), Event::SessionsEnded { sessions }).await?;
    tx.commit().await?;
    Ok(Ok(sessions))
}

/// Removes one passkey of a person, a lost one, with what it began.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_passkey(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, passkey): (UserId, PasskeyId),
) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(known) = passkeys::of_user_by_id(&tx, user.id, passkey).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let sessions_ended = sessions::end_of_passkey(&tx, user.id, passkey).await?;
    grants::revoke_of_passkey(&tx, user.id, passkey, office.now).await?;
    passkeys::delete(&tx, user.id, passkey).await?;
    office.mail.passkey_removed(&tx, &user, known.name.as_str(), &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), Event::PasskeyDeleted { passkey, sessions_ended }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Removes all passkeys of a person and logs them out everywhere: their password works again.
///
/// # Errors
/// When the database does not answer.
pub async fn reset_passkeys(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<u64> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let removed = passkeys::delete_all(&tx, user.id).await?;
    end_everything(office, &tx, user.id).await?;
    office.mail.passkeys_reset(&tx, &user, &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), Event::PasskeysReset { passkeys: removed }).await?;
    tx.commit().await?;
    Ok(Ok(removed))
}

/// Turns a person's code app off, voids their recovery codes and logs them out everywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn reset_two_factor(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let recovery_codes = recovery::made_at(&tx, user.id).await?.is_some();
    let code_app = totp::remove(&tx, user.id).await?;
    recovery::remove(&tx, user.id).await?;
    end_everything(office, &tx, user.id).await?;
    office.mail.two_factor_reset(&tx, &user, &office.circumstances()).await?;
    let event = Event::TwoFactorReset { code_app, recovery_codes };
    office.record(&tx, actor, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Lets a password work again that stopped after too many wrong ones. Refused as unchanged where there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn unlock(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::HelpPerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !passwords::exists(&tx, user.id).await? {
        return Ok(Err(Refused::Unchanged));
    }
    guesses::forget(&tx, Guessed::Password(&user.email)).await?;
    // Whoever only had to wait had no reason to worry either.
    if !passwords::is_usable(&tx, user.id).await? {
        office.mail.password_unlocked(&tx, &user, &office.circumstances()).await?;
    }
    passwords::reset_failures(&tx, user.id).await?;
    office.record(&tx, actor, Some(user.id), Event::PasswordUnlocked).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Disables an account, or enables it again. Disabled, its person is logged out at once and everywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn set_enabled(office: &Office<'_>, actor: &AdminActor, id: UserId, enabled: bool) -> Outcome<()> {
    let (tx, user, memberships) = match begin(office, actor, (Act::DisablePerson, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if user.is_enabled() == enabled {
        return Ok(Err(Refused::Unchanged));
    }
    if !enabled && let Some(refused) = is_indispensable(&tx, &user, &memberships).await? {
        return Ok(Err(refused));
    }
    let by_service = actor.may(Act::DisablePerson);
    let standing = match (enabled, by_service) {
        (true, _) => Standing::Enabled,
        (false, true) => Standing::DisabledByService,
        (false, false) => Standing::DisabledByOrganization,
    };
    users::set_standing(&tx, user.id, standing, office.now).await?;
    let event = if enabled {
        Event::UserEnabled
    } else {
        Event::UserDisabled { sessions_ended: end_everything(office, &tx, user.id).await? }
    };
    office.mail.account_enabled(&tx, &user, enabled, &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Whether nobody would be left to do what this person does. Holds everybody who could, so that of two who
/// leave at once one stays.
async fn is_indispensable(
    tx: &Tx,
    user: &User,
    memberships: &[Membership],
) -> anyhow::Result<Option<Refused>> {
    if user.role == Some(ServiceRole::Operator) {
        users::lock_operators(tx).await?;
        if users::operators(tx).await?.iter().all(|operator| operator.id == user.id) {
            return Ok(Some(Refused::LastOperator));
        }
    }
    for membership in memberships.iter().filter(|membership| membership.roles.is_administrator()) {
        organizations::lock(tx, membership.organization_id).await?;
        let organization = organizations::by_id(tx, membership.organization_id).await?;
        if organization.is_none_or(|organization| !organization.is_enabled()) {
            continue;
        }
        let left = memberships::administrators(tx, membership.organization_id).await?;
        if left.iter().all(|administrator| *administrator == user.id) {
            return Ok(Some(Refused::LastAdministrator));
        }
    }
    Ok(None)
}

/// Gives a person a right over the whole service, or takes it.
///
/// # Errors
/// When the database does not answer.
pub async fn set_role(
    office: &Office<'_>,
    actor: &AdminActor,
    id: UserId,
    role: Option<ServiceRole>,
) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::GrantServiceRole, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if user.role == role {
        return Ok(Err(Refused::Unchanged));
    }
    if let Some(refused) = is_indispensable(&tx, &user, &[]).await? {
        return Ok(Err(refused));
    }
    users::set_role(&tx, user.id, role, office.now).await?;
    office.mail.service_role_set(&tx, &user, role, &office.circumstances()).await?;
    office.record(&tx, actor, Some(user.id), Event::ServiceRoleSet { role }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Says how a person may sign in, beside what holds for everybody and in their organizations.
///
/// # Errors
/// When the database does not answer.
pub async fn set_policy(office: &Office<'_>, actor: &AdminActor, id: UserId, policy: Policy) -> Outcome<()> {
    let (tx, user, _) = match begin(office, actor, (Act::SetPersonPolicy, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    users::set_policy(&tx, user.id, policy).await?;
    office.record(&tx, actor, Some(user.id), Event::PolicySet { policy }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
