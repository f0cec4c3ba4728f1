//! `idp doctor`: looks at an installation the way a colleague would.

use std::process::ExitCode;

use serde_json::json;

use crate::admin::health::{self, Standing};
use crate::app;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::store::{self, OpenError};

pub(super) async fn run(
    (as_json, mail): (bool, bool),
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<ExitCode> {
    let mut seen = health::of_the_host(config, clock.now());
    seen.extend(health::of_the_name(config).await);
    if mail {
        seen.extend(health::of_the_mail_server(config).await);
    }
    let mut found: Vec<_> = seen.into_iter().map(|finding| (finding.standing, finding.sentence)).collect();
    match app::ephemeral(config, clock) {
        Ok(ephemeral) => {
            let redis = health::of_redis(config, &ephemeral).await;
            found.extend(redis.map(|finding| (finding.standing, finding.sentence)));
        }
        Err(error) => found.push((Standing::Wrong, format!("{error:#}"))),
    }
    match store::pending_migrations(config).await {
        Ok(None) => {
            found.push((Standing::Note, "there is no database yet; the first start makes it".to_owned()));
        }
        Ok(Some(0)) => found.extend(database(config, clock).await?),
        Ok(Some(behind)) => {
            let sentence = format!(
                "the database is {behind} migrations behind; the next start, or `idp migrate`, brings it up to date"
            );
            found.push((Standing::Note, sentence));
        }
        Err(error @ OpenError::Connect { .. }) if config.database.url.is_some() => {
            let remedy = "Look at database.url, and whether the server runs and lets this machine in.";
            found.push((Standing::Wrong, format!("{error}. {remedy}")));
        }
        Err(error) => found.push((Standing::Wrong, error.to_string())),
    }
    let is = |standing: &Standing| match standing {
        Standing::Fine => "ok",
        Standing::Note => "note",
        Standing::Wrong => "wrong",
    };
    if as_json {
        let shown = found.iter().map(|(standing, text)| json!({ "is": is(standing), "text": text }));
        println!("{}", json!(shown.collect::<Vec<_>>()));
    } else {
        for (standing, text) in &found {
            let begin = if matches!(standing, Standing::Wrong) { "WRONG" } else { is(standing) };
            println!("{begin:<5} {text}");
        }
    }
    let wrong = found.iter().any(|(standing, _)| matches!(standing, Standing::Wrong));
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn database(config: &Config, clock: &SharedClock) -> anyhow::Result<Vec<(Standing, String)>> {
    let store = match app::open_store(config, clock).await {
        Ok(store) => store,
        Err(error) => return Ok(vec![(Standing::Wrong, format!("{error:#}"))]),
    };
    let mut found = health::of_the_database(&store, config, clock.now()).await?;
    found.push(health::audit_chain(&store).await?);
    Ok(found.into_iter().map(|finding| (finding.standing, finding.sentence)).collect())
}
