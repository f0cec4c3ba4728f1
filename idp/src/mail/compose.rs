//! The words of a message: every one says what happened, when and where, and what to do if it was not
//! its reader.

use serde::Serialize;

use super::Circumstances;
use crate::crypto::token::Token;
use crate::i18n::Argument;
use crate::model::attempt::Handle;
use crate::theme::moment_in;

/// What a message is about.
#[derive(Debug)]
pub struct Notice<'a> {
    kind: &'static str,
    pub(super) happened: &'a Circumstances<'a>,
    arguments: Vec<(String, Argument)>,
    link: Option<Link<'a>>,
    /// Without the link nothing changes, and whoever did not ask for it has nothing to do.
    harmless: bool,
    /// Its reader may be somebody who has nothing to do with the account.
    to_stranger: bool,
}

/// A link that does something once, for as long as it says; without a token it only leads somewhere.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub path: &'static str,
    pub token: Option<&'a Token>,
    pub minutes: u32,
    /// What the reader was on the way to, in the browser that they asked in.
    pub attempt: Option<&'a Handle>,
}

impl<'a> Notice<'a> {
    pub(super) const fn new(kind: &'static str, happened: &'a Circumstances<'a>) -> Self {
        Self { kind, happened, arguments: Vec::new(), link: None, harmless: false, to_stranger: false }
    }

    pub(super) fn named(mut self, name: &str, value: &str) -> Self {
        self.arguments.push((name.to_owned(), Argument::Text(value.to_owned())));
        self
    }

    pub(super) fn counted(mut self, name: &str, value: u64) -> Self {
        let value = u32::try_from(value).map_or(f64::from(u32::MAX), f64::from);
        self.arguments.push((name.to_owned(), Argument::Number(value)));
        self
    }

    pub(super) const fn link(mut self, link: Link<'a>) -> Self {
        self.link = Some(link);
        self
    }

    pub(super) const fn harmless(mut self) -> Self {
        self.harmless = true;
        self
    }

    pub(super) const fn for_stranger(mut self) -> Self {
        self.to_stranger = true;
        self
    }
}

/// A message ready to be set: finished texts only.
#[derive(Debug, Serialize)]
pub struct MailPage {
    lang: String,
    brand: String,
    pub(super) subject: String,
    greeting: String,
    text: String,
    button: Option<Button>,
    facts: Vec<(String, String)>,
    otherwise: String,
    /// Where somebody looks after their account.
    account: Option<String>,
    footer: String,
}

#[derive(Debug, Serialize)]
struct Button {
    label: String,
    url: String,
    /// How long it works.
    note: Option<String>,
}

/// Finds a text.
type Texts<'a> = &'a dyn Fn(&str, &[(String, Argument)]) -> anyhow::Result<String>;

impl MailPage {
    pub(super) fn write(
        notice: &Notice<'_>,
        (brand, issuer): (&str, &str),
        (given_name, zone): (&str, Option<&str>),
        texts: Texts<'_>,
        lang: String,
    ) -> anyhow::Result<Self> {
        let mut arguments = notice.arguments.clone();
        arguments.push(("brand".to_owned(), Argument::Text(brand.to_owned())));
        arguments.push(("name".to_owned(), Argument::Text(given_name.to_owned())));
        let own = |part: &str| texts(&format!("mail-{}-{part}", notice.kind), &arguments);
        let button = match &notice.link {
            None => None,
            Some(link) => {
                let attempt = link.attempt.map(|attempt| ("attempt", attempt.as_str()));
                let query: Vec<_> =
                    attempt.into_iter().chain(link.token.map(|token| ("token", token.expose()))).collect();
                let mark = if query.is_empty() { "" } else { "?" };
                let (name, count) = match link.minutes {
                    days if days > 0 && days.is_multiple_of(24 * 60) => ("days", days / (24 * 60)),
                    minutes => ("minutes", minutes),
                };
                let count = [(name.to_owned(), Argument::Number(f64::from(count)))];
                let note = || texts(&format!("mail-link-note-{name}"), &count);
                Some(Button {
                    label: own("button")?,
                    url: format!("{issuer}{}{mark}{}", link.path, serde_urlencoded::to_string(&query)?),
                    note: link.token.map(|_| note()).transpose()?,
                })
            }
        };
        let happened = notice.happened;
        let mut facts = vec![(texts("mail-when", &[])?, moment_in(happened.at, zone))];
        let place: Vec<&str> =
            [happened.browser, happened.network].into_iter().filter(|part| !part.is_empty()).collect();
        if !place.is_empty() {
            facts.push((texts("mail-where", &[])?, place.join(", ")));
        }
        let harmless = notice.harmless;
        // Nobody writes words of their own into a stranger's mail.
        let greeting = if notice.to_stranger { "mail-greeting-stranger" } else { "mail-greeting" };
        Ok(Self {
            lang,
            brand: brand.to_owned(),
            subject: own("subject")?,
            greeting: texts(greeting, &arguments)?,
            text: own("text")?,
            button,
            facts,
            otherwise: texts(if harmless { "mail-not-asked" } else { "mail-not-you" }, &arguments)?,
            account: (!harmless).then(|| format!("{issuer}/account/activity")),
            footer: texts("mail-footer", &arguments)?,
        })
    }
}
