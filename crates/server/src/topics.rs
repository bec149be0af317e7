//! The output topics of the embedded form, derived from the log and the journal: nothing is stored
//! twice.

use std::collections::BTreeMap;
use std::time::Duration;

use accolade_domain::amount::{Amount, Multiplier, Points};
use accolade_domain::event::{Event, GameEvent, Wager};
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_storage::error::StorageError;
use accolade_wire::bytes::Cursor;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::journal::{Outcomes, Recorded};
use accolade_wire::record::{Kind, Record, Slice, Source};
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::mpsc;

use crate::dead_letters::{id_of, stage_of};
use crate::parameters::{Named, Parameters};
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{Exact, PlaceShape, Time, multiplier, raw, respond};
use crate::tenant::Door;

/// How often a stream that follows looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Accounts that are copied before the fold may go on.
const ACCOUNTS_AT_ONCE: usize = 1_000;

/// A topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Wagers,
    GameEvents,
    Eligible,
    Calculated,
    Balances,
    DeadLetters,
}

const TOPICS: [(&str, Topic); 6] = [
    ("wager.events", Topic::Wagers),
    ("player.events.raw", Topic::GameEvents),
    ("loyalty.eligible", Topic::Eligible),
    ("loyalty.calculated", Topic::Calculated),
    ("loyalty.balances", Topic::Balances),
    ("accolade.dead-letters", Topic::DeadLetters),
];

/// The topics' names.
pub(crate) async fn names() -> Response {
    let names: Vec<_> = TOPICS.iter().map(|(name, _)| *name).collect();
    respond(StatusCode::OK, &names)
}

/// What a stream shows.
struct Wanted {
    name: &'static str,
    topic: Topic,
    operator: Option<String>,
    from_earliest: bool,
    follows: bool,
    left: u64,
}

/// The records of a topic as lines of JSON.
pub(crate) async fn tail(
    State(Door { service, .. }): State<Door>,
    Named(name): Named,
    uri: Uri,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(uri.query(), &["operator", "from", "follow", "limit"])?;
    let found = TOPICS.iter().find(|(other, _)| *other == name);
    let (name, topic) = *found.ok_or_else(|| Problem::not_found("topic"))?;
    let wanted = Wanted {
        name,
        topic,
        operator: parameters.text("operator").map(str::to_owned),
        from_earliest: parameters.choice(
            "from",
            false,
            &[("earliest", true), ("latest", false)],
        )?,
        follows: parameters.switch("follow")?,
        left: parameters.number("limit", 0, u64::MAX)?.unwrap_or(u64::MAX),
    };
    // The end of now is the beginning of a stream from the latest, so it is fixed before answering.
    let start: Vec<u64> = (0..service.partitions())
        .map(|number| service.node.read(number, Partition::next_batch))
        .collect();
    Ok(stream(move |lines| {
        if let Err(error) = (Tail { service, wanted, lines }).run(start) {
            tracing::error!(%error, "a topic could not be read");
        }
    }))
}

/// Lines on their way to a client; full ones wait until it has read.
pub(crate) struct Lines(mpsc::Sender<Bytes>);

/// The client has gone.
pub(crate) struct Gone;

impl Lines {
    pub(crate) fn send(&self, line: &impl Serialize) -> Result<(), Gone> {
        let mut bytes = serde_json::to_vec(line).expect("a shape is plain data");
        bytes.push(b'\n');
        self.0.blocking_send(bytes.into()).map_err(|_| Gone)
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// Answers lines of JSON that `write` makes, on a thread of its own.
pub(crate) fn stream(write: impl FnOnce(Lines) + Send + 'static) -> Response {
    let (sender, receiver) = mpsc::channel(64);
    tokio::task::spawn_blocking(move || write(Lines(sender)));
    let lines = futures_util::stream::unfold(receiver, async |mut receiver| {
        let line = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), receiver))
    });
    raw(StatusCode::OK, "application/x-ndjson", Body::from_stream(lines))
}

