//! What a draft would have done: the log's records of a past period, folded beside the nodes that have them. Nothing is
//! changed, and nothing kept beyond the life of the node that was asked.

mod elsewhere;
mod figures;
mod folding;
mod job;
mod store;
pub(crate) mod tournament;
mod turns;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_storage::host::NotHere;
use accolade_wire::dialect::Dialect;
use accolade_wire::hex::to_hex;
use accolade_wire::json::{self, Value};
use accolade_wire::timestamp;
use accolade_wire::tournament::TournamentTerms;
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
use self::tournament::board::Board;
use self::tournament::shapes::DryRunResult;
use crate::call::Call;
use crate::cluster::Where;
use crate::description::schemas::one_of;
use crate::principal::Known;
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
    /// The log has everything from this time on, and the period begins before.
    TooEarly(Timestamp),
    Failed(String),
}

impl Ending {
    /// Why there is no result; nothing where nobody wanted one any more.
    pub(crate) fn why(&self) -> Option<String> {
        match self {
            Self::Cancelled => None,
            Self::TooEarly(since) => {
                let since = timestamp::write(*since);
                Some(format!("the log begins within the period: begin at {since} or later"))
            }
            Self::Failed(why) => Some(why.clone()),
        }
    }

    /// From when on the log has everything, where that was the matter.
    pub(crate) const fn log_since(&self) -> Option<Timestamp> {
        match self {
            Self::TooEarly(since) => Some(*since),
            Self::Cancelled | Self::Failed(_) => None,
        }
    }
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
    tried: Tried,
}

/// What is tried on a period.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tried {
    Program(Draft),
    /// Its window is the period.
    Tournament(Box<TournamentTerms>),
}

/// A draft of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Draft {
    /// Canonical JSON.
    document: String,
    /// The offsets of its time zone.
    zone: Vec<(i64, i32)>,
}

/// What partitions have found.
#[derive(Debug)]
enum Found {
    Program(Box<Figures>),
    Tournament(Box<Board>),
}

impl Found {
    /// Adds what other partitions have found for the same question.
    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Program(figures), Self::Program(more)) => figures.add(*more),
            (Self::Tournament(board), Self::Tournament(more)) => board.add(*more),
            (Self::Program(_), Self::Tournament(_)) | (Self::Tournament(_), Self::Program(_)) => {
                unreachable!("both were asked the same")
            }
        }
    }
}

/// What came of it, as it is told.
#[derive(Debug)]
enum Told {
    Program(ResultShape),
    Tournament(DryRunResult),
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
    /// From when on the log has everything of a partition, where it failed since the period begins before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    log_since: Option<Time>,
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
        let (state, why, told) = job.state();
        let result = match told {
            Some(Told::Program(result)) => Some(result.clone()),
            Some(Told::Tournament(_)) | None => None,
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
            log_since: job.log_since(),
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
        Ok(Self { operator_id, from, to, tried: Tried::Program(Draft { document, zone }) })
    }
}

/// Whoever waits for the fold of partitions that are here, as long as they are.
struct Here<'a> {
    service: &'a Service,
    partitions: &'a [u16],
    awaits: &'a dyn Awaits,
    has_moved: Cell<bool>,
}

impl Awaits for Here<'_> {
    fn hears(&self, progress: Progress) {
        self.awaits.hears(progress);
    }

    fn goes_on(&self) -> Result<(), Ending> {
        self.awaits.goes_on()?;
        let host = &self.service.host;
        self.partitions.iter().try_for_each(|number| host.whereabouts(*number)).map_err(
            |not_here| {
                self.has_moved.set(true);
                Ending::Failed(not_here.to_string())
            },
        )
    }
}

