//! What a checkpoint holds of a partition, and how a partition is made from checkpoints again.
//!
//! Each checkpoint has the values that changed since the last one, and the next stretch of all
//! accounts besides. Once that sweep has gone round, whatever was written before it began is
//! superseded. Loading goes from the newest checkpoint to the oldest: the first value of a key wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use accolade_domain::account::Account;
use accolade_domain::ledger::{Place, Subject};
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};
use accolade_wire::id_text::{put_id, put_packed_id, read_id};
use accolade_wire::identity::HashKey;
use accolade_wire::record::{Kind, Source};
use accolade_wire::state::{put_account, read_account};

use crate::partition::{DeadLetter, DeadLetterState, Partition, Pending};
use crate::players::{Ordinal, Player};
use crate::rules::Rules;
use crate::timers::{MarkerKey, Timer};

/// How far the cyclic sweep over a partition's accounts has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// The values that were just written are the first of a new round.
    pub began: bool,
    /// They are the last of a round.
    pub completed: bool,
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

mod tag {
    pub(super) const HEAD: u8 = 1;
    pub(super) const ACCOUNT: u8 = 2;
    pub(super) const MARKER: u8 = 3;
    pub(super) const DEAD_LETTER: u8 = 4;
    pub(super) const PENDING: u8 = 5;
}

/// Accounts that a sweep writes for each account that changed.
const SWEPT_FOR_EACH_CHANGED: usize = 1;
/// Bytes that most accounts take at the most.
const ACCOUNT_BYTES: usize = 128;
/// A sweep has gone round after so many checkpoints at most, so that a quiet partition does not hold
/// back the removal of what others have superseded.
const ROUND_CHECKPOINTS_MAX: usize = 256;

impl Partition {
    /// Appends what changed since the last time and the sweep's next stretch.
    ///
    /// # Panics
    ///
    /// If the partition stands within a batch: its state is half of two batches then.
    pub fn write_values(&mut self, out: &mut Vec<u8>) -> Swept {
        assert!(!self.stands(), "a partition that stands within a batch is not written");
        self.write_head(out);
        let dirty = self.players.take_dirty();
        out.reserve(dirty.len() * (1 + SWEPT_FOR_EACH_CHANGED) * ACCOUNT_BYTES);
        for ordinal in &dirty {
            write_account(out, *ordinal, &self.players.get(*ordinal).account);
        }
        let began = self.unwritten.sweep_next == 0;
        if began {
            self.unwritten.markers.extend(self.markers.keys().cloned());
            self.unwritten.dead_letters.extend(self.dead_letters.keys().copied());
            self.unwritten.pending.extend(self.pending.keys().copied());
        }
        self.write_small_tables(out);
        let completed = self.sweep(out, dirty.len() * SWEPT_FOR_EACH_CHANGED);
        Swept { began, completed }
    }

    fn sweep(&mut self, out: &mut Vec<u8>, stretch: usize) -> bool {
        let from = self.unwritten.sweep_next as usize;
        let all = self.players.all();
        let stretch = stretch.max(all.len().div_ceil(ROUND_CHECKPOINTS_MAX));
        let to = (from + stretch).min(all.len());
        let stretch = all.iter_from(from).take(to - from);
        for (ordinal, player) in (self.unwritten.sweep_next..).zip(stretch) {
            write_account(out, ordinal, &player.account);
        }
        let completed = to == all.len();
        self.unwritten.sweep_next =
            if completed { 0 } else { Ordinal::try_from(to).expect("an ordinal of a player") };
        completed
    }

    /// Appends every value: what a checkpoint of a fresh directory would hold.
    pub fn write_all(&self, out: &mut Vec<u8>) {
        self.write_head(out);
        for (ordinal, player) in (0..).zip(self.players.all()) {
            write_account(out, ordinal, &player.account);
        }
        for (key, until) in &self.markers {
            write_marker(out, key, Some(*until));
        }
        for (place, letter) in &self.dead_letters {
            write_dead_letter(out, *place, Some(letter));
        }
        for (place, pending) in &self.pending {
            write_pending(out, *place, Some(pending));
        }
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
        out.push(tag::HEAD);
        put_varint(out, head.next_batch);
        out.extend_from_slice(&head.time.micros().to_le_bytes());
        put_varint(out, head.applied);
        put_varint(out, u64::from(head.players));
    }

