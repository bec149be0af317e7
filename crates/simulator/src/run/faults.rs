//! What goes wrong in a run, and how the node goes down and comes up again.

use std::error::Error as _;
use std::io;

use accolade_storage::error::StorageError;

use super::{Run, panics};
use crate::disk::Faults;

impl Run {
    /// Now and then something is going to go wrong.
    pub(super) fn arm(&mut self) {
        if self.random.percent(15) {
            panics::arm(Some(self.random.below(30)));
        }
        if self.has_faults() || !self.random.percent(25) {
            return;
        }
        let at = self.disk.operations() + 1 + self.random.below(80);
        let mut faults = Faults::default();
        match self.random.below(8) {
            0..=3 => faults.crash_at = Some(at),
            4 => faults.fail_at = Some(at),
            5 => faults.fail_sync_at = Some(self.disk.syncs() + 1 + self.random.below(8)),
            _ => {
                let room = self.random.below(12_000);
                faults.capacity_bytes = Some(self.disk.used_bytes() + room);
            }
        }
        self.set_faults(faults);
    }

    pub(super) fn arm_recovery(&mut self) {
        if !self.random.percent(25) {
            return;
        }
        let at = self.disk.operations() + 1 + self.random.below(150);
        let mut faults = Faults::default();
        match self.random.below(6) {
            0..=2 => faults.crash_at = Some(at),
            3 => faults.fail_at = Some(at),
            4 => faults.fail_sync_at = Some(self.disk.syncs() + 1 + self.random.below(12)),
            _ => faults.capacity_bytes = Some(self.disk.used_bytes() + self.random.below(8_000)),
        }
        self.set_faults(faults);
    }

    fn has_faults(&self) -> bool {
        let Faults { crash_at, fail_at, fail_sync_at, capacity_bytes } = self.armed;
        crash_at.is_some()
            || fail_at.is_some()
            || fail_sync_at.is_some()
            || capacity_bytes.is_some()
    }

    fn set_faults(&mut self, faults: Faults) {
        self.tell(|| format!("ahead: {faults:?}"));
        self.armed = faults;
        self.disk.set_faults(faults);
    }

    /// Nothing goes wrong any more.
    pub(super) fn calm(&mut self) {
        panics::arm(None);
        if self.has_faults() {
            self.set_faults(Faults::default());
        }
    }

    /// Whether `error` is one that was meant to happen and leaves the machine running.
    pub(super) fn has_failed_once(&self, error: &StorageError) -> bool {
        let failed = self.armed.fail_at.is_some_and(|at| self.disk.operations() >= at);
        let full = self.armed.capacity_bytes.is_some() && is_full(error);
        (failed || full) && !self.disk.has_crashed()
    }

    /// Whether what could not be done is the fault of the disk.
    pub(super) fn may_have_failed(&self) -> bool {
        let failed = self.armed.fail_at.is_some_and(|at| self.disk.operations() >= at);
        failed || self.disk.has_crashed()
    }

    /// The node goes down over an error, which must be one that was meant to happen.
    pub(super) fn fall(&mut self, error: &StorageError) {
        let synced = self.armed.fail_sync_at.is_some_and(|at| self.disk.syncs() >= at);
        let crashed = self.disk.has_crashed();
        let meant = crashed || synced || self.has_failed_once(error);
        let is_io = matches!(error, StorageError::Io { .. } | StorageError::Other { .. });
        assert!(meant && is_io, "refused without a reason: {error} {:?}", error.source());
        self.tell(|| format!("down: {error}: {:?}", error.source().map(ToString::to_string)));
        self.checkpoint_meanwhile();
        self.count(match (crashed, synced) {
            (true, _) => "crashes within an operation",
            (_, true) => "failures of fsync",
            _ if is_full(error) => "full disks",
            _ => "I/O errors",
        });
        if (crashed && self.random.percent(80)) || self.random.percent(40) {
            self.cut_power();
        } else {
            self.kill();
        }
    }

    /// The thread that writes checkpoints has not heard of the failure yet.
    fn checkpoint_meanwhile(&mut self) {
        let Some(node) = &mut self.node else { return };
        if self.random.percent(50) {
            node.begin_checkpoint(false);
        }
        let mut stepped = Ok(true);
        while matches!(stepped, Ok(true)) {
            stepped = self.checkpoint_step();
        }
        self.tell(|| format!("a checkpoint meanwhile: {stepped:?}"));
    }

    /// The machine stops: what was not synced is lost in part.
    pub(super) fn cut_power(&mut self) {
        self.tell(|| "the power is cut".into());
        self.go_down();
        self.disk.crash(&mut self.random);
        self.armed = Faults::default();
        self.count("power cuts");
    }

    /// The process stops: the machine still has what was written.
    fn kill(&mut self) {
        self.tell(|| "the process is killed".into());
        self.go_down();
        self.armed = Faults::default();
        self.disk.set_faults(self.armed);
        self.count("kills");
    }

    fn go_down(&mut self) {
        self.node = None;
        self.outbox.clear();
    }
}

fn is_full(error: &StorageError) -> bool {
    matches!(error, StorageError::Io { source, .. } | StorageError::Other { source, .. }
        if source.kind() == io::ErrorKind::StorageFull)
}
