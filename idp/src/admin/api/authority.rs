//! With what authority a call is made: that of the person whom the token speaks for, as the database has them now, or
//! that which the configuration gives the application; either no further than the token goes.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::admin::{AdminActor, Office};
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::session::{Assurance, FRESH};
use crate::web::caller::Caller;
use crate::web::network::{self, Peer};
use crate::web::problem::{Kind, Problem};

#[derive(Debug)]
pub(super) struct Authority {
    pub(super) caller: Caller,
    pub(super) actor: AdminActor,
    network: Option<String>,
}

impl FromRequestParts<App> for Authority {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller =
            caller.ok_or_else(|| Problem::from(anyhow::anyhow!("a route of the API has no guard")))?;
        let actor = match &caller.user {
            Some(user) => {
                // security M2: the console wants no less.
                if !caller.is_strong() {
                    return Err(step_up(&caller));
                }
                let actor = AdminActor::of_person(&app.store, user).await?;
                let actor = actor.ok_or_else(|| Problem::of(Kind::Forbidden))?;
                actor.through(&caller.client.id, &caller.scopes)
            }
            None => {
                let declared = app.config.clients.iter().find(|known| known.id == caller.client.id);
                let given = declared.map(|known| &known.administers).filter(|scopes| !scopes.is_empty());
                let given = given.ok_or_else(|| Problem::of(Kind::ClientNotAllowed))?;
                AdminActor::of_client(&caller.client, given, &caller.scopes)
            }
        };
        let peer = parts.extensions.get::<Peer>().copied();
        let address = network::address(&parts.headers, peer, &app.config.http.trusted_proxies);
        Ok(Self { caller, actor, network: address.map(|address| address.to_string()) })
    }
}

impl Authority {
    pub(super) fn office<'a>(&'a self, app: &'a App) -> Office<'a> {
        Office {
            store: &app.store,
            mail: &app.mail,
            entropy: app.entropy,
            policy: app.policy(),
            now: app.clock.now(),
            network: self.network.as_deref(),
            browser: Some(self.caller.client.settings.name.as_str()),
        }
    }

    /// RFC 6750 §3.1: the token has to be for this.
    pub(super) fn reads(&self, scope: AdminScope) -> Result<(), Problem> {
        let name = scope.as_str();
        if self.caller.scopes.contains(name) {
            return Ok(());
        }
        let scheme = self.caller.scheme;
        let challenge = format!("{scheme} error=\"insufficient_scope\", scope=\"{name}\"");
        Err(Problem::of(Kind::InsufficientScope).detail(format!("it needs {name}")).challenge(&challenge))
    }

    /// The same for what changes something: a person has to have proven lately that it is them (RFC 9470).
    pub(super) fn changes(&self, app: &App, scope: AdminScope) -> Result<(), Problem> {
        self.reads(scope)?;
        if self.caller.user.is_none() || self.caller.is_fresh(app.clock.now(), FRESH) {
            return Ok(());
        }
        Err(step_up(&self.caller))
    }
}

/// RFC 9470 §3: how the person has to log in for this.
fn step_up(caller: &Caller) -> Problem {
    let (scheme, age) = (caller.scheme, FRESH.whole_seconds());
    let levels = [Assurance::PhishingResistant, Assurance::SecondFactor].map(Assurance::as_str).join(" ");
    let challenge = format!(
        "{scheme} error=\"insufficient_user_authentication\", \
         error_description=\"The person has to log in again, by more than a password\", \
         acr_values=\"{levels}\", max_age=\"{age}\""
    );
    Problem::of(Kind::InsufficientAuthentication).challenge(&challenge)
}
