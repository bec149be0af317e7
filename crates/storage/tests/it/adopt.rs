//! An embedded node's directory becomes homes, which are what it was and go on as it would have.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_engine::disk::Disk;
use accolade_engine::ids::IdEntry;
use accolade_engine::objects::Objects;
use accolade_engine::partition::{Observer, Partition, Shared};
use accolade_engine::rules::{BEHAVIOUR, RulesHistory};
use accolade_engine::step::Effect;
use accolade_engine::tables::dead_letters::{DeadLetter, DeadLetterState};
use accolade_storage::adopt::Embedded;
use accolade_storage::backing::{Backing, NodeStore};
use accolade_storage::checkpoint::Part;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::StorageError;
use accolade_storage::home::Home;
use accolade_storage::log::LogFrame;
use accolade_storage::open::{self, Opened, Options};
use accolade_storage::ship::{BlockCache, Directory, Shipper, fetch};
use accolade_storage::table_cache::TableCache;
use accolade_wire::control::{Command, Control};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};

use crate::node::copy_folder;

const PARTITIONS: u16 = 4;
const PLAYERS: u64 = 24;
/// 2026-01-01, in microseconds since 1970.
const START: i64 = 1_767_225_600_000_000;
const MINUTE: i64 = 60_000_000;

fn sizes() -> Options {
    Options {
        partitions: PARTITIONS,
        first_partition: 0,
        log_segment_bytes: 1 << 16,
        journal_segment_bytes: 1 << 15,
        segment_bytes: 1 << 14,
        filter_bytes_max: 1 << 10,
        tables: TableCache::default(),
    }
}

fn disk(folder: &Path) -> Arc<dyn Disk> {
    Arc::new(RealDisk::open(folder).unwrap())
}

/// Keeps what it hears.
#[derive(Debug, Default)]
struct Heard(Vec<(Outcome, Option<Points>)>);

impl Observer for Heard {
    fn folded(&mut self, _: u32, outcome: &Outcome, balance: Option<Points>) {
        self.0.push((outcome.clone(), balance));
    }
}

