//! Rows of players' game events, as they came, and of what was counted of them.
//!
//! What was counted stands in the journal in absolute numbers. The events themselves are in the log alone, for as long as
//! it has them: those that are gone are counted here, and hold up nothing.

use std::collections::BTreeMap;

use accolade_domain::time::Timestamp;
use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::{Player, Players};
use accolade_wire::bytes::Cursor;
use accolade_wire::event::read_game_event;
use accolade_wire::journal::StoredNotice;
use accolade_wire::notice::counted::{EVENT_COUNTED, EventCounted};
use accolade_wire::record::{Record, Slice};
use serde_json::{Map, Value};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement, Transaction};

use crate::error::Result;
use crate::group::{signed, storable};
use crate::jsonb::storable_json;
use crate::settings::Settings;

/// What a group of batches brings of game events.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// By operator and player.
    statistics: BTreeMap<(String, String), Statistics>,
    events: Vec<Event>,
    bytes: usize,
    /// Events that neither the node nor the log has any more.
    missing: u64,
}

/// What was counted of a player, after the last event in the group.
#[derive(Debug)]
struct Statistics {
    total: u64,
    /// The types that the group has.
    by_type: Map<String, Value>,
    last_at: Timestamp,
    updated_at: Timestamp,
}

/// An event as it came.
#[derive(Debug)]
struct Event {
    operator: String,
    player: String,
    id: String,
    what: String,
    game: String,
    at: Timestamp,
    ingested_at: Timestamp,
    data: Option<String>,
}

impl Event {
    /// `None` where the record is no game event, which the fold would not have counted.
    fn of(record: &Record<'_>, player: Player<'_>) -> Option<Self> {
        let event = read_game_event(record.body).ok()?;
        Some(Self {
            operator: storable(player.operator),
            player: storable(player.name),
            id: storable(&event.event_id),
            what: storable(&event.event_type),
            game: storable(&event.game_id),
            at: event.at,
            ingested_at: record.received_at,
            data: event.data.map(storable_json),
        })
    }

    fn bytes(&self) -> usize {
        const TIMES: usize = 16;
        let texts = [&self.operator, &self.player, &self.id, &self.what, &self.game];
        let data = self.data.as_ref().map_or(0, String::len);
        TIMES + data + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}

impl Played {
    /// Adds what a batch has: all of it, or nothing. Players who were erased have no rows.
    pub(crate) fn add(
        &mut self,
        batch: &Batch<'_>,
        notices: &[StoredNotice<'_>],
        players: &Players<'_>,
    ) -> std::result::Result<(), Held> {
        let mut counted = Vec::new();
        for StoredNotice { place, notice } in notices {
            if notice.kind == EVENT_COUNTED
                && let Some(player) = players.find(notice.operator, notice.subject)
            {
                counted.push((place.slot, player, EventCounted::read(&notice.body)?));
            }
        }
        if counted.is_empty() {
            return Ok(());
        }
        let records = batch.records_anywhere()?;
        let events = match &records {
            Some(records) => {
                let slice = Slice::read_unchecked(&mut Cursor::new(records, "slice"))?;
                events_of(&slice, &counted)?
            }
            None => Vec::new(),
        };
        self.missing += (counted.len() - events.len()) as u64;
        self.bytes += events.iter().map(Event::bytes).sum::<usize>();
        self.events.extend(events);
        for (_, player, counted) in counted {
            self.count(player, batch.time, counted);
        }
        Ok(())
    }

    fn count(&mut self, player: Player<'_>, time: Timestamp, counted: EventCounted) {
        let EventCounted { total, of_type, at } = counted;
        let key = (storable(player.operator), storable(player.name));
        self.bytes += key.0.len() + key.1.len();
        let statistics = self.statistics.entry(key).or_insert_with(|| {
            let (by_type, last_at, updated_at) = (Map::new(), at, time);
            Statistics { total, by_type, last_at, updated_at }
        });
        if let Some((name, count)) = of_type {
            self.bytes += name.len();
            statistics.by_type.insert(storable(&name), count.into());
        }
        statistics.last_at = statistics.last_at.max(at);
        (statistics.total, statistics.updated_at) = (total, time);
    }

    /// The bytes of all of it.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many events are in no row, since nobody has them any more.
    pub(crate) const fn missing(&self) -> u64 {
        self.missing
    }
}

/// The events of the slots that were counted.
fn events_of(
    slice: &Slice<'_>,
    counted: &[(u32, Player<'_>, EventCounted)],
) -> std::result::Result<Vec<Event>, Held> {
    let mut events = Vec::with_capacity(counted.len());
    let mut wanted = counted.iter().peekable();
    for (slot, record) in (1..).zip(slice.records()) {
        let record = record?;
        if let Some((_, player, _)) = wanted.next_if(|(wanted, ..)| *wanted == slot) {
            events.extend(Event::of(&record, *player));
        }
    }
    Ok(events)
}

/// Statements of one connection.
#[derive(Debug)]
pub(crate) struct Inserts {
    events: Statement,
    statistics: Statement,
}

impl Inserts {
    /// Prepares them.
    pub(crate) async fn new(client: &Client, settings: &Settings) -> Result<Self> {
        let prepare = async |sql: &str| client.prepare(&settings.named(sql)).await;
        Ok(Self {
            events: prepare(
                "INSERT INTO {events} (operator_id, event_id, event_type, player_id, game_id,
                    event_timestamp, ingested_at, data)
                 SELECT operator_id, event_id, event_type, player_id, game_id,
                    timestamptz 'epoch' + event_timestamp * interval '1 microsecond',
                    timestamptz 'epoch' + ingested_at * interval '1 microsecond', data::jsonb
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
                    $6::bigint[], $7::bigint[], $8::text[])
                    AS e (operator_id, event_id, event_type, player_id, game_id, event_timestamp,
                        ingested_at, data)
                 ON CONFLICT (operator_id, event_id, player_id) DO NOTHING",
            )
            .await?,
            statistics: prepare(
                "INSERT INTO {statistics} AS s (operator_id, player_id, total_events,
                    event_breakdown, last_event_at, updated_at)
                 SELECT operator_id, player_id, total_events, event_breakdown::jsonb,
                    timestamptz 'epoch' + last_event_at * interval '1 microsecond',
                    timestamptz 'epoch' + updated_at * interval '1 microsecond'
                 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[],
                    $6::bigint[])
                    AS n (operator_id, player_id, total_events, event_breakdown, last_event_at,
                        updated_at)
                 ON CONFLICT (operator_id, player_id) DO UPDATE SET
                    total_events = excluded.total_events,
                    event_breakdown = s.event_breakdown || excluded.event_breakdown,
                    last_event_at = greatest(s.last_event_at, excluded.last_event_at),
                    updated_at = excluded.updated_at
                 WHERE s.total_events < excluded.total_events",
            )
            .await?,
        })
    }

