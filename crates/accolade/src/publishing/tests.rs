use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::notice::Notice;
use accolade_domain::outcome::Outcome;
use accolade_domain::ranking::Score;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::time::Timestamp;
use accolade_engine::feed::Known;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_kafka::outputs::{Lost, PublishFailed, Taken};
use accolade_kafka::sink::Publish;
use accolade_projections::sink::{Failed, Sink as _};
use accolade_storage::node::{Node, NodeOptions};
use accolade_wire::control::{Command, Control, Request};
use accolade_wire::identity::partition_of;
use accolade_wire::journal::{TimeSlot, begin_slice};
use accolade_wire::notice::moved::{POSITION_MOVED, PositionMoved};
use accolade_wire::notice::{REDEMPTION_MOVED, RedemptionMoved};
use accolade_wire::record::{Kind, Source};

use super::*;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// A player of each of two partitions.
fn players() -> [String; 2] {
    [0, 1].map(|partition| {
        let mut names = (0..).map(|number| format!("player-{number}"));
        names.find(|name| partition_of(name, 2) == partition).unwrap()
    })
}

/// A node whose copy of the log has gaps, as its owner and its feed.
#[derive(Debug)]
struct Gappy {
    node: Arc<Node>,
    /// Batches without a copy, by partition.
    gaps: BTreeSet<(u16, u64)>,
    /// Partitions whose records Kafka has no more.
    gone: Mutex<BTreeSet<u16>>,
    published: Mutex<BTreeMap<u16, u64>>,
    _folder: tempfile::TempDir,
}

impl Feed for Gappy {
    fn owned(&self) -> Vec<u16> {
        self.node.owned()
    }
    fn end(&self, partition: u16) -> Option<u64> {
        self.node.end(partition)
    }
    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        self.node.journal(partition, batch)
    }
    fn records(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        if self.gaps.contains(&(partition, batch)) {
            return Ok(None);
        }
        self.node.records(partition, batch)
    }
    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool> {
        self.node.dead_letter(place, read)
    }
    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>)) {
        self.node.subjects(partition, from, each);
    }
    fn names(&self, partition: u16, of: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool {
        self.node.names(partition, of, each)
    }
    fn rules(&self) -> Arc<Rules> {
        Feed::rules(&*self.node)
    }
}

impl Owner for Gappy {
    fn former_owner(&self, _: u16) -> Option<String> {
        None
    }
    fn first_batch(&self, _: u16) -> Option<u64> {
        Some(1)
    }
    fn published(&self, partition: u16, next_batch: u64) {
        lock(&self.published).insert(partition, next_batch);
    }
    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        if lock(&self.gone).contains(&partition) {
            return Err(LogFailed::Gone("removed by retention".into()));
        }
        Ok(self.node.records(partition, batch).unwrap().unwrap())
    }
}

/// Topics and keys of what has left; values of some length are refused for good.
#[derive(Debug, Clone, Default)]
struct Published(Arc<Mutex<Vec<(OutputTopic, String)>>>);

const REFUSED_BYTES: usize = 100_000;

