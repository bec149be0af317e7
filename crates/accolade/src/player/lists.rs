//! `accolade player redemptions` and `adjustments`, `accolade signal list`: those of a player, or of all players what is open
//! or what there is of a stretch of time.

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::of_player;
use crate::client::{Ask, Client, escaped};
use crate::shapes::Raw;
use crate::terminal::{printable, say};

/// Requests of one question.
const PAGE: usize = 500;

/// What is listed.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Those of this player [default: of all players those that are open]
    player: Option<String>,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Print JSON, one a line
    #[arg(long)]
    json: bool,
}

/// The same, of all players by state and time too.
#[derive(Debug, Args)]
pub(crate) struct WhichByTime {
    #[command(flatten)]
    which: Which,
    /// Of all players those in this state, the newest first; `all` for every state
    #[arg(long, conflicts_with = "player")]
    state: Option<String>,
    /// Asked for at this time or later
    #[arg(long, value_name = "TIME", conflicts_with = "player")]
    from: Option<String>,
    /// Asked for before this time
    #[arg(long, value_name = "TIME", conflicts_with = "player")]
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// A redemption, an adjustment or a signal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    id: Option<String>,
    player_id: String,
    state: String,
    points: Raw,
    item: Option<String>,
    hold_until: Option<String>,
    by: Option<String>,
    why: Option<String>,
    signals: Option<Vec<Named>>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// Lists requests of a kind: `redemptions` or `adjustments`.
pub(crate) async fn list_by_time(
    client: &Client,
    kind: &str,
    which: WhichByTime,
) -> anyhow::Result<()> {
    let WhichByTime { which, state, from, to } = which;
    let filters = [("state", state), ("from", from), ("to", to)];
    let said = filters.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query = said
        .fold(String::new(), |query, (name, value)| format!("{query}&{name}={}", escaped(&value)));
    list_with(client, kind, which, &query).await
}

/// Lists requests of a kind: `redemptions`, `adjustments` or `signals`.
pub(crate) async fn list(client: &Client, kind: &str, which: Which) -> anyhow::Result<()> {
    list_with(client, kind, which, "").await
}

async fn list_with(client: &Client, kind: &str, which: Which, query: &str) -> anyhow::Result<()> {
    let Which { player, operator, json } = which;
    let path = player.map_or_else(|| format!("/api/v1/{kind}"), |player| of_player(&player, kind));
    let (mut cursor, mut found) = (String::new(), 0);
    loop {
        let ask = Ask::get(&format!("{path}?limit={PAGE}{query}{cursor}")).of(&operator);
        let page: Page = client.json(ask).await?;
        found += page.items.len();
        for item in page.items {
            if json {
                say(item)?;
            } else {
                print(&serde_json::from_str(item.get())?)?;
            }
        }
        let Some(next) = page.next_cursor else { break };
        cursor = format!("&cursor={}", escaped(&next));
    }
    if found == 0 && !json {
        say(format_args!("no {kind}"))?;
    }
    Ok(())
}

fn print(request: &Request) -> std::io::Result<()> {
    let Request { id, player_id, state, points, item, hold_until, by, why, signals } = request;
    let id = id.as_deref().unwrap_or_default();
    let until = hold_until.as_deref().filter(|_| state == "reserved");
    let until = until.map_or_else(String::new, |until| format!("  until {until}"));
    let said = |before: &str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        text.map_or_else(String::new, |text| format!("  {before}{}", printable(text)))
    };
    let (item, by, why) = (said("", item), said("by ", by), said("", why));
    let (points, player) = (points.text(), printable(player_id));
    let named = signals.iter().flatten().map(|signal| format!("  {}", printable(&signal.name)));
    let named: String = named.collect();
    say(format_args!("{id}  {state}  {points}  {player}{named}{until}{by}{item}{why}"))
}
