//! Game events, and what is counted of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_engine::feed::{Feed, Known};
use accolade_engine::ordered::LogFailed;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_postgres::rebuild;
use accolade_postgres::sink::start;
use accolade_storage::node::Node;
use accolade_wire::record::Record;
use accolade_wire::timestamp;

use crate::house::{House, now, wager};
use crate::tables::{Tables, caught_up, until};

/// A game event of this moment.
pub(crate) fn played(player: &str, id: &str, event_type: &str, data: &str) -> String {
    let at = timestamp::write(now());
    format!(
        r#"{{"event_id":"{id}","event_type":"{event_type}","player_id":"{player}","game_id":"reels",
        "timestamp":"{at}","data":{data}}}"#
    )
}

fn events(tables: &Tables) -> Vec<String> {
    let rows = tables.query(
        "SELECT concat_ws(' ', operator_id, player_id, event_id, event_type, game_id, data)
         FROM {s}.events ORDER BY operator_id, player_id, event_id",
    );
    rows.iter().map(|row| row.get(0)).collect()
}

fn statistics(tables: &Tables) -> Vec<String> {
    let rows = tables.query(
        "SELECT concat_ws(' ', operator_id, player_id, total_events, event_breakdown,
            last_event_at = (SELECT max(event_timestamp) FROM {s}.events AS e
                WHERE e.operator_id = p.operator_id AND e.player_id = p.player_id))
         FROM {s}.player_statistics AS p ORDER BY operator_id, player_id",
    );
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn events_are_in_their_table_as_they_came_and_counted_in_another() {
    let (house, tables) = (House::open(), Tables::new("played"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    let first = played("anna", "e1", "player_score", r#"{"score": 1500.10}"#);
    house.play("house", "anna", &first);
    assert!(matches!(house.play("house", "anna", &first), Outcome::Repeated { .. }));
    house.take("house", &[("anna", wager("house", "anna", "w1", "10.00").into())]);
    house.play("house", "anna", &played("anna", "e2", "level_up", "null"));
    // An id is a player's own, and a player an operator's.
    house.play("house", "bert", &played("bert", "e1", "level_up", r#"{"a": [1, 2]}"#));
    house.play("rival", "anna", &played("anna", "e1", "level_up", "{}"));
    caught_up(&projection);
    let expected = [
        r#"house anna e1 player_score reels {"score": 1500.10}"#,
        "house anna e2 level_up reels",
        r#"house bert e1 level_up reels {"a": [1, 2]}"#,
        "rival anna e1 level_up reels {}",
    ];
    assert_eq!(events(&tables), expected);
    let counted = [
        r#"house anna 2 {"level_up": 1, "player_score": 1} t"#,
        r#"house bert 1 {"level_up": 1} t"#,
        r#"rival anna 1 {"level_up": 1} t"#,
    ];
    assert_eq!(statistics(&tables), counted);
    let times = "SELECT count(*) FROM {s}.events WHERE ingested_at - event_timestamp
                 BETWEEN interval '0' AND interval '1 minute'";
    assert_eq!(tables.count(times), 4);

    house.play("house", "anna", &played("anna", "e3", "level_up", "{}"));
    caught_up(&projection);
    assert_eq!(statistics(&tables)[0], r#"house anna 3 {"level_up": 2, "player_score": 1} t"#);
}

#[test]
fn data_that_the_server_would_refuse_holds_up_nothing() {
    let (house, tables) = (House::open(), Tables::new("played_hostile"));
    let deep = format!("{}{}", "[".repeat(28), "]".repeat(28));
    let long = "9".repeat(200_000);
    for (number, data) in [
        r#"{"a\u0000b": "\u0000"}"#,
        r#"{"n": [1e999999999, -1e-999999999, 1e131073, 0.1e-16384]}"#,
        &format!(r#"{{"n": {long}}}"#),
        &format!(r#"{{"d": {deep}}}"#),
        r#"{"s": "\ud83c\udfb2 \u00e9"}"#,
    ]
    .iter()
    .enumerate()
    {
        let event = played("anna", &format!("e{number}"), "player_score", data);
        assert_eq!(house.play("house", "anna", &event), Outcome::Recorded, "{data}");
    }
    house.play("house", "anna", &played("anna", "e9", r#"quest \u2028 \"done\""#, "{}"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let events = events(&tables);
    assert_eq!(events[0], "house anna e0 player_score reels {\"a\u{fffd}b\": \"\u{fffd}\"}");
    let texts = r#"{"n": ["1e999999999", "-1e-999999999", "1e131073", "0.1e-16384"]}"#;
    assert_eq!(events[1], format!("house anna e1 player_score reels {texts}"));
    assert_eq!(events[2], format!(r#"house anna e2 player_score reels {{"n": "{long}"}}"#));
    assert_eq!(events[3], format!(r#"house anna e3 player_score reels {{"d": {deep}}}"#));
    assert_eq!(events[4], "house anna e4 player_score reels {\"s\": \"\u{1f3b2} \u{e9}\"}");
    assert_eq!(events.len(), 6);
    assert!(statistics(&tables)[0].starts_with("house anna 6 "), "{:?}", statistics(&tables));
}

/// A node whose copy of the log is lost, and maybe the log as well.
#[derive(Debug)]
struct Gappy {
    node: Arc<Node>,
    is_away: AtomicBool,
    is_gone: bool,
}

impl Gappy {
    fn of(house: &House, is_away: bool, is_gone: bool) -> Arc<Self> {
        let (node, is_away) = (Arc::clone(&house.node), is_away.into());
        Arc::new(Self { node, is_away, is_gone })
    }
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
    fn records(&self, _: u16, _: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }
    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(LogFailed::Unavailable("no broker".into()));
        }
        let records = self.node.records(partition, batch).unwrap().filter(|_| !self.is_gone);
        records.ok_or_else(|| LogFailed::Gone("retention".into()))
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
        self.node.rules()
    }
}

#[test]
fn events_that_nobody_has_any_more_hold_up_nothing() {
    let (house, tables) = (House::open(), Tables::new("played_gone"));
    house.play("house", "anna", &played("anna", "e1", "player_score", "{}"));
    house.take("house", &[("anna", wager("house", "anna", "w1", "10.00").into())]);
    house.play("house", "anna", &played("anna", "e2", "level_up", "{}"));
    let projection = start(tables.settings.clone(), Gappy::of(&house, false, true)).unwrap();
    caught_up(&projection);
    assert_eq!(events(&tables), [] as [&str; 0]);
    let counted = r#"house anna 2 {"level_up": 1, "player_score": 1}"#;
    assert_eq!(statistics(&tables), [counted]);
    tables.are_exactly(&house);
}

#[test]
fn events_that_the_node_does_not_have_are_read_from_the_log_once_it_is_there() {
    let (house, tables) = (House::open(), Tables::new("played_reread"));
    house.play("house", "anna", &played("anna", "e1", "player_score", "{}"));
    let feed = Gappy::of(&house, true, false);
    let projection = start(tables.settings.clone(), Arc::clone(&feed) as _).unwrap();
    until("a partition that waits for the log", &projection, |projection| {
        projection.status().trouble.iter().any(|why| why.contains("no broker"))
    });
    assert_eq!(events(&tables), [] as [&str; 0]);
    feed.is_away.store(false, Ordering::Relaxed);
    caught_up(&projection);
    assert_eq!(events(&tables), ["house anna e1 player_score reels {}"]);
}

#[test]
fn a_rebuild_counts_anew_and_leaves_events_that_the_log_has_lost() {
    let (house, tables) = (House::open(), Tables::new("played_rebuilt"));
    house.play("house", "anna", &played("anna", "e1", "player_score", "{}"));
    house.play("house", "anna", &played("anna", "e2", "level_up", "{}"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let before = (events(&tables), statistics(&tables));
    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    projection.stop();
    assert_eq!((events(&tables).len(), statistics(&tables).len()), (2, 0));
    let projection = start(tables.settings.clone(), Gappy::of(&house, false, true)).unwrap();
    caught_up(&projection);
    assert_eq!((events(&tables), statistics(&tables)), before);
}
