//! Dead letters: seeing, repairing, retrying and giving up what could not be processed. An operator reaches its own,
//! and whoever runs the node those that belong to nobody too.

pub(crate) mod counts;
mod filter;
pub(crate) mod many;

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_engine::tables::Stretch;
use accolade_engine::tables::dead_letters::{DeadLetter, DeadLetterState, DeadLetters};
use accolade_storage::backing::NodeStore;
use accolade_wire::control::Command;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::hex::to_hex;
use accolade_wire::identity::partition_of;
use accolade_wire::json::Value;
use accolade_wire::named::Named;
use accolade_wire::problem::Problem as BadField;
use accolade_wire::record::{Kind, Record};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use self::filter::Filter;
pub(crate) use self::filter::{KINDS, REASONS};
use crate::call::Call;
use crate::cursor::{Cursors, put_together};
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{Field, fields_of, read_why};
use crate::idempotency::{self, key_of};
use crate::parameters::{LIMIT_MAX, Parameters};
use crate::principal::Known;
use crate::problem::{Problem, Refusal, not_yet};
use crate::routes::Audience;
use crate::service::Service;
use crate::shapes::{Page, Time, respond};
use crate::submit::{Carried, blocking, recorded_soon, soon};

/// Dead letters of which what is in memory is copied at once, while the fold waits.
const LOOKED_AT_ONCE: usize = 1_000;
/// As many letters could be looked at in the time in which the bytes of one are read.
const LOOKS_A_READ: usize = 20;

/// An input that could not be processed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterShape {
    id: String,
    /// Whom it names, for whoever runs the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_id: Option<Box<str>>,
    #[schema(schema_with = reasons)]
    reason: &'static str,
    detail: Box<str>,
    /// How far it came.
    #[schema(schema_with = stages)]
    stage: &'static str,
    #[schema(schema_with = sources)]
    source: &'static str,
    received_at: Time,
    original: String,
    /// The bytes, where they are not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_hex: Option<String>,
    #[schema(schema_with = states)]
    state: &'static str,
}

pub(crate) fn reasons() -> Schema {
    one_of(DeadReason::ALL.into_iter().map(DeadReason::code))
}

pub(crate) fn states() -> Schema {
    one_of(STATES.iter().map(|(word, _)| *word))
}

fn stages() -> Schema {
    one_of(["read", "admit", "apply"])
}

