//! A leaderboard as of a time is what it was then, in both forms.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_engine::feed::Feed;
use accolade_engine::partition::Partition;
use accolade_server::roles::Role;
use accolade_server::{KeepingLeaderboards, Keeps, Lent};
use accolade_wire::bytes::Cursor;
use accolade_wire::identity::partition_of;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::Slice;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask, now_micros, time, void, wager};
use crate::tournaments::{TOURNAMENTS, begin, definition, heard, is, of, players, well};

/// Leaderboards are kept so often here.
const EVERY: i64 = 20_000;

const KEEPS: Keeps = Keeps {
    every_micros: EVERY,
    kept_micros: 86_400_000_000,
    bytes_max: 1 << 30,
    pause: Duration::from_millis(5),
    young_batches: 50_000,
};

fn keep_by(api: &Api, keeps: Keeps) -> KeepingLeaderboards {
    let feed = Arc::clone(&api.node) as Arc<dyn Feed>;
    api.service.keep_leaderboards(feed, api.directory(), keeps).unwrap()
}

/// Nodes that keep leaderboards.
struct Nodes<'a> {
    apis: [&'a Api; 2],
    keeping: RefCell<Vec<KeepingLeaderboards>>,
}

impl<'a> Nodes<'a> {
    fn of(apis: [&'a Api; 2], count: usize) -> Self {
        let keeping = apis.iter().take(count).map(|api| keep_by(api, KEEPS)).collect();
        Self { apis, keeping: RefCell::new(keeping) }
    }

    /// They stop, and go on.
    fn restart_keeping(&self) {
        let count = self.keeping.borrow().len();
        self.keeping.borrow_mut().clear();
        let again = self.apis.iter().take(count).map(|api| keep_by(api, KEEPS));
        self.keeping.borrow_mut().extend(again);
    }

    /// The one that has a player.
    fn home(&self, player: &str) -> &'a Api {
        self.apis[usize::from(partition_of(player, 4) / 2)]
    }

    /// Does something to a player, and says at which time of the log it was decided.
    async fn time_of(&self, player: &str, work: impl Future<Output = ()>) -> i64 {
        let (partition, node) = (partition_of(player, 4), &self.home(player).node);
        let next = || node.read(partition, Partition::next_batch);
        let from = next();
        work.await;
        let mut decided = None;
        for batch in from..next() {
            let journal = loop {
                if let Some(journal) = node.journal(partition, batch).unwrap() {
                    break journal;
                }
                tokio::task::yield_now().await;
            };
            let slice = Slice::read_unchecked(&mut Cursor::new(&journal, "slice")).unwrap();
            if slice.count > 0 {
                decided = Some(Outcomes::read(&slice).unwrap().time.micros());
            }
        }
        decided.unwrap()
    }

    /// Time passes in all partitions.
    async fn tick(&self) {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let id = format!("tick-{}", now_micros());
        assert_eq!(self.apis[0].post(TOURNAMENTS, &definition(&id, json!({}))).await.status, 201);
    }

    /// A leaderboard as of a time, once it is known up to there.
    async fn as_of(&self, api: &Api, id: &str, query: &str, at: i64) -> Value {
        loop {
            let answer = ask_as_of(api, id, query, at).await;
            if answer.status != 503 {
                let board = well(answer);
                let was = micros(&board["asOf"]);
                assert!(was <= at, "{board}");
                if was + EVERY > at {
                    return board;
                }
            }
            self.tick().await;
        }
    }
}

async fn ask_as_of(api: &Api, id: &str, query: &str, at: i64) -> Answer {
    api.get(&of(id, &format!("/leaderboard?{query}asOf={}", time(at)))).await
}

fn micros(time: &Value) -> i64 {
    accolade_wire::timestamp::read(time.as_str().unwrap()).unwrap().micros()
}

