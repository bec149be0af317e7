use std::time::Instant;
use accolade_domain::amount::{Points, Rate};
use accolade_domain::ledger::*;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_server::outputs::*;
use accolade_wire::bytes::Cursor;
use accolade_wire::journal::{begin_slice, put_outcome};
use accolade_wire::record::{Kind, Record, Slice, Source};
fn main() {
    let time = Timestamp::from_micros(1_790_000_000_123_456);
    let (mut log, mut journal) = (Vec::new(), Vec::new());
    begin_slice(&mut journal, 1, time);
    let parts = Parts { base: Rate::parse("0.1").unwrap(), rate: Rate::parse("1").unwrap() };
    for n in 0..500u32 {
        let body = format!(r#"{{"wagerId":"5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a{n:04x}","playerId":"player-{n}","operatorId":"operator-789","gameId":"slots-ultimate","gameCategory":"slots","wagerAmount":100.00,"winAmount":35.50,"currency":"EUR","playerSegment":"VIP","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:00Z","gamingSystemId":"gs-malta-03","sequence":8812345}}"#);
        Record { kind: Kind::Wager, source: Source::Http, operator: "operator-789", received_at: time, origin: None, body: body.as_bytes() }.write(&mut log);
        let points = Points::from_hundredths(1000).unwrap();
        let outcome = Outcome::Counted { version: 1, points, capped: Points::ZERO, parts, cap_day: None };
        let place = Place { partition: 3, batch: 77, slot: n + 1, number: 0 };
        let entry = Entry { operator: 1, subject: Subject::default(), sequence: 12, kind: EntryKind::Earned, points, balance_after: Points::from_hundredths(123_456).unwrap(), capped: Points::ZERO, cause: format!("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a{n:04x}").into(), program_version: 1, parts, event_time: time, record_time: time, place, previous: None, skip: None };
        put_outcome(&mut journal, &outcome, Some((&entry, &ChainHash::default())));
    }
    let write = |body: &[u8]| { let mut out = Vec::new(); Slice { partition: 3, batch: 77, flags: 0, count: 500, body }.write(&mut out); out };
    let (log, journal) = (write(&log), write(&journal));
    let read = |b: &[u8]| -> Slice<'static> { let b: &'static [u8] = Box::leak(b.to_vec().into_boxed_slice()); Slice::read(&mut Cursor::new(b, "x")).unwrap() };
    let (log, journal) = (read(&log), read(&journal));
    for (name, wanted) in [("balances", Wanted::only(Topic::Balances)), ("all", Wanted { eligible: true, calculated: true, balances: true, dead_letters: true })] {
        for _ in 0..3 {
        let began = Instant::now();
        let (mut n, mut bytes) = (0u64, 0);
        for _ in 0..1000 {
            outputs_of(&journal, Some(&log), wanted, &(), &mut |o| { n += 1; bytes += o.value.len() + o.key.len(); }).unwrap();
        }
        let s = began.elapsed().as_secs_f64();
        println!("{name}: {:.0} wagers/s, {:.0} outputs/s, {} bytes each", 500_000.0 / s, n as f64 / s, bytes as u64 / n);
        }
    }
}
