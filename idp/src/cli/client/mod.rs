//! `idp client …`.

mod known;
mod registration_token;

use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{Host, open_existing};
use crate::admin::{AdminActor, applications};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::token::Token;
use crate::model::authorization::TypeName;
use crate::model::client::{Client, ClientName, ClientSettings, ClientType, WebUri};
use crate::model::key::SigningAlg;
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resource;
use crate::model::scope::Scope;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register an application with the safe defaults of its type.
    Create(Create),
    /// Show all, by their identifiers.
    List(known::List),
    /// Show one with its settings and when its secrets were made and used. Secrets themselves are never shown.
    Show(known::Which),
    /// Its secrets: a new one beside the old one, so that it changes over without a break.
    #[command(subcommand)]
    Secret(known::Secret),
    /// Disable it: nobody logs in to it, and its tokens are worth nothing.
    Disable(known::Which),
    /// Enable it again.
    Enable(known::Which),
    /// Remove it for ever, with everything that people allowed it.
    Remove(known::Which),
    /// Tokens with which applications register themselves.
    #[command(subcommand)]
    RegistrationToken(registration_token::Command),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Type {
    Web,
    Spa,
    Native,
    Machine,
    Device,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Alg {
    Rs256,
    Ps256,
    Es256,
    Eddsa,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What people read when they sign in.
    #[arg(long)]
    name: ClientName,
    #[arg(long = "type")]
    client_type: Type,
    /// For web, spa and native. May be given several times.
    #[arg(long = "redirect-uri")]
    redirect_uris: Vec<RedirectUri>,
    /// May be given several times.
    #[arg(long = "post-logout-redirect-uri")]
    post_logout_redirect_uris: Vec<RedirectUri>,
    /// A page that account pages may lead back to. May be given several times.
    #[arg(long = "return-uri")]
    return_uris: Vec<WebUri>,
    /// What its ID tokens are signed with. Some libraries read only RS256.
    #[arg(long = "id-token-alg", value_enum, default_value = "es256")]
    id_token_alg: Alg,
    /// A scope it may ask for, instead of those of its type. May be given several times.
    #[arg(long = "scope")]
    scopes: Vec<Scope>,
    /// An API it may ask tokens for, as an absolute URI. May be given several times.
    #[arg(long = "resource")]
    resources: Vec<Resource>,
    /// An API that it is itself, and may introspect tokens for. May be given several times.
    #[arg(long = "serves")]
    serves: Vec<Resource>,
    /// A type that it may ask for in detail (RFC 9396), declared in the configuration. May be given several times.
    #[arg(long = "authorization-details-type")]
    authorization_details_types: Vec<TypeName>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let new = match command {
        Command::Create(new) => new,
        Command::RegistrationToken(command) => {
            return registration_token::run(command, config, clock).await;
        }
        Command::List(list) => return known::list(&list, config, clock).await,
        Command::Show(which) => return known::show(&which, config, clock).await,
        Command::Secret(command) => return known::secret(&command, config, clock).await,
        Command::Disable(which) => return known::set_enabled((&which, false), config, clock).await,
        Command::Enable(which) => return known::set_enabled((&which, true), config, clock).await,
        Command::Remove(which) => return known::remove(&which, config, clock).await,
    };
    let json = new.json;
    let (client, secret) = create(new, config, clock).await?;
    let secret = secret.as_ref().map(Token::expose);
    if json {
        let mut shown = json!({ "client_id": client.id });
        if let (Some(secret), Some(members)) = (secret, shown.as_object_mut()) {
            members.insert("client_secret".to_owned(), secret.into());
        }
        println!("{shown}");
    } else {
        println!("client_id      {}", client.id);
        if let Some(secret) = secret {
            println!("client_secret  {secret}");
            println!("The secret is shown this once and kept only as a hash.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(
    new: Create,
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<(Client, Option<Token>)> {
    let client_type = match new.client_type {
        Type::Web => ClientType::Web,
        Type::Spa => ClientType::Spa,
        Type::Native => ClientType::Native,
        Type::Machine => ClientType::Machine,
        Type::Device => ClientType::Device,
    };
    for name in &new.authorization_details_types {
        let known = config.authorization_types.find(name.as_str()).is_some();
        ensure!(known, "the configuration declares no authorization type {name}");
    }
    let defaults = ClientSettings::of_type(client_type, new.name, new.redirect_uris);
    let settings = ClientSettings {
        scopes: if new.scopes.is_empty() {
            defaults.scopes.clone()
        } else {
            new.scopes.into_iter().collect()
        },
        resources: new.resources.into_iter().collect(),
        serves: new.serves.into_iter().collect(),
        authorization_details_types: new.authorization_details_types.into_iter().collect(),
        post_logout_redirect_uris: new.post_logout_redirect_uris,
        return_uris: new.return_uris,
        id_token_alg: match new.id_token_alg {
            Alg::Rs256 => SigningAlg::Rs256,
            Alg::Ps256 => SigningAlg::Ps256,
            Alg::Es256 => SigningAlg::Es256,
            Alg::Eddsa => SigningAlg::EdDsa,
        },
        ..defaults
    };
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let actor = AdminActor::of_the_host();
    Ok(applications::create(&host.office(), &actor, settings).await??)
}
