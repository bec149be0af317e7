//! P14: dry runs of a tournament over what a load has left, as the API is asked for them.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::Sizes;
use super::embedded::{Scratch, now, run};
use super::http::{Asked, Served, serve};
use super::load::Load;
use super::measures::{CHUNK, RATE, is_packed};
use super::report::{Bar, Report};

/// Wagers of an hour of the reference load.
const HOUR: f64 = 69e6;
/// Files are compressed by then.
const PACKED_WITHIN: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One in which each wager counts, and one of a category with conditions.
const QUERIES: [(&str, &str); 2] = [
    ("each wager counts", "SUM(wagerAmount) AS score FROM wagers WHERE wagerAmount >= 0.01"),
    (
        "of slots, VIPs and stakes from 20 on",
        "SUM(wagerAmount * CASE WHEN gameId = 'mega-slots-deluxe' THEN 2 ELSE 1 END) AS score FROM wagers \
         WHERE gameCategory = 'slots' AND playerSegment = 'VIP' AND wagerAmount >= 20",
    ),
];

/// P14: a dry run over an hour of the reference load, by fewer wagers.
pub(crate) fn hour(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p14")?;
    let served = serve(&scratch.0)?;
    let from = now().micros() - 1_000_000;
    let mut load = Load::new(14, sizes.players);
    let events = sizes.burst.min(20_000_000);
    run(&served.node, &mut load, events, RATE, CHUNK, 0)?;
    let until = Instant::now() + PACKED_WITHIN;
    while !is_packed(&served.node) && Instant::now() < until {
        std::thread::sleep(LOOK_EVERY);
    }
    for (what, query) in QUERIES {
        let seconds = seconds(&served, from, query, events)?;
        let hour = seconds / events as f64 * HOUR;
        let of = events / 1_000_000;
        report.row("P14", format!("dry run of {of} M wagers, {what}"), seconds, "s", None);
        let what = format!("the same for an hour of the reference load, {what}");
        report.row("P14", what, hour, "s", Some(Bar::AtMost(60.0)));
    }
    served.stop()
}

/// How long a dry run takes, from asking to its result.
fn seconds(served: &Served, from: i64, query: &str, events: u64) -> anyhow::Result<f64> {
    let draft = json!({
        "name": "tried", "query": format!("SELECT playerId, {query} GROUP BY playerId"),
        "prizes": [{ "from": 1, "to": 100, "points": 10 }],
    });
    let from = accolade_wire::timestamp::write(accolade_domain::time::Timestamp::from_micros(from));
    let body = json!({ "tournament": draft, "from": from.to_string() });
    let began = Instant::now();
    let (_, begun) = served.ask(&Asked {
        path: "/api/v1/tournaments/dry-run".into(),
        content_type: "application/json",
        body: body.to_string().into_bytes(),
    })?;
    let begun: Value = serde_json::from_str(&begun)?;
    let id = begun["id"].as_str().with_context(|| format!("no id: {begun}"))?;
    let path = format!("/api/v1/tournament-dry-runs/{id}");
    let ended = loop {
        let (_, text) = served.get(&path)?;
        let dry_run: Value = serde_json::from_str(&text)?;
        if dry_run["state"] != "running" {
            break dry_run;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let seconds = began.elapsed().as_secs_f64();
    let looked_at = &ended["result"]["events"]["lookedAt"];
    anyhow::ensure!(*looked_at == json!(events), "it has looked at {looked_at}: {}", ended["why"]);
    Ok(seconds)
}
