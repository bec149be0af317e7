//! Dead letters: seeing, repairing, retrying and giving up what could not be processed.

use std::ops::Bound;

use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_engine::tables::dead_letters::{DeadLetter, DeadLetterState};
use accolade_storage::host::NotHere;
use accolade_wire::control::Command;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::json::{self, Value};
use accolade_wire::problem::Problem as BadField;
use accolade_wire::record::Kind;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::cluster::Neighbour;
use crate::dry_run::{is_dry, respond_to_change};
use crate::idempotency::key_of;
use crate::parameters::{LIMIT_MAX, Named, Parameters};
use crate::problem::{Problem, Refusal, not_yet};
use crate::program::read_why;
use crate::service::Service;
use crate::shapes::{Page, Time, respond};
use crate::submit::{Carried, blocking, recorded_soon, soon};
use crate::tenant::{Door, Tenant};

/// Dead letters that are looked at before the fold may go on.
const LOOKED_AT_ONCE: usize = 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeadLetterShape {
    id: String,
    reason: &'static str,
    detail: Box<str>,
    stage: &'static str,
    source: &'static str,
    received_at: Time,
    original: String,
    state: &'static str,
}

/// A dead letter's id.
pub(crate) fn id_of(place: Place) -> String {
    format!("{}-{}-{}", place.partition, place.batch, place.slot)
}

pub(crate) fn place_of(id: &str) -> Option<Place> {
    let mut parts = id.split('-');
    let place = Place {
        partition: parts.next()?.parse().ok()?,
        batch: parts.next()?.parse().ok()?,
        slot: parts.next()?.parse().ok()?,
        number: 0,
    };
    // One spelling only: ids are compared as texts elsewhere.
    (id_of(place) == id).then_some(place)
}

const STATES: [(&str, Option<DeadLetterState>); 3] = [
    ("open", Some(DeadLetterState::Open)),
    ("released", Some(DeadLetterState::Released)),
    ("discarded", Some(DeadLetterState::Discarded)),
];

pub(crate) const fn state_code(state: DeadLetterState) -> &'static str {
    match state {
        DeadLetterState::Open => "open",
        DeadLetterState::Released => "released",
        DeadLetterState::Discarded => "discarded",
    }
}

/// How far the input came.
pub(crate) const fn stage_of(reason: DeadReason) -> &'static str {
    match reason {
        DeadReason::Malformed => "read",
        DeadReason::InFuture
        | DeadReason::TooLate
        | DeadReason::IdConflict
        | DeadReason::WrongPartition => "admit",
        DeadReason::OutOfRange | DeadReason::Skipped => "apply",
    }
}

impl Service {
    /// Dead letters of these partitions, which are here, after `after` that are wanted, at most `count`,
    /// in the order of their places.
    pub(crate) fn dead_letters(
        &self,
        partitions: &[u16],
        after: Option<Place>,
        count: usize,
        is_wanted: impl Fn(&DeadLetter) -> bool,
    ) -> Result<Vec<(Place, DeadLetter)>, NotHere> {
        let mut found = Vec::new();
        for number in partitions {
            let mut from = after.map_or(Bound::Unbounded, Bound::Excluded);
            loop {
                let last = self.read(*number, |partition| {
                    let letters = partition.tables().dead_letters.from(from.as_ref());
                    let mut last = None;
                    for (place, letter) in letters.take(LOOKED_AT_ONCE) {
                        last = Some(*place);
                        if is_wanted(letter) {
                            found.push((*place, letter.clone()));
                            if found.len() == count {
                                break;
                            }
                        }
                    }
                    last
                })?;
                if found.len() == count {
                    return Ok(found);
                }
                match last {
                    Some(last) => from = Bound::Excluded(last),
                    None => break,
                }
            }
        }
        Ok(found)
    }

    /// The operator's dead letter with this id.
    fn dead_letter(&self, tenant: &Tenant, id: &str) -> Result<(Place, DeadLetter), Problem> {
        let place = place_of(id).filter(|place| place.partition < self.partitions());
        let missing = || Problem::not_found("dead letter");
        let place = place.ok_or_else(missing)?;
        let letter = self.read(place.partition, |partition| {
            partition.tables().dead_letters.get(&place).cloned()
        })?;
        let letter = letter.filter(|letter| *letter.operator == *tenant.id);
        Ok((place, letter.ok_or_else(missing)?))
    }

