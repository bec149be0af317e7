//! What an event of the past would have counted in a tournament, by what the fold has decided about it.
//!
//! Whether it was a repeat, was voided before it came, or its player was excluded, stands in the journal; so does the version
//! of the program at whose rate a wager's amounts are compared. So accounts are not needed.

pub mod excluded;

use std::sync::Arc;

use accolade_domain::event::{Event, GameEvent, Wager};
use accolade_domain::outcome::Outcome;
use accolade_domain::query::row::{Row, Source as RowSource};
use accolade_domain::ranking::Score;
use accolade_domain::refusal::Refusal;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::Tournament;
use accolade_wire::dialect::Dialect;
use accolade_wire::json::find;
use accolade_wire::record::{Kind, Record, Source};

use crate::rules::Operator;

/// What a tournament and its operator say of an event.
#[derive(Debug)]
pub struct Judge {
    /// Whose programs say what money is worth.
    pub operator: Arc<Operator>,
    /// Its id.
    pub operator_id: Box<str>,
    /// What decides about the tournament.
    pub decides: Tournament,
}

/// What has become of an event, or would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts so much.
    Counts(Score),
    /// It does not.
    Not(Why),
}

/// Why an event does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The condition does not hold; which clause of it alone, where one alone was looked for and found.
    Condition(Option<usize>),
    /// What it would count is NULL, cannot be computed, or is too much.
    Value,
    /// It came before.
    Repeated,
    /// The player was excluded.
    Excluded,
    /// It was voided before it came.
    Voided,
    /// No program applies to it that knows its currency.
    Currency,
}

/// An event that was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// Its id.
    pub id: &'a str,
    /// The player.
    pub player: &'a str,
    /// Its own time.
    pub at: Timestamp,
    /// What becomes of it.
    pub verdict: Verdict,
}

impl Judge {
    /// Hears what becomes of a record, if it is an event that the tournament is about. `narrowly` says whether to look for
    /// the clause that alone has refused it.
    pub fn look(
        &self,
        record: &Record<'_>,
        outcome: &Outcome,
        (now, behaviour): (Timestamp, u16),
        narrowly: bool,
        hear: &mut dyn FnMut(Looked<'_>),
    ) {
        let dialect = Dialect::of(behaviour);
        match (self.decides.query.source, record.kind) {
            (RowSource::Wagers, Kind::Wager) => {
                // What came over HTTP is of the operator that the credential named.
                if record.source == Source::Http && *record.operator != *self.operator_id {
                    return;
                }
                let Ok(Event::Wager(wager)) = (dialect.wager)(record.body) else { return };
                let is_own = *wager.operator_id == *self.operator_id;
                if is_own && self.decides.is_open(wager.at, now) {
                    let Some(before) = version_of(outcome) else { return };
                    let by = before.and_then(|version| self.wager(&wager, version, narrowly));
                    hear(Looked {
                        id: &wager.wager_id,
                        player: &wager.player_id,
                        at: wager.at,
                        verdict: by.map_or_else(Verdict::Not, Verdict::Counts),
                    });
                }
            }
            (RowSource::GameEvents, Kind::GameEvent) if *record.operator == *self.operator_id => {
                let Ok(event) = (dialect.game_event)(record.body) else { return };
                if self.decides.is_open(event.at, now) {
                    let before = match outcome {
                        Outcome::Recorded => Ok(()),
                        Outcome::Repeated { .. } => Err(Why::Repeated),
                        Outcome::Counted { .. }
                        | Outcome::Refused { .. }
                        | Outcome::Voided { .. }
                        | Outcome::DeadLetter { .. }
                        | Outcome::Done { .. }
                        | Outcome::Declined { .. }
                        | Outcome::Time { .. } => return,
                    };
                    let by = before.and_then(|()| self.game_event(&event, narrowly));
                    hear(Looked {
                        id: &event.event_id,
                        player: &event.player_id,
                        at: event.at,
                        verdict: by.map_or_else(Verdict::Not, Verdict::Counts),
                    });
                }
            }
            (RowSource::Wagers | RowSource::GameEvents, _) => {}
        }
    }

    /// What a wager counts that a version applies to; 0 is none.
    pub fn wager(&self, wager: &Wager<'_>, version: u32, narrowly: bool) -> Result<Score, Why> {
        let version = self.operator.versions.get(version);
        let program = version.map(|version| &*version.program.program);
        let rate = program.and_then(|program| program.rate_from(&wager.currency));
        let rate = rate.ok_or(Why::Currency)?;
        self.row(&Row::of_wager(wager, rate, &self.decides.zone), narrowly)
    }

    /// What a game event counts.
    pub fn game_event(&self, event: &GameEvent<'_>, narrowly: bool) -> Result<Score, Why> {
        self.row(&Row::of_game(event, find, &self.decides.zone), narrowly)
    }

    fn row(&self, row: &Row<'_>, narrowly: bool) -> Result<Score, Why> {
        let query = &self.decides.query;
        if !query.counts(row) {
            let clause = if narrowly { query.narrowly_refused_by(row) } else { None };
            return Err(Why::Condition(clause));
        }
        self.decides.worth(row).ok_or(Why::Value)
    }
}

/// The version by which a wager was decided, or why it cannot count; nothing for what was no wager of the operator's.
fn version_of(outcome: &Outcome) -> Option<Result<u32, Why>> {
    Some(match outcome {
        Outcome::Refused { refusal: Refusal::SelfExcluded, .. } => Err(Why::Excluded),
        Outcome::Refused { refusal: Refusal::Voided, .. } => Err(Why::Voided),
        Outcome::Repeated { .. } => Err(Why::Repeated),
        Outcome::Refused { refusal: Refusal::OperatorUnknown, .. }
        | Outcome::Recorded
        | Outcome::Voided { .. }
        | Outcome::DeadLetter { .. }
        | Outcome::Done { .. }
        | Outcome::Declined { .. }
        | Outcome::Time { .. } => return None,
        Outcome::Counted { version, .. } | Outcome::Refused { version, .. } => Ok(*version),
    })
}
