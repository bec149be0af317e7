//! Leaderboards of the partitions that are here, in memory: made of the players' scores when somebody asks for one, and
//! brought up to date by those that have changed since.
//!
//! Most questions come while nothing has changed, or little: these wait for no fold, and need no thread of their own.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use accolade_domain::ledger::Subject;
use accolade_domain::ranking::Ties;
use accolade_domain::time::Timestamp;
use accolade_engine::board::{Board, Of};
use accolade_engine::partition::Partition;
use accolade_storage::host::NotHere;

use super::asked::{Game, Row};
use super::moved::{STANDS_MAX, Since};
use crate::lock::lock;
use crate::problem::Problem;
use crate::service::Service;

/// A leaderboard that nobody has asked for for so long is let go of.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Players that are looked at while the fold waits, and for how long it then has its turn.
const LOOKED_AT_ONCE: usize = 2_048;
const REST: Duration = Duration::from_micros(50);
/// So many changes of a partition are taken over by whoever asks; for more there is a thread.
const CHANGES_AT_ONCE: usize = 256;
/// Names of players who are shown again and again.
const NAMES_MAX: usize = 1_024;

/// Leaderboards of games together take as much memory as so many lines at most: there are as many as producers name games.
const GAMES_LINES_MAX: usize = 2_000_000;
/// As many lines as one without any takes.
const EMPTY_LINES: usize = 4;

/// The leaderboard of a tournament, or of a game.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The operator's number.
    operator: u32,
    /// The tournament's.
    tournament: u32,
    /// How often that is settled again.
    settlement: u32,
    game: Option<Game>,
}

/// All that somebody has asked for.
#[derive(Default)]
pub(crate) struct Boards(Mutex<BTreeMap<Key, Used>>);

/// When somebody has asked for it last.
struct Used {
    kept: Arc<RwLock<Kept>>,
    at: Instant,
}

/// What this node has of a leaderboard.
#[derive(Debug)]
pub(super) struct Kept {
    board: Board,
    looked: BTreeMap<u16, Looked>,
    names: Mutex<HashMap<Subject, Arc<str>>>,
}

/// How a partition was when its scores were taken over.
#[derive(Debug, Clone, Copy)]
struct Looked {
    changes: Option<u64>,
    applied: u64,
    time: Timestamp,
}

/// Whether whoever asks can wait: a thread of the runtime cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    Waits,
    None,
}

impl fmt::Debug for Boards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boards").field("boards", &lock(&self.0).len()).finish()
    }
}

impl Boards {
    /// What there is of a leaderboard; those that nobody asks for any more are let go of.
    fn kept(&self, of: &Of<'_>, partitions: u16) -> Arc<RwLock<Kept>> {
        let Of { operator, tournament, settlement, game } = *of;
        let game = game.map(|(id, occurrence)| Game { id: id.into(), occurrence });
        let key = Key { operator, tournament: tournament.number, settlement, game };
        let now = Instant::now();
        let mut all = lock(&self.0);
        if let Some(used) = all.get_mut(&key) {
            used.at = now;
            return Arc::clone(&used.kept);
        }
        all.retain(|_, used| now.duration_since(used.at) < KEPT_FOR);
        if key.game.is_some() {
            make_room(&mut all, GAMES_LINES_MAX);
        }
        let kept = Kept::new(tournament.decides().ties, partitions);
        let kept = Arc::new(RwLock::new(kept));
        all.insert(key, Used { kept: Arc::clone(&kept), at: now });
        kept
    }
}

/// Lets go of those leaderboards of games that nobody has asked for for longest, where all together have too many lines.
fn make_room(all: &mut BTreeMap<Key, Used>, lines_max: usize) {
    let of_games = all.iter().filter(|(key, _)| key.game.is_some()).filter_map(|(key, used)| {
        // Whoever holds one uses it.
        let kept = used.kept.try_read().ok()?;
        Some((used.at, key.clone(), kept.board.board().len() + EMPTY_LINES))
    });
    let mut of_games: Vec<_> = of_games.collect();
    let mut lines: usize = of_games.iter().map(|(.., lines)| lines).sum();
    of_games.sort_unstable();
    for (_, key, its_lines) in of_games {
        if lines <= lines_max {
            return;
        }
        all.remove(&key);
        lines -= its_lines;
    }
}

