//! What the demonstration has seen so far.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;

use super::players::{Act, HOUSES};
use crate::shapes::Outcome;
use crate::terminal::{grouped, printable};

/// Sampled latencies from which percentiles are taken: about the last ten seconds.
const LATENCIES_MAX: usize = 4_096;
/// Latest wagers that are kept for the screen.
const LATEST_MAX: usize = 10;

/// Counts, latencies and what to show.
#[derive(Debug)]
pub(super) struct Figures {
    began: Instant,
    /// Requests that were answered 200.
    pub(super) answered: u64,
    /// Requests that were answered 429 or 503.
    pub(super) turned_away: u64,
    /// What went wrong, where something did.
    pub(super) failure: Option<String>,
    /// Time from the start to the first balance, the player and the points.
    pub(super) first_balance: Option<(Duration, String, Points)>,
    /// Outcomes of the sampled wagers.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// The latest sampled wagers, newest first.
    pub(super) latest: VecDeque<String>,
    balances: HashMap<(usize, String), Points>,
    latencies: VecDeque<Duration>,
}

impl Figures {
    /// Nothing yet; `began` is when the command began.
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            answered: 0,
            turned_away: 0,
            failure: None,
            first_balance: None,
            outcomes: BTreeMap::new(),
            latest: VecDeque::new(),
            balances: HashMap::new(),
            latencies: VecDeque::new(),
        }
    }

    /// A sampled wager has been applied.
    pub(super) fn applied(&mut self, act: &Act, outcome: Outcome, latency: Duration) {
        if self.latencies.len() == LATENCIES_MAX {
            self.latencies.pop_front();
        }
        self.latencies.push_back(latency);
        let Outcome { kind: outcome, reason, points, points_balance } = outcome;
        let points = points.and_then(|points| points.points());
        let balance = points_balance.and_then(|balance| balance.points());
        let words = match (&reason, points) {
            (Some(reason), _) => format!("{outcome}: {reason}"),
            (None, Some(points)) if points > Points::ZERO => format!("{outcome} +{points}"),
            (None, Some(points)) => format!("{outcome} {points}"),
            (None, None) => outcome.clone(),
        };
        if let Some(balance) = balance {
            if self.first_balance.is_none() && balance > Points::ZERO {
                self.first_balance = Some((self.began.elapsed(), act.player.clone(), balance));
            }
            self.balances.insert((act.house, act.player.clone()), balance);
        }
        let balance = balance.map(|balance| balance.to_string()).unwrap_or_default();
        let operator = HOUSES[act.house].operator;
        if self.latest.len() == LATEST_MAX {
            self.latest.pop_back();
        }
        self.latest.push_front(printable(&format!(
            "{operator} {}  {words:<34} balance {balance:>11}   {}",
            act.player, act.words
        )));
        let kind = match reason {
            Some(reason) if outcome == "refused" || outcome == "dead_letter" => {
                format!("{outcome}: {reason}")
            }
            _ => outcome,
        };
        *self.outcomes.entry(kind).or_default() += 1;
    }

    /// Median and 99th percentile of the sampled latencies, in words.
    pub(super) fn latency(&self) -> String {
        let mut sorted: Vec<Duration> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let Some(last) = sorted.len().checked_sub(1) else { return "no latency yet".to_owned() };
        let millis = |index: usize| sorted[index].as_secs_f64() * 1_000.0;
        format!("p50 {:.1} ms, p99 {:.1} ms", millis(last / 2), millis(last * 99 / 100))
    }

    /// Outcomes in words, the most frequent first.
    pub(super) fn outcomes(&self) -> Vec<String> {
        let mut counts: Vec<_> = self.outcomes.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        counts.into_iter().map(|(kind, count)| format!("{kind} {}", grouped(*count))).collect()
    }

    /// The greatest balances that were seen.
    pub(super) fn top(&self, count: usize) -> Vec<String> {
        let mut balances: Vec<_> = self.balances.iter().collect();
        balances.sort_by_key(|((house, player), points)| {
            (std::cmp::Reverse(**points), *house, player.clone())
        });
        let line = |((house, player), points): (&(usize, String), &Points)| {
            format!("{:>12}  {player} of {}", points.to_string(), HOUSES[*house].operator)
        };
        balances.into_iter().take(count).map(line).collect()
    }
}
