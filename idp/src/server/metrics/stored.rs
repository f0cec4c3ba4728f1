//! The metrics that somebody else has to be asked for: the database, ephemeral storage, the certificate.

use time::OffsetDateTime;

use super::exposition::{Page, metric};
use super::reading::{Reading, Stored};
use crate::app::{App, keys};
use crate::ephemeral::Reach;
use crate::model::key::KeyState;

pub(super) fn write(page: &mut Page, app: &App, reading: &Reading) {
    let (now, stored) = (app.clock.now(), reading.stored.as_ref());
    ready(page, reading);
    ephemeral(page, app, reading.readiness.reach);
    outbox(page, stored, now);
    audit(page, stored, now);
    signing_keys(page, app, stored, now);
    let mut rows = page.gauge(&metric(
        "idp_tls_certificate_expiry_timestamp_seconds",
        "When the certificate ends that we show ourselves.",
    ));
    if let Some(at) = app.tls.as_ref().and_then(crate::app::tls::Tls::ends_at) {
        rows.row(&[], at.unix_timestamp());
    }
}

fn ready(page: &mut Page, reading: &Reading) {
    let up = reading.readiness.database.is_some();
    page.gauge(&metric("idp_database_up", "Whether the database answers.")).row(&[], u8::from(up));
    let ready = reading.readiness.why_not.is_none();
    page.gauge(&metric("idp_ready", "Whether /readyz says yes.")).row(&[], u8::from(ready));
}

fn ephemeral(page: &mut Page, app: &App, reach: Reach) {
    let backend = if app.config.redis.is_some() { "redis" } else { "memory" };
    page.gauge(&metric(
        "idp_ephemeral_up",
        "Whether what holds log-ins under way answers: Redis, or this process.",
    ))
    .row(&[("backend", backend)], u8::from(reach == Reach::Answers));
    let meter = app.ephemeral.meter();
    let mut rows =
        page.histogram(&metric("idp_ephemeral_operation_duration_seconds", "Time until it has answered."));
    for (operation, timing) in meter.took.rows() {
        rows.timing(&[("operation", operation)], &timing);
    }
    for operation in ["put", "get", "take", "count", "note"] {
        meter.failed.of(operation);
    }
    let mut rows =
        page.counter(&metric("idp_ephemeral_errors_total", "Times that it has not answered, or was full."));
    for (operation, count) in meter.failed.rows() {
        rows.row(&[("operation", operation)], count.get());
    }
}

fn outbox(page: &mut Page, stored: Option<&Stored>, now: OffsetDateTime) {
    let mut rows = page.gauge(&metric("idp_outbox_messages", "Mails and notices that wait to be sent."));
    if let Some(stored) = stored {
        rows.row(&[], stored.waiting);
    }
    let mut rows =
        page.gauge(&metric("idp_outbox_messages_failed", "Those of them that could not be sent so far."));
    if let Some(stored) = stored {
        rows.row(&[], stored.failed);
    }
    let mut rows = page.gauge(&metric(
        "idp_outbox_oldest_age_seconds",
        "How long the oldest of them has waited; 0: none waits.",
    ));
    if let Some(stored) = stored {
        rows.row(&[], stored.oldest.map_or(0, |at| seconds(now - at)));
    }
}

fn audit(page: &mut Page, stored: Option<&Stored>, now: OffsetDateTime) {
    let mut rows =
        page.gauge(&metric("idp_audit_sequence", "The number of the last record of the audit trail."));
    if let Some(stored) = stored {
        rows.row(&[], stored.sequence);
    }
    let checkpoint = stored.and_then(|stored| stored.checkpoint);
    let mut rows = page.gauge(&metric(
        "idp_audit_checkpoint_sequence",
        "The number of the record that the last checkpoint is of.",
    ));
    if let Some(checkpoint) = checkpoint {
        rows.row(&[], checkpoint.sequence);
    }
    let mut rows = page.gauge(&metric("idp_audit_checkpoint_age_seconds", "How old the last checkpoint is."));
    if let Some(checkpoint) = checkpoint {
        rows.row(&[], seconds(now - checkpoint.at));
    }
    let mut rows = page.gauge(&metric(
        "idp_audit_unvouched_age_seconds",
        "How old the first record is that no checkpoint vouches for; 0: none, or audit.checkpoints is empty.",
    ));
    if let Some(stored) = stored {
        rows.row(&[], stored.open_since.map_or(0, |at| seconds(now - at)));
    }
}

fn signing_keys(page: &mut Page, app: &App, stored: Option<&Stored>, now: OffsetDateTime) {
    let known = stored.map(|stored| stored.keys.as_slice()).unwrap_or_default();
    let current = || known.iter().filter(|key| key.state == KeyState::Current);
    let mut rows =
        page.gauge(&metric("idp_signing_key_age_seconds", "How long the key that signs has done so."));
    for key in current() {
        rows.row(&[("alg", key.alg.as_str())], seconds(now - key.changed_at));
    }
    let mut rows = page.gauge(&metric(
        "idp_signing_key_rotation_seconds",
        "Time until the next key takes over; below 0 it should have.",
    ));
    for key in current() {
        if let Some(at) = keys::changes_at(&app.config, key, known) {
            rows.row(&[("alg", key.alg.as_str())], (at - now).whole_seconds());
        }
    }
}

fn seconds(span: time::Duration) -> i64 {
    span.whole_seconds().max(0)
}