/// The embedded node's parts, without its threads.
struct Node {
    folder: tempfile::TempDir,
    opened: Opened,
    store: NodeStore,
    shared: Shared,
    now: i64,
    frames: Vec<LogFrame>,
    folded: usize,
    commands: u64,
    /// Where each wager was put first.
    places: BTreeMap<String, Place>,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = open::open(&disk(folder.path()), &sizes()).unwrap();
        let store = NodeStore::new(Arc::clone(&opened.backing));
        let shared = Shared::new(FAILS_AT_13);
        let (frames, places) = (Vec::new(), BTreeMap::new());
        let (now, folded, commands) = (START, 0, 0);
        let mut node =
            Self { folder, opened, store, shared, now, frames, folded, commands, places };
        node.control(&Control::Genesis {
            cluster_id: "c".into(),
            partitions: PARTITIONS,
            hash_key: "5".repeat(32),
            behaviour: BEHAVIOUR,
            window_hours: 168,
            recent_hours: 24,
        });
        let operator = "house".to_string();
        let added = Control::Operator { operator, key_hash: String::new(), events_per_second: 0 };
        node.control(&added);
        node.commit();
        node.publish(0, "0.1");
        node.commit();
        node
    }

    fn record(&self, kind: Kind, body: &[u8]) -> Vec<u8> {
        let (source, operator, origin) = (Source::Http, "house", None);
        let received_at = Timestamp::from_micros(self.now);
        let mut record = Vec::new();
        Record { kind, source, operator, received_at, origin, body }.write(&mut record);
        record
    }

    fn control(&mut self, control: &Control) {
        let record = self.record(Kind::Control, &serde_json::to_vec(control).unwrap());
        self.opened.log.put_control(&record).unwrap();
    }

    /// At most five points a day.
    fn publish(&mut self, edited_from: u32, multiplier: &str) {
        let document = format!(
            r#"{{"currency":"EUR","earning":{{"multipliers":{{"slots":{multiplier}}},
            "caps":[{{"points":5,"per":"day"}}]}}}}"#
        );
        self.control(&Control::Publish {
            operator: "house".into(),
            edited_from,
            effective_from: if edited_from == 0 { 0 } else { self.now },
            why: String::new(),
            who: String::new(),
            published_at: self.now,
            document,
            zone: vec![],
        });
    }

    fn put(&mut self, partition: u16, kind: Kind, body: &str) -> Place {
        let record = self.record(kind, body.as_bytes());
        let (batch, slot) = self.opened.log.put(partition, &record, None).unwrap();
        Place { partition, batch, slot, number: 0 }
    }

    fn wager(&mut self, id: &str, player: &str, stake: &str, at: i64) {
        let at = accolade_wire::timestamp::write(Timestamp::from_micros(at));
        let body = format!(
            r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
            "gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta",
            "timestamp":"{at}"}}"#
        );
        let place = self.put(partition_of(player, PARTITIONS), Kind::Wager, &body);
        self.places.entry(id.to_owned()).or_insert(place);
    }

    fn void(&mut self, id: &str, player: &str) {
        let at = accolade_wire::timestamp::write(Timestamp::from_micros(self.now));
        let body = format!(
            r#"{{"type":"wager.voided","wagerId":"{id}","playerId":"{player}",
            "operatorId":"house","reason":"r","timestamp":"{at}"}}"#
        );
        self.put(partition_of(player, PARTITIONS), Kind::Wager, &body);
    }

    fn release(&mut self, letter: Place) {
        self.commands += 1;
        let (id, dead_letter) = (format!("c{}", self.commands), (letter.batch, letter.slot));
        let command = serde_json::to_string(&Command::Release { id, dead_letter }).unwrap();
        self.put(letter.partition, Kind::Command, &command);
    }

    /// Wagers of all players, and of each kind of trouble some.
    fn round(&mut self, round: u64) {
        for number in 0..PLAYERS {
            let player = format!("player-{number}");
            self.wager(&format!("w{round}-{number}"), &player, "10.00", self.now);
            match number % 8 {
                1 => self.void(&format!("w{round}-{number}"), &player),
                2 => self.void(&format!("unknown{round}-{number}"), &player),
                3 => self.wager(
                    &format!("late{round}-{number}"),
                    &player,
                    "10.00",
                    self.now - 9 * DAY_MICROS,
                ),
                4 => self.wager(
                    &format!("yesterday{round}-{number}"),
                    &player,
                    "10.00",
                    self.now - DAY_MICROS,
                ),
                _ => {}
            }
        }
        for partition in 0..PARTITIONS {
            self.put(partition, Kind::Wager, &format!("no event {round}"));
        }
        self.commit();
    }

    fn commit(&mut self) {
        self.now += 20 * MINUTE;
        let random = [u8::try_from(self.frames.len() % 251).unwrap(); 32];
        let now = Timestamp::from_micros(self.now);
        self.frames.push(self.opened.log.commit(now, random).unwrap().0);
    }

    /// Folds the frames that it has not folded; returns what the last one came to, by partition.
    fn fold(&mut self) -> BTreeMap<u16, (Heard, Vec<Effect>)> {
        let mut last = BTreeMap::new();
        for frame in &self.frames[self.folded..] {
            last.clear();
            for slice in frame.slices() {
                let partition = &mut self.opened.partitions[usize::from(slice.partition)];
                let (store, mut heard) = (&mut self.store, Heard::default());
                let effects =
                    partition.fold(&slice, &frame.moment, &self.shared, store, &mut heard);
                last.insert(slice.partition, (heard, effects.unwrap()));
            }
            self.store.flush(frame.moment.time).unwrap();
        }
        self.folded = self.frames.len();
        last
    }

    /// Forgets the control records that changed nothing, as an adoption does.
    fn retell(&mut self) {
        let (rules, _) = self.opened.partitions[0].rules().retold();
        let rules = Arc::new(rules);
        for partition in &mut self.opened.partitions {
            partition.retell_rules(Arc::clone(&rules));
        }
        self.shared.history = RulesHistory::default();
    }

    fn checkpoint(&mut self, seals: bool) {
        let (position, time) = (self.opened.log.position(), Timestamp::from_micros(self.now));
        let take = |partition| Part::take(partition, position, seals);
        let mut parts: Vec<Part> = self.opened.partitions.iter_mut().map(take).collect();
        let (checkpointer, backing) = (&mut self.opened.checkpointer, &self.opened.backing);
        checkpointer.write(&mut parts, backing, position.next_frame - 1, time).unwrap();
        if seals {
            let sealing = checkpointer.begin_sealing(parts, &[], time).unwrap();
            sealing.write(backing).unwrap();
            checkpointer.sealed(&sealing);
            for partition in &mut self.opened.partitions {
                partition.let_go_of_ended();
            }
        }
    }

    /// A life with everything in it. What it did last is in no checkpoint, and the very last not even
    /// folded.
    fn lived() -> Self {
        let mut node = Self::new();
        for round in 1..=30 {
            node.round(round);
            if round == 12 {
                node.publish(1, "0.2");
                node.publish(0, "0.3");
            }
            if round == 28 {
                node.release_one_of_each();
            }
            if round < 29 {
                node.fold();
            }
            if round % 3 == 0 && round < 28 {
                node.checkpoint(round % 9 == 0);
            }
            for left in node.opened.backing.take_left() {
                let sequence = left.close().unwrap();
                if round == 15 {
                    node.opened.backing.journal.pack(sequence).unwrap();
                }
            }
            if round == 20 {
                while node.opened.backing.lookup.tidy().unwrap() {}
            }
        }
        node
    }

    /// Their bytes are on their way to nobody: no effect is carried out here.
    fn release_one_of_each(&mut self) {
        let mut places = Vec::new();
        for partition in &self.opened.partitions {
            let letters = letters(partition, &self.opened.backing).into_iter();
            let mut late = letters.filter(|(_, letter)| {
                letter.reason == DeadReason::TooLate && letter.state == DeadLetterState::Open
            });
            places.extend(late.next().map(|(place, _)| place));
        }
        assert!(!places.is_empty());
        for place in places {
            self.release(place);
        }
        self.commit();
    }

    /// The directory as it is at this moment, elsewhere.
    fn copy(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        folder
    }
}

