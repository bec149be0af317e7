//! What operators do about dead letters, and what a node carries from partition to partition: what is
//! released, and what a rule sends, each exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_engine::step::Effect;
use accolade_engine::tables::outbox::Payload;
use accolade_wire::budget::Says;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Origin, Slice, Source};

use super::item::{Item, Meaning};
use super::{Run, panics};
use crate::input::{ModelCommand, ModelEvent, ModelSaid, ModelSays};
use crate::message;
use crate::model::letters::LetterState;
use crate::model::messages::{ModelMessage, ModelSent, ModelTo};
use crate::model::{Expected, Model, ModelOutcome};
use crate::random::Random;

/// So long the bytes of dead letters are kept.
pub(crate) const DEAD_LETTER_MICROS: i64 = 32 * 86_400_000_000;

type At = (u16, u64, u32);

/// What the desk knows of the log.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Dead letters and repairs: the record that stands at each place.
    pub(crate) bytes: BTreeMap<At, Item>,
    /// The messages of each place that were sent: releases, and what rules send.
    sent: BTreeSet<Place>,
    /// How many each record must send; what time gives back to stocks comes besides.
    promised: BTreeMap<At, usize>,
    /// Messages that were taken in where they went.
    taken: BTreeSet<Place>,
    /// Released dead letters whose bytes had had their time.
    ended: BTreeSet<Place>,
    /// What has each number: to whom, from whom, which.
    numbered: BTreeMap<(u16, u16, u64), Place>,
    /// The greatest number that was taken in: by whom, from whom.
    newest: BTreeMap<(u16, u16), u64>,
    pub(crate) commands: Vec<(At, String, ModelCommand)>,
    next_id: u64,
}

