//! An event by its id: its bytes as they came, and what became of it, be it that it is a dead letter.

use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::tables::dead_letters::{DeadLetter, DeadLetterState};
use accolade_engine::tables::letters_by_event::EventLetter;
use accolade_storage::backing::NodeStore;
use accolade_storage::run::RunEntry;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::identity::{HashKey, IdKind};
use accolade_wire::journal::Recorded;
use accolade_wire::named;
use accolade_wire::notice::scores::{SCORED, Scored};
use accolade_wire::record::{Kind, Record, Source};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::cluster::{put_told, read_told};
use crate::dead_letters::{id_of, reasons, state_code, states};
use crate::description::schemas::one_of;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{OutcomeShape, PlaceShape, Time, raw, respond};
use crate::submit::{blocking, recorded_soon, soon};

/// So many dead letters of one id are told of, of each kind and partition the newest.
const LETTERS_MAX: usize = 100;

/// An occurrence of an id.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    pub(crate) kind: IdKind,
    pub(crate) place: Place,
    /// Part of the hash of its player; nothing where a dead letter names none.
    pub(crate) player: Option<u32>,
    pub(crate) recorded_at: Timestamp,
    pub(crate) outcome: Outcome,
    /// The balance after it, where it made an entry.
    pub(crate) balance: Option<Points>,
    /// What it counted in tournaments.
    pub(crate) scored: Scored,
    /// The record as it came, as long as the log has it; of a dead letter, as it is kept.
    pub(crate) raw: Option<Raw>,
    /// It is a dead letter, in this state.
    pub(crate) letter: Option<DeadLetterState>,
}

/// A record as it came.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) body: Box<RawValue>,
    pub(crate) source: Source,
    pub(crate) received_at: Timestamp,
}

/// What a record counted in tournaments.
pub(crate) fn scored_by(recorded: &Recorded<'_>) -> Scored {
    let notice = recorded.notices.iter().find(|stored| stored.notice.kind == SCORED);
    let scored = notice.and_then(|stored| Scored::read(&stored.notice.body).ok());
    scored.unwrap_or_default()
}

impl Raw {
    pub(crate) fn of(record: &Record<'_>) -> Option<Self> {
        let body = String::from_utf8_lossy(record.body).into_owned();
        let body = RawValue::from_string(body).ok()?;
        Some(Self { body, source: record.source, received_at: record.received_at })
    }
}

/// The part of the hash of a player that is kept beside ids.
pub(crate) fn player_part(key: &HashKey, player: &str) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "ids keep the low half of the hash")]
    let part = key.player(player) as u32;
    part
}

impl Service {
    /// Every occurrence of an id as one of `kinds`: those that occupy it, in the order of `kinds` and oldest
    /// place first within each partition; then dead letters, which are open first.
    pub(crate) async fn occurrences(
        &self,
        operator: &str,
        kinds: &'static [IdKind],
        id: &str,
    ) -> Result<Vec<Occurrence>, Problem> {
        let codes: Vec<_> = kinds.iter().map(|kind| kind_code(*kind)).collect();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("operator", operator)
            .append_pair("id", id)
            .append_pair("kinds", &codes.join(","))
            .finish();
        let path = format!("/cluster/v1/occurrences?{query}");
        let (operator, id) = (operator.to_owned(), id.to_owned());
        let here = move |service: &Self, partitions: &[u16]| {
            service.occurrences_here(partitions, &operator, kinds, &id)
        };
        let found = self.gather(0..self.partitions(), here, &path, read_occurrences).await?;
        let mut found: Vec<Occurrence> = found.into_iter().flatten().collect();
        let rank = |kind| kinds.iter().position(|other| *other == kind);
        found.sort_by_key(|found| (found.letter, rank(found.kind), found.place));
        Ok(found)
    }

    fn occurrences_here(
        &self,
        partitions: &[u16],
        operator: &str,
        kinds: &[IdKind],
        id: &str,
    ) -> Result<Vec<Occurrence>, Problem> {
        let mut found = Vec::new();
        for kind in kinds {
            for entry in self.host.with_id(operator, *kind, id)? {
                if partitions.contains(&entry.partition) {
                    found.push(self.occurrence(*kind, &entry)?);
                }
            }
        }
        for number in partitions {
            for (kind, place, letter) in self.letters_of(*number, operator, kinds, id)? {
                found.push(self.letter_occurrence(kind, place, &letter)?);
            }
        }
        Ok(found)
    }

