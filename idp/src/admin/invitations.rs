//! Inviting people to an organization by mail. Only its mailbox ever gets the link; whether somebody has the address is
//! not told to whoever invites. What becomes of an invitation is `login/invitation`.

use time::Duration;

use super::organizations::begin;
use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::crypto::token::{Token, TokenKind};
use crate::mail::Invite;
use crate::model::client::{Client, ClientId, ClientName, ClientSource};
use crate::model::ids::{InvitationId, OrganizationId};
use crate::model::organization::{INVITATION_DAYS, Invitation, Organization, Roles};
use crate::model::user::{Email, Language, User};
use crate::store::{Read, Tx, clients, invitations, memberships, organizations, users};

/// An organization makes at most so many within a day…
pub const PER_DAY: u64 = 200;
/// …so many of them to one address, whose owner did not ask for any…
pub const PER_ADDRESS: u64 = 5;
/// …and so many wait at the same time.
pub const AT_ONCE: u64 = 500;

/// Who is to be invited, and as what.
#[derive(Debug, Clone)]
pub struct New {
    pub email: Email,
    pub roles: Roles,
    /// Where they go on to.
    pub client: Option<ClientId>,
    pub days: u32,
    /// What the mail is written in for whoever has no account.
    pub language: Option<Language>,
}

/// An invitation that waits, as those see it who made it.
#[derive(Debug)]
pub struct Waiting {
    pub invitation: Invitation,
    /// The name of whoever made it, unless it was made on the host.
    pub inviter: Option<String>,
    /// Nobody can accept it: too old, or made by somebody who may not invite any more.
    pub expired: bool,
    pub void: bool,
}

/// Asks an address to join, in place of what this organization asked it before.
///
/// # Errors
/// When it could not be kept.
pub async fn invite(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, new): (OrganizationId, New),
) -> Outcome<Invitation> {
    let (tx, organization) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    send(office, actor, (tx, &organization), new).await
}

/// Sends one once more: with a new secret, for as long as before, in the name of whoever sends it now. The old link
/// is dead.
///
/// # Errors
/// When it could not be kept.
pub async fn resend(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, invitation): (OrganizationId, InvitationId),
    language: Option<Language>,
) -> Outcome<Invitation> {
    let (tx, organization) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(before) = invitations::of_organization_by_id(&tx, id, invitation).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let days = u32::try_from((before.expires_at - before.created_at).whole_days()).unwrap_or_default();
    let new = New { email: before.email, roles: before.roles, client: before.client, days, language };
    send(office, actor, (tx, &organization), new).await
}

async fn send(
    office: &Office<'_>,
    actor: &AdminActor,
    (tx, organization): (Tx, &Organization),
    new: New,
) -> Outcome<Invitation> {
    if new.roles.is_administrator() && !actor.may_name_administrators() {
        return Ok(Err(Refused::Forbidden));
    }
    let invitee = users::by_email(&tx, &new.email).await?;
    if let Some(refused) = refusal(office, (&tx, organization), (&new, invitee.as_ref())).await? {
        return Ok(Err(refused));
    }
    let token = Token::generate(TokenKind::Invitation, office.entropy)?;
    let invitation = Invitation {
        id: office.entropy.id(office.now, InvitationId::new)?,
        organization_id: organization.id,
        email: new.email,
        roles: new.roles,
        invited_by: actor.person(),
        invitee: invitee.as_ref().map(|user| user.id),
        client: new.client,
        created_at: office.now,
        expires_at: office.now + Duration::days(new.days.into()),
        ended: None,
    };
    invitations::insert(&tx, &invitation, token.hash()).await?;
    let inviter = inviter_of(&tx, &invitation).await?;
    let invite = Invite {
        invitation: &invitation,
        organization: &organization.name,
        inviter: inviter.as_deref(),
        invitee: invitee.as_ref(),
        language: new.language.as_ref(),
    };
    office.mail.invited(&tx, &invite, &token).await?;
    let event = Event::InvitationMade {
        organization: organization.id,
        invitation: invitation.id,
        roles: invitation.roles.to_string(),
    };
    office.record(&tx, actor, invitation.invitee, event).await?;
    tx.commit().await?;
    Ok(Ok(invitation))
}