    fn dead_letter_shape(
        &self,
        place: Place,
        letter: &DeadLetter,
    ) -> Result<DeadLetterShape, Problem> {
        let backing = self.host.backing(place.partition)?;
        let detail = recorded_soon(&backing, place, |recorded| match &recorded.outcome {
            Outcome::DeadLetter { detail, .. } => detail.clone(),
            _ => letter.reason.sentence().into(),
        })?;
        let original = soon(|| {
            backing.dead_letter(letter.bytes_at, |record| {
                String::from_utf8_lossy(record.body).into_owned()
            })
        })?;
        Ok(DeadLetterShape {
            id: id_of(place),
            reason: letter.reason.code(),
            detail,
            stage: stage_of(letter.reason),
            source: letter.source.code(),
            received_at: Time(letter.received_at),
            original: original.ok_or_else(not_yet)?,
            state: state_code(letter.state),
        })
    }
}

/// The operator's dead letters, in the order of their ids.
pub(crate) async fn list(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    uri: Uri,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(uri.query(), &["state", "limit", "cursor"])?;
    let state = parameters.choice("state", None, &STATES)?;
    let limit = parameters.limit()?;
    let after = match parameters.text("cursor") {
        None => None,
        Some(cursor) => Some(place_of(cursor).ok_or_else(|| {
            Problem::new(Refusal::BadQuery, "`cursor`: expected a `nextCursor` of this list")
        })?),
    };
    // One more than is shown says whether there are more.
    let asked = Asked { operator: tenant.id.to_string(), state, after, count: limit + 1 };
    let path = asked.path();
    let here = move |service: &Service, partitions: &[u16]| asked.found(service, partitions);
    let first = after.map_or(0, |after| after.partition).min(service.partitions());
    let found = service.gather(first..service.partitions(), here, &path, read_found).await?;
    let mut found: Vec<Found> = found.into_iter().flatten().collect();
    found.sort_by_key(|found| found.at);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| has_more).map(|found| id_of(place(found.at)));
    let items = found.into_iter().map(|found| found.letter).collect();
    Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
}

/// A part of a list.
#[derive(Clone)]
struct Asked {
    operator: String,
    state: Option<DeadLetterState>,
    after: Option<Place>,
    count: usize,
}

/// A dead letter of a list: partition, batch and slot, and as it is answered.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    at: (u16, u64, u32),
    letter: Box<RawValue>,
}

const fn place((partition, batch, slot): (u16, u64, u32)) -> Place {
    Place { partition, batch, slot, number: 0 }
}

impl Asked {
    /// As another node is asked.
    fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("operator", &self.operator);
        query.append_pair("count", &self.count.to_string());
        if let Some(state) = self.state {
            query.append_pair("state", state_code(state));
        }
        if let Some(after) = self.after {
            query.append_pair("after", &id_of(after));
        }
        format!("/cluster/v1/dead-letters?{}", query.finish())
    }

    fn read(parameters: &Parameters<'_>) -> Result<Self, Problem> {
        Ok(Self {
            operator: parameters.text("operator").unwrap_or_default().to_owned(),
            state: parameters.choice("state", None, &STATES)?,
            after: parameters.text("after").and_then(place_of),
            count: parameters
                .number("count", 1, LIMIT_MAX as u64 + 1)?
                .and_then(|count| count.try_into().ok())
                .unwrap_or(1),
        })
    }

    /// What partitions have that are here.
    fn found(&self, service: &Service, partitions: &[u16]) -> Result<Vec<Found>, Problem> {
        let found = service.dead_letters(partitions, self.after, self.count, |letter| {
            *letter.operator == *self.operator
                && self.state.is_none_or(|state| letter.state == state)
        })?;
        let shape = |(place, letter): (Place, DeadLetter)| {
            let shape = service.dead_letter_shape(place, &letter)?;
            let letter = to_raw_value(&shape).expect("a shape is plain data");
            Ok(Found { at: (place.partition, place.batch, place.slot), letter })
        };
        found.into_iter().map(shape).collect()
    }
}

fn read_found(bytes: &[u8]) -> std::io::Result<Vec<Found>> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Dead letters of partitions that are here, for another node.
pub(crate) async fn found(
    State(Door { service, .. }): State<Door>,
    Neighbour: Neighbour,
    uri: Uri,
) -> Result<Response, Problem> {
    let known = ["partitions", "operator", "state", "after", "count"];
    let parameters = Parameters::read(uri.query(), &known)?;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::read(&parameters)?;
    let found =
        blocking(move || service.with_all_here(&partitions, || asked.found(&service, &partitions)))
            .await??;
    Ok(respond(StatusCode::OK, &found))
}

