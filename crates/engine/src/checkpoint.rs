//! What a checkpoint holds of a partition, and how a partition is made from checkpoints again.
//!
//! Each checkpoint has the values that changed since the last one, and the next stretch of all
//! accounts besides. Once that sweep has gone round, whatever was written before it began is
//! superseded. Loading goes from the newest checkpoint to the oldest: the first value of a key wins.

use std::sync::Arc;

use accolade_domain::account::{Account, Timed};
use accolade_domain::ledger::Subject;
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::packed_watches::PackedWatches;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::id_text::{put_packed_id, read_id};
use accolade_wire::identity::HashKey;
use accolade_wire::state::{put_account, read_account};

use crate::ids::IdTable;
use crate::partition::Partition;
use crate::pieces::Pieces;
use crate::players::{Ordinal, Player};
use crate::rules::Rules;
use crate::scores::Scored;
use crate::tables::{EndedRows, Loading};

/// How far the cyclic sweep over a partition's accounts has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// The values that were just written are the first of a new round.
    pub began: bool,
    /// They are the last of a round.
    pub completed: bool,
}

/// What an interval has brought that is to stand in sorted runs, where there is no room for it in memory.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Ids.
    pub ids: Arc<IdTable>,
    /// Rows of paged tables.
    pub rows: EndedRows,
}

/// A partition's positions: where its checkpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The batch that is folded next.
    pub next_batch: u64,
    /// The time of the last batch.
    pub time: Timestamp,
    /// How many control records it has applied.
    pub applied: u64,
    /// How many players there are.
    pub players: Ordinal,
}

/// What stands before a value; rows have the tags of their tables.
mod tag {
    pub(super) const HEAD: u8 = 1;
    pub(super) const ACCOUNT: u8 = 2;
    /// An account with what is remembered for signals.
    pub(super) const WATCHED_ACCOUNT: u8 = 28;
    pub(super) const SCORED_ACCOUNT: u8 = 35;
    /// The same with what its player has come to in games.
    pub(super) const PLAYING_ACCOUNT: u8 = 42;
}

const HEAD_FORMAT: u8 = 1;
const LINKS_FORMAT: u8 = 1;
/// So many links are in one list at most: a list is written into one piece.
const LIST_LINKS_MAX: usize = 4096;

/// Accounts that a sweep writes for each account that changed.
const SWEPT_FOR_EACH_CHANGED: usize = 1;
/// What most accounts are written in.
const PLAYER_BYTES: usize = 256;
/// A sweep has gone round after so many checkpoints at most, so that a quiet partition does not hold
/// back the removal of what others have superseded.
pub(crate) const ROUND_CHECKPOINTS_MAX: usize = 256;

impl Partition {
    /// Appends what changed since the last time and the sweep's next stretch; every piece begins with the head.
    ///
    /// # Panics
    ///
    /// If the partition stands within a batch: its state is half of two batches then.
    pub fn write_values(&mut self, out: &mut Pieces) -> Swept {
        assert!(!self.stands(), "a partition that stands within a batch is not written");
        out.put_front(|front| self.write_head(front));
        let dirty = self.players.take_dirty();
        out.reserve(dirty.len() * (1 + SWEPT_FOR_EACH_CHANGED) * PLAYER_BYTES);
        for ordinal in &dirty {
            let player = self.players.get(*ordinal);
            write_player(out.room(), *ordinal, player, (&player.scores, &player.games), self.time);
        }
        let began = self.is_swept;
        if began {
            self.is_swept = false;
            self.sweep_next = 0;
            self.tables.begin_round(self.time, &self.rules.settings);
        }
        let stretch = dirty.len() * SWEPT_FOR_EACH_CHANGED;
        let rows = self.tables.write_changed(out, stretch);
        let accounts = self.sweep(out, stretch);
        self.is_swept = rows && accounts;
        Swept { began, completed: self.is_swept }
    }

    /// Appends the sweep's next accounts; says whether those were the last.
    fn sweep(&mut self, out: &mut Pieces, stretch: usize) -> bool {
        let (from, count) = (self.sweep_next, self.players.next());
        let stretch = stretch.max((count as usize).div_ceil(ROUND_CHECKPOINTS_MAX));
        let to = (from as usize + stretch).min(count as usize);
        let to = Ordinal::try_from(to).expect("an ordinal of a player");
        for ordinal in from..to {
            self.players.forget(ordinal, self.time);
            self.forget_scores(ordinal);
            self.players.forget_games(ordinal, self.time);
            let player = self.players.get(ordinal);
            write_player(out.room(), ordinal, player, (&player.scores, &player.games), self.time);
        }
        self.sweep_next = to;
        to == count
    }

    /// Appends every value but paged rows: what a checkpoint of a fresh directory would hold beside a run
    /// of those.
    pub fn write_all(&self, out: &mut Pieces) {
        out.put_front(|front| self.write_head(front));
        for (ordinal, player) in (0..).zip(self.players.all()) {
            let (scores, games) = (self.kept_scores(player), player.games.kept(self.time));
            write_player(out.room(), ordinal, player, (&scores, &games), self.time);
        }
        self.tables.write_resident(out);
    }

