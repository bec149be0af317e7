//! Whoever fills tournaments that had begun before they were scheduled: any node that looks, one after the other or at the same
//! time. It reads the log, and what was decided beside it, and remembers nothing: what is lost is told again, and some of it
//! is told twice, or in another order.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::outcome::Outcome;
use accolade_domain::packed_scores::filling_number;
use accolade_domain::query::row::Source;
use accolade_engine::judging::excluded::{Excluded, Exclusion};
use accolade_engine::judging::{Judge, Looked, Verdict};
use accolade_engine::partition::Partition;
use accolade_engine::rules::Operator;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::identity::partition_of;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::{Kind, Slice};

use super::steward::{Reads, Wanted, newest, newest_rules};
use crate::input::{
    ModelAsked, ModelFill, ModelPast, ModelPastDoes, ModelRequest, ModelStage, ModelTournament,
};
use crate::model::Model;
use crate::random::Random;

/// So many of a player's events are told by one command at most.
const AT_ONCE: usize = 200;

/// Gives the batches of a partition, as they lie in the log, and what was decided about each.
pub(crate) type Batches<'b> = &'b dyn Fn(u16, &mut dyn FnMut(&Slice<'_>, &Slice<'_>));

/// The filler of a world.
#[derive(Debug)]
pub(crate) struct Filler {
    random: Random,
    /// How often anybody looks, in a hundred.
    percent: u64,
    next_id: u64,
}

/// What is known of a tournament, and of those who are there to fill it.
struct Filling<'f> {
    operator: &'f Arc<Operator>,
    tournament: &'f Tournament,
    models: &'f [&'f Model],
    is_calm: bool,
    read: Reads<'f>,
    batches: Batches<'f>,
}

impl Filler {
    /// Of the world of a seed, which goes on as it would without, but for what is told.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x00f1_11e4_0000);
        Self { percent: *random.pick(&[15, 40, 80]), next_id: 0, random }
    }

    /// What is told now, and said.
    pub(crate) fn fill(
        &mut self,
        models: &[&Model],
        now: i64,
        is_calm: bool,
        read: Reads<'_>,
        batches: Batches<'_>,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        let is_known = models.iter().all(|model| model.knows_requests());
        if !is_known || !models.iter().any(|model| model.fills_any()) {
            return wanted;
        }
        let random = &mut self.random.fork();
        if !random.percent(if is_calm { 60 } else { self.percent }) {
            return wanted;
        }
        let partitions = u16::try_from(models.len()).expect("few");
        let Some(rules) = newest_rules(partitions, read) else { return wanted };
        for operator in rules.operators() {
            for tournament in operator.tournaments.all().filter(|it| it.is_filling()) {
                let filling = Filling { operator, tournament, models, is_calm, read, batches };
                self.go_on(&filling, now, random, &mut wanted);
            }
        }
        wanted
    }

    fn go_on(&mut self, of: &Filling<'_>, now: i64, random: &mut Random, wanted: &mut Wanted) {
        let (operator, number) = (of.operator.id.to_string(), of.tournament.number);
        let edited_from = of.tournament.edited_from();
        let (model, _) = newest(of.models, &operator, number).expect("whoever folds it was told");
        let known = model.tournament_as_of(&operator, number, edited_from);
        let known = known.expect("it was said").clone();
        let is_reading = known.fill == Some(ModelFill::Reading);
        let mut said = Vec::new();
        if now >= of.tournament.values_until().micros() {
            said.push(ModelTournament { stage: ModelStage::Cancelled, ..known });
        } else {
            if !of.is_calm && is_reading && random.percent(3) {
                // Nobody passes over what was not added up, or takes it from the tournament.
                let fill = *random.pick(&[Some(ModelFill::Done), None]);
                said.push(ModelTournament { fill, ..known.clone() });
            }
            let (is_done, next) = if is_reading {
                (self.tell(of, random, wanted), ModelFill::Counting)
            } else {
                (self.add_up(of, random, wanted), ModelFill::Done)
            };
            let times = if is_done { 1 + random.index(2) } else { 0 };
            said.extend(vec![ModelTournament { fill: Some(next), ..known }; times]);
        }
        let said = said.into_iter().map(|it| ModelTournament { edited_from, ..it });
        wanted.said.extend(said.map(|it| (operator.clone(), it)));
    }

    /// Tells what was not told yet; says whether all of it was.
    fn tell(&mut self, of: &Filling<'_>, random: &mut Random, wanted: &mut Wanted) -> bool {
        let (operator, number) = (&*of.operator.id, of.tournament.number);
        let mut is_done = true;
        for (partition, model) in (0..).zip(of.models) {
            let end = of.heard(partition).map(|(next_batch, _)| next_batch);
            let past = end.and_then(|end| of.past(partition, end));
            let Some(past) = past else {
                is_done = false;
                continue;
            };
            let tells_all = !of.is_calm && random.percent(15);
            let mut by: BTreeMap<String, Vec<ModelPast>> = BTreeMap::new();
            for (player, event) in past {
                let is_told = model.is_told(operator, number, &player, event.place);
                // What came later waits by itself, and is the same whoever tells it.
                let is_past = model.is_past(operator, number, event.place);
                is_done &= is_told || !is_past;
                if tells_all || !is_told && (is_past || random.percent(30)) {
                    by.entry(player).or_default().push(event);
                }
            }
            for (player_id, mut events) in by {
                random.shuffle(&mut events);
                let at_once = if of.is_calm { AT_ONCE } else { *random.pick(&[1, 3, AT_ONCE]) };
                for events in events.chunks(at_once) {
                    let (player_id, events) = (player_id.clone(), events.to_vec());
                    let what = ModelAsked::Fill { player_id, tournament: number, events };
                    self.send(of, what, random, wanted);
                }
            }
        }
        is_done
    }

    /// Has partitions add up what waits; says whether nothing does.
    fn add_up(&mut self, of: &Filling<'_>, random: &mut Random, wanted: &mut Wanted) -> bool {
        let partitions = u16::try_from(of.models.len()).expect("few");
        let mut is_done = true;
        for partition in 0..partitions {
            let Some((_, waiting)) = of.heard(partition) else {
                is_done = false;
                continue;
            };
            is_done &= waiting.is_empty();
            for player_id in waiting {
                for _ in 0..=random.below(3) {
                    let (player_id, tournament) = (player_id.clone(), of.tournament.number);
                    let what = ModelAsked::CountFilled { player_id, tournament };
                    self.send(of, what, random, wanted);
                }
            }
        }
        is_done
    }

    /// Now and then what is sent is lost, or comes twice.
    fn send(
        &mut self,
        of: &Filling<'_>,
        what: ModelAsked,
        random: &mut Random,
        wanted: &mut Wanted,
    ) {
        let (ModelAsked::Fill { player_id, .. } | ModelAsked::CountFilled { player_id, .. }) =
            &what
        else {
            unreachable!("nothing else is sent")
        };
        let to = partition_of(player_id, u16::try_from(of.models.len()).expect("few"));
        self.next_id += 1;
        let command_id = format!("fill {} {}", of.tournament.number, self.next_id);
        let (who, words) = (String::new(), String::new());
        let request = ModelRequest { command_id, who, words, what };
        let times = match random.below(10) {
            0 if !of.is_calm => 0,
            1 if !of.is_calm => 2,
            _ => 1,
        };
        let sent = (to, of.operator.id.to_string(), request);
        wanted.requests.extend(vec![sent; times]);
    }
}

