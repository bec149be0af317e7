//! Tournaments as the rule book says them: all that each player's events count is kept, and every score is worked out anew
//! of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Expected, Identity, Input, Model, ModelAccount, ModelOutcome, Version, expected, tiers,
};
use crate::input::{
    ModelAggregate, ModelEvent, ModelFill, ModelPast, ModelRow, ModelStage, ModelTies,
    ModelTournament, SCORE_ONE,
};

/// No event counts more than 10^15 to either side.
const VALUE_MAX: i128 = 1_000_000_000_000_000 * SCORE_ONE;
/// The longest that a tournament lasts.
const LASTS_MAX: i64 = 400 * super::DAY;
/// So long before its start it is fixed.
const FIXED: i64 = 300_000_000;
/// So long after its close its scores are kept.
const KEPT: i64 = 30 * super::DAY;
/// So long before that it is not settled again any more.
const TOO_LATE: i64 = super::DAY;
/// How often it is settled again.
const AGAIN_MAX: u32 = 100;
/// So long after its close it is remarked what comes late.
const HEARD: i64 = 7 * super::DAY;

type Tournaments = Vec<Vec<ModelTournament>>;

/// Tournaments of all operators, and what was won in them here.
#[derive(Debug, Clone, Default)]
pub(super) struct Contests {
    /// What was said of each tournament of an operator, in the order in which they came.
    said: BTreeMap<String, Tournaments>,
    /// All events that could count in a tournament, in the order in which they came.
    heard: Vec<Heard>,
    /// What was told of events from before a tournament was scheduled: operator, tournament, player, batch and slot.
    told: BTreeSet<(String, u32, String, (u64, u32))>,
    /// The last event that came before a tournament was scheduled which had begun: batch and slot, by operator and tournament.
    past_to: BTreeMap<(String, u32), (u64, u32)>,
    /// How often what has happened.
    happened: BTreeMap<&'static str, u64>,
    /// How many wagers, voids and game events came late, by operator, tournament and how often that had been settled again.
    remarks: BTreeMap<(String, u32, u32), [u64; 3]>,
    /// Places, by operator, tournament, how often that had been settled again, and place.
    pub(super) places: BTreeMap<super::prizes::ModelPlaceKey, super::prizes::ModelPlaceRow>,
    /// Things that players have, by operator, tournament and player.
    pub(super) things: BTreeMap<(String, u32, String), BTreeSet<u8>>,
}

/// An event that was not seen before, of a player who was not excluded.
#[derive(Debug, Clone)]
struct Heard {
    /// The operator and the player.
    key: (String, String),
    event: ModelEvent,
    place: (u64, u32),
    /// When it came.
    now: i64,
    /// The version that applied to a wager then.
    version: Option<u32>,
    /// The batch and slot of the wager that a void takes back.
    wager: Option<(u64, u32)>,
}

/// What an event has changed.
#[derive(Debug, Default)]
struct Counted {
    lines: Vec<ModelScoredLine>,
    /// The same where it came late, with how often the tournament had been settled again.
    late: Vec<(u32, ModelScoredLine)>,
    happened: Vec<&'static str>,
}

/// What a player's events counted in a tournament.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelScores {
    /// The batch and slot of each event that counts, and what it counts.
    values: Vec<((u64, u32), i128)>,
    /// When the score was reached, and by which batch and slot.
    reached: (i64, u64, u32),
}

/// What an event, or a void, has changed in a tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the notice")]
pub struct ModelScoredLine {
    pub tournament: u32,
    pub value: i128,
    pub delta: i128,
    pub score: i128,
    pub events: u64,
}

/// How a player stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStanding {
    /// The player.
    pub player: String,
    /// The score.
    pub score: i128,
    /// Of how many events.
    pub events: u64,
    /// When it was reached, and by which partition, batch and slot.
    pub reached: (i64, u16, u64, u32),
}

/// A line of a leaderboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelLine {
    /// From 1.
    pub position: u64,
    /// Who, and with what.
    pub standing: ModelStanding,
}

impl ModelLine {
    /// Of a player who has no position.
    pub(super) fn none(player: &str) -> Self {
        let player = player.to_owned();
        let standing = ModelStanding { player, score: 0, events: 0, reached: (0, 0, 0, 0) };
        Self { position: 0, standing }
    }
}

