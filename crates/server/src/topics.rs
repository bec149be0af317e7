//! The topics as streams of lines: the inputs as the log has them, the outputs as they are derived.

mod named;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::event::{Event, GameEvent};
use accolade_domain::ledger::Place;
use accolade_domain::text::PackedId;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::record::{Kind, Record, Source};
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use self::named::{Known, Named, unnamed};
use crate::call::{Call, of_long_answers};
use crate::cluster::{Batch, Names, Stretch, Where, unreachable};
use crate::leaderboards::live::{Bound, Seat};
use crate::outputs::{self, Balance, outputs_of, put_balance, put_balance_key};
use crate::principal::{Known as Operator, Principal};
use crate::problem::{Problem, Refusal};
use crate::routes::Route;
use crate::service::Service;
use crate::shapes::{PlaceShape, Time, raw, respond};
use crate::submit::blocking;

/// How often a stream that follows looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The same, where other nodes have to be asked.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How long a stream waits for a partition that is on its way from one node to another.
const MOVE_TIME: Duration = Duration::from_secs(30);
/// How long another node may take to read accounts.
const READ_TIME: Duration = Duration::from_secs(5);
/// Topics that are read at a time over the network: each has a thread of its own.
const OF_NODE_MAX: usize = 32;
/// Those of one operator.
const OF_OPERATOR_MAX: usize = 4;
/// How long whoever follows may before it is looked again whether they do, and whether they are there.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Where a stream may begin.
pub(crate) const FROM: [&str; 2] = ["earliest", "latest"];
/// Accounts that are copied before the fold may go on.
const ACCOUNTS_AT_ONCE: usize = 1_000;

/// A topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Wagers,
    GameEvents,
    Output(outputs::Topic),
}

const TOPICS: [(&str, Topic); 12] = [
    ("wager.events", Topic::Wagers),
    ("player.events.raw", Topic::GameEvents),
    output(outputs::Topic::Eligible),
    output(outputs::Topic::Calculated),
    output(outputs::Topic::Balances),
    output(outputs::Topic::Tiers),
    output(outputs::Topic::Redemptions),
    output(outputs::Topic::Signals),
    output(outputs::Topic::TournamentEligible),
    output(outputs::Topic::TournamentScores),
    output(outputs::Topic::LeaderboardUpdates),
    output(outputs::Topic::DeadLetters),
];

const fn output(topic: outputs::Topic) -> (&'static str, Topic) {
    (topic.name(), Topic::Output(topic))
}

/// The topics' names.
pub(crate) async fn names(_: Call) -> Result<Response, Problem> {
    let names: Vec<_> = TOPICS.iter().map(|(name, _)| *name).collect();
    Ok(respond(StatusCode::OK, &names))
}

/// Topics that can be followed.
#[derive(Serialize, ToSchema)]
#[schema(as = Topics)]
pub(crate) struct TopicNames {
    items: Vec<&'static str>,
}

