//! `idp import …`: reads a file to its end and says what is wrong with it before anything is written.

pub mod line;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::Host;
use crate::admin::AdminActor;
use crate::admin::import::{Newcomer, Standing, admit, examine};
use crate::app;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::user::Email;

/// Made in one transaction. The service waits for it with what it wants to write.
const BATCH: usize = 200;
/// A longer line is no person.
const MAX_LINE: u64 = 65_536;
/// Whoever has more to correct than this corrects these first.
const MAX_PROBLEMS: usize = 100;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make accounts from a file with one JSON object a line. All of it is checked before any of it is written; who has an
    /// account already keeps it as it is.
    Users(Users),
}

#[derive(Debug, Args)]
pub(super) struct Users {
    file: PathBuf,
    /// Check everything and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Refuse the file when somebody in it has an account already.
    #[arg(long)]
    refuse_existing: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    lines: u64,
    /// With `--dry-run`, those who would be.
    made: u64,
    existing: u64,
    without_password: u64,
    /// How many hashes there are of each scheme, of all lines.
    hashes: HashMap<&'static str, u64>,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Problem {
    line: u64,
    why: String,
}

pub(super) async fn run(command: Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let Command::Users(asked) = command;
    let host = Host::new(app::open_store(config, clock).await?, config, clock).await?;
    let mut summary = check(&asked, &host).await?;
    if !summary.problems.is_empty() {
        summary.made = 0;
        report(&asked, &summary);
        return Ok(ExitCode::FAILURE);
    }
    if !asked.dry_run {
        write(&asked, &host, &mut summary).await?;
    }
    report(&asked, &summary);
    Ok(ExitCode::SUCCESS)
}

/// Reads all of it and compares it with what is here.
async fn check(asked: &Users, host: &Host) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut seen: HashMap<Email, u64> = HashMap::new();
    let mut lines = Lines::open(&asked.file)?;
    let mut batch = Vec::new();
    loop {
        let next = lines.next()?;
        let over = next.is_none();
        if let Some((number, text)) = next {
            summary.lines += 1;
            match line::read(&text) {
                Err(error) => summary.problem(number, error.to_string()),
                Ok(newcomer) => match seen.insert(newcomer.email.clone(), number) {
                    Some(before) => {
                        summary.problem(
                            number,
                            format!("has the email of line {before}. Leave one of them out"),
                        );
                    }
                    None => batch.push((number, newcomer)),
                },
            }
        }
        if batch.len() >= BATCH || over {
            compare(asked, host, &mut summary, std::mem::take(&mut batch)).await?;
        }
        if over || summary.problems.len() >= MAX_PROBLEMS {
            return Ok(summary);
        }
    }
}

async fn compare(
    asked: &Users,
    host: &Host,
    summary: &mut Summary,
    batch: Vec<(u64, Newcomer)>,
) -> anyhow::Result<()> {
    let (numbers, newcomers): (Vec<u64>, Vec<Newcomer>) = batch.into_iter().unzip();
    let standings = examine(&host.office(), &AdminActor::of_the_host(), &newcomers).await?;
    for ((number, newcomer), standing) in
        numbers.into_iter().zip(&newcomers).zip(standings.map_err(|e| anyhow!(e))?)
    {
        match &newcomer.password {
            Some(hash) => *summary.hashes.entry(hash.scheme()).or_default() += 1,
            None => summary.without_password += 1,
        }
        match standing {
            Standing::New => summary.made += 1,
            Standing::Existing if !asked.refuse_existing => summary.existing += 1,
            other => summary.problem(number, other.to_string()),
        }
    }
    Ok(())
}

/// Makes them, batch by batch.
async fn write(asked: &Users, host: &Host, summary: &mut Summary) -> anyhow::Result<()> {
    (summary.made, summary.existing) = (0, 0);
    let mut lines = Lines::open(&asked.file)?;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        while batch.len() < BATCH
            && let Some((number, text)) = lines.next()?
        {
            // It was right a moment ago.
            batch.push(
                line::read(&text).map_err(|error| anyhow!("{}: line {number} {error}", changed(asked)))?,
            );
        }
        if batch.is_empty() {
            return Ok(());
        }
        let standings = admit(&host.office(), &AdminActor::of_the_host(), &batch).await?;
        for (newcomer, standing) in batch.iter().zip(standings.map_err(|error| anyhow!(error))?) {
            match standing {
                Standing::New => summary.made += 1,
                Standing::Existing => summary.existing += 1,
                other => bail!("{}: {}: {other}", changed(asked), newcomer.email),
            }
        }
    }
}

fn changed(asked: &Users) -> String {
    format!(
        "{} or the database changed while it was read. What was made before stays; run the command again",
        asked.file.display()
    )
}

impl Summary {
    fn problem(&mut self, line: u64, why: String) {
        self.problems.push(Problem { line, why });
    }
}

fn report(asked: &Users, summary: &Summary) {
    if asked.json {
        println!("{}", json!({ "dry_run": asked.dry_run, "summary": summary }));
        return;
    }
    for problem in &summary.problems {
        eprintln!("line {}: {}", problem.line, problem.why);
    }
    let Summary { lines, made, existing, without_password, .. } = summary;
    if !summary.problems.is_empty() {
        let more = if summary.problems.len() >= MAX_PROBLEMS { " There may be more." } else { "" };
        eprintln!("idp: {} lines are wrong. Nothing was written.{more}", summary.problems.len());
    } else if asked.dry_run {
        println!("{lines} lines are right: {made} accounts would be made, {existing} are there already.");
    } else {
        println!("Made {made} accounts; {existing} of {lines} were there already and stay as they are.");
    }
    if summary.problems.is_empty() && *without_password > 0 {
        println!("{without_password} lines have no password: these people begin with \"Forgot password?\".");
    }
}

/// The lines of a file with their numbers, but for empty ones. Wiped after use.
struct Lines {
    file: BufReader<File>,
    place: String,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let place = path.display().to_string();
        let file = File::open(path).with_context(|| format!("{place} can not be read"))?;
        Ok(Self { file: BufReader::new(file), place, number: 0 })
    }

    fn next(&mut self) -> anyhow::Result<Option<(u64, Zeroizing<String>)>> {
        loop {
            let mut bytes = Zeroizing::new(Vec::new());
            let read = (&mut self.file).take(MAX_LINE).read_until(b'\n', &mut bytes);
            let length = read.with_context(|| format!("{} can not be read", self.place))?;
            if length == 0 {
                return Ok(None);
            }
            self.number += 1;
            let (place, number) = (&self.place, self.number);
            if u64::try_from(length).is_ok_and(|length| length >= MAX_LINE) {
                bail!("{place}: line {number} is longer than {MAX_LINE} bytes. Nobody has that much to them");
            }
            let text =
                std::str::from_utf8(&bytes).map_err(|_| anyhow!("{place}: line {number} is not UTF-8"))?;
            // Some programs put a mark at the beginning of a file.
            let text = text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() {
                return Ok(Some((number, Zeroizing::new(text.to_owned()))));
            }
        }
    }
}
