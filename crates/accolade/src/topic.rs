//! `accolade topic`: what a node puts out, derived from its journal.

use std::io::IsTerminal;

use clap::{Args, Subcommand};
use hyper::StatusCode;
use serde::Deserialize;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped};
use crate::shapes::{Place, Raw};
use crate::terminal::{note, printable, say};

/// The arguments of `accolade topic`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: TopicCommand,
}

#[derive(Debug, Subcommand)]
enum TopicCommand {
    /// List the topics
    List {
        /// Print JSON, one topic a line
        #[arg(long)]
        json: bool,
    },
    /// Print the records of a topic
    Tail(TailArguments),
}

#[derive(Debug, Args)]
#[command(
    long_about = "Prints the records of a topic: one line each, with its place in the log, its key and \
                  its value. Without `--follow` it ends where the journal ends now.",
    after_help = "Examples:\n  accolade topic tail loyalty.balances --follow\n  \
                  accolade topic tail loyalty.calculated --operator operator-789 --from-beginning --json\n\n\
                  Topics: wager.events, player.events.raw, loyalty.eligible, loyalty.calculated,\n\
                  loyalty.balances, loyalty.tiers, loyalty.redemptions, fraud.signals, tournament.eligible,\n\
                  tournament.scores, leaderboard.updates, accolade.dead-letters;\n\
                  `accolade topic list` asks the node."
)]
struct TailArguments {
    /// The topic's name
    name: String,
    /// Only this operator's records
    #[arg(long, value_name = "ID")]
    operator: Option<String>,
    /// Begin with the oldest record rather than with what comes from now on
    #[arg(long)]
    from_beginning: bool,
    /// Wait for more; Ctrl-C ends it
    #[arg(long, short)]
    follow: bool,
    /// At most so many records
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Print the node's lines as they are
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct TopicRecord {
    place: Place,
    time: Option<Raw>,
    key: Option<Raw>,
    value: Raw,
}

/// Runs `accolade topic`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match &arguments.command {
        TopicCommand::List { json } => list(client, *json).await,
        TopicCommand::Tail(tail) => tail_topic(client, tail).await,
    })
    .await
}

async fn list(client: &Client, json: bool) -> anyhow::Result<Ended> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        Plain(Vec<String>),
        Items { items: Vec<String> },
    }
    let (Names::Plain(names) | Names::Items { items: names }) =
        client.json(Ask::get("/local/topics")).await?;
    for name in names {
        if json {
            say(serde_json::json!({ "name": name }))?;
        } else {
            say(name)?;
        }
    }
    Ok(Ended::Well)
}

async fn tail_topic(client: &Client, tail: &TailArguments) -> anyhow::Result<Ended> {
    if !client.is_beside_a_node() && tail.follow {
        anyhow::bail!(
            "no node runs on this data directory, so nothing will come: start `accolade serve`, or \
             leave out `--follow` to read what is there"
        );
    }
    // Without `--follow` there is nothing to come, so what is there is what was asked for.
    let from = if tail.from_beginning || !tail.follow { "earliest" } else { "latest" };
    let mut path =
        format!("/local/topics/{}?from={from}&follow={}", escaped(&tail.name), tail.follow);
    if let Some(operator) = &tail.operator {
        path = format!("{path}&operator={}", escaped(operator));
    }
    if let Some(limit) = tail.limit {
        path = format!("{path}&limit={limit}");
    }
    let answer = client.send(Ask::get(&path)).await?;
    let is_unknown = answer.status() == StatusCode::NOT_FOUND;
    let mut lines = match answer.or_problem().await {
        Err(error) if is_unknown => {
            let name = printable(&tail.name);
            let what = format!("`{name}` is no topic: `accolade topic list` names them");
            return Err(error.context(what));
        }
        answer => answer?.lines(),
    };
    if tail.follow && std::io::stderr().is_terminal() {
        note(format_args!("following `{}`; Ctrl-C ends it", tail.name));
    }
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        let line = tokio::select! {
            line = lines.next() => line?,
            _ = &mut interrupt => None,
        };
        let Some(line) = line else { return Ok(Ended::Well) };
        if tail.json {
            say(String::from_utf8_lossy(&line))?;
        } else {
            print(&line)?;
        }
    }
}

fn print(line: &[u8]) -> anyhow::Result<()> {
    let Ok(TopicRecord { place, time, key, value }) = serde_json::from_slice(line) else {
        say(printable(&String::from_utf8_lossy(line)))?;
        return Ok(());
    };
    let time = time.map(|time| time.to_string()).unwrap_or_default();
    let key = key.map(|key| key.to_string()).unwrap_or_default();
    say(format_args!("{time}  {:<12} {key}  {}", place.to_string(), value.text()))?;
    Ok(())
}
