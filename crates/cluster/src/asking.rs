//! Outcomes of records that this node made durable, wherever their partitions are.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::intake::Caller;
use accolade_storage::host::{NotHere, Outcomes};
use accolade_wire::order::SourceTopic;

use crate::node::{ClusterNode, Inner, lock};
use crate::watches::Recorded;

/// A question for what became of records of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The partition.
    pub partition: u16,
    /// The source.
    pub source: SourceTopic,
    /// The records' offsets.
    pub offsets: Vec<i64>,
}

/// For each offset what became of the record, and the player's balance after it; nothing where that is
/// not known in time.
pub type Answered = Vec<Option<(Outcome, Option<Points>)>>;

/// Hears an answer.
pub type Answers = Box<dyn FnOnce(std::io::Result<Answered>) + Send>;

/// The way to other nodes.
pub trait Peers: std::fmt::Debug + Send + Sync {
    /// Asks the node at `address`, and returns at once; `done` hears within a little more than
    /// `patience`.
    fn ask(&self, address: &str, ask: Ask, patience: Duration, done: Answers);
}

impl Outcomes for ClusterNode {
    fn outcomes(
        &self,
        partition: u16,
        source: SourceTopic,
        offsets: &[i64],
        caller: Arc<dyn Caller>,
    ) -> Result<(), NotHere> {
        self.inner.watch(partition, source, offsets, || (0..).map(|at| (caller.clone(), at)))
    }
}

/// A question that waits for an owner to be known.
pub(crate) struct Open {
    ask: Ask,
    callers: Vec<(Arc<dyn Caller>, usize)>,
    until: Instant,
    not_before: Instant,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("ask", &self.ask).finish_non_exhaustive()
    }
}

/// Work for the thread that asks.
pub(crate) type Later = Box<dyn FnOnce(&Arc<Inner>) + Send>;

/// The thread that asks.
pub(crate) fn run(inner: &Arc<Inner>, work: &Receiver<Later>) {
    let mut expired_at = Instant::now();
    while !inner.is_stopping() {
        if expired_at.elapsed() >= EXPIRE_EVERY {
            expired_at = Instant::now();
            inner.watches.iter().for_each(|watches| lock(watches).expire(expired_at));
        }
        match work.recv_timeout(AGAIN) {
            Ok(work) => work(inner),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        inner.ask_again();
    }
}

/// After this time an owner is looked for again.
const AGAIN: Duration = Duration::from_millis(50);
/// How often those are let go who have waited long enough.
const EXPIRE_EVERY: Duration = Duration::from_millis(500);
/// So many questions wait for an owner to be known; whoever comes after them hears nothing.
const OPEN_MAX: usize = 65_536;

impl Inner {
    /// Does `work` soon, on a thread that may wait.
    pub(crate) fn later(&self, work: impl FnOnce(&Arc<Self>) + Send + 'static) {
        // The receiver ends with the node: then nobody waits any more.
        self.later.send(Box::new(work)).ok();
    }

    /// Has `callers`, one for each offset, hear what becomes of the records.
    pub(crate) fn ask(self: &Arc<Self>, ask: Ask, callers: Vec<(Arc<dyn Caller>, usize)>) {
        let now = Instant::now();
        let until = now + self.options.patience;
        self.ask_once(Open { ask, callers, until, not_before: now });
    }

    fn ask_once(self: &Arc<Self>, open: Open) {
        let Open { ask, callers, until, .. } = open;
        // Outcomes are heard of proven batches only, so the lease of reads does not matter here.
        let callers_of = || callers.iter().map(|(caller, index)| (Arc::clone(caller), *index));
        match self.watch(ask.partition, ask.source, &ask.offsets, callers_of) {
            Ok(()) => {}
            Err(NotHere::At(address)) => {
                let inner = Arc::clone(self);
                let patience = until.saturating_duration_since(Instant::now());
                let again = ask.clone();
                self.peers.ask(
                    &address,
                    ask,
                    patience,
                    Box::new(move |answered| match answered {
                        Ok(answered) => {
                            for ((caller, index), answered) in callers.into_iter().zip(answered) {
                                if let Some((outcome, balance)) = answered {
                                    caller.applied(index, &outcome, balance);
                                }
                            }
                        }
                        Err(error) => {
                            tracing::debug!(%error, "an owner did not answer; it is asked again");
                            inner.postpone(again, callers, until);
                        }
                    }),
                );
            }
            Err(NotHere::Nowhere) => self.postpone(ask, callers, until),
        }
    }

    /// Has `callers`, one for each offset, hear what becomes of records of a partition that is here.
    fn watch<C: Iterator<Item = (Arc<dyn Caller>, usize)>>(
        &self,
        partition: u16,
        source: SourceTopic,
        offsets: &[i64],
        callers: impl FnOnce() -> C,
    ) -> Result<(), NotHere> {
        let recorded: Vec<Recorded> = {
            let mut watches = lock(&self.watches[usize::from(partition)]);
            if !watches.is_open() {
                return Err(self.elsewhere(partition));
            }
            let until = Instant::now() + self.options.patience;
            let ask = |(offset, (caller, index)): (&i64, (Arc<dyn Caller>, usize))| {
                let hears = move |outcome: &Outcome, balance: Option<Points>| {
                    caller.applied(index, outcome, balance);
                };
                watches.ask(source, *offset, until, Box::new(hears))
            };
            offsets.iter().zip(callers()).filter_map(ask).collect()
        };
        for Recorded { batch, slot, hears } in recorded {
            if let Some((outcome, balance)) = self.recorded(partition, batch, slot) {
                hears.hear(&outcome, balance);
            }
        }
        Ok(())
    }

    fn postpone(&self, ask: Ask, callers: Vec<(Arc<dyn Caller>, usize)>, until: Instant) {
        let not_before = Instant::now() + AGAIN;
        let mut open = lock(&self.open_asks);
        if not_before < until && open.len() < OPEN_MAX {
            open.push(Open { ask, callers, until, not_before });
        }
    }

    /// Asks again where it is time.
    fn ask_again(self: &Arc<Self>) {
        let now = Instant::now();
        let due: Vec<Open> =
            lock(&self.open_asks).extract_if(.., |open| open.not_before <= now).collect();
        for open in due {
            self.ask_once(open);
        }
    }
}
