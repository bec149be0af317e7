//! What players had come to, as it lies in files: frames, each with a checksum, one behind the other.
//!
//! A file begins with `magic 8 · format u32 · partition u32 · from i64 · checksum u32`. A frame is `length u32 · checksum
//! u32`, and of that length `time i64 · next u64`, then leaderboards to its end: `operator · tournament · count · length`,
//! each a varint, and so many lines: `subject 16 · score · events · changed_at · batch · slot`. A score is 0 and its
//! hundredths, zig-zag, or 1 and 16 bytes; when it was changed is the distance back from the frame's time. Checksums are
//! CRC32C of what lies behind them, of a head of what lies before.

use std::collections::{BTreeMap, HashMap};
use std::io;

use accolade_domain::ledger::Subject;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_engine::disk::DiskFile;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_varint};

const MAGIC: [u8; 8] = *b"ACCBOARD";
const FORMAT: u32 = 1;
/// Bytes of a file before its first frame.
pub(super) const HEAD_BYTES: u64 = 28;
/// Bytes of a frame before its body.
const FRAME_HEAD_BYTES: u64 = 8;
/// Bytes of a body before its leaderboards.
const BODY_BYTES_MIN: usize = 16;
/// Whoever writes frames makes none that is longer.
const BODY_BYTES_MAX: usize = 64 << 20;

/// A leaderboard: the operator's number, and the tournament's.
pub(super) type Board = (u32, u32);

/// What players had come to, or what has changed of it.
pub(super) type Stands = HashMap<Subject, Stand>;

/// What a player had come to in a tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) score: Score,
    /// How many events that is; without any there is no position.
    pub(super) events: u64,
    /// The record that last changed the score: the time of its batch, the batch, and the slot.
    pub(super) changed_at: Timestamp,
    pub(super) batch: u64,
    pub(super) slot: u32,
}

/// What has changed up to a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// All batches up to this time are in it, or in those before it.
    pub(super) time: Timestamp,
    /// The batch after the last of them.
    pub(super) next: u64,
    pub(super) boards: BTreeMap<Board, Stands>,
}

/// A frame as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) time: Timestamp,
    pub(super) next: u64,
    boards: &'a [u8],
}

impl Frame {
    /// How many lines it has.
    pub(super) fn lines(&self) -> u64 {
        self.boards.values().map(|stands| stands.len() as u64).sum()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 8];
        out.extend_from_slice(&self.time.micros().to_le_bytes());
        out.extend_from_slice(&self.next.to_le_bytes());
        let mut lines = Vec::new();
        for ((operator, tournament), stands) in &self.boards {
            lines.clear();
            for (subject, stand) in stands {
                put_line(&mut lines, self.time, *subject, stand);
            }
            for number in [u64::from(*operator), u64::from(*tournament)] {
                put_varint(&mut out, number);
            }
            put_varint(&mut out, stands.len() as u64);
            put_varint(&mut out, lines.len() as u64);
            out.extend_from_slice(&lines);
        }
        let length = u32::try_from(out.len() - 8).expect("a frame is not so long");
        let checksum = crc32c::crc32c(&out[8..]);
        out[..4].copy_from_slice(&length.to_le_bytes());
        out[4..8].copy_from_slice(&checksum.to_le_bytes());
        out
    }
}

impl Read<'_> {
    /// Calls `each` with every leaderboard, the number of its lines, and those.
    pub(super) fn boards(
        &self,
        mut each: impl FnMut(Board, u64, &[u8]) -> Result<(), BadFormat>,
    ) -> Result<(), BadFormat> {
        let mut cursor = Cursor::new(self.boards, "leaderboards of a frame");
        while !cursor.is_empty() {
            let board = (cursor.small()?, cursor.small()?);
            let (count, length) = (cursor.varint()?, cursor.small()?);
            each(board, count, cursor.take(length)?)?;
        }
        Ok(())
    }

    /// Takes over what it says of one leaderboard.
    pub(super) fn apply(&self, wanted: Board, stands: &mut Stands) -> Result<(), BadFormat> {
        self.boards(|board, count, lines| {
            if board != wanted {
                return Ok(());
            }
            let mut cursor = Cursor::new(lines, "lines of a leaderboard");
            for _ in 0..count {
                let (subject, stand) = read_line(&mut cursor, self.time)?;
                stands.insert(subject, stand);
            }
            Ok(())
        })
    }
}

fn put_line(out: &mut Vec<u8>, time: Timestamp, Subject(subject): Subject, stand: &Stand) {
    let Stand { score, events, changed_at, batch, slot } = *stand;
    out.extend_from_slice(&subject);
    if let Some(whole) = score.hundredths() {
        out.push(0);
        put_signed(out, whole);
    } else {
        out.push(1);
        out.extend_from_slice(&score.0.to_le_bytes());
    }
    put_varint(out, events);
    put_signed(out, time.micros().wrapping_sub(changed_at.micros()));
    put_varint(out, batch);
    put_varint(out, u64::from(slot));
}

