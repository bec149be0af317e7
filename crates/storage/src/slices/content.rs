//! One segment of slices: open or closed.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::DiskFile;

use crate::bytes::Bytes;
use crate::index::Index;
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
