//! Records of a partition that wait to be ordered, by source.

use std::collections::VecDeque;

use accolade_wire::order::{Offsets, SourceRange, SourceTopic};
use accolade_wire::record::Record;

/// Bytes after which a piece is ended, so that batches can be cut between two.
const PIECE_BYTES: usize = 64 << 10;

/// Records of one source, one after the other, with the offsets that they had.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// The records as `Record::write` writes them.
    pub bytes: Vec<u8>,
    /// How many they are.
    pub count: u32,
    /// First offsets of stretches without a hole, and how many records each has.
    pub stretches: Vec<(i64, u32)>,
    /// The offset after the last.
    pub to: i64,
}

impl Piece {
    /// Appends a record.
    pub fn push(&mut self, offset: i64, record: &Record<'_>) {
        record.write(&mut self.bytes);
        match self.stretches.last_mut() {
            Some((first, count)) if *first + i64::from(*count) == offset => *count += 1,
            _ => self.stretches.push((offset, 1)),
        }
        self.count += 1;
        self.to = offset + 1;
    }

    /// Appends what another has, which comes after.
    pub fn append(&mut self, other: &Self) {
        self.bytes.extend_from_slice(&other.bytes);
        for (first, count) in &other.stretches {
            match self.stretches.last_mut() {
                Some((before, length)) if *before + i64::from(*length) == *first => {
                    *length += count;
                }
                _ => self.stretches.push((*first, *count)),
            }
        }
        self.count += other.count;
        self.to = other.to;
    }

    /// The range that a batch names for it.
    pub fn range(&self, source: SourceTopic, from: i64) -> SourceRange {
        let (to, count) = (self.to, self.count);
        SourceRange { source, from, to, count, checksum: crc32c::crc32c(&self.bytes) }
    }

    /// The position of the record at `offset`, counted from 0.
    pub fn position(&self, offset: i64) -> Option<u32> {
        let mut before = 0;
        for (first, count) in &self.stretches {
            if (*first..*first + i64::from(*count)).contains(&offset) {
                return Some(before + u32::try_from(offset - first).unwrap_or(0));
            }
            before += count;
        }
        None
    }
}

/// Records of one partition that wait to be ordered; control records are in the control book.
#[derive(Debug, Default)]
pub struct Inbox {
    pieces: [VecDeque<Piece>; 4],
    next: Option<Offsets>,
    bytes: usize,
    /// More waits than its share, and nothing is heard of the partition.
    is_aside: bool,
}

impl Inbox {
    /// From now on records are taken, each source from its offset on.
    pub fn open(&mut self, from: Offsets) {
        *self = Self { next: Some(from), ..Self::default() };
    }

    /// Takes nothing any more, and forgets what waits.
    pub fn close(&mut self) {
        *self = Self::default();
    }

    /// Whether records are taken.
    pub const fn is_open(&self) -> bool {
        self.next.is_some()
    }

    /// Whether more waits than `share`, and more is still heard.
    pub(crate) const fn is_over(&self, share: usize) -> bool {
        self.is_open() && !self.is_aside && self.bytes > share
    }

    /// From now on nothing is heard, until there is room.
    pub(crate) const fn set_aside(&mut self) {
        self.is_aside = true;
    }

    /// Where hearing goes on, if the partition was set aside and less than half of `share` waits.
    pub(crate) fn goes_on_from(&self, share: usize) -> Option<Offsets> {
        self.next.filter(|_| self.is_aside && self.bytes <= share / 2)
    }

    /// Records are heard again.
    pub(crate) const fn take_in_again(&mut self) {
        self.is_aside = false;
    }

    /// Bytes that wait.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether what is heard follows what was heard; if so, `next` comes next. What was on its way while
    /// the inbox was closed and opened again does not, and is heard once more.
    fn goes_on(&mut self, source: SourceTopic, expected: i64, next: i64) -> bool {
        let Some(at) = &mut self.next else { return false };
        let at = &mut at[source as usize];
        let goes_on = *at == expected && next > expected;
        if goes_on {
            *at = next;
        }
        goes_on
    }

    /// Adds a record where `expected` was to come next; says how many bytes were added. One that does not
    /// follow, or comes while the inbox is closed, is left out.
    pub fn push(
        &mut self,
        source: SourceTopic,
        expected: i64,
        offset: i64,
        record: &Record<'_>,
    ) -> usize {
        if !self.goes_on(source, expected, offset + 1) {
            return 0;
        }
        let pieces = &mut self.pieces[source as usize];
        if pieces.back().is_none_or(|piece| piece.bytes.len() >= PIECE_BYTES) {
            pieces.push_back(Piece::default());
        }
        let piece = pieces.back_mut().expect("one was just made sure of");
        let before = piece.bytes.len();
        piece.push(offset, record);
        let added = piece.bytes.len() - before;
        self.bytes += added;
        added
    }

    /// Goes past what does not count, from an offset up to another.
    pub fn pass(&mut self, source: SourceTopic, from: i64, to: i64) {
        if !self.goes_on(source, from, to) {
            return;
        }
        let pieces = &mut self.pieces[source as usize];
        match pieces.back_mut() {
            Some(piece) => piece.to = to,
            None => pieces.push_back(Piece { to, ..Piece::default() }),
        }
    }

    /// Takes what a batch has room for, by source.
    pub fn take(&mut self, bytes_max: usize, count_max: u32) -> [Piece; 4] {
        let mut taken = [const { None }; 4];
        let (mut bytes, mut count) = (0, 0);
        for (pieces, taken) in self.pieces.iter_mut().zip(&mut taken) {
            while let Some(piece) = pieces.front() {
                if count > 0 && (bytes >= bytes_max || count + piece.count > count_max) {
                    break;
                }
                let piece = pieces.pop_front().expect("it was just seen");
                bytes += piece.bytes.len();
                count += piece.count;
                match taken {
                    None => *taken = Some(piece),
                    Some(before) => Piece::append(before, &piece),
                }
            }
        }
        self.bytes -= bytes;
        taken.map(Option::unwrap_or_default)
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::time::Timestamp;
    use accolade_wire::record::{Kind, Source};

    use super::*;

    fn push(inbox: &mut Inbox, expected: i64, offset: i64) -> bool {
        let (kind, source, operator) = (Kind::Wager, Source::Kafka, "house");
        let (received_at, origin) = (Timestamp::from_micros(0), None);
        let record = Record { kind, source, operator, received_at, origin, body: b"{}" };
        inbox.push(SourceTopic::Wagers, expected, offset, &record) > 0
    }

    #[test]
    fn what_was_on_its_way_while_it_was_opened_anew_leaves_no_hole() {
        let mut inbox = Inbox::default();
        inbox.open([0, 0, 50, 0]);
        inbox.pass(SourceTopic::Wagers, 100, 105);
        assert!(!push(&mut inbox, 105, 105), "50 comes next");
        assert!(push(&mut inbox, 50, 51), "50 does not count");
        inbox.pass(SourceTopic::Wagers, 52, 60);
        assert!(push(&mut inbox, 60, 60));
        let [_, _, wagers, _] = inbox.take(1 << 20, 100);
        assert_eq!((wagers.to, wagers.count), (61, 2));
        assert_eq!(wagers.stretches, [(51, 1), (60, 1)]);
    }
}
