//! Filling tournaments that had begun before they were scheduled.
//!
//! Each node reads what its own partitions have of them, and tells these what counts; then it has them add that up. Whoever has the
//! partition of the tournament's id hears of all partitions, and says how far it is. Whatever is lost is done again: it is the same
//! as often as it is told. `docs/decisions/061` says why.

mod adding;
mod carrying;
mod places;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::identity::partition_of;
use accolade_wire::timestamp;
use accolade_wire::tournament::{Fill, TournamentTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

pub(crate) use self::places::work;
use crate::call::Call;
use crate::lock::lock;
use crate::problem::Problem;
use crate::service::{Inner, Service, now};
use crate::shapes::respond;
use crate::submit::blocking;

/// Where other nodes are asked.
const PATH: &str = "/cluster/v1/fillings";
/// How often it is looked whether there is something to fill.
const EVERY: Duration = Duration::from_millis(200);
/// What has failed is tried again after this, each time after twice as long.
const AGAIN: Duration = Duration::from_secs(1);
/// And after this at last: what is read and added up, and what is asked of other nodes and said.
const WORK_AGAIN_MAX: Duration = Duration::from_mins(1);
const SAYING_AGAIN_MAX: Duration = Duration::from_secs(4);
/// What fails for so long without anything in between is given up by this node.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);
/// So many reasons are told of one tournament.
const TOLD_MAX: usize = 16;

/// An operator's number, and a tournament's.
type Key = (u32, u32);

/// How far a node is with tournaments that are filled.
#[derive(Debug, Default)]
pub(crate) struct Fillings(Mutex<BTreeMap<Key, Filling>>);

/// How far it is with one. What was done of a partition stays done, wherever that goes.
#[derive(Debug, Default)]
struct Filling {
    /// All that these partitions have was told.
    read: BTreeSet<u16>,
    /// And nothing of it waits any more.
    counted: BTreeSet<u16>,
    batches: u64,
    expected: u64,
    /// What is read here, or added up.
    work: Option<Failing>,
    /// What is asked of others, and said.
    saying: Option<Failing>,
    /// Why what is told, or added up, waits for the node to take it in.
    held_up: Option<String>,
}

/// What has failed, and was not done since.
#[derive(Debug)]
struct Failing {
    why: String,
    /// The reasons that were told, which may come by turns.
    told: BTreeSet<String>,
    tries: u32,
    since: Instant,
    again_at: Instant,
}

/// Why partitions were not read, or added up.
#[derive(Debug)]
struct Failed {
    why: String,
    /// They were, and it could not be told.
    is_held_up: bool,
}

/// What a node answers about partitions that it has.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Part {
    /// So many of them have not come so far.
    left: usize,
    batches: u64,
    expected: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// How far a tournament is filled.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) batches: u64,
    pub(crate) expected: u64,
    pub(crate) why: Option<String>,
    left: usize,
}

/// Says how far tournaments are filled for as long as the service is there.
pub(crate) async fn run(service: Weak<Inner>) {
    while let Some(service) = service.upgrade().map(Service::of) {
        for (operator, tournament) in service.filling() {
            let key = (operator, tournament.number);
            let waits = service.fillings.with(key, |filling| waits(filling.saying.as_ref()));
            if waits || service.is_retired() {
                continue;
            }
            let said = service.go_on_filling(operator, &tournament).await;
            service.fillings.with(key, |filling| match said {
                Ok(()) => filling.saying = None,
                Err(problem) => {
                    let why = problem.detail.to_string();
                    let id = &tournament.terms().id;
                    Failing::again(&mut filling.saying, why, SAYING_AGAIN_MAX, id);
                }
            });
        }
        drop(service);
        tokio::time::sleep(EVERY).await;
    }
}

fn waits(failing: Option<&Failing>) -> bool {
    failing.is_some_and(|failing| Instant::now() < failing.again_at)
}

impl Failing {
    /// Has it done again after a while, and tells of each reason once.
    fn again(failing: &mut Option<Self>, why: String, again_max: Duration, id: &str) {
        let now = Instant::now();
        let before = failing.take().map(|before| (before.tries + 1, before.since, before.told));
        let (tries, since, mut told) = before.unwrap_or_else(|| (0, now, BTreeSet::new()));
        if told.len() < TOLD_MAX && told.insert(why.clone()) {
            tracing::warn!(id, why, "a tournament cannot be filled, which is tried again");
        } else {
            tracing::debug!(id, why, "a tournament still cannot be filled");
        }
        let after = AGAIN.saturating_mul(2_u32.saturating_pow(tries)).min(again_max);
        *failing = Some(Self { why, told, tries, since, again_at: now + after });
    }