impl Publish for Published {
    fn begin(&mut self, taken: &[Taken<'_>]) -> Result<Vec<u64>, PublishFailed> {
        Ok(taken.iter().map(|taken| taken.start).collect())
    }

    fn publish(
        &mut self,
        _: &[(u16, u64)],
        records: &OutputRecords,
    ) -> Result<Vec<Lost>, PublishFailed> {
        let mut lost = Vec::new();
        for OutputRecord { topic, partition, batch, key, value } in records.iter() {
            if value.len() >= REFUSED_BYTES {
                let (bytes, why) = (value.len(), "too large".to_owned());
                lost.push(Lost { topic, partition, batch, bytes, why });
                continue;
            }
            let key = String::from_utf8(key.to_vec()).unwrap();
            lock(&self.0).push((topic, key));
        }
        Ok(lost)
    }
}

#[derive(Debug)]
struct Tells(mpsc::Sender<Outcome>);

impl Caller for Tells {
    fn durable(&self) {}
    fn refused(&self, why: Refused) {
        panic!("{why:?}");
    }
    fn applied(&self, _: usize, outcome: &Outcome, _: Option<Points>) {
        self.0.send(outcome.clone()).unwrap();
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

fn take(node: &Node, kind: Kind, partition: Option<u16>, body: &[u8]) -> Outcome {
    let (source, operator, origin) = (Source::Http, "house", None);
    let mut records = Vec::new();
    Record { kind, source, operator, received_at: now(), origin, body }.write(&mut records);
    let parts = vec![(partition, u32::try_from(records.len()).unwrap())];
    let (tell, told) = mpsc::channel();
    let (caller, wants_outcomes, taken_at) = (Arc::new(Tells(tell)), true, Instant::now());
    node.submit(Submission {
        records,
        parts,
        known: Vec::new(),
        caller,
        wants_outcomes,
        taken_at,
        trace: None,
    })
    .unwrap();
    told.recv_timeout(PATIENCE).unwrap()
}

fn wager(node: &Node, id: &str, player: &str, note: &str) {
    let at = accolade_wire::timestamp::write(now());
    let body = format!(
        r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
        "gameCategory":"slots","wagerAmount":10,"currency":"EUR","jurisdiction":"Malta",
        "timestamp":"{at}","note":"{note}"}}"#
    );
    let outcome = take(node, Kind::Wager, Some(partition_of(player, 2)), body.as_bytes());
    assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
}

const PROGRAM: &str = r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#;

fn publish(node: &Node, edited_from: u32, document: &str) {
    let publish = Control::Publish {
        operator: "house".into(),
        edited_from,
        effective_from: 0,
        why: String::new(),
        who: String::new(),
        published_at: 0,
        document: document.into(),
        zone: vec![],
    };
    let outcome = take(node, Kind::Control, None, &serde_json::to_vec(&publish).unwrap());
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

/// Has a command carried out in a partition, and returns what it has made.
fn command(node: &Node, partition: u16, command: &Command) -> u64 {
    let body = serde_json::to_vec(command).unwrap();
    match take(node, Kind::Command, Some(partition), &body) {
        Outcome::Done { made } => made,
        other => panic!("{other:?}"),
    }
}

/// All batches, once the journal, which may be a moment behind, has them.
fn journalled(node: &Node) -> BTreeSet<(u16, u64)> {
    let ends = node.owned().into_iter().map(|partition| (partition, node.end(partition).unwrap()));
    let all: BTreeSet<_> =
        ends.flat_map(|(partition, end)| (1..end).map(move |batch| (partition, batch))).collect();
    for (partition, batch) in &all {
        let until = Instant::now() + PATIENCE;
        while node.journal(*partition, *batch).unwrap().is_none() {
            assert!(Instant::now() < until, "no journal of {partition}/{batch}");
            std::thread::yield_now();
        }
    }
    all
}

/// A node with three wagers of each player, and with a copy of its log or without.
fn played(has_gaps: bool) -> Gappy {
    let folder = tempfile::tempdir().unwrap();
    let mut options = NodeOptions::new(folder.path());
    options.files.partitions = 2;
    options.free_bytes_min = 0;
    let node = Arc::new(Node::start(options).unwrap());
    let operator = Control::Operator {
        operator: "house".into(),
        key_hash: String::new(),
        events_per_second: 0,
    };
    let body = serde_json::to_vec(&operator).unwrap();
    take(&node, Kind::Control, None, &body);
    publish(&node, 0, PROGRAM);
    for round in 0..3 {
        for player in players() {
            wager(&node, &format!("w-{player}-{round}"), &player, "");
        }
    }
    let all = journalled(&node);
    let gaps = if has_gaps { all } else { BTreeSet::new() };
    let (gone, published) = (Mutex::default(), Mutex::default());
    Gappy { node, gaps, gone, published, _folder: folder }
}

impl Drop for Gappy {
    fn drop(&mut self) {
        self.node.stop().unwrap();
    }
}

fn start(node: &Arc<Gappy>, published: &Published) -> Projection {
    let (node, feed) = (Arc::clone(node), Arc::clone(node) as Arc<dyn Feed>);
    let topics = Topics::new(published.clone(), Outputs { node, wanted: Wanted::ALL });
    Projection::start(sink::NAME, topics, feed).unwrap()
}

fn until(projection: &Projection, what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "awaited: {what}; there is: {:?}", projection.status());
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn caught_up(projection: &Projection) {
    until(projection, "all has left", || projection.status().is_caught_up());
}

fn count(topics: &Published, topic: OutputTopic) -> usize {
    lock(&topics.0).iter().filter(|(other, _)| *other == topic).count()
}

const OF_WAGERS: [OutputTopic; 3] =
    [OutputTopic::Eligible, OutputTopic::Calculated, OutputTopic::Balances];

#[test]
fn what_the_copy_of_the_log_has_lost_is_read_from_kafka_and_leaves_all_the_same() {
    let left = [false, true].map(|has_gaps| {
        let (node, topics) = (Arc::new(played(has_gaps)), Published::default());
        let projection = start(&node, &topics);
        caught_up(&projection);
        OF_WAGERS.map(|topic| count(&topics, topic))
    });
    assert_eq!(left, [[6; 3], [6; 3]]);
}

/// Keys of what has left on a topic, in order.
fn keys(topics: &Published, topic: OutputTopic) -> Vec<String> {
    let all = lock(&topics.0);
    all.iter().filter(|(other, _)| *other == topic).map(|(_, key)| key.clone()).collect()
}

#[test]
fn what_commands_and_programs_do_to_players_leaves_under_their_names() {
    let (node, topics) = (Arc::new(played(false)), Published::default());
    let projection = start(&node, &topics);
    let [first, second] = players();
    let (id, item, who) = ("r".to_owned(), "a mug".to_owned(), "test".to_owned());
    let player_id = first.clone();
    let reserve = Command::Reserve { id, player_id, points: 200, item, who: who.clone() };
    let Place { batch, slot, .. } = Place::of_record(0, command(&node.node, 0, &reserve));
    let redemption = Request { player: 0, batch, slot };
    command(&node.node, 0, &Command::Confirm { id: "c".into(), redemption, who });
    caught_up(&projection);
    assert_eq!(keys(&topics, OutputTopic::Redemptions), [&*first, &*first]);
    assert_eq!(count(&topics, OutputTopic::Balances), 7, "what is spent changes the balance");

    let tiers = r#","tiers":{"window":{"rolling":"30d"},"levels":[{"name":"bronze","from":0},{"name":"silver","from":1}]}}"#;
    publish(&node.node, 1, &PROGRAM.replace("}}}", &format!("}}}}{tiers}")));
    until(&projection, "each player has a tier", || count(&topics, OutputTopic::Tiers) == 2);
    let mut told = keys(&topics, OutputTopic::Tiers);
    told.sort();
    let mut all = [first, second];
    all.sort();
    assert_eq!(told, all);
}

/// A batch of the second partition in which time alone has made notices.
fn batch_of_time(notices: &[Notice<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    begin_slice(&mut body, 2, Timestamp::default());
    let mut time = TimeSlot::default();
    time.add(&[], notices);
    time.put(&mut body);
    let mut bytes = Vec::new();
    Slice { partition: 1, batch: 1_000, flags: 0, count: 0, body: &body }.write(&mut bytes);
    bytes
}

#[test]
fn who_moves_is_of_any_partition_and_holds_nothing_up() {
    let node = Arc::new(played(false));
    let subject = node.node.read(0, |partition| partition.players().get(0).account.subject);
    let (tournament, before, after, score) = (1, None, 1, Score(7));
    let body = PositionMoved { tournament, before, after, score }.to_bytes();
    let are_known = [POSITION_MOVED, REDEMPTION_MOVED].map(|kind| {
        let notice = Notice { kind, operator: 1, subject, body: body.clone().into() };
        let bytes = batch_of_time(&[notice]);
        let feed = Arc::clone(&node) as Arc<dyn Feed>;
        let batch = Batch::read(&bytes, &*feed).unwrap();
        Names::new(Arc::clone(&feed)).of(&batch).is_ok()
    });
    assert_eq!(are_known, [true, false]);
}

#[test]
fn what_time_alone_does_leaves_too() {
    let node = Arc::new(played(false));
    let player = &players()[1];
    let subject = node.node.read(1, |partition| partition.players().get(0).account.subject);
    let moved = RedemptionMoved {
        id: "1-0-2-1".into(),
        state: RedemptionState::Lapsed,
        points: Points::ZERO,
        item: "".into(),
        reward: "".into(),
        hold_until: Timestamp::default(),
        at: Timestamp::default(),
    };
    let body = moved.to_bytes().into();
    let notice = Notice { kind: REDEMPTION_MOVED, operator: 1, subject, body };
    let derived = [vec![], vec![notice]].map(|notices| {
        let (bytes, mut records) = (batch_of_time(&notices), OutputRecords::default());
        let feed = Arc::clone(&node) as Arc<dyn Feed>;
        let batch = Batch::read(&bytes, &*feed).unwrap();
        let outputs = Outputs { node: Arc::clone(&node), wanted: Wanted::ALL };
        let mut names = Names::new(Arc::clone(&feed));
        sink::Outputs::derive(&outputs, &batch, &mut names, &mut records).unwrap();
        records.iter().map(|record| (record.topic, record.key.to_vec())).collect::<Vec<_>>()
    });
    let lapsed = (OutputTopic::Redemptions, player.as_bytes().to_vec());
    assert_eq!(derived, [vec![], vec![lapsed]]);
}

#[test]
fn where_kafka_has_it_no_more_that_partition_stands_and_says_so() {
    let (node, topics) = (Arc::new(played(true)), Published::default());
    let (lost, [_, other]) = (0, players());
    lock(&node.gone).insert(lost);
    let projection = start(&node, &topics);
    until(&projection, "the other one goes on", || {
        OF_WAGERS.map(|topic| count(&topics, topic)) == [3; 3]
    });
    let keys: Vec<_> = lock(&topics.0).iter().map(|(_, key)| key.clone()).collect();
    assert!(keys.iter().all(|key| key.ends_with(&other)), "{keys:?}");
    until(&projection, "it says so", || {
        let shown = projection.status();
        shown.lag_batches.is_some_and(|batches| batches > 0)
            && shown.trouble.len() == 1
            && shown.trouble[0].starts_with(&format!("partition {lost}, batch "))
            && shown.trouble[0].contains("removed by retention")
    });
    let first_wager = lock(&node.published)[&lost];
    assert!(first_wager < node.end(lost).unwrap(), "no checkpoint is shipped beyond it");

    // Kafka has it again; it is looked at again after a while.
    lock(&node.gone).clear();
    caught_up(&projection);
    assert_eq!(OF_WAGERS.map(|topic| count(&topics, topic)), [6; 3]);
}

#[test]
fn an_output_that_is_refused_for_good_is_counted_and_nothing_else_is_lost() {
    let (node, topics) = (Arc::new(played(false)), Published::default());
    wager(&node.node, "large", &players()[0], &"x".repeat(REFUSED_BYTES));
    let projection = start(&node, &topics);
    caught_up(&projection);
    assert_eq!(OF_WAGERS.map(|topic| count(&topics, topic)), [6, 7, 7]);
    assert_eq!((projection.status().refused, projection.status().records), (1, 20));
}

#[test]
fn topics_are_not_published_anew() {
    let node = Arc::new(played(false));
    let mut topics =
        Topics::new(Published::default(), Outputs { node: Arc::clone(&node), wanted: Wanted::ALL });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refused = runtime.block_on(topics.rebuild()).unwrap_err();
    assert!(matches!(&refused, Failed::Refused(why) if why.contains("repeat every record")));
}
