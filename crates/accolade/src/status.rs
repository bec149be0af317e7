//! `accolade status` and `accolade skip`: how a node is, and how to get a partition going again.

use std::str::FromStr;

use accolade_server::outlets::OutletState;
use anyhow::Context;
use clap::Args;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, with_dry_run};
use crate::failure::unasked;
use crate::shapes::{Place, Raw};
use crate::terminal::{Sure, grouped, printable, say};

/// The arguments of `accolade status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 1 where something needs a person: a node that failed or does not answer its \
                  cluster, checkpoints that cannot be shipped, a disk that is full, a clock that has stepped, a \
                  partition, a topic or a table that stands. A node elsewhere says whether it is ready, and what \
                  stands."
)]
pub(crate) struct Arguments {
    /// Print JSON, as the node answers
    #[arg(long)]
    json: bool,
}

/// The arguments of `accolade skip`.
#[derive(Debug, Args)]
#[command(
    long_about = "A partition stands where an input would have broken an invariant: it stops rather \
                  than go on with a wrong balance, and the others go on. `accolade status` shows its \
                  place and the reason. Skipping makes that input a dead letter, whole, to be repaired \
                  later, and lets the partition go on. It is recorded in the log with your name.",
    after_help = "Example:\n  accolade skip 3-1207-4 --who anna --yes"
)]
pub(crate) struct SkipArguments {
    /// Where the partition stands, as `accolade status` prints it: PARTITION-BATCH-SLOT
    place: Standing,
    /// Who decides
    #[arg(long, env = "USER", default_value = "unknown", value_name = "NAME")]
    who: String,
    /// Only say whether a partition stands there
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    sure: Sure,
}

#[derive(Debug, Clone, Copy)]
struct Standing(Place);

impl FromStr for Standing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.split('-');
        let mut next = || numbers.next()?.parse::<u64>().ok();
        let place = (|| {
            let (partition, batch, slot) = (next()?, next()?, next()?);
            Some(Place {
                partition: partition.try_into().ok()?,
                batch,
                slot: slot.try_into().ok()?,
            })
        })();
        match (place, numbers.next()) {
            (Some(place), None) => Ok(Self(place)),
            _ => Err("expected PARTITION-BATCH-SLOT, such as 3-1207-4".to_owned()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    version: String,
    log_time: Raw,
    lag_bytes: u64,
    ids_in_memory: u64,
    players: u64,
    /// Nothing before the first since the node started.
    checkpointed_at: Option<Raw>,
    descriptors: Descriptors,
    disk_full: bool,
    clock_stepped: bool,
    fatal: Option<String>,
    standing: Vec<Stands>,
    #[serde(default)]
    outlets: Vec<OutletState>,
    /// The other nodes of the cluster.
    #[serde(default)]
    nodes: Vec<OtherNode>,
    shipping: Option<Shipping>,
    partitions: u16,
    operators: u64,
    between_nodes: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptors {
    limit: u64,
    closed_files_open: u64,
    closed_files_max: u64,
}

#[derive(Debug, Deserialize)]
struct Shipping {
    covers: Raw,
    failure: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OtherNode {
    address: String,
    fatal: Option<String>,
    /// Why it cannot be asked.
    error: Option<String>,
}

/// What a node elsewhere says of itself to everybody.
#[derive(Debug, Deserialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
    standing: Vec<Stands>,
    #[serde(default)]
    outlets: Vec<OutletState>,
}

#[derive(Debug, Deserialize)]
struct Stands {
    place: Place,
    message: String,
}

/// Runs `accolade status`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| {
        if let Client::Remote(remote) = client {
            return elsewhere(client, remote.url(), arguments.json).await;
        }
        let answer = client.send(Ask::get("/local/status")).await?.or_problem().await?;
        let body = answer.body().await?;
        let status: Status = serde_json::from_slice(&body)?;
        if arguments.json {
            say(String::from_utf8_lossy(&body).trim_end())?;
        } else {
            let node = if client.is_beside_a_node() { "running" } else { "stopped" };
            print(&status, node)?;
        }
        Ok(if status.is_well() { Ended::Well } else { Ended::Badly })
    })
    .await
}