    fn is_given_up(&self) -> bool {
        self.since.elapsed() >= GIVEN_UP_AFTER
    }
}

impl Fillings {
    fn with<T>(&self, key: Key, look: impl FnOnce(&mut Filling) -> T) -> T {
        look(lock(&self.0).entry(key).or_default())
    }

    /// Others are filled, or cancelled.
    fn keep(&self, filling: &[(u32, Arc<Tournament>)]) {
        let keys: BTreeSet<Key> = filling.iter().map(|(of, it)| (*of, it.number)).collect();
        lock(&self.0).retain(|key, _| keys.contains(key));
    }
}

impl Filling {
    fn part(&self, fill: Fill, partitions: &[u16]) -> Part {
        let done = match fill {
            Fill::Reading => &self.read,
            Fill::Counting | Fill::Done => &self.counted,
        };
        let left = partitions.iter().filter(|number| !done.contains(*number)).count();
        let given_up = self.work.as_ref().filter(|work| work.is_given_up());
        let given_up = given_up.map(|work| format!("{}; it is not tried any more", work.why));
        let failing = self.work.as_ref().or(self.saying.as_ref());
        let failed = || failing.map(|failing| failing.why.clone());
        let why = given_up.or_else(|| self.held_up.clone()).or_else(failed);
        Part { left, batches: self.batches, expected: self.expected, why }
    }

    /// Which of some partitions, all that are here, have yet to come so far; none as long as that is not to be tried.
    fn left(&mut self, fill: Fill, partitions: &[u16]) -> Vec<u16> {
        let done = match fill {
            Fill::Reading => &self.read,
            Fill::Counting => &self.counted,
            Fill::Done => return Vec::new(),
        };
        let left = partitions.iter().copied().filter(|number| !done.contains(number));
        let left: Vec<u16> = left.collect();
        // What has failed was of partitions that are elsewhere by now.
        if left.is_empty() {
            self.work = None;
        }
        let is_given_up = self.work.as_ref().is_some_and(Failing::is_given_up);
        if waits(self.work.as_ref()) || is_given_up { Vec::new() } else { left }
    }

    fn failed(&mut self, Failed { why, is_held_up }: Failed, of: &Tournament) {
        Failing::again(&mut self.work, why, WORK_AGAIN_MAX, &of.terms().id);
        // What was read is told once the node takes it in again, however long that is.
        if let Some(failing) = self.work.as_mut().filter(|_| is_held_up) {
            failing.since = Instant::now();
        }
    }
}

impl Service {
    /// Tournaments that are being filled, as long as what their events count is kept.
    fn filling(&self) -> Vec<(u32, Arc<Tournament>)> {
        if !self.host.knows_rules() {
            return Vec::new();
        }
        let (rules, now) = (self.host.rules(), now());
        let mut filling = Vec::new();
        for operator in rules.operators() {
            let is_filling = |it: &&Arc<Tournament>| it.is_filling() && now < it.values_until();
            let own = operator.tournaments.filled().iter().filter(is_filling);
            filling.extend(own.map(|it| (operator.number, Arc::clone(it))));
        }
        filling
    }

    fn partitions_here(&self) -> Vec<u16> {
        (0..self.partitions()).filter(|number| self.host.whereabouts(*number).is_ok()).collect()
    }

    /// Whether a tournament is still filled, and is as far as it was.
    fn is_still(&self, tournament: &Tournament) -> bool {
        let rules = self.host.rules();
        let operator = rules.operator(&tournament.terms().operator);
        let known = operator.and_then(|operator| operator.tournaments.numbered(tournament.number));
        let fill = tournament.terms().fill;
        known.is_some_and(|known| known.is_filling() && known.terms().fill == fill)
    }

    /// Says how far it is once that is so everywhere.
    async fn go_on_filling(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
    ) -> Result<(), Problem> {
        let Some(fill) = tournament.terms().fill else { return Ok(()) };
        let home = partition_of(&tournament.terms().id, self.partitions());
        if self.host.whereabouts(home).is_err()
            || self.filled_so_far(operator, tournament, fill).await?.left > 0
        {
            return Ok(());
        }
        let next = match fill {
            Fill::Reading => Fill::Counting,
            Fill::Counting | Fill::Done => Fill::Done,
        };
        let terms = TournamentTerms { fill: Some(next), ..(**tournament.terms()).clone() };
        self.say(terms, tournament).await
    }

