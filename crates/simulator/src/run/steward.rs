//! Whoever makes tournaments, and settles them: any node that looks, one after the other or at the same time, as often as it
//! takes.

use std::sync::Arc;

use accolade_engine::partition::Partition;
use accolade_engine::rules::Rules;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::identity::partition_of;
use accolade_wire::record::Slice;
use accolade_wire::tournament::results::{
    Before, PlaceBefore, RankedLine, ResultLine, Results, named, prizes_of,
};
use accolade_wire::tournament::{Stage, TiesBy};

use super::boards::{Part, together};
use super::clerk::Sent;
use super::item::{Item, terms_of};
use super::{Run, check};
use crate::input::{
    ModelAgain, ModelAsked, ModelAward, ModelBecomes, ModelFill, ModelRequest, ModelResults,
    ModelStage, ModelTournament,
};
use crate::model::Model;
use crate::model::prizes::{ModelPlaceKey, ModelPlaceRow, ModelPrizeState};
use crate::random::Random;
use crate::workload::OPERATORS;
use crate::workload::tournaments::{Style, begun, query, tournament};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Nobody waits longer for something that begins or ends.
const AHEAD_MAX: i64 = 9 * DAY;
/// So often a tournament is settled again at most.
const AGAIN_MAX: u32 = 4;
/// So many tournaments are made in a world at most.
const MADE_MAX: u64 = 16;

/// What a node knows of a tournament that is over and not paid.
#[derive(Debug)]
pub(crate) struct Over {
    operator: String,
    tournament: Arc<Tournament>,
    /// The leaderboard, where no position changes any more and all scores are there.
    lines: Option<Vec<RankedLine>>,
}

/// What is said of tournaments, and asked of players' partitions.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The moment at which it arrives, where that is another than now.
    pub(crate) at: Option<i64>,
    /// When something begins or ends.
    pub(crate) moments: Vec<i64>,
    pub(crate) said: Vec<(String, ModelTournament)>,
    pub(crate) requests: Vec<Sent>,
}

/// The steward of a world.
#[derive(Debug)]
pub(crate) struct Steward {
    random: Random,
    /// How often anything is said of tournaments, in a hundred.
    percent: u64,
    /// How often somebody looks whether there is something to settle.
    looks_percent: u64,
    /// How often time goes on to a moment of a tournament.
    waits_percent: u64,
    /// How often something is settled again that can be, in a hundred.
    again_percent: u64,
    /// How often a tournament has begun before it is scheduled, in a hundred.
    begun_percent: u64,
    style: Style,
    made: u64,
    next_id: u64,
}

/// Reads a partition that is somewhere; does nothing where it is nowhere.
pub(crate) type Reads<'r> = &'r dyn Fn(u16, &mut dyn FnMut(&Partition));

/// The newest rules that whoever reads these partitions knows.
pub(super) fn newest_rules(partitions: u16, read: Reads<'_>) -> Option<Arc<Rules>> {
    let mut newest: Option<Arc<Rules>> = None;
    for number in 0..partitions {
        read(number, &mut |partition: &Partition| {
            let rules = partition.rules();
            if newest.as_ref().is_none_or(|known| known.applied < rules.applied) {
                newest = Some(Arc::clone(rules));
            }
        });
    }
    newest
}

/// What whoever reads these partitions knows of tournaments that are over by `now`.
pub(crate) fn over(partitions: u16, now: i64, read: Reads<'_>) -> Vec<Over> {
    let Some(rules) = newest_rules(partitions, read) else { return Vec::new() };
    let mut due = Vec::new();
    for operator in rules.operators() {
        let unpaid = operator.tournaments.unpaid().filter(|it| it.closes().micros() <= now);
        due.extend(unpaid.map(|it| (Arc::clone(operator), Arc::clone(it))));
    }
    let mut parts: Vec<Vec<Part>> = due.iter().map(|_| Vec::new()).collect();
    for number in (0..partitions).filter(|_| !due.is_empty()) {
        read(number, &mut |partition: &Partition| {
            for ((operator, tournament), parts) in due.iter().zip(&mut parts) {
                parts.push(Part::of(partition, operator.number, tournament));
            }
        });
    }
    let of = |((operator, tournament), parts): ((Arc<_>, Arc<Tournament>), Vec<Part>)| {
        let operator: Arc<accolade_engine::rules::Operator> = operator;
        let is_whole = parts.len() == usize::from(partitions)
            && parts.iter().all(|part| part.is_final && part.is_kept);
        let ties = tournament.decides().ties;
        let lines = is_whole.then(|| together(ties, &parts));
        Over { operator: operator.id.to_string(), tournament, lines }
    };
    due.into_iter().zip(parts).map(of).collect()
}

