//! `idp user …`.

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use crate::app;
use crate::audit::{self, Actor, Event};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::password::{MAX_BYTES, Password, PasswordWorkers};
use crate::crypto::random::Entropy;
use crate::model::ids::UserId;
use crate::model::user::{Email, PersonName, ServiceRole, User};
use crate::store::milestones::{self, Milestone};
use crate::store::{passwords, users};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account with a password.
    Create(Create),
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
    let Command::Create(new) = command;
    let id = create(&new, config, clock).await?;
    if new.json {
        println!("{}", json!({ "id": id, "email": new.email }));
    } else {
        println!("Made the account of {} ({id}).", new.email);
    }
    Ok(ExitCode::SUCCESS)
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
