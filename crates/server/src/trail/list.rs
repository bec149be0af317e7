//! The list of the trail's records: this node's, those of all living nodes, and what others have shipped; the newest
//! first, in pages of bounded work.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use accolade_domain::time::Timestamp;
use accolade_storage::trail::{Looked, Readable, Trail};
use accolade_wire::trail::{TrailKind, TrailRecord};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::cursor::{Cursors, put_together};
use crate::description::schemas::one_of;
use crate::parameters::{LIMIT_MAX, OPERATOR_ID, Parameters};
use crate::problem::Problem;
use crate::routes::Audience;
use crate::service::Service;
use crate::shapes::{Time, respond};
use crate::submit::blocking;

/// How long another node may take.
const ANSWER_TIME: std::time::Duration = std::time::Duration::from_secs(5);
/// Pages that are read at the same time; each has a segment in memory.
static READERS: Semaphore = Semaphore::const_new(4);
/// Chains of the object storage that are read for one page.
const ELSEWHERE_MAX: usize = 64;

/// Which kinds a filter may name.
pub(crate) const KINDS: [&str; 6] = {
    let [began, read, change, denied, counted, denied_counted] = TrailKind::ALL;
    [began.code(), read.code(), change.code(), denied.code(), counted.code(), denied_counted.code()]
};
/// How it ended, as a filter names it.
pub(crate) const OUTCOMES: [&str; 3] = ["ok", "refused", "failed"];

/// A record of the trail. What is not there was not known, or is not to be told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
pub(crate) struct RecordShape<'a> {
    /// The chain that has it, in hexadecimal figures.
    chain: String,
    /// Its number there.
    number: u64,
    /// The node that wrote it; of a cluster.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    node: &'a str,
    at: Time,
    /// What it is about.
    #[schema(schema_with = kinds)]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    operator_id: &'a str,
    /// Who asked.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    subject: &'a str,
    /// How it has said who it is.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    credential: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    key_id: &'a str,
    /// The route's id, as the description has it.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    route: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    method: &'a str,
    /// What the path names.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    player_id: &'a str,
    /// Nothing was to be changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    dry_run: bool,
    /// The address that it came from; not by the local socket.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    peer: &'a str,
    /// The status that was answered; 0 where whoever asked had gone.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    status: u16,
    /// The code of the problem that was answered.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    request_id: &'a str,
    /// How many requests it stands for.
    count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(status: &u16) -> bool {
    *status == 0
}

fn kinds() -> Schema {
    one_of(KINDS)
}

impl<'a> RecordShape<'a> {
    fn of(chain: u64, node: &'a str, record: &'a TrailRecord) -> Self {
        let entry = &record.entry;
        Self {
            chain: format!("{chain:016x}"),
            number: record.number,
            node: if entry.kind == TrailKind::Began { &entry.name } else { node },
            at: Time(record.at),
            kind: entry.kind.code(),
            operator_id: &entry.operator,
            subject: &entry.subject,
            credential: &entry.credential,
            key_id: &entry.key,
            route: &entry.route,
            method: &entry.method,
            name: if entry.kind == TrailKind::Began { "" } else { &entry.name },
            player_id: &entry.player,
            dry_run: entry.is_dry,
            peer: &entry.peer,
            status: entry.status,
            code: &entry.code,
            request_id: &entry.request_id,
            count: entry.count,
        }
    }
}

/// A page of the trail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditPage)]
pub(crate) struct AuditPage {
    #[schema(value_type = Vec<RecordShape<'static>>)]
    items: Vec<Box<RawValue>>,
    #[schema(required)]
    next_cursor: Option<String>,
    /// What could not be read, so that records may be missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    incomplete: Vec<Missing>,
}

/// A part of the trail that could not be read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditMissing)]
pub(crate) struct Missing {
    /// A node's name or address, or `object storage`.
    of: String,
    why: String,
}

/// A place in all chains: time, chain and number. A page goes on with those that are smaller.
type Key = (i64, u64, u64);

/// Which records are wanted.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// Those of this operator's; else all.
    operator: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    subject: Option<String>,
    player: Option<String>,
    route: Option<String>,
    about: Option<String>,
    kind: Option<String>,
    outcome: Option<String>,
    before: Option<Key>,
    count: usize,
}

/// What one node has.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    /// Nothing where the chain has not begun.
    chain: Option<u64>,
    found: Vec<Found>,
    /// Down to where it has looked; nothing where it has seen all, or found enough.
    to: Option<Key>,
    missing: Vec<Missing>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Found {
    at: Key,
    record: Box<RawValue>,
}