fn are_well(standing: &[Stands], outlets: &[OutletState]) -> bool {
    standing.is_empty() && outlets.iter().all(|outlet| outlet.trouble.is_empty())
}

impl Status {
    fn is_well(&self) -> bool {
        let ships = self.shipping.as_ref().is_none_or(|shipping| shipping.failure.is_none());
        let mut others = self.nodes.iter();
        let others_are_well = others.all(|node| node.error.is_none() && node.fatal.is_none());
        let runs = self.fatal.is_none() && !self.disk_full && !self.clock_stepped;
        runs && ships && others_are_well && are_well(&self.standing, &self.outlets)
    }
}

/// Says how a node elsewhere is, as far as it tells everybody.
async fn elsewhere(client: &Client, url: &str, json: bool) -> anyhow::Result<Ended> {
    let answer = client.send(Ask::get("/readyz")).await?;
    let answer = match answer.status() {
        // It answers, and the answer is no.
        StatusCode::SERVICE_UNAVAILABLE => answer,
        _ => answer.or_problem().await?,
    };
    let body = answer.body().await?;
    let said: Readiness = serde_json::from_slice(&body)
        .with_context(|| format!("what answers at `{url}` is no node"))
        .map_err(unasked)?;
    if json {
        say(String::from_utf8_lossy(&body).trim_end())?;
    } else {
        say(format_args!(
            "node          {}, {url}",
            if said.ready { "ready" } else { "not ready" }
        ))?;
        for reason in &said.reasons {
            say(format_args!("  {}", printable(reason)))?;
        }
        print_what_stands(&said.standing, &said.outlets)?;
    }
    let is_well = said.ready && are_well(&said.standing, &said.outlets);
    Ok(if is_well { Ended::Well } else { Ended::Badly })
}

fn print(status: &Status, node: &str) -> std::io::Result<()> {
    say(format_args!("node          {node}, release {}", printable(&status.version)))?;
    say(format_args!("operators     {}", grouped(status.operators)))?;
    say(format_args!("players       {}", grouped(status.players)))?;
    say(format_args!("partitions    {}", status.partitions))?;
    say(format_args!("log time      {}", status.log_time))?;
    match &status.checkpointed_at {
        Some(at) => say(format_args!("checkpoint    {at}"))?,
        None => say("checkpoint    none since the node started")?,
    }
    say(format_args!("lag           {} bytes", grouped(status.lag_bytes)))?;
    say(format_args!("ids in memory {}", grouped(status.ids_in_memory)))?;
    let Descriptors { limit, closed_files_open, closed_files_max } = &status.descriptors;
    say(format_args!(
        "descriptors   {}; closed files have {} of at most {}",
        grouped(*limit),
        grouped(*closed_files_open),
        grouped(*closed_files_max)
    ))?;
    if let Some(between) = &status.between_nodes {
        let how =
            if between == "tls" { "over TLS" } else { "in clear: the network is to be theirs" };
        say(format_args!("other nodes   ask it by signed requests, {how}"))?;
    }
    if let Some(Shipping { covers, failure }) = &status.shipping {
        say(format_args!("shipped up to {covers}"))?;
        if let Some(failure) = failure {
            say(format_args!("\nCheckpoints cannot be shipped: {}", printable(failure)))?;
            say("  The node goes on; only the loss of this disk would lose what came since.")?;
        }
    }
    if status.disk_full {
        say(
            "\nThe disk is full: nothing is taken in until there is room. What was answered is safe.",
        )?;
    }
    if status.clock_stepped {
        say(
            "\nThe clock has made a large step and is not followed. Set it right, or restart with \
             `accolade serve --accept-clock-step` if it is right.",
        )?;
    }
    if let Some(failure) = &status.fatal {
        say(format_args!("\nThe node failed and ends: {}", printable(failure)))?;
    }
    for OtherNode { address, fatal, error } in &status.nodes {
        let address = printable(address);
        if let Some(error) = error {
            say(format_args!("\nThe node at {address} does not answer: {}", printable(error)))?;
        }
        if let Some(failure) = fatal {
            say(format_args!("\nThe node at {address} failed and ends: {}", printable(failure)))?;
        }
    }
    print_what_stands(&status.standing, &status.outlets)
}

