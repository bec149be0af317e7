//! One segment of slices: open or closed.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use accolade_engine::disk::DiskFile;

use super::footer::Closed;
use crate::bytes::Bytes;
use crate::index::Index;

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
        /// On disk.
        file_len: u64,
        closed: Arc<Closed>,
    },
}

impl Segment {
    pub(super) fn content(&self) -> RwLockReadGuard<'_, Content> {
        self.content.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first and last batch of a partition.
    pub(super) fn range(&self, partition: u16) -> Option<(u64, u64)> {
        match &*self.content() {
            Content::Open { index, .. } => index.range(partition),
            Content::Closed { closed, .. } => closed.summary.range(partition),
        }
    }
}