fn read_line(cursor: &mut Cursor<'_>, time: Timestamp) -> Result<(Subject, Stand), BadFormat> {
    let subject = Subject(cursor.array()?);
    let score = match cursor.u8()? {
        0 => Score::of_hundredths(cursor.signed()?),
        1 => Score(i128::from_le_bytes(cursor.array()?)),
        _ => return Err(cursor.bad()),
    };
    let events = cursor.varint()?;
    let changed_at = Timestamp::from_micros(time.micros().wrapping_sub(cursor.signed()?));
    let (batch, slot) = (cursor.varint()?, cursor.small()?);
    Ok((subject, Stand { score, events, changed_at, batch, slot }))
}

/// The beginning of a file of a partition that answers from a time on.
pub(super) fn head(partition: u16, from: Timestamp) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(&u32::from(partition).to_le_bytes());
    head.extend_from_slice(&from.micros().to_le_bytes());
    let checksum = crc32c::crc32c(&head);
    head.extend_from_slice(&checksum.to_le_bytes());
    head
}

/// Reads a file's frames in order, for as long as `each` says that it wants more. Returns where the next one begins, or is
/// to be written: what is not whole behind that counts as not written.
pub(super) fn read(
    file: &dyn DiskFile,
    (partition, from): (u16, Timestamp),
    each: &mut dyn FnMut(&Read<'_>) -> io::Result<bool>,
) -> io::Result<u64> {
    let length = file.len()?;
    let wanted = head(partition, from);
    let mut found = vec![0; wanted.len()];
    if length >= HEAD_BYTES {
        file.read_at(&mut found, 0)?;
    }
    if found != wanted {
        return Err(damaged("a file of leaderboards has another head than its name says"));
    }
    let (mut at, mut body) = (HEAD_BYTES, Vec::new());
    while at + FRAME_HEAD_BYTES <= length {
        let (mut count, mut checksum) = ([0; 4], [0; 4]);
        file.read_at(&mut count, at)?;
        file.read_at(&mut checksum, at + 4)?;
        let (count, checksum) = (u32::from_le_bytes(count) as usize, u32::from_le_bytes(checksum));
        let end = at + FRAME_HEAD_BYTES + count as u64;
        if !(BODY_BYTES_MIN..=BODY_BYTES_MAX).contains(&count) || end > length {
            break;
        }
        body.resize(count, 0);
        file.read_at(&mut body, at + FRAME_HEAD_BYTES)?;
        if crc32c::crc32c(&body) != checksum {
            break;
        }
        let mut cursor = Cursor::new(&body, "frame of leaderboards");
        let bad = |error: BadFormat| damaged(&error.to_string());
        let time = Timestamp::from_micros(cursor.i64().map_err(bad)?);
        let next = cursor.u64().map_err(bad)?;
        if !each(&Read { time, next, boards: cursor.rest() })? {
            return Ok(at);
        }
        at = end;
    }
    Ok(at)
}

pub(super) fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use accolade_engine::disk::Disk;
    use accolade_storage::disk::RealDisk;
    use proptest::prelude::*;

    use super::*;

    fn time(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn stand() -> impl Strategy<Value = Stand> {
        let score = prop_oneof![
            any::<i64>().prop_map(Score::of_hundredths),
            any::<i128>().prop_map(Score),
            Just(Score::of_hundredths(i64::MAX)),
        ];
        (score, any::<u64>(), 0..i64::MAX, any::<u64>(), any::<u32>()).prop_map(
            |(score, events, at, batch, slot)| Stand {
                score,
                events,
                changed_at: time(at),
                batch,
                slot,
            },
        )
    }

    fn frame() -> impl Strategy<Value = Frame> {
        let stands = prop::collection::hash_map(any::<[u8; 16]>().prop_map(Subject), stand(), 0..4);
        let boards = prop::collection::btree_map((any::<u32>(), any::<u32>()), stands, 0..4);
        (0..i64::MAX, any::<u64>(), boards).prop_map(|(at, next, boards)| Frame {
            time: time(at),
            next,
            boards,
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_and_what_is_torn_was_not_written(
            frames in prop::collection::vec(frame(), 0..5),
            cut in any::<prop::sample::Index>(),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path()).unwrap());
            let file = disk.create("a", 0).unwrap();
            let mut bytes = head(3, time(7));
            let mut ends = vec![bytes.len()];
            for frame in &frames {
                bytes.extend(frame.to_bytes());
                ends.push(bytes.len());
            }
            let whole = bytes.len() - ends[0];
            let length = ends[0] + if whole == 0 { 0 } else { cut.index(whole + 1) };
            file.write_at(&bytes[..length], 0).unwrap();
            let mut seen = Vec::new();
            let end = read(&*file, (3, time(7)), &mut |it| {
                let mut boards = BTreeMap::new();
                it.boards(|board, count, _| {
                    let mut stands = Stands::new();
                    it.apply(board, &mut stands)?;
                    assert_eq!(stands.len() as u64, count);
                    boards.insert(board, stands);
                    Ok(())
                }).unwrap();
                seen.push(Frame { time: it.time, next: it.next, boards });
                Ok(true)
            }).unwrap();
            let there = ends.iter().filter(|end| **end <= length).count() - 1;
            prop_assert_eq!(&seen, &frames[..there]);
            prop_assert_eq!(end, ends[there] as u64);
            prop_assert!(read(&*file, (4, time(7)), &mut |_| Ok(true)).is_err());
        }
    }
}
