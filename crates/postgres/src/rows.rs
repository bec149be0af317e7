//! Rows in the binary format of `COPY`.
//!
//! The format: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format"; a `numeric` is
//! as `numeric_recv` of the server reads it.

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use bytes::{Bytes, BytesMut};

const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// 2000-01-01, from which the server counts microseconds.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const NEGATIVE: u16 = 0x4000;

/// Rows of one table.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: BytesMut,
    count: u64,
}

impl Default for Rows {
    fn default() -> Self {
        Self { bytes: BytesMut::from(HEAD), count: 0 }
    }
}

impl Rows {
    /// How many there are.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// How many bytes they have.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Begins a row; as many fields are to follow.
    pub(crate) fn begin(&mut self, fields: i16) -> &mut Self {
        self.count += 1;
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        self
    }

    /// `bytea`, or anything else as it is sent.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = i32::try_from(bytes.len()).expect("fields are short");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// `text`
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// `integer`
    pub(crate) fn integer(&mut self, number: i32) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    /// `bigint`
    pub(crate) fn big(&mut self, number: i64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    /// `timestamptz`
    pub(crate) fn time(&mut self, at: Timestamp) -> &mut Self {
        self.big(at.micros().saturating_sub(EPOCH_MICROS))
    }

    /// `numeric` with two decimals.
    pub(crate) fn points(&mut self, points: Points) -> &mut Self {
        // Figures to the base 10,000: one for the decimals, at most five before it.
        let hundredths = points.hundredths().unsigned_abs();
        let figure = |number: u64| u16::try_from(number % 10_000).expect("it is below 10,000");
        let mut figures = [0_u16; 6];
        figures[5] = figure(hundredths % 100 * 100);
        let mut whole = hundredths / 100;
        let mut first = 5;
        while whole > 0 {
            first -= 1;
            figures[first] = figure(whole);
            whole /= 10_000;
        }
        let count = u16::try_from(6 - first).expect("it is at most 6");
        let weight = count.wrapping_sub(2);
        let sign = if points < Points::ZERO { NEGATIVE } else { 0 };
        let length = 8 + 2 * i32::from(count);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        for word in [count, weight, sign, 2].into_iter().chain(figures[first..].iter().copied()) {
            self.bytes.extend_from_slice(&word.to_be_bytes());
        }
        self
    }

    /// All of them, ready to be sent.
    pub(crate) fn finish(mut self) -> Bytes {
        self.bytes.extend_from_slice(&END);
        self.bytes.freeze()
    }
}
