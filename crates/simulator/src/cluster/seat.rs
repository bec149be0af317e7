//! A partition on a node: what its owner does, one step at a time.

use std::collections::VecDeque;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::ownership::{Acknowledged, BatchContent, Cursor, Holder};
use accolade_engine::partition::{Moment, Stopped};
use accolade_storage::driver::fold::STORE;
use accolade_storage::error::{Result, StorageError};
use accolade_storage::home::{Home, HomeCheckpointer, HomeTidier};
use accolade_storage::ship::{Shipper, Taken};
use accolade_wire::order::{Order, SourceTopic};
use accolade_wire::record::{HAS_CONTROL, Slice};

use super::topics::Gathered;
use super::{LEASE, Ticket, World};
use crate::run::fold::{FAULT, Hearing};
use crate::run::told;

/// What a partition is to a node.
#[derive(Debug, Default)]
pub(super) enum Seat {
    #[default]
    Empty,
    /// A claim is on its way.
    Claiming(Claiming),
    /// A claim stands in the order at an offset; the state is to be brought here.
    Claimed(Claiming, i64),
    Live(Box<Live>),
}

#[derive(Debug, Clone)]
pub(super) struct Claiming {
    pub(super) ticket: u64,
    pub(super) epoch: u64,
    pub(super) checkpoint: String,
    pub(super) sent_at: i64,
}

/// A partition that is owned.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) home: Home,
    pub(super) checkpointer: HomeCheckpointer,
    pub(super) tidier: HomeTidier,
    pub(super) shipper: Shipper,
    pub(super) taken: Option<(Taken, Timestamp)>,
    pub(super) holder: Holder,
    pub(super) in_flight: Option<(u64, Batch)>,
    /// Batches that are ordered and not folded.
    pub(super) ready: VecDeque<(Batch, Cursor)>,
    pub(super) standing: Option<Place>,
    /// When the last record was sent whose acknowledgement is known.
    pub(super) proven_at: i64,
    pub(super) last_time: Timestamp,
    pub(super) control_heard: i64,
    pub(super) to_name: String,
}

/// A batch on its way to be ordered, or to be folded.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) number: u64,
    pub(super) moment: Moment,
    flags: u16,
    count: u32,
    body: Vec<u8>,
    pub(super) sent_at: i64,
}

impl Batch {
    pub(super) fn new(
        number: u64,
        moment: Moment,
        has_control: bool,
        records: Gathered,
        sent_at: i64,
    ) -> Self {
        let flags = if has_control { HAS_CONTROL } else { 0 };
        let count = u32::try_from(records.items.len()).expect("few");
        Self { number, moment, flags, count, body: records.bytes, sent_at }
    }

    pub(super) fn slice(&self, partition: u16) -> Slice<'_> {
        let Self { number, flags, count, body, .. } = self;
        Slice { partition, batch: *number, flags: *flags, count: *count, body }
    }
}

/// Whether an owner is one still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    Owner,
    Nobody,
}

