//! One seed: a world, a node on a disk that breaks, and the model that judges both.
//!
//! The node is the real engine and storage, driven step by step. Beside it stand the model, fed with
//! every record that is known to be in the log, and a reference: the same engine over maps, which is
//! never interrupted, so that after each recovery live state must equal a replay from genesis.

pub(crate) mod check;
pub(crate) mod desk;
mod faults;
mod flip;
pub(crate) mod fold;
pub(crate) mod item;
pub(crate) mod memory;
mod node;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use accolade_domain::outcome::Outcome;
use accolade_engine::disk::Disk;
use accolade_engine::partition::{Effect, Partition};
use accolade_storage::error::{Result, StorageError};
use accolade_storage::log::LogFrame;
use accolade_storage::open::Options;
use accolade_storage::segment::Position;
use accolade_wire::identity::partition_of;

use self::check::Expectation;
use self::fold::Folder;
use self::item::{Item, Meaning};
use self::memory::MemoryStore;
use self::node::{Chore, Node};
use crate::disk::{Faults, SimulatedDisk};
use crate::model::{CommandInput, Input, Model, ModelOutcome, Published, WindowSettings};
use crate::random::Random;
use crate::workload::{Action, FAULTY_STAKE, Workload};

/// After so many records a world ends.
const RECORDS_MAX: usize = 180;
/// After so many steps it ends as well.
const STEPS_MAX: usize = 120;
const START: Position = Position { sequence: 0, offset: 0, next_frame: 1, checksum: 0 };

/// How often each thing happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// What a seed came to.
#[derive(Debug)]
pub struct Report {
    /// What was exercised.
    pub counts: Counts,
    /// Step by step what happened; empty unless it was asked for.
    pub transcript: String,
    /// What was violated, if anything.
    pub violation: Option<String>,
}

/// Runs one seed. The process's panic hook should be silent: rules fail here on purpose.
pub fn run(seed: u64, is_verbose: bool) -> Report {
    let mut run = Run::new(seed, is_verbose);
    let ended = catch_unwind(AssertUnwindSafe(|| run.live()));
    let files = run.disk.files();
    run.tell(|| format!("at the end: {files:?}"));
    let violation = ended.err().map(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    });
    Report { counts: run.counts, transcript: run.transcript, violation }
}

/// A frame of the log with what its records mean, by partition.
struct Logged {
    frame: LogFrame,
    items: Vec<Vec<Rc<Item>>>,
}

/// A commit of which nobody knows whether it survived.
struct Uncertain {
    items: Vec<Vec<Rc<Item>>>,
}

struct Run {
    random: Random,
    workload: Workload,
    disk: SimulatedDisk,
    as_disk: Arc<dyn Disk>,
    armed: Faults,
    partitions: u16,
    options: Options,
    clock: i64,
    node: Option<Node>,
    reference: Folder<MemoryStore>,
    models: Vec<Model>,
    logged: Vec<Logged>,
    expectations: BTreeMap<(u16, u64), Vec<Expectation>>,
    uncertain: Option<Uncertain>,
    /// Effects that no one has carried out yet.
    outbox: VecDeque<(u16, Effect)>,
    desk: desk::Desk,
    record_count: usize,
    /// The world is over, and all that is left is done.
    is_calm: bool,
    counts: Counts,
    is_verbose: bool,
    transcript: String,
}

