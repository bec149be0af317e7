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
        self.inner.watch(partition, source, offsets, || (0..).map(|at| Listener::new(&caller, at)))
    }
}

/// Waits for what becomes of one record. Dropped before that is known, it tells its caller that nobody will say: who
/// waits for what cannot come any more waits no longer.
pub(crate) struct Listener {
    caller: Option<Arc<dyn Caller>>,
    index: usize,
}

impl Listener {
    /// One for the record at `index` of what a caller has handed over.
    pub(crate) fn new(caller: &Arc<dyn Caller>, index: usize) -> Self {
        Self { caller: Some(Arc::clone(caller)), index }
    }

    fn hear(mut self, outcome: &Outcome, balance: Option<Points>) {
        if let Some(caller) = self.caller.take() {
            caller.applied(self.index, outcome, balance);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(caller) = self.caller.take() {
            caller.unheard(self.index);
        }
    }
}

/// A question that waits for an owner to be known.
pub(crate) struct Open {
    ask: Ask,
    listeners: Vec<Listener>,
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

    /// Has `listeners`, one for each offset, hear what becomes of the records.
    pub(crate) fn ask(self: &Arc<Self>, ask: Ask, listeners: Vec<Listener>) {
        let now = Instant::now();
        let until = now + self.options.patience;
        self.ask_once(Open { ask, listeners, until, not_before: now });
    }

    fn ask_once(self: &Arc<Self>, open: Open) {
        let Open { ask, mut listeners, until, .. } = open;
        // Outcomes are heard of proven batches only, so the lease of reads does not matter here.
        let own = || std::mem::take(&mut listeners).into_iter();
        match self.watch(ask.partition, ask.source, &ask.offsets, own) {
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
                            for (listener, answered) in listeners.into_iter().zip(answered) {
                                if let Some((outcome, balance)) = answered {
                                    listener.hear(&outcome, balance);
                                }
                            }
                        }
                        Err(error) => {
                            tracing::debug!(%error, "an owner did not answer; it is asked again");
                            inner.postpone(again, listeners, until);
                        }
                    }),
                );
            }
            Err(NotHere::Nowhere) => self.postpone(ask, listeners, until),
        }
    }

    /// Has `listeners`, one for each offset, hear what becomes of records of a partition that is here; asks for none of
    /// them where it is not.
    fn watch<L: Iterator<Item = Listener>>(
        &self,
        partition: u16,
        source: SourceTopic,
        offsets: &[i64],
        listeners: impl FnOnce() -> L,
    ) -> Result<(), NotHere> {
        let recorded: Vec<Recorded> = {
            let mut watches = lock(&self.watches[usize::from(partition)]);
            if !watches.is_open() {
                return Err(self.elsewhere(partition));
            }
            let until = Instant::now() + self.options.patience;
            let ask = |(offset, listener): (&i64, Listener)| {
                let hears = move |outcome: &Outcome, balance: Option<Points>| {
                    listener.hear(outcome, balance);
                };
                watches.ask(source, *offset, until, Box::new(hears))
            };
            offsets.iter().zip(listeners()).filter_map(ask).collect()
        };
        for Recorded { batch, slot, hears } in recorded {
            if let Some((outcome, balance)) = self.recorded(partition, batch, slot) {
                hears.hear(&outcome, balance);
            }
        }
        Ok(())
    }

    fn postpone(&self, ask: Ask, listeners: Vec<Listener>, until: Instant) {
        let not_before = Instant::now() + AGAIN;
        let mut open = lock(&self.open_asks);
        if not_before < until && open.len() < OPEN_MAX {
            open.push(Open { ask, listeners, until, not_before });
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use accolade_domain::ledger::Place;
    use accolade_engine::intake::Refused;

    use super::*;
    use crate::watches::Watches;

    /// Notes of which records it heard, and of which it heard that nobody says.
    #[derive(Debug, Default)]
    struct Hears(Mutex<(Vec<usize>, Vec<usize>)>);

    impl Caller for Hears {
        fn durable(&self) {}

        fn refused(&self, _: Refused) {}

        fn applied(&self, index: usize, _: &Outcome, _: Option<Points>) {
            lock(&self.0).0.push(index);
        }

        fn unheard(&self, index: usize) {
            lock(&self.0).1.push(index);
        }
    }

    fn wait_for(watches: &mut Watches, caller: &Arc<dyn Caller>, index: usize, until: Instant) {
        let listener = Listener::new(caller, index);
        let hears =
            move |outcome: &Outcome, balance: Option<Points>| listener.hear(outcome, balance);
        let offset = i64::try_from(index).unwrap();
        assert!(watches.ask(SourceTopic::Wagers, offset, until, Box::new(hears)).is_none());
    }

    #[test]
    fn whoever_waits_is_told_once_nobody_is_going_to_say() {
        let hears = Arc::new(Hears::default());
        let caller: Arc<dyn Caller> = Arc::<Hears>::clone(&hears);
        let mut watches = Watches::default();
        watches.open([0; 4]);
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        wait_for(&mut watches, &caller, 0, now);
        wait_for(&mut watches, &caller, 1, later);
        watches.expire(now);
        assert_eq!(*lock(&hears.0), (vec![], vec![0]), "one has waited long enough");
        watches.forget();
        assert_eq!(*lock(&hears.0), (vec![], vec![0, 1]), "the partition is another's");
        let outcome = Outcome::Repeated { first: Place::default() };
        Listener::new(&caller, 2).hear(&outcome, None);
        assert_eq!(*lock(&hears.0), (vec![2], vec![0, 1]), "who has heard is told nothing else");
    }
}
