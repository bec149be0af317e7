//! What the demonstration has seen so far.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;

use anyhow::bail;
use hyper::StatusCode;

use super::players::{Act, GIFT, Gift, HOUSES};
use crate::shapes::{Outcome, Standing};
use crate::terminal::{grouped, printable};

/// Sampled latencies from which percentiles are taken: about the last ten seconds.
const LATENCIES_MAX: usize = 4_096;
/// Latest wagers that are kept for the screen.
const LATEST_MAX: usize = 10;
/// Latest changes of levels that are.
const MOVES_MAX: usize = 5;

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
    /// How often a player has redeemed.
    pub(super) redeemed: u64,
    /// The latest changes of a player's level and redemptions, newest first.
    pub(super) moves: VecDeque<String>,
    /// The winners of the sprint, once they are paid.
    pub(super) winners: Option<Vec<String>>,
    balances: HashMap<(usize, String), Points>,
    levels: HashMap<(usize, String), String>,
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
            redeemed: 0,
            moves: VecDeque::new(),
            winners: None,
            balances: HashMap::new(),
            levels: HashMap::new(),
            latencies: VecDeque::new(),
        }
    }

    /// Counts an answer to a wager: whether it was taken, or turned away for now.
    pub(super) fn is_taken(&mut self, status: StatusCode, body: &[u8]) -> anyhow::Result<bool> {
        match status {
            StatusCode::OK => self.answered += 1,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                self.turned_away += 1;
            }
            _ => bail!("{status}: {}", String::from_utf8_lossy(body)),
        }
        Ok(status == StatusCode::OK)
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
        if let Some(taken) = points.filter(|points| *points < Points::ZERO) {
            self.moves(act, &format!("loses {} points by a void", taken.negated()));
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

    /// Where the player of a sampled wager stands after it.
    pub(super) fn stands(&mut self, act: &Act, standing: Standing) {
        let Standing { tier: Some(level), tier_points, .. } = standing else { return };
        let player = (act.house, act.player.clone());
        let before = self.levels.insert(player, level.clone()).filter(|before| *before != level);
        let Some(before) = before else { return };
        let points = tier_points.and_then(|points| points.points()).unwrap_or_default();
        self.moves(act, &format!("{before} → {level} with {points} points"));
    }

    /// The player of a sampled wager has redeemed points.
    pub(super) fn redeems(&mut self, act: &Act) {
        self.redeemed += 1;
        let Gift { name, price, .. } = GIFT;
        self.moves(act, &format!("redeems {price} points for {name}"));
    }

    fn moves(&mut self, act: &Act, what: &str) {
        if self.moves.len() == MOVES_MAX {
            self.moves.pop_back();
        }
        let (player, operator) = (&act.player, HOUSES[act.house].operator);
        self.moves.push_front(printable(&format!("{player} of {operator}  {what}")));
    }

    /// How many of the sampled players stand at each level, in words.
    pub(super) fn levels(&self) -> Vec<String> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for level in self.levels.values() {
            *counts.entry(level).or_default() += 1;
        }
        most_first(&counts)
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
        most_first(&self.outcomes)
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

fn most_first<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> Vec<String> {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    counts.into_iter().map(|(kind, count)| format!("{kind} {}", grouped(*count))).collect()
}
