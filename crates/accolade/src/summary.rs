//! `accolade summary`: what an operator's players earned, spent and still have.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Answer, Ask, IfMissing, escaped};
use crate::shapes::Raw;
use crate::terminal::{printable, say};

/// The arguments of `accolade summary`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  accolade summary --operator operator-789 --from 2026-11-01 --to 2026-11-30 --by week"
)]
pub(crate) struct Arguments {
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// The first day [default: 30 days up to the last]
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day [default: today]
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// How long a line is
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Day,
    Week,
    Month,
}

#[derive(Debug, Deserialize)]
struct Summary {
    now: Now,
    items: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Now {
    players: u64,
    liability: Raw,
    debt: Raw,
    reserved: Raw,
    pending: Raw,
    held: Raw,
    average_balance: Option<Raw>,
    tiers: Vec<Tier>,
    under_way: Vec<UnderWay>,
}

/// Players at a level; without a name, those who have none.
#[derive(Debug, Deserialize)]
struct Tier {
    tier: Option<String>,
    players: u64,
}

/// A tournament that has begun and is not paid yet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnderWay {
    tournament_id: String,
    state: String,
    players: u64,
    average_score: Option<Raw>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    from: String,
    wagers_counted: u64,
    points: BTreeMap<String, Raw>,
    redemption_rate: Option<Raw>,
    closing: Closing,
}

#[derive(Debug, Deserialize)]
struct Closing {
    players: u64,
    liability: Raw,
}

/// Runs `accolade summary`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let Arguments { operator, from, to, by, json } = arguments;
    let by = match by {
        By::Day => "day",
        By::Week => "week",
        By::Month => "month",
    };
    let days = [("from", from), ("to", to)].map(|(name, day)| {
        day.map_or_else(String::new, |day| format!("&{name}={}", escaped(&day)))
    });
    let path = format!("/api/v1/summary?by={by}{}", days.concat());
    client::with(place, IfMissing::Complain, async |client| {
        let answer = client.send(Ask::get(&path).of(&operator)).await?.or_problem().await;
        let answer = answer.context("there is no summary")?;
        if json {
            answer.print().await?;
        } else {
            show(answer).await?;
        }
        Ok(Ended::Well)
    })
    .await
}

async fn show(answer: Answer) -> anyhow::Result<()> {
    const KINDS: [&str; 4] = ["earned", "redeemed", "expired", "voided"];
    let Summary { now, items } = answer.json().await?;
    if !items.is_empty() {
        let [earned, redeemed, expired, voided] = KINDS;
        say(format_args!(
            "{:<10}  {:>9}  {earned:>14}  {redeemed:>14}  {expired:>14}  {voided:>14}  {:>14}  {:>8}  {:>6}",
            "from", "wagers", "liability", "players", "rate"
        ))?;
    }
    for Line { from, wagers_counted, points, redemption_rate, closing } in items {
        let of = |kind: &str| points.get(kind).map_or("-", Raw::text);
        let [earned, redeemed, expired, voided] = KINDS.map(of);
        let rate = redemption_rate.as_ref().map_or("-", Raw::text);
        let Closing { players, liability } = closing;
        let liability = liability.text();
        say(format_args!(
            "{from:<10}  {wagers_counted:>9}  {earned:>14}  {redeemed:>14}  {expired:>14}  {voided:>14}  \
             {liability:>14}  {players:>8}  {rate:>6}"
        ))?;
    }
    let Now {
        players,
        liability,
        debt,
        reserved,
        pending,
        held,
        average_balance,
        tiers,
        under_way,
    } = now;
    let average = average_balance.as_ref().map_or("-", Raw::text);
    let [liability, debt, reserved, pending, held] =
        [&liability, &debt, &reserved, &pending, &held].map(Raw::text);
    say(format_args!(
        "now: {players} players, {liability} points not spent ({reserved} reserved, {pending} pending, {held} held), {debt} \
         owed, {average} on average"
    ))?;
    for Tier { tier: name, players } in tiers.iter().filter(|_| tiers.len() > 1) {
        let name = name.as_deref().map_or_else(|| "without a tier".to_owned(), printable);
        say(format_args!("tier {name}: {players} players"))?;
    }
    for UnderWay { tournament_id, state, players, average_score } in under_way {
        let average = average_score.as_ref().map_or("-", Raw::text);
        let id = printable(&tournament_id);
        say(format_args!("tournament {id}: {state}, {players} players, {average} on average"))?;
    }
    Ok(())
}
