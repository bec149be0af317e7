//! Making the occurrences of recurring tournaments, some time before each begins: then its moment is like any other.
//!
//! Whoever does it may do it again, or at the same time as another: an occurrence says of which series it was made, and as
//! the series was then. Of two who make it the second is refused, and so is whoever has not heard of a change.
//! `docs/decisions/052` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use accolade_engine::rules::Operator;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;

use crate::problem::{Problem, Refusal, not_yet};
use crate::service::{Inner, Service, now};
use crate::settlement::WHO;
use crate::zone;

/// How often it is looked whether there is something to make.
const EVERY: Duration = Duration::from_millis(500);
/// A series is looked at after this time at the latest: the machine's clock may have been set.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long it takes until what has failed is tried again, at first and at the most.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_mins(1);
/// So many occurrences of a series are made before it is another's turn.
const AT_ONCE: usize = 10;

/// An operator's number, and a series'.
type Key = (u32, u32);

/// When this node looks at each series again.
#[derive(Debug, Default)]
struct Maker(BTreeMap<Key, Looking>);

#[derive(Debug, Clone, Copy)]
struct Looking {
    /// How often the series was said: once it is another it is looked at anew.
    said: u32,
    again_at: Instant,
    wait: Duration,
}

/// Makes what is to be made, for as long as the service is there.
pub(crate) async fn run(service: Weak<Inner>) {
    let mut maker = Maker::default();
    while let Some(service) = service.upgrade().map(Service::of) {
        maker.look(&service).await;
        drop(service);
        tokio::time::sleep(EVERY).await;
    }
}

impl Maker {
    async fn look(&mut self, service: &Service) {
        let here = service.series_here();
        let keys: BTreeSet<Key> = here.iter().map(|(of, it)| (of.number, it.number)).collect();
        self.0.retain(|key, _| keys.contains(key));
        for (operator, series) in here {
            let (said, again_at) = (series.edited_from(), Instant::now());
            let anew = Looking { said, again_at, wait: AGAIN_MIN };
            let looking = self.0.entry((operator.number, series.number)).or_insert(anew);
            if looking.said != said {
                *looking = anew;
            }
            if service.is_retired() || looking.again_at > Instant::now() {
                continue;
            }
            match service.make_occurrences(&operator, &series).await {
                Ok(wait) => {
                    *looking = Looking { again_at: Instant::now() + wait, ..anew };
                }
                Err(problem) => {
                    let (id, detail) = (&series.terms().id, &problem.detail);
                    if looking.wait > AGAIN_MIN {
                        let operator = &*operator.id;
                        tracing::warn!(operator, id, %detail, "no occurrence can be made yet");
                    }
                    looking.again_at = Instant::now() + looking.wait;
                    looking.wait = AGAIN_MAX.min(looking.wait * 2);
                }
            }
        }
    }
}

impl Service {
    /// Series that take place, of those whose ids belong to a partition that is here.
    fn series_here(&self) -> Vec<(Arc<Operator>, Arc<Tournament>)> {
        if !self.host.knows_rules() {
            return Vec::new();
        }
        let rules = self.host.rules();
        let mut here = Vec::new();
        for operator in rules.operators() {
            let is_here = |it: &&Arc<Tournament>| {
                let partition = partition_of(&it.terms().id, self.partitions());
                self.host.whereabouts(partition).is_ok()
            };
            let series = operator.tournaments.series().filter(is_here);
            here.extend(series.map(|it| (Arc::clone(operator), Arc::clone(it))));
        }
        here
    }

    /// Makes what is due of a series, in order, and says how long it takes until there may be more.
    async fn make_occurrences(
        &self,
        operator: &Operator,
        series: &Tournament,
    ) -> Result<Duration, Problem> {
        let terms = series.terms();
        let unknown = || io::Error::other(format!("no time zone is called `{}`", terms.timezone));
        let zone = zone::offsets(&terms.timezone).ok_or_else(unknown)?;
        for _ in 0..AT_ONCE {
            let operator = self.host.rules().operator(&operator.id).cloned().ok_or_else(not_yet)?;
            let (tournaments, now) = (&operator.tournaments, now());
            let next = tournaments.coming(series.number, terms, &zone, now).next();
            let Some(next) = next else { return Ok(LOOK_AGAIN) };
            let due_in = next.due().micros().saturating_sub(now.micros());
            if due_in > 0 {
                let due_in = Duration::from_micros(due_in.unsigned_abs());
                return Ok(due_in.min(LOOK_AGAIN));
            }
            let occurrence = Control::Tournament(series.occurrence(&next, &zone, WHO));
            match self.control(&occurrence).await {
                Ok(made) => made.map(drop).ok_or_else(not_yet)?,
                // Another node was first, or the series is another by now, or it began meanwhile.
                Err(problem)
                    if [Refusal::Stale, Refusal::TournamentPast].contains(&problem.refusal) =>
                {
                    return Ok(EVERY);
                }
                Err(problem) => return Err(problem),
            }
            let is_there = || {
                let rules = self.host.rules();
                rules.operator(&operator.id)?.tournaments.get(&next.id).map(|_| ())
            };
            self.once(is_there).await?;
        }
        Ok(Duration::ZERO)
    }
}
