//! Tournaments of an operator: which events of its players count where.
//!
//! None is ever taken away: each change says all of a tournament again, with the control record by which it came.

mod candidates;
pub mod series;
pub mod standing;

use std::sync::{Arc, OnceLock};

use accolade_domain::outcome::Declined;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_domain::tournament;
use accolade_wire::tournament::prizes::PrizeTerms;
use accolade_wire::tournament::{Fill, Stage, TournamentTerms};
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

pub use self::candidates::{Asked, Candidate, Candidates};
use self::series::{SERIES_ID_BYTES_MAX, TIMES_A_DAY_MAX, times_a_day};
use super::{Said, Since};
use crate::apply::AHEAD_MICROS_MAX;

/// The behaviour from which on there are any.
pub const FROM_BEHAVIOUR: u16 = 2;
/// Most tournaments of an operator that are not over.
pub const LIVE_MAX: usize = 2_000;
/// Most tournaments that an operator may ever have had.
pub const EVER_MAX: usize = 200_000;
/// How often a tournament may be changed; it can always be cancelled.
pub const SAID_MAX: usize = 500;
/// Greatest length of an id in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Greatest length of a name.
pub const NAME_BYTES_MAX: usize = 128;
/// Greatest length of a description, of a reason, and of who says it.
pub const TEXT_BYTES_MAX: usize = 2_048;
/// Longest time after the end in which events from before it still count.
pub const GRACE_SECONDS_MAX: u32 = 86_400;
/// Most positions that players see.
pub const PUBLIC_POSITIONS_MAX: u32 = 1_000_000;
/// Most players for whom there are seats in a tournament.
pub const PARTICIPANTS_MAX: u32 = 1_000_000;
/// Most offsets of a zone: those of its window.
pub const ZONE_OFFSETS_MAX: usize = 100;
/// Longest hash of results in figures.
const HASH_BYTES_MAX: usize = 64;
/// The longest that a tournament lasts.
pub const LASTS_MICROS_MAX: i64 = 400 * DAY_MICROS;
/// So long before its start a tournament is fixed: events that are dated ahead count already, and a partition may hear of a
/// change a little late.
const FIXED_MICROS: i64 = AHEAD_MICROS_MAX + 180_000_000;
/// How often a tournament is settled again.
pub const SETTLED_AGAIN_MAX: u32 = 100;
/// Longest name of a request that asks for it.
const REQUEST_BYTES_MAX: usize = 64;
/// No partition whose rules have a control record stands so long before it.
const BEHIND_MICROS: i64 = DAY_MICROS;

/// All tournaments of an operator, those that are over too.
#[derive(Debug, Clone, Default)]
pub struct Tournaments {
    all: RedBlackTreeMapSync<u32, Arc<Tournament>>,
    /// The newest of an id: one that was cancelled gives it free.
    numbers: RedBlackTreeMapSync<Box<str>, u32>,
    /// When the newest change came.
    changed_at: Timestamp,
    /// Those that take place and whose prizes are not all paid.
    unpaid: RedBlackTreeSetSync<u32>,
    /// Series that take place.
    series: RedBlackTreeSetSync<u32>,
    /// What was made of series: the series' number, and the tournament's.
    occurrences: RedBlackTreeSetSync<(u32, u32)>,
    /// Made when an event comes first.
    candidates: Arc<OnceLock<Candidates>>,
    /// Likewise: when the tournaments end in which one could come late.
    ends: Arc<OnceLock<Vec<Timestamp>>>,
    /// Made when an event comes late first.
    late: Arc<OnceLock<Candidates>>,
    /// Likewise: those that are filled, or were.
    filled: Arc<OnceLock<Vec<Arc<Tournament>>>>,
}

/// One tournament.
#[derive(Debug)]
pub struct Tournament {
    /// 1, 2, 3, … for each operator.
    pub number: u32,
    /// What was said of it, oldest first; at least once.
    said: Vec<Said<TournamentTerms>>,
    /// What decides about it, made when it is needed first.
    decides: OnceLock<tournament::Tournament>,
}

