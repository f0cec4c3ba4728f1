//! `idp serve` and `idp migrate`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::app::{self, App};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::ephemeral::{EphemeralError, Reach};
use crate::login::setup;
use crate::server::Listeners;
use crate::store::{OpenError, StoreError};
use crate::telemetry::Telemetry;
use crate::{jobs, server, telemetry};

/// Between two tries to open the database.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// While ephemeral storage can not be reached.
const OFFER_AGAIN: Duration = Duration::from_secs(2);

pub(super) async fn run(config: Config, clock: SharedClock) -> anyhow::Result<ExitCode> {
    let telemetry = telemetry::start_with_collector(&config, &clock)?;
    let ended = serve(config, clock, &telemetry).await;
    telemetry.finish().await;
    ended
}

async fn serve(config: Config, clock: SharedClock, telemetry: &Telemetry) -> anyhow::Result<ExitCode> {
    let listeners = Listeners::bind(&config).await?;
    // Before anybody is told that we are here: from then on somebody may ask us to stop.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut shutdown = Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let app = tokio::select! {
        app = build(&config, &clock, &listeners) => app?,
        () = &mut shutdown => return Ok(ExitCode::SUCCESS),
    };
    if let Some(exports) = telemetry.exports() {
        let _ = app.meters.exports.set(exports);
    }
    announce(&app, &listeners).await?;
    let store = app.store.clone();
    let jobs = tokio::spawn(jobs::run(app.clone()));
    let served = server::serve(app, listeners, shutdown).await;
    jobs.abort();
    if let Ok(Err(error)) = tokio::time::timeout(LAST_PAUSE, store.close()).await {
        tracing::warn!(error = format!("{error:#}"), "the database could not be closed");
    }
    served.map(|()| ExitCode::SUCCESS)
}

/// Opens everything. A database server that does not answer is waited for, which is said in the log and to whoever asks
/// for our health: machines that start together are not ready together.
async fn build(config: &Config, clock: &SharedClock, listeners: &Listeners) -> anyhow::Result<App> {
    let (mut again_in, mut why) = (FIRST_PAUSE, "starting");
    loop {
        let built = Box::pin(App::build(config.clone(), Arc::clone(clock)));
        let error = match server::meanwhile(listeners, &config.http, why, built).await? {
            Ok(app) => return Ok(app),
            Err(error) => error,
        };
        if config.database.url.is_none() || !passes(&error) {
            return Err(error);
        }
        let error = format!("{error:#}");
        tracing::warn!(error, "the database does not answer; tried again in {again_in:?}");
        why = "the database does not answer";
        server::meanwhile(listeners, &config.http, why, tokio::time::sleep(again_in)).await?;
        again_in = (again_in * 2).min(LAST_PAUSE);
    }
}

fn passes(error: &anyhow::Error) -> bool {
    error.downcast_ref::<OpenError>().is_some_and(OpenError::passes)
        || error.downcast_ref().is_some_and(StoreError::passes)
}

/// The lines that a person looks for after starting: on standard output, apart from the log.
async fn announce(app: &App, listeners: &Listeners) -> anyhow::Result<()> {
    let scheme = if app.tls.is_some() { "https" } else { "http" };
    println!("Listening on {scheme}://{}", listeners.main.local_addr()?);
    if let Some(mtls) = &listeners.mtls {
        println!("Listening on https://{} for programs with certificates", mtls.local_addr()?);
    }
    if let Some(metrics) = &listeners.metrics {
        println!("Metrics on http://{}/metrics", metrics.local_addr()?);
    }
    if app.config.development {
        println!(
            "Development: the example client clinic-example is registered. Do not use this for real accounts."
        );
    }
    if app.config.conformance.enabled {
        println!(
            "CONFORMANCE PROFILE: limits are wider and calls may go to this machine. Do not use this for real accounts."
        );
    }
    if app.ephemeral.reach(OFFER_AGAIN).await != Reach::Answers {
        tracing::warn!("Redis does not answer: nobody can log in until it does; not ready until then");
    }
    match offer(app).await {
        Ok(said) => println!("{said}"),
        Err(error) if error.downcast_ref::<EphemeralError>().is_some() => {
            println!("Set-up: Redis does not answer; the address follows when it does.");
            tokio::spawn(offer_later(app.clone()));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn offer(app: &App) -> anyhow::Result<String> {
    Ok(match setup::offer(&app.store, &app.ephemeral, app.entropy).await? {
        Some(token) => {
            format!("Set-up: {}?token={}", app.config.public_url.join("/setup"), token.expose())
        }
        None => format!("Ready: {}", app.config.public_url.issuer()),
    })
}

async fn offer_later(app: App) {
    loop {
        tokio::time::sleep(OFFER_AGAIN).await;
        if let Ok(said) = offer(&app).await {
            println!("{said}");
            return;
        }
    }
}

pub(super) async fn migrate(config: Config, clock: &SharedClock, json: bool) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    app::open_store(&config, clock).await?;
    say(json, &json!({ "up_to_date": true }), "The database is up to date.");
    Ok(ExitCode::SUCCESS)
}
