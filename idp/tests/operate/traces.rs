//! Traces and log lines reach a collector, with nothing secret in them, and without one nothing suffers.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Metrics;
use super::collector::{Collector, attribute};
use crate::support::process::{Installation, Process};
use crate::support::{PASSWORD, TempDir};

const ADA: &str = "ada.canary@example.org";
/// From a visitor.
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct Traced {
    process: Process,
    metrics: String,
    _dir: TempDir,
}

/// The program with Ada in it, which sends to this collector.
async fn traced(endpoint: &str, more: &[(&str, &str)]) -> Traced {
    let dir = TempDir::new("traces");
    let mut installation = Installation::new(&dir.0.join("data"));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let metrics = format!("127.0.0.1:{port}");
    let ours = [("IDP_TELEMETRY__OTLP_ENDPOINT", endpoint), ("IDP_METRICS__LISTEN", metrics.as_str())];
    for (name, value) in ours.iter().chain(more) {
        installation.environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let process = tokio::task::spawn_blocking(move || {
        let process = installation.start();
        let arguments = [
            "user",
            "create",
            "--email",
            ADA,
            "--given-name",
            "Ada",
            "--family-name",
            "Canary",
            "--password-stdin",
        ];
        assert!(installation.run(&arguments, PASSWORD).status.success());
        process
    });
    Traced { process: process.await.unwrap(), metrics: format!("http://{metrics}/metrics"), _dir: dir }
}

impl Traced {
    async fn metrics(&self) -> Metrics {
        Metrics::parse(reqwest::get(&self.metrics).await.unwrap().text().await.unwrap())
    }

    async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.process.terminate());
        assert!(ended.await.unwrap().success());
    }
}

fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no span {name} in {spans:?}"))
}

fn hex(value: &Value, length: usize) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == length
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte != b'0')
}

/// S11, class 2.20
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_traced_and_nothing_secret_leaves() {
    let collector = Collector::start().await;
    let traced = traced(&collector.url, &[]).await;
    let (browser, clinic) = (traced.process.browser(), traced.process.clinic());
    browser.submit_password(ADA, "canary-wrong-password").await;
    browser.log_in_with_password(ADA, PASSWORD).await;
    let code = clinic.code(&browser, &[("state", "canary-state")]).await;
    let tokens = clinic.redeem(&code).await.json();
    browser.get_with("/canary-path?canary-query=1", &[("traceparent", PARENT)]).await;
    traced.end().await;

    let spans = collector.spans();
    let posted = named(&spans, "POST /login");
    assert_eq!(attribute(posted, "http.route").unwrap(), "/login");
    assert_eq!(attribute(posted, "http.request.method").unwrap(), "POST");
    let statuses: Vec<_> = spans
        .iter()
        .filter(|span| span["name"] == "POST /login")
        .map(|span| attribute(span, "http.response.status_code").unwrap())
        .collect();
    assert_eq!(statuses, ["200", "303"]);
    assert_eq!(posted["kind"], 2);
    for span in &spans {
        assert!(hex(&span["traceId"], 32) && hex(&span["spanId"], 16), "{span}");
        let time = |key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"), "{span}");
        assert!(time("startTimeUnixNano") > 1_700_000_000_000_000_000, "{span}");
    }
    for (request, parts) in
        [("POST /oidc/token", ["database", "ephemeral"]), ("POST /login", ["database", "password"])]
    {
        let request = named(&spans, request);
        let within: Vec<_> = spans.iter().filter(|span| span["parentSpanId"] == request["spanId"]).collect();
        assert!(within.iter().all(|span| span["traceId"] == request["traceId"]));
        for part in parts {
            assert!(within.iter().any(|span| span["name"] == part), "{part} is not in {within:?}");
        }
    }
    let alone: Vec<_> = spans.iter().filter(|span| span.get("parentSpanId").is_none()).collect();
    assert!(alone.iter().all(|span| span["kind"] == 2), "{alone:?}");

    let lines = collector.lines();
    let done = lines.iter().find(|line| line["body"]["stringValue"] == "done").expect("a line for a request");
    assert!(hex(&done["traceId"], 32) && hex(&done["spanId"], 16), "{done}");
    assert_eq!((&done["severityText"], &done["severityNumber"]), (&"INFO".into(), &9.into()));
    assert!(lines.iter().any(|line| line["body"]["stringValue"] == "shutting down: no longer ready"));

    let raw = collector.raw();
    let access = tokens["access_token"].as_str().unwrap();
    for secret in
        ["canary", "Canary", PASSWORD, &code, access, "127.0.0.1", "example.org", "4bf92f3577b34da6"]
    {
        assert!(!raw.contains(secret), "{secret} was sent to the collector");
    }
}

/// Nobody but a proxy of ours says where a request stands in a trace, and whether it is traced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_is_gone_on_with_from_trusted_proxies_only() {
    let collector = Collector::start().await;
    let proxied = traced(&collector.url, &[("IDP_HTTP__TRUSTED_PROXIES", "127.0.0.1")]).await;
    let browser = proxied.process.browser();
    browser.get_with("/livez", &[("traceparent", PARENT)]).await;
    browser.get_with("/livez", &[("traceparent", "00-nonsense-01")]).await;
    let unsampled = PARENT.replace("-01", "-00");
    browser.get_with("/oidc/jwks", &[("traceparent", &unsampled)]).await;
    proxied.end().await;
    let spans = collector.spans();
    let of = |trace: &str| spans.iter().filter(|span| span["traceId"] == trace).count();
    let asked: Vec<_> = spans.iter().filter(|span| span["name"] == "GET /livez").collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(of("4bf92f3577b34da6a3ce929d0e0e4736"), 1);
    assert!(asked.iter().any(|span| span["parentSpanId"] == "00f067aa0ba902b7"));
    assert!(spans.iter().all(|span| span["name"] != "GET /oidc/jwks"), "the proxy did not want it traced");
}

/// A collector that is gone, or takes for ever, holds up nobody, and what is lost is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_collector_the_service_goes_on() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for (endpoint, lost) in [("http://127.0.0.1:9", true), (silent.as_str(), false)] {
        let traced = traced(endpoint, &[]).await;
        let browser = traced.process.browser();
        let started = Instant::now();
        for _ in 0..20 {
            assert_eq!(browser.get("/livez").await.status, 200);
        }
        browser.log_in_with_password(ADA, PASSWORD).await;
        assert!(started.elapsed() < Duration::from_secs(4), "{endpoint} held up requests");
        if lost {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let metrics = traced.metrics().await;
            let dropped = metrics.value("idp_telemetry_dropped_total{signal=\"traces\",why=\"not_taken\"}");
            assert!(dropped >= 20, "{}", metrics.text);
        }
        let ending = Instant::now();
        traced.end().await;
        assert!(ending.elapsed() < Duration::from_secs(6), "{endpoint} held up the end");
    }
}