/// The same, for an operator's staff.
pub(crate) async fn all(_: Call) -> Result<Response, Problem> {
    let items = TOPICS.iter().map(|(name, _)| *name).collect();
    Ok(respond(StatusCode::OK, &TopicNames { items }))
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
pub(crate) async fn tail(call: Call) -> Result<Response, Problem> {
    let operator = call.parameters.text("operator").map(str::to_owned);
    read(call, operator, None).await
}

/// Those of an operator, for its staff, as long as whoever asks may see them.
pub(crate) async fn follow(call: Call) -> Result<Response, Problem> {
    let known = call.operator();
    let bounds = Bound::of_topics(known.number, OF_OPERATOR_MAX, OF_NODE_MAX);
    let reader = Reader {
        _seat: call.service.live.seat(&call.service, bounds)?,
        route: call.route,
        parts: of_long_answers(&call.parts),
        principal: Arc::clone(&call.principal),
        operator: Arc::clone(&known),
        looked_at: Instant::now(),
    };
    read(call, Some(known.id.to_string()), Some(reader)).await
}

/// Somebody who reads a topic over the network.
struct Reader {
    _seat: Seat,
    route: &'static Route,
    parts: Parts,
    principal: Arc<Principal>,
    operator: Arc<Operator>,
    /// When it was last looked whether they still may.
    looked_at: Instant,
}

async fn read(
    call: Call,
    operator: Option<String>,
    reader: Option<Reader>,
) -> Result<Response, Problem> {
    let name = call.name();
    let Call { service, parameters, id, .. } = call;
    let found = TOPICS.iter().find(|(other, _)| *other == name);
    let (name, topic) = *found.ok_or_else(|| Problem::not_found("topic"))?;
    let wanted = Wanted {
        name,
        topic,
        operator,
        from_earliest: parameters.choice("from", false, &[(FROM[0], true), (FROM[1], false)])?,
        follows: parameters.switch("follow")?,
        left: parameters.number("limit", 0, u64::MAX)?.unwrap_or(u64::MAX),
    };
    // The end of now is the beginning of a stream from the latest, so it is fixed before answering.
    let mut parts = Vec::new();
    for number in 0..service.partitions() {
        let Stretch { first, end, .. } = service.batches(number, u64::MAX, u64::MAX).await?;
        parts.push(Part {
            number,
            next: if wanted.from_earliest { first } else { end },
            end,
            ..Part::default()
        });
    }
    let runtime = Handle::current();
    Ok(stream(move |lines| {
        let mut tail = Tail { service, runtime, wanted, reader, lines };
        match tail.write(parts) {
            Ok(()) | Err(Ended::Gone) => {}
            Err(Ended::Problem(problem)) => {
                tracing::error!(detail = %problem.detail, request = %id, "a topic could not be read to its end");
            }
        }
    }))
}

/// Lines on their way to a client; full ones wait until it has read.
pub(crate) struct Lines(mpsc::Sender<Bytes>);

/// The client has gone.
pub(crate) struct Gone;

impl Lines {
    pub(crate) fn send(&self, line: &impl Serialize) -> Result<(), Gone> {
        self.0.blocking_send(line_of(line)).map_err(|_| Gone)
    }

    /// As [`Lines::send`], within the runtime.
    pub(crate) async fn send_soon(&self, line: &impl Serialize) -> Result<(), Gone> {
        self.0.send(line_of(line)).await.map_err(|_| Gone)
    }

    /// Sends a line that nobody needs if they read too slowly, or not at all.
    pub(crate) fn send_if_there_is_room(&self, line: &impl Serialize) {
        self.0.try_send(line_of(line)).ok();
    }

    /// An empty line, so that both sides see that the other is there.
    fn pulse(&self) -> Result<(), Gone> {
        self.0.blocking_send(Bytes::from_static(b"\n")).map_err(|_| Gone)
    }

    /// Whether the client has gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

fn line_of(line: &impl Serialize) -> Bytes {
    let mut bytes = serde_json::to_vec(line).expect("a shape is plain data");
    // Within JSON a line break can only be blank space, of a value that came as it is.
    bytes.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    bytes.push(b'\n');
    bytes.into()
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

/// One partition of a stream.
#[derive(Default)]
struct Part {
    number: u16,
    /// Batches that were read and not yet written.
    read: VecDeque<Named>,
    /// The batch from which to read on.
    next: u64,
    /// The batch after the last that is known to be there.
    end: u64,
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

/// A balance as a line has it.
#[derive(Serialize, Deserialize)]
struct BalanceLine {
    place: (u64, u32),
    operator: String,
    key: String,
    /// Microseconds.
    time: i64,
    value: Box<RawValue>,
}

/// Balances of some accounts of a partition.
#[derive(Serialize, Deserialize)]
struct Balances {
    /// The batch from which on changes come later than these.
    next_batch: u64,
    /// How many accounts were looked at; none at the end.
    looked_at: usize,
    lines: Vec<BalanceLine>,
}

struct Tail {
    service: Service,
    runtime: Handle,
    wanted: Wanted,
    reader: Option<Reader>,
    lines: Lines,
}

/// Why a stream ends before its end.
enum Ended {
    Gone,
    Problem(Problem),
}

impl From<Gone> for Ended {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Tail {
    fn write(&mut self, mut parts: Vec<Part>) -> Result<(), Ended> {
        if self.wanted.from_earliest && self.wanted.topic == Topic::Output(outputs::Topic::Balances)
        {
            for part in &mut parts {
                part.next = self.balances_of(part.number)?;
            }
        }
        loop {
            self.write_what_is_there(&mut parts)?;
            if !self.wanted.follows || self.is_over() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
            for part in &mut parts {
                self.look_for_more(part)?;
            }
            self.check_reader()?;
        }
    }

    /// Ends where whoever reads has gone, or may not any more.
    fn check_reader(&mut self) -> Result<(), Ended> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        if reader.looked_at.elapsed() < LOOK_AGAIN_AFTER {
            return Ok(());
        }
        reader.looked_at = Instant::now();
        let Reader { route, parts, principal, operator, .. } = reader;
        let may = self.service.lets_in_again(route, parts, principal, operator);
        if !self.runtime.block_on(may) {
            return Err(Ended::Gone);
        }
        Ok(self.lines.pulse()?)
    }

    fn is_over(&self) -> bool {
        self.wanted.left == 0 || self.service.is_retired() || self.lines.is_closed()
    }

    /// Reads the next batches, here or at the owner; waits while the partition is on its way.
    fn batches(&self, number: u16, from: u64, to: u64) -> Result<Stretch, Ended> {
        self.patiently(|| match self.service.host.whereabouts(number) {
            Ok(()) => self.service.batches_here(number, from, to),
            Err(_) => self.runtime.block_on(self.service.batches(number, from, to)),
        })
    }

    fn patiently<T>(&self, read: impl Fn() -> Result<T, Problem>) -> Result<T, Ended> {
        let until = Instant::now() + MOVE_TIME;
        loop {
            match read() {
                Err(problem) if problem.refusal == Refusal::Elsewhere && Instant::now() < until => {
                    if self.is_over() {
                        return Err(Ended::Gone);
                    }
                    std::thread::sleep(ASK_EVERY);
                }
                read => return Ok(read?),
            }
        }
    }

    fn look_for_more(&self, part: &mut Part) -> Result<(), Ended> {
        if self.service.host.whereabouts(part.number).is_err() {
            std::thread::sleep(ASK_EVERY / u32::from(self.service.partitions()));
        }
        let stretch = self.batches(part.number, part.next, u64::MAX)?;
        part.end = stretch.end;
        self.take(part, stretch)
    }

    /// Takes what was read of a partition, with the names that it needs.
    fn take(&self, part: &mut Part, stretch: Stretch) -> Result<(), Ended> {
        let Stretch { next, batches, .. } = stretch;
        let unnamed = match self.wanted.topic {
            Topic::Output(topic) => unnamed(topic, &batches),
            Topic::Wagers | Topic::GameEvents => BTreeSet::new(),
        };
        let ask = || self.runtime.block_on(self.service.names_behind(part.number, unnamed.clone()));
        let names = if unnamed.is_empty() { Names::new() } else { self.patiently(ask)? };
        let names = Arc::new(names);
        let named = batches.into_iter().map(|batch| Named { batch, names: Arc::clone(&names) });
        part.read.extend(named);
        part.next = next;
        Ok(())
    }

    /// Writes what lies before the ends, the oldest batch of all partitions first.
    fn write_what_is_there(&mut self, parts: &mut [Part]) -> Result<(), Ended> {
        let mut heads: BTreeMap<(Timestamp, usize), Named> = BTreeMap::new();
        for (at, part) in parts.iter_mut().enumerate() {
            self.read_ahead(at, part, &mut heads)?;
        }
        while let Some(((_, at), read)) = heads.pop_first() {
            self.write_batch(&read)?;
            if self.wanted.left == 0 {
                return Ok(());
            }
            self.read_ahead(at, &mut parts[at], &mut heads)?;
        }
        Ok(())
    }

    /// Takes the next batch of a partition that holds anything.
    fn read_ahead(
        &self,
        at: usize,
        part: &mut Part,
        heads: &mut BTreeMap<(Timestamp, usize), Named>,
    ) -> Result<(), Ended> {
        loop {
            while let Some(read) = part.read.pop_front() {
                if let Some(time) = read.batch.outcomes().map(|outcomes| outcomes.time) {
                    heads.insert((time, at), read);
                    return Ok(());
                }
            }
            if part.next >= part.end {
                return Ok(());
            }
            let stretch = self.batches(part.number, part.next, part.end)?;
            if stretch.next == part.next {
                // The journal stays behind: its partition stands.
                return Ok(());
            }
            self.take(part, stretch)?;
        }
    }

    fn write_batch(&mut self, Named { batch, names }: &Named) -> Result<(), Gone> {
        let (Some(records), Some(journal)) = (batch.records(), batch.journal()) else {
            return Ok(());
        };
        let Topic::Output(topic) = self.wanted.topic else { return self.write_inputs(batch) };
        let rules = self.service.host.rules();
        let mut written = Ok(());
        let mut write = |output: outputs::Output<'_>| {
            if written.is_ok() && self.is_wanted(output.operator) {
                let value = String::from_utf8_lossy(output.value).into_owned();
                if let Ok(value) = RawValue::from_string(value) {
                    written = self.write_line(output.place, output.time, output.key, value);
                }
            }
        };
        let (wanted, known) = (outputs::Wanted::only(topic), Known { rules: &rules, names });
        if let Err(error) = outputs_of(&journal, Some(&records), wanted, &known, &mut write) {
            tracing::error!(%error, "outputs of a batch could not be derived");
        }
        written
    }

    fn is_wanted(&self, operator: &str) -> bool {
        self.wanted.operator.as_ref().is_none_or(|wanted| *wanted == *operator)
    }

    fn write_inputs(&mut self, batch: &Batch) -> Result<(), Gone> {
        let (Some(records), Some(outcomes)) = (batch.records(), batch.outcomes()) else {
            return Ok(());
        };
        for (record, recorded) in records.records().zip(outcomes.records()) {
            let (Ok(record), Ok(recorded)) = (record, recorded) else { return Ok(()) };
            if record.source == Source::Released {
                continue;
            }
            let input = match (self.wanted.topic, record.kind) {
                (Topic::Wagers, Kind::Wager) => wager(&record),
                (Topic::GameEvents, Kind::GameEvent) => game_event(&record),
                _ => None,
            };
            if let Some((operator, player, value)) = input
                && self.is_wanted(&operator)
            {
                self.write_line(recorded.place, recorded.time, &player, value)?;
            }
        }
        Ok(())
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

    /// Writes the balance of each account that has one, as a compacted topic keeps it; returns the
    /// batch from which the journal goes on.
    fn balances_of(&mut self, number: u16) -> Result<u64, Ended> {
        let mut next_batch = None;
        let mut from = 0;
        loop {
            let read = || self.runtime.block_on(self.service.balances(number, from));
            let balances = self.patiently(read)?;
            // Changes from here on come again with the journal, later and absolute.
            next_batch.get_or_insert(balances.next_batch);
            if balances.looked_at == 0 {
                return Ok(next_batch.unwrap_or_default());
            }
            from += balances.looked_at;
            for BalanceLine { place: (batch, slot), operator, key, time, value } in balances.lines {
                if self.is_wanted(&operator) {
                    let place = Place { partition: number, batch, slot, number: 0 };
                    self.write_line(place, Timestamp::from_micros(time), &key, value)?;
                }
            }
        }
    }
}

impl Service {
    /// The balances of a partition's accounts from account `from` on, some of them.
    async fn balances(&self, partition: u16, from: usize) -> Result<Balances, Problem> {
        match self.find(partition).await? {
            Where::Here => {
                let service = self.clone();
                blocking(move || service.balances_here(partition, from)).await?
            }
            Where::At(address) => {
                let path = format!("/cluster/v1/balances?partition={partition}&from={from}");
                let answer = self.neighbours()?.ask(&address, &path, None, READ_TIME).await;
                let read =
                    |answer: Bytes| serde_json::from_slice(&answer).map_err(io::Error::other);
                answer.and_then(read).map_err(|error| unreachable(&address, &error))
            }
        }
    }

    fn balances_here(&self, number: u16, from: usize) -> Result<Balances, Problem> {
        let names: BTreeMap<u32, Box<str>> = self
            .host
            .rules()
            .operators()
            .map(|operator| (operator.number, operator.id.clone()))
            .collect();
        let (next_batch, players) = self.read(number, |partition: &Partition| {
            let players = partition.players().all().iter().skip(from).take(ACCOUNTS_AT_ONCE);
            (partition.next_batch(), players.cloned().collect::<Vec<_>>())
        })?;
        let mut value = Vec::new();
        let line = |player: &accolade_engine::players::Player| {
            let place = player.account.trail.last(number)?;
            let operator = names.get(&player.operator).map_or("", |name| name);
            let last_wager = player.account.last_wager.as_ref().map(PackedId::text);
            let name = player.name.text();
            let updated = player.account.last_updated;
            let balance = Balance {
                player: &name,
                operator,
                points: player.account.balance,
                last_wager: last_wager.as_deref().unwrap_or_default(),
                updated,
                version: player.account.sequence,
            };
            put_balance(&mut value, &balance);
            let mut key = String::new();
            put_balance_key(&mut key, operator, &name);
            let value = RawValue::from_string(String::from_utf8_lossy(&value).into_owned()).ok()?;
            let (place, operator) = ((place.batch, place.slot), operator.to_owned());
            Some(BalanceLine { place, operator, key, time: updated.micros(), value })
        };
        let lines = players.iter().filter_map(line).collect();
        Ok(Balances { next_batch, looked_at: players.len(), lines })
    }
}

/// Balances of a partition that is here, for another node.
pub(crate) async fn balances(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partition = parameters.partition(service.partitions())?;
    let from = parameters.number("from", 0, u64::from(u32::MAX))?.unwrap_or(0);
    let from = usize::try_from(from).expect("32 bits fit");
    let balances = blocking(move || service.balances_here(partition, from)).await??;
    Ok(respond(StatusCode::OK, &balances))
}

/// An input's operator, player and value.
type Input = (String, String, Box<RawValue>);

fn wager(record: &Record<'_>) -> Option<Input> {
    let event = read_wager(record.body).ok()?;
    let operator = match &event {
        Event::Wager(wager) => &wager.operator_id,
        Event::Void(void) => &void.operator_id,
        Event::Game(_) => return None,
    };
    let value = serde_json::from_slice(record.body).ok()?;
    Some((operator.to_string(), event.player_id().to_owned(), value))
}

fn game_event(record: &Record<'_>) -> Option<Input> {
    let event = read_game_event(record.body).ok()?;
    let value = to_raw_value(&GameEventValue::of(&event, record)).expect("a shape is plain data");
    Some((record.operator.to_owned(), event.player_id.to_string(), value))
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
