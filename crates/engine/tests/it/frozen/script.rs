//! What has happened in the golden log: two partitions, three operators, and everything once.

use std::collections::VecDeque;
use std::ops::Bound;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::{Moment, Partition, Shared, Stopped};
use accolade_engine::step::Effect;
use accolade_engine::store::Folded;
use accolade_engine::tables::outbox::Payload;
use accolade_wire::bytes::Cursor;
use accolade_wire::control::{Command, Control};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{HAS_CONTROL, Kind, Origin, Record, Slice, Source};
use accolade_wire::timestamp;
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// 2026-01-05T12:00:00Z.
const START: i64 = 1_767_614_400_000_000;

/// A slice that waits for its partition to go on.
type Waiting = (Moment, Vec<u8>);

/// Two partitions over a store in memory, and the log that they have folded.
#[derive(Debug)]
pub(super) struct World {
    pub(super) partitions: [Partition; 2],
    /// In the order in which it was folded.
    pub(super) folded: Vec<Folded>,
    /// How many rows the tables had after each frame: markers, dead letters, outbox, sent, inbox, cap days,
    /// letters by event.
    pub(super) lengths: Vec<[usize; 7]>,
    pub(super) log: Vec<u8>,
    waiting: [VecDeque<Waiting>; 2],
    store: MemoryStore,
    shared: Shared,
    effects: Vec<(u16, Effect)>,
    now: i64,
    /// Records of the next frame, by partition: bytes, count, flags.
    next: [(Vec<u8>, u32, u8); 2],
}

impl Default for World {
    fn default() -> Self {
        Self {
            partitions: [Partition::new(0), Partition::new(1)],
            folded: Vec::new(),
            lengths: Vec::new(),
            log: Vec::new(),
            waiting: Default::default(),
            store: MemoryStore::default(),
            shared: Shared::new(behaviour::KNOWN),
            effects: Vec::new(),
            now: START,
            next: Default::default(),
        }
    }
}

/// The places of a partition's dead letters, oldest first.
fn letters_of(partition: &Partition, store: &mut MemoryStore) -> Vec<Place> {
    let letters = partition.tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
    let letters = letters.read(partition.number(), store).unwrap();
    letters.rows.into_iter().map(|(place, _)| place).collect()
}

impl World {
    /// Folds a frame, as far as its partitions go on.
    pub(super) fn fold(&mut self, moment: Moment, slices: &[Slice<'_>]) {
        for slice in slices {
            let at = usize::from(slice.partition);
            self.partitions[at].read_ahead(slice);
            let mut bytes = Vec::new();
            slice.write(&mut bytes);
            self.waiting[at].push_back((moment, bytes));
        }
        for (partition, waiting) in self.partitions.iter_mut().zip(&mut self.waiting) {
            while let Some((moment, bytes)) = waiting.front() {
                let slice = Slice::read(&mut Cursor::new(bytes, "slice")).unwrap();
                let (shared, store) = (&self.shared, &mut self.store);
                match partition.fold(&slice, moment, shared, store, &mut ()) {
                    Ok(effects) => {
                        let number = slice.partition;
                        self.effects.extend(effects.into_iter().map(|effect| (number, effect)));
                        self.folded.push(store.batches[&(number, slice.batch)].clone());
                    }
                    Err(Stopped::Bug { message, .. }) => {
                        assert!(message.contains("the command `newer`"), "{message}");
                        break;
                    }
                    Err(Stopped::Store(error)) => panic!("{error}"),
                }
                waiting.pop_front();
            }
        }
        let mut lengths = [0; 7];
        for partition in &self.partitions {
            let tables = partition.tables();
            let rows = [
                tables.markers.len(),
                letters_of(partition, &mut self.store).len(),
                tables.outbox.len(),
                tables.sent.len(),
                tables.inbox.len(),
                tables.cap_days.len(),
                tables.letters_by_event.len(),
            ];
            lengths.iter_mut().zip(rows).for_each(|(all, rows)| *all += rows);
        }
        self.lengths.push(lengths);
    }

    /// Orders what was put, in one frame.
    fn order(&mut self) {
        self.now += 1_000_000;
        let time = Timestamp::from_micros(self.now);
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.now.to_le_bytes());
        let moment = Moment { time, random };
        let mut bytes = Vec::new();
        for (at, (body, count, flags)) in std::mem::take(&mut self.next).iter().enumerate() {
            let waiting = self.waiting[at].len() as u64;
            let batch = self.partitions[at].next_batch() + waiting;
            let partition = u16::try_from(at).unwrap();
            let (flags, count) = (*flags, *count);
            Slice { partition, batch, flags, count, body }.write(&mut bytes);
        }
        self.log.extend_from_slice(&self.now.to_le_bytes());
        self.log.extend_from_slice(&random);
        self.log.push(2);
        self.log.extend_from_slice(&bytes);
        let mut cursor = Cursor::new(&bytes, "slices");
        let slices = [(), ()].map(|()| Slice::read(&mut cursor).unwrap());
        self.fold(moment, &slices);
    }