/// One dead letter.
pub(crate) async fn get(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::read(uri.query(), &[])?;
    blocking(move || {
        let (place, letter) = service.dead_letter(&tenant, &id)?;
        Ok(respond(StatusCode::OK, &service.dead_letter_shape(place, &letter)?))
    })
    .await?
}

/// Gives a dead letter other bytes, which must be a valid event of the operator's.
pub(crate) async fn repair(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    change(service, tenant, id, request, |letter, tenant, service, body| {
        let [original] = json::fields(body, &["original"])
            .map_err(|problem| Problem::fields(Refusal::Malformed, [problem]))?;
        let Some(Value::Text(original)) = original else {
            let detail = "expected the repaired event as a text";
            return Err(Problem::field(Refusal::Malformed, "/original", detail));
        };
        check_repaired(letter.kind, &original, tenant, service)
            .map_err(|problems| Problem::fields(Refusal::Invalid, problems))?;
        Ok(Change::Repair { original: original.into_owned() })
    })
    .await
}

fn check_repaired(
    kind: Kind,
    original: &str,
    tenant: &Tenant,
    service: &Service,
) -> Result<(), Vec<BadField>> {
    let max = service.settings.item_bytes_max;
    if original.len() > max {
        let detail = format!("expected at most {max} bytes, found {}", original.len());
        return Err(vec![BadField::new("", detail)]);
    }
    match kind {
        Kind::Wager => {
            let event = read_wager(original.as_bytes())?;
            let operator = match &event {
                accolade_domain::event::Event::Wager(wager) => &*wager.operator_id,
                accolade_domain::event::Event::Void(void) => &*void.operator_id,
                accolade_domain::event::Event::Game(_) => &*tenant.id,
            };
            if *operator != *tenant.id {
                let detail = "expected the operator of the credential";
                return Err(vec![BadField::new("/operatorId", detail)]);
            }
            Ok(())
        }
        Kind::GameEvent => read_game_event(original.as_bytes()).map(drop),
        Kind::Command | Kind::Control => {
            Err(vec![BadField::new("", "this dead letter is not an event: discard it")])
        }
    }
}

/// Sends a dead letter to its player's partition, once.
pub(crate) async fn retry(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    change(service, tenant, id, request, |_, _, _, _| Ok(Change::Release)).await
}

/// Gives a dead letter up.
pub(crate) async fn discard(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    change(service, tenant, id, request, |_, _, _, body| {
        Ok(Change::Discard { why: read_why(body)? })
    })
    .await
}

/// What is to be done about a dead letter.
enum Change {
    Repair { original: String },
    Release,
    Discard { why: String },
}

impl Change {
    fn command(&self, id: String, dead_letter: (u64, u32)) -> Command {
        match self {
            Self::Repair { original } => {
                Command::Repair { id, dead_letter, original: original.clone() }
            }
            Self::Release => Command::Release { id, dead_letter },
            Self::Discard { why } => Command::Discard { id, dead_letter, why: why.clone() },
        }
    }

    /// What becomes of a dead letter that is open.
    fn change(self, letter: &mut DeadLetterShape) {
        match self {
            Self::Repair { original } => letter.original = original,
            Self::Release => letter.state = state_code(DeadLetterState::Released),
            Self::Discard { .. } => letter.state = state_code(DeadLetterState::Discarded),
        }
    }
}

/// Carries out a command about a dead letter, and answers what it is afterwards, or would be.
async fn change(
    service: Service,
    tenant: Tenant,
    id: String,
    request: Request,
    read: impl FnOnce(&DeadLetter, &Tenant, &Service, &[u8]) -> Result<Change, Problem>,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let is_dry = is_dry(parts.uri.query())?;
    let key = key_of(&parts.headers)?;
    let (place, letter) = {
        let (service, tenant, id) = (service.clone(), tenant.clone(), id.clone());
        blocking(move || service.dead_letter(&tenant, &id)).await??
    };
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let change = read(&letter, &tenant, &service, &body)?;
    let command_id = service.command_id(&tenant, key, parts.uri.path(), &body, is_dry)?;
    let command = change.command(command_id, (place.batch, place.slot));
    let carried = service.command(place.partition, &tenant.id, &command, is_dry).await?;
    let service = service.clone();
    blocking(move || {
        let (place, letter) = service.dead_letter(&tenant, &id)?;
        let mut shape = service.dead_letter_shape(place, &letter)?;
        if is_dry && carried == Carried::Now {
            change.change(&mut shape);
        }
        Ok(respond_to_change(carried.status(), &shape, is_dry))
    })
    .await?
}
