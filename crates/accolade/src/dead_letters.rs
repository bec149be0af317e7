//! `accolade dead-letters`: what could not be processed, and what whoever runs the node does about it.

mod many;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use self::many::{Deed, Which};
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped, with_dry_run};
use crate::terminal::{Sure, printable, say};

/// Letters of one question.
const PAGE: usize = 500;

/// The arguments of `accolade dead-letters`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: DeadLettersCommand,
}

#[derive(Debug, Subcommand)]
enum DeadLettersCommand {
    /// List those that belong to no operator, or those of one
    #[command(
        long_about = "Lists inputs that could not be processed, oldest first in each partition. A dead letter \
                      belongs to the operator that it names; where it names none that is known, only whoever \
                      runs the node reaches it, and this lists it.",
        after_help = "Examples:\n  accolade dead-letters list\n  accolade dead-letters list --operator \
                      operator-789 --state open"
    )]
    List {
        /// Those of this operator
        #[arg(long, value_name = "ID")]
        operator: Option<String>,
        /// Only those in this state
        #[arg(long)]
        state: Option<State>,
        #[command(flatten)]
        which: Which,
        /// Print each letter as the node answers it, one a line
        #[arg(long)]
        json: bool,
    },
    /// Print one dead letter as the node has it, with its bytes: as JSON, whatever is said
    Show {
        /// The dead letter's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a dead letter the bytes of a file, which must be a valid event
    Repair {
        /// The dead letter's id
        id: String,
        /// The event, as JSON
        file: PathBuf,
        /// The operator of a game event whose source named none
        #[arg(long, value_name = "ID")]
        operator: Option<String>,
        /// Only say what would become of it
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a dead letter, or all that a filter finds open, to their players' partitions, once
    #[command(
        after_help = "Examples:\n  accolade dead-letters retry 3-1207-1\n  accolade dead-letters retry \
                      --operator operator-789 --reason too_late --dry-run"
    )]
    Retry {
        /// The dead letter's id; or say which by a filter
        id: Option<String>,
        /// Those of this operator, by a filter; else those that belong to no operator
        #[arg(long, value_name = "ID")]
        operator: Option<String>,
        #[command(flatten)]
        which: Which,
        /// All that are open
        #[arg(long)]
        all: bool,
        /// Only say what would become of it
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a dead letter up, or all that a filter finds open
    #[command(
        after_help = "Examples:\n  accolade dead-letters discard 3-1207-1 --why \"a test system\"\n  accolade \
                      dead-letters discard --operator operator-789 --reason malformed --why \"a \
                      producer's mistake\""
    )]
    Discard {
        /// The dead letter's id; or say which by a filter
        id: Option<String>,
        /// Those of this operator, by a filter; else those that belong to no operator
        #[arg(long, value_name = "ID")]
        operator: Option<String>,
        #[command(flatten)]
        which: Which,
        /// All that are open
        #[arg(long)]
        all: bool,
        /// Why, in your words
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// Only say what would become of it
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Open,
    Released,
    Discarded,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Released => "released",
            Self::Discarded => "discarded",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Box<serde_json::value::RawValue>>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    id: String,
    #[serde(default)]
    operator_id: Option<String>,
    reason: String,
    detail: String,
    received_at: String,
    state: String,
}

/// Runs `accolade dead-letters`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| {
        match arguments.command {
            DeadLettersCommand::List { operator, state, which, json } => {
                list(client, operator.as_deref(), state, &which, json).await?;
            }
            DeadLettersCommand::Show { id, json: _ } => {
                let answer = client.send(Ask::get(&path_of(&id))).await?.or_problem().await?;
                answer.print().await?;
            }
            DeadLettersCommand::Repair { id, file, operator, dry_run, json } => {
                let mut body = json!({ "original": read(&file)? });
                if let Some(operator) = operator {
                    body["operatorId"] = json!(operator);
                }
                let path = with_dry_run(&path_of(&id), dry_run);
                changed(client, Ask::patch_json(&path, &body), How { dry_run, json }).await?;
            }
            DeadLettersCommand::Retry { id, operator, which, all, dry_run, json } => {
                let how = How { dry_run, json };
                close(client, id, operator, (which, all), Deed::Retry, how).await?;
            }
            DeadLettersCommand::Discard { id, operator, which, all, why, dry_run, json, sure } => {
                let is_said = id.is_some() || all || !which.is_empty();
                if !dry_run && is_said {
                    let what = id.as_ref().map(|id| format!("give the dead letter {id} up"));
                    let many = "give up all open dead letters that the filter finds";
                    sure.ask(what.as_deref().unwrap_or(many))?;
                }
                let (deed, how) = (Deed::Discard { why: &why }, How { dry_run, json });
                close(client, id, operator, (which, all), deed, how).await?;
            }
        }
        Ok(Ended::Well)
    })
    .await
}

