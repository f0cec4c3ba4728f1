//! Every message with made-up contents, so that somebody can look at one without waiting for what it tells about.

use time::OffsetDateTime;

use super::{Circumstances, Link, Mailer, Message, Notice, Reader};
use crate::crypto::token::{Token, TokenKind};
use crate::model::ids::OutboxId;
use crate::model::link::ACCESS_PATH;
use crate::model::user::{Language, User};
use crate::store::Tx;
use crate::store::outbox::{self, Kind};

/// What messages are called, and where the link in them leads, if there is one.
const SAMPLES: [(&str, Option<(&str, u32)>); 34] = [
    ("invited", Some(("/login/invitation", 7 * 24 * 60))),
    ("invited-by", Some(("/login/invitation", 7 * 24 * 60))),
    ("joined", None),
    ("sign-in-request", Some(("/requests", 0))),
    ("sign-up", Some(("/login/create/name", 60))),
    ("sign-up-again", Some(("/login", 0))),
    ("account-made", None),
    ("confirm-email", Some(("/account/email/confirm", 24 * 60))),
    ("change-email-old", Some(("/account/email/old", 24 * 60))),
    ("change-email-new", Some(("/account/email/new", 24 * 60))),
    ("email-changed", None),
    ("reset-password", Some(("/login/reset", 15))),
    ("password-changed", None),
    ("password-unlocked", None),
    ("passkey-added", None),
    ("passkey-upgraded", None),
    ("passkey-renamed", None),
    ("passkey-removed", None),
    ("passkeys-reset", None),
    ("code-app-on", None),
    ("code-app-off", None),
    ("two-factor-reset", None),
    ("recovery-codes-made", None),
    ("recovery-code-used", None),
    ("factor-stopped", None),
    ("new-device", None),
    ("access-link", None),
    ("access-link-sent", Some((ACCESS_PATH, 60))),
    ("access-link-of", None),
    ("access-link-used", None),
    ("account-disabled", None),
    ("account-enabled", None),
    ("service-role", None),
    ("service-role-ended", None),
];

/// Those that change nothing unless their reader uses the link.
const HARMLESS: [&str; 8] = [
    "sign-up",
    "sign-up-again",
    "confirm-email",
    "change-email-new",
    "reset-password",
    "invited",
    "invited-by",
    "sign-in-request",
];

/// Those whose reader may be anybody.
const TO_STRANGERS: [&str; 2] = ["sign-up", "change-email-new"];

impl Mailer {
    /// What every message is called.
    pub fn sample_names() -> impl Iterator<Item = &'static str> {
        SAMPLES.into_iter().map(|(name, _)| name)
    }

    /// A message as somebody would get it. Its link leads nowhere. `None`: there is no such message.
    ///
    /// # Errors
    /// When a language lacks a text of it.
    pub fn sample(
        &self,
        name: &str,
        (reader, language): (&User, &Language),
        now: OffsetDateTime,
    ) -> anyhow::Result<Option<Message>> {
        let Some((kind, link)) = SAMPLES.into_iter().find(|(known, _)| *known == name) else {
            return Ok(None);
        };
        let happened = Circumstances { at: now, browser: "Firefox on Linux", network: "192.0.2.7" };
        let token = Token::generate(TokenKind::ConfirmEmail, self.entropy)?;
        let mut notice = Notice::new(kind, &happened)
            .named("passkey", "Telephone")
            .named("before", "Old telephone")
            .named("address", "ada@example.org")
            .named("factor", "password")
            .named("role", "support")
            .named("organization", "Lindenhof")
            .named("inviter", "Carla Keller")
            .named("app", "Reception desk")
            .counted("left", 7)
            .counted("minutes", 60);
        if let Some((path, minutes)) = link {
            let token = (minutes > 0).then_some(&token);
            notice = notice.link(Link { path, token, minutes, attempt: None });
        }
        if HARMLESS.contains(&kind) {
            notice = notice.harmless();
        }
        if TO_STRANGERS.contains(&kind) {
            notice = notice.for_stranger();
        }
        let reader = Reader {
            account: Some(reader.id),
            language: Some(language),
            given_name: reader.given_name.as_str(),
            time_zone: reader.time_zone.as_ref(),
            mailbox: &reader.email,
        };
        self.compose(&reader, &notice).map(Some)
    }

    /// Sends such a message to whoever looks at it, and to nobody else. `None`: there is no such message.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn try_out(
        &self,
        tx: &Tx,
        name: &str,
        reader: (&User, &Language),
        now: OffsetDateTime,
    ) -> anyhow::Result<Option<&'static str>> {
        let Some(message) = self.sample(name, reader, now)? else {
            return Ok(None);
        };
        let id = self.entropy.id(now, OutboxId::new)?;
        let content = zeroize::Zeroizing::new(serde_json::to_vec(&message)?);
        outbox::add(tx, id, (Kind::Mail, Some(reader.0.id)), &content, now).await?;
        Ok(Self::sample_names().find(|known| *known == name))
    }
}
