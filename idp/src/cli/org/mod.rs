//! `idp org …`.

mod invitations;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Host, open_existing, say};
use crate::admin::{AdminActor, Office, Refused, members, organizations};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::ids::UserId;
use crate::model::organization::{Organization, OrganizationName, RoleName, Roles, Slug};
use crate::model::user::{Email, Policy, User};
use crate::store::organizations::Settings;
use crate::store::{self, Store, users};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an organization.
    Create(Create),
    /// Show all, by their short names.
    List(Output),
    /// Show one with its members.
    Show(Which),
    /// Change its name, its roles or its rule for signing in; what is not given stays.
    Change(Change),
    /// Disable it: nobody administers it or signs in for it, and its people keep their accounts.
    Disable(Which),
    /// Enable it again.
    Enable(Which),
    /// Make somebody a member.
    Add(Member),
    /// Give a member these roles in place of those they have.
    Roles(Member),
    /// Let a member go. Their account stays.
    Remove(Person),
    /// Ask somebody by mail to join, with a new account or the one they have.
    Invite(invitations::Invite),
    /// Show who is invited and has not answered.
    Invitations(Which),
    /// Take an invitation back.
    Withdraw(Person),
}

#[derive(Debug, Args)]
pub(super) struct Output {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its short name.
    slug: Slug,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    which: Which,
    #[arg(long)]
    name: OrganizationName,
    #[command(flatten)]
    rules: Rules,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    which: Which,
    #[arg(long)]
    name: Option<OrganizationName>,
    #[command(flatten)]
    rules: Rules,
}

#[derive(Debug, Args)]
struct Rules {
    /// A role that it gives, beside that of administrators. May be given several times.
    #[arg(long = "role")]
    roles: Vec<RoleName>,
    /// At least this is asked of its members when they sign in: `free`, `require_second_factor`, `require_passkey`
    /// or `passkey_only`.
    #[arg(long)]
    policy: Option<Policy>,
}

#[derive(Debug, Args)]
pub(super) struct Person {
    #[command(flatten)]
    which: Which,
    #[arg(long)]
    email: Email,
}

#[derive(Debug, Args)]
pub(super) struct Member {
    #[command(flatten)]
    person: Person,
    /// One of its roles, or administrator. May be given several times.
    #[arg(long = "role")]
    roles: Vec<RoleName>,
}

