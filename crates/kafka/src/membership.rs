//! This node's place in the group that shares the partitions out: a hint, never a proof.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use accolade_engine::ordered::LogFailed;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
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

/// A member of the group; nothing once it has left.
pub(crate) struct Membership {
    consumer: Mutex<Option<Joined>>,
    told: Told,
}

struct Joined {
    consumer: BaseConsumer<Member>,
    nudged_at: Instant,
}

impl Joined {
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
    /// The generation in which the partitions were assigned.
    pub(crate) fn generation(&self) -> Option<Arc<ConsumerGroupMetadata>> {
        lock(&self.0).generation.clone()
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
        let member = Member { told: told.clone() };
        let consumer: BaseConsumer<_> = clients::member(config).create_with_context(member)?;
        consumer.subscribe(&[&config.topics.commands])?;
        let joined = Joined { consumer, nudged_at: Instant::now() };
        Ok(Self { consumer: Mutex::new(Some(joined)), told })
    }

    pub(crate) fn told(&self) -> Told {
        self.told.clone()
    }

    /// Serves the group, and says what it has assigned where that is news.
    pub(crate) fn serve(&self) -> Result<Option<Vec<u16>>, LogFailed> {
        let mut joined = lock(&self.consumer);
        let Some(joined) = joined.as_mut() else { return Ok(None) };
        joined.nudge();
        match joined.consumer.poll(Duration::ZERO) {
            Some(Err(error)) if is_replaced(&error) => {
                let what = "another node has joined under this node's name";
                return Err(LogFailed::Damaged(what.into()));
            }
            Some(Err(error)) if !passes(&error) => return Err(log_failed("the group", &error)),
            Some(_) | None => {}
        }
        let mut state = lock(&self.told.0);
        Ok(std::mem::take(&mut state.is_news).then(|| state.partitions.clone()))
    }

    /// Leaves the group. Closing alone would not do: a static member that is closed is expected back.
    pub(crate) fn leave(&self) {
        let Some(Joined { consumer, .. }) = lock(&self.consumer).take() else { return };
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
        if let Some(Joined { consumer, .. }) = lock(&self.consumer).take() {
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

fn is_replaced(error: &KafkaError) -> bool {
    matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::FencedInstanceId))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the group.
struct Member {
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
        if state.phase != Phase::Present {
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
        state.holds = false;
        // An answer to a group that is closed already would be waited for without an end.
        if state.phase == Phase::Closing {
            std::thread::sleep(CLOSES_WITHIN);
            if consumer.closed() {
                return;
            }
        }
        // Where the group only rearranges itself, the next assignment says what is still ours.
        if consumer.assignment_lost() {
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
