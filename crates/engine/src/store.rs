//! The port to what earlier batches left behind: sealed ids, recorded outcomes, dead letters.

use std::io;

use accolade_domain::ledger::Place;
use accolade_wire::identity::{Content, IdHash};
use accolade_wire::journal::Recorded;

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

    /// Takes what the fold decided about one batch. What was taken before is left as it is.
    fn commit(&mut self, folded: &Folded) -> io::Result<()>;
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
        (self.from <= hour && hour <= self.to) || (self.own - 1 <= hour && hour <= self.own + 1)
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
