//! What was measured, in numbers; written as JSON, as a table in Markdown, and as plots.

mod plot;
mod table;

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::contender::Memory;
use crate::driver::search::Step;
use crate::footprint::Footprint;
use crate::machine::Machine;
use crate::operation::Operation;
use crate::overload::Overload;
use crate::run::median;

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub command: String,
    pub date: String,
    pub machine: Machine,
    pub quick: bool,
    /// Processes that wanted a core in the minute before: more than about 0.3 and the figures are not to be had in quiet.
    pub load_before: f64,
    pub databases: Vec<DatabaseReport>,
}

#[derive(Debug, Clone, Serialize)]
pub struct DatabaseReport {
    pub database: String,
    pub rows: Vec<Row>,
    pub footprint: Footprint,
    pub overload: Option<Overload>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub operation: Operation,
    pub irreducible: &'static str,
    pub goal: f64,
    pub floor: Side,
    pub ours: Side,
    pub ratio: f64,
}

/// The medians of one server's measurements; latency in milliseconds, at half of its throughput.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    pub throughput: f64,
    pub p50: f64,
    pub p99: f64,
    /// In megabytes, the highest of all.
    pub memory_peak: f64,
    pub samples: Vec<Sample>,
}

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// The highest that was sustained, per second.
    pub throughput: f64,
    /// As fast as it goes.
    pub peak: f64,
    pub p50: f64,
    pub p99: f64,
    pub failed: u64,
    pub first_failure: Option<String>,
    pub memory: Memory,
    pub steps: Vec<Step>,
}

impl Side {
    #[must_use]
    pub fn of(samples: Vec<Sample>) -> Self {
        let middle = |of: fn(&Sample) -> f64| median(&samples.iter().map(of).collect::<Vec<_>>());
        Self {
            throughput: middle(|sample| sample.throughput),
            p50: middle(|sample| sample.p50),
            p99: middle(|sample| sample.p99),
            memory_peak: samples.iter().map(|sample| sample.memory.peak).fold(0.0, f64::max),
            samples,
        }
    }

    fn failed(&self) -> u64 {
        self.samples.iter().map(|sample| sample.failed).sum()
    }
}

impl Row {
    #[must_use]
    pub fn new(operation: Operation, floor: Side, ours: Side) -> Self {
        let ratio = ours.throughput / floor.throughput.max(0.001);
        Self { operation, irreducible: operation.irreducible(), goal: operation.goal(), floor, ours, ratio }
    }

    /// Whether both goals are met and nothing failed on the way.
    #[must_use]
    pub fn is_met(&self) -> bool {
        let in_time = self.operation.patience().is_none_or(|patience| self.ours.p99 < patience);
        self.ratio >= self.goal && in_time && self.ours.failed() == 0
    }
}

impl Report {
    /// What is printed, and goes into the documentation.
    #[must_use]
    pub fn markdown(&self) -> String {
        table::markdown(self)
    }

    /// Writes everything into a folder.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        std::fs::write(folder.join("results.json"), serde_json::to_vec_pretty(self)?)?;
        std::fs::write(folder.join("results.md"), self.markdown())?;
        std::fs::write(folder.join("ratios.svg"), plot::ratios(self))?;
        for report in &self.databases {
            let name = report.database.to_ascii_lowercase().replace(", ", "-").replace(' ', "-");
            std::fs::write(folder.join(format!("latency-{name}.svg")), plot::latency(report))?;
            if let Some(overload) = &report.overload {
                std::fs::write(folder.join(format!("overload-{name}.svg")), plot::overload(overload))?;
            }
        }
        Ok(())
    }
}
