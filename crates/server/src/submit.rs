//! Handing records to the node, and waiting for what becomes of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_engine::input::Known;
use accolade_engine::intake::{Caller, Commit, Refused, Submission};
use accolade_storage::backing::Backing;
use accolade_storage::error::StorageError;

use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::control::{Command, Control};
use accolade_wire::journal::{Outcomes, Recorded};
use accolade_wire::record::{Kind, Record, Slice, Source};
use axum::http::StatusCode;
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::cluster::{Where, unreachable};
use crate::lock::lock;
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::{Service, now};
use crate::traces::Followed;

/// A request is answered within five seconds, whether or not the log says that it is durable.
const DURABLE_WITHIN: Duration = Duration::from_millis(4_500);

/// Records on their way to the log.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    records: Vec<u8>,
    parts: Vec<(Option<u16>, u32)>,
    known: Vec<Option<Known>>,
    /// The `traceparent` of the request.
    pub(crate) trace: Option<String>,
    /// The request, where it is followed.
    pub(crate) followed: Option<Arc<Followed>>,
}

impl Parcel {
    pub(crate) fn with_capacity(records: usize, bytes: usize) -> Self {
        let (parts, known) = (Vec::with_capacity(records), Vec::with_capacity(records));
        Self { records: Vec::with_capacity(bytes), parts, known, ..Self::default() }
    }

    /// Adds a record for a partition, or a control record for all of them, with what is known of it.
    pub(crate) fn add(
        &mut self,
        partition: Option<u16>,
        record: &Record<'_>,
        known: Option<Known>,
    ) {
        let from = self.records.len();
        record.write(&mut self.records);
        let length = u32::try_from(self.records.len() - from).expect("bodies are limited");
        self.parts.push((partition, length));
        self.known.push(known);
    }

    /// Adds a command for a partition.
    pub(crate) fn add_command(&mut self, partition: u16, operator: &str, command: &Command) {
        let body = serde_json::to_vec(command).expect("a command is plain data");
        let (kind, source, received_at) = (Kind::Command, Source::Http, now());
        let record = Record { kind, source, operator, received_at, origin: None, body: &body };
        self.add(Some(partition), &record, None);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// What became of a record, with the player's balance after it.
pub(crate) type Applied = (Outcome, Option<Points>);

/// Hears what becomes of records.
#[derive(Debug)]
pub(crate) struct Ticket {
    durable: Mutex<Option<oneshot::Sender<Result<(), Refused>>>>,
    outcomes: Mutex<Heard>,
    all_applied: Notify,
    followed: Option<Arc<Followed>>,
}

#[derive(Debug, Default)]
struct Heard {
    applied: Vec<Option<Applied>>,
    /// Of which nothing is waited for any more.
    is_settled: Vec<bool>,
    missing: usize,
}

impl Heard {
    /// Nothing is waited for any more of the record at an index; says whether that was the last.
    fn settle(&mut self, index: usize) -> bool {
        let is_first = !std::mem::replace(&mut self.is_settled[index], true);
        self.missing -= usize::from(is_first);
        is_first && self.missing == 0
    }
}

impl Ticket {
    fn new(
        count: usize,
        durable: Option<oneshot::Sender<Result<(), Refused>>>,
        followed: Option<Arc<Followed>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            durable: Mutex::new(durable),
            outcomes: Mutex::new(Heard {
                applied: vec![None; count],
                is_settled: vec![false; count],
                missing: count,
            }),
            all_applied: Notify::new(),
            followed,
        })
    }

    /// One for `count` records that are durable.
    pub(crate) fn for_outcomes(count: usize) -> Arc<Self> {
        Self::new(count, None, None)
    }

    /// What has become of the records, once all are folded, nobody says more, or the time is up.
    pub(crate) async fn wait(&self, patience: Duration) -> Vec<Option<Applied>> {
        if lock(&self.outcomes).missing > 0 {
            // After the time is up, what has arrived is what there is.
            drop(tokio::time::timeout(patience, self.all_applied.notified()).await);
        }
        lock(&self.outcomes).applied.clone()
    }

    fn tell(&self, what: Result<(), Refused>) {
        if let Some(sender) = lock(&self.durable).take() {
            // Whoever asked may have gone.
            sender.send(what).ok();
        }
    }
}

impl Caller for Ticket {
    fn committed(&self, commit: &Arc<Commit>) {
        if let Some(followed) = &self.followed {
            followed.was_committed(commit);
        }
    }

    fn durable(&self) {
        self.tell(Ok(()));
    }

