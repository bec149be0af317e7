//! `accolade tournament dry-run`: what a tournament would have come to over a past period, or over some events.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::of;
use super::results::Thing;
use crate::Ended;
use crate::client::{Ask, Client, escaped};
use crate::program::read_time;
use crate::shapes::Raw;
use crate::terminal::{grouped, printable, say};
use crate::trying::{Work, follow};

/// What is asked.
#[derive(Debug, Args)]
#[command(
    long_about = "Has the node read its log's events of a past period, and says what a tournament over it would have come to: \
                  the leaderboard, how many events and players count, what the prizes would have cost, and the first \
                  events that count and that one clause of the query alone refuses. It changes nothing. Ctrl-C cancels it. \
                  With `--events` it is tried on the events of a file instead, at once.",
    after_help = "Examples:\n  accolade tournament dry-run draft.json --operator operator-789 --from \"2 hours ago\"\n  \
                  accolade tournament dry-run weekend-slots --operator operator-789 --from 2026-11-20T00:00:00Z --to 2026-11-21T00:00:00Z"
)]
pub(super) struct Arguments {
    /// A file with a tournament as JSON, as the API takes it, or the id of one that is there
    #[arg(value_name = "FILE|ID")]
    what: String,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// The start of the period: a time, or such as `2 hours ago`
    #[arg(long, value_name = "TIME", value_parser = read_time, required_unless_present = "events")]
    from: Option<Timestamp>,
    /// Its end [default: now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    to: Option<Timestamp>,
    /// Events as lines of JSON, or one JSON array, in the place of a period
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    events: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct DryRun {
    result: Found,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    query: String,
    events: Events,
    players: u64,
    ranked: u64,
    cost: Cost,
    items: Vec<Place>,
    matched: Vec<Matched>,
    missed: Vec<Missed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Events {
    looked_at: u64,
    counted: u64,
    taken_back: u64,
    unmatched: u64,
    without_value: u64,
    repeated: u64,
    excluded: u64,
    voided: u64,
    unknown_currency: u64,
}

#[derive(Debug, Deserialize)]
struct Cost {
    points: Raw,
    things: Vec<Things>,
    worth: Vec<Worth>,
}

#[derive(Debug, Deserialize)]
struct Things {
    kind: String,
    name: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
struct Worth {
    currency: String,
    amount: Raw,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    position: u64,
    player_id: String,
    score: Raw,
    events: u64,
    points: Raw,
    thing: Option<Thing>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matched {
    event_id: String,
    player_id: String,
    timestamp: String,
    value: Raw,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Missed {
    event_id: String,
    player_id: String,
    timestamp: String,
    clause: String,
}

/// Runs `accolade tournament dry-run`.
pub(super) async fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<Ended> {
    let Arguments { what, operator, events, json, .. } = arguments;
    let (path, body) = arguments.ask()?;
    let begin = Ask::post(&path, "application/json", body).of(operator);
    let begun = client.send(begin).await?.or_problem().await;
    let answer = begun.with_context(|| format!("`{}` cannot be tried", printable(what)))?;
    let answer = if events.is_some() {
        answer
    } else {
        let work: Work = answer.json().await?;
        let path = format!("/api/v1/tournament-dry-runs/{}", escaped(&work.id));
        follow(client, work, &path, operator, "dry run").await?
    };
    match (*json, events) {
        (true, _) => answer.print().await?,
        (false, Some(_)) => print(&answer.json().await?)?,
        (false, None) => print(&answer.json::<DryRun>().await?.result)?,
    }
    Ok(Ended::Well)
}

impl Arguments {
    /// Where it is asked, and with what; what stands in files stays as it is, digit by digit.
    fn ask(&self) -> anyhow::Result<(String, String)> {
        let mut said = Vec::new();
        let file = Path::new(&self.what);
        let path = if file.is_file() {
            said.push(format!("\"tournament\":{}", json_of(file)?));
            of("dry-run", "")
        } else {
            of(&self.what, "/dry-run")
        };
        for (name, time) in [("from", self.from), ("to", self.to)] {
            said.extend(time.map(|time| format!("\"{name}\":{}", json!(time.to_string()))));
        }
        if let Some(events) = &self.events {
            said.push(format!("\"events\":{}", events_of(events)?));
        }
        Ok((path, format!("{{{}}}", said.join(","))))
    }
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))
}

fn json_of(file: &Path) -> anyhow::Result<Box<RawValue>> {
    let read = serde_json::from_str(&text_of(file)?);
    read.with_context(|| format!("`{}` is no JSON", file.display()))
}

/// A list, or one event a line.
fn events_of(file: &Path) -> anyhow::Result<Box<RawValue>> {
    let text = text_of(file)?;
    if text.trim_start().starts_with('[') {
        return json_of(file);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    for (at, line) in (1..).zip(&lines) {
        serde_json::from_str::<&RawValue>(line)
            .with_context(|| format!("`{}`: event {at} is no JSON", file.display()))?;
    }
    Ok(RawValue::from_string(format!("[{}]", lines.join(",")))?)
}

fn print(found: &Found) -> std::io::Result<()> {
    let Found { query, events, players, ranked, cost, items, matched, missed } = found;
    say(printable(query))?;
    say(format_args!(
        "{} events looked at, {} count, of {} players; {} have a position",
        grouped(events.looked_at),
        grouped(events.counted),
        grouped(*players),
        grouped(*ranked)
    ))?;
    for (count, why) in [
        (events.unmatched, "do not fulfil the condition"),
        (events.without_value, "have no value to count"),
        (events.repeated, "came before"),
        (events.excluded, "are of players who were excluded"),
        (events.voided, "were voided before they came"),
        (events.unknown_currency, "are in a currency that no program knew"),
        (events.taken_back, "counted and were voided"),
    ] {
        if count > 0 {
            say(format_args!("  {:>12}  {why}", grouped(count)))?;
        }
    }
    say(format_args!("the prizes would have cost {} points", cost.points.text()))?;
    for Things { kind, name, count } in &cost.things {
        say(format_args!("  {:>12}  {} ({})", grouped(*count), printable(name), printable(kind)))?;
    }
    for Worth { currency, amount } in &cost.worth {
        say(format_args!(
            "  {:>12}  {} is what that is worth",
            amount.text(),
            printable(currency)
        ))?;
    }
    board(items)?;
    if !matched.is_empty() {
        say("the first that count:")?;
    }
    for Matched { event_id, player_id, timestamp, value } in matched {
        let (event, player) = (printable(event_id), printable(player_id));
        say(format_args!("  {timestamp}  {event}  {player}  counts {}", value.text()))?;
    }
    if !missed.is_empty() {
        say("the first that one clause alone refuses:")?;
    }
    for Missed { event_id, player_id, timestamp, clause } in missed {
        let (event, player) = (printable(event_id), printable(player_id));
        say(format_args!("  {timestamp}  {event}  {player}  not {}", printable(clause)))?;
    }
    Ok(())
}

fn board(items: &[Place]) -> std::io::Result<()> {
    let width = items.iter().map(|place| place.player_id.chars().count()).max().unwrap_or(0);
    let scores = items.iter().map(|place| place.score.text().len()).max().unwrap_or(0);
    for Place { position, player_id, score, events, points, thing } in items {
        let player = printable(player_id);
        let wins = match (points.text(), thing) {
            ("0.00", None) => String::new(),
            ("0.00", Some(thing)) => format!("  wins {}", printable(&thing.name)),
            (points, None) => format!("  wins {points} points"),
            (points, Some(thing)) => {
                format!("  wins {points} points and {}", printable(&thing.name))
            }
        };
        let score = score.text();
        say(format_args!(
            "{position:>6}.  {player:<width$}  {score:>scores$}  {events} events{wins}"
        ))?;
    }
    Ok(())
}