fn sources() -> Schema {
    one_of(["http", "file", "node", "released", "kafka"])
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Asker {
    /// Somebody of an operator's.
    Operator(Arc<Known>),
    /// Whoever runs the node.
    Administrator,
}

impl Asker {
    fn of(call: &Call) -> Self {
        match call.route.audience {
            Audience::Everybody => Self::Operator(call.operator()),
            Audience::Socket | Audience::FirstStart | Audience::Nodes => Self::Administrator,
        }
    }

    /// The operator whose letters are meant; else those of nobody who is known.
    fn operator(&self) -> Option<String> {
        match self {
            Self::Operator(operator) => Some(operator.id.to_string()),
            Self::Administrator => None,
        }
    }

    fn may_see(&self, letter: &DeadLetter) -> bool {
        match self {
            Self::Operator(operator) => *letter.operator == *operator.id,
            Self::Administrator => true,
        }
    }
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
    /// in the order of their places. At most so many are looked at: then it is said up to which.
    fn dead_letters(
        &self,
        partitions: &[u16],
        asked: &Asked,
        is_wanted: impl Fn(&DeadLetter) -> bool,
    ) -> Result<Stretch<DeadLetters>, Problem> {
        let player = asked.filter.player.as_deref();
        let mut rows = Vec::new();
        let to = self.look(partitions, asked.after, |place, letter, left| {
            let is_one = match player {
                _ if !is_wanted(&letter) => false,
                Some(player) if letter.to == partition_of(player, self.partitions()) => {
                    *left = left.saturating_sub(LOOKS_A_READ);
                    self.names(&letter, player)?
                }
                Some(_) => false,
                None => true,
            };
            if is_one {
                rows.push((place, letter));
            }
            let is_enough = rows.len() == asked.count;
            Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(Stretch { rows, to })
    }

    /// Shows `each` the dead letters of these partitions, which are here, after `after`, until it has enough. At most so many
    /// are looked at, of which it may take some more itself: then it is said up to which.
    fn look(
        &self,
        partitions: &[u16],
        after: Option<Place>,
        mut each: impl FnMut(Place, DeadLetter, &mut usize) -> Result<ControlFlow<()>, Problem>,
    ) -> Result<Option<Place>, Problem> {
        let mut left = self.settings.letters_looked_at_max;
        for number in partitions {
            let mut after = after.filter(|after| after.partition == *number);
            loop {
                let next = left.clamp(1, LOOKED_AT_ONCE);
                let Some(Stretch { rows, to }) = self.some_letters(*number, after, next)? else {
                    break;
                };
                for (place, letter) in rows {
                    if each(place, letter, &mut left)?.is_break() {
                        return Ok(None);
                    }
                    if left == 0 {
                        return Ok(Some(place));
                    }
                }
                left = left.saturating_sub(next);
                match to {
                    Some(_) if left == 0 => return Ok(to),
                    Some(_) => after = to,
                    None => break,
                }
            }
        }
        Ok(None)
    }

    /// The next `count` dead letters of a partition, as they are looked at.
    fn some_letters(
        &self,
        partition: u16,
        after: Option<Place>,
        count: usize,
    ) -> Result<Option<Stretch<DeadLetters>>, Problem> {
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let excerpt = self.read(partition, |partition| {
            let tables = partition.tables();
            // Before the first are only those that have ended, of which runs may still tell.
            let first = tables.letter_totals.get(&())?.first?.place;
            let from = after.filter(|after| *after >= first);
            let from = from.map_or(Bound::Included(first), Bound::Excluded);
            Some(tables.dead_letters.excerpt(from.as_ref(), count))
        })?;
        Ok(excerpt.map(|excerpt| excerpt.read(partition, &mut store)).transpose()?)
    }

    /// Whether a letter's bytes name this player.
    fn names(&self, letter: &DeadLetter, player: &str) -> Result<bool, Problem> {
        let backing = self.host.backing(letter.bytes_at.partition)?;
        let names = |record: &Record<'_>| Named::of(record).player.is_some_and(|own| own == player);
        Ok(soon(|| backing.dead_letter(letter.bytes_at, names))?.unwrap_or(false))
    }

    /// The dead letter at a place of a partition that is here.
    pub(crate) fn letter_at(&self, place: Place) -> Result<Option<DeadLetter>, Problem> {
        let mut store = NodeStore::new(self.host.backing(place.partition)?);
        let excerpt = self.read(place.partition, |partition| {
            partition.tables().dead_letters.excerpt(Bound::Included(&place), 1)
        })?;
        let found = excerpt.read(place.partition, &mut store)?.rows.into_iter();
        Ok(found.filter(|(at, _)| *at == place).map(|(_, letter)| letter).next())
    }

    /// The dead letter with this id, if it may be seen.
    fn dead_letter(&self, asker: &Asker, id: &str) -> Result<(Place, DeadLetter), Problem> {
        let place = place_of(id).filter(|place| place.partition < self.partitions());
        let missing = || Problem::not_found("dead letter");
        let place = place.ok_or_else(missing)?;
        let letter = self.letter_at(place)?.filter(|letter| asker.may_see(letter));
        Ok((place, letter.ok_or_else(missing)?))
    }

    fn dead_letter_shape(
        &self,
        asker: &Asker,
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
                let hex = str::from_utf8(record.body).is_err().then(|| to_hex(record.body));
                (String::from_utf8_lossy(record.body).into_owned(), hex)
            })
        })?;
        let (original, original_hex) = original.ok_or_else(not_yet)?;
        Ok(DeadLetterShape {
            id: id_of(place),
            operator_id: match asker {
                Asker::Operator(_) => None,
                Asker::Administrator => Some(letter.operator.clone()),
            },
            reason: letter.reason.code(),
            detail,
            stage: stage_of(letter.reason),
            source: letter.source.code(),
            received_at: Time(letter.received_at),
            original,
            original_hex,
            state: state_code(letter.state),
        })
    }
}

