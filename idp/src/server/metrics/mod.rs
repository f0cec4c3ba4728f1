//! What the service counts, for Prometheus, at an address of its own. Reads numbers and changes none; nothing here
//! knows anybody. docs/operate/metrics.md says what each means.

mod exposition;
mod process;
mod reading;
mod stored;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use tokio::net::TcpListener;

use self::exposition::{Page, metric};
use self::reading::Readings;
use super::door::Door;
use crate::app::App;
use crate::app::journal::Job;

/// No address of the service: nobody finds it where people come in.
const PATH: &str = "/metrics";

/// More than anybody needs who reads them.
const MAX_CONNECTIONS: usize = 16;

const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CONTENT_TYPE, HeaderValue::from_static(exposition::CONTENT_TYPE)),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Serves until it is dropped.
pub(super) async fn serve(app: App, listener: TcpListener) -> anyhow::Result<()> {
    let http = app.config.http.clone();
    let state = (app, Arc::<Readings>::default());
    let router = Router::new().route(PATH, get(show)).with_state(state);
    let door = Door::alone(&listener, router, (&http, MAX_CONNECTIONS));
    loop {
        door.serve(door.accept().await?);
    }
}

async fn show(State((app, readings)): State<(App, Arc<Readings>)>) -> Response {
    let reading = readings.current(&app).await;
    let mut page = Page::default();
    requests(&mut page, &app);
    people(&mut page, &app);
    applications(&mut page, &app);
    passwords(&mut page, &app);
    database(&mut page, &app);
    stored::write(&mut page, &app, &reading);
    jobs(&mut page, &app);
    exports(&mut page, &app);
    program(&mut page, &app);
    (HEADERS, page.finish()).into_response()
}

fn requests(page: &mut Page, app: &App) {
    let requests = &app.meters.requests;
    let mut rows = page.counter(&metric(
        "idp_http_requests_total",
        "Requests that were answered, by route, method and class of the status; gone: whoever asked hung up first.",
    ));
    for ((route, method, class), count) in requests.answered.rows() {
        rows.row(&[("route", &*route), ("method", method), ("class", class)], count.get());
    }
    let mut rows = page.histogram(&metric(
        "idp_http_request_duration_seconds",
        "Time from the head of a request to the head of its answer, by route.",
    ));
    for (route, timing) in requests.took.rows() {
        rows.timing(&[("route", &*route)], &timing);
    }
    page.gauge(&metric("idp_http_requests_under_way", "Requests that are being answered."))
        .row(&[], requests.under_way.get());
    let connections = &app.meters.connections;
    page.gauge(&metric("idp_http_connections", "Connections that are open."))
        .row(&[], connections.open.get());
    page.gauge(&metric("idp_http_connections_max", "Connections that may be open."))
        .row(&[], app.config.http.max_connections);
    page.counter(&metric(
        "idp_http_connections_full_total",
        "Times that whoever comes next has to wait, because no more connections may be open.",
    ))
    .row(&[], connections.full.get());
}

fn people(page: &mut Page, app: &App) {
    let sign_ins = &app.meters.sign_ins;
    // There from the beginning, so that the first one is seen as a rise.
    for way in ["passkey", "password", "code", "recovery_code"] {
        sign_ins.steps.of((way, "wrong"));
        sign_ins.steps.of((way, "signed_in"));
    }
    let mut rows = page.counter(&metric(
        "idp_sign_in_steps_total",
        "Passkeys, passwords and codes that were presented to log in, and what came of each.",
    ));
    for ((way, outcome), count) in sign_ins.steps.rows() {
        rows.row(&[("way", way), ("outcome", outcome)], count.get());
    }
    for why in ["account", "network"] {
        sign_ins.turned_away.of(why);
    }
    let mut rows = page.counter(&metric(
        "idp_guesses_turned_away_total",
        "Guesses that were not looked at: the account has to wait, or strangers in a network.",
    ));
    for (why, count) in sign_ins.turned_away.rows() {
        rows.row(&[("why", why)], count.get());
    }
    let mut rows = page.counter(&metric(
        "idp_audit_records_total",
        "Records of the audit trail that this process has committed, by kind.",
    ));
    for (kind, count) in app.store.meter().recorded.rows() {
        rows.row(&[("kind", kind)], count.get());
    }
}

