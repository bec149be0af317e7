//! `accolade program simulate`: what a draft would have done in a past period.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::read_time;
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped};
use crate::shapes::Raw;
use crate::terminal::{grouped, printable, say};
use crate::trying::{Work, follow};

/// What is asked.
#[derive(Debug, Args)]
#[command(
    long_about = "Has the node fold its log's records of a past period as if a draft had been in force from its start, beside \
                  what really happened: points in all and by category, segment, jurisdiction and tier, players by tier, \
                  and who gains and loses most. It reads, and changes nothing. Ctrl-C cancels it.",
    after_help = "Example:\n  accolade program simulate draft.yaml --operator operator-789 --from \"2 days ago\""
)]
pub(super) struct Arguments {
    /// A YAML or JSON document
    file: PathBuf,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// The start of the period: a time, or such as `2 days ago`
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    from: Timestamp,
    /// Its end [default: now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    to: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Simulation {
    result: Found,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    records: u64,
    differing: u64,
    was: Total,
    would: Total,
    by_category: Vec<Group>,
    by_segment: Vec<Group>,
    by_jurisdiction: Vec<Group>,
    by_tier: Vec<Group>,
    tiers: Vec<Tier>,
    gained: Vec<Player>,
    lost: Vec<Player>,
}

#[derive(Debug, Deserialize)]
struct Total {
    counted: Counted,
    refused: u64,
    voided: Raw,
}

#[derive(Debug, Deserialize)]
struct Counted {
    wagers: u64,
    points: Raw,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    was: Counted,
    would: Counted,
}

#[derive(Debug, Deserialize)]
struct Tier {
    name: String,
    was: u64,
    would: u64,
}

#[derive(Debug, Deserialize)]
struct Player {
    #[serde(rename = "playerId")]
    id: String,
    was: Raw,
    would: Raw,
}

/// Runs `accolade program simulate`.
pub(super) async fn run(place: &Where, arguments: &Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| simulate(client, arguments).await).await
}

async fn simulate(client: &Client, arguments: &Arguments) -> anyhow::Result<Ended> {
    let Arguments { file, operator, from, to, json } = arguments;
    let shown = file.display();
    let text =
        std::fs::read_to_string(file).with_context(|| format!("`{shown}` cannot be read"))?;
    let to = to.map(|to| to.to_string());
    let body = json!({ "program": text, "from": from.to_string(), "to": to });
    let begin = Ask::post_json("/api/v1/program/simulations", &body).of(operator);
    let work: Work = client.json(begin).await?;
    let path = format!("/api/v1/program/simulations/{}", escaped(&work.id));
    let answer = follow(client, work, &path, operator, "simulation").await?;
    if *json {
        answer.print().await?;
    } else {
        print(&answer.json::<Simulation>().await?.result)?;
    }
    Ok(Ended::Well)
}

fn print(found: &Found) -> std::io::Result<()> {
    let Found { records, differing, was, would, .. } = found;
    say(format_args!("{} wagers and voids of the period", grouped(*records)))?;
    if *differing > 0 {
        say(format_args!(
            "not exact: {} of them were really decided otherwise, since what was before the log's first record is not there",
            grouped(*differing)
        ))?;
    }
    line("", "was", "would be")?;
    line("points", was.counted.points.text(), would.counted.points.text())?;
    line("voided", was.voided.text(), would.voided.text())?;
    line("counted", &grouped(was.counted.wagers), &grouped(would.counted.wagers))?;
    line("refused", &grouped(was.refused), &grouped(would.refused))?;
    let groups = [
        ("category", &found.by_category),
        ("segment", &found.by_segment),
        ("jurisdiction", &found.by_jurisdiction),
        ("tier", &found.by_tier),
    ];
    for (kind, groups) in groups {
        for Group { name, was, would } in groups.iter().filter(|group| !group.name.is_empty()) {
            let name = format!("{kind} {}", printable(name));
            line(&name, was.points.text(), would.points.text())?;
        }
    }
    for Tier { name, was, would } in &found.tiers {
        let name = format!("players {}", printable(name));
        line(&name, &grouped(*was), &grouped(*would))?;
    }
    for (kind, players) in [("gains", &found.gained), ("loses", &found.lost)] {
        for Player { id, was, would } in players {
            let name = format!("{} {kind}", printable(id));
            line(&name, was.text(), would.text())?;
        }
    }
    Ok(())
}

fn line(name: &str, was: &str, would: &str) -> std::io::Result<()> {
    say(format_args!("{name:<32}  {was:>16}  {would:>16}"))
}
