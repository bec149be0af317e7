//! Which leaderboards are in Redis, as the rules have it.
//!
//! A tournament has one from its first score on until a day after its end, and one that is filled from when that is done. What was
//! cancelled has none; its id may be another tournament's by then, which is told by their numbers. A game has one of the present
//! day, of the present week and of all time; the next day takes the place of the one before, and has a greater number.

use std::collections::HashMap;
use std::sync::Arc;

use accolade_domain::civil::begin_of_day;
use accolade_domain::games::Occurrence;
use accolade_domain::time::{DAY_MICROS, Timestamp, ZoneOffsets};
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::rules::{Operator, Rules};
use accolade_wire::tournament::Fill;

use crate::error::{Error, Result};
use crate::keys::Names;

/// So long after a tournament's end its leaderboard is kept.
const KEPT_MICROS: i64 = DAY_MICROS;

/// The leaderboards that may be written at this moment.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    rules: Option<Arc<Rules>>,
    operators: HashMap<u32, Arc<Operator>>,
    /// How often something was said of each, by the numbers of operator and tournament.
    said: HashMap<(u32, u32), u32>,
    boards: HashMap<(u32, u32), Arc<Board>>,
    /// Those of tournaments that were filled, of which it is not known whether what was scored by then is written.
    filled: HashMap<(u32, u32), Arc<Board>>,
}

/// A leaderboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Board {
    /// The sorted set.
    pub(crate) key: Arc<str>,
    /// What is remembered of it.
    pub(crate) remembered: String,
    /// The tournament's number; of a game's that of the day or week.
    pub(crate) tournament: u32,
    /// When it is not shown any more, where it ever ends.
    pub(crate) expires_at: Option<Timestamp>,
    /// With fewer events a player has no position.
    events_min: u64,
}

impl Board {
    fn of(operator: &Operator, tournament: &Tournament, names: &Names) -> Self {
        let terms = tournament.terms();
        let key = names.leaderboard_of(&operator.id, &terms.id);
        Self {
            remembered: names.remembered_of(&key),
            key: key.into(),
            tournament: tournament.number,
            expires_at: Some(Timestamp::from_micros(terms.ends).plus_micros(KEPT_MICROS)),
            events_min: u64::from(terms.events_min).max(1),
        }
    }

    /// Whether it is shown at `now`.
    fn is_shown(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Whether a player with so many events is on it.
    pub(crate) const fn has(&self, events: u64) -> bool {
        events >= self.events_min
    }
}

/// What has become of leaderboards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is there, until its time.
    Shown(Arc<Board>),
    /// It is not.
    Gone(Arc<Board>),
}

impl Catalogue {
    /// Takes over what the rules say by now, and adds what has changed; all of it the first time.
    pub(crate) fn follow(
        &mut self,
        rules: Arc<Rules>,
        names: &Names,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        if self.rules.as_ref().is_some_and(|known| Arc::ptr_eq(known, &rules)) {
            return Ok(());
        }
        if !names.tell_operators_apart() && rules.operators().nth(1).is_some() {
            return Err(Error::SameNames);
        }
        for operator in rules.operators() {
            let known = self.operators.insert(operator.number, Arc::clone(operator));
            if known.is_none_or(|known| !Arc::ptr_eq(&known, operator)) {
                self.follow_operator(operator, names, now, changes);
            }
        }
        self.rules = Some(rules);
        Ok(())
    }

    fn follow_operator(
        &mut self,
        operator: &Operator,
        names: &Names,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        for tournament in operator.tournaments.all() {
            let (key, said) = ((operator.number, tournament.number), tournament.edited_from());
            if self.said.insert(key, said) == Some(said) {
                continue;
            }
            let board = Board::of(operator, tournament, names);
            if !board.is_shown(now) {
                self.boards.remove(&key);
                continue;
            }
            let board = Arc::new(board);
            // Of one that is filled only some have a score yet.
            let is_hidden = tournament.is_filling() || tournament.is_shadow();
            if tournament.is_scheduled() && !is_hidden {
                let before = self.boards.insert(key, Arc::clone(&board));
                if before.is_none() && tournament.terms().fill == Some(Fill::Done) {
                    self.filled.insert(key, Arc::clone(&board));
                }
                changes.push(Change::Shown(board));
            } else {
                // A draft has none, but it may have been one that was to begin; and a shadow is shown to staff alone.
                self.boards.remove(&key);
                changes.push(Change::Gone(board));
            }
        }
        self.boards.retain(|_, board| board.is_shown(now));
    }

    /// The leaderboards of tournaments that were filled, and nothing else: what players have come to there was not written as it
    /// came, so it has to be taken from the state. Nothing where there are none that were not taken before.
    pub(crate) fn take_filled(&mut self) -> Option<Self> {
        let boards = std::mem::take(&mut self.filled);
        (!boards.is_empty()).then(|| Self { boards, ..Self::default() })
    }

    /// Those of its leaderboards that another shows as well, which knows what was cancelled meanwhile.
    pub(crate) fn shown_in(&self, other: &Self) -> Self {
        let shown = self.boards.iter().filter(|(key, _)| other.boards.contains_key(key));
        let boards = shown.map(|(key, board)| (*key, Arc::clone(board))).collect();
        Self { boards, ..Self::default() }
    }

    /// The leaderboard of a tournament that is shown.
    pub(crate) fn board(
        &self,
        operator: u32,
        tournament: u32,
        now: Timestamp,
    ) -> Option<&Arc<Board>> {
        self.boards.get(&(operator, tournament)).filter(|board| board.is_shown(now))
    }

    /// The leaderboard of a game of all time, or of the day or week that it is at `now` in the operator's zone.
    pub(crate) fn board_of_game(
        &self,
        operator: u32,
        game: &str,
        occurrence: Occurrence,
        names: &Names,
        now: Timestamp,
    ) -> Option<Arc<Board>> {
        let operator = self.operators.get(&operator)?;
        let in_force = operator.versions.at(now).map(|version| &version.program.program);
        let utc = ZoneOffsets::default();
        let zone = in_force.map_or(&utc, |program| &program.zone);
        let bounds = occurrence.days().map(|days| days.map(|day| begin_of_day(day, zone)));
        if bounds.is_some_and(|[begins, ends]| now < begins || ends <= now) {
            return None;
        }
        let key = names.game_leaderboard_of(&operator.id, game, occurrence.period());
        Some(Arc::new(Board {
            remembered: names.remembered_of(&key),
            key: key.into(),
            tournament: occurrence.number(),
            expires_at: bounds.map(|[_, ends]| ends),
            events_min: 1,
        }))
    }
}