pub(super) async fn run(command: Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let (office, actor) = (host.office(), AdminActor::of_the_host());
    match command {
        Command::Create(new) => create(&office, &actor, new).await?,
        Command::List(output) => list(&office, &actor, &output).await?,
        Command::Show(which) => show(&office, &actor, &which).await?,
        Command::Change(change) => self::change(&office, &actor, change).await?,
        Command::Disable(which) => set_enabled(&office, &actor, &which, false).await?,
        Command::Enable(which) => set_enabled(&office, &actor, &which, true).await?,
        Command::Add(member) => {
            let (organization, user) = found(&office, &member.person).await?;
            let roles: Roles = member.roles.into_iter().collect();
            let added = members::add(&office, &actor, (organization.id, user.id, &roles)).await?;
            added.map_err(|refused| refusal(refused, &organization.slug))?;
            let said = format!("{} belongs to {} now.", user.email, organization.name);
            say(member.person.which.output.json, &json!({ "member": user.id, "roles": roles }), &said);
        }
        Command::Roles(member) => {
            let (organization, user) = found(&office, &member.person).await?;
            let roles: Roles = member.roles.into_iter().collect();
            let set = members::set_roles(&office, &actor, (organization.id, user.id, &roles)).await?;
            set.map_err(|refused| refusal(refused, &organization.slug))?;
            let said = format!("The roles of {} in {} are: {roles}.", user.email, organization.name);
            say(member.person.which.output.json, &json!({ "member": user.id, "roles": roles }), &said);
        }
        Command::Invite(asked) => invitations::invite(&office, &actor, asked).await?,
        Command::Invitations(which) => invitations::list(&office, &actor, &which).await?,
        Command::Withdraw(person) => invitations::withdraw(&office, &actor, &person).await?,
        Command::Remove(person) => {
            let (organization, user) = found(&office, &person).await?;
            let removed = members::remove(&office, &actor, (organization.id, user.id)).await?;
            removed.map_err(|refused| refusal(refused, &organization.slug))?;
            let said = format!("{} does not belong to {} any more.", user.email, organization.name);
            say(person.which.output.json, &json!({ "removed": user.id }), &said);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(store: &Store, slug: &Slug) -> anyhow::Result<Organization> {
    match store::organizations::by_slug(store, slug).await? {
        Some(organization) => Ok(organization),
        None => bail!("There is no organization {slug}. See them all with: idp org list"),
    }
}

fn refusal(refused: Refused, slug: &Slug) -> anyhow::Error {
    anyhow!("Nothing was done to {slug}: {refused}.")
}

async fn found(office: &Office<'_>, person: &Person) -> anyhow::Result<(Organization, User)> {
    let organization = find(office.store, &person.which.slug).await?;
    match users::by_email(office.store, &person.email).await? {
        Some(user) => Ok((organization, user)),
        None => bail!("There is no account with the address {}.", person.email),
    }
}

async fn create(office: &Office<'_>, actor: &AdminActor, new: Create) -> anyhow::Result<()> {
    let settings =
        Settings { name: new.name, policy: new.rules.policy, roles: new.rules.roles.into_iter().collect() };
    let made = organizations::create(office, actor, (new.which.slug.clone(), settings)).await?;
    let organization = made.map_err(|refused| refusal(refused, &new.which.slug))?;
    let said = format!("Made {} ({}).", organization.name, organization.id);
    say(new.which.output.json, &in_short(&organization), &said);
    Ok(())
}

async fn list(office: &Office<'_>, actor: &AdminActor, output: &Output) -> anyhow::Result<()> {
    const PAGE: u64 = 500;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = organizations::list(office, actor, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.slug.clone());
        all.extend(page);
    }
    if output.json {
        println!("{}", Value::Array(all.iter().map(in_short).collect()));
    }
    for organization in all.iter().filter(|_| !output.json) {
        let state = if organization.is_enabled() { "" } else { "  (disabled)" };
        println!("{}  {}{state}", organization.slug, organization.name);
    }
    Ok(())
}

fn in_short(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "slug": organization.slug,
        "name": organization.name,
        "policy": organization.policy,
        "roles": organization.roles,
        "enabled": organization.is_enabled(),
    })
}

async fn show(office: &Office<'_>, actor: &AdminActor, which: &Which) -> anyhow::Result<()> {
    const PAGE: u64 = 500;
    let organization = find(office.store, &which.slug).await?;
    let (mut shown, mut after): (Vec<Value>, Option<UserId>) = (Vec::new(), None);
    loop {
        let page = members::list(office, actor, (organization.id, after), PAGE).await?;
        let page = page.map_err(|refused| refusal(refused, &which.slug))?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id);
        shown.extend(page.iter().map(
            |(user, membership)| json!({ "id": user.id, "email": user.email, "roles": membership.roles }),
        ));
    }
    let mut all = in_short(&organization);
    if let Some(members) = all.as_object_mut() {
        members.insert("members".to_owned(), Value::Array(shown));
    }
    say(which.output.json, &all, &serde_json::to_string_pretty(&all)?);
    Ok(())
}

async fn change(office: &Office<'_>, actor: &AdminActor, change: Change) -> anyhow::Result<()> {
    let before = find(office.store, &change.which.slug).await?;
    let roles: Roles = change.rules.roles.into_iter().collect();
    let settings = Settings {
        name: change.name.unwrap_or(before.name),
        policy: change.rules.policy.or(before.policy),
        roles: if roles.is_empty() { before.roles } else { roles },
    };
    let changed = organizations::change(office, actor, (before.id, &settings)).await?;
    changed.map_err(|refused| refusal(refused, &change.which.slug))?;
    let after = find(office.store, &change.which.slug).await?;
    say(change.which.output.json, &in_short(&after), &format!("Changed {}.", after.name));
    Ok(())
}

async fn set_enabled(
    office: &Office<'_>,
    actor: &AdminActor,
    which: &Which,
    enabled: bool,
) -> anyhow::Result<()> {
    let organization = find(office.store, &which.slug).await?;
    let set = organizations::set_enabled(office, actor, organization.id, enabled).await?;
    set.map_err(|refused| refusal(refused, &which.slug))?;
    let state = if enabled { "enabled" } else { "disabled" };
    say(which.output.json, &json!({ "enabled": enabled }), &format!("{} is {state} now.", organization.name));
    Ok(())
}
