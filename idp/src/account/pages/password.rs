//! The page for changing one's password.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{SECTION, bench, owner_of, proof_first};
use crate::account::password::{self as logic, Changed};
use crate::app::App;
use crate::crypto::password::MIN_CHARS;
use crate::store::passwords;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Posted, Typed};
use crate::web::page::{self, see_other};
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PasswordPage {
    email: String,
    /// There is one already.
    exists: bool,
    minimum: usize,
    failure: Option<&'static str>,
}

impl Page for PasswordPage {
    const TEMPLATE: &'static str = "account/password.html";
    fn samples() -> Vec<Self> {
        let page = |exists, failure| Self {
            email: "ada@example.org".to_owned(),
            exists,
            minimum: MIN_CHARS,
            failure,
        };
        vec![page(true, None), page(false, Some("password-guessable"))]
    }
}

const HERE: &str = "/account/password";

/// GET /account/password
pub async fn password(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, HERE).await? {
        return Ok(elsewhere);
    }
    let exists = passwords::exists(&app.store, owner.user.id).await?;
    let page =
        PasswordPage { email: owner.user.email.to_string(), exists, minimum: MIN_CHARS, failure: None };
    page::render(&app, &visit, SECTION, &page)
}

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    password: Typed,
    #[serde(default)]
    end_others: String,
}

/// POST /account/password
pub async fn change_password(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(form): Posted<PasswordForm>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, HERE).await? {
        return Ok(elsewhere);
    }
    let (bench, end_others) = (bench(&app, &visit), form.end_others == "1");
    match logic::change(&bench, owner_of(&owner), form.password.expose(), end_others).await? {
        Changed::Done => Ok(see_other("/account?notice=password-saved")),
        Changed::SignedOut => Err(PageError::SignInAgain),
        Changed::Refused(refused) => {
            let exists = passwords::exists(&app.store, owner.user.id).await?;
            let failure = Some(refused.id());
            let page =
                PasswordPage { email: owner.user.email.to_string(), exists, minimum: MIN_CHARS, failure };
            page::render(&app, &visit, SECTION, &page)
        }
    }
}
