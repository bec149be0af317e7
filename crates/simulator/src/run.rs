//! One seed: a world, a node on a disk that breaks, and the model that judges both.
//!
//! The node is what production runs, with steps in the place of threads. Beside it stand the model, fed
//! with every record that is known to be in the log, and a reference: the same engine over maps, which
//! is never interrupted, so that after each recovery live state must equal a replay from genesis.

pub(crate) mod boards;
mod catalogue;
pub(crate) mod check;
pub(crate) mod clerk;
pub(crate) mod desk;
mod faults;
pub(crate) mod filler;
mod flip;
pub(crate) mod fold;
pub(crate) mod found;
pub(crate) mod item;
mod node;
pub(crate) mod panics;
pub(crate) mod steward;
pub(crate) mod teller;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use accolade_domain::outcome::Outcome;
use accolade_engine::disk::Disk;
use accolade_engine::partition::Partition;
use accolade_engine::step::Effect;
use accolade_storage::descriptors::Descriptors;
use accolade_storage::driver::checkpoints::{Duties, Stepped};
use accolade_storage::driver::tidying::Chore;
use accolade_storage::error::Result;
use accolade_storage::log::LogFrame;
use accolade_storage::open::Options;
use accolade_storage::table_cache::TableCache;
use accolade_wire::identity::partition_of;
use accolade_wire::record::Source;

use self::check::Expectation;
pub use self::clerk::REQUESTED;
use self::fold::Reference;
pub use self::found::FOUND;
use self::item::{Item, Meaning};
use self::node::{Committed, Node};
use crate::disk::{Faults, SimulatedDisk};
use crate::input::ModelStage;
use crate::model::budgets::SaysInput;
use crate::model::requests::{RedemptionState, RequestInput};
use crate::model::rewards::SaidInput;
use crate::model::tiers::ModelPassages;
use crate::model::{
    CommandInput, Input, Model, ModelAccount, ModelOutcome, Published, WindowSettings,
};
use crate::random::Random;
use crate::workload::{Action, FAULTY_STAKE, Workload, behaviour_of};

/// After so many records a world ends.
const RECORDS_MAX: usize = 180;
/// After so many steps it ends as well.
const STEPS_MAX: usize = 120;

/// How often each thing happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// What goes wrong in worlds of the embedded form; whoever looks at many finds all of it.
pub const FAULTS: &[&str] = &[
    "I/O errors",
    "batches compared with what they were",
    "callers that were not told of an outcome",
    "checkpoints refused beside a failure",
    "checkpoints while one stands",
    "commits that failed",
    "crashes within an operation",
    "effects delayed",
    "effects lost",
    "effects repeated",
    "failures of fsync",
    "flips that did no harm",
    "flips that look like a torn tail",
    "flips that were refused",
    "folds that stood",
    "frames folded again",
    "frames refused by a full disk",
    "full disks",
    "kills",
    "messages delayed",
    "messages lost",
    "messages overtaken",
    "messages repeated",
    "messages that came before",
    "panics in a rule",
    "panics in a timer",
    "panics while a message is sent",
    "panics while a step is carried",
    "power cuts",
    "unanswered frames that survived",
];

/// Counts in which every fault stands, met or not.
pub(crate) fn no_counts(faults: &[&'static str]) -> Counts {
    faults.iter().map(|fault| (*fault, 0)).collect()
}

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
    let violation = violation(ended, &mut run.counts);
    Report { counts: run.counts, transcript: run.transcript, violation }
}

