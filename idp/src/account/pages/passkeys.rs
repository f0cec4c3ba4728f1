//! The list of a person's passkeys.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::SECTION;
use crate::app::App;
use crate::crypto::{aaguid, base64url};
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
    rp_id: String,
    user_handle: String,
    accepted: Vec<String>,
    user_name: String,
    display_name: String,
    signal_unknown: Option<String>,
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
    synced: bool,
    pub(super) this_session: bool,
}

impl Card {
    pub(super) fn of(passkey: &Passkey, owner: &SignedIn) -> Self {
        let provider = aaguid::provider(passkey.aaguid);
        Self {
            id: passkey.id.to_string(),
            name: passkey.name.to_string(),
            provider: provider.map(|(name, _)| name),
            kind: provider.map_or_else(|| guess_kind(passkey), |(_, kind)| kind),
            created_at: moment(passkey.created_at),
            last_used_at: passkey.last_used_at.map(moment),
            last_used_with: passkey.last_used_with.clone(),
            synced: passkey.backup_eligible,
            this_session: owner.session.passkey_id == Some(passkey.id),
        }
    }

    fn sample(name: &str, kind: AuthenticatorKind, synced: bool) -> Self {
        Self {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: name.to_owned(),
            provider: synced.then_some("iCloud Keychain"),
            kind,
            created_at: "2026-11-23T09:05:00Z".to_owned(),
            last_used_at: synced.then(|| "2026-11-23T09:06:00Z".to_owned()),
            last_used_with: synced.then(|| "Safari on iPhone".to_owned()),
            synced,
            this_session: synced,
        }
    }
}

/// For providers we have no name for: how it is connected says what it probably is.
fn guess_kind(passkey: &Passkey) -> AuthenticatorKind {
    let reached_by = |transport: &str| passkey.transports.iter().any(|known| known == transport);
    if reached_by("internal") {
        AuthenticatorKind::Computer
    } else if reached_by("hybrid") {
        AuthenticatorKind::Phone
    } else if reached_by("usb") || reached_by("nfc") {
        AuthenticatorKind::SecurityKey
    } else {
        AuthenticatorKind::PasswordManager
    }
}

impl Page for PasskeysPage {
    const TEMPLATE: &'static str = "account/passkeys.html";
    fn samples() -> Vec<Self> {
        let page = |passkeys: Vec<Card>, notice| Self {
            can_add: passkeys.len() < 3,
            passkeys,
            notice,
            rp_id: "login.example.org".to_owned(),
            user_handle: "AAAA".to_owned(),
            accepted: vec!["AAAA".to_owned(), "BBBB".to_owned()],
            user_name: "ada@example.org".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            signal_unknown: None,
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

#[derive(Debug, Deserialize)]
pub struct Notice {
    #[serde(default)]
    notice: String,
}

/// GET /account/passkeys
pub async fn passkeys(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Asked(query): Asked<Notice>,
) -> Result<Response, PageError> {
    let passkeys = stored::of_user(&app.store, owner.user.id).await?;
    let notice = ["created", "deleted", "renamed"].into_iter().find(|notice| *notice == query.notice);
    let page = PasskeysPage {
        passkeys: passkeys.iter().map(|passkey| Card::of(passkey, &owner)).collect(),
        notice,
        can_add: passkeys.len() < MAX_PASSKEYS,
        rp_id: app.relying_party.id().to_owned(),
        user_handle: base64url::encode(&owner.user.handle),
        accepted: passkeys.iter().map(|passkey| base64url::encode(&passkey.credential_id)).collect(),
        user_name: owner.user.email.to_string(),
        display_name: owner.user.display_name(),
        signal_unknown: None,
    };
    page::render(&app, &visit, SECTION, &page)
}