/// Whether a tournament is left to be settled.
fn is_left(models: &[&Model], operator: &str, number: u32) -> bool {
    let Some((model, _)) = newest(models, operator, number) else { return false };
    let terms = model.tournament(operator, number).expect("it is known");
    let is_open = terms.stage.takes_place() && terms.stage != ModelStage::Paid;
    // It is filled before it is settled, or given up.
    if is_open && terms.is_filling() {
        return true;
    }
    if !is_open || !models.iter().all(|model| model.is_over(terms)) {
        return false;
    }
    // Once scores are let go of, only places that were told are there.
    let told = rows(models, operator, number, terms.settlement()).len();
    let is_kept = terms.settlement() > 0 || !models.iter().any(|model| model.has_forgotten(terms));
    is_kept || terms.place_count() == Some(told)
}

/// The model that knows most of a tournament, and how often it was said.
pub(super) fn newest<'m>(
    models: &[&'m Model],
    operator: &str,
    number: u32,
) -> Option<(&'m Model, usize)> {
    let times = |model: &&'m Model| {
        let all = model.tournaments(operator);
        Some((*model, all.get(number as usize - 1)?.1))
    };
    models.iter().filter_map(times).max_by_key(|(_, times)| *times)
}

/// The places of a tournament that were told.
fn rows<'m>(
    models: &[&'m Model],
    operator: &str,
    number: u32,
    settlement: u32,
) -> Vec<(u32, &'m ModelPlaceRow)> {
    check::tournaments::rows_before(models, operator, number, settlement + 1)
}

/// Whether nothing is left to be settled.
pub(crate) fn is_all_settled(models: &[&Model]) -> bool {
    let mut all = OPERATORS.iter().flat_map(|operator| {
        let count = models.iter().map(|model| model.tournaments(operator).len()).max();
        let count = u32::try_from(count.unwrap_or(0)).expect("few");
        (1..=count).map(move |number| (operator, number))
    });
    !all.any(|(operator, number)| is_left(models, operator, number))
}

/// The last moment at which a tournament closes that does so soon.
pub(crate) fn last_close(models: &[&Model], now: i64) -> Option<i64> {
    let all = OPERATORS.iter().flat_map(|operator| models[0].tournaments(operator));
    let closes = all.filter(|(terms, _)| terms.stage.takes_place()).map(|(it, _)| it.closes());
    closes.filter(|at| (now..now + 2 * AHEAD_MAX).contains(at)).max()
}

