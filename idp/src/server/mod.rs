//! The route table and the listeners: every address of the service on one screen, the layers around
//! them in order, and the end of the service. `door` is where connections come in.

mod door;
mod metrics;
mod readiness;
mod requests;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use crate::app::App;
use crate::app::tls::Tls;
use crate::config::{Config, Http};
use crate::web::error::{PageError, with_id};
use crate::web::{brand, headers, problem, visit};
use crate::{account, admin, login, oidc};
use door::{Door, Entrance};
use readiness::Readiness;

/// A request that takes longer than this is given up.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Whoever is answered while we start.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub fn router(app: &App) -> Router {
    let pages = Router::new()
        .route("/", get(|| async { axum::response::Redirect::to("/account") }))
        .merge(login::routes())
        .merge(account::routes())
        .merge(admin::routes())
        .merge(oidc::pages())
        .fallback(|| async { PageError::NotFound })
        .method_not_allowed_fallback(|| async { PageError::Method })
        .layer(middleware::from_fn_with_state(app.clone(), visit::layer));
    let endpoints = oidc::endpoints().layer(middleware::from_fn_with_state(app.clone(), oidc::cors::layer));
    let bare = Router::new()
        .merge(admin::api::open_routes())
        .merge(oidc::pictures())
        .merge(oidc::back_endpoints())
        .merge(account::well_known())
        .route("/static/{version}/{file}", get(asset))
        .route("/brand/{file}", get(brand::stylesheet))
        .route("/brand/logo/{hash}", get(brand::logo))
        .route("/csp-report", post(headers::report))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready));
    layered(app, bare.merge(endpoints).merge(api(app)).merge(pages))
}

/// What is served where programs are asked for their certificates.
pub fn mtls_router(app: &App) -> Router {
    layered(app, oidc::mtls_endpoints().merge(api(app)))
}

/// The administration API. No cookie and no other origin's script has a part in it. Its layers are its routes' alone:
/// they would answer for addresses that are nobody's otherwise.
fn api(app: &App) -> Router<App> {
    admin::api::routes(app)
        .route_layer(middleware::from_fn_with_state(app.clone(), oidc::endpoints::guard))
        .route_layer(middleware::from_fn_with_state(app.clone(), problem::layer))
}

fn layered(app: &App, routes: Router<App>) -> Router {
    // From the outermost to the innermost, as one layer: each of its own would be copied for every request, with all beneath it.
    let around = (
        middleware::from_fn_with_state(app.clone(), around),
        CatchPanicLayer::custom(panicked),
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT),
        RequestBodyTimeoutLayer::new(app.config.http.body_timeout),
        DefaultBodyLimit::max(app.config.http.max_body_bytes),
    );
    routes.layer(around).with_state(app.clone())
}

/// What every request gets: an id and a line in the log, its place in the counts, and the headers of its answer.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let answer = |request: Request| async {
        let under_way = requests::begin(&app, &request);
        let mut response = next.run(request).await;
        headers::complete(&app, &mut response);
        under_way.end(response.status());
        response
    };
    with_id(&app, request, answer).await
}

