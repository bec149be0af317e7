//! What a draft would have done: the log's records of a past period, folded beside the nodes that have them. Nothing is
//! changed, and nothing kept beyond the life of the node that was asked.

mod elsewhere;
mod figures;
mod folding;
mod job;
mod store;
mod turns;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_wire::dialect::Dialect;
use accolade_wire::hex::to_hex;
use accolade_wire::json::{self, Value};
use accolade_wire::timestamp;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

pub(crate) use self::elsewhere::for_another_node;
use self::figures::{Figures, ResultShape};
use self::folding::Folding;
use self::job::Progress;
pub(crate) use self::job::{Job, Simulations};
use crate::call::Call;
use crate::cluster::Where;
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

/// How often a partition is begun again that has moved, or whose node has gone, while it was folded.
const BEGUN_MAX: u32 = 5;
/// How long after that, and after a node could not be asked.
const REST: Duration = Duration::from_millis(100);

/// Why a partition was not folded.
#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    Ended(Ending),
    /// The node that has it does not have it any more, or cannot be asked: another will.
    Gone(String),
}

impl From<Ending> for Stopped {
    fn from(ending: Ending) -> Self {
        Self::Ended(ending)
    }
}

/// What is asked of each partition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    operator_id: Box<str>,
    from: Timestamp,
    to: Timestamp,
    /// The draft, as canonical JSON.
    document: String,
    /// The offsets of its time zone.
    zone: Vec<(i64, i32)>,
}

/// Whoever waits for the fold of a partition.
trait Awaits {
    /// Hears how far it is.
    fn hears(&self, progress: Progress);

    /// Whether it is still wanted.
    fn goes_on(&self) -> Result<(), Ending>;
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
        let Progress { batches, expected: batches_expected } = job.progress();
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

/// Whether any promotion of a document, which is canonical JSON, has a budget.
fn has_budgets(document: &str) -> bool {
    let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
    let promotions = document["promotions"].as_array();
    promotions.is_some_and(|all| all.iter().any(|promotion| !promotion["budget"].is_null()))
}

impl Question {
    fn read(
        body: &[u8],
        operator_id: Box<str>,
        dialect: &Dialect,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let [program, from, to] = json::only_fields(body, &["program", "from", "to"])
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
        Ok(Self { operator_id, from, to, document, zone })
    }
}

/// Whoever waits for the fold of a partition that is here, as long as it is.
struct Here<'a> {
    service: &'a Service,
    partition: u16,
    awaits: &'a dyn Awaits,
    has_moved: Cell<bool>,
}

impl Awaits for Here<'_> {
    fn hears(&self, progress: Progress) {
        self.awaits.hears(progress);
    }

    fn goes_on(&self) -> Result<(), Ending> {
        self.awaits.goes_on()?;
        self.service.host.whereabouts(self.partition).map_err(|not_here| {
            self.has_moved.set(true);
            Ending::Failed(not_here.to_string())
        })
    }
}

/// Folds a partition that is here, in its turn. One that fails by a mistake of its own is over, too.
fn fold(
    service: &Service,
    question: &Question,
    awaits: &dyn Awaits,
    partition: u16,
) -> Result<Figures, Stopped> {
    let here = Here { service, partition, awaits, has_moved: Cell::new(false) };
    let folding = || {
        let patience = Duration::from_millis(service.settings.simulation_patience_ms);
        let _turn = service.simulations.turns.take(&here, patience)?;
        Folding::of(service, question, &here, partition)?.run()
    };
    let folded = catch_unwind(AssertUnwindSafe(folding)).unwrap_or_else(|_| {
        Err(Ending::Failed("the simulation failed by a mistake of its own".into()))
    });
    folded.map_err(|ending| match ending {
        // Files of a partition that is another node's are none to judge by.
        Ending::Failed(_)
            if here.has_moved.get() || service.host.are_here(&[partition]).is_err() =>
        {
            Stopped::Gone("it has moved to another node".into())
        }
        ending => Stopped::Ended(ending),
    })
}

/// A simulation that runs.
struct Running<'a> {
    service: &'a Service,
    job: &'a Job,
    question: &'a Question,
}

impl Awaits for Running<'_> {
    fn hears(&self, progress: Progress) {
        self.job.is_at(progress);
    }

    fn goes_on(&self) -> Result<(), Ending> {
        self.job.goes_on(self.service.is_retired())
    }
}

impl Running<'_> {
    /// Folds all partitions, one after the other.
    fn run(&self) -> Result<ResultShape, Ending> {
        let mut figures = Figures::default();
        for partition in 0..self.service.partitions() {
            figures.add(self.partition(partition)?);
            self.job.ends_partition();
        }
        Ok(ResultShape::of(figures))
    }

    /// Folds a partition wherever it is, and begins again where it is not any more.
    fn partition(&self, partition: u16) -> Result<Figures, Ending> {
        let patience = Duration::from_millis(self.service.settings.simulation_patience_ms);
        let (mut until, mut begun) = (Instant::now() + patience, 0);
        loop {
            self.goes_on()?;
            self.job.begins_partition();
            let why = match self.once(partition) {
                Ok(figures) => return Ok(figures),
                Err(Stopped::Ended(ending)) => return Err(ending),
                Err(Stopped::Gone(why)) => why,
            };
            if self.job.has_begun() {
                (until, begun) = (Instant::now() + patience, begun + 1);
            }
            if begun == BEGUN_MAX || Instant::now() >= until {
                let why = format!("partition {partition} could not be folded to its end: {why}");
                return Err(Ending::Failed(why));
            }
            std::thread::sleep(REST);
        }
    }

    fn once(&self, partition: u16) -> Result<Figures, Stopped> {
        let gone = |problem: Problem| Stopped::Gone(problem.detail.into_owned());
        match Handle::current().block_on(self.service.find(partition)).map_err(gone)? {
            Where::Here => fold(self.service, self.question, self, partition),
            Where::At(address) => {
                elsewhere::ask(self.service, &address, self.question, self, partition)
            }
        }
    }
}

impl Service {
    /// A new id. In a cluster it tells the nodes which of them to ask.
    fn id_of_a_simulation(&self) -> String {
        let id = uuid::Uuid::now_v7();
        match &self.cluster {
            Some(cluster) => format!("{}-{id}", mark_of(cluster.neighbours.address())),
            None => id.to_string(),
        }
    }

    /// Where the other node answers that has begun a simulation.
    pub(crate) fn keeper_of(&self, simulation: &str) -> Option<String> {
        let (mark, _) = simulation.split_once('-')?;
        self.host.peers().into_iter().find(|address| mark_of(address) == mark)
    }
}

/// What stands for a node in an id: its address is nobody's but the nodes'.
fn mark_of(address: &str) -> String {
    to_hex(&Sha256::digest(address)[..4])
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
    let operator_id = operator.id.clone();
    let question = blocking(move || Question::read(&body, operator_id, dialect, now())).await??;
    drop(held);
    let of = (operator.number, operator.id.clone());
    let id = service.id_of_a_simulation();
    let job = Arc::new(Job::new(id, of, (question.from, question.to), now()));
    service.simulations.begin(Arc::clone(&job))?;
    let running = Arc::clone(&job);
    tokio::task::spawn_blocking(move || {
        let simulation = Running { service: &service, job: &running, question: &question };
        // One that fails is over, too: another may run after it.
        let end = catch_unwind(AssertUnwindSafe(|| simulation.run()));
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
