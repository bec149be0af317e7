//! The measures, by their names in the list of bars.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use accolade_engine::ids::IdEntry;
use accolade_engine::intake::Intake as _;
use accolade_storage::lookup::Resident;
use accolade_storage::node::{Node, NodeOptions};
use accolade_storage::run::RunEntry;
use accolade_wire::identity::{Content, IdHash};
use anyhow::Context;

use super::Sizes;
use super::dry_runs;
use super::embedded::{Run, Scratch, disk_bytes, now, resident_bytes, run, start, start_by};
use super::http;
use super::leaderboards;
use super::letters;
use super::load::{FULL, Load, PLAIN, Random};
use super::months;
use super::ramp;
use super::redeeming;
use super::reference;
use super::report::{Bar, Report};
use super::strangers;
use super::tournaments;
use super::watchers;
use super::years;
use crate::memory;

/// A measure and what runs it.
pub(crate) type Measure = (&'static str, fn(&Sizes, &mut Report) -> anyhow::Result<()>);

/// Every measure, in an order in which none disturbs the next.
pub(crate) const ALL: [Measure; 20] = [
    ("reference", reference::reference),
    ("P1", sustained),
    ("P2", latency),
    ("P3", http::single),
    ("tls", http::over_tls),
    ("P4", http::batches),
    ("P5", leaderboards::queries),
    ("P6", http::queries),
    ("P7", watchers::watch),
    ("start", ramp::start),
    ("P8", tournaments::many),
    ("P10", restart),
    ("P11", replay),
    ("P12", memory),
    ("P14", dry_runs::hour),
    ("P18", disk),
    ("P19", full_window),
    ("R7", strangers::beside),
    ("letters", letters::flood),
    ("years", years_pass),
];

pub(super) const RATE: u64 = 250_000;
/// Wagers in one submission where the rate is high: what a batch over HTTP would hold.
pub(super) const CHUNK: usize = 500;

pub(crate) fn options(data_dir: &Path) -> NodeOptions {
    let mut options = NodeOptions::new(data_dir);
    options.log_bytes_max = 10 << 30;
    options.files.filter_bytes_max = memory::quarter();
    options
}

fn rate_of(run: &Run) -> f64 {
    run.events as f64 / run.seconds
}

/// P1: at the bar's rate, then as fast as it goes.
fn sustained(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p1")?;
    let node = start(options(&scratch.0))?;
    let mut load = Load::new(1, sizes.players);
    let steady = run(&node, &mut load, RATE * sizes.sustained_s, RATE, CHUNK, 20)?;
    let what = format!("steady for {} s", sizes.sustained_s);
    report.row("P1", what, rate_of(&steady), "events/s", Some(Bar::AtLeast(RATE as f64 * 0.999)));
    let minute = 60.min(steady.by_second.len() / 2).max(1);
    let of = |seconds: &[u64]| {
        let (first, last) = (seconds.first().copied(), seconds.last().copied());
        (last.unwrap_or(0) - first.unwrap_or(0)) as f64 / (seconds.len().max(2) - 1) as f64
    };
    let by_second = &steady.by_second;
    let (first, last) = (of(&by_second[..minute]), of(&by_second[by_second.len() - minute..]));
    report.row("P1", "last minute to first", last / first, "", Some(Bar::AtLeast(0.8)));
    report.row("P1", "dropped", steady.dropped as f64, "events", Some(Bar::AtMost(0.0)));
    report.row("P1", "sender late at the most", steady.late_max_ms, "ms", None);
    report.latencies("P1", "wager to visible balance at this rate", &steady.latencies, &[]);
    let processor = processor_seconds();
    let burst = run(&node, &mut load, sizes.burst, 0, CHUNK, 0)?;
    let processor = processor_seconds() - processor;
    let what = format!("{} M as fast as it goes", sizes.burst / 1_000_000);
    report.row("P1", what, rate_of(&burst), "events/s", Some(Bar::AtLeast(RATE as f64)));
    if let Some(bare) = reference::pipeline_in(report) {
        let bar = Some(Bar::AtLeast(0.8));
        report.row("P1", "share of the bare pipeline", rate_of(&burst) / bare, "", bar);
    }
    let third = (burst.by_second.len() / 3).max(1);
    let seconds = &burst.by_second;
    let flat = of(&seconds[seconds.len() - third..]) / of(&seconds[..third]).max(1.0);
    report.row("P1", "last third to first", flat, "", Some(Bar::AtLeast(0.8)));
    report.row("P1", "memory", resident_bytes() as f64 / f64::from(1 << 20), "MiB", None);
    node.stop()?;
    drop(node);
    drop(scratch);
    let (full, full_processor) = burst_by(FULL, &|_| Ok(()), sizes)?;
    let what = "the same by a program with all that there is";
    report.row("P1", what, rate_of(&full), "events/s", Some(Bar::AtLeast(RATE as f64)));
    let longer = rate_of(&burst) / rate_of(&full);
    report.row("P1", "time for each event, to the plain one's", longer, "", LONGER_MAX);
    let longer = (full_processor / full.events as f64) / (processor / burst.events as f64);
    report.row("P1", "processor time for each event, to the plain one's", longer, "", LONGER_MAX);
    let (scored, scored_processor) = burst_by(FULL, &tournaments::begin_matching, sizes)?;
    let what = "the same with 20 tournaments in which each wager counts";
    report.row("P1", what, rate_of(&scored), "events/s", Some(Bar::AtLeast(SCORED_RATE)));
    let each = scored_processor / scored.events as f64 - full_processor / full.events as f64;
    report.row("P1", "processor time that they add to an event", each * 1e6, "µs", None);
    Ok(())
}

/// With tiers, promotions and 20 tournaments in which each wager counts.
const SCORED_RATE: f64 = 200_000.0;

/// What tiers, promotions and lots may add.
const LONGER_MAX: Option<Bar> = Some(Bar::AtMost(1.2));

/// As many events by another program, and with what is prepared beside it, after as many before them; with the processor
/// time.
pub(crate) fn burst_by(
    program: &str,
    prepare: &dyn Fn(&Node) -> anyhow::Result<()>,
    sizes: &Sizes,
) -> anyhow::Result<(Run, f64)> {
    let scratch = Scratch::new(&sizes.dir, "burst")?;
    let node = start_by(options(&scratch.0), program)?;
    prepare(&node)?;
    let mut load = Load::new(1, sizes.players);
    run(&node, &mut load, RATE * sizes.sustained_s, RATE, CHUNK, 20)?;
    let processor = processor_seconds();
    let burst = run(&node, &mut load, sizes.burst, 0, CHUNK, 0)?;
    let processor = processor_seconds() - processor;
    node.stop()?;
    Ok((burst, processor))
}

/// P2: wager to visible balance, by the plain program and by one with everything.
fn latency(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    latency_by(PLAIN, "wager to visible balance at 50,000/s", sizes, report)?;
    latency_by(FULL, "the same by a program with all that there is", sizes, report)
}

fn latency_by(program: &str, what: &str, sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p2")?;
    let node = start_by(options(&scratch.0), program)?;
    let mut load = Load::new(2, sizes.players);
    run(&node, &mut load, 500_000, 50_000, 25, 0)?;
    let events = 50_000 * sizes.steady_s;
    let mut wagers = || run(&node, &mut load, events, 50_000, 25, 1);
    // Where points wait, none can be spent within a measure's time.
    let (measured, redeemed) = if program == PLAIN {
        // The same players, again from the first on.
        let mut redeemers = Load::new(2, sizes.players);
        let (measured, redeemed) = redeeming::beside(&node, &mut redeemers, wagers)?;
        (measured, Some(redeemed))
    } else {
        (wagers()?, None)
    };
    let bars = [(0.5, 3.0), (0.99, 15.0)];
    report.latencies("P2", what, &measured.latencies, &bars);
    report.row("P2", "dropped", measured.dropped as f64, "events", Some(Bar::AtMost(0.0)));
    report.row("P2", "sender late at the most", measured.late_max_ms, "ms", None);
    if let Some(redeemed) = redeemed {
        redeemed.report("P2", &measured.latencies, report);
    }
    node.stop()?;
    Ok(())
}

/// The process that P10 kills: says when it has as many accounts as asked for, and goes on.
pub(crate) fn run_until_killed(data_dir: &Path, players: u64) -> anyhow::Result<()> {
    use std::io::Write;
    let node = start(options(data_dir))?;
    let mut load = Load::new(3, players);
    while (node.status().players as u64) < players * 6 / 10 {
        run(&node, &mut load, 500_000, 0, CHUNK, 0)?;
    }
    writeln!(std::io::stdout(), "ready")?;
    loop {
        run(&node, &mut load, 500_000, 50_000, 25, 0)?;
    }
}

fn kill_under_load(sizes: &Sizes, data_dir: &Path) -> anyhow::Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bench", "--child"])
        .arg(data_dir)
        .args(["--players", &sizes.players.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("the process to be killed did not start")?;
    let mut line = String::new();
    let output = child.stdout.take().context("the process to be killed has no output")?;
    BufReader::new(output).read_line(&mut line)?;
    anyhow::ensure!(line.trim() == "ready", "the process to be killed ended");
    std::thread::sleep(Duration::from_millis(4_700));
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// P10: from kill -9 to serving again.
fn restart(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p10")?;
    kill_under_load(sizes, &scratch.0)?;
    let began = Instant::now();
    let node = start(options(&scratch.0))?;
    let seconds = began.elapsed().as_secs_f64();
    let accounts = node.status().players;
    let what = format!("kill -9 under 50,000/s to serving, {accounts} accounts");
    report.row("P10", what, seconds, "s", Some(Bar::AtMost(3.0)));
    node.stop()?;
    Ok(())
}

fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| {
        after_name.split_whitespace().nth(at).and_then(|ticks| ticks.parse().ok()).unwrap_or(0.0)
    };
    let ticks: f64 = ticks(11) + ticks(12);
    ticks / 100.0
}

/// P11: everything but the log is removed, and made from it again.
fn replay(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p11")?;
    let events = sizes.burst.min(10_000_000);
    let node = start(options(&scratch.0))?;
    run(&node, &mut Load::new(4, sizes.players), events, 0, CHUNK, 0)?;
    node.stop()?;
    drop(node);
    for folder in ["journal", "lookup", "pages", "state", "links", "dead-letters"] {
        std::fs::remove_dir_all(scratch.0.join(folder))?;
    }
    let (began, processor) = (Instant::now(), processor_seconds());
    let node = start(options(&scratch.0))?;
    let (seconds, used) = (began.elapsed().as_secs_f64(), processor_seconds() - processor);
    report.row("P11", "replay, all cores", events as f64 / seconds, "events/s", None);
    let bar = Some(Bar::AtLeast(400_000.0));
    report.row("P11", "replay, for each core's time", events as f64 / used, "events/s", bar);
    node.stop()?;
    Ok(())
}

/// What a process says that has only opened a data directory.
struct Opened {
    bytes: u64,
    accounts: u64,
    filter_bytes: u64,
    sealed_ids: u64,
    other_ids: u64,
}

/// The process that P12 asks: opens the directory and prints five figures.
pub(crate) fn print_resident(data_dir: &Path) -> anyhow::Result<()> {
    use std::io::Write;
    let node = start(options(data_dir))?;
    let lookup = &node.backing().lookup;
    let has_all = || lookup.resident().filtered_ids == lookup.resident().ids;
    let began = Instant::now();
    while !has_all() && began.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let Resident { filter_bytes: filters, filtered_ids: sealed, .. } = lookup.resident();
    let (bytes, accounts, other) = (resident_bytes(), node.status().players, unsealed(&node));
    writeln!(std::io::stdout(), "{bytes} {accounts} {filters} {sealed} {other}")?;
    node.stop()?;
    Ok(())
}

fn unsealed(node: &Node) -> usize {
    (0..node.partitions()).map(|number| node.read(number, |it| it.ids().len())).sum()
}

fn opened(data_dir: &Path) -> anyhow::Result<Opened> {
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "--resident"])
        .arg(data_dir)
        .stderr(Stdio::null())
        .output()?;
    let words = String::from_utf8(output.stdout)?;
    let figures: Vec<u64> = words.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [bytes, accounts, filter_bytes, sealed_ids, other_ids] = figures[..] else {
        anyhow::bail!("the process that opens the directory said `{}`", words.trim())
    };
    Ok(Opened { bytes, accounts, filter_bytes, sealed_ids, other_ids })
}

