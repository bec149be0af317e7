//! Keys of one test, under a prefix of its own, held against what the node says.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use accolade_domain::games::Period;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_engine::intake::Intake;
use accolade_engine::tables::player_statistics::PackedStatistics;
use accolade_projections::running::Projection;
use accolade_redis::settings::Settings;
use accolade_storage::backing::NodeStore;
use accolade_wire::timestamp;
use redis::{Client, Cmd, Connection, FromRedisValue, cmd};

use crate::house::{House, PATIENCE, now};

/// Where keys of one test are.
pub(crate) struct Keys {
    pub(crate) settings: Settings,
    pub(crate) url: String,
}

/// By key, then by player, as they are read.
pub(crate) type Boards = BTreeMap<String, BTreeMap<String, String>>;
/// By key, then by field.
pub(crate) type Hashes = BTreeMap<String, BTreeMap<String, String>>;

impl Keys {
    pub(crate) fn new() -> Self {
        let url = std::env::var("ACCOLADE_TEST_REDIS");
        Self::at(&url.unwrap_or_else(|_| "redis://127.0.0.1:16379".into()))
    }

    /// Those of a server, or of a cluster where it is several.
    pub(crate) fn at(url: &str) -> Self {
        static TESTS: AtomicU32 = AtomicU32::new(0);
        let own = format!("test-{}-{}", std::process::id(), TESTS.fetch_add(1, Ordering::Relaxed));
        let mut settings = Settings::new(url, url.contains(',')).unwrap();
        settings.names.prefix = format!("{own}:{{operator}}:");
        settings.names.progress = format!("{own}:projection");
        Self { settings, url: url.into() }
    }

    /// A connection to one server and one of its databases.
    pub(crate) fn connect(&self, database: u32) -> Connection {
        let client = Client::open(format!("{}/{database}", self.url)).unwrap();
        client.get_connection_with_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn ask<T: FromRedisValue>(&self, database: u32, command: &Cmd) -> T {
        if self.settings.is_cluster {
            let client = redis::cluster::ClusterClient::new(self.url.split(',')).unwrap();
            return command.query(&mut client.get_connection().unwrap()).unwrap();
        }
        command.query(&mut self.connect(database)).unwrap()
    }

    pub(crate) fn leaderboard(&self, operator: &str, tournament: &str) -> Vec<(String, String)> {
        self.sorted(&self.settings.names.leaderboard_of(operator, tournament))
    }

    /// A sorted set, the greatest score first.
    pub(crate) fn sorted(&self, key: &str) -> Vec<(String, String)> {
        let mut range = cmd("ZREVRANGE");
        range.arg(key).arg(0).arg(-1).arg("WITHSCORES");
        let found: Vec<(String, String)> = self.ask(1, &range);
        found.into_iter().map(|(player, score)| (player, shortest(&score))).collect()
    }

    pub(crate) fn expires_at(&self, operator: &str, tournament: &str) -> i64 {
        let mut expires = cmd("EXPIRETIME");
        expires.arg(self.settings.names.leaderboard_of(operator, tournament));
        self.ask(1, &expires)
    }

    pub(crate) fn statistics(&self, operator: &str, player: &str) -> BTreeMap<String, String> {
        let mut all = cmd("HGETALL");
        all.arg(self.settings.names.statistics_of(operator, player));
        let fields: HashMap<String, String> = self.ask(0, &all);
        fields.into_iter().collect()
    }

    /// Holds all leaderboards and statistics of the node against what is here.
    pub(crate) fn are_exactly(&self, house: &House) {
        let (boards, hashes) = self.expected(house);
        for (key, expected) in boards {
            let mut range = cmd("ZRANGE");
            range.arg(&key).arg(0).arg(-1).arg("WITHSCORES");
            let found: Vec<(String, String)> = self.ask(1, &range);
            let found = found.into_iter().map(|(player, score)| (player, shortest(&score)));
            assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{key}");
        }
        for (key, expected) in hashes {
            let mut all = cmd("HGETALL");
            all.arg(&key);
            let found: HashMap<String, String> = self.ask(0, &all);
            assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), expected, "{key}");
        }
    }

    fn expected(&self, house: &House) -> (Boards, Hashes) {
        let (mut boards, mut hashes) = (Boards::new(), Hashes::new());
        let (rules, names) = (house.node.rules(), &self.settings.names);
        for operator in rules.operators() {
            for tournament in operator.tournaments.all() {
                let key = names.leaderboard_of(&operator.id, &tournament.terms().id);
                boards.insert(key, BTreeMap::new());
            }
        }
        for number in 0..house.node.partitions() {
            let mut store = NodeStore::new(house.node.backing().clone());
            house.node.read(number, |partition| {
                for (ordinal, player) in (0..).zip(partition.players().all()) {
                    let operator = rules.operator_numbered(player.operator).unwrap();
                    let name = player.name.to_string();
                    let is_shown = partition.exclusion(ordinal).is_none();
                    for tournament in operator.tournaments.all().filter(|one| one.is_scheduled()) {
                        let standing = partition.standing(player.operator, tournament, ordinal);
                        let Some(standing) = standing.filter(|_| is_shown) else { continue };
                        let key = names.leaderboard_of(&operator.id, &tournament.terms().id);
                        let score = standing.score.to_string();
                        boards.get_mut(&key).unwrap().insert(name.clone(), shortest(&score));
                    }
                    for of_game in player.games.all() {
                        for period in Period::ALL {
                            let now = period.of(ZoneOffsets::default().day(now())).unwrap();
                            let key =
                                names.game_leaderboard_of(&operator.id, of_game.name(), period);
                            let board = boards.entry(key).or_default();
                            let tally = player.games.of(of_game.name(), now);
                            if let Some(tally) = tally.filter(|_| is_shown) {
                                board.insert(name.clone(), shortest(&tally.total.to_string()));
                            }
                        }
                    }
                    let table = &partition.tables().player_statistics;
                    let row = table.load(&ordinal, number, &mut store).unwrap();
                    let fields = row.as_ref().map(fields_of).unwrap_or_default();
                    hashes.insert(names.statistics_of(&operator.id, &name), fields);
                }
            });
        }
        (boards, hashes)
    }
}

/// A double as it is written in the fewest figures. Servers of some versions write more.
fn shortest(score: &str) -> String {
    score.parse::<f64>().unwrap().to_string()
}

fn fields_of(packed: &PackedStatistics) -> BTreeMap<String, String> {
    let statistics = packed.unpack();
    let last: Option<Timestamp> = statistics.last.map(|last| last.at);
    let types = statistics.types.iter();
    let mut fields: BTreeMap<_, _> =
        types.map(|(name, count)| (format!("event_{name}"), count.to_string())).collect();
    fields.insert("total_events".into(), statistics.total.to_string());
    fields.insert("last_event".into(), timestamp::write(last.unwrap()).to_string());
    fields
}

pub(crate) fn caught_up(projection: &Projection) {
    until("keys that have caught up", projection, |projection| projection.status().is_caught_up());
}

pub(crate) fn until(
    awaited: &str,
    projection: &Projection,
    mut is_so: impl FnMut(&Projection) -> bool,
) {
    let until = Instant::now() + PATIENCE;
    while !is_so(projection) {
        let status = projection.status();
        assert!(Instant::now() < until, "awaited: {awaited}; there is: {status:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