impl Kept {
    fn new(ties: Ties, partitions: u16) -> Self {
        let (board, looked) = (Board::new(ties, partitions), BTreeMap::new());
        Self { board, looked, names: Mutex::default() }
    }

    pub(super) const fn board(&self) -> &Board {
        &self.board
    }

    /// Whether no position changes any more in any of its partitions.
    pub(super) fn is_final(&self, of: &Of<'_>) -> bool {
        self.looked.values().all(|looked| of.is_final_at(looked.applied, looked.time))
    }

    /// Whether one of the first has another score since a time.
    pub(super) fn since(&self, since: Timestamp) -> Since {
        let mut first = self.board.board().from(1).take(STANDS_MAX);
        let has_changed = first.any(|line| line.standing.changed_at >= since);
        let time = self.looked.values().map(|looked| looked.time).min().unwrap_or_default();
        Since { has_changed, time: time.micros() }
    }

    /// A player's name, of one whose line everybody sees: who is excluded stands where positions are final alone.
    pub(super) fn name(&self, of: &Of<'_>, row: &Row) -> Option<Arc<str>> {
        let looked = self.looked.get(&row.partition)?;
        let moves = !of.is_final_at(looked.applied, looked.time);
        moves.then(|| lock(&self.names).get(&row.standing.subject).cloned())?
    }

    pub(super) fn remember(&self, subject: Subject, name: Arc<str>) {
        let mut names = lock(&self.names);
        if names.len() >= NAMES_MAX {
            names.clear();
        }
        names.insert(subject, name);
    }

    /// Whether it has these partitions as they are at this moment, and no others.
    fn is_up_to_date(&self, of: &Of<'_>, service: &Service, partitions: &[u16]) -> bool {
        self.board.ties() == of.tournament.decides().ties
            && self.looked.len() == partitions.len()
            && partitions.iter().all(|number| self.has_all_of(*number, service))
    }

    /// Whether it has a partition as that is at this moment.
    fn has_all_of(&self, number: u16, service: &Service) -> bool {
        let looked = self.looked.get(&number).and_then(|looked| looked.changes);
        looked.is_some_and(|changes| service.host.changes(number) == Some(changes))
    }