fn values(partition: &Partition) -> Vec<u8> {
    [partition.values(), partition.links()].concat()
}

fn ids(partition: &Partition, backing: &Backing) -> Vec<IdEntry> {
    let mut ids: Vec<IdEntry> = partition.ids().iter().copied().collect();
    for section in backing.lookup.sections() {
        let entries = section.entries().map(Result::unwrap);
        let own = entries.filter(|entry| entry.partition == partition.number());
        ids.extend(own.map(|entry| entry.entry));
    }
    ids.sort_by_key(|entry| (entry.batch, entry.slot, entry.id));
    ids
}

fn letters(partition: &Partition, backing: &Arc<Backing>) -> Vec<(Place, DeadLetter)> {
    let letters = partition.tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
    letters.read(partition.number(), &mut NodeStore::new(Arc::clone(backing))).unwrap().rows
}

/// Paged rows, in memory and in runs.
fn rows(partition: &Partition, backing: &Backing) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let of_runs = backing.pages.rows(partition.number()).map(Result::unwrap);
    let mut rows: BTreeMap<_, _> = of_runs.map(|page| (page.key[2..].to_vec(), page.row)).collect();
    let in_memory = partition.tables().paged_rows().each(|key, row| {
        rows.insert(key.to_vec(), row.to_vec());
        Ok::<_, std::convert::Infallible>(())
    });
    in_memory.unwrap();
    rows
}

fn check_same(home: &Home, node: &Node) {
    let number = home.partition().number();
    let embedded = &node.opened.partitions[usize::from(number)];
    let (ours, theirs) = (home.backing(), &node.opened.backing);
    assert_eq!(home.partition().next_batch(), embedded.next_batch());
    assert_eq!(home.partition().time(), embedded.time());
    assert_eq!(values(home.partition()), values(embedded));
    assert_eq!(ids(home.partition(), ours), ids(embedded, theirs));
    assert_eq!(rows(home.partition(), ours), rows(embedded, theirs));
    assert_eq!(home.partition().rules(), embedded.rules());
    let mut letters = 0;
    for batch in 1..embedded.next_batch() {
        let journal = ours.journal.read(number, batch).unwrap();
        assert!(journal.is_some(), "batch {batch}");
        assert_eq!(journal, theirs.journal.read(number, batch).unwrap());
        let dead_letters = ours.dead_letters.read(number, batch).unwrap();
        assert_eq!(dead_letters, theirs.dead_letters.read(number, batch).unwrap());
        letters += usize::from(dead_letters.is_some());
    }
    assert!(letters > 20, "{letters}");
}

/// Writes the home of a partition, ships it, and opens it elsewhere.
fn adopted(embedded: &Embedded, partition: u16, objects: &Arc<dyn Objects>, into: &Path) -> Home {
    let folder = tempfile::tempdir().unwrap();
    let made = disk(folder.path());
    let given = embedded.write_home(partition, &made, &sizes(), b"cursor".to_vec()).unwrap();
    let time = embedded.partitions()[usize::from(partition)].time();
    let prefix = format!("p{partition:04}/{:020}", 0);
    let mut shipper = Shipper::new(Arc::clone(objects), prefix, made, None);
    let name = shipper.ship(&given.manifest, time).unwrap();
    drop(folder);
    let cache = BlockCache::default();
    let (local, list) = fetch(objects, &name, disk(into), &cache).unwrap();
    assert_eq!(list.cursor, b"cursor");
    let home = Home::open(local, partition, &sizes()).unwrap();
    assert_eq!(home.cursor(), Some(&b"cursor"[..]));
    assert_eq!(given.batches, home.partition().next_batch() - 1);
    assert_eq!(given.ids, ids(home.partition(), home.backing()).len() as u64);
    home
}

