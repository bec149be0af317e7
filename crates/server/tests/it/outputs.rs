//! What publishers derive: the same with the records and without, as far as the journal goes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::ledger::{Place, Subject};
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_engine::partition::Partition;
use accolade_server::outputs::{Aside, Output, Shown, Topic, Wanted, outputs_of, tournament};
use accolade_storage::node::Node;
use accolade_wire::bytes::Cursor;
use accolade_wire::cut::{cut, sha256};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Slice, Source};
use serde_json::{Value, json};

use crate::filling::filled;
use crate::harness::{
    Api, OPERATOR, PATIENCE, ask, days_ago, game_event, now_micros, time, until, void, wager,
};
use crate::moved;
use crate::tournaments::{TOURNAMENTS, begin, bet, definition, of, well};

/// Everything but the place.
type Derived = (Topic, String, Value);

/// The players and the dead letters of a node.
struct OfNode<'a>(&'a Node);

impl Aside for OfNode<'_> {
    fn player(&self, partition: u16, _: u32, subject: Subject) -> Option<(String, String)> {
        self.0.read(partition, |partition| {
            let mut players = partition.players().all().iter();
            let found = players.find(|player| player.account.subject == subject)?;
            Some((OPERATOR.to_owned(), found.name.to_string()))
        })
    }

    fn tournament(&self, operator: u32, number: u32) -> Option<Shown> {
        tournament(&self.0.rules(), operator, number)
    }

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> bool {
        self.0.backing().dead_letter(place, |record| read(record)).unwrap().is_some()
    }
}

/// The journal of a batch that was folded, which may be a moment behind.
fn journal_of(node: &Node, partition: u16, batch: u64) -> Vec<u8> {
    until(&format!("the journal of batch {batch}"), || {
        node.backing().journal.read(partition, batch).unwrap().ok_or("none")
    })
}

/// Derives the outputs of all batches; `has_records` says whether the log is at hand.
fn derive(
    node: &Node,
    has_records: bool,
    wanted: Wanted,
    aside: &dyn Aside,
) -> (Vec<Derived>, u32) {
    let derived = RefCell::new(Vec::new());
    let mut missing = 0;
    for number in 0..node.partitions() {
        for batch in 1..node.read(number, Partition::next_batch) {
            let journal = journal_of(node, number, batch);
            let log = node.backing().log.read(number, batch).unwrap().unwrap();
            let slice = |bytes| Slice::read(&mut Cursor::new(bytes, "slice")).unwrap();
            let records = has_records.then(|| slice(&log[..]));
            let mut each = |output: Output<'_>| {
                assert_eq!((output.place.partition, output.place.batch), (number, batch));
                assert_eq!(output.operator, OPERATOR);
                let value = serde_json::from_slice(output.value).unwrap();
                derived.borrow_mut().push((output.topic, output.key.to_owned(), value));
            };
            let journal = slice(&journal[..]);
            missing += outputs_of(&journal, records.as_ref(), wanted, aside, &mut each).unwrap();
        }
    }
    (derived.into_inner(), missing)
}

async fn lived_in() -> Api {
    let api = Api::start().await;
    let mut spelt = wager("w-\"1\"\u{e9}\\", "p1");
    spelt["wagerAmount"] = 12.5.into();
    api.wager(&spelt).await;
    api.wager(&wager("w2", "p1")).await;
    api.wager(&wager("w2", "p1")).await;
    api.wager(&void("w2", "p1")).await;
    let mut small = wager("w3", "p2");
    small["wagerAmount"] = 0.5.into();
    api.wager(&small).await;
    let mut unpaid = wager("w4", "p2");
    unpaid["gameCategory"] = "poker".into();
    api.wager(&unpaid).await;
    let mut late = wager("w5", "p3");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let events = api.post("/api/v1/events?wait=applied", &game_event(Some("e1"), "p1")).await;
    assert_eq!(events.status, 200);
    api
}

