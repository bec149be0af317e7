//! When players were excluded, for game events, whose outcome does not say so.
//!
//! Known is the exclusion that a player has now, or had last, and what the log of the period says. One that had begun before,
//! and after which the player was excluded again, is not known.

use std::collections::BTreeMap;

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::control::Command;
use accolade_wire::dialect::Dialect;
use accolade_wire::record::{Kind, Record};

use crate::partition::Partition;

/// From when until when each player was excluded.
#[derive(Debug, Default)]
pub struct Excluded(BTreeMap<Box<str>, Vec<(Timestamp, Timestamp)>>);

/// What is for ever.
const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

/// What the log says of a player's exclusion.
#[derive(Debug, Clone)]
pub enum Exclusion {
    /// It begins, until then.
    Begins(Box<str>, Timestamp),
    /// It ends.
    Ends(Box<str>),
}

impl Exclusion {
    /// What a command of an operator's has done.
    pub fn of(record: &Record<'_>, outcome: &Outcome, behaviour: u16) -> Option<Self> {
        let is_done = matches!(outcome, Outcome::Done { .. });
        let body = Some(record.body).filter(|_| record.kind == Kind::Command && is_done)?;
        match (Dialect::of(behaviour).command)(str::from_utf8(body).ok()?) {
            Ok(Command::Exclude { player_id, until, .. }) => {
                Some(Self::Begins(player_id.into(), until.map_or(NEVER, Timestamp::from_micros)))
            }
            Ok(Command::Readmit { player_id, .. }) => Some(Self::Ends(player_id.into())),
            _ => None,
        }
    }
}

impl Excluded {
    /// Adds those of an operator, by number, that a partition's state has and that had begun before a moment. What began later
    /// the log says where it stands: events may be before it in the same batch.
    pub fn add_state(&mut self, partition: &Partition, operator: u32, begins: Timestamp) {
        for (ordinal, exclusion) in partition.tables().exclusions.iter() {
            let player = partition.players().get(*ordinal);
            if player.operator == operator && exclusion.from < begins {
                let until = exclusion.until.unwrap_or(NEVER);
                self.add(&player.name.text(), (exclusion.from, until));
            }
        }
    }

    /// Adds what the log says.
    pub fn hear(&mut self, exclusion: Exclusion, now: Timestamp) {
        match exclusion {
            Exclusion::Begins(player, until) => self.add(&player, (now, until)),
            Exclusion::Ends(player) => {
                let all = self.0.get_mut(&player).into_iter().flatten();
                for (_, until) in all.filter(|(from, until)| *from <= now && now < *until) {
                    *until = now;
                }
            }
        }
    }

    fn add(&mut self, player: &str, times: (Timestamp, Timestamp)) {
        self.0.entry(player.into()).or_default().push(times);
    }

    /// Whether a player is excluded at a moment.
    pub fn holds(&self, player: &str, now: Timestamp) -> bool {
        // Mostly nobody is.
        let all = if self.0.is_empty() { None } else { self.0.get(player) };
        all.into_iter().flatten().copied().any(|(from, until)| from <= now && now < until)
    }
}
