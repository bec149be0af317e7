//! Something that a client watches over its socket, and what of it the client has not seen.

use accolade_wire::hex::to_hex;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::leaderboards::live::{SeesList, SeesValue, Subscribed, Told};
use crate::problem::{Problem, ProblemShape};

/// Something that is watched.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The client's name for it.
    pub(super) name: String,
    /// The same as JSON.
    quoted: String,
    sight: Sight,
    /// The last was said.
    pub(super) is_over: bool,
    _counted: Subscribed,
}

/// What is watched.
#[derive(Debug)]
pub(super) enum Sees {
    List(SeesList),
    Value(SeesValue),
}

/// The same, and how far it was seen.
#[derive(Debug)]
enum Sight {
    List(SeesList, Seen),
    Value(SeesValue, SeenValue),
}

/// What was told of a list.
#[derive(Debug)]
enum Seen {
    /// Nothing: the client has just come, or come back.
    Nothing(Option<String>),
    UpTo(u64),
}

/// What was told of a value.
#[derive(Debug, Default)]
struct SeenValue {
    /// What the client has seen last, by its mark.
    mark: Option<String>,
    /// How often something was told, or known.
    times: u64,
}

impl Subscription {
    pub(super) fn of(
        name: String,
        sees: Sees,
        resume: Option<String>,
        counted: Subscribed,
    ) -> Self {
        let sight = match sees {
            Sees::List(sees) => Sight::List(sees, Seen::Nothing(resume)),
            Sees::Value(sees) => {
                Sight::Value(sees, SeenValue { mark: resume, ..SeenValue::default() })
            }
        };
        let quoted = quoted(&name);
        Self { name, quoted, sight, is_over: false, _counted: counted }
    }

    /// Waits until there is something that the client has not seen; without it once nothing is looked at any more. What is
    /// told is the newest of when this is asked, however long ago it was asked before.
    pub(super) async fn next(mut self) -> (Self, Option<Vec<String>>) {
        loop {
            let news = self.news();
            if !news.is_empty() {
                return (self, Some(news));
            }
            let changed = match &mut self.sight {
                Sight::List(sees, _) => sees.changed().await,
                Sight::Value(sees, _) => sees.changed().await,
            };
            if changed.is_err() {
                return (self, None);
            }
        }
    }

    /// What the client has not seen, as messages.
    fn news(&mut self) -> Vec<String> {
        let mut news = Vec::new();
        match &mut self.sight {
            Sight::List(sees, seen) => {
                let Some(shown) = sees.borrow_and_update().clone() else { return news };
                let told = match seen {
                    Seen::UpTo(number) if *number == shown.number() => Vec::new(),
                    Seen::UpTo(number) => vec![shown.after(*number)],
                    Seen::Nothing(None) => vec![shown.snapshot()],
                    Seen::Nothing(Some(id)) => shown.since(id),
                };
                *seen = Seen::UpTo(shown.number());
                let message = |told: &Told| message(&self.quoted, told, &shown.id(told.number));
                news.extend(told.iter().map(message));
                self.is_over = shown.is_last();
            }
            Sight::Value(sees, seen) => {
                let Some(value) = sees.borrow_and_update().clone() else { return news };
                let mark = mark_of(&value.data);
                let is_told = seen.mark.as_ref() != Some(&mark);
                if is_told {
                    let name = if seen.times == 0 { "snapshot" } else { "change" };
                    let told = Told { name, number: seen.times, data: value.data };
                    news.push(message(&self.quoted, &told, &mark));
                }
                let is_first = seen.times == 0;
                let times = seen.times + u64::from(is_told || is_first);
                *seen = SeenValue { mark: Some(mark), times };
                self.is_over = value.is_last;
            }
        }
        if self.is_over {
            news.push(said(&self.quoted, "final"));
        }
        news
    }
}

/// What a value is known by to a client that comes back: the same wherever it is asked for.
fn mark_of(data: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(data).into();
    let (front, _) = hash.split_first_chunk::<8>().expect("32 bytes hold 8");
    to_hex(front)
}

fn quoted(name: &str) -> String {
    serde_json::to_string(name).expect("a text is plain data")
}

fn message(quoted: &str, told: &Told, resume: &str) -> String {
    let Told { name, number, data } = told;
    let data = std::str::from_utf8(data).expect("JSON is text");
    format!(
        r#"{{"id":{quoted},"type":"{name}","number":{number},"resume":"{resume}","data":{data}}}"#
    )
}

fn said(quoted: &str, what: &str) -> String {
    format!(r#"{{"id":{quoted},"type":"{what}"}}"#)
}

/// That something was done.
pub(super) fn done(name: &str, what: &str) -> String {
    said(&quoted(name), what)
}

#[derive(Serialize)]
struct Failed<'p> {
    id: Option<&'p str>,
    #[serde(rename = "type")]
    kind: &'static str,
    problem: ProblemShape<'p>,
}

/// That something was not done, and why.
pub(super) fn failed(name: Option<&str>, problem: &Problem) -> String {
    let failed = Failed { id: name, kind: "error", problem: problem.shape(None) };
    serde_json::to_string(&failed).expect("a shape is plain data")
}
