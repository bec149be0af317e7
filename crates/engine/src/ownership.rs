//! Who owns a partition of the cluster form, and which batches count: decided by its order partition
//! alone.
//!
//! Offsets of an order partition are gapless, and nobody but owners writes there. So the offset at
//! which a write is acknowledged says whether anyone wrote in between: at the next offset after one's
//! last, nobody did. The argument is in `docs/cluster.md`.

use accolade_wire::bytes::{self, BadFormat};
use accolade_wire::order::{Batch, Claim, Offsets, Order, SourceRange};

/// Where a reader of an order partition stands, between two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The offset of the next record of the order.
    pub next: i64,
    /// The highest epoch of a claim that counted; 0 before the first.
    pub epoch: u64,
    /// The offset of that claim.
    pub claim: i64,
    /// The batch that counts next.
    pub next_batch: u64,
    /// The first batch that was ordered here: what lies before was brought from elsewhere, and its
    /// outputs have left there.
    pub first_batch: u64,
    /// Where each source goes on.
    pub sources: Offsets,
    /// The latest shipped checkpoint that was named; empty for none.
    pub checkpoint: String,
}

/// What a record of the order means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// A claim: from here on only its epoch counts.
    Claim,
    /// The next batch.
    Batch,
    /// Nothing: its writer was not the holder any more, or it is a repeat.
    Nothing,
}

/// A batch of the holder that does not go on where the one before it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The offset in the order.
    pub offset: i64,
    /// What was expected and found.
    pub what: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the order's record at offset {}: {}", self.offset, self.what)
    }
}

impl std::error::Error for Broken {}

const FORMAT: u8 = 1;

/// Whether an owner can have written `epoch` into the record at `offset`: epochs begin at 1, and each is at
/// most one above a claim's that stands before it.
pub const fn is_possible(epoch: u64, offset: i64) -> bool {
    epoch <= offset.unsigned_abs().saturating_add(1)
}

impl Cursor {
    /// Before the first record of an order that begins at offset `next`.
    pub const fn start(next: i64) -> Self {
        let checkpoint = String::new();
        let (next_batch, first_batch, sources) = (1, 1, [0; 4]);
        Self { next, epoch: 0, claim: -1, next_batch, first_batch, sources, checkpoint }
    }

    /// Goes past the record at `offset` and says whether it counts.
    ///
    /// A claim counts if its epoch is above all before it, so that the first wins a tie, and one that an
    /// owner can have: there is always a higher one left. A batch counts if it is by the holder of the
    /// highest claim, and the next.
    pub fn pass(&mut self, offset: i64, order: &Order) -> Result<Counted, Broken> {
        if offset < self.next {
            return Ok(Counted::Nothing);
        }
        self.next = offset + 1;
        match order {
            Order::Claim(claim) => Ok(self.pass_claim(offset, claim)),
            Order::Batch(batch) => self.pass_batch(offset, batch),
        }
    }

    fn pass_claim(&mut self, offset: i64, claim: &Claim) -> Counted {
        if claim.epoch <= self.epoch || !is_possible(claim.epoch, offset) {
            return Counted::Nothing;
        }
        if self.epoch == 0 && self.next_batch == 1 {
            self.next_batch = claim.next_batch;
            self.first_batch = claim.next_batch;
            self.sources = claim.sources;
        }
        self.epoch = claim.epoch;
        self.claim = offset;
        self.name(&claim.checkpoint);
        Counted::Claim
    }

    fn pass_batch(&mut self, offset: i64, batch: &Batch) -> Result<Counted, Broken> {
        let by_holder = batch.epoch == self.epoch && batch.claim == self.claim;
        if !by_holder || batch.batch < self.next_batch {
            return Ok(Counted::Nothing);
        }
        if batch.batch > self.next_batch {
            let what = format!("expected batch {}, found {}", self.next_batch, batch.batch);
            return Err(Broken { offset, what });
        }
        for SourceRange { source, from, to, .. } in &batch.ranges {
            let next = &mut self.sources[*source as usize];
            if from != next || to < from {
                let what = format!("expected {source:?} to go on at {next}, found {from} to {to}");
                return Err(Broken { offset, what });
            }
            *next = *to;
        }
        self.next_batch += 1;
        self.name(&batch.checkpoint);
        Ok(Counted::Batch)
    }

    fn name(&mut self, checkpoint: &str) {
        if !checkpoint.is_empty() {
            checkpoint.clone_into(&mut self.checkpoint);
        }
    }

    /// Appends the cursor to `out`, for a checkpoint.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(FORMAT);
        out.extend_from_slice(&self.next.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.claim.to_le_bytes());
        out.extend_from_slice(&self.next_batch.to_le_bytes());
        out.extend_from_slice(&self.first_batch.to_le_bytes());
        for offset in self.sources {
            out.extend_from_slice(&offset.to_le_bytes());
        }
        bytes::put_text(out, &self.checkpoint);
    }

    /// Reads a cursor from a checkpoint.
    pub fn read(written: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = bytes::Cursor::new(written, "cursor of the order");
        cursor.format(FORMAT)?;
        let (next, epoch, claim) = (cursor.i64()?, cursor.u64()?, cursor.i64()?);
        let (next_batch, first_batch) = (cursor.u64()?, cursor.u64()?);
        let sources = [cursor.i64()?, cursor.i64()?, cursor.i64()?, cursor.i64()?];
        let length = usize::try_from(cursor.varint()?).map_err(|_| cursor.bad())?;
        let checkpoint = std::str::from_utf8(cursor.take(length)?).map_err(|_| cursor.bad())?;
        let checkpoint = checkpoint.to_owned();
        Ok(Self { next, epoch, claim, next_batch, first_batch, sources, checkpoint })
    }
}

