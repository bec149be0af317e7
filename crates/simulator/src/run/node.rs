//! A node without threads: what its log writer, fold and background threads do, one step at a time.

use std::rc::Rc;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_storage::backing::{Backing, NodeStore};
use accolade_storage::checkpoint::{Checkpointer, Part, Sealing, Standing};
use accolade_storage::error::{Result, StorageError};
use accolade_storage::log::{LogFrame, LogWriter};
use accolade_storage::open::{self, Options};
use accolade_storage::slices::Left;

use super::fold::Folder;
use super::item::Item;
use crate::random::Random;

/// An opened data directory at work.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) folder: Folder<NodeStore>,
    pub(super) backing: Arc<Backing>,
    pub(super) log: LogWriter,
    checkpointer: Checkpointer,
    /// Frames that are durable and not yet given to the fold.
    pub(super) to_fold: Vec<LogFrame>,
    /// What was put since the last commit, by partition.
    pub(super) staged: Vec<Vec<Rc<Item>>>,
    lefts: Vec<Left>,
    sealing: Option<Sealing>,
    is_run_written: bool,
}

/// What a background step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chore {
    Nothing,
    Closed,
    Packed,
    LogRemoved,
    Sealed,
    Merged,
    AllocatedAhead,
}

impl Node {
    /// Opens the directory and reads what is to be replayed. Says whether it is new.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        options: &Options,
    ) -> Result<(Self, Vec<LogFrame>, bool)> {
        let opened = open::open(disk, options)?;
        let mut frames = Vec::new();
        if let Some(from) = opened.replay_from {
            open::replay(&opened.backing.log, from, &mut |frame| {
                frames.push(frame);
                Ok(())
            })?;
        }
        let mut log = opened.log;
        let at = opened.replay_from.unwrap_or_else(|| log.writer().position());
        let store = NodeStore::new(Arc::clone(&opened.backing));
        let staged = opened.partitions.iter().map(|_| Vec::new()).collect();
        let node = Self {
            folder: Folder::new(opened.partitions, store, at),
            backing: opened.backing,
            log,
            checkpointer: opened.checkpointer,
            to_fold: Vec::new(),
            staged,
            lefts: Vec::new(),
            sealing: None,
            is_run_written: false,
        };
        Ok((node, frames, opened.is_new))
    }

    /// How many frames the log has.
    pub(super) fn frame_count(&mut self) -> u64 {
        self.log.writer().position().next_frame - 1
    }

    /// Puts a record into the next batch of `partition`, or of every one.
    pub(super) fn put(&mut self, partition: Option<u16>, item: &Rc<Item>) {
        let bytes = item.encoded();
        let (first, place) = if let Some(partition) = partition {
            self.staged[usize::from(partition)].push(Rc::clone(item));
            (partition, self.log.put(partition, &bytes))
        } else {
            self.staged.iter_mut().for_each(|staged| staged.push(Rc::clone(item)));
            (0, self.log.put_control(&bytes))
        };
        let (_, slot) = place.expect("a batch of the simulation has room");
        assert_eq!(slot as usize, self.staged[usize::from(first)].len(), "slots count from 1");
    }

    /// Makes what was put durable.
    pub(super) fn commit(&mut self, now: i64, random: [u8; 32]) -> Result<LogFrame> {
        let (frame, left) = self.log.commit(Timestamp::from_micros(now), random)?;
        self.lefts.extend(left);
        self.to_fold.push(frame.clone());
        Ok(frame)
    }

    /// Folds what is durable; `count` frames at most.
    pub(super) fn fold(&mut self, count: usize) -> Result<()> {
        let count = count.min(self.to_fold.len());
        for _ in 0..count {
            let frame = self.to_fold.remove(0);
            self.folder.accept(&frame)?;
        }
        Ok(())
    }

    /// Writes a checkpoint; says whether it also ended the interval of ids.
    pub(super) fn checkpoint(&mut self, wants_seal: bool) -> Result<bool> {
        let seals = wants_seal && self.sealing.is_none();
        let (folder, time) = (&mut self.folder, self.log.time());
        let at = &folder.folded_to;
        let moving = folder.partitions.iter_mut().filter(|partition| !partition.stands());
        let mut parts: Vec<Part> = moving
            .map(|partition| {
                let folded_to = at[usize::from(partition.number())];
                Part::take(partition, folded_to, seals)
            })
            .collect();
        let synced = self.log.writer().position().next_frame - 1;
        self.checkpointer.write(&mut parts, &self.backing, synced, time)?;
        if seals {
            let standing = folder.partitions.iter().filter(|partition| partition.stands());
            let standing: Vec<Standing> = standing.map(Standing::copy).collect();
            self.sealing = Some(self.checkpointer.begin_sealing(parts, &standing, time)?);
            self.is_run_written = false;
        }
        Ok(seals)
    }

    /// One of the things that the background thread does.
    pub(super) fn chore(&mut self, random: &mut Random) -> Result<Chore> {
        self.backing.lookup.set_now_hour(self.log.time().hour());
        self.lefts.extend(self.backing.take_left());
        Ok(match random.below(8) {
            0 | 1 if !self.lefts.is_empty() => {
                let at = random.index(self.lefts.len());
                self.lefts[at].close()?;
                self.lefts.remove(at);
                Chore::Closed
            }
            2 => match self.backing.next_to_pack()? {
                None => Chore::Nothing,
                Some((slices, sequence)) => {
                    slices.pack(sequence)?;
                    Chore::Packed
                }
            },
            3 => {
                let Some(last) = self.checkpointer.last() else { return Ok(Chore::Nothing) };
                let from = last.log_from.sequence;
                let closed = self.backing.log.closed()?;
                let behind = closed.iter().filter(|segment| segment.sequence < from);
                let behind: Vec<u64> = behind.map(|segment| segment.sequence).collect();
                let count = random.index(behind.len() + 1);
                for sequence in &behind[..count] {
                    self.backing.log.remove(*sequence)?;
                }
                if count > 0 { Chore::LogRemoved } else { Chore::Nothing }
            }
            4 | 5 => match &self.sealing {
                Some(sealing) if !self.is_run_written => {
                    sealing.write(&self.backing)?;
                    for partition in sealing.partitions() {
                        self.folder.partitions[usize::from(partition)].ids_mut().sealed();
                    }
                    self.is_run_written = true;
                    Chore::Sealed
                }
                Some(sealing) => {
                    self.checkpointer.sealed(sealing);
                    self.sealing = None;
                    Chore::Nothing
                }
                None => Chore::Nothing,
            },
            6 => {
                let merged = self.backing.lookup.merge();
                let merged = merged.map_err(|error| StorageError::io("lookup", error))?;
                if merged { Chore::Merged } else { Chore::Nothing }
            }
            7 => {
                self.log.writer().writer().allocate_ahead()?;
                Chore::AllocatedAhead
            }
            _ => Chore::Nothing,
        })
    }
}