#[derive(Serialize)]
struct Line<'a> {
    topic: &'static str,
    partition: u16,
    place: PlaceShape,
    key: &'a str,
    time: Time,
    value: Box<RawValue>,
}

struct Tail {
    service: Service,
    wanted: Wanted,
    lines: Lines,
}

/// Why a stream ends before its end.
enum Ended {
    Gone,
    Storage(StorageError),
}

impl From<Gone> for Ended {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<StorageError> for Ended {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Tail {
    fn run(mut self, latest: Vec<u64>) -> Result<(), StorageError> {
        match self.write(latest) {
            Ok(()) | Err(Ended::Gone) => Ok(()),
            Err(Ended::Storage(error)) => Err(error),
        }
    }

    fn write(&mut self, latest: Vec<u64>) -> Result<(), Ended> {
        let mut next = latest.clone();
        if self.wanted.from_earliest {
            if self.wanted.topic == Topic::Balances {
                next = self.all_balances()?;
            } else {
                let log = &self.service.node.backing().log;
                for (number, next) in (0..).zip(&mut next) {
                    *next = log.first_batch(number).unwrap_or(*next).min(*next);
                }
            }
        }
        let mut ends = latest;
        loop {
            self.write_up_to(&mut next, &ends)?;
            let is_over = !self.wanted.follows || self.wanted.left == 0;
            if is_over || self.service.is_retired() || self.lines.is_closed() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
            for (number, end) in (0..).zip(&mut ends) {
                *end = self.service.node.read(number, Partition::next_batch);
            }
        }
    }

    /// Writes what lies before `ends`, the oldest batch of all partitions first.
    fn write_up_to(&mut self, next: &mut [u64], ends: &[u64]) -> Result<(), Ended> {
        let mut heads: BTreeMap<(Timestamp, usize), Batch> = BTreeMap::new();
        for at in 0..next.len() {
            self.read_ahead(at, next, ends, &mut heads)?;
        }
        while let Some(((_, at), batch)) = heads.pop_first() {
            self.write_batch(&batch)?;
            if self.wanted.left == 0 {
                return Ok(());
            }
            self.read_ahead(at, next, ends, &mut heads)?;
        }
        Ok(())
    }

    /// Reads the next batch of a partition that holds anything.
    fn read_ahead(
        &self,
        at: usize,
        next: &mut [u64],
        ends: &[u64],
        heads: &mut BTreeMap<(Timestamp, usize), Batch>,
    ) -> Result<(), StorageError> {
        let backing = self.service.node.backing();
        let number = u16::try_from(at).expect("partitions are counted in 16 bits");
        while next[at] < ends[at] {
            // The journal may be a moment behind the state.
            let Some(journal) = backing.journal.read(number, next[at])? else { return Ok(()) };
            let log = backing.log.read(number, next[at])?;
            next[at] += 1;
            let batch = Batch { log, journal };
            let time = batch.outcomes().map(|outcomes| outcomes.time);
            if let Some(time) = time.filter(|_| !batch.is_empty()) {
                heads.insert((time, at), batch);
                return Ok(());
            }
        }
        Ok(())
    }

    fn write_batch(&mut self, batch: &Batch) -> Result<(), Gone> {
        let Some(outcomes) = batch.outcomes() else { return Ok(()) };
        let Some(slice) = batch.records() else { return Ok(()) };
        for (record, recorded) in slice.records().zip(outcomes) {
            let (Ok(record), Ok(recorded)) = (record, recorded) else { return Ok(()) };
            if self.wanted.left > 0 {
                self.write_record(&record, &recorded)?;
            }
        }
        Ok(())
    }