impl ModelScores {
    fn score(&self, aggregate: ModelAggregate) -> i128 {
        let values = || self.values.iter().map(|(_, value)| *value);
        match aggregate {
            _ if self.values.is_empty() => 0,
            ModelAggregate::Sum | ModelAggregate::Count => values().sum(),
            ModelAggregate::Greatest => values().max().expect("there are some"),
            ModelAggregate::Least => values().min().expect("there are some"),
            ModelAggregate::Average => {
                let (sum, count) = (values().sum::<i128>(), self.values.len() as i128);
                // Half away from zero.
                let magnitude = (2 * sum.abs() + count) / (2 * count);
                if sum < 0 { -magnitude } else { magnitude }
            }
        }
    }

    /// Changes what counts, and says what has become of the score.
    fn change(
        &mut self,
        number: u32,
        aggregate: ModelAggregate,
        value: i128,
        reached: (i64, u64, u32),
        change: impl FnOnce(&mut Vec<((u64, u32), i128)>),
    ) -> ModelScoredLine {
        let (before, was_empty) = (self.score(aggregate), self.values.is_empty());
        change(&mut self.values);
        let score = self.score(aggregate);
        if was_empty || score != before {
            self.reached = reached;
        }
        let (delta, events) = (score - before, self.values.len() as u64);
        ModelScoredLine { tournament: number, value, delta, score, events }
    }
}

impl ModelTournament {
    /// Whether what counts at `now` comes late; nothing where it is not heard any more.
    fn is_late(&self, now: i64) -> Option<bool> {
        (now < self.closes() + HEARD).then(|| now >= self.closes())
    }
}

impl ModelAccount {
    /// What its events count where a tournament is settled so many times again: what came late counts once it is settled
    /// again after that.
    fn counted(&self, number: u32, settlement: u32) -> Option<&ModelScores> {
        let mut late = self.late.range((number, 0)..(number, settlement));
        late.next_back().map(|(_, scores)| scores).or_else(|| self.scores.get(&number))
    }

    /// What its events count in time, or, late, where it was settled so many times again.
    fn scores_of(&mut self, number: u32, late: Option<u32>) -> &mut ModelScores {
        let known = self.counted(number, late.map_or(0, |late| late + 1)).cloned();
        let known = known.unwrap_or_default();
        match late {
            Some(settlement) => self.late.entry((number, settlement)).or_insert(known),
            None => self.scores.entry(number).or_insert(known),
        }
    }
}

impl Model {
    /// An operator says what a tournament is from here on, by a record that was taken in at `now`: its number, or nothing
    /// where that is declined.
    pub fn tournament_said(
        &mut self,
        operator: &str,
        terms: &ModelTournament,
        now: i64,
    ) -> Option<u64> {
        let lasts = terms.ends - terms.starts;
        if !self.operators.contains_key(operator) || !terms.is_one() || lasts > LASTS_MAX {
            return None;
        }
        let all = self.contests.said.entry(operator.to_owned()).or_default();
        let known = all.iter().rposition(|said| said[0].id == terms.id);
        let last = |at: usize| all[at].last().expect("something was said of it");
        // One that was cancelled gives its id free.
        let is_free =
            |at: &usize| last(*at).stage == ModelStage::Cancelled && terms.edited_from == 0;
        let known = known.filter(|at| !is_free(at));
        let before = known.map(last);
        let times = known.map_or(0, |at| all[at].len());
        if times != terms.edited_from as usize {
            return None;
        }
        let has_begun = |it: &ModelTournament| it.fill.is_some() || now + FIXED >= it.starts;
        let is_fixed = before.is_some_and(|it| it.stage.takes_place() && has_begun(it));
        if let Some(before) = before {
            may_become(before, terms, is_fixed, now)?;
        }
        let has_begun = terms.starts <= now;
        let is_past = has_begun != terms.fill.is_some() || terms.ends <= now;
        if terms.stage.takes_place() && !is_fixed && is_past {
            return None;
        }
        let is_filled = before.is_some_and(|it| it.fill.is_some());
        let is_to_fill = terms.stage.takes_place() && terms.fill.is_some() && !is_filled;
        let at = known.unwrap_or_else(|| {
            all.push(Vec::new());
            all.len() - 1
        });
        all[at].push(terms.clone());
        let number = u32::try_from(at).expect("few") + 1;
        if is_to_fill {
            self.fill(operator, number, terms);
        }
        Some(number.into())
    }

