//! `accolade doctor`: looks at everything that a node needs, before it is started or while it runs.
//!
//! It changes nothing but one small object that it puts into the bucket and removes again. Every question
//! has a time limit, and none keeps the others from being asked.

mod address;
mod audit;
mod bucket;
mod clock;
mod descriptors;
mod disk;
mod issuers;
#[cfg(feature = "cluster")]
mod kafka;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "cluster", feature = "postgres", feature = "redis"))]
mod secrets;

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use self::clock::Clocks;
use crate::Ended;
use crate::arguments::Where;
use crate::config::Config;
use crate::terminal::{printable, say};

/// How long all questions to one service may take together.
const PATIENCE: Duration = Duration::from_mins(1);

/// The arguments of `accolade doctor`.
#[derive(Debug, Args)]
#[command(
    long_about = "Looks at everything that a node with this configuration needs: disk, clock, address and \
                  secrets; the bucket; PostgreSQL; the issuers of tokens; and for a node of a cluster the \
                  brokers, their topics and who may write them. Each line says ok, warning or error, and for the latter two what to \
                  do. Nothing is changed; into the bucket one small object is put, below `doctor/`, and \
                  removed again. Ends with 1 where there is an error.",
    after_help = "Examples:\n  accolade doctor --config accolade.toml\n  \
                  accolade doctor --config accolade.toml --json"
)]
pub(crate) struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Error,
}

/// What was found of one thing.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Finding { check, state: State::Ok, found: found.into(), mend: None });
    }

    fn warning(&mut self, check: &'static str, found: impl Into<String>, mend: impl Into<String>) {
        let (found, mend) = (found.into(), Some(mend.into()));
        self.0.push(Finding { check, state: State::Warning, found, mend });
    }

    fn error(&mut self, check: &'static str, found: impl Into<String>, mend: impl Into<String>) {
        let (found, mend) = (found.into(), Some(mend.into()));
        self.0.push(Finding { check, state: State::Error, found, mend });
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|finding| finding.state == state).count()
    }
}

/// Runs `accolade doctor`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let config = Config::load(place)?;
    let findings = Box::pin(examine(&config)).await;
    let (errors, warnings) = (findings.count(State::Error), findings.count(State::Warning));
    if arguments.json {
        let checks = &findings.0;
        say(serde_json::json!({ "checks": checks, "errors": errors, "warnings": warnings }))?;
    } else {
        print(&findings)?;
        say(format_args!("\n{errors} errors, {warnings} warnings"))?;
    }
    Ok(if errors == 0 { Ended::Well } else { Ended::Badly })
}

fn print(findings: &Findings) -> std::io::Result<()> {
    for Finding { check, state, found, mend } in &findings.0 {
        let state = match state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Error => "error",
        };
        say(format_args!("{state:<8} {check:<14} {}", printable(found)))?;
        for line in mend.iter().flat_map(|mend| mend.lines()) {
            say(format_args!("{:<23}   {}", "", printable(line)))?;
        }
    }
    Ok(())
}

async fn examine(config: &Config) -> Findings {
    let mut findings = Findings::default();
    let mut clocks = Clocks::default();
    #[cfg(feature = "cluster")]
    let joining = kafka::configuration(config, &mut findings);
    #[cfg(any(feature = "cluster", feature = "postgres", feature = "redis"))]
    secrets::examine(config, &mut findings);
    let is_running = disk::examine(config, &mut findings, &mut clocks).await;
    descriptors::examine(&mut findings);
    audit::examine(config, &mut findings);
    address::examine(config, is_running, &mut findings).await;
    #[cfg(feature = "cluster")]
    let brokers = limited("brokers", kafka::examine(joining));
    #[cfg(not(feature = "cluster"))]
    let brokers = std::future::ready((Findings::default(), Clocks::default()));
    #[cfg(feature = "postgres")]
    let postgres = limited("postgres", postgres::examine(config));
    #[cfg(not(feature = "postgres"))]
    let postgres = std::future::ready((Findings::default(), Clocks::default()));
    #[cfg(feature = "redis")]
    let redis = limited("redis", redis::examine(config));
    #[cfg(not(feature = "redis"))]
    let redis = std::future::ready((Findings::default(), Clocks::default()));
    let bucket = limited("bucket", bucket::examine(config));
    let issuers = limited("issuers", issuers::examine(config));
    for (found, heard) in <[_; 5]>::from(tokio::join!(brokers, bucket, postgres, redis, issuers)) {
        findings.0.extend(found.0);
        clocks.merge(heard);
    }
    clocks.examine(&mut findings);
    findings
}

/// Lets questions to one service take so long and no longer.
async fn limited(
    check: &'static str,
    questions: impl Future<Output = (Findings, Clocks)>,
) -> (Findings, Clocks) {
    tokio::time::timeout(PATIENCE, questions).await.unwrap_or_else(|_| {
        let mut findings = Findings::default();
        let found = format!("no answer within {} s", PATIENCE.as_secs());
        findings.error(check, found, "see whether it runs, and whether a firewall is in between");
        (findings, Clocks::default())
    })
}

/// Asks on a thread of its own, because whoever answers keeps it waiting.
async fn aside<T: Send + 'static>(
    check: &'static str,
    ask: impl FnOnce(&mut Findings) -> T + Send + 'static,
) -> (Findings, Option<T>) {
    let asked = tokio::task::spawn_blocking(move || {
        let mut findings = Findings::default();
        let answer = ask(&mut findings);
        (findings, Some(answer))
    });
    asked.await.unwrap_or_else(|error| {
        let mut findings = Findings::default();
        findings.error(check, error.to_string(), "this should not be: report it");
        (findings, None)
    })
}

/// Whether the configuration is that of a node of a cluster.
#[cfg(feature = "cluster")]
const fn is_of_a_cluster(config: &Config) -> bool {
    config.cluster.brokers.is_some()
}

#[cfg(not(feature = "cluster"))]
const fn is_of_a_cluster(_: &Config) -> bool {
    false
}
