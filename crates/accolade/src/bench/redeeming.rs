//! Redemptions beside wagers: how long they take to be answered, in either form.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};
use hdrhistogram::Histogram;

use super::embedded::now;
use super::load::{Load, OPERATOR, Pace, player_name};
use super::report::{Bar, Report};

/// Redemptions in a second.
const RATE: u64 = 100;
/// What a redemption may take: so many times a wager.
const LONGER_MAX: f64 = 4.0;

/// What became of redemptions.
#[derive(Debug, Clone)]
pub(crate) struct Redeemed {
    sent: u64,
    /// From the intended sending to the answer, of those that were reserved.
    latencies: Histogram<u64>,
}

impl Redeemed {
    pub(crate) fn report(
        &self,
        measure: &'static str,
        wagers: &Histogram<u64>,
        report: &mut Report,
    ) {
        report.latencies(measure, "a redemption beside, to its answer", &self.latencies, &[]);
        let done = self.latencies.len() as f64 / self.sent.max(1) as f64;
        report.row(measure, "redemptions that were reserved", done, "", Some(Bar::AtLeast(0.5)));
        let p99 = |latencies: &Histogram<u64>| latencies.value_at_quantile(0.99) as f64;
        let longer = p99(&self.latencies) / p99(wagers).max(1.0);
        let bar = Some(Bar::AtMost(LONGER_MAX));
        report.row(measure, "a redemption's p99, to a wager's", longer, "", bar);
    }
}

/// A caller that a redemption's answer is told to.
#[derive(Debug)]
struct Asked {
    intended: Instant,
    redeemed: Arc<Mutex<Redeemed>>,
}

impl Caller for Asked {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {}
    fn applied(&self, _: usize, outcome: &Outcome, _: Option<Points>) {
        let micros = self.intended.elapsed().as_micros() as u64;
        let mut redeemed = self.redeemed.lock().expect("nobody panics with it");
        if matches!(outcome, Outcome::Done { .. }) {
            redeemed.latencies.saturating_record(micros);
        }
    }
}

/// Has `wagers` sent, with redemptions beside by players as the load has them.
pub(crate) fn beside<T>(
    intake: &dyn Intake,
    load: &mut Load,
    wagers: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<(T, Redeemed)> {
    let latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
    let redeemed = Arc::new(Mutex::new(Redeemed { sent: 0, latencies }));
    let is_over = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let redeeming = scope.spawn(|| redeem(intake, load, &redeemed, &is_over));
        let sent = wagers();
        is_over.store(true, Ordering::Relaxed);
        redeeming.join().expect("it does not panic")?;
        sent
    })?;
    let redeemed = redeemed.lock().expect("nobody panics with it").clone();
    Ok((sent, redeemed))
}

fn redeem(
    intake: &dyn Intake,
    load: &mut Load,
    redeemed: &Arc<Mutex<Redeemed>>,
    is_over: &AtomicBool,
) -> anyhow::Result<()> {
    let mut pace = Pace::begin(RATE);
    for number in 0.. {
        let intended = pace.wait(number);
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let (player, _) = load.wager_with_player(now());
        let (player, redeemed) = (player_name(player), Arc::clone(redeemed));
        redeemed.lock().expect("nobody panics with it").sent += 1;
        let caller = Arc::new(Asked { intended, redeemed });
        intake.submit(redemption(number, player, intake.partitions(), caller)?)?;
    }
    Ok(())
}

fn redemption(
    number: u64,
    player: String,
    partitions: u16,
    caller: Arc<Asked>,
) -> anyhow::Result<Submission> {
    let partition = partition_of(&player, partitions);
    let body = serde_json::to_vec(&Command::Reserve {
        id: format!("redemption-{number}"),
        player_id: player,
        points: 1,
        item: String::new(),
        who: "accolade bench".into(),
    })?;
    let (kind, source, operator) = (Kind::Command, Source::Http, OPERATOR);
    let mut records = Vec::new();
    Record { kind, source, operator, received_at: now(), origin: None, body: &body }
        .write(&mut records);
    Ok(Submission {
        parts: vec![(Some(partition), records.len() as u32)],
        records,
        known: Vec::new(),
        taken_at: caller.intended,
        caller,
        wants_outcomes: true,
        trace: None,
    })
}
