//! The port to what earlier batches left behind: sealed ids, rows in sorted runs, recorded outcomes.

use std::io;

use accolade_domain::ledger::Place;
use accolade_wire::identity::{Content, IdHash};
use accolade_wire::journal::difference::Difference;
use accolade_wire::journal::{PassedOver, Recorded};
use accolade_wire::record::Slice;

/// What the fold needs from disk, and where what it decided goes.
///
/// Everything asked for lies before the batch that asks; the store answers the same whenever it is
/// asked again for the same place, whatever was sealed, merged or compressed meanwhile.
pub trait Store {
    /// For each ask the newest occurrence of its id in sealed runs, by the ask's own partition, that
    /// lies before the asking batch; appended to `found` in the order of `asks`.
    fn earlier(
        &mut self,
        partition: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<()>;

    /// Reads what became of the record at `place`, which lies in an earlier batch.
    fn outcome(&mut self, place: Place, read: &mut dyn FnMut(&Recorded<'_>)) -> io::Result<()>;

    /// The row of a paged table as the newest sorted run has it, `format u8 · value`; `key` is what
    /// [`EndedRows::each`](crate::tables::EndedRows::each) gave with it.
    fn row(&mut self, partition: u16, key: &[u8]) -> io::Result<Option<Vec<u8>>>;

    /// Gives the rows of paged tables from `key` on as the newest sorted run has each, in the order of keys, for
    /// as long as `give` says so. Those that were taken away may be among them.
    fn rows(&mut self, partition: u16, key: &[u8], give: &mut GiveRow<'_>) -> io::Result<()>;

    /// What was passed over in a batch that was taken before; `None` where the store does not have it.
    fn passed_over(&mut self, partition: u16, batch: u64) -> io::Result<Option<PassedOver>>;

    /// Takes what the fold decided about one batch. One that the store has already was computed again, and
    /// must be the same: it is left as it is.
    fn commit(&mut self, folded: &Folded) -> Result<(), NotCommitted>;
}

/// Takes a row with its key, and says whether it wants the next.
pub type GiveRow<'a> = dyn FnMut(&[u8], &[u8]) -> io::Result<bool> + 'a;

/// Why a batch was not taken.
#[derive(Debug)]
pub enum NotCommitted {
    /// The store failed.
    Store(io::Error),
    /// It was computed again, and is not what the store has.
    Differs(Difference),
}

impl From<io::Error> for NotCommitted {
    fn from(error: io::Error) -> Self {
        Self::Store(error)
    }
}

/// A question for an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The id, with operator and kind.
    pub id: IdHash,
    /// Hash of the player: another player's id is another id.
    pub player: u32,
    /// The hours of event time that are asked.
    pub hours: Hours,
    /// Occurrences from this batch on do not count.
    pub before_batch: u64,
}

/// Hours of event time: a range, and one hour with its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// First hour of the range.
    pub from: i64,
    /// Last hour of the range.
    pub to: i64,
    /// The event's own hour.
    pub own: i64,
}

impl Hours {
    /// Every hour.
    pub const ALL: Self = Self { from: i64::MIN, to: i64::MAX, own: 0 };

    /// Whether `hour` is asked.
    pub const fn include(&self, hour: i64) -> bool {
        self.meet(hour, hour)
    }

    /// Whether any hour of those from `from` to `to` is asked.
    pub const fn meet(&self, from: i64, to: i64) -> bool {
        let [range, own] = self.ranges();
        let is_one = range.0 <= range.1;
        (is_one && range.0 <= to && from <= range.1) || (own.0 <= to && from <= own.1)
    }

    /// The first and the last hour of what is asked: of the range, and of the hour with its neighbours.
    pub const fn ranges(&self) -> [(i64, i64); 2] {
        [(self.from, self.to), (self.own - 1, self.own + 1)]
    }
}

/// An earlier occurrence of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// The batch of its outcome, in the partition that asked.
    pub batch: u64,
    /// The slot of its outcome.
    pub slot: u32,
    /// Hash of its content.
    pub content: Content,
}

/// What the fold decided about one batch of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// The partition.
    pub partition: u16,
    /// The batch.
    pub batch: u64,
    /// How many records it has; there is an outcome for each, and one for slot 0.
    pub count: u32,
    /// The body of the journal's slice.
    pub journal: Vec<u8>,
    /// Dead letters to keep whole: slot and record, as `accolade_wire::record` writes it.
    pub dead_letters: Vec<(u32, Vec<u8>)>,
}

impl Folded {
    /// The slice of the journal.
    pub fn slice(&self) -> Slice<'_> {
        let Self { partition, batch, count, journal, .. } = self;
        Slice { partition: *partition, batch: *batch, flags: 0, count: *count, body: journal }
    }

    /// In what this batch, computed again, differs from the one that was `kept`.
    pub fn difference(&self, kept: &Self) -> Option<Difference> {
        Difference::between(&self.slice(), &kept.slice())
            .or_else(|| letters_differ(&self.dead_letters, &kept.dead_letters))
    }
}

fn letters_differ(now: &[(u32, Vec<u8>)], kept: &[(u32, Vec<u8>)]) -> Option<Difference> {
    let of = |letters: &[(u32, Vec<u8>)]| letters.iter().map(|(slot, _)| *slot).collect::<Vec<_>>();
    let (slots_now, slots_kept) = (of(now), of(kept));
    if slots_now != slots_kept {
        let slot = slots_now.first().or(slots_kept.first()).copied().unwrap_or(0);
        return Some(Difference::of(slot, "which dead letters are kept", &slots_now, &slots_kept));
    }
    let ((slot, now), (_, kept)) = now.iter().zip(kept).find(|(now, kept)| now != kept)?;
    let lengths = (now.len(), kept.len());
    Some(Difference::of(*slot, "a dead letter's length, or its bytes,", &lengths.0, &lengths.1))
}
