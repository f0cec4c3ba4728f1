//! The service as a whole: its keys, what waits to be sent, how it does, and its figures.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Ids, Query};
use super::refusal::{awaited, done};
use super::views::{moment, signing_alg};
use crate::admin::{Refused, figures, workings as logic};
use crate::app::App;
use crate::app::keys::{self, NotYet};
use crate::model::api::AdminScope;
use crate::model::client::ClientId;
use crate::model::ids::{OutboxId, UserId};
use crate::store::outbox::Entry;
use crate::web::problem::{Kind, Problem};

/// A key that signs, will, or did. Never the key itself: what everybody may have of it is at `/oidc/jwks`.
#[derive(Debug, Serialize, ToSchema)]
struct KeyView {
    kid: String,
    #[schema(schema_with = signing_alg)]
    alg: &'static str,
    #[schema(pattern = "^(next|current|retired)$")]
    state: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// When it becomes what it is next; a retired one goes.
    #[schema(format = DateTime)]
    changes_at: Option<String>,
}

/// All keys, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    items: Vec<KeyView>,
}

/// List the signing keys, the oldest first
#[utoipa::path(get, path = "/api/v1/keys", tag = "Service", operation_id = "listKeys",
    responses((status = 200, body = Keys)), security(("token" = ["admin:service.read"])))]
pub(super) async fn keys(State(app): State<App>, authority: Authority) -> Result<Json<Keys>, Problem> {
    authority.reads(AdminScope::ServiceRead)?;
    let known = awaited(logic::signing_keys(&authority.office(&app), &authority.actor)).await?;
    let view = |key| KeyView {
        changes_at: keys::changes_at(&app.config, key, &known).map(moment),
        kid: key.kid.clone(),
        alg: key.alg.as_str(),
        state: key.state.as_str(),
        since: moment(key.changed_at),
    };
    Ok(Json(Keys { items: known.iter().map(view).collect() }))
}

/// Let the next keys sign from now on
///
/// What the current ones signed stays good. Refused with `Retry-After` while the next ones are too new to be known to
/// everybody. Replacing all keys at once, in an emergency, is for the console and the command line.
#[utoipa::path(post, path = "/api/v1/keys/rotate", tag = "Service", operation_id = "rotateKeys",
    responses((status = 204, description = "Done")), security(("token" = ["admin:service.write"])))]
pub(super) async fn rotate(State(app): State<App>, authority: Authority) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::ServiceWrite)?;
    let (office, actor) = (authority.office(&app), &authority.actor);
    awaited(logic::may_run(&office, actor)).await?;
    let by = (office.doer(actor), actor.application());
    match keys::rotate_through(&app.store, by, office.now).await? {
        Ok(()) => {
            // Here at once, on other nodes within a minute.
            app.take_up_keys().await;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(NotYet::TooYoung { alg, left, .. }) => {
            let detail = format!("caches may not know the next {alg} key for another {left} seconds");
            Err(Problem::of(Kind::Conflict).detail(detail).header(RETRY_AFTER, &left.to_string()))
        }
        Err(missing @ NotYet::Missing(_)) => Err(Problem::of(Kind::Conflict).detail(missing.to_string())),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only what has failed.
    #[param(default = false)]
    failed: Option<bool>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something that waits to be sent, from outside: never what is in it.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryView {
    id: Uuid,
    kind: &'static str,
    /// Whom it is for or about.
    person: Option<Uuid>,
    application: Option<String>,
    /// How often it has been tried.
    attempts: i32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    next_try_at: String,
    /// Why it could not be sent; null: it has not failed so far.
    error: Option<String>,
}

impl From<&Entry> for DeliveryView {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id.uuid(),
            kind: entry.kind.as_str(),
            person: entry.user_id.map(UserId::uuid),
            application: entry.recipient.as_ref().map(ClientId::to_string),
            attempts: entry.attempts,
            created_at: moment(entry.created_at),
            next_try_at: moment(entry.next_try_at),
            error: entry.last_error.clone(),
        }
    }
}

/// A page of what waits, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveriesPage {
    /// How much waits as a whole…
    waiting: u64,
    /// …and how much of it has failed.
    failed: u64,
    items: Vec<DeliveryView>,
    /// The `cursor` with which the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List what waits to be sent, the newest first
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "Service", operation_id = "listDeliveries", params(Which),
    responses((status = 200, body = DeliveriesPage)), security(("token" = ["admin:service.read"])))]
