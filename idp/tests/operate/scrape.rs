//! Reads the metrics as Prometheus does.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::TestApp;

/// One reading: every sample by its name with its labels, as it is written.
#[derive(Debug)]
pub struct Metrics {
    pub samples: BTreeMap<String, String>,
    /// Of all metrics, whether they have a sample or not.
    pub kinds: BTreeMap<String, String>,
    pub text: String,
}

impl Metrics {
    pub async fn of(app: &TestApp) -> Self {
        let url = format!("http://{}/metrics", app.metrics_address);
        Self::parse(reqwest::get(url).await.unwrap().text().await.unwrap())
    }

    pub fn parse(text: String) -> Self {
        let mut samples = BTreeMap::new();
        let mut kinds = BTreeMap::new();
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
            } else if !line.starts_with('#') {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                value.parse::<f64>().unwrap();
                assert!(
                    samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(),
                    "{sample} twice"
                );
            }
        }
        Self { samples, kinds, text }
    }

    /// The value of a sample that is a whole number, or 0 where there is none.
    pub fn value(&self, sample: &str) -> i64 {
        self.samples.get(sample).map_or(0, |value| value.parse().unwrap())
    }

    /// The names of everything that can be asked for: histograms have three.
    pub fn names(&self) -> BTreeSet<String> {
        let of = |(name, kind): (&String, &String)| match kind.as_str() {
            "histogram" => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
            _ => vec![name.clone()],
        };
        self.kinds.iter().flat_map(of).collect()
    }
}