/// Folds partitions that are here, in their turn. What fails by a mistake of its own is over, too.
fn fold(
    service: &Service,
    question: &Question,
    awaits: &dyn Awaits,
    partitions: &[u16],
) -> Result<Found, Stopped> {
    let here = Here { service, partitions, awaits, has_moved: Cell::new(false) };
    let folding = || {
        let patience = Duration::from_millis(service.settings.simulation_patience_ms);
        let _turn = service.simulations.turns.take(&here, patience)?;
        match &question.tried {
            Tried::Program(draft) => {
                let mut figures = Figures::default();
                for number in partitions {
                    figures.add(Folding::of(service, question, draft, &here, *number)?.run()?);
                }
                Ok(Found::Program(Box::new(figures)))
            }
            Tried::Tournament(terms) => tournament::try_on(service, terms, &here, partitions)
                .map(|board| Found::Tournament(Box::new(board))),
        }
    };
    let folded = catch_unwind(AssertUnwindSafe(folding)).unwrap_or_else(|_| {
        Err(Ending::Failed("the simulation failed by a mistake of its own".into()))
    });
    folded.map_err(|ending| match ending {
        // Files of a partition that is another node's are none to judge by.
        Ending::Failed(_) | Ending::TooEarly(_)
            if here.has_moved.get() || service.host.are_here(partitions).is_err() =>
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
    /// Folds all partitions: those of a node together where they are read together, and else one after the other.
    fn run(&self) -> Result<Told, Ending> {
        let mut left: Vec<u16> = (0..self.service.partitions()).collect();
        let mut found: Option<Found> = None;
        while !left.is_empty() {
            let (some, more) = self.some(&left)?;
            left.retain(|number| !some.contains(number));
            match &mut found {
                Some(found) => found.add(more),
                none => *none = Some(more),
            }
            self.job.ends_partition();
        }
        Ok(match (found.expect("there are partitions"), &self.question.tried) {
            (Found::Program(figures), _) => Told::Program(ResultShape::of(*figures)),
            (Found::Tournament(board), Tried::Tournament(terms)) => {
                Told::Tournament(DryRunResult::of(*board, terms))
            }
            (Found::Tournament(_), Tried::Program(_)) => unreachable!("a program was asked about"),
        })
    }

    /// Folds the first of the partitions, and others with it, wherever it is, and begins again where it is not any more.
    fn some(&self, left: &[u16]) -> Result<(Vec<u16>, Found), Ending> {
        let patience = Duration::from_millis(self.service.settings.simulation_patience_ms);
        let (mut until, mut begun) = (Instant::now() + patience, 0);
        loop {
            self.goes_on()?;
            self.job.begins_partition();
            let why = match self.once(left) {
                Ok(found) => return Ok(found),
                Err(Stopped::Ended(ending)) => return Err(ending),
                Err(Stopped::Gone(why)) => why,
            };
            if self.job.has_begun() {
                (until, begun) = (Instant::now() + patience, begun + 1);
            }
            if begun == BEGUN_MAX || Instant::now() >= until {
                let partition = left[0];
                let why = format!("partition {partition} could not be folded to its end: {why}");
                return Err(Ending::Failed(why));
            }
            std::thread::sleep(REST);
        }
    }

    fn once(&self, left: &[u16]) -> Result<(Vec<u16>, Found), Stopped> {
        let gone = |problem: Problem| Stopped::Gone(problem.detail.into_owned());
        let place = Handle::current().block_on(self.service.find(left[0])).map_err(gone)?;
        let some = self.beside(left, &place);
        let found = match place {
            Where::Here => fold(self.service, self.question, self, &some),
            Where::At(address) => {
                elsewhere::ask(self.service, &address, self.question, self, &some)
            }
        };
        Ok((some, found?))
    }

    /// The first of the partitions, and those that are read together with it.
    fn beside(&self, left: &[u16], place: &Where) -> Vec<u16> {
        let host = &self.service.host;
        let is_there = |number: &u16| match (host.whereabouts(*number), place) {
            (Ok(()), Where::Here) => true,
            (Err(NotHere::At(address)), Where::At(other)) => address == *other,
            (Ok(()) | Err(_), _) => false,
        };
        let (first, others) = left.split_at(1);
        match self.question.tried {
            Tried::Program(_) => first.to_vec(),
            Tried::Tournament(_) => {
                first.iter().copied().chain(others.iter().copied().filter(is_there)).collect()
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
    let job = service.begin_simulation(&operator, question)?;
    Ok(respond(StatusCode::ACCEPTED, &shape(&call, &job)))
}

impl Service {
    /// Begins to answer a question, beside whoever has asked it.
    fn begin_simulation(&self, operator: &Known, question: Question) -> Result<Arc<Job>, Problem> {
        let of = (operator.number, operator.id.clone());
        let job = Arc::new(Job::new(self.id_of_a_simulation(), of, &question, now()));
        self.simulations.begin(Arc::clone(&job))?;
        let (service, running) = (self.clone(), Arc::clone(&job));
        tokio::task::spawn_blocking(move || {
            let simulation = Running { service: &service, job: &running, question: &question };
            // One that fails is over, too: another may run after it.
            let end = catch_unwind(AssertUnwindSafe(|| simulation.run()));
            let failed =
                |_| Err(Ending::Failed("the simulation failed by a mistake of its own".into()));
            running.ends(now(), end.unwrap_or_else(failed));
        });
        Ok(job)
    }

    /// An operator's simulation of a program.
    fn simulation_of_a_program(&self, call: &Call) -> Result<Arc<Job>, Problem> {
        let found = self.simulations.find(call.operator().number, &call.name());
        let found = found.filter(|job| !job.is_of_tournament);
        found.ok_or_else(|| Problem::not_found("simulation"))
    }
}

/// A simulation, as it is.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let job = call.service.simulation_of_a_program(&call)?;
    Ok(respond(StatusCode::OK, &shape(&call, &job)))
}

/// Cancels a simulation; one that has ended stays as it is.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let job = call.service.simulation_of_a_program(&call)?;
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
