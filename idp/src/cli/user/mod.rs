//! `idp user …`.

mod people;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use zeroize::Zeroizing;

use super::{open_person, say};
use crate::app;
use crate::audit::{self, Actor, Event};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::password::{MAX_BYTES, Password, PasswordWorkers};
use crate::crypto::random::Entropy;
use crate::model::details::Details;
use crate::model::ids::UserId;
use crate::model::user::{Email, PersonName, Policy, ServiceRole, User};
use crate::store::milestones::{self, Milestone};
use crate::store::{passwords, users};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account with a password.
    Create(Create),
    /// Print a link with which somebody who is locked out creates a new passkey, once. Everybody
    /// concerned is told by mail.
    AccessLink(AccessLink),
    /// Remove all passkeys of somebody, and log them out everywhere: their password works again.
    ResetPasskeys(Whom),
    /// Turn somebody's code app off and void their recovery codes.
    ResetTwoFactor(Whom),
    /// Let somebody's password work again after too many wrong ones.
    Unlock(Whom),
    /// Say how somebody's account may be opened.
    Policy(SetPolicy),
    /// Log somebody out everywhere, and end what applications were given.
    LogOut(Whom),
    /// Disable an account: nobody signs in to it, and everything it has given ends at once.
    Disable(Whom),
    /// Let somebody sign in again whose account was disabled.
    Enable(Whom),
    /// Give somebody rights over the whole service, or (with none) take them.
    Role(SetRole),
    /// Show people, by name.
    List(List),
    /// Show what is known of somebody: how they get in, where they are logged in, where they belong.
    Show(Whom),
    /// Set what is known of somebody beyond their name and address, from a file of JSON with members as in
    /// OpenID Connect: `phone_number`, `address`, `birthdate` and others. What is not in it is forgotten.
    Details(SetDetails),
}

#[derive(Debug, Args)]
pub(super) struct Whom {
    email: Email,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct AccessLink {
    #[command(flatten)]
    whom: Whom,
    /// How long the link works.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
}

#[derive(Debug, Args)]
pub(super) struct SetPolicy {
    #[command(flatten)]
    whom: Whom,
    /// `free`, `require_second_factor`, `require_passkey` or `passkey_only`.
    policy: Policy,
}

#[derive(Debug, Args)]
pub(super) struct SetRole {
    #[command(flatten)]
    whom: Whom,
    #[arg(value_enum)]
    role: GivenRole,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GivenRole {
    /// Everything.
    Operator,
    /// Help people back in, and nothing else.
    Support,
    /// See everything and change nothing.
    Auditor,
    None,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those whose name or address begins like this.
    #[arg(long, default_value = "")]
    search: String,
    /// Only those whose account is disabled.
    #[arg(long)]
    disabled: bool,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SetDetails {
    #[command(flatten)]
    whom: Whom,
    #[arg(long)]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[arg(long)]
    email: Email,
    #[arg(long)]
    given_name: PersonName,
    #[arg(long)]
    family_name: PersonName,
    /// Give the right to everything.
    #[arg(long)]
    operator: bool,
    /// Read the password from standard input; there is no other way, so that it shows up nowhere.
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create(new) => {
            let id = create(&new, config, clock).await?;
            let said = format!("Made the account of {} ({id}).", new.email);
            say(new.json, &json!({ "id": id, "email": new.email }), &said);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Details(set) => {
            set_details(&set, config, clock).await?;
            let said = format!("What is known of {} is what the file says.", set.whom.email);
            say(set.whom.json, &json!({ "set": true }), &said);
            return Ok(ExitCode::SUCCESS);
        }
        Command::List(list) => return people::list(&list, config, clock).await,
        Command::Show(whom) => return people::show(&whom, config, clock).await,
        other => people::change(other, config, clock).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_details(set: &SetDetails, config: &Config, clock: &SharedClock) -> anyhow::Result<()> {
    let place = set.file.display();
    let text = std::fs::read(&set.file).with_context(|| format!("{place} can not be read"))?;
    let details: Details =
        serde_json::from_slice(&text).with_context(|| format!("{place} is not what it should be"))?;
    let (store, user) = open_person(&set.whom.email, config, clock).await?;
    let now = clock.now();
    let tx = store.begin().await?;
    users::set_details(&tx, user.id, &details, now).await?;
    audit::record(&tx, now, Actor::Host, Some(user.id), Event::ProfileChanged).await?;
    Ok(tx.commit().await?)
}

async fn create(new: &Create, config: &Config, clock: &SharedClock) -> anyhow::Result<UserId> {
    let entropy = Entropy::of_the_system();
    let password = read_password(new, config)?;
    let hash = PasswordWorkers::start(1, 1, entropy)?.hash(password, entropy).await?;
    let store = app::open_store(config, clock).await?;
    let now = clock.now();
    let role = new.operator.then_some(ServiceRole::Operator);
    let names = (new.email.clone(), new.given_name.clone(), new.family_name.clone());
    let user =
        User { role, ..User::new((entropy.id(now, UserId::new)?, entropy.bytes::<64>()?), names, now) };
    let tx = store.begin().await?;
    if !users::insert(&tx, &user).await? {
        bail!("There is an account with the address {} already.", new.email);
    }
    passwords::set(&tx, user.id, &hash, now).await?;
    if new.operator {
        milestones::reach(&tx, Milestone::SetUp, now).await?;
    }
    let event = Event::UserCreated { role: role.map(ServiceRole::as_str) };
    audit::record(&tx, now, Actor::Host, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(user.id)
}

fn read_password(new: &Create, config: &Config) -> anyhow::Result<Password> {
    let mut text = Zeroizing::new(String::new());
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(2);
    std::io::stdin().take(limit).read_to_string(&mut text).context("The password can not be read")?;
    let typed = text.trim_end_matches(['\r', '\n']);
    ensure!(!typed.is_empty(), "No password came on standard input.");
    let names = [new.email.as_str(), new.given_name.as_str(), new.family_name.as_str(), &config.brand.name];
    Password::chosen(typed, &names).map_err(|refused| anyhow::anyhow!("{refused}. Choose another one."))
}
