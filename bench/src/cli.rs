//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;

use crate::floor;
use crate::floor::plan::Plan;
use crate::operation::Operation;
use crate::run::{self, Task};
use crate::stage::Kind;

#[derive(Debug, Parser)]
#[command(
    name = "bench",
    about = "Measures the provider against a server that does only what nobody can do without."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure floor and provider side by side.
    Run(Run),
    /// Say from results what a Monday morning takes, with how many people.
    Morning {
        /// `results.json` of a run.
        #[arg(long, value_name = "FILE")]
        results: PathBuf,
        #[arg(long, default_value = "PostgreSQL")]
        database: String,
    },
    /// Be the floor. `run` starts this by itself.
    Floor {
        #[arg(long)]
        port: u16,
        /// What `run` has written for it.
        #[arg(long)]
        plan: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// The provider: a release build.
    #[arg(long)]
    idp: PathBuf,
    /// Measure on this server as well, where databases may be made: `postgres://user:password@host/postgres`.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Leave SQLite out.
    #[arg(long, requires = "postgres")]
    no_sqlite: bool,
    /// So many nodes of the provider on that server, with a Redis that is started for them; the floor stays one.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16), requires = "no_sqlite")]
    nodes: u8,
    /// A second or so for each operation, once: shows that everything works and says little about how fast.
    #[arg(long)]
    quick: bool,
    /// These operations only.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave out the flood of passwords.
    #[arg(long)]
    no_overload: bool,
    /// Measure among so many other people, each with a session, a grant, a refresh token and a passkey; with a tenth as many
    /// applications.
    #[arg(long, value_name = "PEOPLE", default_value_t = 0)]
    crowd: usize,
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// Where databases are kept meanwhile: a folder on the disk that is to be measured.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Where results go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Runs a command and returns the program's exit code.
#[must_use]
pub fn main() -> ExitCode {
    match try_main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Floor { port, plan } => {
            let plan: Plan = serde_json::from_slice(&std::fs::read(plan)?)?;
            // As many threads as the provider has.
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", port)).await?;
                floor::serve(listener, &plan).await
            })
        }
        Command::Morning { results, database } => {
            print!("{}", crate::morning::table(&results, &database)?);
            Ok(())
        }
        Command::Run(options) => {
            let folder = options.out.clone();
            // One thread: what the driver needs, the servers do not get.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let report = runtime.block_on(run::run(&task(options)?))?;
            println!("{}", report.markdown());
            report.write(&folder)
        }
    }
}

fn task(options: Run) -> anyhow::Result<Task> {
    let mut operations = Vec::new();
    for name in &options.only {
        operations.push(Operation::named(name).with_context(|| format!("there is no operation {name}"))?);
    }
    if operations.is_empty() {
        operations.extend(Operation::ALL);
    }
    if !options.idp.is_file() {
        bail!("{} is not there: cargo build --release -p idp -p bench", options.idp.display());
    }
    let mut databases = Vec::new();
    if !options.no_sqlite {
        databases.push(Kind::Sqlite);
    }
    let nodes = options.nodes;
    databases.extend(options.postgres.map(|url| Kind::Postgres { url, nodes }));
    Ok(Task {
        idp: std::path::absolute(&options.idp)?,
        databases,
        operations,
        quick: options.quick,
        overload: !options.no_overload,
        crowd: options.crowd,
        repetitions: if options.quick { 1 } else { options.repetitions.max(1) },
        folder: options.work.unwrap_or_else(std::env::temp_dir),
        command: shown(),
    })
}

/// The command as it was given, without the password of a database.
fn shown() -> String {
    let short = |argument: String| match argument.rsplit_once('@') {
        Some((before, server)) if before.contains("://") => format!("postgres://…@{server}"),
        _ => argument,
    };
    let arguments: Vec<String> = std::env::args().skip(1).map(short).collect();
    format!("bench {}", arguments.join(" "))
}
