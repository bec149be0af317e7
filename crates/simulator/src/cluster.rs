//! One seed of the cluster form: nodes that own partitions by turns, over topics and an object storage
//! that are simulated, and the model that judges what comes of it.
//!
//! A node is what production runs, with steps in the place of threads. What
//! the order says is judged by a rule of its own, and what follows from it by the model and by a fold
//! that is never interrupted.

mod faults;
mod objects;
mod seat;
mod takeover;
mod topics;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use accolade_cluster::control::ControlBook;
use accolade_cluster::driver::keeper::Shipped;
use accolade_cluster::driver::takeover::Takeover;
use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::ordered::Owner;
use accolade_engine::partition::{Partition, Shared};
use accolade_engine::step::Effect;
use accolade_storage::error::{Result, StorageError};
use accolade_storage::home::Home;
use accolade_storage::ship::{BlockCache, GRACE_MICROS, Sweeper};
use accolade_wire::identity::partition_of;
use accolade_wire::order::{Order, SourceTopic};
use accolade_wire::record::Slice;

use self::objects::SimulatedObjects;
use self::seat::{Owned, Seat, Stays, Taking};
use self::topics::Topics;
use self::truth::Truth;
use crate::disk::{Faults, SimulatedDisk};
use crate::model::Model;
use crate::model::letters::LetterState;
use crate::random::Random;
use crate::run::boards::Followed;
use crate::run::clerk::{Asked, Clerk};
use crate::run::desk::{DEAD_LETTER_MICROS, Desk, is_message, letter_at};
use crate::run::filler::Filler;
use crate::run::fold::shared;
use crate::run::item::Item;
use crate::run::steward::{self, Steward, Wanted};
use crate::run::teller::Teller;
use crate::run::{Counts, Report, check, no_counts, panics, violation};
use crate::workload::{Action, Door, Workload, WorkloadProgram, behaviour_of};

/// After so many records a world ends.
const RECORDS_MAX: usize = 150;
/// After so many steps it ends as well.
const STEPS_MAX: usize = 200;
/// So long after its last proof an owner answers reads without another.
const LEASE: i64 = 3_000_000;
/// A node that is not heard of for so long loses its partitions.
const SESSION: i64 = 6_000_000;
const GRACE: i64 = GRACE_MICROS;

/// What goes wrong in worlds of the cluster form; whoever looks at many finds all of it.
pub const FAULTS: &[&str] = &[
    "acknowledged further on",
    "acknowledgements delayed",
    "acknowledgements lost",
    "appends lost",
    "appends that land late",
    "appends that land twice",
    "batches compared with what they were",
    "batches that do not count",
    "checkpoints not shipped",
    "checkpoints written beside a failure",
    "claims that came second",
    "claims that do not count",
    "crashes within an operation",
    "disks lost",
    "disks that fail",
    "effects delayed",
    "effects lost",
    "effects repeated",
    "folds that stood",
    "gaps that could not be read",
    "handovers",
    "kills",
    "messages delayed",
    "messages lost",
    "messages overtaken",
    "messages repeated",
    "messages that came before",
    "nodes frozen",
    "nodes that stop without the object storage",
    "object storage away",
    "panics in a rule",
    "panics in a timer",
    "panics while a message is sent",
    "panics while a step is carried",
    "order records whose fate is unknown",
    "partitions given to two nodes",
    "partitions lost to another",
    "power cuts",
    "records delivered twice",
    "sweeps that removed",
    "takeovers that stood",
];

/// Runs one seed. The process's panic hook should be silent: rules fail here on purpose.
pub fn run(seed: u64, is_verbose: bool) -> Report {
    let mut world = World::new(seed, is_verbose);
    let ended = catch_unwind(AssertUnwindSafe(|| world.live()));
    let violation = violation(ended, &mut world.counts);
    Report { counts: world.counts, transcript: world.transcript, violation }
}

/// Names a record on its way to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticket(u64);

#[derive(Debug)]
enum Event {
    /// A record of the order arrives there; whoever sent it hears so after a while.
    Lands { partition: u16, order: Order, tells: Option<(usize, u64, u64, i64)> },
    /// What a node has sent to a partition arrives in its topic.
    Sent { to: u16, item: Rc<Item> },
    /// A life of a node hears what became of a record; nothing where nobody knows.
    Told { node: usize, life: u64, partition: u16, ticket: u64, offset: Option<i64> },
}

#[derive(Debug)]
struct NodeDisk {
    disk: SimulatedDisk,
    armed: Faults,
}