/// The operator's dead letters, or those of nobody who is known, in the order of their ids.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (asker, cursors) = (Asker::of(&call), Cursors::of(&call));
    let Call { service, parameters, .. } = call;
    let filter = Filter::read_with_states(&parameters, false)?;
    let (after, limit) = (cursors.after()?.map(place_at), parameters.limit()?);
    // One more than is shown says whether there are more.
    let operator = asker.operator();
    let asked = Asked { operator, filter, after, count: limit + 1, is_brief: false };
    let (found, to) = service.letters_of_all(&asked, limit).await?;
    let next_cursor = to.map(|to| cursors.at(numbers(to)));
    let items = found.into_iter().map(|found| found.letter).collect();
    Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
}

impl Service {
    /// Dead letters of all partitions, at most `limit`, in the order of their places; and where they go on.
    async fn letters_of_all(
        &self,
        asked: &Asked,
        limit: usize,
    ) -> Result<(Vec<Found>, Option<At>), Problem> {
        let (path, own) = (asked.path(), asked.clone());
        let here = move |service: &Self, partitions: &[u16]| own.found(service, partitions);
        let first = asked.after.map_or(0, |after| after.partition).min(self.partitions());
        let looked = self.gather(first..self.partitions(), here, &path, read_looked).await?;
        let parts = looked.into_iter().map(|Looked { found, to }| (found, to));
        Ok(put_together(parts, limit, |found| found.at))
    }
}

/// A part of a list.
#[derive(Clone)]
struct Asked {
    /// Those of this operator; else of nobody who is known.
    operator: Option<String>,
    filter: Filter,
    after: Option<Place>,
    count: usize,
    /// Whether only whose they are is asked.
    is_brief: bool,
}

/// Partition, batch and slot of a dead letter.
type At = (u16, u64, u32);

/// What one node has of a list.
#[derive(Debug, Serialize, Deserialize)]
struct Looked {
    found: Vec<Found>,
    /// Up to where it has looked; nothing where it has seen all, or found enough.
    to: Option<At>,
}

/// A dead letter of a list.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    at: At,
    /// As its record has it.
    operator: Box<str>,
    /// As it is answered, unless that is not asked.
    letter: Option<Box<RawValue>>,
}

const fn place((partition, batch, slot): At) -> Place {
    Place { partition, batch, slot, number: 0 }
}

fn numbers((partition, batch, slot): At) -> [u64; 3] {
    [partition.into(), batch, slot.into()]
}

/// The place that a cursor goes on from; whoever signed it began with one.
fn place_at([partition, batch, slot]: [u64; 3]) -> Place {
    let fits = "a cursor of this list has a place";
    place((partition.try_into().expect(fits), batch, slot.try_into().expect(fits)))
}

