//! This node's place in the group that shares the partitions out: a hint, never a proof.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use accolade_engine::ordered::LogFailed;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use crate::clients::{self, HEARTBEAT, report};
use crate::config::KafkaConfig;
use crate::error::{log_failed, passes};

/// How long the group is waited for when its member leaves.
const LEAVES_WITHIN: Duration = Duration::from_secs(5);
/// How long one look for an answer of the group takes meanwhile.
const LOOK: Duration = Duration::from_millis(5);
/// How long a closing group takes to notice that nothing more is expected of it.
const CLOSES_WITHIN: Duration = Duration::from_millis(20);

/// How long a member that was put out stays away at first, and at the most; two nodes of one name put each
/// other out for ever.
const AWAY_MIN: Duration = Duration::from_secs(1);
const AWAY_MAX: Duration = Duration::from_mins(1);

/// This node in the group, again and again until it leaves.
pub(crate) struct Membership {
    config: KafkaConfig,
    place: Mutex<Place>,
    told: Told,
}

struct Place {
    joined: Option<Joined>,
    /// When it joins again, where it was put out.
    again_at: Option<Instant>,
    /// How long it stayed away the last time.
    away: Duration,
}

struct Joined {
    consumer: BaseConsumer<Member>,
    nudged_at: Instant,
    since: Instant,
}

impl Joined {
    fn new(config: &KafkaConfig, told: &Told) -> Result<Self, KafkaError> {
        let number = {
            let mut state = lock(&told.0);
            state.number += 1;
            state.number
        };
        let member = Member { number, told: told.clone() };
        let consumer: BaseConsumer<_> = clients::member(config).create_with_context(member)?;
        consumer.subscribe(&[&config.topics.commands])?;
        let now = Instant::now();
        Ok(Self { consumer, nudged_at: now, since: now })
    }

    /// The client looks at its clock only when it has something to do, else once in a second: a question
    /// that it answers by itself makes it send its heartbeat in time.
    fn nudge(&mut self) {
        if self.nudged_at.elapsed() >= HEARTBEAT {
            self.nudged_at = Instant::now();
            if let Err(error) = self.consumer.subscription() {
                tracing::debug!(%error, "the group's member does not answer");
            }
        }
    }
}

/// What the group has told last, for whoever asks.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<State>>);

impl Told {
    /// The generation in which partitions were assigned last, if all of these were among them.
    pub(crate) fn generation_of(&self, partitions: &[u16]) -> Option<Arc<ConsumerGroupMetadata>> {
        let state = lock(&self.0);
        let are_held = partitions.iter().all(|partition| state.partitions.contains(partition));
        state.generation.clone().filter(|_| are_held)
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").finish_non_exhaustive()
    }
}

/// What the group has told last.
#[derive(Default)]
struct State {
    /// The number of the member that counts; one that was put out may still be at its end.
    number: u64,
    partitions: Vec<u16>,
    /// Taken when the partitions were assigned: later it may already be of the next generation.
    generation: Option<Arc<ConsumerGroupMetadata>>,
    is_news: bool,
    /// Partitions were assigned, and not revoked.
    holds: bool,
    phase: Phase,
}

/// How far this member has come to leaving.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Present,
    /// It has told the group.
    Leaving,
    /// Its consumer is being closed.
    Closing,
}

impl Membership {
    pub(crate) fn join(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let told = Told::default();
        let joined = Some(Joined::new(config, &told)?);
        let place = Mutex::new(Place { joined, again_at: None, away: AWAY_MIN });
        Ok(Self { config: config.clone(), place, told })
    }

    pub(crate) fn told(&self) -> Told {
        self.told.clone()
    }

    /// Serves the group, and says what it has assigned where that is news.
    pub(crate) fn serve(&self) -> Result<Option<Vec<u16>>, LogFailed> {
        let mut place = lock(&self.place);
        if place.again_at.is_some_and(|at| at <= Instant::now()) {
            place.joined = Some(
                Joined::new(&self.config, &self.told)
                    .map_err(|error| log_failed("the group", &error))?,
            );
            place.again_at = None;
        }
        if let Some(joined) = &mut place.joined {
            joined.nudge();
            let polled = joined.consumer.poll(Duration::ZERO);
            if let Some((_, why)) = joined.consumer.client().fatal_error() {
                return Err(self.put_out(&mut place, &why));
            }
            match polled {
                Some(Err(error)) if !passes(&error) => return Err(log_failed("the group", &error)),
                Some(_) | None => {}
            }
        }
        let mut state = lock(&self.told.0);
        Ok(std::mem::take(&mut state.is_news).then(|| state.partitions.clone()))
    }