    /// The operator's dead letters of an id in a partition that is here.
    fn letters_of(
        &self,
        partition: u16,
        operator: &str,
        kinds: &[IdKind],
        id: &str,
    ) -> Result<Vec<(IdKind, Place, DeadLetter)>, Problem> {
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let mut found = Vec::new();
        for kind in kinds {
            let (event, excerpt) = self.read(partition, |partition| {
                let event = partition.rules().settings.hash_key.id(operator, *kind, id);
                let from = EventLetter::first_of(event, partition.number());
                let letters = &partition.tables().letters_by_event;
                (event, letters.excerpt(Bound::Included(&from), LETTERS_MAX))
            })?;
            let rows = excerpt.read(partition, &mut store)?.rows;
            for (key, _) in rows.into_iter().take_while(|(key, _)| key.event == event) {
                let place = key.letter.0;
                let letter = self.letter_at(place)?;
                // Where it has ended, what found it is told of for a while.
                let own = letter.filter(|letter| *letter.operator == *operator);
                found.extend(own.map(|letter| (*kind, place, letter)));
            }
        }
        Ok(found)
    }

    fn letter_occurrence(
        &self,
        kind: IdKind,
        place: Place,
        letter: &DeadLetter,
    ) -> Result<Occurrence, Problem> {
        let backing = self.host.backing(place.partition)?;
        let key = self.host.rules().settings.hash_key;
        let kept = soon(|| {
            backing.dead_letter(letter.bytes_at, |record| {
                let player =
                    named::Named::of(record).player.map(|player| player_part(&key, &player));
                (player, Raw::of(record))
            })
        })?;
        let (player, raw) = kept.unwrap_or_default();
        recorded_soon(&backing, place, |recorded| Occurrence {
            kind,
            place,
            player,
            recorded_at: recorded.time,
            outcome: recorded.outcome.clone(),
            balance: None,
            scored: Scored::default(),
            raw: raw.clone(),
            letter: Some(letter.state),
        })
    }

    fn occurrence(&self, kind: IdKind, found: &RunEntry) -> Result<Occurrence, Problem> {
        let backing = self.host.backing(found.partition)?;
        let (batch, slot) = (found.entry.batch, found.entry.slot);
        let place = Place { partition: found.partition, batch, slot, number: 0 };
        let raw = backing.record(place, Raw::of)?;
        recorded_soon(&backing, place, |recorded| Occurrence {
            kind,
            place,
            player: Some(found.entry.player),
            recorded_at: recorded.time,
            outcome: recorded.outcome.clone(),
            balance: recorded.entries.last().map(|stored| stored.entry.balance_after),
            scored: scored_by(recorded),
            raw: raw.clone().flatten(),
            letter: None,
        })
    }
}

pub(crate) const fn kind_code(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Wager => "wager",
        IdKind::Void => "void",
        IdKind::GameEvent => "game_event",
        IdKind::Command => "command",
    }
}

/// An event, and what became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordedEvent)]
pub(crate) struct EventShape {
    event_id: String,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// As it came.
    #[schema(required, value_type = Option<Object>)]
    event: Option<Box<RawValue>>,
    #[schema(required)]
    source: Option<&'static str>,
    #[schema(required)]
    received_at: Option<Time>,
    recorded_at: Time,
    place: PlaceShape,
    #[serde(flatten)]
    outcome: OutcomeShape,
    /// Other events with the same id, such as a wager's void.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, no_recursion)]
    others: Vec<EventShape>,
    /// Dead letters of this id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    dead_letters: Vec<LetterShape>,
}

fn kinds() -> Schema {
    one_of(KINDS.into_iter().map(kind_code))
}

/// A dead letter of an event that is asked for by its id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LetterOfEvent)]
pub(crate) struct LetterShape {
    id: String,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    #[schema(schema_with = reasons)]
    reason: &'static str,
    detail: Box<str>,
    #[schema(schema_with = states)]
    state: &'static str,
    since: Time,
}

impl LetterShape {
    /// Nothing for what is no dead letter.
    pub(crate) fn of(occurrence: &Occurrence) -> Option<Self> {
        let state = state_code(occurrence.letter?);
        let Outcome::DeadLetter { reason, detail } = &occurrence.outcome else { return None };
        Some(Self {
            id: id_of(occurrence.place),
            kind: kind_code(occurrence.kind),
            reason: reason.code(),
            detail: detail.clone(),
            state,
            since: Time(occurrence.recorded_at),
        })
    }
}

impl EventShape {
    pub(crate) fn of(event_id: String, occurrence: Occurrence) -> Self {
        let raw = occurrence.raw;
        Self {
            event_id,
            kind: kind_code(occurrence.kind),
            source: raw.as_ref().map(|raw| raw.source.code()),
            received_at: raw.as_ref().map(|raw| Time(raw.received_at)),
            event: raw.map(|raw| raw.body),
            recorded_at: Time(occurrence.recorded_at),
            place: occurrence.place.into(),
            outcome: OutcomeShape::of(&occurrence.outcome, occurrence.balance),
            others: Vec::new(),
            dead_letters: Vec::new(),
        }
    }
}

const KINDS: [IdKind; 3] = [IdKind::Wager, IdKind::GameEvent, IdKind::Void];

