//! What operators do about dead letters, and what a node carries from partition to partition.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::step::Effect;
use accolade_engine::tables::outbox::{MessageKey, Payload};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Origin, Slice, Source};

use super::item::{Item, Meaning};
use super::{Run, panics};
use crate::input::{ModelCommand, ModelEvent};
use crate::message;
use crate::model::letters::LetterState;
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
    /// Dead letters that were ever there: kind and source of a repair are those of the letter.
    released: BTreeSet<At>,
    pub(crate) arrived: BTreeSet<At>,
    counted: BTreeSet<At>,
    pub(crate) commands: Vec<(At, String, ModelCommand)>,
    next_id: u64,
}

impl Desk {
    /// Hears of a record that is in the log, and what must become of it.
    pub(crate) fn note(&mut self, at: At, item: &Rc<Item>, expected: &Expected) {
        if let Some(origin) = item.origin {
            let origin = (origin.place.partition, origin.place.batch, origin.place.slot);
            self.arrived.insert(origin);
            let counts = expected.outcome == ModelOutcome::Counted;
            let is_first = !counts || self.counted.insert(origin);
            assert!(is_first, "a released dead letter counted twice");
        }
        if expected.outcome == ModelOutcome::DeadLetter && matches!(item.meaning, Meaning::Event(_))
        {
            // A command that conflicts with another is declined, and no dead letter.
            if !matches!(item.meaning, Meaning::Event(ModelEvent::Consent(_))) {
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
                self.released.insert(at);
            }
            ModelCommand::Discard { .. } => {}
        }
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

    /// Whether everything that was released is in the log again.
    pub(crate) fn are_released_all_arrived(&self) -> bool {
        self.released.is_subset(&self.arrived)
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

    /// Carries out what follows from what was folded; some of it never, and some of it twice.
    pub(crate) fn deliver(&mut self, percent: u64) {
        for _ in 0..self.outbox.len() {
            let Some((partition, effect)) = self.outbox.pop_front() else { break };
            if !self.random.percent(percent) {
                self.count("effects lost");
                continue;
            }
            if percent < 100 && self.random.percent(15) {
                self.count("effects repeated");
                self.outbox.push_back((partition, effect.clone()));
            }
            let item = match &effect {
                Effect::Send { key, cause, payload } => self.sent(*key, *cause, payload),
                Effect::Arrived { origin } => {
                    let item = Item::arrived(partition, origin.sequence, self.log_time());
                    (origin.place.partition, item)
                }
            };
            self.send(partition, &effect, item);
        }
    }

    /// What a dead letter is sent as, and to which partition.
    fn sent(&self, key: MessageKey, cause: Place, payload: &Payload) -> (u16, Item) {
        let origin = Some(Origin { place: cause, sequence: key.sequence });
        let bytes_at = letter_at(payload);
        let kept = &self.desk.bytes[&(bytes_at.partition, bytes_at.batch, bytes_at.slot)];
        let item = Item { source: Source::Released, origin, ..kept.clone() };
        let player = match &item.meaning {
            Meaning::Event(event) => event.player_id(),
            _ => None,
        };
        let to = player.map_or(cause.partition, |player| partition_of(player, self.partitions));
        (to, item)
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
    fn send(&mut self, partition: u16, effect: &Effect, (to, item): (u16, Item)) {
        let now = Timestamp::from_micros(item.received_at);
        let backing = self.node().backing();
        let message = accolade_storage::message::of(partition, effect, backing, now);
        if message.is_none() && self.may_have_failed() {
            self.count("messages that could not be made");
            return;
        }
        if let Effect::Send { cause, payload, .. } = effect
            && message.is_none()
            && self.had_its_time(letter_at(payload))
        {
            self.count("dead letters sent after their time");
            self.desk.arrived.insert((cause.partition, cause.batch, cause.slot));
            return;
        }
        assert!(message.is_some(), "{effect:?} cannot be carried out");
        assert!(message == Some((to, item.encoded())), "{effect:?} is carried out as another");
        self.put(Some(to), item);
    }
}

/// The letter that a message is; no rule sends anything else.
pub(crate) fn letter_at(payload: &Payload) -> Place {
    match payload {
        Payload::Letter(bytes_at) => *bytes_at,
        Payload::Record { .. } => panic!("no rule sends a record of its own"),
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