    fn refused(&self, why: Refused) {
        self.tell(Err(why));
    }

    fn applied(&self, index: usize, outcome: &Outcome, balance: Option<Points>) {
        let mut outcomes = lock(&self.outcomes);
        outcomes.applied[index] = Some((outcome.clone(), balance));
        if outcomes.settle(index) {
            let are_folded = outcomes.applied.iter().all(Option::is_some);
            if let Some(followed) = self.followed.as_ref().filter(|_| are_folded) {
                followed.was_folded();
            }
            self.all_applied.notify_one();
        }
    }

    fn unheard(&self, index: usize) {
        if lock(&self.outcomes).settle(index) {
            self.all_applied.notify_one();
        }
    }
}

/// How a command was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// It is done now.
    Now,
    /// The same command came before, and was done then.
    Before,
    /// It is durable, and will be done.
    NotYet,
}

impl Carried {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Now | Self::Before => StatusCode::OK,
            Self::NotYet => StatusCode::ACCEPTED,
        }
    }
}

/// What a command or a control record has made; a problem where it is declined.
pub(crate) fn made_by(outcome: Outcome) -> Result<u64, Problem> {
    match outcome {
        Outcome::Done { made } => Ok(made),
        Outcome::Declined { why } => Err(why.into()),
        Outcome::DeadLetter { .. }
        | Outcome::Counted { .. }
        | Outcome::Recorded
        | Outcome::Refused { .. }
        | Outcome::Repeated { .. }
        | Outcome::Voided { .. }
        | Outcome::Time { .. } => Err(Declined::Malformed.into()),
    }
}

impl Service {
    /// Returns once the parcel is durable.
    pub(crate) async fn submit(&self, parcel: Parcel) -> Result<(), Problem> {
        self.hand_over(parcel, false).await.map(drop)
    }

    /// Returns once the parcel is durable and folded, or has waited long enough: then some outcomes
    /// are missing.
    pub(crate) async fn submit_and_wait(
        &self,
        parcel: Parcel,
    ) -> Result<Vec<Option<Applied>>, Problem> {
        let until = tokio::time::Instant::now() + Duration::from_millis(self.settings.wait_ms);
        let ticket = self.hand_over(parcel, true).await?;
        Ok(ticket.wait(until.saturating_duration_since(tokio::time::Instant::now())).await)
    }

    async fn hand_over(&self, parcel: Parcel, waits: bool) -> Result<Arc<Ticket>, Problem> {
        let (sender, durable) = oneshot::channel();
        let count = if waits { parcel.parts.len() } else { 0 };
        let ticket = Ticket::new(count, Some(sender), parcel.followed);
        self.host.submit(Submission {
            records: parcel.records,
            parts: parcel.parts,
            known: parcel.known,
            caller: Arc::<Ticket>::clone(&ticket),
            wants_outcomes: waits,
            taken_at: Instant::now(),
            trace: parcel.trace,
        })?;
        let durable = tokio::time::timeout(DURABLE_WITHIN, durable).await;
        durable.map_err(|_| Refused::Uncertain)?.unwrap_or(Err(Refused::Uncertain))?;
        Ok(ticket)
    }

    /// Carries out a control record; returns what it made, or nothing if that takes too long.
    pub(crate) async fn control(&self, control: &Control) -> Result<Option<u64>, Problem> {
        let body = serde_json::to_vec(control).expect("a control record is plain data");
        match self.submit_one(None, Kind::Control, "", &body).await? {
            Some(outcome) => made_by(outcome).map(Some),
            None => Ok(None),
        }
    }

    /// Carries out a command in a partition; in a dry run, of one that is here, says what would be.
    pub(crate) async fn command(
        &self,
        partition: u16,
        operator: &str,
        command: &Command,
        is_dry: bool,
    ) -> Result<Carried, Problem> {
        let carried = self.carry_out(partition, operator, command, is_dry).await?;
        Ok(carried.map_or(Carried::NotYet, |(carried, _)| carried))
    }

    /// The same, with what the command has made; nothing if that takes too long.
    pub(crate) async fn carry_out(
        &self,
        partition: u16,
        operator: &str,
        command: &Command,
        is_dry: bool,
    ) -> Result<Option<(Carried, u64)>, Problem> {
        let body = serde_json::to_vec(command).expect("a command is plain data");
        let outcome = if is_dry {
            Some(self.would(partition, operator, body).await?)
        } else {
            self.submit_one(Some(partition), Kind::Command, operator, &body).await?
        };
        let Some(outcome) = outcome else { return Ok(None) };
        let came_before = matches!(outcome, Outcome::Repeated { .. });
        let made = made_by(self.first_of(outcome).await?)?;
        Ok(Some((if came_before { Carried::Before } else { Carried::Now }, made)))
    }

