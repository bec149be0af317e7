//! How many dead letters of an operator's are open, by their reasons.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use accolade_domain::refusal::DeadReason;
use accolade_engine::tables::dead_letters::DeadLetterState;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::Call;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::respond;
use crate::submit::blocking;

/// How many dead letters are open.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetterCounts)]
pub(crate) struct CountsShape {
    open: u64,
    /// Of each reason; those of which there are none too.
    by_reason: BTreeMap<&'static str, u64>,
    /// Whether all were looked at; else there are more.
    is_complete: bool,
}

/// What one node has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    /// In the order of [`DeadReason::ALL`].
    open: [u64; DeadReason::ALL.len()],
    is_complete: bool,
}

impl Service {
    fn count_letters(&self, operator: &str, partitions: &[u16]) -> Result<Counted, Problem> {
        let mut open = [0; DeadReason::ALL.len()];
        let to = self.look(partitions, None, |_, letter, _| {
            if letter.state == DeadLetterState::Open && *letter.operator == *operator {
                open[letter.reason.index()] += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Counted { open, is_complete: to.is_none() })
    }
}

/// Counts those of all partitions.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let operator = call.operator();
    let service = call.service;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("operator", &operator.id)
        .finish();
    let path = format!("/cluster/v1/dead-letters/counts?{query}");
    let here = move |service: &Service, partitions: &[u16]| {
        service.count_letters(&operator.id, partitions)
    };
    let gathered = service.gather(0..service.partitions(), here, &path, read).await?;
    let of = |reason: DeadReason| {
        let open = gathered.iter().map(|counted| counted.open[reason.index()]).sum();
        (reason.code(), open)
    };
    let by_reason: BTreeMap<_, u64> = DeadReason::ALL.into_iter().map(of).collect();
    let shape = CountsShape {
        open: by_reason.values().sum(),
        by_reason,
        is_complete: gathered.iter().all(|counted| counted.is_complete),
    };
    Ok(respond(StatusCode::OK, &shape))
}

fn read(bytes: &[u8]) -> io::Result<Counted> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Those of partitions that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let operator = parameters.text("operator").unwrap_or_default().to_owned();
    let found = blocking(move || {
        service.with_all_here(&partitions, || service.count_letters(&operator, &partitions))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}
