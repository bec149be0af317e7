//! Leaderboards of the partitions that are here, in memory: made of the players' scores when somebody asks for one, and
//! brought up to date by those that have changed since.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::ranking::{Leaderboard, Ties};
use accolade_engine::board::PartBoard;
use accolade_engine::partition::Partition;
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
    /// How often that is settled again.
    settlement: u32,
    partition: u16,
}

/// All that somebody has asked for.
#[derive(Default)]
pub(crate) struct Boards(Mutex<BTreeMap<Key, Arc<Mutex<Part>>>>);

/// What one partition has of a tournament.
struct Part {
    board: PartBoard,
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
        let Of { operator, tournament, settlement } = *of;
        let key = Key { operator, tournament: tournament.number, settlement, partition };
        let now = Instant::now();
        let mut parts = lock(&self.0);
        if !parts.contains_key(&key) {
            // Whoever holds one uses it.
            let is_used = |part: &Arc<Mutex<Part>>| {
                part.try_lock().map_or(true, |part| now.duration_since(part.used) < KEPT_FOR)
            };
            parts.retain(|_, part| is_used(part));
        }
        let new = || Arc::new(Mutex::new(Part::new(tournament.decides().ties, settlement)));
        Arc::clone(parts.entry(key).or_insert_with(new))
    }
}

impl Part {
    fn new(ties: Ties, settlement: u32) -> Self {
        Self { board: PartBoard::new(ties, settlement), used: Instant::now() }
    }

    fn follow(&mut self, of: &Of<'_>, partition: &Partition) -> bool {
        self.board.follow(of.operator, of.tournament, partition)
    }

    /// Looks at all players, a few at a time.
    fn make(&mut self, of: &Of<'_>, service: &Service, number: u16) -> Result<(), NotHere> {
        let Of { operator, tournament, settlement } = *of;
        // What changes meanwhile is remembered; one that cannot be finished is not kept.
        let mut board = service.read(number, |it| PartBoard::begun(tournament, settlement, it))?;
        let mut from = 0;
        let mut look = |from| {
            service.read(number, |it| board.look(operator, tournament, it, from, LOOKED_AT_ONCE))
        };
        while look(from)? {
            from += LOOKED_AT_ONCE;
            std::thread::sleep(REST);
        }
        self.board = board;
        Ok(())
    }
}

/// Which tournament.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'t> {
    /// The operator's number.
    pub(super) operator: u32,
    pub(super) tournament: &'t Tournament,
    /// How often it is settled again: with what had come late by then.
    pub(super) settlement: u32,
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
                part.board = PartBoard::begun(of.tournament, of.settlement, partition);
                part.board.look(of.operator, of.tournament, partition, 0, usize::MAX);
            }
            work(part.board.board(), partition)
        })
    }
}
