//! The loop: from the journal to a sink, in groups of batches.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;

use crate::batch::{Batch, Held};
use crate::names::Names;
use crate::position::stray;
use crate::running::Shared;
use crate::sink::{Failed, Here, Limits, Position, Positions, Sink, Step, Written};

/// The first wait after a failure, doubled with each further one.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often the sink is told of partitions that stand.
const REPORT_EVERY: Duration = Duration::from_secs(2);

pub(crate) struct Following<S> {
    sink: S,
    shared: Arc<Shared>,
    limits: Limits,
    known: Positions,
    /// The partitions that `known` was asked for.
    asked_for: Vec<u16>,
    /// Those that were seen to go on where the journal does.
    fit: BTreeSet<u16>,
    names: Names,
    /// The partition with which the next group begins, so that one far behind does not hold the others.
    turn: u16,
    /// The sink has refused a group, and it is not known because of which partition: so many are still to be
    /// written by themselves.
    apart: usize,
    /// Partitions that it refused, which go by themselves until it takes them.
    alone: BTreeSet<u16>,
}

/// What was taken since the last write.
#[derive(Debug, Default)]
struct Group {
    steps: Vec<Step>,
    records: u32,
    bytes: usize,
    /// There was no room for more.
    is_full: bool,
}

impl<S: Sink> Following<S> {
    pub(crate) fn new(sink: S, shared: Arc<Shared>) -> Self {
        let (limits, names) = (sink.limits(), Names::new(Arc::clone(&shared.feed)));
        Self {
            sink,
            shared,
            limits,
            known: Positions::new(),
            asked_for: Vec::new(),
            fit: BTreeSet::new(),
            names,
            turn: 0,
            apart: 0,
            alone: BTreeSet::new(),
        }
    }

    pub(crate) async fn run(mut self) {
        let mut back_off = BACK_OFF;
        loop {
            let Err(failed) = self.follow().await;
            let error = failed.to_string();
            if self.shared.failed(error.clone()) {
                back_off = BACK_OFF;
            }
            back_off = back_off.min(self.limits.back_off_max);
            let (projection, back_off_ms) = (self.shared.name, back_off.as_millis());
            tracing::warn!(projection, error, back_off_ms, "the projection waits");
            tokio::time::sleep(back_off).await;
            back_off *= 2;
        }
    }

    /// Writes until the sink fails.
    async fn follow(&mut self) -> Result<Infallible, Failed> {
        self.ask().await?;
        self.sink.report(&self.shared.behind()).await?;
        let mut reported_at = Instant::now();
        loop {
            let began = Instant::now();
            if self.shared.feed.owned() != self.asked_for {
                self.ask().await?;
            }
            let group = self.read();
            let is_full = group.is_full;
            if !group.steps.is_empty() {
                self.write(group).await?;
            }
            let stands = !self.shared.standing(|standing| standing.is_empty());
            if stands && reported_at.elapsed() >= REPORT_EVERY {
                if S::BEGINS_ANEW {
                    // Of that nobody hears who writes nothing.
                    self.ask().await?;
                }
                self.sink.report(&self.shared.behind()).await?;
                reported_at = Instant::now();
            }
            if !is_full {
                tokio::time::sleep(self.limits.pause.saturating_sub(began.elapsed())).await;
            }
            // A sink that blocks lets nobody say that it is to stop.
            tokio::task::yield_now().await;
        }
    }

    /// Asks the sink where to go on.
    async fn ask(&mut self) -> Result<(), Failed> {
        let feed = &self.shared.feed;
        let (owned, rules) = (feed.owned(), feed.rules());
        let here = Here { cluster: &rules.settings.cluster_id, partitions: &owned };
        self.known = self.sink.positions(&here).await?;
        self.fit.clear();
        self.names.keep(&owned);
        self.shared.standing(|standing| standing.keep(&owned));
        self.alone.retain(|partition| owned.contains(partition));
        self.asked_for = owned;
        self.shared.stands_at(&self.known);
        Ok(())
    }