impl PartialEq for Tournaments {
    fn eq(&self, other: &Self) -> bool {
        (&self.all, &self.numbers) == (&other.all, &other.numbers)
    }
}

impl Eq for Tournaments {}

impl PartialEq for Tournament {
    fn eq(&self, other: &Self) -> bool {
        (self.number, &self.said) == (other.number, &other.said)
    }
}

impl Eq for Tournament {}

impl Tournaments {
    /// All tournaments, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Tournament>> {
        self.all.values()
    }

    /// Whether there was never any.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The tournaments from `number` on.
    pub fn from(&self, number: u32) -> impl Iterator<Item = &Arc<Tournament>> {
        self.all.range(number..).map(|(_, tournament)| tournament)
    }

    /// The newest tournament of an id.
    pub fn get(&self, id: &str) -> Option<&Arc<Tournament>> {
        self.all.get(self.numbers.get(id)?)
    }

    /// The tournament with a number.
    pub fn numbered(&self, number: u32) -> Option<&Arc<Tournament>> {
        self.all.get(&number)
    }

    /// Those that take place and whose prizes are not all paid, oldest first.
    pub fn unpaid(&self) -> impl Iterator<Item = &Arc<Tournament>> {
        self.unpaid.iter().filter_map(|number| self.all.get(number))
    }

    /// Those in which an event could count.
    pub fn candidates(&self) -> &Candidates {
        self.candidates.get_or_init(|| {
            let since = self.changed_at.plus_micros(-BEHIND_MICROS);
            let may_count =
                |it: &&Arc<Tournament>| it.is_scheduled() && !it.is_series() && since < it.closes();
            Candidates::of(self.all.values().filter(may_count))
        })
    }

    /// Gives each in which an event of `at` that is decided at `now` comes late. That costs next to nothing for one that
    /// does in none.
    pub fn each_late<'t>(
        &'t self,
        asked: &Asked<'_>,
        at: Timestamp,
        now: Timestamp,
        give: impl FnMut(&'t Candidate),
    ) {
        let ends = self.ends.get_or_init(|| {
            let mut ends: Vec<_> = self.may_be_late().map(|it| it.terms().ends).collect();
            ends.sort_unstable();
            ends.into_iter().map(Timestamp::from_micros).collect()
        });
        let after = ends.partition_point(|ends| *ends <= at);
        if ends.get(after).is_some_and(|ends| *ends <= now) {
            let late = self.late.get_or_init(|| Candidates::of(self.may_be_late()));
            late.each(asked, |tournament| tournament.decides().is_late(at, now), give);
        }
    }

    fn may_be_late(&self) -> impl Iterator<Item = &Arc<Tournament>> {
        let since = self.changed_at.plus_micros(-BEHIND_MICROS);
        let is_heard = move |it: &&Arc<Tournament>| since < it.heard_until();
        self.all.values().filter(|it| it.is_scheduled() && !it.is_series()).filter(is_heard)
    }

    /// Those that had begun before they were scheduled, as long as anything may come of their events.
    pub fn filled(&self) -> &[Arc<Tournament>] {
        self.filled.get_or_init(|| {
            let of_past = |it: &&Arc<Tournament>| it.terms().fill.is_some();
            self.may_be_late().filter(of_past).cloned().collect()
        })
    }

    /// Adds a tournament that was read, which has the next number, or changes one that is there.
    pub(super) fn put(&mut self, tournament: Tournament) -> bool {
        let id = &*tournament.terms().id;
        let number = tournament.number;
        let is_next = match self.numbers.get(id) {
            Some(known) if *known == number => true,
            Some(_) | None => number as usize == self.all.size() + 1,
        };
        self.changed_at = self.changed_at.max(tournament.changed().time);
        self.numbers.insert_mut(id.into(), number);
        let (is_on, is_series) = (tournament.is_scheduled(), tournament.is_series());
        keep(&mut self.series, number, is_on && is_series);
        let is_unpaid = is_on && !is_series && tournament.terms().stage != Stage::Paid;
        keep(&mut self.unpaid, number, is_unpaid);
        if let Some(of) = tournament.terms().series {
            self.occurrences.insert_mut((of.number, number));
        }
        self.all.insert_mut(number, Arc::new(tournament));
        (self.candidates, self.ends, self.late, self.filled) = Default::default();
        is_next
    }

    /// Makes a tournament or changes one, and returns its number.
    pub(super) fn say(&mut self, terms: TournamentTerms, since: Since) -> Result<u32, Declined> {
        let decides = decides(&terms).ok_or(Declined::Malformed)?;
        if let Some(of) = terms.series.filter(|_| terms.edited_from == 0) {
            self.check_occurrence(&terms.id, of)?;
        }
        let tournament = match self.get(&terms.id) {
            Some(before) if !(before.is_cancelled() && terms.edited_from == 0) => before,
            Some(_) | None => &self.next(since.time)?,
        };
        if tournament.said.len() != terms.edited_from as usize {
            return Err(Declined::Stale);
        }
        if terms.edited_from > 0 {
            tournament.may_become(&terms, &decides, since.time)?;
        }
        if terms.stage.takes_place() && terms.recurs.is_some() {
            let beside = self.times_a_day_beside(tournament.number);
            if beside.saturating_add(times_a_day(&terms)) > TIMES_A_DAY_MAX {
                return Err(Declined::TooManyTournaments);
            }
        } else if terms.stage.takes_place() && !tournament.is_fixed(since.time) {
            // What was folded before is read of the log, and what is yet to come is not in the past.
            if (decides.starts <= since.time) != terms.fill.is_some() || decides.ends <= since.time
            {
                return Err(Declined::TournamentPast);
            }
        }
        let is_fill = terms.edited_from > 0 && terms.fill != tournament.terms().fill;
        let may_be_said = terms.stage == Stage::Cancelled || terms.stage.is_settled() || is_fill;
        if tournament.said.len() >= SAID_MAX && !may_be_said {
            return Err(Declined::TooManyTournaments);
        }
        let mut said = tournament.said.clone();
        said.push(Said { terms: Arc::new(terms), since });
        let number = tournament.number;
        self.put(Tournament { number, said, decides: decides.into() });
        Ok(number)
    }

    /// A tournament of which nothing was said yet.
    fn next(&self, now: Timestamp) -> Result<Arc<Tournament>, Declined> {
        let live = self.all().rev().filter(|tournament| !tournament.is_over(now));
        if self.all.size() >= EVER_MAX || live.take(LIVE_MAX).count() >= LIVE_MAX {
            return Err(Declined::TooManyTournaments);
        }
        let number = u32::try_from(self.all.size() + 1).expect("there are fewer than 2^32");
        Ok(Arc::new(Tournament { number, said: Vec::new(), decides: OnceLock::new() }))
    }
}