    fn write_record(&mut self, record: &Record<'_>, recorded: &Recorded<'_>) -> Result<(), Gone> {
        let event = match record.kind {
            Kind::Wager => read_wager(record.body).ok(),
            Kind::GameEvent => read_game_event(record.body).ok().map(Event::Game),
            Kind::Command | Kind::Control => return Ok(()),
        };
        let operator = match &event {
            Some(Event::Wager(wager)) => &*wager.operator_id,
            Some(Event::Void(void)) => &*void.operator_id,
            Some(Event::Game(_)) | None => record.operator,
        };
        if self.wanted.operator.as_ref().is_some_and(|wanted| *wanted != *operator) {
            return Ok(());
        }
        let player = event.as_ref().map_or("", Event::player_id);
        let value = value_of(self.wanted.topic, record, recorded, event.as_ref(), operator);
        let Some(value) = value else { return Ok(()) };
        let balance_key = format!("{operator}/{player}");
        let key = if self.wanted.topic == Topic::Balances { &*balance_key } else { player };
        self.write_line(recorded.place, recorded.time, key, value)
    }

    fn write_line(
        &mut self,
        place: Place,
        time: Timestamp,
        key: &str,
        value: Box<RawValue>,
    ) -> Result<(), Gone> {
        if self.wanted.left == 0 {
            return Ok(());
        }
        self.wanted.left -= 1;
        let (topic, partition) = (self.wanted.name, place.partition);
        let (place, time) = (place.into(), Time(time));
        self.lines.send(&Line { topic, partition, place, key, time, value })
    }

    /// The balance of each account that has one, as a compacted topic keeps it; returns the batches
    /// from which the journal goes on.
    fn all_balances(&mut self) -> Result<Vec<u64>, Gone> {
        let node = std::sync::Arc::clone(&self.service.node);
        let names: BTreeMap<u32, Box<str>> = node
            .rules()
            .operators()
            .map(|operator| (operator.number, operator.id.clone()))
            .collect();
        let mut next = Vec::new();
        for number in 0..self.service.partitions() {
            // Changes from here on come again with the journal, later and absolute.
            next.push(node.read(number, Partition::next_batch));
            let mut from = 0;
            loop {
                let players = node.read(number, |partition| {
                    let players = partition.players().all().iter();
                    players.skip(from).take(ACCOUNTS_AT_ONCE).cloned().collect::<Vec<_>>()
                });
                if players.is_empty() {
                    break;
                }
                from += players.len();
                for player in players {
                    let Some(place) = player.account.trail.last(number) else { continue };
                    let operator = names.get(&player.operator).map_or("", |name| name);
                    if self.wanted.operator.as_ref().is_some_and(|wanted| *wanted != *operator) {
                        continue;
                    }
                    let updated = player.account.last_updated;
                    let value = shape(&BalanceValue {
                        player_id: &player.name,
                        operator_id: operator,
                        points_balance: Exact(player.account.balance),
                        last_wager_id: player.account.last_wager.as_deref().unwrap_or_default(),
                        last_updated: Time(updated),
                        version: player.account.sequence,
                    });
                    let key = format!("{operator}/{}", player.name);
                    self.write_line(place, updated, &key, value)?;
                }
            }
        }
        Ok(next)
    }
}

/// One batch of one partition: what came, as long as the log has it, and what became of it.
struct Batch {
    log: Option<Vec<u8>>,
    journal: Vec<u8>,
}

impl Batch {
    fn records(&self) -> Option<Slice<'_>> {
        Slice::read_unchecked(&mut Cursor::new(self.log.as_deref()?, "slice")).ok()
    }

    fn outcomes(&self) -> Option<Outcomes<'_>> {
        let slice = Slice::read_unchecked(&mut Cursor::new(&self.journal, "slice")).ok()?;
        Outcomes::read(&slice).ok()
    }

    fn is_empty(&self) -> bool {
        self.records().is_none_or(|slice| slice.count == 0)
    }
}

fn shape(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("a shape is plain data")
}