/// What an acknowledgement proves to a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// Nobody came between: the batch is ordered, and may be folded and answered.
    Ordered,
    /// Somebody wrote in between: read the order from `from` up to the own record, and judge by
    /// [`Holder::gap`].
    Gap {
        /// The first offset that is not known.
        from: i64,
        /// The own record's offset.
        to: i64,
    },
}

/// Somebody else holds the partition: nothing in flight was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The epoch that holds it.
    pub epoch: u64,
}

/// The owner of a partition, who has at most one record of the order in flight.
#[derive(Debug)]
pub struct Holder {
    epoch: u64,
    claim: i64,
    cursor: Cursor,
    in_flight: Option<Batch>,
}

impl Holder {
    /// The holder whose own claim, at `claim`, is the last that `cursor` has counted; nothing where
    /// another claim came before it.
    pub fn new(cursor: Cursor, epoch: u64, claim: i64) -> Option<Self> {
        (cursor.epoch == epoch && cursor.claim == claim).then_some(Self {
            epoch,
            claim,
            cursor,
            in_flight: None,
        })
    }

    /// Where the order stands after the last batch that is known to be ordered.
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The owner's epoch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether a record is on its way.
    pub const fn is_waiting(&self) -> bool {
        self.in_flight.is_some()
    }

    /// The next batch's record, which is in flight from now on. Panics if one is already.
    pub fn order(&mut self, content: BatchContent) -> Order {
        assert!(self.in_flight.is_none(), "one record of the order is in flight at a time");
        let BatchContent { time, random, ranges, checkpoint } = content;
        let (epoch, claim, batch) = (self.epoch, self.claim, self.cursor.next_batch);
        let batch = Batch { epoch, claim, batch, time, random, ranges, checkpoint };
        self.in_flight = Some(batch.clone());
        Order::Batch(batch)
    }

    /// The record in flight was acknowledged at `offset`.
    pub fn acknowledged(&mut self, offset: i64) -> Result<Acknowledged, Broken> {
        if offset != self.cursor.next {
            return Ok(Acknowledged::Gap { from: self.cursor.next, to: offset });
        }
        let batch = self.in_flight.take().expect("a record that is acknowledged was in flight");
        match self.cursor.pass(offset, &Order::Batch(batch))? {
            Counted::Batch => Ok(Acknowledged::Ordered),
            Counted::Claim | Counted::Nothing => {
                Err(Broken { offset, what: "the holder's own batch does not count".into() })
            }
        }
    }

    /// Passes what lies between, the own record included: the batch is ordered, or the partition lost.
    pub fn gap(&mut self, records: &[(i64, Order)]) -> Result<Result<(), Lost>, Broken> {
        let mut last = Counted::Nothing;
        for (offset, order) in records {
            last = self.cursor.pass(*offset, order)?;
            if self.cursor.epoch != self.epoch {
                return Ok(Err(Lost { epoch: self.cursor.epoch }));
            }
        }
        self.in_flight = None;
        match last {
            Counted::Batch => Ok(Ok(())),
            Counted::Claim | Counted::Nothing => {
                let offset = records.last().map_or(self.cursor.next, |(offset, _)| *offset);
                Err(Broken { offset, what: "the holder's own batch does not count".into() })
            }
        }
    }
}

/// What the owner puts into a batch.
#[derive(Debug, Clone)]
pub struct BatchContent {
    /// When it is ordered.
    pub time: accolade_domain::time::Timestamp,
    /// Its random bytes.
    pub random: [u8; 32],
    /// Its records.
    pub ranges: Vec<SourceRange>,
    /// A shipped checkpoint that no record has named yet; or empty.
    pub checkpoint: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(epoch: u64) -> Order {
        let (node, checkpoint) = ("one".to_owned(), String::new());
        Order::Claim(Claim { epoch, next_batch: 1, sources: [0; 4], node, checkpoint })
    }

    #[test]
    fn a_claim_of_an_epoch_that_no_owner_can_have_does_not_count() {
        let mut cursor = Cursor::start(0);
        let claims = [(u64::MAX, false), (2, true), (4, false), (1 << 48, false), (3, true)];
        for (offset, (epoch, counts)) in (0..).zip(claims) {
            let expected = if counts { Counted::Claim } else { Counted::Nothing };
            assert_eq!(cursor.pass(offset, &claim(epoch)), Ok(expected), "epoch {epoch}");
        }
        assert_eq!((cursor.epoch, cursor.claim), (3, 4));
    }
}