/// Fills a directory with wagers, and says what it holds as it was left and with every id sealed.
fn filled(data_dir: &Path, players: u64, events: u64) -> anyhow::Result<(Opened, Opened)> {
    let node = start(options(data_dir))?;
    run(&node, &mut Load::new(5, players), events, 100_000, CHUNK, 0)?;
    node.stop()?;
    drop(node);
    let as_left = opened(data_dir)?;
    Ok((as_left, sealed(data_dir)?))
}

/// What a directory holds with every id sealed.
fn sealed(data_dir: &Path) -> anyhow::Result<Opened> {
    let mut sealing = options(data_dir);
    sealing.seal_ids = 1;
    let node = start(sealing)?;
    while unsealed(&node) > 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    node.stop()?;
    drop(node);
    opened(data_dir)
}

/// P12 where each account has points of twelve months.
fn memory_of_months(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let of = |name, players| -> anyhow::Result<Opened> {
        let scratch = Scratch::new(&sizes.dir, name)?;
        months::write(&scratch.0, &options(&scratch.0).files, FULL, players)?;
        sealed(&scratch.0)
    };
    let (some, many) =
        (of("p12-year-half", sizes.players / 4)?, of("p12-year", sizes.players / 2)?);
    let between = bytes_between(&some, &many);
    let (some, many) = (some.accounts, many.accounts);
    let what = format!("with lots of twelve months, between {some} and {many}");
    report.row("P12", what, between, "bytes", Some(Bar::AtMost(300.0)));
    Ok(())
}

