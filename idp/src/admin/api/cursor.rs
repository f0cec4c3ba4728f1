//! Where a list goes on: a place in it under a keyed hash, so that nobody can write one, use one that was given to
//! somebody else, or go on in another list than the one that was begun.

use serde::Serialize;

use super::authority::Authority;
use crate::app::App;
use crate::crypto::{base64url, constant_time_eq};
use crate::web::problem::{Kind, Problem};

const MAC: usize = 16;

/// A list as it was asked for: by whom, which one, and of what.
pub(super) struct List<'a> {
    app: &'a App,
    bound: String,
}

impl<'a> List<'a> {
    /// `filter` is all that was asked for but the place.
    pub(super) fn of(
        app: &'a App,
        authority: &Authority,
        (name, filter): (&str, &impl Serialize),
    ) -> Result<Self, Problem> {
        let caller = &authority.caller;
        let whose = (&caller.client.id, caller.user.as_ref().map(|user| user.id));
        let bound = serde_json::to_string(&(name, whose, filter)).map_err(anyhow::Error::from)?;
        Ok(Self { app, bound })
    }

    /// A cursor for this place.
    pub(super) fn cursor(&self, place: &str) -> String {
        base64url::encode([&self.mac(place)[..], place.as_bytes()].concat())
    }

    /// The place of a cursor that this list gave out.
    pub(super) fn place(&self, cursor: Option<&str>) -> Result<Option<String>, Problem> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let invalid = || Problem::of(Kind::InvalidCursor);
        let bytes = base64url::decode(cursor).ok_or_else(invalid)?;
        let (mac, place) = bytes.split_at_checked(MAC).ok_or_else(invalid)?;
        let place = std::str::from_utf8(place).map_err(|_| invalid())?;
        if constant_time_eq(mac, &self.mac(place)) { Ok(Some(place.to_owned())) } else { Err(invalid()) }
    }

    fn mac(&self, place: &str) -> [u8; MAC] {
        let value = format!("{}\n{place}", self.bound);
        let whole = self.app.store.sealer().lookup("api cursor", value.as_bytes());
        let mut mac = [0; MAC];
        mac.iter_mut().zip(whole).for_each(|(byte, part)| *byte = part);
        mac
    }
}

/// One page of a list, and the place where the next one begins: after the last item, if there was one more than `limit`.
pub(super) fn cut<T>(
    mut items: Vec<T>,
    limit: u64,
    place: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| goes_on).map(place);
    (items, next)
}

/// How many items a page has where nobody says, and at most.
pub(super) const LIMIT: u64 = 50;
pub(super) const LONGEST: u64 = 200;

/// What was asked for, within bounds.
pub(super) fn limit(asked: Option<u64>) -> Result<u64, Problem> {
    match asked.unwrap_or(LIMIT) {
        limit @ 1..=LONGEST => Ok(limit),
        _ => Err(Problem::of(Kind::InvalidParameter).detail(format!("limit must be 1 to {LONGEST}"))),
    }
}
