//! What tournaments cost: twenty in which each wager counts, and ten thousand of which hardly any could.

use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_storage::node::Node;
use accolade_wire::control::Control;
use accolade_wire::tournament::{Stage, TournamentTerms};

use super::Sizes;
use super::embedded::{control, now};
use super::load::{OPERATOR, PLAIN};
use super::measures::burst_by;
use super::report::{Bar, Report};

/// Tournaments in which each wager of the load counts.
const MATCHING: usize = 20;
/// Operators of P8, and tournaments of each.
const OPERATORS: usize = 100;
const OF_EACH: usize = 100;
/// Every tournament is ordered by then.
const BEGINS_IN: Duration = Duration::from_secs(1);
const MANY_BEGIN_IN: Duration = Duration::from_mins(1);

/// Each wager of the load counts by each of these, in some way of its own.
const EACH: [&str; 5] = [
    "SUM(wagerAmount) AS score FROM wagers WHERE wagerAmount >= 0.01",
    "SUM(wagerAmount * CASE WHEN gameId = 'mega-slots-deluxe' THEN 2 ELSE 1 END) AS score FROM wagers \
     WHERE gameCategory IN ('slots', 'table', 'poker', 'sports')",
    "COUNT(*) AS score FROM wagers WHERE jurisdiction <> 'Atlantis' AND wagerAmount > 0",
    "SUM(winAmount) AS score FROM wagers WHERE playerSegment IN ('VIP', 'Gold', 'Silver', 'Regular')",
    "AVG(wagerAmount) AS score FROM wagers WHERE gameId NOT LIKE 'demo-%'",
];

fn terms(operator: &str, id: String, query: &str, begins_in: Duration) -> TournamentTerms {
    let starts = now().micros() + begins_in.as_micros() as i64;
    TournamentTerms {
        name: id.clone(),
        query: format!("SELECT playerId, {query} GROUP BY playerId"),
        starts,
        ends: starts + 86_400_000_000,
        grace_seconds: 30,
        zone: vec![(0, 0)],
        public_positions: 100,
        stage: Stage::Scheduled,
        who: "accolade bench".into(),
        ..TournamentTerms::draft(operator, id)
    }
}

/// Begins so many tournaments in which each wager counts by its stake.
pub(crate) fn begin_watched(node: &Node, count: u64) -> anyhow::Result<()> {
    for number in 0..count {
        let terms = terms(OPERATOR, format!("race-{number}"), EACH[0], BEGINS_IN);
        control(node, &Control::Tournament(terms))?;
    }
    std::thread::sleep(BEGINS_IN);
    Ok(())
}

/// Announces the first of those that are watched, or says anew when it begins, where that was said `said` times before;
/// returns when that is.
pub(crate) fn announce(node: &Node, begins_in: Duration, said: u32) -> anyhow::Result<Timestamp> {
    let named = terms(OPERATOR, "race-0".into(), EACH[0], begins_in);
    let (id, starts) = (named.id.clone(), named.starts);
    control(node, &Control::Tournament(TournamentTerms { edited_from: said, ..named }))?;
    let rules = node.rules();
    let announced = rules.operator(OPERATOR).and_then(|operator| operator.tournaments.get(&id));
    let is_so = announced.is_some_and(|tournament| tournament.terms().starts == starts);
    anyhow::ensure!(is_so, "the tournament `{id}` was not announced");
    Ok(Timestamp::from_micros(starts))
}

/// Begins tournaments in which each wager counts.
pub(crate) fn begin_matching(node: &Node) -> anyhow::Result<()> {
    for number in 0..MATCHING {
        let query = EACH[number % EACH.len()];
        let terms = terms(OPERATOR, format!("race-{number}"), query, BEGINS_IN);
        control(node, &Control::Tournament(terms))?;
    }
    std::thread::sleep(BEGINS_IN);
    Ok(())
}

/// Begins as many tournaments of as many operators as P8 has: each is of one game of many, of a category and a segment,
/// or of a jurisdiction.
fn begin_many(node: &Node) -> anyhow::Result<()> {
    let starts = std::time::Instant::now() + MANY_BEGIN_IN;
    for operator in 0..OPERATORS {
        let name = if operator == 0 { OPERATOR.into() } else { format!("operator-{operator}") };
        if operator > 0 {
            let (operator, key_hash) = (name.clone(), String::new());
            control(node, &Control::Operator { operator, key_hash, events_per_second: 0 })?;
        }
        for number in 0..OF_EACH {
            let query = match number % 10 {
                0 => "SUM(wagerAmount) AS score FROM wagers WHERE gameCategory = 'poker' \
                      AND playerSegment = 'VIP' AND wagerAmount >= 100"
                    .to_owned(),
                1 => format!(
                    "COUNT(*) AS score FROM wagers WHERE jurisdiction = 'Atlantis-{number}'"
                ),
                2 => "SUM(wagerAmount) AS score FROM wagers WHERE gameId IN ('mega-slots-deluxe', \
                      'another-game') AND wagerAmount >= 150"
                    .to_owned(),
                _ => {
                    format!("SUM(wagerAmount) AS score FROM wagers WHERE gameId = 'game-{number}'")
                }
            };
            let left = starts.saturating_duration_since(std::time::Instant::now());
            let terms = terms(&name, format!("race-{number}"), &query, left);
            control(node, &Control::Tournament(terms))?;
        }
    }
    std::thread::sleep(starts.saturating_duration_since(std::time::Instant::now()));
    Ok(())
}

/// P8: what ten thousand live tournaments add to an event.
pub(crate) fn many(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let (none, without) = burst_by(PLAIN, &|_| Ok(()), sizes)?;
    let (some, with) = burst_by(PLAIN, &begin_many, sizes)?;
    let rate = |events: u64, seconds: f64| events as f64 / seconds;
    report.row("P8", "without tournaments", rate(none.events, none.seconds), "events/s", None);
    let what = "with 10,000 live ones of 100 operators";
    report.row("P8", what, rate(some.events, some.seconds), "events/s", None);
    let added = (with / some.events as f64 - without / none.events as f64) * 1e6;
    let what = "processor time that they add to an event";
    report.row("P8", what, added, "µs", Some(Bar::AtMost(2.0)));
    Ok(())
}