fn print_what_stands(standing: &[Stands], outlets: &[OutletState]) -> std::io::Result<()> {
    for Stands { place, message } in standing {
        say(format_args!("\nPartition {} stands: {}", place.partition, printable(message)))?;
        say(format_args!(
            "  unless it says otherwise, `accolade skip {place}` makes that input a dead letter and goes on"
        ))?;
    }
    for OutletState { name, lost, trouble, .. } in outlets {
        for what in trouble {
            say(format_args!("\n{name} stands, and points go on: {}", printable(what)))?;
        }
        if *lost > 0 {
            say(format_args!(
                "\n{} outputs were refused for good and left out of {name}; the log names them",
                grouped(*lost)
            ))?;
        }
    }
    Ok(())
}

/// Runs `accolade skip`.
pub(crate) async fn skip(place: &Where, arguments: SkipArguments) -> anyhow::Result<Ended> {
    let Standing(Place { partition, batch, slot }) = arguments.place;
    let ask = json!({ "partition": partition, "batch": batch, "slot": slot, "who": arguments.who });
    if !arguments.dry_run {
        arguments.sure.ask(&format!(
            "make the input at {partition}-{batch}-{slot} a dead letter, and let the partition go on"
        ))?;
    }
    client::with(place, IfMissing::Complain, async |client| {
        let path = with_dry_run("/local/skip", arguments.dry_run);
        client.send(Ask::post_json(&path, &ask)).await?.or_problem().await?;
        if arguments.dry_run {
            say("the partition stands there; nothing was skipped")?;
            return Ok(Ended::Well);
        }
        say(format_args!(
            "partition {partition} goes on; what stopped it is the dead letter {partition}-{batch}-{slot}"
        ))?;
        Ok(Ended::Well)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of a node that is well, with these members in place of its own.
    fn status(members: serde_json::Value) -> Status {
        let mut status = json!({
            "version": "0.1.0", "logTime": "2026-11-29T04:06:53Z", "lagBytes": 0, "idsInMemory": 0, "players": 1,
            "checkpointedAt": null, "descriptors": { "limit": 9, "closedFilesOpen": 0, "closedFilesMax": 3 },
            "diskFull": false, "clockStepped": false, "fatal": null, "standing": [], "partitions": 16,
            "operators": 1, "shipping": { "covers": "2026-11-29T04:06:53Z", "failure": null },
            "nodes": [{ "address": "http://10.0.0.2:8090", "fatal": null }],
            "outlets": [{ "name": "kafka", "isConnected": false, "lagBatches": null, "lagMs": 9, "records": 0, "lost": 1,
                          "trouble": [] }],
        });
        for (name, value) in members.as_object().unwrap() {
            status[name] = value.clone();
        }
        // As a node sends it: a value that is kept as it was written is read of a text alone.
        serde_json::from_str(&status.to_string()).unwrap()
    }

    #[test]
    fn a_node_is_well_that_says_so_of_itself_and_of_all_others() {
        for members in [
            json!({}),
            json!({ "checkpointedAt": "2026-11-29T04:06:53Z" }),
            json!({ "shipping": null, "nodes": [], "outlets": [] }),
        ] {
            assert!(status(members.clone()).is_well(), "{members}");
        }
    }

    #[test]
    fn whatever_needs_a_person_makes_a_node_unwell() {
        let place = json!({ "partition": 3, "batch": 1_207, "slot": 4 });
        let stuck = json!({ "name": "postgres", "isConnected": true, "lagBatches": 1, "lagMs": 0, "records": 0, "lost": 0,
                            "trouble": ["another cluster's tables"] });
        for members in [
            json!({ "fatal": "the disk failed" }),
            json!({ "diskFull": true }),
            json!({ "clockStepped": true }),
            json!({ "standing": [{ "place": place, "message": "a stake of 13" }] }),
            json!({ "outlets": [stuck] }),
            json!({ "shipping": { "covers": "2026-11-29T04:06:53Z", "failure": "no such bucket" } }),
            json!({ "nodes": [{ "address": "http://10.0.0.2:8090", "error": "connection refused" }] }),
            json!({ "nodes": [{ "address": "http://10.0.0.2:8090", "fatal": "the disk failed" }] }),
        ] {
            assert!(!status(members.clone()).is_well(), "{members}");
        }
    }
}
