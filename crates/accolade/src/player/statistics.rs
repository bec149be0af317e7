//! `accolade player stats`: how many game events a player had.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use super::of_player;
use crate::Ended;
use crate::client::{Ask, Client};
use crate::terminal::{printable, say};

/// Whose.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// The player
    player: String,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    total_events: u64,
    event_breakdown: BTreeMap<String, u64>,
    other_types: u64,
    games: Vec<Game>,
    other_games: u64,
    last_event: Option<LastEvent>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Game {
    game_id: String,
    total_events: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LastEvent {
    event_type: String,
    game_id: String,
    timestamp: String,
}

/// Shows what was counted.
pub(super) async fn show(client: &Client, whose: &Whose) -> anyhow::Result<Ended> {
    let Whose { player, operator, json } = whose;
    let path = of_player(player, "stats");
    let answer = client.send(Ask::get(&path).of(operator)).await?.or_problem().await;
    let answer = answer.with_context(|| format!("the player `{player}` cannot be shown"))?;
    if *json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let statistics: Statistics = answer.json().await?;
    say(format_args!("events  {}", statistics.total_events))?;
    if let Some(LastEvent { event_type, game_id, timestamp }) = statistics.last_event {
        let (what, game) = (printable(&event_type), printable(&game_id));
        say(format_args!("last    {what} in {game} at {timestamp}"))?;
    }
    let by_type = statistics.event_breakdown.iter().map(|(name, count)| (&**name, *count));
    counts("type", by_type, statistics.other_types)?;
    let by_game = statistics.games.iter().map(|game| (&*game.game_id, game.total_events));
    counts("game", by_game, statistics.other_games)
}

fn counts<'a>(
    what: &str,
    named: impl Iterator<Item = (&'a str, u64)>,
    others: u64,
) -> anyhow::Result<Ended> {
    for (name, count) in named {
        say(format_args!("{what}    {}  {count}", printable(name)))?;
    }
    if others > 0 {
        say(format_args!("{what}    (others)  {others}"))?;
    }
    Ok(Ended::Well)
}
