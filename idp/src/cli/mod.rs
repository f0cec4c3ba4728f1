//! The command line: one file per group. Every command works on the database directly, so that it
//! works while the service is down.

mod audit;
mod backup;
mod client;
mod config;
mod doctor;
pub mod import;
mod keys;
mod migrate_store;
mod org;
mod ready;
mod restore;
mod serve;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use time::OffsetDateTime;

use crate::admin::Office;
use crate::app::{self, standing::Set};
use crate::clock::{SharedClock, SystemClock};
use crate::config::{Config, Problems};
use crate::crypto::random::Entropy;
use crate::mail::Mailer;
use crate::model::user::{Email, Policy, User};
use crate::store::{Store, users};
use crate::theme::Theme;

/// The configuration, the database or a key is not usable: nothing was started.
const CANNOT_START: u8 = 2;
/// So long threads may take when everything is done.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

#[derive(Debug, Parser)]
#[command(name = "idp", version, about = "An OpenID Connect provider, passkey-first.")]
pub struct Cli {
    /// The configuration file. Without one the defaults apply, on localhost with an example client.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the service (the default).
    Serve,
    /// Bring the database's schema up to date and stop.
    Migrate {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask the service that runs here with this configuration whether it is ready.
    Ready {
        /// Print the answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Move everything to an empty database of the other kind, while the service is stopped.
    ///
    /// Exit codes: 0 moved and compared, 1 refused or failed, and nothing was moved unless the text says so.
    MigrateStore(migrate_store::MigrateStore),
    /// The configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// People.
    #[command(subcommand)]
    User(user::Command),
    /// Bring over what another system knew.
    #[command(subcommand)]
    Import(import::Command),
    /// Clinics and practice groups, and who belongs to them.
    #[command(subcommand)]
    Org(org::Command),
    /// Applications.
    #[command(subcommand)]
    Client(client::Command),
    /// Signing keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// The audit trail.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Write a consistent copy of the embedded database while the service runs.
    ///
    /// Exit codes: 0 written and found whole, 1 failed, or the audit trail in it is broken.
    Backup {
        /// A new file, or a folder in which one is made. A description is written beside it (….json).
        #[arg(value_name = "TARGET")]
        target: PathBuf,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a backup in the place of the database of a service that is stopped, and end what it had handed out.
    ///
    /// Exit codes: 0 in place, 1 refused or failed, and nothing was changed.
    Restore(restore::Restore),
    /// Look for the usual mistakes and name the remedy.
    Doctor {
        /// Also connect to the mail server, without sending anything.
        #[arg(long)]
        mail: bool,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command and returns the program's exit code: 0 done, 1 refused or failed, 2 could not
/// start.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    keep_to_ourselves();
    let config = match Config::load(cli.config.as_deref()) {
        Ok(config) => config,
        Err(problems) => return refuse(&problems),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(CANNOT_START, &anyhow::anyhow!("no threads to run on: {error}")),
    };
    let clock: SharedClock = Arc::new(SystemClock);
    let command = cli.command.unwrap_or(Command::Serve);
    let starting = matches!(command, Command::Serve | Command::Migrate { .. });
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve => Box::pin(serve::run(config, clock)).await,
            Command::Migrate { json } => serve::migrate(config, &clock, json).await,
            Command::Ready { json } => ready::run(json, &config).await,
            Command::Config(command) => Ok(config::run(&command, &config)),
            Command::User(command) => user::run(command, &config, &clock).await,
            Command::Import(command) => import::run(command, &config, &clock).await,
            Command::Org(command) => org::run(command, &config, &clock).await,
            Command::Client(command) => client::run(command, &config, &clock).await,
            Command::Keys(command) => keys::run(&command, &config, &clock).await,
            Command::Audit(command) => audit::run(&command, &config, &clock).await,
            Command::Backup { target, json } => backup::run(&target, json, &config, &clock).await,
            Command::MigrateStore(wanted) => migrate_store::run(&wanted, &config, &clock).await,
            Command::Restore(wanted) => restore::run(&wanted, &config, &clock).await,
            Command::Doctor { mail, json } => doctor::run((json, mail), &config, &clock).await,
        }
    });
    // What is done is done: a thread that does not come to its end must not keep the command from ending.
    runtime.shutdown_timeout(LAST_MOMENTS);
    match outcome {
        Ok(code) => code,
        Err(error) => fail(if starting { CANNOT_START } else { 1 }, &error),
    }
}

/// What commands that administer work with.
struct Host {
    store: Store,
    mailer: Mailer,
    policy: Policy,
    now: OffsetDateTime,
}

impl Host {
    async fn new(store: Store, config: &Config, clock: &SharedClock) -> anyhow::Result<Self> {
        let mailer = Mailer::new(config, Arc::new(Theme::load()?), Entropy::of_the_system());
        let set = Set::read(&store).await?;
        mailer.rename(&set.brand_name(config));
        Ok(Self { store, mailer, policy: set.policy(config), now: clock.now() })
    }

    fn office(&self) -> Office<'_> {
        Office {
            store: &self.store,
            mail: &self.mailer,
            entropy: Entropy::of_the_system(),
            policy: self.policy,
            now: self.now,
            network: None,
            browser: None,
        }
    }
}

/// Opens the database of a service that exists. A command that is run in another folder, or without the configuration of
/// its service, must not change a new service of its own.
async fn open_existing(config: &Config, clock: &SharedClock) -> anyhow::Result<Store> {
    require_existing(config)?;
    app::open_store(config, clock).await
}

fn require_existing(config: &Config) -> anyhow::Result<()> {
    let place = config.sqlite_path();
    if config.database.url.is_none() && !place.exists() {
        anyhow::bail!(
            "There is no service here: {} does not exist. Run this command where the service runs and with its \
             configuration (--config, IDP_…). For a new service, run `idp migrate` first.",
            place.display()
        );
    }
    Ok(())
}

/// Opens the database and finds somebody in it.
async fn open_person(email: &Email, config: &Config, clock: &SharedClock) -> anyhow::Result<(Store, User)> {
    let store = open_existing(config, clock).await?;
    match users::by_email(&store, email).await? {
        Some(user) => Ok((store, user)),
        None => anyhow::bail!("There is no account with the address {email}."),
    }
}

/// Prints a result as whoever asked wants to read it.
fn say(as_json: bool, json: &serde_json::Value, text: &str) {
    if as_json { println!("{json}") } else { println!("{text}") }
}

/// Files that we make are for our own user, and a crash leaves no copy of our memory behind. As many files may be open as
/// this user may have: every connection is one.
fn keep_to_ourselves() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
    let most = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Refused only where the limit is lower already.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Where a program takes the cores, the limit does not count. Other processes of our user can not look into our memory
    // then either.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

fn refuse(problems: &Problems) -> ExitCode {
    eprintln!("{problems}");
    ExitCode::from(CANNOT_START)
}

/// One sentence for a person; the causes follow it where they say more.
fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    eprintln!("idp: {error:#}");
    ExitCode::from(code)
}
