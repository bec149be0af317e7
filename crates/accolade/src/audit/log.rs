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
    /// About what has this id, such as a tournament, a reward or a key
    #[arg(long, value_name = "ID")]
    about: Option<String>,
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
    let mut table = Table::default();
    loop {
        let path = path(arguments, left.min(PAGE), cursor.as_deref());
        let page: Page = client.send(Ask::get(&path)).await?.or_problem().await?.json().await?;
        if arguments.json {
            page.items.iter().try_for_each(say)?;
        } else {
            table.lines(&page.items).iter().try_for_each(say)?;
        }
        shown += page.items.len();
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
        ("about", arguments.about.as_deref()),
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

/// What is said of a record, in the order of its columns: what it was about may be long, and stands last.
const HEADS: [&str; 8] = ["when", "kind", "status", "whose", "player", "from", "who", "what"];

/// Columns that are as wide as what stands in them, under their heads.
#[derive(Debug, Default)]
struct Table {
    /// Nothing before the heads are there. A later page may widen them.
    widths: Option<[usize; HEADS.len()]>,
}

impl Table {
    /// The lines of a page; before those of the first, the heads.
    fn lines(&mut self, items: &[Value]) -> Vec<String> {
        let rows: Vec<_> = items.iter().map(cells).collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let mut widths = self.widths.unwrap_or(HEADS.map(str::len));
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let heads = self.widths.is_none().then(|| line(&widths, &HEADS));
        self.widths = Some(widths);
        heads.into_iter().chain(rows.iter().map(|row| line(&widths, row))).collect()
    }
}

fn line(widths: &[usize], cells: &[impl AsRef<str>]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{:width$}", cell.as_ref()));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn cells(item: &Value) -> [String; HEADS.len()] {
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
    let [kind, status, whose, player, from] =
        ["kind", "status", "operatorId", "playerId", "peer"].map(text);
    [at, kind, status, whose, player, from, who, what]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_stay_under_their_heads_however_long_what_stands_in_them_is() {
        let mut table = Table::default();
        let page = [
            json!({ "at": "2026-11-29T04:06:53.606891Z", "kind": "change", "status": 201, "peer": "2001:db8::8a2e:370:7334",
                    "operatorId": "operator-789", "subject": "the local socket", "route": "publishVersion",
                    "name": "a name that is far longer than any column would be by itself" }),
            json!({ "at": "2026-11-29T04:06:54Z", "kind": "denied_counted", "count": 12, "route": "getBalance",
                    "node": "node-1" }),
        ];
        let first = table.lines(&page).join("\n");
        expect_test::expect![[r#"
            when                  kind            status  whose         player  from                     who               what
            2026-11-29T04:06:53Z  change          201     operator-789          2001:db8::8a2e:370:7334  the local socket  publishVersion a name that is far longer than any column would be by itself
            2026-11-29T04:06:54Z  denied_counted                                                         the node node-1   getBalance x12"#]].assert_eq(&first);
        let later = json!({ "at": "2026-11-29T04:06:52Z", "operatorId": "o".repeat(20), "route": "getBalance" });
        let lines = table.lines(&[later]);
        assert_eq!(lines.len(), 1, "the heads stand above the first page alone: {lines:?}");
        assert!(table.lines(&[]).is_empty());
        assert!(Table::default().lines(&[]).is_empty());
    }
}
