//! The whole measurement: every operation, floor and provider in turn, several times over; the median counts.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::contender::Contender;
use crate::driver::search::Search;
use crate::driver::{Offer, Rate, offer};
use crate::footprint;
use crate::machine::{Machine, date};
use crate::operation::Operation;
use crate::overload;
use crate::report::{DatabaseReport, Report, Row, Sample, Side};
use crate::stage::{Kind, Stage, Who};
use crate::world::Size;

/// What to measure, and how thoroughly.
#[derive(Debug, Clone)]
pub struct Task {
    pub idp: PathBuf,
    pub databases: Vec<Kind>,
    pub operations: Vec<Operation>,
    pub quick: bool,
    pub overload: bool,
    /// So many other people are there.
    pub crowd: usize,
    pub repetitions: usize,
    /// Where databases are kept meanwhile: their disk is part of what is measured.
    pub folder: PathBuf,
    pub command: String,
}

impl Task {
    const fn size(&self) -> Size {
        if self.quick {
            Size { people: 8, typing: 16, passkeys: 8 }
        } else {
            Size { people: 64, typing: 256, passkeys: 400 }
        }
    }

    fn search(&self, operation: Operation) -> Search {
        let seconds = |quick, whole| Duration::from_secs_f64(if self.quick { quick } else { whole });
        if operation == Operation::Password {
            // The look alone: how many hashes the cores can do, with never more waiting than there is room for.
            return Search {
                look: seconds(1.5, 6.0),
                step: Duration::ZERO,
                steps: 0,
                lines: 16,
                patience: 0.0,
            };
        }
        let steps = if self.quick { 2 } else { 5 };
        Search { look: seconds(0.4, 1.0), step: seconds(0.4, 1.5), steps, lines: 64, patience: 100.0 }
    }

    /// How long latency is measured at half of what is possible.
    fn calm(&self, operation: Operation) -> Duration {
        match (self.quick, operation) {
            (true, _) => Duration::from_millis(800),
            (false, Operation::Password) => Duration::from_secs(6),
            (false, _) => Duration::from_secs(3),
        }
    }
}

/// # Errors
/// When something can not be started, or answers otherwise than it should.
pub async fn run(task: &Task) -> anyhow::Result<Report> {
    let mut report = Report {
        command: task.command.clone(),
        date: date(),
        machine: Machine::this(),
        quick: task.quick,
        load_before: Machine::load(),
        databases: Vec::new(),
    };
    for kind in &task.databases {
        eprintln!("{}: making people, sessions and passkeys", kind.label());
        let stage = Stage::set(&task.idp, kind.clone(), (task.size(), task.crowd), &task.folder).await?;
        let measured = measure(task, kind, &stage).await;
        stage.strike().await?;
        report.databases.push(measured?);
    }
    Ok(report)
}

async fn measure(task: &Task, kind: &Kind, stage: &Stage) -> anyhow::Result<DatabaseReport> {
    let mut sides: Vec<(Operation, Vec<Sample>, Vec<Sample>)> =
        task.operations.iter().map(|operation| (*operation, Vec::new(), Vec::new())).collect();
    for repetition in 1..=task.repetitions {
        for (operation, floor, ours) in &mut sides {
            eprint!("{} {repetition}/{} {:<20}", kind.label(), task.repetitions, operation.name());
            floor.push(sample(task, stage, Who::Floor, *operation).await?);
            ours.push(sample(task, stage, Who::Ours, *operation).await?);
            let last = |samples: &[Sample]| samples.last().map_or(0.0, |sample| sample.throughput);
            let (floor, ours) = (last(floor), last(ours));
            eprintln!("floor {floor:>8.0}/s  ours {ours:>8.0}/s  {:.2}", ours / floor);
        }
    }
    let row = |(operation, floor, ours): (Operation, Vec<Sample>, Vec<Sample>)| {
        Row::new(operation, Side::of(floor), Side::of(ours))
    };
    let rows = sides.into_iter().map(row).collect();
    let footprint = footprint::measure(stage, &task.idp).await?;
    let overload = if task.overload {
        eprintln!("{}: ten times as many passwords as can be checked", kind.label());
        Some(overload::measure(stage, task.quick).await?)
    } else {
        None
    };
    Ok(DatabaseReport { database: kind.label(), rows, footprint, overload })
}

/// One measurement: what it can do, and how long it takes at half of that.
async fn sample(task: &Task, stage: &Stage, who: Who, operation: Operation) -> anyhow::Result<Sample> {
    let contender = stage.start(who).await?;
    let sample = take(task, stage, &contender, operation).await;
    let sample = sample.with_context(|| format!("{} of {who:?}", operation.name()))?;
    contender.stop()?;
    Ok(sample)
}

async fn take(
    task: &Task,
    stage: &Stage,
    contender: &Contender,
    operation: Operation,
) -> anyhow::Result<Sample> {
    let search = task.search(operation);
    // Codes are spent: as many are fetched before each step as it can use. Nobody knows yet how many that is.
    let run = |next: Offer, guess: f64| async move {
        let per_second = match next.rate {
            Rate::PerSecond(rate) => rate,
            Rate::AsFastAsItGoes => guess,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and bounded"
        )]
        let codes = (per_second * next.time.as_secs_f64()).ceil() as usize + 1;
        let work = stage.world.work(operation, contender.address, codes).await?;
        offer(&contender.addresses(), &work, next).await
    };
    let look = run(search.first(), 4000.0).await?;
    anyhow::ensure!(
        look.done.count() > 0,
        "nothing was answered: {}",
        look.first_failure.unwrap_or_default()
    );
    let mut progress = search.begin(&look);
    while let Some(next) = progress.next() {
        let outcome = run(next, 0.0).await?;
        progress.note(next, &outcome);
    }
    let throughput = progress.found();
    let half = Offer {
        rate: Rate::PerSecond((throughput / 2.0).max(1.0)),
        time: task.calm(operation),
        lines: search.lines,
    };
    let calm = run(half, 0.0).await?;
    Ok(Sample {
        throughput,
        peak: progress.peak,
        p50: calm.quantile(0.5),
        p99: calm.quantile(0.99),
        failed: calm.failed,
        first_failure: calm.first_failure,
        memory: contender.memory()?,
        steps: progress.steps,
    })
}

/// Of nothing it is nothing.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
