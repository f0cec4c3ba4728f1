//! `idp org invite`, `invitations` and `withdraw`. The link goes by mail and is never printed: whoever has it shows
//! that they read the mailbox.

use clap::Args;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{Person, Which, find, refusal, say};
use crate::admin::invitations::{self, New};
use crate::admin::{AdminActor, Office};
use crate::model::client::ClientId;
use crate::model::organization::{Invitation, RoleName, USUAL_INVITATION_DAYS};
use crate::model::user::Language;

#[derive(Debug, Args)]
pub(in crate::cli) struct Invite {
    #[command(flatten)]
    person: Person,
    /// One of its roles, or administrator. May be given several times.
    #[arg(long = "role")]
    roles: Vec<RoleName>,
    /// The application that whoever accepts goes on to.
    #[arg(long)]
    client: Option<ClientId>,
    /// How long it is good for, 1 to 30 days.
    #[arg(long, default_value_t = USUAL_INVITATION_DAYS)]
    days: u32,
    /// What the mail is written in for somebody without an account, such as `de`.
    #[arg(long)]
    language: Option<Language>,
}

fn shown(invitation: &Invitation) -> Value {
    json!({
        "id": invitation.id,
        "email": invitation.email,
        "roles": invitation.roles,
        "client": invitation.client,
        "expires_at": invitation.expires_at.format(&Rfc3339).unwrap_or_default(),
    })
}

pub(super) async fn invite(office: &Office<'_>, actor: &AdminActor, asked: Invite) -> anyhow::Result<()> {
    let organization = find(office.store, &asked.person.which.slug).await?;
    let new = New {
        email: asked.person.email,
        roles: asked.roles.into_iter().collect(),
        client: asked.client,
        days: asked.days,
        language: asked.language,
    };
    let made = invitations::invite(office, actor, (organization.id, new)).await?;
    let invitation = made.map_err(|refused| refusal(refused, &organization.slug))?;
    let said = format!("{} is invited to {}; the mail is on its way.", invitation.email, organization.name);
    say(asked.person.which.output.json, &shown(&invitation), &said);
    Ok(())
}

pub(super) async fn list(office: &Office<'_>, actor: &AdminActor, which: &Which) -> anyhow::Result<()> {
    let organization = find(office.store, &which.slug).await?;
    let listed = invitations::list(office, actor, organization.id).await?;
    let waiting = listed.map_err(|refused| refusal(refused, &organization.slug))?;
    if which.output.json {
        let row = |one: &invitations::Waiting| {
            let mut row = shown(&one.invitation);
            if let Some(row) = row.as_object_mut() {
                row.insert("expired".to_owned(), one.expired.into());
                row.insert("void".to_owned(), one.void.into());
            }
            row
        };
        println!("{}", Value::Array(waiting.iter().map(row).collect()));
        return Ok(());
    }
    for one in waiting {
        let state = match (one.expired, one.void) {
            (true, _) => "  (expired)",
            (_, true) => "  (whoever invited may not do so any more)",
            _ => "",
        };
        println!("{}  {}{state}", one.invitation.email, one.invitation.roles);
    }
    Ok(())
}

pub(super) async fn withdraw(office: &Office<'_>, actor: &AdminActor, person: &Person) -> anyhow::Result<()> {
    let organization = find(office.store, &person.which.slug).await?;
    let listed = invitations::list(office, actor, organization.id).await?;
    let waiting = listed.map_err(|refused| refusal(refused, &organization.slug))?;
    let Some(found) = waiting.into_iter().find(|one| one.invitation.email == person.email) else {
        anyhow::bail!("{} has not invited {}.", organization.name, person.email);
    };
    let withdrawn = invitations::withdraw(office, actor, (organization.id, found.invitation.id)).await?;
    withdrawn.map_err(|refused| refusal(refused, &organization.slug))?;
    let said = format!("{} is not invited to {} any more.", person.email, organization.name);
    say(person.which.output.json, &json!({ "withdrawn": found.invitation.id }), &said);
    Ok(())
}
