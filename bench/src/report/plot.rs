//! Plots, as SVG: ratios as bars, latency over rate as lines, and memory during the flood.

use std::fmt::Write;

use super::{DatabaseReport, Report, Row, Side};
use crate::overload::Overload;

const INK: &str = "#1f2933";
const PALE: &str = "#d2d6dc";
const OURS: &str = "#0b6e4f";
const FLOOR: &str = "#8a94a6";
const MISSED: &str = "#b3261e";

/// A drawing under way.
struct Sheet {
    svg: String,
}

impl Sheet {
    fn new(width: f64, height: f64) -> Self {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        Self { svg }
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{INK}\">{text}</text>"
        );
    }

    fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let _ = writeln!(
            self.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        );
    }

    fn line(&mut self, points: &[(f64, f64)], stroke: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            self.svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.5\"/>",
            points.join(" ")
        );
    }

    fn end(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// How much of the floor's throughput each operation reaches; a tick where the goal is.
pub(super) fn ratios(report: &Report) -> String {
    let rows: usize = report.databases.iter().map(|database| database.rows.len() + 2).sum();
    let mut sheet = Sheet::new(720.0, float(rows).mul_add(22.0, 30.0));
    let (left, full) = (170.0, 360.0);
    let mut y = 24.0;
    for database in &report.databases {
        sheet.text((10.0, y), "start", &format!("{}: throughput ÷ floor", database.database));
        for row in &database.rows {
            y += 22.0;
            let fill = if row.is_met() { OURS } else { MISSED };
            sheet.text((left - 8.0, y + 4.0), "end", row.operation.name());
            sheet.bar((left, y - 7.0), (full * row.ratio.min(1.2), 14.0), fill);
            let goal = left + full * row.goal;
            sheet.line(&[(goal, y - 10.0), (goal, y + 10.0)], INK);
            let said =
                format!("{:.2} ({:.0}/s of {:.0}/s)", row.ratio, row.ours.throughput, row.floor.throughput);
            sheet.text(
                (full.mul_add(row.ratio.min(1.2), left + 8.0).max(goal + 8.0), y + 4.0),
                "start",
                &said,
            );
        }
        y += 44.0;
    }
    sheet.end()
}

/// p99 over the rate that was offered, a panel per operation; both axes in powers of ten.
pub(super) fn latency(report: &DatabaseReport) -> String {
    let (width, height) = (300.0, 170.0);
    let lines = report.rows.len().div_ceil(3);
    let mut sheet = Sheet::new(width * 3.0 + 20.0, float(lines).mul_add(height, 50.0));
    sheet.text((10.0, 20.0), "start", &format!("{}: p99 in ms over requests per second", report.database));
    sheet.bar((560.0, 10.0), (14.0, 10.0), OURS);
    sheet.text((580.0, 20.0), "start", "ours");
    sheet.bar((640.0, 10.0), (14.0, 10.0), FLOOR);
    sheet.text((660.0, 20.0), "start", "floor");
    for (number, row) in report.rows.iter().enumerate() {
        let corner = (float(number % 3).mul_add(width, 10.0), float(number / 3).mul_add(height, 36.0));
        panel(&mut sheet, corner, row);
    }
    sheet.end()
}

fn panel(sheet: &mut Sheet, (left, top): (f64, f64), row: &Row) {
    let (low, high) = range(row);
    let x = |rate: f64| left + 40.0 + 240.0 * ((rate.max(1.0).ln() - low) / (high - low)).clamp(0.0, 1.0);
    // From a tenth of a millisecond to ten seconds.
    let y = |millis: f64| top + 130.0 - 115.0 * (millis.max(0.1).log10() + 1.0).clamp(0.0, 5.0) / 5.0;
    sheet.text((left + 40.0, top + 10.0), "start", row.operation.name());
    for millis in [1.0, 20.0, 100.0, 1000.0] {
        sheet.line(&[(left + 40.0, y(millis)), (left + 280.0, y(millis))], PALE);
        sheet.text((left + 36.0, y(millis) + 4.0), "end", &format!("{millis}"));
    }
    sheet.text((left + 40.0, top + 146.0), "start", &format!("{:.0}/s", low.exp()));
    sheet.text((left + 280.0, top + 146.0), "end", &format!("{:.0}/s", high.exp()));
    for (side, stroke) in [(&row.floor, FLOOR), (&row.ours, OURS)] {
        let points: Vec<(f64, f64)> =
            points(side).into_iter().map(|(rate, millis)| (x(rate), y(millis))).collect();
        sheet.line(&points, stroke);
        for (at, height) in points {
            sheet.bar((at - 1.5, height - 1.5), (3.0, 3.0), stroke);
        }
    }
}

/// Of all repetitions, by rate.
fn points(side: &Side) -> Vec<(f64, f64)> {
    let calm = side.samples.iter().map(|sample| (sample.throughput / 2.0, sample.p99));
    let steps = side.samples.iter().flat_map(|sample| &sample.steps).map(|step| (step.offered, step.p99));
    let mut points: Vec<(f64, f64)> = calm.chain(steps).collect();
    points.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    points
}

/// Of the rates of both, as logarithms.
fn range(row: &Row) -> (f64, f64) {
    let rates = || [&row.floor, &row.ours].into_iter().flat_map(points).map(|(rate, _)| rate.max(1.0).ln());
    let (low, high) = (rates().fold(f64::MAX, f64::min), rates().fold(0.0, f64::max));
    (low.min(high), high.max(low.min(high) + 0.1))
}

/// Memory over time, and what became of everybody else's requests.
pub(super) fn overload(overload: &Overload) -> String {
    let mut sheet = Sheet::new(720.0, 400.0);
    sheet.text(
        (10.0, 20.0),
        "start",
        "Resident memory in MB over seconds; the flood of passwords begins at the line",
    );
    let last = overload.memory.last().map_or(1.0, |(at, _)| at.max(1.0));
    let most = overload.memory.iter().map(|(_, size)| *size).fold(1.0, f64::max) * 1.2;
    let place =
        |at: f64, size: f64| (650.0f64.mul_add(at / last, 50.0), 200.0f64.mul_add(-(size / most), 240.0));
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (_, y) = place(0.0, most * part);
        sheet.line(&[(50.0, y), (700.0, y)], PALE);
        sheet.text((44.0, y + 4.0), "end", &format!("{:.0}", most * part));
    }
    let flood = place(overload.flood_at, 0.0).0;
    sheet.line(&[(flood, 40.0), (flood, 240.0)], MISSED);
    let memory: Vec<(f64, f64)> = overload.memory.iter().map(|(at, size)| place(*at, *size)).collect();
    sheet.line(&memory, OURS);
    sheet.text((700.0, 256.0), "end", &format!("{last:.0} s"));
    sheet.text((10.0, 284.0), "start", "p99 in ms: quiet, and during the flood");
    let longest =
        overload.others.iter().map(|other| other.flood_p99.max(other.quiet_p99)).fold(1.0, f64::max);
    for (number, other) in overload.others.iter().enumerate() {
        let y = float(number).mul_add(34.0, 298.0);
        sheet.text((120.0, y + 16.0), "end", other.operation.name());
        for (down, millis, fill) in [(0.0, other.quiet_p99, FLOOR), (13.0, other.flood_p99, OURS)] {
            let width = 480.0 * millis / longest;
            sheet.bar((130.0, y + down), (width, 11.0), fill);
            sheet.text((136.0 + width, y + down + 10.0), "start", &format!("{millis:.2}"));
        }
    }
    sheet.end()
}

#[expect(clippy::cast_precision_loss, reason = "a few rows")]
fn float(count: usize) -> f64 {
    count as f64
}
