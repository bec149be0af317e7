use std::collections::BTreeMap;

use accolade_redis::sink::start;
use accolade_wire::timestamp;
use redis::cmd;

use crate::house::{House, now};
use crate::keys::{Keys, caught_up};
use crate::races::played;

fn fields(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn what_is_counted_has_the_fields_that_readers_know() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let (first, last) = (now().plus_micros(-9_000_000), now());
    house.play("house", "anna", &played("anna", "e1", "player_score", first));
    house.play("house", "anna", &played("anna", "e2", "level_up", last));
    // One that comes late is counted and is not the last.
    let late = first.plus_micros(1_000_000);
    house.play("house", "anna", &played("anna", "e3", "player_score", late));
    house.play("rival", "anna", &played("anna", "e1", "level_up", first));
    caught_up(&projection);
    let at = |at| timestamp::write(at).to_string();
    let of_house = fields(&[
        ("event_level_up", "1"),
        ("event_player_score", "2"),
        ("last_event", &at(last)),
        ("total_events", "3"),
    ]);
    assert_eq!(keys.statistics("house", "anna"), of_house);
    let of_rival =
        fields(&[("event_level_up", "1"), ("last_event", &at(first)), ("total_events", "1")]);
    assert_eq!(keys.statistics("rival", "anna"), of_rival);
    keys.are_exactly(&house);
    house.play("house", "anna", &played("anna", "e4", "level_up", late));
    caught_up(&projection);
    let found = keys.statistics("house", "anna");
    assert_eq!((&*found["total_events"], &*found["event_level_up"]), ("4", "2"));
    assert_eq!(found["last_event"], at(last));
    keys.are_exactly(&house);
}

#[test]
fn names_are_whatever_producers_say() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    for number in 0..70 {
        let event = played("a{b}\u{e9} *", &format!("e{number}"), &format!("type {number}"), now());
        house.play("house", "a{b}\u{e9} *", &event);
    }
    caught_up(&projection);
    let found = keys.statistics("house", "a{b}\u{e9} *");
    assert_eq!((found.len(), &*found["total_events"]), (66, "70"));
    keys.are_exactly(&house);
}

#[test]
fn what_another_system_has_counted_is_replaced_and_a_key_that_is_no_hash_stops_nothing_else() {
    let (house, keys) = (House::open(), Keys::new());
    let names = &keys.settings.names;
    let (anna, bert) = (names.statistics_of("house", "anna"), names.statistics_of("house", "bert"));
    keys.ask::<()>(0, cmd("HSET").arg(&anna).arg("total_events").arg(5_000).arg("event_x").arg(1));
    house.play("house", "anna", &played("anna", "e1", "level_up", now()));
    house.play("house", "bert", &played("bert", "e1", "level_up", now()));
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    keys.are_exactly(&house);
    keys.ask::<()>(0, cmd("SET").arg(&bert).arg("something else"));
    house.play("house", "bert", &played("bert", "e2", "level_up", now()));
    house.play("house", "anna", &played("anna", "e2", "level_up", now()));
    caught_up(&projection);
    assert_eq!(projection.status().refused, 1);
    assert_eq!(keys.statistics("house", "anna")["total_events"], "2");
}