impl Tournament {
    /// One of which this was said; nothing where nothing was.
    pub(super) fn of(number: u32, said: Vec<Said<TournamentTerms>>) -> Option<Self> {
        (!said.is_empty()).then_some(Self { number, said, decides: OnceLock::new() })
    }

    /// What was said of it, oldest first.
    pub fn said(&self) -> &[Said<TournamentTerms>] {
        &self.said
    }

    fn last(&self) -> &Said<TournamentTerms> {
        self.said.last().expect("something was said of every tournament")
    }

    /// What it is.
    pub fn terms(&self) -> &Arc<TournamentTerms> {
        &self.last().terms
    }

    /// What decides about it.
    pub fn decides(&self) -> &tournament::Tournament {
        self.decides.get_or_init(|| {
            let made = decides(self.terms());
            made.expect("what is no tournament was never ordered")
        })
    }

    /// How it became what it is.
    pub fn changed(&self) -> Since {
        self.last().since
    }

    /// How it came.
    pub fn since(&self) -> Since {
        self.said.first().expect("something was said of every tournament").since
    }

    /// What names the next change.
    pub fn edited_from(&self) -> u32 {
        u32::try_from(self.said.len()).expect("nothing is said so often")
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.terms().stage == Stage::Cancelled
    }

    /// Whether events count in it when their time has come.
    pub fn is_scheduled(&self) -> bool {
        self.terms().stage.takes_place()
    }

