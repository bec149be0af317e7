//! `accolade behaviour`: by which behaviour the fold decides, and switching to another.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, IfMissing, with_dry_run};
use crate::terminal::{Sure, printable, say};

/// The arguments of `accolade behaviour`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: BehaviourCommand,
}

#[derive(Debug, Subcommand)]
enum BehaviourCommand {
    /// Say which behaviour is in force, and which ones each node knows
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Decide by another behaviour from now on
    #[command(
        long_about = "A release that decides differently has a new behaviour beside those before it, and \
                      goes on by the one that the log says. Once every node runs a release that knows it, \
                      this orders the switch: every batch after it is decided by the new one. It is \
                      refused while a node does not know it or cannot be asked, and there is no way back.",
        after_help = "Example:\n  accolade behaviour switch 2 --yes"
    )]
    Switch {
        /// The behaviour's number
        number: u16,
        /// Only say whether it could be switched to
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Deserialize)]
struct Behaviour {
    behaviour: u16,
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    address: Option<String>,
    behaviours: Vec<u16>,
    error: Option<String>,
}

/// Runs `accolade behaviour`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| {
        match arguments.command {
            BehaviourCommand::Show { json } => {
                let answer = client.send(Ask::get("/local/behaviour")).await?.or_problem().await?;
                if json {
                    answer.print().await?;
                } else {
                    show(&answer.json().await?)?;
                }
            }
            BehaviourCommand::Switch { number, dry_run, json, sure } => {
                if !dry_run {
                    let what = "decide by behaviour";
                    sure.ask(&format!("{what} {number} from now on, with no way back"))?;
                }
                let path = with_dry_run("/local/behaviour", dry_run);
                let ask = Ask::post_json(&path, &json!({ "number": number }));
                let answer = client.send(ask).await?.or_problem().await?;
                if json {
                    answer.print().await?;
                    return Ok(Ended::Well);
                }
                let would: Behaviour = answer.json().await?;
                if dry_run {
                    say("the fold could decide by it; nothing was switched")?;
                    return Ok(Ended::Well);
                }
                show(&would)?;
            }
        }
        Ok(Ended::Well)
    })
    .await
}

fn show(Behaviour { behaviour, nodes }: &Behaviour) -> std::io::Result<()> {
    say(format_args!("in force   behaviour {behaviour}"))?;
    for Node { address, behaviours, error } in nodes {
        let who = address.as_deref().map_or("this node".into(), printable);
        let known: Vec<_> = behaviours.iter().map(u16::to_string).collect();
        match error {
            None => say(format_args!("{who}  knows {}", known.join(", ")))?,
            Some(error) => say(format_args!("{who}  cannot be asked: {}", printable(error)))?,
        }
    }
    Ok(())
}