/// Without filters of ids.
fn held(it: &Opened) -> f64 {
    it.bytes.saturating_sub(it.filter_bytes) as f64
}

/// What each account holds that one directory has more than another.
fn bytes_between(fewer: &Opened, more: &Opened) -> f64 {
    (held(more) - held(fewer)) / (more.accounts - fewer.accounts).max(1) as f64
}

/// P12: what an account and an id cost in memory: between a process with none, one with some and one
/// with many. An account's bytes are all that it makes the process hold, tables and what the allocator
/// loses included; that of all accounts together has the buffers of loading in it, too.
fn memory(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let [none, half, whole] =
        ["p12-none", "p12-half", "p12"].map(|name| Scratch::new(&sizes.dir, name));
    let (none, half, whole) = (none?, half?, whole?);
    let (_, some) = filled(&half.0, sizes.players / 2, 2_000_000)?;
    let (as_left, many) = filled(&whole.0, sizes.players, 4_000_000)?;
    let none = opened(&none.0)?;
    let what = format!("an account, of {}, ids sealed, buffers of loading included", many.accounts);
    report.row("P12", what, bytes_between(&none, &many), "bytes", Some(Bar::AtMost(300.0)));
    let what = format!("an account more, between {} and {}", some.accounts, many.accounts);
    report.row("P12", what, bytes_between(&some, &many), "bytes", None);
    let an_id = (held(&as_left) - held(&many)) / (as_left.other_ids.max(1) as f64);
    report.row("P12", "an id that is not sealed yet", an_id, "bytes", None);
    let an_id = many.filter_bytes as f64 / many.sealed_ids.max(1) as f64;
    report.row("P12", "an id whose filter is resident", an_id, "bytes", Some(Bar::AtMost(2.0)));
    memory_of_months(sizes, report)
}

