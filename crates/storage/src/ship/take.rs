//! What a checkpoint rests on: which files, and up to which byte.
//!
//! Files are opened here, at once after the checkpoint was written and by whoever writes checkpoints, so
//! that they can be read later, when they may have lost their names.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::Cursor;

use super::list::{List, ListedFile};
use crate::checkpoint::{MANIFEST, Manifest};
use crate::error::{Result, StorageError};
use crate::run;
use crate::segment::{
    COMMIT, FOOTER, FRAME_HEAD_BYTES, Family, FrameHead, Position, SEGMENT_HEAD_BYTES, aligned,
    frame_head,
};
use crate::slices::{PACKED_ENDING, is_closed};

/// A file may lose its name between a look at its folder and being opened.
const LOOKS_MAX: usize = 8;

/// The files of a checkpoint, held open.
#[derive(Debug)]
pub struct Taken {
    pub(super) cursor: Vec<u8>,
    pub(super) covers: Timestamp,
    pub(super) files: Vec<TakenFile>,
}

#[derive(Debug)]
pub(super) struct TakenFile {
    pub(super) path: String,
    pub(super) to: u64,
    pub(super) is_closed: bool,
    pub(super) newest_hour: Option<i64>,
    /// Nothing where all of it has been shipped.
    pub(super) file: Option<Arc<dyn DiskFile>>,
}

impl Taken {
    /// Takes what the checkpoint with `manifest` rests on, which was written at `time` and not
    /// superseded for longer than one other took. `last` is the list before; with `log_durable`, the
    /// log's highest durable frame, the log is taken as well.
    pub(super) fn take(
        disk: &dyn Disk,
        manifest: &Manifest,
        time: Timestamp,
        log_durable: Option<u64>,
        last: Option<&List>,
    ) -> Result<Self> {
        let mut looks = 0;
        loop {
            looks += 1;
            let mut taking = Taking { disk, last, files: Vec::new(), covers: time };
            match taking.all(manifest, log_durable) {
                Err(StorageError::Io { source, .. })
                    if source.kind() == ErrorKind::NotFound && looks < LOOKS_MAX => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    let Taking { files, covers, .. } = taking;
                    return Ok(Self { cursor: manifest.cursor.clone(), covers, files });
                }
            }
        }
    }
}

impl Taken {
    /// Takes what the trail has up to `end`, whose last record is of `covers`; `cursor` is to be found again.
    pub(crate) fn take_trail(
        disk: &dyn Disk,
        end: Position,
        covers: Timestamp,
        cursor: Vec<u8>,
        last: Option<&List>,
    ) -> Result<Self> {
        let mut taking = Taking { disk, last, files: Vec::new(), covers };
        taking.take_frames(Family::Trail, 0, end)?;
        Ok(Self { cursor, covers, files: taking.files })
    }
}

struct Taking<'a> {
    disk: &'a dyn Disk,
    last: Option<&'a List>,
    files: Vec<TakenFile>,
    covers: Timestamp,
}

/// A segment by its sequence number: its path, and whether it is compressed.
type Segments = BTreeMap<u64, (String, bool)>;