    /// What becomes of one record; nothing if that takes too long.
    async fn submit_one(
        &self,
        partition: Option<u16>,
        kind: Kind,
        operator: &str,
        body: &[u8],
    ) -> Result<Option<Outcome>, Problem> {
        let mut parcel = Parcel::default();
        let (source, received_at, origin) = (Source::Http, now(), None);
        let record = Record { kind, source, operator, received_at, origin, body };
        parcel.add(partition, &record, None);
        let applied = self.submit_and_wait(parcel).await?.pop().flatten();
        self.counters.commands.increment(1);
        Ok(applied.map(|(outcome, _)| outcome))
    }

    /// The outcome, or of a repeat that of the first time.
    async fn first_of(&self, outcome: Outcome) -> Result<Outcome, Problem> {
        let Outcome::Repeated { first } = outcome else { return Ok(outcome) };
        self.outcomes_at(&[first]).await?.pop().flatten().ok_or_else(not_yet)
    }

    /// The first outcomes of those that are repeats, in their places.
    pub(crate) async fn first_outcomes(
        &self,
        applied: &[Option<Applied>],
    ) -> Result<Vec<Option<Outcome>>, Problem> {
        let (mut indexes, mut places) = (Vec::new(), Vec::new());
        for (index, applied) in applied.iter().enumerate() {
            if let Some((Outcome::Repeated { first }, _)) = applied {
                indexes.push(index);
                places.push(*first);
            }
        }
        let mut firsts = vec![None; applied.len()];
        for (index, outcome) in indexes.into_iter().zip(self.outcomes_at(&places).await?) {
            firsts[index] = outcome;
        }
        Ok(firsts)
    }

    /// The outcomes at many places, wherever their partitions are.
    async fn outcomes_at(&self, places: &[Place]) -> Result<Vec<Option<Outcome>>, Problem> {
        let mut found = vec![None; places.len()];
        let mut by_owner: BTreeMap<Where, (Vec<usize>, Vec<Place>)> = BTreeMap::new();
        for (index, place) in places.iter().enumerate() {
            let (indexes, own) = by_owner.entry(self.find(place.partition).await?).or_default();
            indexes.push(index);
            own.push(*place);
        }
        for (at, (indexes, places)) in by_owner {
            let outcomes = match at {
                Where::Here => {
                    let service = self.clone();
                    blocking(move || service.outcomes_here(&places)).await??
                }
                Where::At(address) => {
                    let answer = self.neighbours()?.ask_recorded(&address, &places).await;
                    answer.map_err(|error| unreachable(&address, &error))?
                }
            };
            for (index, outcome) in indexes.into_iter().zip(outcomes) {
                found[index] = outcome;
            }
        }
        Ok(found)
    }

