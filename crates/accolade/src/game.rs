//! `accolade game`: who is at which position in a game.

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped};
use crate::positions::{Line, View, query, say_lines};
use crate::terminal::say;

/// The arguments of `accolade game`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: GameCommand,
}

#[derive(Debug, Subcommand)]
enum GameCommand {
    /// Show who is at which position in a game: of a day, of a week, or of all time
    #[command(
        after_help = "Examples:\n  accolade game leaderboard tower --operator operator-789 --period weekly\n  \
                      accolade game leaderboard tower --operator operator-789 --date 2026-11-29 --top 3"
    )]
    Leaderboard(Wanted),
}

#[derive(Debug, Args)]
struct Wanted {
    /// The game
    game: String,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// daily, weekly or allTime
    #[arg(long, value_name = "PERIOD", default_value = "daily")]
    period: String,
    /// A day in the operator's zone: that day, or the week that it is in; without, today
    #[arg(long, value_name = "DAY")]
    date: Option<String>,
    #[command(flatten)]
    view: View,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leaderboard {
    starts: Option<String>,
    ends: Option<String>,
    players: u64,
    items: Vec<Line>,
}

/// Runs `accolade game`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let GameCommand::Leaderboard(wanted) = arguments.command;
    client::with(place, IfMissing::Complain, async |client| leaderboard(client, wanted).await).await
}

async fn leaderboard(client: &Client, wanted: Wanted) -> anyhow::Result<Ended> {
    let Wanted { game, operator, period, date, view, json } = wanted;
    let mut said = vec![("period", escaped(&period))];
    said.extend(date.map(|date| ("date", escaped(&date))));
    said.extend(view.said());
    let path = format!("/api/v1/games/{}/leaderboard{}", escaped(&game), query(said));
    let answer = client.send(Ask::get(&path).of(&operator)).await?.or_problem().await?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Leaderboard { starts, ends, players, items } = answer.json().await?;
    match starts.zip(ends) {
        Some((starts, ends)) => say(format_args!("{starts} to {ends}, {players} players"))?,
        None => say(format_args!("all time, {players} players"))?,
    }
    say_lines(&items)?;
    Ok(Ended::Well)
}
