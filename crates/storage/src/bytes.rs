//! The bytes of a segment, plain or compressed.

use std::io;
use std::sync::Arc;

use accolade_engine::disk::DiskFile;

use crate::packed::Packed;

#[derive(Debug, Clone)]
pub(crate) enum Bytes {
    Plain(Arc<dyn DiskFile>),
    Packed(Arc<Packed>),
}

impl Bytes {
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.read_at(buffer, offset),
            Self::Packed(packed) => packed.read_at(buffer, offset),
        }
    }

    /// Says that these bytes will be read soon. What was written of late is in memory already.
    pub(crate) fn will_read(&self, offset: u64, length: u64) {
        if let Self::Packed(packed) = self {
            packed.will_read(offset, length);
        }
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.len(),
            Self::Packed(packed) => Ok(packed.raw_len()),
        }
    }
}