/// P18: disk for each event once its files are closed and compressed.
fn disk(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p18")?;
    let events = sizes.burst.min(10_000_000);
    let node = start(options(&scratch.0))?;
    run(&node, &mut Load::new(6, sizes.players), events, 100_000, CHUNK, 0)?;
    node.stop()?;
    drop(node);
    let mut sealing = options(&scratch.0);
    sealing.seal_ids = 1;
    let node = start(sealing)?;
    std::thread::sleep(Duration::from_secs(4));
    let began = Instant::now();
    while !is_tidy(&node) && began.elapsed() < Duration::from_mins(5) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let open: u64 = node.backing().open_bytes_allocated();
    let by_folder = disk_bytes(&scratch.0);
    let mut total = 0.0;
    for (folder, bytes) in &by_folder[..4] {
        let open = match &**folder {
            "lookup" => 64 << 20,
            "pages" => 0,
            _ => open,
        };
        let each = bytes.saturating_sub(open) as f64 / events as f64;
        total += each;
        report.row("P18", folder.clone(), each, "bytes/event", None);
    }
    report.row("P18", "in all", total, "bytes/event", Some(Bar::AtMost(250.0)));
    node.stop()?;
    Ok(())
}

fn is_tidy(node: &Node) -> bool {
    is_packed(node) && node.status().ids_in_memory == 0
}