impl World {
    /// What an owner does at this moment; `heard` is what became of its record in flight.
    pub(super) fn step_live(
        &mut self,
        node: usize,
        partition: u16,
        live: &mut Live,
        heard: Vec<(u64, std::result::Result<i64, ()>)>,
    ) -> Result<Stays> {
        let own = live.in_flight.as_ref().map(|(ticket, _)| *ticket);
        let heard = heard.into_iter().find(|(ticket, _)| Some(*ticket) == own);
        match heard.map(|(_, appended)| appended) {
            None => {}
            Some(Err(())) => {
                self.count("order records whose fate is unknown");
                return Ok(Stays::Nobody);
            }
            Some(Ok(offset)) => {
                let acknowledged = live.holder.acknowledged(offset).expect("it goes on");
                if let Acknowledged::Gap { from, to } = acknowledged {
                    self.count("acknowledged further on");
                    if !self.is_calm && self.random.percent(5) {
                        self.count("gaps that could not be read");
                        return Ok(Stays::Nobody);
                    }
                    let order = |offset| (offset, self.topics.order(partition, offset).clone());
                    let gap: Vec<_> = (from..=to).map(order).collect();
                    if let Err(lost) = live.holder.gap(&gap).expect("it goes on") {
                        self.tell(|| format!("n{node} p{partition}: lost to epoch {}", lost.epoch));
                        self.count("partitions lost to another");
                        return Ok(Stays::Nobody);
                    }
                }
                let (_, batch) = live.in_flight.take().expect("it was just acknowledged");
                live.proven_at = live.proven_at.max(batch.sent_at);
                live.ready.push_back((batch, live.holder.cursor().clone()));
            }
        }
        if live.standing.is_none() && live.in_flight.is_none() {
            self.begin_batch(node, partition, live);
        }
        if live.standing.is_some() {
            let end = self.nodes[node].control_end;
            if end > live.control_heard {
                self.hear_control(&mut live.home, live.control_heard, end);
                live.control_heard = end;
                live.standing = None;
            }
        }
        if live.ready.is_empty() || !(self.is_calm || self.random.percent(85)) {
            return Ok(Stays::Owner);
        }
        while live.standing.is_none()
            && let Some((batch, cursor)) = live.ready.pop_front()
        {
            self.fold(partition, &mut live.home, &batch, &cursor, &mut live.standing)?;
            if live.standing.is_some() {
                live.ready.push_front((batch, cursor));
            } else {
                // Only here somebody is told.
                let truth = &mut self.truths[usize::from(partition)];
                truth.answered = truth.answered.max(batch.number);
                self.count("batches answered");
            }
        }
        Ok(Stays::Owner)
    }

    /// Has a home hear control records, one of which may say what is to be skipped.
    pub(super) fn hear_control(&self, home: &mut Home, from: i64, to: i64) {
        let records = self.topics.between(SourceTopic::Control, 0, from, to);
        let (partition, count) = (home.partition().number(), records.items.len());
        let (count, body) = (u32::try_from(count).expect("few"), &records.bytes);
        home.read_ahead(&Slice { partition, batch: 0, flags: HAS_CONTROL, count, body });
    }

    /// Folds a batch that is ordered, whoever has proven it.
    pub(super) fn fold(
        &mut self,
        partition: u16,
        home: &mut Home,
        batch: &Batch,
        cursor: &Cursor,
        standing: &mut Option<Place>,
    ) -> Result<()> {
        let truth = &self.truths[usize::from(partition)];
        truth.proves(batch);
        truth.reads_alike(cursor);
        let mut after = Vec::new();
        cursor.write(&mut after);
        let mut heard = Vec::new();
        let mut hearing = Hearing { partition, batch: batch.number, heard: &mut heard };
        let (slice, moment) = (batch.slice(partition), &batch.moment);
        let folded = home.fold(&slice, moment, &self.shared, &mut hearing, &after);
        self.truths[usize::from(partition)].judge(&heard);
        if self.is_verbose {
            for heard in &heard {
                self.tell(|| told(heard));
            }
        }
        match folded {
            Ok(effects) => {
                *standing = None;
                for effect in effects {
                    self.carry_out(partition, effect, home);
                }
                self.truths[usize::from(partition)].state(home.partition());
                Ok(())
            }
            Err(Stopped::Bug { place, message }) => {
                assert!(message.contains(FAULT), "the fold failed at {place:?}: {message}");
                *standing = Some(place);
                self.count("folds that stood");
                Ok(())
            }
            Err(Stopped::Store(error)) => Err(StorageError::io(STORE, error)),
        }
    }