    /// What [`Partition::write_all`] writes, in one piece.
    pub fn values(&self) -> Vec<u8> {
        let mut out = Pieces::new(Vec::new(), usize::MAX);
        self.write_all(&mut out);
        out.into_vec().concat()
    }

    /// Where the partition stands.
    pub fn head(&self) -> Head {
        Head {
            next_batch: self.next_batch,
            time: self.time,
            applied: self.rules.applied,
            players: Ordinal::try_from(self.players.all().len()).expect("fewer than 2^32 players"),
        }
    }

    fn write_head(&self, out: &mut Vec<u8>) {
        let head = self.head();
        out.extend_from_slice(&[tag::HEAD, HEAD_FORMAT]);
        put_varint(out, head.next_batch);
        out.extend_from_slice(&head.time.micros().to_le_bytes());
        put_varint(out, head.applied);
        put_varint(out, u64::from(head.players));
    }

    /// How many ids the present interval holds, and how many take as much memory as its paged rows.
    pub fn in_interval(&self) -> usize {
        self.ids.len() + self.tables.changed_in_interval()
    }

    /// Ends the interval, right after its values were written: what it holds is asked until
    /// [`Partition::let_go_of_ended`], and changes no more.
    ///
    /// # Panics
    ///
    /// If the interval before is still being written.
    pub fn end_interval(&mut self) -> Ended {
        Ended { ids: self.ids.seal(), rows: self.tables.end_interval() }
    }

    /// The interval that was ended stands in sorted runs now.
    pub fn let_go_of_ended(&mut self) {
        self.ids.sealed();
        self.tables.let_go_of_ended();
    }

    /// Appends the links of players who were first seen since the last time: who stands behind which
    /// subject. Nothing is appended where there are none.
    pub fn write_links(&mut self, out: &mut Pieces) {
        let number = self.number;
        let (first, players) = self.players.take_unlinked();
        write_links(out, number, first, players);
    }

    /// Appends the links of all players: what a checkpoint of a fresh directory would hold.
    pub fn write_all_links(&self, out: &mut Pieces) {
        write_links(out, self.number, 0, self.players.all().iter_from(0));
    }

    /// What [`Partition::write_all_links`] writes, in one piece.
    pub fn links(&self) -> Vec<u8> {
        let mut out = Pieces::new(Vec::new(), usize::MAX);
        self.write_all_links(&mut out);
        out.into_vec().concat()
    }
}

/// Lists of links, one after the other: `partition u16 · format u8 · first ordinal varint · count varint`, and
/// of each player `operator varint · name · subject`.
fn write_links<'a>(
    out: &mut Pieces,
    number: u16,
    first: Ordinal,
    mut players: impl ExactSizeIterator<Item = &'a Player>,
) {
    let mut first = u64::from(first);
    while players.len() > 0 {
        let (out, count) = (out.room(), players.len().min(LIST_LINKS_MAX));
        out.extend_from_slice(&number.to_le_bytes());
        out.push(LINKS_FORMAT);
        put_varint(out, first);
        put_varint(out, count as u64);
        for player in players.by_ref().take(count) {
            put_varint(out, u64::from(player.operator));
            put_packed_id(out, &player.name);
            out.extend_from_slice(&player.account.subject.0);
        }
        first += count as u64;
    }
}

/// `tag u8 · ordinal varint · account`, of a watched one `length varint, watches`, of one with scores both, the scores
/// last, and behind them those in games, where there are any.
fn write_player(
    out: &mut Vec<u8>,
    ordinal: Ordinal,
    player: &Player,
    (scores, games): (&PackedScores, &PackedGames),
    now: Timestamp,
) {
    let is_watched = player.watches.at(now).is_some();
    let watches = if is_watched { player.watches.bytes() } else { &[] };
    let (scores, games) = (scores.bytes(), games.bytes());
    let (tag, parts): (u8, &[&[u8]]) = match (watches, scores, games) {
        ([], [], []) => (tag::ACCOUNT, &[]),
        (_, [], []) => (tag::WATCHED_ACCOUNT, &[watches]),
        (_, _, []) => (tag::SCORED_ACCOUNT, &[watches, scores]),
        (_, _, _) => (tag::PLAYING_ACCOUNT, &[watches, scores, games]),
    };
    out.push(tag);
    put_varint(out, u64::from(ordinal));
    put_account(out, &player.account);
    for part in parts {
        put_varint(out, part.len() as u64);
        out.extend_from_slice(part);
    }
}

/// What stands beside an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Beside {
    Nothing,
    Watches,
    Scores,
    Games,
}

/// Makes a partition from its links and its checkpoints.
#[derive(Debug)]
pub struct Loader {
    partition: Partition,
    head: Option<Head>,
    accounts: Vec<bool>,
    rows: Loading,
}

impl Loader {
    /// Begins with nothing.
    pub fn new(number: u16) -> Self {
        Self {
            partition: Partition::new(number),
            head: None,
            accounts: Vec::new(),
            rows: Loading::default(),
        }
    }

