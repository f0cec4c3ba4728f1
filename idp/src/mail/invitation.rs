//! What people are told about organizations that they are asked to join, or have joined.

use super::{Circumstances, Done, Link, Mailer, Notice, Reader};
use crate::crypto::token::Token;
use crate::model::organization::{Invitation, OrganizationName};
use crate::model::user::{Language, User};
use crate::store::Tx;

/// Who asks whom to join what.
#[derive(Debug)]
pub struct Invite<'a> {
    pub invitation: &'a Invitation,
    pub organization: &'a OrganizationName,
    /// The name of whoever invites, unless it is done on the host.
    pub inviter: Option<&'a str>,
    /// Whoever has the address, if anybody has.
    pub invitee: Option<&'a User>,
    /// What whoever has no account is written to in.
    pub language: Option<&'a Language>,
}

impl Mailer {
    /// Asks an address to join an organization.
    ///
    /// # Errors
    /// As every message: when it could not be written, what it tells about must not happen.
    pub async fn invited(&self, tx: &Tx, invite: &Invite<'_>, token: &Token) -> Done {
        let Invite { invitation, invitee, .. } = invite;
        // Where somebody sits who invites is nothing for whom they invite.
        let happened = Circumstances::on_the_host(invitation.created_at);
        let life = (invitation.expires_at - invitation.created_at).whole_minutes();
        let minutes = u32::try_from(life).unwrap_or(u32::MAX);
        let link = Link { path: "/login/invitation", token: Some(token), minutes, attempt: None };
        let reader = Reader {
            account: invitee.map(|user| user.id),
            language: invitee.and_then(|user| user.language.as_ref()).or(invite.language),
            given_name: invitee.map(|user| user.given_name.as_str()).unwrap_or_default(),
            time_zone: invitee.and_then(|user| user.time_zone.as_ref()),
            mailbox: &invitation.email,
        };
        let kind = if invite.inviter.is_some() { "invited-by" } else { "invited" };
        let mut notice = Notice::new(kind, &happened)
            .link(link)
            .harmless()
            .named("organization", invite.organization.as_str())
            .named("inviter", invite.inviter.unwrap_or_default());
        if invitee.is_none() {
            notice = notice.for_stranger();
        }
        self.write(tx, &reader, &notice).await
    }

    /// To somebody who belongs to one more organization.
    pub async fn joined(
        &self,
        tx: &Tx,
        user: &User,
        organization: &OrganizationName,
        happened: &Circumstances<'_>,
    ) -> Done {
        let notice = Notice::new("joined", happened).named("organization", organization.as_str());
        self.send(tx, user, &notice).await
    }
}
