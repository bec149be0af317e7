//! Leaderboards as they were: at each full ten seconds of the log's time, for thirty days.
//!
//! Each node has those of its partitions in files of its own, which it makes of the journal. `docs/decisions/058` says why.

mod frames;
mod keeping;
mod shelf;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolade_domain::ledger::Place;
use accolade_domain::ranking::Standing;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::board::{Board, Of};
use accolade_engine::disk::Disk;
use accolade_engine::feed::Feed;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Said;
use accolade_engine::rules::tournaments::Tournament;
use accolade_projections::running::Projection;
use accolade_storage::disk::RealDisk;
use accolade_wire::timestamp;
use accolade_wire::tournament::{Fill, TournamentTerms};
use serde::{Deserialize, Serialize};

use self::frames::Stand;
use self::keeping::Keeping;
use self::shelf::{Kept, stands_at};
use super::asked::Asked;
use crate::lock::lock;
use crate::problem::{Problem, Refusal};
use crate::service::{Service, now};

/// What people call it.
const NAME: &str = "leaderboards";
/// Players of leaderboards that are in memory because somebody has just asked for them.
const PLAYERS_MAX: usize = 1_000_000;
/// And so many leaderboards.
const BOARDS_MAX: usize = 64;
/// So many are made at once at a node.
const MAKING_MAX: usize = 4;
/// And so many of one operator: others have their turn as well.
const OF_OPERATOR_MAX: usize = 3;
/// Players that are looked at while the fold waits.
const LOOKED_AT_ONCE: usize = 2_048;
/// No node's clock is so far from another's.
const CLOCKS_MICROS: i64 = 2_000_000;
/// Where files are further behind what is asked for, whoever asks is to wait.
const BEHIND_MICROS: i64 = 60_000_000;

/// How leaderboards are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeps {
    /// The time between two, in microseconds; an hour is a multiple of it.
    pub every_micros: i64,
    /// For how long they are kept, in microseconds.
    pub kept_micros: i64,
    /// Bytes of all files; beyond it the oldest go, but for what the newest hour needs.
    pub bytes_max: u64,
    /// The least time between two looks at the journal.
    pub pause: Duration,
    /// A journal of no more batches is read from its first one on, which answers for all times; others are gone on with from
    /// the state.
    pub young_batches: u64,
}

impl Default for Keeps {
    fn default() -> Self {
        Self {
            every_micros: 10_000_000,
            kept_micros: 30 * DAY_MICROS,
            bytes_max: 32 << 30,
            pause: Duration::from_millis(500),
            young_batches: 50_000,
        }
    }
}

impl Keeps {
    /// The last time at or before one for which leaderboards are kept.
    const fn full_before(self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.micros() - at.micros().rem_euclid(self.every_micros))
    }

    /// The first one at it or after it.
    const fn full_from(self, at: Timestamp) -> Timestamp {
        self.full_before(at.plus_micros(self.every_micros - 1))
    }
}

/// What keeps leaderboards, for as long as it is there.
#[derive(Debug)]
pub struct KeepingLeaderboards(Projection);

impl KeepingLeaderboards {
    /// Ends it. What is not written yet is taken of the journal by whoever comes next.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// The files of a node, for whoever asks.
#[derive(Debug)]
pub(crate) struct Shelves {
    disk: Arc<dyn Disk>,
    keeps: Keeps,
    partitions: u16,
    views: Mutex<BTreeMap<u16, View>>,
    made: Mutex<Made>,
    making: BeingMade,
}

/// What there is of a partition.
#[derive(Debug, Clone)]
struct View {
    /// Oldest first, without gaps.
    files: Vec<Kept>,
    /// Nothing up to here is missing.
    complete_to: Timestamp,
}

/// From when until when leaderboards are known.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Span {
    oldest: i64,
    newest: i64,
}

impl Span {
    /// What is known in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { oldest: self.oldest.max(other.oldest), newest: self.newest.min(other.newest) }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Key {
    operator: u32,
    tournament: u32,
    partitions: Box<[u16]>,
    at: Timestamp,
}

/// What was made last, the newest behind.
#[derive(Default)]
struct Made(Vec<(Key, Arc<Board>)>);

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("boards", &self.0.len()).finish()
    }
}

impl Made {
    fn find(&mut self, key: &Key) -> Option<Arc<Board>> {
        let at = self.0.iter().position(|(of, _)| of == key)?;
        let found = self.0.remove(at);
        let board = Arc::clone(&found.1);
        self.0.push(found);
        Some(board)
    }

    fn add(&mut self, key: Key, board: Arc<Board>) {
        self.0.push((key, board));
        let mut players: usize = self.0.iter().map(|(_, board)| board.board().len()).sum();
        while self.0.len() > BOARDS_MAX || self.0.len() > 1 && players > PLAYERS_MAX {
            players -= self.0.remove(0).1.board().len();
        }
    }
}

impl Shelves {
    fn show(&self, partition: u16, view: View) {
        lock(&self.views).insert(partition, view);
    }