impl Desk {
    /// Hears of a record that is in the log, what must become of it, and how many messages it sends.
    pub(crate) fn note(
        &mut self,
        at: At,
        item: &Rc<Item>,
        expected: &Expected,
        messages: usize,
        count: &mut dyn FnMut(&'static str),
    ) {
        if let Some(origin) = item.origin {
            self.note_arrival(at.0, origin, item, expected, count);
        }
        if messages > 0 {
            self.promised.insert(at, messages);
        }
        if expected.outcome == ModelOutcome::DeadLetter && matches!(item.meaning, Meaning::Event(_))
        {
            // A command that conflicts with another is declined, and no dead letter.
            let is_command =
                |event: &ModelEvent| matches!(event, ModelEvent::Consent(_) | ModelEvent::Claim(_));
            if !matches!(&item.meaning, Meaning::Event(event) if is_command(event)) {
                self.bytes.insert(at, (**item).clone());
            }
        }
        let (Meaning::Command(command), ModelOutcome::Counted) = (&item.meaning, expected.outcome)
        else {
            return;
        };
        match command {
            ModelCommand::Repair { letter, event, original, .. } => {
                let letter = &self.bytes[&(at.0, letter.0, letter.1)];
                let repaired = Item {
                    kind: letter.kind,
                    source: letter.source,
                    operator: item.operator.clone(),
                    received_at: letter.received_at,
                    origin: None,
                    body: original.clone().into_bytes(),
                    meaning: Meaning::Event((**event).clone()),
                };
                self.bytes.insert(at, repaired);
            }
            ModelCommand::Release { .. } => {
                self.sent.insert(place(at));
            }
            ModelCommand::Discard { .. } => {}
        }
    }

    fn note_arrival(
        &mut self,
        by: u16,
        origin: Origin,
        item: &Item,
        expected: &Expected,
        count: &mut dyn FnMut(&'static str),
    ) {
        let Origin { place, sequence } = origin;
        assert!(self.sent.contains(&place), "a message that nobody has sent: {place:?}");
        let first = *self.numbered.entry((by, place.partition, sequence)).or_insert(place);
        assert_eq!(first, place, "two messages have the number {sequence}");
        let is_rule = item.source != Source::Released && place.partition != by;
        if expected.reason == Some("received_before") {
            assert!(self.taken.contains(&place), "a message was not taken in: {place:?}");
            if is_rule {
                count("messages that came before");
            }
            return;
        }
        assert!(self.taken.insert(place), "a message was taken in twice: {place:?}");
        let newest = self.newest.entry((by, place.partition)).or_default();
        if is_rule {
            count("messages taken in");
            if sequence < *newest {
                count("messages overtaken");
            }
        }
        *newest = sequence.max(*newest);
    }

    /// A released dead letter is not to be had any more.
    pub(crate) fn end(&mut self, cause: Place) {
        self.ended.insert(cause);
    }

    /// What somebody does about the dead letter at a place, at the log's time.
    pub(crate) fn command(
        &mut self,
        at: At,
        event: &ModelEvent,
        now: i64,
        random: &mut Random,
    ) -> Option<ModelCommand> {
        let letter = (at.1, at.2);
        let any = if random.percent(3) { (at.1 + 1, at.2) } else { letter };
        let command_id = format!("desk-{}", self.next_id);
        self.next_id += u64::from(!random.percent(3));
        Some(match random.below(10) {
            0 => ModelCommand::Discard { command_id, letter: any },
            1..=4 => {
                let event = repaired(event, now, random);
                let bytes = match &event {
                    ModelEvent::Malformed => b"not an event".to_vec(),
                    event => message::spelled(event, random),
                };
                let original = String::from_utf8(bytes).ok()?;
                ModelCommand::Repair { command_id, letter, event: Box::new(event), original }
            }
            _ => ModelCommand::Release { command_id, letter: any },
        })
    }

    /// Whether every message was sent, and taken in where it went.
    pub(crate) fn have_all_arrived(&self) -> bool {
        self.missing().is_empty()
    }

    /// Records that have not sent all that they must, and messages that were not taken in where they went.
    pub(crate) fn missing(&self) -> Vec<Place> {
        let sent = |at: &At| {
            let next = Place { slot: at.2 + 1, ..place(*at) };
            self.sent.range(place(*at)..next).count()
        };
        let unsent = self.promised.iter().filter(|(at, count)| sent(at) < **count);
        let is_over = |place: &&Place| self.taken.contains(place) || self.ended.contains(place);
        let lost = self.sent.iter().filter(|place| !is_over(place)).copied();
        unsent.map(|(at, _)| place(*at)).chain(lost).collect()
    }

    /// Whether nothing of a partition waits to arrive.
    pub(crate) fn has_sent_all(&self, partition: &Partition) -> bool {
        partition.tables().outbox.iter().all(|(_, message)| self.ended.contains(&message.cause))
    }

    /// What carries out what a batch of `partition` has asked for, as its model says it, and to which
    /// partition it goes.
    pub(crate) fn carried(
        &mut self,
        partition: u16,
        effect: &Effect,
        model: &Model,
        partitions: u16,
        now: i64,
    ) -> (u16, Item) {
        let (key, cause, payload) = match effect {
            Effect::Send { key, cause, payload } => (key, *cause, payload),
            Effect::Arrived { origin } => {
                return (origin.place.partition, Item::arrived(partition, origin.sequence, now));
            }
        };
        let origin = Origin { place: cause, sequence: key.sequence };
        let Payload::Record { body, operator, .. } = payload else {
            let at = letter_at(payload).expect("it is no record");
            let kept = &self.bytes[&(at.partition, at.batch, at.slot)];
            let item = Item { source: Source::Released, origin: Some(origin), ..kept.clone() };
            let player = match &item.meaning {
                Meaning::Event(event) => event.player_id(),
                _ => None,
            };
            let to = player.map_or(partition, |player| partition_of(player, partitions));
            return (to, item);
        };
        let messages = model.messages((cause.partition, cause.batch, cause.slot));
        let as_item = |message: &ModelMessage| Item::message(message, origin, now);
        let promised = messages.iter().find(|message| *as_item(message).body == **body);
        let message =
            promised.cloned().unwrap_or_else(|| unpromised(body, operator, model, key.to));
        self.sent.insert(cause);
        let to = match &message.sent {
            ModelSent::Event(event) => {
                let player = event.player_id().expect("a gift has a player");
                partition_of(player, partitions)
            }
            ModelSent::Said(_, to) | ModelSent::Says(_, _, to) => match to {
                ModelTo::Home(name) => partition_of(name, partitions),
                ModelTo::Partition(partition) => *partition,
            },
        };
        (to, as_item(&message))
    }
}

/// What nobody has promised is given back to a stock by time, whenever anybody looks, or is of who gets which share of a
/// budget.
fn unpromised(body: &[u8], operator: &str, model: &Model, to: u16) -> ModelMessage {
    if let Ok(Command::Budget { promotion, says }) = serde_json::from_slice(body) {
        let home = ModelTo::Home(format!("{operator}/{promotion}"));
        let (says, to) = match says {
            Says::Asks { points } => (ModelSays::Asks(points), home),
            Says::Grants { points } => (ModelSays::Grants(points), ModelTo::Partition(to)),
            Says::Recalls => (ModelSays::Recalls, ModelTo::Partition(to)),
            Says::Returns { points } => panic!("nobody has recalled {points} of {promotion}"),
        };
        let sent = ModelSent::Says(promotion, says, to);
        return ModelMessage { operator: operator.to_owned(), sent };
    }
    let rewards = model.rewards(operator);
    let message = (1..).zip(rewards).map(|(reward, (terms, _))| {
        let to = ModelTo::Home(terms.id.clone());
        let sent = ModelSent::Said(ModelSaid::ReturnStock { reward }, to);
        ModelMessage { operator: operator.to_owned(), sent }
    });
    let none = Origin { place: Place::default(), sequence: 0 };
    let mut found = message.filter(|message| *Item::message(message, none, 0).body == *body);
    found.next().unwrap_or_else(|| panic!("nobody sends {:?}", String::from_utf8_lossy(body)))
}

fn place((partition, batch, slot): At) -> Place {
    Place { partition, batch, slot, number: 0 }
}

/// Whether an effect is a message of a rule to another partition.
pub(crate) fn is_message(partition: u16, effect: &Effect) -> bool {
    match effect {
        Effect::Send { key, payload, .. } => key.to != partition && letter_at(payload).is_none(),
        Effect::Arrived { .. } => false,
    }
}

impl Run {
    /// Now and then somebody looks after dead letters.
    pub(crate) fn work_at_the_desk(&mut self) {
        if !self.random.percent(30) {
            return;
        }
        let letters: Vec<_> = self.models.iter().flat_map(Model::letters).collect();
        let mut letters: Vec<_> =
            letters.into_iter().map(|(at, letter)| (at, letter.clone())).collect();
        // The open ones first: they are what a desk is about.
        letters.sort_by_key(|(_, letter)| letter.state != LetterState::Open);
        letters.truncate(8);
        if letters.is_empty() {
            return;
        }
        let (at, letter) = self.random.pick(&letters).clone();
        if self.random.percent(10) && !self.desk.commands.is_empty() {
            let (at, operator, command) = self.random.pick(&self.desk.commands).clone();
            self.put(Some(at.0), Item::command(&operator, command, self.clock));
            return;
        }
        let now = self.log_time();
        let command = self.desk.command(at, &letter.event, now, &mut self.random);
        let Some(command) = command else { return };
        let operator =
            if self.random.percent(3) { "somebody else".into() } else { letter.operator };
        self.tell(|| format!("{operator}: {command:?} in partition {}", at.0));
        self.desk.commands.push((at, operator.clone(), command.clone()));
        self.put(Some(at.0), Item::command(&operator, command, self.clock));
    }

    /// A partition that stands is told to pass over the record, or to try it again.
    pub(crate) fn order_skips(&mut self) {
        for (place, message) in self.node().ground.standing() {
            if !self.is_calm && !self.random.percent(15) {
                continue;
            }
            if panics::is_bug(&message) {
                // Any control record has it go on.
                self.count("records folded again after a panic");
                let name = format!("again-{}", self.logged.len());
                self.put_control(Item::add_operator(name, self.clock));
            } else {
                self.count("skips");
                self.put_control(Item::skip(place, self.clock));
            }
        }
    }

    /// Carries out what follows from what was folded; some of it never, some late, and some of it twice.
    pub(crate) fn deliver(&mut self, percent: u64) {
        for _ in 0..self.outbox.len() {
            let Some((partition, effect)) = self.outbox.pop_front() else { break };
            let [lost, delayed, repeated, sent] = if is_message(partition, &effect) {
                ["messages lost", "messages delayed", "messages repeated", "messages sent"]
            } else {
                ["effects lost", "effects delayed", "effects repeated", "effects"]
            };
            if !self.random.percent(percent) {
                self.count(lost);
                continue;
            }
            if percent < 100 && self.random.percent(15) {
                self.count(delayed);
                self.outbox.push_back((partition, effect));
                continue;
            }
            if percent < 100 && self.random.percent(15) {
                self.count(repeated);
                self.outbox.push_back((partition, effect.clone()));
            }
            let (now, partitions) = (self.log_time(), self.partitions);
            let model = &self.models[usize::from(partition)];
            let carried = self.desk.carried(partition, &effect, model, partitions, now);
            if self.send(partition, &effect, carried) {
                self.count(sent);
            }
        }
    }

    /// Whether the bytes of a dead letter may be gone: a message that was lost is sent again for as long
    /// as they are there.
    fn had_its_time(&self, at: Place) -> bool {
        let is_there =
            |slice: Slice<'_>| (slice.partition, slice.batch) == (at.partition, at.batch);
        let frame = self.logged.iter().find(|logged| logged.frame.slices().any(is_there));
        let logged_at = frame.expect("the letter is in the log").frame.moment.time.micros();
        self.log_time() - logged_at >= DEAD_LETTER_MICROS
    }

    /// The node's own message is the one that is expected.
    fn send(&mut self, partition: u16, effect: &Effect, (to, item): (u16, Item)) -> bool {
        let now = Timestamp::from_micros(item.received_at);
        let backing = self.node().backing();
        let message = accolade_storage::message::of(partition, effect, backing, now);
        if message.is_none() && self.may_have_failed() {
            self.count("messages that could not be made");
            return false;
        }
        if let Effect::Send { cause, payload, .. } = effect
            && message.is_none()
            && letter_at(payload).is_some_and(|at| self.had_its_time(at))
        {
            self.count("dead letters sent after their time");
            self.desk.end(*cause);
            return false;
        }
        assert!(message.is_some(), "{effect:?} cannot be carried out");
        assert!(message == Some((to, item.encoded())), "{effect:?} is carried out as another");
        self.put(Some(to), item);
        true
    }
}

/// The letter that a message is, if it is one.
pub(crate) const fn letter_at(payload: &Payload) -> Option<Place> {
    match payload {
        Payload::Letter(bytes_at) => Some(*bytes_at),
        Payload::Record { .. } => None,
    }
}

/// The event with another time, so that it may count; or with nothing changed.
fn repaired(event: &ModelEvent, now: i64, random: &mut Random) -> ModelEvent {
    let mut event = event.clone();
    if random.percent(60) {
        event.set_timestamp(now - random.between(0, 1_000_000_000));
    }
    if let ModelEvent::Wager(wager) = &mut event
        && random.percent(50)
    {
        wager.wager_amount = 10_000_000_000_000_000_000;
    }
    event
}
