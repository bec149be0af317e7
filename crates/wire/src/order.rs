//! Records of `accolade.order`: who owns a partition, and which records its batches consist of.
//!
//! Claim: `format u8 = 1 · kind u8 = 1 · epoch u64 · next batch u64 · next offset of each source i64 ×
//! 4 · node text · checkpoint text`. Batch: `format u8 = 1 · kind u8 = 2 · epoch u64 · claim i64 ·
//! batch u64 · time i64 · random 32 bytes · count of ranges u8 · ranges · checkpoint text`, a range as
//! `source u8 · from i64 · to i64 · count u32 · crc32c u32`. Texts are counted by a varint.

use accolade_domain::time::Timestamp;

use crate::bytes::{BadFormat, Cursor, put_text};

const FORMAT: u8 = 1;
const CLAIM: u8 = 1;
const BATCH: u8 = 2;

/// Where records of a batch come from, in the order in which a batch takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceTopic {
    /// `accolade.control`, one partition for all.
    Control = 0,
    /// `accolade.commands`.
    Commands = 1,
    /// `wager.events`.
    Wagers = 2,
    /// `player.events.raw`.
    GameEvents = 3,
}

impl SourceTopic {
    /// All of them, in the order of a batch.
    pub const ALL: [Self; 4] = [Self::Control, Self::Commands, Self::Wagers, Self::GameEvents];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// The next offset of each source, by [`SourceTopic`].
pub type Offsets = [i64; 4];

/// A record of `accolade.order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A node takes the partition.
    Claim(Claim),
    /// The owner fixes a batch.
    Batch(Batch),
}

/// A node takes a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Higher than every one before it, or it does not count.
    pub epoch: u64,
    /// The batch that the claimant would order first. The partition's first claim fixes it.
    pub next_batch: u64,
    /// Where each source goes on. The partition's first claim fixes it.
    pub sources: Offsets,
    /// The node's name.
    pub node: String,
    /// The latest shipped checkpoint that the claimant knows; empty for none.
    pub checkpoint: String,
}

/// A batch, as ranges of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The owner's epoch.
    pub epoch: u64,
    /// The offset of its claim.
    pub claim: i64,
    /// The batch's number.
    pub batch: u64,
    /// When it was ordered.
    pub time: Timestamp,
    /// Its random bytes.
    pub random: [u8; 32],
    /// What it consists of, in the order of [`SourceTopic`]; a source without records is left out.
    pub ranges: Vec<SourceRange>,
    /// The latest shipped checkpoint; empty for the one named before.
    pub checkpoint: String,
}

/// Records of one source, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRange {
    /// The source.
    pub source: SourceTopic,
    /// The first offset: where the range before it ended.
    pub from: i64,
    /// The offset after the last record.
    pub to: i64,
    /// How many records lie between; fewer than offsets where the source is written in transactions.
    pub count: u32,
    /// CRC32C over the records as [`crate::record::Record::write`] writes them, one after the other.
    pub checksum: u32,
}

impl Order {
    /// Appends the record to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(FORMAT);
        match self {
            Self::Claim(Claim { epoch, next_batch, sources, node, checkpoint }) => {
                out.push(CLAIM);
                out.extend_from_slice(&epoch.to_le_bytes());
                out.extend_from_slice(&next_batch.to_le_bytes());
                for offset in sources {
                    out.extend_from_slice(&offset.to_le_bytes());
                }
                put_text(out, node);
                put_text(out, checkpoint);
            }
            Self::Batch(Batch { epoch, claim, batch, time, random, ranges, checkpoint }) => {
                out.push(BATCH);
                out.extend_from_slice(&epoch.to_le_bytes());
                out.extend_from_slice(&claim.to_le_bytes());
                out.extend_from_slice(&batch.to_le_bytes());
                out.extend_from_slice(&time.micros().to_le_bytes());
                out.extend_from_slice(random);
                out.push(u8::try_from(ranges.len()).expect("there are four sources"));
                for SourceRange { source, from, to, count, checksum } in ranges {
                    out.push(*source as u8);
                    out.extend_from_slice(&from.to_le_bytes());
                    out.extend_from_slice(&to.to_le_bytes());
                    out.extend_from_slice(&count.to_le_bytes());
                    out.extend_from_slice(&checksum.to_le_bytes());
                }
                put_text(out, checkpoint);
            }
        }
    }

    /// Reads a record.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "record of the order");
        cursor.format(FORMAT)?;
        let order = match cursor.u8()? {
            CLAIM => Self::Claim(Claim {
                epoch: cursor.u64()?,
                next_batch: cursor.u64()?,
                sources: [cursor.i64()?, cursor.i64()?, cursor.i64()?, cursor.i64()?],
                node: text(&mut cursor)?,
                checkpoint: text(&mut cursor)?,
            }),
            BATCH => Self::Batch(Batch {
                epoch: cursor.u64()?,
                claim: cursor.i64()?,
                batch: cursor.u64()?,
                time: Timestamp::from_micros(cursor.i64()?),
                random: cursor.array()?,
                ranges: (0..cursor.u8()?).map(|_| range(&mut cursor)).collect::<Result<_, _>>()?,
                checkpoint: text(&mut cursor)?,
            }),
            _ => return Err(cursor.bad()),
        };
        if cursor.is_empty() { Ok(order) } else { Err(cursor.bad()) }
    }

    /// The epoch of whoever wrote it.
    pub const fn epoch(&self) -> u64 {
        match self {
            Self::Claim(claim) => claim.epoch,
            Self::Batch(batch) => batch.epoch,
        }
    }
}

fn text(cursor: &mut Cursor<'_>) -> Result<String, BadFormat> {
    let length = usize::try_from(cursor.varint()?).map_err(|_| cursor.bad())?;
    let bytes = cursor.take(length)?;
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| cursor.bad())
}

fn range(cursor: &mut Cursor<'_>) -> Result<SourceRange, BadFormat> {
    let source = SourceTopic::from_number(cursor.u8()?).ok_or(cursor.bad())?;
    let (from, to) = (cursor.i64()?, cursor.i64()?);
    let (count, checksum) = (cursor.u32()?, cursor.u32()?);
    Ok(SourceRange { source, from, to, count, checksum })
}
