//! Leaderboards of the partitions that are here, in memory: made of the players' scores when somebody asks for one, and
//! brought up to date by those that have changed since.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::ranking::{Leaderboard, Ties};
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::tournaments::Tournament;
use accolade_storage::host::NotHere;

use crate::lock::lock;
use crate::service::Service;

/// A leaderboard that nobody has asked for for so long is let go of.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Players that are looked at while the fold waits, and for how long it then has its turn.
const LOOKED_AT_ONCE: usize = 2_048;
const REST: Duration = Duration::from_micros(50);

/// The leaderboard of a tournament in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The operator's number.
    operator: u32,
    /// The tournament's.
    tournament: u32,
    partition: u16,
}

/// All that somebody has asked for.
#[derive(Default)]
pub(crate) struct Boards(Mutex<BTreeMap<Key, Arc<Mutex<Part>>>>);

/// What one partition has of a tournament.
struct Part {
    board: Leaderboard,
    /// The batch up to which it has all scores.
    batch: Option<u64>,
    used: Instant,
}

impl fmt::Debug for Boards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boards").field("parts", &lock(&self.0).len()).finish()
    }
}

impl Boards {
    /// The part of a partition; those that nobody asks for any more are let go of.
    fn part(&self, of: &Of<'_>, partition: u16) -> Arc<Mutex<Part>> {
        let Of { operator, tournament } = *of;
        let key = Key { operator, tournament: tournament.number, partition };
        let now = Instant::now();
        let mut parts = lock(&self.0);
        if !parts.contains_key(&key) {
            // Whoever holds one uses it.
            let is_used = |part: &Arc<Mutex<Part>>| {
                part.try_lock().map_or(true, |part| now.duration_since(part.used) < KEPT_FOR)
            };
            parts.retain(|_, part| is_used(part));
        }
        let new = || Arc::new(Mutex::new(Part::new(tournament.decides().ties)));
        Arc::clone(parts.entry(key).or_insert_with(new))
    }
}

impl Part {
    fn new(ties: Ties) -> Self {
        Self { board: Leaderboard::new(ties), batch: None, used: Instant::now() }
    }

    /// Takes over what has changed, as far as the partition remembers that; says whether it does.
    fn follow(&mut self, of: &Of<'_>, partition: &Partition) -> bool {
        let changed = self.batch.and_then(|batch| partition.scored_after(batch));
        let Some(changed) = changed else { return false };
        let players = partition.players().all().len();
        // One that was taken back is not there any more.
        for player in changed.filter(|player| (*player as usize) < players) {
            self.board.set(player, partition.standing(of.operator, of.tournament, player));
        }
        // What stands within a batch is looked at again.
        self.batch = Some(partition.next_batch() - 1);
        true
    }

    /// Looks at so many players from one on; says whether there are more.
    fn look(&mut self, of: &Of<'_>, partition: &Partition, from: usize, count: usize) -> bool {
        let players = partition.players().all().len();
        let to = from.saturating_add(count).min(players);
        for player in from..to {
            let player = Ordinal::try_from(player).expect("an ordinal of a player");
            self.board.set(player, partition.standing(of.operator, of.tournament, player));
        }
        to < players
    }

    /// Looks at all players, a few at a time.
    fn make(&mut self, of: &Of<'_>, service: &Service, number: u16) -> Result<(), NotHere> {
        *self = Self::new(of.tournament.decides().ties);
        let mut from = 0;
        // What changes meanwhile is remembered.
        self.batch = Some(service.read(number, |partition| partition.next_batch() - 1)?);
        while service.read(number, |partition| self.look(of, partition, from, LOOKED_AT_ONCE))? {
            from += LOOKED_AT_ONCE;
            std::thread::sleep(REST);
        }
        Ok(())
    }
}

/// Which tournament.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'t> {
    /// The operator's number.
    pub(super) operator: u32,
    pub(super) tournament: &'t Tournament,
}

impl Service {
    /// Does something with the leaderboard of a tournament in a partition that is here, as both are now. May wait, and
    /// hold the partition up: not for a thread of the runtime.
    pub(super) fn with_board<T>(
        &self,
        of: &Of<'_>,
        number: u16,
        work: impl FnOnce(&Leaderboard, &Partition) -> T,
    ) -> Result<T, NotHere> {
        let part = self.boards.part(of, number);
        let mut part = lock(&part);
        part.used = Instant::now();
        if !self.read(number, |partition| part.follow(of, partition))? {
            part.make(of, self, number)?;
        }
        self.read(number, |partition| {
            if !part.follow(of, partition) {
                // So much has changed meanwhile that it is made while nothing does.
                part.batch = Some(partition.next_batch() - 1);
                part.look(of, partition, 0, usize::MAX);
            }
            work(&part.board, partition)
        })
    }
}