    /// How far all partitions are.
    async fn filled_so_far(
        &self,
        operator: u32,
        tournament: &Tournament,
        fill: Fill,
    ) -> Result<Progress, Problem> {
        let key = (operator, tournament.number);
        let is_counting = fill != Fill::Reading;
        let path = format!(
            "{PATH}?operator={operator}&tournament={}&counting={}",
            tournament.number,
            u8::from(is_counting)
        );
        let here = move |service: &Self, partitions: &[u16]| {
            Ok(service.fillings.with(key, |filling| filling.part(fill, partitions)))
        };
        let parts = self.gather(0..self.partitions(), here, &path, read_part).await?;
        Ok(parts.into_iter().fold(Progress::default(), |so_far, part| Progress {
            left: so_far.left + part.left,
            batches: so_far.batches + part.batches,
            expected: so_far.expected + part.expected,
            why: so_far.why.or(part.why),
        }))
    }

    /// The same for whoever asks; nothing for a tournament that is not filled. Where not everybody can be asked it is filled
    /// nevertheless, as far as that is known here.
    pub(crate) async fn filling_of(
        &self,
        operator: u32,
        tournament: &Tournament,
    ) -> Option<Progress> {
        let fill = tournament.terms().fill.filter(|_| tournament.is_filling())?;
        let until = tournament.values_until();
        if now() >= until {
            let until = timestamp::write(until);
            let why = format!("what its events count was kept until {until}: cancel it");
            return Some(Progress { why: Some(why), ..Progress::default() });
        }
        let so_far = self.filled_so_far(operator, tournament, fill).await;
        Some(so_far.unwrap_or_else(|problem| {
            let (key, here) = ((operator, tournament.number), self.partitions_here());
            let own = self.fillings.with(key, |filling| filling.part(fill, &here));
            let Part { left, batches, expected, why } = own;
            let why = why.or_else(|| Some(problem.detail.to_string()));
            Progress { batches, expected, why, left }
        }))
    }
}

fn read_part(bytes: &[u8]) -> io::Result<Part> {
    Ok(serde_json::from_slice(bytes)?)
}

/// How far partitions are that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let key = (parameters.small("operator")?, parameters.small("tournament")?);
    let is_counting = parameters.small("counting")? > 0;
    let fill = if is_counting { Fill::Counting } else { Fill::Reading };
    let found = blocking(move || {
        let part = |filling: &mut Filling| filling.part(fill, &partitions);
        service.with_all_here(&partitions, || Ok(service.fillings.with(key, part)))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_after_a_minute_at_most() {
        let mut failing = None;
        for tries in 0..40 {
            // Two by turns.
            Failing::again(&mut failing, format!("why {}", tries % 2), WORK_AGAIN_MAX, "race");
            let failing = failing.as_ref().unwrap();
            let after = failing.again_at.duration_since(Instant::now());
            assert!(after <= WORK_AGAIN_MAX && (tries < 6 || after > WORK_AGAIN_MAX / 2));
            assert!(waits(Some(failing)) && !failing.is_given_up());
        }
        let failing = failing.unwrap();
        assert_eq!((failing.tries, &*failing.why), (39, "why 1"));
        assert_eq!(failing.told.len(), 2, "each is told once");
    }

    #[test]
    fn what_has_failed_of_a_partition_that_is_elsewhere_by_now_is_no_reason_any_more() {
        let mut filling = Filling { read: BTreeSet::from([0]), ..Filling::default() };
        Failing::again(&mut filling.work, "why".to_owned(), WORK_AGAIN_MAX, "race");
        let why =
            |filling: &Filling, partitions: &[u16]| filling.part(Fill::Reading, partitions).why;
        assert!(filling.left(Fill::Reading, &[0, 1]).is_empty(), "it is tried again later");
        assert_eq!(why(&filling, &[0, 1]).as_deref(), Some("why"));
        assert!(filling.left(Fill::Reading, &[0]).is_empty());
        assert_eq!(why(&filling, &[0]), None);
        assert_eq!(filling.left(Fill::Reading, &[0, 1]), [1_u16], "it has come back");
    }
}
