//! What goes wrong: disks, nodes, the object storage, and acknowledgements.

use std::error::Error as _;

use accolade_cluster::control::ControlBook;
use accolade_storage::error::StorageError;
use accolade_storage::ship::BlockCache;
use accolade_wire::order::Order;

use super::seat::Seat;
use super::{Event, GRACE, Node, NodeDisk, Ticket, World};
use crate::disk::{Faults, SimulatedDisk};
use crate::run::panics;

const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000;

impl Node {
    pub(super) fn replace_disk(&mut self, at: usize, disk: SimulatedDisk) {
        self.disks[at] = NodeDisk { disk, armed: Faults::default() };
    }
}

impl World {
    /// Now and then something is going to go wrong.
    pub(super) fn arm(&mut self) {
        if self.random.percent(10) {
            panics::arm(Some(self.random.below(40)));
        }
        if self.random.percent(12) {
            let node = self.random.index(self.nodes.len());
            let at = self.random.index(self.truths.len());
            let random = &mut self.random;
            let NodeDisk { disk, armed } = &mut self.nodes[node].disks[at];
            let operations = disk.operations() + 1 + random.below(150);
            let mut faults = Faults::default();
            match random.below(8) {
                0..=3 => faults.crash_at = Some(operations),
                4 => faults.fail_at = Some(operations),
                5 => faults.fail_sync_at = Some(disk.syncs() + 1 + random.below(10)),
                _ => faults.capacity_bytes = Some(disk.used_bytes() + random.below(12_000)),
            }
            *armed = faults;
            disk.set_faults(faults);
            self.tell(|| format!("ahead for n{node} p{at}: {faults:?}"));
        }
        if self.random.percent(3) {
            let until = self.now + self.random.between(0, 20 * SECOND);
            let percent = self.random.below(12);
            self.objects.disturb(until, percent);
            self.count("object storage away");
            self.tell(|| format!("object storage away until {until}, then fails {percent} %"));
        } else if self.random.percent(6) {
            self.objects.disturb(i64::MIN, 0);
        }
        if self.random.percent(4) {
            let node = self.random.index(self.nodes.len());
            let hours = if self.random.percent(10) { 2 * GRACE } else { 0 };
            let until = self.now + self.random.between(SECOND, 25 * SECOND) + hours;
            self.nodes[node].frozen_until = until;
            self.count("nodes frozen");
            self.tell(|| format!("n{node} freezes until {until}"));
        }
        if self.random.percent(2) {
            let node = self.random.index(self.nodes.len());
            self.go_down(node, true);
        }
    }

    /// Whether something is going to go wrong with a disk.
    pub(super) fn is_armed(&self, node: usize, at: usize) -> bool {
        let Faults { crash_at, fail_at, fail_sync_at, capacity_bytes } =
            self.nodes[node].disks[at].armed;
        [crash_at, fail_at, fail_sync_at, capacity_bytes].iter().any(Option::is_some)
    }

    /// A node goes down over an error, which must be one that was meant to happen.
    pub(super) fn fall(&mut self, node: usize, partition: u16, error: &StorageError) {
        let NodeDisk { disk, armed } = &self.nodes[node].disks[usize::from(partition)];
        let crashed = self.nodes[node].disks.iter().any(|it| it.disk.has_crashed());
        let broke = crashed
            || armed.fail_at.is_some_and(|at| disk.operations() >= at)
            || armed.fail_sync_at.is_some_and(|at| disk.syncs() >= at)
            || armed.capacity_bytes.is_some();
        let failures = self.objects.failures();
        let away = failures > std::mem::replace(&mut self.failures, failures);
        // An owner that slept for longer than a grace may miss what was swept meanwhile.
        let swept = !self.objects.take_missing().is_empty();
        assert!(!swept || self.is_excused, "what is in use was swept: {error}");
        self.tell(|| format!("n{node} p{partition}: {error}: {:?}", error.source()));
        if self.is_verbose {
            let files = self.nodes[node].disks[usize::from(partition)].disk.files();
            self.tell(|| format!("its files: {files:?}"));
        }
        let is_io = matches!(error, StorageError::Io { .. } | StorageError::Other { .. });
        assert!(
            (broke || away || swept) && is_io,
            "refused without a reason: {error} {:?}",
            error.source()
        );
        self.count(match (crashed, broke) {
            (true, _) => "crashes within an operation",
            (_, true) => "disks that fail",
            _ => "nodes that stop without the object storage",
        });
        let cuts_power = crashed || self.random.percent(40);
        self.go_down(node, cuts_power);
    }

