//! Settling tournaments: once no position changes any more, results are fixed, each place is told to its player's
//! partition, which pays what is won there once, and at last it is said that all of them are.
//!
//! Whoever does it may do it again, or at the same time as another: positions are final, so everybody comes to the same;
//! of two who fix them the second is refused, and a place is told to its partition as often as it takes.
//! `docs/decisions/048` says why.

pub(crate) mod remarks;
pub(crate) mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::tournament::prizes::PrizeState;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::{Award, Command, Control};
use accolade_wire::identity::partition_of;
use accolade_wire::tournament::results::{
    Before, PlaceBefore, ResultLine, Results, named, prizes_of,
};
use accolade_wire::tournament::{ResultsTerms, Stage, TournamentTerms};
use tokio::task::{AbortHandle, JoinError, JoinSet};

use self::rows::{Asked, PlaceRow};
use crate::leaderboards::whole::Whole;
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::{Inner, Service, now};
use crate::submit::Parcel;

/// How often it is looked whether there is something to settle.
const EVERY: Duration = Duration::from_millis(500);
/// How long it takes until what has failed is tried again, at first and at the most.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_mins(1);
/// So many tournaments are settled at once, so that one with very many places holds up no other.
const SETTLED_AT_ONCE: usize = 4;
/// So many places are told at once.
const TOLD_AT_ONCE: usize = 1_000;
/// Who settles, and makes occurrences, as records say it.
pub(crate) const WHO: &str = "accolade";

/// An operator's number, a tournament's, and how often that is settled again.
type Key = (u32, u32, u32);

/// What this node has done, and what it tries again.
#[derive(Debug, Default)]
struct Settler {
    tried: BTreeMap<Key, Trying>,
    settling: JoinSet<Settled>,
}

/// A tournament of an operator, and whether all places were told by now.
type Settled = (u32, Arc<Tournament>, Result<bool, Problem>);

/// How far this node is with a tournament.
#[derive(Debug)]
struct Trying {
    /// What settles it, or did before.
    task: Option<AbortHandle>,
    /// Its places were told, and wait for somebody to approve of them.
    is_told: bool,
    wait: Duration,
    again_at: Instant,
}

impl Trying {
    fn begin() -> Self {
        Self { task: None, is_told: false, wait: AGAIN_MIN, again_at: Instant::now() }
    }

    fn is_under_way(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Waits longer each time.
    fn failed(&mut self) {
        self.again_at = Instant::now() + self.wait;
        self.wait = AGAIN_MAX.min(self.wait * 2);
    }
}

/// Settles what is to be settled, for as long as the service is there.
pub(crate) async fn run(service: Weak<Inner>) {
    let mut settler = Settler::default();
    while let Some(service) = service.upgrade().map(Service::of) {
        settler.look(&service).await;
        drop(service);
        tokio::time::sleep(EVERY).await;
    }
}

fn key_of(operator: u32, tournament: &Tournament) -> Key {
    (operator, tournament.number, tournament.settlement())
}

/// Goes as far as it can with a tournament.
async fn settle(service: Service, operator: u32, tournament: Arc<Tournament>) -> Settled {
    let settled = service.settle(operator, &tournament).await;
    (operator, tournament, settled)
}

impl Settler {
    async fn look(&mut self, service: &Service) {
        while let Some(settled) = self.settling.try_join_next() {
            self.heard(settled);
        }
        let due = service.to_settle();
        let keys: BTreeSet<Key> = due.iter().map(|(operator, it)| key_of(*operator, it)).collect();
        self.tried.retain(|key, _| keys.contains(key));
        for (operator, tournament) in due {
            if service.is_retired() || !self.has_room().await {
                return;
            }
            let key = key_of(operator, &tournament);
            let trying = self.tried.entry(key).or_insert_with(Trying::begin);
            let waits = trying.is_told && !tournament.pays();
            if waits || trying.is_under_way() || trying.again_at > Instant::now() {
                continue;
            }
            let task = self.settling.spawn(settle(service.clone(), operator, tournament));
            trying.task = Some(task);
        }
    }

