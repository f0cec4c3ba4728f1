//! The audit trail. That somebody reads it, and what of it, is recorded first.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::Query;
use super::refusal::awaited;
use super::views::moment;
use crate::admin::trail;
use crate::app::App;
use crate::audit::{Broken, KINDS, Whole};
use crate::crypto::base64url;
use crate::model::api::AdminScope;
use crate::model::client::ClientId;
use crate::store::audit::{Filter, Personal, Record};
use crate::web::problem::{Kind, Problem};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// Only records of these kinds, with commas between them.
    kind: Option<String>,
    /// Only about this person.
    person: Option<Uuid>,
    /// Only what this person did.
    actor: Option<Uuid>,
    /// Only about, or done by, this application.
    client: Option<String>,
    /// Not before this moment…
    #[param(format = DateTime)]
    from: Option<String>,
    /// …and before this one.
    #[param(format = DateTime)]
    to: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct RecordView {
    sequence: i64,
    #[schema(format = DateTime)]
    time: String,
    kind: String,
    /// The person who acted.
    actor: Option<Uuid>,
    /// Whom it is about.
    person: Option<Uuid>,
    /// The application that it is about, or that did it.
    client: Option<String>,
    network: Option<String>,
    browser: Option<String>,
    /// What else there is to say; its members go by the kind.
    #[schema(value_type = Object)]
    detail: Map<String, Value>,
    /// What became of the parts that identify somebody: `kept`, `erased` or `damaged`.
    #[schema(value_type = String, pattern = "^(kept|erased|damaged)$")]
    personal: Personal,
    hash: String,
}

impl From<Record> for RecordView {
    fn from(record: Record) -> Self {
        Self {
            sequence: record.sequence,
            time: moment(record.at),
            kind: record.kind,
            actor: record.actor,
            person: record.subject,
            client: record.client,
            network: record.network,
            browser: record.browser,
            detail: serde_json::from_str(&record.detail).unwrap_or_default(),
            personal: record.personal,
            hash: base64url::encode(&record.hash),
        }
    }
}

/// A page of the audit trail, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordsPage {
    items: Vec<RecordView>,
    /// The `cursor` with which the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// Read the audit trail, the newest first
///
/// Every call is itself recorded.
#[utoipa::path(get, path = "/api/v1/audit", tag = "Audit", operation_id = "readAudit", params(Search),
    responses((status = 200, body = RecordsPage)), security(("token" = ["admin:audit.read"])))]
pub(super) async fn list(
    State(app): State<App>,
    authority: Authority,
    Query(search): Query<Search>,
) -> Result<Json<RecordsPage>, Problem> {
    authority.reads(AdminScope::AuditRead)?;
    let limit = cursor::limit(search.limit)?;
    let filter = search.filter()?;
    let bound = (&filter.kinds, filter.person, filter.actor, &filter.client, &search.from, &search.to);
    let list = List::of(&app, &authority, ("audit", &bound))?;
    let before = match list.place(search.cursor.as_deref())? {
        Some(place) => place.parse().map_err(|_| Problem::of(Kind::InvalidCursor))?,
        None => i64::MAX,
    };
    let (office, actor) = (authority.office(&app), &authority.actor);
    let found = awaited(trail::search(&office, actor, ("api", &filter), (before, limit + 1))).await?;
    let (found, next) = cursor::cut(found, limit, |record| record.sequence.to_string());
    Ok(Json(RecordsPage {
        items: found.into_iter().map(RecordView::from).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

impl Search {
    fn filter(&self) -> Result<Filter, Problem> {
        let wrong = |why: String| Problem::of(Kind::InvalidParameter).detail(why);
        let named = self.kind.as_deref().into_iter().flat_map(|text| text.split(','));
        let kinds: Vec<String> = named.map(|kind| kind.trim().to_owned()).collect();
        if let Some(unknown) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(wrong(format!("there is no kind of record {unknown:?}")));
        }
        let at = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => OffsetDateTime::parse(text, &Rfc3339)
                .map(Some)
                .map_err(|_| wrong(format!("{name} must be a moment as RFC 3339 writes it"))),
        };
        let client = self.client.as_deref().map(ClientId::parse).transpose();
        let client = client.map_err(|error| wrong(error.to_string()))?;
        Ok(Filter {
            kinds,
            person: self.person,
            actor: self.actor,
            client: client.map(|id| id.to_string()),
            organizations: Vec::new(),
            from: at("from", &self.from)?,
            to: at("to", &self.to)?,
        })
    }
}

/// Whether the trail is whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verdict {
    whole: bool,
    /// How many records were read, and the last of them.
    records: Option<i64>,
    through: Option<i64>,
    /// Those up to here were removed for their age.
    removed_through: Option<i64>,
    /// What is wrong, in the words of `idp audit verify`.
    why: Option<String>,
}

impl From<Result<Whole, Broken>> for Verdict {
    fn from(verdict: Result<Whole, Broken>) -> Self {
        let none = Self { whole: false, records: None, through: None, removed_through: None, why: None };
        match verdict {
            Ok(whole) => Self {
                whole: true,
                records: Some(whole.records),
                through: Some(whole.through),
                removed_through: whole.anchor.map(|anchor| anchor.sequence),
                ..none
            },
            Err(broken) => Self { why: Some(broken.to_string()), ..none },
        }
    }
}

/// Verify that the audit trail is whole. Reads all of it
///
/// Every call is itself recorded.
#[utoipa::path(post, path = "/api/v1/audit/verify", tag = "Audit", operation_id = "verifyAudit",
    responses((status = 200, body = Verdict)), security(("token" = ["admin:audit.read"])))]
pub(super) async fn verify(State(app): State<App>, authority: Authority) -> Result<Json<Verdict>, Problem> {
    authority.reads(AdminScope::AuditRead)?;
    let verdict = awaited(trail::verify(&authority.office(&app), &authority.actor)).await?;
    Ok(Json(verdict.into()))
}
