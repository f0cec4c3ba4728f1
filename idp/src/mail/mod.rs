//! What people are told by mail: one function per message. A message is written in its reader's
//! language and put into the outbox in the transaction of what it tells about; sending is the
//! transport's business and happens later. Decides nothing.

mod compose;
mod invitation;
mod samples;
mod sign_up;
mod transport;

use std::sync::{Arc, PoisonError, RwLock};

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::config::Config;
use crate::crypto::random::Entropy;
use crate::crypto::token::Token;
use crate::i18n::Argument;
use crate::model::credential::Factor;
use crate::model::ids::{OutboxId, UserId};
use crate::model::link::ACCESS_PATH;
use crate::model::user::{Email, Language, ServiceRole, TimeZoneName, User};
use crate::store::outbox::{self, Kind};
use crate::store::{self, Tx, users};
use crate::theme::Theme;

pub use compose::{Link, MailPage, Notice};
pub use invitation::Invite;
pub use sign_up::{SignUpRequest, request_sign_up};
pub use transport::{SendError, Transport};

/// Writes messages.
#[derive(Debug)]
pub struct Mailer {
    theme: Arc<Theme>,
    entropy: Entropy,
    /// It may be renamed while the program runs.
    brand: RwLock<String>,
    issuer: String,
    from: Mailbox,
}

/// A finished message, as the outbox keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// When something happened, and where, as far as that is known.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    pub at: OffsetDateTime,
    pub browser: &'a str,
    pub network: &'a str,
}

impl Circumstances<'_> {
    /// On the host itself.
    #[must_use]
    pub const fn on_the_host(at: OffsetDateTime) -> Self {
        Self { at, browser: "", network: "" }
    }
}

type Done = anyhow::Result<()>;

impl Mailer {
    #[must_use]
    pub fn new(config: &Config, theme: Arc<Theme>, entropy: Entropy) -> Self {
        let (brand, issuer) = (config.brand.name.clone(), config.public_url.issuer());
        Self { theme, entropy, brand: RwLock::new(brand), issuer, from: config.mail.from.clone() }
    }

    /// What the service is called from now on.
    pub fn rename(&self, brand: &str) {
        brand.clone_into(&mut self.brand.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn brand(&self) -> String {
        self.brand.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the owner of an address to show that it is theirs.
    ///
    /// # Errors
    /// As every message: when it could not be written, what it tells about must not happen.
    pub async fn confirm_email(
        &self,
        tx: &Tx,
        user: &User,
        token: &Token,
        happened: &Circumstances<'_>,
    ) -> Done {
        let link =
            Link { path: "/account/email/confirm", token: Some(token), minutes: 24 * 60, attempt: None };
        self.send(tx, user, &Notice::new("confirm-email", happened).link(link).harmless()).await
    }

    pub async fn reset_password(
        &self,
        tx: &Tx,
        user: &User,
        token: &Token,
        happened: &Circumstances<'_>,
    ) -> Done {
        let link = Link { path: "/login/reset", token: Some(token), minutes: 15, attempt: None };
        self.send(tx, user, &Notice::new("reset-password", happened).link(link).harmless()).await
    }

    pub async fn password_changed(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("password-changed", happened)).await
    }

    pub async fn passkey_added(
        &self,
        tx: &Tx,
        user: &User,
        name: &str,
        happened: &Circumstances<'_>,
    ) -> Done {
        self.send(tx, user, &Notice::new("passkey-added", happened).named("passkey", name)).await
    }

    /// The browser made one by itself.
    pub async fn passkey_upgraded(
        &self,
        tx: &Tx,
        user: &User,
        name: &str,
        happened: &Circumstances<'_>,
    ) -> Done {
        self.send(tx, user, &Notice::new("passkey-upgraded", happened).named("passkey", name)).await
    }

    pub async fn passkey_removed(
        &self,
        tx: &Tx,
        user: &User,
        name: &str,
        happened: &Circumstances<'_>,
    ) -> Done {
        self.send(tx, user, &Notice::new("passkey-removed", happened).named("passkey", name)).await
    }

    pub async fn passkey_renamed(
        &self,
        tx: &Tx,
        user: &User,
        (before, after): (&str, &str),
        happened: &Circumstances<'_>,
    ) -> Done {
        let notice = Notice::new("passkey-renamed", happened).named("before", before).named("passkey", after);
        self.send(tx, user, &notice).await
    }

    /// An administrator removed all passkeys.
    pub async fn passkeys_reset(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("passkeys-reset", happened)).await
    }

    pub async fn code_app_turned_on(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("code-app-on", happened)).await
    }

