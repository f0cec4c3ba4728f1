//! Invitations, as those meet them who were invited: what a link stands for now, and joining with it. A link counts
//! for its address only; the account it is used with has to be signed in as its new organization wants.

pub mod pages;

use anyhow::Context;

use super::flow::{self, Account, Missing};
use super::{Desk, facts};
use crate::audit::{self, Actor, Event};
use crate::crypto::token::{Token, TokenHash, TokenKind};
use crate::model::client::{Client, ClientName, WebUri};
use crate::model::organization::{Ending, Invitation, Membership, Organization};
use crate::model::session::Session;
use crate::model::user::User;
use crate::store::{Read, Tx, clients, invitations, memberships, organizations, users};

/// What somebody with a link is invited to.
#[derive(Debug)]
pub(super) struct Invited {
    pub(super) token: Token,
    pub(super) invitation: Invitation,
    pub(super) organization: Organization,
    /// Who invites, unless they are no more or it was done on the host.
    pub(super) inviter: Option<String>,
    /// Where whoever joins goes on to.
    pub(super) onward: Option<(ClientName, WebUri)>,
    /// Why nobody can join with it, if so.
    pub(super) over: Option<Over>,
}

/// Why an invitation does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Ended(Ending),
    Expired,
    OrganizationDisabled,
    /// Whoever invited may not do so any more, or a role of it is gone.
    Void,
    /// Who was invited has another address by now.
    AddressChanged,
}

/// What a link stands for. `None` for one that was never made, or so long ago that it is forgotten.
pub(super) async fn find(desk: &Desk<'_>, token: &str) -> anyhow::Result<Option<Invited>> {
    let Some(token) = Token::parse(TokenKind::Invitation, token) else {
        return Ok(None);
    };
    let db = desk.store;
    let Some(invitation) = invitations::by_token(db, token.hash()).await? else {
        return Ok(None);
    };
    let Some(organization) = organizations::by_id(db, invitation.organization_id).await? else {
        return Ok(None);
    };
    let inviter = match invitation.invited_by {
        Some(id) => users::by_id(db, id).await?.map(|user| user.display_name()),
        None => None,
    };
    let client = match &invitation.client {
        Some(id) => clients::by_id(db, id).await?.filter(Client::is_enabled),
        None => None,
    };
    let onward = client.and_then(|client| Some((client.settings.name, client.settings.initiate_login_uri?)));
    let over = judge(db, desk, (&invitation, &organization)).await?;
    Ok(Some(Invited { token, invitation, organization, inviter, onward, over }))
}

/// Whether an invitation counts, from the rows as they are now.
async fn judge(
    db: &impl Read,
    desk: &Desk<'_>,
    (invitation, organization): (&Invitation, &Organization),
) -> anyhow::Result<Option<Over>> {
    if let Some(ending) = invitation.ended {
        return Ok(Some(Over::Ended(ending)));
    }
    if invitation.expires_at <= desk.now {
        return Ok(Some(Over::Expired));
    }
    if !organization.is_enabled() {
        return Ok(Some(Over::OrganizationDisabled));
    }
    if !organization.knows(&invitation.roles) || !invitations::is_still_given(db, invitation).await? {
        return Ok(Some(Over::Void));
    }
    // K3: who has left an address has taken what was sent there along with them.
    if let Some(invitee) = invitation.invitee {
        let user = users::by_id(db, invitee).await?;
        if user.is_none_or(|user| user.email != invitation.email) {
            return Ok(Some(Over::AddressChanged));
        }
    }
    Ok(None)
}

/// Who stands before an invitation that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nobody is signed in, and somebody has the address.
    Account,
    /// The account with the address is disabled.
    DisabledAccount,
    /// Nobody has the address yet.
    Newcomer,
    /// Somebody else than was invited is signed in.
    SomebodyElse,
    /// Who was invited, and belongs to the organization already.
    Member,
    /// Who was invited, but they have to show or to have more.
    Lacking(Missing),
    Ready,
}

pub(super) async fn who(
    desk: &Desk<'_>,
    invited: &Invited,
    here: Option<(&User, &Session)>,
) -> anyhow::Result<Before> {
    let Some((user, session)) = here else {
        return Ok(match users::by_email(desk.store, &invited.invitation.email).await? {
            None => Before::Newcomer,
            Some(user) if user.is_enabled() => Before::Account,
            Some(_) => Before::DisabledAccount,
        });
    };
    if user.email != invited.invitation.email {
        return Ok(Before::SomebodyElse);
    }
    if memberships::of(desk.store, user.id, invited.organization.id).await?.is_some() {
        return Ok(Before::Member);
    }
    let account = account_in(desk.store, desk, (user, &invited.organization)).await?;
    Ok(flow::missing(session.method, account).map_or(Before::Ready, Before::Lacking))
}