impl Steward {
    /// Of the world of a seed, which goes on as it would without, but for what is said.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x0057_e3a6_d000);
        Self {
            percent: *random.pick(&[0, 8, 16]),
            looks_percent: *random.pick(&[10, 40, 80]),
            waits_percent: *random.pick(&[10, 30, 60]),
            again_percent: *random.pick(&[10, 40, 80]),
            begun_percent: *random.pick(&[0, 25, 60]),
            style: Style::new(&mut random),
            made: 0,
            next_id: 0,
            random,
        }
    }

    /// Whether somebody looks at what is over.
    pub(crate) fn looks(&mut self, is_calm: bool) -> bool {
        self.made > 0 && (is_calm || self.random.percent(self.looks_percent))
    }

    /// What is said of tournaments before they are over.
    pub(crate) fn announce(&mut self, models: &[&Model], now: i64) -> Wanted {
        let mut wanted = Wanted::default();
        if self.percent == 0 || !models.iter().all(|model| model.knows_requests()) {
            return wanted;
        }
        let random = &mut self.random.fork();
        wanted.at = self.moment(models, now, random);
        let percent = if self.made == 0 { 4 * self.percent } else { self.percent };
        if !random.percent(percent) {
            return wanted;
        }
        let now = wanted.at.unwrap_or(now);
        let operator = if random.percent(85) { OPERATORS[0] } else { *random.pick(&OPERATORS) };
        if !models[0].knows(operator) && !random.percent(5) {
            return wanted;
        }
        let all = models[0].tournaments(operator);
        let is_changed = !all.is_empty() && random.percent(45);
        if is_changed || self.made >= MADE_MAX {
            if !all.is_empty() {
                let (terms, times) = all[all.len() - 1 - random.index(all.len().min(4))];
                let terms = self.changed(terms, u32::try_from(times).expect("few"), now, random);
                wanted.said.push((operator.to_owned(), terms));
            }
        } else {
            let id = format!("cup-{}", random.below(MADE_MAX));
            self.made += 1;
            let mut new = tournament(self.style, id, 0, now, random);
            if random.percent(self.begun_percent) {
                new = begun(new, now, random);
            }
            wanted.said.push((operator.to_owned(), new));
        }
        let said = wanted.said.iter().flat_map(|(_, it)| [it.starts, it.ends]);
        wanted.moments.extend(said);
        wanted
    }

    /// When a tournament begins that does so next, mostly; or when one ends, or closes.
    fn moment(&self, models: &[&Model], now: i64, random: &mut Random) -> Option<i64> {
        let all = OPERATORS.iter().flat_map(|operator| models[0].tournaments(operator));
        let all = all.filter(|(terms, _)| terms.stage.takes_place()).map(|(terms, _)| terms);
        let is_ahead = |at: &i64| (now + 2..now + AHEAD_MAX).contains(at);
        let starts = all.clone().map(|terms| terms.starts).filter(is_ahead).min();
        if let Some(starts) = starts.filter(|_| random.percent(self.waits_percent)) {
            return Some(starts + *random.pick(&[0, -1, 1, SECOND, 60 * SECOND]));
        }
        // What comes late while one is filled is rare.
        let part = if all.clone().any(ModelTournament::is_filling) { 4 } else { 8 };
        let ends = all.flat_map(|terms| [terms.ends, terms.closes()]).filter(is_ahead);
        let ends: Vec<i64> = ends.collect();
        if ends.is_empty() || !random.percent(self.waits_percent / part) {
            return None;
        }
        Some(*random.pick(&ends) + *random.pick(&[0, -1, 1, -1_000]))
    }

    /// A tournament that is said again: it begins, ends earlier, is cancelled, or is otherwise another.
    fn changed(
        &self,
        before: &ModelTournament,
        times: u32,
        now: i64,
        random: &mut Random,
    ) -> ModelTournament {
        let edited_from = times + u32::from(random.percent(5));
        let mut terms = ModelTournament { edited_from, ..before.clone() };
        match random.below(12) {
            _ if before.stage == ModelStage::Draft && random.percent(70) => {
                terms.stage = ModelStage::Scheduled;
                let is_filled = terms.starts <= now && random.percent(self.begun_percent);
                terms.fill = is_filled.then_some(ModelFill::Reading);
            }
            _ if before.stage == ModelStage::Scheduled
                && (before.starts..before.ends).contains(&now)
                && random.percent(35) =>
            {
                terms.ends = now + *random.pick(&[1, SECOND, 5 * SECOND, 60 * SECOND]);
            }
            0 => terms.stage = ModelStage::Cancelled,
            1 => terms.stage = ModelStage::Draft,
            2..=5 => terms.ends = now + *random.pick(&[0, 1, SECOND, 5 * SECOND, 60 * SECOND]),
            6 => terms.name.push('!'),
            7 => terms.ends += random.between(1, DAY),
            8 => terms.approval = !terms.approval,
            9 => terms.query = query(self.style, random),
            _ => {
                let id = before.id.clone();
                terms = tournament(self.style, id, edited_from, now, random);
            }
        }
        terms
    }

    /// What somebody does who looks at what is over.
    pub(crate) fn settle(&mut self, models: &[&Model], all: Vec<Over>, is_calm: bool) -> Wanted {
        let random = &mut self.random.fork();
        let mut wanted = Wanted::default();
        for over in &all {
            if is_calm || random.percent(70) {
                settle_one(models, over, is_calm, random, &mut wanted);
            }
        }
        if !is_calm {
            wanted.said.extend(self.settle_again(models, random));
        }
        if random.percent(if is_calm { 15 } else { 30 }) {
            let decided = self.decide(models, random);
            wanted.requests.push(decided);
        }
        wanted
    }

    /// A person has what came late counted, once all that was won before is handed out; now and then before that, or where
    /// nothing came.
    fn settle_again(
        &mut self,
        models: &[&Model],
        random: &mut Random,
    ) -> Option<(String, ModelTournament)> {
        let mut all = Vec::new();
        for operator in OPERATORS {
            for (number, (terms, times)) in (1..).zip(models[0].tournaments(operator)) {
                let settlement = terms.settlement();
                if terms.stage != ModelStage::Paid || settlement >= AGAIN_MAX {
                    continue;
                }
                let is_late =
                    |model: &&Model| model.remarks(operator, number, settlement).is_some();
                let is_under_way =
                    rows(models, operator, number, settlement).iter().any(|(_, row)| {
                        matches!(row.state, ModelPrizeState::Processing | ModelPrizeState::Retrying)
                    });
                let may_be = models.iter().any(is_late) && !is_under_way;
                if may_be || random.percent(2) {
                    all.push((operator, terms, times));
                }
            }
        }
        if all.is_empty() || !random.percent(self.again_percent) {
            return None;
        }
        let (operator, terms, times) = *random.pick(&all);
        self.next_id += 1;
        let again = ModelAgain {
            times: terms.settlement() + 1 + u32::from(random.percent(2)),
            takes_back: random.percent(50),
            request: format!("again-{}", self.next_id),
        };
        let (stage, again) = (ModelStage::Resettling, Some(again));
        let edited_from = u32::try_from(times).expect("few");
        Some((operator.to_owned(), ModelTournament { edited_from, stage, again, ..terms.clone() }))
    }

    /// Somebody hands out what was won, or cannot, or says of a place what is not so.
    fn decide(&mut self, models: &[&Model], random: &mut Random) -> Sent {
        let all: Vec<_> = models.iter().flat_map(|model| model.all_place_rows()).collect();
        let words = *random.pick(&["", "lost", "a \"word\""]);
        self.next_id += 1;
        let id = format!("decide-{}", self.next_id - u64::from(random.percent(5)));
        let things: Vec<_> =
            all.iter().filter(|(_, row)| row.award.thing.is_some()).copied().collect();
        let from = if !things.is_empty() && random.percent(70) { &things } else { &all };
        if from.is_empty() || random.percent(10) {
            return in_vain(models, random);
        }
        let (ModelPlaceKey { operator, tournament, place, .. }, row) = *random.pick(from);
        let becomes = *random.pick(&[
            ModelBecomes::Paid,
            ModelBecomes::Failed,
            ModelBecomes::Failed,
            ModelBecomes::Retrying,
            ModelBecomes::Retrying,
            ModelBecomes::NotEligible,
        ]);
        let player_id = row.award.player_id.clone();
        let place = if random.percent(8) { place + 1 } else { *place };
        let partitions = u16::try_from(models.len()).expect("few");
        let request = ModelRequest {
            command_id: id,
            who: (*random.pick(&["carl", "dora"])).into(),
            words: words.into(),
            what: ModelAsked::Fulfil {
                player_id: player_id.clone(),
                tournament: *tournament,
                place,
                becomes,
            },
        };
        (partition_of(&player_id, partitions), operator.clone(), request)
    }
}

