//! Simulations under way and those that have ended: one at a time, and the last few for whoever asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use accolade_domain::time::Timestamp;

use super::Ending;
use super::figures::ResultShape;
use crate::lock::lock;
use crate::problem::{Problem, Refusal};

/// Simulations that are remembered, the one under way among them.
const KEPT_MAX: usize = 16;

/// A simulation.
#[derive(Debug)]
pub(crate) struct Job {
    pub(super) id: String,
    pub(super) operator: u32,
    pub(super) operator_id: Box<str>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) begun_at: Timestamp,
    batches: AtomicU64,
    expected: AtomicU64,
    is_cancelled: AtomicBool,
    end: OnceLock<(Timestamp, Result<ResultShape, Ending>)>,
}

impl Job {
    pub(super) fn new(
        (operator, operator_id): (u32, Box<str>),
        (from, to): (Timestamp, Timestamp),
        begun_at: Timestamp,
    ) -> Self {
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            operator,
            operator_id,
            from,
            to,
            begun_at,
            batches: AtomicU64::new(0),
            expected: AtomicU64::new(0),
            is_cancelled: AtomicBool::new(false),
            end: OnceLock::new(),
        }
    }

    /// Says how many batches a partition has.
    pub(super) fn expects(&self, batches: u64) {
        self.expected.fetch_add(batches, Ordering::Relaxed);
    }

    /// A batch was folded.
    pub(super) fn folded(&self) {
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    /// How many batches were folded, and how many there are of the partitions that were begun.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.batches.load(Ordering::Relaxed), self.expected.load(Ordering::Relaxed))
    }

    /// Whether to go on.
    pub(super) fn goes_on(&self, is_retired: bool) -> Result<(), Ending> {
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(Ending::Cancelled);
        }
        if is_retired {
            return Err(Ending::Failed("the node is stopping".into()));
        }
        Ok(())
    }

    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn ends(&self, at: Timestamp, end: Result<ResultShape, Ending>) {
        self.end.set((at, end)).expect("it ends once");
    }

    pub(super) fn end(&self) -> Option<&(Timestamp, Result<ResultShape, Ending>)> {
        self.end.get()
    }
}

/// The simulations of a node.
#[derive(Debug, Default)]
pub(crate) struct Simulations(Mutex<VecDeque<Arc<Job>>>);

impl Simulations {
    /// Begins one, where none is under way.
    pub(super) fn begin(&self, job: Arc<Job>) -> Result<(), Problem> {
        let mut all = lock(&self.0);
        if all.iter().any(|job| job.end().is_none()) {
            let detail = "a node simulates one draft at a time, of whichever operator: wait for it, or cancel your own";
            return Err(Problem::new(Refusal::SimulationRuns, detail));
        }
        let is_own = |other: &&Arc<Job>| other.operator == job.operator;
        if all.iter().filter(is_own).count() >= KEPT_MAX {
            let oldest = all.iter().position(|other| other.operator == job.operator);
            all.remove(oldest.expect("there are some"));
        }
        all.push_back(job);
        Ok(())
    }

    /// An operator's simulation.
    pub(super) fn find(&self, operator: u32, id: &str) -> Result<Arc<Job>, Problem> {
        let all = lock(&self.0);
        let found = all.iter().find(|job| job.operator == operator && job.id == id).cloned();
        found.ok_or_else(|| Problem::not_found("simulation"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(operator: u32) -> Arc<Job> {
        let time = Timestamp::from_micros;
        Arc::new(Job::new((operator, "house".into()), (time(1), time(2)), time(3)))
    }

    #[test]
    fn one_runs_at_a_time_and_the_last_are_remembered() {
        let simulations = Simulations::default();
        let mut ids = Vec::new();
        for _ in 0..KEPT_MAX + 3 {
            let next = job(7);
            simulations.begin(Arc::clone(&next)).unwrap();
            let refused = simulations.begin(job(8)).unwrap_err();
            assert_eq!(refused.refusal, Refusal::SimulationRuns);
            assert!(next.goes_on(false).is_ok());
            next.cancel();
            let end = next.goes_on(false).unwrap_err();
            assert_eq!(end, Ending::Cancelled);
            next.ends(Timestamp::from_micros(4), Err(end));
            ids.push(next.id.clone());
        }
        assert!(matches!(job(7).goes_on(true), Err(Ending::Failed(_))), "the node is stopping");
        assert!(simulations.find(7, &ids[2]).is_err());
        assert!(simulations.find(7, &ids[3]).is_ok());
        assert!(simulations.find(8, &ids[3]).is_err(), "it is another operator's");
    }
}