/// What matters about an account when its person belongs to an organization too.
async fn account_in(
    db: &impl Read,
    desk: &Desk<'_>,
    (user, organization): (&User, &Organization),
) -> anyhow::Result<Account> {
    let found = facts::of(db, user.id, desk.policy).await?;
    let (_, account, _) = found.context("whoever is invited is gone")?;
    let policy = organization.policy.map_or(account.policy, |policy| policy.max(account.policy));
    Ok(Account { policy, ..account })
}

/// Makes whoever is signed in a member. `false` when that can not be (any more); the page says why.
pub(super) async fn accept(
    desk: &Desk<'_>,
    token: &str,
    (user, session): (&User, &Session),
) -> anyhow::Result<bool> {
    let Some(token) = Token::parse(TokenKind::Invitation, token) else {
        return Ok(false);
    };
    let tx = desk.store.begin().await?;
    users::lock(&tx, user.id).await?;
    let Some(user) = users::by_id(&tx, user.id).await?.filter(User::is_enabled) else {
        return Ok(false);
    };
    let Some((organization, invitation)) = hold(&tx, desk, token.hash()).await? else {
        return Ok(false);
    };
    if user.email != invitation.email {
        return Ok(false);
    }
    let already = memberships::of(&tx, user.id, organization.id).await?.is_some();
    let account = account_in(&tx, desk, (&user, &organization)).await?;
    if !already && flow::missing(session.method, account).is_some() {
        return Ok(false);
    }
    if !join(&tx, desk, (token.hash(), &user)).await? {
        return Ok(false);
    }
    // Whoever has the link reads the mailbox.
    if users::verify_email(&tx, user.id, invitation.email.as_str(), desk.now).await? && !user.email_verified {
        let doer = desk.doer(Actor::Person(user.id));
        audit::record(&tx, desk.now, doer, Some(user.id), Event::EmailConfirmed).await?;
    }
    if !already {
        desk.mail.joined(&tx, &user, &organization.name, &desk.circumstances()).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// An invitation that counts, with its organization held, so that what is decided about either comes before or after.
async fn hold(
    tx: &Tx,
    desk: &Desk<'_>,
    token: TokenHash,
) -> anyhow::Result<Option<(Organization, Invitation)>> {
    let Some(known) = invitations::by_token(tx, token).await? else {
        return Ok(None);
    };
    organizations::lock(tx, known.organization_id).await?;
    let Some(invitation) = invitations::by_token(tx, token).await? else {
        return Ok(None);
    };
    let Some(organization) = organizations::by_id(tx, invitation.organization_id).await? else {
        return Ok(None);
    };
    let over = judge(tx, desk, (&invitation, &organization)).await?;
    Ok(over.is_none().then_some((organization, invitation)))
}

/// Spends an invitation for a person who has shown that its address is theirs. Of any number of callers one gets
/// `true`. Who belongs to the organization already keeps the roles that they have.
pub(super) async fn join(
    tx: &Tx,
    desk: &Desk<'_>,
    (token, user): (TokenHash, &User),
) -> anyhow::Result<bool> {
    if hold(tx, desk, token).await?.is_none_or(|(_, invitation)| invitation.email != user.email) {
        return Ok(false);
    }
    let Some(invitation) = invitations::take(tx, token, (Ending::Accepted, desk.now)).await? else {
        return Ok(false);
    };
    let membership = Membership {
        user_id: user.id,
        organization_id: invitation.organization_id,
        roles: invitation.roles.clone(),
        created_at: desk.now,
    };
    let doer = desk.doer(Actor::Person(user.id));
    let organization = invitation.organization_id;
    let event = Event::InvitationAccepted { organization, invitation: invitation.id };
    audit::record(tx, desk.now, doer, Some(user.id), event).await?;
    if memberships::insert(tx, &membership).await? {
        let event = Event::MemberAdded { organization, roles: invitation.roles.to_string() };
        audit::record(tx, desk.now, doer, Some(user.id), event).await?;
    }
    Ok(true)
}

/// Whoever was invited does not want to: for anybody with the link, since nothing but the link is lost.
pub(super) async fn refuse(desk: &Desk<'_>, token: &str) -> anyhow::Result<()> {
    let Some(token) = Token::parse(TokenKind::Invitation, token) else {
        return Ok(());
    };
    let tx = desk.store.begin().await?;
    if let Some(invitation) = invitations::take(&tx, token.hash(), (Ending::Refused, desk.now)).await? {
        let organization = invitation.organization_id;
        let event = Event::InvitationRefused { organization, invitation: invitation.id };
        audit::record(&tx, desk.now, desk.doer(Actor::Anonymous), invitation.invitee, event).await?;
    }
    Ok(tx.commit().await?)
}

/// The organization that an account begins in, where its invitation still counts.
pub(super) async fn beginning(desk: &Desk<'_>, token: TokenHash) -> anyhow::Result<Option<Organization>> {
    let Some(invitation) = invitations::by_token(desk.store, token).await? else {
        return Ok(None);
    };
    let Some(organization) = organizations::by_id(desk.store, invitation.organization_id).await? else {
        return Ok(None);
    };
    let over = judge(desk.store, desk, (&invitation, &organization)).await?;
    Ok(over.is_none().then_some(organization))
}
