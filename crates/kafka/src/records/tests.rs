//! Messages as others may write them.

use accolade_domain::ledger::Place;
use accolade_wire::record::Origin;
use rdkafka::message::{OwnedMessage, Timestamp as Stamp};

use super::*;

fn message(value: Option<&[u8]>, headers: &[(&str, &[u8])]) -> OwnedMessage {
    let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(*value) })
    });
    let (value, topic) = (value.map(<[u8]>::to_vec), "t".to_owned());
    OwnedMessage::new(value, None, topic, Stamp::CreateTime(1_700), 0, 9, Some(headers))
}

fn foreign(kind: Kind, operator: &'static str, body: &'static [u8]) -> Record<'static> {
    let received_at = Timestamp::from_micros(1_700_000);
    Record { kind, source: Source::Kafka, operator, received_at, origin: None, body }
}

#[test]
fn a_foreign_message_has_its_own_time_and_the_operator_of_its_header() {
    let read = message(Some(b"{}"), &[("traceparent", b"00-1"), ("operatorId", b"house")]);
    let expected = foreign(Kind::GameEvent, "house", b"{}");
    assert_eq!(record(SourceTopic::GameEvents, &read, "of the topic"), expected);
    let read = message(Some(b"{}"), &[]);
    let expected = foreign(Kind::Wager, "of the topic", b"{}");
    assert_eq!(record(SourceTopic::Wagers, &read, "of the topic"), expected);
}

#[test]
fn a_message_that_cannot_be_a_record_has_an_empty_body() {
    let empty = foreign(Kind::Wager, "", b"");
    let long = [b'x'; 129];
    let written = write_header(&foreign(Kind::Wager, "house", b""));
    let (cut, mut more, mut later) = (&written[..9], written.clone(), written.clone());
    more.push(0);
    later[0] = 2;
    let bad_headers: [(&str, &[u8]); 7] = [
        ("operatorId", b"\xff"),
        ("operatorId", b""),
        ("operatorId", &long),
        ("accolade-record", b""),
        ("accolade-record", cut),
        ("accolade-record", &more),
        ("accolade-record", &later),
    ];
    for header in bad_headers {
        let read = message(Some(b"{}"), &[header]);
        assert_eq!(record(SourceTopic::Wagers, &read, ""), empty, "{header:?}");
    }
    assert_eq!(record(SourceTopic::Wagers, &message(None, &[]), "house"), empty);
    for (source, kind) in
        [(SourceTopic::Control, Kind::Control), (SourceTopic::Commands, Kind::Command)]
    {
        let empty = foreign(kind, "", b"");
        let mut other = Vec::new();
        let wrong = if kind == Kind::Control { Kind::Command } else { Kind::Control };
        Record { kind: wrong, ..empty }.write(&mut other);
        let mut more = Vec::new();
        empty.write(&mut more);
        more.push(0);
        for value in [None, Some(&b"{}"[..]), Some(&other), Some(&more)] {
            assert_eq!(record(source, &message(value, &[]), ""), empty, "{value:?}");
        }
    }
}

/// Headers as the client has them where a name is not UTF-8.
struct NamedBadly;

impl Headers for NamedBadly {
    fn count(&self) -> usize {
        1
    }
    fn try_get(&self, _: usize) -> Option<Header<'_, &[u8]>> {
        panic!("the client cannot read the name");
    }
}

#[test]
fn a_header_with_a_bad_name_does_not_end_the_node() {
    let foreign = foreign(Kind::Wager, "", b"");
    assert_eq!(with_headers(foreign, b"{}", Some(&NamedBadly), ""), None);
}

#[test]
fn what_the_intake_carries_is_read_back() {
    for source in [Source::Http, Source::File, Source::Kafka] {
        let written = Record { source, ..foreign(Kind::Wager, "house", b"{}") };
        let carried = carry(SourceTopic::Wagers, &written, Some("00-1"));
        let (value, topic) = (Some(b"{}".to_vec()), "t".to_owned());
        let read = OwnedMessage::new(value, None, topic, Stamp::now(), 0, 0, carried.headers);
        assert_eq!(record(SourceTopic::Wagers, &read, ""), written);
        let trace = read.headers().unwrap().get(0);
        assert_eq!((trace.key, trace.value), ("traceparent", Some(&b"00-1"[..])));
    }
}

#[test]
fn whatever_its_headers_say_a_message_of_others_is_nothing_that_accolade_sends_to_itself() {
    let release = Place { partition: 0, batch: 7, slot: 1, number: 0 };
    for (topic, kind) in
        [(SourceTopic::Wagers, Kind::Wager), (SourceTopic::GameEvents, Kind::GameEvent)]
    {
        for number in 0..=u8::MAX {
            // As earlier, with a place that sent it, and as now.
            let mut long = vec![1, number, 1, 5];
            long.extend_from_slice(&1_700_i64.to_le_bytes());
            long.extend_from_slice(&release.partition.to_le_bytes());
            long.extend_from_slice(&release.batch.to_le_bytes());
            long.extend_from_slice(&release.slot.to_le_bytes());
            long.extend_from_slice(b"house");
            let mut short = vec![1, number, 5];
            short.extend_from_slice(&1_700_i64.to_le_bytes());
            short.extend_from_slice(b"house");
            for header in [long, short] {
                let message = message(Some(b"{}"), &[("accolade-record", &header)]);
                let read = record(topic, &message, "");
                assert!(can_be_foreign(read.source), "{read:?}");
                assert_eq!((read.kind, read.origin), (kind, None));
            }
        }
    }
}

#[test]
fn a_release_is_carried_by_the_commands_alone() {
    let place = Place { partition: 3, batch: 1 << 40, slot: 9, number: 2 };
    let origin = Some(Origin { place, sequence: 7 });
    let source = Source::Released;
    let written = Record { source, origin, ..foreign(Kind::Wager, "house", b"{}") };
    let carried = carry(SourceTopic::Commands, &written, None);
    let read = message(carried.value.as_deref(), &[]);
    assert_eq!(record(SourceTopic::Commands, &read, ""), written);
    for wrong in
        [written, Record { source: Source::Kafka, ..written }, Record { origin: None, ..written }]
    {
        let carried = catch_unwind(|| carry(SourceTopic::Wagers, &wrong, None));
        assert!(carried.is_err(), "{wrong:?}");
    }
}

#[test]
fn events_are_keyed_by_their_player() {
    let wager = br#"{"wagerId":"w1","playerId":"anna","operatorId":"house","gameId":"g",
        "gameCategory":"slots","wagerAmount":1,"currency":"EUR","jurisdiction":"Malta",
        "timestamp":"2026-01-02T03:04:05Z"}"#;
    let event = br#"{"event_id":"e1","event_type":"login","player_id":"anna","game_id":"g",
        "timestamp":"2026-01-02T03:04:05Z","data":{}}"#;
    let key = |source, kind, body| carry(source, &foreign(kind, "house", body), None).key;
    let anna = Some(b"anna".to_vec());
    assert_eq!(key(SourceTopic::Wagers, Kind::Wager, wager), anna);
    assert_eq!(key(SourceTopic::GameEvents, Kind::GameEvent, event), anna);
    assert_eq!(key(SourceTopic::Commands, Kind::Command, b"{}"), None);
}
