//! The authorization endpoint, where people pass through: from a request to its answer, by way of whatever
//! pages it takes.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Deserialize;

use super::desk;
use crate::app::App;
use crate::crypto::jwt;
use crate::model::attempt::{Approval, Attempt, Destination, Handle};
use crate::model::client::{Client, LegacyFlow};
use crate::oidc::authorize::checks::{self, Offered};
use crate::oidc::authorize::request::{self, Addressed, Gathered, Unaddressed};
use crate::oidc::authorize::{self, Because, Next, respond};
use crate::oidc::claims::Hint;
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::{consent, organization, token, trial};
use crate::store::clients;
use crate::web::attempt::{self, load, location, take};
use crate::web::brand;
use crate::web::error::PageError;
use crate::web::form::{Asked, Sent};
use crate::web::page::see_other;
use crate::web::params::Params;
use crate::web::visit::Visit;

/// GET /oidc/authorize
pub async fn authorize(
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(&query.unwrap_or_default());
    let params = params.map_err(|error| PageError::BadRequest(error.to_string()))?;
    match begin(&app, &visit, &params).await? {
        Begun::Answered(response) => Ok(response),
        Begun::Checked(client, attempt) => proceed(&app, &visit, (*client, *attempt), None).await,
    }
}

/// POST /oidc/authorize. It may come from another site, and then without our cookies: the request is
/// kept and continued with a GET that has them.
pub async fn authorize_post(
    State(app): State<App>,
    visit: Visit,
    Sent(params): Sent,
) -> Result<Response, PageError> {
    match begin(&app, &visit, &params).await? {
        Begun::Answered(response) => Ok(response),
        Begun::Checked(_, attempt) => {
            let handle = attempt::begin(&app, &visit, &attempt).await?;
            Ok(see_other(&location(&Destination::Attempt(handle))))
        }
    }
}

enum Begun {
    Answered(Response),
    Checked(Box<Client>, Box<Attempt>),
}

async fn begin(app: &App, visit: &Visit, params: &Params) -> Result<Begun, PageError> {
    let issuer = app.config.public_url.issuer();
    let client = request::client(&app.store, params).await?.map_err(nobody_to_answer)?;
    let (params, pushed, refused) = match request::gather(&desk(app, &issuer), &client, params).await? {
        Gathered::Params(params, pushed) => (params, pushed, None),
        Gathered::Refused(error) => (params.clone(), None, Some(error)),
        Gathered::Expired => return Err(PageError::AttemptExpired),
    };
    let addressed = request::address(client, &params, pushed).map_err(nobody_to_answer)?;
    let offered = Offered { types: &app.config.authorization_types, sign_up: app.config.sign_up.open };
    let checked = match refused {
        Some(error) => Err(error),
        None => hinted(app, &params, &addressed)
            .and_then(|hinted| checks::check(&params, &addressed, hinted, &offered, app.clock.now())),
    };
    match checked {
        Ok(attempt) => Ok(Begun::Checked(Box::new(addressed.client), Box::new(attempt))),
        Err(error) => respond::with_error(app, visit, (&addressed).into(), &error).await.map(Begun::Answered),
    }
}

fn nobody_to_answer(why: Unaddressed) -> PageError {
    match why {
        Unaddressed::Client(why) => PageError::UnknownClient(why),
        Unaddressed::RedirectUri(why) => PageError::RedirectMismatch(why),
    }
}

/// OIDC Core §3.1.2.1 `id_token_hint`: expired ones will do, foreign ones will not.
fn hinted(app: &App, params: &Params, addressed: &Addressed) -> Result<Option<String>, OAuthError> {
    let Some(token) = params.get("id_token_hint") else {
        return Ok(None);
    };
    let issuer = app.config.public_url.issuer();
    jwt::read::<Hint>(&app.keys.current(), jwt::TYP_ID_TOKEN, token)
        .filter(|hint| hint.iss == issuer && hint.aud == addressed.client.id.as_str())
        .map(|hint| Some(hint.sub))
        .ok_or_else(|| {
            OAuthError::InvalidRequest("id_token_hint is not an ID token of this client".to_owned())
        })
}

#[derive(Debug, Deserialize)]
pub struct Resume {
    attempt: Handle,
    #[serde(default)]
    cancelled: String,
}

/// GET /oidc/authorize/resume
pub async fn resume(
    State(app): State<App>,
    visit: Visit,
    Asked(resume): Asked<Resume>,
) -> Result<Response, PageError> {
    let attempt = load(&app, &visit, &resume.attempt).await?;
    if resume.cancelled == "1" {
        take(&app, &resume.attempt).await?;
        return respond::with_error(&app, &visit, (&attempt).into(), &OAuthError::AccessDenied).await;
    }
    let client = clients::by_id(&app.store, &attempt.client_id).await?.filter(Client::is_enabled);
    let client = client.ok_or_else(|| PageError::UnknownClient("the client was removed".to_owned()))?;
    proceed(&app, &visit, (client, attempt), Some(resume.attempt)).await
}