/// Why an organization that is held can not invite so, if it can not.
async fn refusal(
    office: &Office<'_>,
    (tx, organization): (&Tx, &Organization),
    (new, invitee): (&New, Option<&User>),
) -> anyhow::Result<Option<Refused>> {
    let id = organization.id;
    if !organization.is_enabled() {
        return Ok(Some(Refused::OrganizationDisabled));
    }
    if !organization.knows(&new.roles) {
        return Ok(Some(Refused::UnknownRole));
    }
    if !INVITATION_DAYS.contains(&new.days) {
        return Ok(Some(Refused::Lifetime));
    }
    if let Some(client) = &new.client
        && clients::by_id(tx, client).await?.is_none_or(|client| !begins_at_us(&client))
    {
        return Ok(Some(Refused::UnknownApplication));
    }
    if let Some(user) = invitee
        && memberships::of(tx, user.id, id).await?.is_some()
    {
        return Ok(Some(Refused::MemberAlready));
    }
    let yesterday = office.now - Duration::days(1);
    let too_many = invitations::count_open(tx, id, office.now).await? >= AT_ONCE
        || invitations::count_since(tx, (id, None), yesterday).await? >= PER_DAY
        || invitations::count_since(tx, (id, Some(&new.email)), yesterday).await? >= PER_ADDRESS;
    Ok(too_many.then_some(Refused::TooManyInvitations))
}

/// Whether people can be sent to an application to begin there. Never to one that nobody but itself vouches for.
fn begins_at_us(client: &Client) -> bool {
    client.is_enabled()
        && client.source != ClientSource::Registered
        && client.settings.initiate_login_uri.is_some()
}

/// The applications that whoever is invited to an organization can go on to.
///
/// # Errors
/// When the database does not answer.
pub async fn applications(
    office: &Office<'_>,
    actor: &AdminActor,
    id: OrganizationId,
) -> anyhow::Result<Vec<(ClientId, ClientName)>> {
    if !actor.may_in(Act::RunOrganization, id) {
        return Ok(Vec::new());
    }
    let known = clients::kept_by_us(office.store).await?;
    Ok(known.into_iter().filter(begins_at_us).map(|client| (client.id, client.settings.name)).collect())
}

async fn inviter_of(db: &impl Read, invitation: &Invitation) -> anyhow::Result<Option<String>> {
    Ok(match invitation.invited_by {
        Some(id) => users::by_id(db, id).await?.map(|user| user.display_name()),
        None => None,
    })
}

/// Takes one back: its link is dead.
///
/// # Errors
/// When the database does not answer.
pub async fn withdraw(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, invitation): (OrganizationId, InvitationId),
) -> Outcome<()> {
    let (tx, organization) = match begin(office, actor, (Act::RunOrganization, id)).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(withdrawn) = invitations::withdraw(&tx, (organization.id, invitation), office.now).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let event = Event::InvitationWithdrawn { organization: organization.id, invitation };
    office.record(&tx, actor, withdrawn.invitee, event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Those that wait or have grown too old, the newest first: for whoever may invite.
///
/// # Errors
/// When the database does not answer.
pub async fn list(office: &Office<'_>, actor: &AdminActor, id: OrganizationId) -> Outcome<Vec<Waiting>> {
    let db = office.store;
    let Some(organization) = organizations::by_id(db, id).await?.filter(|_| actor.may_in(Act::SeePerson, id))
    else {
        return Ok(Err(Refused::NotFound));
    };
    let mut waiting = Vec::new();
    for invitation in invitations::of_organization(db, id).await? {
        let void =
            !organization.knows(&invitation.roles) || !invitations::is_still_given(db, &invitation).await?;
        waiting.push(Waiting {
            inviter: inviter_of(db, &invitation).await?,
            expired: invitation.expires_at <= office.now,
            void,
            invitation,
        });
    }
    Ok(Ok(waiting))
}
