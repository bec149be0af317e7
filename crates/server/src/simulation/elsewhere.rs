//! Partitions that another node has: it folds them itself, and tells how far it is, line by line. Whoever asks breaks off
//! by going away.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_wire::tournament::TournamentTerms;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::figures::Figures;
use super::job::Progress;
use super::tournament::board::Board;
use super::{Awaits, Draft, Ending, Found, Question, Stopped, Tried, fold};
use crate::body::json;
use crate::call::Call;
use crate::cluster::Lines as LinesOfAnother;
use crate::problem::{Problem, Refusal};
use crate::service::Service;
use crate::submit::blocking;
use crate::topics::{Lines, stream};

const PATH: &str = "/cluster/v1/simulations";
/// How often a node tells how far it is, at most.
const TOLD_EVERY: Duration = Duration::from_millis(250);
/// Another node may fold for so long without telling of it.
const SILENT_MAX: Duration = Duration::from_mins(1);
/// How often whoever waits for another node looks whether the simulation was cancelled.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What another node is asked to fold.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    partition: u16,
    /// Others that are read together with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    beside: Vec<u16>,
    operator_id: Box<str>,
    /// Microseconds, as the end.
    from: i64,
    to: i64,
    #[serde(default)]
    document: String,
    #[serde(default)]
    zone: Vec<(i64, i32)>,
    /// In the place of a program's draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tournament: Option<Box<TournamentTerms>>,
}

impl Asked {
    fn of(question: &Question, partitions: &[u16]) -> Self {
        let Question { operator_id, from, to, tried } = question.clone();
        let (Draft { document, zone }, tournament) = match tried {
            Tried::Program(draft) => (draft, None),
            Tried::Tournament(terms) => {
                (Draft { document: String::new(), zone: Vec::new() }, Some(terms))
            }
        };
        let (partition, beside) = partitions.split_first().expect("some are asked about");
        let (partition, beside, from, to) =
            (*partition, beside.to_vec(), from.micros(), to.micros());
        Self { partition, beside, operator_id, from, to, document, zone, tournament }
    }

    fn read(self) -> (Question, Vec<u16>) {
        let Self { partition, beside, operator_id, from, to, document, zone, tournament } = self;
        let (from, to) = (Timestamp::from_micros(from), Timestamp::from_micros(to));
        let tried = match tournament {
            Some(terms) => Tried::Tournament(terms),
            None => Tried::Program(Draft { document, zone }),
        };
        let partitions = std::iter::once(partition).chain(beside).collect();
        (Question { operator_id, from, to, tried }, partitions)
    }
}

/// What a node tells of a fold.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    /// It goes on, or waits for its turn.
    At(Progress),
    Found(Box<Figures>),
    Board(Box<Board>),
    /// In microseconds.
    TooEarly(i64),
    Failed(String),
    /// A partition is not there any more.
    Gone(String),
}

/// Another node that waits.
struct Asker<'a> {
    service: &'a Service,
    lines: &'a Lines,
    told_at: Cell<Option<Instant>>,
    progress: Cell<Progress>,
}

impl Awaits for Asker<'_> {
    fn hears(&self, progress: Progress) {
        self.progress.set(progress);
        if self.told_at.get().is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
            // Whoever does not read holds up no fold; that they are gone is seen by `goes_on`.
            self.lines.send_if_there_is_room(&Line::At(progress));
            self.told_at.set(Some(Instant::now()));
        }
    }

    fn goes_on(&self) -> Result<(), Ending> {
        if self.lines.is_closed() {
            return Err(Ending::Cancelled);
        }
        if self.service.is_retired() {
            return Err(Ending::Failed("the node is stopping".into()));
        }
        Ok(())
    }
}

