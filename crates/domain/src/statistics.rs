//! What is counted of a player's game events: how many there were, of which types and in which games, and the last one.
//!
//! Producers call types and games as they like, so only the first of them are counted by themselves: nothing that comes
//! in makes what is kept of a player grow without end. The others are in the sums.

use crate::event::GameEvent;
use crate::time::Timestamp;

/// So many types of a player's events are counted by themselves.
pub const TYPES_MAX: usize = 64;
/// So many pairs of a game and a type are.
pub const PAIRS_MAX: usize = 256;

/// What was counted of a player's game events. Names are borrowed from where it is kept, and from the event that is
/// counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics<'a> {
    /// How many there were.
    pub total: u64,
    /// How many of each type, in the order in which the types came.
    pub types: Vec<(&'a str, u64)>,
    /// The games, in the order in which they came.
    pub games: Vec<&'a str>,
    /// How many of a type in a game.
    pub pairs: Vec<Pair>,
    /// The last event.
    pub last: Option<LastEvent<'a>>,
}

/// How many events of a type there were in a game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Which of the games.
    pub game: usize,
    /// Which of the types.
    pub of_type: usize,
    /// How many.
    pub count: u64,
}

/// A player's last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastEvent<'a> {
    /// Its id.
    pub event_id: &'a str,
    /// What happened.
    pub event_type: &'a str,
    /// In which game.
    pub game_id: &'a str,
    /// When, by the event's own time.
    pub at: Timestamp,
}

impl<'a> Statistics<'a> {
    /// Counts an event. Returns how many of its type there were with it; `None` where the type is not counted by itself.
    pub fn count(&mut self, event: &'a GameEvent<'_>) -> Option<u64> {
        self.total += 1;
        // One that comes late is not the last. Of two of one moment, the later in the log is.
        if self.last.is_none_or(|last| last.at <= event.at) {
            let GameEvent { event_id, event_type, game_id, at, .. } = event;
            self.last = Some(LastEvent { event_id, event_type, game_id, at: *at });
        }
        let of_type = self.find_type(&event.event_type)?;
        self.types[of_type].1 += 1;
        self.count_pair(of_type, &event.game_id);
        Some(self.types[of_type].1)
    }

    /// How many events are of types that are not counted by themselves.
    pub fn other_types(&self) -> u64 {
        self.total - self.types.iter().map(|(_, count)| count).sum::<u64>()
    }

    /// How many events are in no game that is counted by itself, or of no type that is there.
    pub fn other_games(&self) -> u64 {
        self.total - self.pairs.iter().map(|pair| pair.count).sum::<u64>()
    }

    fn find_type(&mut self, name: &'a str) -> Option<usize> {
        let found = self.types.iter().position(|(known, _)| *known == name);
        if found.is_none() && self.types.len() < TYPES_MAX {
            self.types.push((name, 0));
            return Some(self.types.len() - 1);
        }
        found
    }

    fn count_pair(&mut self, of_type: usize, game_id: &'a str) {
        let game = self.games.iter().position(|known| *known == game_id);
        let is_it = |pair: &&mut Pair| Some(pair.game) == game && pair.of_type == of_type;
        if let Some(pair) = self.pairs.iter_mut().find(is_it) {
            pair.count += 1;
            return;
        }
        if self.pairs.len() == PAIRS_MAX {
            return;
        }
        let game = game.unwrap_or_else(|| {
            self.games.push(game_id);
            self.games.len() - 1
        });
        self.pairs.push(Pair { game, of_type, count: 1 });
    }
}