    fn put_bytes(&mut self, at: u16, record: &[u8], flags: u8) {
        let (bytes, count, all_flags) = &mut self.next[usize::from(at)];
        bytes.extend_from_slice(record);
        *count += 1;
        *all_flags |= flags;
    }

    fn put(&mut self, at: u16, kind: Kind, source: Source, operator: &str, body: &[u8]) {
        self.put_from(at, kind, source, operator, body, None);
    }

    fn put_from(
        &mut self,
        at: u16,
        kind: Kind,
        source: Source,
        operator: &str,
        body: &[u8],
        origin: Option<Origin>,
    ) {
        let received_at = Timestamp::from_micros(self.now);
        let mut bytes = Vec::new();
        Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
        self.put_bytes(at, &bytes, if kind == Kind::Control { HAS_CONTROL } else { 0 });
    }

    fn control(&mut self, body: &[u8]) {
        for at in [0, 1] {
            self.put(at, Kind::Control, Source::Http, "", body);
        }
        self.order();
    }

    fn control_of(&mut self, control: &Control) {
        self.control(&serde_json::to_vec(control).unwrap());
    }

    fn publish(&mut self, operator: &str, edited_from: u32, from: i64, document: &Value) {
        self.control_of(&Control::Publish {
            operator: operator.into(),
            edited_from,
            effective_from: from,
            why: "why".into(),
            who: "who".into(),
            published_at: self.now,
            document: document.to_string(),
            zone: vec![(i64::MIN, 3_600)],
        });
    }

    fn command(&mut self, at: u16, operator: &str, command: &Command) {
        let body = serde_json::to_vec(command).unwrap();
        self.put(at, Kind::Command, Source::Http, operator, &body);
        self.order();
    }

    /// A wager, `ago` before now, with what `more` says otherwise.
    fn wager_of(&self, id: &str, player: &str, ago: i64, more: Value) -> Value {
        let mut wager = json!({
            "wagerId": id, "playerId": player, "operatorId": "house", "gameId": "g",
            "gameCategory": "slots", "wagerAmount": 10, "currency": "EUR",
            "jurisdiction": "Malta", "timestamp": text_at(self.now - ago),
        });
        for (key, value) in more.as_object().unwrap() {
            wager[key] = value.clone();
        }
        wager
    }

    fn wager(&mut self, id: &str, player: &str, ago: i64, more: Value) {
        let wager = self.wager_of(id, player, ago, more);
        let operator = wager["operatorId"].as_str().unwrap();
        let body = wager.to_string();
        let at = partition_of(player, 2);
        self.put(at, Kind::Wager, Source::Http, operator, body.as_bytes());
    }

    fn void(&mut self, id: &str, player: &str) {
        let void = json!({
            "type": "wager.voided", "wagerId": id, "playerId": player, "operatorId": "house",
            "reason": "round cancelled", "timestamp": text_at(self.now),
        });
        let body = void.to_string();
        self.put(partition_of(player, 2), Kind::Wager, Source::Http, "house", body.as_bytes());
    }

    fn event(&mut self, body: &str, player: &str, source: Source) {
        self.put(partition_of(player, 2), Kind::GameEvent, source, "house", body.as_bytes());
    }

    /// The last dead letter of a partition: its batch and slot.
    fn letter(&mut self, at: u16) -> (u64, u32) {
        let letters = letters_of(&self.partitions[usize::from(at)], &mut self.store);
        let place = letters.last().expect("there is a dead letter");
        (place.batch, place.slot)
    }