    /// What came before a tournament was scheduled counts as if that had been there.
    fn fill(&mut self, operator: &str, number: u32, terms: &ModelTournament) {
        let Self { contests, accounts, operators, .. } = self;
        let is_of_it = |it: &&Heard| it.key.0 == operator && it.now < terms.closes();
        let mut count_of_past = 0;
        for heard in contests.heard.iter().filter(is_of_it) {
            let account = accounts.get_mut(&heard.key).expect("who has an event has one");
            let only = std::iter::once((number, terms));
            let Counted { lines, .. } = count(heard, only, account, &operators[operator]);
            count_of_past += lines.len() as u64;
            account.scored.extend(lines.into_iter().map(|line| vec![line]));
        }
        *contests.happened.entry("events of the past that count").or_default() += count_of_past;
        let last = contests.heard.last().map(|heard| heard.place).unwrap_or_default();
        contests.past_to.insert((operator.to_owned(), number), last);
    }

    /// Somebody who reads the log tells what events from before a tournament was scheduled count.
    pub(super) fn take_past(
        &mut self,
        (operator, player): &(String, String),
        number: u32,
        events: &[ModelPast],
        now: i64,
    ) -> Result<Expected, &'static str> {
        let closes = self.filled_so_far(operator, number, ModelFill::Reading, now)?;
        if events.iter().any(|event| event.place.0 == 0 || event.now >= closes) {
            return Err("malformed");
        }
        let of = |event: &ModelPast| (operator.clone(), number, player.clone(), event.place);
        self.contests.told.extend(events.iter().map(of));
        Ok(expected(ModelOutcome::Counted, None))
    }

    /// Somebody has some more of a player's events added up.
    pub(super) fn count_filled(
        &self,
        operator: &str,
        number: u32,
        now: i64,
    ) -> Result<Expected, &'static str> {
        self.filled_so_far(operator, number, ModelFill::Counting, now)?;
        Ok(expected(ModelOutcome::Counted, None))
    }

    /// When a tournament closes that is filled so far.
    fn filled_so_far(
        &self,
        operator: &str,
        number: u32,
        fill: ModelFill,
        now: i64,
    ) -> Result<i64, &'static str> {
        let terms = self.tournament(operator, number);
        let is_so = |it: &&ModelTournament| it.stage.takes_place() && it.fill == Some(fill);
        let terms = terms.filter(is_so).ok_or("stale")?;
        let last_close = self.last_close(operator, number).ok_or("stale")?;
        if now >= last_close + HEARD { Err("tournament_over") } else { Ok(terms.closes()) }
    }

    /// Whether it was told what an event from before a tournament was scheduled counts.
    pub fn is_told(&self, operator: &str, number: u32, player: &str, place: (u64, u32)) -> bool {
        let of = (operator.to_owned(), number, player.to_owned(), place);
        self.contests.told.contains(&of)
    }

    /// Whether an event came before a tournament was scheduled that had begun by then.
    pub fn is_past(&self, operator: &str, number: u32, place: (u64, u32)) -> bool {
        let to = self.contests.past_to.get(&(operator.to_owned(), number));
        to.is_some_and(|to| place <= *to)
    }

    /// Whether a tournament is being filled as far as is known here.
    pub fn fills_any(&self) -> bool {
        let mut all = self.contests.said.values().flatten().filter_map(|said| said.last());
        all.any(|it| it.stage.takes_place() && it.is_filling())
    }

    /// How often what has happened to scores here.
    pub fn happened(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.contests.happened.iter().map(|(what, count)| (*what, *count))
    }

    /// All tournaments of an operator as they were said last, by number from 1 on, and how often.
    pub fn tournaments(&self, operator: &str) -> Vec<(&ModelTournament, usize)> {
        let all = self.contests.said.get(operator).into_iter().flatten();
        all.map(|said| (said.last().expect("something was said of it"), said.len())).collect()
    }

    /// A tournament as it was said last.
    pub fn tournament(&self, operator: &str, number: u32) -> Option<&ModelTournament> {
        self.contests.said.get(operator)?.get((number as usize).checked_sub(1)?)?.last()
    }

    /// A tournament as it was said first, second, …
    pub fn tournament_as_of(
        &self,
        operator: &str,
        number: u32,
        times: u32,
    ) -> Option<&ModelTournament> {
        let said = self.contests.said.get(operator)?.get((number as usize).checked_sub(1)?)?;
        said.get((times as usize).checked_sub(1)?)
    }

    /// The latest close that was ever said of it.
    pub(super) fn last_close(&self, operator: &str, number: u32) -> Option<i64> {
        let said = self.contests.said.get(operator)?.get((number as usize).checked_sub(1)?)?;
        said.iter().map(ModelTournament::closes).max()
    }

    /// How many wagers, voids and game events came late here once it had been settled so many times again, where any did.
    pub fn remarks(&self, operator: &str, number: u32, settlement: u32) -> Option<[u64; 3]> {
        self.contests.remarks.get(&(operator.to_owned(), number, settlement)).copied()
    }

    /// How those players stand here who have a position, where it is settled so many times again.
    pub fn standings(&self, operator: &str, number: u32, settlement: u32) -> Vec<ModelStanding> {
        let Some(terms) = self.tournament(operator, number) else { return Vec::new() };
        let own = self.accounts.iter().filter(|((of, _), _)| of == operator);
        let standing = |((_, player), account): (&(String, String), &ModelAccount)| {
            let scores = account.counted(number, settlement)?;
            let events = scores.values.len() as u64;
            let (at, batch, slot) = scores.reached;
            (events >= u64::from(terms.events_min.max(1))).then(|| ModelStanding {
                player: player.clone(),
                score: scores.score(terms.query.aggregate),
                events,
                reached: (at, account.partition, batch, slot),
            })
        };
        own.filter_map(standing).collect()
    }

    fn is_excluded_now(&self, operator: &str, player: &str) -> bool {
        let account = self.accounts.get(&(operator.to_owned(), player.to_owned()));
        account.is_some_and(|it| it.is_excluded(self.batch_times[&it.partition]))
    }

    /// Whether nothing changes here any more in a tournament that takes place.
    pub fn is_over(&self, terms: &ModelTournament) -> bool {
        self.batch_times.values().all(|now| *now >= terms.closes())
    }

    /// Whether its scores may have been let go of.
    pub fn has_forgotten(&self, terms: &ModelTournament) -> bool {
        self.batch_times.values().any(|now| *now >= terms.closes() + KEPT)
    }

    /// Counts an event in the tournaments of its operator that came for the first time.
    pub(super) fn score(&mut self, input: &Input<'_>, identity: &Identity) {
        let Some(heard) = self.heard(input, identity) else { return };
        let Self { contests, accounts, operators, .. } = self;
        let all = contests.said.get(&heard.key.0).into_iter().flatten();
        let all = (1..).zip(all.filter_map(|said| said.last()));
        let all = all.filter(|(_, terms)| terms.stage.takes_place());
        let account = accounts.get_mut(&heard.key).expect("who has an event has one");
        let counted = count(&heard, all, account, &operators[&heard.key.0]);
        let Counted { lines, late, happened } = counted;
        for what in happened {
            *contests.happened.entry(what).or_default() += 1;
        }
        let kind = match heard.event {
            ModelEvent::Wager(_) => 0,
            ModelEvent::Void(_) => 1,
            _ => 2,
        };
        for (settlement, line) in &late {
            let of = (heard.key.0.clone(), line.tournament, *settlement);
            contests.remarks.entry(of).or_default()[kind] += 1;
        }
        account.scored.extend((!lines.is_empty()).then_some(lines));
        let late: Vec<_> = late.into_iter().map(|(_, line)| line).collect();
        account.scored_late.extend((!late.is_empty()).then_some(late));
        contests.heard.push(heard);
    }

    /// An event as tournaments hear of it; nothing where it counts in none and takes nothing back.
    fn heard(&self, input: &Input<'_>, identity: &Identity) -> Option<Heard> {
        let key = (identity.operator.clone(), identity.player.clone());
        let now = self.batch_times[&input.partition];
        let (mut version, mut wager) = (None, None);
        if let ModelEvent::Void(void) = input.event {
            let of = Identity { kind: "wager", id: void.wager_id.clone(), ..identity.clone() };
            wager = Some(self.find(&of, |_| true)?.place);
        } else {
            let is_excluded = self.accounts.get(&key).is_some_and(|it| it.is_excluded(now));
            let voided = (key.0.clone(), key.1.clone(), identity.id.clone());
            let is_wager = identity.kind == "wager";
            if is_excluded || is_wager && self.waiting_voids.contains_key(&voided) {
                return None;
            }
        }
        if let ModelEvent::Wager(it) = input.event {
            let applies = tiers::in_force(&self.operators[&key.0], it.timestamp);
            version = applies.map(|version| version.number);
        }
        let (event, place) = (input.event.clone(), input.place);
        Some(Heard { key, event, place, now, version, wager })
    }
}