/// A place is told of a tournament that is never settled, or that nobody knows, or to somebody who is nobody.
fn in_vain(models: &[&Model], random: &mut Random) -> Sent {
    let partitions = u16::try_from(models.len()).expect("few");
    let all = (1..).zip(models[0].tournaments(OPERATORS[0]));
    let cancelled = all.filter(|(_, (terms, _))| terms.stage == ModelStage::Cancelled);
    let mut numbers: Vec<u32> = cancelled.map(|(number, _)| number).collect();
    numbers.push(999);
    let names = models.iter().flat_map(|model| model.accounts().keys());
    let mut names: Vec<_> = names.map(|(_, player)| player.clone()).collect();
    names.push("nobody at all".into());
    let player_id = random.pick(&names).clone();
    let award = ModelAward {
        player_id: player_id.clone(),
        tournament: *random.pick(&numbers),
        settlement: 0,
        place: 1,
        before: 0,
        position: 1,
        score: 7,
        events: 1,
        points: 5,
        thing: None,
        pays: random.percent(50),
    };
    let to = partition_of(&player_id, partitions);
    (to, OPERATORS[0].to_owned(), asked(award, "in vain"))
}

/// The command that tells of a place.
fn asked(award: ModelAward, step: &str) -> ModelRequest {
    ModelRequest {
        command_id: format!(
            "prize {} {}.{} {step}",
            award.tournament, award.settlement, award.place
        ),
        who: String::new(),
        words: String::new(),
        what: ModelAsked::Award(award),
    }
}