impl Filling<'_> {
    /// The batch to which a partition has come that has heard how far the tournament is filled, and of whom something waits there.
    /// What came before that in a batch that is not folded to its end is not in the journal.
    fn heard(&self, number: u16) -> Option<(u64, Vec<String>)> {
        let control = self.tournament.changed().control;
        let filling = filling_number(self.tournament.number);
        let mut heard = None;
        (self.read)(number, &mut |partition: &Partition| {
            if partition.rules().applied < control || partition.stands() {
                return;
            }
            let waits = partition.players().all().iter().filter(|it| {
                it.operator == self.operator.number && it.scores.of(filling).is_some()
            });
            let waiting = waits.map(|it| it.name.to_string()).collect();
            heard = Some((partition.next_batch(), waiting));
        });
        heard
    }

    /// What events of a partition count, and voids take back, in the batches before one, and whose they are; nothing where not all
    /// of these are there.
    fn past(&self, number: u16, end: u64) -> Option<Vec<(String, ModelPast)>> {
        let (operator, decides) = (Arc::clone(self.operator), self.tournament.decides().clone());
        let (closes, operator_id) = (decides.closes(), operator.id.clone());
        let is_of_games = decides.query.source == Source::GameEvents;
        let judge = Judge { operator, operator_id, decides };
        let (mut past, mut excluded, mut next) = (Vec::new(), Excluded::default(), 1);
        let mut owners: BTreeMap<(u64, u32), String> = BTreeMap::new();
        (self.batches)(number, &mut |log: &Slice<'_>, journal: &Slice<'_>| {
            if log.batch != next || next >= end {
                return;
            }
            next += 1;
            let outcomes = Outcomes::read(journal).expect("the fold wrote it");
            let (behaviour, now) = (outcomes.behaviour, outcomes.time);
            for (record, outcome) in log.records().zip(outcomes.bare()) {
                let record = record.expect("somebody wrote it");
                let (place, outcome) = outcome.expect("the fold wrote it");
                let at = (place.batch, place.slot);
                let mut tell = |player: String, does: ModelPastDoes| {
                    past.push((player, ModelPast { place: at, now: now.micros(), does }));
                };
                if let Some((batch, slot)) = voided(record.kind, &outcome) {
                    let owner = owners.remove(&(batch, slot)).filter(|_| now < closes);
                    if let Some(player) = owner {
                        tell(player, ModelPastDoes::Voids((batch, slot)));
                    }
                    continue;
                }
                if *record.operator == *judge.operator_id
                    && let Some(exclusion) = Exclusion::of(&record, &outcome, behaviour)
                {
                    excluded.hear(exclusion, now);
                    continue;
                }
                let mut hear = |looked: Looked<'_>| {
                    let Verdict::Counts(value) = looked.verdict else { return };
                    if is_of_games && excluded.holds(looked.player, now) {
                        return;
                    }
                    owners.insert(at, looked.player.to_owned());
                    let does = ModelPastDoes::Counts(value.0, looked.at.micros());
                    tell(looked.player.to_owned(), does);
                };
                judge.look(&record, &outcome, (now, behaviour), false, &mut hear);
            }
        });
        (next >= end).then_some(past)
    }
}

/// The batch and the slot of the wager that a record has voided.
fn voided(kind: Kind, outcome: &Outcome) -> Option<(u64, u32)> {
    match (kind, outcome) {
        (Kind::Wager, Outcome::Voided { wager: Some(wager), .. }) => {
            Some((wager.batch, wager.slot))
        }
        _ => None,
    }
}