    /// Whether it was scheduled at any time, so that players may have opted in.
    pub(crate) fn was_scheduled(&self) -> bool {
        self.said.iter().any(|said| said.terms.stage.takes_place())
    }

    /// Whether its positions are fixed.
    pub fn is_settled(&self) -> bool {
        self.terms().stage.is_settled()
    }

    /// Whether something of it that was played before it was scheduled has yet to be counted.
    pub fn is_filling(&self) -> bool {
        self.is_scheduled() && self.terms().is_filling()
    }

    /// Whether it is computed beside another system's, shown to staff alone, and paid by nobody.
    pub fn is_shadow(&self) -> bool {
        self.terms().is_shadow()
    }

    /// Whether its prizes may be paid; of a shadow's it is only noted what they would have been.
    pub fn pays(&self) -> bool {
        let terms = self.terms();
        match terms.stage {
            Stage::Settled => !terms.needs_approval(),
            Stage::Approved | Stage::Paid => true,
            Stage::Draft | Stage::Scheduled | Stage::Cancelled | Stage::Resettling => false,
        }
    }

    /// How often it was settled again, or is being.
    pub fn settlement(&self) -> u32 {
        self.terms().settlement()
    }

    /// What was said of it when it was settled for the last time, or before that; nothing where it was not.
    pub fn settled(&self, settlement: u32) -> Option<&Said<TournamentTerms>> {
        self.reached(settlement, Stage::Settled)
    }

    /// What was said of it when a settlement came so far.
    pub fn reached(&self, settlement: u32, stage: Stage) -> Option<&Said<TournamentTerms>> {
        let is_it =
            |terms: &TournamentTerms| (terms.settlement(), terms.stage) == (settlement, stage);
        self.said.iter().find(|said| is_it(&said.terms))
    }