    /// Only these are here.
    fn keep(&self, partitions: &[u16]) {
        lock(&self.views).retain(|partition, _| partitions.contains(partition));
    }

    fn view(&self, partition: u16) -> Result<View, Problem> {
        lock(&self.views).get(&partition).cloned().ok_or_else(not_written)
    }
}

/// How many are being made, by the operator's number.
type BeingMade = Mutex<BTreeMap<u32, usize>>;

/// One more is being made.
struct Making<'s> {
    all: &'s BeingMade,
    operator: u32,
}

impl<'s> Making<'s> {
    fn begin(all: &'s BeingMade, operator: u32) -> Result<Self, Problem> {
        let mut made = lock(all);
        let own = made.get(&operator).copied().unwrap_or_default();
        if made.values().sum::<usize>() >= MAKING_MAX || own >= OF_OPERATOR_MAX {
            let detail = "too many leaderboards of the past are asked for: ask again";
            return Err(Problem::new(Refusal::Busy, detail));
        }
        made.insert(operator, own + 1);
        Ok(Self { all, operator })
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut made = lock(self.all);
        if let Some(own) = made.get_mut(&self.operator) {
            *own -= 1;
            if *own == 0 {
                made.remove(&self.operator);
            }
        }
    }
}

fn not_written() -> Problem {
    Problem::new(Refusal::Busy, "leaderboards of that time are not written yet: ask again")
}

fn known_from(oldest: Timestamp) -> Problem {
    let oldest = timestamp::write(oldest);
    Problem::new(Refusal::Gone, format!("leaderboards are known from {oldest} on"))
}

/// From when on a tournament has all scores that had begun before it was scheduled.
fn filled_at(tournament: &Tournament) -> Option<Timestamp> {
    let is_done = |said: &&Said<TournamentTerms>| said.terms.fill == Some(Fill::Done);
    let said = tournament.said().iter().find(is_done)?;
    Some(said.since.time.plus_micros(CLOCKS_MICROS))
}

/// How often a tournament had been settled again by a time.
fn settlement_at(tournament: &Tournament, at: Timestamp) -> u32 {
    let before = tournament.said().iter().rev().find(|said| said.since.time <= at);
    before.map_or(0, |said| said.terms.settlement())
}

/// Of which moment a leaderboard is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// As it is now.
    Now,
    /// As it was then, when nothing had counted yet.
    Before(Timestamp),
    /// As it was at a full time.
    At(Timestamp),
    /// As it is now, settled again so often, and was then already.
    Since(Timestamp, u32),
}

impl Moment {
    /// As it is said to whoever asks.
    pub(super) const fn shown(self) -> Option<Timestamp> {
        match self {
            Self::Now => None,
            Self::Before(at) | Self::At(at) | Self::Since(at, _) => Some(at),
        }
    }

    /// How often the tournament had been settled again by then, where it was over; else what comes late is no matter yet.
    pub(super) const fn settlement(self) -> Option<u32> {
        match self {
            Self::Since(_, settlement) => Some(settlement),
            Self::Now | Self::Before(_) | Self::At(_) => None,
        }
    }

    /// Of which of the times that are kept.
    pub(super) const fn kept(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Now | Self::Before(_) | Self::Since(..) => None,
        }
    }
}