    fn write_small_tables(&mut self, out: &mut Vec<u8>) {
        for key in std::mem::take(&mut self.unwritten.markers) {
            write_marker(out, &key, self.markers.get(&key).copied());
        }
        for place in std::mem::take(&mut self.unwritten.dead_letters) {
            write_dead_letter(out, place, self.dead_letters.get(&place));
        }
        for place in std::mem::take(&mut self.unwritten.pending) {
            write_pending(out, place, self.pending.get(&place));
        }
    }

    /// Appends the links of players who were first seen since the last time: who stands behind which
    /// subject. Nothing is appended where there are none.
    pub fn write_links(&mut self, out: &mut Vec<u8>) {
        let number = self.number;
        let (first, players) = self.players.take_unlinked();
        write_links(out, number, first, players);
    }

    /// Appends the links of all players: what a checkpoint of a fresh directory would hold.
    pub fn write_all_links(&self, out: &mut Vec<u8>) {
        write_links(out, self.number, 0, self.players.all().iter_from(0));
    }
}

fn write_links<'a>(
    out: &mut Vec<u8>,
    number: u16,
    first: Ordinal,
    players: impl ExactSizeIterator<Item = &'a Player>,
) {
    if players.len() == 0 {
        return;
    }
    out.extend_from_slice(&number.to_le_bytes());
    put_varint(out, u64::from(first));
    put_varint(out, players.len() as u64);
    for player in players {
        put_varint(out, u64::from(player.operator));
        put_packed_id(out, &player.name);
        out.extend_from_slice(&player.account.subject.0);
    }
}

fn write_account(out: &mut Vec<u8>, ordinal: Ordinal, account: &Account) {
    out.push(tag::ACCOUNT);
    put_varint(out, u64::from(ordinal));
    put_account(out, account);
}

fn write_marker(out: &mut Vec<u8>, key: &MarkerKey, until: Option<Timestamp>) {
    out.push(tag::MARKER);
    put_varint(out, u64::from(key.operator));
    put_id(out, &key.player);
    put_id(out, &key.wager);
    out.push(u8::from(until.is_some()));
    if let Some(until) = until {
        out.extend_from_slice(&until.micros().to_le_bytes());
    }
}

fn write_dead_letter(out: &mut Vec<u8>, place: Place, letter: Option<&DeadLetter>) {
    out.push(tag::DEAD_LETTER);
    write_place(out, place);
    out.push(u8::from(letter.is_some()));
    if let Some(letter) = letter {
        put_text(out, &letter.operator);
        let reason = DeadReason::ALL.iter().position(|reason| *reason == letter.reason);
        put_varint(out, reason.expect("`ALL` lists every reason") as u64);
        out.extend_from_slice(&[letter.kind as u8, letter.source as u8]);
        out.extend_from_slice(&letter.received_at.micros().to_le_bytes());
        write_place(out, letter.bytes_at);
        out.push(match letter.state {
            DeadLetterState::Open => 0,
            DeadLetterState::Released => 1,
            DeadLetterState::Discarded => 2,
        });
        out.extend_from_slice(&letter.until.micros().to_le_bytes());
    }
}

fn write_pending(out: &mut Vec<u8>, place: Place, pending: Option<&Pending>) {
    out.push(tag::PENDING);
    write_place(out, place);
    out.push(u8::from(pending.is_some()));
    if let Some(pending) = pending {
        write_place(out, pending.bytes_at);
        out.extend_from_slice(&pending.due.micros().to_le_bytes());
    }
}

fn write_place(out: &mut Vec<u8>, place: Place) {
    put_varint(out, place.batch);
    put_varint(out, u64::from(place.slot));
}

/// Makes a partition from its links and its checkpoints.
#[derive(Debug)]
pub struct Loader {
    partition: Partition,
    head: Option<Head>,
    accounts: Vec<bool>,
    markers: BTreeSet<MarkerKey>,
    dead_letters: BTreeSet<Place>,
    pending: BTreeSet<Place>,
}