impl Asked {
    /// As another node is asked.
    fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(operator) = &self.operator {
            query.append_pair("operator", operator);
        }
        query.append_pair("count", &self.count.to_string());
        query.append_pair("brief", if self.is_brief { "true" } else { "false" });
        self.filter.put(&mut query);
        if let Some(after) = self.after {
            query.append_pair("after", &id_of(after));
        }
        format!("/cluster/v1/dead-letters?{}", query.finish())
    }

    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        Ok(Self {
            operator: parameters.text("operator").map(str::to_owned),
            filter: Filter::read_with_states(parameters, true)?,
            is_brief: parameters.switch("brief")?,
            after: parameters.text("after").and_then(place_of),
            count: parameters
                .number("count", 1, LIMIT_MAX as u64 + 1)?
                .and_then(|count| count.try_into().ok())
                .unwrap_or(1),
        })
    }

    /// What partitions have that are here.
    fn found(&self, service: &Service, partitions: &[u16]) -> Result<Looked, Problem> {
        let rules = service.host.rules();
        let is_asked_for = |letter: &DeadLetter| match &self.operator {
            Some(operator) => *letter.operator == **operator,
            None => rules.operator(&letter.operator).is_none(),
        };
        // Nobody's letters are seen by whoever sees all.
        let asker = Asker::Administrator;
        let Stretch { rows, to } = service.dead_letters(partitions, self, |letter| {
            is_asked_for(letter) && self.filter.wants(letter)
        })?;
        let shape = |(place, letter): (Place, DeadLetter)| {
            let (at, operator) =
                ((place.partition, place.batch, place.slot), letter.operator.clone());
            if self.is_brief {
                return Ok(Found { at, operator, letter: None });
            }
            let mut shape = service.dead_letter_shape(&asker, place, &letter)?;
            shape.operator_id = shape.operator_id.filter(|_| self.operator.is_none());
            let letter = to_raw_value(&shape).expect("a shape is plain data");
            Ok::<_, Problem>(Found { at, operator, letter: Some(letter) })
        };
        let found = rows.into_iter().map(shape).collect::<Result<_, _>>()?;
        Ok(Looked { found, to: to.map(|to| (to.partition, to.batch, to.slot)) })
    }
}

fn read_looked(bytes: &[u8]) -> std::io::Result<Looked> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Dead letters of partitions that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::read(&parameters)?;
    let found =
        blocking(move || service.with_all_here(&partitions, || asked.found(&service, &partitions)))
            .await??;
    Ok(respond(StatusCode::OK, &found))
}

/// One dead letter.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let (asker, id, service) = (Asker::of(&call), call.name(), call.service);
    blocking(move || {
        let (place, letter) = service.dead_letter(&asker, &id)?;
        Ok(respond(StatusCode::OK, &service.dead_letter_shape(&asker, place, &letter)?))
    })
    .await?
}

/// Gives a dead letter other bytes, which must be a valid event of the operator's, or, for whoever runs the node,
/// of any. The operator of a game event is named beside it, where its source named none.
pub(crate) async fn repair(call: Call) -> Result<Response, Problem> {
    change(call, |letter, asker, service, body| {
        let [original, operator] =
            fields_of(body, &["original", "operatorId"])?.map(Field::into_value);
        let Some(Value::Text(original)) = original else {
            let detail = "expected the repaired event as a text";
            return Err(Problem::field(Refusal::Malformed, "/original", detail));
        };
        let operator = match (asker, operator) {
            (Asker::Operator(_), _) | (Asker::Administrator, None | Some(Value::Null { .. })) => {
                None
            }
            (Asker::Administrator, Some(Value::Text(operator)))
                if letter.kind == Kind::GameEvent =>
            {
                Some(operator.into_owned())
            }
            (Asker::Administrator, Some(_)) => {
                let detail =
                    "expected the operator of a game event as a text; a wager names its own";
                return Err(Problem::field(Refusal::Malformed, "/operatorId", detail));
            }
        };
        check_repaired(letter, &original, operator.as_deref(), service)?;
        Ok(Change::Repair { original: original.into_owned(), operator })
    })
    .await
}

