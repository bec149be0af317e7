//! The rules of loyalty, told over HTTP to the real binary. Both forms must say the same.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::api::{get, request, submit};
use crate::harness::{Home, Serving, line_with, until};

const OPERATOR: &str = "operator-789";

const FIRST: &str = "
currency: EUR
eligibility: { minWager: 1.00, players: { deny: [denied] }, segments: { allow: [], deny: [vip] } }
jurisdictions:
  Malta: {}
  Ontario: { earning: { multipliers: { slots: 0.05 } } }
  Sweden: { enabled: false }
earning:
  multipliers: { slots: 0.1, default: 0 }
  caps: [ { points: 15, per: day } ]
rates: { USD: 0.92 }
";

const SECOND: &str = "
currency: EUR
earning: { multipliers: { slots: 0.2, default: 0 } }
";

/// A node with an operator, and what was told to it so far.
struct House<'a> {
    serving: &'a Serving,
    key: String,
    /// When it all happens: events of one scenario are of one day.
    at: Timestamp,
    said: String,
}

impl<'a> House<'a> {
    /// `run` runs a command beside the node.
    fn open(home: &Home, serving: &'a Serving, run: &dyn Fn(&[&str]) -> String) -> Self {
        let added = run(&["operator", "add", OPERATOR]);
        let key = added.split_whitespace().find(|word| word.starts_with("acc_")).unwrap();
        for (name, program, from) in [
            ("first.yaml", FIRST, &["--effective-from", "9 days ago"][..]),
            ("second.yaml", SECOND, &[]),
        ] {
            let file = home.file(name, program);
            let file = file.to_str().unwrap();
            let words = ["program", "publish", file, "--operator", OPERATOR, "--why", "rules"];
            run(&[&words[..], from].concat());
        }
        // Before the second version begins.
        let at = Timestamp::now() - 3.hours();
        Self { serving, key: key.to_owned(), at, said: String::new() }
    }

    fn tell(&mut self, what: &str, mut event: Value, more: &Value) {
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        let heard = submit(self.serving, &self.key, &event.to_string());
        write!(self.said, "{what}: {}", heard["outcome"].as_str().unwrap()).unwrap();
        for name in ["reason", "points", "multiplier", "programVersion", "pointsBalance"] {
            if !heard[name].is_null() {
                write!(self.said, ", {name} {}", heard[name]).unwrap();
            }
        }
        self.said.push('\n');
    }

    fn wager(&mut self, id: &str, player: &str, amount: f64, more: Value) {
        let event = json!({
            "wagerId": id, "playerId": player, "operatorId": OPERATOR, "gameId": "g",
            "gameCategory": "slots", "wagerAmount": amount, "currency": "EUR",
            "jurisdiction": "Malta", "timestamp": self.at.to_string(),
        });
        self.tell(&format!("wager {id} of {player}, {amount}"), event, &more);
    }

    fn void(&mut self, id: &str, player: &str) {
        let event = json!({
            "type": "wager.voided", "wagerId": id, "playerId": player, "operatorId": OPERATOR,
            "reason": "game fault", "timestamp": self.at.to_string(),
        });
        self.tell(&format!("void {id} of {player}"), event, &json!({}));
    }

    fn consent(&mut self, player: &str, said: &str) {
        let path = format!("/api/v1/players/{player}/consent");
        let body = json!({ "consent": said }).to_string();
        let (status, answer) = request(self.serving, "PUT", &path, &self.key, &body);
        assert_eq!(status, 200, "{answer}");
        writeln!(self.said, "consent of {player}: {said}").unwrap();
    }

    /// What would become of letting a player in or out.
    fn try_consent(&mut self, player: &str, said: &str) {
        let path = format!("/api/v1/players/{player}/consent?dryRun=true");
        let body = json!({ "consent": said }).to_string();
        let (status, answer) = request(self.serving, "PUT", &path, &self.key, &body);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let [outcome, is_dry] = ["outcome", "dryRun"].map(|name| &answer[name]);
        writeln!(self.said, "consent of {player}, dry: {said}, {status} {outcome} {is_dry}")
            .unwrap();
    }

