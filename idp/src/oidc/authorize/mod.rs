//! The authorization endpoint: `request` finds out who asks and where an answer may go, `checks`
//! judges the rest, and this file decides what has to happen before the answer.

pub mod checks;
mod claims;
pub mod object;
pub mod request;
pub mod respond;

use time::{Duration, OffsetDateTime};

use crate::crypto::random::Entropy;
use crate::crypto::token::{Token, TokenKind};
use crate::ephemeral::{Ephemeral, Kind};
use crate::model::attempt::{Approval, Attempt, Choice, CodeGrant};
use crate::model::client::{Client, ConsentRule};
use crate::model::ids::OrganizationId;
use crate::model::organization::Organization;
use crate::model::scope::Scopes;
use crate::model::session::Session;
use crate::oidc::error::OAuthError;
use crate::oidc::organization::{self, Found};
use crate::oidc::policy::{self, Short};
use crate::oidc::subject;
use crate::store::{Store, consents, grants};

/// RFC 6749 §4.1.2 and FAPI 2.0 §5.3.2.1: the longest a code may wait.
pub const CODE_LIFETIME: Duration = Duration::seconds(60);

/// What somebody has proven for a request may be so old when it is answered, however young the application wants
/// it: there may be a page between.
const ON_THE_WAY: Duration = Duration::minutes(5);

/// What has to happen next for an authorization request.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Login(Because),
    /// Somebody is to make an account.
    Create,
    /// Who is signed in says whether to go on as they are.
    Choose,
    /// They say for which of these organizations of theirs.
    Organization(Vec<Organization>),
    /// They do not belong to the organization that is asked for.
    NoMember,
    /// They allow it, for an organization if there is one.
    Consent(Option<Box<Organization>>),
    Answer(Option<OrganizationId>),
}

/// Why somebody has to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Nobody is here, or not for this request.
    Nobody,
    /// The application asked for somebody else than who has just logged in.
    OtherPerson,
    /// Who is logged in has shown less than the application or the organization asks for.
    TooWeak,
}

/// Decides from the request and who is signed in now. With `prompt=none` nothing may be shown, so
/// what would be a page is an error.
///
/// # Errors
/// The protocol's `login_required`, `account_selection_required`, `interaction_required`, `consent_required` or
/// `access_denied`; our own faults inside `anyhow`.
pub async fn next(
    store: &Store,
    attempt: &Attempt,
    client: &Client,
    session: Option<&Session>,
    now: OffsetDateTime,
) -> anyhow::Result<Result<Next, OAuthError>> {
    let begin = |because| match because {
        Because::Nobody if attempt.prompt.create => Next::Create,
        because => Next::Login(because),
    };
    let Some(session) = session else {
        return Ok(if attempt.prompt.none {
            Err(OAuthError::LoginRequired)
        } else {
            Ok(begin(Because::Nobody))
        });
    };
    let asked_for = match &attempt.hinted {
        None => true,
        Some(hinted) => *hinted == subject::of(store.sealer(), client, session.user_id),
    };
    match session_answers(attempt, (session, asked_for), now) {
        Err(_) if attempt.prompt.none => {
            // A browser holds one session: for the other person it would have to change hands.
            let other = OAuthError::AccountSelectionRequired;
            return Ok(Err(if asked_for { OAuthError::LoginRequired } else { other }));
        }
        // Where somebody else was asked for there is nothing to choose.
        _ if asked_for && has_to_choose(attempt, session) => return Ok(Ok(Next::Choose)),
        Err(because) => return Ok(Ok(begin(because))),
        Ok(()) => {}
    }
    // Before anything about the person is told to an application that they never allowed.
    let unasked = needs_consent(store, attempt, client, session).await?;
    if unasked && attempt.prompt.none {
        return Ok(Err(OAuthError::ConsentRequired));
    }
    let organization = match organization_for(store, attempt, session).await? {
        Ok(found) => found,
        Err(Next::NoMember) if attempt.prompt.none => return Ok(Err(OAuthError::NoMember)),
        Err(_) if attempt.prompt.none => return Ok(Err(OAuthError::InteractionRequired)),
        Err(next) => return Ok(Ok(next)),
    };
    let rule = policy::rule(client, organization.as_deref());
    if let Some(short) = policy::short(store, (session.user_id, session.method), rule).await? {
        return Ok(match short {
            _ if !attempt.prompt.none => Ok(Next::Login(Because::TooWeak)),
            Short::OfProof => Err(OAuthError::LoginRequired),
            Short::OfFactor => Err(OAuthError::InteractionRequired),
        });
    }
    if unasked || is_new_there(store, (attempt, session), client, organization.as_deref()).await? {
        let ask = Next::Consent(organization);
        return Ok(if attempt.prompt.none { Err(OAuthError::ConsentRequired) } else { Ok(ask) });
    }
    Ok(Ok(Next::Answer(organization.map(|organization| organization.id))))
}