#[tokio::test]
async fn each_record_has_its_outputs_in_order() {
    let api = lived_in().await;
    let (derived, missing) = derive(&api.node, true, Wanted::ALL, &());
    assert_eq!(missing, 0);
    let mut seen: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (topic, key, value) in &derived {
        let shown = match topic {
            Topic::Eligible => format!("{key} {}", value["eligibilityRuleVersion"]),
            Topic::Calculated => format!("{key} {} {}", value["pointsEarned"], value["wagerId"]),
            Topic::Balances => format!("{key} {} {}", value["pointsBalance"], value["version"]),
            Topic::Tiers
            | Topic::Redemptions
            | Topic::Signals
            | Topic::TournamentEligible
            | Topic::TournamentScores
            | Topic::LeaderboardUpdates => format!("{key} {value}"),
            Topic::DeadLetters => format!("{key} {} {}", value["reason"], value["sourceTopic"]),
        };
        seen.entry(topic.name()).or_default().push(shown);
    }
    for shown in seen.values_mut() {
        shown.sort();
    }
    let expected = json!({
        "accolade.dead-letters": ["p3 \"too_late\" \"wager.events\""],
        "loyalty.balances": [
            "operator-789/p1 1.25 1", "operator-789/p1 1.25 3", "operator-789/p1 11.25 2",
        ],
        "loyalty.calculated": [
            "p1 1.25 \"w-\\\"1\\\"\u{e9}\\\\\"", "p1 10.0 \"w2\"",
        ],
        "loyalty.eligible": ["p1 \"v1\"", "p1 \"v1\""],
    });
    assert_eq!(json!(seen), expected);
    let letter = derived.iter().find(|(topic, ..)| *topic == Topic::DeadLetters).unwrap();
    let id = letter.2["id"].as_str().unwrap();
    assert_eq!(
        api.get(&format!("/api/v1/dead-letters/{id}")).await.json["original"],
        letter.2["original"]
    );
    for field in ["error", "stage", "partition", "batch", "slot", "receivedAt", "time"] {
        assert!(!letter.2[field].is_null(), "{field}");
    }
}

#[tokio::test]
async fn balances_and_dead_letters_are_the_same_without_the_log() {
    let api = lived_in().await;
    let wanted = Wanted::only(Topic::Balances).and(Topic::DeadLetters);
    let (with_log, missing) = derive(&api.node, true, wanted, &());
    assert_eq!((with_log.len(), missing), (4, 0));
    let (without, missing) = derive(&api.node, false, wanted, &OfNode(&api.node));
    assert_eq!((without, missing), (with_log, 0));
    let (derived, missing) = derive(&api.node, false, wanted, &());
    assert_eq!((derived, missing), (Vec::new(), 4), "nothing is made up");
    let (derived, missing) = derive(&api.node, false, Wanted::ALL, &OfNode(&api.node));
    assert_eq!((derived.len(), missing), (4, 2), "what needs the record itself is missing");
}

#[tokio::test]
async fn scores_are_the_same_without_the_log_and_what_counted_is_not_made_up() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    for (number, player) in ["p1", "p2", "p1"].into_iter().enumerate() {
        bet(&api, &format!("w{number}"), player, 5.0).await;
    }
    let of = OfNode(&api.node);
    let scores = Wanted::only(Topic::TournamentScores);
    let (with_log, missing) = derive(&api.node, true, scores, &of);
    assert_eq!((with_log.len(), missing), (3, 0));
    assert_eq!(derive(&api.node, false, scores, &of), (with_log, 0));
    assert_eq!(derive(&api.node, false, scores, &()), (Vec::new(), 3), "nobody knows whose");
    let both = scores.and(Topic::TournamentEligible);
    let (told, missing) = derive(&api.node, false, both, &of);
    assert_eq!((told.len(), missing), (3, 3), "what counted is in the log");
}

