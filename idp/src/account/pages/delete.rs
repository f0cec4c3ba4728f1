//! Deleting a passkey, also one whose device is lost.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::passkeys::Card;
use super::signals::Signals;
use super::{SECTION, bench, done, owner_of, proof_first};
use crate::account::{passkeys, proof};
use crate::app::App;
use crate::model::credential::AuthenticatorKind;
use crate::model::ids::PasskeyId;
use crate::store::passkeys as stored;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Id, Nothing, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::session::{AccountOwner, SignedIn, forget, sign_in_at};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct DeletePage {
    id: String,
    name: String,
    provider: Option<&'static str>,
    kind: AuthenticatorKind,
    last_one: bool,
    ends_this_session: bool,
}

impl Page for DeletePage {
    const TEMPLATE: &'static str = "account/delete_passkey.html";
    fn samples() -> Vec<Self> {
        use AuthenticatorKind::{Computer, PasswordManager, Phone, SecurityKey};
        [Phone, Computer, PasswordManager, SecurityKey]
            .into_iter()
            .enumerate()
            .map(|(index, kind)| Self {
                id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
                name: "My <key>".to_owned(),
                provider: (index % 2 == 0).then_some("iCloud Keychain"),
                kind,
                last_one: index < 2,
                ends_this_session: index == 0,
            })
            .collect()
    }
}

/// GET /account/passkeys/{id}/delete
pub async fn confirm_delete(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Id(id): Id<PasskeyId>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = may_remove(&app, &owner, &format!("/account/passkeys/{id}/delete")).await? {
        return Ok(elsewhere);
    }
    let passkeys = stored::of_user(&app.store, owner.user.id).await?;
    let passkey = passkeys.iter().find(|passkey| passkey.id == id).ok_or(PageError::NotFound)?;
    let card = Card::of(passkey, &owner, visit.browser);
    let page = DeletePage {
        id: card.id,
        name: card.name,
        provider: card.provider,
        kind: card.kind,
        last_one: passkeys.len() == 1,
        ends_this_session: card.this_session,
    };
    page::render(&app, &visit, SECTION, &page)
}

/// Whoever had to use a recovery code may take away what they have lost.
async fn may_remove(app: &App, owner: &SignedIn, here: &str) -> Result<Option<Response>, PageError> {
    if proof::recovered(&owner.session, app.clock.now()) {
        return Ok(None);
    }
    proof_first(app, owner, here).await
}

/// POST /account/passkeys/{id}/delete
pub async fn delete(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Id(id): Id<PasskeyId>,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = may_remove(&app, &owner, &format!("/account/passkeys/{id}/delete")).await? {
        return Ok(elsewhere);
    }
    done(passkeys::delete(&bench(&app, &visit), owner_of(&owner), id).await?)?;
    if owner.session.passkey_id == Some(id) {
        return gone(&app, &visit, &owner, "/account/passkeys").await;
    }
    Ok(see_other("/account/passkeys?notice=deleted"))
}

/// The passkey that this session was begun with is deleted, and the session with it. The one chance to
/// tell the browser, which most likely is the one that offers it.
#[derive(Debug, Serialize)]
pub struct PasskeyGonePage {
    again: String,
    signals: Signals,
}

impl Page for PasskeyGonePage {
    const TEMPLATE: &'static str = "account/passkey_gone.html";
    fn samples() -> Vec<Self> {
        vec![Self { again: "/login".to_owned(), signals: Signals::sample() }]
    }
}

async fn gone(app: &App, visit: &Visit, owner: &SignedIn, next: &str) -> Result<Response, PageError> {
    let left = stored::of_user(&app.store, owner.user.id).await?;
    let page = PasskeyGonePage { again: sign_in_at(next), signals: Signals::of(app, &owner.user, &left) };
    let mut visit = visit.clone();
    visit.signed_in = None;
    let mut response = page::render(app, &visit, Frame::of("login"), &page)?;
    forget(app, &mut response);
    Ok(response)
}

/// "I lost a device": which one was it?
#[derive(Debug, Serialize)]
pub struct LostPage {
    passkeys: Vec<Card>,
    code_app: bool,
    failure: Option<&'static str>,
}

impl Page for LostPage {
    const TEMPLATE: &'static str = "account/lost.html";
    fn samples() -> Vec<Self> {
        let cards = || {
            vec![
                Card::sample("iPhone", AuthenticatorKind::Phone, true),
                Card::sample("<b>Desk</b>", AuthenticatorKind::Computer, false),
            ]
        };
        vec![
            Self { passkeys: cards(), code_app: true, failure: None },
            Self { passkeys: cards(), code_app: false, failure: Some("lost-none-chosen") },
            Self { passkeys: Vec::new(), code_app: true, failure: None },
        ]
    }
}

const LOST: &str = "/account/passkeys/lost";

/// GET /account/passkeys/lost
pub async fn lost(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = may_remove(&app, &owner, LOST).await? {
        return Ok(elsewhere);
    }
    lost_page(&app, &visit, &owner, None).await
}

async fn lost_page(
    app: &App,
    visit: &Visit,
    owner: &SignedIn,
    failure: Option<&'static str>,
) -> Result<Response, PageError> {
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    let passkeys = factors.passkeys.iter().map(|passkey| Card::of(passkey, owner, visit.browser)).collect();
    let page = LostPage { passkeys, code_app: factors.code_app.since().is_some(), failure };
    page::render(app, visit, SECTION, &page)
}

#[derive(Debug, Deserialize)]
pub struct LostForm {
    #[serde(default)]
    passkey: String,
}

/// POST /account/passkeys/lost: the passkey goes, its sessions end, and a new one is offered.
pub async fn remove_lost(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(form): Posted<LostForm>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = may_remove(&app, &owner, LOST).await? {
        return Ok(elsewhere);
    }
    let Ok(id) = form.passkey.parse::<PasskeyId>() else {
        return lost_page(&app, &visit, &owner, Some("lost-none-chosen")).await;
    };
    done(passkeys::delete(&bench(&app, &visit), owner_of(&owner), id).await?)?;
    let next = "/account/passkeys/create?from=lost";
    if owner.session.passkey_id == Some(id) {
        return gone(&app, &visit, &owner, next).await;
    }
    Ok(see_other(next))
}
