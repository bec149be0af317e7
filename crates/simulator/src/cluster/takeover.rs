//! Bringing a partition to a node: the steps of the cluster's own takeover, one or some at a time.

use std::cell::RefCell;
use std::sync::Arc;

use accolade_cluster::driver::takeover::{Around, Disks, Files, NotTaken, Step, Takeover};
use accolade_engine::disk::Disk;
use accolade_engine::objects::Objects;
use accolade_engine::ordered::{AppendFailed, Place};
use accolade_engine::ownership::Cursor;
use accolade_storage::error::Result;
use accolade_storage::home::Home;
use accolade_storage::ship::Fetch;

use super::seat::{Ears, Owned, Seat, Taking, passed, unexpected};
use super::{GRACE, Ticket, World};
use crate::disk::SimulatedDisk;
use crate::run::{check, few_descriptors, options, panics};

/// The disk of a partition, which is replaced where nothing of it is wanted.
struct OneDisk(RefCell<(SimulatedDisk, bool)>);

impl Disks for OneDisk {
    fn open(&self, _: u16) -> Result<Arc<dyn Disk>> {
        Ok(few_descriptors().over(Arc::new(self.0.borrow().0.clone())))
    }

    fn replace(&self, partition: u16) -> Result<Arc<dyn Disk>> {
        *self.0.borrow_mut() = (SimulatedDisk::new(), true);
        self.open(partition)
    }
}

impl World {
    /// Goes on to take a partition; `heard` is what became of its claim.
    pub(super) fn step_taking(
        &mut self,
        node: usize,
        partition: u16,
        mut taking: Box<Taking>,
        heard: Vec<(u64, std::result::Result<i64, ()>)>,
    ) -> Result<Seat> {
        if let Some((_, appended)) =
            heard.into_iter().find(|(ticket, _)| Some(*ticket) == taking.ticket)
        {
            taking.ticket = None;
            let place = appended.map(|offset| Place { offset, time: None });
            let failed = || AppendFailed("nobody knows".into());
            if taking.takeover.acknowledged(place.map_err(|()| failed())).is_err() {
                return Ok(Seat::Empty);
            }
        }
        while self.is_calm || self.random.percent(90) {
            let mut ears = Ears::default();
            let stepped = self.step_takeover(node, partition, &mut taking.takeover, &mut ears);
            self.none_missing(taking.claimed_at);
            match stepped {
                Err(NotTaken::Files(error)) => return Err(error),
                Err(not_taken) => unexpected(&not_taken),
                Ok(Step::Claim(order)) => {
                    self.tell(|| format!("n{node} p{partition}: claims by {order:?}"));
                    let Ticket(ticket) = self.append(node, partition, order);
                    (taking.ticket, taking.claimed_at) = (Some(ticket), self.now);
                }
                Ok(Step::Waits | Step::WantsControl(_)) => break,
                Ok(Step::Opened(files)) => self.opened(node, partition, &taking.takeover, files),
                Ok(Step::Fetched) => {}
                Ok(Step::Folded { batch, cursor, effects }) => {
                    let truth = &self.truths[usize::from(partition)];
                    truth.proves(&batch);
                    truth.reads_alike(&cursor);
                    let home = home(&taking.takeover);
                    truth.state(home.partition());
                    self.judge(partition, &ears.of(partition, batch.number));
                    for effect in effects {
                        self.carry_out(partition, &effect, home);
                    }
                    self.count("batches folded again");
                }
                Ok(Step::Stands { place, message }) => {
                    self.stood(partition, ears, place, &message);
                    self.count("takeovers that stood");
                    break;
                }
                Ok(Step::CameSecond) => self.count("claims that came second"),
                Ok(Step::Owned(live, keeper)) => {
                    self.count("takeovers");
                    let owned = Owned::new(*live, *keeper);
                    self.owned(node, partition, &owned)?;
                    return Ok(Seat::Live(Box::new(owned)));
                }
            }
        }
        Ok(Seat::Taking(taking))
    }

    fn step_takeover(
        &mut self,
        node: usize,
        partition: u16,
        takeover: &mut Takeover,
        ears: &mut Ears,
    ) -> std::result::Result<Step, NotTaken> {
        let at = usize::from(partition);
        let files = options(1, &mut self.random);
        let log_bytes_max = if self.random.percent(50) { 0 } else { 4_000 };
        let this = &self.nodes[node];
        let heard = self.topics.owners[..this.owners_heard].iter();
        let of_partition = heard.filter(|owner| owner.partition == partition);
        let owner = of_partition.max_by_key(|owner| (owner.epoch, &owner.checkpoint)).cloned();
        let disks = OneDisk(RefCell::new((this.disks[at].disk.clone(), false)));
        let objects: Arc<dyn Objects> = Arc::new(self.objects.clone());
        let around = Around {
            node: &format!("n{node}"),
            log: &self.topics,
            objects: &objects,
            cache: &this.cache,
            fetch: Fetch { threads: 1, ..Fetch::default() },
            disks: &disks,
            files,
            log_bytes_max,
            control: &this.control,
            shared: &self.shared,
            owner,
            passed: passed(self.now),
        };
        let (stepped, met) = panics::driven(|| takeover.step(&around, ears));
        let (disk, is_new) = disks.0.into_inner();
        if is_new {
            self.nodes[node].replace_disk(at, disk);
        }
        self.count_panics(&met);
        stepped
    }

    fn opened(&mut self, node: usize, partition: u16, takeover: &Takeover, files: Files) {
        self.tell(|| format!("n{node} p{partition}: opened, from {files:?}"));
        match files {
            Files::Own => self.count("takeovers with the own disk"),
            Files::Fetched => self.count("checkpoints fetched"),
            Files::Nothing => {}
        }
        let (truth, home) = (&self.truths[usize::from(partition)], home(takeover));
        truth.state(home.partition());
        let next = home.partition().next_batch();
        let compared = check::still_to_compare(home.backing(), partition, next);
        *self.counts.entry("batches compared with what they were").or_default() += compared;
        // What a checkpoint says is where a reader from the start stood, at the same record.
        if let Some(bytes) = home.cursor() {
            truth.reads_alike(&Cursor::read(bytes).expect("a home keeps what it was given"));
        }
    }

    fn owned(&mut self, node: usize, partition: u16, owned: &Owned) -> Result<()> {
        let holder = owned.live.holder();
        let (epoch, cursor) = (holder.epoch(), holder.cursor());
        self.truths[usize::from(partition)].reads_alike(cursor);
        let number = cursor.next_batch;
        self.tell(|| format!("n{node} p{partition}: owned, epoch {epoch}, next batch {number}"));
        self.announce(node, partition, epoch, cursor.checkpoint.clone());
        self.check_files(partition, owned)
    }

    /// What a list names is there, for a grace after it was the latest.
    fn none_missing(&mut self, since: i64) {
        self.is_excused = self.now - since >= GRACE;
        let missing = self.objects.missing();
        let is_there = missing.is_empty() || self.is_excused;
        assert!(is_there, "a list that is named needs {missing:?}");
    }
}

fn home(takeover: &Takeover) -> &Home {
    takeover.home().expect("its files are open")
}