    /// Where the newest checkpoint stands, once its values were read.
    pub const fn head(&self) -> Option<Head> {
        self.head
    }

    /// Reads links, oldest first, what [`Partition::write_links`] wrote after the partition's
    /// number. Links beyond the newest checkpoint's players are passed over, and so are links that
    /// were read before.
    pub fn read_links(&mut self, cursor: &mut Cursor<'_>, key: &HashKey) -> Result<(), BadFormat> {
        cursor.format_of("list of links", LINKS_FORMAT)?;
        let players = &mut self.partition.players;
        let known = self.head.map_or(0, |head| head.players);
        let first: Ordinal = cursor.small()?;
        let count: u32 = cursor.small()?;
        for ordinal in (first..).take(count as usize) {
            let operator = cursor.small()?;
            let name = read_id(cursor)?;
            let subject = Subject(cursor.array()?);
            if ordinal < known && ordinal as usize == players.all().len() {
                let account = Account::new(subject, Timestamp::default());
                players.add(key.player(&name), operator, &name, account);
            }
        }
        Ok(())
    }

    /// Reads the values of one checkpoint; newest first. The first head sets the positions; accounts
    /// need their links before. Paged rows are left out where all of them are `in_runs`.
    pub fn read_values(&mut self, cursor: &mut Cursor<'_>, in_runs: bool) -> Result<(), BadFormat> {
        while !cursor.is_empty() {
            match cursor.u8()? {
                tag::HEAD => self.read_head(cursor)?,
                tag::ACCOUNT => self.read_account(cursor, Beside::Nothing)?,
                tag::WATCHED_ACCOUNT => self.read_account(cursor, Beside::Watches)?,
                tag::SCORED_ACCOUNT => self.read_account(cursor, Beside::Scores)?,
                tag::PLAYING_ACCOUNT => self.read_account(cursor, Beside::Games)?,
                row => {
                    if !self.rows.read(row, cursor, self.partition.number, in_runs)? {
                        return Err(cursor.bad());
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads only the head at the front of a checkpoint's values.
    pub fn peek_head(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        if cursor.u8()? != tag::HEAD {
            return Err(cursor.bad());
        }
        self.read_head(cursor)
    }

    fn read_head(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        cursor.format_of("head of a partition", HEAD_FORMAT)?;
        let head = Head {
            next_batch: cursor.varint()?,
            time: Timestamp::from_micros(cursor.i64()?),
            applied: cursor.varint()?,
            players: cursor.small()?,
        };
        if self.head.is_none() {
            self.accounts = vec![false; head.players as usize];
            self.partition.players.reserve(head.players as usize);
            self.head = Some(head);
        }
        Ok(())
    }

    fn read_account(&mut self, cursor: &mut Cursor<'_>, beside: Beside) -> Result<(), BadFormat> {
        let ordinal: Ordinal = cursor.small()?;
        let bad = cursor.bad();
        let loaded = self.accounts.get_mut(ordinal as usize).ok_or(bad)?;
        let player = self.partition.players.restore(ordinal).ok_or(bad)?;
        let account = read_account(cursor, player.account.subject)?;
        let (mut watches, mut scores) = (PackedWatches::NONE, PackedScores::NONE);
        let mut games = PackedGames::NONE;
        if beside >= Beside::Watches {
            let length: usize = cursor.small()?;
            if length > 0 {
                watches = PackedWatches::from_bytes(cursor.take(length)?).ok_or(bad)?;
            }
        }
        if beside >= Beside::Scores {
            let length = cursor.small()?;
            scores = PackedScores::from_bytes(cursor.take(length)?).ok_or(bad)?;
        }
        if beside >= Beside::Games {
            let length = cursor.small()?;
            games = PackedGames::from_bytes(cursor.take(length)?).ok_or(bad)?;
        }
        if !std::mem::replace(loaded, true) {
            (player.account, player.watches) = (account, watches);
            (player.scores, player.games) = (scores, games);
        }
        Ok(())
    }

    /// The partition, standing at the newest checkpoint under `rules`, which come after as many
    /// control records as its head says.
    pub fn finish(mut self, rules: Arc<Rules>) -> Result<Partition, BadFormat> {
        let Some(head) = self.head else { return Ok(self.partition) };
        let complete = self.accounts.iter().all(|loaded| *loaded);
        if rules.applied != head.applied || !complete {
            return Err(BadFormat::Invalid("set of checkpoints: a value is missing"));
        }
        let partition = &mut self.partition;
        (partition.rules, partition.next_batch, partition.time) =
            (rules, head.next_batch, head.time);
        partition.scored = Scored::from(head.next_batch);
        partition.scored_in_games = Scored::from(head.next_batch);
        partition.players.links_are_written();
        partition.tables = self.rows.finish();
        partition.tables.set_timers(&mut partition.timers, &partition.rules.settings);
        for (ordinal, player) in (0..).zip(partition.players.all()) {
            partition.timers.reset_account(Timed::NEVER, player.account.timed.due, ordinal);
        }
        Ok(self.partition)
    }
}