/// What an event counts in tournaments, or a void takes back.
fn count<'t>(
    heard: &Heard,
    all: impl Iterator<Item = (u32, &'t ModelTournament)>,
    account: &mut ModelAccount,
    versions: &[Version],
) -> Counted {
    let Heard { now, place, .. } = *heard;
    let reached = (now, place.0, place.1);
    let is_wager = matches!(heard.event, ModelEvent::Wager(_));
    let mut counted = Counted::default();
    let happened = &mut counted.happened;
    for (number, terms) in all {
        let Some(is_late) = terms.is_late(now) else { continue };
        let late_in = is_late.then(|| terms.settlement());
        let aggregate = terms.query.aggregate;
        let line = if let Some(wager) = heard.wager {
            let known = account.counted(number, late_in.map_or(0, |it| it + 1));
            let Some(known) = known else { continue };
            let at = known.values.iter().position(|(of, _)| *of == wager);
            let Some(at) = at else { continue };
            let value = known.values[at].1;
            let out = |values: &mut Vec<_>| {
                values.remove(at);
            };
            let scores = account.scores_of(number, late_in);
            let line = scores.change(number, aggregate, value, reached, out);
            let is_best = matches!(aggregate, ModelAggregate::Greatest | ModelAggregate::Least);
            happened.push(if is_late { "late voids" } else { "scores taken back" });
            if is_best && line.events > 0 && line.delta != 0 {
                happened.push("scores whose best was taken back");
            }
            line
        } else {
            let at = heard.event.timestamp().expect("it is an event");
            if at < terms.starts || terms.ends <= at {
                continue;
            }
            let Some(worth) = worth(heard, terms, versions) else { continue };
            let value = terms.cap.map_or(worth, |cap| worth.min(cap));
            if value.abs() > VALUE_MAX {
                happened.push("events beyond any score");
                continue;
            }
            happened.push(match (is_late, is_wager) {
                (false, true) => "scores of wagers",
                (false, false) => "scores of game events",
                (true, true) => "late wagers",
                (true, false) => "late game events",
            });
            if value < worth {
                happened.push("scores cut by a cap");
            }
            if now >= terms.ends && !is_late {
                happened.push("events counted within a grace");
            }
            let add = |values: &mut Vec<_>| values.push((place, value));
            account.scores_of(number, late_in).change(number, aggregate, value, reached, add)
        };
        if terms.is_filling() {
            happened.push(match (is_late, heard.wager) {
                (true, _) => "late events while a tournament is filled",
                (false, Some(_)) => "voids while a tournament is filled",
                (false, None) => "events while a tournament is filled",
            });
        }
        match late_in {
            Some(settlement) => counted.late.push((settlement, line)),
            None => counted.lines.push(line),
        }
    }
    if heard.wager.is_none() && counted.lines.len() > 1 {
        happened.push("events counted in several tournaments");
    }
    counted
}

