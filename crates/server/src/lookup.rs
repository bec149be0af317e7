//! An event by its id: its bytes as they came, and what became of it.

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_storage::run::RunEntry;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::identity::IdKind;
use accolade_wire::record::{Kind, Record, Source};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::cluster::{Neighbour, put_told, read_told};
use crate::parameters::{Named, Parameters};
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{OutcomeShape, PlaceShape, Time, raw, respond};
use crate::submit::{blocking, recorded_soon};
use crate::tenant::{Door, Tenant};

/// An occurrence of an id.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    pub(crate) kind: IdKind,
    pub(crate) place: Place,
    /// Part of the hash of its player.
    pub(crate) player: u32,
    pub(crate) recorded_at: Timestamp,
    pub(crate) outcome: Outcome,
    /// The balance after it, where it made an entry.
    pub(crate) balance: Option<Points>,
    /// The record as it came, as long as the log has it.
    pub(crate) raw: Option<Raw>,
}

/// A record as it came.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) body: Box<RawValue>,
    pub(crate) source: Source,
    pub(crate) received_at: Timestamp,
}

impl Service {
    /// Every occurrence of an id as one of `kinds`, in their order, and oldest place first within each
    /// partition.
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
        found.sort_by_key(|found| (rank(found.kind), found.place));
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
        Ok(found)
    }

    fn occurrence(&self, kind: IdKind, found: &RunEntry) -> Result<Occurrence, Problem> {
        let backing = self.host.backing(found.partition)?;
        let (batch, slot) = (found.entry.batch, found.entry.slot);
        let place = Place { partition: found.partition, batch, slot, number: 0 };
        let raw = backing.record(place, |record| {
            let body = String::from_utf8_lossy(record.body).into_owned();
            let body = RawValue::from_string(body).ok()?;
            Some(Raw { body, source: record.source, received_at: record.received_at })
        })?;
        recorded_soon(&backing, place, |recorded| Occurrence {
            kind,
            place,
            player: found.entry.player,
            recorded_at: recorded.time,
            outcome: recorded.outcome.clone(),
            balance: recorded.entries.last().map(|stored| stored.entry.balance_after),
            raw: raw.clone().flatten(),
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventShape<'a> {
    event_id: &'a str,
    kind: &'static str,
    event: Option<Box<RawValue>>,
    source: Option<&'static str>,
    received_at: Option<Time>,
    recorded_at: Time,
    place: PlaceShape,
    #[serde(flatten)]
    outcome: OutcomeShape,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<EventShape<'a>>,
}

impl<'a> EventShape<'a> {
    fn of(event_id: &'a str, occurrence: Occurrence) -> Self {
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
        }
    }
}

const KINDS: [IdKind; 3] = [IdKind::Wager, IdKind::GameEvent, IdKind::Void];

/// A wager, a void or a game event by its id.
pub(crate) async fn event(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::read(uri.query(), &[])?;
    let found = service.occurrences(&tenant.id, &KINDS, &id).await?;
    let mut shapes = found.into_iter().map(|occurrence| EventShape::of(&id, occurrence));
    let mut first = shapes.next().ok_or_else(|| Problem::not_found("event"))?;
    first.others = shapes.collect();
    if first.event.is_none() {
        let outcome = to_raw_value(&first).expect("a shape is plain data");
        let detail = "the log no longer has the event's bytes; what became of it stands";
        return Err(Problem::gone(detail.to_owned(), outcome));
    }
    Ok(respond(StatusCode::OK, &first))
}

/// Occurrences in partitions that are here, for another node.
pub(crate) async fn occurrences(
    State(Door { service, .. }): State<Door>,
    Neighbour: Neighbour,
    uri: Uri,
) -> Result<Response, Problem> {
    let known = ["partitions", "operator", "id", "kinds"];
    let parameters = Parameters::read(uri.query(), &known)?;
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
    /// `kind u8 · partition u16 · batch u64 · slot u32 · player u32 · recorded at i64 · outcome · [record]`;
    /// the record behind a byte that says whether it is there.
    fn write(&self, out: &mut Vec<u8>) {
        let kind = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or(KINDS.len());
        out.push(u8::try_from(kind).unwrap_or(u8::MAX));
        out.extend_from_slice(&self.place.partition.to_le_bytes());
        out.extend_from_slice(&self.place.batch.to_le_bytes());
        out.extend_from_slice(&self.place.slot.to_le_bytes());
        out.extend_from_slice(&self.player.to_le_bytes());
        out.extend_from_slice(&self.recorded_at.micros().to_le_bytes());
        put_told(out, &Some((self.outcome.clone(), self.balance)));
        out.push(u8::from(self.raw.is_some()));
        if let Some(Raw { body, source, received_at }) = &self.raw {
            let (kind, operator, origin) = (Kind::Wager, "", None);
            let (source, received_at, body) = (*source, *received_at, body.get().as_bytes());
            Record { kind, source, operator, received_at, origin, body }.write(out);
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let kind = KINDS.get(usize::from(cursor.u8()?)).copied().ok_or(cursor.bad())?;
        let (partition, batch, slot) = (cursor.u16()?, cursor.u64()?, cursor.u32()?);
        let place = Place { partition, batch, slot, number: 0 };
        let (player, recorded_at) = (cursor.u32()?, Timestamp::from_micros(cursor.i64()?));
        let (outcome, balance) = read_told(cursor)?.ok_or(cursor.bad())?;
        let raw = if cursor.u8()? == 0 {
            None
        } else {
            let Record { source, received_at, body, .. } = Record::read(cursor)?;
            let body = String::from_utf8(body.to_vec()).map_err(|_| cursor.bad())?;
            let body = RawValue::from_string(body).map_err(|_| cursor.bad())?;
            Some(Raw { body, source, received_at })
        };
        Ok(Self { kind, place, player, recorded_at, outcome, balance, raw })
    }
}
