//! An event by its id: its bytes as they came, and what became of it.

use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::identity::IdKind;
use accolade_wire::record::Source;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::parameters::{Named, Parameters};
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{OutcomeShape, PlaceShape, Time, respond};
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
    /// Every occurrence of an id, oldest place first within each partition.
    pub(crate) fn occurrences(
        &self,
        operator: &str,
        kind: IdKind,
        id: &str,
    ) -> Result<Vec<Occurrence>, Problem> {
        let backing = Arc::clone(self.node.backing());
        let found = self.node.with_id(operator, kind, id)?;
        let occurrence = |found: accolade_storage::run::RunEntry| {
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
                balance: recorded.entry.as_ref().map(|stored| stored.entry.balance_after),
                raw: raw.clone().flatten(),
            })
        };
        found.into_iter().map(occurrence).collect()
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

/// A wager, a void or a game event by its id.
pub(crate) async fn event(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::read(uri.query(), &[])?;
    let (asked, operator) = (id.clone(), tenant.id.clone());
    let found = blocking(move || {
        let mut found = Vec::new();
        for kind in [IdKind::Wager, IdKind::GameEvent, IdKind::Void] {
            found.extend(service.occurrences(&operator, kind, &asked)?);
        }
        Ok::<_, Problem>(found)
    })
    .await??;
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