/// What an event counts before any cap.
fn worth(heard: &Heard, terms: &ModelTournament, versions: &[Version]) -> Option<i128> {
    match &heard.event {
        ModelEvent::Wager(wager) => {
            let version = versions.iter().find(|it| Some(it.number) == heard.version)?;
            let program = &version.program;
            let is_own = wager.currency == program.currency;
            let listed = program.rates.get(&wager.currency).copied();
            let rate = if is_own { 100_000_000 } else { listed? };
            terms.query.of_wager(ModelRow { wager, program, zone: &terms.zone, rate })
        }
        ModelEvent::Game(game) => terms.query.of_game(game, &terms.zone),
        _ => None,
    }
}

/// Whether a tournament may be changed so, by a record that was taken in at `now`.
fn may_become(
    before: &ModelTournament,
    terms: &ModelTournament,
    is_fixed: bool,
    now: i64,
) -> Option<()> {
    use ModelStage::{Approved, Cancelled, Draft, Paid, Resettling, Scheduled, Settled};
    if terms.stage.is_settled() {
        let is_next = match (before.stage, terms.stage) {
            (Scheduled, Settled) => now >= before.closes() && !before.is_filling(),
            (Settled, Approved) => before.approval,
            (Settled, Paid) => !before.approval,
            (Approved, Paid) | (Resettling, Settled) => true,
            (Paid, Resettling) => {
                let again = terms.again.as_ref()?;
                again.times == before.settlement() + 1
                    && again.times <= AGAIN_MAX
                    && now < before.closes() + KEPT - TOO_LATE
            }
            _ => false,
        };
        let is_first = terms.stage == Settled;
        let results = if is_first { &terms.results } else { &before.results };
        let mut expected = before.clone();
        (expected.stage, expected.results) = (terms.stage, results.clone());
        expected.edited_from = terms.edited_from;
        if terms.stage == Resettling {
            expected.again.clone_from(&terms.again);
        }
        return (is_next && expected == *terms).then_some(());
    }
    if before.stage.takes_place() && terms.fill != before.fill {
        let is_next = match before.fill {
            Some(ModelFill::Reading) => terms.fill == Some(ModelFill::Counting),
            Some(ModelFill::Counting) => terms.fill == Some(ModelFill::Done),
            Some(ModelFill::Done) | None => false,
        };
        let (fill, edited_from) = (terms.fill, terms.edited_from);
        let expected = ModelTournament { edited_from, fill, ..before.clone() };
        return (is_next && expected == *terms).then_some(());
    }
    // One that cannot be filled can be given up at any time.
    let gives_up = before.is_filling() && terms.stage == Cancelled;
    let is_over = before.stage.takes_place() && now >= before.ends && !gives_up;
    if before.stage == Cancelled || is_over {
        return None;
    }
    if !is_fixed || terms.stage == Cancelled {
        return Some(());
    }
    if before.is_filling() && terms.ends != before.ends {
        return None;
    }
    // What players play for stays as it is; it may end earlier, in the time to come.
    let said = |of: &ModelTournament| {
        let query = of.query.sql();
        let decides = (of.starts, of.grace_seconds, of.zone.offsets.clone(), of.cap, of.ties);
        (query, decides, of.events_min, of.prizes.clone(), of.approval)
    };
    let is_same = said(before) == said(terms) && terms.stage != Draft;
    let is_earlier = terms.ends < before.ends && terms.ends > now;
    (is_same && (terms.ends == before.ends || is_earlier)).then_some(())
}

