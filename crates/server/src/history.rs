//! A player's events as the log has them, with what became of each, whether or not it gave anything. Nothing is kept for
//! this: batches of the player's partition are read, from the newest back, and a page ends after so much work.

use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_wire::bytes::BadFormat;
use accolade_wire::identity::{IdKind, partition_of};
use accolade_wire::named::Named;
use accolade_wire::record::{Kind, Record};
use axum::http::StatusCode;
use axum::response::Response;
use memchr::memmem::Finder;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::cluster::{Batch, first_at, time_of_batch};
use crate::cursor::Cursors;
use crate::lookup::{EventShape, Occurrence, Raw, kind_code, scored_by};
use crate::principal::Known;
use crate::problem::{Problem, not_yet};
use crate::service::Service;
use crate::shapes::{OutcomeShape, Time, respond};
use crate::submit::blocking;

/// How long a page is worked at before it ends as it is.
const WORK_TIME: Duration = Duration::from_millis(300);
/// Batches that are read forwards together, on the way back: a few first, and more while that is quick.
const TOGETHER: RangeInclusive<u64> = 8..=512;
const QUICK: Duration = Duration::from_millis(20);

/// The words for what an event may be asked to be.
pub(crate) const KINDS: [&str; 3] =
    [kind_code(IdKind::Wager), kind_code(IdKind::Void), kind_code(IdKind::GameEvent)];
/// And for what may have become of it.
pub(crate) const OUTCOMES: [&str; 5] = ["counted", "refused", "repeated", "voided", "dead_letter"];

/// A player whose events are looked for among records.
pub(crate) struct Whose<'a> {
    operator: &'a Known,
    player: &'a str,
    /// Records that have neither this nor an escape do not name the player.
    named: Finder<'a>,
}

impl<'a> Whose<'a> {
    pub(crate) fn new(operator: &'a Known, player: &'a str) -> Self {
        Self { operator, player, named: Finder::new(player) }
    }

    /// The player's events of a batch, in the order of their places, with their ids.
    pub(crate) fn events(&self, batch: &Batch) -> Result<Vec<(String, Occurrence)>, BadFormat> {
        let (Some(slice), Some(outcomes)) = (batch.records(), batch.outcomes()) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for (record, recorded) in slice.records().zip(outcomes.records()) {
            let (record, recorded) = (record?, recorded?);
            let Some((id, kind)) = self.event(&record) else { continue };
            let balance = recorded.entries.last().map(|stored| stored.entry.balance_after);
            let scored = scored_by(&recorded);
            let (place, recorded_at, outcome) = (recorded.place, recorded.time, recorded.outcome);
            let (player, letter, raw) = (None, None, Raw::of(&record));
            let occurrence = Occurrence {
                kind,
                place,
                player,
                recorded_at,
                outcome,
                balance,
                scored,
                raw,
                letter,
            };
            found.push((id, occurrence));
        }
        Ok(found)
    }

    /// The id of a record that is an event of the player's.
    fn event(&self, record: &Record<'_>) -> Option<(String, IdKind)> {
        let is_event = matches!(record.kind, Kind::Wager | Kind::GameEvent);
        let may_name = || {
            self.named.find(record.body).is_some() || memchr::memchr(b'\\', record.body).is_some()
        };
        if !is_event || !may_name() {
            return None;
        }
        let named = Named::of(record);
        let is_theirs = *named.operator == *self.operator.id
            && named.player.is_some_and(|player| player == self.player);
        let (kind, id) = named.event.filter(|_| is_theirs)?;
        Some((id.into_owned(), kind))
    }
}

/// A page of a player's events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlayerEvents)]
pub(crate) struct EventsPage {
    /// Newest first.
    items: Vec<EventShape>,
    #[schema(required)]
    next_cursor: Option<String>,
    /// Up to where it was looked, going back; nothing where the log has nothing of that time.
    #[schema(required)]
    looked_to: Option<Time>,
}

/// What is asked for.
struct Asked {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    kind: Option<&'static str>,
    outcome: Option<&'static str>,
    /// Those before this batch and slot.
    before: Option<(u64, u32)>,
    limit: usize,
}

