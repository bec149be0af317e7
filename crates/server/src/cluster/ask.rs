//! What became of records: asked of the node that folds them.

use std::io;
use std::time::Duration;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_storage::host::NotHere;
use accolade_wire::order::SourceTopic;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::neighbours::Neighbours;
use super::told::{Told, put_told, read_all};
use crate::body::json;
use crate::call::Call;
use crate::problem::{Problem, Refusal};
use crate::service::Service;
use crate::shapes::raw;
use crate::submit::{Ticket, blocking};

/// How much longer than its patience an answer may take.
const SLACK: Duration = Duration::from_secs(1);
/// How long another node may take to read outcomes from its journal.
const READ_TIME: Duration = Duration::from_secs(5);
/// A longer wait is not worth its memory.
const WAIT_MAX: Duration = Duration::from_mins(1);

const OUTCOMES: &str = "/cluster/v1/outcomes";
const RECORDED: &str = "/cluster/v1/recorded";
const BYTES: &str = "application/octet-stream";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OutcomesAsked {
    partition: u16,
    /// The source's number.
    source: u8,
    offsets: Vec<i64>,
    wait_ms: u64,
}

/// Partition, batch and slot of each.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedAsked {
    places: Vec<(u16, u64, u32)>,
}

fn body_of(asked: &impl Serialize) -> Bytes {
    serde_json::to_vec(asked).expect("a question is plain data").into()
}

impl Neighbours {
    /// Asks the node at `address` what became of records that this node has made durable: for each
    /// offset the outcome and the player's balance after it; nothing where that is not known within
    /// `patience`. Fails where the node cannot be reached or does not have the partition.
    pub async fn ask_outcomes(
        &self,
        address: &str,
        partition: u16,
        source: SourceTopic,
        offsets: &[i64],
        patience: Duration,
    ) -> io::Result<Vec<Option<(Outcome, Option<Points>)>>> {
        let wait_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let offsets = offsets.to_vec();
        let asked = OutcomesAsked { partition, source: source as u8, offsets, wait_ms };
        let body = Some(body_of(&asked));
        let answer = self.ask(address, OUTCOMES, body, patience.min(WAIT_MAX) + SLACK).await?;
        read_all(&answer, asked.offsets.len()).map_err(io::Error::other)
    }

    /// Asks the node at `address` what its journal has at these places.
    pub(crate) async fn ask_recorded(
        &self,
        address: &str,
        places: &[Place],
    ) -> io::Result<Vec<Option<Outcome>>> {
        let places = places.iter().map(|place| (place.partition, place.batch, place.slot));
        let asked = RecordedAsked { places: places.collect() };
        let answer = self.ask(address, RECORDED, Some(body_of(&asked)), READ_TIME).await?;
        let told = read_all(&answer, asked.places.len()).map_err(io::Error::other)?;
        Ok(told.into_iter().map(|told| told.map(|(outcome, _)| outcome)).collect())
    }
}

async fn read<T: DeserializeOwned>(call: Call) -> Result<(Service, T), Problem> {
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    let read = json(&body)?;
    drop(held);
    Ok((service, read))
}

fn respond_with_told(told: &[Told]) -> Response {
    let mut bytes = Vec::with_capacity(64 * told.len());
    for told in told {
        put_told(&mut bytes, told);
    }
    raw(StatusCode::OK, BYTES, bytes)
}

/// What became of records that another node has made durable.
pub(crate) async fn outcomes(call: Call) -> Result<Response, Problem> {
    let (service, asked) = read(call).await?;
    let OutcomesAsked { partition, source, offsets, wait_ms } = asked;
    let source = SourceTopic::ALL.get(usize::from(source)).copied();
    let Some(source) = source.filter(|_| partition < service.partitions()) else {
        return Err(Problem::field(Refusal::Malformed, "", "no such partition or source"));
    };
    let ticket = Ticket::for_outcomes(offsets.len());
    let cluster = service.cluster.as_ref().ok_or(NotHere::Nowhere)?;
    let (outcomes, caller) = (cluster.outcomes.clone(), ticket.clone());
    blocking(move || outcomes.outcomes(partition, source, &offsets, caller)).await??;
    let told = ticket.wait(Duration::from_millis(wait_ms).min(WAIT_MAX)).await;
    Ok(respond_with_told(&told))
}

/// What the journal has at places of partitions that are here.
pub(crate) async fn recorded(call: Call) -> Result<Response, Problem> {
    let (service, RecordedAsked { places }) = read(call).await?;
    if places.iter().any(|(partition, ..)| *partition >= service.partitions()) {
        return Err(Problem::field(Refusal::Malformed, "", "no such partition"));
    }
    let place = |(partition, batch, slot)| Place { partition, batch, slot, number: 0 };
    let places: Vec<Place> = places.into_iter().map(place).collect();
    let found = blocking(move || service.outcomes_here(&places)).await??;
    let told: Vec<Told> =
        found.into_iter().map(|outcome| outcome.map(|outcome| (outcome, None))).collect();
    Ok(respond_with_told(&told))
}
