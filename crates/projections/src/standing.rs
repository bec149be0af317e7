//! Partitions that do not go on, each for its own reason.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::batch::Held;

/// What holds a partition up for less is a moment between the files of the journal.
const HELD_UP: Duration = Duration::from_secs(5);
/// The longest time between two looks at a partition that stands.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// What holds partitions.
#[derive(Debug, Default)]
pub(crate) struct Standing(BTreeMap<u16, Stand>);

#[derive(Debug)]
struct Stand {
    since: Instant,
    looked_at: Instant,
    batch: u64,
    held: Held,
    is_told: bool,
}

impl Stand {
    fn is_shown(&self) -> bool {
        matches!(self.held, Held::Stands(_)) || self.since.elapsed() > HELD_UP
    }

    fn why(&self) -> String {
        let (Held::Waits(why) | Held::Stands(why)) = &self.held;
        format!("batch {}: {why}", self.batch)
    }
}

impl Standing {
    /// Whether a partition is to be left alone for now: the longer it has stood, the longer.
    pub(crate) fn is_left_alone(&self, partition: u16) -> bool {
        self.0.get(&partition).is_some_and(|stand| {
            let wait = (stand.since.elapsed() / 2).min(LOOK_MAX);
            stand.looked_at.elapsed() < wait
        })
    }

    /// A partition cannot go on at `batch`.
    pub(crate) fn hold(&mut self, projection: &str, partition: u16, batch: u64, held: Held) {
        let now = Instant::now();
        let before = self.0.remove(&partition).filter(|one| one.batch == batch && one.held == held);
        let (since, is_told) = before.map_or((now, false), |one| (one.since, one.is_told));
        let mut stand = Stand { since, looked_at: now, batch, held, is_told };
        if stand.is_shown() && !stand.is_told {
            let why = stand.why();
            tracing::error!(projection, partition, why, "a partition stands; points go on");
            stand.is_told = true;
        }
        self.0.insert(partition, stand);
    }

    /// A partition goes on.
    pub(crate) fn go_on(&mut self, projection: &str, partition: u16) {
        if self.0.remove(&partition).is_some_and(|stand| stand.is_told) {
            tracing::info!(projection, partition, "a partition goes on again");
        }
    }

    /// Only these are here.
    pub(crate) fn keep(&mut self, owned: &[u16]) {
        self.0.retain(|partition, _| owned.contains(partition));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What holds partitions up for longer than a moment.
    pub(crate) fn shown(&self) -> BTreeMap<u16, String> {
        let shown = self.0.iter().filter(|(_, stand)| stand.is_shown());
        shown.map(|(partition, stand)| (*partition, stand.why())).collect()
    }
}
