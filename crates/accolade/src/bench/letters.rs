//! A producer sends a topic again that is a month old: every wager of it becomes a dead letter.

use std::time::Duration;

use accolade_domain::refusal::DeadReason;
use accolade_domain::time::DAY_MICROS;
use accolade_engine::intake::Intake as _;
use accolade_engine::partition::Partition;
use accolade_storage::node::Node;
use anyhow::Context;
use serde_json::Value;

use super::Sizes;
use super::embedded::{Scratch, disk_bytes, resident_bytes, run};
use super::http::serve;
use super::load::Load;
use super::report::Report;

const AGE_MICROS: i64 = 30 * DAY_MICROS;
const CHUNK: usize = 500;
/// So often each question is asked.
const ASKED: usize = 10;
/// So many pages of 500 lie before the one further on.
const PAGES: usize = 20;

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn open(node: &Node) -> u64 {
    let of = |number| {
        node.read(number, |partition| {
            let totals = partition.tables().letter_totals.get(&());
            totals.map_or(0, |totals| totals.open(DeadReason::TooLate))
        })
    };
    (0..node.partitions()).map(of).sum()
}

/// How many rows the present intervals hold, by their weight, and how many runs there are.
fn in_memory(node: &Node) -> (usize, usize) {
    let of = |number| node.read(number, Partition::in_interval);
    ((0..node.partitions()).map(of).sum(), node.backing().pages.live().len())
}

/// The flood, then what it costs to look at it.
pub(crate) fn flood(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "letters")?;
    let served = serve(&scratch.0)?;
    let node = &*served.node;
    let before = resident_bytes();
    let mut load = Load::new(11, sizes.players).aged(AGE_MICROS);
    let (mut seconds, mut most, mut most_resident) = (0.0, 0, 0);
    while open(node) < sizes.letters {
        let left = (sizes.letters - open(node)).min(500_000).next_multiple_of(CHUNK as u64);
        seconds += run(node, &mut load, left, 0, CHUNK, 0)?.seconds;
        most = most.max(in_memory(node).0);
        most_resident = most_resident.max(resident_bytes());
    }
    let letters = open(node);
    report.row("letters", "open", letters as f64, "letters", None);
    report.row("letters", "taken in", letters as f64 / seconds, "letters/s", None);
    report.row("letters", "rows in memory at the most, as ids", most as f64, "", None);
    let most_resident = mib(most_resident.saturating_sub(before));
    report.row("letters", "memory more than before, at the most", most_resident, "MiB", None);
    served.stop()?;
    let bytes = disk_bytes(&scratch.0);
    for (folder, bytes) in
        bytes.iter().filter(|(name, _)| name == "pages" || name == "dead-letters")
    {
        let each = *bytes as f64 / letters as f64;
        report.row("letters", folder.clone(), each, "bytes/letter", None);
    }

    let served = serve(&scratch.0)?;
    while served.node.status().checkpointed_at.micros() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (rows, runs) = in_memory(&served.node);
    report.row("letters", "rows in memory after a restart, as ids", rows as f64, "", None);
    report.row("letters", "runs", runs as f64, "", None);
    let first = served.get("/api/v1/dead-letters?limit=50")?.1;
    let first: Value = serde_json::from_str(&first)?;
    let next = |page: &Value| {
        let next = page["nextCursor"].as_str().context("there is another page");
        next.map(str::to_owned)
    };
    let cursor = next(&first)?;
    let mut further = cursor.clone();
    for _ in 0..PAGES {
        let page = served.get(&format!("/api/v1/dead-letters?limit=500&cursor={further}"))?.1;
        further = next(&serde_json::from_str(&page)?)?;
    }
    let letter = first["items"][49]["id"].as_str().context("a page is full")?.to_owned();
    let wager: Value = serde_json::from_str(
        first["items"][7]["original"].as_str().context("a letter has its original")?,
    )?;
    let wager = wager["wagerId"].as_str().context("a wager has an id")?;
    for (what, path) in [
        ("a scrape", "/metrics".to_owned()),
        ("a page of 50", format!("/api/v1/dead-letters?limit=50&cursor={cursor}")),
        ("a page further on", format!("/api/v1/dead-letters?limit=50&cursor={further}")),
        ("a page of a filter that none passes", "/api/v1/dead-letters?state=discarded".to_owned()),
        ("one by its id", format!("/api/v1/dead-letters/{letter}")),
        ("one by its event", format!("/api/v1/events/{wager}")),
    ] {
        let mut took = Vec::new();
        for _ in 0..ASKED {
            took.push(served.get(&path)?.0);
        }
        took.sort_by(f64::total_cmp);
        report.row(
            "letters",
            format!("{what}, the middle of {ASKED}"),
            took[ASKED / 2],
            "ms",
            None,
        );
        report.row("letters", format!("{what}, the slowest"), took[ASKED - 1], "ms", None);
    }
    served.stop()
}
