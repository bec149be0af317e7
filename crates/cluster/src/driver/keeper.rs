//! Checkpoints of a partition: written to this disk, then shipped, then named.

use std::io;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::objects::Objects;
use accolade_engine::ownership::Cursor;
use accolade_storage::checkpoint::Manifest;
use accolade_storage::error::Result;
use accolade_storage::home::{HomeCheckpointer, HomeTidier};
use accolade_storage::ship::{GRACE_MICROS, Shipper, Sweeper, Swept, Taken};
use accolade_wire::bytes::BadFormat;

use super::seat::Given;
use super::takeover::NotTaken;

/// What keeps a partition's checkpoints, and its files in order.
#[derive(Debug)]
pub struct Keeper {
    partition: u16,
    checkpointer: HomeCheckpointer,
    tidier: HomeTidier,
    shipper: Shipper,
    sweeper: Sweeper,
}

/// A checkpoint that is on this disk.
#[derive(Debug)]
#[must_use = "it is to be shipped"]
pub struct Written {
    manifest: Manifest,
    time: Timestamp,
    next_batch: u64,
    epoch: u64,
}

/// What is to be shipped of a checkpoint.
#[derive(Debug)]
pub struct ToShip {
    taken: Taken,
    time: Timestamp,
    epoch: u64,
    cursor: Cursor,
}

/// A checkpoint that is in object storage, to be named by the next batch and told to all nodes.
#[derive(Debug)]
pub struct Shipped {
    /// Its name.
    pub name: String,
    /// Its owner's epoch.
    pub epoch: u64,
    /// The time of the last batch that it covers.
    pub time: Timestamp,
    /// Where the order goes on behind it.
    pub cursor: Cursor,
}

impl Keeper {
    pub(super) fn new(
        partition: u16,
        checkpointer: HomeCheckpointer,
        tidier: HomeTidier,
        shipper: Shipper,
    ) -> Self {
        let sweeper = Sweeper::new(GRACE_MICROS);
        Self { partition, checkpointer, tidier, shipper, sweeper }
    }

    /// Where the last shipped checkpoint stands: the outputs of batches before it have left.
    pub(super) fn shipped(&self) -> std::result::Result<Cursor, NotTaken> {
        let Some(list) = self.shipper.last() else { return Ok(Cursor::start(0)) };
        cursor_of(&list.cursor)
            .map_err(|bad| NotTaken::Stopped(format!("checkpoint `{}`: {bad}", list.name)))
    }

    /// Writes a checkpoint. A failure is final.
    pub fn write(&mut self, given: Given) -> Result<Written> {
        let Given { part, time, next_batch, epoch } = given;
        let manifest = self.checkpointer.write(part, time)?;
        Ok(Written { manifest, time, next_batch, epoch })
    }

    /// Takes what is to be shipped of the checkpoint that was just written.
    pub fn take(&self, written: &Written) -> io::Result<ToShip> {
        let Written { manifest, time, epoch, .. } = written;
        let cursor = cursor_of(&manifest.cursor).map_err(io::Error::other)?;
        let taken = self.shipper.take(manifest, *time, None)?;
        Ok(ToShip { taken, time: *time, epoch: *epoch, cursor })
    }

    /// Ships it. A failure is none of the partition's: the order goes on.
    pub fn upload(&mut self, to_ship: &ToShip) -> io::Result<Shipped> {
        let ToShip { taken, time, epoch, cursor } = to_ship;
        let name = self.shipper.upload(taken, *time)?;
        Ok(Shipped { name, epoch: *epoch, time: *time, cursor: cursor.clone() })
    }

    /// Removes objects that no list names, once this one was named.
    pub fn sweep(&mut self, objects: &Arc<dyn Objects>, name: &str) -> io::Result<Swept> {
        Ok(self.sweeper.sweep(&**objects, &format!("p{:04}", self.partition), name)?)
    }

    /// What keeps the files in order.
    pub const fn tidier(&self) -> &HomeTidier {
        &self.tidier
    }
}

impl Written {
    /// Whether the outputs of all its batches have left, where `published` is the batch whose outputs leave
    /// next. No checkpoint is shipped before: a new owner has the records only of batches that its
    /// checkpoint does not cover.
    pub const fn may_be_shipped(&self, published: u64) -> bool {
        published >= self.next_batch
    }
}

/// Where a checkpoint stands; one from before the first batch has no cursor.
fn cursor_of(cursor: &[u8]) -> std::result::Result<Cursor, BadFormat> {
    if cursor.is_empty() { Ok(Cursor::start(0)) } else { Cursor::read(cursor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_from_before_the_first_batch_covers_nothing() {
        assert_eq!(cursor_of(&[]).unwrap().next_batch, 1);
        let mut cursor = Vec::new();
        Cursor { next_batch: 7, ..Cursor::start(0) }.write(&mut cursor);
        assert_eq!(cursor_of(&cursor).unwrap().next_batch, 7);
        assert!(cursor_of(&cursor[1..]).is_err());
    }
}
