//! Many partitions and the messages between them, which are lost, repeated, late and out of order, as a seed says.

use std::collections::BTreeMap;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour::KNOWN;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::{Moment, Partition, Shared};
use accolade_engine::rules::BEHAVIOUR;
use accolade_engine::step::Effect;
use accolade_engine::tables::outbox::Payload;
use accolade_wire::control::{Command, Control};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{HAS_CONTROL, Kind, Origin, Record, Slice, Source};
use accolade_wire::timestamp;

/// 2024-11-11T10:00:00Z.
const START: i64 = 1_731_319_200_000_000;

/// Many partitions.
pub(crate) struct House {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) store: MemoryStore,
    pub(crate) now: Timestamp,
    /// How many messages were sent or sent again.
    pub(crate) sent: usize,
    /// Records on their way, with the partition that they go to.
    on_the_way: Vec<(u16, Vec<u8>)>,
    /// What was folded, by partition.
    ordered: BTreeMap<u16, Vec<Ordered>>,
    shared: Shared,
    random: u64,
    wagers: u32,
}

struct Ordered {
    body: Vec<u8>,
    count: u32,
    flags: u8,
    time: Timestamp,
}

impl House {
    pub(crate) fn new(partitions: u16, seed: u64) -> Self {
        let mut house = Self {
            partitions: (0..partitions).map(Partition::new).collect(),
            store: MemoryStore::default(),
            now: Timestamp::from_micros(START),
            sent: 0,
            on_the_way: Vec::new(),
            ordered: BTreeMap::new(),
            shared: Shared::new(KNOWN),
            random: seed,
            wagers: 0,
        };
        house.control(&Control::Genesis {
            cluster_id: "test".into(),
            partitions,
            hash_key: "00".repeat(16),
            behaviour: BEHAVIOUR,
            window_hours: 168,
            recent_hours: 24,
        });
        house.control(&Control::Operator {
            operator: "house".into(),
            key_hash: String::new(),
            events_per_second: 0,
        });
        house
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.random >> 33).unwrap() % count
    }

    pub(crate) fn later(&mut self, seconds: i64) {
        self.now = self.now.plus_micros(seconds * 1_000_000);
    }

    /// Orders a control record in every partition.
    pub(crate) fn control(&mut self, control: &Control) {
        self.control_but_for(control, None);
    }

    /// Orders it in all partitions but one, which hears of it later.
    pub(crate) fn control_but_for(&mut self, control: &Control, later: Option<u16>) {
        for partition in (0..self.count()).filter(|partition| Some(*partition) != later) {
            self.control_in(partition, control);
        }
    }

    pub(crate) fn control_in(&mut self, partition: u16, control: &Control) {
        let body = serde_json::to_vec(control).unwrap();
        let record = self.record(Kind::Control, Source::Node, "", &body);
        self.order(partition, record, 1, HAS_CONTROL);
    }

    pub(crate) fn count(&self) -> u16 {
        self.partitions.len().try_into().unwrap()
    }

    /// Publishes the next version; as of now, or so many seconds later.
    pub(crate) fn publish(&mut self, document: &str, later: i64) {
        let operator = self.partitions[0].rules().operator("house").unwrap();
        let edited_from = operator.versions.latest();
        let from = if edited_from == 0 { 0 } else { self.now.micros() + later * 1_000_000 };
        self.control(&Control::Publish {
            operator: "house".into(),
            edited_from,
            effective_from: from,
            why: String::new(),
            who: String::new(),
            published_at: self.now.micros(),
            document: document.into(),
            zone: vec![(0, 0)],
        });
    }

    fn record(&self, kind: Kind, source: Source, operator: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (received_at, origin) = (self.now, None);
        Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
        bytes
    }

    /// Wagers of 1.00 of players in one batch of their partition; returns their ids with their places.
    pub(crate) fn wagers(&mut self, partition: u16, players: &[String]) -> Vec<(String, Place)> {
        let at = timestamp::write(self.now).to_string();
        let mut bytes = Vec::new();
        let mut ids = Vec::new();
        let batch = self.partitions[usize::from(partition)].next_batch();
        for (slot, player) in (1..).zip(players) {
            assert_eq!(partition_of(player, self.count()), partition);
            self.wagers += 1;
            let id = format!("w{}", self.wagers);
            let body = format!(
                r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
                "gameCategory":"slots","wagerAmount":1,"currency":"EUR","jurisdiction":"Malta",
                "timestamp":"{at}"}}"#
            );
            bytes.extend(self.record(Kind::Wager, Source::Http, "house", body.as_bytes()));
            ids.push((id, Place { partition, batch, slot, number: 0 }));
        }
        self.order(partition, bytes, players.len().try_into().unwrap(), 0);
        ids
    }

    pub(crate) fn void(&mut self, partition: u16, wager: &str, player: &str) -> Place {
        let at = timestamp::write(self.now);
        let body = format!(
            r#"{{"type":"wager.voided","wagerId":"{wager}","playerId":"{player}","operatorId":"house",
            "reason":"r","timestamp":"{at}"}}"#
        );
        let batch = self.partitions[usize::from(partition)].next_batch();
        let bytes = self.record(Kind::Wager, Source::Http, "house", body.as_bytes());
        self.order(partition, bytes, 1, 0);
        Place { partition, batch, slot: 1, number: 0 }
    }

    pub(crate) fn command(&mut self, partition: u16, body: &str) -> Place {
        let batch = self.partitions[usize::from(partition)].next_batch();
        let bytes = self.record(Kind::Command, Source::Http, "house", body.as_bytes());
        self.order(partition, bytes, 1, 0);
        Place { partition, batch, slot: 1, number: 0 }
    }

    /// A batch without records: time passes, and what is due fires.
    pub(crate) fn tick(&mut self) {
        for partition in 0..self.count() {
            self.order(partition, Vec::new(), 0, 0);
        }
    }

    fn order(&mut self, partition: u16, body: Vec<u8>, count: u32, flags: u8) {
        let of = &mut self.partitions[usize::from(partition)];
        let slice = Slice { partition, batch: of.next_batch(), flags, count, body: &body };
        let moment = Moment { time: self.now, random: [7; 32] };
        let effects = of.fold(&slice, &moment, &self.shared, &mut self.store, &mut ()).unwrap();
        for effect in effects {
            self.send(partition, effect);
        }
        let ordered = Ordered { body, count, flags, time: self.now };
        self.ordered.entry(partition).or_default().push(ordered);
    }

    fn send(&mut self, from: u16, effect: Effect) {
        match effect {
            Effect::Send { key, cause, payload } => {
                let Payload::Record { kind, operator, body } = payload else { unreachable!() };
                let origin = Some(Origin { place: cause, sequence: key.sequence });
                let (source, received_at) = (Source::Node, self.now);
                let (operator, body) = (&*operator, &*body);
                let mut bytes = Vec::new();
                Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
                self.on_the_way.push((key.to, bytes));
                self.sent += 1;
            }
            Effect::Arrived { origin } => {
                let command = Command::Arrived { by: from, sequence: origin.sequence };
                let body = serde_json::to_vec(&command).unwrap();
                let bytes = self.record(Kind::Command, Source::Node, "", &body);
                self.on_the_way.push((origin.place.partition, bytes));
            }
        }
    }

    /// Delivers all messages, and those that follow from them, in order.
    pub(crate) fn deliver(&mut self) {
        while !self.on_the_way.is_empty() {
            let (to, bytes) = self.on_the_way.remove(0);
            self.order(to, bytes, 1, 0);
        }
    }

    /// Delivers some of the messages in any order; some are lost, and some are delivered again later.
    pub(crate) fn deliver_some(&mut self) {
        for _ in 0..self.below(self.on_the_way.len() + 1) {
            let at = self.below(self.on_the_way.len());
            let (to, bytes) = self.on_the_way.swap_remove(at);
            match self.below(10) {
                0 => continue,
                1 => self.on_the_way.push((to, bytes.clone())),
                _ => {}
            }
            self.order(to, bytes, 1, 0);
        }
    }

    /// What became of the record at a place.
    pub(crate) fn outcome(&self, place: Place) -> Outcome {
        self.store.recorded(place).unwrap().outcome
    }

    /// What budgets gave, by all that was recorded, less what `voided` wagers had got.
    pub(crate) fn given(&self, voided: &[Place]) -> Points {
        let mut sum = Points::ZERO;
        for ((partition, batch), folded) in &self.store.batches {
            for slot in 1..=folded.count {
                let place = Place { partition: *partition, batch: *batch, slot, number: 0 };
                if let Outcome::Counted { given, .. } = self.outcome(place)
                    && !voided.contains(&place)
                {
                    given.iter().for_each(|part| sum = sum.plus(part.points).unwrap());
                }
            }
        }
        sum
    }

    /// Folds all again into new partitions, which must come to the same.
    pub(crate) fn fold_again(&mut self) {
        for number in 0..self.count() {
            let mut again = Partition::new(number);
            let shared = Shared::new(KNOWN);
            for (batch, ordered) in (1..).zip(&self.ordered[&number]) {
                let Ordered { body, count, flags, time } = ordered;
                let (flags, count) = (*flags, *count);
                let slice = Slice { partition: number, batch, flags, count, body };
                let moment = Moment { time: *time, random: [7; 32] };
                again.fold(&slice, &moment, &shared, &mut self.store, &mut ()).unwrap();
            }
            let scores = |of: &Partition| {
                let players = of.players().all().into_iter();
                players.map(|player| player.scores.clone()).collect::<Vec<_>>()
            };
            assert_eq!(scores(&again), scores(&self.partitions[usize::from(number)]));
            let [again, first] =
                [&again, &self.partitions[usize::from(number)]].map(Partition::tables);
            assert!(again.budget_homes.iter().eq(first.budget_homes.iter()));
            assert!(again.budget_shares.iter().eq(first.budget_shares.iter()));
            assert!(again.seats.iter().eq(first.seats.iter()));
        }
    }
}