#[test]
fn homes_are_what_the_directory_was_and_go_on_as_it_would_have() {
    let mut node = Node::lived();
    let directory = node.copy();
    node.fold();
    assert!(node.opened.backing.lookup.sections().len() > 4);
    assert!(node.opened.backing.pages.rows(0).count() > 0, "rows of days that are over");
    assert!(node.opened.partitions.iter().any(|partition| !partition.ids().is_empty()));
    let applied = node.opened.partitions[0].rules().applied;
    node.retell();

    let store = tempfile::tempdir().unwrap();
    let objects: Arc<dyn Objects> = Arc::new(Directory::open(store.path()).unwrap());
    let embedded = Embedded::open(directory.path(), FAILS_AT_13).unwrap();
    assert_eq!(embedded.controls().len() as u64 + 1, applied, "one was declined");
    let folders: Vec<_> = (0..PARTITIONS).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut homes: Vec<Home> = (0..)
        .zip(&folders)
        .map(|(partition, folder)| adopted(&embedded, partition, &objects, folder.path()))
        .collect();
    for home in &homes {
        check_same(home, &node);
    }

    // The same batch again for both: repeats of what was sealed long ago, voids of it, and timers.
    let then = START + 50 * MINUTE;
    for number in 0..PLAYERS {
        let player = format!("player-{number}");
        node.wager(&format!("w2-{number}"), &player, "10.00", then);
        node.wager(&format!("new-{number}"), &player, "10.00", node.now);
        node.void(&format!("w4-{number}"), &player);
    }
    node.commit();
    let mut expected = node.fold();
    let frame = node.frames.last().unwrap();
    let (mut firsts, mut sent) = (Vec::new(), 0);
    for slice in frame.slices() {
        let home = &mut homes[usize::from(slice.partition)];
        let mut heard = Heard::default();
        let effects = home.fold(&slice, &frame.moment, &node.shared, &mut heard, b"after").unwrap();
        let (outcomes, carried_out) = expected.remove(&slice.partition).unwrap();
        assert_eq!((&heard.0, &effects), (&outcomes.0, &carried_out));
        firsts.extend(heard.0.iter().filter_map(|(outcome, _)| match outcome {
            Outcome::Repeated { first } => Some(*first),
            _ => None,
        }));
        sent += effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
    }
    for number in 0..PLAYERS {
        let id = format!("w2-{number}");
        assert!(firsts.contains(&node.places[&id]), "{id} is a repeat of the one long ago");
    }
    assert!(sent > 0, "what was released is sent again");
    for home in &homes {
        check_same(home, &node);
    }
}

#[test]
fn a_directory_that_was_adopted_is_still_a_nodes() {
    let mut node = Node::lived();
    let directory = node.copy();
    node.fold();
    node.retell();
    for _ in 0..2 {
        let embedded = Embedded::open(directory.path(), FAILS_AT_13).unwrap();
        let in_use = Embedded::open(directory.path(), FAILS_AT_13).unwrap_err();
        assert!(matches!(in_use, StorageError::InUse(_)), "{in_use}");
        for (partition, expected) in embedded.partitions().iter().zip(&node.opened.partitions) {
            assert_eq!(values(partition), values(expected));
        }
    }
}

#[test]
fn a_directory_in_which_a_partition_stands_or_with_nothing_in_it_is_refused() {
    let mut node = Node::lived();
    let (player, at) = ("player-1", node.now);
    node.wager("stuck", player, "13.00", at);
    node.commit();
    let directory = node.copy();
    let stands = Embedded::open(directory.path(), FAILS_AT_13).unwrap_err();
    let stands = std::io::Error::from(stands).to_string();
    assert!(stands.contains("the fold failed at partition"), "{stands}");

    let empty = tempfile::tempdir().unwrap();
    let nothing = Embedded::open(empty.path(), FAILS_AT_13).unwrap_err();
    assert!(nothing.to_string().contains("there is nothing in it"), "{nothing}");
}
