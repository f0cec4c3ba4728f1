//! `idp ready`: what a container, a script or a person asks instead of `curl`. It speaks to the service that runs on this
//! machine and never to the database.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::say;
use crate::config::Config;
use crate::http_client;

/// What `/readyz` answers.
#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

pub(super) async fn run(json: bool, config: &Config) -> anyhow::Result<ExitCode> {
    let listen = config.http.listen;
    let (status, body) = http_client::ask_ourselves(config, "/readyz")
        .await
        .map_err(|error| anyhow::anyhow!("nothing that serves listens at {listen}: {error}"))?;
    let Ok(answer) = serde_json::from_str::<Answer>(&body) else {
        anyhow::bail!("what listens at {listen} is not Portico: it answered {status}");
    };
    let said = match (&answer.why, &answer.degraded) {
        (Some(why), _) => format!("Not ready: {why}."),
        (None, Some(degraded)) => format!("Ready, but {degraded}."),
        (None, None) => "Ready.".to_owned(),
    };
    say(json, &serde_json::to_value(&answer)?, &said);
    Ok(if answer.ready && status == 200 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