    /// Carries out what batches have asked for, each `times` times.
    fn deliver(&mut self, times: usize) {
        for (partition, effect) in std::mem::take(&mut self.effects) {
            let mut bytes = Vec::new();
            let to = match &effect {
                Effect::Send { key, cause, payload: Payload::Letter(at) } => {
                    let folded = &self.store.batches[&(at.partition, at.batch)];
                    let (_, letter) =
                        folded.dead_letters.iter().find(|(slot, _)| *slot == at.slot).unwrap();
                    let letter = Record::read(&mut Cursor::new(letter, "letter")).unwrap();
                    let origin = Some(Origin { place: *cause, sequence: key.sequence });
                    Record { source: Source::Released, origin, ..letter }.write(&mut bytes);
                    key.to
                }
                Effect::Send { payload: Payload::Record { .. }, .. } => {
                    panic!("behaviour 1 sends released dead letters alone")
                }
                Effect::Arrived { origin } => {
                    let command = Command::Arrived { by: partition, sequence: origin.sequence };
                    let (kind, source, operator) = (Kind::Command, Source::Node, "");
                    let body = &serde_json::to_vec(&command).unwrap();
                    let received_at = Timestamp::from_micros(self.now);
                    Record { kind, source, operator, received_at, origin: None, body }
                        .write(&mut bytes);
                    origin.place.partition
                }
            };
            for _ in 0..times {
                self.put_bytes(to, &bytes, 0);
            }
        }
        self.order();
    }

    fn wait(&mut self, micros: i64) {
        self.now += micros;
        self.order();
    }
}

fn text_at(at: i64) -> String {
    timestamp::write(Timestamp::from_micros(at)).to_string()
}

/// A player of a partition.
fn player(at: u16, number: usize) -> String {
    let names = (0..).map(|number| format!("player-{number}"));
    names.filter(|name| partition_of(name, 2) == at).nth(number).unwrap()
}

/// The world once everything has happened.
pub(super) fn played() -> World {
    let mut world = World::default();
    rules(&mut world);
    refusals(&mut world);
    points(&mut world);
    voids(&mut world);
    events(&mut world);
    consents(&mut world);
    dead_letters(&mut world);
    messages(&mut world);
    standing(&mut world);
    time(&mut world);
    world
}

fn house() -> Value {
    json!({
        "currency": "EUR", "timezone": "Europe/Malta", "voids": "balance", "rates": { "USD": 0.92 },
        "eligibility": {
            "minWager": 1.00, "categories": ["slots", "table", "bingo"],
            "segments": { "deny": ["excluded"] }, "players": { "deny": [player(0, 9)] },
        },
        "earning": {
            "multipliers": { "slots": 0.1, "table": 0, "default": 0.05 }, "games": { "huge": 1_000_000 },
            "rounding": "half-even", "caps": [{ "points": 15, "per": "day" }],
        },
        "jurisdictions": {
            "Sweden": { "enabled": false },
            "Ontario": { "eligibility": { "segments": { "allow": ["vip"], "deny": [] } } },
        },
    })
}

