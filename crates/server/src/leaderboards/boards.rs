//! Leaderboards of the partitions that are here, in memory: made of the players' scores when somebody asks for one, and
//! brought up to date by those that have changed since.
//!
//! Most questions come while nothing has changed, or little: these wait for no fold, and need no thread of their own.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, TryLockError};
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
use crate::problem::{Problem, Refusal};
use crate::service::Service;

/// A leaderboard that nobody has asked for for so long is let go of.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Players that are looked at while the fold waits, and for how long it then has its turn.
const LOOKED_AT_ONCE: usize = 2_048;
const REST: Duration = Duration::from_micros(50);
/// So many changes are taken over by whoever asks; for more there is a thread.
const CHANGES_AT_ONCE: usize = 1_024;
/// Names of players who are shown again and again.
const NAMES_MAX: usize = 1_024;

/// Leaderboards of games together take as much memory as so many lines at most: there are as many as producers name games.
const GAMES_LINES_MAX: usize = 2_000_000;
/// And so do those of tournaments that are over: an operator may look through all that there were in a month.
const FINAL_LINES_MAX: usize = 10_000_000;
/// As many lines as one without any takes.
const EMPTY_LINES: usize = 64;
/// So many of one operator are made at once, since each looks at all players: games may be named that nobody knows.
const MADE_AT_ONCE: usize = 4;
/// How long whoever asks waits for that.
const TURN_TIME: Duration = Duration::from_secs(5);

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
pub(crate) struct Boards {
    all: Mutex<BTreeMap<Key, Used>>,
    making: Making,
}

/// How many are being made, by the operator's number.
#[derive(Default)]
struct Making {
    by_operator: Mutex<BTreeMap<u32, usize>>,
    one_is_made: Condvar,
}

/// One of them is being made, until this is dropped.
struct Turn<'m> {
    making: &'m Making,
    operator: u32,
}

impl Making {
    /// Waits until another of an operator's may be made, for so long at most.
    fn turn(&self, operator: u32, patience: Duration) -> Result<Turn<'_>, Problem> {
        let is_full = |all: &mut BTreeMap<u32, usize>| {
            all.get(&operator).is_some_and(|count| *count >= MADE_AT_ONCE)
        };
        let all = lock(&self.by_operator);
        let waited = self.one_is_made.wait_timeout_while(all, patience, is_full);
        let (mut all, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            let detail = "other leaderboards of the operator are being made: ask again";
            return Err(Problem::new(Refusal::Busy, detail));
        }
        *all.entry(operator).or_default() += 1;
        Ok(Turn { making: self, operator })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = lock(&self.making.by_operator);
        if let Some(count) = all.get_mut(&self.operator) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.operator);
            }
        }
        drop(all);
        self.making.one_is_made.notify_all();
    }
}

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

impl Looked {
    /// Whether no record changes a score there any more.
    fn is_final(&self, of: &Of<'_>) -> bool {
        of.is_final_at(self.applied, self.time)
    }
}

/// Whether whoever asks can wait: a thread of the runtime cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    Waits,
    None,
}

impl fmt::Debug for Boards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boards").field("boards", &lock(&self.all).len()).finish_non_exhaustive()
    }
}

impl Boards {
    /// What there is of a leaderboard.
    fn find(&self, of: &Of<'_>) -> Option<Arc<RwLock<Kept>>> {
        let mut all = lock(&self.all);
        let used = all.get_mut(&Key::of(of))?;
        used.at = Instant::now();
        Some(Arc::clone(&used.kept))
    }

    /// The same, or one without players; those that nobody asks for any more are let go of.
    fn kept(&self, of: &Of<'_>, partitions: u16) -> Arc<RwLock<Kept>> {
        if let Some(kept) = self.find(of) {
            return kept;
        }
        let (key, now) = (Key::of(of), Instant::now());
        let mut all = lock(&self.all);
        let is_left = |_: &Key, used: &mut Used| now.duration_since(used.at) >= KEPT_FOR;
        let mut left: Vec<Used> = all.extract_if(.., is_left).map(|(_, used)| used).collect();
        left.extend(if key.game.is_some() {
            make_room(&mut all, GAMES_LINES_MAX, |key, _| key.game.is_some())
        } else {
            make_room(&mut all, FINAL_LINES_MAX, |_, kept| kept.is_over())
        });
        // Another may have been quicker.
        let used = all.entry(key).or_insert_with(|| {
            let kept = Kept::new(of.tournament.decides().ties, partitions);
            Used { kept: Arc::new(RwLock::new(kept)), at: now }
        });
        let kept = Arc::clone(&used.kept);
        // Giving their memory back takes a while.
        drop(all);
        drop(left);
        kept
    }
}

impl Key {
    fn of(of: &Of<'_>) -> Self {
        let Of { operator, tournament, settlement, game } = *of;
        let game = game.map(|(id, occurrence)| Game { id: id.into(), occurrence });
        Self { operator, tournament: tournament.number, settlement, game }
    }
}

