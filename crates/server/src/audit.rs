//! Proving the ledger: every account's chain from its first entry on, and balances = sums; then the trail of who did
//! what.

use std::collections::HashMap;
use std::time::Duration;

use accolade_domain::account::Trail;
use accolade_domain::amount::Points;
use accolade_domain::ledger::{ChainHash, Place, Subject};
use accolade_storage::error::StorageError;
use accolade_storage::host::{Host, NotHere};
use accolade_wire::bytes::Cursor;
use accolade_wire::hex::to_hex;
use accolade_wire::journal::{Outcomes, StoredEntry};
use accolade_wire::ledger::chain_hash;
use accolade_wire::record::Slice;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::call::Call;
use crate::cluster::{Where, partitions_text};
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::PlaceShape;
use crate::submit::soon;
use crate::topics::{Gone, Lines, stream};
use crate::trail::verify::BadRecord;

/// Batches after which progress is told.
const TOLD_EVERY: u64 = 10_000;
/// Another node may verify for so long without telling of it.
const SILENT_MAX: Duration = Duration::from_mins(10);

#[derive(Serialize, Deserialize)]
struct ProgressLine {
    progress: Progress,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Progress {
    partition: u16,
    batches: u64,
    entries: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultLine {
    result: String,
    entries: u64,
    accounts: u64,
    /// Records of the trail; none where another node tells of its part of the ledger.
    #[serde(default)]
    trail_records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<Box<Failure>>,
}

/// The first entry that does not fit.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    operator_id: Option<String>,
    subject: Option<String>,
    sequence: Option<u64>,
    place: Option<PlaceShape>,
    /// The record of the trail that does not fit, by its node, chain and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<BadRecord>,
    what: String,
}

/// Verifies everything up to this moment, and tells of it line by line.
pub(crate) async fn verify(call: Call) -> Result<Response, Problem> {
    let Call { service, .. } = call;
    let owners = service.owners(0..service.partitions()).await?;
    let runtime = Handle::current();
    Ok(stream(move |lines| {
        let mut audit = Audit::new(&service, &lines);
        let done = owners.into_iter().try_for_each(|(at, partitions)| match at {
            Where::Here => audit.run(&partitions),
            Where::At(address) => runtime.block_on(audit.ask(&address, &partitions)),
        });
        let done = done.and_then(|()| runtime.block_on(audit.prove_trail()));
        audit.tell(done);
    }))
}

/// Verifies partitions that are here, for another node.
pub(crate) async fn verify_here(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    Ok(stream(move |lines| {
        let mut audit = Audit::new(&service, &lines);
        let done = audit.run(&partitions);
        audit.tell(done);
    }))
}

enum Stopped {
    Failed(Box<Failure>),
    Gone,
}

impl From<Gone> for Stopped {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<StorageError> for Stopped {
    fn from(error: StorageError) -> Self {
        let mut what = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            what = format!("{what}: {source}");
        }
        failed(None, what)
    }
}

impl From<NotHere> for Stopped {
    fn from(not_here: NotHere) -> Self {
        failed(None, not_here.to_string())
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        failed(None, format!("a part could not be verified by its node: {error}"))
    }
}

fn failed(entry: Option<(&dyn Host, u32, Subject, u64, Place)>, what: String) -> Stopped {
    let failure = match entry {
        None => Failure { what, ..Failure::default() },
        Some((host, operator, subject, sequence, place)) => {
            let rules = host.rules();
            let mut operators = rules.operators();
            let operator = operators.find(|known| known.number == operator);
            Failure {
                operator_id: operator.map(|operator| operator.id.to_string()),
                subject: Some(to_hex(&subject.0)),
                sequence: Some(sequence),
                place: Some(place.into()),
                record: None,
                what,
            }
        }
    };
    Stopped::Failed(Box::new(failure))
}

/// The end of a chain, as far as it was verified.
#[derive(Debug, Clone, Default)]
struct Chain {
    sequence: u64,
    head: ChainHash,
    balance: Points,
    trail: Trail,
}

impl Chain {
    /// Adds the next entry, or says what does not fit.
    fn add(&mut self, stored: &StoredEntry<'_>) -> Result<(), String> {
        let entry = &stored.entry;
        if entry.sequence != self.sequence + 1 {
            return Err(format!("entry {} follows entry {}", entry.sequence, self.sequence));
        }
        if self.balance.plus(entry.points) != Some(entry.balance_after) {
            let (before, points, after) = (self.balance, entry.points, entry.balance_after);
            return Err(format!("{before} and {points} are not {after}"));
        }
        let place = entry.place;
        let previous = self.trail.last(place.partition);
        let skip = self.trail.push(entry.sequence, place);
        if (previous, skip) != (entry.previous, entry.skip) {
            return Err("it points to places that are not those of its account's entries".into());
        }
        let hash = chain_hash(entry, &self.head);
        if hash != stored.hash {
            return Err("its hash is not that of its content and the entry before it".into());
        }
        self.sequence = entry.sequence;
        self.head = hash;
        self.balance = entry.balance_after;
        Ok(())
    }
}

/// A line of another node.
#[derive(Deserialize)]
#[serde(untagged)]
enum OtherLine {
    Progress(ProgressLine),
    Result(ResultLine),
}

struct Audit<'a> {
    service: &'a Service,
    lines: &'a Lines,
    entries: u64,
    accounts: u64,
    trail_records: u64,
}

type Account = (u32, Subject);

