//! Listens to spans and log lines of this program and puts them into the queue for the collector. Never waits: what has
//! no room is dropped and counted.

use std::sync::Arc;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::sync::mpsc::Sender;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use super::otlp::{Item, Line, Place, Span};
use crate::clock::SharedClock;
use crate::crypto::random::Entropy;
use crate::meter::Exports;

/// The parts of a request that take time. Alone they would say nothing: jobs look into the database all the time.
const WORK: &str = "idp::work";

/// What this program says itself.
pub(super) fn heard() -> Targets {
    Targets::new().with_target("idp", LevelFilter::INFO).with_target(WORK, LevelFilter::DEBUG)
}

#[derive(Debug)]
pub(super) struct Collector {
    queue: Sender<Item>,
    meter: Arc<Exports>,
    clock: SharedClock,
    sampled_percent: usize,
    entropy: Entropy,
}

/// A span that has not ended.
#[derive(Debug)]
struct Open {
    place: Place,
    parent: Option<u64>,
    sampled: bool,
    /// The moment of a point on the steady clock, by which all spans of a trace are timed.
    anchor: (OffsetDateTime, Instant),
    begun: Instant,
    fields: Fields,
}

impl Collector {
    pub(super) fn new(
        queue: Sender<Item>,
        meter: Arc<Exports>,
        (clock, sampled_percent): (SharedClock, usize),
    ) -> Self {
        Self { queue, meter, clock, sampled_percent, entropy: Entropy::of_the_system() }
    }

    fn put(&self, item: Item) {
        let signal = item.signal();
        if self.queue.try_send(item).is_err() {
            self.meter.dropped.of((signal, "queue_full")).add_one();
        }
    }

    /// A span within another one, or of a request that was passed on to us, or the first of its trace.
    fn open(&self, within: Option<&Open>, fields: Fields) -> Option<Open> {
        let span = u64::from_be_bytes(self.entropy.bytes().ok()?).max(1);
        let begun = Instant::now();
        if let Some(outer) = within {
            let place = Place { trace: outer.place.trace, span };
            let parent = Some(outer.place.span);
            return Some(Open { place, parent, sampled: outer.sampled, anchor: outer.anchor, begun, fields });
        }
        let anchor = (self.clock.now(), begun);
        if let Some(passed_on) = fields.parent {
            let place = Place { trace: passed_on.trace(), span };
            let (parent, sampled) = (Some(passed_on.span()), passed_on.is_sampled());
            return Some(Open { place, parent, sampled, anchor, begun, fields });
        }
        let trace = u128::from_be_bytes(self.entropy.bytes().ok()?).max(1);
        let sampled = trace % 100 < u128::try_from(self.sampled_percent).unwrap_or(100);
        Some(Open { place: Place { trace, span }, parent: None, sampled, anchor, begun, fields })
    }
}

impl Open {
    fn moment(&self, at: Instant) -> OffsetDateTime {
        let (moment, anchor) = self.anchor;
        moment + at.saturating_duration_since(anchor)
    }

    fn close(self, name: &'static str) -> Span {
        let now = Instant::now();
        Span {
            place: self.place,
            parent: self.parent,
            name,
            begun: self.moment(self.begun),
            ended: self.moment(now),
            fields: self.fields,
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let open = match span.parent() {
            Some(outer) => outer.extensions().get::<Open>().and_then(|outer| self.open(Some(outer), fields)),
            None if attributes.metadata().target() == WORK => None,
            None => self.open(None, fields),
        };
        if let Some(open) = open {
            span.extensions_mut().insert(open);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let within = context.event_span(event);
        let place = within.and_then(|span| span.extensions().get::<Open>().map(|open| open.place));
        let level = *event.metadata().level();
        self.put(Item::Line(Line { place, at: self.clock.now(), severity: severity(level), fields }));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(open) = open.filter(|open| open.sampled) {
            self.put(Item::Span(open.close(span.name())));
        }
    }
}

/// As OpenTelemetry numbers them.
fn severity(level: Level) -> (u8, &'static str) {
    match level {
        Level::ERROR => (17, "ERROR"),
        Level::WARN => (13, "WARN"),
        Level::INFO => (9, "INFO"),
        _ => (5, "DEBUG"),
    }
}