/// What was found.
struct Found {
    events: Vec<(String, Occurrence)>,
    /// Where it goes on; nothing at the end.
    next: Option<(u64, u32)>,
    looked_to: Option<Timestamp>,
}

impl Asked {
    fn is_wanted(&self, occurrence: &Occurrence) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        let outcome = OutcomeShape::of(&occurrence.outcome, None).outcome;
        is(self.kind, kind_code(occurrence.kind)) && is(self.outcome, outcome)
    }

    /// Whether a place comes before where the last page has ended.
    fn is_ahead(&self, Place { batch, slot, .. }: Place) -> bool {
        self.before.is_none_or(|before| (batch, slot) < before)
    }
}

impl Service {
    /// Looks through the partition's batches, which are here, from the newest back.
    fn events_of(&self, whose: &Whose<'_>, asked: &Asked) -> Result<Found, Problem> {
        let partition = partition_of(whose.player, self.partitions());
        let backing = self.host.backing(partition)?;
        let end = self.read(partition, Partition::next_batch)?;
        let first = backing.log.first_batch(partition).unwrap_or(end).min(end);
        let time_of = |batch| time_of_batch(&backing, partition, batch);
        let first = match asked.from {
            Some(from) => first_at(first..end, from, time_of)?,
            None => first,
        };
        let mut high = match asked.to {
            Some(to) => first_at(first..end, to, time_of)?,
            None => end,
        };
        if let Some((batch, _)) = asked.before {
            high = high.min(batch.saturating_add(1));
        }
        let begun = Instant::now();
        let (mut events, mut looked_to, mut together) = (Vec::new(), None, *TOGETHER.start());
        while high > first {
            let low = high.saturating_sub(together).max(first);
            let mut found = VecDeque::new();
            let (mut from, since) = (low, Instant::now());
            while from < high {
                let stretch = self.batches_here(partition, from, high)?;
                for batch in &stretch.batches {
                    let of_batch = whose.events(batch).map_err(io::Error::other)?.into_iter();
                    let wanted =
                        |(_, it): &(_, Occurrence)| asked.is_ahead(it.place) && asked.is_wanted(it);
                    found.extend(of_batch.filter(wanted));
                    // The newest are for this page; one more says that there is another.
                    found.drain(..found.len().saturating_sub(asked.limit + 1));
                }
                if stretch.next == from {
                    return Err(not_yet());
                }
                from = stretch.next;
            }
            events.extend(found.into_iter().rev());
            if events.len() > asked.limit {
                events.truncate(asked.limit);
                let last = events.last().map(|(_, it)| (it.place, it.recorded_at));
                let next = last.map(|(place, _)| (place.batch, place.slot));
                return Ok(Found { events, next, looked_to: last.map(|(_, at)| at) });
            }
            if since.elapsed() < QUICK {
                together = (2 * together).min(*TOGETHER.end());
            }
            high = low;
            looked_to = Some(time_of(low)?);
            if begun.elapsed() > WORK_TIME && high > first {
                return Ok(Found { events, next: Some((high, 0)), looked_to });
            }
        }
        Ok(Found { events, next: None, looked_to })
    }
}

/// A player's events, newest first.
pub(crate) async fn events(call: Call) -> Result<Response, Problem> {
    let (operator, player, cursors) = (call.operator(), call.name(), Cursors::of(&call));
    let Call { service, parameters, .. } = call;
    let before = cursors.after()?;
    let asked = Asked {
        from: parameters.time("from")?,
        to: parameters.time("to")?,
        kind: parameters.word("kind", &KINDS)?,
        outcome: parameters.word("outcome", &OUTCOMES)?,
        before: before.map(|[batch, slot]| (batch, u32::try_from(slot).unwrap_or(u32::MAX))),
        limit: parameters.limit()?,
    };
    let found = blocking(move || service.events_of(&Whose::new(&operator, &player), &asked));
    let Found { events, next, looked_to } = found.await??;
    let items = events.into_iter().map(|(id, it)| EventShape::of(id, it)).collect();
    let next_cursor = next.map(|(batch, slot)| cursors.at([batch, u64::from(slot)]));
    let looked_to = looked_to.map(Time);
    Ok(respond(StatusCode::OK, &EventsPage { items, next_cursor, looked_to }))
}
