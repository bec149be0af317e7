//! Tournaments: which events count for a player, for how long, and how a score comes of them.

pub mod capped;
pub mod occurrences;
pub mod prizes;

use self::capped::PeriodCaps;
use crate::ledger::{Place, Subject};
use crate::query::row::Row;
use crate::query::scoring::{Aggregate, Query, SCORE_DECIMALS, Scoring};
use crate::ranking::{Score, Standing, Ties};
use crate::time::{HOUR_MICROS, Timestamp, ZoneOffsets};

/// No event counts more than 10^15 to either side.
pub const VALUE_MAX: Score = Score(1_000_000_000_000_000 * SCORE_ONE);
/// How many units of a [`Score`] are 1.
pub const SCORE_ONE: i128 = 10_i128.pow(SCORE_DECIMALS);
/// So long after the end of a tournament its scores are kept.
pub const KEPT_MICROS: i64 = 30 * 24 * HOUR_MICROS;

/// So long after it has closed events that come late are counted apart, as what it would come to if it was settled again.
pub const HEARD_MICROS: i64 = 7 * 24 * HOUR_MICROS;
/// So long before its scores are let go of it is not settled again: no partition's time is so far from another's.
pub const RESETTLED_BEFORE_MICROS: i64 = 24 * HOUR_MICROS;

/// What decides about a tournament. How it is shown decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tournament {
    /// Which events count.
    pub query: Query,
    /// How they count.
    pub scoring: Scoring,
    /// The first moment of which events count.
    pub starts: Timestamp,
    /// The first moment of which they do not any more.
    pub ends: Timestamp,
    /// For so long after the end, by the log's time, events from before it still count.
    pub grace_micros: i64,
    /// The zone of days and hours in the query.
    pub zone: ZoneOffsets,
    /// The most that one event counts.
    pub cap: Option<Score>,
    /// The most that events of a period count together.
    pub period_caps: PeriodCaps,
    /// Who is ahead where scores are equal.
    pub ties: Ties,
    /// With fewer events a player has no position.
    pub events_min: u64,
    /// Only events of players count who have opted in before.
    pub opt_in: bool,
}

/// What a player has come to in a tournament.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// The sum of what events counted, or the best of it.
    pub total: Score,
    /// How many events that is.
    pub events: u64,
    /// The time of the batch that last changed the score.
    pub changed_at: Timestamp,
    /// That batch of the player's partition.
    pub batch: u64,
    /// The slot in it.
    pub slot: u32,
    /// What has become of the player's opt-in, where there is one. As long as no event has counted, batch and slot are
    /// those of the record that asked for it.
    pub opt_in: Option<OptIn>,
}

/// What has become of a player's opt-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptIn {
    /// The partition that gives the seats has not answered yet.
    Requested,
    /// Events of the player count from here on.
    In,
    /// There was no seat.
    Full,
}

impl OptIn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Requested, Self::In, Self::Full];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::In => "in",
            Self::Full => "full",
        }
    }
}

impl Tournament {
    /// Whether an event of `at` counts that is decided at `now`.
    pub fn is_open(&self, at: Timestamp, now: Timestamp) -> bool {
        self.starts <= at && at < self.ends && now < self.closes()
    }

    /// From when on nothing counts any more.
    pub const fn closes(&self) -> Timestamp {
        self.ends.plus_micros(self.grace_micros)
    }

    /// Whether an event of `at` comes late that is decided at `now`: it would have counted before.
    pub fn is_late(&self, at: Timestamp, now: Timestamp) -> bool {
        let heard_until = self.closes().plus_micros(HEARD_MICROS);
        self.starts <= at && at < self.ends && self.closes() <= now && now < heard_until
    }

    /// Whether the best value of a player's events is the score: the greatest, or else the least.
    pub const fn best(&self) -> Option<bool> {
        match self.scoring.aggregate {
            Aggregate::Greatest => Some(true),
            Aggregate::Least => Some(false),
            Aggregate::Sum | Aggregate::Count | Aggregate::Average => None,
        }
    }