/// How a command is meant and told.
#[derive(Debug, Clone, Copy)]
struct How {
    dry_run: bool,
    json: bool,
}

/// Closes one by its id, or many by a filter.
async fn close(
    client: &Client,
    id: Option<String>,
    operator: Option<String>,
    (which, all): (Which, bool),
    deed: Deed<'_>,
    how: How,
) -> anyhow::Result<()> {
    match id {
        Some(_) if all || !which.is_empty() || operator.is_some() => {
            bail!("a dead letter is named by its id alone: leave the filter out, or the id")
        }
        Some(id) => {
            let (name, body) = match deed {
                Deed::Retry => ("retry", json!({})),
                Deed::Discard { why } => ("discard", json!({ "why": why })),
            };
            let path = with_dry_run(&format!("{}/{name}", path_of(&id)), how.dry_run);
            changed(client, Ask::post_json(&path, &body), how).await
        }
        None if which.is_empty() && !all => {
            bail!(
                "which? name one by its id, or many by `--reason`, `--kind`, `--from`, `--to`, `--player`, or `--all`"
            )
        }
        None => many::run(client, operator.as_deref(), &which.until_now(), deed, how).await,
    }
}

fn path_of(id: &str) -> String {
    format!("/local/dead-letters/{}", escaped(id))
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))
}

async fn list(
    client: &Client,
    operator: Option<&str>,
    state: Option<State>,
    which: &Which,
    json: bool,
) -> anyhow::Result<()> {
    // A key reaches those of its operator, and no others.
    let path = if operator.is_some() { "/api/v1/dead-letters" } else { "/local/dead-letters" };
    let mut query = format!("?limit={PAGE}{}", which.query());
    if let Some(state) = state {
        query = format!("{query}&state={}", state.word());
    }
    let (mut cursor, mut found) = (String::new(), 0);
    loop {
        let mut ask = Ask::get(&format!("{path}{query}{cursor}"));
        if let Some(operator) = operator {
            ask = ask.of(operator);
        }
        let page: Page = client.json(ask).await?;
        found += page.items.len();
        for item in page.items {
            if json {
                say(item)?;
            } else {
                print(&serde_json::from_str(item.get())?)?;
            }
        }
        let Some(next) = page.next_cursor else { break };
        cursor = format!("&cursor={}", escaped(&next));
    }
    if found == 0 && !json {
        say("no dead letters")?;
    }
    Ok(())
}

fn print(letter: &Letter) -> std::io::Result<()> {
    let Letter { id, operator_id, reason, detail, received_at, state } = letter;
    let named = operator_id.as_deref().filter(|named| !named.is_empty());
    let named = named.map(|named| format!(" names `{}`", printable(named))).unwrap_or_default();
    say(format_args!("{id}  {state}  {received_at}  {reason}{named}: {}", printable(detail)))
}

async fn changed(client: &Client, ask: Ask, How { dry_run, json }: How) -> anyhow::Result<()> {
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        return answer.print().await;
    }
    let letter: Letter = answer.json().await?;
    let Letter { id, state, .. } = letter;
    if dry_run {
        say(format_args!("the dead letter {id} would be {state}; nothing was changed"))?;
    } else {
        say(format_args!("the dead letter {id} is {state}"))?;
    }
    Ok(())
}
