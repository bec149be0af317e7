//! Records of the trail, which says who did what: their canonical bytes, and the hash that chains each to the one
//! before it.
//!
//! A frame's payload is `format u8 · chain u64 · hash before its first record 32 · records`, and a record in it
//! `bytes varint · canonical bytes · hash 32`.

use accolade_domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::bytes::{BadFormat, Cursor, put_text, put_varint};

/// The format of the canonical bytes that this version writes.
const RECORD_FORMAT: u8 = 1;
const FRAME_FORMAT: u8 = 1;
const DRY_RUN: u8 = 1;
/// Bytes of a text beyond which it is cut.
pub const TEXT_BYTES_MAX: usize = 256;

/// A link of a chain.
pub type Hash = [u8; 32];

/// What a record is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrailKind {
    /// The chain begins: `name` is the node's.
    #[default]
    Began = 1,
    /// Somebody has seen a player's data.
    Read = 2,
    /// Somebody has changed something, or has tried to.
    Change = 3,
    /// Somebody was turned away.
    Denied = 4,
    /// So many requests as this since the last count of them: intake, and what players see of their own.
    Counted = 5,
    /// So many more that were turned away.
    DeniedCounted = 6,
}

impl TrailKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Began, Self::Read, Self::Change, Self::Denied, Self::Counted, Self::DeniedCounted];

    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Read => "read",
            Self::Change => "change",
            Self::Denied => "denied",
            Self::Counted => "counted",
            Self::DeniedCounted => "denied_counted",
        }
    }

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a record says, but for its number and its time. An empty text is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailEntry {
    /// What it is about.
    pub kind: TrailKind,
    /// Nothing was to be changed.
    pub is_dry: bool,
    /// The status that was answered; 0 where nobody waited for an answer any more.
    pub status: u16,
    /// How many requests.
    pub count: u64,
    /// Whose things they were about.
    pub operator: String,
    /// Who asked.
    pub subject: String,
    /// How it has said who it is.
    pub credential: String,
    /// The id of the key that was shown.
    pub key: String,
    /// The route's id.
    pub route: String,
    /// The method.
    pub method: String,
    /// What the path names.
    pub name: String,
    /// The player whose data it was.
    pub player: String,
    /// From where.
    pub peer: String,
    /// The code of the problem that was answered.
    pub code: String,
    /// The request's id.
    pub request_id: String,
}

impl TrailEntry {
    fn texts(&self) -> [&String; 11] {
        let Self { operator, subject, credential, key, route, method, .. } = self;
        let Self { name, player, peer, code, request_id, .. } = self;
        [operator, subject, credential, key, route, method, name, player, peer, code, request_id]
    }

    fn texts_mut(&mut self) -> [&mut String; 11] {
        let Self { operator, subject, credential, key, route, method, .. } = self;
        let Self { name, player, peer, code, request_id, .. } = self;
        [operator, subject, credential, key, route, method, name, player, peer, code, request_id]
    }

    /// Bytes that it takes at most.
    pub fn bytes_max(&self) -> usize {
        96 + self.texts().iter().map(|text| text.len().min(TEXT_BYTES_MAX) + 2).sum::<usize>()
    }
}

/// The front of a text that is too long.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A record of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRecord {
    /// 1, 2, 3, … in its chain.
    pub number: u64,
    /// When; never before the record before it.
    pub at: Timestamp,
    /// What it says.
    pub entry: TrailEntry,
}

impl TrailRecord {
    /// The canonical bytes, format 1: `format u8 · kind u8 · flags u8 (1 dry run) · number varint · at i64 · status
    /// varint · count varint`, then as counted texts operator, subject, credential, key, route, method, name, player,
    /// peer, code and request id.
    pub fn canonical(number: u64, at: Timestamp, entry: &TrailEntry) -> Vec<u8> {
        let mut out = Vec::with_capacity(entry.bytes_max());
        out.extend([RECORD_FORMAT, entry.kind as u8, if entry.is_dry { DRY_RUN } else { 0 }]);
        put_varint(&mut out, number);
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_varint(&mut out, entry.status.into());
        put_varint(&mut out, entry.count);
        for text in entry.texts() {
            put_text(&mut out, cut(text));
        }
        out
    }

    fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "record of the trail");
        cursor.format(RECORD_FORMAT)?;
        let kind = TrailKind::of(cursor.u8()?).ok_or(cursor.bad())?;
        let is_dry = cursor.u8()? & DRY_RUN != 0;
        let number = cursor.varint()?;
        let at = Timestamp::from_micros(cursor.i64()?);
        let (status, count) = (cursor.small()?, cursor.varint()?);
        let mut entry = TrailEntry { kind, is_dry, status, count, ..TrailEntry::default() };
        for text in entry.texts_mut() {
            cursor.text()?.clone_into(text);
        }
        if !cursor.is_empty() {
            return Err(cursor.bad());
        }
        Ok(Self { number, at, entry })
    }
}

/// SHA-256 over the canonical bytes of a record and the hash of the one before it.
fn chained(canonical: &[u8], before: &Hash) -> Hash {
    Sha256::new().chain_update(canonical).chain_update(before).finalize().into()
}

/// Where a chain goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnd {
    /// Which chain.
    pub chain: u64,
    /// The number of the next record.
    pub next: u64,
    /// The hash of the last one; zeros before the first.
    pub hash: Hash,
    /// The time of the last one.
    pub at: Timestamp,
}

