//! `idp user …`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

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
use crate::login::access;
use crate::mail::{Circumstances, Mailer};
use crate::model::details::Details;
use crate::model::ids::UserId;
use crate::model::user::{Email, PersonName, Policy, ServiceRole, User};
use crate::store::guesses::{self, Guessed};
use crate::store::milestones::{self, Milestone};
use crate::store::{Store, grants, links, passkeys, passwords, recovery, sessions, totp, users};
use crate::theme::Theme;

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
        }
        Command::AccessLink(AccessLink { whom, minutes }) => {
            let (store, user) = open(&whom, config, clock).await?;
            let mailer = mailer(config)?;
            let tools = (&store, &mailer, Entropy::of_the_system());
            let token = access::issue(tools, &user, minutes, (Actor::Host.into(), clock.now())).await?;
            let link = format!("{}?token={}", config.public_url.join(access::PATH), token.expose());
            say(whom.json, &json!({ "link": link, "minutes": minutes }), &link);
        }
        Command::ResetPasskeys(whom) => {
            let removed = reset_passkeys(&whom, config, clock).await?;
            let said =
                format!("Removed {removed} passkeys of {}. They log in with their password.", whom.email);
            say(whom.json, &json!({ "removed": removed }), &said);
        }
        Command::ResetTwoFactor(whom) => {
            reset_two_factor(&whom, config, clock).await?;
            let said = format!("{} has no code app and no recovery codes any more.", whom.email);
            say(whom.json, &json!({ "reset": true }), &said);
        }
        Command::Unlock(whom) => {
            unlock(&whom, config, clock).await?;
            say(
                whom.json,
                &json!({ "unlocked": true }),
                &format!("The password of {} works again.", whom.email),
            );
        }
        Command::Details(set) => {
            set_details(&set, config, clock).await?;
            let said = format!("What is known of {} is what the file says.", set.whom.email);
            say(set.whom.json, &json!({ "set": true }), &said);
        }
        Command::Policy(SetPolicy { whom, policy }) => {
            let (store, user) = open(&whom, config, clock).await?;
            let tx = store.begin().await?;
            users::set_policy(&tx, user.id, policy).await?;
            audit::record(&tx, clock.now(), Actor::Host, Some(user.id), Event::PolicySet { policy }).await?;
            tx.commit().await?;
            let said =
                format!("For {} the policy {} holds from the next log-in on.", whom.email, policy.as_str());
            say(whom.json, &json!({ "policy": policy }), &said);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn say(as_json: bool, json: &serde_json::Value, text: &str) {
    if as_json { println!("{json}") } else { println!("{text}") }
}

fn mailer(config: &Config) -> anyhow::Result<Mailer> {
    Ok(Mailer::new(config, Arc::new(Theme::load()?), Entropy::of_the_system()))
}

async fn open(whom: &Whom, config: &Config, clock: &SharedClock) -> anyhow::Result<(Store, User)> {
    let store = app::open_store(config, clock).await?;
    match users::by_email(&store, &whom.email).await? {
        Some(user) => Ok((store, user)),
        None => bail!("There is no account with the address {}.", whom.email),
    }
}

async fn reset_passkeys(whom: &Whom, config: &Config, clock: &SharedClock) -> anyhow::Result<u64> {
    let (store, user) = open(whom, config, clock).await?;
    let (mailer, now) = (mailer(config)?, clock.now());
    let tx = store.begin().await?;
    users::lock(&tx, user.id).await?;
    let removed = passkeys::delete_all(&tx, user.id).await?;
    sessions::end_of_user(&tx, user.id, None).await?;
    grants::revoke_of_user(&tx, user.id, grants::Which::All, now).await?;
    links::end_of_user(&tx, user.id).await?;
    mailer.passkeys_reset(&tx, &user, &Circumstances::on_the_host(now)).await?;
    let event = Event::PasskeysReset { passkeys: removed };
    audit::record(&tx, now, Actor::Host, Some(user.id), event).await?;
    tx.commit().await?;
    Ok(removed)
}

async fn reset_two_factor(whom: &Whom, config: &Config, clock: &SharedClock) -> anyhow::Result<()> {
    let (store, user) = open(whom, config, clock).await?;
    let (mailer, now) = (mailer(config)?, clock.now());
    let tx = store.begin().await?;
    users::lock(&tx, user.id).await?;
    let recovery_codes = recovery::made_at(&tx, user.id).await?.is_some();
    let code_app = totp::remove(&tx, user.id).await?;
    recovery::remove(&tx, user.id).await?;
    sessions::end_of_user(&tx, user.id, None).await?;
    grants::revoke_of_user(&tx, user.id, grants::Which::All, now).await?;
    links::end_of_user(&tx, user.id).await?;
    mailer.two_factor_reset(&tx, &user, &Circumstances::on_the_host(now)).await?;
    let event = Event::TwoFactorReset { code_app, recovery_codes };
    audit::record(&tx, now, Actor::Host, Some(user.id), event).await?;
    Ok(tx.commit().await?)
}

async fn set_details(set: &SetDetails, config: &Config, clock: &SharedClock) -> anyhow::Result<()> {
    let place = set.file.display();
    let text = std::fs::read(&set.file).with_context(|| format!("{place} can not be read"))?;
    let details: Details =
        serde_json::from_slice(&text).with_context(|| format!("{place} is not what it should be"))?;
    let (store, user) = open(&set.whom, config, clock).await?;
    let now = clock.now();
    let tx = store.begin().await?;
    users::set_details(&tx, user.id, &details, now).await?;
    audit::record(&tx, now, Actor::Host, Some(user.id), Event::ProfileChanged).await?;
    Ok(tx.commit().await?)
}

async fn unlock(whom: &Whom, config: &Config, clock: &SharedClock) -> anyhow::Result<()> {
    let (store, user) = open(whom, config, clock).await?;
    let (mailer, now) = (mailer(config)?, clock.now());
    let tx = store.begin().await?;
    if !passwords::exists(&tx, user.id).await? {
        bail!("{} has no password. Send an access link instead: idp user access-link.", whom.email);
    }
    guesses::forget(&tx, Guessed::Password(&user.email)).await?;
    // Whoever only had to wait had no reason to worry either.
    if !passwords::is_usable(&tx, user.id).await? {
        mailer.password_unlocked(&tx, &user, &Circumstances::on_the_host(now)).await?;
    }
    passwords::reset_failures(&tx, user.id).await?;
    audit::record(&tx, now, Actor::Host, Some(user.id), Event::PasswordUnlocked).await?;
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
