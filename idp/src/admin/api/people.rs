//! Finding people, seeing one, and making an account for one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Body, Ids, Query};
use super::refusal::awaited;
use super::views::{PeoplePage, PersonSummary, PersonView};
use crate::admin::access::LINK_MINUTES;
use crate::admin::people as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::ids::UserId;
use crate::model::user::{Email, Language, PersonName, ServiceRole, TimeZoneName};
use crate::store::users::Filter;
use crate::web::problem::{Kind, Problem};

/// The longest beginning of a name or address that is looked for.
const LONGEST_TEXT: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// The beginning of a name or an email address.
    #[param(max_length = 100)]
    q: Option<String>,
    /// Only accounts that are enabled, or only those that are not.
    enabled: Option<bool>,
    /// Only people with this role over the service: `operator`, `support` or `auditor`.
    #[param(pattern = "^(operator|support|auditor)$")]
    role: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What a cursor is bound to.
#[derive(Serialize)]
struct Asked<'a> {
    q: &'a str,
    enabled: Option<bool>,
    role: Option<ServiceRole>,
}

/// Find people, in the order of their names
#[utoipa::path(get, path = "/api/v1/people", tag = "People", operation_id = "listPeople", params(Search),
    responses((status = 200, body = PeoplePage)), security(("token" = ["admin:people.read"])))]
pub(super) async fn list(
    State(app): State<App>,
    authority: Authority,
    Query(search): Query<Search>,
) -> Result<Json<PeoplePage>, Problem> {
    authority.reads(AdminScope::PeopleRead)?;
    let limit = cursor::limit(search.limit)?;
    let text = search.q.unwrap_or_default();
    let wrong = |why: &str| Problem::of(Kind::InvalidParameter).detail(why);
    if text.chars().count() > LONGEST_TEXT {
        return Err(wrong("q must be at most 100 characters"));
    }
    if text.contains('\0') {
        return Err(wrong("q must not contain control characters"));
    }
    let role = match search.role.as_deref() {
        None => None,
        Some(text) => {
            let role = ServiceRole::from_stored(text);
            Some(role.ok_or_else(|| wrong("role must be operator, support or auditor"))?)
        }
    };
    let asked = Asked { q: &text, enabled: search.enabled, role };
    let list = List::of(&app, &authority, ("people", &asked))?;
    let office = authority.office(&app);
    let after = match list.place(search.cursor.as_deref())? {
        None => None,
        Some(place) => {
            let gone = || Problem::of(Kind::InvalidCursor);
            let id = place.parse().map_err(|_| gone())?;
            Some(logic::place(&office, &authority.actor, id).await?.ok_or_else(gone)?)
        }
    };
    let filter = Filter { text: text.clone(), enabled: search.enabled, role, after };
    let found = logic::list(&office, &authority.actor, &filter, limit + 1).await?;
    let (found, next) = cursor::cut(found, limit, |user| user.id.to_string());
    Ok(Json(PeoplePage {
        items: found.iter().map(PersonSummary::from).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

/// Somebody who is to have an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example-clinic.org", "given_name": "Ada", "family_name": "Brunner",
    "language": "de", "link_minutes": 1440 }))]
pub(super) struct NewPerson {
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = String)]
    given_name: PersonName,
    #[schema(value_type = String)]
    family_name: PersonName,
    /// What their pages and mails are written in (BCP 47).
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
    /// As the IANA database has it, such as `Europe/Zurich`.
    #[schema(value_type = Option<String>)]
    time_zone: Option<TimeZoneName>,
    /// A link with which they create their first passkey is mailed to them, and is good for so long. Null: none is;
    /// send one later, or invite them.
    #[schema(minimum = 5, maximum = 1440)]
    link_minutes: Option<u32>,
}

/// Make an account
///
/// Without rights and without a password: its person gets in by a link that only their mailbox gets.
#[utoipa::path(post, path = "/api/v1/people", tag = "People", operation_id = "createPerson", request_body = NewPerson,
    responses((status = 201, body = PersonSummary, headers(("Location" = String, description = "Its address")))),
    security(("token" = ["admin:people.create"])))]
pub(super) async fn create(
    State(app): State<App>,
    authority: Authority,
    Body(new): Body<NewPerson>,
) -> Result<Response, Problem> {
    authority.changes(&app, AdminScope::PeopleCreate)?;
    if new.link_minutes.is_some_and(|minutes| !LINK_MINUTES.contains(&minutes)) {
        return Err(Problem::of(Kind::InvalidBody)
            .detail("link_minutes must be 5 to 1440")
            .at("/link_minutes"));
    }
    let new = logic::New {
        email: new.email,
        given_name: new.given_name,
        family_name: new.family_name,
        language: new.language,
        time_zone: new.time_zone,
        link_minutes: new.link_minutes,
    };
    let made = awaited(logic::create(&authority.office(&app), &authority.actor, new)).await?;
    let address = app.config.public_url.join(&format!("/api/v1/people/{}", made.id));
    let location = HeaderValue::try_from(address).map_err(anyhow::Error::from)?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(PersonSummary::from(&made))).into_response())
}

/// See somebody, and how they get in
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "People", operation_id = "getPerson",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 200, body = PersonView)), security(("token" = ["admin:people.read"])))]
pub(super) async fn show(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
) -> Result<Json<PersonView>, Problem> {
    authority.reads(AdminScope::PeopleRead)?;
    let seen = awaited(logic::view(&authority.office(&app), &authority.actor, id)).await?;
    let (now, limits) = (app.clock.now(), app.config.sessions.limits());
    Ok(Json(PersonView::of(&seen, |session| session.is_live(now, limits))))
}