/// Goes on with a tournament that is over, as far as somebody has come before.
fn settle_one(
    models: &[&Model],
    over: &Over,
    is_calm: bool,
    random: &mut Random,
    wanted: &mut Wanted,
) {
    let Over { operator, tournament, lines } = over;
    let (number, times) = (tournament.number, tournament.edited_from());
    let terms = tournament.terms();
    let (model, _) = newest(models, operator, number).expect("whoever folds it was told");
    let known = model.tournament_as_of(operator, number, times).expect("it was said").clone();
    assert_eq!(terms_of(operator, &known), **terms, "what was said of {operator} {number}");
    let settlement = known.settlement();
    let before = check::tournaments::rows_before(models, operator, number, settlement);
    let results = lines.as_ref().map(|lines| results_of(tournament, lines, &before));
    if let Some(results) = &results {
        check::tournaments::results(results, models, operator, number, &known);
    }
    // Two may say the same.
    let mut say = |stage, results: Option<ModelResults>, random: &mut Random| {
        let said = ModelTournament { stage, results, edited_from: times, ..known.clone() };
        let is_more = random.percent(if is_calm { 60 } else { 20 });
        let count = usize::from(!is_calm) + usize::from(is_more);
        wanted.said.extend(vec![(operator.clone(), said); count]);
    };
    match (terms.stage, &results) {
        (Stage::Scheduled | Stage::Resettling, Some(results)) => {
            say(ModelStage::Settled, Some(modelled(results)), random);
            return;
        }
        (Stage::Settled | Stage::Approved, _) => {}
        (
            Stage::Scheduled | Stage::Draft | Stage::Cancelled | Stage::Paid | Stage::Resettling,
            _,
        ) => return,
    }
    let fixed = known.results.clone().expect("it was settled");
    if let Some(results) = &results {
        assert_eq!(modelled(results), fixed, "results of {operator} {number} that were fixed");
    }
    let (told, pays) = (rows(models, operator, number, settlement), tournament.pays());
    let is_told = Some(told.len()) == known.place_count();
    let waits = |row: &ModelPlaceRow| row.state == ModelPrizeState::AwaitingApproval;
    let is_paid = is_told && pays && !told.iter().any(|(_, row)| waits(row));
    if is_paid && (is_calm || random.percent(40)) {
        say(ModelStage::Paid, Some(fixed.clone()), random);
    }
    if !pays && (is_calm || random.percent(30)) {
        say(ModelStage::Approved, Some(fixed.clone()), random);
    }
    let partitions = u16::try_from(models.len()).expect("few");
    let step = if pays { "pays" } else { "waits" };
    let mut awards: Vec<ModelAward> = match &results {
        Some(results) => {
            results.lines.iter().map(|line| award(&known, number, line, pays)).collect()
        }
        // Scores are gone, or a partition is nowhere: what all partitions have is enough.
        None if is_told => {
            told.iter().map(|(_, row)| ModelAward { pays, ..row.award.clone() }).collect()
        }
        None => return,
    };
    let is_due = |award: &ModelAward| {
        let row = told.iter().find(|(place, _)| *place == award.place);
        row.is_none_or(|(_, row)| pays && waits(row))
    };
    awards.retain(|award| match (is_due(award), is_calm) {
        (is_due, true) => is_due,
        (true, false) => random.percent(70),
        (false, false) => random.percent(8),
    });
    random.shuffle(&mut awards);
    for award in awards {
        let player_id = award.player_id.clone();
        let to = partition_of(&player_id, partitions);
        let request = (to, operator.clone(), asked(award.clone(), step));
        if !is_calm && random.percent(15) {
            wanted.requests.push(request.clone());
        }
        wanted.requests.push(request);
        if !pays && !is_calm && random.percent(10) {
            let what = ModelAsked::Fulfil {
                player_id,
                tournament: number,
                place: award.place,
                becomes: ModelBecomes::NotEligible,
            };
            let command_id = format!("disqualify {number} {settlement} {}", award.place);
            let (who, words) = ("carl".to_owned(), "he has cheated".to_owned());
            let request = ModelRequest { command_id, who, words, what };
            wanted.requests.push((to, operator.clone(), request));
        }
    }
}