    fn balance(&mut self, player: &str) {
        let balance = get(self.serving, &self.key, &format!("players/{player}/balance"));
        writeln!(self.said, "balance of {player}: {}", balance["pointsBalance"]).unwrap();
    }

    fn ledger(&mut self, player: &str) {
        let path = format!("players/{player}/ledger?order=asc");
        let ledger = get(self.serving, &self.key, &path);
        for entry in ledger["items"].as_array().unwrap() {
            let [sequence, kind, points, after] =
                ["sequence", "kind", "points", "balanceAfter"].map(|name| &entry[name]);
            writeln!(self.said, "entry {sequence} of {player}: {kind} {points}, then {after}")
                .unwrap();
        }
    }

    fn explain(&mut self, id: &str) {
        let explained = get(self.serving, &self.key, &format!("wagers/{id}/explanation"));
        let [outcome, points] = ["outcome", "points"].map(|name| &explained[name]);
        write!(self.said, "explanation of {id}: {outcome} {points}").unwrap();
        for letter in explained["deadLetters"].as_array().into_iter().flatten() {
            let [reason, state] = ["reason", "state"].map(|name| &letter[name]);
            write!(self.said, ", dead letter {reason} {state}").unwrap();
        }
        self.said.push('\n');
    }

    /// Retries the only dead letter that is open, and waits until its wager has counted.
    fn retry(&mut self, wager: &str) {
        let letters = get(self.serving, &self.key, "dead-letters?state=open");
        let letters = letters["items"].as_array().unwrap();
        let [letter] = &letters[..] else { panic!("{letters:?} should be one") };
        let path = format!("/api/v1/dead-letters/{}/retry", letter["id"].as_str().unwrap());
        let (status, answer) = request(self.serving, "POST", &path, &self.key, "");
        assert_eq!(status, 200, "{answer}");
        writeln!(self.said, "retry of a dead letter: {}", letter["reason"]).unwrap();
        let path = format!("wagers/{wager}/explanation");
        until("a wager that counts", || {
            let told = get(self.serving, &self.key, &path);
            if told["outcome"] == "counted" { Ok(()) } else { Err(told) }
        });
    }
}

fn play(mut house: House<'_>) -> String {
    let none = || json!({});
    house.wager("w1", "anna", 100.0, none());
    house.wager("w1", "anna", 100.0, none());
    house.wager("w2", "anna", 100.0, none());
    house.void("w1", "anna");
    house.void("w1", "anna");
    house.wager("w3", "anna", 30.0, none());
    house.ledger("anna");
    house.explain("w2");
    house.void("b1", "bert");
    house.wager("b1", "bert", 20.0, none());
    house.wager("c1", "carl", 0.99, none());
    house.wager("c2", "carl", 10.0, json!({ "jurisdiction": "Sweden" }));
    house.wager("c3", "carl", 10.0, json!({ "jurisdiction": "Ontario" }));
    house.wager("c4", "carl", 10.0, json!({ "currency": "USD" }));
    house.wager("c5", "carl", 10.0, json!({ "currency": "XYZ" }));
    house.wager("c6", "carl", 10.0, json!({ "gameCategory": "poker" }));
    house.wager("c7", "carl", 10.0, json!({ "playerSegment": "vip" }));
    house.wager("c8", "denied", 10.0, none());
    house.consent("dora", "out");
    house.try_consent("dora", "in");
    house.wager("d1", "dora", 10.0, none());
    house.consent("dora", "in");
    house.wager("d2", "dora", 10.0, none());
    house.wager("e1", "emil", 10.0, json!({ "timestamp": Timestamp::now().to_string() }));
    house.wager("e2", "emil", 10.0, none());
    let late = (house.at - (8 * 24).hours()).to_string();
    house.wager("f1", "fred", 10.0, json!({ "timestamp": late }));
    house.explain("f1");
    house.retry("f1");
    house.explain("f1");
    house.balance("fred");
    house.said
}