/// Whether closed segments of log and journal are compressed.
pub(super) fn is_packed(node: &Node) -> bool {
    let backing = node.backing();
    let packed = |slices: &accolade_storage::slices::Slices| {
        slices.closed().iter().all(|segment| segment.packed)
    };
    packed(&backing.log) && packed(&backing.journal)
}

/// P19: intake while the window is full of ids.
fn full_window(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p19")?;
    let node = start(options(&scratch.0))?;
    let mut load = Load::new(7, sizes.players);
    let events = sizes.burst.min(10_000_000);
    let empty = run(&node, &mut load, events, 0, CHUNK, 0)?;
    let mut random = Random::new(7);
    let hour_now = now().hour();
    let each = sizes.window_ids / 168;
    for back in 1..=168 {
        let hour = hour_now - back;
        let entries = (0..each).map(|_| {
            let id = IdHash([random.next(), random.next()]);
            let (content, player) = (Content(random.next()), random.next() as u32);
            let entry = IdEntry { id, content, batch: 1, slot: 1, player, hour };
            RunEntry { partition: random.below(u64::from(node.partitions())) as u16, entry }
        });
        node.backing().lookup.write_run(entries)?;
    }
    let full = run(&node, &mut load, events, 0, CHUNK, 0)?;
    report.row("P19", "with an empty window", rate_of(&empty), "events/s", None);
    let what = format!("with {} M ids", sizes.window_ids / 1_000_000);
    report.row("P19", what, rate_of(&full), "events/s", None);
    let share = rate_of(&full) / rate_of(&empty);
    report.row("P19", "share of the rate kept", share, "", Some(Bar::AtLeast(0.8)));
    node.stop()?;
    drop(node);
    let began = Instant::now();
    let node = start(options(&scratch.0))?;
    let seconds = began.elapsed().as_secs_f64();
    report.row("P19", "to serving again", seconds, "s", Some(Bar::AtMost(3.0)));
    node.stop()?;
    Ok(())
}

/// What ids and voids cost, and what is in memory, however long a small operator has been there.
fn years_pass(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "years")?;
    years::pass(&scratch.0, &years::DAYS, &mut |figures| {
        let years::Figures { days, is_resident, .. } = figures;
        let place = if *is_resident { "filters in memory" } else { "filters on disk" };
        let mut row = |what: &str, figure: f64, unit: &'static str| {
            report.row("years", format!("day {days}, {place}: {what}"), figure, unit, None);
        };
        row("ids", figures.ids as f64, "");
        row("sections", figures.sections as f64, "");
        row("files", figures.files as f64, "");
        row("bytes of filters", figures.filter_bytes as f64, "bytes");
        row("bytes besides", figures.index_bytes as f64, "bytes");
        for cost in &figures.costs {
            row(cost.what, cost.micros, "µs");
            row(&format!("{}: filters asked", cost.what), cost.sections, "");
            row(&format!("{}: sections looked into", cost.what), cost.looked_into, "");
        }
    })
}
