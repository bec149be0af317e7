//! What publishers derive: the same with the records and without, as far as the journal goes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use accolade_domain::ledger::{Place, Subject};
use accolade_engine::intake::Intake;
use accolade_engine::partition::Partition;
use accolade_server::outputs::{Aside, Output, Topic, Wanted, outputs_of};
use accolade_storage::node::Node;
use accolade_wire::bytes::Cursor;
use accolade_wire::record::{Record, Slice};
use serde_json::{Value, json};

use crate::harness::{Api, OPERATOR, ask, days_ago, game_event, void, wager};

const ALL: Wanted = Wanted { eligible: true, calculated: true, balances: true, dead_letters: true };

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

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> bool {
        self.0.backing().dead_letter(place, |record| read(record)).unwrap().is_some()
    }
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
            let journal = loop {
                if let Some(journal) = node.backing().journal.read(number, batch).unwrap() {
                    break journal;
                }
            };
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
    let (derived, missing) = derive(&api.node, true, ALL, &());
    assert_eq!(missing, 0);
    let mut seen: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (topic, key, value) in &derived {
        let shown = match topic {
            Topic::Eligible => format!("{key} {}", value["eligibilityRuleVersion"]),
            Topic::Calculated => format!("{key} {} {}", value["pointsEarned"], value["wagerId"]),
            Topic::Balances => format!("{key} {} {}", value["pointsBalance"], value["version"]),
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
    let wanted = Wanted { balances: true, dead_letters: true, ..Wanted::default() };
    let (with_log, missing) = derive(&api.node, true, wanted, &());
    assert_eq!((with_log.len(), missing), (4, 0));
    let (without, missing) = derive(&api.node, false, wanted, &OfNode(&api.node));
    assert_eq!((without, missing), (with_log, 0));
    let (derived, missing) = derive(&api.node, false, wanted, &());
    assert_eq!((derived, missing), (Vec::new(), 4), "nothing is made up");
    let (derived, missing) = derive(&api.node, false, ALL, &OfNode(&api.node));
    assert_eq!((derived.len(), missing), (4, 2), "what needs the record itself is missing");
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
