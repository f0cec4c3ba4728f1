//! Charts, drawn here as numbers for SVG: no script is needed to see them, and beside each stands a table that says
//! the same.

use std::collections::BTreeMap;

use serde::Serialize;
use time::Date;

/// The drawing is this wide and high, with room for words on the left and below.
const WIDTH: f64 = 720.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 8.0;
const HEIGHT: f64 = 160.0;
/// Between two bars.
const GAP: f64 = 4.0;

/// Something for each day, one on top of the other.
#[derive(Debug, Serialize)]
pub(super) struct Bars {
    /// What lies on top of what, from below; also the columns of the table.
    sorts: Vec<&'static str>,
    parts: Vec<Part>,
    scale: Scale,
    rows: Vec<Row>,
    total: u64,
}

/// One part of one bar.
#[derive(Debug, Serialize)]
struct Part {
    x: String,
    y: String,
    width: String,
    height: String,
    /// Its place among the sorts.
    sort: usize,
}

/// A line through one value for each day.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// The points of each unbroken stretch.
    points: Vec<String>,
    /// Single days, which make no line.
    dots: Vec<(String, String)>,
    scale: Scale,
    rows: Vec<Row>,
}

/// Lines across, with what they stand for, and the days below.
#[derive(Debug, Serialize)]
struct Scale {
    lines: Vec<(String, u64)>,
    days: Vec<(String, String)>,
    bottom: String,
    left: String,
}

/// One row of the table.
#[derive(Debug, Serialize)]
struct Row {
    day: String,
    values: Vec<u64>,
}

fn at(value: f64) -> String {
    format!("{value:.1}")
}

/// Counts are far below the numbers that `f64` knows apart.
#[expect(clippy::cast_precision_loss, reason = "a drawing is not that fine")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "there are thirty days")]
fn slot(days: usize) -> f64 {
    (WIDTH - LEFT) / days.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "there are thirty days")]
fn left_of(index: usize, days: usize) -> f64 {
    slot(days).mul_add(index as f64, LEFT)
}

/// A round number that is no smaller.
fn rounded_up(highest: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [1, 2, 4, 5, 10] {
            let round = unit.saturating_mul(step);
            if round >= highest.max(2) && round.is_multiple_of(2) {
                return round;
            }
        }
        if unit > u64::MAX / 100 {
            return u64::MAX;
        }
        unit *= 10;
    }
}

fn scale(days: &[Date], highest: u64) -> Scale {
    let line = |value: u64| (at(float(value).mul_add(-HEIGHT / float(highest), TOP + HEIGHT)), value);
    let middle = slot(days.len()) / 2.0;
    let named = days.iter().enumerate().rev().step_by(7);
    let day = |(index, day): (usize, &Date)| {
        (at(left_of(index, days.len()) + middle), format!("{:02}-{:02}", u8::from(day.month()), day.day()))
    };
    Scale {
        lines: [0, highest / 2, highest].map(line).into(),
        days: named.map(day).collect(),
        bottom: at(TOP + HEIGHT),
        left: at(LEFT),
    }
}

/// Bars of `counts` by day and sort, for these days and these sorts.
pub(super) fn bars(
    days: &[Date],
    sorts: &[&'static str],
    counts: &BTreeMap<(Date, &'static str), u64>,
) -> Bars {
    let of = |day: Date, sort: &'static str| counts.get(&(day, sort)).copied().unwrap_or(0);
    let rows: Vec<Row> = days
        .iter()
        .map(|day| Row { day: day.to_string(), values: sorts.iter().map(|sort| of(*day, sort)).collect() })
        .collect();
    let sums = rows.iter().map(|row| row.values.iter().sum::<u64>());
    let highest = rounded_up(sums.clone().max().unwrap_or(0));
    let mut parts = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut from = TOP + HEIGHT;
        for (sort, count) in row.values.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = float(*count) * HEIGHT / float(highest);
            from -= height;
            parts.push(Part {
                x: at(left_of(index, days.len()) + GAP / 2.0),
                y: at(from),
                width: at(slot(days.len()) - GAP),
                height: at(height),
                sort,
            });
        }
    }
    let total = sums.sum();
    Bars { sorts: sorts.to_vec(), parts, scale: scale(days, highest), rows, total }
}

/// A line of shares in percent: `part` of `whole` for each day on which both are known.
pub(super) fn shares(days: &[Date], known: &BTreeMap<Date, (u64, u64)>) -> Line {
    let middle = slot(days.len()) / 2.0;
    let mut stretches: Vec<Vec<(String, String)>> = vec![Vec::new()];
    let mut rows = Vec::new();
    for (index, day) in days.iter().enumerate() {
        let Some((part, whole)) = known.get(day).filter(|(_, whole)| *whole > 0) else {
            stretches.push(Vec::new());
            continue;
        };
        let share = float(*part) / float(*whole);
        let point = (at(left_of(index, days.len()) + middle), at(share.mul_add(-HEIGHT, TOP + HEIGHT)));
        if let Some(last) = stretches.last_mut() {
            last.push(point);
        }
        let percent = (part.saturating_mul(100) + whole / 2) / whole;
        rows.push(Row { day: day.to_string(), values: vec![*part, *whole, percent] });
    }
    let joined = |stretch: &Vec<(String, String)>| {
        stretch.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
    };
    Line {
        points: stretches.iter().filter(|stretch| stretch.len() > 1).map(joined).collect(),
        dots: stretches.into_iter().filter(|stretch| stretch.len() == 1).flatten().collect(),
        scale: scale(days, 100),
        rows,
    }
}

impl Line {
    /// The share of the last day that is known, in percent.
    pub(super) fn last(&self) -> Option<u64> {
        self.rows.last().and_then(|row| row.values.last().copied())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn the_highest_bar_fits_under_a_round_number() {
        assert_eq!([0, 3, 4, 7, 11, 401, 5001].map(rounded_up), [2, 4, 4, 10, 20, 500, 10_000]);
        assert_eq!(rounded_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn parts_of_a_bar_lie_on_top_of_each_other_and_reach_their_number() {
        let day = date!(2026 - 11 - 23);
        let counts = BTreeMap::from([((day, "a"), 1), ((day, "b"), 3)]);
        let bars = bars(&[day], &["a", "b"], &counts);
        let drawn: Vec<_> = bars.parts.iter().map(|part| (part.y.as_str(), part.height.as_str())).collect();
        assert_eq!(drawn, [("128.0", "40.0"), ("8.0", "120.0")]);
        assert_eq!((bars.total, &bars.rows[0].values), (4, &vec![1, 3]));
    }

    #[test]
    fn days_on_which_nobody_counted_break_the_line() {
        let days =
            [date!(2026 - 11 - 20), date!(2026 - 11 - 21), date!(2026 - 11 - 22), date!(2026 - 11 - 23)];
        let known = BTreeMap::from([(days[0], (1, 2)), (days[1], (1, 2)), (days[3], (2, 3))]);
        let line = shares(&days, &known);
        assert_eq!((line.points.len(), line.dots.len()), (1, 1));
        assert_eq!((line.last(), line.rows.len()), (Some(67), 3));
    }
}