fn applications(page: &mut Page, app: &App) {
    let tokens = &app.meters.tokens;
    let mut rows =
        page.counter(&metric("idp_tokens_issued_total", "Tokens that applications were given, by grant."));
    for ((grant, kind), count) in tokens.issued.rows() {
        rows.row(&[("grant", grant), ("kind", kind)], count.get());
    }
    let mut rows = page.counter(&metric(
        "idp_token_errors_total",
        "Requests to the token endpoint that were refused, by error code; server_error: a fault of ours.",
    ));
    for (code, count) in tokens.refused.rows() {
        rows.row(&[("error", code)], count.get());
    }
}

fn passwords(page: &mut Page, app: &App) {
    let (meter, load) = (app.passwords.meter(), app.passwords.load());
    page.gauge(&metric("idp_password_queue_length", "Passwords that wait for a worker."))
        .row(&[], load.waiting);
    page.gauge(&metric("idp_password_queue_max", "Passwords that may wait.")).row(&[], load.most_waiting);
    page.counter(&metric(
        "idp_password_jobs_shed_total",
        "Passwords turned away, because the queue was full.",
    ))
    .row(&[], meter.shed.get());
    page.histogram(&metric(
        "idp_password_job_duration_seconds",
        "Time that a worker takes for one password.",
    ))
    .timing(&[], &meter.took);
}

fn database(page: &mut Page, app: &App) {
    let meter = app.store.meter();
    page.histogram(&metric(
        "idp_database_begin_duration_seconds",
        "Time until a transaction has a connection, and with SQLite the one writer.",
    ))
    .timing(&[], &meter.begin);
    page.histogram(&metric("idp_database_commit_duration_seconds", "Time that a commit takes."))
        .timing(&[], &meter.commit);
    let mut rows =
        page.counter(&metric("idp_database_transactions_total", "Transactions, and how they ended."));
    rows.row(&[("outcome", "committed")], meter.commits.get());
    rows.row(&[("outcome", "given_up")], meter.given_up.get());
    let mut rows = page.counter(&metric(
        "idp_database_errors_total",
        "Errors of the database: unavailable (out of reach, or no connection free), conflict (another transaction came \
         first), failed (everything else).",
    ));
    for (kind, count) in crate::store::errors() {
        rows.row(&[("kind", kind)], count);
    }
    let pools = app.store.pools();
    let mut rows = page.gauge(&metric("idp_database_connections", "Connections to the database."));
    for pool in &pools {
        rows.row(&[("pool", pool.name), ("state", "idle")], pool.idle);
        rows.row(&[("pool", pool.name), ("state", "busy")], pool.open.saturating_sub(pool.idle));
    }
    let mut rows = page.gauge(&metric("idp_database_connections_max", "Connections that there may be."));
    for pool in &pools {
        rows.row(&[("pool", pool.name)], pool.most);
    }
}

fn jobs(page: &mut Page, app: &App) {
    let past: Vec<_> = Job::ALL.into_iter().map(|job| (job.as_str(), app.journal.past(job))).collect();
    let mut rows = page.gauge(&metric(
        "idp_job_last_success_timestamp_seconds",
        "When this node last did what happens by itself, without a failure.",
    ));
    for (job, past) in &past {
        if let Some(at) = past.succeeded_at {
            rows.row(&[("task", *job)], at.unix_timestamp());
        }
    }
    let mut rows = page.counter(&metric("idp_job_failures_total", "Failures of what happens by itself."));
    for (job, past) in &past {
        rows.row(&[("task", *job)], past.failures);
    }
}

fn exports(page: &mut Page, app: &App) {
    let exports = app.meters.exports.get();
    let mut rows =
        page.counter(&metric("idp_telemetry_sent_total", "Spans and log lines a collector has taken."));
    for (signal, count) in exports.map(|exports| exports.sent.rows()).unwrap_or_default() {
        rows.row(&[("signal", signal)], count.get());
    }
    let mut rows = page.counter(&metric(
        "idp_telemetry_dropped_total",
        "Spans and log lines that no collector got: the queue was full, or it did not take them.",
    ));
    for ((signal, why), count) in exports.map(|exports| exports.dropped.rows()).unwrap_or_default() {
        rows.row(&[("signal", signal), ("why", why)], count.get());
    }
}

fn program(page: &mut Page, app: &App) {
    page.gauge(&metric("idp_build_info", "The version that runs; always 1."))
        .row(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.gauge(&metric("process_start_time_seconds", "When this process started."))
        .row(&[], app.started_at.unix_timestamp());
    let mut rows = page.gauge(&metric("process_resident_memory_bytes", "Memory of this process."));
    if let Some(bytes) = process::resident_bytes() {
        rows.row(&[], bytes);
    }
    let mut rows =
        page.gauge(&metric("process_open_fds", "Files and connections that this process has open."));
    if let Some(count) = process::open_files() {
        rows.row(&[], count);
    }
}
