//! How numbers are written for Prometheus: its text format, version 0.0.4. Knows no number itself.

use std::fmt::{Display, Write};

use crate::meter::{BOUNDS, Timing};

/// What a client that asks is told that it gets.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a metric is called, and what it says.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

pub(super) const fn metric(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help }
}

type Label<'a> = (&'static str, &'a str);

/// The page as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// Begins what only grows.
    pub(super) fn counter(&mut self, metric: &Metric) -> Rows<'_> {
        self.begin(metric, "counter")
    }

    /// Begins what goes up and down.
    pub(super) fn gauge(&mut self, metric: &Metric) -> Rows<'_> {
        self.begin(metric, "gauge")
    }

    /// Begins what took time, in seconds.
    pub(super) fn histogram(&mut self, metric: &Metric) -> Rows<'_> {
        self.begin(metric, "histogram")
    }

    fn begin(&mut self, metric: &Metric, kind: &str) -> Rows<'_> {
        let &Metric { name, help } = metric;
        // Writing into a text never fails.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Rows { page: self, name }
    }
}

/// The rows of one metric.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    page: &'a mut Page,
    name: &'static str,
}

impl Rows<'_> {
    pub(super) fn row(&mut self, labels: &[Label<'_>], value: impl Display) {
        self.write("", labels, value);
    }

    pub(super) fn timing(&mut self, labels: &[Label<'_>], timing: &Timing) {
        let up_to = timing.up_to();
        let bounds = BOUNDS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&up_to) {
            let mut labels = labels.to_vec();
            labels.push(("le", bound.as_str()));
            self.write("_bucket", &labels, count);
        }
        self.write("_sum", labels, timing.seconds());
        self.write("_count", labels, up_to.last().copied().unwrap_or_default());
    }

    fn write(&mut self, suffix: &str, labels: &[Label<'_>], value: impl Display) {
        let page = &mut self.page.0;
        page.push_str(self.name);
        page.push_str(suffix);
        if !labels.is_empty() {
            let written: Vec<_> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let _ = write!(page, "{{{}}}", written.join(","));
        }
        let _ = writeln!(page, " {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        let mut page = Page::default();
        page.counter(&metric("a_total", "What it is.")).row(&[("kind", "x\"\\\ny")], 3);
        page.gauge(&metric("b", "Another.")).row(&[], 0.5);
        let timing = Timing::default();
        timing.note(Duration::from_millis(3));
        page.histogram(&metric("c_seconds", "Time.")).timing(&[("of", "z")], &timing);
        let text = page.finish();
        let begin = "# HELP a_total What it is.\n# TYPE a_total counter\na_total{kind=\"x\\\"\\\\\\ny\"} 3\n\
                     # HELP b Another.\n# TYPE b gauge\nb 0.5\n# HELP c_seconds Time.\n";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.contains("c_seconds_bucket{of=\"z\",le=\"0.0025\"} 0\n"), "{text}");
        assert!(text.contains("c_seconds_bucket{of=\"z\",le=\"0.005\"} 1\n"), "{text}");
        assert!(text.contains("c_seconds_bucket{of=\"z\",le=\"+Inf\"} 1\n"), "{text}");
        assert!(text.ends_with("c_seconds_sum{of=\"z\"} 0.003\nc_seconds_count{of=\"z\"} 1\n"), "{text}");
    }
}
