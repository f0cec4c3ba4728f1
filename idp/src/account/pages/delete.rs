//! Deleting a passkey.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::passkeys::Card;
use super::{SECTION, done, who};
use crate::account::passkeys;
use crate::app::App;
use crate::model::credential::AuthenticatorKind;
use crate::model::ids::PasskeyId;
use crate::store::passkeys as stored;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Id, Nothing, Posted};
use crate::web::page::{self, see_other};
use crate::web::session::{AccountOwner, FRESH, sign_in_at};
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
    if !owner.session.is_fresh(app.clock.now(), FRESH) {
        return Ok(see_other(&sign_in_at(&format!("/account/passkeys/{id}/delete"))));
    }
    let passkeys = stored::of_user(&app.store, owner.user.id).await?;
    let passkey = passkeys.iter().find(|passkey| passkey.id == id).ok_or(PageError::NotFound)?;
    let card = Card::of(passkey, &owner);
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

/// POST /account/passkeys/{id}/delete
pub async fn delete(
    State(app): State<App>,
    AccountOwner(owner): AccountOwner,
    Id(id): Id<PasskeyId>,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    if !owner.session.is_fresh(app.clock.now(), FRESH) {
        return Ok(see_other(&sign_in_at(&format!("/account/passkeys/{id}/delete"))));
    }
    done(passkeys::delete(&app.store, who(&owner), id, app.clock.now()).await?)?;
    Ok(see_other("/account/passkeys?notice=deleted"))
}
