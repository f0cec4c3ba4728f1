//! The files for operators speak of the metrics that there are: all of them in the handbook, no other in the dashboard
//! and the alerts.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::Metrics;
use crate::support::TestApp;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate").join(name)).unwrap()
}

/// What in a text looks like a metric of ours.
fn names_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = |word: &&str| word.starts_with("idp_") || word.starts_with("process_");
    words.filter(ours).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_metric_is_in_the_handbook_and_the_other_way_round() {
    let metrics = Metrics::of(&TestApp::init().await).await;
    let handbook = read("metrics.md");
    let told: BTreeSet<&str> =
        handbook.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let there: BTreeSet<&str> = metrics.kinds.keys().map(String::as_str).collect();
    assert_eq!(told, there);
    assert!(there.len() > 40);
    for (name, kind) in &metrics.kinds {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
    }
}

/// The labels that the handbook gives each metric are those it has.
#[tokio::test]
async fn every_label_is_in_the_handbook() {
    let app = TestApp::init().await;
    app.browser().get("/livez").await;
    let metrics = Metrics::of(&app).await;
    let handbook = read("metrics.md");
    for sample in metrics.samples.keys() {
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let metric =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let metric = if metrics.kinds.contains_key(name) { name } else { metric };
        let row = handbook.lines().find(|line| line.starts_with(&format!("| `{metric}` |"))).unwrap();
        let told = row.split('|').nth(2).unwrap();
        let labels = labels.split(',').filter_map(|label| label.split_once('='));
        for (label, _) in labels.filter(|(label, _)| *label != "le") {
            assert!(told.contains(&format!("`{label}`")), "{sample}: the handbook says {told}");
        }
    }
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_what_there_is() {
    let there = Metrics::of(&TestApp::init().await).await.names();
    let dashboard: Value = serde_json::from_str(&read("grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels have the number {}", panel["id"]);
        for target in panel["targets"].as_array().unwrap_or(&Vec::new()) {
            let names = names_in(target["expr"].as_str().unwrap());
            assert!(!names.is_empty(), "{target} asks for nothing of ours");
            asked.extend(names);
        }
    }
    let alerts = read("alerts.yml");
    let mut rules = 0;
    for line in alerts.lines().filter(|line| !line.starts_with('#')) {
        asked.extend(names_in(line));
    }
    for rule in alerts.split("- alert: ").skip(1) {
        rules += 1;
        for part in ["expr: ", "severity: ", "summary: ", "action: "] {
            assert!(rule.contains(part), "an alert has no {part}: {rule}");
        }
    }
    assert!(rules >= 15, "only {rules} alerts");
    assert!(asked.len() > 40, "{asked:?}");
    let unknown: Vec<_> = asked.difference(&there).collect();
    assert!(unknown.is_empty(), "nothing counts {unknown:?}");
}
