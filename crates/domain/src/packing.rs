//! Numbers as accounts pack them: each of 7 bits a byte, the lowest first, in as few bytes as it has; those that may be
//! below 0 are folded, so that 0, −1, 1, −2 are 0, 1, 2, 3.

use crate::amount::Points;

/// Writes numbers; what is longer than `N` bytes begins a longer place.
#[derive(Debug)]
pub(crate) struct Writer<const N: usize> {
    length: usize,
    bytes: [u8; N],
    long: Vec<u8>,
}

impl<const N: usize> Default for Writer<N> {
    fn default() -> Self {
        Self { length: 0, bytes: [0; N], long: Vec::new() }
    }
}

impl<const N: usize> Writer<N> {
    #[inline]
    pub(crate) fn put(&mut self, number: u64) {
        each_byte(number, |byte| self.put_byte(byte));
    }

    pub(crate) fn put_points(&mut self, points: Points) {
        self.put(points.hundredths().unsigned_abs());
    }

    pub(crate) fn put_distance(&mut self, before: impl Into<i64>, number: impl Into<i64>) {
        self.put(folded(number.into().wrapping_sub(before.into())));
    }

    #[inline]
    fn put_byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        } else {
            if self.long.is_empty() {
                self.long.extend_from_slice(&self.bytes);
            }
            self.long.push(byte);
        }
        self.length += 1;
    }

    /// All that was written.
    fn written(&self) -> &[u8] {
        if self.long.is_empty() { &self.bytes[..self.length] } else { &self.long }
    }

    /// The same in a place of its own.
    pub(crate) fn boxed(&self) -> Box<[u8]> {
        self.written().into()
    }

    /// The length and the bytes of what was written, or else the longer place that it is in.
    pub(crate) fn packed(self) -> Result<(u8, [u8; N]), Box<[u8]>> {
        match u8::try_from(self.length) {
            Ok(length) if self.long.is_empty() => Ok((length, self.bytes)),
            _ => Err(self.long.into()),
        }
    }
}

/// Appends a number to what is no short writer's.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
    each_byte(number, |byte| out.push(byte));
}

#[inline]
fn each_byte(number: u64, mut put: impl FnMut(u8)) {
    let mut rest = number;
    while rest > LOW_BITS {
        put(low(rest) | MORE);
        rest >>= 7;
    }
    put(low(rest));
}

/// The bits of a byte that are the number's.
const LOW_BITS: u64 = 0x7f;
/// The bit of a byte that says that there is another.
const MORE: u8 = 0x80;

fn low(number: u64) -> u8 {
    u8::try_from(number & LOW_BITS).expect("7 bits fit")
}

/// Reads numbers; `None` at the end, or for what is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Option<u64> {
        match self.0.split_first()? {
            (byte, rest) if *byte < MORE => {
                self.0 = rest;
                Some(u64::from(*byte))
            }
            _ => self.take_long(),
        }
    }

    fn take_long(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let part = u64::from(byte & !MORE);
            number |= part.checked_shl(shift).filter(|shifted| shifted >> shift == part)?;
            if byte & MORE == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn take_bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn take_small(&mut self) -> Option<u32> {
        self.take()?.try_into().ok()
    }

    pub(crate) fn take_points(&mut self) -> Option<Points> {
        Points::from_hundredths(i64::try_from(self.take()?).ok()?)
    }

    pub(crate) fn take_distance(&mut self, before: i64) -> Option<i64> {
        Some(before.wrapping_add(unfolded(self.take()?)))
    }
}

/// Small whatever the sign.
pub(crate) const fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

pub(crate) const fn unfolded(folded: u64) -> i64 {
    (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed())
}
