//! Which messages of each partition were taken in: what comes again is recognised.

use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;

/// How far a message may be ahead of the first that is missing.
const AHEAD_MAX: u64 = 10_000;

/// The table of what was received, by the partition that sent it.
#[derive(Debug, Default)]
pub struct Inbox;

/// The messages of one partition that were taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// All up to this number.
    all_to: u64,
    /// Numbers beyond it, ascending; the one after `all_to` is never among them.
    beyond: Vec<u64>,
}

/// What a message is to its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It comes for the first time.
    New,
    /// It was taken in before.
    Before,
    /// Too many before it are missing; it is not taken in, and comes again.
    TooFarAhead,
}

impl Received {
    /// What message `sequence` is.
    pub fn arrival(&self, sequence: u64) -> Arrival {
        if sequence <= self.all_to || self.beyond.binary_search(&sequence).is_ok() {
            Arrival::Before
        } else if sequence - self.all_to > AHEAD_MAX {
            Arrival::TooFarAhead
        } else {
            Arrival::New
        }
    }

    /// What was received once `sequence`, which is new, is taken in.
    #[must_use]
    pub fn with(&self, sequence: u64) -> Self {
        let Self { mut all_to, beyond } = self.clone();
        let at = beyond.partition_point(|other| *other < sequence);
        let mut numbers = beyond;
        numbers.insert(at, sequence);
        let joined =
            numbers.iter().zip(all_to + 1..).take_while(|(number, next)| **number == *next);
        let joined = joined.count();
        all_to += joined as u64;
        numbers.drain(..joined);
        Self { all_to, beyond: numbers }
    }
}

impl Table for Inbox {
    type Key = u16;
    type Value = Received;

    const NAME: &'static str = "record of messages received";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, from: &u16) {
        out.extend_from_slice(&from.to_le_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<u16, BadFormat> {
        cursor.u16()
    }

    fn put_value(out: &mut Vec<u8>, received: &Received) {
        put_varint(out, received.all_to);
        put_varint(out, received.beyond.len() as u64);
        let mut before = received.all_to;
        for number in &received.beyond {
            put_varint(out, number - before);
            before = *number;
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Received, BadFormat> {
        let all_to = cursor.varint()?;
        let mut beyond = Vec::new();
        let mut before = all_to;
        for _ in 0..cursor.varint()? {
            before = before.checked_add(cursor.varint()?).ok_or(cursor.bad())?;
            beyond.push(before);
        }
        Ok(Received { all_to, beyond })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_new_once_in_whatever_order_they_come() {
        let mut received = Received::default();
        for sequence in [2, 1, 5, 4, 3, 7] {
            assert_eq!(received.arrival(sequence), Arrival::New);
            received = received.with(sequence);
            assert_eq!(received.arrival(sequence), Arrival::Before);
        }
        assert_eq!(received, Received { all_to: 5, beyond: vec![7] });
        assert_eq!(received.arrival(6), Arrival::New);
        assert_eq!(received.arrival(5 + AHEAD_MAX), Arrival::New);
        assert_eq!(received.arrival(6 + AHEAD_MAX), Arrival::TooFarAhead);
    }

    #[test]
    fn what_was_received_is_read_as_it_was_written() {
        let received = [3, 1, 9, 200].iter().fold(Received::default(), |all, n| all.with(*n));
        let mut out = Vec::new();
        Inbox::put_value(&mut out, &received);
        let read = Inbox::read_value(&mut Cursor::new(&out, "row"), 0);
        assert_eq!(read, Ok(received));
    }
}
