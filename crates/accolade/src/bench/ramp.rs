//! The start of a tournament that many watch: within half a minute wagers come ten times as fast.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::intake::{Caller, Refused};
use accolade_storage::node::Node;
use hdrhistogram::Histogram;

use super::Sizes;
use super::embedded::{Scratch, now, run, submit};
use super::http::{Asked, Served, serve_freely};
use super::load::{Load, Pace, Rates, player_name};
use super::report::{Bar, Report};
use super::tournaments::announce;
use super::watchers::{Watchers, sockets};

/// Wagers a second before the start, and in the end.
const BEFORE: u64 = 5_000;
const AFTER: u64 = 50_000;
/// How many seconds the bar gives from the one to the other.
pub(crate) const GROWING_S: u64 = 30;
/// How long wagers come before the start, and how long as many as in the end.
const LEAD: Duration = Duration::from_secs(5);
const STAY: Duration = Duration::from_secs(5);
/// Wagers that are sent together.
const CHUNK: usize = 25;
/// When it is to begin as long as watchers come: then that is said anew.
const LATER: Duration = Duration::from_hours(24);
/// How long the last answers may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// In which the last change comes to the screens.
const LOOK: Duration = Duration::from_secs(1);
const LEADERBOARD: &str = "/api/v1/tournaments/race-0/leaderboard";
/// Players of whom one question asks.
const AT_ONCE: u64 = 100;

/// The start of a tournament: from the one rate to the other, before as many sockets as the machine has.
pub(crate) fn start(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let (scratch, sockets) = (Scratch::new(&sizes.dir, "start")?, sockets());
    let served = serve_freely(&scratch.0, sockets as usize + 500)?;
    announce(&served.node, LATER, 0)?;
    let mut load = Load::new(7, sizes.players);
    run(&served.node, &mut load, 200_000, 20_000, 100, 0)?;
    // The leaderboard stands before anybody watches it.
    served.get(LEADERBOARD)?;
    let mut watchers = Watchers::come(served.address, sockets, 1)?;
    watchers.begin()?;
    let starts = announce(&served.node, LEAD, 1)?;
    let sent = send(&served.node, &mut load, starts, Duration::from_secs(sizes.growing_s))?;
    std::thread::sleep(LOOK);
    let seen = watchers.end()?;
    anyhow::ensure!(seen.messages > 0, "the watchers were told nothing");
    let seconds = (now().micros() - starts.micros()) as f64 / 1e6;
    drop(watchers);
    let counted = counted(&served, sizes.players)?;
    let within = match sizes.growing_s {
        GROWING_S => format!("to 50,000/s in {GROWING_S} s"),
        shortened => format!("to 50,000/s in {shortened} s, not {GROWING_S}"),
    };
    let mut row = |what: &str, figure: f64, bar| {
        report.row("start", format!("{within}: {what}"), figure, "", bar);
    };
    let none = Some(Bar::AtMost(0.0));
    let Heard { accepted, since, .. } = sent.heard;
    row("sockets", sockets as f64, None);
    row("sockets lost", seen.lost as f64, none);
    row("wagers sent", sent.wagers as f64, None);
    row("not accepted", (sent.wagers - accepted) as f64, none);
    row("wagers since the start", since as f64, None);
    row("lost", since.abs_diff(counted) as f64, none);
    row("messages of all in a second", seen.messages as f64 / seconds, None);
    let each = seen.messages as f64 / sockets as f64;
    row("messages of a watcher in a second", each / seconds, None);
    seen.report("start", &format!("{within}: change to screen"), report);
    let answered = format!("{within}: wager to answer");
    report.latencies("start", &answered, &sent.heard.latencies, &[]);
    let late = format!("{within}: sender late at the most");
    report.row("start", late, sent.late_max_ms, "ms", None);
    served.stop()
}

/// What has become of wagers.
#[derive(Debug, Clone)]
struct Heard {
    /// Wagers that are there once, whether they earned something or not.
    accepted: u64,
    /// Those of them that are dated since the start.
    since: u64,
    others: u64,
    /// From the intended sending to the answer, in microseconds.
    latencies: Histogram<u64>,
}

/// Wagers that were sent together.
#[derive(Debug)]
struct Together {
    intended: Instant,
    is_since: bool,
    heard: Arc<Mutex<Heard>>,
}

impl Caller for Together {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {
        self.heard.lock().expect("nobody panics with it").others += CHUNK as u64;
    }
    fn applied(&self, _: usize, outcome: &Outcome, _: Option<Points>) {
        let micros = self.intended.elapsed().as_micros() as u64;
        let is_accepted = matches!(outcome, Outcome::Counted { .. } | Outcome::Refused { .. });
        let mut heard = self.heard.lock().expect("nobody panics with it");
        heard.latencies.saturating_record(micros);
        heard.accepted += u64::from(is_accepted);
        heard.since += u64::from(is_accepted && self.is_since);
        heard.others += u64::from(!is_accepted);
    }
}

/// What was sent, and what was heard of it.
struct Sent {
    wagers: u64,
    heard: Heard,
    late_max_ms: f64,
}

/// Sends by the clock, whatever comes back, and waits for the answers.
fn send(
    node: &Node,
    load: &mut Load,
    starts: Timestamp,
    growing: Duration,
) -> anyhow::Result<Sent> {
    let latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
    let heard = Arc::new(Mutex::new(Heard { accepted: 0, since: 0, others: 0, latencies }));
    let before = starts.micros().saturating_sub(now().micros());
    let steady = Duration::from_micros(u64::try_from(before)?);
    let mut pace = Pace::by(Rates { first: BEFORE, last: AFTER, steady, growing });
    let (over, mut wagers) = (Instant::now() + steady + growing + STAY, 0);
    loop {
        let intended = pace.wait(wagers);
        if intended >= over {
            break;
        }
        // Wagers are dated to the millisecond.
        let at = Timestamp::from_micros(now().micros() / 1_000 * 1_000);
        let (is_since, heard) = (at >= starts, Arc::clone(&heard));
        let together = Arc::new(Together { intended, is_since, heard });
        let caller = Arc::clone(&together) as Arc<dyn Caller>;
        match submit(node, load, at, CHUNK, intended, caller, true) {
            Ok(()) => {}
            Err(Refused::Busy) => together.refused(Refused::Busy),
            Err(other) => anyhow::bail!("the node refused: {other}"),
        }
        wagers += CHUNK as u64;
    }
    let began = Instant::now();
    let is_answered = || {
        let heard = heard.lock().expect("nobody panics with it");
        heard.accepted + heard.others == wagers
    };
    while !is_answered() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    let heard = heard.lock().expect("nobody panics with it").clone();
    Ok(Sent { wagers, heard, late_max_ms: pace.late_max_ms() })
}

/// Of how many events the leaderboard is made, by the lines of all players.
fn counted(served: &Served, players: u64) -> anyhow::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = served.in_clear().connect(None).await?;
        let mut events = 0;
        for from in (0..players).step_by(AT_ONCE as usize) {
            let names: Vec<_> = (from..players.min(from + AT_ONCE)).map(player_name).collect();
            let path = format!("{LEADERBOARD}?players={}", names.join(","));
            let status = connection.ask(&Asked { path, ..Asked::default() }).await?;
            anyhow::ensure!(status == 200, "the leaderboard answers with {status}");
            let board: serde_json::Value = serde_json::from_str(&connection.body()?)?;
            let lines = board["items"].as_array().into_iter().flatten();
            events += lines.filter_map(|line| line["events"].as_u64()).sum::<u64>();
        }
        Ok(events)
    })
}