impl Service {
    /// Keeps from now on what leaderboards of tournaments were, as `feed` has it, in a data directory that nobody else
    /// writes to.
    pub fn keep_leaderboards(
        &self,
        feed: Arc<dyn Feed>,
        data_dir: &Path,
        keeps: Keeps,
    ) -> io::Result<KeepingLeaderboards> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(data_dir)?);
        let shelves = Arc::new(Shelves {
            disk,
            keeps,
            partitions: self.partitions(),
            views: Mutex::default(),
            made: Mutex::default(),
            making: BeingMade::default(),
        });
        *lock(&self.shelves) = Some(Arc::clone(&shelves));
        let keeping = Keeping::new(keeps, shelves, Arc::clone(&feed));
        Projection::start(NAME, keeping, feed).map(KeepingLeaderboards)
    }

    fn shelves(&self) -> Result<Arc<Shelves>, Problem> {
        lock(&self.shelves).clone().ok_or_else(not_written)
    }

    /// Which leaderboard answers for a time.
    pub(super) async fn moment(
        &self,
        asked: &Asked,
        tournament: &Tournament,
        time: Option<Timestamp>,
    ) -> Result<Moment, Problem> {
        let Some(time) = time else { return Ok(Moment::Now) };
        if time > now() {
            let (found, now) = (timestamp::write(time), timestamp::write(now()));
            let detail = format!("`asOf`: expected a time until now, {now}, found `{found}`");
            return Err(Problem::new(Refusal::BadQuery, detail));
        }
        let decides = tournament.decides();
        if time < decides.starts {
            return Ok(Moment::Before(time));
        }
        let filled = filled_at(tournament);
        if let Some(filled) = filled.filter(|filled| time < *filled) {
            return Err(known_from(filled));
        }
        if time >= tournament.closes() {
            // Whether or not each partition has heard of that already.
            let is_over = tournament.is_settled() || asked.ask(self, decides.ties).await?.is_over;
            let since = Moment::Since(time, settlement_at(tournament, time));
            return if is_over { Ok(since) } else { Err(not_written()) };
        }
        let asked = Asked { is_about_span: true, ..asked.clone() };
        let span = asked.ask(self, decides.ties).await?.span.ok_or_else(not_written)?;
        let [oldest, newest] = [span.oldest, span.newest].map(Timestamp::from_micros);
        let keeps = self.shelves()?.keeps;
        let oldest = filled.map_or(oldest, |filled| oldest.max(keeps.full_from(filled)));
        let at = keeps.full_before(time).min(newest);
        if at < oldest && time < oldest {
            return Err(known_from(oldest));
        }
        if at < oldest || at.plus_micros(BEHIND_MICROS) < time {
            return Err(not_written());
        }
        Ok(if at < decides.starts { Moment::Before(at) } else { Moment::At(at) })
    }

    /// From when until when leaderboards of partitions that are here are known.
    pub(super) fn span_of(&self, partitions: &[u16]) -> Result<Option<Span>, Problem> {
        let shelves = self.shelves()?;
        let span = |partition: &u16| {
            let View { files, complete_to } = shelves.view(*partition)?;
            let oldest = files.first().map_or(complete_to, |kept| kept.from);
            Ok(Span { oldest: oldest.micros(), newest: complete_to.micros() })
        };
        let spans: Result<Vec<Span>, Problem> = partitions.iter().map(span).collect();
        Ok(spans?.into_iter().reduce(Span::and))
    }

    /// The leaderboard of a tournament in partitions that are here, as it was. May wait, and hold partitions up: not for a
    /// thread of the runtime.
    pub(super) fn past_board(
        &self,
        of: &Of<'_>,
        partitions: &[u16],
        at: Timestamp,
    ) -> Result<Arc<Board>, Problem> {
        let shelves = self.shelves()?;
        let Of { operator, tournament, .. } = *of;
        let key =
            Key { operator, tournament: tournament.number, partitions: partitions.into(), at };
        if let Some(board) = lock(&shelves.made).find(&key) {
            return Ok(board);
        }
        let _making = Making::begin(&shelves.making, operator)?;
        let mut made = Board::new(tournament.decides().ties, self.partitions());
        for number in partitions {
            self.add_past(&shelves, of, *number, at, &mut made)?;
        }
        let made = Arc::new(made);
        lock(&shelves.made).add(key, Arc::clone(&made));
        Ok(made)
    }

    /// Adds how players of a partition stood.
    fn add_past(
        &self,
        shelves: &Shelves,
        of: &Of<'_>,
        number: u16,
        at: Timestamp,
        made: &mut Board,
    ) -> Result<(), Problem> {
        let Of { operator, tournament, .. } = *of;
        let view = shelves.view(number)?;
        let kept = view.files.iter().rfind(|kept| kept.from <= at);
        let kept = kept.filter(|_| at <= view.complete_to).ok_or_else(not_written)?;
        let board = (operator, tournament.number);
        let stands = stands_at(&*shelves.disk, number, *kept, board, at).map_err(gone_or_failed)?;
        let decides = tournament.decides();
        let mut from = 0;
        while !stands.is_empty() {
            let looked = self.read(number, |partition| {
                let all = partition.players().all();
                let count = all.len().saturating_sub(from).min(LOOKED_AT_ONCE);
                for (player, ordinal) in all.iter_from(from).take(count).zip(from..) {
                    let subject = player.account.subject;
                    let stand = stands.get(&subject).filter(|_| player.operator == operator);
                    let Some(stand) = stand else { continue };
                    if stand.events < decides.events_min.max(1) {
                        continue;
                    }
                    let Stand { score, events, changed_at, batch, slot } = *stand;
                    let changed_by = Place { partition: number, batch, slot, number: 0 };
                    let standing = Standing { score, events, changed_at, changed_by, subject };
                    let ordinal = Ordinal::try_from(ordinal).expect("an ordinal of a player");
                    made.set(number, ordinal, Some(standing));
                }
                count
            })?;
            if looked < LOOKED_AT_ONCE {
                break;
            }
            from += looked;
        }
        Ok(())
    }
}

/// The file may have been let go of meanwhile.
fn gone_or_failed(error: io::Error) -> Problem {
    if error.kind() == io::ErrorKind::NotFound {
        return Problem::new(Refusal::Gone, "leaderboards of that time are not kept any more");
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaderboards_of_one_operator_leave_room_for_those_of_others() {
        let all = BeingMade::default();
        let own: Vec<_> = (0..OF_OPERATOR_MAX).map(|_| Making::begin(&all, 1).unwrap()).collect();
        let refused = Making::begin(&all, 1).err().map(|problem| problem.refusal);
        assert_eq!(refused, Some(Refusal::Busy));
        let other = Making::begin(&all, 2).unwrap();
        assert!(Making::begin(&all, 3).is_err(), "as many are made as may be");
        drop((own, other));
        assert!(lock(&all).is_empty());
    }
}