/// Does what has to happen next. An attempt is kept only once a page needs it.
///
/// # Errors
/// When a page can not be rendered, or storage does not answer.
pub async fn proceed(
    app: &App,
    visit: &Visit,
    (client, mut attempt): (Client, Attempt),
    kept: Option<Handle>,
) -> Result<Response, PageError> {
    let session = visit.signed_in.as_ref().map(|signed_in| &signed_in.session);
    let next = authorize::next(&app.store, &attempt, &client, session, app.clock.now()).await?;
    let next = match next {
        Ok(next) => next,
        Err(error) => {
            if let Some(handle) = &kept {
                take(app, handle).await?;
            }
            return respond::with_error(app, visit, (&attempt).into(), &error).await;
        }
    };
    match (next, &visit.signed_in) {
        (Next::Answer(organization), Some(signed_in)) => {
            if let Some(handle) = &kept {
                // Of two tabs that come this far with one attempt, one is answered.
                attempt = take(app, handle).await?;
            }
            if !respond::spend(app, attempt.pushed).await? {
                // Answered in another tab, with everything that this one could have got.
                return Err(PageError::AttemptExpired);
            }
            attempt.permission.scopes = authorize::granted_scopes(&attempt, &client, &signed_in.session);
            let approval = Approval::from(&signed_in.session).for_organization(organization);
            if attempt.trial {
                return trial::pages::show(app, visit, (&client, signed_in), (&attempt, &approval)).await;
            }
            match fields(app, &client, &attempt, &approval).await? {
                Ok(fields) => respond::with_fields(app, visit, (&attempt).into(), fields).await,
                Err(error) => respond::with_error(app, visit, (&attempt).into(), &error).await,
            }
        }
        (Next::Consent(organization), Some(signed_in)) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            if let Some(organization) = &organization {
                brand::dress_for(app, visit, organization).await?;
            }
            consent::pages::ask(app, visit, (&handle, &attempt), (signed_in, organization.as_deref()))
        }
        (Next::Organization(own), Some(signed_in)) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            organization::pages::ask(app, visit, (&handle, &attempt), (signed_in, &own))
        }
        (Next::NoMember, Some(signed_in)) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            organization::pages::say_no_member(app, visit, (&handle, &attempt), signed_in)
        }
        (Next::Choose, _) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            Ok(see_other(&format!("/login/choose?attempt={handle}")))
        }
        (Next::Create, _) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            Ok(see_other(&format!("/login/create?attempt={handle}")))
        }
        (next, _) => {
            let handle = keep_or(app, visit, &mut attempt, kept).await?;
            let notice = match next {
                Next::Login(Because::OtherPerson) => "&notice=other-person",
                Next::Login(Because::TooWeak) => "&notice=too-weak",
                _ => "",
            };
            Ok(see_other(&format!("/login?attempt={handle}{notice}")))
        }
    }
}

type Fields = Vec<(&'static str, String)>;

/// What the application is answered: a code, and what else its flow is made of.
async fn fields(
    app: &App,
    client: &Client,
    attempt: &Attempt,
    approval: &Approval,
) -> Result<Result<Fields, OAuthError>, PageError> {
    let mut fields = Vec::new();
    let code = if attempt.flow.is_none_or(LegacyFlow::has_code) {
        let code = authorize::issue_code(&app.ephemeral, app.entropy, attempt, approval.clone()).await?;
        fields.push(("code", code.expose().to_owned()));
        Some(code)
    } else {
        None
    };
    let Some(flow) = attempt.flow else {
        return Ok(Ok(fields));
    };
    let issuer = app.config.public_url.issuer();
    let about = (attempt, approval);
    let front = match token::front(&desk(app, &issuer), client, about, (flow, code.as_ref())).await {
        Ok(front) => front,
        Err(EndpointError::Protocol(error)) => return Ok(Err(error)),
        Err(error) => return Err(PageError::internal(anyhow::anyhow!("{error:?}"))),
    };
    if let Some(access_token) = front.access_token {
        fields.push(("access_token", access_token));
        fields.push(("token_type", "Bearer".to_owned()));
        fields.push(("expires_in", front.expires_in.to_string()));
        fields.push(("scope", front.scope));
    }
    if let Some(id_token) = front.id_token {
        fields.push(("id_token", id_token));
    }
    Ok(Ok(fields))
}

async fn keep_or(
    app: &App,
    visit: &Visit,
    attempt: &mut Attempt,
    kept: Option<Handle>,
) -> Result<Handle, PageError> {
    match kept {
        Some(handle) => Ok(handle),
        None => {
            attempt.browser = Some(visit.browser);
            attempt::begin(app, visit, attempt).await
        }
    }
}