    /// Gives up a member that has failed for good; after a while another joins in its place.
    ///
    /// The group puts a member out where another has joined under its name. That may be this node's own
    /// request, which was on its way when the coordinator stood still, and was sent again.
    fn put_out(&self, place: &mut Place, why: &str) -> LogFailed {
        if let Some(Joined { consumer, since, .. }) = place.joined.take() {
            let was_long = since.elapsed() > AWAY_MAX;
            place.away = if was_long { AWAY_MIN } else { AWAY_MAX.min(place.away * 2) };
            clients::let_go(consumer);
        }
        place.again_at = Some(Instant::now() + place.away);
        let mut state = lock(&self.told.0);
        state.number += 1;
        state.partitions.clear();
        (state.holds, state.is_news) = (false, true);
        LogFailed::Unavailable(format!(
            "the group has put this node out, which joins again in {} s; where that goes on, another \
             node has its name: {why}",
            place.away.as_secs()
        ))
    }

    /// Takes the member away, for good.
    fn take(&self) -> Option<BaseConsumer<Member>> {
        let mut place = lock(&self.place);
        place.again_at = None;
        place.joined.take().map(|joined| joined.consumer)
    }

    /// Leaves the group. Closing alone would not do: a static member that is closed is expected back.
    pub(crate) fn leave(&self) {
        let Some(consumer) = self.take() else { return };
        lock(&self.told.0).phase = Phase::Leaving;
        consumer.unsubscribe();
        let until = Instant::now() + LEAVES_WITHIN;
        while lock(&self.told.0).holds && Instant::now() < until {
            serve_quietly(&consumer, LOOK);
        }
        self.close(consumer);
    }

    fn close(&self, consumer: BaseConsumer<Member>) {
        // What the group has said already, so that no answer is open when it closes.
        for _ in 0..3 {
            serve_quietly(&consumer, Duration::ZERO);
        }
        lock(&self.told.0).phase = Phase::Closing;
        drop(consumer);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(consumer) = self.take() {
            self.close(consumer);
        }
    }
}

/// Serves the group for at most `patience`.
fn serve_quietly(consumer: &BaseConsumer<Member>, patience: Duration) {
    if let Some(Err(error)) = consumer.poll(patience) {
        tracing::debug!(%error, "while the group was left");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the group.
struct Member {
    number: u64,
    told: Told,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        report(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka");
    }
}

impl ConsumerContext for Member {
    /// Takes note, and reads nothing: data is read by another consumer, from exact offsets.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        assigned: &mut TopicPartitionList,
    ) {
        if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assigned(consumer, assigned);
        } else {
            self.revoked(consumer);
        }
    }
}

impl Member {
    fn assigned(&self, consumer: &BaseConsumer<Self>, assigned: &TopicPartitionList) {
        let mut state = lock(&self.told.0);
        // The group itself does not wait for this answer any more, and would not take it.
        if state.phase != Phase::Present || state.number != self.number {
            return;
        }
        state.partitions = assigned
            .elements()
            .iter()
            .filter_map(|element| u16::try_from(element.partition()).ok())
            .collect();
        state.partitions.sort_unstable();
        state.generation = consumer.group_metadata().map(Arc::new);
        (state.holds, state.is_news) = (true, true);
        answer(consumer.assign(&TopicPartitionList::new()));
    }

    fn revoked(&self, consumer: &BaseConsumer<Self>) {
        let mut state = lock(&self.told.0);
        let counts = state.number == self.number;
        if counts {
            state.holds = false;
        }
        // An answer to a group that is closed already would be waited for without an end.
        if !counts || state.phase == Phase::Closing {
            drop(state);
            std::thread::sleep(CLOSES_WITHIN);
            if consumer.closed() {
                return;
            }
        } else if consumer.assignment_lost() {
            // Where the group only rearranges itself, the next assignment says what is still ours.
            state.partitions.clear();
            state.is_news = true;
        }
        answer(consumer.unassign());
    }
}

fn answer(result: Result<(), KafkaError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the group could not be answered");
    }
}
