//! The report for people, in Markdown.

use std::fmt::Write;

use super::{DatabaseReport, Report, Row};
use crate::overload::{AT_ONCE, MOST, Overload};

pub(super) fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    let _ = writeln!(text, "`{}`, {}.", report.command, report.date);
    let _ = writeln!(
        text,
        "{} cores, shared with the driver ({}), {} MiB of memory, Linux {}, {}; load before: {:.1}.{}",
        machine.cores,
        machine.processor,
        machine.memory_mib,
        machine.kernel,
        machine.system,
        report.load_before,
        if report.quick { " A quick look: the figures say little." } else { "" }
    );
    for database in &report.databases {
        write_database(&mut text, database);
    }
    text
}

fn write_database(text: &mut String, report: &DatabaseReport) {
    let _ = writeln!(text, "\n### {}\n", report.database);
    text.push_str(
        "| operation | irreducible work | floor/s | ours/s | ratio | goal | p50 ms | p99 ms | met |\n",
    );
    text.push_str("|---|---|---:|---:|---:|---:|---:|---:|---|\n");
    for row in &report.rows {
        write_row(text, row);
    }
    let footprint = &report.footprint;
    let full = report.rows.iter().map(|row| row.ours.memory_peak).fold(0.0, f64::max);
    text.push_str("\n| what | measured | goal | met |\n|---|---:|---:|---|\n");
    let idle =
        format!("memory, idle (without the program's own pages {:.1} MB)", footprint.idle_own_megabytes);
    for (what, measured, unit, goal) in [
        (idle.as_str(), footprint.idle_megabytes, "MB", 40.0),
        ("memory, the most in any of these runs", full, "MB", 150.0),
        ("start to ready, on an existing database", footprint.ready_after_seconds, "s", 0.3),
        ("program", footprint.binary_megabytes, "MB", 40.0),
    ] {
        let met = yes(measured < goal);
        let _ = writeln!(text, "| {what} | {measured:.2} {unit} | < {goal} {unit} | {met} |");
    }
    if let Some(overload) = &report.overload {
        write_overload(text, overload);
    }
}

fn write_row(text: &mut String, row: &Row) {
    let (floor, ours) = (&row.floor, &row.ours);
    let _ = writeln!(
        text,
        "| {} | {} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {:.1} | {} |",
        row.operation.name(),
        row.irreducible,
        floor.throughput,
        ours.throughput,
        row.ratio,
        row.goal,
        ours.p50,
        ours.p99,
        yes(row.is_met())
    );
}

fn write_overload(text: &mut String, overload: &Overload) {
    let _ = writeln!(
        text,
        "\nPasswords: {:.0}/s can be checked, {:.0}/s came, {:.0}/s were let in.\n",
        overload.capacity, overload.offered, overload.let_in
    );
    text.push_str("| beside it | per second | p99 ms, quiet | p99 ms, flood | ratio | goal | met |\n");
    text.push_str("|---|---:|---:|---:|---:|---:|---|\n");
    for other in &overload.others {
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.2} | {:.2} | {:.2} | ≤ {MOST} | {} |",
            other.operation.name(),
            other.per_second,
            other.quiet_p99,
            other.flood_p99,
            other.ratio(),
            yes(other.ratio() <= MOST && other.failed == 0)
        );
    }
    let away = &overload.turned_away;
    let _ = writeln!(
        text,
        "\nThe surplus: {} were told 503 with Retry-After, p50 {:.1} ms, p99 {:.1} ms (goal: ≤ {AT_ONCE} ms): {}. {} had \
         another answer or none.",
        away.count,
        away.p50,
        away.p99,
        yes(away.p99 <= AT_ONCE),
        overload.failed
    );
    let memory =
        |after: f64| overload.memory.iter().filter(move |(at, _)| *at >= after).map(|(_, size)| *size);
    let before = overload.memory.iter().filter(|(at, _)| *at < overload.flood_at).map(|(_, size)| *size);
    let _ = writeln!(
        text,
        "Memory: at most {:.1} MB before, {:.1} MB during the flood, {:.1} MB at its end.",
        before.fold(0.0, f64::max),
        memory(overload.flood_at).fold(0.0, f64::max),
        overload.memory.last().map_or(0.0, |(_, size)| *size)
    );
}

const fn yes(met: bool) -> &'static str {
    if met { "yes" } else { "**no**" }
}
