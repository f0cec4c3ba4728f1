//! What `idp user` does to somebody: the same as an administrator in the console, with the rights of the host.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{AccessLink, Command, GivenRole, List, SetPolicy, SetRole, Whom};
use crate::admin::access::{self, Made};
use crate::admin::people::{self, Person};
use crate::admin::{AdminActor, Office, Refused};
use crate::cli::{Host, open_existing, open_person, say};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::link::ACCESS_PATH;
use crate::model::user::{ServiceRole, User};
use crate::store::users::Filter;
use crate::theme::moment;

pub(super) async fn change(command: Command, config: &Config, clock: &SharedClock) -> anyhow::Result<()> {
    let whom = match &command {
        Command::AccessLink(AccessLink { whom, .. })
        | Command::Policy(SetPolicy { whom, .. })
        | Command::Role(SetRole { whom, .. })
        | Command::ResetPasskeys(whom)
        | Command::ResetTwoFactor(whom)
        | Command::Unlock(whom)
        | Command::LogOut(whom)
        | Command::Disable(whom)
        | Command::Enable(whom) => whom,
        Command::Create(_) | Command::Details(_) | Command::List(_) | Command::Show(_) => {
            anyhow::bail!("this command changes nobody")
        }
    };
    let (email, as_json) = (whom.email.clone(), whom.json);
    let (store, user) = open_person(&email, config, clock).await?;
    let host = Host::new(store, config, clock).await?;
    let (office, actor) = (host.office(), AdminActor::of_the_host());
    let (said, shown) = match command {
        Command::AccessLink(AccessLink { minutes, .. }) => {
            let made = access::make_link(&office, &actor, (user.id, minutes)).await?;
            let link = match made.map_err(|refused| refusal(refused, &user))? {
                Made::OnTheHost(token) => {
                    format!("{}?token={}", config.public_url.join(ACCESS_PATH), token.expose())
                }
                Made::Mailed => String::new(),
            };
            (link.clone(), json!({ "link": link, "minutes": minutes }))
        }
        other => apply(&office, &actor, &user, other).await?,
    };
    say(as_json, &shown, &said);
    Ok(())
}

/// Does it; says what was done, in words and as JSON.
async fn apply(
    office: &Office<'_>,
    actor: &AdminActor,
    user: &User,
    command: Command,
) -> anyhow::Result<(String, Value)> {
    let (id, email) = (user.id, &user.email);
    let refused = |refused| refusal(refused, user);
    Ok(match command {
        Command::ResetPasskeys(_) => {
            let removed = people::reset_passkeys(office, actor, id).await?.map_err(refused)?;
            let said = format!("Removed {removed} passkeys of {email}. They log in with their password.");
            (said, json!({ "removed": removed }))
        }
        Command::ResetTwoFactor(_) => {
            people::reset_two_factor(office, actor, id).await?.map_err(refused)?;
            let said = format!("{email} has no code app and no recovery codes any more.");
            (said, json!({ "reset": true }))
        }
        Command::Unlock(_) => {
            people::unlock(office, actor, id).await?.map_err(|refused| match refused {
                Refused::Unchanged => anyhow::anyhow!(
                    "{email} has no password. Send an access link instead: idp user access-link."
                ),
                other => refusal(other, user),
            })?;
            (format!("The password of {email} works again."), json!({ "unlocked": true }))
        }
        Command::LogOut(_) => {
            let ended = people::log_out_everywhere(office, actor, id).await?.map_err(refused)?;
            (format!("Ended {ended} sessions of {email}."), json!({ "ended": ended }))
        }
        Command::Disable(_) => {
            people::set_enabled(office, actor, id, false).await?.map_err(refused)?;
            (format!("The account of {email} is disabled."), json!({ "enabled": false }))
        }
        Command::Enable(_) => {
            people::set_enabled(office, actor, id, true).await?.map_err(refused)?;
            (format!("The account of {email} works again."), json!({ "enabled": true }))
        }
        Command::Role(SetRole { role, .. }) => {
            let role = match role {
                GivenRole::Operator => Some(ServiceRole::Operator),
                GivenRole::Support => Some(ServiceRole::Support),
                GivenRole::Auditor => Some(ServiceRole::Auditor),
                GivenRole::None => None,
            };
            people::set_role(office, actor, id, role).await?.map_err(refused)?;
            let name = role.map_or("no rights over the service", ServiceRole::as_str);
            (format!("{email} has now: {name}."), json!({ "role": role }))
        }
        Command::Policy(SetPolicy { policy, .. }) => {
            people::set_policy(office, actor, id, policy).await?.map_err(refused)?;
            let said = format!("For {email} the policy {} holds from the next log-in on.", policy.as_str());
            (said, json!({ "policy": policy }))
        }
        _ => anyhow::bail!("this command changes nobody"),
    })
}

fn refusal(refused: Refused, user: &User) -> anyhow::Error {
    anyhow::anyhow!("Nothing was done to the account of {}: {refused}.", user.email)
}

pub(super) async fn list(list: &List, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let enabled = list.disabled.then_some(false);
    let filter = Filter { text: list.search.clone(), enabled, ..Filter::default() };
    let found = people::list(&host.office(), &AdminActor::of_the_host(), &filter, list.limit).await?;
    if list.json {
        let shown: Vec<Value> = found.iter().map(in_short).collect();
        println!("{}", json!(shown));
    }
    for user in found.iter().filter(|_| !list.json) {
        let state = if user.is_enabled() { "" } else { "  (disabled)" };
        println!("{}  {}  {}{state}", user.id, user.email, user.display_name());
    }
    Ok(ExitCode::SUCCESS)
}

fn in_short(user: &User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "role": user.role,
        "enabled": user.is_enabled(),
    })
}

pub(super) async fn show(whom: &Whom, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let (store, user) = open_person(&whom.email, config, clock).await?;
    let host = Host::new(store, config, clock).await?;
    let person = people::view(&host.office(), &AdminActor::of_the_host(), user.id).await?;
    let person = person.map_err(|refused| refusal(refused, &user))?;
    let shown = in_full(&person);
    say(whom.json, &shown, &serde_json::to_string_pretty(&shown)?);
    Ok(ExitCode::SUCCESS)
}

fn in_full(person: &Person) -> Value {
    let mut shown = in_short(&person.user);
    let passkeys: Vec<Value> = person
        .passkeys
        .iter()
        .map(|passkey| {
            json!({
                "id": passkey.id,
                "name": passkey.name.as_str(),
                "created_at": moment(passkey.created_at),
                "last_used_at": passkey.last_used_at.map(moment),
            })
        })
        .collect();
    let organizations: Vec<Value> = person
        .organizations
        .iter()
        .map(|(organization, membership)| json!({ "slug": organization.slug, "roles": membership.roles }))
        .collect();
    let more = json!({
        "email_verified": person.user.email_verified,
        "policy": { "holds": person.policy.policy, "from": person.policy.source },
        "password": match (person.has_password, person.password_works) {
            (false, _) => "none",
            (true, true) => "works",
            (true, false) => "stopped",
        },
        "code_app": person.has_code_app,
        "recovery_codes_left": person.recovery_codes_left,
        "passkeys": passkeys,
        "sessions": person.sessions.len(),
        "organizations": organizations,
    });
    if let (Some(shown), Value::Object(more)) = (shown.as_object_mut(), more) {
        shown.extend(more);
    }
    shown
}
