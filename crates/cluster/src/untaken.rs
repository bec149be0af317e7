//! Partitions that should be here and are not yet: what is being done about each, for whoever reads the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After so long it is said why a partition is not here.
const SAID_AFTER: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Delay {
    since: Instant,
    what: String,
    is_said: bool,
}

/// Partitions that are assigned to this node and not owned.
#[derive(Debug, Default)]
pub(crate) struct Untaken(Mutex<BTreeMap<u16, Delay>>);

impl Untaken {
    fn delays(&self) -> MutexGuard<'_, BTreeMap<u16, Delay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is being done to take a partition, or why it failed.
    pub(crate) fn is_at(&self, partition: u16, what: &str) {
        if let Some(delay) = self.delays().get_mut(&partition) {
            what.clone_into(&mut delay.what);
        }
    }

    /// Looks at a partition, every now and then; says once that it takes long.
    pub(crate) fn look(&self, partition: u16, is_missing: bool) {
        let mut delays = self.delays();
        if !is_missing {
            delays.remove(&partition);
            return;
        }
        let delay = delays.entry(partition).or_insert_with(|| Delay {
            since: Instant::now(),
            what: "it was just assigned".into(),
            is_said: false,
        });
        if !delay.is_said && delay.since.elapsed() > SAID_AFTER {
            delay.is_said = true;
            let seconds = delay.since.elapsed().as_secs();
            let why = &delay.what;
            tracing::warn!(
                partition,
                seconds,
                why,
                "the partition is assigned here and not taken yet"
            );
        }
    }
}
