//! A partition on a node: what its threads do around the steps of the cluster's own driver.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use accolade_cluster::driver::Now;
use accolade_cluster::driver::keeper::{Keeper, ToShip};
use accolade_cluster::driver::seat::{Folded, Given, Live, Sources};
use accolade_cluster::driver::takeover::{NotTaken, Takeover, read_gap};
use accolade_cluster::inbox::Inbox;
use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::ordered;
use accolade_engine::ownership::Acknowledged;
use accolade_engine::partition::Observer;
use accolade_storage::driver::fold::STORE;
use accolade_storage::error::{Result, StorageError};
use accolade_wire::order::{Offsets, SourceTopic};

use super::{LEASE, Ticket, World};
use crate::run::fold::{Heard, is_meant};
use crate::run::{panics, told};

/// What a partition is to a node.
#[derive(Debug, Default)]
pub(super) enum Seat {
    #[default]
    Empty,
    Taking(Box<Taking>),
    Live(Box<Owned>),
}

/// A partition that is on its way to be owned.
#[derive(Debug)]
pub(super) struct Taking {
    pub(super) takeover: Takeover,
    /// The claim that is in flight.
    pub(super) ticket: Option<u64>,
    /// When it was sent.
    pub(super) claimed_at: i64,
}

/// A partition that is owned.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) live: Live,
    pub(super) keeper: Keeper,
    /// Taken for a checkpoint that is not written.
    pub(super) given: Option<Given>,
    pub(super) to_ship: Option<ToShip>,
    pub(super) ticket: Option<u64>,
    inbox: Mutex<Inbox>,
    /// How far the partition's sources were heard.
    heard: Offsets,
}

/// Whether an owner is one still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    Owner,
    Nobody,
}

/// What a fold says about a batch.
#[derive(Default)]
pub(super) struct Ears(Vec<(u32, Outcome, Option<Points>)>);

impl Observer for Ears {
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        self.0.push((slot, outcome.clone(), balance));
    }
}

impl Ears {
    pub(super) fn of(self, partition: u16, batch: u64) -> Vec<Heard> {
        let heard = |(slot, outcome, balance)| {
            let place = Place { partition, batch, slot, number: 0 };
            Heard { place, outcome, balance }
        };
        self.0.into_iter().map(heard).collect()
    }
}

/// Time as it passes.
pub(super) fn passed(now: i64) -> Duration {
    Duration::from_micros(u64::try_from(now).expect("time begins at 0"))
}

impl Owned {
    pub(super) fn new(live: Live, keeper: Keeper) -> Self {
        let heard = live.holder().cursor().sources;
        let mut inbox = Inbox::default();
        inbox.open(heard);
        Self {
            live,
            keeper,
            given: None,
            to_ship: None,
            ticket: None,
            inbox: Mutex::new(inbox),
            heard,
        }
    }

    pub(super) fn proven_at(&self) -> i64 {
        i64::try_from(self.live.proven_at().as_micros()).expect("it has passed")
    }
}

impl World {
    /// What an owner does at this moment; `heard` is what became of its record in flight.
    pub(super) fn step_live(
        &mut self,
        node: usize,
        partition: u16,
        owned: &mut Owned,
        heard: Vec<(u64, std::result::Result<i64, ()>)>,
    ) -> Result<Stays> {
        let heard = heard.into_iter().find(|(ticket, _)| Some(*ticket) == owned.ticket);
        match heard.map(|(_, appended)| appended) {
            None => {}
            Some(Err(())) => {
                self.count("order records whose fate is unknown");
                return Ok(Stays::Nobody);
            }
            Some(Ok(offset)) => {
                owned.ticket = None;
                if self.acknowledged(node, partition, owned, offset) == Stays::Nobody {
                    return Ok(Stays::Nobody);
                }
            }
        }
        self.hear_sources(partition, owned);
        self.begin_batch(node, partition, owned);
        if !(self.is_calm || self.random.percent(85)) {
            return Ok(Stays::Owner);
        }
        self.fold_ready(node, partition, owned)
    }

    fn acknowledged(
        &mut self,
        node: usize,
        partition: u16,
        owned: &mut Owned,
        offset: i64,
    ) -> Stays {
        let place = ordered::Place { offset, time: None };
        let acknowledged = owned.live.acknowledged(place, passed(self.now)).expect("it goes on");
        let Acknowledged::Gap { from, to } = acknowledged else { return Stays::Owner };
        self.count("acknowledged further on");
        if !self.is_calm && self.random.percent(5) {
            self.count("gaps that could not be read");
            return Stays::Nobody;
        }
        let gap = read_gap(&self.topics, partition, from, to).expect("all of it is there");
        if let Err(lost) = owned.live.settled(&gap).expect("it goes on") {
            self.tell(|| format!("n{node} p{partition}: lost to epoch {}", lost.epoch));
            self.count("partitions lost to another");
            return Stays::Nobody;
        }
        Stays::Owner
    }

