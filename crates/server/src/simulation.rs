//! What a draft would have done: the log's records of a past period, folded beside the node. Nothing is changed, and
//! nothing kept beyond the node's life.

mod figures;
mod folding;
mod job;
mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_wire::dialect::Dialect;
use accolade_wire::json::{self, Value};
use accolade_wire::timestamp;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use self::figures::{Figures, ResultShape};
use self::folding::{Draft, Folding};
pub(crate) use self::job::{Job, Simulations};
use crate::call::Call;
use crate::description::schemas::one_of;
use crate::problem::{Problem, Refusal};
use crate::program::read_draft;
use crate::roles::Scope;
use crate::service::{Service, now};
use crate::shapes::{Time, respond};
use crate::submit::blocking;

/// How a simulation ends that has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Cancelled,
    Failed(String),
}

/// A simulation of a draft.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Simulation)]
pub(crate) struct SimulationShape {
    id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    from: Time,
    to: Time,
    begun_at: Time,
    #[schema(required)]
    ended_at: Option<Time>,
    /// Batches that were folded.
    batches: u64,
    /// Batches that the log has of the partitions that were begun.
    batches_expected: u64,
    /// Why it failed.
    #[schema(required)]
    why: Option<String>,
    /// What it has found, once it is done.
    #[schema(required)]
    result: Option<ResultShape>,
}

fn states() -> Schema {
    one_of(["running", "done", "failed", "cancelled"])
}

impl SimulationShape {
    fn of(job: &Job, sees_players: bool) -> Self {
        let (batches, batches_expected) = job.progress();
        let (state, why, result) = match job.end() {
            None => ("running", None, None),
            Some((_, Ok(result))) => ("done", None, Some(result.clone())),
            Some((_, Err(Ending::Cancelled))) => ("cancelled", None, None),
            Some((_, Err(Ending::Failed(why)))) => ("failed", Some(why.clone()), None),
        };
        let result = result.map(|mut result| {
            if !sees_players {
                (result.gained, result.lost) = (Vec::new(), Vec::new());
            }
            result
        });
        Self {
            id: job.id.clone(),
            operator_id: job.operator_id.to_string(),
            state,
            from: Time(job.from),
            to: Time(job.to),
            begun_at: Time(job.begun_at),
            ended_at: job.end().map(|(at, _)| Time(*at)),
            batches,
            batches_expected,
            why,
            result,
        }
    }
}

/// What is asked for.
struct Asked {
    draft: Draft,
    from: Timestamp,
    to: Timestamp,
}

/// Whether any promotion of a document, which is canonical JSON, has a budget.
fn has_budgets(document: &str) -> bool {
    let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
    let promotions = document["promotions"].as_array();
    promotions.is_some_and(|all| all.iter().any(|promotion| !promotion["budget"].is_null()))
}

impl Asked {
    fn read(body: &[u8], dialect: &Dialect, now: Timestamp) -> Result<Self, Problem> {
        let [program, from, to] = json::fields(body, &["program", "from", "to"])
            .map_err(|problem| Problem::fields(Refusal::Malformed, [problem]))?;
        let time = |value, pointer| match value {
            Some(Value::Text(text)) => timestamp::read(&text),
            None | Some(Value::Null { .. }) if pointer == "/to" => Some(now),
            _ => None,
        };
        let wrong = |pointer, detail| Problem::field(Refusal::Malformed, pointer, detail);
        let example = "expected a time such as `2024-11-11T10:30:00Z`";
        let from = time(from, "/from").ok_or_else(|| wrong("/from", example))?;
        let to = time(to, "/to").ok_or_else(|| wrong("/to", example))?;
        if from >= to || to > now {
            return Err(wrong("/to", "expected a time after `from`, and not to come"));
        }
        let (document, zone) = read_draft(body, program, dialect)?;
        if has_budgets(&document) {
            let detail = "a `budget` goes by what all partitions tell each other, which is not simulated: leave it out";
            return Err(Problem::field(Refusal::Invalid, "/program", detail));
        }
        Ok(Self { draft: Draft { document, zone }, from, to })
    }
}

fn run(service: &Service, job: &Job, draft: &Draft) -> Result<ResultShape, Ending> {
    let mut figures = Figures::default();
    for number in 0..service.partitions() {
        Folding::of(service, job, draft, number)?.run(service, &mut figures)?;
    }
    Ok(ResultShape::of(figures))
}

fn shape(call: &Call, job: &Job) -> SimulationShape {
    SimulationShape::of(job, call.principal.scopes.has(Scope::PlayersRead))
}

/// Begins a simulation.
pub(crate) async fn begin(mut call: Call) -> Result<Response, Problem> {
    let (operator, service) = (call.operator(), call.service.clone());
    let body = std::mem::take(&mut call.body);
    let (body, held) = service.read_body(&call.parts.headers, body).await?;
    let dialect = Dialect::of(service.host.rules().settings.behaviour);
    let asked = blocking(move || Asked::read(&body, dialect, now())).await??;
    drop(held);
    if call.service.cluster.is_some() {
        let detail =
            "a node of a cluster does not simulate yet: bring the log's days to an embedded node";
        return Err(Problem::new(Refusal::OnlyEmbedded, detail));
    }
    let Asked { draft, from, to } = asked;
    let of = (operator.number, operator.id.clone());
    let job = Arc::new(Job::new(of, (from, to), now()));
    service.simulations.begin(Arc::clone(&job))?;
    let running = Arc::clone(&job);
    tokio::task::spawn_blocking(move || {
        // One that fails is over, too: another may run after it.
        let end = catch_unwind(AssertUnwindSafe(|| run(&service, &running, &draft)));
        let failed =
            |_| Err(Ending::Failed("the simulation failed by a mistake of its own".into()));
        running.ends(now(), end.unwrap_or_else(failed));
    });
    Ok(respond(StatusCode::ACCEPTED, &shape(&call, &job)))
}

/// A simulation, as it is.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let job = call.service.simulations.find(call.operator().number, &call.name())?;
    Ok(respond(StatusCode::OK, &shape(&call, &job)))
}

/// Cancels a simulation; one that has ended stays as it is.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let job = call.service.simulations.find(call.operator().number, &call.name())?;
    job.cancel();
    Ok(respond(StatusCode::OK, &shape(&call, &job)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_with_a_budget_is_found_by_it() {
        assert!(has_budgets(r#"{"promotions":[{"name":"a"},{"name":"b","budget":{"points":5}}]}"#));
        assert!(!has_budgets(r#"{"promotions":[{"name":"a","budget":null}],"currency":"EUR"}"#));
    }
}