    pub async fn code_app_turned_off(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("code-app-off", happened)).await
    }

    /// An administrator removed the code app and the recovery codes.
    pub async fn two_factor_reset(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("two-factor-reset", happened)).await
    }

    /// An administrator made the password work again.
    pub async fn password_unlocked(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("password-unlocked", happened)).await
    }

    /// So many wrong guesses that one way to log in works no more.
    pub async fn factor_stopped(
        &self,
        tx: &Tx,
        user: &User,
        factor: Factor,
        happened: &Circumstances<'_>,
    ) -> Done {
        let notice = Notice::new("factor-stopped", happened).named("factor", factor.as_str());
        self.send(tx, user, &notice).await
    }

    pub async fn recovery_codes_made(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("recovery-codes-made", happened)).await
    }

    pub async fn recovery_code_used(
        &self,
        tx: &Tx,
        user: &User,
        left: u64,
        happened: &Circumstances<'_>,
    ) -> Done {
        self.send(tx, user, &Notice::new("recovery-code-used", happened).counted("left", left)).await
    }

    pub async fn new_device(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("new-device", happened)).await
    }

    /// An application asks for somebody who is somewhere else. The mail leads to our pages and allows nothing; nor does
    /// it carry words of the application's choice, but for its registered name.
    pub async fn sign_in_requested(
        &self,
        tx: &Tx,
        user: &User,
        app: &str,
        happened: &Circumstances<'_>,
    ) -> Done {
        let link = Link { path: "/requests", token: None, minutes: 0, attempt: None };
        let notice = Notice::new("sign-in-request", happened).link(link).named("app", app).harmless();
        self.send(tx, user, &notice).await
    }

    /// To the mailbox that the account has now.
    pub async fn change_email_old(
        &self,
        tx: &Tx,
        user: &User,
        (new, token): (&Email, &Token),
        happened: &Circumstances<'_>,
    ) -> Done {
        let link = Link { path: "/account/email/old", token: Some(token), minutes: 24 * 60, attempt: None };
        let notice = Notice::new("change-email-old", happened).link(link).named("address", new.as_str());
        self.send(tx, user, &notice).await
    }

    /// To the mailbox that the account is to have.
    pub async fn change_email_new(
        &self,
        tx: &Tx,
        user: &User,
        (new, token): (&Email, &Token),
        happened: &Circumstances<'_>,
    ) -> Done {
        let link = Link { path: "/account/email/new", token: Some(token), minutes: 24 * 60, attempt: None };
        let notice = Notice::new("change-email-new", happened)
            .link(link)
            .named("address", new.as_str())
            .harmless()
            .for_stranger();
        self.send_to(tx, user, new, &notice).await
    }

    /// To one of the two mailboxes, after the change.
    pub async fn email_changed(
        &self,
        tx: &Tx,
        user: &User,
        (mailbox, new): (&Email, &Email),
        happened: &Circumstances<'_>,
    ) -> Done {
        let notice = Notice::new("email-changed", happened).named("address", new.as_str());
        self.send_to(tx, user, mailbox, &notice).await
    }

    /// To the person for whom an access link was made, with the link where it is for them to have, and to everybody
    /// who runs the service.
    pub async fn access_link_issued(
        &self,
        tx: &Tx,
        user: &User,
        (minutes, token): (u32, Option<&Token>),
        happened: &Circumstances<'_>,
    ) -> Done {
        let notice = match token {
            Some(token) => {
                let link = Link { path: ACCESS_PATH, token: Some(token), minutes, attempt: None };
                Notice::new("access-link-sent", happened).link(link)
            }
            None => Notice::new("access-link", happened).counted("minutes", minutes.into()),
        };
        self.send(tx, user, &notice).await?;
        let notice = Notice::new("access-link-of", happened)
            .counted("minutes", minutes.into())
            .named("address", user.email.as_str());
        for operator in users::operators(tx).await? {
            if operator.id != user.id {
                self.send(tx, &operator, &notice).await?;
            }
        }
        Ok(())
    }

    pub async fn access_link_used(&self, tx: &Tx, user: &User, happened: &Circumstances<'_>) -> Done {
        self.send(tx, user, &Notice::new("access-link-used", happened)).await
    }

    /// To somebody whose account was disabled or enabled again.
    pub async fn account_enabled(
        &self,
        tx: &Tx,
        user: &User,
        enabled: bool,
        happened: &Circumstances<'_>,
    ) -> Done {
        let name = if enabled { "account-enabled" } else { "account-disabled" };
        self.send(tx, user, &Notice::new(name, happened)).await
    }

    /// To somebody who was given rights over the whole service, or lost them.
    pub async fn service_role_set(
        &self,
        tx: &Tx,
        user: &User,
        role: Option<ServiceRole>,
        happened: &Circumstances<'_>,
    ) -> Done {
        let notice = match role {
            Some(role) => Notice::new("service-role", happened).named("role", role.as_str()),
            None => Notice::new("service-role-ended", happened),
        };
        self.send(tx, user, &notice).await
    }

    async fn send(&self, tx: &Tx, user: &User, notice: &Notice<'_>) -> Done {
        self.send_to(tx, user, &user.email, notice).await
    }

    async fn send_to(&self, tx: &Tx, user: &User, mailbox: &Email, notice: &Notice<'_>) -> Done {
        let reader = Reader {
            account: Some(user.id),
            language: user.language.as_ref(),
            given_name: user.given_name.as_str(),
            time_zone: user.time_zone.as_ref(),
            mailbox,
        };
        self.write(tx, &reader, notice).await
    }

    async fn write(&self, tx: &Tx, reader: &Reader<'_>, notice: &Notice<'_>) -> Done {
        let message = self.compose(reader, notice)?;
        let id = self.entropy.id(notice.happened.at, OutboxId::new)?;
        let content = zeroize::Zeroizing::new(serde_json::to_vec(&message)?);
        Ok(outbox::add(tx, id, (Kind::Mail, reader.account), &content, notice.happened.at).await?)
    }

    fn compose(&self, reader: &Reader<'_>, notice: &Notice<'_>) -> anyhow::Result<Message> {
        let asked: Vec<String> = reader.language.iter().map(ToString::to_string).collect();
        let locale = self.theme.catalogues().negotiate(&asked, None);
        let page = MailPage::write(
            notice,
            (&self.brand(), &self.issuer),
            (reader.given_name, reader.time_zone.map(TimeZoneName::as_str)),
            &|id: &str, arguments: &[(String, Argument)]| {
                self.theme
                    .fill(locale, id, arguments)
                    .ok_or_else(|| anyhow::anyhow!("the language {asked:?} lacks the text {id}"))
            },
            self.theme.catalogues().name(locale),
        )?;
        Ok(Message {
            from: self.from.to_string(),
            to: reader.mailbox.to_string(),
            subject: page.subject.clone(),
            text: self.theme.render_mail("mail/notice.txt", &page)?,
            html: self.theme.render_mail("mail/notice.html", &page)?,
        })
    }
}

/// Who a message is for.
struct Reader<'a> {
    account: Option<UserId>,
    language: Option<&'a Language>,
    given_name: &'a str,
    time_zone: Option<&'a TimeZoneName>,
    mailbox: &'a Email,
}

/// Asks for a mail with a link for a new password, if anybody has this address: found out later, so
/// that the answer takes as long for everybody.
///
/// # Errors
/// When the database does not answer.
pub async fn request_reset(
    tx: &Tx,
    id: OutboxId,
    request: &ResetRequest,
    now: OffsetDateTime,
) -> Result<(), store::StoreError> {
    let content = serde_json::to_vec(request).unwrap_or_default();
    outbox::add(tx, id, (Kind::ResetRequest, None), &content, now).await
}

/// Who asked for a new password, for which address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetRequest {
    pub email: Email,
    pub browser: String,
    pub network: String,
}
