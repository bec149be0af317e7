//! A group of batches, read from the journal and made ready to be written in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::ledger::{Place, Subject};
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_engine::feed::Feed;
use accolade_engine::players::Ordinal;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::cut::cut;
use accolade_wire::journal::{Outcomes, Recorded, StoredEntry};
use accolade_wire::named::Named;
use accolade_wire::record::{Record, Slice};

use crate::rows::Rows;
use crate::subjects::Subjects;
use crate::writing::month_of;

/// Bytes of rows after which a group is full, however few they are.
const BYTES_MAX: usize = 16 << 20;
/// What is said about an error.
const DETAIL_BYTES_MAX: usize = 2_048;
/// A dead letter's bytes may follow its outcome; after this long they are gone for good.
const LETTER_DELAY_MICROS: i64 = 60_000_000;

/// How far the tables are, by partition.
pub(crate) type Positions = BTreeMap<u16, Position>;

/// How far the tables are in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The next batch.
    pub(crate) next: u64,
    /// The time of the batch before it.
    pub(crate) time: Option<Timestamp>,
}

/// How far a group takes one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) partition: u16,
    /// The first batch.
    pub(crate) from: u64,
    /// The batch after the last one.
    pub(crate) next: u64,
    /// The batch after the last one of the journal.
    pub(crate) journal_end: u64,
    /// The time of the last batch.
    pub(crate) time: Timestamp,
}

/// An input that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) place: Place,
    pub(crate) time: Timestamp,
    pub(crate) reason: DeadReason,
    pub(crate) detail: String,
    pub(crate) operator: String,
    /// The input, as far as it is text; `None` where it is kept no more.
    pub(crate) original: Option<String>,
}

/// What one transaction writes.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// In the order of their partitions.
    pub(crate) steps: Vec<Step>,
    pub(crate) ledger: Rows,
    pub(crate) balances: Rows,
    pub(crate) letters: Vec<Letter>,
    /// The months in which the rows of the ledger were recorded, as `2026-11`.
    pub(crate) months: BTreeSet<String>,
    /// There was no room for more.
    pub(crate) is_full: bool,
    /// What kept partitions from going further than they did.
    pub(crate) held: BTreeMap<u16, String>,
    latest: HashMap<(u16, Ordinal), Latest>,
    records: u32,
    letter_bytes: usize,
}

/// A balance after the last of its changes in the group.
#[derive(Debug)]
struct Latest {
    balance: Points,
    updated: Timestamp,
    version: u64,
}

