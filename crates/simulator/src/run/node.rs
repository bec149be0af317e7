//! A node whose threads are steps: what drives it in production is driven here by a seed.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::intake::{Caller, Refused, Submission};
use accolade_engine::partition::Partition;
use accolade_engine::step::Effect;
use accolade_storage::backing::Backing;
use accolade_storage::driver::checkpoints::{Checkpoints, Duties, Stepped};
use accolade_storage::driver::fold::{CatchingUp, Fold, Hears};
use accolade_storage::driver::log::{Job, Log};
use accolade_storage::driver::tidying::{Chore, Tidying};
use accolade_storage::driver::{Driver, Ground};
use accolade_storage::error::Result;
use accolade_storage::log::LogFrame;
use accolade_storage::open::{self, Options};
use accolade_wire::record::Kind;

use super::fold::{self, Heard};
use super::item::Item;
use crate::random::Random;

/// An opened data directory at work.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) ground: Arc<Ground>,
    log: Log,
    folds: Vec<Mutex<Fold>>,
    catching_up: Vec<CatchingUp>,
    /// Frames that are durable and not yet given to each fold.
    queues: Vec<VecDeque<Arc<Job>>>,
    checkpoints: Checkpoints,
    tidying: Tidying,
    /// What is to stand before everything else.
    genesis: Option<Rc<Item>>,
    came_in: Vec<Submission>,
    /// What came in since the last commit, by partition, and who asked.
    staged: Vec<Vec<Rc<Item>>>,
    asked: Vec<(Option<u16>, Arc<Asked>)>,
    /// Who waits for the outcome at a place.
    waiting: Vec<(Place, Arc<Asked>)>,
    /// Partitions that have stood: whoever waited for what they passed over is not told.
    has_stood: Vec<bool>,
    pub(super) not_told: u64,
    pub(super) folded_again: u64,
    pub(super) heard: Vec<Heard>,
    pub(super) effects: Vec<(u16, Effect)>,
}

/// What became of a commit.
#[derive(Debug)]
pub(super) enum Committed {
    /// There was nothing to write.
    Nothing,
    /// The disk was too full.
    Refused,
    /// A frame, with its items by partition.
    Frame(LogFrame, Vec<Vec<Rc<Item>>>),
}

/// Whoever has submitted a record.
#[derive(Debug, Default)]
struct Asked(Mutex<Answered>);

#[derive(Debug, Default)]
struct Answered {
    is_durable: bool,
    refused: Option<Refused>,
    applied: Option<(Outcome, Option<Points>)>,
}

impl Asked {
    fn answered(&self) -> MutexGuard<'_, Answered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller for Asked {
    fn durable(&self) {
        let mut answered = self.answered();
        assert!(!answered.is_durable && answered.refused.is_none(), "told twice: {answered:?}");
        answered.is_durable = true;
    }

    fn refused(&self, why: Refused) {
        let mut answered = self.answered();
        assert!(!answered.is_durable && answered.refused.is_none(), "told twice: {answered:?}");
        answered.refused = Some(why);
    }

    fn applied(&self, index: usize, outcome: &Outcome, balance: Option<Points>) {
        assert_eq!(index, 0, "a submission of one record");
        let mut answered = self.answered();
        assert!(answered.is_durable && answered.applied.is_none(), "told twice: {answered:?}");
        answered.applied = Some((outcome.clone(), balance));
    }
}

struct Ears<'a>(&'a mut Vec<Heard>);