#[derive(Debug)]
struct Node {
    disks: Vec<NodeDisk>,
    seats: Vec<Seat>,
    /// What it has heard and not yet looked at, by partition.
    told: Vec<Vec<(u64, std::result::Result<i64, ()>)>>,
    assigned: BTreeSet<u16>,
    /// Partitions that it was told to take while another has them.
    rogue: BTreeSet<u16>,
    life: u64,
    down_until: i64,
    frozen_until: i64,
    heartbeat: i64,
    /// The control records that it has heard in this life.
    control: ControlBook,
    owners_heard: usize,
    cache: BlockCache,
}

#[expect(clippy::struct_excessive_bools, reason = "they are not states of one thing")]
struct World {
    random: Random,
    behaviour: u16,
    workload: Workload,
    /// The clocks of all machines, which may be set back.
    clock: i64,
    latest_clock: i64,
    /// Time as it passes.
    now: i64,
    topics: Topics,
    objects: SimulatedObjects,
    failures: u64,
    is_excused: bool,
    sweeper: Sweeper,
    nodes: Vec<Node>,
    truths: Vec<Truth>,
    /// Who should own each partition.
    hints: Vec<Option<usize>>,
    /// When the group last took each partition from a node that it had not heard.
    expired_at: Vec<i64>,
    /// Partitions that were given to two nodes at once: membership is what the lease rests on.
    is_lease_void: Vec<bool>,
    has_rogues: bool,
    desk: Desk,
    clerk: Clerk,
    steward: Steward,
    filler: Filler,
    teller: Teller,
    followed: Followed,
    /// A program whose budgets are not known everywhere yet.
    put_off: Option<Box<WorkloadProgram>>,
    shared: Shared,
    events: BTreeMap<(i64, u64), Event>,
    serial: u64,
    record_count: usize,
    is_calm: bool,
    counts: Counts,
    is_verbose: bool,
    transcript: String,
}

impl World {
    fn new(seed: u64, is_verbose: bool) -> Self {
        let mut random = Random::new(seed ^ 0x00c1_0057_e400);
        panics::arm(None);
        let workload = Workload::new(seed);
        let partitions = usize::try_from(1 + random.below(3)).expect("small");
        let node_count = 2 + random.below(2);
        let starts = |random: &mut Random| {
            let mut start = || if random.percent(20) { random.between(1, 9) } else { 0 };
            [0, start(), start(), start()]
        };
        let node = || Node {
            disks: (0..partitions)
                .map(|_| NodeDisk { disk: SimulatedDisk::new(), armed: Faults::default() })
                .collect(),
            seats: (0..partitions).map(|_| Seat::Empty).collect(),
            told: vec![Vec::new(); partitions],
            assigned: BTreeSet::new(),
            rogue: BTreeSet::new(),
            life: 0,
            down_until: i64::MIN,
            frozen_until: i64::MIN,
            heartbeat: 0,
            control: ControlBook::default(),
            owners_heard: 0,
            cache: BlockCache::new(1 << 20),
        };
        Self {
            behaviour: behaviour_of(seed),
            clock: workload.starts_at(),
            latest_clock: i64::MIN,
            now: 0,
            topics: Topics::new((0..partitions).map(|_| starts(&mut random)).collect()),
            objects: SimulatedObjects::new(random.fork()),
            failures: 0,
            is_excused: false,
            sweeper: Sweeper::default(),
            nodes: (0..node_count).map(|_| node()).collect(),
            truths: (0..partitions)
                .map(|at| Truth::new(u16::try_from(at).expect("small"), behaviour_of(seed)))
                .collect(),
            hints: vec![None; partitions],
            expired_at: vec![i64::MIN; partitions],
            is_lease_void: vec![false; partitions],
            has_rogues: random.percent(40),
            desk: Desk::default(),
            clerk: Clerk::new(seed),
            steward: Steward::new(seed),
            filler: Filler::new(seed),
            teller: Teller::new(seed),
            followed: Followed::default(),
            put_off: None,
            shared: shared(),
            events: BTreeMap::new(),
            serial: 0,
            record_count: 0,
            is_calm: false,
            counts: no_counts(FAULTS),
            is_verbose,
            transcript: String::new(),
            random,
            workload,
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
            writeln!(self.transcript, "{:>12}  {}", self.now, line()).expect("a text takes all");
        }
    }

    fn partitions(&self) -> u16 {
        u16::try_from(self.truths.len()).expect("few")
    }

    fn random_bytes(&mut self) -> [u8; 32] {
        let mut random = [0; 32];
        for word in random.chunks_exact_mut(8) {
            word.copy_from_slice(&self.random.bits().to_le_bytes());
        }
        random
    }

    fn schedule(&mut self, at: i64, event: Event) {
        self.serial += 1;
        self.events.insert((at, self.serial), event);
    }

    fn log_time(&self) -> i64 {
        let latest = self.truths.iter().map(Truth::time).max();
        latest.map_or(self.clock, |latest| latest.max(self.clock))
    }