/// Why a batch is left for later.
enum Unread {
    /// What it needs is not there yet.
    Waits(String),
    Failed(io::Error),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<BadFormat> for Unread {
    fn from(error: BadFormat) -> Self {
        Self::Failed(io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
    }
}

/// Reads groups, and remembers what is needed to resolve subjects and operators.
#[derive(Debug)]
pub(crate) struct Reader {
    feed: Arc<dyn Feed>,
    players: BTreeMap<u16, Subjects>,
    operators: HashMap<u32, Box<str>>,
    /// Where the next group begins, so that one partition far behind does not hold the others.
    first: u16,
}

impl Reader {
    pub(crate) fn new(feed: Arc<dyn Feed>) -> Self {
        Self { feed, players: BTreeMap::new(), operators: HashMap::new(), first: 0 }
    }

    /// Reads what comes next in the partitions that are here, up to `records_max` and the rest of the
    /// batch with it.
    pub(crate) fn read(&mut self, positions: &Positions, records_max: u32) -> io::Result<Group> {
        let mut group = Group::default();
        let owned = self.feed.owned();
        let (before, after): (Vec<u16>, Vec<u16>) =
            owned.into_iter().partition(|partition| *partition < self.first);
        for partition in after.into_iter().chain(before) {
            let (Some(position), Some(end)) = (positions.get(&partition), self.feed.end(partition))
            else {
                continue;
            };
            match self.stray(partition, *position, end)? {
                Some(why) => {
                    let why = format!("batch {}: {why}", position.next);
                    group.held.insert(partition, why);
                }
                None => {
                    self.read_partition(partition, position.next, end, records_max, &mut group)?;
                }
            }
            if group.is_full {
                self.first = partition.wrapping_add(1);
                break;
            }
        }
        group.steps.sort_unstable_by_key(|step| step.partition);
        self.finish_balances(&mut group);
        Ok(group)
    }

    /// Why the tables do not fit the journal, where that is so. A node that was restored from what it
    /// had shipped may have lost its last batches, and gives their numbers to others.
    fn stray(&self, partition: u16, position: Position, end: u64) -> io::Result<Option<&str>> {
        const AHEAD: &str = "the tables are ahead of the journal; if it was restored, `accolade \
                             projection rebuild` writes them anew";
        const OTHER: &str = "the tables come from another journal than this one, such as before it \
                             was restored: `accolade projection rebuild` writes them anew";
        let Position { next, time: Some(time) } = position else { return Ok(None) };
        if next > end {
            return Ok(Some(AHEAD));
        }
        if next == end {
            return Ok(None);
        }
        Ok(time_of(&*self.feed, partition, next - 1)?.filter(|found| *found != time).map(|_| OTHER))
    }

    fn read_partition(
        &mut self,
        partition: u16,
        from: u64,
        end: u64,
        records_max: u32,
        group: &mut Group,
    ) -> io::Result<()> {
        let mut step =
            Step { partition, from, next: from, journal_end: end, time: Timestamp::default() };
        while step.next < end {
            if group.is_full_at(records_max) {
                group.is_full = true;
                break;
            }
            match self.read_batch(partition, step.next, group) {
                Ok(time) => (step.next, step.time) = (step.next + 1, time),
                Err(Unread::Failed(error)) => return Err(error),
                Err(Unread::Waits(why)) => {
                    group.held.insert(partition, format!("batch {}: {why}", step.next));
                    break;
                }
            }
        }
        if step.next > from {
            group.steps.push(step);
        }
        Ok(())
    }

    /// Adds one batch to the group: all of it, or nothing.
    fn read_batch(
        &mut self,
        partition: u16,
        batch: u64,
        group: &mut Group,
    ) -> Result<Timestamp, Unread> {
        let bytes = self.feed.journal(partition, batch)?;
        let bytes = bytes.ok_or_else(|| Unread::Waits("the journal does not have it".into()))?;
        let slice = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice"))?;
        let outcomes = Outcomes::read(&slice)?;
        let time = outcomes.time;
        let (mut entries, mut letters) = (Vec::new(), Vec::new());
        for recorded in outcomes {
            let recorded = recorded?;
            if let Outcome::DeadLetter { reason, detail } = &recorded.outcome {
                letters.push(self.letter(&recorded, *reason, detail)?);
            }
            for stored in recorded.entries {
                let player =
                    self.resolve(partition, stored.entry.operator, stored.entry.subject)?;
                entries.push((player, stored));
            }
        }
        group.records = group.records.saturating_add(slice.count);
        if !entries.is_empty() {
            group.months.insert(month_of(time));
        }
        for (ordinal, stored) in &entries {
            let (number, player) = self.players[&partition].get(*ordinal);
            group.enter(&self.operators[&number], player, stored);
            let StoredEntry { entry, .. } = stored;
            let (balance, updated) = (entry.balance_after, entry.record_time);
            let latest = Latest { balance, updated, version: entry.sequence };
            group.latest.insert((partition, *ordinal), latest);
        }
        for letter in letters {
            group.letter_bytes += letter.original.as_ref().map_or(0, String::len);
            group.letters.push(letter);
        }
        Ok(time)
    }

    /// The player behind a subject, with the operator's name at hand from then on.
    fn resolve(
        &mut self,
        partition: u16,
        operator: u32,
        subject: Subject,
    ) -> Result<Ordinal, Unread> {
        if !self.operators.contains_key(&operator) {
            let rules = self.feed.rules();
            self.operators = rules.operators().map(|one| (one.number, one.id.clone())).collect();
        }
        if !self.operators.contains_key(&operator) {
            return Err(Unread::Waits(format!("operator number {operator} is not known")));
        }
        let players = self.players.entry(partition).or_default();
        if let Some(ordinal) = players.find(subject) {
            return Ok(ordinal);
        }
        self.feed.subjects(partition, players.next(), &mut |known| players.add(known));
        players
            .find(subject)
            .ok_or_else(|| Unread::Waits("nobody is known behind one of its subjects".into()))
    }

    fn letter(
        &self,
        recorded: &Recorded<'_>,
        reason: DeadReason,
        detail: &str,
    ) -> Result<Letter, Unread> {
        let (mut operator, mut original) = (String::new(), None);
        let is_kept = self.feed.dead_letter(recorded.place, &mut |record| {
            operator = operator_of(record);
            original = Some(storable(&String::from_utf8_lossy(record.body)));
        })?;
        if !is_kept && now().micros() - recorded.time.micros() < LETTER_DELAY_MICROS {
            return Err(Unread::Waits("a dead letter's bytes are not there yet".into()));
        }
        let detail = storable(&cut(detail, DETAIL_BYTES_MAX));
        let (place, time) = (recorded.place, recorded.time);
        Ok(Letter { place, time, reason, detail, operator, original })
    }

    fn finish_balances(&self, group: &mut Group) {
        let mut sorted: Vec<_> = group
            .latest
            .drain()
            .map(|((partition, ordinal), latest)| {
                let (number, player) = self.players[&partition].get(ordinal);
                (&*self.operators[&number], player, latest)
            })
            .collect();
        sorted.sort_unstable_by_key(|(operator, player, _)| (*operator, *player));
        for (operator, player, latest) in sorted {
            let row = group.balances.begin(5).text(operator).text(player);
            row.points(latest.balance).time(latest.updated).big(signed(latest.version));
        }
    }
}

impl Group {
    fn is_full_at(&self, records_max: u32) -> bool {
        self.records >= records_max || self.ledger.len() + self.letter_bytes >= BYTES_MAX
    }

    fn enter(&mut self, operator: &str, player: &str, stored: &StoredEntry<'_>) {
        let StoredEntry { entry, hash } = stored;
        let row = self.ledger.begin(16).text(operator).text(player).big(signed(entry.sequence));
        row.text(entry.kind.code());
        row.points(entry.points).points(entry.balance_after).points(entry.capped);
        row.text(&entry.cause).big(entry.program_version.into());
        row.time(entry.event_time).time(entry.record_time);
        let Place { partition, batch, slot, number } = entry.place;
        row.integer(partition.into())
            .big(signed(batch))
            .big(slot.into())
            .integer(i32::try_from(number).expect("fewer than 2^23 in a slot"));
        row.bytes(&hash.0);
    }
}

/// The operator of an input, as its dead letter has it.
fn operator_of(record: &Record<'_>) -> String {
    storable(&Named::of(record).operator)
}

/// A text as the database takes it: without the character NUL.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("no counter comes this far")
}

/// The time of a batch; `None` where the journal does not have it.
pub(crate) fn time_of(
    feed: &dyn Feed,
    partition: u16,
    batch: u64,
) -> io::Result<Option<Timestamp>> {
    let Some(bytes) = feed.journal(partition, batch)? else { return Ok(None) };
    let slice = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice"));
    let outcomes = slice.and_then(|slice| Outcomes::read(&slice));
    let invalid = |error: BadFormat| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    Ok(Some(outcomes.map_err(invalid)?.time))
}

/// The time of this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.unwrap_or_default().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
