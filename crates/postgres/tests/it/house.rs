//! A node of the embedded form with two operators, in a directory of its own.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::feed::Feed;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_storage::node::{Node, NodeOptions};
use accolade_wire::bytes::Cursor;
use accolade_wire::control::{Command, Control};
use accolade_wire::identity::partition_of;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::{Kind, Record, Slice, Source};
use accolade_wire::reward::RewardTerms;
use accolade_wire::timestamp;

/// How long anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const OPERATORS: [&str; 2] = ["house", "rival"];

/// A running node.
pub(crate) struct House {
    pub(crate) node: Arc<Node>,
    folder: tempfile::TempDir,
}

#[derive(Debug, Default)]
struct Heard(Mutex<(Vec<Outcome>, Option<Refused>)>, Condvar);

impl Caller for Heard {
    fn durable(&self) {}
    fn refused(&self, why: Refused) {
        self.0.lock().unwrap().1 = Some(why);
        self.1.notify_all();
    }
    fn applied(&self, _: usize, outcome: &Outcome, _: Option<Points>) {
        self.0.lock().unwrap().0.push(outcome.clone());
        self.1.notify_all();
    }
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// A wager of this moment.
pub(crate) fn wager(operator: &str, player: &str, id: &str, stake: &str) -> String {
    let at = timestamp::write(now());
    format!(
        r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"{operator}","gameId":"g",
        "gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta",
        "timestamp":"{at}"}}"#
    )
}

/// A void of this moment.
pub(crate) fn void(operator: &str, player: &str, id: &str) -> String {
    let at = timestamp::write(now());
    format!(
        r#"{{"type":"wager.voided","wagerId":"{id}","playerId":"{player}","operatorId":"{operator}",
        "reason":"wrong odds","timestamp":"{at}"}}"#
    )
}

/// As it stands in the ledger: operator, player, sequence, kind, points, balance after, wager, place, hash.
pub(crate) type Line = (String, String, i64, String, String, String, String, String, Vec<u8>);

/// As it stands among the balances: operator, player, balance, microseconds, version.
pub(crate) type Balance = (String, String, String, i64, i64);

impl House {
    /// One with small files, which are left soon.
    pub(crate) fn open() -> Self {
        Self::open_with(|options| {
            options.files.partitions = 4;
            options.files.log_segment_bytes = 1 << 18;
            options.files.journal_segment_bytes = 1 << 18;
            options.files.segment_bytes = 1 << 18;
            options.folds = 2;
        })
    }

