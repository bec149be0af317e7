//! The rules in a data directory: written with checkpoints, and opened from them.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use accolade_domain::time::Timestamp;
use accolade_engine::behaviour;
use accolade_engine::disk::Disk;
use accolade_engine::error::in_full;
use accolade_engine::partition::{Partition, Shared};
use accolade_engine::rules::{BEHAVIOUR, Rules, RulesHistory};
use accolade_storage::backing::NodeStore;
use accolade_storage::checkpoint::Part;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::StorageError;
use accolade_storage::log::LogFrame;
use accolade_storage::open::{self, Opened, Options};
use accolade_storage::segment::Position;
use accolade_storage::table_cache::TableCache;
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Record, Source};

const PARTITIONS: u16 = 4;
/// 2026-01-01, in microseconds since 1970.
const START: i64 = 1_767_225_600_000_000;

fn sizes(segment_bytes: u64) -> Options {
    Options {
        partitions: PARTITIONS,
        first_partition: 0,
        log_segment_bytes: 1 << 20,
        journal_segment_bytes: 1 << 20,
        segment_bytes,
        filter_bytes_max: 0,
        tables: TableCache::default(),
    }
}

/// A node's parts, whose partitions fold as far as they are told to.
struct Node {
    opened: Opened,
    store: NodeStore,
    shared: Shared,
    now: i64,
    segment_bytes: u64,
    /// The frames of the log, each with where it ends.
    frames: Vec<(LogFrame, Position)>,
}

impl Node {
    fn open(folder: &Path, segment_bytes: u64) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder).unwrap());
        let opened = open::open(&disk, &sizes(segment_bytes)).unwrap();
        let store = NodeStore::new(Arc::clone(&opened.backing));
        let shared = Shared::new(behaviour::KNOWN);
        Self { opened, store, shared, now: START, segment_bytes, frames: Vec::new() }
    }

    /// The directory as a process finds it that starts after this one has ended.
    fn reopened(self, folder: &Path) -> Self {
        let Self { now, segment_bytes, frames, .. } = self;
        Self { now, frames, ..Self::open(folder, segment_bytes) }
    }

    fn put(&mut self, control: &Control) {
        let body = serde_json::to_vec(control).unwrap();
        let (kind, source, operator, origin) = (Kind::Control, Source::Node, "", None);
        let received_at = Timestamp::from_micros(self.now);
        let mut record = Vec::new();
        Record { kind, source, operator, received_at, origin, body: &body }.write(&mut record);
        self.opened.log.put_control(&record).unwrap();
    }

    fn commit(&mut self) {
        self.now += 1_000_000;
        let frame = self.opened.log.commit(Timestamp::from_micros(self.now), [0; 32]).unwrap().0;
        self.frames.push((frame, self.opened.log.position()));
    }

    /// A control record in a batch of its own.
    fn control(&mut self, control: &Control) {
        self.put(control);
        self.commit();
    }

    fn begin(&mut self) {
        self.control(&genesis(PARTITIONS));
    }

    /// Folds a partition's batches up to the one before `until`.
    fn fold(&mut self, number: u16, until: usize) {
        let partition = &mut self.opened.partitions[usize::from(number)];
        let next = usize::try_from(partition.next_batch()).unwrap() - 1;
        for (frame, _) in self.frames.iter().take(until).skip(next) {
            let slice = frame.slices().find(|slice| slice.partition == number).unwrap();
            let (moment, store) = (&frame.moment, &mut self.store);
            partition.fold(&slice, moment, &self.shared, store, &mut ()).unwrap();
            store.flush(frame.moment.time).unwrap();
        }
    }

    fn fold_all(&mut self) {
        for number in 0..PARTITIONS {
            self.fold(number, self.frames.len());
        }
    }

    /// A checkpoint of some partitions.
    fn checkpoint(&mut self, is_part: impl Fn(u16) -> bool) {
        let mut parts = Vec::new();
        for partition in &mut self.opened.partitions {
            let folded = usize::try_from(partition.next_batch()).unwrap() - 1;
            if is_part(partition.number()) && folded > 0 {
                parts.push(Part::take(partition, self.frames[folded - 1].1, false));
            }
        }
        let synced = self.opened.log.position().next_frame - 1;
        let (backing, now) = (&self.opened.backing, Timestamp::from_micros(self.now));
        self.opened.checkpointer.write(&mut parts, backing, synced, now).unwrap();
    }

    fn rules(&self, number: u16) -> &Arc<Rules> {
        self.opened.partitions[usize::from(number)].rules()
    }
}