fn value_of(
    topic: Topic,
    record: &Record<'_>,
    recorded: &Recorded<'_>,
    event: Option<&Event<'_>>,
    operator: &str,
) -> Option<Box<RawValue>> {
    match (topic, event?) {
        (Topic::Wagers, Event::Wager(_) | Event::Void(_)) if record.source != Source::Released => {
            serde_json::from_slice(record.body).ok()
        }
        (Topic::GameEvents, Event::Game(event)) if record.source != Source::Released => {
            Some(shape(&GameEventValue::of(event, record)))
        }
        (Topic::Eligible, Event::Wager(_)) => eligible(record, recorded),
        (Topic::Calculated, Event::Wager(wager)) => calculated(wager, recorded),
        (Topic::Balances, event) => {
            let entry = &recorded.entry.as_ref()?.entry;
            Some(shape(&BalanceValue {
                player_id: event.player_id(),
                operator_id: operator,
                points_balance: Exact(entry.balance_after),
                last_wager_id: &entry.cause,
                last_updated: Time(recorded.time),
                version: entry.sequence,
            }))
        }
        (Topic::DeadLetters, _) => dead_letter(record, recorded, operator),
        (Topic::Wagers | Topic::GameEvents | Topic::Eligible | Topic::Calculated, _) => None,
    }
}

#[derive(Serialize)]
struct GameEventValue<'a> {
    event_id: &'a str,
    event_type: &'a str,
    player_id: &'a str,
    game_id: &'a str,
    timestamp: Time,
    ingested_at: Time,
    data: Option<Box<RawValue>>,
}

impl<'a> GameEventValue<'a> {
    fn of(event: &'a GameEvent<'_>, record: &Record<'_>) -> Self {
        Self {
            event_id: &event.event_id,
            event_type: &event.event_type,
            player_id: &event.player_id,
            game_id: &event.game_id,
            timestamp: Time(event.at),
            ingested_at: Time(record.received_at),
            data: event.data.and_then(|data| RawValue::from_string(data.to_owned()).ok()),
        }
    }
}

/// The wager's own fields, as they came, and the version that found it eligible.
fn eligible(record: &Record<'_>, recorded: &Recorded<'_>) -> Option<Box<RawValue>> {
    let Outcome::Counted { version, .. } = &recorded.outcome else { return None };
    let body = std::str::from_utf8(record.body).ok()?.trim_end();
    let fields = body.strip_suffix('}')?.trim_end();
    RawValue::from_string(format!("{fields},\"eligibilityRuleVersion\":\"v{version}\"}}")).ok()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CalculatedValue<'a> {
    wager_id: &'a str,
    player_id: &'a str,
    operator_id: &'a str,
    points_earned: Exact<Points>,
    wager_amount: Exact<Amount>,
    multiplier: Exact<Multiplier>,
    bonus_points: Exact<Points>,
    capped_points: Exact<Points>,
    timestamp: Time,
    calculated_at: Time,
}

fn calculated(wager: &Wager<'_>, recorded: &Recorded<'_>) -> Option<Box<RawValue>> {
    let Outcome::Counted { points, capped, parts, .. } = &recorded.outcome else { return None };
    Some(shape(&CalculatedValue {
        wager_id: &wager.wager_id,
        player_id: &wager.player_id,
        operator_id: &wager.operator_id,
        points_earned: Exact(*points),
        wager_amount: Exact(wager.stake),
        multiplier: multiplier(*parts),
        bonus_points: Exact(Points::ZERO),
        capped_points: Exact(*capped),
        timestamp: Time(wager.at),
        calculated_at: Time(recorded.time),
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BalanceValue<'a> {
    player_id: &'a str,
    operator_id: &'a str,
    points_balance: Exact<Points>,
    last_wager_id: &'a str,
    last_updated: Time,
    version: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeadLetterValue<'a> {
    id: String,
    operator_id: &'a str,
    reason: &'static str,
    error: &'a str,
    stage: &'static str,
    source: &'static str,
    received_at: Time,
    original: &'a str,
}

fn dead_letter(
    record: &Record<'_>,
    recorded: &Recorded<'_>,
    operator: &str,
) -> Option<Box<RawValue>> {
    let Outcome::DeadLetter { reason, detail } = &recorded.outcome else { return None };
    Some(shape(&DeadLetterValue {
        id: id_of(recorded.place),
        operator_id: operator,
        reason: reason.code(),
        error: detail,
        stage: stage_of(*reason),
        source: record.source.code(),
        received_at: Time(record.received_at),
        original: &String::from_utf8_lossy(record.body),
    }))
}
