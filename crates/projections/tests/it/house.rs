//! A node of the embedded form, and its journal with faults.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::feed::{Feed, Known};
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_projections::running::Projection;
use accolade_storage::node::{Node, NodeOptions};
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};
use accolade_wire::timestamp;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const PARTITIONS: u16 = 4;

/// A running node.
pub(crate) struct House {
    pub(crate) node: Arc<Node>,
    pub(crate) journal: Arc<Journal>,
    _folder: tempfile::TempDir,
}

/// The node's journal, in which partitions cannot be read and players are erased.
#[derive(Debug)]
pub(crate) struct Journal {
    node: Arc<Node>,
    pub(crate) unreadable: Mutex<BTreeSet<u16>>,
    pub(crate) erased: Mutex<BTreeSet<String>>,
    pub(crate) owned: Mutex<Vec<u16>>,
}

impl Feed for Journal {
    fn owned(&self) -> Vec<u16> {
        self.owned.lock().unwrap().clone()
    }
    fn end(&self, partition: u16) -> Option<u64> {
        self.node.end(partition)
    }
    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        if self.unreadable.lock().unwrap().contains(&partition) {
            return Err(io::Error::other("a bad sector"));
        }
        self.node.journal(partition, batch)
    }
    fn records(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        self.node.records(partition, batch)
    }
    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool> {
        self.node.dead_letter(place, read)
    }
    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>)) {
        self.node.subjects(partition, from, each);
    }
    fn names(&self, partition: u16, of: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool {
        let erased = self.erased.lock().unwrap();
        self.node.names(partition, of, &mut |known| {
            if !erased.contains(known.player) {
                each(known);
            }
        })
    }
    fn rules(&self) -> Arc<Rules> {
        Feed::rules(&*self.node)
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

/// A player of a partition.
pub(crate) fn player_of(partition: u16) -> String {
    let mut names = (0..).map(|number| format!("player-{number}"));
    names.find(|name| partition_of(name, PARTITIONS) == partition).unwrap()
}

impl House {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = NodeOptions::new(folder.path());
        options.files.partitions = PARTITIONS;
        options.free_bytes_min = 0;
        let node = Arc::new(Node::start(options).unwrap());
        let (unreadable, erased) = (Mutex::default(), Mutex::default());
        let owned = Mutex::new((0..PARTITIONS).collect());
        let journal = Arc::new(Journal { node: Arc::clone(&node), unreadable, erased, owned });
        let house = Self { node, journal, _folder: folder };
        for control in [
            Control::Operator {
                operator: "house".into(),
                key_hash: String::new(),
                events_per_second: 0,
            },
            Control::Publish {
                operator: "house".into(),
                edited_from: 0,
                effective_from: 0,
                why: String::new(),
                who: String::new(),
                published_at: 0,
                document: r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#.into(),
                zone: vec![],
            },
        ] {
            house.submit(Kind::Control, None, &serde_json::to_vec(&control).unwrap());
        }
        house
    }

    /// A wager of a player of each partition.
    pub(crate) fn wagers(&self, name: &str, count: usize) {
        for number in 0..count {
            for partition in 0..PARTITIONS {
                self.wager(&format!("{name}-{number}"), &player_of(partition));
            }
        }
    }

    pub(crate) fn wager(&self, id: &str, player: &str) {
        let at = timestamp::write(now());
        let body = format!(
            r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
            "gameCategory":"slots","wagerAmount":10,"currency":"EUR","jurisdiction":"Malta",
            "timestamp":"{at}"}}"#
        );
        let partition = Some(partition_of(player, PARTITIONS));
        let outcome = self.submit(Kind::Wager, partition, body.as_bytes());
        assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
    }

    fn submit(&self, kind: Kind, partition: Option<u16>, body: &[u8]) -> Outcome {
        let (source, operator, origin) = (Source::Http, "house", None);
        let mut records = Vec::new();
        Record { kind, source, operator, received_at: now(), origin, body }.write(&mut records);
        let parts = vec![(partition, u32::try_from(records.len()).unwrap())];
        let (tell, told) = mpsc::channel();
        let (caller, wants_outcomes, taken_at) = (Arc::new(Tells(tell)), true, Instant::now());
        self.node
            .submit(Submission {
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

    pub(crate) fn feed(&self) -> Arc<dyn Feed> {
        Arc::clone(&self.journal) as Arc<dyn Feed>
    }

    /// Batches that are folded, over all partitions, before those that come next.
    pub(crate) fn folded(&self) -> u64 {
        (0..PARTITIONS).map(|partition| self.node.end(partition).unwrap() - 1).sum()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.node.stop().unwrap();
    }
}

pub(crate) fn until(what: &str, projection: &Projection, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "awaited: {what}; there is: {:?}", projection.status());
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn caught_up(projection: &Projection) {
    until("all is written", projection, || projection.status().is_caught_up());
}