/// Why a world is given up, of which the model does not know how it goes on.
pub(crate) struct GivenUp(&'static str);

/// A version was withdrawn in a partition in which it had begun. Who had gone over to it by then depends on how far
/// its walk had come.
const LATE_WITHDRAWAL: &str = "worlds given up over a late withdrawal";
/// Another version has made a window longer, and more was earned in it than an account can have. What is held of that
/// depends on the order in which days have left it.
const OVERFULL_WINDOW: &str = "worlds given up over a window beyond 10^15";

/// What a world has violated, if it has not ended as it should.
pub(crate) fn violation(ended: std::thread::Result<()>, counts: &mut Counts) -> Option<String> {
    let panic = ended.err()?;
    if let Some(GivenUp(why)) = panic.downcast_ref() {
        *counts.entry(why).or_default() += 1;
        return None;
    }
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    Some(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
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
    behaviour: u16,
    options: Options,
    clock: i64,
    node: Option<Node>,
    reference: Reference,
    models: Vec<Model>,
    logged: Vec<Logged>,
    expectations: BTreeMap<(u16, u64), Vec<Expectation>>,
    uncertain: Option<Uncertain>,
    /// Effects that no one has carried out yet.
    outbox: VecDeque<(u16, Effect)>,
    desk: desk::Desk,
    clerk: clerk::Clerk,
    steward: steward::Steward,
    filler: filler::Filler,
    teller: teller::Teller,
    followed: boards::Followed,
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
        panics::arm(None);
        let workload = Workload::new(seed);
        let disk = SimulatedDisk::new();
        let partitions = u16::try_from(1 + random.below(4)).expect("a small number");
        let behaviour = behaviour_of(seed);
        let model = || {
            Model::new(WindowSettings::default()).under(behaviour).with_faulty_stake(FAULTY_STAKE)
        };
        Self {
            clock: workload.starts_at(),
            workload,
            as_disk: Arc::new(disk.clone()),
            disk,
            armed: Faults::default(),
            partitions,
            behaviour,
            options: options(partitions, &mut random),
            clerk: clerk::Clerk::new(seed),
            steward: steward::Steward::new(seed),
            filler: filler::Filler::new(seed),
            teller: teller::Teller::new(seed),
            followed: boards::Followed::default(),
            random,
            node: None,
            reference: Reference::new(partitions),
            models: (0..partitions).map(|_| model()).collect(),
            logged: Vec::new(),
            expectations: BTreeMap::new(),
            uncertain: None,
            outbox: VecDeque::new(),
            desk: desk::Desk::default(),
            record_count: 0,
            is_calm: false,
            counts: no_counts(FAULTS),
            is_verbose,
            transcript: String::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn count_all(&mut self, what: &'static str, count: u64) {
        *self.counts.entry(what).or_default() += count;
    }

    fn count_panics(&mut self, met: &[&'static str]) {
        for panic in met {
            self.count(panic);
        }
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
            Action::Right { operator, right } => {
                self.put_control(Item::right(operator, right, now));
            }
            Action::SwitchBehaviour(number) => {
                self.put_control(Item::switch_behaviour(number, now));
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
        self.ask();
        self.tend_tournaments();
        self.tell_of_moved();
        self.order_skips();
        self.deliver(80);
        if self.random.percent(85) {
            self.commit()?;
        }
        if self.random.percent(80) {
            self.fold_all()?;
            self.follow_boards();
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

    fn commit(&mut self) -> Result<()> {
        let mut random = [0; 32];
        for word in random.chunks_exact_mut(8) {
            word.copy_from_slice(&self.random.bits().to_le_bytes());
        }
        let clock = self.clock;
        let items = self.node().staged();
        match self.node().commit(clock, random) {
            Ok(Committed::Nothing) => Ok(()),
            Ok(Committed::Refused) => {
                self.tell(|| "the disk is full: nothing is taken in".into());
                self.count("frames refused by a full disk");
                Ok(())
            }
            Ok(Committed::Frame(frame, items)) => {
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
        self.reference.accept(&frame);
        self.logged.push(Logged { frame, items });
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
        while self.fold_step()? {}
        Ok(())
    }

    /// What one of the threads that fold does next; says whether there was anything.
    fn fold_step(&mut self) -> Result<bool> {
        let mut random = self.random.fork();
        let node = self.node();
        let (worked, met) = panics::driven(|| node.fold_step(&mut random));
        let (heard, effects) = (std::mem::take(&mut node.heard), std::mem::take(&mut node.effects));
        let not_told = std::mem::take(&mut node.not_told);
        let folded_again = std::mem::take(&mut node.folded_again);
        let standing = node.ground.standing();
        self.judge(&heard);
        if self.is_verbose {
            for heard in heard {
                self.tell(|| told(&heard));
            }
        }
        self.outbox.extend(effects);
        for (place, message) in &standing {
            assert!(fold::is_meant(message), "the fold failed at {place:?}: {message}");
        }
        self.count_panics(&met);
        if !standing.is_empty() {
            self.count("folds that stood");
        }
        self.count_all("callers that were not told of an outcome", not_told);
        self.count_all("frames folded again", folded_again);
        worked
    }

    /// Begins a checkpoint and brings it to its end, or leaves that for later.
    fn checkpoint(&mut self, seals: bool) -> Result<()> {
        if self.random.percent(60) {
            self.fold_all()?;
        }
        self.node().begin_checkpoint(seals);
        while self.checkpoint_step()? {
            match self.random.below(10) {
                0..=2 => drop(self.fold_step()?),
                3 => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// Says whether there may be more to do.
    fn checkpoint_step(&mut self) -> Result<bool> {
        let stepped = self.node().checkpoint_step()?;
        match stepped {
            Stepped::Idle => return Ok(false),
            Stepped::Taken => {}
            Stepped::Written => {
                self.count("checkpoints");
                if !self.node().ground.standing().is_empty() {
                    self.count("checkpoints while one stands");
                }
            }
            Stepped::Sealed => self.count("runs sealed"),
            Stepped::Refused => {
                self.count("checkpoints refused beside a failure");
                return Ok(false);
            }
        }
        self.tell(|| format!("checkpoint: {stepped:?}"));
        Ok(true)
    }

    /// One of the things that are done in the background.
    fn chore(&mut self) -> Result<()> {
        match self.random.below(4) {
            0 => drop(self.checkpoint_step()?),
            1 => {
                let Duties { has_allocated, has_closed } = self.node().small_duties()?;
                if has_allocated {
                    self.count("segments allocated ahead");
                }
                if has_closed {
                    self.count("segments closed");
                }
            }
            _ => {
                let Some(chore) = self.node().tidy()? else { return Ok(()) };
                self.tell(|| format!("{chore:?}"));
                self.count(match chore {
                    Chore::LogRemoved => "log removed",
                    Chore::DeadLettersRemoved => "dead letters removed",
                    Chore::Merged => "runs merged",
                    Chore::Packed => "segments packed",
                });
            }
        }
        Ok(())
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
        let mut random = self.random.fork();
        let disk = few_descriptors().over(Arc::clone(&self.as_disk));
        let (mut node, frames, is_new) = Node::open(&disk, &self.options, &mut random)?;
        let survived = node.frame_count();
        let known = self.logged.len() as u64;
        self.tell(|| format!("opened: {survived} frames, {} to replay", frames.len()));
        assert!(survived >= known, "answered frames are lost: {survived} of {known} are there");
        self.count("recoveries");
        for frame in &frames {
            self.recognise(frame);
        }
        check::journal_in_order(node.backing())?;
        self.uncertain = None;
        assert_eq!(self.logged.len() as u64, survived, "frames that nobody wrote");
        assert_eq!(is_new, survived == 0, "whether the directory is new");
        let compared = (0..node.ground.partitions()).map(|partition| {
            let next = node.ground.read(partition, Partition::next_batch);
            check::still_to_compare(node.backing(), partition, next)
        });
        let compared = compared.sum();
        self.count_all("batches compared with what they were", compared);
        node.give(frames);
        if is_new {
            node.begin_with(Item::genesis(self.partitions, self.behaviour, self.clock));
        }
        self.node = Some(node);
        if is_new {
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
        assert!(node.is_done(), "something is left to fold");
        if node.ground.standing().iter().any(|(_, message)| panics::is_bug(message)) {
            // The reference does not stand there.
            return Ok(());
        }
        let standing: Vec<u16> =
            node.ground.standing().iter().map(|(place, _)| place.partition).collect();
        assert_eq!(node.lagging(), standing, "a partition lags without a reason, or none does");
        let mut moved = 0;
        let Reference { partitions, store, .. } = &mut self.reference;
        for (partition, model) in partitions.iter().zip(&self.models) {
            if !partition.stands() {
                check::accounts(partition, model);
                moved += check::players(partition, store, model);
            }
        }
        let ground = &node.ground;
        check::replayed(ground, &self.reference)?;
        let some = if is_deep { None } else { Some(&mut self.random) };
        check::ids(ground, &self.reference, some)?;
        check::all_chains(ground, &self.models)?;
        check::rewards::nothing_is_oversold(self.models.iter(), false);
        check::budgets::nothing_is_given_twice(self.models.iter());
        if standing.is_empty() {
            let partitions: Vec<_> = self.reference.partitions.iter().collect();
            let models: Vec<_> = self.models.iter().collect();
            let compared = check::tournaments::boards(&partitions, &models);
            self.count_all("leaderboards compared", compared);
        }
        self.follow_boards();
        self.count_all("moves between levels compared", moved);
        Ok(())
    }

    /// Quiet at last: everything is delivered, nothing stands, all holds, and a fold from genesis
    /// comes to the same.
    fn finish(&mut self) {
        self.calm();
        self.is_calm = true;
        self.come_to_rest();
        self.check(true).unwrap_or_else(|error| panic!("without faults: {error}"));
        let models: Vec<_> = self.models.iter().collect();
        let partitions: Vec<_> = self.reference.partitions.iter().collect();
        check::positions::all_are_told(&models, &partitions, self.log_time(), &mut self.counts);
        self.outlive();
        self.come_to_rest();
        let models: Vec<_> = self.models.iter().collect();
        check::tournaments::all_is_paid(&models, &mut self.counts);
        check::rewards::nothing_is_oversold(self.models.iter(), true);
        check::budgets::nothing_is_lost(self.reference.partitions.iter().zip(&self.models));
        self.fold_from_genesis();
        for model in &self.models {
            count_passages(model, &mut self.counts);
        }
        self.reference.timings.count(&mut self.counts);
        for partition in 0..self.partitions {
            let told = check::foretold_count(partition, &self.reference.store);
            self.count_all(found::FORETOLD, told);
        }
        self.count("worlds");
    }

    /// Nothing stands, and nothing is on its way any more.
    fn come_to_rest(&mut self) {
        for _ in 0..1_000 {
            let ended = self.settle();
            if let Err(error) = ended {
                panic!("without faults: {error}");
            }
            let is_behind = self.reference.partitions.iter().any(check::is_behind);
            let is_quiet = self.outbox.is_empty()
                && self.node().lagging().is_empty()
                && self.desk.have_all_arrived()
                && self.have_sent_all()
                && steward::is_all_settled(&self.models.iter().collect::<Vec<_>>());
            if is_quiet && !is_behind {
                break;
            }
            if self.node().lagging().is_empty() {
                self.clock = self.log_time() + 11_000_000;
            }
        }
        assert!(self.node().lagging().is_empty(), "a partition stands for ever");
        let missing = self.desk.missing();
        assert!(missing.is_empty(), "messages never arrived: {missing:?}");
        assert!(self.have_sent_all(), "what has arrived is still on its way");
        let models: Vec<_> = self.models.iter().collect();
        assert!(steward::is_all_settled(&models), "a tournament is settling for ever");
    }

    /// Leaderboards of the node go on with what has changed.
    fn follow_boards(&mut self) {
        let Self { node, followed, .. } = self;
        let ground = &node.as_ref().expect("the node is up").ground;
        let follow = |number| ground.read(number, |partition| followed.follow(partition));
        let gone_on = (0..ground.partitions()).map(follow).sum();
        self.count_all("leaderboards that followed", gone_on);
    }

    /// Time goes on and nobody does anything: all that it brings is told of.
    fn outlive(&mut self) {
        let models: Vec<_> = self.models.iter().collect();
        if let Some(close) = steward::last_close(&models, self.log_time()) {
            self.clock = close;
            self.come_to_rest();
        }
        for _ in 0..self.random.below(4) {
            self.clock = self.log_time() + self.workload.afterwards();
            self.fire_all();
            self.check(false).unwrap_or_else(|error| panic!("without faults: {error}"));
        }
    }

    /// Batches without a record, until no timer is due.
    fn fire_all(&mut self) {
        for _ in 0..1_000 {
            self.settle().unwrap_or_else(|error| panic!("without faults: {error}"));
            if !self.reference.partitions.iter().any(check::is_behind) {
                return;
            }
        }
        panic!("a timer is due for ever");
    }

    /// Now and then somebody tells who has moved.
    fn tell_of_moved(&mut self) {
        let now = self.log_time();
        let models: Vec<&Model> = self.models.iter().collect();
        let ground = &self.node.as_ref().expect("the node is up").ground;
        let read = |number: u16, work: &mut dyn FnMut(&Partition)| ground.read(number, work);
        for (home, operator, page) in self.teller.tell(&models, now, self.is_calm, &read) {
            self.put(Some(home), Item::moved(&operator, page, self.clock));
        }
    }

    fn have_sent_all(&self) -> bool {
        self.reference.partitions.iter().all(|partition| self.desk.has_sent_all(partition))
    }

    fn settle(&mut self) -> Result<()> {
        self.order_skips();
        self.deliver(100);
        self.tend_tournaments();
        self.tell_of_moved();
        self.commit()?;
        self.fold_all()
    }

    fn fold_from_genesis(&mut self) {
        let mut again = Reference::new(self.partitions);
        for logged in &self.logged {
            again.accept(&logged.frame);
        }
        assert!(
            again.store.batches == self.reference.store.batches,
            "a fold from genesis decides otherwise"
        );
        let records =
            self.logged.iter().flat_map(|logged| &logged.items).map(Vec::len).sum::<usize>();
        self.count_all("records", records as u64);
    }
}

/// Gives up a world in which a window is that full.
pub(crate) fn give_up_if_overfull(account: &ModelAccount) {
    if account.is_overfull {
        std::panic::panic_any(GivenUp(OVERFULL_WINDOW));
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
            message: item.origin.map(|origin| (origin.place.partition, origin.sequence)),
            is_released: item.source == Source::Released,
        })),
        Meaning::Command(command) => Expectation::Record(model.command(&CommandInput {
            partition,
            place: (batch, slot),
            operator,
            command,
        })),
        Meaning::Request(request) => {
            let place = (batch, slot);
            let expected = model.request(&RequestInput { partition, place, operator, request });
            count(clerk::named(&request.what, &expected));
            Expectation::Record(expected)
        }
        Meaning::Said(said) => {
            let origin = item.origin.expect("it is a message");
            let message = (origin.place.partition, origin.sequence);
            let (place, said) = ((batch, slot), *said);
            let input = SaidInput { partition, place, operator, said, message };
            let expected = model.said(&input);
            if expected.reason.is_none() {
                count(found::heard(said, model.messages(at)));
            }
            Expectation::Record(expected)
        }
        Meaning::Says(promotion, says) => {
            let origin = item.origin.expect("it is a message");
            let message = (origin.place.partition, origin.sequence);
            let (place, says) = ((batch, slot), *says);
            let input = SaysInput { partition, place, operator, promotion, says, message };
            let expected = model.says(&input);
            if expected.reason.is_none() {
                count(found::says(says));
            }
            Expectation::Record(expected)
        }
        Meaning::Moved(page) => {
            let expected = model.moved(partition, operator, page);
            let is_taken = expected.reason.is_none();
            count(if is_taken { "pages of positions taken" } else { "pages of positions refused" });
            Expectation::Record(expected)
        }
        Meaning::Arrived => Expectation::Arrived,
        Meaning::Genesis | Meaning::Skip => Expectation::Control(Some(0)),
        Meaning::AddOperator(name) => Expectation::Control(model.operator_added(name)),
        Meaning::Publish(version, edited_from) => {
            let (program, from) = (version.program.clone(), version.effective_from);
            let published = model.program_published(&version.operator, from, program, *edited_from);
            Expectation::Control(match published {
                Published::Accepted(number) => Some(number.into()),
                Published::Stale | Published::OperatorUnknown => None,
                Published::Unknown => {
                    count("programs refused by behaviour 1");
                    None
                }
            })
        }
        Meaning::Withdraw(operator, number) => {
            let had_begun = model.has_begun(partition, operator, *number);
            let withdrawn = model.version_withdrawn(operator, *number, item.received_at);
            if withdrawn && had_begun {
                std::panic::panic_any(GivenUp(LATE_WITHDRAWAL));
            }
            Expectation::Control(withdrawn.then(|| (*number).into()))
        }
        Meaning::SwitchBehaviour(number) => {
            let switched = model.behaviour_switched(*number);
            count(if switched.is_some() { "behaviours switched on" } else { "behaviours passed" });
            Expectation::Control(switched)
        }
        Meaning::Reward(operator, reward) => {
            let made = model.reward_said(operator, reward);
            count(if made.is_some() { "rewards said" } else { "rewards not said" });
            Expectation::Control(made)
        }
        Meaning::Tournament(operator, terms) => {
            let before = model.tournaments(operator);
            let before = before.iter().rev().find(|(it, _)| it.id == terms.id);
            let ended = before.is_some_and(|(it, _)| it.ends > terms.ends);
            let is_known = before.is_some();
            let fill = before.and_then(|(it, _)| it.fill);
            let made = model.tournament_said(operator, terms, item.received_at);
            count(if made.is_some() { "tournaments said" } else { "tournaments not said" });
            let (settles_again, takes_back) = (terms.settlement() > 0, terms.takes_back());
            let what = match terms.stage {
                ModelStage::Scheduled if ended && terms.starts <= item.received_at => {
                    Some("tournaments ended early")
                }
                ModelStage::Cancelled => Some("tournaments cancelled"),
                ModelStage::Settled if settles_again => Some("tournaments settled again"),
                ModelStage::Settled => Some("tournaments settled"),
                ModelStage::Approved => Some("tournaments approved"),
                ModelStage::Paid => Some("tournaments paid"),
                ModelStage::Resettling if takes_back => Some("prizes to be taken back"),
                ModelStage::Resettling => Some("tournaments to be settled again"),
                ModelStage::Draft | ModelStage::Scheduled if is_known => {
                    Some("tournaments changed")
                }
                ModelStage::Draft | ModelStage::Scheduled => None,
            };
            if let Some(what) = what.filter(|_| made.is_some()) {
                count(what);
            }
            if let Some(what) = found::filled(fill, terms, made.is_some()) {
                count(what);
            }
            Expectation::Control(made)
        }
        Meaning::Right(operator, right) => {
            let made = model.right_changed(operator, right);
            count(if made.is_some() { "rights changed" } else { "rights not changed" });
            Expectation::Control(made)
        }
    };
    model.accounts().values().for_each(give_up_if_overfull);
    if let Expectation::Record(expected) = &expectation {
        desk.note(at, item, expected, model.messages(at).len(), &mut count);
        count(match expected.outcome {
            ModelOutcome::Counted => "records counted",
            ModelOutcome::Refused => "records refused",
            ModelOutcome::Repeated => "records repeated",
            ModelOutcome::Voided => "voids",
            ModelOutcome::DeadLetter => "dead letters",
        });
        if item.source == Source::Released {
            count("released dead letters");
        }
        if expected.reason == Some("skipped") {
            count("dead letters skipped");
        }
        for _ in 0..expected.parts.map_or(0, |parts| parts.promotions.count_ones()) {
            count("promotions that applied");
        }
        found::gifts(&expected.gifts, &mut count);
        if expected.reason == Some("not_matched") {
            count("wagers not matched");
        }
    }
    expectation
}

/// What became of the levels and the points of all players.
pub(crate) fn count_passages(model: &Model, counts: &mut Counts) {
    for account in model.accounts().values() {
        let ModelPassages { by_version, down, graces_begun, graces_averted, .. } = account.passages;
        let ModelPassages { graces_ended, up, unheld, .. } = account.passages;
        let expired = account.entries.iter().filter(|entry| entry.kind == "expired").count();
        let states = account.redemptions.values().map(|redemption| redemption.state);
        let lapsed = states.filter(|state| *state == RedemptionState::Lapsed).count();
        for (what, count) in [
            ("accounts that owe", u64::from(account.lots.owed > 0)),
            ("debts that points have paid for", account.lots.debts_paid),
            ("entries of what has expired", expired as u64),
            ("lots of which a void has taken another's", account.lots.others_taken),
            ("graces averted", graces_averted),
            ("graces begun", graces_begun),
            ("graces ended", graces_ended),
            ("moves by another version", by_version),
            ("moves down", down),
            ("moves up", up),
            ("redemptions lapsed", lapsed as u64),
            ("wagers above a line while too many hold", unheld),
        ] {
            *counts.entry(what).or_default() += count;
        }
        found::count(account, counts);
    }
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

/// So few that a run opens its closed files again and again.
pub(crate) fn few_descriptors() -> Descriptors {
    Descriptors::new(2)
}

pub(crate) fn options(partitions: u16, random: &mut Random) -> Options {
    let mut bytes = || 2048 << random.below(4);
    let (log_segment_bytes, journal_segment_bytes, segment_bytes) = (bytes(), bytes(), bytes());
    Options {
        partitions,
        first_partition: 0,
        log_segment_bytes,
        journal_segment_bytes,
        segment_bytes,
        // None, that of a few sections, or all.
        filter_bytes_max: [0, 500, u64::MAX, 0][log_segment_bytes.ilog2() as usize - 11],
        // So little that hardly a page stays.
        tables: TableCache::new(2_000),
    }
}