    /// Brings it up to date; `false` where somebody has to wait for that.
    fn follow(
        &mut self,
        of: &Of<'_>,
        service: &Service,
        partitions: &[u16],
        patience: Patience,
    ) -> Result<bool, NotHere> {
        let ties = of.tournament.decides().ties;
        if self.board.ties() != ties {
            *self = Self::new(ties, service.partitions());
        }
        let gone: Vec<_> = self.board.partitions().filter(|it| !partitions.contains(it)).collect();
        for number in gone {
            self.board.let_go(number);
            self.looked.remove(&number);
        }
        for number in partitions {
            if self.has_all_of(*number, service) {
                continue;
            }
            let follow = |partition: &Partition| self.follow_one(of, service, partition, patience);
            match service.read_with(patience, *number, follow)? {
                Some(true) => {}
                Some(false) if patience == Patience::Waits => self.make(of, service, *number)?,
                Some(false) | None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes over what has changed in a partition; `false` where that is too much.
    fn follow_one(
        &mut self,
        of: &Of<'_>,
        service: &Service,
        partition: &Partition,
        patience: Patience,
    ) -> bool {
        // Not one that could not be made to its end.
        let is_made = self.looked.contains_key(&partition.number());
        let lag = self.board.lag(of, partition).filter(|_| is_made);
        let is_little = |lag| patience == Patience::Waits || lag <= CHANGES_AT_ONCE;
        let has_followed = lag.is_some_and(is_little) && self.board.follow(of, partition);
        if has_followed {
            self.look(service, partition);
        }
        has_followed
    }

    fn look(&mut self, service: &Service, partition: &Partition) {
        let number = partition.number();
        let (applied, time) = (partition.rules().applied, partition.time());
        let changes = service.host.changes(number);
        self.looked.insert(number, Looked { changes, applied, time });
    }

    /// Looks at all players of a partition, a few at a time.
    fn make(&mut self, of: &Of<'_>, service: &Service, number: u16) -> Result<(), NotHere> {
        // What changes meanwhile is remembered.
        self.looked.remove(&number);
        service.read(number, |it| self.board.begin(of, it))?;
        let mut from = 0;
        while service.read(number, |it| self.board.look(of, it, from, LOOKED_AT_ONCE))? {
            from += LOOKED_AT_ONCE;
            std::thread::sleep(REST);
        }
        service.read(number, |partition| {
            if !self.board.follow(of, partition) {
                // So much has changed meanwhile that it is made while nothing does.
                self.board.begin(of, partition);
                self.board.look(of, partition, 0, usize::MAX);
            }
            self.look(service, partition);
        })
    }
}

impl Service {
    /// Reads from a partition that is here; nothing where that had to be waited for, and nobody does.
    pub(super) fn read_with<T>(
        &self,
        patience: Patience,
        number: u16,
        read: impl FnOnce(&Partition) -> T,
    ) -> Result<Option<T>, NotHere> {
        if patience == Patience::Waits {
            return self.read(number, read).map(Some);
        }
        let (mut read, mut found) = (Some(read), None);
        self.host.read_at_once(number, &mut |partition| {
            found = read.take().map(|read| read(partition));
        });
        Ok(found)
    }

    /// Remembers names of players whom a leaderboard has just shown.
    pub(super) fn remember_names<'n>(
        &self,
        of: &Of<'_>,
        names: impl Iterator<Item = (Subject, &'n Arc<str>)>,
    ) {
        let kept = self.boards.kept(of, self.partitions());
        if let Some(kept) = at_once(kept.try_read()) {
            names.for_each(|(subject, name)| kept.remember(subject, Arc::clone(name)));
        }
    }

    /// Does something with a leaderboard as it is now in partitions that are here; nothing where that had to be waited for,
    /// and nobody does.
    pub(super) fn with_board<T>(
        &self,
        of: &Of<'_>,
        partitions: &[u16],
        patience: Patience,
        work: impl FnOnce(&Kept) -> T,
    ) -> Result<Option<T>, Problem> {
        let kept = self.boards.kept(of, self.partitions());
        let read = match patience {
            Patience::Waits => Some(kept.read().unwrap_or_else(PoisonError::into_inner)),
            Patience::None => at_once(kept.try_read()),
        };
        if let Some(kept) = read.filter(|kept| kept.is_up_to_date(of, self, partitions)) {
            return Ok(Some(work(&kept)));
        }
        let write = match patience {
            Patience::Waits => Some(kept.write().unwrap_or_else(PoisonError::into_inner)),
            Patience::None => at_once(kept.try_write()),
        };
        let Some(mut kept) = write else { return Ok(None) };
        let has_followed = kept.follow(of, self, partitions, patience)?;
        Ok(has_followed.then(|| work(&kept)))
    }
}

/// What was had without waiting.
fn at_once<G>(tried: Result<G, TryLockError<G>>) -> Option<G> {
    match tried {
        Ok(had) => Some(had),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
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
        };
        let began = Instant::now();
        let keys =
            [key(7, None), key(0, Some("oldest")), key(0, Some("older")), key(0, Some("new"))];
        let mut all: BTreeMap<_, _> = BTreeMap::new();
        for (seconds, key) in (0..).zip(&keys) {
            let at = began + Duration::from_secs(seconds);
            let kept = Arc::new(RwLock::new(Kept::new(Ties::First, 4)));
            all.insert(key.clone(), Used { kept, at });
        }
        make_room(&mut all, 3 * EMPTY_LINES);
        assert_eq!(all.len(), 4);
        make_room(&mut all, 2 * EMPTY_LINES);
        assert!(!all.contains_key(&keys[1]) && all.len() == 3);
        // Whoever holds one uses it.
        let held = Arc::clone(&all[&keys[2]].kept);
        let held = held.write().unwrap();
        make_room(&mut all, 0);
        drop(held);
        assert!(all.keys().eq([&keys[2], &keys[0]]));
    }
}