fn genesis(partitions: u16) -> Control {
    Control::Genesis {
        cluster_id: "c".into(),
        partitions,
        hash_key: "5".repeat(32),
        behaviour: BEHAVIOUR,
        window_hours: 168,
        recent_hours: 24,
    }
}

fn operator(number: usize) -> Control {
    let operator = format!("operator-{number}");
    Control::Operator { operator, key_hash: "k".repeat(64), events_per_second: 0 }
}

/// A version that has not begun, of one document for each edition.
fn publish(number: usize, edited_from: u32, now: i64, edition: usize) -> Control {
    Control::Publish {
        operator: format!("operator-{number}"),
        edited_from,
        effective_from: now + 3_600_000_000,
        why: "the season begins".into(),
        who: "the API key of an operator".into(),
        published_at: now,
        document: document(edition),
        zone: vec![(0, 3_600), (1_774_746_000_000_000, 7_200)],
    }
}

fn document(edition: usize) -> String {
    let games: Vec<String> =
        (0..20).map(|game| format!(r#""game-{game}":0.{}"#, edition % 97 + 1)).collect();
    format!(
        r#"{{"currency":"EUR","timezone":"Europe/Malta","rates":{{"USD":0.92,"SEK":0.088}},
        "eligibility":{{"categories":["slots","live","table"],"minWager":0.1}},
        "earning":{{"multipliers":{{"slots":0.1,"live":0.05}},"games":{{{}}},
        "caps":[{{"points":5000,"per":"day"}}]}}}}"#,
        games.join(",")
    )
}

/// The rules after each number of control records.
fn history(node: &Node) -> Vec<Rules> {
    let mut all = vec![Rules::default()];
    for (frame, _) in &node.frames {
        let slice = frame.slices().next().unwrap();
        for record in slice.records() {
            let record = record.unwrap();
            let last = all.last().unwrap();
            all.push(last.after(record.body, record.received_at, BEHAVIOUR).unwrap().0);
        }
    }
    all
}

#[test]
fn every_partition_is_opened_with_the_rules_that_it_stood_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path(), 1 << 14);
    node.begin();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut differed = 0;
    for round in 0..40 {
        for _ in 0..6 {
            let now = node.now;
            let number = random(5);
            // Some are stale, some name nobody, and some withdraw what does not exist.
            let edited_from = u32::try_from(random(3)).unwrap();
            let control = match random(4) {
                0 => operator(number),
                1 | 2 => {
                    let known = node.rules(0).operator(&format!("operator-{number}"));
                    let latest = known.map_or(0, |known| known.versions.latest());
                    publish(number, latest + edited_from / 2, now, round)
                }
                _ => Control::Withdraw {
                    operator: format!("operator-{number}"),
                    version: edited_from + 1,
                    why: "why".into(),
                    who: "who".into(),
                },
            };
            node.control(&control);
            node.fold(0, node.frames.len());
        }
        for number in 1..PARTITIONS {
            // Partition 3 stands for a long time now and then.
            if number < 3 || round % 13 == 12 {
                node.fold(number, node.frames.len() - random(12).min(node.frames.len()));
            }
        }
        let left_out = u16::try_from(random(8)).unwrap();
        node.checkpoint(|number| number != left_out);
        if round % 3 == 2 {
            let heads: Vec<u64> =
                node.opened.partitions.iter().map(Partition::next_batch).collect();
            node = node.reopened(folder.path());
            let all = history(&node);
            for (number, head) in (0..PARTITIONS).zip(heads) {
                let rules = node.rules(number);
                assert_eq!(**rules, all[usize::try_from(rules.applied).unwrap()]);
                let next = node.opened.partitions[usize::from(number)].next_batch();
                assert_eq!(next, rules.applied + 1, "a control record in each batch");
                assert!(next == head || number == left_out);
            }
            differed += usize::from(node.rules(1).applied != node.rules(3).applied);
            node.fold(0, node.frames.len());
        }
    }
    assert!(differed > 5, "{differed}");
    node.fold_all();
    let all = history(&node);
    for number in 0..PARTITIONS {
        assert_eq!(**node.rules(number), *all.last().unwrap());
    }
    assert!(
        all.last().unwrap().operators().map(|one| one.versions.all().count()).sum::<usize>() > 20
    );

    // Rounds over everything let go of what is old, and nothing is lost with it.
    let oldest = folder.path().join("state/000000000001");
    for _ in 0..2_000 {
        if oldest.exists() {
            node.checkpoint(|_| true);
        }
    }
    let state: Vec<_> = std::fs::read_dir(folder.path().join("state")).unwrap().collect();
    assert!(!oldest.exists() && state.len() < 30, "{} segments", state.len());
    let node = node.reopened(folder.path());
    for number in 0..PARTITIONS {
        assert_eq!(**node.rules(number), *all.last().unwrap());
    }
    assert!(Arc::ptr_eq(node.rules(0), node.rules(3)), "what is the same is shared");
}

