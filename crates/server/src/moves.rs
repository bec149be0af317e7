//! Telling who has moved on leaderboards of tournaments: at each full time, whoever has the partition of a tournament's id asks all
//! partitions where those stand whose scores have changed, and says it there. Which positions were told before is known to the fold.
//!
//! Whoever does it may do it again, or at the same time as another: what is told is the same however often it is. What fails is tried
//! again at the next full time. `docs/decisions/059` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Weak};
use std::time::Duration;

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::time::Timestamp;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::tables::Stretch;
use accolade_engine::tables::positions::{PositionKey, Says, ToldUpTo};
use accolade_storage::backing::NodeStore;
use accolade_wire::control::{Command, MOVED_LINES_MAX, MovedLine, MovedPage};
use accolade_wire::hex::to_hex;
use accolade_wire::identity::partition_of;
use tokio::task::{JoinError, JoinSet};

use crate::leaderboards::moved::{Moved, Stood};
use crate::problem::{Problem, not_yet};
use crate::service::{Inner, Service, now};
use crate::submit::{Parcel, blocking};

/// How often it is looked whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// So many tournaments are asked about at once, so that one that takes long holds up no other.
const ASKED_AT_ONCE: usize = 8;
/// So many tournaments are told of at once, by their places among those of their operators: the leaderboard of each is in memory
/// all the while.
const TOLD_MAX: usize = 200;
/// So long after its close it is still looked at a tournament: each partition has come to that by then.
const AFTER_MICROS: i64 = 600_000_000;

/// So long it is waited for what was sent: it may never have been appended.
const UNHEARD_MICROS: i64 = 600_000_000;

/// An operator's number, and a tournament's.
type Key = (u32, u32);

/// What is told by this node.
#[derive(Debug, Default)]
struct Teller {
    /// The full time at which it was looked last; nothing before the first.
    last: Option<i64>,
    told: BTreeMap<Key, Told>,
}

/// What this node knows of a tournament that it tells of.
#[derive(Debug, Clone, Default)]
struct Told {
    /// How many players have a position that nobody is told of.
    untold: u64,
    /// When was sent of which it is not known yet what became of it.
    unheard: Option<Timestamp>,
    /// Who stood there when all were told last.
    stood: Option<Stood>,
}

