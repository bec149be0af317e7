//! The thread that finds out, over and over, whether the brokers answer this node, and whether it knows all
//! control records: what is not among the rules does not exist only as long as that is proven.

use std::sync::Arc;
use std::time::Duration;

use crate::node::{Inner, lock};

/// Between two questions; well within the lease.
const EVERY: Duration = Duration::from_millis(500);
/// How often it looks whether what was asked for has come.
const LOOK: Duration = Duration::from_millis(5);

/// When the last questions were asked that proved something, by the clock of this process.
#[derive(Debug, Default)]
pub(crate) struct Proven {
    /// The brokers have answered it.
    pub(crate) brokers: Duration,
    /// All control records that were there are known.
    pub(crate) rules: Duration,
}

pub(crate) fn run(inner: &Arc<Inner>) {
    while !inner.is_stopping() {
        let asked_at = inner.clock.passed();
        match inner.log.control_end() {
            Ok(end) => {
                lock(&inner.proven).brokers = asked_at;
                let until = inner.clock.passed() + EVERY;
                while inner.control.end() < end && inner.clock.passed() < until {
                    std::thread::sleep(LOOK);
                }
                if inner.control.end() >= end {
                    lock(&inner.proven).rules = asked_at;
                }
            }
            Err(error) => tracing::debug!(%error, "the brokers do not answer"),
        }
        let again = asked_at + EVERY;
        while inner.clock.passed() < again && !inner.is_stopping() {
            std::thread::sleep(LOOK);
        }
    }
}

impl Inner {
    fn is_old(&self, proven_at: Duration) -> bool {
        self.clock.passed().saturating_sub(proven_at) >= self.options.lease
    }

    /// Whether no control record can be there that is not known.
    pub(crate) fn knows_rules(&self) -> bool {
        let proven_at = lock(&self.proven).rules;
        !self.is_old(proven_at)
    }

    /// Whether nothing proves any more that the brokers hear this node: they do not answer, or none of its
    /// partitions could be written within the lease.
    pub(crate) fn is_cut_off(&self) -> bool {
        let answered_at = lock(&self.proven).brokers;
        if self.is_old(answered_at) {
            return true;
        }
        let mut waits = false;
        for (_, shown) in self.all_shown() {
            if !self.is_old(shown.proven_at) {
                return false;
            }
            waits |= shown.waits_since.is_some_and(|since| self.is_old(since));
        }
        waits
    }
}
