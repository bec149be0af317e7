//! The fold of some of a node's partitions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_engine::input::Known;
use accolade_engine::partition::{Observer, Partition, Stopped};
use accolade_engine::step::Effect;
use accolade_wire::bytes::BadFormat;
use accolade_wire::record::{HAS_CONTROL, Kind, Record, Slice};

use super::log::{Job, Watch};
use super::rereading::Behind;
use super::{Ground, lock, rereading};
use crate::backing::NodeStore;
use crate::checkpoint::{Part, Standing};
use crate::error::{Result, StorageError};
use crate::log::LogFrame;
use crate::segment::Position;

/// What has failed where a fold's store did.
pub const STORE: &str = "what the fold asks for could not be read or written";

/// Hears of every record that is folded.
pub trait Hears {
    /// A record of this kind was folded; its kind is not known where its bytes are no record.
    fn folded(
        &mut self,
        place: Place,
        kind: Option<Kind>,
        outcome: &Outcome,
        balance: Option<Points>,
    );
}

/// A partition with where its log goes on.
///
/// While it stands it keeps nothing of what comes in but that place: once it may go on, the log is read
/// again from there.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) partition: Partition,
    /// Everything before this has been folded.
    pub(super) folded_to: Position,
    /// Where the partition stands, and what the failure said.
    pub(super) standing: Option<(Place, String)>,
    /// A control record has come since it stands, perhaps the one that lets it go on.
    may_go_on: bool,
}

impl Cell {
    pub(super) const fn new(partition: Partition, folded_to: Position) -> Self {
        Self { partition, folded_to, standing: None, may_go_on: false }
    }

    /// Whether there is something before `live_to` that it has not folded, and could.
    fn is_behind(&self, live_to: Position) -> bool {
        self.folded_to.next_frame < live_to.next_frame
            && (self.standing.is_none() || self.may_go_on)
    }

    /// Folds its slice of a frame, the next one; afterwards it may stand.
    fn fold(
        &mut self,
        (slice, known): (&Slice<'_>, &[Option<Known>]),
        frame: &LogFrame,
        watches: &[Watch],
        ground: &Ground,
        store: &mut NodeStore,
        hears: &mut impl Hears,
    ) -> Result<Vec<Effect>> {
        if slice.batch < self.partition.next_batch() {
            return Ok(Vec::new());
        }
        let (partition, batch, slot) = (slice.partition, slice.batch, 0);
        let at = Place { partition, batch, slot, number: 0 };
        let (records, shared) = (slice.records(), &ground.shared);
        let mut observer = Watching { at, ground, watches, records, next_slot: 1, hears };
        let folded =
            self.partition.fold_known(slice, known, &frame.moment, shared, store, &mut observer);
        ground.has_changed(partition.into());
        match folded {
            Ok(effects) => {
                self.standing = None;
                Ok(effects)
            }
            Err(Stopped::Bug { place, message }) => {
                tracing::error!(?place, message, "the fold failed; the partition stands there");
                self.standing = Some((place, message));
                Ok(Vec::new())
            }
            Err(Stopped::Store(error)) => Err(StorageError::other(STORE, error)),
        }
    }
}

/// Folds every partition whose number leaves the same rest.
#[derive(Debug)]
pub struct Fold {
    ground: Arc<Ground>,
    number: usize,
    folds: usize,
    store: NodeStore,
    effects: Vec<(u16, Effect)>,
    /// Where the log goes on after the last frame that came in.
    live_to: Position,
    /// One of its partitions has folded less than that, and may go on.
    is_behind: bool,
    /// Work on a frame has failed, or a panic has ended it: part of it may be in the state, and not in
    /// the journal.
    is_broken: bool,
}

/// What a partition gives to a checkpoint.
#[derive(Debug)]
pub(super) enum Given {
    Part(Box<Part>),
    /// It stands within a batch: its ids, which are needed only where an interval ends.
    Standing(Option<Standing>),
}

impl Fold {
    pub(super) fn new(ground: &Arc<Ground>, number: usize, folds: usize, at: Position) -> Self {
        Self {
            ground: Arc::clone(ground),
            number,
            folds,
            store: NodeStore::new(Arc::clone(&ground.backing)),
            effects: Vec::new(),
            live_to: at,
            is_behind: false,
            is_broken: false,
        }
    }

    /// Whether one of its partitions has to read the log again, and may: see [`CatchingUp`].
    pub const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// What batches have asked for since this was last called, with the partition of each.
    pub fn take_effects(&mut self) -> Vec<(u16, Effect)> {
        std::mem::take(&mut self.effects)
    }

    /// Takes the next frame in: folds it for every partition that has come so far. After a failure no
    /// checkpoint takes anything of its partitions.
    pub fn take(&mut self, job: &Job, hears: &mut impl Hears) -> Result<()> {
        self.is_broken = true;
        self.fold_frame(job, hears)?;
        self.is_broken = false;
        Ok(())
    }

