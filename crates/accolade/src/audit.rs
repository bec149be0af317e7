//! `accolade audit`.

mod log;

use std::collections::BTreeMap;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, Lines};
use crate::shapes::Place;
use crate::terminal::{grouped, progress, say};

/// The arguments of `accolade audit`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Show who did what, the newest first
    Log(Box<log::Arguments>),
    /// Check every ledger entry and balance
    #[command(
        long_about = "Reads the whole ledger, and the trail of who did what: that each account's entries are numbered without a gap, \
                      that each carries the hash of the one before, that each balance is the sum of its \
                      entries, and that the account says the same; then each record of the trail, of all nodes. \
                      Ends with 1 and names the first entry or record that does not fit.",
        after_help = "Example:\n  accolade audit verify --data-dir /var/lib/accolade"
    )]
    Verify {
        /// Print the node's lines as they are
        #[arg(long)]
        json: bool,
    },
}

/// What an audit says as it goes, and at its end.
#[derive(Debug, Deserialize)]
struct Line {
    progress: Option<Progress>,
    #[serde(flatten)]
    verdict: Option<Verdict>,
}

#[derive(Debug, Deserialize)]
struct Progress {
    partition: u16,
    entries: u64,
}

/// The end of an audit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    result: String,
    entries: u64,
    accounts: u64,
    #[serde(default)]
    trail_records: u64,
    first_failure: Option<Failure>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    operator_id: Option<String>,
    subject: Option<String>,
    sequence: Option<u64>,
    place: Option<Place>,
    record: Option<BadRecord>,
    what: String,
}

/// A record of the trail that does not fit.
#[derive(Debug, Deserialize)]
struct BadRecord {
    chain: Option<String>,
    node: String,
    number: Option<u64>,
}

impl Verdict {
    /// Whether everything fits.
    pub(crate) fn is_ok(&self) -> bool {
        self.result == "ok"
    }

    /// The verdict in one line, or two where something does not fit.
    pub(crate) fn in_words(&self) -> String {
        let (entries, accounts) = (grouped(self.entries), grouped(self.accounts));
        let records = grouped(self.trail_records);
        if self.is_ok() {
            return format!(
                "audit: ok; {entries} entries of {accounts} accounts, every chain whole and every balance the sum of its entries; \
                 {records} records of who did what, every chain whole"
            );
        }
        let mut text = format!("audit: FAILED after {entries} entries of {accounts} accounts");
        if let Some(failure) = &self.first_failure {
            text = format!("{text}\n  {}", failure.what);
            let place = failure.place.map(|place| place.to_string());
            let sequence = failure.sequence.map(|sequence| sequence.to_string());
            let record = failure.record.as_ref();
            let number = record.and_then(|record| record.number).map(|number| number.to_string());
            let chain = record.and_then(|record| record.chain.clone());
            let node = record.map(|record| record.node.clone()).filter(|node| !node.is_empty());
            for (name, value) in [
                ("operator", &failure.operator_id),
                ("subject", &failure.subject),
                ("sequence", &sequence),
                ("place", &place),
                ("record", &number),
                ("chain", &chain),
                ("node", &node),
            ] {
                if let Some(value) = value {
                    text = format!("{text}\n  {name:<9} {value}");
                }
            }
        }
        text
    }
}

/// Runs `accolade audit`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let json = match arguments.command {
        AuditCommand::Verify { json } => json,
        AuditCommand::Log(log) => return log::run(place, *log).await,
    };
    client::with(place, IfMissing::Complain, async |client| {
        if json {
            let mut verdict = None;
            let mut lines = begin(client).await?;
            while let Some(line) = lines.next().await? {
                say(String::from_utf8_lossy(&line))?;
                verdict = serde_json::from_slice::<Verdict>(&line).ok().or(verdict);
            }
            return Ok(ended(verdict.is_some_and(|verdict| verdict.is_ok())));
        }
        let verdict = verify(client).await?;
        say(verdict.in_words())?;
        Ok(ended(verdict.is_ok()))
    })
    .await
}

fn ended(well: bool) -> Ended {
    if well { Ended::Well } else { Ended::Badly }
}

async fn begin(client: &Client) -> anyhow::Result<Lines> {
    Ok(client.send(Ask::get("/local/audit/verify")).await?.or_problem().await?.lines())
}

/// Runs an audit to its end, with progress on standard error.
pub(crate) async fn verify(client: &Client) -> anyhow::Result<Verdict> {
    let mut lines = begin(client).await?;
    let bar = progress(None, "entries read");
    let mut by_partition = BTreeMap::new();
    while let Some(line) = lines.next().await? {
        let line: Line = serde_json::from_slice(&line)?;
        if let Some(Progress { partition, entries }) = line.progress {
            by_partition.insert(partition, entries);
            bar.set_position(by_partition.values().sum());
        }
        if let Some(verdict) = line.verdict {
            bar.finish_and_clear();
            return Ok(verdict);
        }
    }
    bail!("the audit broke off without a result; the node's log says why")
}
