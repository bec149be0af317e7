//! `accolade player`: an account of a player, as it is and as people change it.

pub(crate) mod import;
pub(crate) mod lists;
mod statistics;

use std::path::PathBuf;

use accolade_domain::amount::Points;
use anyhow::Context;
use clap::{ArgGroup, Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use self::lists::{WhichByTime, list_by_time};
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Answer, Ask, Client, IfMissing, With, escaped, with_dry_run};
use crate::shapes::Raw;
use crate::taken_out::take;
use crate::terminal::{printable, say};

/// The arguments of `accolade player`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: PlayerCommand,
}

#[derive(Debug, Subcommand)]
enum PlayerCommand {
    /// Show a player's balance, tier, and what is reserved, waits and expires
    #[command(
        after_help = "Examples:\n  accolade player show player-456 --operator operator-789\n  \
                      accolade player show player-456 --operator operator-789 --as-of 2026-11-01T00:00:00Z"
    )]
    Show {
        /// The player
        player: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// As it was at this time [default: as it is]
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how many game events a player had, by type and by game
    #[command(after_help = "Example:\n  accolade player stats player-456 --operator operator-789")]
    Stats(statistics::Whose),
    /// Reserve points of a player, to be spent
    #[command(
        long_about = "Reserves points of a player, oldest first. They are spent with `accolade player confirm`, and \
                      given back with `accolade player cancel`, or when the time is up that the program says.",
        group = ArgGroup::new("spent").required(true).args(["points", "reward"]),
        after_help = "Examples:\n  accolade player redeem player-456 500 --operator operator-789 --item 'ten spins'\n  \
                      accolade player redeem player-456 --reward ten-spins --operator operator-789"
    )]
    Redeem {
        /// The player
        player: String,
        /// How many
        #[arg(value_parser = points)]
        points: Option<String>,
        /// What they are to be spent on
        #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "reward")]
        item: String,
        /// A reward of the catalogue, which has the price
        #[arg(long, value_name = "ID")]
        reward: Option<String>,
        /// The player's segment, where the reward is for some alone
        #[arg(long, value_name = "NAME", requires = "reward")]
        segment: Option<String>,
        /// The player's jurisdiction, where the reward is for some alone
        #[arg(long, value_name = "NAME", requires = "reward")]
        jurisdiction: Option<String>,
        #[command(flatten)]
        with: With,
    },
    /// Spend what is reserved
    #[command(
        after_help = "Example:\n  accolade player confirm 3-17-2045-1 --operator operator-789"
    )]
    Confirm {
        /// The redemption's id
        redemption: String,
        #[command(flatten)]
        with: With,
    },
    /// Give back what is reserved
    Cancel {
        /// The redemption's id
        redemption: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// List the redemptions of a player, or of all players those that are open
    #[command(after_help = "Example:\n  accolade player redemptions --operator operator-789")]
    Redemptions(WhichByTime),
    /// Write everything held about a player into a file, as a ZIP archive
    #[command(
        long_about = "Writes everything held about a player into a file: consent, balance, exclusion and statistics; ledger, redemptions \
                      and adjustments, as lines of JSON and as CSV; and the events that the log still has, with what \
                      became of them. `manifest.json` comes last in it; the file has its name once that has come.",
        after_help = "Example:\n  accolade player export player-456 --operator operator-789 --output player-456.zip"
    )]
    Export {
        /// The player
        player: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// The file
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Change a player's balance
    #[command(
        long_about = "Changes a player's balance by so many points, less than 0 to take some. Beyond what the program \
                      lets one person change, it waits until another one has approved.",
        after_help = "Example:\n  accolade player adjust player-456 -12.50 --operator operator-789 --why 'counted twice'"
    )]
    Adjust {
        /// The player
        player: String,
        /// By how many
        #[arg(value_parser = points, allow_hyphen_values = true)]
        points: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// Have an adjustment made that waits, which another person has asked for
    Approve {
        /// The adjustment's id
        adjustment: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// Have an adjustment not made that waits
    Reject {
        /// The adjustment's id
        adjustment: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// List the adjustments of a player, or of all players those that wait
    #[command(after_help = "Example:\n  accolade player adjustments --operator operator-789")]
    Adjustments(WhichByTime),
    /// Exclude a player: nothing is earned and nothing reserved, and the balance stays
    Exclude {
        /// The player
        player: String,
        /// Until when [default: for ever]
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// End an exclusion
    Readmit {
        /// The player
        player: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        with: With,
    },
    /// Take over a player's balance of the system before, once
    TakeOver {
        /// The player
        player: String,
        /// How many points
        #[arg(value_parser = points)]
        points: String,
        #[command(flatten)]
        with: With,
    },
    /// Import opening balances, or self-exclusions, of many players from a file
    Import(import::Arguments),
}

/// Why a person does something.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
}

/// A number of points as it was written.
fn points(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let read = Points::parse(digits).map_err(|_| "expected points such as `12.50`".to_owned());
    read.map(|_| text.to_owned())
}

/// What has become of a change: a redemption, an adjustment, or another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    id: Option<String>,
    state: Option<String>,
    points: Option<Raw>,
    hold_until: Option<String>,
    is_excluded: Option<bool>,
    until: Option<String>,
    outcome: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    #[serde(rename = "pointsBalance")]
    points: Raw,
    available: Option<Raw>,
    reserved: Option<Raw>,
    pending: Option<Raw>,
    held: Option<Raw>,
    owed: Option<Raw>,
    expiring: Option<Expiring>,
    tier: Option<String>,
    tier_points: Option<Raw>,
    next_tier: Option<NextTier>,
}

#[derive(Debug, Deserialize)]
struct Expiring {
    at: String,
    points: Raw,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NextTier {
    name: String,
    missing_points: Raw,
}

/// Runs `accolade player`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match arguments.command {
        PlayerCommand::Show { player, operator, as_of, json } => {
            show(client, &player, &operator, as_of.as_deref(), json).await
        }
        PlayerCommand::Stats(whose) => statistics::show(client, &whose).await,
        PlayerCommand::Redeem { player, points, item, reward, segment, jurisdiction, with } => {
            let body = match points {
                Some(points) => with_points(&points, &json!({ "item": item })),
                None => json!({
                    "rewardId": reward, "playerSegment": segment, "jurisdiction": jurisdiction,
                })
                .to_string(),
            };
            post(client, &of_player(&player, "redemptions"), body, &with).await
        }
        PlayerCommand::Confirm { redemption, with } => {
            post(client, &of("redemptions", &redemption, "confirm"), String::new(), &with).await
        }
        PlayerCommand::Cancel { redemption, why, with } => {
            post(client, &of("redemptions", &redemption, "cancel"), why.body(), &with).await
        }
        PlayerCommand::Redemptions(which) => {
            list_by_time(client, "redemptions", which).await?;
            Ok(Ended::Well)
        }
        PlayerCommand::Adjustments(which) => {
            list_by_time(client, "adjustments", which).await?;
            Ok(Ended::Well)
        }
        PlayerCommand::Export { player, operator, output } => {
            let ask = Ask::get(&of_player(&player, "export")).of(&operator);
            // An archive that has an end has its manifest.
            take(client, ask, &output, |_| true).await?;
            Ok(Ended::Well)
        }
        PlayerCommand::Adjust { player, points, why: Why { why }, with } => {
            let body = with_points(&points, &json!({ "why": why }));
            post(client, &of_player(&player, "adjustments"), body, &with).await
        }
        PlayerCommand::Approve { adjustment, why, with } => {
            post(client, &of("adjustments", &adjustment, "approve"), why.body(), &with).await
        }
        PlayerCommand::Reject { adjustment, why, with } => {
            post(client, &of("adjustments", &adjustment, "reject"), why.body(), &with).await
        }
        PlayerCommand::Exclude { player, until, why: Why { why }, with } => {
            let body = json!({ "until": until, "why": why }).to_string();
            let path = with_dry_run(&of_player(&player, "self-exclusion"), with.dry_run);
            let ask = Ask::put(&path, "application/json", body).of(&with.operator);
            let answer = client.send(ask).await?.or_problem().await;
            told(answer.context("nothing was changed")?, &with).await
        }
        PlayerCommand::Readmit { player, why, with } => {
            post(client, &of_player(&player, "self-exclusion/lift"), why.body(), &with).await
        }
        PlayerCommand::Import(arguments) => import::run(client, &arguments).await,
        PlayerCommand::TakeOver { player, points, with } => {
            let body = with_points(&points, &json!({}));
            post(client, &of_player(&player, "opening"), body, &with).await
        }
    })
    .await
}

