//! Leaderboards of the partitions that are here, in memory: made of the players' scores when somebody asks for one, and
//! brought up to date by those that have changed since.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::ranking::{Leaderboard, Ties};
use accolade_domain::time::Timestamp;
use accolade_engine::board::{Of, PartBoard};
use accolade_engine::partition::Partition;
use accolade_storage::host::NotHere;

use super::asked::Game;
use crate::lock::lock;
use crate::problem::Problem;
use crate::service::Service;

/// A leaderboard that nobody has asked for for so long is let go of.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Players that are looked at while the fold waits, and for how long it then has its turn.
const LOOKED_AT_ONCE: usize = 2_048;
const REST: Duration = Duration::from_micros(50);

/// Leaderboards of games together take as much memory as so many lines at most: there are as many as producers name games.
const GAMES_LINES_MAX: usize = 2_000_000;
/// As many lines as one without any takes.
const EMPTY_LINES: usize = 4;

/// The leaderboard of a tournament, or of a game, in one partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The operator's number.
    operator: u32,
    /// The tournament's.
    tournament: u32,
    /// How often that is settled again.
    settlement: u32,
    game: Option<Game>,
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
        let Of { operator, tournament, settlement, game } = *of;
        let game = game.map(|(id, occurrence)| Game { id: id.into(), occurrence });
        let key = Key { operator, tournament: tournament.number, settlement, game, partition };
        let now = Instant::now();
        let mut parts = lock(&self.0);
        if !parts.contains_key(&key) {
            // Whoever holds one uses it.
            let is_used = |part: &Arc<Mutex<Part>>| {
                part.try_lock().map_or(true, |part| now.duration_since(part.used) < KEPT_FOR)
            };
            parts.retain(|_, part| is_used(part));
            if key.game.is_some() {
                make_room(&mut parts, GAMES_LINES_MAX);
            }
        }
        let new = || Arc::new(Mutex::new(Part::new(tournament.decides().ties)));
        Arc::clone(parts.entry(key).or_insert_with(new))
    }
}

/// Lets go of those leaderboards of games that nobody has asked for for longest, where all together have too many lines.
fn make_room(parts: &mut BTreeMap<Key, Arc<Mutex<Part>>>, lines_max: usize) {
    let of_games = parts.iter().filter(|(key, _)| key.game.is_some()).filter_map(|(key, part)| {
        let part = part.try_lock().ok()?;
        Some((part.used, key.clone(), part.board.board().len() + EMPTY_LINES))
    });
    let mut of_games: Vec<_> = of_games.collect();
    let mut lines: usize = of_games.iter().map(|(.., lines)| lines).sum();
    of_games.sort_unstable();
    for (_, key, its_lines) in of_games {
        if lines <= lines_max {
            return;
        }
        parts.remove(&key);
        lines -= its_lines;
    }
}

impl Part {
    fn new(ties: Ties) -> Self {
        Self { board: PartBoard::new(ties), used: Instant::now() }
    }

    fn follow(&mut self, of: &Of<'_>, partition: &Partition) -> bool {
        self.board.follow(of, partition)
    }

    /// Looks at all players, a few at a time.
    fn make(&mut self, of: &Of<'_>, service: &Service, number: u16) -> Result<(), NotHere> {
        // What changes meanwhile is remembered; one that cannot be finished is not kept.
        let mut board = service.read(number, |it| PartBoard::begun(of, it))?;
        let mut from = 0;
        let mut look = |from| service.read(number, |it| board.look(of, it, from, LOOKED_AT_ONCE));
        while look(from)? {
            from += LOOKED_AT_ONCE;
            std::thread::sleep(REST);
        }
        self.board = board;
        Ok(())
    }
}

impl Service {
    /// As [`Service::with_board`], or with the leaderboard as it was, beside the partition as it is.
    pub(super) fn with_board_of<T>(
        &self,
        of: &Of<'_>,
        number: u16,
        at: Option<Timestamp>,
        work: impl FnOnce(&Leaderboard, &Partition) -> T,
    ) -> Result<T, Problem> {
        let Some(at) = at else { return Ok(self.with_board(of, number, work)?) };
        let board = self.past_board(of, number, at)?;
        Ok(self.read(number, |partition| work(&board, partition))?)
    }

    /// Does something with a leaderboard in a partition that is here, as both are now. May wait, and
    /// hold the partition up: not for a thread of the runtime.
    fn with_board<T>(
        &self,
        of: &Of<'_>,
        number: u16,
        work: impl FnOnce(&Leaderboard, &Partition) -> T,
    ) -> Result<T, NotHere> {
        let part = self.boards.part(of, number);
        let mut part = lock(&part);
        part.used = Instant::now();
        // Nearly always it is there, and followed at once.
        let mut work = Some(work);
        let done = self.read(number, |partition| {
            let work = part.follow(of, partition).then(|| work.take()).flatten();
            work.map(|work| work(part.board.board(), partition))
        })?;
        let Some(work) = work else { return Ok(done.expect("it was done")) };
        part.make(of, self, number)?;
        self.read(number, |partition| {
            if !part.follow(of, partition) {
                // So much has changed meanwhile that it is made while nothing does.
                part.board = PartBoard::begun(of, partition);
                part.board.look(of, partition, 0, usize::MAX);
            }
            work(part.board.board(), partition)
        })
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::games::Occurrence;

    use super::*;

    #[test]
    fn leaderboards_of_games_that_nobody_asks_for_make_room_and_tournaments_stay() {
        let key = |tournament, game: Option<&str>| Key {
            operator: 1,
            tournament,
            settlement: 0,
            game: game.map(|id| Game { id: id.into(), occurrence: Occurrence::ALL_TIME }),
            partition: 0,
        };
        let began = Instant::now();
        let keys =
            [key(7, None), key(0, Some("oldest")), key(0, Some("older")), key(0, Some("new"))];
        let mut parts: BTreeMap<_, _> = BTreeMap::new();
        for (seconds, key) in (0..).zip(&keys) {
            let used = began + Duration::from_secs(seconds);
            let part = Part { used, ..Part::new(Ties::First) };
            parts.insert(key.clone(), Arc::new(Mutex::new(part)));
        }
        make_room(&mut parts, 3 * EMPTY_LINES);
        assert_eq!(parts.len(), 4);
        make_room(&mut parts, 2 * EMPTY_LINES);
        assert!(!parts.contains_key(&keys[1]) && parts.len() == 3);
        // Whoever holds one uses it.
        let held = Arc::clone(&parts[&keys[2]]);
        let held = lock(&held);
        make_room(&mut parts, 0);
        drop(held);
        assert!(parts.keys().eq([&keys[2], &keys[0]]));
    }
}