impl<'a> Audit<'a> {
    const fn new(service: &'a Service, lines: &'a Lines) -> Self {
        Self { service, lines, entries: 0, accounts: 0, trail_records: 0 }
    }

    /// Verifies the trail of who did what, of all nodes.
    async fn prove_trail(&mut self) -> Result<(), Stopped> {
        let proof = self.service.prove_trail().await;
        let proof = proof.map_err(|problem| failed(None, problem.detail.into_owned()))?;
        self.trail_records = proof.records;
        let Some(record) = proof.failure else { return Ok(()) };
        let what = format!("the audit trail does not hold: {}", record.what);
        let failure = Failure { what, record: Some(record), ..Failure::default() };
        Err(Stopped::Failed(Box::new(failure)))
    }

    fn run(&mut self, partitions: &[u16]) -> Result<(), Stopped> {
        partitions.iter().try_for_each(|partition| self.partition(*partition))
    }

    /// Says how it ended.
    fn tell(self, done: Result<(), Stopped>) {
        let first_failure = match done {
            Ok(()) => None,
            Err(Stopped::Failed(failure)) => Some(failure),
            Err(Stopped::Gone) => return,
        };
        let result = if first_failure.is_some() { "failed" } else { "ok" }.to_owned();
        let Audit { lines, entries, accounts, trail_records, .. } = self;
        // If the client has gone, there is nobody to tell.
        drop(lines.send(&ResultLine { result, entries, accounts, trail_records, first_failure }));
    }

    /// Has the node at `address` verify its partitions.
    async fn ask(&mut self, address: &str, partitions: &[u16]) -> Result<(), Stopped> {
        let numbers = partitions_text(partitions);
        let path = format!("/cluster/v1/audit/verify?partitions={numbers}");
        let before = self.entries;
        let neighbours = self.service.neighbours().map_err(|_| NotHere::Nowhere)?;
        let mut answer = neighbours.ask_for_lines(address, &path, None).await?;
        while let Some(line) = answer.next(SILENT_MAX).await? {
            match serde_json::from_slice(&line).map_err(std::io::Error::other)? {
                OtherLine::Progress(mut line) => {
                    line.progress.entries += before;
                    self.lines.send_soon(&line).await?;
                }
                OtherLine::Result(ResultLine { entries, accounts, first_failure, .. }) => {
                    self.entries += entries;
                    self.accounts += accounts;
                    return match first_failure {
                        None => Ok(()),
                        Some(failure) => Err(Stopped::Failed(failure)),
                    };
                }
            }
        }
        Err(std::io::Error::other("its answer broke off").into())
    }

    fn partition(&mut self, number: u16) -> Result<(), Stopped> {
        let (end, stands, accounts) = self.service.read(number, |partition| {
            let accounts = partition.players().all().iter().map(|player| {
                let account = &player.account;
                let (sequence, head, balance) = (account.sequence, account.head, account.balance);
                let last = account.trail.last(number);
                (player.operator, account.subject, sequence, head, balance, last)
            });
            (partition.next_batch(), partition.stands(), accounts.collect::<Vec<_>>())
        })?;
        let chains = self.chains(number, end)?;
        let nothing = Chain::default();
        for (operator, subject, sequence, head, balance, last) in accounts {
            let chain = chains.get(&(operator, subject)).unwrap_or(&nothing);
            let is_same = (sequence, head, balance) == (chain.sequence, chain.head, chain.balance);
            // A partition that stands has folded a part of a batch that the journal does not have yet.
            if !(is_same || stands && sequence > chain.sequence) {
                let what = format!(
                    "the account has balance {balance} after {sequence} entries, its ledger {} \
                     after {}",
                    chain.balance, chain.sequence
                );
                let place = last.unwrap_or_default();
                let host = &*self.service.host;
                return Err(failed(Some((host, operator, subject, sequence, place)), what));
            }
            self.accounts += 1;
        }
        Ok(())
    }

    /// Verifies the entries of all batches before `end`, in the order of the journal.
    fn chains(&mut self, number: u16, end: u64) -> Result<HashMap<Account, Chain>, Stopped> {
        let backing = self.service.host.backing(number)?;
        let journal = &backing.journal;
        let mut chains: HashMap<Account, Chain> = HashMap::new();
        for batch in 1..end {
            let Some(bytes) = soon(|| journal.read(number, batch))? else {
                let what = format!("the journal lacks batch {batch} of partition {number}");
                return Err(failed(None, what));
            };
            let damaged = |error: accolade_wire::bytes::BadFormat| {
                failed(None, format!("batch {batch} of partition {number}: {error}"))
            };
            let slice =
                Slice::read_unchecked(&mut Cursor::new(&bytes, "slice")).map_err(damaged)?;
            for recorded in Outcomes::read(&slice).map_err(damaged)? {
                for stored in &recorded.map_err(damaged)?.entries {
                    let entry = &stored.entry;
                    let chain = chains.entry((entry.operator, entry.subject)).or_default();
                    chain.add(stored).map_err(|what| {
                        let (operator, subject) = (entry.operator, entry.subject);
                        let (sequence, place) = (entry.sequence, entry.place);
                        let of = (&*self.service.host, operator, subject, sequence, place);
                        failed(Some(of), what)
                    })?;
                    self.entries += 1;
                }
            }
            if batch % TOLD_EVERY == 0 || batch + 1 == end {
                let progress =
                    Progress { partition: number, batches: batch, entries: self.entries };
                self.lines.send(&ProgressLine { progress })?;
            }
        }
        Ok(chains)
    }
}