impl Run {
    fn new(seed: u64, is_verbose: bool) -> Self {
        let mut random = Random::new(seed ^ 0x00ac_c01a_de00);
        let workload = Workload::new(seed);
        let disk = SimulatedDisk::new();
        let partitions = u16::try_from(1 + random.below(4)).expect("a small number");
        let model = || Model::new(WindowSettings::default()).with_faulty_stake(FAULTY_STAKE);
        let fresh = (0..partitions).map(Partition::new).collect();
        Self {
            clock: workload.starts_at(),
            workload,
            as_disk: Arc::new(disk.clone()),
            disk,
            armed: Faults::default(),
            partitions,
            options: options(partitions, &mut random),
            random,
            node: None,
            reference: Folder::new(fresh, MemoryStore::default(), START),
            models: (0..partitions).map(|_| model()).collect(),
            logged: Vec::new(),
            expectations: BTreeMap::new(),
            uncertain: None,
            outbox: VecDeque::new(),
            desk: desk::Desk::default(),
            record_count: 0,
            is_calm: false,
            counts: Counts::new(),
            is_verbose,
            transcript: String::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.is_verbose {
            let operations = self.disk.operations();
            writeln!(self.transcript, "{operations:>6}  {}", line()).expect("a text takes all");
        }
    }

    fn node(&mut self) -> &mut Node {
        self.node.as_mut().expect("the node is up")
    }

    fn log_time(&self) -> i64 {
        let last = self.logged.last().map(|logged| logged.frame.moment.time.micros());
        last.map_or(self.clock, |last| last.max(self.clock))
    }

    fn live(&mut self) {
        self.recover();
        let mut steps = 0;
        while self.record_count < RECORDS_MAX && steps < STEPS_MAX {
            steps += 1;
            self.arm();
            if let Err(error) = self.step() {
                self.fall(&error);
                self.recover();
            }
        }
        self.finish();
    }

    fn step(&mut self) -> Result<()> {
        let now = self.log_time();
        match self.workload.next(now) {
            Action::Records(records) => {
                self.tell(|| format!("{} records arrive", records.len()));
                for record in records {
                    self.record_count += 1;
                    let player = record.player.clone();
                    self.put_for(&player, Item::arriving(record, self.clock));
                    if self.random.percent(10) {
                        self.commit()?;
                    }
                }
            }
            Action::AddOperator(name) => self.put_control(Item::add_operator(name, now)),
            Action::Publish(version) => {
                let latest = self.models[0].latest_version(&version.operator);
                let edited_from = latest + u32::from(version.is_stale);
                self.put_control(Item::publish(version, edited_from, now));
            }
            Action::Withdraw { operator, number } => {
                self.put_control(Item::withdraw(operator, number, now));
            }
            Action::AdvanceClock(micros) => self.clock += micros,
            Action::Crash => {
                self.cut_power();
                self.recover();
            }
            Action::Checkpoint => self.checkpoint(false)?,
            Action::Seal => self.checkpoint(true)?,
        }
        self.work_at_the_desk();
        self.order_skips();
        self.deliver(80)?;
        self.want_batches();
        if self.random.percent(85) {
            self.commit()?;
        }
        if self.random.percent(80) {
            self.fold_all()?;
        }
        for _ in 0..self.random.below(5) {
            self.chore()?;
        }
        if self.random.percent(4) {
            self.fold_all()?;
            self.check(false)?;
        }
        if self.random.percent(6) {
            self.fold_all()?;
            self.flip_a_bit();
        }
        Ok(())
    }

    fn put_for(&mut self, player: &str, item: Item) {
        let partition = partition_of(player, self.partitions);
        self.put(Some(partition), item);
    }

    fn put_control(&mut self, item: Item) {
        self.tell(|| format!("control: {:.100}", format!("{:?}", item.meaning)));
        self.put(None, item);
    }

    fn put(&mut self, partition: Option<u16>, item: Item) {
        self.node().put(partition, &Rc::new(item));
    }

    /// A partition with a timer due gets a batch, and now and then one that has none.
    fn want_batches(&mut self) {
        let now = self.log_time();
        let any = u16::try_from(self.random.below(u64::from(self.partitions))).expect("small");
        let wants_any = self.random.percent(10);
        for partition in 0..self.partitions {
            let due = self
                .node
                .as_ref()
                .and_then(|node| node.folder.partitions[usize::from(partition)].next_due());
            let is_due = due.is_some_and(|due| due.micros() <= now);
            if is_due || (wants_any && partition == any) {
                self.node().log.want_batch(partition);
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        if !self.node().log.has_staged() {
            return Ok(());
        }
        let mut random = [0; 32];
        for word in random.chunks_exact_mut(8) {
            word.copy_from_slice(&self.random.bits().to_le_bytes());
        }
        let clock = self.clock;
        let node = self.node();
        let fresh = node.staged.iter().map(|_| Vec::new()).collect();
        let items = std::mem::replace(&mut node.staged, fresh);
        match node.commit(clock, random) {
            Ok(frame) => {
                self.count("frames answered");
                self.learn(frame, items);
                Ok(())
            }
            Err(error) => {
                self.count("commits that failed");
                self.uncertain = Some(Uncertain { items });
                Err(error)
            }
        }
    }

    /// A frame is in the log for ever: the model says what must become of its records.
    fn learn(&mut self, frame: LogFrame, items: Vec<Vec<Rc<Item>>>) {
        assert_eq!(frame.after.next_frame - 1, self.logged.len() as u64 + 1, "frame number");
        self.tell(|| {
            let count: usize = items.iter().map(Vec::len).sum();
            format!("frame {} is durable: {count} records", frame.after.next_frame - 1)
        });
        for slice in frame.slices() {
            let items = &items[usize::from(slice.partition)];
            let mut written = Vec::new();
            for item in items {
                written.extend_from_slice(&item.encoded());
            }
            assert!(written == slice.body, "the log has other bytes than were put");
            let time = frame.moment.time.micros();
            self.models[usize::from(slice.partition)].batch(slice.partition, time);
            let expectations: Vec<Expectation> = (1..)
                .zip(items)
                .map(|(slot, item)| self.expect((slice.partition, slice.batch, slot), item))
                .collect();
            self.expectations.insert((slice.partition, slice.batch), expectations);
        }
        self.reference.accept(&frame).expect("maps do not fail");
        self.logged.push(Logged { frame, items });
        self.reference.effects.clear();
        let heard = std::mem::take(&mut self.reference.heard);
        self.judge(&heard);
    }

    fn expect(&mut self, at: (u16, u64, u32), item: &Rc<Item>) -> Expectation {
        expect(&mut self.models[usize::from(at.0)], &mut self.desk, &mut self.counts, at, item)
    }

    fn judge(&self, heard: &[fold::Heard]) {
        for heard in heard {
            let place = heard.place;
            let expectations = &self.expectations[&(place.partition, place.batch)];
            check::outcome(heard, &expectations[place.slot as usize - 1]);
        }
    }

    fn fold_all(&mut self) -> Result<()> {
        let count = self.node().to_fold.len();
        self.fold(count)
    }

    fn fold(&mut self, count: usize) -> Result<()> {
        let mut folded = self.node().fold(count);
        // What the fold could not read it can ask for again; what it could not write is final.
        let is_fold = matches!(&folded, Err(StorageError::Io { path, .. }) if path == fold::STORE);
        if is_fold && !self.disk.has_crashed() && self.random.percent(50) {
            let time = self.node().log.time();
            folded = self.node().folder.go_on(time);
            self.count("folds tried again");
            if folded.is_ok() {
                return self.fold_all();
            }
        }
        let (heard, effects) = {
            let folder = &mut self.node().folder;
            (std::mem::take(&mut folder.heard), std::mem::take(&mut folder.effects))
        };
        self.judge(&heard);
        if self.is_verbose {
            for heard in heard {
                self.tell(|| told(&heard));
            }
        }
        self.outbox.extend(effects);
        let standing = self.node().folder.standing.iter().flatten().count();
        if standing > 0 {
            self.count("folds that stood");
        }
        folded
    }

    fn checkpoint(&mut self, seals: bool) -> Result<()> {
        if self.random.percent(60) {
            self.fold_all()?;
        }
        let has_sealed = self.node().checkpoint(seals)?;
        self.tell(|| format!("checkpoint{}", if has_sealed { ", ids sealed" } else { "" }));
        self.count("checkpoints");
        if self.node().folder.partitions.iter().any(Partition::stands) {
            self.count("checkpoints while one stands");
        }
        Ok(())
    }

    fn chore(&mut self) -> Result<()> {
        let mut random = self.random.fork();
        let done = self.node().chore(&mut random);
        match done {
            Ok(chore) => {
                self.count(match chore {
                    Chore::Nothing => return Ok(()),
                    Chore::Closed => "segments closed",
                    Chore::Packed => "segments packed",
                    Chore::LogRemoved => "log removed",
                    Chore::Sealed => "runs sealed",
                    Chore::Merged => "runs merged",
                    Chore::AllocatedAhead => "segments allocated ahead",
                });
                self.tell(|| format!("{chore:?}"));
                Ok(())
            }
            // What happens in the background is tried again later.
            Err(error) if self.has_failed_once(&error) && self.random.percent(50) => {
                self.tell(|| format!("in the background: {error}"));
                self.count("chores tried again");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the directory until it succeeds, replays, and checks that nothing was lost.
    fn recover(&mut self) {
        loop {
            self.arm_recovery();
            match self.open() {
                Ok(()) => return,
                Err(error) => self.fall(&error),
            }
        }
    }

    fn open(&mut self) -> Result<()> {
        self.options = options(self.partitions, &mut self.random);
        if !self.logged.is_empty() {
            // What the first frame fixed is not asked again.
            self.options.partitions = 7;
        }
        let (mut node, frames, is_new) = Node::open(&self.as_disk, &self.options)?;
        let survived = node.frame_count();
        let known = self.logged.len() as u64;
        self.tell(|| format!("opened: {survived} frames, {} to replay", frames.len()));
        assert!(survived >= known, "answered frames are lost: {survived} of {known} are there");
        self.count("recoveries");
        for frame in &frames {
            self.recognise(frame);
        }
        check::journal_in_order(&node.backing)?;
        self.uncertain = None;
        assert_eq!(self.logged.len() as u64, survived, "frames that nobody wrote");
        assert_eq!(is_new, survived == 0, "whether the directory is new");
        node.to_fold = frames;
        self.node = Some(node);
        if is_new {
            self.put_control(Item::genesis(self.partitions, self.clock));
            self.commit()?;
        }
        self.fold_all()?;
        let is_deep = self.random.percent(15);
        self.check(is_deep)
    }

    /// A replayed frame is one that is known, or the one whose commit nobody heard of.
    fn recognise(&mut self, frame: &LogFrame) {
        let number = frame.after.next_frame - 1;
        let at = usize::try_from(number - 1).expect("small");
        if let Some(logged) = self.logged.get(at) {
            assert!(
                logged.frame.moment.time == frame.moment.time
                    && logged.frame.moment.random == frame.moment.random
                    && logged.frame.slices().eq(frame.slices()),
                "frame {number} of the log was changed"
            );
            return;
        }
        let uncertain = self.uncertain.take();
        let Uncertain { items } = uncertain.expect("only a commit that failed may appear");
        self.count("unanswered frames that survived");
        self.learn(frame.clone(), items);
    }

    /// All invariants; every id when `is_deep`, otherwise some.
    fn check(&mut self, is_deep: bool) -> Result<()> {
        self.count("full checks");
        let node = self.node.as_ref().expect("the node is up");
        assert!(
            node.folder.is_done() || node.folder.standing.iter().any(Option::is_some),
            "a partition lags without a reason"
        );
        let (folder, backing) = (&node.folder, &node.backing);
        for (partition, model) in self.reference.partitions.iter().zip(&self.models) {
            if !partition.stands() {
                check::accounts(partition, model);
            }
        }
        check::replayed(folder, backing, &self.reference)?;
        let some = if is_deep { None } else { Some(&mut self.random) };
        check::ids(folder, backing, &self.reference, some)?;
        check::chains(&folder.partitions, backing, &self.models)
    }

    /// Quiet at last: everything is delivered, nothing stands, all holds, and a fold from genesis
    /// comes to the same.
    fn finish(&mut self) {
        self.calm();
        self.is_calm = true;
        for _ in 0..1_000 {
            let ended = self.settle();
            if let Err(error) = ended {
                panic!("without faults: {error}");
            }
            let is_quiet = self.outbox.is_empty()
                && self.node().folder.is_done()
                && self.desk.are_released_all_arrived();
            if is_quiet {
                break;
            }
            if self.node().folder.is_done() {
                self.clock = self.log_time() + 11_000_000;
            }
        }
        assert!(self.node().folder.is_done(), "a partition stands for ever");
        assert!(self.desk.are_released_all_arrived(), "a released dead letter never arrived");
        self.check(true).unwrap_or_else(|error| panic!("without faults: {error}"));
        self.fold_from_genesis();
        self.count("worlds");
    }

    fn settle(&mut self) -> Result<()> {
        self.order_skips();
        self.deliver(100)?;
        self.want_batches();
        self.commit()?;
        self.fold_all()
    }

    fn fold_from_genesis(&mut self) {
        let fresh = (0..self.partitions).map(Partition::new).collect();
        let mut folder = Folder::new(fresh, MemoryStore::default(), START);
        for logged in &self.logged {
            folder.accept(&logged.frame).expect("maps do not fail");
        }
        assert!(
            folder.store.batches == self.reference.store.batches,
            "a fold from genesis decides otherwise"
        );
        let records =
            self.logged.iter().flat_map(|logged| &logged.items).map(Vec::len).sum::<usize>();
        *self.counts.entry("records").or_default() += records as u64;
    }
}

/// What the model says must become of the record at a place.
pub(crate) fn expect(
    model: &mut Model,
    desk: &mut desk::Desk,
    counts: &mut Counts,
    at: (u16, u64, u32),
    item: &Rc<Item>,
) -> Expectation {
    let (partition, batch, slot) = at;
    let mut count = |what| *counts.entry(what).or_default() += 1;
    let operator = &item.operator;
    let expectation = match &item.meaning {
        Meaning::Event(event) => Expectation::Record(model.record(&Input {
            partition,
            place: (batch, slot),
            operator,
            event,
            released_at: item.origin.map(|at| (at.partition, at.batch, at.slot)),
        })),
        Meaning::Command(command) => Expectation::Record(model.command(&CommandInput {
            partition,
            place: (batch, slot),
            operator,
            command,
        })),
        Meaning::Arrived => Expectation::Arrived,
        Meaning::Genesis | Meaning::Skip => Expectation::Control(Some(0)),
        Meaning::AddOperator(name) => Expectation::Control(model.operator_added(name)),
        Meaning::Publish(version, edited_from) => {
            let (program, from) = (version.program.clone(), version.effective_from);
            let published = model.program_published(&version.operator, from, program, *edited_from);
            Expectation::Control(match published {
                Published::Accepted(number) => Some(number.into()),
                Published::Stale | Published::OperatorUnknown => None,
            })
        }
        Meaning::Withdraw(operator, number) => {
            let withdrawn = model.version_withdrawn(operator, *number, item.received_at);
            Expectation::Control(withdrawn.then(|| (*number).into()))
        }
    };
    if let Expectation::Record(expected) = &expectation {
        desk.note(at, item, expected);
        count(match expected.outcome {
            ModelOutcome::Counted => "records counted",
            ModelOutcome::Refused => "records refused",
            ModelOutcome::Repeated => "records repeated",
            ModelOutcome::Voided => "voids",
            ModelOutcome::DeadLetter => "dead letters",
        });
        if item.origin.is_some() {
            count("released dead letters");
        }
        if expected.reason == Some("skipped") {
            count("dead letters skipped");
        }
    }
    expectation
}

pub(crate) fn told(heard: &fold::Heard) -> String {
    let place = heard.place;
    let what = match &heard.outcome {
        Outcome::DeadLetter { reason, detail } => {
            format!("dead letter {}: {detail}", reason.code())
        }
        Outcome::Refused { refusal, .. } => format!("refused {}", refusal.code()),
        other => format!("{other:?}"),
    };
    format!("  {}/{}/{} {what}", place.partition, place.batch, place.slot)
}

pub(crate) fn options(partitions: u16, random: &mut Random) -> Options {
    let mut bytes = || 2048 << random.below(4);
    Options {
        partitions,
        first_partition: 0,
        log_segment_bytes: bytes(),
        journal_segment_bytes: bytes(),
        segment_bytes: bytes(),
    }
}
