//! `accolade operator`.

use anyhow::Context;
use axum::Router;
use clap::{Args, Subcommand};
use hyper::StatusCode;
use serde_json::json;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped, with_dry_run};
use crate::shapes::{NewOperator, Operators};
use crate::terminal::{Sure, grouped, myself, quoted, say};

/// The arguments of `accolade operator`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: OperatorCommand,
}

#[derive(Debug, Subcommand)]
enum OperatorCommand {
    /// Add an operator, and print its API key
    #[command(
        long_about = "Adds an operator: a casino or gaming brand, whose players, program and points are \
                      its own. Its API key has all rights for it, is printed this once, and is kept \
                      only as a hash.",
        after_help = "Example:\n  accolade operator add operator-789 --events-per-second 5000"
    )]
    Add {
        /// The operator's id, as `operatorId` has it in wagers
        id: String,
        /// Most events a second that its key may send; 0 for no limit
        #[arg(long, default_value_t = 0, value_name = "N")]
        events_per_second: u32,
        /// Only say whether it could be added
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take in nothing more from an operator over HTTP; what it has sent stays, and its reads go on
    #[command(
        after_help = "Example:\n  accolade operator pause operator-789 --why \"sends another's wagers\" --yes"
    )]
    Pause {
        /// The operator's id
        id: String,
        /// Why, in your words
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// Only say whether it could be paused
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        sure: Sure,
    },
    /// Take in again what an operator sends
    Resume {
        /// The operator's id
        id: String,
        /// Only say whether it could go on
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the operators, with their programs and limits
    List {
        /// Print JSON, one operator a line
        #[arg(long)]
        json: bool,
    },
}

/// Runs `accolade operator`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    match arguments.command {
        OperatorCommand::Add { id, events_per_second, dry_run, json } => {
            let if_missing = if dry_run { IfMissing::Complain } else { IfMissing::Create };
            client::with(place, if_missing, async |client| {
                add(client, &id, events_per_second, dry_run, json).await
            })
            .await
        }
        OperatorCommand::Pause { id, why, dry_run, json, sure } => {
            if !dry_run {
                sure.ask(&format!("take in nothing more from `{id}`"))?;
            }
            change(place, &id, "pause", json!({ "why": why }), dry_run, json).await
        }
        OperatorCommand::Resume { id, dry_run, json } => {
            change(place, &id, "resume", json!({}), dry_run, json).await
        }
        OperatorCommand::List { json } => {
            client::with(place, IfMissing::Complain, async |client| list(client, json).await).await
        }
    }
}

async fn add(
    client: &Client,
    id: &str,
    events_per_second: u32,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<Ended> {
    let wanted = json!({ "operatorId": id, "eventsPerSecond": events_per_second });
    let path = with_dry_run("/local/operators", dry_run);
    let answer = client.send(Ask::post_json(&path, &wanted)).await?.or_problem().await;
    let answer = answer.with_context(|| format!("the operator `{id}` was not added"))?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    if dry_run {
        say("the node would add it; nothing was added")?;
        return Ok(Ended::Well);
    }
    let new: NewOperator = answer.json().await?;
    let (accolade, operator) = (myself(), quoted(id));
    say(format_args!("operator  {id}"))?;
    say(format_args!("key       {}", new.key))?;
    say(format_args!(
        "
The key is shown this once: keep it where your secrets are. Next, its program and its wagers:

  {accolade} program check my-program.yaml
  {accolade} program publish my-program.yaml --operator {operator} \\
    --why \"the first one\" --effective-from \"7 days ago\"
  {accolade} ingest wagers.ndjson

Of the samples in examples/, the programs suit any operator; the wagers name theirs."
    ))?;
    if !client.is_beside_a_node() {
        say(format_args!(
            "No node runs on this data directory yet: `{accolade} serve` starts one."
        ))?;
    }
    Ok(Ended::Well)
}

/// Adds an operator where there is none, and prints its key: a node has no other to begin with.
pub(crate) async fn add_first(node: Router, id: &str) -> anyhow::Result<()> {
    let client = Client::InProcess(node);
    let operators: Operators = client.json(Ask::get("/local/operators")).await?;
    if !operators.items.is_empty() {
        return Ok(());
    }
    let wanted = json!({ "operatorId": id });
    let answer = client.send(Ask::post_json("/local/operators", &wanted)).await?;
    if answer.status() == StatusCode::CONFLICT {
        return Ok(()); // another node of the cluster was first
    }
    let new: NewOperator = answer.or_problem().await?.json().await?;
    say(format_args!("operator  {id}"))?;
    say(format_args!("key       {}", new.key))?;
    Ok(())
}

/// Pauses an operator, or lets it go on.
async fn change(
    place: &Where,
    id: &str,
    what: &str,
    body: serde_json::Value,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| {
        let path = with_dry_run(&format!("/local/operators/{}/{what}", escaped(id)), dry_run);
        let answer = client.send(Ask::post_json(&path, &body)).await?.or_problem().await;
        let answer = answer.with_context(|| format!("`{id}` was not told to {what}"))?;
        if json {
            answer.print().await?;
        } else if dry_run {
            say("the node would do it; nothing was changed")?;
        } else {
            say(format_args!("{what}d"))?;
        }
        Ok(Ended::Well)
    })
    .await
}

async fn list(client: &Client, json: bool) -> anyhow::Result<Ended> {
    let answer = client.send(Ask::get("/local/operators")).await?.or_problem().await?;
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let operators: Operators = answer.json().await?;
    if operators.items.is_empty() {
        say("no operators yet: `accolade operator add ID` makes one")?;
        return Ok(Ended::Well);
    }
    let ids = operators.items.iter().map(|operator| operator.id.chars().count());
    let width = ids.max().unwrap_or(0).max("operator".len());
    say(format_args!("{:width$}  program  events a second", "operator"))?;
    for operator in operators.items {
        let program = match operator.program_version {
            None | Some(0) => "none".to_owned(),
            Some(version) => format!("v{version}"),
        };
        let limit = match operator.events_per_second {
            0 => "no limit".to_owned(),
            limit => grouped(limit),
        };
        let paused = if operator.paused.is_some() { "  paused" } else { "" };
        say(format_args!("{:width$}  {program:7}  {limit}{paused}", operator.id))?;
    }
    Ok(Ended::Well)
}
