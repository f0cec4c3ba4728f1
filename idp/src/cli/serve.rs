//! `idp serve` and `idp migrate`.

use std::process::ExitCode;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::app::{self, App};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::ephemeral::{EphemeralError, Reach};
use crate::login::setup;
use crate::server::Listeners;
use crate::{jobs, server, telemetry};

/// While ephemeral storage can not be reached.
const OFFER_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

pub(super) async fn run(config: Config, clock: SharedClock) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    let listeners = Listeners::bind(&config.http).await?;
    let app = App::build(config, clock).await?;
    // Before anybody is told that we are here: from then on somebody may ask us to stop.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    announce(&app, &listeners).await?;
    tokio::spawn(jobs::run(app.clone()));
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    server::serve(app, listeners, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

/// The lines that a person looks for after starting: on standard output, apart from the log.
async fn announce(app: &App, listeners: &Listeners) -> anyhow::Result<()> {
    let scheme = if app.tls.is_some() { "https" } else { "http" };
    println!("Listening on {scheme}://{}", listeners.main.local_addr()?);
    if let Some(mtls) = &listeners.mtls {
        println!("Listening on https://{} for programs with certificates", mtls.local_addr()?);
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