#[test]
fn a_manifest_does_not_grow_with_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path(), 1 << 22);
    node.begin();
    node.control(&operator(0));
    let mut bytes = Vec::new();
    for edition in 0..100 {
        let edited_from = u32::try_from(edition).unwrap();
        node.control(&publish(0, edited_from, node.now, edition));
        node.fold_all();
        node.checkpoint(|_| true);
        let mut manifest = Vec::new();
        node.opened.checkpointer.last().unwrap().write(&mut manifest);
        bytes.push(manifest.len());
    }
    let (first, last) = (bytes[0], *bytes.last().unwrap());
    // Positions have more digits.
    assert!(last < first + 32, "{first} and {last} bytes");
    let written = std::fs::metadata(folder.path().join("state/000000000001")).unwrap().len();
    assert!(written > 100 * document(0).len() as u64, "documents are written once");
}

#[test]
fn a_directory_under_a_behaviour_of_a_newer_release_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path(), 1 << 16);
    node.shared.history = RulesHistory::knowing(3);
    node.begin();
    node.control(&Control::Behaviour { number: 3 });
    node.fold_all();
    assert_eq!(node.rules(0).settings.behaviour, 3);
    node.checkpoint(|_| true);
    drop(node);
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let newer = open::open(&disk, &sizes(1 << 16)).unwrap_err();
    assert!(matches!(newer, StorageError::NewerRules(_)), "{newer}");
    assert_eq!(
        in_full(&newer),
        "the data directory was written by a newer release: behaviour 3 is not known to this release, \
         which knows behaviours 1 to 2: start a newer one"
    );
}

#[test]
#[ignore = "a measurement: run it with `--release -- --ignored --nocapture`"]
#[expect(clippy::print_stdout, reason = "it is there to be read")]
fn ten_thousand_operators_and_a_hundred_thousand_control_records() {
    const OPERATORS: usize = 10_000;
    const CONTROLS: usize = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path(), 64 << 20);
    node.begin();
    let tell = |what: &str, since: Instant| println!("{what}: {} ms", since.elapsed().as_millis());
    let began = Instant::now();
    for at in 0..CONTROLS {
        let (number, edition) = (at % OPERATORS, at / OPERATORS);
        let now = node.now;
        match edition {
            0 => node.put(&operator(number)),
            _ => node.put(&publish(number, u32::try_from(edition).unwrap() - 1, now, at)),
        }
        if at % 500 == 499 {
            node.commit();
        }
    }
    tell("into the log", began);
    let began = Instant::now();
    node.fold_all();
    tell("folded by four partitions", began);
    let rules = Arc::clone(node.rules(0));
    assert_eq!(rules.applied, 1 + CONTROLS as u64);
    assert_eq!(rules.operators().map(|one| one.versions.latest()).min(), Some(9));
    let began = Instant::now();
    node.checkpoint(|_| true);
    tell("the first checkpoint", began);
    let began = Instant::now();
    node.checkpoint(|_| true);
    tell("a checkpoint in which nothing changed", began);
    let mut manifest = Vec::new();
    node.opened.checkpointer.last().unwrap().write(&mut manifest);
    println!("the manifest: {} bytes", manifest.len());
    let began = Instant::now();
    let node = node.reopened(folder.path());
    tell("opened", began);
    assert_eq!(**node.rules(0), *rules);
    let began = Instant::now();
    let operator = node.rules(3).operator("operator-77").unwrap();
    let version = operator.versions.at(Timestamp::from_micros(i64::MAX)).unwrap();
    assert_eq!(&*version.program.program.currency, "EUR");
    println!("a program is made when it is needed: {} us", began.elapsed().as_micros());
    let began = Instant::now();
    assert_eq!(rules.as_of(1 + CONTROLS as u64 / 2).applied, 1 + CONTROLS as u64 / 2);
    tell("the rules half-way", began);
    let began = Instant::now();
    let small = std::thread::Builder::new().stack_size(64 << 10);
    small.spawn(move || drop((rules, node.opened.partitions))).unwrap().join().unwrap();
    tell("dropped on a stack of 64 KiB", began);
}
