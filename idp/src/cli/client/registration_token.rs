//! `idp client registration-token …`.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Subcommand;
use serde_json::json;
use time::Duration;

use crate::audit::{self, Actor, Event};
use crate::cli::{open_existing, say};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::random::Entropy;
use crate::crypto::token::{Token, TokenKind};
use crate::model::ids::RegistrationTokenId;
use crate::store::registration_tokens;
use crate::theme::moment;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Make one. It is shown this once.
    Create {
        /// For whom it is, for whoever reads the list.
        #[arg(long)]
        note: String,
        /// How many applications it is good for.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=1000))]
        uses: i32,
        /// After so many days it is good for none.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=365))]
        days: i64,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show those that can still be used.
    List {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take one back.
    Remove {
        id: RegistrationTokenId,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let store = open_existing(config, clock).await?;
    let now = clock.now();
    match command {
        Command::Create { note, uses, days, json } => {
            let entropy = Entropy::of_the_system();
            let token = Token::generate(TokenKind::InitialAccess, entropy)?;
            let id = entropy.id(now, RegistrationTokenId::new)?;
            let expires_at = now + Duration::days(days);
            let row = registration_tokens::RegistrationToken {
                id,
                note,
                uses_left: uses,
                created_at: now,
                expires_at,
            };
            let tx = store.begin().await?;
            registration_tokens::insert(&tx, &row, token.hash()).await?;
            let event = Event::RegistrationTokenMade { token: id, uses };
            audit::record(&tx, now, Actor::Host, None, event).await?;
            tx.commit().await?;
            if json {
                println!(
                    "{}",
                    json!({ "id": id, "token": token.expose(), "expires_at": moment(expires_at) })
                );
            } else {
                println!("{}", token.expose());
                println!("It is shown this once and kept only as a hash; good until {}.", moment(expires_at));
            }
        }
        Command::List { json } => {
            let known = registration_tokens::usable(&store, now).await?;
            if json {
                let rows: Vec<_> = known
                    .iter()
                    .map(|row| {
                        json!({
                            "id": row.id,
                            "note": row.note,
                            "uses_left": row.uses_left,
                            "created_at": moment(row.created_at),
                            "expires_at": moment(row.expires_at),
                        })
                    })
                    .collect();
                println!("{}", json!(rows));
            } else {
                for row in known {
                    println!(
                        "{}  {} left, until {}  {}",
                        row.id,
                        row.uses_left,
                        moment(row.expires_at),
                        row.note
                    );
                }
            }
        }
        Command::Remove { id, json } => {
            let tx = store.begin().await?;
            ensure!(registration_tokens::delete(&tx, id).await?, "there is no registration token {id}");
            let event = Event::RegistrationTokenRemoved { token: id };
            audit::record(&tx, now, Actor::Host, None, event).await?;
            tx.commit().await?;
            say(json, &json!({ "removed": id }), "Nobody can register with it any more.");
        }
    }
    Ok(ExitCode::SUCCESS)
}