/// Tells of those who have moved, for as long as the service is there.
pub(crate) async fn run(service: Weak<Inner>) {
    let mut teller = Teller::default();
    while let Some(service) = service.upgrade().map(Service::of) {
        teller.look(&service).await;
        drop(service);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Teller {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    async fn look(&mut self, service: &Service) {
        let every = i64::try_from(service.settings.moves_every_ms.saturating_mul(1_000));
        let Ok(every @ 1..) = every else { return };
        let last = self.last.replace(now().micros().div_euclid(every));
        if last == self.last || service.is_retired() {
            return;
        }
        let mut moving = service.moving(&self.told);
        let left_out = moving.len().saturating_sub(TOLD_MAX);
        moving.truncate(TOLD_MAX);
        metrics::gauge!("accolade_moves_untold_tournaments").set(left_out as f64);
        let keys: BTreeSet<Key> = moving.iter().map(|(number, it)| (*number, it.number)).collect();
        self.told.retain(|key, _| keys.contains(key));
        let mut telling = JoinSet::new();
        for (operator, tournament) in moving {
            let told = self.told.entry((operator, tournament.number)).or_default().clone();
            if telling.len() >= ASKED_AT_ONCE {
                let next = telling.join_next().await;
                self.heard(next);
            }
            telling.spawn(tell(service.clone(), operator, tournament, told));
        }
        while let Some(told) = telling.join_next().await {
            self.heard(Some(told));
        }
        let untold: u64 = self.told.values().map(|told| told.untold).sum();
        metrics::gauge!("accolade_moves_untold_players").set(untold as f64);
    }

    fn heard(&mut self, told: Option<Result<(Key, Told), JoinError>>) {
        if let Some(Ok((key, told))) = told {
            self.told.insert(key, told);
        }
    }
}

/// Tells of a tournament of which so much is known, and says what is known then.
async fn tell(
    service: Service,
    operator: u32,
    tournament: Arc<Tournament>,
    mut told: Told,
) -> (Key, Told) {
    if let Err(problem) = service.tell_of_moved(operator, &tournament, &mut told).await {
        let (id, detail) = (&tournament.terms().id, &problem.detail);
        tracing::debug!(id, %detail, "who has moved is told at the next full time");
    }
    ((operator, tournament.number), told)
}

impl Service {
    /// Tournaments on whose leaderboards players move, of those whose ids belong to a partition that is here. Of a shadow
    /// nobody is told.
    fn moving(&self, known: &BTreeMap<Key, Told>) -> Vec<(u32, Arc<Tournament>)> {
        if !self.host.knows_rules() {
            return Vec::new();
        }
        let (rules, now) = (self.host.rules(), now());
        let is_it = |it: &&Arc<Tournament>| {
            let starts = Timestamp::from_micros(it.terms().starts);
            let is_live = starts <= now && now < it.closes().plus_micros(AFTER_MICROS);
            let home = partition_of(&it.terms().id, self.partitions());
            let takes_place = it.is_scheduled() && !it.is_filling() && !it.is_shadow();
            is_live && takes_place && self.host.whereabouts(home).is_ok()
        };
        let mut moving = Vec::new();
        for operator in rules.operators() {
            let number = operator.number;
            // Prizes may be paid before the last of it is told.
            let known = known.range((number, 0)..=(number, u32::MAX));
            let known = known.filter_map(|((_, it), _)| operator.tournaments.numbered(*it));
            let all = operator.tournaments.unpaid().chain(known).filter(is_it);
            let all: BTreeMap<u32, &Arc<Tournament>> = all.map(|it| (it.number, it)).collect();
            let all = all.into_values().map(|it| (number, Arc::clone(it)));
            moving.extend(all.enumerate());
        }
        // So that no operator with many keeps others from being told.
        moving.sort_by_key(|(place, _)| *place);
        moving.into_iter().map(|(_, it)| it).collect()
    }

    /// Tells where those stand whose scores have changed since it was told last. As long as a partition has not come to what was
    /// sent before, nothing is: where it stands, the same would be appended without end.
    async fn tell_of_moved(
        &self,
        operator: u32,
        tournament: &Tournament,
        told: &mut Told,
    ) -> Result<(), Problem> {
        let home = partition_of(&tournament.terms().id, self.partitions());
        let key = PositionKey::first_of(operator, tournament.number);
        let service = self.clone();
        let (up_to, time) = blocking(move || service.told_up_to(home, key)).await??;
        let is_unheard = |sent: Timestamp| time < sent && now() < sent.plus_micros(UNHEARD_MICROS);
        if told.unheard.is_some_and(is_unheard) {
            return Err(not_yet());
        }
        told.unheard = None;
        let ToldUpTo { revision, all: after, .. } = up_to;
        let moved = self.moved_since(operator, tournament, after, told.stood.as_ref()).await?;
        let Moved { untold, at, lines, stood } = moved;
        told.untold = untold;
        if lines.is_empty() {
            told.stood = stood;
            return Ok(());
        }
        let lines = lines.into_iter().map(|(position, line)| MovedLine {
            player_id: line.player,
            subject: to_hex(&line.standing.subject.0),
            position,
            score: line.standing.score.0.to_string(),
            reached: line.standing.changed_at.micros(),
        });
        let lines: Vec<MovedLine> = lines.collect();
        let pages = lines.len().div_ceil(MOVED_LINES_MAX);
        let sent = now();
        let look = sent.micros();
        let mut parcel = Parcel::default();
        for (page, lines) in (1_u32..).zip(lines.chunks(MOVED_LINES_MAX)) {
            let command = Command::Moved(MovedPage {
                tournament: tournament.number,
                revision: revision + u64::from(page),
                look,
                page,
                after: after.micros(),
                at: at.micros(),
                is_last: page as usize == pages,
                lines: lines.to_vec(),
            });
            parcel.add_command(home, &tournament.terms().operator, &command);
        }
        told.unheard = Some(sent);
        let all_applied = self.submit_and_wait(parcel).await?;
        if all_applied.iter().any(Option::is_none) {
            return Err(not_yet());
        }
        told.unheard = None;
        let mut are_all_told = true;
        for (outcome, _) in all_applied.into_iter().flatten() {
            match outcome {
                Outcome::Done { .. } => {}
                // Another node was first, or it was cancelled meanwhile.
                Outcome::Declined { why: Declined::Stale } => are_all_told = false,
                outcome => {
                    let detail = format!("who has moved was not taken: {outcome:?}");
                    tracing::error!(
                        id = tournament.terms().id,
                        detail,
                        "nobody is told who has moved"
                    );
                    return Err(io::Error::other(detail).into());
                }
            }
        }
        if are_all_told {
            told.stood = stood;
        }
        Ok(())
    }

    /// How far the positions of a tournament are told, in a partition that is here, and the time that this has come to.
    fn told_up_to(&self, home: u16, key: PositionKey) -> Result<(ToldUpTo, Timestamp), Problem> {
        let mut store = NodeStore::new(self.host.backing(home)?);
        let (excerpt, now) = self.read(home, |partition| {
            let positions = &partition.tables().positions;
            (positions.excerpt(Bound::Included(&key), 1), partition.time())
        })?;
        let Stretch { rows, .. } = excerpt.read(home, &mut store)?;
        let row = rows.into_iter().find(|(of, told)| *of == key && now < told.until);
        let up_to = match row.map(|(_, told)| told.says) {
            Some(Says::UpTo(up_to)) => up_to,
            Some(Says::Stands { .. }) | None => ToldUpTo::default(),
        };
        Ok((up_to, now))
    }
}