async fn both(scenario: impl AsyncFn(&Nodes<'_>)) {
    let api = Api::start().await;
    scenario(&Nodes::of([&api, &api], 1)).await;
    let cluster = Cluster::start().await;
    scenario(&Nodes::of(cluster.both(), 2)).await;
}

async fn bet(api: &Api, id: &str, player: &str, stake: u64) {
    let mut wager = wager(id, player);
    wager["wagerAmount"] = stake.into();
    assert_eq!(api.wager(&wager).await["outcome"], "counted");
}

async fn start(nodes: &Nodes<'_>, id: &str, more: Value) {
    let [api, other] = nodes.apis;
    begin(api, id, more).await;
    heard(api, other, id).await;
}

async fn exclude(api: &Api, player: &str) {
    let path = format!("/api/v1/players/{player}/self-exclusion");
    well(api.send(ask("PUT", &path).json(&json!({ "why": "asked for it" }))).await);
}

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % count
    }

    fn at<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }
}

fn names(board: &Value) -> Vec<(u64, &str)> {
    let items = board["items"].as_array().unwrap().iter();
    items.map(|it| (it["position"].as_u64().unwrap(), it["playerId"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn at_any_time_it_is_what_it_was_whatever_has_happened_since() {
    both(async |nodes| {
        for (seed, ties) in [(7, "first"), (11, "shared"), (13, "mostEvents")] {
            let (id, mut numbers) = (format!("race-{ties}"), Numbers(seed));
            let more = json!({ "ties": ties, "eventsMin": 1 + numbers.below(2) });
            start(nodes, &id, more).await;
            let began = now_micros();
            let players = players();
            let (mut wagers, mut seen) = (Vec::<(String, String)>::new(), Vec::new());
            for step in 0..40 {
                let api = *numbers.at(&nodes.apis);
                let is_void = !wagers.is_empty() && numbers.below(4) == 0;
                let decided = if is_void {
                    let at = usize::try_from(numbers.below(wagers.len() as u64)).unwrap();
                    let (wager, player) = wagers.remove(at);
                    let voided = async { drop(api.wager(&void(&wager, &player)).await) };
                    nodes.time_of(&player, voided).await
                } else {
                    let (wager, player) = (format!("{id}-{step}"), numbers.at(&players).clone());
                    let stake = 1 + numbers.below(3);
                    wagers.push((wager.clone(), player.clone()));
                    nodes.time_of(&player, bet(api, &wager, &player, stake)).await
                };
                let now = well(api.get(&of(&id, "/leaderboard?top=100")).await);
                seen.push((decided, now["players"].clone(), now["items"].clone()));
                if numbers.below(3) == 0 {
                    tokio::time::sleep(Duration::from_millis(numbers.below(60))).await;
                }
                if numbers.below(12) == 0 {
                    nodes.restart_keeping();
                }
            }
            let ended = now_micros();
            for _ in 0..30 {
                let at =
                    began + i64::try_from(numbers.below((ended - began).unsigned_abs())).unwrap();
                let api = *numbers.at(&nodes.apis);
                let board = nodes.as_of(api, &id, "top=100&", at).await;
                let was = micros(&board["asOf"]);
                let expected = seen.iter().rfind(|(decided, ..)| *decided <= was);
                let expected = expected
                    .map_or_else(|| json!([0, []]), |(_, players, items)| json!([players, items]));
                assert_eq!(json!([board["players"], board["items"]]), expected, "{ties} {was}");
                let [first, rest] = ["top=2&", "top=98&from=3&"];
                let [first, rest] =
                    [nodes.as_of(api, &id, first, at).await, nodes.as_of(api, &id, rest, at).await];
                let mut pages = first["items"].as_array().unwrap().clone();
                pages.extend(rest["items"].as_array().unwrap().iter().cloned());
                assert_eq!(json!(pages), board["items"]);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_time_of_it_is_said_and_before_it_began_nobody_had_a_position() {
    both(async |nodes| {
        let [api, other] = nodes.apis;
        let before = now_micros();
        start(nodes, "race", json!({ "publicPositions": 2, "masked": true })).await;
        let players = players();
        for (number, player) in (1..).zip(&players[..4]) {
            bet(api, &format!("w{number}"), player, 10 * number).await;
        }
        let then = now_micros();
        let now = well(other.get(&of("race", "/leaderboard")).await);
        assert_eq!(now.get("asOf"), None);
        nodes.tick().await;
        let then = then + EVERY;
        let was = nodes.as_of(other, "race", "", then).await;
        assert_eq!((&was["items"], &was["state"]), (&now["items"], &json!("live")));
        assert_eq!(was["isFinal"], false);

        let empty = well(ask_as_of(api, "race", "", before).await);
        assert_eq!(
            json!([empty["players"], empty["items"], empty["state"]]),
            json!([0, [], "scheduled"])
        );
        assert_eq!(micros(&empty["asOf"]), before);
        let future = ask_as_of(other, "race", "", now_micros() + 60_000_000).await;
        is(&future, 400, "bad_query");
        assert!(future.json["detail"].as_str().unwrap().contains("`asOf`"), "{future:?}");
        let broken = api.get(&of("race", "/leaderboard?asOf=yesterday")).await;
        is(&broken, 400, "bad_query");
        assert!(broken.json["detail"].as_str().unwrap().contains("`asOf`"), "{broken:?}");
        is(&ask_as_of(other, "no-race", "", before).await, 404, "not_found");

        bet(api, "later", &players[0], 500).await;
        let around = format!("around={}&radius=1&", players[1]);
        let around = nodes.as_of(other, "race", &around, then).await;
        let of_around: Vec<(u64, &str)> =
            vec![(2, &*players[2]), (3, &*players[1]), (4, &*players[0])];
        assert_eq!(names(&around), of_around);
        let some = format!("players={},{}&", players[0], players[7]);
        let some = nodes.as_of(api, "race", &some, then).await;
        assert_eq!(names(&some), [(4, &*players[0])]);

        // A player's app sees what is public, and its own line.
        let lent = Lent {
            role: Role::Player,
            operators: vec![OPERATOR.to_owned()],
            player: Some(players[0].clone()),
        };
        other.service.lend("an-app", lent);
        let path = of("race", &format!("/leaderboard?asOf={}", time(then)));
        let shown = other.send_bare(ask("GET", &path).header("authorization", "Bearer an-app"));
        let shown = well(shown.await);
        let shown = names(&shown);
        let masked = |name: &str| name.contains("***");
        assert_eq!(shown.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(
            shown.iter().map(|(_, name)| masked(name)).collect::<Vec<_>>(),
            [true, true, false]
        );

        // Who is excluded is not shown any more, and nobody moves up.
        exclude(api, &players[2]).await;
        let was = nodes.as_of(other, "race", "", then).await;
        let left: Vec<(u64, &str)> = vec![(1, &*players[3]), (3, &*players[1]), (4, &*players[0])];
        assert_eq!((names(&was), &was["players"]), (left, &json!(4)));
    })
    .await;
}

#[tokio::test]
async fn after_its_end_it_is_the_final_one_and_the_time_before_is_still_known() {
    both(async |nodes| {
        let [api, other] = nodes.apis;
        start(nodes, "sprint", json!({ "graceSeconds": 0 })).await;
        let players = players();
        bet(api, "s1", &players[0], 10).await;
        nodes.tick().await;
        let middle = now_micros();
        nodes.tick().await;
        bet(api, "s2", &players[1], 20).await;
        well(api.post(&of("sprint", "/end"), &json!({ "why": "enough" })).await);
        let over = loop {
            let board = well(other.get(&of("sprint", "/leaderboard")).await);
            if board["isFinal"] == true {
                break board;
            }
            nodes.tick().await;
        };
        let last = well(ask_as_of(api, "sprint", "", now_micros()).await);
        assert_eq!(json!([last["items"], last["isFinal"]]), json!([over["items"], true]));
        let was = nodes.as_of(other, "sprint", "", middle).await;
        assert_eq!(json!([was["isFinal"], was["state"]]), json!([false, "live"]));
        assert!(names(&was).len() <= 1, "{was}");
    })
    .await;
}

#[tokio::test]
async fn it_is_known_over_a_restart_of_the_node() {
    let api = Api::start().await;
    let players = players();
    let then = {
        let nodes = Nodes::of([&api, &api], 1);
        start(&nodes, "race", json!({})).await;
        bet(&api, "r1", &players[0], 10).await;
        nodes.tick().await;
        let then = now_micros();
        let was = nodes.as_of(&api, "race", "", then).await;
        assert_eq!(names(&was), [(1, &*players[0])]);
        then
    };
    let api = api.restart(|_| ());
    let nodes = Nodes::of([&api, &api], 1);
    bet(&api, "r2", &players[1], 20).await;
    assert_eq!(names(&nodes.as_of(&api, "race", "", then).await), [(1, &*players[0])]);
    let later = now_micros() + EVERY;
    nodes.tick().await;
    let both = [(1, &*players[1]), (2, &*players[0])];
    assert_eq!(names(&nodes.as_of(&api, "race", "", later).await), both);
}

#[tokio::test]
async fn a_partition_whose_files_cannot_be_read_keeps_no_other_from_being_kept() {
    let api = Api::start().await;
    let players = players();
    begin(&api, "race", json!({})).await;
    let folder = api.directory().join("leaderboards");
    std::fs::create_dir_all(&folder).unwrap();
    let damaged = folder.join("00001");
    std::fs::write(&damaged, "no folder").unwrap();
    let nodes = Nodes::of([&api, &api], 1);
    let kept = |partition: u16| -> u64 {
        let files = std::fs::read_dir(folder.join(format!("{partition:05}"))).into_iter().flatten();
        files.map(|file| file.unwrap().metadata().map_or(0, |it| it.len())).sum()
    };
    let others = || [0, 2, 3].map(kept);
    let until = Instant::now() + PATIENCE;
    let mut first = None;
    for round in 0.. {
        for player in &players[..4] {
            bet(&api, &format!("d-{round}-{player}"), player, 10).await;
        }
        nodes.tick().await;
        let now = others();
        assert!(Instant::now() < until, "{now:?} bytes are kept of the others");
        if now.contains(&0) {
            continue;
        }
        let first = *first.get_or_insert(now);
        if first.iter().zip(now).all(|(first, now)| *first < now) {
            break;
        }
    }
    let then = now_micros();
    let answer = ask_as_of(&api, "race", "", then).await;
    is(&answer, 503, "busy");
    std::fs::remove_file(&damaged).unwrap();
    let was = nodes.as_of(&api, "race", "", then).await;
    assert_eq!(was["players"], json!(4), "{was}");
}

#[tokio::test]
async fn who_begins_with_the_state_says_from_when_on_it_is_known() {
    let api = Api::start().await;
    let players = players();
    begin(&api, "race", json!({})).await;
    for (number, player) in (1..).zip(&players) {
        bet(&api, &format!("w{number}"), player, number).await;
    }
    let before = now_micros();
    let now = well(api.get(&of("race", "/leaderboard")).await);
    let keeping = keep_by(&api, Keeps { young_batches: 0, ..KEEPS });
    let nodes = Nodes { apis: [&api, &api], keeping: RefCell::new(vec![keeping]) };
    let later = loop {
        nodes.tick().await;
        let later = now_micros();
        let answer = ask_as_of(&api, "race", "", later).await;
        if answer.status == 200 && micros(&answer.json["asOf"]) > before + 10 * EVERY {
            break answer.json;
        }
    };
    assert_eq!(later["items"], now["items"]);
    let gone = ask_as_of(&api, "race", "", before).await;
    is(&gone, 410, "gone");
    assert!(gone.json["detail"].as_str().unwrap().contains("known from"), "{gone:?}");
    bet(&api, "more", &players[0], 500).await;
    nodes.tick().await;
    let now = well(api.get(&of("race", "/leaderboard")).await);
    let was = nodes.as_of(&api, "race", "", now_micros()).await;
    assert_eq!(was["items"], now["items"]);
}