#[tokio::test]
async fn nothing_is_told_of_a_shadow() {
    let api = Api::start().await;
    begin(&api, "beside", json!({ "mode": "shadow" })).await;
    begin(&api, "race", json!({})).await;
    bet(&api, "w1", "p1", 5.0).await;
    let wanted = Wanted::only(Topic::TournamentScores).and(Topic::TournamentEligible);
    let (told, missing) = derive(&api.node, true, wanted, &OfNode(&api.node));
    assert_eq!((told.len(), missing), (2, 0));
    assert!(told.iter().all(|(.., value)| value["tournamentId"] == "race"), "{told:?}");
}

#[tokio::test]
async fn what_a_tournament_is_filled_with_is_told_once_it_is_whole() {
    let api = Api::start().await;
    let starts = time(now_micros());
    for number in 0..2 {
        bet(&api, &format!("w{number}"), "p1", 5.0).await;
    }
    well(api.post(TOURNAMENTS, &definition("race", json!({ "starts": starts }))).await);
    well(api.post(&of("race", "/schedule"), &json!({})).await);
    filled(&api, "race").await;
    let scores = Wanted::only(Topic::TournamentScores).and(Topic::TournamentEligible);
    for has_records in [true, false] {
        let (told, missing) = derive(&api.node, has_records, scores, &OfNode(&api.node));
        assert_eq!((told.len(), missing), (1, 0), "{told:?}");
        let (topic, _, value) = &told[0];
        assert_eq!((*topic, value["score"].as_f64()), (Topic::TournamentScores, Some(10.0)));
    }
}

#[tokio::test]
async fn who_has_moved_is_named_by_the_log_alone() {
    let api = Api::with_limits(moved::settings(), 0).await.with_program().await;
    begin(&api, "race", json!({})).await;
    bet(&api, "w1", "p1", 5.0).await;
    moved::told_of(&api, 1).await;
    let (moves, of) = (Wanted::only(Topic::LeaderboardUpdates), OfNode(&api.node));
    let (told, missing) = derive(&api.node, true, moves, &of);
    assert_eq!((told.len(), missing), (1, 0), "{told:?}");
    let (_, key, value) = &told[0];
    assert_eq!(
        (&**key, &value["playerId"], &value["newPosition"]),
        ("race", &json!("p1"), &json!(1))
    );
    // The player may be of another partition than the notice.
    assert_eq!(derive(&api.node, false, moves, &of), (Vec::new(), 1));
}

#[tokio::test]
async fn a_value_with_line_breaks_is_one_line_of_a_stream() {
    let api = Api::start().await;
    let pretty = serde_json::to_string_pretty(&wager("w1", "p1")).unwrap();
    let sent = api.send(ask("POST", "/api/v1/wagers?wait=applied").text(&pretty)).await;
    assert_eq!(sent.json["outcome"], "counted");
    for topic in ["wager.events", "loyalty.eligible"] {
        let path = format!("/local/topics/{topic}?from=earliest");
        let answer = api.on_socket(ask("GET", &path)).await;
        assert_eq!(answer.text.lines().count(), 1, "{}", answer.text);
        let line: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(line["value"]["wagerId"], "w1");
    }
}

/// Tells what became of a record.
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

/// Takes a body in past all checks, as one of a topic that anybody writes to.
fn take(node: &Node, operator: &str, body: &[u8]) -> Outcome {
    let (kind, source, origin) = (Kind::Wager, Source::Kafka, None);
    let received_at = Timestamp::from_micros(0);
    let mut records = Vec::new();
    Record { kind, source, operator, received_at, origin, body }.write(&mut records);
    let parts = vec![(Some(0), u32::try_from(records.len()).unwrap())];
    let (tell, told) = mpsc::channel();
    let (caller, wants_outcomes, taken_at) = (Arc::new(Tells(tell)), true, Instant::now());
    let submission = Submission {
        records,
        parts,
        known: Vec::new(),
        caller,
        wants_outcomes,
        taken_at,
        trace: None,
    };
    node.submit(submission).unwrap();
    told.recv_timeout(PATIENCE).unwrap()
}

