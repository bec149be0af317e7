//! `accolade tournament compare`: where the list of another system differs from a leaderboard.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, json};

use super::of;
use crate::Ended;
use crate::client::{Ask, Client};
use crate::player::import::lines::{Line, Reader};
use crate::player::import::open;
use crate::shapes::Raw;
use crate::terminal::{printable, say};

/// Longest file.
const BYTES_MAX: usize = 32 << 20;
/// Beyond so many lines the node refuses the list.
const LINES_MAX: usize = 10_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Its id
    id: String,
    /// The list: the body as the API takes it, or one player a line as CSV or JSON, with `playerId`, `position` and, where it is
    /// known, `score`; `-` for the standard input
    file: PathBuf,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comparison {
    mode: String,
    state: String,
    is_final: bool,
    players: u64,
    listed: u64,
    same_position: u64,
    moved: u64,
    only_here: u64,
    only_there: u64,
    same_score: u64,
    other_score: u64,
    largest_move: u64,
    items: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    player_id: String,
    position: Option<u64>,
    listed_position: Option<u64>,
    score: Option<Raw>,
    listed_score: Option<Raw>,
}

pub(super) async fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<Ended> {
    let Arguments { id, file, operator, json } = arguments;
    let body = body_of(file)?;
    let ask = Ask::post(&of(id, "/comparison"), "application/json", body).of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if *json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    tell(answer.json().await?)?;
    Ok(Ended::Well)
}

/// The body that asks; digits stay as they were written.
fn body_of(file: &PathBuf) -> anyhow::Result<String> {
    let shown = file.display();
    let mut text = String::new();
    let mut limited = open(file)?.take(BYTES_MAX as u64 + 1);
    limited.read_to_string(&mut text).with_context(|| format!("`{shown}` cannot be read"))?;
    if text.len() > BYTES_MAX {
        bail!("`{shown}`: expected at most {BYTES_MAX} bytes");
    }
    let whole: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_str(&text);
    if whole.is_ok_and(|body| body.contains_key("places")) {
        return Ok(text);
    }
    let lines = Reader::new(Box::new(Cursor::new(text))).some(LINES_MAX + 1)?;
    if lines.is_empty() {
        bail!("`{shown}`: expected one player a line, found none");
    }
    let mut places = Vec::with_capacity(lines.len());
    for (number, line) in &lines {
        let place = place_of(line).map_err(|why| anyhow::anyhow!("line {number}: {why}"))?;
        places.push(place);
    }
    Ok(format!("{{\"places\":[{}]}}", places.join(",")))
}

fn place_of(line: &Line) -> Result<String, String> {
    line.only(&["playerId", "position", "score"])?;
    let player = json!(line.text("playerId")?);
    let position = number(line.number("position")?, "position")?;
    let score = match line.number_if_any("score")? {
        Some(score) => format!(",\"score\":{}", number(score, "score")?),
        None => String::new(),
    };
    Ok(format!("{{\"playerId\":{player},\"position\":{position}{score}}}"))
}

fn number(text: String, name: &str) -> Result<String, String> {
    let is_one = serde_json::from_str::<Number>(&text).is_ok();
    let wrong = || format!("`{name}`: expected a number, found `{}`", printable(&text));
    if is_one { Ok(text) } else { Err(wrong()) }
}

fn tell(comparison: Comparison) -> std::io::Result<()> {
    let Comparison { is_final, players, listed, same_position, moved, largest_move, .. } =
        comparison;
    let Comparison { only_here, only_there, same_score, other_score, .. } = comparison;
    let state = &comparison.state;
    let of = if comparison.mode == "shadow" { " (shadow)" } else { "" };
    let changes = if is_final { "no position changes any more" } else { "as it is now" };
    say(format_args!("{state}{of}, {players} players here, {listed} in the list, {changes}"))?;
    say(format_args!(
        "{same_position} at the same position, {moved} at another ({largest_move} away at most), {only_here} only here, \
         {only_there} only in the list"
    ))?;
    say(format_args!("{same_score} with the same score, {other_score} with another"))?;
    let items = comparison.items;
    let width = items.iter().map(|it| it.player_id.chars().count()).max().unwrap_or(0);
    for Difference { player_id, position, listed_position, score, listed_score } in items {
        let [here, there] = [position, listed_position]
            .map(|at| at.map_or_else(|| "-".to_owned(), |at| format!("{at}.")));
        let [score, listed_score] = [score, listed_score]
            .map(|score| score.map_or_else(|| "-".to_owned(), |score| score.text().to_owned()));
        let player = printable(&player_id);
        say(format_args!(
            "{player:<width$}  {here:>7} here with {score}, {there:>7} there with {listed_score}"
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list");
        std::fs::write(&file, text).unwrap();
        body_of(&file).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_list_is_the_same_however_it_is_written() {
        let whole = "{\"places\":[{\"playerId\":\"p,1\",\"position\":1,\"score\":12.50},{\"playerId\":\"p2\",\"position\":2}]}";
        let lines = [
            whole,
            "playerId,position,score\r\n\"p,1\",1,12.50\r\np2,2,\r\n",
            "{\"playerId\": \"p,1\", \"position\": 1, \"score\": 12.50}\n{\"playerId\": \"p2\", \"position\": 2}\n",
        ];
        for text in lines {
            assert_eq!(body(text).as_deref(), Ok(whole), "{text}");
        }
        let pretty = "{\n  \"places\": []\n}\n";
        assert_eq!(body(pretty).as_deref(), Ok(pretty), "the node reads it as it is");
    }

    #[test]
    fn what_is_no_list_is_refused_by_its_line() {
        for (text, told) in [
            (
                "playerId,position\np1,first\n",
                "line 2: `position`: expected a number, found `first`",
            ),
            ("playerId,position\n,1\n", "line 2: `playerId` is missing"),
            ("playerId,position,points\np1,1,5\n", "line 2: unknown field `points`"),
            (
                "{\"playerId\":\"p1\",\"position\":1,\"score\":\"5\"}\n",
                "line 1: `score`: expected a number",
            ),
            ("playerId,position\n", "expected one player a line, found none"),
        ] {
            let error = body(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
