//! `accolade tournament results` and `resettle`: what a tournament came to, and comes to with what was late.

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::of;
use crate::Ended;
use crate::client::{Ask, Client, With};
use crate::shapes::Raw;
use crate::terminal::{printable, say};

#[derive(Debug, Args)]
pub(super) struct Resettle {
    /// Its id
    id: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Take back what players were paid and do not win any more, as far as they still have it
    #[arg(long)]
    take_back: bool,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    mode: String,
    state: String,
    version: u32,
    versions: u32,
    players: u64,
    places: u32,
    points: Raw,
    things: u32,
    approval: bool,
    approved_at: Option<String>,
    paid_at: Option<String>,
    hash: String,
    remarks: Option<Remarks>,
    items: Vec<Winner>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Winner {
    place: u32,
    position: Option<u64>,
    player_id: String,
    score: Raw,
    points: Raw,
    paid: Raw,
    thing: Option<Thing>,
    state: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Thing {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remarks {
    wagers: u64,
    voids: u64,
    game_events: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resettlement {
    version: u32,
    late_wagers: u64,
    late_voids: u64,
    late_game_events: u64,
    changed: u32,
    more: Raw,
    less: Raw,
    items: Vec<Moved>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Moved {
    player_id: String,
    place_before: Option<u32>,
    place: Option<u32>,
    paid: Raw,
    points: Raw,
}

pub(super) async fn show(
    client: &Client,
    id: &str,
    operator: &str,
    (limit, version): (u16, Option<u32>),
    json: bool,
) -> anyhow::Result<Ended> {
    let version = version.map(|version| format!("&version={version}")).unwrap_or_default();
    let ask = Ask::get(&of(id, &format!("/results?limit={limit}{version}"))).of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let results: Results = answer.json().await?;
    let Results { state, version, versions, players, places, points, things, .. } = results;
    let pays = match (results.paid_at, results.approval, results.approved_at) {
        _ if results.mode == "shadow" => "a shadow: nothing is paid".to_owned(),
        (Some(at), ..) => format!("paid at {at}"),
        (None, true, None) => {
            let of = if version > 1 { format!(" --version {version}") } else { String::new() };
            format!("waits for approval: `accolade tournament approve{of}`")
        }
        (None, ..) => "prizes are being paid".to_owned(),
    };
    let of_all =
        if versions > 1 { format!("version {version} of {versions}, ") } else { String::new() };
    say(format_args!("{state}, {of_all}{players} players, {places} places, {pays}"))?;
    let hash = results.hash;
    say(format_args!("{} points and {things} things are won, hash {hash}", points.text()))?;
    let Remarks { wagers, voids, game_events } = results.remarks.unwrap_or_default();
    if wagers + voids + game_events > 0 {
        let late = format!("{wagers} wagers, {voids} voids and {game_events} game events");
        say(format_args!("{late} came late: {} counts them", counted_by(version, versions)))?;
    }
    let items = results.items;
    let width = items.iter().map(|place| place.player_id.chars().count()).max().unwrap_or(0);
    for Winner { place, position, player_id, score, points, paid, thing, state } in items {
        let position = position.map_or_else(|| "-".to_owned(), |position| format!("{position}."));
        let player = printable(&player_id);
        let thing = thing.map(|thing| format!(" and {}", printable(&thing.name)));
        let (score, points, thing) = (score.text(), points.text(), thing.unwrap_or_default());
        // What was paid by then stands beside what is won where that is not the same.
        let is_other = versions > 1 && paid.text() != points;
        let paid = if is_other { format!(", {} paid", paid.text()) } else { String::new() };
        say(format_args!(
            "{place:>6}  {position:>7}  {player:<width$}  {score}  {points}{thing}  {state}{paid}"
        ))?;
    }
    if results.next_cursor.is_some() {
        say("there are more: say a greater `--limit`")?;
    }
    Ok(Ended::Well)
}

/// What counts that which came late after a version of the results.
fn counted_by(version: u32, versions: u32) -> String {
    if version < versions {
        format!("version {}", version + 1)
    } else {
        "`accolade tournament resettle`".to_owned()
    }
}

pub(super) async fn resettle(client: &Client, resettle: Resettle) -> anyhow::Result<Ended> {
    let Resettle { id, why, take_back, with } = resettle;
    let body = json!({ "why": why, "takeBack": take_back }).to_string();
    let answer = with.post(client, &of(&id, "/resettle"), body).await;
    let answer = answer.context("the results are as they were")?;
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let settled: Resettlement = answer.json().await?;
    let Resettlement { version, changed, more, less, items, .. } = settled;
    let late = [settled.late_wagers, settled.late_voids, settled.late_game_events];
    let [wagers, voids, game_events] = late;
    say(format_args!("{wagers} wagers, {voids} voids and {game_events} game events came late"))?;
    let (more, less) = (more.text(), less.text());
    say(format_args!(
        "version {version}: {changed} players have another place or prize, {more} points more and {less} less"
    ))?;
    let width = items.iter().map(|moved| moved.player_id.chars().count()).max().unwrap_or(0);
    for Moved { player_id, place_before, place, paid, points } in items {
        let words = |place: Option<u32>| place.map_or_else(|| "-".to_owned(), |it| it.to_string());
        let (before, after) = (words(place_before), words(place));
        let (player, paid, points) = (printable(&player_id), paid.text(), points.text());
        say(format_args!("{before:>6} → {after:<6}  {player:<width$}  {paid} paid, {points} won"))?;
    }
    if with.dry_run {
        say("nothing was changed")?;
    }
    Ok(Ended::Well)
}

#[cfg(test)]
mod tests {
    use super::counted_by;

    #[test]
    fn what_came_late_is_counted_by_the_next_version() {
        assert_eq!(counted_by(1, 3), "version 2");
        assert_eq!(counted_by(3, 3), "`accolade tournament resettle`");
    }
}