/// Files that never change under their address.
async fn asset(State(app): State<App>, Path((version, file)): Path<(String, String)>) -> Response {
    let assets = app.theme.assets();
    let Some(asset) = assets.get(&file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let caching =
        if assets.is_current(&version) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    (headers, asset.bytes.clone()).into_response()
}

async fn ready(State(app): State<App>) -> Response {
    let no_store = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let readiness = Readiness::of(&app).await;
    if let Some(why) = readiness.why_not {
        let body = Json(json!({ "ready": false, "why": why }));
        return (StatusCode::SERVICE_UNAVAILABLE, no_store, body).into_response();
    }
    let body = match readiness.degraded(&app) {
        Some(degraded) => json!({ "ready": true, "degraded": degraded }),
        None => json!({ "ready": true }),
    };
    (no_store, Json(body)).into_response()
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic itself is on standard error; here only the person is answered.
    (StatusCode::INTERNAL_SERVER_ERROR, "internal error; the header X-Request-Id names it in our log\n")
        .into_response()
}

/// Where we listen: for everybody, for programs that show a certificate, and for operators who read metrics.
#[derive(Debug)]
pub struct Listeners {
    pub main: TcpListener,
    pub mtls: Option<TcpListener>,
    pub metrics: Option<TcpListener>,
}

impl Listeners {
    /// # Errors
    /// Names the address that can not be had.
    pub async fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = |address: SocketAddr, setting: &'static str| async move {
            let bound = TcpListener::bind(address).await;
            bound.with_context(|| format!("The address {address} can not be listened on ({setting})"))
        };
        let http = &config.http;
        let main = bind(http.listen, "http.listen").await?;
        let mtls = match http.mtls.as_ref().and_then(|mtls| mtls.listen) {
            Some(address) => Some(bind(address, "http.mtls.listen").await?),
            None => None,
        };
        let metrics = match config.metrics.listen {
            Some(address) => Some(bind(address, "metrics.listen").await?),
            None => None,
        };
        Ok(Self { main, mtls, metrics })
    }
}

/// Answers that we are not ready, and why, while something else is waited for.
///
/// # Errors
/// When the listener fails for good, or the certificate can not be read.
pub async fn meanwhile<T>(
    listeners: &Listeners,
    http: &Http,
    why: &'static str,
    waited_for: impl Future<Output = T>,
) -> anyhow::Result<T> {
    let tls = http.tls.clone().map(Tls::open).transpose()?;
    let not_ready = Json(json!({ "ready": false, "why": why }));
    let not_ready = (StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, "no-store")], not_ready);
    let later = "Starting. Please try again in a moment.\n";
    let later = (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5"), (CACHE_CONTROL, "no-store")], later);
    let router = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(move || async move { not_ready }))
        .fallback(move || async move { later });
    let main = Entrance {
        listener: &listeners.main,
        router,
        tls: tls.as_ref().map(|tls| TlsAcceptor::from(tls.server())),
    };
    let door = Door::new(main, None, (http, http.max_connections), Arc::default());
    let mut waited_for = pin!(waited_for);
    let came = loop {
        tokio::select! {
            accepted = door.accept() => door.serve(accepted?),
            came = &mut waited_for => break came,
        }
    };
    // Whoever is connected comes again and finds more.
    let _ = tokio::time::timeout(LAST_WORDS, door.graceful.shutdown()).await;
    Ok(came)
}

/// Serves until `shutdown` resolves, then lets requests under way finish.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(app: App, listeners: Listeners, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let tls = app.tls.as_ref();
    let main = Entrance {
        listener: &listeners.main,
        router: router(&app),
        tls: tls.map(|tls| TlsAcceptor::from(tls.server())),
    };
    let mtls = listeners.mtls.as_ref().zip(tls).map(|(listener, tls)| Entrance {
        listener,
        router: mtls_router(&app),
        tls: Some(TlsAcceptor::from(tls.asking())),
    });
    let http = app.config.http.clone();
    let meter = Arc::clone(&app.meters.connections);
    let door = Door::new(main, mtls, (&http, http.max_connections), meter);
    // Read until the very end, and ended with everything else.
    let mut beside = JoinSet::new();
    if let Some(listener) = listeners.metrics {
        beside.spawn(metrics::serve(app.clone(), listener));
    }
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            accepted = door.accept() => door.serve(accepted?),
            () = &mut shutdown => break,
        }
    }
    app.set_ready(false);
    tracing::info!("shutting down: no longer ready");
    // While load balancers notice that we are leaving, whoever comes is still served.
    let until = tokio::time::Instant::now() + http.shutdown_delay;
    while let Ok(accepted) = tokio::time::timeout_at(until, door.accept()).await {
        door.serve(accepted?);
    }
    let grace = http.shutdown_grace;
    if tokio::time::timeout(grace, door.graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way and were cut off");
    }
    Ok(())
}