/// Takes out those of some leaderboards that nobody has asked for for longest, where all of these together have too many lines.
fn make_room(
    all: &mut BTreeMap<Key, Used>,
    lines_max: usize,
    is_it: impl Fn(&Key, &Kept) -> bool,
) -> Vec<Used> {
    let some = all.iter().filter_map(|(key, used)| {
        // Whoever holds one uses it.
        let kept = used.kept.try_read().ok()?;
        let lines = kept.board.board().len() + EMPTY_LINES;
        is_it(key, &kept).then(|| (used.at, key.clone(), lines))
    });
    let mut some: Vec<_> = some.collect();
    let mut lines: usize = some.iter().map(|(.., lines)| lines).sum();
    some.sort_unstable();
    let mut left = Vec::new();
    for (_, key, its_lines) in some {
        if lines <= lines_max {
            break;
        }
        left.extend(all.remove(&key));
        lines -= its_lines;
    }
    left
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
        self.looked.iter().all(|(number, it)| self.board.is_final_in(*number) && it.is_final(of))
    }

    /// Whether no position changes any more in any of its partitions, of which it has some.
    fn is_over(&self) -> bool {
        let mut partitions = self.board.partitions().peekable();
        partitions.peek().is_some() && partitions.all(|number| self.board.is_final_in(number))
    }

    /// Whether one of the first has another score since a time.
    pub(super) fn since(&self, since: Timestamp) -> Since {
        let mut first = self.board.board().from(1).take(STANDS_MAX);
        let has_changed = first.any(|line| line.standing.changed_at >= since);
        let time = self.looked.values().map(|looked| looked.time).min().unwrap_or_default();
        Since { has_changed, time: time.micros() }
    }

    /// A player's name, of one whose line everybody sees: who is excluded stands where positions are final alone.
    pub(super) fn name(&self, row: &Row) -> Option<Arc<str>> {
        let moves = !self.board.is_final_in(row.partition);
        moves.then(|| lock(&self.names).get(&row.standing.subject).cloned())?
    }

    pub(super) fn remember(&self, subject: Subject, name: Arc<str>) {
        let mut names = lock(&self.names);
        if names.len() >= NAMES_MAX {
            names.clear();
        }
        names.insert(subject, name);
    }

    /// Whether it has these partitions as they are at this moment, and nothing of one that is not here.
    fn is_up_to_date(&self, of: &Of<'_>, service: &Service, partitions: &[u16]) -> bool {
        self.board.ties() == of.tournament.decides().ties
            && partitions.iter().all(|number| self.has_all_of(of, *number, service))
            && self.gone(service, partitions).next().is_none()
    }

    /// Partitions of which it has something, that are not here any more. Who asks for some may have yet to hear that others
    /// are here as well, and those stay.
    fn gone(&self, service: &Service, asked: &[u16]) -> impl Iterator<Item = u16> {
        let is_here = move |number: u16| service.host.whereabouts(number).is_ok();
        self.board.partitions().filter(move |it| !asked.contains(it) && !is_here(*it))
    }

    /// Does something with what it has of some partitions, of all of which it has something.
    fn with<T>(&self, partitions: &[u16], work: impl FnOnce(&Self) -> T) -> T {
        if self.board.partitions().all(|it| partitions.contains(&it)) {
            return work(self);
        }
        work(&self.only(partitions))
    }

    fn only(&self, partitions: &[u16]) -> Self {
        let looked = self.looked.iter().filter(|(number, _)| partitions.contains(number));
        let looked = looked.map(|(number, looked)| (*number, *looked)).collect();
        let names = Mutex::new(lock(&self.names).clone());
        Self { board: self.board.only(partitions), looked, names }
    }

    /// Whether it has a partition as that is at this moment.
    fn has_all_of(&self, of: &Of<'_>, number: u16, service: &Service) -> bool {
        let Some(looked) = self.looked.get(&number) else { return false };
        let is_same = looked.changes.is_some() && looked.changes == service.host.changes(number);
        // It was made by what was said of the tournament then: who is left out may be back.
        is_same && (self.board.is_final_in(number) || !looked.is_final(of))
    }

    /// Brings it up to date; `false` where somebody has to wait for that.
    fn follow(
        &mut self,
        of: &Of<'_>,
        service: &Service,
        partitions: &[u16],
        patience: Patience,
    ) -> Result<bool, Problem> {
        let ties = of.tournament.decides().ties;
        if self.board.ties() != ties {
            *self = Self::new(ties, service.partitions());
        }
        let gone: Vec<u16> = self.gone(service, partitions).collect();
        for number in gone {
            self.board.let_go(number);
            self.looked.remove(&number);
        }
        let mut left = if patience == Patience::Waits { usize::MAX } else { CHANGES_AT_ONCE };
        let mut turn = None;
        for number in partitions {
            if self.has_all_of(of, *number, service) {
                continue;
            }
            let follow = |partition: &Partition| self.follow_one(of, service, partition, &mut left);
            let followed = match patience {
                Patience::Waits => service.read_unproven(*number, follow).map(Some),
                Patience::None => service.read_with(patience, *number, follow),
            };
            match followed? {
                Some(true) => {}
                Some(false) if patience == Patience::Waits => {
                    if turn.is_none() {
                        turn = Some(service.boards.making.turn(of.operator, TURN_TIME)?);
                    }
                    self.make(of, service, *number)?;
                }
                Some(false) | None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes over what has changed in a partition; `false` where that is more than what is `left` of what may be.
    fn follow_one(
        &mut self,
        of: &Of<'_>,
        service: &Service,
        partition: &Partition,
        left: &mut usize,
    ) -> bool {
        // Not one that could not be made to its end.
        let is_made = self.looked.contains_key(&partition.number());
        let lag = self.board.lag(of, partition).filter(|_| is_made);
        let Some(rest) = lag.and_then(|lag| left.checked_sub(lag)) else { return false };
        *left = rest;
        let has_followed = self.board.follow(of, partition);
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
        // Before the fold waits: there may be very many. What changes from then on is remembered.
        self.looked.remove(&number);
        self.board.let_go(number);
        service.read_unproven(number, |it| self.board.begin(of, it))?;
        let mut from = 0;
        while service.read_unproven(number, |it| self.board.look(of, it, from, LOOKED_AT_ONCE))? {
            from += LOOKED_AT_ONCE;
            std::thread::sleep(REST);
        }
        let has_followed = service.read_unproven(number, |partition| {
            let has_followed = self.board.follow(of, partition);
            if has_followed {
                self.look(service, partition);
            }
            has_followed
        })?;
        if has_followed {
            return Ok(());
        }
        // So much has changed meanwhile that it is made while nothing does.
        self.board.let_go(number);
        service.read_unproven(number, |partition| {
            self.board.begin(of, partition);
            self.board.look(of, partition, 0, usize::MAX);
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
        let Some(kept) = self.boards.find(of) else { return };
        if let Ok(kept) = kept.try_read() {
            names.for_each(|(subject, name)| kept.remember(subject, Arc::clone(name)));
        }
    }

    /// Does something with a leaderboard as it is now in partitions that are here; nothing where that had to be waited for,
    /// and nobody does. Whoever waits asks afterwards for the proof that they were here: nobody who asks for the same
    /// leaderboard waits for that.
    pub(super) fn with_board<T>(
        &self,
        of: &Of<'_>,
        partitions: &[u16],
        patience: Patience,
        work: impl FnOnce(&Kept) -> T,
    ) -> Result<Option<T>, Problem> {
        let kept = match patience {
            Patience::Waits => Some(self.boards.kept(of, self.partitions())),
            Patience::None => self.boards.find(of),
        };
        let Some(kept) = kept else { return Ok(None) };
        let read = match patience {
            Patience::Waits => kept.read().ok(),
            Patience::None => kept.try_read().ok(),
        };
        if let Some(board) = read.filter(|board| board.is_up_to_date(of, self, partitions)) {
            return Ok(Some(board.with(partitions, work)));
        }
        let write = match patience {
            Patience::Waits => kept.write().map_err(TryLockError::Poisoned),
            Patience::None => kept.try_write(),
        };
        let mut board = match write {
            Ok(board) => board,
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Whoever had it may have left half of a change.
            Err(TryLockError::Poisoned(left)) => {
                let mut board = left.into_inner();
                *board = Kept::new(of.tournament.decides().ties, self.partitions());
                kept.clear_poison();
                board
            }
        };
        let has_followed = board.follow(of, self, partitions, patience)?;
        Ok(has_followed.then(|| board.with(partitions, work)))
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::games::Occurrence;

    use super::*;

    #[test]
    fn an_operator_who_has_many_made_holds_up_no_other() {
        let (making, patience) = (Making::default(), Duration::from_millis(1));
        let turn = |operator| making.turn(operator, patience);
        let mut turns: Vec<_> = (0..MADE_AT_ONCE).map(|_| turn(1).unwrap()).collect();
        assert_eq!(turn(1).err().map(|problem| problem.refusal), Some(Refusal::Busy));
        assert!(turn(2).is_ok());
        drop(turns.pop());
        assert!(turn(1).is_ok());
    }

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
        let of_game = |key: &Key, _: &Kept| key.game.is_some();
        make_room(&mut all, 3 * EMPTY_LINES, of_game);
        assert_eq!(all.len(), 4);
        make_room(&mut all, 2 * EMPTY_LINES, of_game);
        assert!(!all.contains_key(&keys[1]) && all.len() == 3);
        // Whoever holds one uses it.
        let held = Arc::clone(&all[&keys[2]].kept);
        let held = held.write().unwrap();
        make_room(&mut all, 0, of_game);
        drop(held);
        assert!(all.keys().eq([&keys[2], &keys[0]]));
        // What has nothing of any partition yet is not over.
        make_room(&mut all, 0, |_, kept| kept.is_over());
        assert_eq!(all.len(), 2);
    }
}