    fn fold_frame(&mut self, job: &Job, hears: &mut impl Hears) -> Result<()> {
        let ground = Arc::clone(&self.ground);
        let frame = &job.frame;
        let number = frame.after.next_frame - 1;
        let is_own = |at: usize| at % self.folds == self.number;
        let mut has_slice = vec![false; ground.cells.len()];
        for (slice, known) in frame.slices_with_known() {
            let at = usize::from(slice.partition);
            if !is_own(at) {
                continue;
            }
            has_slice[at] = true;
            let mut cell = lock(&ground.cells[at]);
            cell.partition.read_ahead(&slice);
            if cell.folded_to.next_frame == number {
                let (store, watches) = (&mut self.store, &job.watches);
                let with_known = (&slice, known);
                let caused = cell.fold(with_known, frame, watches, &ground, store, hears)?;
                self.effects.extend(caused.into_iter().map(|effect| (slice.partition, effect)));
            } else if slice.flags & HAS_CONTROL != 0 {
                cell.may_go_on = true;
            }
        }
        self.store.flush(frame.moment.time)?;
        self.live_to = frame.after;
        self.is_behind = false;
        for (at, cell) in ground.cells.iter().enumerate().filter(|(at, _)| is_own(*at)) {
            let mut cell = lock(cell);
            if cell.folded_to.next_frame == number {
                if cell.standing.is_none() {
                    cell.folded_to = frame.after;
                }
                if has_slice[at] {
                    ground.show(at, &cell);
                }
            }
            self.is_behind |= cell.is_behind(self.live_to);
        }
        Ok(())
    }

    /// The next of its partitions that has to read the log again.
    fn next_behind(&mut self) -> Option<Behind> {
        let until = self.live_to;
        for at in (self.number..self.ground.cells.len()).step_by(self.folds) {
            let mut cell = lock(&self.ground.cells[at]);
            if cell.is_behind(until) {
                cell.may_go_on = false;
                return Some(Behind { at, from: cell.folded_to, until });
            }
        }
        self.is_behind = false;
        None
    }

    /// Folds a partition's slice of a frame that was read again; `false` where the partition stands there.
    fn take_again(&mut self, at: usize, frame: &LogFrame, hears: &mut impl Hears) -> Result<bool> {
        self.is_broken = true;
        let ground = Arc::clone(&self.ground);
        let mut cell = lock(&ground.cells[at]);
        let number = cell.partition.number();
        if let Some(slice) = frame.slices().find(|slice| slice.partition == number) {
            let (store, unknown) = (&mut self.store, &[][..]);
            let caused = cell.fold((&slice, unknown), frame, &[], &ground, store, hears)?;
            self.effects.extend(caused.into_iter().map(|effect| (number, effect)));
        }
        self.store.flush(ground.log_time())?;
        self.is_broken = false;
        let stands = cell.standing.is_some();
        if !stands {
            cell.folded_to = frame.after;
        }
        ground.show(at, &cell);
        Ok(!stands)
    }

    /// Takes what a checkpoint holds of a partition, between two frames; nothing once the fold has failed.
    /// Says how much the partition has in its interval besides.
    pub(super) fn give(&self, at: usize, seal: bool) -> Option<(Given, usize)> {
        if self.is_broken {
            return None;
        }
        let mut guard = lock(&self.ground.cells[at]);
        let cell = &mut *guard;
        let given = if cell.partition.stands() {
            Given::Standing(seal.then(|| Standing::copy(&cell.partition)))
        } else {
            Given::Part(Box::new(Part::take(&mut cell.partition, cell.folded_to, seal)))
        };
        Some((given, cell.partition.in_interval()))
    }
}

/// Brings partitions that stood to where the others of their fold are, between the frames that come in.
#[derive(Debug)]
pub struct CatchingUp {
    ground: Arc<Ground>,
    at: usize,
    /// Read again, and not folded yet.
    frames: VecDeque<LogFrame>,
}

impl CatchingUp {
    /// Nothing is read yet.
    pub fn new(ground: &Arc<Ground>) -> Self {
        Self { ground: Arc::clone(ground), at: 0, frames: VecDeque::new() }
    }

    /// Folds one frame again, and reads some first where need be; says whether there was one. The fold is
    /// left alone while the log is read.
    pub fn step(&mut self, fold: &Mutex<Fold>, hears: &mut impl Hears) -> Result<bool> {
        if self.frames.is_empty() {
            let Some(behind) = lock(fold).next_behind() else { return Ok(false) };
            self.at = behind.at;
            let read = rereading::some(&self.ground, &behind);
            self.frames = read?.into();
        }
        let Some(frame) = self.frames.pop_front() else { return Ok(true) };
        if !lock(fold).take_again(self.at, &frame, hears)? {
            self.frames.clear();
        }
        Ok(true)
    }
}

/// Tells those who wait, and whoever hears.
struct Watching<'a, R, H> {
    at: Place,
    ground: &'a Ground,
    watches: &'a [Watch],
    /// The slice's records from `next_slot` on.
    records: R,
    next_slot: u32,
    hears: &'a mut H,
}

impl<'a, R: Iterator<Item = std::result::Result<Record<'a>, BadFormat>>, H: Hears> Observer
    for Watching<'_, R, H>
{
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        let record = self.records.nth((slot - self.next_slot) as usize);
        self.next_slot = slot + 1;
        let kind = record.and_then(std::result::Result::ok).map(|record| record.kind);
        self.hears.folded(Place { slot, ..self.at }, kind, outcome, balance);
        if self.watches.is_empty() {
            return;
        }
        let key = |watch: &Watch| (watch.place.partition, watch.place.slot);
        if let Ok(at) = self.watches.binary_search_by_key(&(self.at.partition, slot), key) {
            let Watch { index, caller, .. } = &self.watches[at];
            self.ground.tells(self.at.partition.into());
            caller.applied(*index, outcome, balance);
        }
    }
}