    /// The outcomes at many places of partitions that are here, each batch read once: a repeated
    /// request repeats whole batches.
    pub(crate) fn outcomes_here(&self, places: &[Place]) -> Result<Vec<Option<Outcome>>, Problem> {
        let mut found = vec![None; places.len()];
        let mut sorted: Vec<(Place, usize)> = places.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        let batch_of = |(place, _): &(Place, usize)| (place.partition, place.batch);
        for batch in sorted.chunk_by(|a, b| batch_of(a) == batch_of(b)) {
            let (partition, number) = batch_of(&batch[0]);
            let backing = self.host.backing(partition)?;
            let bytes = soon(|| backing.journal.read(partition, number))?.ok_or_else(not_yet)?;
            let slice =
                Slice::read_unchecked(&mut Cursor::new(&bytes, "slice")).map_err(damaged)?;
            let mut wanted = batch.iter().peekable();
            for recorded in Outcomes::read(&slice).map_err(damaged)? {
                let recorded = recorded.map_err(damaged)?;
                while let Some((_, at)) =
                    wanted.next_if(|(place, _)| place.slot == recorded.place.slot)
                {
                    found[*at] = Some(recorded.outcome.clone());
                }
                if wanted.peek().is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}

fn damaged(error: BadFormat) -> StorageError {
    StorageError::bad("journal", 0, error)
}

/// Threads for requests; the runtime has 512, and what says how the node is needs some of the others.
static THREADS: Semaphore = Semaphore::const_new(384);
/// How long a request waits for one.
const THREAD_TIME: Duration = Duration::from_secs(1);

/// Runs what reads from the disk, or works for long, where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let thread = tokio::time::timeout(THREAD_TIME, THREADS.acquire()).await;
    let Ok(Ok(thread)) = thread else {
        let detail = "all threads for requests are held up: ask again";
        return Err(Problem::new(Refusal::Busy, detail));
    };
    // It is held for as long as the thread is, whether or not somebody still waits.
    blocking_beside(move || {
        let _thread = thread;
        run()
    })
    .await
}

/// As [`blocking`], for what says how the node is: however many requests wait, it has a thread.
pub(crate) async fn blocking_beside<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(run).await.map_err(|error| {
        StorageError::other("a request was not ended", std::io::Error::other(error)).into()
    })
}

/// Reads what became of the record at `place`. The journal may be a moment behind the state that
/// named the place.
pub(crate) fn recorded_soon<T>(
    backing: &Backing,
    place: Place,
    read: impl Fn(&Recorded<'_>) -> T,
) -> Result<T, Problem> {
    soon(|| backing.recorded(place, &read))?.ok_or_else(not_yet)
}

/// Reads outcomes one after the other, and a batch only once as long as they are in the same.
#[derive(Debug)]
pub(crate) struct Reader {
    backing: Arc<Backing>,
    batch: Option<(u16, u64, Vec<u8>)>,
}

impl Reader {
    pub(crate) const fn new(backing: Arc<Backing>) -> Self {
        Self { backing, batch: None }
    }

    /// Says that `place` will be read soon.
    pub(crate) fn expect(&self, place: Place) -> Result<(), Problem> {
        Ok(self.backing.journal.will_read(place.partition, place.batch)?)
    }

    /// As [`recorded_soon`].
    pub(crate) fn recorded<T>(
        &mut self,
        place: Place,
        read: impl FnOnce(&Recorded<'_>) -> T,
    ) -> Result<T, Problem> {
        let (partition, number) = (place.partition, place.batch);
        let bytes = match self.batch.take() {
            Some((same, batch, bytes)) if (same, batch) == (partition, number) => bytes,
            _ => {
                let journal = &self.backing.journal;
                soon(|| journal.read(partition, number))?.ok_or_else(not_yet)?
            }
        };
        let (_, _, bytes) = self.batch.insert((partition, number, bytes));
        let slice = Slice::read_unchecked(&mut Cursor::new(bytes, "slice")).map_err(damaged)?;
        let outcomes = Outcomes::read(&slice).map_err(damaged)?;
        Ok(read(&outcomes.at(place.slot).map_err(damaged)?))
    }
}

/// Looks again for a second, until there is something.
pub(crate) fn soon<T>(
    mut look: impl FnMut() -> Result<Option<T>, StorageError>,
) -> Result<Option<T>, StorageError> {
    for _ in 0..1_000 {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    look()
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_what_nobody_is_going_to_say() {
        let ticket = Ticket::for_outcomes(2);
        let outcome = Outcome::Repeated { first: Place::default() };
        ticket.applied(0, &outcome, None);
        let long = Duration::from_hours(1);
        let ends = tokio::time::timeout(Duration::from_millis(20), ticket.wait(long)).await;
        assert!(ends.is_err(), "one is still waited for");
        ticket.unheard(1);
        ticket.unheard(1);
        let told = tokio::time::timeout(long, ticket.wait(long)).await.unwrap();
        assert_eq!(told, [Some((outcome.clone(), None)), None]);
        // What was said all the same is not lost.
        ticket.applied(1, &outcome, None);
        assert!(ticket.wait(long).await.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn a_thousand_requests_that_wait_leave_a_thread_for_what_says_how_the_node_is() {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let wait = |gate: Arc<(Mutex<bool>, Condvar)>| {
            move || {
                let (is_open, opened) = &*gate;
                drop(opened.wait_while(lock(is_open), |is_open| !*is_open).unwrap());
            }
        };
        let requests: Vec<_> =
            (0..1_000).map(|_| tokio::spawn(blocking(wait(Arc::clone(&gate))))).collect();
        while requests.iter().filter(|request| request.is_finished()).count() < 1_000 - 384 {
            assert_eq!(blocking_beside(|| "ready").await.unwrap(), "ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        *lock(&gate.0) = true;
        gate.1.notify_all();
        let mut served = 0;
        for request in requests {
            match request.await.unwrap() {
                Ok(()) => served += 1,
                Err(problem) => assert_eq!(problem.refusal, Refusal::Busy),
            }
        }
        assert_eq!(served, 384);
    }
}
