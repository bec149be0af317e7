//! A tournament over some events that somebody has sent: as if they had come in this order, from nobody who is excluded, in the
//! window of the tournament. They are looked at and forgotten.

use std::collections::{HashMap, HashSet};

use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::query::row::Source;
use accolade_domain::time::Timestamp;
use accolade_engine::judging::{Judge, Looked, Verdict, Why};
use accolade_wire::dialect::Dialect;
use accolade_wire::json::Value;

use super::board::{Board, Counts, SEEN_MAX, Seen};
use super::tallying::{Tallies, Worth};
use crate::fields::Field;
use crate::problem::{FieldError, Problem, Refusal};

/// Events of a sample.
pub(super) const EVENTS_MAX: usize = 1_000;

/// The events that a body has, as texts of JSON.
pub(super) fn read(field: &Field<'_>) -> Result<Vec<String>, Problem> {
    let object = |field: &Field<'_>| match field.value() {
        Some(Value::Object(text)) => Ok((*text).to_owned()),
        Some(_) | None => Err(field.expected("an event")),
    };
    let events = field.list("events", EVENTS_MAX, object)?.unwrap_or_default();
    if events.is_empty() { Err(field.wrong("expected an event at least")) } else { Ok(events) }
}

/// The events, each of an operator.
pub(super) fn parse<'e>(
    events: &'e [String],
    source: Source,
    operator_id: &str,
    dialect: &Dialect,
) -> Result<Vec<Event<'e>>, Problem> {
    let mut parsed = Vec::with_capacity(events.len());
    for (at, text) in events.iter().enumerate() {
        let event = match source {
            Source::Wagers => (dialect.wager)(text.as_bytes()),
            Source::GameEvents => (dialect.game_event)(text.as_bytes()).map(Event::Game),
        };
        let event = event.map_err(|problems| {
            let within = |problem| {
                let error = FieldError::from(problem);
                FieldError { pointer: format!("/events/{at}{}", error.pointer), ..error }
            };
            Problem::fields(Refusal::Malformed, problems.into_iter().map(within))
        })?;
        let of = match &event {
            Event::Wager(wager) => Some(&wager.operator_id),
            Event::Void(void) => Some(&void.operator_id),
            Event::Game(_) => None,
        };
        if of.is_some_and(|of| **of != *operator_id) {
            let pointer = format!("/events/{at}/operatorId");
            return Err(Problem::field(Refusal::Malformed, &pointer, "expected your own operator"));
        }
        parsed.push(event);
    }
    Ok(parsed)
}

/// From the first to beyond the last.
pub(super) fn period(events: &[Event<'_>]) -> (Timestamp, Timestamp) {
    let times = || events.iter().map(Event::at);
    let (first, last) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    (first, last.plus_micros(1))
}

/// What is known of the events so far.
struct Sample<'e> {
    judge: &'e Judge,
    tallies: Tallies,
    counts: Counts,
    /// The numbers of wagers that came.
    wagers: HashMap<&'e str, u32>,
    /// Wagers that a void names.
    voids: HashSet<&'e str>,
    game_events: HashSet<&'e str>,
    matched: Vec<Seen>,
    missed: Vec<Seen>,
}

/// What comes of the events.
pub(super) fn board(judge: &Judge, events: &[Event<'_>]) -> Board {
    let decides = &judge.decides;
    let mut sample = Sample {
        judge,
        tallies: Tallies::new(events.len()),
        counts: Counts::default(),
        wagers: HashMap::new(),
        voids: HashSet::new(),
        game_events: HashSet::new(),
        matched: Vec::new(),
        missed: Vec::new(),
    };
    for (number, event) in (0..).zip(events) {
        sample.take(number, event);
    }
    let Sample { tallies, counts, matched, missed, .. } = sample;
    let found = (counts, tallies.count() as u64);
    Board::of(decides.ties, found, tallies.standings(decides), (matched, missed))
}

impl<'e> Sample<'e> {
    fn take(&mut self, number: u32, event: &'e Event<'e>) {
        let place = Place { partition: 0, batch: 1, slot: number + 1, number: 0 };
        let verdict = match event {
            Event::Void(void) => return self.void(&void.wager_id, place),
            Event::Wager(wager) if self.wagers.contains_key(&*wager.wager_id) => Err(Why::Repeated),
            Event::Wager(wager) => {
                self.wagers.insert(&wager.wager_id, number);
                if self.voids.contains(&*wager.wager_id) {
                    Err(Why::Voided)
                } else {
                    let version = self.judge.operator.versions.at(wager.at);
                    self.judge.wager(wager, version.map_or(0, |version| version.number), true)
                }
            }
            Event::Game(event) if !self.game_events.insert(&event.event_id) => Err(Why::Repeated),
            Event::Game(event) => self.judge.game_event(event, true),
        };
        let verdict = verdict.map_or_else(Verdict::Not, Verdict::Counts);
        let (id, player, at) = (event.id(), event.player_id(), event.at());
        self.hear(&Looked { id, player, at, verdict }, number, place);
    }

    fn void(&mut self, wager: &'e str, place: Place) {
        if self.voids.insert(wager)
            && let Some(number) = self.wagers.get(wager)
        {
            let is_taken = self.tallies.taken_back(&self.judge.decides, *number, NOW, place);
            self.counts.taken_back += u64::from(is_taken);
        }
    }

    fn hear(&mut self, looked: &Looked<'_>, number: u32, place: Place) {
        self.counts.looked += 1;
        let decides = &self.judge.decides;
        match looked.verdict {
            Verdict::Counts(value) => {
                let by = (Worth { value, at: looked.at }, Some(number));
                let counts = self.tallies.counts(decides, looked.player, by, NOW, place);
                if !counts.expect("a sample has few players") {
                    self.counts.add(Why::Value);
                    return;
                }
                self.counts.counted += 1;
                if self.matched.len() < SEEN_MAX {
                    self.matched.push(Seen::matched(looked, NOW, place));
                }
            }
            Verdict::Not(why) => {
                self.counts.add(why);
                if let Why::Condition(Some(clause)) = why
                    && self.missed.len() < SEEN_MAX
                {
                    let clause = accolade_wire::query::print(&decides.query.clauses()[clause]);
                    self.missed.push(Seen::missed(looked, clause, NOW, place));
                }
            }
        }
    }
}

/// All come at once: their order says who was first.
const NOW: Timestamp = Timestamp::from_micros(0);