/// The organization that the person acts for, or what has to come first. What somebody else chose in this browser does
/// not count.
async fn organization_for(
    store: &Store,
    attempt: &Attempt,
    session: &Session,
) -> anyhow::Result<Result<Option<Box<Organization>>, Next>> {
    let chosen = attempt.acts_for.filter(|(person, _)| *person == session.user_id);
    let which = (attempt.organization.as_deref(), chosen.map(|(_, organization)| organization));
    Ok(match organization::find(store, session.user_id, &attempt.permission, which).await? {
        Found::Nothing => Ok(None),
        Found::One(organization) => Ok(Some(organization)),
        Found::Several(own) => Err(Next::Organization(own)),
        Found::NoMember => Err(Next::NoMember),
    })
}

/// Whether this session may answer this request, or why its person has to prove themselves (again).
fn session_answers(
    attempt: &Attempt,
    (session, asked_for): (&Session, bool),
    now: OffsetDateTime,
) -> Result<(), Because> {
    let proven_for_this = proven_for(attempt, session);
    let refuse = |because| Err(if proven_for_this { because } else { Because::Nobody });
    if !asked_for {
        return refuse(Because::OtherPerson);
    }
    if attempt.assurance.is_some_and(|wanted| session.method.assurance() < wanted) {
        return refuse(Because::TooWeak);
    }
    let age = now - session.authenticated_at;
    let wanted = attempt.max_age.map(|seconds| Duration::seconds(i64::from(seconds)));
    // `max_age=0` asks for a new proof, as `prompt=login` does.
    let young = wanted.is_none_or(|wanted| wanted.is_positive() && age <= wanted);
    // A new proof holds while its person reads a page or two, and not for as long as a page is left open.
    let still = wanted.is_none_or(|wanted| age <= wanted.max(ON_THE_WAY));
    let anew = attempt.prompt.login || attempt.prompt.create || attempt.chosen == Some(Choice::Another);
    if proven_for_this && still || !anew && young { Ok(()) } else { Err(Because::Nobody) }
}

/// Whether this session was begun or renewed since the request came.
fn proven_for(attempt: &Attempt, session: &Session) -> bool {
    session.authenticated_at >= attempt.begun_at
}

/// OIDC Core §3.1.2.1 `select_account`. Whoever has just signed in for this request has chosen by that; what
/// was chosen while somebody else was signed in does not count.
fn has_to_choose(attempt: &Attempt, session: &Session) -> bool {
    let chosen = match attempt.chosen {
        None => false,
        Some(Choice::Another) => true,
        Some(Choice::Here(person)) => person == session.user_id,
    };
    attempt.prompt.select_account && !chosen && !proven_for(attempt, session)
}

async fn needs_consent(
    store: &Store,
    attempt: &Attempt,
    client: &Client,
    session: &Session,
) -> anyhow::Result<bool> {
    let given_now = attempt.consented_by == Some(session.user_id);
    // What is asked for in detail no earlier answer and no operator has allowed.
    if attempt.prompt.consent || !attempt.permission.details.is_empty() {
        return Ok(!given_now);
    }
    Ok(match client.settings.consent {
        ConsentRule::Never => false,
        ConsentRule::Always => !given_now,
        ConsentRule::Remember => {
            let remembered = consents::permission(store, session.user_id, &client.id).await?;
            !given_now && !remembered.is_some_and(|remembered| attempt.permission.is_covered_by(&remembered))
        }
    })
}

/// Whether what the person allowed and we remember was for other organizations than this one.
async fn is_new_there(
    store: &Store,
    (attempt, session): (&Attempt, &Session),
    client: &Client,
    organization: Option<&Organization>,
) -> anyhow::Result<bool> {
    let Some(organization) = organization else { return Ok(false) };
    if client.settings.consent != ConsentRule::Remember || attempt.consented_by == Some(session.user_id) {
        return Ok(false);
    }
    Ok(!grants::is_given_for(store, (session.user_id, organization.id), &client.id).await?)
}

/// What is granted of the scopes asked for. Access that outlives the session needs the person's own
/// word (OIDC Core §11): an operator who spares them the consent page can not give it for them.
#[must_use]
pub fn granted_scopes(attempt: &Attempt, client: &Client, session: &Session) -> Scopes {
    let asked = client.settings.consent != ConsentRule::Never;
    let scopes = &attempt.permission.scopes;
    if asked || attempt.consented_by == Some(session.user_id) {
        return scopes.clone();
    }
    scopes.without(Scopes::OFFLINE_ACCESS)
}

/// Makes the code that answers a request. No database is written: a code that nobody redeems leaves
/// no trace.
///
/// # Errors
/// When ephemeral storage can not keep it.
pub async fn issue_code(
    ephemeral: &Ephemeral,
    entropy: Entropy,
    attempt: &Attempt,
    approval: Approval,
) -> anyhow::Result<Token> {
    let code = Token::generate(TokenKind::AuthorizationCode, entropy)?;
    let grant = CodeGrant {
        client_id: attempt.client_id.clone(),
        redirect_uri: attempt.redirect_uri.clone(),
        code_challenge: attempt.code_challenge.clone(),
        nonce: attempt.nonce.clone(),
        permission: attempt.permission.clone(),
        key: attempt.key.clone(),
        approval,
    };
    ephemeral.put(Kind::CodeIssued, code.hash().0, &(), CODE_LIFETIME * 2).await?;
    ephemeral.put(Kind::Code, code.hash().0, &grant, CODE_LIFETIME).await?;
    Ok(code)
}