/// The leaderboard of all partitions together, by sorting.
pub fn board(models: &[&Model], operator: &str, number: u32, settlement: u32) -> Vec<ModelLine> {
    shown_board(models, operator, number, settlement, |_| true)
}

/// The same without those who are excluded, but for partitions in which no score changes any more.
pub fn shown_board(
    models: &[&Model],
    operator: &str,
    number: u32,
    settlement: u32,
    is_final: impl Fn(u16) -> bool,
) -> Vec<ModelLine> {
    let Some(terms) = models.first().and_then(|model| model.tournament(operator, number)) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for model in models {
        let standings = model.standings(operator, number, settlement).into_iter();
        all.extend(standings.filter(|it| {
            let (_, partition, ..) = it.reached;
            is_final(partition) || !model.is_excluded_now(operator, &it.player)
        }));
    }
    all.sort_by_key(|it| {
        let events = i128::from(it.events);
        let by_events = match terms.ties {
            ModelTies::First | ModelTies::Shared => 0,
            ModelTies::MostEvents => -events,
            ModelTies::FewestEvents => events,
        };
        (-it.score, by_events, it.reached)
    });
    let scores: Vec<i128> = all.iter().map(|it| it.score).collect();
    let position = |(index, standing): (usize, ModelStanding)| {
        let ahead = match terms.ties {
            ModelTies::Shared => scores.iter().filter(|score| **score > standing.score).count(),
            ModelTies::First | ModelTies::MostEvents | ModelTies::FewestEvents => index,
        };
        ModelLine { position: ahead as u64 + 1, standing }
    };
    all.into_iter().enumerate().map(position).collect()
}