    /// Has the sink take what comes next in the partitions that are here, as much as it takes at once.
    fn read(&mut self) -> Group {
        let mut group = Group::default();
        let (before, after): (Vec<u16>, Vec<u16>) =
            self.asked_for.iter().partition(|partition| **partition < self.turn);
        let mut comes_next = None;
        for partition in after.into_iter().chain(before) {
            if self.shared.standing(|standing| standing.is_left_alone(partition)) {
                continue;
            }
            let goes_alone = self.apart > 0 || self.alone.contains(&partition);
            if group.is_full || goes_alone && !group.steps.is_empty() {
                comes_next.get_or_insert(partition);
                continue;
            }
            self.read_partition(partition, &mut group);
            group.is_full |= goes_alone && !group.steps.is_empty();
        }
        if let Some(partition) = comes_next {
            (self.turn, group.is_full) = (partition, true);
        }
        if group.steps.is_empty() {
            self.apart = 0;
            self.shared.has_nothing_to_do();
        }
        group.steps.sort_unstable_by_key(|step| step.partition);
        group
    }

    fn read_partition(&mut self, partition: u16, group: &mut Group) {
        let (Some(position), Some(end)) =
            (self.known.get(&partition).copied(), self.shared.feed.end(partition))
        else {
            return;
        };
        let (from, time) = (position.next, Timestamp::default());
        let mut step = Step { partition, from, next: from, journal_end: end, time };
        let fits = if self.fit.contains(&partition) {
            Ok(None)
        } else {
            stray(&*self.shared.feed, partition, position, end)
        };
        let held = match fits {
            Ok(None) => {
                self.fit.insert(partition);
                self.take(&mut step, group).err()
            }
            Ok(Some(why)) => Some(Held::Stands(why.into())),
            Err(error) => Some(error.into()),
        };
        let name = self.shared.name;
        self.shared.standing(|standing| match held {
            Some(held) => standing.hold(name, partition, step.next, held),
            // What the sink has refused stands until it takes it.
            None if self.alone.contains(&partition) => {}
            None => standing.go_on(name, partition),
        });
        if step.next > from {
            group.steps.push(step);
        }
    }

    fn take(&mut self, step: &mut Step, group: &mut Group) -> Result<(), Held> {
        let feed = &*self.shared.feed;
        while step.next < step.journal_end {
            if group.records >= self.limits.records_max || group.bytes >= self.limits.bytes_max {
                group.is_full = true;
                break;
            }
            let bytes = feed.journal(step.partition, step.next)?;
            let bytes = bytes.ok_or_else(|| Held::Waits("the journal does not have it".into()))?;
            let batch = Batch::read(&bytes, feed)?;
            group.bytes = self.sink.take(&batch, &mut self.names)?;
            group.records = group.records.saturating_add(batch.journal().count);
            (step.next, step.time) = (step.next + 1, batch.time);
        }
        Ok(())
    }

    async fn write(&mut self, group: Group) -> Result<(), Failed> {
        match self.sink.write(&group.steps).await {
            Ok(Written::All { records, refused }) => {
                let name = self.shared.name;
                for Step { partition, next, time, .. } in &group.steps {
                    self.known.insert(*partition, Position { next: *next, time: Some(*time) });
                    if self.alone.remove(partition) {
                        self.shared.standing(|standing| standing.go_on(name, *partition));
                    }
                }
                self.apart = self.apart.saturating_sub(1);
                self.shared.progressed(&self.known, records, &refused);
                Ok(())
            }
            Ok(Written::Moved) => self.ask().await,
            Err(Failed::Refused(why)) => {
                self.refused(&group.steps, why);
                self.ask().await
            }
            Err(away @ Failed::Away(_)) => Err(away),
        }
    }

    /// Finds out which partition is refused, so that it holds up no other.
    fn refused(&mut self, steps: &[Step], why: String) {
        let [Step { partition, from, .. }] = steps else {
            tracing::debug!(projection = self.shared.name, why, "partitions are written apart");
            self.apart = steps.len();
            return;
        };
        self.apart = self.apart.saturating_sub(1);
        self.alone.insert(*partition);
        let name = self.shared.name;
        self.shared.standing(|standing| standing.hold(name, *partition, *from, Held::Stands(why)));
    }
}
