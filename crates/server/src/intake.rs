//! Taking in wagers and game events: checked one by one, durable together, answered after that.

use std::sync::Arc;

use accolade_domain::event::Event;
use accolade_engine::input::Known;
use accolade_wire::body::{Items, items, lines};
use accolade_wire::cloud_event::{self, Attributes};
use accolade_wire::dialect;
use accolade_wire::event::{prepare_game_event, read_wager};
use accolade_wire::identity::{HashKey, partition_of};
use accolade_wire::problem::Problem as BadField;
use accolade_wire::record::{Kind, Record, Source};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Format, SMALL_BYTES};
use crate::call::Call;
use crate::cloud_events;
use crate::principal::{Known as Operator, Principal};
use crate::problem::{Problem, ProblemShape, Refusal};
use crate::service::{Service, now};
use crate::shapes::{OutcomeShape, respond};
use crate::submit::{Applied, Parcel, blocking};
use crate::traces::traceparent;

/// Takes in wagers and voids.
pub(crate) async fn wagers(call: Call) -> Result<Response, Problem> {
    let operator = Some(call.operator());
    take_in(Way { kind: Kind::Wager, source: Source::Http, operator }, call).await
}

/// Takes in game events.
pub(crate) async fn events(call: Call) -> Result<Response, Problem> {
    let operator = Some(call.operator());
    take_in(Way { kind: Kind::GameEvent, source: Source::Http, operator }, call).await
}

/// What comes in, and from where.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    /// Whose it is; without one each wager names its own.
    pub(crate) operator: Option<Arc<Operator>>,
}

/// How a body says its events.
#[derive(Debug)]
struct Form {
    format: Format,
    /// What its event gets of the headers.
    attributes: Option<Attributes<'static>>,
}

/// A body that was read: what goes to the log, and what does not.
#[derive(Debug, Default)]
struct Prepared {
    parcel: Parcel,
    /// The item of each record.
    indexes: Vec<u32>,
    rejected: Vec<(usize, Problem)>,
    /// The id of the only item, where it came alone.
    single: Option<String>,
}

/// One event that was taken in, and with `wait=applied` what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = OneApplied)]
pub(crate) struct Single<'a> {
    status: &'static str,
    event_id: &'a str,
    #[serde(flatten)]
    outcome: OutcomeShape,
}

/// One event that was taken in.
#[derive(Serialize, ToSchema)]
#[schema(as = One, example = json!({ "status": "success", "event_id": "w-1" }))]
pub(crate) struct Success<'a> {
    status: &'static str,
    event_id: &'a str,
}

/// Events that were taken in, and those that were not.
#[derive(Serialize, ToSchema)]
pub(crate) struct Many<'a> {
    accepted: usize,
    rejected: Vec<Rejected<'a>>,
    /// With `wait=applied`: what became of those that were.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<Applying>>,
}

/// An item that was not taken in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rejected<'a> {
    /// From 0; blank lines have none.
    index: usize,
    problem: ProblemShape<'a>,
}

/// What became of an item.
#[derive(Serialize, ToSchema)]
pub(crate) struct Applying {
    index: u32,
    #[serde(flatten)]
    outcome: OutcomeShape,
}

/// Takes in a request's body.
pub(crate) async fn take_in(way: Way, call: Call) -> Result<Response, Problem> {
    let Call { service, principal, parameters, parts, body, followed, .. } = call;
    let waits = parameters.choice("wait", false, &[("applied", true)])?;
    let format = Format::of(&parts.headers)?;
    let kind = way.kind;
    if let Some(operator) = way.operator.as_ref().filter(|_| way.source == Source::Http) {
        operator.takes_in()?;
    }
    if kind == Kind::Wager {
        principal.bounds.sends_wagers()?;
    }
    let attributes = match format {
        Format::Attributed => Some(cloud_events::attributes(&parts.headers)?),
        Format::Json | Format::Lines | Format::CloudEvent | Format::CloudEvents => None,
    };
    let form = Form { format, attributes };
    let (bytes, held) = service.read_body(&parts.headers, body).await?;
    let prepared = if bytes.len() <= SMALL_BYTES {
        service.prepare(&way, &principal, &form, &bytes)?
    } else {
        let service = service.clone();
        blocking(move || service.prepare(&way, &principal, &form, &bytes)).await??
    };
    drop(held);
    let Prepared { mut parcel, indexes, rejected, single } = prepared;
    parcel.trace = match &followed {
        Some(followed) => Some(followed.traceparent()),
        None => traceparent(&parts.headers).map(str::to_owned),
    };
    parcel.followed = followed;
    service.counters.of(kind).count(indexes.len(), rejected.len());
    if let Some(event_id) = single {
        if !waits {
            service.submit(parcel).await?;
            let taken = Success { status: "success", event_id: &event_id };
            return Ok(respond(StatusCode::OK, &taken));
        }
        let outcome = service.outcomes(parcel).await?.pop().unwrap_or_default();
        let single = Single { status: "success", event_id: &event_id, outcome };
        return Ok(respond(StatusCode::OK, &single));
    }
    let accepted = indexes.len();
    let mut results = waits.then(Vec::new);
    if !parcel.is_empty() {
        match &mut results {
            None => service.submit(parcel).await?,
            Some(results) => {
                let outcomes = service.outcomes(parcel).await?.into_iter();
                let applying = |(index, outcome)| Applying { index, outcome };
                results.extend(indexes.into_iter().zip(outcomes).map(applying));
            }
        }
    }
    let rejected = rejected
        .iter()
        .map(|(index, problem)| Rejected { index: *index, problem: problem.shape(None) })
        .collect();
    Ok(respond(StatusCode::OK, &Many { accepted, rejected, results }))
}