pub(super) async fn deliveries(
    State(app): State<App>,
    authority: Authority,
    Query(which): Query<Which>,
) -> Result<Json<DeliveriesPage>, Problem> {
    authority.reads(AdminScope::ServiceRead)?;
    let limit = cursor::limit(which.limit)?;
    let failed_only = which.failed.unwrap_or_default();
    let list = List::of(&app, &authority, ("deliveries", &failed_only))?;
    let before = list.place(which.cursor.as_deref())?.map(|place| place.parse::<OutboxId>());
    let before = before.transpose().map_err(|_| Problem::of(Kind::InvalidCursor))?;
    let (office, actor) = (authority.office(&app), &authority.actor);
    let found = awaited(logic::deliveries(&office, actor, (failed_only, before), limit + 1)).await?;
    let (entries, next) = cursor::cut(found.entries, limit, |entry| entry.id.to_string());
    Ok(Json(DeliveriesPage {
        waiting: found.waiting,
        failed: found.failed,
        items: entries.iter().map(DeliveryView::from).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

/// Send something that has failed again now
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "Service", operation_id = "retryDelivery",
    params(("id" = Uuid, Path, description = "What waits")),
    responses((status = 204, description = "It is tried within a second")),
    security(("token" = ["admin:service.write"])))]
pub(super) async fn retry(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OutboxId,)>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::ServiceWrite)?;
    let outcome = logic::retry(&authority.office(&app), &authority.actor, id).await?;
    settled(&app, &authority, id, outcome).await
}

/// Give up something that has failed: it is not sent any more
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/give-up", tag = "Service", operation_id = "giveUpDelivery",
    params(("id" = Uuid, Path, description = "What waits")), responses((status = 204, description = "Done")),
    security(("token" = ["admin:service.write"])))]
pub(super) async fn give_up(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OutboxId,)>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::ServiceWrite)?;
    let outcome = logic::give_up(&authority.office(&app), &authority.actor, id).await?;
    settled(&app, &authority, id, outcome).await
}

/// What has not failed can not be sent again; what is not there is another matter.
async fn settled(
    app: &App,
    authority: &Authority,
    id: OutboxId,
    outcome: Result<(), Refused>,
) -> Result<StatusCode, Problem> {
    if outcome == Err(Refused::Unchanged) {
        awaited(logic::delivery(&authority.office(app), &authority.actor, id)).await?;
    }
    done(outcome)?;
    Ok(StatusCode::NO_CONTENT)
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
struct FindingView {
    /// Never changes.
    name: &'static str,
    #[schema(pattern = "^(fine|note|wrong)$")]
    standing: &'static str,
    /// What to do next.
    text: String,
}

/// How the service does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthView {
    items: Vec<FindingView>,
}

/// See how the service does, as `idp doctor` says it
#[utoipa::path(get, path = "/api/v1/health", tag = "Service", operation_id = "getHealth",
    responses((status = 200, body = HealthView)), security(("token" = ["admin:service.read"])))]
pub(super) async fn health(
    State(app): State<App>,
    authority: Authority,
) -> Result<Json<HealthView>, Problem> {
    authority.reads(AdminScope::ServiceRead)?;
    let found =
        awaited(logic::health(&authority.office(&app), &authority.actor, (&app.config, &app.ephemeral)))
            .await?;
    let view = |finding: crate::admin::health::Finding| FindingView {
        name: finding.name,
        standing: finding.standing.as_str(),
        text: finding.sentence,
    };
    Ok(Json(HealthView { items: found.into_iter().map(view).collect() }))
}

/// One number of one day.
#[derive(Debug, Serialize, ToSchema)]
struct FigureView {
    #[schema(format = Date)]
    day: String,
    #[schema(pattern = "^(signed-in|sign-in-failed|people|with-passkey|at-risk)$")]
    what: &'static str,
    /// Of which sort, where it is counted by sort: the method of a log-in, or why it failed.
    sort: Option<String>,
    count: u64,
}

/// The numbers of the last thirty days.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Figures {
    items: Vec<FigureView>,
}

/// See the service in numbers: log-ins, people, and whom one loss would lock out, by day
#[utoipa::path(get, path = "/api/v1/figures", tag = "Service", operation_id = "getFigures",
    responses((status = 200, body = Figures)), security(("token" = ["admin:people.read"])))]
pub(super) async fn figures(State(app): State<App>, authority: Authority) -> Result<Json<Figures>, Problem> {
    authority.reads(AdminScope::PeopleRead)?;
    let found = figures::of_late(&authority.office(&app), &authority.actor).await?;
    let found = found.ok_or_else(|| Problem::of(Kind::Forbidden))?;
    let view = |figure: crate::store::figures::Figure| FigureView {
        day: figure.day.to_string(),
        what: figure.what.as_str(),
        sort: Some(figure.sort).filter(|sort| !sort.is_empty()),
        count: figure.count,
    };
    Ok(Json(Figures { items: found.into_iter().map(view).collect() }))
}
