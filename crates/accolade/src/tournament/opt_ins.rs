//! `accolade tournament join` and `leave`: whether a player takes part.

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::Ended;
use crate::client::{Ask, Client, With, escaped, with_dry_run};
use crate::terminal::{printable, say};

#[derive(Debug, Args)]
pub(super) struct Who {
    /// The tournament's id
    id: String,
    /// The player
    #[arg(long, value_name = "ID")]
    player: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptIn {
    player_id: String,
    state: String,
}

/// Says that a player is `in` or `out`.
pub(super) async fn say_so(client: &Client, who: Who, opt_in: &str) -> anyhow::Result<Ended> {
    let Who { id, player, with } = who;
    let body = json!({ "tournamentId": id, "optIn": opt_in }).to_string();
    let path = format!("/api/v1/players/{}/tournaments", escaped(&player));
    let path = with_dry_run(&path, with.dry_run);
    let ask = Ask::put(&path, "application/json", body).of(&with.operator);
    let answer = client.send(ask).await?.or_problem().await;
    let answer = answer.context("whether the player takes part is as it was")?;
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let OptIn { player_id, state } = answer.json().await?;
    if with.dry_run {
        say("the node would do it; nothing was changed")?;
        return Ok(Ended::Well);
    }
    say(format_args!("{}: {state}", printable(&player_id)))?;
    Ok(Ended::Well)
}