impl ChainEnd {
    /// Before the first record.
    pub fn new(chain: u64) -> Self {
        Self { chain, next: 1, hash: [0; 32], at: Timestamp::default() }
    }

    /// Begins a frame whose records come next.
    pub fn begin_frame(&self, out: &mut Vec<u8>) {
        out.push(FRAME_FORMAT);
        out.extend_from_slice(&self.chain.to_le_bytes());
        out.extend_from_slice(&self.hash);
    }

    /// Appends the next record to a frame that was begun.
    pub fn append(&mut self, at: Timestamp, entry: &TrailEntry, out: &mut Vec<u8>) {
        self.at = self.at.max(at);
        let canonical = TrailRecord::canonical(self.next, self.at, entry);
        self.hash = chained(&canonical, &self.hash);
        put_varint(out, canonical.len() as u64);
        out.extend_from_slice(&canonical);
        out.extend_from_slice(&self.hash);
        self.next += 1;
    }
}

/// What does not fit in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFitting {
    /// The record, where it can be told.
    pub number: Option<u64>,
    /// What was found.
    pub what: String,
}

/// Reads a frame's records. `before` is where the chain went on after the frame before it, if there was one: then the
/// hash of each record is checked. Returns them, and where the chain goes on.
pub fn read_frame(
    payload: &[u8],
    before: Option<&ChainEnd>,
) -> Result<(Vec<TrailRecord>, ChainEnd), NotFitting> {
    let next = before.map(|before| before.next);
    let unreadable = |bad: BadFormat| NotFitting { number: next, what: bad.to_string() };
    let mut cursor = Cursor::new(payload, "frame of the trail");
    cursor.format(FRAME_FORMAT).map_err(unreadable)?;
    let chain = cursor.u64().map_err(unreadable)?;
    let hash: Hash = cursor.array().map_err(unreadable)?;
    let (next, at) =
        before.map_or((0, Timestamp::from_micros(i64::MIN)), |before| (before.next, before.at));
    let mut end = ChainEnd { chain, next, hash, at };
    if let Some(before) = before
        && (before.chain, before.hash) != (chain, hash)
    {
        let what = "it does not follow the record before it".to_owned();
        return Err(NotFitting { number: Some(before.next), what });
    }
    let mut records = Vec::new();
    while !cursor.is_empty() {
        let known = (end.next > 0).then_some(end.next);
        let unreadable = |bad: BadFormat| NotFitting { number: known, what: bad.to_string() };
        let length = cursor.small().map_err(unreadable)?;
        let canonical = cursor.take(length).map_err(unreadable)?;
        let hash: Hash = cursor.array().map_err(unreadable)?;
        let not_fitting = |number, what: &str| Err(NotFitting { number, what: what.to_owned() });
        if chained(canonical, &end.hash) != hash {
            let number =
                known.or_else(|| TrailRecord::read(canonical).ok().map(|read| read.number));
            let what = "its hash is not that of its content and the record before it";
            return not_fitting(number, what);
        }
        let record = TrailRecord::read(canonical).map_err(unreadable)?;
        if known.is_some_and(|known| known != record.number) {
            return not_fitting(known, &format!("record {} stands in its place", record.number));
        }
        if record.at < end.at {
            return not_fitting(Some(record.number), "it is older than the record before it");
        }
        (end.next, end.hash, end.at) = (record.number + 1, hash, record.at);
        records.push(record);
    }
    Ok((records, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(subject: &str) -> TrailEntry {
        TrailEntry { kind: TrailKind::Read, subject: subject.into(), ..TrailEntry::default() }
    }

    fn frame(end: &mut ChainEnd, subjects: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        end.begin_frame(&mut out);
        for subject in subjects {
            end.append(Timestamp::from_micros(7), &entry(subject), &mut out);
        }
        out
    }

    #[test]
    fn any_bent_byte_of_a_frame_is_found_and_the_record_named() {
        let before = ChainEnd::new(9);
        let mut end = before;
        let whole = frame(&mut end, &["a", "b", "c"]);
        let (records, read) = read_frame(&whole, Some(&before)).unwrap();
        assert_eq!((records.len(), read), (3, end));
        assert_eq!(read_frame(&whole, None).unwrap().1, end);
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x40;
            let number = read_frame(&bent, Some(&before)).unwrap_err().number.unwrap();
            let third = (whole.len() - 41) / 3;
            let expected = at.saturating_sub(41) / third + 1;
            assert_eq!(number, expected as u64, "byte {at}");
        }
    }

    #[test]
    fn a_frame_that_is_left_out_or_comes_twice_is_found() {
        let start = ChainEnd::new(9);
        let mut end = start;
        let first = frame(&mut end, &["a"]);
        let after_first = end;
        let second = frame(&mut end, &["b"]);
        assert_eq!(read_frame(&second, Some(&start)).unwrap_err().number, Some(1));
        assert_eq!(read_frame(&first, Some(&after_first)).unwrap_err().number, Some(2));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_two_letters() {
        let long = entry(&"\u{e4}".repeat(300));
        let mut out = Vec::new();
        let mut end = ChainEnd::new(1);
        end.begin_frame(&mut out);
        end.append(Timestamp::default(), &long, &mut out);
        let (records, _) = read_frame(&out, None).unwrap();
        assert_eq!(records[0].entry.subject, "\u{e4}".repeat(128));
    }
}