    pub(super) fn go_down(&mut self, node: usize, cuts_power: bool) {
        let (away, loses) = (self.random.below(10), self.random.percent(12));
        let pause = match away {
            0 => self.random.between(GRACE, 3 * GRACE),
            _ => self.random.between(SECOND, 20 * SECOND),
        };
        let until = if self.is_calm { self.now } else { self.now + pause };
        let random = &mut self.random;
        let down = &mut self.nodes[node];
        down.seats.iter_mut().for_each(|seat| *seat = Seat::Empty);
        down.told.iter_mut().for_each(Vec::clear);
        down.assigned.clear();
        down.life += 1;
        down.down_until = until;
        down.frozen_until = i64::MIN;
        down.cache = BlockCache::new(1 << 20);
        down.control = ControlBook::default();
        for NodeDisk { disk, armed } in &mut down.disks {
            *armed = Faults::default();
            if cuts_power {
                disk.crash(random);
            } else {
                disk.set_faults(*armed);
            }
        }
        if loses {
            (0..down.disks.len()).for_each(|at| down.replace_disk(at, SimulatedDisk::new()));
        }
        self.count(if cuts_power { "power cuts" } else { "kills" });
        if loses {
            self.count("disks lost");
        }
        self.tell(|| {
            format!("n{node} is down until {until}, power cut: {cuts_power}, disk lost: {loses}")
        });
    }

    /// Sends a record to the order; what becomes of it, and whether anyone hears, is chance.
    pub(super) fn append(&mut self, node: usize, partition: u16, order: Order) -> Ticket {
        self.serial += 1;
        let ticket = self.serial;
        let life = self.nodes[node].life;
        let told = |offset| Event::Told { node, life, partition, ticket, offset };
        let random = &mut self.random;
        let soon = self.now + random.between(0, 50 * MILLISECOND);
        let dice = if self.is_calm { 0 } else { random.below(100) };
        let (mut lands, mut gives_up) = (vec![soon], None);
        let mut delay = random.between(0, 100 * MILLISECOND);
        match dice {
            0..75 => {}
            75..85 => delay = random.between(MILLISECOND, 9 * SECOND),
            85..90 => {
                lands.clear();
                gives_up = Some(random.between(SECOND, 8 * SECOND));
            }
            90..93 => gives_up = Some(random.between(SECOND, 8 * SECOND)),
            93..98 => {
                let after = random.between(MILLISECOND, 8 * SECOND);
                gives_up = Some(after);
                lands = vec![self.now + after + random.between(0, 12 * SECOND)];
            }
            _ => lands.push(soon + random.between(0, SECOND)),
        }
        self.count(match dice {
            0..75 => "appends",
            75..85 => "acknowledgements delayed",
            85..90 => "appends lost",
            90..93 => "acknowledgements lost",
            93..98 => "appends that land late",
            _ => "appends that land twice",
        });
        if let Some(after) = gives_up {
            self.schedule(self.now + after, told(None));
        }
        let hears = gives_up.is_none();
        for (at, lands_at) in lands.into_iter().enumerate() {
            let tells = (hears && at == 0).then_some((node, life, ticket, delay));
            let order = order.clone();
            self.schedule(lands_at, Event::Lands { partition, order, tells });
        }
        Ticket(ticket)
    }
}
