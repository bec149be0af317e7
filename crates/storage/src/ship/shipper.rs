//! Uploading what is new, then the list.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::objects::Objects;

use super::list::{List, ListedFile, Piece};
use super::shipped::remember;
use super::take::{Taken, TakenFile};
use crate::checkpoint::Manifest;
use crate::error::Result;
use crate::open::DATA_FORMAT;
use crate::segment::Family;

/// An object has at most so many bytes of a file.
const PIECE_BYTES_MAX: u64 = 16 << 20;
/// A piece of this size is not uploaded again to be joined with others.
const JOINED_BYTES_MAX: u64 = 8 << 20;
/// A file that was closed may consist of so many pieces more than it has to.
const SPARE_PIECES_MAX: u64 = 4;

/// Ships the checkpoints of one data directory.
///
/// It has no thread and no clock. [`Shipper::take`] is quick, and called by whoever writes checkpoints;
/// [`Shipper::upload`] takes as long as the object storage does.
#[derive(Debug)]
pub struct Shipper {
    objects: Arc<dyn Objects>,
    prefix: Arc<str>,
    disk: Arc<dyn Disk>,
    last: Option<List>,
    /// The number of the list that was last tried; a number is never tried twice.
    number: u64,
}

impl Shipper {
    /// Goes on after `last`, the list that the directory on `disk` has last shipped or was fetched by.
    /// Nobody has ever used `prefix` for keys before.
    pub fn new(
        objects: Arc<dyn Objects>,
        prefix: impl Into<Arc<str>>,
        disk: Arc<dyn Disk>,
        last: Option<List>,
    ) -> Self {
        let number = last.as_ref().map_or(0, |last| last.number);
        Self { objects, prefix: prefix.into(), disk, last, number }
    }

    /// The last list that was put.
    pub const fn last(&self) -> Option<&List> {
        self.last.as_ref()
    }

    /// Takes and uploads the checkpoint that was just written, and returns the key of its list. `time`
    /// is that of its newest batch.
    pub fn ship(&mut self, manifest: &Manifest, time: Timestamp) -> io::Result<String> {
        let taken = self.take(manifest, time, None)?;
        self.upload(&taken, time)
    }

    /// Takes what the checkpoint rests on that was just written, by the thread that wrote it. With
    /// `log_durable`, the log's highest durable frame, the log from the checkpoint on as well.
    pub fn take(
        &self,
        manifest: &Manifest,
        time: Timestamp,
        log_durable: Option<u64>,
    ) -> Result<Taken> {
        Taken::take(&*self.disk, manifest, time, log_durable, self.last.as_ref())
    }

    /// Uploads what was taken, then its list, and returns the list's key.
    ///
    /// After an error nothing is named that was not there before; what was uploaded is forgotten, and
    /// later swept.
    pub fn upload(&mut self, taken: &Taken, now: Timestamp) -> io::Result<String> {
        self.number += 1;
        let mut files = BTreeMap::new();
        for file in &taken.files {
            files.insert(file.path.clone(), self.upload_file(file)?);
        }
        let list = List {
            name: List::key(&self.prefix, self.number),
            number: self.number,
            data_format: DATA_FORMAT,
            made_at: now,
            covers: taken.covers,
            cursor: taken.cursor.clone(),
            files,
        };
        let written = list.write();
        let before = self.last.as_ref().map_or("", |last| &last.name);
        remember(&*self.disk, before, &list, &written)?;
        self.objects.put(&list.name, written)?;
        let name = list.name.clone();
        self.last = Some(list);
        Ok(name)
    }

    fn upload_file(&self, taken: &TakenFile) -> io::Result<ListedFile> {
        let TakenFile { path, to, is_closed, newest_hour, file } = taken;
        let listed = self.last.as_ref().and_then(|last| last.files.get(path));
        let mut pieces = listed.map_or_else(Vec::new, |listed| listed.pieces.clone());
        if let Some(file) = file {
            let shipped_to = pieces.last().map_or(0, |piece| piece.to);
            if shipped_to > *to {
                let what =
                    format!("`{path}`: {shipped_to} bytes were shipped, and it has only {to}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let from = join(path, &mut pieces, *to, *is_closed);
            self.upload_range(path, &**file, from, *to, &mut pieces)?;
        }
        Ok(ListedFile { bytes: *to, is_closed: *is_closed, newest_hour: *newest_hour, pieces })
    }

    fn upload_range(
        &self,
        path: &str,
        file: &dyn DiskFile,
        mut from: u64,
        end: u64,
        pieces: &mut Vec<Piece>,
    ) -> io::Result<()> {
        while from < end {
            let to = end.min(from + PIECE_BYTES_MAX);
            let mut bytes = vec![0; (to - from) as usize];
            // A frame that outgrew its segment ends the file, and what would align the next is not there.
            let there = file.len()?.clamp(from, to) - from;
            file.read_at(&mut bytes[..there as usize], from)?;
            let checksum = crc32c::crc32c(&bytes);
            let prefix = Arc::clone(&self.prefix);
            let piece = Piece { prefix, serial: self.number, from, to, checksum };
            self.objects.put(&piece.key(path), bytes)?;
            pieces.push(piece);
            from = to;
        }
        Ok(())
    }
}

/// Gives up pieces that are better uploaded again together with what is new, and returns from where on
/// to upload a file that ends at `to`. A piece never stands before a larger one, so that the count of
/// small ones stays that of doublings.
fn join(path: &str, pieces: &mut Vec<Piece>, to: u64, is_closed: bool) -> u64 {
    let mut from = pieces.last().map_or(0, |piece| piece.to);
    if from == to && !is_closed {
        return from;
    }
    while from < to
        && let Some(last) = pieces.last()
        && last.bytes() <= to - from
        && last.bytes() < JOINED_BYTES_MAX
    {
        from = last.from;
        pieces.pop();
    }
    let few = to.div_ceil(PIECE_BYTES_MAX) + SPARE_PIECES_MAX;
    if is_closed && !is_packed_soon(path) && pieces.len() as u64 > few {
        pieces.clear();
        from = 0;
    }
    from
}

/// The compressed form, once there is one, takes the place of all pieces.
fn is_packed_soon(path: &str) -> bool {
    [Family::Log, Family::Journal].iter().any(|family| path.starts_with(family.folder()))
}
