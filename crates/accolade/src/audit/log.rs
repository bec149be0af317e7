//! `accolade audit log`: who did what.

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped};
use crate::terminal::{note, printable, say};

/// Records that are asked for at once.
const PAGE: usize = 500;

/// The arguments of `accolade audit log`.
#[derive(Debug, Args)]
#[command(
    long_about = "Shows who did what, the newest first: changes, looks of staff and services at players' data, \
                  requests that were turned away, and counts of everything else. In a cluster, of all nodes, \
                  and of those that are gone what they have shipped.",
    after_help = "Examples:\n  accolade audit log --player player-456 --from 2026-01-01T00:00:00Z\n  \
                  accolade audit log --operator operator-789 --kind change --limit 1000 --json"
)]
pub(crate) struct Arguments {
    /// Of this operator alone [default: of all, and of none]
    #[arg(long, value_name = "ID")]
    operator: Option<String>,
    /// At this time or later
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Of this subject, as records name it
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// About this player
    #[arg(long, value_name = "ID")]
    player: Option<String>,
    /// Of the route with this id, such as getBalance
    #[arg(long, value_name = "ID")]
    route: Option<String>,
    /// Of this kind: began, read, change, denied, counted or `denied_counted`
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// That ended so: ok, refused or failed
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// So many records at most
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Print records as JSON, one a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Value>,
    next_cursor: Option<String>,
    #[serde(default)]
    incomplete: Vec<Missing>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Missing {
    of: String,
    why: String,
}

/// Runs `accolade audit log`.
pub(super) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| log(client, &arguments).await).await
}

async fn log(client: &Client, arguments: &Arguments) -> anyhow::Result<Ended> {
    let (mut left, mut cursor) = (arguments.limit, None);
    let (mut missing, mut shown) = (Vec::new(), 0_usize);
    loop {
        let path = path(arguments, left.min(PAGE), cursor.as_deref());
        let page: Page = client.send(Ask::get(&path)).await?.or_problem().await?.json().await?;
        for item in &page.items {
            if arguments.json {
                say(item)?;
            } else {
                if shown == 0 {
                    say(HEAD)?;
                }
                say(line(item))?;
            }
            shown += 1;
        }
        left = left.saturating_sub(page.items.len());
        missing.extend(page.incomplete);
        cursor = page.next_cursor;
        if left == 0 || cursor.is_none() {
            break;
        }
    }
    if shown == 0 && !arguments.json {
        say("no records")?;
    }
    if left == 0 && cursor.is_some() && !arguments.json {
        note("there are more: `--limit` shows them, `--to` goes further back");
    }
    missing.sort();
    missing.dedup();
    for Missing { of, why } in &missing {
        note(format_args!("records may be missing of {}: {}", printable(of), printable(why)));
    }
    Ok(Ended::Well)
}

fn path(arguments: &Arguments, limit: usize, cursor: Option<&str>) -> String {
    let mut path = format!("/local/audit?limit={}", limit.max(1));
    for (name, value) in [
        ("operatorId", arguments.operator.as_deref()),
        ("from", arguments.from.as_deref()),
        ("to", arguments.to.as_deref()),
        ("subject", arguments.subject.as_deref()),
        ("playerId", arguments.player.as_deref()),
        ("route", arguments.route.as_deref()),
        ("kind", arguments.kind.as_deref()),
        ("outcome", arguments.outcome.as_deref()),
        ("cursor", cursor),
    ] {
        if let Some(value) = value {
            path = format!("{path}&{name}={}", escaped(value));
        }
    }
    path
}

const HEAD: &str = "when                  kind            status  what                     whose           player           from             who";

fn line(item: &Value) -> String {
    let text = |name: &str| match &item[name] {
        Value::String(text) => printable(text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let at = text("at");
    let at = at.get(..19).map_or_else(|| at.clone(), |front| format!("{front}Z"));
    let count = item["count"].as_u64().unwrap_or(1);
    let what = match (text("route"), text("name")) {
        (route, _) if count > 1 => format!("{route} x{count}"),
        (route, name) if name.is_empty() || name == text("playerId") => route,
        (route, name) => format!("{route} {name}"),
    };
    let who = match (text("subject"), text("node")) {
        (subject, _) if !subject.is_empty() => subject,
        (_, node) if !node.is_empty() => format!("the node {node}"),
        _ => String::new(),
    };
    let line = format!(
        "{at:20}  {:14}  {:6}  {what:23}  {:14}  {:15}  {:15}  {who}",
        text("kind"),
        text("status"),
        text("operatorId"),
        text("playerId"),
        text("peer"),
    );
    line.trim_end().to_owned()
}
