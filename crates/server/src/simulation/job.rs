//! Simulations under way and those that have ended: one at a time, and the last few for whoever asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use accolade_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::turns::Turns;
use super::{Ending, Question, Told, Tried};
use crate::lock::lock;
use crate::problem::{Problem, Refusal};
use crate::shapes::Time;

/// Simulations that are remembered, the one under way among them.
const KEPT_MAX: usize = 16;

/// How far a fold is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// Batches that were folded.
    pub(super) batches: u64,
    /// Batches that the log has; 0 before that is known.
    pub(super) expected: u64,
}

/// A simulation.
#[derive(Debug)]
pub(crate) struct Job {
    pub(super) id: String,
    pub(super) operator: u32,
    pub(super) operator_id: Box<str>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) begun_at: Timestamp,
    pub(super) is_of_tournament: bool,
    /// Of the partitions that were folded, and of the one under way.
    progress: Mutex<(Progress, Progress)>,
    is_cancelled: AtomicBool,
    end: OnceLock<(Timestamp, Result<Told, Ending>)>,
}

impl Job {
    pub(super) fn new(
        id: String,
        (operator, operator_id): (u32, Box<str>),
        question: &Question,
        begun_at: Timestamp,
    ) -> Self {
        Self {
            id,
            operator,
            operator_id,
            from: question.from,
            to: question.to,
            begun_at,
            is_of_tournament: matches!(question.tried, Tried::Tournament(_)),
            progress: Mutex::default(),
            is_cancelled: AtomicBool::new(false),
            end: OnceLock::new(),
        }
    }

    /// A partition begins, perhaps again.
    pub(super) fn begins_partition(&self) {
        lock(&self.progress).1 = Progress::default();
    }

    /// How far the partition is that is under way.
    pub(super) fn is_at(&self, progress: Progress) {
        lock(&self.progress).1 = progress;
    }

    /// Whether anything of the partition that is under way was begun.
    pub(super) fn has_begun(&self) -> bool {
        lock(&self.progress).1 != Progress::default()
    }

    /// The partition that is under way was folded.
    pub(super) fn ends_partition(&self) {
        let mut progress = lock(&self.progress);
        let (ended, now) = *progress;
        *progress = (sum(ended, now), Progress::default());
    }

    /// How far it is, of the partitions that were begun.
    pub(super) fn progress(&self) -> Progress {
        let (ended, now) = *lock(&self.progress);
        sum(ended, now)
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

    pub(super) fn ends(&self, at: Timestamp, end: Result<Told, Ending>) {
        self.end.set((at, end)).expect("it ends once");
    }

    pub(super) fn end(&self) -> Option<&(Timestamp, Result<Told, Ending>)> {
        self.end.get()
    }

    /// How far it has come by a word, why it has failed, and what came of it.
    pub(super) fn state(&self) -> (&'static str, Option<String>, Option<&Told>) {
        match self.end() {
            None => ("running", None, None),
            Some((_, Ok(told))) => ("done", None, Some(told)),
            Some((_, Err(Ending::Cancelled))) => ("cancelled", None, None),
            Some((_, Err(ending))) => ("failed", ending.why(), None),
        }
    }

    /// From when on the log has everything, where it failed since the period begins before.
    pub(super) fn log_since(&self) -> Option<Time> {
        let (_, end) = self.end()?;
        end.as_ref().err().and_then(Ending::log_since).map(Time)
    }
}

fn sum(one: Progress, other: Progress) -> Progress {
    Progress { batches: one.batches + other.batches, expected: one.expected + other.expected }
}

/// The simulations of a node.
#[derive(Debug, Default)]
pub(crate) struct Simulations {
    jobs: Mutex<VecDeque<Arc<Job>>>,
    /// Folds for them, and for those of other nodes.
    pub(super) turns: Turns,
}

impl Simulations {
    /// Begins one, where none is under way.
    pub(super) fn begin(&self, job: Arc<Job>) -> Result<(), Problem> {
        let mut all = lock(&self.jobs);
        if all.iter().any(|job| job.end().is_none()) {
            let detail = "a node tries one draft at a time, of whichever operator: wait for it, or cancel your own";
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
    pub(super) fn find(&self, operator: u32, id: &str) -> Option<Arc<Job>> {
        let all = lock(&self.jobs);
        all.iter().find(|job| job.operator == operator && job.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Draft;
    use super::*;

    fn job(operator: u32) -> Arc<Job> {
        let time = Timestamp::from_micros;
        let id = uuid::Uuid::now_v7().to_string();
        let draft = Draft { document: String::new(), zone: Vec::new() };
        let (operator_id, tried) = (Box::from("house"), Tried::Program(draft));
        let question = Question { operator_id, from: time(1), to: time(2), tried };
        Arc::new(Job::new(id, (operator, "house".into()), &question, time(3)))
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
        assert!(simulations.find(7, &ids[2]).is_none());
        assert!(simulations.find(7, &ids[3]).is_some());
        assert!(simulations.find(8, &ids[3]).is_none(), "it is another operator's");
    }

    #[test]
    fn what_was_folded_of_a_partition_that_is_begun_again_does_not_count_twice() {
        let job = job(7);
        let at = |batches, expected| Progress { batches, expected };
        job.begins_partition();
        assert!(!job.has_begun());
        job.is_at(at(0, 10));
        assert!(job.has_begun());
        job.is_at(at(10, 10));
        job.ends_partition();
        job.begins_partition();
        job.is_at(at(3, 5));
        assert_eq!(job.progress(), at(13, 15));
        job.begins_partition();
        assert_eq!((job.progress(), job.has_begun()), (at(10, 10), false));
    }
}