/// Folds partitions that are here, for another node.
pub(crate) async fn for_another_node(call: Call) -> Result<Response, Problem> {
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    let (question, partitions) = json::<Asked>(&body)?.read();
    drop((body, held));
    if partitions.iter().any(|number| *number >= service.partitions()) {
        return Err(Problem::field(Refusal::Malformed, "/partition", "no such partition"));
    }
    // Whether it is here is said before there is an answer.
    let (here, asked) = (service.clone(), partitions.clone());
    blocking(move || here.with_all_here(&asked, || Ok(()))).await??;
    Ok(stream(move |lines| {
        let (told_at, progress) = (Cell::default(), Cell::default());
        let asker = Asker { service: &service, lines: &lines, told_at, progress };
        let end = match fold(&service, &question, &asker, &partitions) {
            Ok(Found::Program(figures)) => Line::Found(figures),
            Ok(Found::Tournament(board)) => Line::Board(board),
            Err(Stopped::Ended(Ending::Cancelled)) => return,
            Err(Stopped::Gone(why)) => Line::Gone(why),
            // Another node will have what this one has.
            Err(Stopped::Ended(Ending::TooEarly(since))) => Line::TooEarly(since.micros()),
            Err(Stopped::Ended(Ending::Failed(why))) if service.is_retired() => Line::Gone(why),
            Err(Stopped::Ended(Ending::Failed(why))) => Line::Failed(why),
        };
        // If the other node has gone, there is nobody to tell.
        drop(lines.send(&Line::At(asker.progress.get())).and_then(|()| lines.send(&end)));
    }))
}

/// Has the node at `address` fold some of its partitions.
pub(super) fn ask(
    service: &Service,
    address: &str,
    question: &Question,
    awaits: &dyn Awaits,
    partitions: &[u16],
) -> Result<Found, Stopped> {
    let gone = |error: io::Error| {
        tracing::warn!(address, partition = partitions[0], %error, "another node does not simulate");
        Stopped::Gone("the node that has it cannot be asked".into())
    };
    let runtime = Handle::current();
    let body = serde_json::to_vec(&Asked::of(question, partitions)).expect("it is plain data");
    let neighbours =
        service.neighbours().map_err(|problem| gone(io::Error::other(problem.detail)))?;
    let asking = neighbours.ask_for_lines(address, PATH, Some(body.into()));
    let mut lines = runtime.block_on(asking).map_err(gone)?;
    loop {
        match next(&runtime, &mut lines, awaits)?.map_err(gone)? {
            Line::At(progress) => awaits.hears(progress),
            Line::Found(figures) => return Ok(Found::Program(figures)),
            Line::Board(board) => return Ok(Found::Tournament(board)),
            Line::TooEarly(since) => {
                return Err(Ending::TooEarly(Timestamp::from_micros(since)).into());
            }
            Line::Failed(why) => return Err(Ending::Failed(why).into()),
            Line::Gone(why) => return Err(Stopped::Gone(why)),
        }
    }
}

/// The next line, as long as the simulation goes on.
fn next(
    runtime: &Handle,
    lines: &mut LinesOfAnother,
    awaits: &dyn Awaits,
) -> Result<io::Result<Line>, Ending> {
    let until = Instant::now() + SILENT_MAX;
    loop {
        awaits.goes_on()?;
        let waiting = tokio::time::timeout(LOOK_EVERY, lines.next(SILENT_MAX));
        match runtime.block_on(waiting) {
            Ok(line) => return Ok(line.and_then(|line| read(line.as_deref()))),
            Err(_) if Instant::now() < until => {}
            Err(_) => return Ok(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

fn read(line: Option<&[u8]>) -> io::Result<Line> {
    let line = line.ok_or_else(|| io::Error::other("its answer ends before its end"))?;
    serde_json::from_slice(line).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_and_told_arrives_as_it_was() {
        let (from, to) = (Timestamp::from_micros(-7), Timestamp::from_micros(1 << 52));
        let document = "{\"currency\":\"EUR\"}".to_owned();
        let zone = vec![(i64::MIN, -3_600), (0, 7_200)];
        let tried = Tried::Program(Draft { document, zone });
        let question = Question { operator_id: "house".into(), from, to, tried };
        let asked = serde_json::to_vec(&Asked::of(&question, &[7])).unwrap();
        let asked: Asked = serde_json::from_slice(&asked).unwrap();
        assert_eq!(asked.read(), (question, vec![7]));
        let at = Line::At(Progress { batches: 3, expected: 9 });
        let text = serde_json::to_string(&at).unwrap();
        assert_eq!(text, r#"{"at":{"batches":3,"expected":9}}"#);
        assert!(matches!(read(Some(text.as_bytes())), Ok(Line::At(_))));
        for broken in [None, Some(&b"{}"[..]), Some(b"{\"found\":{}}"), Some(b"\xff")] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }
}