impl Hears for Ears<'_> {
    fn folded(
        &mut self,
        place: Place,
        _: Option<Kind>,
        outcome: &Outcome,
        balance: Option<Points>,
    ) {
        self.0.push(Heard { place, outcome: outcome.clone(), balance });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// Opens the directory and reads what is to be replayed. Says whether it is new.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        options: &Options,
        random: &mut Random,
    ) -> Result<(Self, Vec<LogFrame>, bool)> {
        let folds = 1 + random.index(3);
        let driver = Driver::open(disk, options, fold::shared(), folds)?;
        let Driver { ground, log, folds, checkpoints, replay_from, is_new } = driver;
        let mut frames = Vec::new();
        if let Some(from) = replay_from {
            open::replay(&ground.backing().log, from, &mut |frame| {
                frames.push(frame);
                Ok(())
            })?;
        }
        let (log_days, log_bytes_max) = (*random.pick(&[0, 7]), *random.pick(&[0, 0, 4_000]));
        let partitions = usize::from(ground.partitions());
        let node = Self {
            tidying: Tidying::new(&ground, log_days, log_bytes_max),
            catching_up: folds.iter().map(|_| CatchingUp::new(&ground)).collect(),
            queues: folds.iter().map(|_| VecDeque::new()).collect(),
            ground,
            log,
            folds,
            checkpoints,
            genesis: None,
            came_in: Vec::new(),
            staged: vec![Vec::new(); partitions],
            asked: Vec::new(),
            waiting: Vec::new(),
            has_stood: vec![false; partitions],
            not_told: 0,
            folded_again: 0,
            heard: Vec::new(),
            effects: Vec::new(),
        };
        Ok((node, frames, is_new))
    }

    pub(super) fn backing(&self) -> &Backing {
        self.ground.backing()
    }

    /// How many frames the log has.
    pub(super) const fn frame_count(&self) -> u64 {
        self.log.position().next_frame - 1
    }

    /// The first frame is to begin with this.
    pub(super) fn begin_with(&mut self, genesis: Item) {
        self.log.begin_with(genesis.encoded());
        self.genesis = Some(Rc::new(genesis));
    }

    /// Submits a record for the next batch of `partition`, or of every one.
    pub(super) fn put(&mut self, partition: Option<u16>, item: &Rc<Item>) {
        let records = item.encoded();
        let length = u32::try_from(records.len()).expect("small");
        let asked = Arc::new(Asked::default());
        self.came_in.push(Submission {
            records,
            parts: vec![(partition, length)],
            known: vec![item.known()],
            caller: Arc::clone(&asked) as Arc<dyn Caller>,
            wants_outcomes: true,
            taken_at: Instant::now(),
            trace: None,
        });
        self.asked.push((partition, asked));
        match partition {
            Some(partition) => self.staged[usize::from(partition)].push(Rc::clone(item)),
            None => self.staged.iter_mut().for_each(|staged| staged.push(Rc::clone(item))),
        }
    }

    /// What the next commit writes, by partition.
    pub(super) fn staged(&self) -> Vec<Vec<Rc<Item>>> {
        let of = |staged: &Vec<Rc<Item>>| self.genesis.iter().chain(staged).cloned().collect();
        self.staged.iter().map(of).collect()
    }

    /// Makes durable what came in, and what timers want.
    pub(super) fn commit(&mut self, now: i64, random: [u8; 32]) -> Result<Committed> {
        let now = Timestamp::from_micros(now);
        if !self.log.stage(&mut self.came_in, now) {
            return Ok(Committed::Nothing);
        }
        let items = self.staged();
        let asked = std::mem::take(&mut self.asked);
        self.staged.iter_mut().for_each(Vec::clear);
        let committed = self.log.commit(now, random);
        let refused = match &committed {
            Ok(Some(_)) => None,
            Ok(None) => Some(Refused::DiskFull),
            Err(_) => Some(Refused::Uncertain),
        };
        assert!(asked.iter().all(|(_, asked)| asked.answered().refused == refused), "{refused:?}");
        let Some(durable) = committed? else { return Ok(Committed::Refused) };
        let job = Arc::new(durable.answer());
        assert!(asked.iter().all(|(_, asked)| asked.answered().is_durable), "an answer is missing");
        self.wait(&job, asked);
        self.genesis = None;
        let frame = job.frame.clone();
        self.queues.iter_mut().for_each(|queue| queue.push_back(Arc::clone(&job)));
        Ok(Committed::Frame(frame, items))
    }

    fn wait(&mut self, job: &Job, asked: Vec<(Option<u16>, Arc<Asked>)>) {
        let mut slots = vec![u32::from(self.genesis.is_some()); self.staged.len()];
        for (partition, asked) in asked {
            match partition {
                Some(partition) => slots[usize::from(partition)] += 1,
                None => slots.iter_mut().for_each(|slot| *slot += 1),
            }
            let partition = partition.unwrap_or(0);
            let slice = job.frame.slices().find(|slice| slice.partition == partition);
            let batch = slice.expect("the record is in the frame").batch;
            let slot = slots[usize::from(partition)];
            self.waiting.push((Place { partition, batch, slot, number: 0 }, asked));
        }
    }

    /// Frames that were replayed are to be folded.
    pub(super) fn give(&mut self, frames: Vec<LogFrame>) {
        for frame in frames {
            let job = Arc::new(Job::replayed(frame));
            self.queues.iter_mut().for_each(|queue| queue.push_back(Arc::clone(&job)));
        }
    }

    /// What a fold's thread does next; says whether there was anything.
    pub(super) fn fold_step(&mut self, random: &mut Random) -> Result<bool> {
        let first = random.index(self.folds.len());
        for number in (first..self.folds.len()).chain(0..first) {
            if self.step_fold(number)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn step_fold(&mut self, number: usize) -> Result<bool> {
        let (fold, mut ears) = (&self.folds[number], Ears(&mut self.heard));
        let worked = if let Some(job) = self.queues[number].pop_front() {
            lock(fold).take(&job, &mut ears)?;
            true
        } else {
            let catches_up = lock(fold).is_behind();
            self.folded_again += u64::from(catches_up);
            catches_up && self.catching_up[number].step(fold, &mut ears)?
        };
        self.effects.extend(lock(fold).take_effects());
        for (place, _) in self.ground.standing() {
            self.has_stood[usize::from(place.partition)] = true;
        }
        self.hear_answers();
        Ok(worked)
    }

    /// Those who wait have heard what the fold has said, once it is past their record.
    fn hear_answers(&mut self) {
        let (ground, heard, has_stood) = (&self.ground, &mut self.heard, &self.has_stood);
        let not_told = &mut self.not_told;
        self.waiting.retain(|(place, asked)| {
            if let Some((outcome, balance)) = asked.answered().applied.take() {
                heard.push(Heard { place: *place, outcome, balance });
                return false;
            }
            let next = ground.read(place.partition, Partition::next_batch);
            let is_past = next > place.batch;
            let may_not_know = has_stood[usize::from(place.partition)];
            assert!(!is_past || may_not_know, "whoever waits for {place:?} was not told");
            *not_told += u64::from(is_past);
            !is_past
        });
    }

    /// Whether every partition has folded all that is durable, or stands.
    pub(super) fn is_done(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
            && !self.folds.iter().any(|fold| lock(fold).is_behind())
    }

    /// Partitions that have not folded everything.
    pub(super) fn lagging(&self) -> Vec<u16> {
        let end = self.log.position().next_frame;
        let lags = |at: &u16| self.ground.folded_to(*at).next_frame < end;
        (0..self.ground.partitions()).filter(lags).collect()
    }

    /// Begins a checkpoint, unless one is under way.
    pub(super) fn begin_checkpoint(&mut self, seal: bool) {
        self.checkpoints.begin(seal);
    }

    /// Does a piece of the checkpoint that is under way.
    pub(super) fn checkpoint_step(&mut self) -> Result<Stepped> {
        self.checkpoints.step(&self.folds)
    }

    pub(super) fn small_duties(&mut self) -> Result<Duties> {
        self.checkpoints.small_duties(true)
    }

    pub(super) fn tidy(&self) -> Result<Option<Chore>> {
        self.tidying.step()
    }
}