    /// Writes what a group brings.
    pub(crate) async fn write(&self, transaction: &Transaction<'_>, played: &Played) -> Result<()> {
        if !played.events.is_empty() {
            self.write_events(transaction, &played.events).await?;
        }
        if !played.statistics.is_empty() {
            self.write_statistics(transaction, &played.statistics).await?;
        }
        Ok(())
    }

    async fn write_events(&self, transaction: &Transaction<'_>, events: &[Event]) -> Result<()> {
        let text = |of: fn(&Event) -> &str| events.iter().map(of).collect::<Vec<_>>();
        let time = |of: fn(&Event) -> Timestamp| {
            events.iter().map(|event| of(event).micros()).collect::<Vec<_>>()
        };
        let operators = text(|event| &event.operator);
        let ids = text(|event| &event.id);
        let types = text(|event| &event.what);
        let players = text(|event| &event.player);
        let games = text(|event| &event.game);
        let times = time(|event| event.at);
        let ingested = time(|event| event.ingested_at);
        let data: Vec<_> = events.iter().map(|event| event.data.as_deref()).collect();
        let columns: [&(dyn ToSql + Sync); 8] =
            [&operators, &ids, &types, &players, &games, &times, &ingested, &data];
        transaction.execute(&self.events, &columns).await?;
        Ok(())
    }

    async fn write_statistics(
        &self,
        transaction: &Transaction<'_>,
        statistics: &BTreeMap<(String, String), Statistics>,
    ) -> Result<()> {
        let (mut operators, mut players) = (Vec::new(), Vec::new());
        let (mut totals, mut by_type) = (Vec::new(), Vec::new());
        let (mut last, mut updated) = (Vec::new(), Vec::new());
        for ((operator, player), one) in statistics {
            operators.push(&**operator);
            players.push(&**player);
            totals.push(signed(one.total));
            by_type.push(Value::from(one.by_type.clone()).to_string());
            last.push(one.last_at.micros());
            updated.push(one.updated_at.micros());
        }
        let columns: [&(dyn ToSql + Sync); 6] =
            [&operators, &players, &totals, &by_type, &last, &updated];
        transaction.execute(&self.statistics, &columns).await?;
        Ok(())
    }
}