fn rules(world: &mut World) {
    let genesis = Control::Genesis {
        cluster_id: "00112233445566778899aabbccddeeff".into(),
        partitions: 2,
        hash_key: "000102030405060708090a0b0c0d0e0f".into(),
        behaviour: 1,
        window_hours: 168,
        recent_hours: 24,
    };
    world.control_of(&genesis);
    world.control_of(&genesis);
    let operator = |name: &str, events_per_second| Control::Operator {
        operator: name.into(),
        key_hash: "ab".repeat(32),
        events_per_second,
    };
    for name in ["house", "casino", "empty", "house"] {
        world.control_of(&operator(name, 100));
    }
    world.publish("house", 0, 0, &house());
    world.publish("house", 0, 0, &house());
    world.publish("nobody", 0, 0, &house());
    world.publish("house", 1, 0, &json!({ "currency": 5 }));
    let casino = json!({ "currency": "EUR", "consent": "opt-in", "earning": { "multipliers": { "default": 1 } } });
    world.publish("casino", 0, 0, &casino);
    let mut off = casino;
    off["mode"] = json!("off");
    world.publish("casino", 1, START + DAY, &off);
    world.publish("casino", 2, START + 2 * DAY, &house());
    let withdraw = |version| Control::Withdraw {
        operator: "casino".into(),
        version,
        why: "why".into(),
        who: "who".into(),
    };
    for version in [3, 3, 7] {
        world.control_of(&withdraw(version));
    }
    world.control_of(&Control::Behaviour { number: 1 });
    world.control(br#"{"control":5}"#);
}

fn refusals(world: &mut World) {
    for at in [0, 1] {
        let name = player(at, 0);
        let cases = [
            json!({ "operatorId": "nobody" }),
            json!({ "operatorId": "empty" }),
            json!({ "jurisdiction": "Sweden" }),
            json!({ "operatorId": "casino" }),
            json!({ "playerSegment": "excluded" }),
            json!({ "jurisdiction": "Ontario" }),
            json!({ "jurisdiction": "Ontario", "playerSegment": "vip" }),
            json!({ "gameCategory": "poker" }),
            json!({ "currency": "XYZ" }),
            json!({ "wagerAmount": 0.99 }),
            json!({ "gameCategory": "table" }),
        ];
        for (number, more) in cases.into_iter().enumerate() {
            world.wager(&format!("refused-{number}"), &name, 0, more);
        }
    }
    world.wager("denied", &player(0, 9), 0, json!({}));
    world.order();
}

fn points(world: &mut World) {
    for at in [0, 1] {
        let name = player(at, 1);
        world.wager("w1", &name, 0, json!({ "wagerAmount": 100.25, "winAmount": 3 }));
        world.wager("w1", &name, 0, json!({ "wagerAmount": 100.250, "winAmount": 3.0 }));
        world.wager("w1", &name, 0, json!({ "wagerAmount": 7 }));
        world.wager(
            "w2",
            &name,
            0,
            json!({ "wagerAmount": 100, "currency": "USD", "type": "wager.placed" }),
        );
        world.wager("w3", &name, 2 * DAY, json!({ "gameCategory": "bingo" }));
        world.wager("w4", &name, 4 * DAY, json!({}));
        world.wager(
            "w5",
            &name,
            0,
            json!({ "gameId": "huge", "wagerAmount": 999_999_999_999_u64 }),
        );
        world.wager("w6", &name, 8 * DAY, json!({}));
        world.wager("w7", &name, -HOUR, json!({}));
        world.order();
    }
    // A program without caps.
    world.publish(
        "empty",
        0,
        0,
        &json!({ "currency": "EUR", "earning": { "multipliers": { "slots": 1 } } }),
    );
    world.wager("w8", &player(0, 2), 0, json!({ "operatorId": "empty", "wagerAmount": 12.345 }));
    world.order();
}

fn voids(world: &mut World) {
    let name = player(0, 1);
    world.void("w1", &name);
    world.void("w1", &name);
    world.void("refused-0", &player(0, 0));
    world.void("later", &name);
    world.void("never", &name);
    world.order();
    world.wager("later", &name, 0, json!({}));
    world.order();
    world.wager("w9", &name, 0, json!({}));
    world.order();
}

fn events(world: &mut World) {
    let name = player(1, 3);
    let at = text_at(world.now);
    let event = |id: &str, data: &str| {
        format!(
            r#"{{"event_id":"{id}","event_type":"player_score","player_id":"{name}","game_id":"g","timestamp":"{at}","data":{data}}}"#
        )
    };
    world.event(&event("e1", r#"{"score":1500,"level":3}"#), &name, Source::Kafka);
    world.event(&event("e1", r#"{ "level":3, "score":1500.0, "none":null }"#), &name, Source::File);
    world.event(&event("e1", r#"{"score":1501}"#), &name, Source::Http);
    world.event("not an event", &name, Source::Kafka);
    world.put(
        1 - partition_of(&name, 2),
        Kind::GameEvent,
        Source::Kafka,
        "house",
        event("e2", "{}").as_bytes(),
    );
    world.order();
}

fn consents(world: &mut World) {
    let consent = |id: &str, player: &str, joins| Command::Consent {
        id: id.into(),
        player_id: player.into(),
        joins,
    };
    let name = player(0, 4);
    world.command(0, "casino", &consent("c1", &name, true));
    world.wager("w10", &name, 0, json!({ "operatorId": "casino" }));
    world.order();
    world.command(0, "casino", &consent("c2", &name, false));
    world.command(0, "casino", &consent("c2", &name, false));
    world.command(0, "casino", &consent("c2", &name, true));
    world.command(0, "nobody", &consent("c3", &name, true));
    world.put(0, Kind::Command, Source::Http, "house", b"{}");
    world.order();
}

fn dead_letters(world: &mut World) {
    let name = player(0, 5);
    // Repaired, and released.
    world.put(0, Kind::Wager, Source::File, "house", b"{\"wagerId\":5}");
    world.order();
    let letter = world.letter(0);
    let original = world.wager_of("repaired", &name, 0, json!({})).to_string();
    let repair = |id: &str, dead_letter, original: &str| Command::Repair {
        id: id.into(),
        dead_letter,
        original: original.into(),
        operator: None,
    };
    world.command(0, "house", &repair("d1", letter, "still nothing"));
    world.command(0, "house", &repair("d2", letter, &original));
    let release = |id: &str, dead_letter| Command::Release { id: id.into(), dead_letter };
    world.command(0, "casino", &release("d3", letter));
    world.command(0, "house", &release("d3", letter));
    world.command(0, "house", &release("d3", letter));
    world.command(0, "house", &release("d4", letter));
    world.command(0, "house", &release("d5", (1, 77)));
    world.deliver(1);
    world.deliver(1);
    // Given up.
    world.put(0, Kind::Wager, Source::Kafka, "", b"\xff\xfe");
    world.put(0, Kind::Wager, Source::Kafka, "house", b"\xff");
    world.order();
    let letter = world.letter(0);
    let discard = Command::Discard { id: "d6".into(), dead_letter: letter, why: "why".into() };
    world.command(0, "house", &discard);
    // Released in time for a cap, and too old for one.
    for (id, ago) in [("late", 10 * DAY), ("very-late", 60 * DAY)] {
        world.wager(id, &name, ago, json!({}));
        world.order();
        let letter = world.letter(0);
        world.command(0, "house", &release(id, letter));
        world.deliver(1);
        world.deliver(1);
    }
}

fn messages(world: &mut World) {
    // Across partitions, and twice.
    let name = player(1, 6);
    let astray = world.wager_of("astray", &name, 0, json!({})).to_string();
    world.put(0, Kind::Wager, Source::Kafka, "house", astray.as_bytes());
    world.order();
    let letter = world.letter(0);
    world.command(0, "house", &Command::Release { id: "m1".into(), dead_letter: letter });
    world.deliver(2);
    world.deliver(2);
    // One that nobody has sent in between.
    let place = Place { partition: 0, batch: 1, slot: 1, number: 0 };
    let origin = Some(Origin { place, sequence: 20_000 });
    let body = world.wager_of("ahead", &name, 0, json!({})).to_string();
    world.put_from(1, Kind::Wager, Source::Released, "house", body.as_bytes(), origin);
    world.order();
    world.deliver(0);
}

fn standing(world: &mut World) {
    world.put(1, Kind::Command, Source::Http, "house", br#"{"command":"newer","id":"n"}"#);
    world.order();
    let batch = world.partitions[1].next_batch();
    world.wager("behind", &player(1, 7), 0, json!({}));
    world.order();
    let who = "somebody".into();
    world.control_of(&Control::Skip { partition: 1, batch, slot: 1, who });
}

/// Markers and dead letters have their time, and messages are sent again.
fn time(world: &mut World) {
    let name = player(1, 8);
    for id in ["lost-1", "lost-2"] {
        let astray = world.wager_of(id, &name, 0, json!({})).to_string();
        world.put(0, Kind::Wager, Source::Kafka, "house", astray.as_bytes());
        world.order();
        let letter = world.letter(0);
        world.command(0, "house", &Command::Release { id: id.into(), dead_letter: letter });
    }
    world.effects.clear();
    world.wait(DAY + HOUR);
    world.deliver(1);
    world.deliver(1);
    world.wager("off", &player(0, 4), 0, json!({ "operatorId": "casino" }));
    world.order();
    world.wait(31 * DAY);
    // What is left in the tables at the end.
    let late = world.wager_of("late-again", &name, 9 * DAY, json!({})).to_string();
    world.put(0, Kind::Wager, Source::Kafka, "house", late.as_bytes());
    world.void("never-either", &player(0, 1));
    world.wager("w20", &player(0, 1), 3 * DAY, json!({}));
    world.wager("w21", &player(0, 1), 0, json!({}));
    world.order();
    let letter = world.letter(0);
    world.command(0, "house", &Command::Release { id: "t2".into(), dead_letter: letter });
}
