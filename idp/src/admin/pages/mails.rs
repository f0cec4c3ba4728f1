//! The mails that people get: each in each language with made-up contents, and one sent to whoever looks at it.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use serde::{Deserialize, Serialize};

use super::{Administrator, SECTION, granted, office, proof_first};
use crate::admin::{Act, workings};
use crate::app::App;
use crate::mail::{Mailer, Message};
use crate::model::user::Language;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::headers::Framed;
use crate::web::page::{self, Frame, see_other};
use crate::web::visit::Visit;

/// A mail brings its own styles, and nothing of it does anything.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
);

#[derive(Debug, Serialize)]
pub struct MailsPage {
    mails: Vec<(&'static str, String)>,
}

impl Page for MailsPage {
    const TEMPLATE: &'static str = "admin/mails.html";
    fn samples() -> Vec<Self> {
        vec![Self { mails: vec![("new-device", "A <b>".to_owned())] }, Self { mails: Vec::new() }]
    }
}

#[derive(Debug, Serialize)]
pub struct MailSamplePage {
    name: String,
    lang: String,
    langs: Vec<String>,
    subject: String,
    from: String,
    text: String,
    /// Where a trial goes. `None`: whoever looks may not send one.
    to: Option<String>,
    sent: bool,
}

impl Page for MailSamplePage {
    const TEMPLATE: &'static str = "admin/mail.html";
    fn samples() -> Vec<Self> {
        let page = |to: Option<&str>| Self {
            name: "new-device".to_owned(),
            lang: "en".to_owned(),
            langs: vec!["en".to_owned(), "de".to_owned()],
            subject: "A <b>".to_owned(),
            from: "Portico <b>".to_owned(),
            text: "<script>alert".to_owned(),
            to: to.map(ToOwned::to_owned),
            sent: to.is_some(),
        };
        vec![page(Some("ada@example.org")), page(None)]
    }
}

#[derive(Debug, Deserialize)]
pub struct Choice {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    sent: String,
}

/// GET /admin/mails
pub async fn mails(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    if !administrator.actor.may(Act::SeeService) {
        return Err(PageError::NotFound);
    }
    let lang = language(&app, &visit, "");
    let mut mails = Vec::new();
    for name in Mailer::sample_names() {
        mails.push((name, sample(&app, &administrator, (name, &lang))?.subject));
    }
    page::render(&app, &visit, SECTION, &MailsPage { mails })
}

/// One of ours; without one, the language of the page.
fn language(app: &App, visit: &Visit, asked: &str) -> String {
    let catalogues = app.theme.catalogues();
    let mut ours = catalogues.locales().map(|locale| catalogues.name(locale));
    ours.find(|lang| lang == asked).unwrap_or_else(|| catalogues.name(visit.locale))
}

fn sample(
    app: &App,
    administrator: &Administrator,
    (name, lang): (&str, &str),
) -> Result<Message, PageError> {
    let lang = Language::parse(lang).map_err(|_| PageError::NotFound)?;
    let reader = (&administrator.signed_in.user, &lang);
    app.mail.sample(name, reader, app.clock.now())?.ok_or(PageError::NotFound)
}

/// GET /admin/mails/{name}
pub async fn mail(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(name): Path<String>,
    Asked(choice): Asked<Choice>,
) -> Result<Response, PageError> {
    let actor = &administrator.actor;
    if !actor.may(Act::SeeService) {
        return Err(PageError::NotFound);
    }
    let lang = language(&app, &visit, &choice.lang);
    let message = sample(&app, &administrator, (&name, &lang))?;
    let catalogues = app.theme.catalogues();
    let page = MailSamplePage {
        name,
        lang,
        langs: catalogues.locales().map(|locale| catalogues.name(locale)).collect(),
        subject: message.subject,
        from: message.from,
        text: message.text,
        to: actor.may(Act::RunService).then(|| administrator.signed_in.user.email.to_string()),
        sent: choice.sent == "yes",
    };
    let frames = ["'self'".to_owned()];
    page::render(&app, &visit, Frame { frames: &frames, ..SECTION }, &page)
}

/// GET /admin/mails/{name}/html
pub async fn mail_html(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(name): Path<String>,
    Asked(choice): Asked<Choice>,
) -> Result<Response, PageError> {
    if !administrator.actor.may(Act::SeeService) {
        return Err(PageError::NotFound);
    }
    let lang = language(&app, &visit, &choice.lang);
    let message = sample(&app, &administrator, (&name, &lang))?;
    let headers = [(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((headers, Extension(Framed), Html(message.html)).into_response())
}

/// POST /admin/mails/{name}
pub async fn try_mail(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(name): Path<String>,
    Posted(choice): Posted<Choice>,
) -> Result<Response, PageError> {
    let here = format!("/admin/mails/{name}");
    if let Some(elsewhere) = proof_first(&app, &administrator, &here) {
        return Ok(elsewhere);
    }
    let lang = language(&app, &visit, &choice.lang);
    let language = Language::parse(&lang).map_err(|_| PageError::NotFound)?;
    let reader = (&administrator.signed_in.user, &language);
    let done = workings::try_mail(&office(&app, &visit), &administrator.actor, (&name, reader)).await?;
    granted(done)?;
    Ok(see_other(&format!("/admin/mails/{name}?lang={lang}&sent=yes")))
}