    /// Whether nothing counts in it any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_once = self.is_scheduled() && !self.is_series();
        self.is_cancelled() || is_once && now >= self.closes()
    }

    /// From when on nothing counts any more.
    pub fn closes(&self) -> Timestamp {
        self.terms().closes()
    }

    /// Whether no record changes a score of it any more in a partition that has heard of so many control records, and has
    /// come to a time. A draft may yet be said to begin and to end later.
    pub fn is_final_at(&self, applied: u64, time: Timestamp) -> bool {
        let may_change = self.terms().stage == Stage::Draft || self.is_filling();
        applied >= self.changed().control && time >= self.closes() && !may_change
    }

    /// Until when events that come late are counted apart.
    pub fn heard_until(&self) -> Timestamp {
        self.closes().plus_micros(tournament::HEARD_MICROS)
    }

    /// Until when it is kept what single events count, which never becomes earlier: a row that ended before the one that
    /// it replaces would let that come back.
    pub fn values_until(&self) -> Timestamp {
        let closes = self.said.iter().map(|said| said.terms.closes());
        let closes = closes.max().expect("something was said of every tournament");
        closes.plus_micros(tournament::HEARD_MICROS)
    }

    /// Until when it can be settled again.
    pub fn resettles_until(&self) -> Timestamp {
        self.kept_until().plus_micros(-tournament::RESETTLED_BEFORE_MICROS)
    }

    /// Whether somebody may still ask for its scores.
    pub fn keeps_scores(&self, now: Timestamp) -> bool {
        let is_asked_for = self.settlement() > 0 && self.terms().stage != Stage::Paid;
        now < self.kept_until() || is_asked_for
    }

    /// Until when its scores are kept.
    pub fn kept_until(&self) -> Timestamp {
        self.closes().plus_micros(tournament::KEPT_MICROS)
    }

    /// Whether events may count already.
    fn is_fixed(&self, now: Timestamp) -> bool {
        let is_once = !self.said.is_empty() && self.is_scheduled() && !self.is_series();
        // Whoever says something next may have a clock that is behind.
        let had_begun = || self.terms().fill.is_some();
        is_once && (had_begun() || now.plus_micros(FIXED_MICROS).micros() >= self.terms().starts)
    }

    /// Decides whether it may be changed so: what is fixed goes on as it is, and may only end earlier.
    fn may_become(
        &self,
        terms: &TournamentTerms,
        decides: &tournament::Tournament,
        now: Timestamp,
    ) -> Result<(), Declined> {
        let before = self.terms();
        if (terms.recurs.is_some(), terms.series) != (before.recurs.is_some(), before.series) {
            return Err(Declined::Malformed);
        }
        if self.is_series() {
            return if self.is_cancelled() { Err(Declined::TournamentOver) } else { Ok(()) };
        }
        if terms.stage.is_settled() {
            return self.may_settle(terms, now);
        }
        if self.is_scheduled() && terms.fill != before.fill {
            return self.may_fill(terms);
        }
        let is_over = self.is_scheduled() && now.micros() >= before.ends;
        // What cannot be filled would never be settled.
        let gives_up = self.is_filling() && terms.stage == Stage::Cancelled;
        if self.is_cancelled() || is_over && !gives_up {
            return Err(Declined::TournamentOver);
        }
        if terms.stage == Stage::Cancelled {
            return Ok(());
        }
        if self.was_scheduled() && !keeps_opt_in(self.terms(), terms) {
            return Err(Declined::OptInFixed);
        }
        // Whoever watches it by then would see a shadow, and what counts would not have been told.
        if self.was_scheduled() && terms.mode != self.terms().mode {
            return Err(Declined::TournamentBegan);
        }
        if !self.is_fixed(now) {
            return Ok(());
        }
        // What would not count any more may have been told already.
        if self.is_filling() && decides.ends != self.decides().ends {
            return Err(Declined::TournamentBegan);
        }
        let before = self.decides();
        let is_same = tournament::Tournament { ends: before.ends, ..decides.clone() } == *before;
        let wins = |of: &TournamentTerms| (of.prizes.clone(), of.approval);
        let is_same = is_same && wins(terms) == wins(self.terms());
        if !is_same || terms.stage == Stage::Draft || decides.ends > before.ends {
            return Err(Declined::TournamentBegan);
        }
        if decides.ends != before.ends && decides.ends <= now {
            return Err(Declined::TournamentPast);
        }
        Ok(())
    }

    /// Decides whether it is filled so far, which changes nothing else of it. It may be over meanwhile.
    fn may_fill(&self, terms: &TournamentTerms) -> Result<(), Declined> {
        let before = &**self.terms();
        let is_next = match (before.fill, terms.fill) {
            (Some(Fill::Reading), fill) => fill == Some(Fill::Counting),
            (Some(Fill::Counting), fill) => fill == Some(Fill::Done),
            (Some(Fill::Done) | None, _) => false,
        };
        let (fill, edited_from) = (terms.fill, terms.edited_from);
        let (why, who) = (terms.why.clone(), terms.who.clone());
        let expected = TournamentTerms { fill, edited_from, why, who, ..before.clone() };
        if is_next && *terms == expected { Ok(()) } else { Err(Declined::Malformed) }
    }

    /// Decides whether its settlement has come so far, which changes nothing else of it.
    fn may_settle(&self, terms: &TournamentTerms, now: Timestamp) -> Result<(), Declined> {
        let before = &**self.terms();
        let is_next = match (before.stage, terms.stage) {
            (Stage::Scheduled, Stage::Settled) => now >= self.closes() && !before.is_filling(),
            (Stage::Settled, Stage::Approved) => before.needs_approval(),
            (Stage::Settled, Stage::Paid) => !before.needs_approval(),
            (Stage::Approved, Stage::Paid)
            | (Stage::Paid, Stage::Resettling)
            | (Stage::Resettling, Stage::Settled) => true,
            (before, next) if before == next => return Err(Declined::TournamentOver),
            _ => return Err(Declined::Stale),
        };
        let is_first = terms.stage == Stage::Settled;
        let (stage, results) =
            (terms.stage, if is_first { &terms.results } else { &before.results });
        let begins = stage == Stage::Resettling;
        let again = if begins { &terms.again } else { &before.again }.clone();
        if begins {
            let is_next = again.as_ref().is_some_and(|again| {
                again.times == before.settlement() + 1 && again.request.len() <= REQUEST_BYTES_MAX
            });
            if !is_next || terms.settlement() > SETTLED_AGAIN_MAX {
                return Err(Declined::Malformed);
            }
            if now >= self.resettles_until() {
                return Err(Declined::TournamentOver);
            }
        }
        let (edited_from, why, who) = (terms.edited_from, terms.why.clone(), terms.who.clone());
        let results = results.clone();
        let expected =
            TournamentTerms { stage, results, again, edited_from, why, who, ..before.clone() };
        let is_same = *terms == expected && terms.results.is_some();
        if is_next && is_same { Ok(()) } else { Err(Declined::Malformed) }
    }

    /// As it was after the first `number` control records.
    pub(super) fn as_of(&self, number: u64) -> Option<Self> {
        let said = self.said.iter().take_while(|said| said.since.control <= number);
        Self::of(self.number, said.cloned().collect())
    }
}