/// What a final leaderboard comes to, as whoever settles it works it out.
fn results_of(
    tournament: &Tournament,
    lines: &[RankedLine],
    before: &[(u32, &ModelPlaceRow)],
) -> Results {
    let terms = tournament.terms();
    let prizes = prizes_of(terms);
    let players = lines.len() as u64;
    let mut count = named(terms, &prizes, players);
    if terms.ties == TiesBy::Shared && count > 0 {
        let last = lines[count - 1].position;
        count = lines.iter().filter(|line| line.position <= last).count();
    }
    let places = before.iter().map(|(place, row)| {
        let (place, player, goes_on) = (*place, row.award.player_id.clone(), row.goes_on());
        PlaceBefore { place, player, goes_on }
    });
    let places: Vec<_> = places.collect();
    let last = tournament.settlement().checked_sub(1).and_then(|last| tournament.settled(last));
    let last = last.and_then(|said| said.terms.results.as_ref());
    let before = last.map(|results| Before { hash: &results.hash, places: &places });
    Results::of(terms, &prizes, players, lines[..count].to_vec(), before)
}

fn modelled(results: &Results) -> ModelResults {
    let terms = results.terms.clone();
    ModelResults {
        players: terms.players,
        lines: terms.lines,
        points: terms.points,
        things: terms.things,
        former: terms.former,
        hash: terms.hash,
    }
}

fn award(terms: &ModelTournament, tournament: u32, line: &ResultLine, pays: bool) -> ModelAward {
    ModelAward {
        player_id: line.player.clone(),
        tournament,
        settlement: terms.settlement(),
        place: line.place,
        before: line.before,
        position: line.position,
        score: line.score.0,
        events: line.events,
        points: line.points.hundredths(),
        thing: line.thing,
        pays,
    }
}

impl Run {
    /// Now and then something is said of tournaments, and somebody looks at what is over.
    pub(crate) fn tend_tournaments(&mut self) {
        let now = self.log_time();
        let models: Vec<&Model> = self.models.iter().collect();
        let mut wanted = Wanted::default();
        if !self.is_calm {
            wanted = self.steward.announce(&models, now);
        }
        if self.steward.looks(self.is_calm) {
            let ground = &self.node.as_ref().expect("the node is up").ground;
            let read = |number: u16, work: &mut dyn FnMut(&Partition)| ground.read(number, work);
            let over = over(self.partitions, now, &read);
            let Wanted { said, requests, .. } = self.steward.settle(&models, over, self.is_calm);
            wanted.said.extend(said);
            wanted.requests.extend(requests);
        }
        let ground = &self.node.as_ref().expect("the node is up").ground;
        let read = |number: u16, work: &mut dyn FnMut(&Partition)| ground.read(number, work);
        let (logged, folded) = (&self.logged, &self.reference.store.batches);
        let batches = |number: u16, each: &mut dyn FnMut(&Slice<'_>, &Slice<'_>)| {
            let slices = logged.iter().flat_map(|logged| logged.frame.slices());
            for slice in slices.filter(|slice| slice.partition == number) {
                if let Some(folded) = folded.get(&(number, slice.batch)) {
                    each(&slice, &folded.slice());
                }
            }
        };
        let Wanted { said, requests, .. } =
            self.filler.fill(&models, now, self.is_calm, &read, &batches);
        wanted.said.extend(said);
        wanted.requests.extend(requests);
        self.clock = wanted.at.unwrap_or(self.clock);
        wanted.moments.into_iter().for_each(|at| self.workload.note_moment(at));
        for (operator, tournament) in wanted.said {
            self.put_control(Item::tournament(operator, tournament, self.log_time()));
        }
        for (partition, operator, request) in wanted.requests {
            self.tell(|| format!("{operator}: {request:?} in partition {partition}"));
            self.put(Some(partition), Item::request(&operator, &request, self.clock));
        }
    }
}
