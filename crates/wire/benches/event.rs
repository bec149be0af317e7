//! What reading an event costs: each is read at intake and again in the fold.

use accolade_domain::event::Event;
use accolade_wire::body::{self, Limits};
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::identity::{Content, HashKey};
use accolade_wire::timestamp;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// 300 bytes.
const WAGER: &str = r#"{"wagerId":"5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b11","playerId":"player-456","operatorId":"operator-789012","gameId":"slots-ultimate","gameCategory":"slots","wagerAmount":100.00,"winAmount":35.50,"currency":"USD","playerSegment":"VIP","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:00.123456789Z"}"#;
/// With the outbox's own numbering, and spread over lines.
const WAGER_PRETTY: &str = r#"{
  "wagerId": "5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b11",
  "playerId": "player-456",
  "operatorId": "operator-789",
  "gameId": "slots-ultimate",
  "gameCategory": "slots",
  "wagerAmount": 100.00,
  "winAmount": 35.50,
  "currency": "USD",
  "playerSegment": "VIP",
  "jurisdiction": "Malta",
  "timestamp": "2024-11-11T10:30:00Z",
  "gamingSystemId": "gs-malta-03",
  "sequence": 8812345
}"#;
const GAME_EVENT: &str = r#"{"event_id":"550e8400-e29b-41d4-a716-446655440000","event_type":"player_score","player_id":"player-001","game_id":"game-001","timestamp":"2024-01-15T10:30:00Z","ingested_at":"2024-01-15T10:30:01Z","data":{"score":1500}}"#;
/// Data: texts, numbers, objects and lists within each other.
const MUCH_DATA: &str = r#"{"score":1500,"level":3,"multiplier":1.25,"session":"8b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b11","bonus":null,"is_final":true,"quests":[{"id":"quest-001","stage":4,"progress":0.75,"tags":["daily","slots"]},{"id":"quest-002","stage":1,"progress":0.1,"tags":[]}]}"#;

fn events(criterion: &mut Criterion) {
    assert_eq!(WAGER.len(), 300);
    criterion.bench_function("wager of 300 bytes", |bencher| {
        bencher.iter(|| read_wager(black_box(WAGER.as_bytes())).is_ok());
    });
    criterion.bench_function("wager over lines", |bencher| {
        bencher.iter(|| read_wager(black_box(WAGER_PRETTY.as_bytes())).is_ok());
    });
    criterion.bench_function("game event", |bencher| {
        bencher.iter(|| read_game_event(black_box(GAME_EVENT.as_bytes())).is_ok());
    });
    let key = HashKey([7; 16]);
    let wager = read_wager(WAGER.as_bytes()).expect("a wager");
    criterion.bench_function("content of a wager", |bencher| {
        bencher.iter(|| key.content(Content::NEWEST, black_box(&wager)));
    });
    let much = GAME_EVENT.replace(r#"{"score":1500}"#, MUCH_DATA);
    for (name, raw) in [("", GAME_EVENT), (" with much data", &much)] {
        let event = Event::Game(read_game_event(raw.as_bytes()).expect("a game event"));
        criterion.bench_function(&format!("content of a game event{name}"), |bencher| {
            bencher.iter(|| key.content(Content::NEWEST, black_box(&event)));
        });
    }
    criterion.bench_function("timestamp", |bencher| {
        bencher.iter(|| timestamp::read(black_box("2024-11-11T10:30:00.123Z")));
    });
}

fn bodies(criterion: &mut Criterion) {
    let limits = Limits { items_max: 10_000, item_bytes_max: 65_536 };
    let array = format!("[{}]", vec![WAGER; 1_000].join(","));
    let lines = vec![WAGER; 1_000].join("\n");
    let mut group = criterion.benchmark_group("a body of 1,000 wagers");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("array", |bencher| {
        bencher.iter(|| body::items(black_box(array.as_bytes()), limits));
    });
    group.bench_function("lines", |bencher| {
        bencher.iter(|| body::lines(black_box(lines.as_bytes()), limits));
    });
    group.finish();
}

criterion_group!(benches, events, bodies);
criterion_main!(benches);