impl Service {
    async fn outcomes(&self, parcel: Parcel) -> Result<Vec<OutcomeShape>, Problem> {
        let applied = self.submit_and_wait(parcel).await?;
        let firsts = self.first_outcomes(&applied).await?;
        let shape = |(applied, first): (&Option<Applied>, _)| match (applied, first) {
            (None, _) => OutcomeShape::accepted(),
            (Some((_, balance)), Some(first)) => OutcomeShape::of(&first, None).repeated(*balance),
            (Some((outcome, balance)), None) => OutcomeShape::of(outcome, *balance),
        };
        Ok(applied.iter().zip(firsts).map(shape).collect())
    }

    fn prepare(
        &self,
        way: &Way,
        principal: &Principal,
        form: &Form,
        body: &Bytes,
    ) -> Result<Prepared, Problem> {
        let split = match form.format {
            Format::Json | Format::CloudEvent | Format::CloudEvents | Format::Attributed => {
                items(body, self.limits())
            }
            Format::Lines => lines(body, self.limits()),
        };
        let split = split.and_then(|split| match (form.format, &split) {
            (Format::CloudEvent | Format::Attributed, Items::Many(_)) => {
                Err(BadField::new("", "expected an object, for one CloudEvent"))
            }
            (Format::CloudEvents, Items::One(_)) => {
                Err(BadField::new("", "expected an array, for a batch of CloudEvents"))
            }
            _ => Ok(split),
        });
        let split = split.map_err(|problem| Problem::fields(Refusal::Malformed, [problem]))?;
        let limit = way.operator.as_ref().and_then(|operator| operator.limit.as_ref());
        let mut prepared = Prepared::default();
        let key = self.host.hash_key();
        let preparing = Preparing { service: self, way, principal, form, key };
        match split {
            Items::One(item) => {
                if let Some(limit) = limit {
                    limit.take(1).map_err(Problem::rate_limited)?;
                }
                let read = item.map_err(|problem| malformed([problem]));
                let added = read.and_then(|item| preparing.add(item, &mut prepared.parcel));
                let id = added.inspect_err(|_| self.counters.of(way.kind).count(0, 1))?;
                prepared.indexes.push(0);
                prepared.single = Some(id);
            }
            Items::Many(items) => {
                if let Some(limit) = limit {
                    limit.take(items.len()).map_err(Problem::rate_limited)?;
                }
                prepared.parcel = Parcel::with_capacity(items.len(), body.len() + 64 * items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let read = item.map_err(|problem| malformed([problem]));
                    match read.and_then(|item| preparing.add(item, &mut prepared.parcel)) {
                        Ok(_) => prepared.indexes.push(u32::try_from(index).unwrap_or(u32::MAX)),
                        Err(problem) => prepared.rejected.push((index, problem)),
                    }
                }
            }
        }
        Ok(prepared)
    }
}

fn malformed(problems: impl IntoIterator<Item = BadField>) -> Problem {
    Problem::fields(Refusal::Malformed, problems)
}

struct Preparing<'a> {
    service: &'a Service,
    way: &'a Way,
    principal: &'a Principal,
    form: &'a Form,
    key: Option<HashKey>,
}

impl Preparing<'_> {
    /// Adds an item to the parcel and returns its id; a problem points into the item as it was sent.
    fn add(&self, item: &[u8], parcel: &mut Parcel) -> Result<String, Problem> {
        let kind = self.way.kind;
        match (self.form.format, &self.form.attributes) {
            (Format::CloudEvent | Format::CloudEvents, _) => {
                let plain = cloud_event::unwrap(item, kind).map_err(malformed)?;
                let added = self.add_plain(&plain.event, parcel);
                added.map_err(|problem| {
                    cloud_events::moved(problem, |pointer| plain.locate(pointer))
                })
            }
            (_, Some(attributes)) => {
                let plain = attributes.fill(item, kind).map_err(malformed)?;
                self.add_plain(&plain.event, parcel)
            }
            (Format::Json | Format::Lines | Format::Attributed, _) => self.add_plain(item, parcel),
        }
    }

    /// Adds an event that stands alone.
    fn add_plain(&self, item: &[u8], parcel: &mut Parcel) -> Result<String, Problem> {
        let Way { kind, source, operator } = self.way;
        let (kind, source) = (*kind, *source);
        let partitions = self.service.partitions();
        let mut add = |event: &Event<'_>, operator: &str, body: &[u8]| {
            let (received_at, origin) = (now(), None);
            let record = Record { kind, source, operator, received_at, origin, body };
            let known = self.key.as_ref();
            let known = known.and_then(|key| Known::of(event, &record, key, &dialect::FIRST));
            parcel.add(Some(partition_of(event.player_id(), partitions)), &record, known);
        };
        if kind == Kind::GameEvent {
            let prepared = prepare_game_event(item, || uuid::Uuid::now_v7().to_string());
            let (bytes, event) = prepared.map_err(malformed)?;
            self.principal.names(&event.player_id)?;
            self.principal.bounds.sends(&event.event_type)?;
            let operator = operator.as_ref().map_or("", |operator| &operator.id);
            let event = Event::Game(event);
            add(&event, operator, &bytes);
            return Ok(event.id().to_owned());
        }
        let event = read_wager(item).map_err(malformed)?;
        self.principal.names(event.player_id())?;
        let named = match &event {
            Event::Wager(wager) => &wager.operator_id,
            Event::Void(void) => &void.operator_id,
            Event::Game(_) => unreachable!("a wager or its void was read"),
        };
        if let Some(operator) = operator
            && *named != *operator.id
        {
            let detail = "expected the operator of the credential";
            return Err(malformed([BadField::new("/operatorId", detail)]));
        }
        add(&event, named, item);
        Ok(event.id().to_owned())
    }
}