/// Checks what a dead letter is to be: an event of the operator that it belongs to, or, where it belongs to nobody, of
/// any that is known; `named` is that of a game event.
fn check_repaired(
    letter: &DeadLetter,
    original: &str,
    named: Option<&str>,
    service: &Service,
) -> Result<(), Problem> {
    let invalid = |problems: Vec<BadField>| Problem::fields(Refusal::Invalid, problems);
    let max = service.settings.item_bytes_max;
    if original.len() > max {
        let detail = format!("expected at most {max} bytes, found {}", original.len());
        return Err(invalid(vec![BadField::new("", detail)]));
    }
    let event = match letter.kind {
        Kind::Wager => read_wager(original.as_bytes()).map_err(invalid)?,
        Kind::GameEvent => Event::Game(read_game_event(original.as_bytes()).map_err(invalid)?),
        Kind::Command | Kind::Control => {
            let detail = "this dead letter is not an event: discard it";
            return Err(invalid(vec![BadField::new("", detail)]));
        }
    };
    let operator = match &event {
        Event::Wager(wager) => &*wager.operator_id,
        Event::Void(void) => &*void.operator_id,
        Event::Game(_) => named.unwrap_or(&letter.operator),
    };
    let wrong = |detail| invalid(vec![BadField::new("/operatorId", detail)]);
    let rules = service.host.rules();
    if rules.operator(operator).is_none() {
        return Err(service.unless_unknown(wrong("expected an operator that is known")));
    }
    if rules.operator(&letter.operator).is_some() && *operator != *letter.operator {
        return Err(wrong("expected the operator that the dead letter belongs to"));
    }
    Ok(())
}

/// Sends a dead letter to its player's partition, once.
pub(crate) async fn retry(call: Call) -> Result<Response, Problem> {
    change(call, |_, _, _, _| Ok(Change::Release)).await
}

/// Gives a dead letter up.
pub(crate) async fn discard(call: Call) -> Result<Response, Problem> {
    change(call, |_, _, _, body| Ok(Change::Discard { why: read_why(body)? })).await
}

/// What is to be done about a dead letter.
enum Change {
    Repair { original: String, operator: Option<String> },
    Release,
    Discard { why: String },
}

impl Change {
    fn command(&self, id: String, dead_letter: (u64, u32)) -> Command {
        match self {
            Self::Repair { original, operator } => {
                let (original, operator) = (original.clone(), operator.clone());
                Command::Repair { id, dead_letter, original, operator }
            }
            Self::Release => Command::Release { id, dead_letter },
            Self::Discard { why } => Command::Discard { id, dead_letter, why: why.clone() },
        }
    }

    /// The state of a letter that it is done to. A repair leaves it as it is.
    const fn becomes(&self) -> DeadLetterState {
        match self {
            Self::Repair { .. } => DeadLetterState::Open,
            Self::Release => DeadLetterState::Released,
            Self::Discard { .. } => DeadLetterState::Discarded,
        }
    }

    /// What becomes of a dead letter that is open.
    fn change(self, letter: &mut DeadLetterShape) {
        match self {
            Self::Repair { original, .. } => {
                (letter.original, letter.original_hex) = (original, None);
            }
            Self::Release => letter.state = state_code(DeadLetterState::Released),
            Self::Discard { .. } => letter.state = state_code(DeadLetterState::Discarded),
        }
    }
}

/// Carries out a command about a dead letter, and answers what it is afterwards, or would be.
async fn change(
    call: Call,
    read: impl FnOnce(&DeadLetter, &Asker, &Service, &[u8]) -> Result<Change, Problem>,
) -> Result<Response, Problem> {
    let (asker, id, is_dry) = (Asker::of(&call), call.name(), call.is_dry()?);
    let Call { service, route, principal, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    let (place, letter) = {
        let (service, asker, id) = (service.clone(), asker.clone(), id.clone());
        blocking(move || service.dead_letter(&asker, &id)).await??
    };
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let change = read(&letter, &asker, &service, &body)?;
    let operator = &*letter.operator;
    let asked = idempotency::Change {
        operator,
        subject: &principal.subject,
        route: route.id,
        name: &id,
        body: &body,
        is_dry,
    };
    let command_id = service.command_id(key, &asked).await?;
    let command = change.command(command_id, (place.batch, place.slot));
    let carried = service.command(place.partition, operator, &command, is_dry).await?;
    let service = service.clone();
    blocking(move || {
        let (place, letter) = service.dead_letter(&asker, &id)?;
        let mut shape = service.dead_letter_shape(&asker, place, &letter)?;
        if is_dry && carried == Carried::Now {
            change.change(&mut shape);
        }
        Ok(respond_to_change(carried.status(), &shape, is_dry))
    })
    .await?
}
