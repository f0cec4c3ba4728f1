//! What people are told who make an account of their own.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Circumstances, Done, Link, Mailer, Notice, Reader};
use crate::crypto::token::Token;
use crate::model::attempt::Handle;
use crate::model::ids::OutboxId;
use crate::model::user::{Email, Language, User};
use crate::store::outbox::{self, Kind};
use crate::store::{self, Tx};

/// Who wants to make an account, with which address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpRequest {
    pub email: Email,
    /// What the page was read in.
    pub language: Option<Language>,
    /// Where they were on the way to.
    pub attempt: Option<Handle>,
    pub browser: String,
    pub network: String,
}

/// Asks for a mail with a link for a new account; whether the address has one is found out later, so that the
/// answer takes as long for everybody.
///
/// # Errors
/// When the database does not answer.
pub async fn request_sign_up(
    tx: &Tx,
    id: OutboxId,
    request: &SignUpRequest,
    now: OffsetDateTime,
) -> Result<(), store::StoreError> {
    let content = serde_json::to_vec(request).unwrap_or_default();
    outbox::add(tx, id, (Kind::SignUpRequest, None), &content, now).await
}

impl Mailer {
    /// To an address that nobody has.
    ///
    /// # Errors
    /// As every message: when it could not be written, what it tells about must not happen.
    pub async fn sign_up(
        &self,
        tx: &Tx,
        request: &SignUpRequest,
        token: &Token,
        happened: &Circumstances<'_>,
    ) -> Done {
        let link = Link {
            path: "/login/create/name",
            token: Some(token),
            minutes: 60,
            attempt: request.attempt.as_ref(),
        };
        let reader = Reader {
            account: None,
            language: request.language.as_ref(),
            given_name: "",
            time_zone: None,
            mailbox: &request.email,
        };
        let notice = Notice::new("sign-up", happened).link(link).harmless().for_stranger();
        self.write(tx, &reader, &notice).await
    }

    /// To an address that has an account already.
    pub async fn sign_up_again(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        let link = Link { path: "/login", token: None, minutes: 0, attempt: None };
        self.send(tx, user, &Notice::new("sign-up-again", happened).link(link).harmless()).await
    }

    pub async fn account_made(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("account-made", happened)).await
    }
}
