//! What pages tell the browser about the passkeys that are accepted (`signals.js`).

use serde::Serialize;

use crate::app::App;
use crate::crypto::base64url;
use crate::model::credential::Passkey;
use crate::model::user::User;

/// What the browser's own list of passkeys is kept in step with.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Signals {
    rp_id: String,
    user_handle: String,
    accepted: Vec<String>,
    user_name: String,
    display_name: String,
}

impl Signals {
    pub(super) fn of(app: &App, user: &User, passkeys: &[Passkey]) -> Self {
        Self {
            rp_id: app.relying_party.id().to_owned(),
            user_handle: base64url::encode(&user.handle),
            accepted: passkeys.iter().map(|passkey| base64url::encode(&passkey.credential_id)).collect(),
            user_name: user.email.to_string(),
            display_name: user.display_name(),
        }
    }

    pub(super) fn sample() -> Self {
        Self {
            rp_id: "login.example.org".to_owned(),
            user_handle: "AAAA".to_owned(),
            accepted: vec!["AAAA".to_owned(), "BBBB".to_owned()],
            user_name: "ada@example.org".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
        }
    }
}
