//! A Monday morning between 8:30 and 9:30, second by second, from measured figures: how many nodes it takes, and how long
//! people wait at the nodes and for the one line in which a database commits. What arrives is what is expected; how it
//! scatters within a second is not in it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::operation::Operation;

/// What people do. The share of them who work on that day, the applications that each opens, and when: most of them
/// around 8:55.
const WORKING: f64 = 0.6;
const APPLICATIONS: f64 = 2.0;
const PEAK: f64 = 25.0 * 60.0;
const SPREAD: f64 = 8.0 * 60.0;
const SECONDS: u32 = 3600;
/// An access token is good for so long, and is renewed by then for as long as an application is open.
const REFRESH_EVERY: f64 = 300.0;
/// Nodes are not planned to be busier than this.
const BUSY: f64 = 0.6;
pub const CROWDS: [u32; 6] = [20, 1_000, 10_000, 100_000, 300_000, 1_000_000];

/// What one node can do of each, with nothing else to do, and how many can be committed.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    passkey: f64,
    authorize: f64,
    exchange: f64,
    userinfo: f64,
    refresh: f64,
}

impl Measured {
    /// From `results.json`, of one of its databases.
    ///
    /// # Errors
    /// When an operation was not measured.
    pub fn read(results: &Value, database: &str) -> anyhow::Result<Self> {
        let databases = results.get("databases").and_then(Value::as_array).context("no databases")?;
        let named = |report: &&Value| report.get("database").and_then(Value::as_str) == Some(database);
        let report = databases.iter().find(named).with_context(|| format!("{database} was not measured"))?;
        let rows = report.get("rows").and_then(Value::as_array).context("no rows")?;
        let of = |operation: Operation| {
            let row = rows
                .iter()
                .find(|row| row.get("operation").and_then(Value::as_str) == Some(operation.name()));
            let throughput = row.and_then(|row| row.pointer("/ours/throughput")?.as_f64());
            throughput.with_context(|| format!("{} was not measured", operation.name()))
        };
        Ok(Self {
            passkey: of(Operation::Passkey)?,
            authorize: of(Operation::Authorize)?,
            exchange: of(Operation::CodeExchange)?,
            userinfo: of(Operation::Userinfo)?,
            refresh: of(Operation::Refresh)?,
        })
    }

    /// Of one node's time, what it takes to let somebody in and into their applications.
    fn of_a_beginning(&self) -> f64 {
        1.0 / self.passkey + APPLICATIONS * (1.0 / self.authorize + 1.0 / self.exchange + 1.0 / self.userinfo)
    }
}

/// One morning of so many people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morning {
    pub people: u32,
    pub nodes: u32,
    /// The highest rates per second.
    pub beginnings: f64,
    pub refreshes: f64,
    pub commits: f64,
    /// The share of what can be committed that is, at the worst moment.
    pub line: f64,
    /// The longest that anybody waits for the line, in seconds.
    pub wait: f64,
}

impl Morning {
    /// With as many nodes as it takes.
    #[must_use]
    pub fn of(people: u32, measured: &Measured) -> Self {
        let mut morning =
            Self { people, nodes: 1, beginnings: 0.0, refreshes: 0.0, commits: 0.0, line: 0.0, wait: 0.0 };
        let coming = f64::from(people) * WORKING;
        let scale = coming / (1..=SECONDS).map(bell).sum::<f64>();
        let (mut inside, mut queued, mut busiest) = (0.0, 0.0_f64, 0.0_f64);
        for second in 1..=SECONDS {
            let beginnings = scale * bell(second);
            let refreshes = inside * APPLICATIONS / REFRESH_EVERY;
            inside += beginnings;
            // One for the session, one for each code.
            let commits = beginnings * (1.0 + APPLICATIONS);
            queued = (queued + commits - measured.exchange).max(0.0);
            busiest = busiest.max(beginnings * measured.of_a_beginning() + refreshes / measured.refresh);
            morning.beginnings = morning.beginnings.max(beginnings);
            morning.refreshes = morning.refreshes.max(refreshes);
            morning.commits = morning.commits.max(commits);
            morning.wait = morning.wait.max(queued / measured.exchange);
        }
        morning.line = morning.commits / measured.exchange;
        while f64::from(morning.nodes) * BUSY < busiest {
            morning.nodes += 1;
        }
        morning
    }
}

/// How many come in this second, as a share.
fn bell(second: u32) -> f64 {
    let away = (f64::from(second) - PEAK) / SPREAD;
    (-away * away / 2.0).exp()
}

/// The mornings of all crowds, as a table.
///
/// # Errors
/// When the results can not be read.
pub fn table(results: &Path, database: &str) -> anyhow::Result<String> {
    let text = std::fs::read(results).with_context(|| results.display().to_string())?;
    let measured = Measured::read(&serde_json::from_slice(&text)?, database)?;
    let mut table = String::from(
        "| people | log-ins/s | refreshes/s | commits/s | nodes | of the line | longest wait |\n\
         |--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for people in CROWDS {
        let morning = Morning::of(people, &measured);
        let Morning { nodes, beginnings, refreshes, commits, line, wait, .. } = morning;
        let percent = line * 100.0;
        writeln!(
            table,
            "| {people} | {beginnings:.1} | {refreshes:.1} | {commits:.1} | {nodes} | {percent:.0} % | {wait:.0} s |"
        )?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: Measured =
        Measured { passkey: 500.0, authorize: 4000.0, exchange: 1000.0, userinfo: 4000.0, refresh: 3000.0 };

    #[test]
    fn everybody_who_works_comes_once_and_a_crowd_takes_more_nodes() {
        let few = Morning::of(20, &MEASURED);
        assert_eq!((few.nodes, few.wait), (1, 0.0));
        let many = Morning::of(1_000_000, &MEASURED);
        assert!(many.nodes > few.nodes);
        assert!((many.beginnings / few.beginnings / 50_000.0 - 1.0).abs() < 0.01);
        // 600,000 people in a bell of this width.
        assert!((400.0..600.0).contains(&many.beginnings), "{many:?}");
    }

    #[test]
    fn a_line_that_is_too_short_makes_people_wait() {
        let short = Measured { exchange: 700.0, ..MEASURED };
        let morning = Morning::of(1_000_000, &short);
        assert!(morning.line > 1.0 && morning.wait > 60.0, "{morning:?}");
        let long = Measured { exchange: 2000.0, ..MEASURED };
        assert_eq!(Morning::of(1_000_000, &long).wait.total_cmp(&0.0), std::cmp::Ordering::Equal);
    }
}