pub(crate) fn of_player(player: &str, what: &str) -> String {
    format!("/api/v1/players/{}/{what}", escaped(player))
}

/// The path of what is done about a request of a kind.
pub(crate) fn of(kind: &str, id: &str, what: &str) -> String {
    format!("/api/v1/{kind}/{}/{what}", escaped(id))
}

/// A body with points digit by digit, as they were written.
fn with_points(points: &str, others: &Value) -> String {
    let others = others.to_string();
    let rest = others.trim_start_matches('{');
    let comma = if rest == "}" { "" } else { "," };
    format!("{{\"points\":{points}{comma}{rest}")
}

impl Why {
    /// The body that says it.
    pub(crate) fn body(&self) -> String {
        json!({ "why": self.why }).to_string()
    }
}

/// Asks for a change, and says what has become of it.
pub(crate) async fn post(
    client: &Client,
    path: &str,
    body: String,
    with: &With,
) -> anyhow::Result<Ended> {
    let answer = with.post(client, path, body).await;
    told(answer.context("nothing was changed")?, with).await
}

/// Says what has become of it.
async fn told(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let done: Done = answer.json().await?;
    if with.dry_run {
        say("the node would do it; nothing was changed")?;
        return Ok(Ended::Well);
    }
    let Done { id, state, points, hold_until, is_excluded, until, outcome } = done;
    let excluded = is_excluded.map(|is_excluded| match until {
        Some(until) if is_excluded => format!("excluded until {until}"),
        None if is_excluded => "excluded for ever".to_owned(),
        Some(_) | None => "not excluded".to_owned(),
    });
    let what = excluded.or(state.clone()).or(outcome).unwrap_or_default();
    let points = points.map_or_else(String::new, |points| format!("  {}", points.text()));
    let id = id.map_or_else(String::new, |id| format!("  {}", printable(&id)));
    let held = hold_until.filter(|_| state.as_deref() == Some("reserved"));
    let held = held.map_or_else(String::new, |until| format!("  until {until}"));
    say(format_args!("{what}{points}{id}{held}"))?;
    Ok(Ended::Well)
}