impl Asked {
    fn read(
        parameters: &Parameters,
        operator: Option<String>,
        count: usize,
    ) -> Result<Self, Problem> {
        let text = |name| parameters.text(name).map(str::to_owned);
        Ok(Self {
            operator,
            from: parameters.time("from")?,
            to: parameters.time("to")?,
            subject: text("subject"),
            player: text("playerId"),
            route: text("route"),
            about: text("about"),
            kind: parameters.word("kind", &KINDS)?.map(str::to_owned),
            outcome: parameters.word("outcome", &OUTCOMES)?.map(str::to_owned),
            before: None,
            count,
        })
    }

    /// The filters, as another node is asked.
    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let time = |time: &Option<Timestamp>| {
            time.map(|time| accolade_wire::timestamp::write(time).to_string())
        };
        for (name, value) in [
            ("operatorId", self.operator.clone()),
            ("from", time(&self.from)),
            ("to", time(&self.to)),
            ("subject", self.subject.clone()),
            ("playerId", self.player.clone()),
            ("route", self.route.clone()),
            ("about", self.about.clone()),
            ("kind", self.kind.clone()),
            ("outcome", self.outcome.clone()),
        ] {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.finish()
    }

    fn is_wanted(&self, record: &TrailRecord) -> bool {
        let entry = &record.entry;
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| *wanted == *found)
        };
        let outcome = match entry.status {
            400..500 => "refused",
            0 | 500.. => "failed",
            _ => "ok",
        };
        is(&self.operator, &entry.operator)
            && is(&self.subject, &entry.subject)
            && is(&self.player, &entry.player)
            && is(&self.route, &entry.route)
            && is(&self.about, &entry.name)
            && is(&self.kind, entry.kind.code())
            && is(&self.outcome, outcome)
    }

    /// Where a chain is looked at from: records before this time and number.
    fn bound(&self, chain: u64) -> Option<(Timestamp, u64)> {
        let cursor = self.before.map(|(at, of, number)| {
            let number = match chain.cmp(&of) {
                std::cmp::Ordering::Less => u64::MAX,
                std::cmp::Ordering::Equal => number,
                std::cmp::Ordering::Greater => 0,
            };
            (Timestamp::from_micros(at), number)
        });
        let to = self.to.map(|to| (to, 0));
        [cursor, to].into_iter().flatten().min()
    }

    /// What a chain has.
    fn look(&self, chain: u64, node: &str, readable: &Readable) -> Result<Part, Problem> {
        let mut found = Vec::new();
        let mut each = |record: &TrailRecord| {
            if self.from.is_some_and(|from| record.at < from) {
                return ControlFlow::Break(());
            }
            if self.is_wanted(record) {
                let shape = RecordShape::of(chain, node, record);
                let shape = to_raw_value(&shape).expect("a shape is plain data");
                found.push(Found { at: (record.at.micros(), chain, record.number), record: shape });
            }
            if found.len() < self.count {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let looked = readable.newest_first(self.bound(chain), &mut each)?;
        let to = match looked {
            Looked::To((at, number)) => Some((at.micros(), chain, number)),
            Looked::ToItsEnd | Looked::Enough => None,
        };
        Ok(Part { chain: Some(chain), found, to, missing: Vec::new() })
    }

    /// What this node has.
    fn look_here(&self, trail: &Trail, written: Result<(), String>) -> Result<Part, Problem> {
        let (readable, end) = trail.readable();
        let node = trail.node();
        let mut part = match end {
            Some(end) => self.look(end.chain, node, &readable)?,
            None => Part { chain: None, found: Vec::new(), to: None, missing: Vec::new() },
        };
        if let Err(why) = written {
            let of = if node.is_empty() { "this node" } else { node }.to_owned();
            let why = format!("its newest records are not written: {why}");
            part.missing.push(Missing { of, why });
        }
        Ok(part)
    }

    /// What lies in the object storage of chains that nobody has who was asked.
    fn look_elsewhere(&self, trail: &Trail, known: &[u64], parts: &mut Vec<Part>) -> Vec<Missing> {
        let missing = |why: String| Missing { of: "object storage".to_owned(), why };
        let mut chains = match trail.elsewhere().chains(known) {
            Ok(chains) => chains,
            Err(error) => return vec![missing(error.to_string())],
        };
        chains.sort_by_key(|shipped| Reverse(shipped.covers));
        let mut all_missing = Vec::new();
        for (read, shipped) in chains.iter().enumerate() {
            if self.from.is_some_and(|from| shipped.covers < from)
                || self.has_enough_after(parts, shipped.covers)
            {
                break;
            }
            if read == ELSEWHERE_MAX {
                let why = format!("{} older chains were not read", chains.len() - read);
                all_missing.push(missing(why));
                break;
            }
            match self.look(shipped.chain, &shipped.node, &shipped.readable) {
                Ok(part) => parts.push(part),
                Err(problem) => {
                    let of = if shipped.node.is_empty() { "object storage" } else { &shipped.node };
                    let what =
                        problem.cause().map_or_else(String::new, |cause| format!(": {cause}"));
                    let why = format!("what it has shipped cannot be read{what}");
                    all_missing.push(Missing { of: of.to_owned(), why });
                }
            }
        }
        all_missing
    }

    /// Whether a page is full of records that are younger than `time`.
    fn has_enough_after(&self, parts: &[Part], time: Timestamp) -> bool {
        let found = parts.iter().flat_map(|part| &part.found);
        found.filter(|found| found.at.0 > time.micros()).count() >= self.count
    }
}

impl Service {
    /// Waits until everything is written that was put so far.
    pub(crate) async fn trail_is_written(&self) -> Result<(), String> {
        let (sender, written) = oneshot::channel();
        self.host.trail().after_all(Box::new(move |result| drop(sender.send(result))));
        written.await.unwrap_or_else(|_| Err("the node is stopping".to_owned()))
    }

    async fn trail_here(&self, asked: Asked) -> Result<Part, Problem> {
        let written = self.trail_is_written().await;
        let _reader = READERS.acquire().await.expect("it is never closed");
        let service = self.clone();
        blocking(move || asked.look_here(service.host.trail(), written)).await?
    }

    /// What all nodes have; of those that cannot be asked, who they are.
    async fn trail_everywhere(&self, asked: &Asked) -> Result<(Vec<Part>, Vec<Missing>), Problem> {
        let mut asking = JoinSet::new();
        for address in self.host.peers() {
            let neighbours = self.neighbours()?.clone();
            let mut path = format!("/cluster/v1/audit?count={}", asked.count);
            if let Some((at, chain, number)) = asked.before {
                path = format!("{path}&before={at}.{chain}.{number}");
            }
            let query = asked.query();
            if !query.is_empty() {
                path = format!("{path}&{query}");
            }
            asking.spawn(async move {
                let answer = neighbours.ask(&address, &path, None, ANSWER_TIME).await;
                let read = answer.and_then(|bytes| Ok(serde_json::from_slice::<Part>(&bytes)?));
                read.map_err(|error| {
                    let why =
                        format!("it cannot be asked, only what it has shipped is here: {error}");
                    Missing { of: address, why }
                })
            });
        }
        let mut parts = vec![self.trail_here(asked.clone()).await?];
        let mut missing = Vec::new();
        for answer in asking.join_all().await {
            match answer {
                Ok(part) => parts.push(part),
                Err(of) => missing.push(of),
            }
        }
        let known: Vec<u64> = parts.iter().filter_map(|part| part.chain).collect();
        let _reader = READERS.acquire().await.expect("it is never closed");
        let (service, asked) = (self.clone(), asked.clone());
        let (parts, elsewhere) = blocking(move || {
            let elsewhere = asked.look_elsewhere(service.host.trail(), &known, &mut parts);
            (parts, elsewhere)
        })
        .await?;
        missing.extend(elsewhere);
        Ok((parts, missing))
    }
}

/// A page of the trail: an operator's, or, by the local socket, everybody's.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let operator = match call.route.audience {
        Audience::Everybody => Some(call.operator().id.to_string()),
        Audience::Socket | Audience::FirstStart | Audience::Nodes => {
            call.parameters.text(OPERATOR_ID).map(str::to_owned)
        }
    };
    let cursors = Cursors::of(&call);
    let Call { service, parameters, .. } = call;
    let limit = parameters.limit()?;
    // One more than is shown says whether there are more.
    let mut asked = Asked::read(&parameters, operator, limit + 1)?;
    asked.before = cursors.after()?.map(|[at, chain, number]| (at.cast_signed(), chain, number));
    let (parts, mut incomplete) = service.trail_everywhere(&asked).await?;
    let parts = parts.into_iter().map(|part| {
        incomplete.extend(part.missing);
        (part.found, part.to.map(Reverse))
    });
    let (found, to) = put_together(parts, limit, |found| Reverse(found.at));
    let next_cursor =
        to.map(|Reverse((at, chain, number))| cursors.at([at.cast_unsigned(), chain, number]));
    let items = found.into_iter().map(|found| found.record).collect();
    Ok(respond(StatusCode::OK, &AuditPage { items, next_cursor, incomplete }))
}

/// What this node has of a list, for another one.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let operator = parameters.text(OPERATOR_ID).map(str::to_owned);
    let count = parameters.number("count", 1, LIMIT_MAX as u64 + 1)?;
    let count = count.and_then(|count| count.try_into().ok()).unwrap_or(1);
    let mut asked = Asked::read(&parameters, operator, count)?;
    asked.before = parameters.text("before").and_then(|text| {
        let mut parts = text.split('.');
        let at = parts.next()?.parse().ok()?;
        Some((at, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    Ok(respond(StatusCode::OK, &service.trail_here(asked).await?))
}
