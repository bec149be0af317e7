//! Bringing a partition's state to a node, and folding what was ordered since: the steps of the
//! cluster's own takeover.

use std::collections::VecDeque;
use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_engine::objects::Objects;
use accolade_engine::ownership::{Counted, Cursor, Holder};
use accolade_engine::partition::Moment;
use accolade_storage::error::Result;
use accolade_storage::home::Home;
use accolade_storage::ship::{self, Fetch, Shipper};
use accolade_wire::order::{Order, SourceTopic};

use super::seat::{Batch, Claiming, Live, Seat};
use super::{GRACE, World};
use crate::run::options;

impl World {
    /// Makes the partition this node's own, or finds out that another claim came first.
    pub(super) fn restore(
        &mut self,
        node: usize,
        partition: u16,
        claiming: &Claiming,
        claim: i64,
    ) -> Result<Seat> {
        let Claiming { epoch, ref checkpoint, sent_at, .. } = *claiming;
        let (mut home, cursor, shipper) = match self.open_home(node, partition, epoch, checkpoint) {
            Ok(opened) => opened,
            Err(error) => {
                self.none_missing(sent_at);
                return Err(error);
            }
        };
        self.none_missing(sent_at);
        let truth = &self.truths[usize::from(partition)];
        truth.state(home.partition());
        // What a checkpoint says is where a reader from the start stood, at the same record.
        if home.cursor().is_some() {
            truth.reads_alike(&cursor);
        }
        let mut cursor = cursor;
        let mut standing = None;
        while cursor.next <= claim {
            let offset = cursor.next;
            let order = self.topics.order(partition, offset).clone();
            let counted = cursor.pass(offset, &order).expect("owners write what goes on");
            let (Counted::Batch, Order::Batch(batch)) = (counted, order) else { continue };
            let records = self.topics.named(partition, &batch.ranges);
            let control = batch.ranges.iter().any(|it| it.source == SourceTopic::Control);
            let moment = Moment { time: batch.time, random: batch.random };
            let batch = Batch::new(batch.batch, moment, control, records, 0);
            self.fold(partition, &mut home, &batch, &cursor, &mut standing)?;
            if standing.is_some() {
                let end = self.nodes[node].control_end;
                self.hear_control(&mut home, 0, end);
                self.fold(partition, &mut home, &batch, &cursor, &mut standing)?;
            }
            if standing.is_some() {
                self.count("takeovers that stood");
                return Ok(Seat::Empty);
            }
            self.count("batches folded again");
        }
        self.truths[usize::from(partition)].reads_alike(&cursor);
        let Some(holder) = Holder::new(cursor, epoch, claim) else {
            self.count("claims that came second");
            return Ok(Seat::Empty);
        };
        self.count("takeovers");
        let checkpointer = home.take_checkpointer();
        let log_bytes_max = if self.random.percent(50) { 0 } else { 4_000 };
        let tidier = home.tidier(log_bytes_max);
        let last_time = home.partition().time();
        let live = Live {
            home,
            checkpointer,
            tidier,
            shipper,
            taken: None,
            holder,
            in_flight: None,
            ready: VecDeque::new(),
            standing: None,
            proven_at: sent_at,
            last_time,
            control_heard: 0,
            to_name: String::new(),
        };
        let number = live.holder.cursor().next_batch;
        self.tell(|| format!("n{node} p{partition}: owned, epoch {epoch}, next batch {number}"));
        self.announce(node, partition, epoch, live.holder.cursor().checkpoint.clone());
        self.check_files(partition, &live)?;
        Ok(Seat::Live(Box::new(live)))
    }

    fn open_home(
        &mut self,
        node: usize,
        partition: u16,
        epoch: u64,
        checkpoint: &str,
    ) -> Result<(Home, Cursor, Shipper)> {
        let at = usize::from(partition);
        let objects: Arc<dyn Objects> = Arc::new(self.objects.clone());
        let cache = self.nodes[node].cache.clone();
        let disk: Arc<dyn Disk> = Arc::new(self.nodes[node].disks[at].disk.clone());
        let shipped = ship::read_shipped(&*disk)?;
        let own = shipped.as_ref().map(|own| format!("{} after `{}`", own.list.name, own.before));
        self.tell(|| format!("n{node} p{partition}: opens for epoch {epoch}, has {own:?}"));
        if self.is_verbose {
            let files = self.nodes[node].disks[at].disk.files();
            self.tell(|| format!("  its files: {files:?}"));
        }
        let is_own = shipped.as_ref().map_or(checkpoint.is_empty(), |own| own.knows(checkpoint));
        let (disk, last) = match shipped {
            Some(shipped) if is_own => {
                self.count("takeovers with the own disk");
                let list = shipped.list;
                (ship::borrow(&objects, &list, disk, &cache)?, Some(list))
            }
            None if is_own => (disk, None),
            _ if checkpoint.is_empty() => {
                self.nodes[node].replace_disk(at);
                (Arc::new(self.nodes[node].disks[at].disk.clone()) as Arc<dyn Disk>, None)
            }
            _ => {
                let fetch = Fetch { threads: 1, ..Fetch::default() };
                let (disk, list) = fetch.fetch(&objects, checkpoint, disk, &cache)?;
                self.count("checkpoints fetched");
                (disk, Some(list))
            }
        };
        let home = Home::open(Arc::clone(&disk), partition, &options(1, &mut self.random))?;
        let cursor = match home.cursor() {
            Some(bytes) => Cursor::read(bytes).expect("a home keeps what it was given"),
            None => Cursor::start(0),
        };
        let prefix = format!("p{partition:04}/{epoch:020}");
        let shipper = Shipper::new(objects, prefix, disk, last);
        Ok((home, cursor, shipper))
    }

    /// What a list names is there, for a grace after it was the latest.
    fn none_missing(&mut self, since: i64) {
        self.is_excused = self.now - since >= GRACE;
        let missing = self.objects.missing();
        let is_there = missing.is_empty() || self.is_excused;
        assert!(is_there, "a list that is named needs {missing:?}");
    }
}