/// Key and value of each output of partition 0 with what makes it up, none of them too large to leave.
fn left_from_first(node: &Node) -> Vec<(Topic, String, Value)> {
    let mut left = Vec::new();
    for batch in 1..node.read(0, Partition::next_batch) {
        let journal = journal_of(node, 0, batch);
        let log = node.backing().log.read(0, batch).unwrap().unwrap();
        let slice = |bytes| Slice::read(&mut Cursor::new(bytes, "slice")).unwrap();
        let (journal, records) = (slice(&journal[..]), slice(&log[..]));
        let missing = outputs_of(&journal, Some(&records), Wanted::ALL, &(), &mut |output| {
            assert!(output.key.len() + output.value.len() < 950_000, "{}", output.value.len());
            let value = serde_json::from_slice(output.value).unwrap();
            left.push((output.topic, output.key.to_owned(), value));
        });
        assert_eq!(missing.unwrap(), 0);
    }
    left
}

#[tokio::test]
async fn an_input_that_is_too_large_to_leave_whole_leaves_cut_with_its_length_and_hash() {
    let api = Api::start().await;
    let name = "n".repeat(6_000);
    let named = format!(r#"{{"operatorId":"{name}","playerId":"{name}","wagerId":7}}"#);
    let bodies: [Vec<u8>; 5] = [
        vec![0xff; 500_000],
        vec![0x01; 500_000],
        format!(r#"{{"operatorId":"{}"}}"#, "x".repeat(2_000_000)).into_bytes(),
        named.into_bytes(),
        b"\xff".to_vec(),
    ];
    for body in &bodies {
        let outcome = take(&api.node, "", body);
        assert!(matches!(outcome, Outcome::DeadLetter { .. }), "{outcome:?}");
    }
    let left = left_from_first(&api.node);
    assert_eq!(left.len(), bodies.len());
    for ((topic, key, value), body) in left.iter().zip(&bodies) {
        assert_eq!(*topic, Topic::DeadLetters);
        assert!(key.len() <= 256);
        let is_cut = body.len() > 20_000;
        assert_eq!(value["originalBytes"], if is_cut { json!(body.len()) } else { Value::Null });
        let hash = json!(sha256(body));
        assert_eq!(value["originalSha256"], if is_cut { hash } else { Value::Null });
    }
    assert!(left[0].2["originalHex"].as_str().unwrap().starts_with("ffffff"));
    assert!(left[1].2["original"].as_str().unwrap().starts_with("\u{1}\u{1}"));
    let short = cut(&name, 256);
    assert_eq!((left[3].1.as_str(), left[3].2["operatorId"].as_str().unwrap()), (&*short, &*short));
    assert_eq!(left[4].2["originalHex"], "ff");
}

#[tokio::test]
async fn a_wager_that_is_too_large_to_leave_whole_leaves_with_what_was_read_of_it() {
    let api = Api::start().await;
    let mut players = (1..).map(|number| format!("p{number}"));
    let player = players.find(|player| partition_of(player, 4) == 0).unwrap();
    let mut large = wager("w1", &player);
    large["note"] = "x".repeat(1_000_000).into();
    let body = large.to_string();
    let outcome = take(&api.node, OPERATOR, body.as_bytes());
    assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
    let left = left_from_first(&api.node);
    let topics: Vec<_> = left.iter().map(|(topic, ..)| *topic).collect();
    assert_eq!(topics, [Topic::Eligible, Topic::Calculated, Topic::Balances]);
    let eligible = &left[0].2;
    for field in ["wagerId", "playerId", "operatorId", "gameCategory", "currency", "jurisdiction"] {
        assert_eq!(eligible[field], large[field], "{field}");
    }
    assert_eq!(eligible["eligibilityRuleVersion"], "v1");
    assert_eq!(eligible["originalBytes"], body.len());
    assert_eq!(eligible["originalSha256"], sha256(body.as_bytes()));
}