    /// Waits until one more may be settled, as long as one look comes after another.
    async fn has_room(&mut self) -> bool {
        while self.settling.len() >= SETTLED_AT_ONCE {
            match tokio::time::timeout(EVERY, self.settling.join_next()).await {
                Ok(Some(settled)) => self.heard(settled),
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }

    fn heard(&mut self, settled: Result<Settled, JoinError>) {
        let Ok((operator, tournament, settled)) = settled else { return };
        let Some(trying) = self.tried.get_mut(&key_of(operator, &tournament)) else { return };
        match settled {
            Ok(told) => (trying.is_told, trying.wait) = (told, AGAIN_MIN),
            Err(problem) => {
                let (id, detail) = (&tournament.terms().id, &problem.detail);
                let operator = &tournament.terms().operator;
                if trying.wait > AGAIN_MIN {
                    tracing::warn!(%operator, id, %detail, "a tournament cannot be settled yet");
                }
                trying.failed();
            }
        }
    }
}

impl Service {
    /// Tournaments that are over and not paid, of those whose ids belong to a partition that is here.
    fn to_settle(&self) -> Vec<(u32, Arc<Tournament>)> {
        if !self.host.knows_rules() {
            return Vec::new();
        }
        let (rules, now) = (self.host.rules(), now());
        let mut due = Vec::new();
        for operator in rules.operators() {
            let number = operator.number;
            let unpaid = operator.tournaments.unpaid();
            let unpaid = unpaid.filter(|it| it.closes() <= now && !it.is_filling());
            let is_here = |it: &&Arc<Tournament>| {
                let partition = partition_of(&it.terms().id, self.partitions());
                self.host.whereabouts(partition).is_ok()
            };
            let own = unpaid.filter(is_here).map(|it| (number, Arc::clone(it)));
            due.extend(own.enumerate());
        }
        // So that no operator with many keeps others from being settled.
        due.sort_by_key(|(place, _)| *place);
        due.into_iter().map(|(_, it)| it).collect()
    }

    /// Goes as far as it can; says whether all places were told.
    async fn settle(&self, operator: u32, tournament: &Arc<Tournament>) -> Result<bool, Problem> {
        let terms = &**tournament.terms();
        let lines = if terms.stage == Stage::Approved {
            self.told_lines(operator, tournament).await?
        } else {
            let Some(results) = self.results(operator, tournament).await? else {
                return Ok(false);
            };
            if matches!(terms.stage, Stage::Scheduled | Stage::Resettling) {
                return self.fix(tournament, results).await.map(|()| false);
            }
            same_results(terms, results)?.lines
        };
        for some in lines.chunks(TOLD_AT_ONCE) {
            self.tell(tournament, some).await?;
        }
        if tournament.pays() {
            self.say(TournamentTerms { stage: Stage::Paid, ..terms.clone() }, tournament).await?;
        }
        Ok(true)
    }

    /// What the final leaderboard comes to; nothing while positions may change.
    async fn results(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
    ) -> Result<Option<Results>, Problem> {
        let terms = &**tournament.terms();
        let whole = self.named_lines(operator, tournament, terms, true).await?;
        let Some(whole) = whole else { return Ok(None) };
        // These may be very many, and nobody needs them before.
        let before = self.rows_before(operator, tournament, terms.settlement()).await?;
        Ok(Some(results_of(tournament, terms, whole, &before)))
    }

    /// What it would come to by now where it is settled as often as the terms say, by the places of the settlement before.
    pub(crate) async fn results_by_now(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
        terms: &TournamentTerms,
        before: &[PlaceRow],
    ) -> Result<Option<Results>, Problem> {
        let whole = self.named_lines(operator, tournament, terms, false).await?;
        Ok(whole.map(|whole| results_of(tournament, terms, whole, before)))
    }

    /// The lines that results name where it is settled as often as the terms say; where they are to be final, nothing while
    /// positions may change.
    async fn named_lines(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
        terms: &TournamentTerms,
        is_final: bool,
    ) -> Result<Option<Whole>, Problem> {
        let (prizes, settlement) = (prizes_of(terms), terms.settlement());
        let count = |players| named(terms, &prizes, players);
        self.whole_board(operator, tournament, settlement, is_final, count).await
    }

    /// All places of the settlement before one.
    pub(crate) async fn rows_before(
        &self,
        operator: u32,
        tournament: &Tournament,
        settlement: u32,
    ) -> Result<Vec<PlaceRow>, Problem> {
        let Some(settlement) = settlement.checked_sub(1) else { return Ok(Vec::new()) };
        let tournament = tournament.number;
        Asked { operator, tournament, settlement, after: 0, count: 0 }.ask_all(self).await
    }

    /// The places as their partitions have them, once they have all; else those of the leaderboard.
    async fn told_lines(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
    ) -> Result<Vec<ResultLine>, Problem> {
        let terms = tournament.terms();
        let settlement = tournament.settlement();
        let rows = self.rows_before(operator, tournament, settlement + 1).await?;
        let named = |results: &ResultsTerms| results.lines as usize + results.former as usize;
        let named = terms.results.as_ref().map_or(0, named);
        if rows.len() == named {
            // Of one who was refused before, what was paid may be taken back.
            let is_open = |row: &&PlaceRow| {
                matches!(row.state(), PrizeState::AwaitingApproval | PrizeState::NotEligible)
            };
            let waits = rows.iter().filter(is_open);
            return Ok(waits.map(PlaceRow::line).collect());
        }
        let results = self.results(operator, tournament).await?.ok_or_else(not_yet)?;
        Ok(same_results(terms, results)?.lines)
    }

    async fn fix(&self, tournament: &Tournament, results: Results) -> Result<(), Problem> {
        let before = (**tournament.terms()).clone();
        let results = Some(results.terms);
        self.say(TournamentTerms { stage: Stage::Settled, results, ..before }, tournament).await
    }

    /// Says how far a tournament has come, unless another node was first.
    pub(crate) async fn say(
        &self,
        terms: TournamentTerms,
        before: &Tournament,
    ) -> Result<(), Problem> {
        let (edited_from, who, why) = (before.edited_from(), WHO.to_owned(), String::new());
        let terms = TournamentTerms { edited_from, who, why, ..terms };
        let made = self.control(&Control::Tournament(terms)).await;
        match made {
            // Another node was first.
            Err(problem) if problem.refusal == Refusal::Stale => Ok(()),
            made => made.map(drop),
        }
    }

    /// Tells places to the partitions of their players, and hears that each has taken note.
    async fn tell(&self, tournament: &Tournament, lines: &[ResultLine]) -> Result<(), Problem> {
        let operator = &tournament.terms().operator;
        let pays = tournament.pays();
        let step = if pays { "pays" } else { "waits" };
        let mut parcel = Parcel::default();
        for line in lines {
            let ResultLine { place, position, player, score, events, points, thing, before } = line;
            let settlement = tournament.settlement();
            let of = if settlement == 0 { String::new() } else { format!("{settlement}.") };
            let command = Command::Award(Award {
                id: format!("prize {} {of}{place} {step}", tournament.number),
                player_id: player.clone(),
                tournament: tournament.number,
                place: *place,
                settlement,
                before: *before,
                position: *position,
                score: score.0.to_string(),
                events: *events,
                points: points.hundredths(),
                thing: *thing,
                pays,
            });
            parcel.add_command(partition_of(player, self.partitions()), operator, &command);
        }
        if parcel.is_empty() {
            return Ok(());
        }
        for (line, applied) in lines.iter().zip(self.submit_and_wait(parcel).await?) {
            match applied {
                Some((Outcome::Done { .. } | Outcome::Repeated { .. }, _)) => {}
                Some((Outcome::Declined { why: Declined::Stale }, _)) | None => {
                    return Err(not_yet());
                }
                Some((outcome, _)) => {
                    let detail = format!("place {} was not taken: {outcome:?}", line.place);
                    tracing::error!(id = tournament.terms().id, detail, "a prize cannot be paid");
                    return Err(io::Error::other(detail).into());
                }
            }
        }
        Ok(())
    }
}

/// What a tournament's lines come to, by the places of the settlement before.
fn results_of(
    tournament: &Tournament,
    terms: &TournamentTerms,
    Whole { players, lines }: Whole,
    before: &[PlaceRow],
) -> Results {
    let is_shadow = terms.is_shadow();
    let of = |row: &PlaceRow| {
        let place = row.before();
        // What would have been won binds nobody.
        PlaceBefore { goes_on: place.goes_on && !is_shadow, ..place }
    };
    let places: Vec<PlaceBefore> = before.iter().map(of).collect();
    let last = terms.settlement().checked_sub(1).and_then(|last| tournament.settled(last));
    let last = last.and_then(|said| said.terms.results.as_ref());
    let before = last.map(|results| Before { hash: &results.hash, places: &places });
    Results::of(terms, &prizes_of(terms), players, lines, before)
}

/// Results that are those which were fixed: whatever else they are, nobody is paid by them.
fn same_results(terms: &TournamentTerms, results: Results) -> Result<Results, Problem> {
    if terms.results.as_ref() == Some(&results.terms) {
        return Ok(results);
    }
    let detail = format!(
        "the leaderboard of `{}` comes to {:?}, and its results were fixed as {:?}",
        terms.id, results.terms, terms.results
    );
    tracing::error!(detail, "nobody is paid by results that are not those which were fixed");
    Err(io::Error::other(detail).into())
}