/// A wager, a void or a game event by its id. One that is nothing but a dead letter is told as such.
pub(crate) async fn event(call: Call) -> Result<Response, Problem> {
    let (operator, id) = (call.operator(), call.name());
    let found = call.service.occurrences(&operator.id, &KINDS, &id).await?;
    let dead_letters = found.iter().filter_map(LetterShape::of).collect();
    let mut found = found.into_iter();
    let first = found.next().ok_or_else(|| Problem::not_found("event"))?;
    let is_letter = first.letter.is_some();
    let others = found.filter(|other| other.letter.is_none());
    let others = others.map(|other| EventShape::of(id.clone(), other)).collect();
    let first = EventShape { others, dead_letters, ..EventShape::of(id.clone(), first) };
    if first.event.is_none() && !is_letter {
        let outcome = to_raw_value(&first).expect("a shape is plain data");
        let detail = "the log no longer has the event's bytes; what became of it stands";
        return Err(Problem::gone(detail.to_owned(), outcome));
    }
    Ok(respond(StatusCode::OK, &first))
}

/// Occurrences in partitions that are here, for another node.
pub(crate) async fn occurrences(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let text = |name| parameters.text(name).unwrap_or_default().to_owned();
    let (operator, id, kinds) = (text("operator"), text("id"), text("kinds"));
    let is_asked = |kind: &IdKind| kinds.split(',').any(|code| code == kind_code(*kind));
    let kinds: Vec<IdKind> = KINDS.into_iter().filter(is_asked).collect();
    let found = blocking(move || {
        service.with_all_here(&partitions, || {
            service.occurrences_here(&partitions, &operator, &kinds, &id)
        })
    })
    .await??;
    let mut bytes = Vec::new();
    for found in found {
        found.write(&mut bytes);
    }
    Ok(raw(StatusCode::OK, "application/octet-stream", bytes))
}

fn read_occurrences(bytes: &[u8]) -> std::io::Result<Vec<Occurrence>> {
    let mut cursor = Cursor::new(bytes, "answer of occurrences");
    let mut found = Vec::new();
    while !cursor.is_empty() {
        found.push(Occurrence::read(&mut cursor).map_err(std::io::Error::other)?);
    }
    Ok(found)
}

impl Occurrence {
    /// `kind u8 · partition u16 · batch u64 · slot u32 · [player u32] · recorded at i64 · outcome · length, scores ·
    /// [record] · letter u8`; player and record behind a byte that says whether it is there, the last 0 for no letter.
    fn write(&self, out: &mut Vec<u8>) {
        let kind = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or(KINDS.len());
        out.push(u8::try_from(kind).unwrap_or(u8::MAX));
        out.extend_from_slice(&self.place.partition.to_le_bytes());
        out.extend_from_slice(&self.place.batch.to_le_bytes());
        out.extend_from_slice(&self.place.slot.to_le_bytes());
        out.push(u8::from(self.player.is_some()));
        if let Some(player) = self.player {
            out.extend_from_slice(&player.to_le_bytes());
        }
        out.extend_from_slice(&self.recorded_at.micros().to_le_bytes());
        put_told(out, &Some((self.outcome.clone(), self.balance)));
        let scored = self.scored.to_bytes();
        put_varint(out, scored.len() as u64);
        out.extend_from_slice(&scored);
        out.push(u8::from(self.raw.is_some()));
        if let Some(Raw { body, source, received_at }) = &self.raw {
            let (kind, operator, origin) = (Kind::Wager, "", None);
            let (source, received_at, body) = (*source, *received_at, body.get().as_bytes());
            Record { kind, source, operator, received_at, origin, body }.write(out);
        }
        out.push(match self.letter {
            None => 0,
            Some(DeadLetterState::Open) => 1,
            Some(DeadLetterState::Released) => 2,
            Some(DeadLetterState::Discarded) => 3,
        });
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let kind = KINDS.get(usize::from(cursor.u8()?)).copied().ok_or(cursor.bad())?;
        let (partition, batch, slot) = (cursor.u16()?, cursor.u64()?, cursor.u32()?);
        let place = Place { partition, batch, slot, number: 0 };
        let player = if cursor.u8()? == 0 { None } else { Some(cursor.u32()?) };
        let recorded_at = Timestamp::from_micros(cursor.i64()?);
        let (outcome, balance) = read_told(cursor)?.ok_or(cursor.bad())?;
        let length = cursor.small()?;
        let scored = Scored::read(cursor.take(length)?)?;
        let raw = if cursor.u8()? == 0 {
            None
        } else {
            let Record { source, received_at, body, .. } = Record::read(cursor)?;
            let body = String::from_utf8(body.to_vec()).map_err(|_| cursor.bad())?;
            let body = RawValue::from_string(body).map_err(|_| cursor.bad())?;
            Some(Raw { body, source, received_at })
        };
        let letter = match cursor.u8()? {
            0 => None,
            1 => Some(DeadLetterState::Open),
            2 => Some(DeadLetterState::Released),
            3 => Some(DeadLetterState::Discarded),
            _ => return Err(cursor.bad()),
        };
        Ok(Self { kind, place, player, recorded_at, outcome, balance, scored, raw, letter })
    }
}
