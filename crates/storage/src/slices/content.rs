//! One segment of slices: open or closed, plain or compressed.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, RwLock};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::DiskFile;

use crate::index::Index;
use crate::packed::Packed;
use crate::segment::Position;

/// One segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) content: RwLock<Content>,
}

#[derive(Debug)]
pub(super) enum Content {
    Open {
        file: Arc<dyn DiskFile>,
        index: Index,
    },
    Closed {
        bytes: Bytes,
        footer_at: Position,
        ranges: BTreeMap<u16, (u64, u64)>,
        newest: Timestamp,
    },
}

#[derive(Debug, Clone)]
pub(super) enum Bytes {
    Plain(Arc<dyn DiskFile>),
    Packed(Arc<Packed>),
}

impl Bytes {
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.read_at(buffer, offset),
            Self::Packed(packed) => packed.read_at(buffer, offset),
        }
    }

    /// Says that these bytes will be read soon. What was written of late is in memory already.
    pub(super) fn will_read(&self, offset: u64, length: u64) {
        if let Self::Packed(packed) = self {
            packed.will_read(offset, length);
        }
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.len(),
            Self::Packed(packed) => Ok(packed.raw_len()),
        }
    }
}
