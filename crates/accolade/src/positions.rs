//! Which positions of a leaderboard are shown, and their lines.

use clap::Args;
use serde::Deserialize;

use crate::client::escaped;
use crate::shapes::Raw;
use crate::terminal::{printable, say};

/// Which positions.
#[derive(Debug, Args)]
pub(crate) struct View {
    /// So many positions; 10 without
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["around", "players"])]
    top: Option<u32>,
    /// From this position on
    #[arg(long, value_name = "POSITION", conflicts_with_all = ["around", "players"])]
    from: Option<u32>,
    /// This player, and who is near
    #[arg(long, value_name = "PLAYER", conflicts_with = "players")]
    around: Option<String>,
    /// So many before and behind; 5 without
    #[arg(long, value_name = "COUNT", requires = "around")]
    radius: Option<u32>,
    /// A player, as far as there is a position
    #[arg(long = "player", value_name = "PLAYER")]
    players: Vec<String>,
}

impl View {
    /// The parameters that ask for it.
    pub(crate) fn said(self) -> Vec<(&'static str, String)> {
        let Self { top, from, around, radius, players } = self;
        let players: Vec<String> = players.iter().map(|player| escaped(player)).collect();
        let players = Some(players.join(",")).filter(|players| !players.is_empty());
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let said = [
            ("top", number(top)),
            ("from", number(from)),
            ("around", around.map(|player| escaped(&player))),
            ("radius", number(radius)),
            ("players", players),
        ];
        said.into_iter().filter_map(|(name, it)| Some((name, it?))).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    position: u64,
    player_id: String,
    score: Raw,
    events: u64,
}

/// The query of parameters whose values are escaped.
pub(crate) fn query(said: Vec<(&str, String)>) -> String {
    let said: Vec<_> = said.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    if said.is_empty() { String::new() } else { format!("?{}", said.join("&")) }
}

/// Prints lines.
pub(crate) fn say_lines(items: &[Line]) -> anyhow::Result<()> {
    let width = items.iter().map(|line| line.player_id.chars().count()).max().unwrap_or(0);
    for Line { position, player_id, score, events } in items {
        let player = printable(player_id);
        say(format_args!("{position:>6}  {player:<width$}  {}  {events} events", score.text()))?;
    }
    Ok(())
}