impl Loader {
    /// Begins with nothing.
    pub fn new(number: u16) -> Self {
        Self {
            partition: Partition::new(number),
            head: None,
            accounts: Vec::new(),
            markers: BTreeSet::new(),
            dead_letters: BTreeSet::new(),
            pending: BTreeSet::new(),
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
    /// need their links before.
    pub fn read_values(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        while !cursor.is_empty() {
            match cursor.u8()? {
                tag::HEAD => self.read_head(cursor)?,
                tag::ACCOUNT => self.read_account(cursor)?,
                tag::MARKER => self.read_marker(cursor)?,
                tag::DEAD_LETTER => self.read_dead_letter(cursor)?,
                tag::PENDING => self.read_pending(cursor)?,
                _ => return Err(cursor.bad()),
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

    fn read_account(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        let ordinal: Ordinal = cursor.small()?;
        let bad = cursor.bad();
        let loaded = self.accounts.get_mut(ordinal as usize).ok_or(bad)?;
        let account = self.partition.players.restore(ordinal).ok_or(bad)?;
        let read = read_account(cursor, account.subject)?;
        if !std::mem::replace(loaded, true) {
            *account = read;
        }
        Ok(())
    }

    fn read_marker(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        let operator = cursor.small()?;
        let (player, wager) = (read_id(cursor)?.into(), read_id(cursor)?.into());
        let key = MarkerKey { operator, player, wager };
        let until = match cursor.u8()? {
            0 => None,
            _ => Some(Timestamp::from_micros(cursor.i64()?)),
        };
        if self.markers.insert(key.clone())
            && let Some(until) = until
        {
            self.partition.timers.set(until, Timer::Marker(key.clone()));
            self.partition.markers.insert(key, until);
        }
        Ok(())
    }

    fn read_dead_letter(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        let place = self.read_place(cursor)?;
        let letter = match cursor.u8()? {
            0 => None,
            _ => Some(DeadLetter {
                operator: cursor.text()?.into(),
                reason: *DeadReason::ALL.get(cursor.small::<usize>()?).ok_or(cursor.bad())?,
                kind: match cursor.u8()? {
                    1 => Kind::Wager,
                    2 => Kind::GameEvent,
                    3 => Kind::Command,
                    4 => Kind::Control,
                    _ => return Err(cursor.bad()),
                },
                source: Source::from_number(cursor.u8()?).ok_or(cursor.bad())?,
                received_at: Timestamp::from_micros(cursor.i64()?),
                bytes_at: self.read_place(cursor)?,
                state: match cursor.u8()? {
                    0 => DeadLetterState::Open,
                    1 => DeadLetterState::Released,
                    2 => DeadLetterState::Discarded,
                    _ => return Err(cursor.bad()),
                },
                until: Timestamp::from_micros(cursor.i64()?),
            }),
        };
        if self.dead_letters.insert(place)
            && let Some(letter) = letter
        {
            self.partition.timers.set(letter.until, Timer::DeadLetter(place));
            self.partition.dead_letters.insert(place, letter);
        }
        Ok(())
    }

    fn read_pending(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        let place = self.read_place(cursor)?;
        let pending = match cursor.u8()? {
            0 => None,
            _ => Some(Pending {
                bytes_at: self.read_place(cursor)?,
                due: Timestamp::from_micros(cursor.i64()?),
            }),
        };
        if self.pending.insert(place)
            && let Some(pending) = pending
        {
            self.partition.timers.set(pending.due, Timer::Pending(place));
            self.partition.pending.insert(place, pending);
        }
        Ok(())
    }

    fn read_place(&self, cursor: &mut Cursor<'_>) -> Result<Place, BadFormat> {
        let (batch, slot) = (cursor.varint()?, cursor.small()?);
        Ok(Place { partition: self.partition.number, batch, slot, number: 0 })
    }

    /// The partition, standing at the newest checkpoint under `rules`, which come after as many
    /// control records as its head says.
    pub fn finish(mut self, rules: Arc<Rules>) -> Result<Partition, BadFormat> {
        let Some(head) = self.head else { return Ok(self.partition) };
        let complete = self.accounts.iter().all(|loaded| *loaded);
        if rules.applied != head.applied || !complete {
            return Err(BadFormat("set of checkpoints: a value is missing"));
        }
        let partition = &mut self.partition;
        (partition.rules, partition.next_batch, partition.time) =
            (rules, head.next_batch, head.time);
        partition.players.links_are_written();
        for ordinal in 0..head.players {
            if let Some(due) = partition.day_use_due(ordinal) {
                partition.timers.set(due, Timer::DayUse(ordinal));
            }
        }
        Ok(self.partition)
    }
}