    /// Some of what the sources have arrives.
    fn hear_sources(&mut self, partition: u16, owned: &mut Owned) {
        let inbox = owned.inbox.get_mut().unwrap_or_else(PoisonError::into_inner);
        for source in [SourceTopic::Commands, SourceTopic::Wagers, SourceTopic::GameEvents] {
            let heard = &mut owned.heard[source as usize];
            let mut to = self.topics.length(source, partition);
            if !self.is_calm && self.random.percent(30) {
                to = (*heard).max(*heard + self.random.between(0, (to - *heard).max(0)));
            }
            self.topics.hear(source, partition, heard, to, inbox);
        }
    }

    /// Appends the next batch to the order, if there is one.
    fn begin_batch(&mut self, node: usize, partition: u16, owned: &mut Owned) {
        let now = Now { time: Timestamp::from_micros(self.clock), passed: passed(self.now) };
        let is_wanted = self.now - owned.proven_at() >= LEASE || self.random.percent(5);
        let gap = if self.is_calm || self.random.percent(80) { 0 } else { 300 };
        let random = self.random_bytes();
        let control = &self.nodes[node].control;
        if control.end() == 0 {
            return;
        }
        let sources =
            Sources { inbox: &owned.inbox, control, gap: Duration::from_millis(gap), is_wanted };
        let begun = owned.live.begin_batch(now, &sources, || Ok(random));
        let Some(begun) = begun.expect("there are random bytes") else { return };
        let Ticket(ticket) = self.append(node, partition, begun.order);
        owned.ticket = Some(ticket);
    }

    /// Folds what is ordered, or some of it.
    fn fold_ready(&mut self, node: usize, partition: u16, owned: &mut Owned) -> Result<Stays> {
        loop {
            let mut ears = Ears::default();
            let (folded, met) = panics::driven(|| owned.live.fold_next(&self.shared, &mut ears));
            self.count_panics(&met);
            match folded.map_err(|error| StorageError::io(STORE, error))? {
                Folded::Nothing => return Ok(Stays::Owner),
                Folded::Stands { place, message } => {
                    self.stood(partition, ears, place, &message);
                    return Ok(Stays::Nobody);
                }
                Folded::Batch { batch, cursor, effects } => {
                    let truth = &self.truths[usize::from(partition)];
                    truth.proves(&batch);
                    truth.reads_alike(&cursor);
                    let home = owned.live.home();
                    truth.state(home.partition());
                    self.judge(partition, &ears.of(partition, batch.number));
                    for effect in effects {
                        self.carry_out(partition, &effect, home);
                    }
                    // Only here somebody is told.
                    self.count("batches answered");
                    if self.is_out(node, partition) {
                        // The lease of who is in is of no use against it.
                        self.count("batches answered by a node that has not heard that it is out");
                    } else {
                        let truth = &mut self.truths[usize::from(partition)];
                        truth.answered = truth.answered.max(batch.number);
                    }
                }
            }
        }
    }

    /// The fold has failed where it was meant to.
    pub(super) fn stood(&mut self, partition: u16, ears: Ears, place: Place, message: &str) {
        assert!(is_meant(message), "the fold failed at {place:?}: {message}");
        self.judge(partition, &ears.of(partition, place.batch));
        self.count("folds that stood");
    }

    /// What a fold has said is what is expected.
    pub(super) fn judge(&mut self, partition: u16, heard: &[Heard]) {
        self.truths[usize::from(partition)].judge(heard);
        if self.is_verbose {
            for heard in heard {
                self.tell(|| told(heard));
            }
        }
    }

    /// The group has given the partition to another, and the node has not heard so.
    fn is_out(&self, node: usize, partition: u16) -> bool {
        self.hints[usize::from(partition)] != Some(node)
    }

    /// A read under the lease is never older than an answer given before it.
    pub(super) fn read(&mut self, node: usize, partition: u16, owned: &Owned) {
        if self.now - owned.proven_at() >= LEASE {
            self.count("reads that wait for a batch");
            return;
        }
        let at = usize::from(partition);
        if self.is_lease_void[at] {
            return;
        }
        if self.is_out(node, partition) && owned.proven_at() >= self.expired_at[at] {
            self.count("reads of a node that has not heard that it is out");
            return;
        }
        let truth = &self.truths[at];
        let next = owned.live.home().partition().next_batch();
        assert!(
            next > truth.answered,
            "epoch {} reads partition {partition} before batch {next}, and batch {} was answered",
            owned.live.holder().epoch(),
            truth.answered
        );
        self.count("reads under the lease");
    }
}

/// Why a takeover has ended that was not meant to.
pub(super) fn unexpected(not_taken: &NotTaken) -> ! {
    panic!("a partition cannot be taken: {not_taken}")
}