    /// Appends the next batch to the order, if there is one.
    fn begin_batch(&mut self, node: usize, partition: u16, live: &mut Live) {
        let cursor = live.holder.cursor().clone();
        let now = Timestamp::from_micros(self.clock);
        let is_due = live.home.partition().next_due().is_some_and(|due| due <= now)
            || now.micros() >= live.last_time.micros().saturating_add(10_000_000)
            || self.now - live.proven_at >= LEASE;
        let (mut ranges, mut records) = (Vec::new(), Gathered::default());
        // What ids are hashed with is fixed by the first control record, which is a batch of its own.
        let is_genesis = cursor.sources[SourceTopic::Control as usize] == 0;
        let control_end = self.nodes[node].control_end;
        if is_genesis && control_end == 0 {
            return;
        }
        for source in SourceTopic::ALL {
            let from = cursor.sources[source as usize];
            let mut to = match source {
                SourceTopic::Control if is_genesis => 1,
                SourceTopic::Control => control_end,
                _ if is_genesis => from,
                other => self.topics.end(other, partition),
            };
            if source != SourceTopic::Control && !self.is_calm && self.random.percent(30) {
                to = from.max(from + self.random.between(0, (to - from).max(0)));
            }
            let found = self.topics.between(source, partition, from, to);
            if !found.items.is_empty() {
                ranges.push(found.range(source, from));
                records.items.extend(found.items);
                records.bytes.extend(found.bytes);
            }
        }
        if ranges.is_empty() && !is_due && !self.random.percent(5) {
            return;
        }
        let moment = Moment { time: now.max(live.last_time), random: self.random_bytes() };
        live.last_time = moment.time;
        let has_control = ranges.iter().any(|range| range.source == SourceTopic::Control);
        let checkpoint = std::mem::take(&mut live.to_name);
        let (time, random) = (moment.time, moment.random);
        let content = BatchContent { time, random, ranges, checkpoint };
        let batch = Batch::new(cursor.next_batch, moment, has_control, records, self.now);
        let order = live.holder.order(content);
        let Ticket(ticket) = self.append(node, partition, order);
        live.in_flight = Some((ticket, batch));
    }

    /// A read under the lease is never older than an answer given before it.
    pub(super) fn read(&mut self, partition: u16, live: &Live) {
        if self.now - live.proven_at >= LEASE {
            self.count("reads that wait for a batch");
            return;
        }
        let truth = &self.truths[usize::from(partition)];
        if self.is_lease_void[usize::from(partition)] {
            return;
        }
        let next = live.home.partition().next_batch();
        assert!(
            next > truth.answered,
            "epoch {} reads partition {partition} before batch {next}, and batch {} was answered",
            live.holder.epoch(),
            truth.answered
        );
        self.count("reads under the lease");
    }

    /// A claim is on its way.
    pub(super) fn claim(&mut self, node: usize, partition: u16) -> Claiming {
        let (mut epoch, mut checkpoint) = (0, String::new());
        for order in &self.topics.orders[usize::from(partition)] {
            epoch = epoch.max(order.epoch());
            let (Order::Claim(accolade_wire::order::Claim { checkpoint: named, .. })
            | Order::Batch(accolade_wire::order::Batch { checkpoint: named, .. })) = order;
            if *named > checkpoint {
                named.clone_into(&mut checkpoint);
            }
        }
        let heard = &self.topics.owners[..self.nodes[node].owners_heard];
        let of_partition = heard.iter().filter(|owner| owner.partition == partition);
        if let Some(owner) = of_partition.max_by_key(|owner| (owner.epoch, &owner.checkpoint)) {
            epoch = epoch.max(owner.epoch);
            checkpoint = checkpoint.max(owner.checkpoint.clone());
        }
        let epoch = epoch + 1;
        let sources = self.topics.starts(partition);
        let order = Order::Claim(accolade_wire::order::Claim {
            epoch,
            next_batch: 1,
            sources,
            node: format!("n{node}"),
            checkpoint: checkpoint.clone(),
        });
        self.tell(|| format!("n{node} p{partition}: claims with epoch {epoch}, `{checkpoint}`"));
        let Ticket(ticket) = self.append(node, partition, order);
        Claiming { ticket, epoch, checkpoint, sent_at: self.now }
    }
}