    pub(crate) fn open_with(change: impl FnOnce(&mut NodeOptions)) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), change)
    }

    /// The same node as it was, in a copy of its folder.
    pub(crate) fn copy(&self) -> Self {
        self.node.stop().unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        Self::open_in(folder, |_| ())
    }

    fn open_in(folder: tempfile::TempDir, change: impl FnOnce(&mut NodeOptions)) -> Self {
        let mut options = NodeOptions::new(folder.path());
        options.free_bytes_min = 0;
        change(&mut options);
        let house = Self { node: Arc::new(Node::start(options).unwrap()), folder };
        if house.node.rules().operators().count() > 0 {
            return house;
        }
        for operator in OPERATORS {
            house.control(&Control::Operator {
                operator: operator.into(),
                key_hash: String::new(),
                events_per_second: 0,
            });
            house.publish(
                operator,
                0,
                r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#,
            );
        }
        house
    }

    pub(crate) fn feed(&self) -> Arc<dyn Feed> {
        Arc::clone(&self.node) as Arc<dyn Feed>
    }

    /// Publishes a version of an operator's program, which is in force from then on.
    pub(crate) fn publish(&self, operator: &str, edited_from: u32, document: &str) {
        self.control(&Control::Publish {
            operator: operator.into(),
            edited_from,
            effective_from: if edited_from == 0 { 0 } else { now().micros() },
            why: String::new(),
            who: String::new(),
            published_at: 0,
            document: document.into(),
            zone: vec![],
        });
    }

    /// Has a command carried out for a player.
    pub(crate) fn command(&self, operator: &str, player: &str, command: &Command) -> Outcome {
        let partition = Some(partition_of(player, self.node.partitions()));
        let body = serde_json::to_vec(command).unwrap();
        self.submit(Kind::Command, operator, &[(partition, body)]).remove(0)
    }

    /// Excludes a player, for ever or until a time.
    pub(crate) fn exclude(&self, operator: &str, player: &str, until: Option<Timestamp>) {
        let (id, player_id) = (format!("exclude-{}", now().micros()), player.into());
        let (until, why, who) =
            (until.map(Timestamp::micros), "asked for it".into(), "a test".into());
        let command = Command::Exclude { id, player_id, until, why, who };
        assert!(matches!(self.command(operator, player, &command), Outcome::Done { .. }));
    }

    /// Ends an exclusion.
    pub(crate) fn readmit(&self, operator: &str, player: &str) {
        let (id, player_id) = (format!("readmit-{}", now().micros()), player.into());
        let (why, who) = ("a mistake".into(), "a test".into());
        let command = Command::Readmit { id, player_id, why, who };
        assert!(matches!(self.command(operator, player, &command), Outcome::Done { .. }));
    }

    /// Says what there is of a reward.
    pub(crate) fn offer(&self, terms: &RewardTerms) {
        self.control(&Control::Reward(terms.clone()));
    }

    /// Has a control record carried out.
    pub(crate) fn control(&self, control: &Control) {
        let body = serde_json::to_vec(control).unwrap();
        let outcomes = self.submit(Kind::Control, "", &[(None, body)]);
        assert!(matches!(outcomes[0], Outcome::Done { .. }), "{outcomes:?}");
    }

    /// Takes bodies in, each for its player, and returns once all are folded.
    pub(crate) fn take(&self, operator: &str, bodies: &[(&str, Vec<u8>)]) -> Vec<Outcome> {
        let placed = bodies.iter().map(|(player, body)| {
            (Some(partition_of(player, self.node.partitions())), body.clone())
        });
        self.submit(Kind::Wager, operator, &placed.collect::<Vec<_>>())
    }

    /// Takes a game event of a player in, and returns once it is folded.
    pub(crate) fn play(&self, operator: &str, player: &str, body: &str) -> Outcome {
        let partition = Some(partition_of(player, self.node.partitions()));
        self.submit(Kind::GameEvent, operator, &[(partition, body.into())]).remove(0)
    }

    /// Takes `count` wagers by `players` players of both operators in.
    pub(crate) fn wagers(&self, name: &str, count: usize, players: usize) {
        for operator in OPERATORS {
            let wagers: Vec<_> = (0..count)
                .map(|number| {
                    let player = format!("player-{}", number * 7919 % players);
                    let stake = format!("{}.{:02}", 1 + number % 400, number % 100);
                    let body = wager(operator, &player, &format!("{name}-{number}"), &stake);
                    (player, body.into_bytes())
                })
                .collect();
            for some in wagers.chunks(97) {
                let some: Vec<_> =
                    some.iter().map(|(player, body)| (&**player, body.clone())).collect();
                self.take(operator, &some);
            }
        }
    }

    fn submit(
        &self,
        kind: Kind,
        operator: &str,
        bodies: &[(Option<u16>, Vec<u8>)],
    ) -> Vec<Outcome> {
        let (source, received_at, origin) = (Source::Http, now(), None);
        let (mut records, mut parts) = (Vec::new(), Vec::new());
        for (partition, body) in bodies {
            let before = records.len();
            Record { kind, source, operator, received_at, origin, body }.write(&mut records);
            parts.push((*partition, u32::try_from(records.len() - before).unwrap()));
        }
        let heard = Arc::new(Heard::default());
        let caller = Arc::clone(&heard) as Arc<dyn Caller>;
        let (wants_outcomes, taken_at) = (true, Instant::now());
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
        let waiting = heard.0.lock().unwrap();
        let is_open = |heard: &mut (Vec<Outcome>, Option<Refused>)| {
            heard.0.len() < bodies.len() && heard.1.is_none()
        };
        let (heard, ended) = heard.1.wait_timeout_while(waiting, PATIENCE, is_open).unwrap();
        assert!(!ended.timed_out(), "{} outcomes of {}: {heard:?}", heard.0.len(), bodies.len());
        assert_eq!(heard.1, None);
        heard.0.clone()
    }

    fn operator(&self, number: u32) -> String {
        let rules = self.node.rules();
        rules.operators().find(|one| one.number == number).unwrap().id.to_string()
    }

    /// The balances that the node has, of all accounts with an entry.
    pub(crate) fn balances(&self) -> Vec<Balance> {
        let mut balances = Vec::new();
        for partition in 0..self.node.partitions() {
            self.node.read(partition, |partition| {
                for player in partition.players().all() {
                    let account = &player.account;
                    if account.sequence > 0 {
                        balances.push((
                            player.operator,
                            player.name.to_string(),
                            account.balance.to_string(),
                            account.last_updated.micros(),
                            i64::try_from(account.sequence).unwrap(),
                        ));
                    }
                }
            });
        }
        let named = balances.into_iter().map(|(number, player, balance, at, version)| {
            (self.operator(number), player, balance, at, version)
        });
        let mut named: Vec<_> = named.collect();
        named.sort();
        named
    }

    /// The ledger as the journal has it.
    pub(crate) fn ledger(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for partition in self.node.owned() {
            for batch in 1..self.node.end(partition).unwrap() {
                let bytes = self.node.journal(partition, batch).unwrap().unwrap();
                let slice = Slice::read(&mut Cursor::new(&bytes, "slice")).unwrap();
                for recorded in Outcomes::read(&slice).unwrap() {
                    let recorded = recorded.unwrap();
                    let Some(stored) = recorded.entries.into_iter().next() else { continue };
                    let entry = stored.entry;
                    let player = self.node.read(partition, |partition| {
                        let mut all = partition.players().all().iter();
                        let found = all.find(|player| player.account.subject == entry.subject);
                        found.unwrap().name.to_string()
                    });
                    let place = entry.place;
                    lines.push((
                        self.operator(entry.operator),
                        player,
                        i64::try_from(entry.sequence).unwrap(),
                        entry.kind.code().to_owned(),
                        entry.points.to_string(),
                        entry.balance_after.to_string(),
                        entry.cause.to_string(),
                        format!(
                            "{}-{}-{}-{}",
                            place.partition, place.batch, place.slot, place.number
                        ),
                        stored.hash.0.to_vec(),
                    ));
                }
            }
        }
        lines.sort();
        lines
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.node.stop().unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
}
