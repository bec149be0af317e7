//! What only whoever runs the node may do: its state, operators, files to take in, and `skip`.

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::ledger::Place;
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Source};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::health::StandingShape;
use crate::intake::Way;
use crate::parameters::Parameters;
use crate::problem::{Problem, Refusal, not_yet};
use crate::shapes::{PlaceShape, Time, respond};
use crate::submit::blocking;
use crate::tenant::{Door, Tenant, hex, key_hash};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusShape {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<String>,
    log_time: Time,
    lag_bytes: usize,
    ids_in_memory: usize,
    players: usize,
    checkpointed_at: Time,
    disk_full: bool,
    clock_stepped: bool,
    fatal: Option<String>,
    standing: Vec<StandingShape>,
    partitions: u16,
    operators: usize,
}

/// How the node is.
pub(crate) async fn status(
    State(Door { service, .. }): State<Door>,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::read(uri.query(), &[])?;
    let shape = blocking(move || {
        let status = service.node.status();
        StatusShape {
            version: env!("CARGO_PKG_VERSION"),
            data_dir: service.settings.data_dir.as_ref().map(|path| path.display().to_string()),
            log_time: Time(status.log_time),
            lag_bytes: status.lag_bytes,
            ids_in_memory: status.ids_in_memory,
            players: status.players,
            checkpointed_at: Time(status.checkpointed_at),
            disk_full: status.disk_full,
            clock_stepped: status.clock_stepped,
            standing: StandingShape::all(&status),
            fatal: status.fatal,
            partitions: service.partitions(),
            operators: service.node.rules().operators().count(),
        }
    })
    .await?;
    Ok(respond(StatusCode::OK, &shape))
}

#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperatorShape {
    operator_id: Box<str>,
    number: u32,
    events_per_second: u32,
    /// The latest version; nothing where there is none.
    program_version: Option<u32>,
}

/// All operators, by name.
pub(crate) async fn operators(
    State(Door { service, .. }): State<Door>,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::read(uri.query(), &[])?;
    let rules = service.node.rules();
    let items = rules.operators().map(|operator| OperatorShape {
        operator_id: operator.id.clone(),
        number: operator.number,
        events_per_second: operator.events_per_second,
        program_version: Some(operator.versions.latest()).filter(|latest| *latest > 0),
    });
    Ok(respond(StatusCode::OK, &List { items: items.collect() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewOperator {
    operator_id: String,
    #[serde(default)]
    events_per_second: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddedOperator<'a> {
    operator_id: &'a str,
    /// Shown this once.
    key: &'a str,
}

async fn read<T: for<'de> Deserialize<'de>>(door: &Door, request: Request) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    Parameters::read(parts.uri.query(), &[])?;
    let (body, _held) = door.service.read_body(&parts.headers, body).await?;
    serde_json::from_slice(&body)
        .map_err(|error| Problem::field(Refusal::Malformed, "", error.to_string()))
}

/// Adds an operator and makes its key.
pub(crate) async fn add_operator(
    State(door): State<Door>,
    request: Request,
) -> Result<Response, Problem> {
    let NewOperator { operator_id, events_per_second } = read(&door, request).await?;
    let is_id = (1..=ID_BYTES_MAX).contains(&operator_id.len())
        && !operator_id.chars().any(char::is_control);
    if !is_id {
        let detail = "expected a text of 1 to 128 bytes without control characters";
        return Err(Problem::field(Refusal::Malformed, "/operatorId", detail));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)
        .map_err(|_| Problem::new(Refusal::Failed, "the system gives no random bytes"))?;
    let key = format!("acc_{}", hex(&secret));
    let (operator, key_hash) = (operator_id.clone(), key_hash(&key));
    let control = Control::Operator { operator, key_hash, events_per_second };
    door.service.control(&control).await?.ok_or_else(not_yet)?;
    let added = AddedOperator { operator_id: &operator_id, key: &key };
    Ok(respond(StatusCode::CREATED, &added))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    partition: u16,
    batch: u64,
    slot: u32,
    who: String,
}

#[derive(Serialize)]
struct Skipped {
    skipped: PlaceShape,
}

/// Makes the input at which a partition stands a dead letter.
pub(crate) async fn skip(State(door): State<Door>, request: Request) -> Result<Response, Problem> {
    let Skip { partition, batch, slot, who } = read(&door, request).await?;
    let place = Place { partition, batch, slot, number: 0 };
    let standing = door.service.node.status().standing;
    if !standing.iter().any(|(stands_at, _)| *stands_at == place) {
        return Err(accolade_domain::outcome::Declined::NotStandingThere.into());
    }
    let control = Control::Skip { partition, batch, slot, who };
    door.service.control(&control).await?.ok_or_else(not_yet)?;
    Ok(respond(StatusCode::OK, &Skipped { skipped: place.into() }))
}

const KINDS: [(&str, Kind); 2] = [("wagers", Kind::Wager), ("events", Kind::GameEvent)];

/// Takes in lines of a file: wagers of any operators, or game events of the one that the header names.
pub(crate) async fn ingest(
    State(door): State<Door>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let known = ["kind", "wait"];
    let kind = Parameters::read(parts.uri.query(), &known)?.choice("kind", Kind::Wager, &KINDS)?;
    // A wager from a file names its own operator, and the fold says whether it is known.
    let tenant = match kind {
        Kind::GameEvent => Some(Tenant::from_request_parts(&mut parts, &door).await?),
        Kind::Wager | Kind::Command | Kind::Control => None,
    };
    let way = Way { kind, source: Source::File };
    door.service.take_in(way, tenant, Request::from_parts(parts, body), &known).await
}