    fn live(&mut self) {
        let genesis = Item::genesis(self.partitions(), self.behaviour, self.clock);
        self.put_control(genesis);
        let mut steps = 0;
        while self.record_count < RECORDS_MAX && steps < STEPS_MAX {
            steps += 1;
            self.arm();
            if self.random.percent(45) {
                self.act();
            }
            self.publish_what_was_put_off();
            let step = self.random.between(1_000, 700_000);
            self.pass_time(step);
            self.move_partitions();
            self.work_at_the_desk();
            self.ask();
            self.tend_tournaments();
            self.tell_of_moved();
            self.order_skips();
            self.step_nodes();
            self.sweep();
        }
        self.finish();
    }

    fn act(&mut self) {
        let now = self.log_time();
        match self.workload.next(now) {
            Action::Records(records) => {
                self.tell(|| format!("{} records arrive", records.len()));
                for record in records {
                    self.record_count += 1;
                    let partition = partition_of(&record.player, self.partitions());
                    let source = match record.door {
                        Door::Wagers => SourceTopic::Wagers,
                        Door::GameEvents => SourceTopic::GameEvents,
                        Door::Commands => SourceTopic::Commands,
                    };
                    let item = Rc::new(Item::arriving(record, self.clock));
                    if self.random.percent(4) {
                        self.topics.put(source, partition, None);
                    }
                    if self.random.percent(4) {
                        self.count("records delivered twice");
                        self.topics.put(source, partition, Some(Rc::clone(&item)));
                    }
                    self.topics.put(source, partition, Some(item));
                }
            }
            Action::AddOperator(name) => self.put_control(Item::add_operator(name, now)),
            Action::Publish(version) => {
                // A partition that hears of a budget has to know of them: until all do, there is none.
                if self.know_all() {
                    self.publish(version);
                } else {
                    self.publish(Box::new(version.clone().without_budgets()));
                    self.put_off = Some(version);
                }
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
            Action::AdvanceClock(micros) => {
                if micros > 0 {
                    self.pass_quietly(micros);
                } else {
                    self.clock += micros;
                }
            }
            Action::Crash => {
                let node = self.random.index(self.nodes.len());
                self.go_down(node, true);
            }
            Action::Checkpoint | Action::Seal => {
                let node = self.random.index(self.nodes.len());
                let at = self.random.index(self.truths.len());
                self.with_seat(node, at, |world, partition, live| {
                    world.keep(node, partition, live)
                });
            }
        }
    }

    /// Whether all partitions have come to what behaviour 2 knows.
    fn know_all(&self) -> bool {
        self.truths.iter().all(|truth| truth.model.knows_requests())
    }

    fn publish(&mut self, version: Box<WorkloadProgram>) {
        let latest = self.truths[0].model.latest_version(&version.operator);
        let edited_from = latest + u32::from(version.is_stale);
        let now = self.log_time();
        self.put_control(Item::publish(version, edited_from, now));
    }

    /// The last program that was published without its budgets has them as soon as that may be.
    fn publish_what_was_put_off(&mut self) {
        if !self.know_all() {
            return;
        }
        if let Some(mut version) = self.put_off.take()
            && version.program.has_budgets()
        {
            version.effective_from = self.log_time();
            self.publish(version);
        }
    }

    fn put_control(&mut self, item: Item) {
        self.tell(|| format!("control: {:.100}", format!("{:?}", item.meaning)));
        self.topics.put(SourceTopic::Control, 0, Some(Rc::new(item)));
        for truth in &mut self.truths {
            truth.hear_control(&self.topics);
        }
    }

    /// Time passes, and who is up stays so.
    fn pass_quietly(&mut self, micros: i64) {
        let up: Vec<_> = (0..self.nodes.len()).map(|node| self.is_up(node)).collect();
        self.pass_time(micros);
        for (node, was_up) in self.nodes.iter_mut().zip(up) {
            if was_up {
                node.heartbeat = self.now;
            }
        }
    }

    /// Time passes, and what was on its way arrives.
    fn pass_time(&mut self, micros: i64) {
        let until = self.now + micros;
        self.clock += micros;
        while let Some(entry) = self.events.first_entry()
            && entry.key().0 <= until
        {
            let ((at, _), event) = entry.remove_entry();
            self.now = self.now.max(at);
            match event {
                Event::Lands { partition, order, tells } => {
                    let offset = self.topics.order_end(partition);
                    let told = format!("{order:?}");
                    self.tell(|| format!("order {partition} at {offset}: {told:.110}"));
                    self.topics.orders[usize::from(partition)].push(order);
                    let truth = &mut self.truths[usize::from(partition)];
                    truth.ordered(offset, &self.topics, &mut self.desk, &mut self.counts);
                    if let Some((node, life, ticket, delay)) = tells {
                        let offset = Some(offset);
                        let told = Event::Told { node, life, partition, ticket, offset };
                        self.schedule(self.now + delay, told);
                    }
                }
                Event::Sent { to, item } => {
                    self.topics.put(SourceTopic::Commands, to, Some(item));
                }
                Event::Told { node, life, partition, ticket, offset } => {
                    let node = &mut self.nodes[node];
                    if node.life == life {
                        node.told[usize::from(partition)].push((ticket, offset.ok_or(())));
                    }
                }
            }
        }
        self.now = until;
        self.latest_clock = self.latest_clock.max(self.clock);
        self.objects.set_now(self.now);
    }

    fn is_up(&self, node: usize) -> bool {
        self.now >= self.nodes[node].down_until && self.now >= self.nodes[node].frozen_until
    }

    /// Who should own what, as the group's coordinator sees it.
    fn move_partitions(&mut self) {
        for node in 0..self.nodes.len() {
            if self.is_up(node) {
                self.nodes[node].heartbeat = self.now;
            }
        }
        let up: Vec<usize> = (0..self.nodes.len()).filter(|node| self.is_up(*node)).collect();
        if up.is_empty() {
            return;
        }
        for at in 0..self.hints.len() {
            let hint = self.hints[at];
            let expired = hint.is_none_or(|node| self.now - self.nodes[node].heartbeat > SESSION);
            let partition = u16::try_from(at).expect("small");
            if expired {
                self.hints[at] = Some(*self.random.pick(&up));
                self.expired_at[at] = self.now;
            } else if let Some(node) = hint
                && !self.is_calm
                && up.contains(&node)
                && self.random.percent(3)
            {
                // The one gives it up before the other gets it.
                self.nodes[node].assigned.remove(&partition);
                self.nodes[node].rogue.remove(&partition);
                self.nodes[node].seats[at] = Seat::Empty;
                self.hints[at] = Some(*self.random.pick(&up));
                self.count("handovers");
            }
            if self.has_rogues && !self.is_calm && self.random.percent(3) {
                let node = *self.random.pick(&up);
                self.nodes[node].rogue.insert(partition);
                self.is_lease_void[at] = true;
                self.count("partitions given to two nodes");
            }
        }
        for node in up {
            if self.is_calm || self.random.percent(60) {
                let own = |at: &u16| self.hints[usize::from(*at)] == Some(node);
                let mut assigned: BTreeSet<u16> = (0..self.partitions()).filter(own).collect();
                if self.is_calm || self.random.percent(8) {
                    self.nodes[node].rogue.clear();
                }
                assigned.extend(&self.nodes[node].rogue);
                self.nodes[node].assigned = assigned;
            }
            if self.is_calm || self.random.percent(80) {
                self.topics.hear_control(&self.nodes[node].control, &self.shared.history);
                self.nodes[node].owners_heard = self.topics.owners.len();
            }
        }
    }

    fn step_nodes(&mut self) {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        self.random.shuffle(&mut order);
        for node in order {
            for at in 0..self.truths.len() {
                if self.is_up(node) {
                    self.step_seat(node, at);
                }
            }
        }
    }

    fn step_seat(&mut self, node: usize, at: usize) {
        let partition = u16::try_from(at).expect("small");
        let is_wanted = self.nodes[node].assigned.contains(&partition);
        let heard = std::mem::take(&mut self.nodes[node].told[at]);
        let seat = std::mem::take(&mut self.nodes[node].seats[at]);
        self.is_excused = false;
        let next = match seat {
            Seat::Empty if is_wanted && self.random.percent(70) => {
                let (takeover, claimed_at) = (Takeover::new(partition), self.now);
                let taking = Box::new(Taking { takeover, ticket: None, claimed_at });
                self.step_taking(node, partition, taking, heard)
            }
            Seat::Empty => Ok(Seat::Empty),
            Seat::Taking(_) | Seat::Live(_) if !is_wanted => Ok(Seat::Empty),
            Seat::Taking(taking) => self.step_taking(node, partition, taking, heard),
            Seat::Live(mut live) => {
                self.is_excused = self.now - live.proven_at() >= GRACE;
                // Where something is going to go wrong, it may do so beside a checkpoint.
                if live.given.is_none() && self.is_armed(node, at) && self.random.percent(40) {
                    live.given = live.live.give(usize::MAX);
                }
                let stepped = self.step_live(node, partition, &mut live, heard);
                if stepped.is_err() && live.given.is_some() {
                    // Whoever writes the checkpoint has not heard of the failure.
                    let written = self.write(node, partition, &mut live);
                    self.tell(|| format!("a checkpoint meanwhile: {written:?}"));
                    self.count("checkpoints written beside a failure");
                }
                stepped.and_then(|stays| match stays {
                    Stays::Nobody => self.write(node, partition, &mut live).map(|()| Seat::Empty),
                    Stays::Owner => {
                        self.look_after(node, partition, &mut live)?;
                        Ok(Seat::Live(live))
                    }
                })
            }
        };
        match next {
            Ok(seat) => self.nodes[node].seats[at] = seat,
            Err(error) => self.fall(node, partition, &error),
        }
    }

    fn with_seat(
        &mut self,
        node: usize,
        at: usize,
        work: impl FnOnce(&mut Self, u16, &mut Owned) -> Result<()>,
    ) {
        if !self.is_up(node) {
            return;
        }
        let Seat::Live(mut live) = std::mem::take(&mut self.nodes[node].seats[at]) else { return };
        let partition = u16::try_from(at).expect("small");
        self.is_excused = self.now - live.proven_at() >= GRACE;
        match work(self, partition, &mut live) {
            Ok(()) => self.nodes[node].seats[at] = Seat::Live(live),
            Err(error) => self.fall(node, partition, &error),
        }
    }

    /// What is done beside ordering and folding.
    fn look_after(&mut self, node: usize, partition: u16, live: &mut Owned) -> Result<()> {
        if self.random.percent(60) {
            self.read(node, partition, live);
        }
        if self.random.percent(12) {
            self.keep(node, partition, live)?;
        }
        if self.random.percent(40) {
            self.write(node, partition, live)?;
        }
        if self.random.percent(50) {
            self.upload(node, partition, live)?;
        }
        for _ in 0..self.random.below(3) {
            if live.keeper.tidier().tidy(Timestamp::from_micros(self.clock))? {
                self.count("files tidied");
            }
        }
        if self.random.percent(15) {
            let gone_on = self.followed.follow(live.live.home().partition());
            self.count_all("leaderboards that followed", gone_on);
        }
        if self.random.percent(5) {
            self.check_files(partition, live)?;
        }
        Ok(())
    }

    /// Takes what a checkpoint holds, and writes it, or leaves that for later.
    fn keep(&mut self, node: usize, partition: u16, owned: &mut Owned) -> Result<()> {
        self.write(node, partition, owned)?;
        let seals = self.random.percent(25);
        owned.given = owned.live.give(if seals { 0 } else { usize::MAX });
        if self.random.percent(70) { self.write(node, partition, owned) } else { Ok(()) }
    }

    /// Writes a checkpoint, and takes what is to be shipped of it.
    fn write(&mut self, node: usize, partition: u16, owned: &mut Owned) -> Result<()> {
        let Some(given) = owned.given.take() else { return Ok(()) };
        let written = owned.keeper.write(given)?;
        self.count("checkpoints");
        self.tell(|| format!("n{node} p{partition}: checkpoint"));
        if self.random.percent(80) {
            match owned.keeper.take(&written) {
                Ok(to_ship) => owned.to_ship = Some(to_ship),
                Err(error) => self.not_shipped(node, partition, error)?,
            }
        }
        if self.random.percent(60) {
            self.upload(node, partition, owned)?;
        }
        Ok(())
    }

    /// Ships what was taken; the name of it may get lost.
    fn upload(&mut self, node: usize, partition: u16, owned: &mut Owned) -> Result<()> {
        let Some(to_ship) = owned.to_ship.take() else { return Ok(()) };
        match owned.keeper.upload(&to_ship) {
            Ok(Shipped { name, epoch, .. }) => {
                self.count("checkpoints shipped");
                self.tell(|| format!("n{node} p{partition}: shipped `{name}`"));
                if self.random.percent(80) {
                    owned.live.name(&name);
                }
                self.announce(node, partition, epoch, name);
                Ok(())
            }
            Err(error) => self.not_shipped(node, partition, error),
        }
    }

    /// The order goes on, unless the machine has stopped.
    fn not_shipped(&mut self, node: usize, partition: u16, error: std::io::Error) -> Result<()> {
        self.tell(|| format!("n{node} p{partition}: not shipped: {error}"));
        self.count("checkpoints not shipped");
        let disk = &self.nodes[node].disks[usize::from(partition)].disk;
        if disk.has_crashed() { Err(StorageError::io("ship", error)) } else { Ok(()) }
    }

    fn announce(&mut self, node: usize, partition: u16, epoch: u64, checkpoint: String) {
        if self.random.percent(90) {
            let (name, address) = (format!("n{node}"), String::new());
            let owner = Owner { partition, epoch, node: name, address, checkpoint };
            self.topics.owners.push(owner);
        }
    }

    /// Does what a batch has asked for; now and then it is lost, late, or done twice.
    fn carry_out(&mut self, partition: u16, effect: &Effect, home: &Home) {
        let [lost, delayed, repeated, sent] = if is_message(partition, effect) {
            ["messages lost", "messages delayed", "messages repeated", "messages sent"]
        } else {
            ["effects lost", "effects delayed", "effects repeated", "effects"]
        };
        if !self.is_calm && self.random.percent(15) {
            self.count(lost);
            return;
        }
        let (clock, partitions) = (self.clock, self.partitions());
        let model = &self.truths[usize::from(partition)].model;
        let (to, item) = self.desk.carried(partition, effect, model, partitions, clock);
        let now = Timestamp::from_micros(item.received_at);
        let message = accolade_storage::message::of(partition, effect, home.backing(), now);
        if let Effect::Send { cause, payload, .. } = effect
            && message.is_none()
            && let Some(at) = letter_at(payload)
        {
            // A disk may fail once.
            let Ok(None) = home.backing().dead_letter(at, |_| ()) else { return };
            assert!(self.had_its_time(at), "the bytes of a dead letter at {at:?} are lost");
            self.count("dead letters sent after their time");
            self.desk.end(*cause);
            return;
        }
        assert!(message == Some((to, item.encoded())), "{effect:?} is carried out as another");
        let item = Rc::new(item);
        if !self.is_calm && self.random.percent(10) {
            self.count(repeated);
            self.topics.put(SourceTopic::Commands, to, Some(Rc::clone(&item)));
        }
        if !self.is_calm && self.random.percent(15) {
            self.count(delayed);
            let at = self.now + self.random.between(1_000, 30_000_000);
            self.schedule(at, Event::Sent { to, item });
        } else {
            self.topics.put(SourceTopic::Commands, to, Some(item));
        }
        self.count(sent);
    }

    /// Whether the bytes of a dead letter may be gone: a message that was lost is sent again for as long
    /// as they are there.
    fn had_its_time(&self, at: Place) -> bool {
        let ordered_at = self.truths[usize::from(at.partition)].time_of(at.batch);
        self.latest_clock - ordered_at >= DEAD_LETTER_MICROS
    }

    /// Now and then somebody looks after dead letters.
    fn work_at_the_desk(&mut self) {
        if !self.random.percent(30) {
            return;
        }
        let letters = self.truths.iter().map(|truth| &truth.model).flat_map(Model::letters);
        let mut letters: Vec<_> = letters.map(|(at, letter)| (at, letter.clone())).collect();
        letters.sort_by_key(|(_, letter)| letter.state != LetterState::Open);
        letters.truncate(8);
        if letters.is_empty() {
            return;
        }
        let (at, letter) = self.random.pick(&letters).clone();
        let now = self.log_time();
        let (at, operator, command) = if self.random.percent(10) && !self.desk.commands.is_empty() {
            self.random.pick(&self.desk.commands).clone()
        } else {
            let command = self.desk.command(at, &letter.event, now, &mut self.random);
            let Some(command) = command else { return };
            (at, letter.operator, command)
        };
        self.tell(|| format!("{operator}: {command:?} in partition {}", at.0));
        self.desk.commands.push((at, operator.clone(), command.clone()));
        let item = Item::command(&operator, command, self.clock);
        self.topics.put(SourceTopic::Commands, at.0, Some(Rc::new(item)));
    }

    /// Now and then something is asked of accounts.
    fn ask(&mut self) {
        let now = self.log_time();
        let models: Vec<&Model> = self.truths.iter().map(|truth| &truth.model).collect();
        let Asked { at, requests, said } = self.clerk.ask(&models, now);
        if let Some(at) = at {
            self.pass_quietly(at - self.clock);
        }
        for (operator, reward) in said {
            self.put_control(Item::reward(operator, reward, self.clock));
        }
        for (partition, operator, request) in requests {
            self.tell(|| format!("{operator}: {request:?} in partition {partition}"));
            let item = Rc::new(Item::request(&operator, &request, self.clock));
            if self.random.percent(4) {
                self.count("records delivered twice");
                self.topics.put(SourceTopic::Commands, partition, Some(Rc::clone(&item)));
            }
            self.topics.put(SourceTopic::Commands, partition, Some(item));
        }
    }

    /// Now and then something is said of tournaments, and some node looks at what is over.
    fn tend_tournaments(&mut self) {
        let now = self.log_time();
        let models: Vec<&Model> = self.truths.iter().map(|truth| &truth.model).collect();
        let mut wanted = Wanted::default();
        if !self.is_calm {
            wanted = self.steward.announce(&models, now);
        }
        if self.steward.looks(self.is_calm) {
            let first = self.random.index(self.nodes.len());
            let read = |number: u16, work: &mut dyn FnMut(&Partition)| {
                read_from(&self.nodes, first, number, work);
            };
            let over = steward::over(self.partitions(), now, &read);
            let settled = self.steward.settle(&models, over, self.is_calm);
            wanted.said.extend(settled.said);
            wanted.requests.extend(settled.requests);
        }
        let first = self.random.index(self.nodes.len());
        let read = |number: u16, work: &mut dyn FnMut(&Partition)| {
            read_from(&self.nodes, first, number, work);
        };
        let batches = |number: u16, each: &mut dyn FnMut(&Slice<'_>, &Slice<'_>)| {
            self.truths[usize::from(number)].each_batch(each);
        };
        let filled = self.filler.fill(&models, now, self.is_calm, &read, &batches);
        wanted.said.extend(filled.said);
        wanted.requests.extend(filled.requests);
        if let Some(at) = wanted.at {
            self.pass_quietly(at - self.clock);
        }
        wanted.moments.into_iter().for_each(|at| self.workload.note_moment(at));
        for (operator, tournament) in wanted.said {
            self.put_control(Item::tournament(operator, tournament, self.log_time()));
        }
        for (partition, operator, request) in wanted.requests {
            self.tell(|| format!("{operator}: {request:?} in partition {partition}"));
            let item = Rc::new(Item::request(&operator, &request, self.clock));
            self.topics.put(SourceTopic::Commands, partition, Some(item));
        }
    }

    /// Now and then some node tells who has moved.
    fn tell_of_moved(&mut self) {
        let (now, first) = (self.log_time(), self.random.index(self.nodes.len()));
        let models: Vec<&Model> = self.truths.iter().map(|truth| &truth.model).collect();
        let read = |number: u16, work: &mut dyn FnMut(&Partition)| {
            read_from(&self.nodes, first, number, work);
        };
        for (home, operator, page) in self.teller.tell(&models, now, self.is_calm, &read) {
            let item = Rc::new(Item::moved(&operator, page, self.clock));
            self.topics.put(SourceTopic::Commands, home, Some(item));
        }
    }

    /// A partition that stands is told to pass over the record.
    fn order_skips(&mut self) {
        let standing: Vec<_> = self.truths.iter().filter_map(|truth| truth.standing).collect();
        for place in standing {
            if self.is_calm || self.random.percent(15) {
                self.count("skips");
                self.put_control(Item::skip(place, self.clock));
            }
        }
    }

    /// Removes what no current list names; somebody else may be reading it by an older one.
    fn sweep(&mut self) {
        if !self.random.percent(15) {
            return;
        }
        if self.random.percent(5) {
            self.sweeper = Sweeper::default();
        }
        for partition in 0..self.partitions() {
            let current = self.truths[usize::from(partition)].named.clone();
            if current.is_empty() {
                continue;
            }
            let failures = self.objects.failures();
            match self.sweeper.sweep(&self.objects, &format!("p{partition:04}"), &current) {
                Ok(swept) if swept.removed > 0 => {
                    self.tell(|| format!("p{partition}: swept {}", swept.removed));
                    self.count("sweeps that removed");
                }
                Ok(_) => {}
                Err(error) => {
                    assert!(self.objects.failures() > failures, "cannot sweep: {error}");
                }
            }
        }
    }

    /// The files of an owner hold what must be there, and so do the accounts.
    fn check_files(&mut self, partition: u16, live: &Owned) -> Result<()> {
        self.count("checks of all files");
        self.check_stocks(false);
        self.check_boards();
        let moved = self.truths[usize::from(partition)].players();
        self.count_all("moves between levels compared", moved);
        let was_calm = self.objects.set_calm(true);
        let (truth, home) = (&self.truths[usize::from(partition)], live.live.home());
        truth.state(home.partition());
        let checked = truth.files(home.partition(), home.backing(), self.latest_clock);
        self.objects.set_calm(was_calm);
        checked
    }

    /// Leaderboards that are put together of what all partitions have ordered.
    fn check_boards(&mut self) {
        if self.truths.iter().all(Truth::is_folded) {
            let (partitions, models): (Vec<_>, Vec<_>) =
                self.truths.iter().map(Truth::both).unzip();
            let compared = check::tournaments::boards(&partitions, &models);
            self.count_all("leaderboards compared", compared);
        }
    }

    fn check_stocks(&self, is_at_rest: bool) {
        let models = self.truths.iter().map(|truth| &truth.model);
        check::rewards::nothing_is_oversold(models.clone(), is_at_rest);
        check::budgets::nothing_is_given_twice(models);
        if is_at_rest {
            check::budgets::nothing_is_lost(self.truths.iter().map(Truth::both));
        }
    }

    /// Quiet at last: every record is in a batch, everything is folded, all holds; and once more by nodes
    /// that have nothing but what was shipped.
    fn finish(&mut self) {
        self.is_calm = true;
        panics::arm(None);
        self.objects.set_calm(true);
        for node in &mut self.nodes {
            for NodeDisk { disk, armed } in &mut node.disks {
                *armed = Faults::default();
                if !disk.has_crashed() {
                    disk.set_faults(*armed);
                }
            }
            node.down_until = i64::MIN;
            node.frozen_until = i64::MIN;
        }
        self.settle();
        for node in 0..self.nodes.len() {
            self.go_down(node, true);
            (0..self.truths.len())
                .for_each(|at| self.nodes[node].replace_disk(at, SimulatedDisk::new()));
        }
        self.settle();
        let models: Vec<_> = self.truths.iter().map(|truth| &truth.model).collect();
        let partitions: Vec<_> = self.truths.iter().map(|truth| truth.both().0).collect();
        let now = self.log_time();
        check::positions::all_are_told(&models, &partitions, now, &mut self.counts);
        self.outlive();
        let models: Vec<_> = self.truths.iter().map(|truth| &truth.model).collect();
        check::tournaments::all_is_paid(&models, &mut self.counts);
        for truth in &self.truths {
            truth.count(&mut self.counts);
        }
        self.count("worlds");
        self.count_all("records", self.record_count as u64);
    }

    /// Time goes on and nobody does anything: all that it brings is told of.
    fn outlive(&mut self) {
        let models: Vec<_> = self.truths.iter().map(|truth| &truth.model).collect();
        if let Some(close) = steward::last_close(&models, self.log_time()) {
            self.pass_quietly(close - self.clock);
            self.settle();
        }
        for _ in 0..self.random.below(4) {
            let micros = self.workload.afterwards();
            self.pass_quietly(micros);
            self.settle();
        }
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            self.clock = self.log_time();
            self.pass_time(1_100_000);
            self.move_partitions();
            self.order_skips();
            self.tend_tournaments();
            self.tell_of_moved();
            self.step_nodes();
            if self.events.is_empty() && self.is_quiet() {
                break;
            }
        }
        let missing = self.desk.missing();
        assert!(missing.is_empty(), "messages never arrived: {missing:?}");
        assert!(self.is_quiet(), "it does not come to rest: {}", self.restless());
        self.check_stocks(true);
        for node in 0..self.nodes.len() {
            for at in 0..self.truths.len() {
                self.with_seat(node, at, |world, partition, live| {
                    let truth = &world.truths[usize::from(partition)];
                    if !truth.is_held_by(live.live.holder().epoch()) {
                        return Ok(());
                    }
                    world.check_files(partition, live)?;
                    let truth = &world.truths[usize::from(partition)];
                    let home = live.live.home();
                    truth.everything(home.partition(), home.backing())
                });
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let is_done = |(at, truth): (usize, &Truth)| {
            let owns = |node: &Node| match &node.seats[at] {
                Seat::Live(owned) => {
                    let live = &owned.live;
                    truth.is_held_by(live.holder().epoch())
                        && !live.is_at_work()
                        && live.home().partition().next_batch() == truth.last_batch() + 1
                }
                Seat::Empty | Seat::Taking(_) => false,
            };
            truth.is_folded()
                && !truth.is_behind()
                && truth.covers_all(&self.topics)
                && truth.has_sent_all(&self.desk)
                && self.nodes.iter().any(owns)
        };
        let models: Vec<_> = self.truths.iter().map(|truth| &truth.model).collect();
        self.truths.iter().enumerate().all(is_done)
            && self.desk.have_all_arrived()
            && steward::is_all_settled(&models)
    }

    fn restless(&self) -> String {
        let seats: Vec<_> = self
            .nodes
            .iter()
            .map(|node| {
                let of = |seat: &Seat| match seat {
                    Seat::Empty => "empty",
                    Seat::Taking(taking) => taking.takeover.doing(),
                    Seat::Live(_) => "live",
                };
                node.seats.iter().map(of).collect::<Vec<_>>()
            })
            .collect();
        let folded: Vec<_> = self.truths.iter().map(Truth::is_folded).collect();
        let behind: Vec<_> = self.truths.iter().map(Truth::is_behind).collect();
        let covered: Vec<_> =
            self.truths.iter().map(|truth| truth.covers_all(&self.topics)).collect();
        let sent: Vec<_> = self.truths.iter().map(|truth| truth.has_sent_all(&self.desk)).collect();
        format!(
            "seats {seats:?}, folded {folded:?}, behind {behind:?}, covered {covered:?}, sent all {sent:?}"
        )
    }
}

/// Reads a partition at the first node from one on that has it.
fn read_from(nodes: &[Node], first: usize, number: u16, work: &mut dyn FnMut(&Partition)) {
    let seats = nodes[first..].iter().chain(&nodes[..first]);
    let seats = seats.map(|node| &node.seats[usize::from(number)]);
    let live = seats.filter_map(|seat| match seat {
        Seat::Live(owned) => Some(owned.live.home().partition()),
        Seat::Empty | Seat::Taking(_) => None,
    });
    live.take(1).for_each(work);
}
