//! `accolade signal`: what of players' wagers looks like abuse, and what a person decides about it.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, With, escaped};
use crate::player::lists::{Which, list};
use crate::player::{Why, of, of_player, post};
use crate::shapes::Raw;
use crate::terminal::{printable, say};

/// The arguments of `accolade signal`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: SignalCommand,
}

#[derive(Debug, Subcommand)]
enum SignalCommand {
    /// List the signals of a player, or of all players those whose points are held
    #[command(after_help = "Example:\n  accolade signal list --operator operator-789")]
    List(Which),
    /// Show a signal
    Show {
        /// The signal's id
        signal: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Raise a signal of a player that a model of your own has found
    #[command(
        after_help = "Example:\n  accolade signal raise player-456 ring --operator operator-789 --wager w-1 --hold --why 'score 0.97'"
    )]
    Raise {
        /// The player
        player: String,
        /// What it is called
        name: String,
        /// The wager that it is about
        #[arg(long, value_name = "ID")]
        wager: Option<String>,
        /// Hold the wager's points until somebody has decided
        #[arg(long, requires = "wager")]
        hold: bool,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// Let go of the points that are held
    Release {
        /// The signal's id
        signal: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// Take the points that are held
    Take {
        /// The signal's id
        signal: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signal {
    player_id: String,
    state: String,
    wager_id: Option<String>,
    wagered_at: Option<String>,
    signals: Vec<Finding>,
    points: Raw,
    raised_by: Option<String>,
    raised_why: Option<String>,
    by: Option<String>,
    why: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    name: String,
    kind: String,
    observed: Raw,
    line: Raw,
}

/// Runs `accolade signal`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match arguments.command {
        SignalCommand::List(which) => {
            list(client, "signals", which).await?;
            Ok(Ended::Well)
        }
        SignalCommand::Show { signal, operator, json } => {
            show(client, &signal, &operator, json).await
        }
        SignalCommand::Raise { player, name, wager, hold, why: Why { why }, with } => {
            let body = json!({ "name": name, "wagerId": wager, "hold": hold, "why": why });
            post(client, &of_player(&player, "signals"), body.to_string(), &with).await
        }
        SignalCommand::Release { signal, why, with } => {
            post(client, &of("signals", &signal, "release"), why.body(), &with).await
        }
        SignalCommand::Take { signal, why, with } => {
            post(client, &of("signals", &signal, "take"), why.body(), &with).await
        }
    })
    .await
}

async fn show(client: &Client, id: &str, operator: &str, json: bool) -> anyhow::Result<Ended> {
    let path = format!("/api/v1/signals/{}", escaped(id));
    let answer = client.send(Ask::get(&path).of(operator)).await?.or_problem().await;
    let answer = answer.with_context(|| format!("the signal `{id}` cannot be shown"))?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let signal: Signal = answer.json().await?;
    let Signal { player_id, state, wager_id, wagered_at, signals, points, .. } = signal;
    say(format_args!("state    {state}"))?;
    say(format_args!("player   {}", printable(&player_id)))?;
    if let Some(wager_id) = wager_id {
        let at = wagered_at.map_or_else(String::new, |at| format!(" of {at}"));
        say(format_args!("wager    {}{at}", printable(&wager_id)))?;
    }
    say(format_args!("points   {}", points.text()))?;
    for Finding { name, kind, observed, line } in &signals {
        let (name, observed, line) = (printable(name), observed.text(), line.text());
        // Whoever raises one from outside has measured it by no line of the program.
        match &signal.raised_by {
            Some(by) => say(format_args!("signal   {name}: from outside, by {}", printable(by)))?,
            None => say(format_args!("signal   {name}: {kind} of {observed} over {line}"))?,
        }
    }
    if let Some(why) = signal.raised_why {
        say(format_args!("because  {}", printable(&why)))?;
    }
    if let (Some(by), Some(why)) = (signal.by, signal.why) {
        say(format_args!("decided  by {}: {}", printable(&by), printable(&why)))?;
    }
    Ok(Ended::Well)
}