async fn show(
    client: &Client,
    player: &str,
    operator: &str,
    as_of: Option<&str>,
    json: bool,
) -> anyhow::Result<Ended> {
    let as_of = as_of.map_or_else(String::new, |time| format!("?asOf={}", escaped(time)));
    let path = of_player(player, &format!("balance{as_of}"));
    let answer = client.send(Ask::get(&path).of(operator)).await?.or_problem().await;
    let answer = answer.with_context(|| format!("the player `{player}` cannot be shown"))?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let balance: Balance = answer.json().await?;
    say(format_args!("balance    {}", balance.points.text()))?;
    let lines = [
        ("available", &balance.available),
        ("reserved", &balance.reserved),
        ("pending", &balance.pending),
        ("held", &balance.held),
        ("owed", &balance.owed),
    ];
    for (name, points) in lines {
        if let Some(points) = points {
            say(format_args!("{name:<9}  {}", points.text()))?;
        }
    }
    if let Some(Expiring { at, points }) = balance.expiring {
        say(format_args!("expiring   {} at {at}", points.text()))?;
    }
    if let Some(tier) = balance.tier {
        let points = balance.tier_points.map_or_else(String::new, |points| points.text().into());
        let next = balance.next_tier.map_or_else(String::new, |next| {
            format!(", {} to {}", next.missing_points.text(), printable(&next.name))
        });
        say(format_args!("tier       {} by {points}{next}", printable(&tier)))?;
    }
    Ok(Ended::Well)
}
