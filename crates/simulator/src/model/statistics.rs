//! How many game events a player had, of every type in every game.

use std::collections::BTreeMap;

use super::ModelAccount;
use crate::input::ModelGame;

/// What was counted of a player's game events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelStatistics {
    /// By type and game.
    pub counts: BTreeMap<(String, String), u64>,
    /// When the newest happened, and its id.
    pub last: Option<(i64, String)>,
}

impl ModelStatistics {
    /// How many there were of each type.
    pub fn by_type(&self) -> BTreeMap<&str, u64> {
        let mut by_type = BTreeMap::new();
        for ((event_type, _), count) in &self.counts {
            *by_type.entry(&**event_type).or_default() += count;
        }
        by_type
    }
}

impl ModelAccount {
    pub(super) fn count_event(&mut self, game: &ModelGame) {
        let ModelStatistics { counts, last } = &mut self.statistics;
        *counts.entry((game.event_type.clone(), game.game_id.clone())).or_default() += 1;
        if last.as_ref().is_none_or(|(at, _)| *at <= game.timestamp) {
            *last = Some((game.timestamp, game.event_id.clone()));
        }
    }
}
