//! What the edge has read of an event is not read again.

use accolade_domain::event::Event;
use accolade_domain::time::Timestamp;
use accolade_engine::input::{Body, Known, read};
use accolade_wire::dialect::{self, Dialect, trial};
use accolade_wire::event::read_wager;
use accolade_wire::identity::HashKey;
use accolade_wire::record::{Kind, Record, Source};

const KEY: HashKey = HashKey([7; 16]);
const WAGER: &str = r#"{"wagerId":"w-1","playerId":"ann","operatorId":"house","gameId":"g","gameCategory":"cards","wagerAmount":2.50,"currency":"EUR","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:00Z"}"#;

fn record(body: &str) -> Record<'_> {
    let (kind, source, origin) = (Kind::Wager, Source::Http, None);
    let received_at = Timestamp::default();
    Record { kind, source, operator: "house", received_at, origin, body: body.as_bytes() }
}

fn known() -> Known {
    let event = read_wager(WAGER.as_bytes()).unwrap();
    Known::of(&event, &record(WAGER), &KEY, &dialect::FIRST).unwrap()
}

/// Category and identity of a wager, or nothing where it was read and is none.
fn of(body: &Body<'_>) -> Option<(String, String)> {
    match body {
        Body::Event(Event::Wager(wager), identity) => {
            Some((wager.game_category.to_string(), format!("{identity:?}")))
        }
        _ => None,
    }
}

#[test]
fn an_event_is_the_same_whether_it_is_known_or_read() {
    let record = record(WAGER);
    let as_read = of(&read(&record, None, &KEY, &dialect::FIRST)).unwrap();
    let as_known = of(&read(&record, Some(&known()), &KEY, &dialect::FIRST)).unwrap();
    assert_eq!(as_known, as_read);
    // It would not be an event if it were scanned.
    let broken = WAGER.replace('}', "]");
    let unscanned = of(&read(&self::record(&broken), Some(&known()), &KEY, &dialect::FIRST));
    assert_eq!(unscanned, Some(as_read));
    assert_eq!(of(&read(&self::record(&broken), None, &KEY, &dialect::FIRST)), None);
}

#[test]
fn what_was_read_in_one_dialect_is_read_again_in_another() {
    let other = Dialect::of(trial::BEHAVIOUR);
    let (category, _) = of(&read(&record(WAGER), Some(&known()), &KEY, other)).unwrap();
    assert_eq!(category, "poker");
}