    /// What an event counts; `None` for one that does not.
    pub fn value(&self, row: &Row<'_>) -> Option<Score> {
        if self.query.counts(row) { self.worth(row) } else { None }
    }

    /// What an event counts that fulfils the condition; `None` where that is NULL, cannot be computed, or is beyond
    /// [`VALUE_MAX`].
    pub fn worth(&self, row: &Row<'_>) -> Option<Score> {
        let value = Score(self.scoring.value(row)?.units(SCORE_DECIMALS)?);
        let value = self.cap.map_or(value, |cap| value.min(cap));
        (-VALUE_MAX.0..=VALUE_MAX.0).contains(&value.0).then_some(value)
    }

    /// The score that a tally comes to.
    pub fn score(&self, tally: &Tally) -> Score {
        match self.scoring.aggregate {
            Aggregate::Average => average(tally.total, tally.events),
            Aggregate::Sum | Aggregate::Count | Aggregate::Greatest | Aggregate::Least => {
                tally.total
            }
        }
    }

    /// How a player stands with a tally of a partition; `None` for one who has no position.
    pub fn standing(&self, tally: &Tally, partition: u16, subject: Subject) -> Option<Standing> {
        let Tally { events, changed_at, batch, slot, .. } = *tally;
        (events >= self.events_min.max(1)).then(|| Standing {
            score: self.score(tally),
            events,
            changed_at,
            changed_by: Place { partition, batch, slot, number: 0 },
            subject,
        })
    }
}

impl Tally {
    /// The tally once an event more counts, or one fewer, by the record at `place` of a batch of `now`; `None` beyond what
    /// a score holds. What leaves the score as it was is not when it was reached.
    #[must_use]
    pub fn moved(
        &self,
        tournament: &Tournament,
        by: Counted,
        now: Timestamp,
        place: Place,
    ) -> Option<Self> {
        let Self { total: Score(total), events, .. } = *self;
        let better = match tournament.scoring.aggregate {
            Aggregate::Greatest => Some(i128::max as fn(i128, i128) -> i128),
            Aggregate::Least => Some(i128::min as fn(i128, i128) -> i128),
            Aggregate::Sum | Aggregate::Count | Aggregate::Average => None,
        };
        let (total, events) = match (by, better) {
            (Counted::In(Score(value)), Some(better)) => {
                (if events == 0 { value } else { better(total, value) }, events.checked_add(1)?)
            }
            (Counted::In(Score(value)), None) => {
                (total.checked_add(value)?, events.checked_add(1)?)
            }
            (Counted::Out { next, .. }, Some(_)) => (next.0, events.checked_sub(1)?),
            (Counted::Out { value: Score(value), .. }, None) => {
                (total.checked_sub(value)?, events.checked_sub(1)?)
            }
        };
        let after = Self { total: Score(total), events, ..*self };
        let is_new = self.events == 0;
        if !is_new && tournament.score(&after) == tournament.score(self) {
            return Some(after);
        }
        Some(Self { changed_at: now, batch: place.batch, slot: place.slot, ..after })
    }
}

/// That an event counts, or does not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It counts so much.
    In(Score),
    /// It was voided.
    Out {
        /// So much it counted.
        value: Score,
        /// What is the best then, where the best counts; 0 where nothing is left.
        next: Score,
    },
}

impl Counted {
    /// What the event counts, or counted.
    pub const fn value(self) -> Score {
        match self {
            Self::In(value) | Self::Out { value, .. } => value,
        }
    }
}

/// The mean, half away from zero.
fn average(Score(total): Score, events: u64) -> Score {
    let events = i128::from(events.max(1));
    let whole = total.div_euclid(events);
    // One division of 128 bits is enough.
    let rest = total - whole * events;
    // Away from zero is down for what is below it.
    let is_up = if total < 0 { rest * 2 > events } else { rest * 2 >= events };
    Score(whole + i128::from(is_up))
}