fn expected() -> Expect {
    expect![[r#"
        wager w1 of anna, 100: counted, points 10.0, multiplier 0.1, programVersion 1, pointsBalance 10.0
        wager w1 of anna, 100: repeated, points 10.0, multiplier 0.1, programVersion 1, pointsBalance 10.0
        wager w2 of anna, 100: counted, points 5.0, multiplier 0.1, programVersion 1, pointsBalance 15.0
        void w1 of anna: voided, points -10.0, programVersion 1, pointsBalance 5.0
        void w1 of anna: repeated, points -10.0, programVersion 1, pointsBalance 5.0
        wager w3 of anna, 30: counted, points 3.0, multiplier 0.1, programVersion 1, pointsBalance 8.0
        entry 1 of anna: "earned" 10.0, then 10.0
        entry 2 of anna: "earned" 5.0, then 15.0
        entry 3 of anna: "voided" -10.0, then 5.0
        entry 4 of anna: "earned" 3.0, then 8.0
        explanation of w2: "counted" 5.0
        void b1 of bert: voided, points 0.0, programVersion 1, pointsBalance 0.0
        wager b1 of bert, 20: refused, reason "voided", pointsBalance 0.0
        wager c1 of carl, 0.99: refused, reason "below_minimum", programVersion 1, pointsBalance 0.0
        wager c2 of carl, 10: refused, reason "jurisdiction_disabled", programVersion 1, pointsBalance 0.0
        wager c3 of carl, 10: counted, points 0.5, multiplier 0.05, programVersion 1, pointsBalance 0.5
        wager c4 of carl, 10: counted, points 0.92, multiplier 0.092, programVersion 1, pointsBalance 1.42
        wager c5 of carl, 10: refused, reason "currency_unsupported", programVersion 1, pointsBalance 1.42
        wager c6 of carl, 10: refused, reason "zero_multiplier", programVersion 1, pointsBalance 1.42
        wager c7 of carl, 10: refused, reason "segment_denied", programVersion 1, pointsBalance 1.42
        wager c8 of denied, 10: refused, reason "player_denied", programVersion 1, pointsBalance 0.0
        consent of dora: out
        consent of dora, dry: in, 200 "done" true
        wager d1 of dora, 10: refused, reason "no_consent", programVersion 1, pointsBalance 0.0
        consent of dora: in
        wager d2 of dora, 10: counted, points 1.0, multiplier 0.1, programVersion 1, pointsBalance 1.0
        wager e1 of emil, 10: counted, points 2.0, multiplier 0.2, programVersion 2, pointsBalance 2.0
        wager e2 of emil, 10: counted, points 1.0, multiplier 0.1, programVersion 1, pointsBalance 3.0
        wager f1 of fred, 10: dead_letter, reason "too_late"
        explanation of f1: "dead_letter" null, dead letter "too_late" "open"
        retry of a dead letter: "too_late"
        explanation of f1: "counted" 1.0, dead letter "too_late" "released"
        balance of fred: 1.0
    "#]]
}

#[test]
fn the_rules_hold_in_the_embedded_form() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let run = |words: &[&str]| home.run(words).well();
    expected().assert_eq(&play(House::open(&home, &serving, &run)));
    line_with(&run(&["audit", "verify"]), "audit: ok");
}

#[cfg(feature = "cluster")]
#[test]
fn the_rules_hold_in_the_cluster_form() {
    let (home, cluster) = (Home::new(), crate::cluster::Cluster::new("4"));
    let serving = cluster.serve(&home);
    let run = |words: &[&str]| cluster.run(&home, words).well();
    expected().assert_eq(&play(House::open(&home, &serving, &run)));
    line_with(&run(&["audit", "verify"]), "audit: ok");
}
