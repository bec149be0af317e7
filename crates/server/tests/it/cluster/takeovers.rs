//! Tournaments where partitions move and nodes die in the middle: what is tried, paid and given is whole, and is so once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use accolade_server::Settings;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::between::Bend;
use super::fake::{A, B, Cluster};
use super::is_elsewhere;
use crate::harness::{Api, OPERATOR, PATIENCE, ask, now_micros, time, void, wager};
use crate::opt_ins::{later, opt_ins, say, schedule, seats};
use crate::prizes::{begin, prize_entries, settled, states};
use crate::tournament_dry_runs::{begun, ended, found};
use crate::tournaments::{bet, heard, is, of, players, well};

/// How long tournaments last from before they are made.
const LASTS_MICROS: i64 = 2_500_000;

/// Looks until it is so.
async fn until(awaited: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < until, "awaited: {awaited}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A tournament that B settles, and whose seats it gives.
fn of_b() -> String {
    let mut ids = (0..).map(|number| format!("race-{number}"));
    ids.find(|id| partition_of(id, 4) >= 2).unwrap()
}

/// A has all partitions of B's, with all that was folded of them.
fn take_over(cluster: &Cluster) {
    for partition in [2, 3] {
        cluster.give(partition, Some(A));
    }
}

/// Players of all partitions play, until B has files of the log that it can lose. Returns the dry run of that time.
async fn played(cluster: &Cluster) -> Value {
    let [a, b] = cluster.both();
    let (from, players) = (time(now_micros()), players());
    for (number, player) in (1_u32..).zip(&players) {
        bet(a, &format!("w{number}"), player, f64::from(10 * number)).await;
    }
    assert_eq!(b.wager(&void("w3", &players[2])).await["outcome"], "voided");
    let (until, mut round) = (Instant::now() + PATIENCE, 0);
    while b.node.backing().log.closed().len() < 2 {
        assert!(Instant::now() < until, "two files of the log are awaited");
        let some = (0..100).map(|item| wager(&format!("{round}-{item}"), &players[2 + item % 2]));
        well(a.post("/api/v1/wagers?wait=applied", &some.collect()).await);
        round += 1;
    }
    let draft = json!({
        "name": "a draft", "graceSeconds": 0,
        "query": "SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE wagerAmount >= 15 GROUP BY playerId",
        "prizes": [
            { "from": 1, "points": 300 },
            { "from": 2, "to": 4, "pool": 100.01 },
            { "topPercent": 100, "thing": { "kind": "voucher", "name": "a cup of tea" } },
        ],
    });
    json!({ "tournament": draft, "from": from, "to": time(now_micros()) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_finds_the_same_where_partitions_move_or_a_node_dies_in_its_middle() {
    let patient = || Settings { simulation_patience_ms: 3_600_000, ..Settings::default() };
    let cluster = Cluster::with(patient).await;
    let [a, b] = cluster.both();
    let (path, body) = (of("dry-run", ""), played(&cluster).await);
    let before = found(a, b, &path, &body).await;
    let counts = ["unmatched", "takenBack"].map(|name| before["events"][name].clone());
    assert_eq!(
        json!([before["ranked"], counts, before["cost"]["points"]]),
        json!([7, [1, 1], 400.01])
    );
    // Whoever takes a partition over has what became of its records; the records are in the log alone.
    assert!(cluster.forget_records(B) > 1);
    assert_eq!(found(b, a, &path, &body).await, before);
    for (to, bend) in [(Some(A), None), (None, Some(Bend::Cut))] {
        cluster.tap(B).bend(bend);
        cluster.give_once_the_log_is_read(vec![(2, to), (3, to)]);
        let id = begun(&a.post(&path, &body).await);
        until("a look at the log, by B", async || !cluster.is_to_be_read()).await;
        if to.is_none() {
            let waits = well(a.get(&format!("/api/v1/tournament-dry-runs/{id}")).await);
            assert_eq!((&waits["state"], &waits["result"]), (&json!("running"), &Value::Null));
            take_over(&cluster);
        }
        let end = ended(a, &id).await;
        assert_eq!((&end["state"], &end["result"]), (&json!("done"), &before), "{end}");
        assert_eq!(end["batches"], end["batchesExpected"]);
        cluster.tap(B).bend(None);
        for partition in [2, 3] {
            cluster.give(partition, Some(B));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_shows_nothing_and_says_what_is_missing_as_long_as_nobody_has_it() {
    let impatient = || Settings { simulation_patience_ms: 50, ..Settings::default() };
    let mut cluster = Cluster::with(impatient).await;
    let (path, body) = (of("dry-run", ""), played(&cluster).await);
    let before = found(cluster.a(), cluster.b(), &path, &body).await;
    let of_b = begun(&cluster.b().post(&path, &body).await);
    assert_eq!(ended(cluster.a(), &of_b).await["result"], before);
    cluster.disconnect_b().await;
    let a = cluster.a();
    let of_b = format!("/api/v1/tournament-dry-runs/{of_b}");
    is_elsewhere(&a.get(&of_b).await);
    let id = begun(&a.post(&path, &body).await);
    let end = ended(a, &id).await;
    assert_eq!((&end["state"], &end["result"]), (&json!("failed"), &Value::Null), "{end}");
    let why = end["why"].as_str().unwrap();
    assert!(why.contains("partition 2 could not be folded to its end"), "{why}");
    take_over(&cluster);
    is(&a.get(&of_b).await, 404, "not_found");
    assert_eq!(found(a, a, &path, &body).await, before);
}

/// A tournament of B's that is soon over, with a prize for each of eight players: the first wins most.
async fn raced(cluster: &Cluster, more: Value) -> String {
    let [a, b] = cluster.both();
    let (id, players) = (of_b(), players());
    let mut terms = json!({
        "ends": time(now_micros() + LASTS_MICROS),
        "prizes": [{ "from": 1, "points": 300 }, { "from": 2, "to": 8, "pool": 100.01 }],
    });
    terms.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    begin(a, b, &id, terms).await;
    let bets = (1_u32..).zip(&players).map(|(number, player)| {
        let mut bet = wager(&format!("w{number}"), player);
        bet["wagerAmount"] = json!(100 * (9 - number));
        bet
    });
    let answer = well(a.post("/api/v1/wagers?wait=applied", &bets.collect()).await);
    let results = answer["results"].as_array().unwrap();
    assert!(results.iter().all(|it| it["outcome"] == "counted"), "{answer}");
    id
}

/// Time passes in every partition: wagers come that are too small for points, and to score.
async fn passes(api: &Api) {
    let late = players().into_iter().take(4).map(|player| {
        let mut late = wager(&format!("late-{}", now_micros()), &player);
        late["wagerAmount"] = json!(0.001);
        late
    });
    well(api.post("/api/v1/wagers", &late.collect()).await);
}

fn pays(command: &Command) -> bool {
    matches!(command, Command::Award(award) if award.pays)
}

/// The hash with which the results were fixed, as a node knows it.
fn fixed_hash(api: &Api, id: &str) -> String {
    let rules = api.node.rules();
    let operator = rules.operator(OPERATOR).unwrap();
    let tournament = operator.tournaments.get(id).unwrap();
    tournament.terms().results.as_ref().unwrap().hash.clone()
}

/// Everybody was given what results say, once.
async fn are_paid_once(api: &Api, results: &Value) {
    let places = states(results);
    assert_eq!(places.len(), 8, "{results}");
    for (_, player, points, state) in places {
        assert_eq!(state, "paid", "{player}");
        let [entry] = &prize_entries(api, &player).await[..] else { panic!("{player}: {results}") };
        assert_eq!(entry["points"], points, "{player}");
    }
}

/// B pays five of eight and dies, A goes on, what B had on its way arrives after all, and B comes back.
async fn goes_on_at_a(cluster: &Cluster, id: &str) {
    let [a, b] = cluster.both();
    until("the death of B, which pays", async || {
        passes(a).await;
        cluster.is_cut_off(B)
    })
    .await;
    let (fixed, players) = (fixed_hash(b, id), players());
    for paid in [0, 1, 4] {
        let is_paid = async || prize_entries(a, &players[paid]).await.len() == 1;
        until("what was written before", is_paid).await;
    }
    assert_eq!(prize_entries(a, &players[5]).await, Vec::<Value>::new());
    is_elsewhere(&a.get(&of(id, "/results")).await);
    take_over(cluster);
    let results = settled(a, id, |it| !it["paidAt"].is_null()).await;
    are_paid_once(a, &results).await;
    assert_eq!(cluster.deliver_late(), 3);
    cluster.cut_off(B, false);
    // All is folded that came before.
    settled(a, id, |_| true).await;
    heard(a, b, id).await;
    for api in [a, b] {
        let results = well(api.get(&of(id, "/results")).await);
        assert_eq!(results["hash"], fixed);
        are_paid_once(api, &results).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_prize_is_paid_once_where_the_node_dies_that_pays_them() {
    let cluster = Cluster::start().await;
    cluster.dies_after(B, 5, pays);
    let id = raced(&cluster, json!({})).await;
    goes_on_at_a(&cluster, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_nodes_approve_of_is_paid_once_where_the_one_dies_that_pays() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let id = raced(&cluster, json!({ "approval": true })).await;
    let wait = |results: &Value| {
        let places = states(results);
        places.len() == 8 && places.iter().all(|(.., state)| state == "awaiting_approval")
    };
    settled(a, &id, wait).await;
    heard(a, b, &id).await;
    cluster.dies_after(B, 5, pays);
    let (approve, yes) = (of(&id, "/approve"), json!({ "why": "all is well" }));
    let (one, other) = tokio::join!(a.post(&approve, &yes), b.post(&approve, &yes));
    assert_eq!(well(one)["state"], "final");
    // B may be dead before it has answered.
    assert!(other.status == 200 || other.status == 503, "{other:?}");
    goes_on_at_a(&cluster, &id).await;
    for api in [a, b] {
        assert_eq!(well(api.post(&approve, &yes).await)["state"], "final");
    }
    settled(a, &id, |_| true).await;
    are_paid_once(b, &well(b.get(&of(&id, "/results")).await)).await;
}

/// Asks for a seat again and again, at one node after the other, until it is answered after partitions have come to rest.
/// Says whether there is one: who was let in stays in, and who was not stays out.
async fn has_seat(cluster: &Cluster, number: usize, id: &str, at_rest: &AtomicBool) -> bool {
    let (player, until, mut seat) = (format!("q{number}"), Instant::now() + PATIENCE, None);
    for api in cluster.both().into_iter().cycle().skip(number % 2) {
        let is_last = at_rest.load(Ordering::SeqCst);
        let answer = say(api, &player, id, "in").await;
        assert!(Instant::now() < until, "awaited: an answer to {player}; there is: {answer:?}");
        let said = answer.json["state"].as_str().or_else(|| answer.json["code"].as_str());
        let has_seat = match (answer.status.as_u16(), said) {
            (200, Some("in")) => Some(true),
            (409, Some("tournament_full")) => Some(false),
            // Nobody says yet what becomes of it.
            (200, Some("requested")) | (202 | 503, _) => None,
            _ => panic!("{player}: {answer:?}"),
        };
        if let Some(has_seat) = has_seat {
            assert_eq!(*seat.get_or_insert(has_seat), has_seat, "{player}: {answer:?}");
            if is_last {
                return has_seat;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    unreachable!("nodes are asked for ever")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_as_many_seats_as_there_are_while_partitions_move() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let (id, at_rest) = (of_b(), AtomicBool::new(false));
    schedule(a, b, &id, later(json!({ "participantsMax": 5 }))).await;
    let asking = join_all((0..24).map(|number| has_seat(&cluster, number, &id, &at_rest)));
    let moving = async {
        // There and back.
        for is_there in [true, false, true, false, true, false] {
            for partition in 0..4 {
                let home = if partition < 2 { A } else { B };
                let (from, to) = if is_there { (home, 1 - home) } else { (1 - home, home) };
                let some_time = || tokio::time::sleep(Duration::from_millis(10));
                cluster.set_owner(from, partition, None);
                some_time().await;
                cluster.set_owner(to, partition, Some(to));
                some_time().await;
                cluster.set_owner(from, partition, Some(to));
            }
        }
        at_rest.store(true, Ordering::SeqCst);
    };
    let (have_seats, ()) = tokio::join!(asking, moving);
    assert_eq!(have_seats.iter().filter(|has| **has).count(), 5);
    for api in [a, b] {
        assert_eq!(seats(api, &id).await, json!([5, 5, 0]));
        for (number, has_seat) in have_seats.iter().enumerate() {
            let listed = well(api.get(&opt_ins(&format!("q{number}"))).await);
            let expected = if *has_seat { "in" } else { "full" };
            assert_eq!(listed["items"][0]["state"], expected, "q{number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_in_whose_answer_is_lost_with_its_node_takes_one_seat_however_often_it_is_said() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let (id, players) = (of_b(), players());
    schedule(a, b, &id, later(json!({ "participantsMax": 2 }))).await;
    let body = json!({ "tournamentId": id, "optIn": "in" });
    let keyed = || ask("PUT", &opt_ins(&players[2])).json(&body).header("idempotency-key", "once");
    // B does what is asked, and nobody hears of it.
    cluster.tap(B).bend(Some(Bend::Unsigned));
    is_elsewhere(&a.send(keyed()).await);
    assert_eq!(seats(b, &id).await, json!([2, 1, 1]));
    take_over(&cluster);
    assert_eq!(well(a.send(keyed()).await)["state"], "in");
    assert_eq!(well(say(b, &players[2], &id, "in").await)["state"], "in");
    assert_eq!(seats(a, &id).await, json!([2, 1, 1]));
    assert_eq!(well(say(a, &players[6], &id, "in").await)["state"], "in");
    is(&say(b, &players[3], &id, "in").await, 409, "tournament_full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_in_that_arrives_after_it_was_given_up_and_said_again_takes_no_second_seat() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let (id, players) = (of_b(), players());
    schedule(a, b, &id, later(json!({ "participantsMax": 2 }))).await;
    cluster.dies_after(B, 0, |command| matches!(command, Command::OptIn { .. }));
    is(&say(b, &players[2], &id, "in").await, 503, "uncertain");
    take_over(&cluster);
    assert_eq!(well(say(a, &players[2], &id, "in").await)["state"], "in");
    assert_eq!(cluster.deliver_late(), 1);
    // This one comes behind it, in the same partition, and asks the same one for a seat.
    assert_eq!(well(say(a, &players[6], &id, "in").await)["state"], "in");
    cluster.cut_off(B, false);
    for api in [a, b] {
        assert_eq!(well(say(api, &players[2], &id, "in").await)["state"], "in");
        is(&say(api, &players[3], &id, "in").await, 409, "tournament_full");
        assert_eq!(seats(api, &id).await, json!([2, 2, 0]));
    }
}