impl Taking<'_> {
    fn all(&mut self, manifest: &Manifest, log_durable: Option<u64>) -> Result<()> {
        if let Some(durable) = log_durable {
            self.take_log(manifest.log_from.sequence, durable)?;
        }
        self.take_slices(Family::Journal, manifest.journal)?;
        self.take_slices(Family::DeadLetters, manifest.dead_letters)?;
        self.take_frames(Family::Links, 0, manifest.links)?;
        self.take_frames(Family::Ids, manifest.ids_from, manifest.ids)?;
        self.take_runs(manifest)?;
        self.take_state(manifest)
    }

    fn segments(&self, family: Family, first: u64) -> Result<Segments> {
        let folder = family.folder();
        let mut segments = Segments::new();
        for name in self.disk.list(folder).map_err(|source| StorageError::io(folder, source))? {
            let (stem, is_packed) = match name.strip_suffix(PACKED_ENDING) {
                Some(stem) => (stem, true),
                None => (name.as_str(), false),
            };
            // The compressed form comes behind the plain one, and is whole once it has its name.
            if let Ok(sequence) = stem.parse::<u64>()
                && sequence >= first
            {
                segments.insert(sequence, (format!("{folder}/{name}"), is_packed));
            }
        }
        Ok(segments)
    }

    fn listed(&self, path: &str) -> Option<&ListedFile> {
        self.last?.files.get(path)
    }

    /// Whether the file is shipped whole already, and if so takes it.
    fn take_as_listed(&mut self, path: &str) -> bool {
        let Some(listed) = self.listed(path).filter(|listed| listed.is_closed) else {
            return false;
        };
        let (to, newest_hour) = (listed.bytes, listed.newest_hour);
        let path = path.to_owned();
        self.files.push(TakenFile { path, to, is_closed: true, newest_hour, file: None });
        true
    }

    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>> {
        self.disk.open(path).map_err(|source| StorageError::io(path, source))
    }

    /// Of what was never shipped there may be years.
    fn open_closed(&self, path: &str) -> Result<Arc<dyn DiskFile>> {
        self.disk.open_closed(path).map_err(|source| StorageError::io(path, source))
    }

    fn push(&mut self, path: String, to: u64, is_closed: bool, file: Arc<dyn DiskFile>) {
        let file = Some(file);
        self.files.push(TakenFile { path, to, is_closed, newest_hour: None, file });
    }

    /// Where the frames of a file end, of which a part may be listed already.
    fn end_of_frames(&self, path: &str, file: &dyn DiskFile) -> Result<u64> {
        walk(file, path, self.listed_to(path), &mut |_, _, _| Ok(true))
    }

    fn listed_to(&self, path: &str) -> u64 {
        self.listed(path).map_or(SEGMENT_HEAD_BYTES, |listed| listed.bytes)
    }

    fn take_slices(&mut self, family: Family, end: Position) -> Result<()> {
        let segments = self.segments(family, 0)?;
        needs(family, &segments, end.sequence)?;
        for (sequence, (path, is_packed)) in segments {
            if sequence > end.sequence || self.take_as_listed(&path) {
                continue;
            }
            let file = self.open(&path)?;
            let io = |source| StorageError::io(&path, source);
            if sequence == end.sequence {
                self.push(path, end.offset, false, file);
            } else if is_packed || is_closed(&*file, sequence).map_err(io)? {
                let to = file.len().map_err(io)?;
                let file = self.open_closed(&path)?;
                self.push(path, to, true, file);
            } else {
                // It was left, and its index is still to be written.
                let to = self.end_of_frames(&path, &*file)?;
                self.push(path, to, false, file);
            }
        }
        Ok(())
    }

    fn take_frames(&mut self, family: Family, first: u64, end: Position) -> Result<()> {
        let segments = self.segments(family, first)?;
        needs(family, &segments, end.sequence)?;
        for (sequence, (path, _)) in segments {
            if sequence > end.sequence || self.take_as_listed(&path) {
                continue;
            }
            let file = self.open(&path)?;
            let is_closed = sequence < end.sequence;
            // A segment that was left keeps what was allocated beyond its frames.
            let to = if is_closed { self.end_of_frames(&path, &*file)? } else { end.offset };
            self.push(path, to, is_closed, file);
        }
        Ok(())
    }

    fn take_runs(&mut self, manifest: &Manifest) -> Result<()> {
        let mut sequences: Vec<u64> = manifest.sections.iter().map(|section| section.0).collect();
        sequences.sort_unstable();
        sequences.dedup();
        for sequence in sequences {
            let path = crate::lookup::path(sequence);
            if self.take_as_listed(&path) {
                continue;
            }
            let file = self.open_closed(&path)?;
            let io = |source| StorageError::io(&path, source);
            let sections = run::open(&file, sequence, &|_| true).map_err(io)?;
            let newest_hour = sections.iter().map(run::Section::to).max();
            let to = file.len().map_err(io)?;
            let file = Some(file);
            self.files.push(TakenFile { path, to, is_closed: true, newest_hour, file });
        }
        for sequence in &manifest.pages {
            let path = crate::pages::path(*sequence);
            if self.take_as_listed(&path) {
                continue;
            }
            let file = self.open_closed(&path)?;
            let to = file.len().map_err(|source| StorageError::io(&path, source))?;
            self.push(path, to, true, file);
        }
        Ok(())
    }

    /// The state ends behind the frame that holds `manifest`.
    fn take_state(&mut self, manifest: &Manifest) -> Result<()> {
        let needed = manifest.state_from();
        let segments = self.segments(Family::State, needed)?;
        needs(Family::State, &segments, needed)?;
        for (&sequence, (path, _)) in segments.iter().rev() {
            let file = self.open(path)?;
            if let Some(to) = self.find_manifest(path, &*file, manifest)? {
                let end = Position { sequence, offset: to, next_frame: 0, checksum: 0 };
                return self.take_frames(Family::State, needed, end);
            }
        }
        let what = "the checkpoint is not there any more";
        Err(StorageError::damaged(Family::State.folder(), 0, what))
    }

    fn find_manifest(
        &self,
        path: &str,
        file: &dyn DiskFile,
        manifest: &Manifest,
    ) -> Result<Option<u64>> {
        // Nearly always it is new; an idle node writes the same one again and again.
        for from in [self.listed_to(path), SEGMENT_HEAD_BYTES] {
            let mut found = None;
            walk(file, path, from, &mut |head, payload, end| {
                if head.flags & COMMIT != 0 && is_manifest(file, path, payload, manifest)? {
                    found = Some(end);
                }
                Ok(true)
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The log from the segment `first` on, up to the frame `durable`.
    fn take_log(&mut self, first: u64, durable: u64) -> Result<()> {
        let segments = self.segments(Family::Log, first)?;
        needs(Family::Log, &segments, first)?;
        for (sequence, (path, is_packed)) in segments {
            if self.take_as_listed(&path) {
                continue;
            }
            let file = self.open(&path)?;
            let io = |source| StorageError::io(&path, source);
            if is_packed || is_closed(&*file, sequence).map_err(io)? {
                let to = file.len().map_err(io)?;
                let file = self.open_closed(&path)?;
                self.push(path, to, true, file);
                continue;
            }
            let mut newest = self.covers;
            let to = walk(&*file, &path, self.listed_to(&path), &mut |head, _, _| {
                let is_durable = head.number <= durable;
                newest = if is_durable { newest.max(head.time) } else { newest };
                Ok(is_durable)
            })?;
            self.covers = newest;
            // The next segment may be there already, without a head.
            if to > SEGMENT_HEAD_BYTES || sequence == first {
                self.push(path, to, false, file);
            }
        }
        Ok(())
    }
}

fn needs(family: Family, segments: &Segments, sequence: u64) -> Result<()> {
    if segments.contains_key(&sequence) {
        return Ok(());
    }
    let what = "the checkpoint needs it, and it is not there";
    Err(StorageError::damaged(family.path(sequence), 0, what))
}

/// Hears of a frame: what it says about itself, where its payload lies, and where the next one begins;
/// says whether to go past it.
type Step<'a> = &'a mut dyn FnMut(&FrameHead, (u64, usize), u64) -> Result<bool>;

/// Goes from frame to frame, beginning at `from`, and returns where they end. Nothing is checked: that
/// is for whoever reads them back.
fn walk(file: &dyn DiskFile, path: &str, from: u64, each: Step<'_>) -> Result<u64> {
    let io = |source| StorageError::io(path, source);
    let len = file.len().map_err(io)?;
    let mut at = from;
    let mut head = [0; FRAME_HEAD_BYTES];
    while at + FRAME_HEAD_BYTES as u64 <= len {
        file.read_at(&mut head, at).map_err(io)?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let whole = FRAME_HEAD_BYTES as u64 + u64::from(length);
        let end = at + aligned(whole);
        let payload = (at + FRAME_HEAD_BYTES as u64, length as usize);
        let head = frame_head(&head);
        let is_frame = length > 0 && head.flags & FOOTER == 0 && at + whole <= len;
        if !is_frame || !each(&head, payload, end)? {
            break;
        }
        at = end;
    }
    Ok(at)
}

fn is_manifest(
    file: &dyn DiskFile,
    path: &str,
    (at, length): (u64, usize),
    manifest: &Manifest,
) -> Result<bool> {
    let mut payload = vec![0; length];
    file.read_at(&mut payload, at).map_err(|source| StorageError::io(path, source))?;
    let mut cursor = Cursor::new(&payload, "checkpoint");
    let is_one = cursor.u8() == Ok(MANIFEST);
    Ok(is_one && Manifest::read(&mut cursor).is_ok_and(|found| found == *manifest))
}
