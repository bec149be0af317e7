//! Reading and writing the primitives of the binary formats: little-endian integers, varints
//! (LEB128; signed ones zig-zag) and counted texts.

/// Bytes that cannot be read, by what they should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadFormat {
    /// They are not what their format says. They passed their checksum, so this is damage beyond what a
    /// torn write can do.
    Invalid(&'static str),
    /// They have a format that this release does not know.
    Unknown {
        /// What was being read.
        what: &'static str,
        /// The format that it says it has.
        found: u32,
        /// The newest format that this release knows.
        known: u32,
    },
}

impl std::fmt::Display for BadFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(what) => write!(f, "the bytes are not a valid {what}"),
            Self::Unknown { what, found, known } => {
                write!(f, "a {what} has format {found}, and this release knows format {known}")
            }
        }
    }
}

impl std::error::Error for BadFormat {}

/// Appends an unsigned varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(low_bits(value));
}

const fn low_bits(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}

/// Appends a signed varint.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends a text of at most 64 KiB with its length.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads the primitives from the front of a slice.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Cursor<'a> {
    /// Reads `bytes` as a `what`, which errors will name.
    pub const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all was read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The error for bytes that do not fit.
    pub const fn bad(&self) -> BadFormat {
        BadFormat::Invalid(self.what)
    }

    /// The format that everything stored begins with, which has to be `known`.
    pub fn format(&mut self, known: u8) -> Result<(), BadFormat> {
        self.format_of(self.what, known)
    }

    /// The same of a `what` that is a part of what is read.
    pub fn format_of(&mut self, what: &'static str, known: u8) -> Result<(), BadFormat> {
        match self.u8()? {
            found if found == known => Ok(()),
            found => {
                let (found, known) = (found.into(), known.into());
                Err(BadFormat::Unknown { what, found, known })
            }
        }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], BadFormat> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(self.bad())?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], BadFormat> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.bad())?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, BadFormat> {
        self.array().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, BadFormat> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, BadFormat> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, BadFormat> {
        self.array().map(u64::from_le_bytes)
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self) -> Result<i64, BadFormat> {
        self.array().map(i64::from_le_bytes)
    }

    /// An unsigned varint.
    pub fn varint(&mut self) -> Result<u64, BadFormat> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(self.bad());
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.bad())
    }

    /// An unsigned varint that fits `T`.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, BadFormat> {
        T::try_from(self.varint()?).map_err(|_| self.bad())
    }

    /// A signed varint.
    pub fn signed(&mut self) -> Result<i64, BadFormat> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A counted text.
    pub fn text(&mut self) -> Result<&'a str, BadFormat> {
        let count = self.small()?;
        let bytes = self.take(count)?;
        std::str::from_utf8(bytes).map_err(|_| self.bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_read_as_written() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            put_signed(&mut bytes, value.cast_signed());
            let mut cursor = Cursor::new(&bytes, "varint");
            assert_eq!(cursor.varint(), Ok(value));
            assert_eq!(cursor.signed(), Ok(value.cast_signed()));
            assert!(cursor.is_empty());
        }
        assert!(Cursor::new(&[0xff; 10], "varint").varint().is_err());
    }
}
