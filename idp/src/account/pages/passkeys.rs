//! The list of a person's passkeys.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::signals::Signals;
use super::{NoticeQuery, SECTION, notice_of};
use crate::account::safety::kind_of;
use crate::app::App;
use crate::crypto::aaguid;
use crate::model::attempt::BrowserId;
use crate::model::credential::{AuthenticatorKind, MAX_PASSKEYS, Passkey};
use crate::store::passkeys as stored;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::session::{AccountOwner, SignedIn};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PasskeysPage {
    passkeys: Vec<Card>,
    notice: Option<&'static str>,
    can_add: bool,
    signals: Signals,
}

/// One passkey, as its person sees it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Card {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) provider: Option<&'static str>,
    pub(super) kind: AuthenticatorKind,
    created_at: String,
    last_used_at: Option<String>,
    last_used_with: Option<String>,
    last_used_from: Option<String>,
    synced: bool,
    pub(super) this_session: bool,
    this_device: bool,
}

impl Card {
    pub(super) fn of(passkey: &Passkey, owner: &SignedIn, here: BrowserId) -> Self {
        let provider = aaguid::provider(passkey.aaguid);
        Self {
            id: passkey.id.to_string(),
            name: passkey.name.to_string(),
            provider: provider.map(|(name, _)| name),
            kind: kind_of(passkey),
            created_at: moment(passkey.created_at),
            last_used_at: passkey.last_used_at.map(moment),
            last_used_with: passkey.last_used_with.clone().filter(|text| !text.is_empty()),
            last_used_from: passkey.last_used_from.clone().filter(|text| !text.is_empty()),
            synced: passkey.backup_eligible,
            this_session: owner.session.passkey_id == Some(passkey.id),
            this_device: passkey.browser == Some(here),
        }
    }

    pub(super) fn sample(name: &str, kind: AuthenticatorKind, synced: bool) -> Self {
        Self {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: name.to_owned(),
            provider: synced.then_some("iCloud Keychain"),
            kind,
            created_at: "2026-11-23T09:05:00Z".to_owned(),
            last_used_at: synced.then(|| "2026-11-23T09:06:00Z".to_owned()),
            last_used_with: synced.then(|| "Safari on iPhone".to_owned()),
            last_used_from: synced.then(|| "192.0.2.7".to_owned()),
            synced,
            this_session: synced,
            this_device: !synced,
        }
    }
}

impl Page for PasskeysPage {
    const TEMPLATE: &'static str = "account/passkeys.html";
    fn samples() -> Vec<Self> {
        let page = |passkeys: Vec<Card>, notice| Self {
            can_add: passkeys.len() < 3,
            passkeys,
            notice,
            signals: Signals::sample(),
        };
        let cards = [
            Card::sample("iPhone", AuthenticatorKind::Phone, true),
            Card::sample("<b>Desk</b>", AuthenticatorKind::Computer, false),
            Card::sample("1Password", AuthenticatorKind::PasswordManager, true),
            Card::sample("Key", AuthenticatorKind::SecurityKey, false),
        ];
        vec![
            page(Vec::new(), None),
            page(cards[..1].to_vec(), Some("created")),
            page(cards[..2].to_vec(), Some("deleted")),
            page(cards.to_vec(), Some("renamed")),
        ]
    }
}

/// GET /account/passkeys
pub async fn passkeys(
    State(app): State<App>,
    visit: Visit,
    owner: AccountOwner,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let passkeys = stored::of_user(&app.store, owner.0.user.id).await?;
    let notice = notice_of(&query.notice, &["created", "deleted", "renamed"]);
    let page = PasskeysPage {
        passkeys: passkeys.iter().map(|passkey| Card::of(passkey, &owner.0, visit.browser)).collect(),
        notice,
        can_add: passkeys.len() < MAX_PASSKEYS,
        signals: Signals::of(&app, &owner.0.user, &passkeys),
    };
    page::render(&app, &visit, SECTION, &page)
}