/// Whether players who have opted in, and have a seat, still do and have.
fn keeps_opt_in(before: &TournamentTerms, after: &TournamentTerms) -> bool {
    let seats = |terms: &TournamentTerms| terms.participants_max.unwrap_or(u32::MAX);
    before.opt_in == after.opt_in && seats(before) <= seats(after)
}

/// Keeps a number or not.
fn keep(numbers: &mut RedBlackTreeSetSync<u32>, number: u32, is_kept: bool) {
    if is_kept {
        numbers.insert_mut(number);
    } else {
        numbers.remove_mut(&number);
    }
}

/// Whether it may have begun before it was scheduled: nobody could have opted in, and a series makes its occurrences ahead.
fn may_be_filled(terms: &TournamentTerms) -> bool {
    let takes_place_once = terms.recurs.is_none() && terms.series.is_none();
    takes_place_once && !terms.opt_in && terms.stage != Stage::Draft
}

/// What decides about a tournament, where its terms are within their bounds.
fn decides(terms: &TournamentTerms) -> Option<tournament::Tournament> {
    let TournamentTerms { id, name, description, why, who, .. } = terms;
    let id_bytes_max = if terms.recurs.is_some() { SERIES_ID_BYTES_MAX } else { ID_BYTES_MAX };
    let is_well_formed = (1..=id_bytes_max).contains(&id.len())
        && times_a_day(terms) <= TIMES_A_DAY_MAX
        // A series is never over, so nothing of it is ever settled.
        && (terms.recurs.is_none() || !terms.stage.is_settled())
        && (1..=NAME_BYTES_MAX).contains(&name.len())
        && (1..=TEXT_BYTES_MAX).contains(&who.len())
        && [description, why].into_iter().all(|text| text.len() <= TEXT_BYTES_MAX)
        && terms.timezone.len() <= NAME_BYTES_MAX
        && terms.zone.len() <= ZONE_OFFSETS_MAX
        && terms.zone.is_sorted_by_key(|(from, _)| *from)
        && terms.grace_seconds <= GRACE_SECONDS_MAX
        && terms.ends.checked_sub(terms.starts).is_some_and(|lasts| lasts <= LASTS_MICROS_MAX)
        && terms.public_positions <= PUBLIC_POSITIONS_MAX
        && terms.participants_max.is_none_or(|most| most <= PARTICIPANTS_MAX)
        && (terms.results.is_some() || !terms.stage.is_settled())
        && (terms.again.is_none() || terms.stage.is_settled())
        // Players see nothing of a shadow, so none could opt in.
        && !(terms.is_shadow() && terms.opt_in)
        && (terms.fill.is_none() || may_be_filled(terms))
        && terms.results.as_ref().is_none_or(|results| results.hash.len() <= HASH_BYTES_MAX)
        && terms.prizes.iter().all(PrizeTerms::is_within_bounds);
    terms.tournament().filter(|_| is_well_formed)
}
